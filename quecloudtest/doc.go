// Package quecloudtest stands in for Quectel's SIM platform in tests, as net/http/httptest does for servers: it has state,
// a clock, synthetic fleets, faults and callbacks, and needs neither an account nor a network.
//
//	srv := quecloudtest.NewServer()
//	defer srv.Close()
//	client := srv.Client()
//
// The server keeps to the vendor's document, version 3.15, and not to the SDK: it shares no code with it, checks
// signatures by itself, and takes what the platform takes, so that clients of others, in other languages, work against it
// unchanged. Only [Server.Client] uses the SDK; all else is the standard library. No part of it has been compared with the
// live platform: see the last two sections. Programs that are not written in Go run it with
//
//	go run github.com/quecloud/quecloud-go/cmd/quecloud-sim@latest
//
// # Clients
//
// [Server.Client] makes a client that calls the server and goes by its clock; most tests need no other. Where what is
// tested makes its own client, from a configuration, that has to say the same:
//
//	client, err := quecloud.NewClient(srv.AppKey, srv.Secret,
//		quecloud.WithBaseURL(srv.URL), // of a server that was started
//		quecloud.WithClock(srv.Now))   // where the server's clock was set or moved
//
// For a server that was not started, URL is empty, and the client calls through [Server.Transport]:
//
//	quecloud.WithBaseURL("https://platform.invalid/openapi/router"),
//	quecloud.WithHTTPClient(&http.Client{Transport: srv.Transport()}),
//
// # State
//
// A server begins with four billing groups of all three carriers, a child among them, [DefaultFleet] cards in which each
// state of §1.8 occurs, five flow packages and [DefaultBalance] in the wallet. Calls change the state as the document says
// they do. Tests change it by hand with [Server.AddCard], [Server.UpdateCard], [Server.AddGroup], [Server.AddProduct],
// [Server.SetUsage], [Server.SetVoiceUsage], [Server.Deposit], [Server.FailOrders], [Server.SetPurchaseRules] and
// [Server.ReceiveSMS], and look at it with [Server.Card], [Server.Orders], [Server.Wallet], [Server.SMS], [Server.Requests]
// and [Server.Deliveries]. Cards can belong to the company's sub-account: see [Card] and [WithSubAccountCards].
//
// The flow packages, for quecloud.RechargeParams, are
//
//	productId  productName  carrier   CNY
//	50         30M-当月     中国移动  1.5
//	53         1G-当月      中国移动  10
//	55         1G-定向      中国移动  11
//	60         10M-当月     中国电信  0.6
//	70         500M-当月    中国联通  6
//
// and of the default fleet the examples use
//
//	msisdn         iccid                 billingid  carrier   status
//	1064800000000  89860024310000000006  10         中国移动  正常
//	1064900000001  8986032431000000001   860        中国电信  正常
//
// [WithFleet] sets the number of synthetic cards. They are computed from the seed whenever somebody asks for them; only
// those that something was done to take memory, and 4 bytes each those that a filter of fc.function.card.list matched: the
// server remembers the last few, so as not to go through the fleet for every page. The same seed and time give the same
// fleet. Most of its cards use 5 to 80 % of their plan in a month, 7 % of them up to all of it, and 4 % would use more:
// these use it up.
//
// # Time
//
// The server's clock runs with the real one, or stands still with [WithTime]. [Server.Advance] moves it on: orders and file
// tasks finish, a reset card comes back, plans run out, months end. The header Date tells that clock's time, and t must be
// within 300 seconds of it. The client that [Server.Client] returns goes by it too.
//
// What the SDK itself waits for, such as the time between two questions of OrdersService.Wait, passes by the real clock. In
// a bubble of [testing/synctest] both are the same and nothing takes any time, provided that there is no network: the
// client of a server that was not started uses none.
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
// [Server.Inject] lets something go wrong: with the next calls, with those of one method, or with some probability under
// the seed. See [Fault]. When several befall one call, each is before or after the call's effect by itself, and the one
// that decides the answer decides whether there is an effect.
//
// # Callbacks
//
// With [WithSMSCallback] and [WithOrderCallback] the server reports SMS and orders as the platform does, and with
// [WithCallbackRetries] it repeats what was not answered with success. [Server.Deliveries] tells what came back.
// [DeliverSMS] and [DeliverOrder] try a receiver without any server.
//
// # What it rests on
//
// On the vendor's document: methods, parameters and their limits, members, units, signatures, and what calls do as far as
// it says. Where its field tables and its examples differ, responses follow the examples; see the dialects for other forms.
//
// On public clients that are used with the live platform: fc.function.cards.info responds with list, not List; a date that
// is not there is empty text; Telecom cards are listed with 19 digits of their ICCID, some Mobile ones have a letter in it,
// and one of 19 characters may name a card of 20; fc.function.card.location may have its members under data.
//
// Nothing else is known. What the document leaves open was chosen as plainly as possible, and is listed below. Do not take
// it for what the platform does.
//
// # Rules that the server invents
//
// Protocol:
//   - Refusals have HTTP status 200 and resultCode 1, the only one in the document's examples, but for verbs other than
//     POST, which get 70031. Messages are the server's own, save for those that the examples show.
//   - Checks come in this order: verb, form, the four system parameters, appKey, method, t, blank parameters, sign, names
//     and values of parameters, cards, and then what the method itself requires.
//   - Unknown, repeated and blank parameters are refused, as are text that is not UTF-8 and an HTTP body that is neither
//     kind of form.
//   - A pageSize above 1000 is refused. A page after the last, and the cards of a group that does not exist, are empty.
//   - Both msisdn and iccid may be sent for one card when they agree, as §1.6.2 suggests; lists of cards are one or the other.
//   - Numbers in lists that no card has, or several, are left out of the response, and a card that is named twice is in it
//     once, in the order of the call. When there is no card at all, queries and fc.function.card.alarm are refused.
//   - 19 characters of an ICCID that are the beginning of several cards name none of them. All 20 do not name a card that is
//     listed with 19; case and padding count.
//   - fc.function.sms.send takes at most 1000 cards, as the methods do whose limit is documented.
//   - Voice usage, as data usage, is told for the last twelve months only.
//   - Logs, tasks and the entries of the wallet begin with the latest. Usage by days has a row for each day that has come,
//     and usage by cards one for each card of today, whatever the month.
//
// Cards:
//   - resume lifts only what the company (主动停机) or its threshold (超出阈值停机) brought about.
//   - gprs.close suspends a card in use with the reason 数据服务关闭, and gprs.open lifts that.
//   - What is on already cannot be opened, and what is off not closed.
//   - overtest leads to 待激活; silenceactive leads to 正常, and the card is paid for for twelve months, that of its
//     activation included.
//   - reset needs a card in use; it is suspended by 主动停机 and comes back after 10 minutes, or before by resume.
//   - imeiUnbind needs a card in use or suspended, realName one of China Mobile that is not given up. Only a call that
//     succeeds starts the 30 minutes of the one and the minute of the other.
//   - A whitelist takes no number that it has, and gives up none that it has not. Only a deletion that succeeds counts for
//     the month.
//   - A card past its expiry is suspended by 套餐到期停机 until it is renewed.
//   - A card that has used up its plan and packages is suspended by 单卡流量用尽停机 until a top-up or the next cycle.
//   - Pools (流量池) are added up but never run out.
//   - A card that crosses its threshold is suspended once a month; a new month does not bring it back, resume does.
//   - Cards in their test period are not suspended by a threshold.
//   - A card that is suspended has its usage of that day, and none on the days after.
//   - The remainder of a card counts packages for certain addresses (定向) as all others.
//   - Groups add up all their cards, in whatever state, and not those of their children, of whom
//     fc.function.billing_groups.statistics lists those of the first generation.
//   - The year package of a card is that of its cycle.
//   - Queries in real time fail for cards in state 未知 or 销号: issuccess is false, rpscode 0001.
//   - Cards that are offline cannot be located: for Telecom cards POSITIONRESULT says why, others are refused.
//   - fc.function.card.alarm replaces all settings, for cards of any groups at once: what its alarmParam leaves out is not
//     set, and members that the document does not know are refused.
//   - fc.function.card.alarm.status is refused for a card without an alarm, whose alarmInfo has no members.
//   - Cards of the sub-account are listed with the others, and refused only by the eleven methods that the document says
//     handle the company's own (隶属于该企业).
//
// Orders and files:
//   - The money is taken when the order is placed, and comes back with a positive entry when it fails.
//   - A repeated externalId gets the first order's number, whatever else the call says, and its order has an entry in the
//     wallet at once. A platform may do otherwise: test with [Server.SetPurchaseRules] that your program copes. A
//     pre-verification neither looks at externalId nor records it.
//   - In the wallet, the price of a renewal times its cycle is the amount, as in the document's example.
//   - Packages can be bought only for cards of their carrier, and with both ID and name right.
//   - months with a cycle other than 1 is refused, not ignored.
//   - Orders are taken for cards that are in use or suspended. They fail when the card is given up before they finish.
//   - A renewal is for the plan of the card's group: for 12 times cycle months, or for months; it is counted from the expiry,
//     or from today where that is past. A card without an expiry keeps none.
//   - card_list.txt has a heading, and a line for each card with columns divided by tabs.
//   - Tasks are kept as long as fc.function.file.list shows them: the last ten. One that runs has no EndTime.
//   - The last 100,000 each of orders, of entries of the wallet and of SMS to cards are remembered. The balance and the SMS
//     of a month are counted right for ever.
//
// SMS and callbacks:
//   - SMS arrive at cards in use and fail at others; all count for the month. The sms_id of the log is a number of its own,
//     not that of the call.
//   - A callback succeeds when the HTTP status is 2xx and the body as the document says. Callbacks go out one after the other.
package quecloudtest
