package selftest_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// A driftCase is an event with its optional members.
type driftCase struct {
	kind     selftest.Callback
	body     string
	optional []string // the last of them are numbers and times
	typed    int      // how many are
	always   []string // the optional members that every event of the kind has
}

var (
	reportCase = driftCase{
		kind: selftest.SMSCallback, body: selftest.SMSReport, typed: 1,
		optional: []string{"msisdn", "iccid", "msg", "status"}, always: []string{"msisdn", "iccid"},
	}
	inboxCase = driftCase{
		kind: selftest.SMSCallback, body: selftest.SMSInbox, typed: 1,
		optional: []string{"msisdn", "iccid", "sms_id", "content", "recievetime"},
		always:   []string{"msisdn", "iccid", "sms_id"},
	}
	orderCase = driftCase{
		kind: selftest.OrderCallback, body: strings.Replace(selftest.OrderDone, `"remark":""`, `"remark":"车队"`, 1), typed: 3,
		optional: orderMembers, always: orderMembers,
	}
	driftCases   = []driftCase{reportCase, inboxCase, orderCase}
	orderMembers = []string{
		"orderType", "orderStatusDesc", "productName", "remark", "result", "externalId",
		"productPrice", "createTime", "completeTime",
	}
)

// A driftRecord holds what a handler does with its callbacks.
type driftRecord struct {
	event  string // the JSON of the last one
	drifts []quecloud.Drift
	log    bytes.Buffer
}

// recordDrifts returns a handler that wants the token of [selftest.TokenRequest], and its record.
func recordDrifts(kind selftest.Callback) (http.Handler, *driftRecord) {
	record := &driftRecord{}
	onDrift := func(d quecloud.Drift) { record.drifts = append(record.drifts, d) }
	return kind.JSONHandler(&record.event, selftest.Token,
		quecloud.WithCallbackDriftHandler(onDrift), selftest.LogTo(&record.log)), record
}

// eventJSON returns the JSON of the event that a handler makes of a body.
func eventJSON(t *testing.T, kind selftest.Callback, body string) string {
	t.Helper()
	var event string
	require.Equal(t, kind.Success, selftest.SendCallback(kind.JSONHandler(&event), body).Body.String(), body)
	return event
}

func TestCallbackDriftLosesNoEvent(t *testing.T) {
	t.Parallel()
	for _, c := range driftCases {
		for i, member := range c.optional {
			values := []string{`{"CANARY":1}`, `["CANARY"]`}
			if i >= len(c.optional)-c.typed {
				values = append(values, `"CANARY"`, `"null"`, `"1 234"`)
			}
			for _, value := range values {
				t.Run(fmt.Sprint(c.kind.Name, " ", member, " ", value), func(t *testing.T) {
					t.Parallel()
					want := eventJSON(t, c.kind, selftest.EditMember(t, c.body, member, "null"))
					h, got := recordDrifts(c.kind)
					w := selftest.Serve(h, selftest.TokenRequest(selftest.EditMember(t, c.body, member, value)))
					assert.Equal(t, c.kind.Success, w.Body.String())
					assert.Equal(t, want, got.event, "as if the member were null")
					assert.Equal(t, []quecloud.Drift{
						{Method: c.kind.Name, Kind: quecloud.DriftWrongValue, Path: member, Value: value},
					}, got.drifts)
					log := got.log.String()
					assert.Equal(t, 1, strings.Count(log, "level=WARN"), log)
					assert.Contains(t, log, "kind="+c.kind.Name+" member="+member+` problem="wrong value"`)
					assert.NotContains(t, log, "CANARY")
				})
			}
		}
	}
}

func TestCallbackDriftOfOtherPlatformsLosesNoEvent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		event  driftCase
		member string
		values []string
	}{
		{event: reportCase, member: "status", values: []string{`"DELIVRD"`, `"UNDELIV"`, `"200 "`}},
		{event: inboxCase, member: "recievetime", values: []string{
			`"2026-11-01T08:00:00"`, `"2026/11/01 08:00:00"`, `"null"`, `"2026年11月1日"`, `"0000-00-00 00:00:00"`,
		}},
		{event: orderCase, member: "completeTime", values: []string{
			`"2026-11-03T11:47:57"`, `"2026-11-03T11:47:57+08:00"`, `"null"`,
		}},
		{event: orderCase, member: "productPrice", values: []string{`"11元"`, `"11,0"`}},
	} {
		for _, value := range c.values {
			body := selftest.EditMember(t, c.event.body, c.member, value)
			assert.NotEmpty(t, eventJSON(t, c.event.kind, body), value)
		}
	}
}

func TestCallbackDriftOfRequiredMembersIsRejected(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		event  driftCase
		member string
		want   string
	}{
		{event: reportCase, member: "type", want: "member type: "},
		{event: inboxCase, member: "type", want: "member type: "},
		{event: reportCase, member: "sms_id", want: "member sms_id: missing"},
		{event: orderCase, member: "orderNo", want: "member orderNo: "},
		{event: orderCase, member: "orderStatus", want: "member orderStatus: "},
		{event: orderCase, member: "iccid", want: "member iccid: "},
	} {
		for _, value := range []string{`{"CANARY":1}`, `["CANARY"]`, `null`, `""`} {
			var event string
			h := c.event.kind.JSONHandler(&event)
			w := selftest.SendCallback(h, selftest.EditMember(t, c.event.body, c.member, value))
			assert.Equal(t, 400, w.Code, "%s %s", c.member, value)
			assert.Contains(t, w.Body.String(), c.want)
			assert.NotContains(t, w.Body.String(), "CANARY")
			assert.Empty(t, event)
		}
	}
	for _, c := range []struct {
		event  driftCase
		member string
	}{
		{event: reportCase, member: "sms_id"}, {event: orderCase, member: "orderNo"}, {event: orderCase, member: "iccid"},
	} {
		var event string
		h := c.event.kind.JSONHandler(&event)
		w := selftest.SendCallback(h, selftest.EditMember(t, c.event.body, c.member, `"null"`))
		assert.Equal(t, 400, w.Code, c.member)
		assert.Contains(t, w.Body.String(), "member "+c.member+": missing")
	}
}

func TestCallbackDriftOfContradictingMembers(t *testing.T) {
	t.Parallel()
	for _, c := range driftCases {
		for _, member := range c.optional {
			want := eventJSON(t, c.kind, selftest.EditMember(t, c.body, member, ""))
			for _, name := range []string{member, strings.ToUpper(member)} {
				second := `"` + name + `":"20770707"`
				before, after := "{"+second+","+c.body[1:], c.body[:len(c.body)-1]+","+second+"}"
				assert.Equal(t, want, eventJSON(t, c.kind, before), before)
				assert.Equal(t, want, eventJSON(t, c.kind, after), after)
			}
		}
	}
	for _, member := range []string{"orderNo", "iccid", "orderStatus"} {
		var event string
		h := selftest.OrderCallback.JSONHandler(&event)
		w := selftest.SendCallback(h, `{"`+strings.ToUpper(member)+`":"77",`+selftest.OrderDone[1:])
		assert.Equal(t, 400, w.Code)
		assert.Contains(t, w.Body.String(), "comes a second time, with another value")
	}
}

// Two events may differ only in a member that cannot be read.
func TestCallbackDriftChangesTheKey(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100)
	for _, c := range []struct{ body, member, one, other string }{
		{body: selftest.SMSReport, member: "status", one: `"DELIVRD"`, other: `"UNDELIV"`},
		{body: selftest.SMSInbox, member: "recievetime", one: `"Sunday"`, other: `"Monday"`},
		{body: selftest.SMSInbox, member: "content", one: `["` + long + `a"]`, other: `["` + long + `b"]`},
	} {
		var keys []string
		h := quecloud.NewSMSHandler(func(_ context.Context, e *quecloud.SMSEvent) error {
			keys = append(keys, e.Key())
			return nil
		}, selftest.Quiet, selftest.Dedup())
		for _, value := range []string{c.one, c.one, c.other, c.one, c.other} {
			assert.Equal(t, 200, selftest.SendCallback(h, selftest.EditMember(t, c.body, c.member, value)).Code)
		}
		require.Len(t, keys, 2, c.member)
		assert.NotEqual(t, keys[0], keys[1])
	}
}

func TestCallbackDriftIsLoggedInOutline(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`"2026-11-01T08:00:00"`: `\"0000-00-00X00:00:00\"`,
		`"Delivered 3/4 到 é"`:   `\"Xxxxxxxxx 0/0 x x\"`,
		`["13800000000","，😀"]`:  `[\"00000000000\",\"??\"]`,
	} {
		h, got := recordDrifts(selftest.SMSCallback)
		selftest.Serve(h, selftest.TokenRequest(selftest.EditMember(t, selftest.SMSReport, "status", value)))
		assert.Contains(t, got.log.String(), `value="`+want+`"`)
	}
}

func TestCallbackDriftNotUTF8IsKeptAndLogged(t *testing.T) {
	t.Parallel()
	const gbk = "\xce\xc2\xb6\xc8" // 温度
	for _, contentType := range []string{
		"application/json", "application/json;charset=GBK", `application/json; charset="gb18030"`,
	} {
		var event *quecloud.SMSEvent
		var drifts []quecloud.Drift
		var log bytes.Buffer
		h := quecloud.NewSMSHandler(func(_ context.Context, e *quecloud.SMSEvent) error {
			event = e
			return nil
		}, quecloud.WithCallbackDriftHandler(func(d quecloud.Drift) { drifts = append(drifts, d) }), selftest.LogTo(&log))
		r := selftest.CallbackRequest(strings.Replace(selftest.SMSInbox, "温度", gbk, 1))
		r.Header.Set("Content-Type", contentType)
		require.Equal(t, "success", selftest.Serve(h, r).Body.String())
		assert.Equal(t, gbk+" 21.5", event.Content)
		assert.Equal(t, []quecloud.Drift{
			{Method: "sms", Kind: quecloud.DriftNotUTF8, Path: "content", Value: `"` + gbk + ` 21.5"`},
		}, drifts)
		assert.Contains(t, log.String(), `member=content problem="not UTF-8" value="\"??? 00.0\""`)
	}
	order := selftest.OrderEvent(t, strings.Replace(selftest.OrderDone, "定向", gbk, 1))
	assert.Equal(t, "1G-"+gbk, order.ProductName)
	h := selftest.SMSCallback.Handler(selftest.NotCalled(t))
	w := selftest.SendCallback(h, selftest.SMSInbox[:len(selftest.SMSInbox)-3]+gbk)
	assert.Equal(t, 400, w.Code, "a body that is not JSON is rejected")
}

func TestCallbackDriftInNamesAndTypesIsNotLogged(t *testing.T) {
	t.Parallel()
	h, got := recordDrifts(selftest.OrderCallback)
	drifted := selftest.EditMember(t, selftest.OrderDone, "orderStatus", `"1"`)
	drifted = `{"x":[1],` + selftest.EditMember(t, drifted, "productPrice", `"11"`)[1:]
	for _, body := range []string{selftest.OrderDone, drifted} {
		require.Equal(t, 200, selftest.Serve(h, selftest.TokenRequest(body)).Code)
	}
	assert.ElementsMatch(t, []quecloud.Drift{
		{Method: "order", Kind: quecloud.DriftUnknownMember, Path: "x", Value: "[1]"},
		{Method: "order", Kind: quecloud.DriftWrongType, Path: "orderStatus", Value: `"1"`},
		{Method: "order", Kind: quecloud.DriftWrongType, Path: "productPrice", Value: `"11"`},
	}, got.drifts)
	assert.Empty(t, got.log.String())
}

func TestCallbackDriftShowsMissingMembers(t *testing.T) {
	t.Parallel()
	for _, c := range driftCases {
		for _, member := range c.optional {
			if !slices.Contains(c.always, member) {
				continue
			}
			h, got := recordDrifts(c.kind)
			w := selftest.Serve(h, selftest.TokenRequest(selftest.EditMember(t, c.body, member, "")))
			assert.Equal(t, c.kind.Success, w.Body.String())
			assert.Equal(t, []quecloud.Drift{{Method: c.kind.Name, Kind: quecloud.DriftMissing, Path: member}}, got.drifts)
			assert.Empty(t, got.log.String())
		}
	}
}

func TestCallbackDriftShowsRejectedEvents(t *testing.T) {
	t.Parallel()
	xs, ys := strings.Repeat("x", 100), strings.Repeat("y", 100)
	wrong := func(path, value string) quecloud.Drift {
		return quecloud.Drift{Kind: quecloud.DriftWrongValue, Path: path, Value: value}
	}
	for _, c := range []struct {
		name string
		kind selftest.Callback
		body string
		want quecloud.Drift
		log  string
	}{
		{
			name: "a line end in a text", kind: selftest.SMSCallback, body: `{"a":"` + xs + "\n" + `1","b":"` + ys + `"}`,
			want: wrong("", xs[:32]+"\n"+`1","b":"`+ys[:23]), log: `xx\n0\",\"x\":\"x`,
		},
		{
			name: "truncated", kind: selftest.OrderCallback, body: `{"a":"CANARY","b":"` + ys,
			want: wrong("", ys[:64]), log: "value=xxxx",
		},
		{
			name: "no object", kind: selftest.SMSCallback, body: `["CANARY"]`,
			want: wrong("", `["CANARY"]`), log: `[\"XXXXXX\"]`,
		},
		{
			name: "a missing member", kind: selftest.OrderCallback, body: `{"orderNo":"1","orderStatus":1}`,
			want: quecloud.Drift{Kind: quecloud.DriftMissing, Path: "iccid"},
		},
		{
			name: "a useless required member", kind: selftest.SMSCallback, body: `{"type":["CANARY"]}`,
			want: wrong("type", `["CANARY"]`), log: `member=type problem="wrong value" value="[\"XXXXXX\"]"`,
		},
		{
			name: "a contradiction", kind: selftest.OrderCallback,
			body: selftest.OrderWithStatus(`"orderStatus":1,"orderStatusDesc":"订单失败"`),
			want: wrong("orderStatusDesc", "订单失败"), log: "value=xxxx",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h, got := recordDrifts(c.kind)
			assert.Equal(t, 400, selftest.Serve(h, selftest.TokenRequest(c.body)).Code)
			c.want.Method = c.kind.Name
			assert.Contains(t, got.drifts, c.want)
			assert.Contains(t, got.log.String(), c.log)
			assert.NotContains(t, got.log.String(), "CANARY")
		})
	}
}

func TestCallbackDriftIsLimitedPerCallback(t *testing.T) {
	t.Parallel()
	h, got := recordDrifts(selftest.SMSCallback)
	many := strings.Repeat(`"status":{},`, 1000)
	selftest.Serve(h, selftest.TokenRequest(`{`+many+selftest.SMSReport[1:]))
	assert.Len(t, got.drifts, 32)
	assert.Equal(t, 32, strings.Count(got.log.String(), "level=WARN"))
	got.log.Reset()
	assert.Equal(t, 400, selftest.Serve(h, selftest.TokenRequest(`{`+many+`"type":[]}`)).Code)
	assert.Contains(t, got.log.String(), "member=type", "the reason for the rejection is logged all the same")
}

func TestCallbackDriftHandlerThatPanicsLosesNoEvent(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var event string
	h := selftest.SMSCallback.JSONHandler(&event, selftest.LogTo(&log),
		quecloud.WithCallbackDriftHandler(func(quecloud.Drift) { panic("boom") }))
	var w *httptest.ResponseRecorder
	require.NotPanics(t, func() {
		w = selftest.SendCallback(h, selftest.EditMember(t, selftest.SMSReport, "status", `"DELIVRD"`))
	})
	assert.Equal(t, "success", w.Body.String())
	assert.NotEmpty(t, event)
	assert.Contains(t, log.String(), "panic: boom")
	assert.Contains(t,
		selftest.PanicText(func() { quecloud.NewSMSHandler(noSMS, quecloud.WithCallbackDriftHandler(nil)) }),
		"NewSMSHandler: WithCallbackDriftHandler: the handler is nil")
}
