package quecloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// received delivers an order notification and returns the event that the function was given.
func received(t *testing.T, body string, opts ...quecloud.HandlerOption) *quecloud.OrderEvent {
	t.Helper()
	var got *quecloud.OrderEvent
	w := deliver(quecloud.NewOrderHandler(func(_ context.Context, e *quecloud.OrderEvent) error {
		got = e
		return nil
	}, append(opts, quiet)...), delivery(body))
	require.JSONEq(t, `{"code":200,"msg":""}`, w.Body.String())
	return got
}

func TestOrderHandlerPassesOnWhatTheDocumentDescribes(t *testing.T) {
	t.Parallel()
	got := received(t, orderDone)
	assert.Equal(t, "11", got.ProductPrice.String())
	got.ProductPrice = decimal.Decimal{}
	assert.Equal(t, &quecloud.OrderEvent{
		OrderNo: "CZ20261103000017", Type: quecloud.OrderTypeRecharge, Status: quecloud.OrderStatusDone, StatusText: "订单完成",
		ICCID: "89860412091880130001", ProductName: "1G-定向", ExternalID: "topup-0001",
		Result:      "89860412091880130001 于 2026-11-03 11:43:23 充值流量包 1G-定向, 金额 11.0 元",
		CreatedAt:   time.Date(2026, 11, 3, 11, 43, 23, 0, quecloud.ChinaStandardTime),
		CompletedAt: time.Date(2026, 11, 3, 11, 47, 57, 0, quecloud.ChinaStandardTime),
	}, got)
}

func TestOrderHandlerReadsEveryWayToWriteAStatus(t *testing.T) {
	t.Parallel()
	cases := []struct {
		members string
		want    quecloud.OrderStatus
	}{
		{`"orderStatus":1,"orderStatusDesc":"订单完成"`, quecloud.OrderStatusDone},
		{`"orderStatus":"1"`, quecloud.OrderStatusDone},
		{`"orderStatus":1.0,"orderStatusDesc":null`, quecloud.OrderStatusDone},
		{`"orderStatus":"订单完成","orderStatusDesc":"已完成"`, quecloud.OrderStatusDone},
		{`"orderStatus":-1,"orderStatusDesc":"订单失败"`, quecloud.OrderStatusFailed},
		{`"orderStatus":"-1","orderStatusDesc":"-1"`, quecloud.OrderStatusFailed},
		{`"orderStatus":2,"orderStatusDesc":"订单退款"`, "2"},
		{`"orderStatus":"订单退款","orderStatusDesc":"订单完成"`, "订单退款"},
	}
	for _, c := range cases {
		assert.Equal(t, c.want, received(t, withStatus(c.members)).Status, c.members)
	}
}

func withStatus(members string) string {
	return strings.Replace(orderDone, `"orderStatusDesc":"订单完成","orderStatus":1`, members, 1)
}

func TestOrderHandlerRefusesStatusesThatContradict(t *testing.T) {
	t.Parallel()
	n := notifications[1]
	h := n.handler(func(context.Context) error {
		t.Error("the function was called")
		return nil
	})
	for _, members := range []string{
		`"orderStatus":1,"orderStatusDesc":"订单失败"`, `"orderStatus":-1,"orderStatusDesc":"订单完成"`,
		`"orderStatus":1,"orderStatusDesc":"订单待处理"`, `"orderStatus":1,"orderStatusDesc":-1`,
	} {
		n.refused(t, deliver(h, delivery(withStatus(members))), 400, "orderStatusDesc: contradicts orderStatus")
	}
}

func TestOrderHandlerNeedsTheMembersThatTellWhatItIsAbout(t *testing.T) {
	t.Parallel()
	needsMembers(t, notifications[1], "orderNo", "orderStatus", "iccid")
}

func TestOrderEventSurvivesJSON(t *testing.T) {
	t.Parallel()
	first, err := json.Marshal(received(t, orderDone))
	require.NoError(t, err)
	second, err := json.Marshal(received(t, string(first)))
	require.NoError(t, err)
	assert.Equal(t, string(first), string(second))
}

// bought returns a stand-in with an order that is done, and what the platform would notify of it.
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
				_, err := client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{ICCID: card.ICCID, ProductID: product.ProductID,
					ProductName: product.ProductName, ExternalID: "topup-0001", Remark: "车队"})
				require.NoError(t, err)
				o := srv.Orders()[0]
				return srv, quecloudtest.OrderEvent{OrderNo: o.No, OrderType: o.Type, Status: 1, StatusDesc: o.Status, ICCID: o.ICCID,
					ProductName: o.ProductName, ProductPrice: float64(o.Price) / 100, Result: "?", ExternalID: o.ExternalID}
			}
		}
	}
	require.Fail(t, "no card and product go together")
	return nil, quecloudtest.OrderEvent{}
}

func textOf(t *testing.T, n quecloudtest.OrderEvent) string {
	t.Helper()
	text, err := json.Marshal(n)
	require.NoError(t, err)
	return string(text)
}

func TestVerifiedOrdersHaveThePlatformsOwnValues(t *testing.T) {
	t.Parallel()
	srv, n := bought(t)
	n.Remark, n.Result, n.ProductName, n.CreateTime = "forged", "forged", "forged", "2000-01-01 00:00:00"
	got := received(t, textOf(t, n), quecloud.VerifyWith(srv.Client()))
	order, err := srv.Client().Orders.Get(t.Context(), n.OrderNo)
	require.NoError(t, err)
	assert.Equal(t, &quecloud.OrderEvent{
		OrderNo: order.OrderNo, Type: order.Type, Status: order.Status, StatusText: "订单完成", ICCID: order.ICCID,
		ProductName: order.ProductName, ProductPrice: order.ProductPrice, Remark: "车队", Result: order.Result,
		CreatedAt: order.CreatedAt, CompletedAt: order.CompletedAt, ExternalID: "topup-0001",
	}, got)
	assert.NotZero(t, got.CreatedAt)

	n.ExternalID = ""
	assert.Equal(t, "topup-0001", received(t, textOf(t, n), quecloud.VerifyWith(srv.Client())).ExternalID,
		"what the delivery leaves out is no contradiction")
	var members map[string]any
	require.NoError(t, json.Unmarshal([]byte(textOf(t, n)), &members))
	members["productPrice"], members["orderType"] = "1,50", nil
	text, err := json.Marshal(members)
	require.NoError(t, err)
	assert.Equal(t, order.ProductPrice.String(), received(t, string(text), quecloud.VerifyWith(srv.Client())).ProductPrice.String(),
		"nor is what cannot be read")
}

func TestAVerifiedOrdersCardMayBeSpelledInAnotherWay(t *testing.T) {
	t.Parallel()
	for _, respell := range []func(string) string{
		func(iccid string) string { return iccid[:19] },
		func(iccid string) string { return " " + iccid + "\n" },
		strings.ToLower,
	} {
		srv, n := bought(t)
		iccid := n.ICCID
		require.Len(t, iccid, 20)
		n.ICCID = respell(iccid)
		assert.Equal(t, iccid, received(t, textOf(t, n), quecloud.VerifyWith(srv.Client())).ICCID)
	}
}

// The vendor's examples have the price of one year or month beside totals, and JSON numbers come with the noise of binary
// fractions.
func TestVerifiedOrdersMayHaveTheirPriceInAnotherForm(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		event, order  string // prices
		years, months int    // of the order
		refused       bool
	}{
		"binary noise":                       {event: "0.30000000000000004", order: "0.3"},
		"binary noise on the other side":     {event: "0.3", order: "0.30000000000000004"},
		"less than half a fen":               {event: "0.304", order: "0.3"},
		"a fen more":                         {event: "0.31", order: "0.3", refused: true},
		"half a fen more":                    {event: "0.305", order: "0.3", refused: true},
		"a year's price against the total":   {event: "1.00", order: "2.0", years: 2},
		"the total against a year's price":   {event: "2.0", order: "1.00", years: 2},
		"a month's price against the total":  {event: "0.30", order: "0.60", years: 1, months: 2},
		"the total against a month's price":  {event: "0.60", order: "0.30", years: 1, months: 2},
		"a month's price against two years'": {event: "0.30", order: "7.20", years: 2},
		"a month's price that was rounded":   {event: "0.83", order: "10.00", years: 1},
		"a month's price, rounded down":      {event: "0.91", order: "11.00", years: 1},
		"half a year's fen, rounded up":      {event: "0.13", order: "0.25", years: 2},
		"the total, of a year's rounded up":  {event: "0.25", order: "0.13", years: 2},
		"a month's price and a fen":          {event: "0.93", order: "11.00", years: 1, refused: true},
		"another number of years":            {event: "1.00", order: "3.0", years: 2, refused: true},
		"years of an order that has none":    {event: "1.00", order: "2.0", refused: true},
		"nothing against a price":            {event: "-1", order: "1", refused: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			platform := &stub{answer: func(context.Context, url.Values) any {
				return fmt.Appendf(nil, `{"resultCode":0,"details":{"orderStatus":"订单完成","orderType":"充值订单","iccid":"89860412091880130001",`+
					`"productprice":%s,"cycle":%d,"months":%d}}`, test.order, test.years, test.months)
			}}
			body := strings.Replace(orderDone, `"productPrice":11.0`, `"productPrice":`+test.event, 1)
			require.NotEqual(t, orderDone, body)
			verify := quecloud.VerifyWith(platform.client(t))
			if test.refused {
				kind := notifications[1]
				kind.refused(t, deliver(kind.handler(func(context.Context) error { return nil }, verify), delivery(body)), 403, "productPrice")
				return
			}
			assert.Equal(t, yuan(test.order).String(), received(t, body, verify).ProductPrice.String(), "it is the platform's own")
		})
	}
}

func TestVerifiedOrdersAreRefusedWhenThePlatformSaysOtherwise(t *testing.T) {
	t.Parallel()
	type wire = quecloudtest.OrderEvent
	cases := []struct {
		name   string
		forge  func(*wire)
		fault  quecloudtest.Fault
		status int
		reason string
	}{
		{"status", func(n *wire) { n.Status, n.StatusDesc = -1, "订单失败" }, quecloudtest.Fault{}, 403, "orderStatus"},
		{"card", func(n *wire) { n.ICCID = "89860391749203869999" }, quecloudtest.Fault{}, 403, "iccid"},
		{"type", func(n *wire) { n.OrderType = "续费订单" }, quecloudtest.Fault{}, 403, "orderType"},
		{"price", func(n *wire) { n.ProductPrice += 0.01 }, quecloudtest.Fault{}, 403, "productPrice"},
		{"external ID", func(n *wire) { n.ExternalID = "topup-0002" }, quecloudtest.Fault{}, 403, "externalId"},
		{"unknown order", func(n *wire) { n.OrderNo = "1" }, quecloudtest.Fault{}, 403, "does not confirm this order"},
		{"platform too busy", nil, quecloudtest.HTTPStatus(429).Body(`{"resultCode":1}`), 500, "cannot be verified"},
		{"platform down", nil, quecloudtest.CutBefore(), 500, "cannot be verified"},
		{"platform in error", nil, quecloudtest.HTTPStatus(503), 500, "cannot be verified"},
		{"platform in error, in its own words", nil, quecloudtest.HTTPStatus(503).Body(`{"resultCode":1}`), 500, "cannot be verified"},
		{"our credentials refused", nil, quecloudtest.Refuse(70031, "unauthorized"), 500, "cannot be verified"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			srv, n := bought(t)
			if c.forge != nil {
				c.forge(&n)
			} else {
				srv.Inject(c.fault)
			}
			client := srv.Client(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
			kind := notifications[1]
			h := kind.handler(func(context.Context) error {
				t.Error("the function was called")
				return nil
			}, quecloud.VerifyWith(client))
			kind.refused(t, deliver(h, delivery(textOf(t, n))), c.status, c.reason)
		})
	}
}

func TestNotificationsAheadOfTheirOrderAreToComeAgain(t *testing.T) {
	t.Parallel()
	srv, n := bought(t, quecloudtest.WithOrderDelay(time.Hour))
	n.StatusDesc = "订单完成"
	kind := notifications[1]
	called := false
	h := kind.handler(func(context.Context) error { called = true; return nil }, quecloud.VerifyWith(srv.Client()))
	kind.refused(t, deliver(h, delivery(textOf(t, n))), 500, "not show this order as completed yet")
	assert.False(t, called)
	srv.Advance(time.Hour)
	assert.Equal(t, 200, deliver(h, delivery(textOf(t, n))).Code)
	assert.True(t, called)
}

// A status without a constant is a number in notifications and a text in answers, so they cannot be compared.
func TestAnOrderInAnUnknownStateIsPassedOnAsThePlatformShowsIt(t *testing.T) {
	t.Parallel()
	srv, n := bought(t)
	refunded := func(_ context.Context, info *quecloud.CallInfo, next func(context.Context) error) error {
		err := next(t.Context())
		reflect.ValueOf(info.Result).Elem().FieldByName("Details").FieldByName("Status").SetString("订单退款")
		return err
	}
	n.Status, n.StatusDesc = 2, "已退款"
	got := received(t, textOf(t, n), quecloud.VerifyWith(srv.Client(quecloud.WithInterceptor(refunded))))
	assert.Equal(t, quecloud.OrderStatus("订单退款"), got.Status)
}

// The vendor's own numbers mix upper and lower case.
func TestOrderNumbersThatDifferInCaseAreDifferentOrders(t *testing.T) {
	t.Parallel()
	key := func(no string) string {
		return (&quecloud.OrderEvent{OrderNo: no, Status: quecloud.OrderStatusDone}).Key()
	}
	assert.NotEqual(t, key("158710745072904g8"), key("158710745072904G8"))
}

// oddOrderNos look like CZ20261103000017, and are other texts.
var oddOrderNos = map[string]string{
	"blank at the end": "CZ20261103000017 ", "blank before": " CZ20261103000017", "blank within": "CZ2026 1103000017",
	"tab": "CZ20261103000017\t", "line end": "CZ20261103000017\n", "no-break space": "CZ20261103000017\u00a0",
	"ideographic space": "CZ20261103000017\u3000", "zero-width space": "CZ20261103000017\u200b", "BOM": "\ufeffCZ20261103000017",
	"soft hyphen": "CZ2026\u00ad1103000017", "variation selector": "CZ20261103000017\ufe0f", "Hangul filler": "CZ20261103000017\u3164",
	"full-width digit": "CZ2026110300001７", "full-width letter": "ＣZ20261103000017", "accent": "ĆZ20261103000017", "only a blank": " ",
	"NUL": "CZ20261103000017\x00",
}

func TestOrderHandlerRefusesNumbersWithWhatNobodySees(t *testing.T) {
	t.Parallel()
	n := notifications[1]
	h := n.handler(func(context.Context) error {
		t.Error("the function was called")
		return nil
	})
	for name, no := range oddOrderNos {
		written, err := json.Marshal(no)
		require.NoError(t, err)
		body := strings.Replace(orderDone, `"CZ20261103000017"`, string(written), 1)
		require.NotEqual(t, orderDone, body, name)
		n.refused(t, deliver(h, delivery(body)), 400, "orderNo")
	}
}

// Forged deliveries must not hold up or use up the true one.
func TestVerificationComesBeforeDeduplication(t *testing.T) {
	t.Parallel()
	srv, n := bought(t)
	calls := 0
	h := quecloud.NewOrderHandler(func(context.Context, *quecloud.OrderEvent) error { calls++; return nil },
		quecloud.VerifyWith(srv.Client()), quecloud.WithDeduplication(quecloud.NewMemoryDedup(10, time.Hour)),
		quecloud.WithCallbackLogger(slog.New(slog.DiscardHandler)))
	forged := n
	forged.ICCID = "89860391749203869999"
	assert.Equal(t, 403, deliver(h, delivery(textOf(t, forged))).Code)
	assert.Equal(t, 200, deliver(h, delivery(textOf(t, n))).Code)
	assert.Equal(t, 403, deliver(h, delivery(textOf(t, forged))).Code)
	assert.Equal(t, 200, deliver(h, delivery(textOf(t, n))).Code)
	assert.Equal(t, 1, calls)
}

// A refusal that passes is no reason to take an event for a forgery.
func TestVerificationAsksForAnotherDeliveryAfterCodesThatMeanNotDone(t *testing.T) {
	t.Parallel()
	platform := &stub{answer: func(context.Context, url.Values) any { return refusal("系统繁忙") }}
	patient, err := platform.client(t).With(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1, NotDoneCodes: []int{1}}))
	require.NoError(t, err)
	for client, status := range map[*quecloud.Client]int{platform.client(t): 403, patient: 500} {
		kind := notifications[1]
		handler := kind.handler(func(context.Context) error { return nil }, quecloud.VerifyWith(client))
		kind.refused(t, deliver(handler, delivery(orderDone)), status, "")
	}
}

func TestSMSHandlerPassesOnWhatTheDocumentDescribes(t *testing.T) {
	t.Parallel()
	report := quecloud.SMSEvent{
		Type: quecloud.SMSEventReport, MSISDN: "1064991300001", ICCID: "89860391749203860001", SMSID: "YkSzqc66fIE0umbCVD6w",
		Status: quecloud.SMSStatusDelivered, Message: "送达",
	}
	inbox := quecloud.SMSEvent{
		Type: quecloud.SMSEventInbox, MSISDN: "1064991300001", ICCID: "89860391749203860001", SMSID: "3213",
		Content: "温度 21.5", ReceivedAt: time.Date(2026, 11, 3, 9, 15, 0, 0, quecloud.ChinaStandardTime),
	}
	failed, unknown, typed := report, report, report
	failed.Status, failed.Message = quecloud.SMSStatusFailed, ""
	unknown.Status, unknown.SMSID = 300, "3213"
	typed.Type, typed.Status, typed.Message = "mms", 0, ""
	cases := map[string]struct {
		body string
		want quecloud.SMSEvent
	}{
		"report": {smsReport, report},
		"inbox":  {smsInbox, inbox},
		"status as a number": {
			`{"type":"report","msisdn":1064991300001,"iccid":89860391749203860001,"sms_id":"YkSzqc66fIE0umbCVD6w","status":400,"msg":null}`, failed},
		"ID as a number, a status that nobody knows": {
			`{"TYPE":"report","msisdns":"1064991300001","iccid":"89860391749203860001","sms_id":3213,"status":300,"msg":"送达"}`, unknown},
		"a type that nobody knows": {
			`{"type":"mms","msisdn":"1064991300001","iccid":"89860391749203860001","sms_id":"YkSzqc66fIE0umbCVD6w"}`, typed},
		"what the other type has is null or empty": {
			`{"type":"inbox","msisdn":"1064991300001","iccid":"89860391749203860001","sms_id":"3213","status":"","msg":null,"content":"温度 21.5","receiveTime":"20261103091500"}`, inbox},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got *quecloud.SMSEvent
			w := deliver(quecloud.NewSMSHandler(func(_ context.Context, e *quecloud.SMSEvent) error {
				got = e
				return nil
			}, quiet), delivery(c.body))
			require.Equal(t, "success", w.Body.String())
			assert.Equal(t, &c.want, got)
		})
	}
}

func TestSMSHandlerNeedsTheMembersThatTellWhatItIsAbout(t *testing.T) {
	t.Parallel()
	needsMembers(t, notifications[0], "type", "sms_id")
	var report map[string]any
	require.NoError(t, json.Unmarshal([]byte(smsReport), &report))
	for _, one := range []string{"msisdn", "iccid"} {
		other := maps.Clone(report)
		other[one] = ""
		body, err := json.Marshal(other)
		require.NoError(t, err)
		called := false
		w := deliver(notifications[0].handler(func(context.Context) error { called = true; return nil }), delivery(string(body)))
		assert.Equal(t, "success", w.Body.String(), "one of the two numbers is enough")
		assert.True(t, called)
	}
	delete(report, "msisdn")
	report["iccid"] = nil
	body, err := json.Marshal(report)
	require.NoError(t, err)
	h := notifications[0].handler(func(context.Context) error { return errors.New("called") })
	notifications[0].refused(t, deliver(h, delivery(string(body))), 400, "member msisdn: missing, and so is iccid")
}

// needsMembers leaves out each of these members of a notification, or sends it null or empty.
func needsMembers(t *testing.T, n notification, names ...string) {
	h := n.handler(func(context.Context) error {
		t.Error("the function was called")
		return nil
	})
	for _, name := range names {
		var members map[string]any
		require.NoError(t, json.Unmarshal([]byte(n.body), &members))
		require.Contains(t, members, name)
		for _, blank := range []any{nil, ""} {
			members[name] = blank
			body, err := json.Marshal(members)
			require.NoError(t, err)
			n.refused(t, deliver(h, delivery(string(body))), 400, "member "+name+": missing")
		}
		delete(members, name)
		body, err := json.Marshal(members)
		require.NoError(t, err)
		n.refused(t, deliver(h, delivery(string(body))), 400, "member "+name+": missing")
	}
}

func TestSMSEventSurvivesJSON(t *testing.T) {
	t.Parallel()
	for _, body := range []string{smsReport, smsInbox} {
		var first, second []byte
		h := func(text *[]byte) func(context.Context, *quecloud.SMSEvent) error {
			return func(_ context.Context, e *quecloud.SMSEvent) (err error) {
				*text, err = json.Marshal(e)
				return err
			}
		}
		require.Equal(t, 200, deliver(quecloud.NewSMSHandler(h(&first), quiet), delivery(body)).Code)
		require.Equal(t, 200, deliver(quecloud.NewSMSHandler(h(&second), quiet), delivery(string(first))).Code)
		assert.Equal(t, string(first), string(second))
	}
}
