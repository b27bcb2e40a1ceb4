package quecloudtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func Example() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client := srv.Client()

	info, err := client.Cards.Info(context.Background(), quecloud.MSISDN("1064800000000"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(info.ICCID, info.Carrier, info.Status)
	// Output: 89860024310000000006 中国移动 正常
}

// Test a retry: the platform is unavailable twice.
func ExampleServer_Inject() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client := srv.Client(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 3}))

	srv.Inject(quecloudtest.HTTPStatus(http.StatusServiceUnavailable).On("card.info").Times(2))

	_, err := client.Cards.Info(context.Background(), quecloud.MSISDN("1064800000000"))
	fmt.Println("error:", err)
	for _, r := range srv.RequestsOf("card.info") {
		fmt.Println(r.HTTPStatus, "executed:", r.Executed)
	}
	// Output:
	// error: <nil>
	// 503 executed: false
	// 503 executed: false
	// 200 executed: true
}

// Test a purchase with a lost response: the platform placed the order, and the caller does not know it.
func ExampleCutAfter() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client := srv.Client(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
	card := srv.AddCard(quecloudtest.Card{})

	srv.Inject(quecloudtest.CutAfter().On("card.recharge").Times(1))

	_, err := client.Orders.Recharge(context.Background(), &quecloud.RechargeParams{
		Card: card.ID(), ProductID: 50, ProductName: "30M-当月", ExternalID: "invoice-17",
	})
	fmt.Println("in doubt:", errors.Is(err, quecloud.ErrOutcomeUnknown))
	fmt.Println("requests:", len(srv.Requests()), "orders:", len(srv.Orders()), "balance:", srv.Wallet().Balance)
	// Output:
	// in doubt: true
	// requests: 1 orders: 1 balance: 998.50
}

// Test a platform that refuses duplicate purchases without the number of the order.
func ExampleServer_SetPurchaseRules() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client := srv.Client()
	srv.SetPurchaseRules(quecloudtest.PurchaseRules{Duplicates: quecloudtest.DuplicatesRefused})

	topUp := &quecloud.RechargeParams{
		Card: srv.AddCard(quecloudtest.Card{}).ID(), ProductID: 50, ProductName: "30M-当月", ExternalID: "invoice-17",
	}
	for range 2 {
		_, err := client.Orders.Recharge(context.Background(), topUp)
		var refused *quecloud.APIError
		fmt.Println("refused:", errors.As(err, &refused), "orders:", len(srv.Orders()))
	}
	// Output:
	// refused: false orders: 1
	// refused: true orders: 1
}

// Test a suspended card.
func ExampleServer_AddCard() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client := srv.Client()

	card := srv.AddCard(quecloudtest.Card{PauseReason: quecloudtest.ReasonCardExhausted})

	var refused *quecloud.APIError
	err := client.Cards.Resume(context.Background(), card.ID())
	fmt.Println(errors.As(err, &refused))

	_, err = client.Orders.Recharge(context.Background(), &quecloud.RechargeParams{
		Card: card.ID(), ProductID: 50, ProductName: "30M-当月",
	})
	fmt.Println(err)

	card, _ = srv.Card(card.ICCID)
	fmt.Println(card.Status)
	// Output:
	// true
	// <nil>
	// 正常
}

// Test a card that uses up its plan, and the month after.
func ExampleServer_SetUsage() {
	srv := quecloudtest.NewServer(quecloudtest.WithTime(time.Date(2026, 3, 31, 9, 0, 0, 0, quecloud.ChinaStandardTime)))
	defer srv.Close()

	group := srv.AddGroup(quecloudtest.Group{Name: "meters", PlanMB: 30})
	card := srv.AddCard(quecloudtest.Card{BillingID: group.ID})
	srv.SetUsage(card.ICCID, "2026-03-30", 31.5)

	card, _ = srv.Card(card.ICCID)
	fmt.Println(card.MonthFlow, card.Status, card.PauseReason)

	srv.Advance(24 * time.Hour)
	card, _ = srv.Card(card.ICCID)
	fmt.Println(card.MonthFlow, card.Status)
	// Output:
	// 31.5 停机 单卡流量用尽停机
	// 0 正常
}

// Test a slow order without sleeping: move the clock.
func ExampleServer_Advance() {
	srv := quecloudtest.NewServer(quecloudtest.WithOrderDelay(5 * time.Minute))
	defer srv.Close()
	client := srv.Client()
	ctx := context.Background()

	receipt, err := client.Orders.Recharge(ctx, &quecloud.RechargeParams{
		Card: srv.AddCard(quecloudtest.Card{}).ID(), ProductID: 50, ProductName: "30M-当月",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	order, err := client.Orders.Get(ctx, receipt.OrderNo)
	fmt.Println(order.Status, err)

	srv.Advance(5 * time.Minute)
	order, err = client.Orders.Get(ctx, receipt.OrderNo)
	fmt.Println(order.Status, err)
	// Output:
	// 订单待处理 <nil>
	// 订单完成 <nil>
}

// Test code that waits for an order. The SDK polls by the real clock, so PollEvery shortens the interval. The order
// finishes by the server's clock, which another goroutine moves. A bubble of testing/synctest needs neither.
func ExampleServer_Advance_wait() {
	srv := quecloudtest.NewServer(quecloudtest.WithOrderDelay(time.Minute))
	defer srv.Close()
	client := srv.Client()
	ctx := context.Background()

	receipt, err := client.Orders.Recharge(ctx, &quecloud.RechargeParams{
		Card: srv.AddCard(quecloudtest.Card{}).ID(), ProductID: 50, ProductName: "30M-当月",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	go srv.Advance(time.Minute)
	order, err := client.Orders.Wait(ctx, receipt.OrderNo, quecloud.PollEvery(10*time.Millisecond))
	fmt.Println(order.Status, err)
	// Output: 订单完成 <nil>
}

// Test a program that makes its own client, for example from a configuration.
func ExampleServer_Options() {
	srv := quecloudtest.NewServer(quecloudtest.WithTime(time.Date(2026, 3, 31, 9, 0, 0, 0, quecloud.ChinaStandardTime)))
	defer srv.Close()

	newClient := func(appKey, secret string, opts ...quecloud.Option) (*quecloud.Client, error) { // of the program
		return quecloud.NewClient(appKey, secret, append(opts, quecloud.WithTimeout(20*time.Second))...)
	}
	client, err := newClient(srv.AppKey, srv.Secret, srv.Options()...)
	if err != nil {
		fmt.Println(err)
		return
	}
	account, err := client.Billing.Account(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(account.CompanyName, srv.Requests()[0].ResultCode)
	// Output: 测试企业 0
}

// Test the handler of a program with the callbacks of the stand-in, without a network.
func ExampleHandlerTransport() {
	mux := http.NewServeMux()
	mux.Handle("/quecloud/sms", quecloud.NewSMSHandler(func(ctx context.Context, e *quecloud.SMSEvent) error {
		fmt.Println("card", e.MSISDN, "says:", e.Content)
		return nil
	}, quecloud.WithCallbackToken("hXk2mVq8Zt4LbN7wRc5yGd3fPj9sAe6u")))

	srv := quecloudtest.NewUnstartedServer(
		quecloudtest.WithCallbackClient(&http.Client{Transport: quecloudtest.HandlerTransport(mux)}),
		quecloudtest.WithSMSCallback("https://app.invalid/quecloud/sms?token=hXk2mVq8Zt4LbN7wRc5yGd3fPj9sAe6u"))
	defer srv.Close()
	srv.ReceiveSMS("1064800000000", "door open")

	for _, d := range srv.Deliveries() {
		fmt.Println(d.HTTPStatus, d.Response)
	}
	// Output:
	// card 1064800000000 says: door open
	// 200 success
}

// Test a store of handled events. A test of a store in a database opens it in open, and lets claims expire.
func ExampleTestDedupStore() {
	memory := quecloud.NewMemoryDedup(10_000, 24*time.Hour)
	open := func() quecloud.DedupStore { return memory }
	err := quecloudtest.TestDedupStore(open, nil) // claims in memory end with the process
	fmt.Println(err)
	// Output: <nil>
}

// Test a receiver of callbacks that fails once: the stand-in retries the delivery.
func ExampleServer_ReceiveSMS() {
	failures := 1
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if failures > 0 {
			failures--
			http.Error(w, "the database is away", http.StatusInternalServerError)
			return
		}
		io.WriteString(w, "success")
	}))
	defer receiver.Close()

	srv := quecloudtest.NewServer(quecloudtest.WithSMSCallback(receiver.URL), quecloudtest.WithCallbackRetries(3))
	defer srv.Close()
	srv.ReceiveSMS("1064800000000", "21.5 °C")

	for _, d := range srv.Deliveries() {
		fmt.Println(d.Attempt, d.HTTPStatus, d.OK)
	}
	// Output:
	// 1 500 false
	// 2 200 true
}

// Test a receiver of order events without a server.
func ExampleDeliverOrder() {
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"code":200,"msg":""}`)
	}))
	defer receiver.Close()

	d, err := quecloudtest.DeliverOrder(context.Background(), receiver.URL, quecloudtest.OrderEvent{
		OrderNo: "158710745072904g8", OrderType: quecloudtest.OrderRecharge, Status: 1, StatusDesc: quecloudtest.OrderDone,
		ICCID: "89860024310000000006", ProductName: "30M-当月", ProductPrice: 1.5,
	})
	fmt.Println(d.OK, d.Response, err)
	// Output: true {"code":200,"msg":""} <nil>
}

// Test an alert: a scenario has a card that has nearly used up its plan. Scenarios may also come from a file, and with
// quecloud-sim they serve programs in any language.
func ExampleServer_Load() {
	srv := quecloudtest.NewServer()
	defer srv.Close()

	err := srv.Load([]byte(`{
		"time": "2026-03-31T09:00:00+08:00",
		"cards": [{"msisdn": "1064800000099", "billingID": 11, "usage": {"2026-03-30": 28.5}}],
		"wallet": {"balance": "20.00"},
		"faults": [{"fault": {"kind": "status", "status": 503, "on": ["card.info"], "times": 1}}]
	}`))
	fmt.Println(err)
	card, _ := srv.Card("1064800000099")
	fmt.Println(card.MonthFlow, "of", card.Allowance, "MB, balance", srv.Wallet().Balance)

	err = srv.Load([]byte(`{"cards": [{}, {"status": "sleeping"}]}`))
	fmt.Println(err)
	// Output:
	// <nil>
	// 28.5 of 30 MB, balance 20.00
	// quecloudtest: Load: cards[1].status: invalid Status "sleeping"
}

// Test what a program does next in a state that takes long to reach: reach it once, and start each case from there.
func ExampleServer_Snapshot() {
	srv := quecloudtest.NewServer(quecloudtest.WithOrderDelay(time.Hour))
	defer srv.Close()
	client := srv.Client()
	card := srv.AddCard(quecloudtest.Card{})
	_, err := client.Orders.Recharge(context.Background(), &quecloud.RechargeParams{
		Card: card.ID(), ProductID: 50, ProductName: "30M-当月",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	state, err := json.Marshal(srv.Snapshot())
	if err != nil {
		fmt.Println(err)
		return
	}

	for _, status := range []string{quecloudtest.StatusNormal, quecloudtest.StatusCancelled} {
		if err := srv.Load(state); err != nil {
			fmt.Println(err)
			return
		}
		srv.UpdateCard(card.ICCID, func(c *quecloudtest.Card) { c.Status = status })
		srv.Advance(time.Hour)
		fmt.Println(status, srv.Orders()[0].Status, srv.Wallet().Balance)
	}
	// Output:
	// 正常 订单完成 998.50
	// 销号 订单失败 1000.00
}

// Test code that works in the background: wait for its call.
func ExampleServer_WaitRequest() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	client := srv.Client()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	go func() { // the program
		_ = client.Cards.Pause(ctx, quecloud.MSISDN("1064800000000"))
	}()

	r, err := srv.WaitRequest(ctx, func(r quecloudtest.Request) bool { return r.Method == "fc.function.card.pause" })
	fmt.Println(r.Params["msisdn"], r.ResultCode, err)
	// Output: 1064800000000 0 <nil>
}

// Follow what happens in a server.
func ExampleServer_Watch() {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	before := srv.LastUpdate()

	_ = srv.Client().Cards.Pause(context.Background(), quecloud.MSISDN("1064800000000"))
	srv.Deposit(5*quecloudtest.Yuan, "")

	for u := range srv.Watch(context.Background(), before) {
		fmt.Println(u.Kind)
		if u.Kind == quecloudtest.UpdateCard {
			fmt.Println(u.Card.Cause, u.Card.Fields)
		}
		if u.ID == srv.LastUpdate() {
			break
		}
	}
	// Output:
	// card
	// fc.function.card.pause [{status 正常 停机} {pauseReason  主动停机}]
	// request
	// wallet
}

// Test a receiver that gets the events of two messages in the wrong order, and one of them twice.
func ExampleServer_Redeliver() {
	receiver := quecloud.NewSMSHandler(func(ctx context.Context, e *quecloud.SMSEvent) error {
		fmt.Println("received:", e.Content)
		return nil
	}, quecloud.WithCallbackToken("hXk2mVq8Zt4LbN7wRc5yGd3fPj9sAe6u"),
		quecloud.WithDeduplication(quecloud.NewMemoryDedup(1000, time.Hour)))
	srv := quecloudtest.NewUnstartedServer(
		quecloudtest.WithCallbackClient(&http.Client{Transport: quecloudtest.HandlerTransport(receiver)}),
		quecloudtest.WithSMSCallback("https://app.invalid/sms?token=hXk2mVq8Zt4LbN7wRc5yGd3fPj9sAe6u"))
	defer srv.Close()

	srv.HoldCallbacks()
	srv.ReceiveSMS("1064800000000", "door open")
	srv.ReceiveSMS("1064800000000", "door closed")
	held := srv.HeldCallbacks()
	for _, d := range srv.Redeliver(held[1].CallbackID, held[0].CallbackID, held[0].CallbackID) {
		fmt.Println(d.CallbackID, d.Attempt, d.OK)
	}
	// Output:
	// received: door closed
	// received: door open
	// 2 1 true
	// 1 1 true
	// 1 2 true
}
