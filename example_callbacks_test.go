package quecloud_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func ExampleNewSMSHandler() {
	handler := quecloud.NewSMSHandler(func(ctx context.Context, e *quecloud.SMSEvent) error {
		switch e.Type {
		case quecloud.SMSEventReport:
			fmt.Println("SMS", e.SMSID, "was delivered:", e.Status == quecloud.SMSStatusDelivered)
		case quecloud.SMSEventInbox:
			fmt.Println("card", e.MSISDN, "says:", e.Content)
		}
		return nil // only now does the handler respond with success
	}, quecloud.WithCallbackToken("hXk2mVq8Zt4LbN7wRc5yGd3fPj9sAe6u"))

	mux := http.NewServeMux()
	mux.Handle("/quecloud/sms", handler)
	srv := httptest.NewServer(mux)
	defer srv.Close()

	url := srv.URL + "/quecloud/sms?token=hXk2mVq8Zt4LbN7wRc5yGd3fPj9sAe6u" // set it at the portal
	got, err := quecloudtest.DeliverSMS(context.Background(), url, quecloudtest.SMSEvent{
		Type: quecloudtest.SMSInbox, MSISDN: "1064991300001", ICCID: "89860391749203860001", ID: "3213",
		Content: "door open", ReceivedAt: "2026-11-03 09:15:00",
	})
	fmt.Println(got.OK, err)
	// Output:
	// card 1064991300001 says: door open
	// true <nil>
}

func ExampleNewOrderHandler() {
	platform := quecloudtest.NewServer()
	defer platform.Close()

	handler := quecloud.NewOrderHandler(func(ctx context.Context, e *quecloud.OrderEvent) error {
		fmt.Println(e.ExternalID, e.Status == quecloud.OrderStatusDone)
		return nil
	},
		quecloud.VerifyWith(platform.Client()), // the function gets the platform's own values
		quecloud.WithDeduplication(quecloud.NewMemoryDedup(10_000, 24*time.Hour)),
	)
	srv := httptest.NewServer(handler)
	defer srv.Close()

	// A forged callback claims that an order is done.
	got, err := quecloudtest.DeliverOrder(context.Background(), srv.URL, quecloudtest.OrderEvent{
		OrderNo: "CZ20261103000017", OrderType: "充值订单", Status: 1, StatusDesc: "订单完成", ICCID: "89860391749203860001",
		ProductName: "30M-当月", ProductPrice: 3.6,
	})
	fmt.Println(got.OK, got.Response, err)
	// Output:
	// false {"code":403,"msg":"the platform does not confirm this order"} <nil>
}

func ExampleWithTrustedProxy() {
	handler := quecloud.NewSMSHandler(func(context.Context, *quecloud.SMSEvent) error { return nil },
		quecloud.WithAllowedSources(netip.MustParsePrefix("192.0.2.0/24")),                 // the platform
		quecloud.WithTrustedProxy("X-Forwarded-For", netip.MustParsePrefix("10.0.0.0/16")), // your load balancers
	)
	http.Handle("/quecloud/sms", handler)
}

// A server has both handlers, and the platform calls them.
func Example_callbacks() {
	platform := quecloudtest.NewServer(quecloudtest.WithOrderDelay(0))
	defer platform.Close()
	client, ctx := platform.Client(), context.Background()
	secretToken := "hXk2mVq8Zt4LbN7wRc5yGd3fPj9sAe6u"

	onSMS := func(ctx context.Context, e *quecloud.SMSEvent) error {
		fmt.Println(e.Type, "card", e.MSISDN, e.Content)
		return nil // stored: only now does the handler respond with success
	}
	onOrder := func(ctx context.Context, e *quecloud.OrderEvent) error {
		fmt.Println("order", e.ExternalID, e.Status, e.ProductPrice, "CNY")
		return nil
	}
	token := quecloud.WithCallbackToken(secretToken)
	mux := http.NewServeMux()
	mux.Handle("/quecloud/sms", quecloud.NewSMSHandler(onSMS, token,
		quecloud.WithDeduplication(quecloud.NewMemoryDedup(10_000, 24*time.Hour))))
	mux.Handle("/quecloud/order", quecloud.NewOrderHandler(onOrder, token, quecloud.VerifyWith(client),
		quecloud.WithDeduplication(quecloud.NewMemoryDedup(10_000, 24*time.Hour))))

	srv := httptest.NewServer(mux)
	defer srv.Close()
	platform.SetSMSCallback(srv.URL + "/quecloud/sms?token=" + secretToken)
	platform.SetOrderCallback(srv.URL + "/quecloud/order?token=" + secretToken)

	platform.ReceiveSMS("1064800000000", "door open")
	_, err := client.Orders.Recharge(ctx, &quecloud.RechargeParams{
		Card: quecloud.ICCID("89860024310000000006"), ProductID: 50, ProductName: "30M-当月", ExternalID: "topup-1",
	})
	platform.WaitCallbacks()
	fmt.Println(err)
	// Output:
	// inbox card 1064800000000 door open
	// order topup-1 订单完成 1.5 CNY
	// <nil>
}
