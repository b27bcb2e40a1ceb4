// Package quecloudtest provides a stand-in for Quectel's SIM platform, to test programs without an account or a
// network. Like net/http/httptest it starts a server in the test. The server has cards, orders, money, a clock,
// faults and callbacks.
//
//	srv := quecloudtest.NewServer()
//	defer srv.Close()
//	client := srv.Client()
//
//	card := srv.AddCard(quecloudtest.Card{})                           // prepare the state
//	srv.Inject(quecloudtest.HTTPStatus(503).On("card.pause").Times(1)) // make a call fail
//	err := client.Cards.Pause(ctx, card.ID())                          // run the code under test
//	card, _ = srv.Card(card.ICCID)                                     // check the state
//	requests := srv.RequestsOf("card.pause")                           // check the requests
//
// The server follows version 3.15 of the vendor's document, not the SDK. It shares no protocol code with the SDK,
// checks signatures itself and accepts what the document allows, so that other clients, in any language, work against
// it unchanged. Programs that are not written in Go run it with
//
//	go run github.com/quecloud/quecloud-go/cmd/quecloud-sim@latest
//
// The server has never been compared with the live platform; the last two sections list its sources and its own rules.
//
// # Clients
//
// [Server.Client] returns a client that calls the server and uses its clock. Code under test that makes its own
// client, for example from a configuration, takes the options from [Server.Options]:
//
//	client, err := quecloud.NewClient(srv.AppKey, srv.Secret, append(srv.Options(), own...)...)
//
// A server that was not started has no URL. Its clients call it through [Server.Transport].
//
// # State
//
// A new server has four billing groups of all three carriers, one of them a child, [DefaultFleet] cards in all states
// of §1.8, five data packages and [DefaultBalance] in the wallet. Calls change this state as the document describes.
// Tests change it with [Server.AddCard], [Server.UpdateCard], [Server.RemoveCard], [Server.AddGroup],
// [Server.AddProduct], [Server.SetUsage], [Server.SetVoiceUsage], [Server.Deposit], [Server.FailOrders],
// [Server.SetPurchaseRules] and [Server.ReceiveSMS], and read it with [Server.Card], [Server.Cards], [Server.Usage],
// [Server.History], [Server.Groups], [Server.Products], [Server.Orders], [Server.Wallet], [Server.SMS],
// [Server.FileTasks], [Server.Requests] and [Server.Deliveries]. The company's sub-account can own cards: see [Card]
// and [WithSubAccountCards]. Package encoding/json writes and reads all of these: money is text in yuan, a duration a
// number of seconds, and a time that is not set null.
//
// The data packages, for quecloud.RechargeParams, are
//
//	productId  productName  carrier   CNY
//	50         30M-当月     中国移动  1.5
//	53         1G-当月      中国移动  10
//	55         1G-定向      中国移动  11
//	60         10M-当月     中国电信  0.6
//	70         500M-当月    中国联通  6
//
// and the examples use these cards of the default fleet:
//
//	msisdn         iccid                 billingid  carrier   status
//	1064800000000  89860024310000000006  10         中国移动  正常
//	1064900000001  8986032431000000001   860        中国电信  正常
//
// [WithFleet] sets the number of synthetic cards. The server computes them from the seed on each use. Only changed
// cards take memory, and 4 bytes for each card that a recent filter of fc.function.card.list matched, because the
// server keeps the results of the last filters. The same seed and time give the same fleet. Most of its cards use 5
// to 80 % of their plan in a month, 7 % use 80 to 100 %, and 4 % use up their plan.
//
// # Scenarios
//
// [Server.Load] sets the whole state from a scenario, a JSON text that lists what differs from a new server. A
// scenario in testdata serves tests in Go, and programs in any language through quecloud-sim. [Server.Snapshot]
// returns the state in the same form, with all of its members; a server that loads it goes on as the first one would.
// [Server.Reset] returns to the state that the options gave. [State] documents every member.
//
// # Waiting
//
// Code under test often acts in goroutines of its own. [Server.WaitRequest], [Server.WaitOrder], [Server.WaitSMS] and
// [Server.WaitDelivery] return the first match, whether it came before or is to come:
//
//	r, err := srv.WaitRequest(ctx, func(r quecloudtest.Request) bool {
//		return r.Method == "fc.function.card.pause" && r.Executed
//	})
//
// [Server.Watch] yields everything that happens, in order: requests, deliveries, orders, SMS, changes of cards, the
// wallet and the clock.
//
// # Time
//
// The server's clock runs with the real one or, with [WithTime], stands still. [Server.Advance] moves it: orders and
// file tasks finish, cards resume after a reset, plans expire, months end. The header Date shows the time of this
// clock, and t must be within 300 seconds of it unless [WithTimeCheck] allows more. The client of [Server.Client] uses
// this clock too.
//
// The SDK's own waiting times, such as the polling interval of OrdersService.Wait, follow the real clock. In a bubble
// of [testing/synctest] both clocks are the same and no time passes, provided that the test uses no network. Use a
// server that was not started:
//
//	synctest.Test(t, func(t *testing.T) {
//		srv := quecloudtest.NewUnstartedServer(quecloudtest.WithOrderDelay(5 * time.Minute))
//		defer srv.Close()
//		client := srv.Client()
//		receipt, err := client.Orders.Recharge(t.Context(), topUp)
//		// …
//		order, err := client.Orders.Wait(t.Context(), receipt.OrderNo) // five minutes later
//	})
//
// # Faults
//
// [Server.Inject] makes calls fail: the next ones, those of one method, or a share of them chosen by the seed. See
// [Fault]. When several faults apply to one call, each acts before or after the call's effect as it says. The fault
// that decides the response also decides whether the call takes effect. [Server.Faults] returns what is left of them.
//
// # Callbacks
//
// With [WithSMSCallback] and [WithOrderCallback] the server sends SMS and order events as the platform does, and with
// [WithCallbackRetries] it retries deliveries without success. [Server.Deliveries] returns the responses; the error of
// a delivery that failed says what the receiver must respond. [Server.HoldCallbacks] keeps callbacks, and
// [Server.Redeliver] delivers them late, twice or in another order, as the platform may. [DeliverSMS] and
// [DeliverOrder] test a receiver without a server. With [HandlerTransport] the server delivers to a handler without a
// network. [TestDedupStore] tests a store for quecloud.WithDeduplication.
//
// # Sources
//
// The vendor's document defines methods, parameters and their limits, members, units, signatures and, as far as it
// says, the effects of calls. Where its field tables and examples differ, responses follow the examples; the dialects
// change that.
//
// Public clients that run against the live platform show that fc.function.cards.info responds with list, not List;
// that missing dates are empty text; that lists contain 19 digits of the ICCID of Telecom cards; that some ICCIDs of
// Mobile cards contain a letter; that 19 characters may name a card with an ICCID of 20; and that
// fc.function.card.location may have its members under data.
//
// Everything else is a choice of the server, as plain as possible and listed below. Do not take it for the behavior
// of the platform.
//
// # Rules that the server invents
//
// Protocol:
//   - Refusals have HTTP status 200 and resultCode 1, the only one in the document's examples. Verbs other than POST
//     get 70031. The messages are the server's own except for those in the examples, and quote the value that is wrong.
//     A wrong signature is explained in [Request], not in the response.
//   - The checks run in this order: verb, form, the four system parameters, appKey, method, t, blank parameters, sign,
//     names and values of parameters, cards, and then the checks of the method.
//   - Unknown, duplicate and blank parameters are refused, as are text that is not UTF-8 and HTTP bodies that are
//     neither kind of form.
//   - A pageSize above 1000 is refused. A page after the last, and the cards of an unknown group, are empty.
//   - A call for one card may contain both msisdn and iccid when they agree, as §1.6.2 suggests. Lists contain one
//     kind.
//   - Lists may contain numbers of no card or of several cards; queries omit them. A card that a list names twice is in
//     the response once, in the order of the call. Without any card, queries and fc.function.card.alarm are refused.
//   - An ICCID of 19 characters that begins the ICCIDs of several cards names none of them. All 20 characters do not
//     name a card that is listed with 19. Case and padding matter.
//   - fc.function.sms.send accepts at most 1000 cards, like the methods with a documented limit.
//   - Voice usage, like data usage, covers the last twelve months.
//   - Logs, file tasks and wallet entries start with the latest. Daily usage has a row for each day up to today, and
//     monthly usage one for each card of today, in every month.
//
// Cards:
//   - resume ends only a suspension by the company (主动停机) or its threshold (超出阈值停机).
//   - gprs.close suspends a card in use with the reason 数据服务关闭, and gprs.open ends that suspension.
//   - A service that is open cannot be opened, and one that is closed cannot be closed.
//   - overtest moves a card to 待激活. silenceactive moves it to 正常 and starts a contract of twelve months, including the
//     month of the activation.
//   - reset needs a card in use. It suspends the card with 主动停机 for 10 minutes; resume ends that earlier.
//   - imeiUnbind needs a card in use or suspended, realName a card of China Mobile that is not cancelled. Only
//     successful calls start the waiting time of 30 minutes or one minute.
//   - A whitelist refuses to add numbers that it has and to delete numbers that it does not have. Only a successful
//     deletion counts for the month.
//   - An expired card is suspended with 套餐到期停机 until its renewal.
//   - A card that used up its plan and packages is suspended with 单卡流量用尽停机 until a top-up or the next cycle.
//   - Pools (流量池) are added up but never run out.
//   - A threshold suspends a card once a month (达到阈值停机). Only resume ends that, not the next month.
//   - Thresholds do not suspend cards in their test period.
//   - A suspended card keeps the usage of that day and uses nothing on the following days.
//   - The remaining data of a card includes packages for certain addresses (定向).
//   - Groups add up all their cards, in any state, without those of their children.
//     fc.function.billing_groups.statistics lists the direct children.
//   - The yearly package of a card covers its cycle.
//   - Queries in real time fail for cards in state 未知 or 销号: issuccess is false, rpscode 0001.
//   - Offline cards cannot be located: POSITIONRESULT holds the reason for Telecom cards, others are refused.
//   - fc.function.card.alarm replaces all settings, for cards of any groups at once. Settings that alarmParam omits are
//     removed, and unknown members are refused.
//   - fc.function.card.alarm.status is refused for a card without an alarm. The alarmInfo of such a card has no
//     members.
//   - Lists include the cards of the sub-account. The eleven methods that the document limits to the company's own
//     cards (隶属于该企业) refuse them.
//
// Orders and files:
//   - An order takes its money at once. A failed order returns it with a positive entry in the wallet.
//   - A duplicate externalId returns the number of the first order, even if other parameters differ. By default the
//     entry of an order is in the wallet at once. The platform may differ: test with [Server.SetPurchaseRules] that
//     your program copes. A pre-verification (预校验) neither checks nor records externalId.
//   - The price of a renewal in the wallet times its cycle is the amount, as in the document's example.
//   - Packages need a card of their carrier, and both the right ID and the right name.
//   - months with a cycle other than 1 is refused, not ignored.
//   - Orders need a card in use or suspended. They fail when the card is cancelled before they finish.
//   - A renewal extends the plan of the card's group by 12 times cycle months, or by months. It counts from the
//     expiry, or from today if that is past. A card without expiry keeps none.
//   - card_list.txt has a heading and one line per card, with columns separated by tabs.
//   - File tasks are kept as long as fc.function.file.list shows them: the last ten. A running task has no EndTime.
//   - The server remembers the last 100,000 orders, wallet entries and SMS to cards. The balance and the monthly SMS
//     counts stay exact.
//
// SMS and callbacks:
//   - SMS arrive at cards in use and fail at others; all count for the month. The sms_id of the log is its own
//     number, not that of the call.
//   - A callback succeeds with HTTP status 2xx and the body that the document defines. Deliveries go out one after the
//     other.
package quecloudtest
