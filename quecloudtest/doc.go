// Package quecloudtest stands in for Quectel's SIM platform in tests, as net/http/httptest does for servers: it has state,
// a clock, synthetic fleets, faults and callbacks, and needs neither an account nor a network.
//
//	srv := quecloudtest.NewServer()
//	defer srv.Close()
//	client := srv.Client()
//
// The server keeps to the vendor's document, version 3.15, and not to the SDK: it shares no code with it, checks
// signatures by itself, and takes what the platform takes, so that clients of others, in other languages, work against it
// unchanged. Only [Server.Client] uses the SDK; all else is the standard library. Programs that are not written in Go run
// it with
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
// [Server.ReceiveSMS], and look at it with [Server.Card], [Server.Orders], [Server.Wallet], [Server.SMS], [Server.Requests] and [Server.Deliveries].
//
// [WithFleet] sets the number of synthetic cards. They are computed from the seed whenever somebody asks for them; only
// those that something was done to take memory, and 4 bytes each those that a filter of fc.function.card.list matched: the
// server remembers the last few, so as not to go through the fleet for every page. The same seed and time give the same
// fleet.
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
// # Where the document is silent
//
// What the document leaves open was chosen as plainly as possible. Do not take it for what the platform does.
//
// Protocol:
//   - Every refusal has HTTP status 200 and resultCode 1, which is the only one in the document's examples, but for verbs
//     other than POST, which get 70031. Messages are the server's own, save for those that the examples show.
//   - The checks come in this order: verb, form, the four system parameters, appKey, method, t, sign, names and values of
//     parameters, cards, and then what the method itself requires.
//   - An unknown, repeated or blank parameter is refused, as is an HTTP body that is neither kind of form.
//   - Both msisdn and iccid may be sent for one card when they agree, as §1.6.2 suggests; lists of cards are one or the other.
//   - In lists of cards a number that is not ours is left out of the answer, and one that occurs twice is answered once.
//     When none is ours, queries and fc.function.card.alarm are refused; fc.function.sms.send lists all in errorList.
//   - Voice usage too is told for the last twelve months only.
//
// Cards:
//   - fc.function.card.pause needs a card in state 正常 and resume one in state 停机. Resume lifts only what the company
//     (主动停机) or its threshold (超出阈值停机) brought about.
//   - gprs.close suspends a card in use with the reason 数据服务关闭, and gprs.open lifts that.
//   - What is on already cannot be opened, and what is off not closed: that is refused.
//   - overtest leads to 待激活; silenceactive leads to 正常, and the card is paid for for twelve months from then.
//   - reset needs a card in use; it is suspended by 主动停机 and comes back after 10 minutes, or before by resume.
//   - imeiUnbind needs a card in use or suspended; only a call that succeeds starts the 30 minutes. So it is with realName.
//   - A card past its expiry is suspended by 套餐到期停机 until it is renewed; one that has used up plan and packages by
//     单卡流量用尽停机 until a top-up or the next cycle. Pools (流量池) are added up but never run out.
//   - A card that crosses its threshold is suspended once a month; a new month does not bring it back, resume does.
//   - A card that is suspended has its usage of that day, and none on the days after.
//   - For cards in state 未知 or 销号 the real-time queries fail: issuccess is false, rpscode 0001.
//   - fc.function.card.alarm replaces all settings: what its alarmParam leaves out is not set.
//   - A card without an alarm has an alarmInfo without members.
//
// Orders and files:
//   - The money is taken when the order is placed, and comes back with a positive entry when it fails.
//   - A repeated externalId gets the first order's number, whatever else the call says, and its order has an entry in the
//     wallet at once. A platform may do otherwise: test with [Server.SetPurchaseRules] that your program bears it. A
//     pre-verification neither looks at externalId nor records it.
//   - In the wallet, the price of a renewal times its cycle is the amount, as in the document's example.
//   - Orders are taken for cards that are in use or suspended. They fail when the card is given up before they finish.
//   - A renewal is for the plan of the card's group: for 12 times cycle months, or for months; it is counted from the expiry,
//     or from today where that is past. A card without an expiry keeps none.
//   - card_list.txt has a heading, and a line for each card with columns divided by tabs.
//   - Tasks are kept as long as fc.function.file.list shows them: the last ten.
//   - The last 100,000 each of orders, of entries of the wallet and of SMS to cards are remembered. The balance and the SMS
//     of a month are counted right for ever.
//
// SMS and callbacks:
//   - SMS arrive at cards in use and fail at others.
//   - A callback succeeds when the HTTP status is 2xx and the body as the document says. Callbacks go out one after the other.
package quecloudtest
