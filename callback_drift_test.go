package quecloud_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

// eventCases are an event of each kind, with the members that it can be told without.
var eventCases = []struct {
	kind, body, success string
	optional            []string // of which these come last: numbers, times
	numbers, times      int
}{
	{kind: "sms", body: smsReport, success: "success", optional: []string{"msisdn", "iccid", "msg", "status"}, numbers: 1},
	{kind: "sms", body: smsInbox, success: "success", optional: []string{"msisdn", "iccid", "sms_id", "content", "recievetime"}, times: 1},
	{
		kind: "order", body: strings.Replace(orderDone, `"remark":""`, `"remark":"车队"`, 1), success: `{"code":200,"msg":""}`, numbers: 1, times: 2,
		optional: []string{
			"orderType", "orderStatusDesc", "productName", "remark", "result", "externalId", "productPrice", "createTime", "completeTime",
		},
	},
}

// handlerOf returns a handler of a kind that writes the JSON of its events.
func handlerOf(kind string, event *string, opts ...quecloud.HandlerOption) http.Handler {
	write := func(e any) error {
		text, err := json.Marshal(e)
		*event = string(text)
		return err
	}
	opts = append([]quecloud.HandlerOption{quiet}, opts...)
	if kind == "order" {
		return quecloud.NewOrderHandler(func(_ context.Context, e *quecloud.OrderEvent) error { return write(e) }, opts...)
	}
	return quecloud.NewSMSHandler(func(_ context.Context, e *quecloud.SMSEvent) error { return write(e) }, opts...)
}

// edited returns a JSON object with another value for a member, or without it where the value is empty.
func edited(t *testing.T, body, member, value string) string {
	t.Helper()
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(body), &members))
	require.Contains(t, members, member)
	members = maps.Clone(members)
	delete(members, member)
	if value != "" {
		members[member] = json.RawMessage(value)
	}
	text, err := json.Marshal(members)
	require.NoError(t, err)
	return string(text)
}

func TestEventsAreDeliveredWithoutWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, c := range eventCases {
		for i, member := range c.optional {
			values := []string{`{"CANARY":1}`, `["CANARY"]`}
			if i >= len(c.optional)-c.numbers-c.times {
				values = append(values, `"CANARY"`, `"null"`, `"1 234"`)
			}
			for _, value := range values {
				t.Run(fmt.Sprint(c.kind, " ", member, " ", value), func(t *testing.T) {
					t.Parallel()
					var want, got string
					require.Equal(t, 200, deliver(handlerOf(c.kind, &want), delivery(edited(t, c.body, member, "null"))).Code)
					var drifts []quecloud.Drift
					var log bytes.Buffer
					h := handlerOf(c.kind, &got, quecloud.WithCallbackToken("good"),
						quecloud.WithCallbackDriftHandler(func(d quecloud.Drift) { drifts = append(drifts, d) }),
						quecloud.WithCallbackLogger(slog.New(slog.NewTextHandler(&log, nil))))
					r := delivery(edited(t, c.body, member, value))
					r.URL.RawQuery = "token=good"
					assert.Equal(t, c.success, deliver(h, r).Body.String())
					assert.Equal(t, want, got, "as if the member were null")
					assert.Equal(t, []quecloud.Drift{{Method: c.kind, Kind: quecloud.DriftWrongValue, Path: member, Value: value}}, drifts)
					assert.Equal(t, 1, strings.Count(log.String(), "level=WARN"), log.String())
					assert.Contains(t, log.String(), "kind="+c.kind+" member="+member+` problem="wrong value"`)
					assert.NotContains(t, log.String(), "CANARY")
				})
			}
		}
	}
}

// What other platforms send in these places.
func TestEventsWithOddValuesAreDelivered(t *testing.T) {
	t.Parallel()
	for kind, values := range map[int]map[string][]string{
		0: {"status": {`"DELIVRD"`, `"UNDELIV"`, `"200 "`}},
		1: {"recievetime": {`"2026-11-01T08:00:00"`, `"2026/11/01 08:00:00"`, `"null"`, `"2026年11月1日"`, `"0000-00-00 00:00:00"`}},
		2: {"completeTime": {`"2026-11-03T11:47:57"`, `"2026-11-03T11:47:57+08:00"`, `"null"`}, "productPrice": {`"11元"`, `"11,0"`}},
	} {
		c := eventCases[kind]
		for member, values := range values {
			for _, value := range values {
				var event string
				w := deliver(handlerOf(c.kind, &event), delivery(edited(t, c.body, member, value)))
				assert.Equal(t, c.success, w.Body.String(), value)
				assert.NotEmpty(t, event)
			}
		}
	}
}

func TestEventsNeedWhatTellsThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, body, member, want string }{
		{"sms", smsReport, "type", "member type: "}, {"sms", smsInbox, "type", "member type: "}, {"sms", smsReport, "sms_id", "member sms_id: missing"},
		{"order", orderDone, "orderNo", "member orderNo: "}, {"order", orderDone, "orderStatus", "member orderStatus: "}, {"order", orderDone, "iccid", "member iccid: "},
	} {
		for _, value := range []string{`{"CANARY":1}`, `["CANARY"]`, `null`, `""`} {
			var event string
			w := deliver(handlerOf(c.kind, &event), delivery(edited(t, c.body, c.member, value)))
			assert.Equal(t, 400, w.Code, "%s %s", c.member, value)
			assert.Contains(t, w.Body.String(), c.want)
			assert.NotContains(t, w.Body.String(), "CANARY")
			assert.Empty(t, event)
		}
	}
	for _, c := range []struct{ kind, body, member string }{
		{"sms", smsReport, "sms_id"}, {"order", orderDone, "orderNo"}, {"order", orderDone, "iccid"},
	} {
		var event string
		w := deliver(handlerOf(c.kind, &event), delivery(edited(t, c.body, c.member, `"null"`)))
		assert.Equal(t, 400, w.Code, c.member)
		assert.Contains(t, w.Body.String(), "member "+c.member+": missing")
	}
}

func TestMembersThatContradictThemselvesAreLeftOut(t *testing.T) {
	t.Parallel()
	for _, c := range eventCases {
		for _, member := range c.optional {
			var want, got string
			require.Equal(t, 200, deliver(handlerOf(c.kind, &want), delivery(edited(t, c.body, member, ""))).Code)
			for _, again := range []string{`"` + member + `":"20770707"`, `"` + strings.ToUpper(member) + `":"20770707"`} {
				body := "{" + again + "," + c.body[1:]
				assert.Equal(t, c.success, deliver(handlerOf(c.kind, &got), delivery(body)).Body.String(), body)
				assert.Equal(t, want, got, body)
				body = c.body[:len(c.body)-1] + "," + again + "}"
				assert.Equal(t, c.success, deliver(handlerOf(c.kind, &got), delivery(body)).Body.String(), body)
				assert.Equal(t, want, got, body)
			}
		}
	}
	for _, member := range []string{"orderNo", "iccid", "orderStatus"} {
		var event string
		w := deliver(handlerOf("order", &event), delivery(`{"`+strings.ToUpper(member)+`":"77",`+orderDone[1:]))
		assert.Equal(t, 400, w.Code)
		assert.Contains(t, w.Body.String(), "stands here a second time, with another value")
	}
}

// What cannot be read may be all that two events differ in.
func TestEventsThatDifferInWhatCannotBeReadAreNotTakenForOne(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ body, member, one, other string }{
		{smsReport, "status", `"DELIVRD"`, `"UNDELIV"`},
		{smsInbox, "recievetime", `"Sunday"`, `"Monday"`},
		{smsInbox, "content", `["` + strings.Repeat("x", 100) + `a"]`, `["` + strings.Repeat("x", 100) + `b"]`},
	} {
		var keys []string
		h := quecloud.NewSMSHandler(func(_ context.Context, e *quecloud.SMSEvent) error {
			keys = append(keys, e.Key())
			return nil
		}, quiet, remembering())
		for _, value := range []string{c.one, c.one, c.other, c.one, c.other} {
			assert.Equal(t, 200, deliver(h, delivery(edited(t, c.body, c.member, value))).Code)
		}
		require.Len(t, keys, 2, c.member)
		assert.NotEqual(t, keys[0], keys[1])
	}
}

func TestTheLogOutlinesWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`"2026-11-01T08:00:00"`: `\"0000-00-00X00:00:00\"`,
		`"Delivered 3/4 到 é"`:   `\"Xxxxxxxxx 0/0 x x\"`,
		`["13800000000","，😀"]`:  `[\"00000000000\",\"??\"]`,
	} {
		var log bytes.Buffer
		var event string
		deliver(handlerOf("sms", &event, quecloud.WithCallbackLogger(slog.New(slog.NewTextHandler(&log, nil)))), delivery(edited(t, smsReport, "status", value)))
		assert.Contains(t, log.String(), `value="`+want+`"`)
	}
}

func TestEventsTextThatIsNotUTF8IsDeliveredByteForByteAndLogged(t *testing.T) {
	t.Parallel()
	const gbk = "\xce\xc2\xb6\xc8" // 温度
	for _, contentType := range []string{"application/json", "application/json;charset=GBK", `application/json; charset="gb18030"`} {
		var got *quecloud.SMSEvent
		var drifts []quecloud.Drift
		var log bytes.Buffer
		h := quecloud.NewSMSHandler(func(_ context.Context, e *quecloud.SMSEvent) error {
			got = e
			return nil
		}, quecloud.WithCallbackDriftHandler(func(d quecloud.Drift) { drifts = append(drifts, d) }),
			quecloud.WithCallbackLogger(slog.New(slog.NewTextHandler(&log, nil))))
		r := delivery(strings.Replace(smsInbox, "温度", gbk, 1))
		r.Header.Set("Content-Type", contentType)
		require.Equal(t, "success", deliver(h, r).Body.String())
		assert.Equal(t, gbk+" 21.5", got.Content)
		assert.Equal(t, []quecloud.Drift{{Method: "sms", Kind: quecloud.DriftNotUTF8, Path: "content", Value: `"` + gbk + ` 21.5"`}}, drifts)
		assert.Contains(t, log.String(), `member=content problem="not UTF-8" value="\"??? 00.0\""`)
	}
	var event string
	got := received(t, strings.Replace(orderDone, "定向", gbk, 1))
	assert.Equal(t, "1G-"+gbk, got.ProductName)
	assert.Equal(t, 400, deliver(handlerOf("sms", &event), delivery(smsInbox[:len(smsInbox)-3]+gbk)).Code, "what is no JSON cannot be passed on")
}

func TestUnknownMembersAndTypesAreReportedAndNotLogged(t *testing.T) {
	t.Parallel()
	var drifts []quecloud.Drift
	var log bytes.Buffer
	var event string
	h := handlerOf("order", &event, quecloud.WithCallbackDriftHandler(func(d quecloud.Drift) { drifts = append(drifts, d) }),
		quecloud.WithCallbackToken("good"), quecloud.WithCallbackLogger(slog.New(slog.NewTextHandler(&log, nil))))
	for _, body := range []string{orderDone, `{"x":[1],` + edited(t, edited(t, orderDone, "orderStatus", `"1"`), "productPrice", `"11"`)[1:]} {
		r := delivery(body)
		r.URL.RawQuery = "token=good"
		require.Equal(t, 200, deliver(h, r).Code)
	}
	assert.ElementsMatch(t, []quecloud.Drift{
		{Method: "order", Kind: quecloud.DriftUnknownMember, Path: "x", Value: "[1]"},
		{Method: "order", Kind: quecloud.DriftWrongType, Path: "orderStatus", Value: `"1"`},
		{Method: "order", Kind: quecloud.DriftWrongType, Path: "productPrice", Value: `"11"`},
	}, drifts)
	assert.Empty(t, log.String())
}

func TestWhatAnEventLeavesOutIsReported(t *testing.T) {
	t.Parallel()
	for _, c := range eventCases {
		for _, member := range c.optional {
			if c.kind == "sms" && slices.Contains([]string{"status", "msg", "content", "recievetime"}, member) {
				continue // which come with one of the types only
			}
			var drifts []quecloud.Drift
			var log bytes.Buffer
			var event string
			h := handlerOf(c.kind, &event, quecloud.WithCallbackDriftHandler(func(d quecloud.Drift) { drifts = append(drifts, d) }),
				quecloud.WithCallbackToken("good"), quecloud.WithCallbackLogger(slog.New(slog.NewTextHandler(&log, nil))))
			r := delivery(edited(t, c.body, member, ""))
			r.URL.RawQuery = "token=good"
			assert.Equal(t, c.success, deliver(h, r).Body.String())
			assert.Equal(t, []quecloud.Drift{{Method: c.kind, Kind: quecloud.DriftMissing, Path: member}}, drifts)
			assert.Empty(t, log.String())
		}
	}
}

func TestRefusedEventsAreReported(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, kind, body string
		want             quecloud.Drift
		log              string
	}{
		{
			name: "a line end in a text", kind: "sms", body: `{"a":"` + strings.Repeat("x", 100) + "\n" + `1","b":"` + strings.Repeat("y", 100) + `"}`,
			want: quecloud.Drift{Kind: quecloud.DriftWrongValue, Value: strings.Repeat("x", 32) + "\n" + `1","b":"` + strings.Repeat("y", 23)},
			log:  `xx\n0\",\"x\":\"x`,
		},
		{
			name: "truncated", kind: "order", body: `{"a":"CANARY","b":"` + strings.Repeat("y", 100),
			want: quecloud.Drift{Kind: quecloud.DriftWrongValue, Value: strings.Repeat("y", 64)}, log: "value=xxxx",
		},
		{
			name: "no object", kind: "sms", body: `["CANARY"]`,
			want: quecloud.Drift{Kind: quecloud.DriftWrongValue, Value: `["CANARY"]`}, log: `[\"XXXXXX\"]`,
		},
		{
			name: "a missing member", kind: "order", body: `{"orderNo":"1","orderStatus":1}`,
			want: quecloud.Drift{Kind: quecloud.DriftMissing, Path: "iccid"},
		},
		{
			name: "a required member of no use", kind: "sms", body: `{"type":["CANARY"]}`,
			want: quecloud.Drift{Kind: quecloud.DriftWrongValue, Path: "type", Value: `["CANARY"]`}, log: `member=type problem="wrong value" value="[\"XXXXXX\"]"`,
		},
		{
			name: "a contradiction", kind: "order", body: withStatus(`"orderStatus":1,"orderStatusDesc":"订单失败"`),
			want: quecloud.Drift{Kind: quecloud.DriftWrongValue, Path: "orderStatusDesc", Value: "订单失败"}, log: "value=xxxx",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var drifts []quecloud.Drift
			var log bytes.Buffer
			var event string
			h := handlerOf(c.kind, &event, quecloud.WithCallbackDriftHandler(func(d quecloud.Drift) { drifts = append(drifts, d) }),
				quecloud.WithCallbackLogger(slog.New(slog.NewTextHandler(&log, nil))))
			assert.Equal(t, 400, deliver(h, delivery(c.body)).Code)
			c.want.Method = c.kind
			assert.Contains(t, drifts, c.want)
			assert.Contains(t, log.String(), c.log)
			assert.NotContains(t, log.String(), "CANARY")
		})
	}
}

func TestOneDeliveryReportsOnlySoManyMembers(t *testing.T) {
	t.Parallel()
	drifts := 0
	var log bytes.Buffer
	var event string
	h := handlerOf("sms", &event, quecloud.WithCallbackDriftHandler(func(quecloud.Drift) { drifts++ }),
		quecloud.WithCallbackLogger(slog.New(slog.NewTextHandler(&log, nil))))
	log.Reset()
	deliver(h, delivery(`{`+strings.Repeat(`"status":{},`, 1000)+smsReport[1:]))
	assert.Equal(t, 32, drifts)
	assert.Equal(t, 32, strings.Count(log.String(), "level=WARN"))
	log.Reset()
	assert.Equal(t, 400, deliver(h, delivery(`{`+strings.Repeat(`"status":{},`, 1000)+`"type":[]}`)).Code)
	assert.Contains(t, log.String(), "member=type", "what it is refused for is reported all the same")
}

func TestDriftHandlersThatPanicLoseNoEvent(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var event string
	h := handlerOf("sms", &event, quecloud.WithCallbackDriftHandler(func(quecloud.Drift) { panic("boom") }),
		quecloud.WithCallbackLogger(slog.New(slog.NewTextHandler(&log, nil))))
	var w *httptest.ResponseRecorder
	require.NotPanics(t, func() { w = deliver(h, delivery(edited(t, smsReport, "status", `"DELIVRD"`))) })
	assert.Equal(t, "success", w.Body.String())
	assert.Contains(t, log.String(), "panic: boom")
	assert.Contains(t, panicText(func() { quecloud.NewSMSHandler(noSMS, quecloud.WithCallbackDriftHandler(nil)) }),
		"NewSMSHandler: WithCallbackDriftHandler: the handler is nil")
}
