package selftest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// bought returns a stand-in with an order that is done, and the event that the platform sends for it.
func bought(t *testing.T, opts ...quecloudtest.Option) (*quecloudtest.Server, quecloudtest.OrderEvent) {
	t.Helper()
	srv := quecloudtest.NewUnstartedServer(opts...)
	t.Cleanup(srv.Close)
	client := srv.Client()
	list, err := client.Cards.List(t.Context(), &quecloud.CardListParams{})
	require.NoError(t, err)
	products, err := client.Orders.FlowPackages(t.Context())
	require.NoError(t, err)
	for _, card := range list.Cards {
		for _, product := range products {
			if card.Carrier == product.Carrier && card.Status == quecloud.CardStatusNormal {
				_, err := client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{
					Card: card.ID(), ProductID: product.ProductID, ProductName: product.ProductName,
					ExternalID: "topup-0001", Remark: "车队",
				})
				require.NoError(t, err)
				o := srv.Orders()[0]
				return srv, quecloudtest.OrderEvent{
					OrderNo: o.No, OrderType: o.Type, Status: 1, StatusDesc: o.Status, ICCID: o.ICCID, Result: "?",
					ProductName: o.ProductName, ProductPrice: float64(o.Price) / 100, ExternalID: o.ExternalID,
				}
			}
		}
	}
	require.Fail(t, "no card and product go together")
	return nil, quecloudtest.OrderEvent{}
}

func jsonOf(t *testing.T, event quecloudtest.OrderEvent) string {
	t.Helper()
	text, err := json.Marshal(event)
	require.NoError(t, err)
	return string(text)
}

func TestEventVerificationYieldsThePlatformsValues(t *testing.T) {
	t.Parallel()
	srv, event := bought(t)
	event.Remark, event.Result, event.ProductName, event.CreateTime = "forged", "forged", "forged", "2000-01-01 00:00:00"
	got := selftest.OrderEvent(t, jsonOf(t, event), quecloud.VerifyWith(srv.Client()))
	order, err := srv.Client().Orders.Get(t.Context(), event.OrderNo)
	require.NoError(t, err)
	assert.Equal(t, &quecloud.OrderEvent{
		OrderNo: order.OrderNo, Type: order.Type, Status: order.Status, StatusText: "订单完成", ICCID: order.ICCID,
		ProductName: order.ProductName, ProductPrice: order.ProductPrice, Remark: "车队", Result: order.Result,
		CreatedAt: order.CreatedAt, CompletedAt: order.CompletedAt, ExternalID: "topup-0001",
	}, got)
	assert.NotZero(t, got.CreatedAt)

	event.ExternalID = ""
	assert.Equal(t, "topup-0001", selftest.OrderEvent(t, jsonOf(t, event), quecloud.VerifyWith(srv.Client())).ExternalID,
		"a missing member is no contradiction")
	var members map[string]any
	require.NoError(t, json.Unmarshal([]byte(jsonOf(t, event)), &members))
	members["productPrice"], members["orderType"] = "1,50", nil
	text, err := json.Marshal(members)
	require.NoError(t, err)
	got = selftest.OrderEvent(t, string(text), quecloud.VerifyWith(srv.Client()))
	assert.Equal(t, order.ProductPrice.String(), got.ProductPrice.String(), "nor is one that cannot be read")
}

func TestEventVerificationAcceptsOtherSpellingsOfTheCard(t *testing.T) {
	t.Parallel()
	for _, respell := range []func(string) string{
		func(iccid string) string { return iccid[:19] },
		func(iccid string) string { return " " + iccid + "\n" },
		strings.ToLower,
	} {
		srv, event := bought(t)
		iccid := event.ICCID
		require.Len(t, iccid, 20)
		event.ICCID = respell(iccid)
		assert.Equal(t, iccid, selftest.OrderEvent(t, jsonOf(t, event), quecloud.VerifyWith(srv.Client())).ICCID)
	}
}

// The vendor's examples have prices of one year or month beside totals, and JSON numbers have binary noise.
func TestEventVerificationAcceptsOtherFormsOfThePrice(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		event, order  string // prices
		years, months int    // of the order
		rejected      bool
	}{
		"binary noise":                       {event: "0.30000000000000004", order: "0.3"},
		"binary noise on the other side":     {event: "0.3", order: "0.30000000000000004"},
		"less than half a fen":               {event: "0.304", order: "0.3"},
		"a fen more":                         {event: "0.31", order: "0.3", rejected: true},
		"half a fen more":                    {event: "0.305", order: "0.3", rejected: true},
		"a year's price against the total":   {event: "1.00", order: "2.0", years: 2},
		"the total against a year's price":   {event: "2.0", order: "1.00", years: 2},
		"a month's price against the total":  {event: "0.30", order: "0.60", years: 1, months: 2},
		"the total against a month's price":  {event: "0.60", order: "0.30", years: 1, months: 2},
		"a month's price against two years'": {event: "0.30", order: "7.20", years: 2},
		"a month's price that was rounded":   {event: "0.83", order: "10.00", years: 1},
		"a month's price, rounded down":      {event: "0.91", order: "11.00", years: 1},
		"half a year's fen, rounded up":      {event: "0.13", order: "0.25", years: 2},
		"the total, of a year's rounded up":  {event: "0.25", order: "0.13", years: 2},
		"a month's price and a fen":          {event: "0.93", order: "11.00", years: 1, rejected: true},
		"another number of years":            {event: "1.00", order: "3.0", years: 2, rejected: true},
		"years of an order that has none":    {event: "1.00", order: "2.0", rejected: true},
		"nothing against a price":            {event: "-1", order: "1", rejected: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			platform := selftest.FuncPlatform(func(context.Context, url.Values) any {
				return fmt.Appendf(nil, `{"resultCode":0,"details":{"orderStatus":"订单完成","orderType":"充值订单",`+
					`"iccid":"89860412091880130001","productprice":%s,"cycle":%d,"months":%d}}`,
					test.order, test.years, test.months)
			})
			body := strings.Replace(selftest.OrderDone, `"productPrice":11.0`, `"productPrice":`+test.event, 1)
			require.NotEqual(t, selftest.OrderDone, body)
			verify := quecloud.VerifyWith(platform.Client(t))
			if test.rejected {
				kind := selftest.OrderCallback
				kind.AssertRejected(t, selftest.SendCallback(kind.Handler(selftest.Handled, verify), body), 403, "productPrice")
				return
			}
			got := selftest.OrderEvent(t, body, verify).ProductPrice
			assert.Equal(t, selftest.Yuan(test.order).String(), got.String(), "the platform's price")
		})
	}
}

func TestEventVerificationRejectsWhatThePlatformContradicts(t *testing.T) {
	t.Parallel()
	type wire = quecloudtest.OrderEvent
	const refusal, later = `{"resultCode":1}`, "cannot be verified"
	cases := []struct {
		name   string
		forge  func(*wire)
		fault  quecloudtest.Fault
		status int
		reason string
	}{
		{
			name: "status", forge: func(event *wire) { event.Status, event.StatusDesc = -1, "订单失败" },
			status: 403, reason: "orderStatus",
		},
		{name: "card", forge: func(event *wire) { event.ICCID = "89860391749203869999" }, status: 403, reason: "iccid"},
		{name: "type", forge: func(event *wire) { event.OrderType = "续费订单" }, status: 403, reason: "orderType"},
		{name: "price", forge: func(event *wire) { event.ProductPrice += 0.01 }, status: 403, reason: "productPrice"},
		{name: "ID", forge: func(event *wire) { event.ExternalID = "topup-0002" }, status: 403, reason: "externalId"},
		{
			name: "unknown order", forge: func(event *wire) { event.OrderNo = "1" },
			status: 403, reason: "does not confirm this order",
		},
		{name: "platform too busy", fault: quecloudtest.HTTPStatus(429).Body(refusal), status: 500, reason: later},
		{name: "platform down", fault: quecloudtest.CutBefore(), status: 500, reason: later},
		{name: "platform in error", fault: quecloudtest.HTTPStatus(503), status: 500, reason: later},
		{
			name: "platform in error, with a result code", fault: quecloudtest.HTTPStatus(503).Body(refusal),
			status: 500, reason: later,
		},
		{
			name: "our credentials refused", fault: quecloudtest.Refuse(70031, "unauthorized"),
			status: 500, reason: later,
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			srv, event := bought(t)
			if c.forge != nil {
				c.forge(&event)
			} else {
				srv.Inject(c.fault)
			}
			client := srv.Client(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
			kind := selftest.OrderCallback
			h := kind.Handler(selftest.NotCalled(t), quecloud.VerifyWith(client))
			kind.AssertRejected(t, selftest.SendCallback(h, jsonOf(t, event)), c.status, c.reason)
		})
	}
}

func TestEventVerificationAsksToRetryAnEventAheadOfItsOrder(t *testing.T) {
	t.Parallel()
	srv, event := bought(t, quecloudtest.WithOrderDelay(time.Hour))
	event.StatusDesc = "订单完成"
	kind := selftest.OrderCallback
	called := false
	h := kind.Handler(func(context.Context) error { called = true; return nil }, quecloud.VerifyWith(srv.Client()))
	kind.AssertRejected(t, selftest.SendCallback(h, jsonOf(t, event)), 500, "not show this order as completed yet")
	assert.False(t, called)
	srv.Advance(time.Hour)
	assert.Equal(t, 200, selftest.SendCallback(h, jsonOf(t, event)).Code)
	assert.True(t, called)
}

// A status without a constant is a number in events and a text in responses, so they cannot be compared.
func TestEventVerificationKeepsUnknownStates(t *testing.T) {
	t.Parallel()
	srv, event := bought(t)
	refunded := func(_ context.Context, info *quecloud.CallInfo, next func(context.Context) error) error {
		err := next(t.Context())
		reflect.ValueOf(info.Result).Elem().FieldByName("Details").FieldByName("Status").SetString("订单退款")
		return err
	}
	event.Status, event.StatusDesc = 2, "已退款"
	got := selftest.OrderEvent(t, jsonOf(t, event), quecloud.VerifyWith(srv.Client(quecloud.WithInterceptor(refunded))))
	assert.Equal(t, quecloud.OrderStatus("订单退款"), got.Status)
}

// Forged callbacks must not hold up or replace the true one.
func TestEventVerificationComesBeforeDeduplication(t *testing.T) {
	t.Parallel()
	srv, event := bought(t)
	calls := 0
	h := quecloud.NewOrderHandler(func(context.Context, *quecloud.OrderEvent) error { calls++; return nil },
		quecloud.VerifyWith(srv.Client()), selftest.Dedup(), selftest.Quiet)
	forged := event
	forged.ICCID = "89860391749203869999"
	assert.Equal(t, 403, selftest.SendCallback(h, jsonOf(t, forged)).Code)
	assert.Equal(t, 200, selftest.SendCallback(h, jsonOf(t, event)).Code)
	assert.Equal(t, 403, selftest.SendCallback(h, jsonOf(t, forged)).Code)
	assert.Equal(t, 200, selftest.SendCallback(h, jsonOf(t, event)).Code)
	assert.Equal(t, 1, calls)
}

// A temporary refusal does not show that an event is forged.
func TestEventVerificationAsksToRetryAfterNotDoneCodes(t *testing.T) {
	t.Parallel()
	platform := selftest.FuncPlatform(func(context.Context, url.Values) any { return selftest.Refusal("系统繁忙") })
	policy := quecloud.RetryPolicy{MaxAttempts: 1, NotDoneCodes: []int{1}}
	patient, err := platform.Client(t).With(quecloud.WithRetry(policy))
	require.NoError(t, err)
	for client, status := range map[*quecloud.Client]int{platform.Client(t): 403, patient: 500} {
		kind := selftest.OrderCallback
		handler := kind.Handler(selftest.Handled, quecloud.VerifyWith(client))
		kind.AssertRejected(t, selftest.SendCallback(handler, selftest.OrderDone), status, "")
	}
}
