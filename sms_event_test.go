package quecloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

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
