package quecloud_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

func TestEventOrderHasTheDocumentsMembers(t *testing.T) {
	t.Parallel()
	got := selftest.OrderEvent(t, selftest.OrderDone)
	assert.Equal(t, "11", got.ProductPrice.String())
	got.ProductPrice = decimal.Decimal{}
	assert.Equal(t, &quecloud.OrderEvent{
		OrderNo: "CZ20261103000017", Type: quecloud.OrderTypeRecharge, Status: quecloud.OrderStatusDone,
		StatusText: "订单完成", ICCID: "89860412091880130001", ProductName: "1G-定向", ExternalID: "topup-0001",
		Result:      "89860412091880130001 于 2026-11-03 11:43:23 充值流量包 1G-定向, 金额 11.0 元",
		CreatedAt:   selftest.CST(2026, 11, 3, 11, 43, 23),
		CompletedAt: selftest.CST(2026, 11, 3, 11, 47, 57),
	}, got)
}

func TestEventOrderStatusIsReadInAnyForm(t *testing.T) {
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
		assert.Equal(t, c.want, selftest.OrderEvent(t, selftest.OrderWithStatus(c.members)).Status, c.members)
	}
}

func TestEventOrderWithContradictingStatusesIsRejected(t *testing.T) {
	t.Parallel()
	kind := selftest.OrderCallback
	h := kind.Handler(selftest.NotCalled(t))
	for _, members := range []string{
		`"orderStatus":1,"orderStatusDesc":"订单失败"`, `"orderStatus":-1,"orderStatusDesc":"订单完成"`,
		`"orderStatus":1,"orderStatusDesc":"订单待处理"`, `"orderStatus":1,"orderStatusDesc":-1`,
	} {
		w := selftest.SendCallback(h, selftest.OrderWithStatus(members))
		kind.AssertRejected(t, w, 400, "orderStatusDesc: contradicts orderStatus")
	}
}

func TestEventOrderNeedsItsIdentity(t *testing.T) {
	t.Parallel()
	needsMembers(t, selftest.OrderCallback, "orderNo", "orderStatus", "iccid")
}

func TestEventOrderSurvivesJSON(t *testing.T) {
	t.Parallel()
	first, err := json.Marshal(selftest.OrderEvent(t, selftest.OrderDone))
	require.NoError(t, err)
	second, err := json.Marshal(selftest.OrderEvent(t, string(first)))
	require.NoError(t, err)
	assert.Equal(t, string(first), string(second))
}

// The vendor's own numbers mix upper and lower case.
func TestEventOrderKeyIsCaseSensitive(t *testing.T) {
	t.Parallel()
	key := func(no string) string {
		return (&quecloud.OrderEvent{OrderNo: no, Status: quecloud.OrderStatusDone}).Key()
	}
	assert.NotEqual(t, key("158710745072904g8"), key("158710745072904G8"))
}

func TestEventOrderNumberWithInvisibleCharactersIsRejected(t *testing.T) {
	t.Parallel()
	kind := selftest.OrderCallback
	h := kind.Handler(selftest.NotCalled(t))
	for name, no := range selftest.BadOrderNos {
		written, err := json.Marshal(no)
		require.NoError(t, err)
		body := strings.Replace(selftest.OrderDone, `"CZ20261103000017"`, string(written), 1)
		require.NotEqual(t, selftest.OrderDone, body, name)
		kind.AssertRejected(t, selftest.SendCallback(h, body), 400, "orderNo")
	}
}

func TestEventSMSHasTheDocumentsMembers(t *testing.T) {
	t.Parallel()
	report := quecloud.SMSEvent{
		Type: quecloud.SMSEventReport, MSISDN: "1064991300001", ICCID: "89860391749203860001",
		SMSID: "YkSzqc66fIE0umbCVD6w", Status: quecloud.SMSStatusDelivered, Message: "送达",
	}
	inbox := quecloud.SMSEvent{
		Type: quecloud.SMSEventInbox, MSISDN: "1064991300001", ICCID: "89860391749203860001", SMSID: "3213",
		Content: "温度 21.5", ReceivedAt: selftest.CST(2026, 11, 3, 9, 15, 0),
	}
	failed, unknown, typed := report, report, report
	failed.Status, failed.Message = quecloud.SMSStatusFailed, ""
	unknown.Status, unknown.SMSID = 300, "3213"
	typed.Type, typed.Status, typed.Message = "mms", 0, ""
	const card = `"msisdn":"1064991300001","iccid":"89860391749203860001"`
	cases := map[string]struct {
		body string
		want quecloud.SMSEvent
	}{
		"report": {body: selftest.SMSReport, want: report},
		"inbox":  {body: selftest.SMSInbox, want: inbox},
		"numbers": {
			body: `{"type":"report","msisdn":1064991300001,"iccid":89860391749203860001,` +
				`"sms_id":"YkSzqc66fIE0umbCVD6w","status":400,"msg":null}`,
			want: failed,
		},
		"ID as a number, an unknown status": {
			body: `{"TYPE":"report","msisdns":"1064991300001","iccid":"89860391749203860001",` +
				`"sms_id":3213,"status":300,"msg":"送达"}`,
			want: unknown,
		},
		"an unknown type": {body: `{"type":"mms",` + card + `,"sms_id":"YkSzqc66fIE0umbCVD6w"}`, want: typed},
		"members of the other type": {
			body: `{"type":"inbox",` + card + `,"sms_id":"3213","status":"","msg":null,"content":"温度 21.5",` +
				`"receiveTime":"20261103091500"}`,
			want: inbox,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, &c.want, selftest.SMSEvent(t, c.body))
		})
	}
}

func TestEventSMSNeedsItsIdentity(t *testing.T) {
	t.Parallel()
	needsMembers(t, selftest.SMSCallback, "type", "sms_id")
	var report map[string]any
	require.NoError(t, json.Unmarshal([]byte(selftest.SMSReport), &report))
	for _, one := range []string{"msisdn", "iccid"} {
		other := maps.Clone(report)
		other[one] = ""
		body, err := json.Marshal(other)
		require.NoError(t, err)
		assert.NotNil(t, selftest.SMSEvent(t, string(body)), "one of the two numbers is enough")
	}
	delete(report, "msisdn")
	report["iccid"] = nil
	body, err := json.Marshal(report)
	require.NoError(t, err)
	h := selftest.SMSCallback.Handler(selftest.NotCalled(t))
	w := selftest.SendCallback(h, string(body))
	selftest.SMSCallback.AssertRejected(t, w, 400, "member msisdn: missing, and so is iccid")
}

// needsMembers checks that a handler rejects callbacks in which one of the members is missing, null or empty.
func needsMembers(t *testing.T, kind selftest.Callback, names ...string) {
	h := kind.Handler(selftest.NotCalled(t))
	for _, name := range names {
		var members map[string]any
		require.NoError(t, json.Unmarshal([]byte(kind.Body), &members))
		require.Contains(t, members, name)
		for _, blank := range []any{nil, ""} {
			members[name] = blank
			body, err := json.Marshal(members)
			require.NoError(t, err)
			kind.AssertRejected(t, selftest.SendCallback(h, string(body)), 400, "member "+name+": missing")
		}
		delete(members, name)
		body, err := json.Marshal(members)
		require.NoError(t, err)
		kind.AssertRejected(t, selftest.SendCallback(h, string(body)), 400, "member "+name+": missing")
	}
}

func TestEventSMSSurvivesJSON(t *testing.T) {
	t.Parallel()
	for _, body := range []string{selftest.SMSReport, selftest.SMSInbox} {
		first, err := json.Marshal(selftest.SMSEvent(t, body))
		require.NoError(t, err)
		second, err := json.Marshal(selftest.SMSEvent(t, string(first)))
		require.NoError(t, err)
		assert.Equal(t, string(first), string(second))
	}
}
