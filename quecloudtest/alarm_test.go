package quecloudtest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestAlarmIsStoredAndReturned(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	id := quecloud.MSISDN("1064800000000")
	none, err := client.Flow.Alarm(t.Context(), id)
	must(t, err)
	if none.AlarmID != 0 {
		t.Errorf("a card without an alarm has %+v", none)
	}
	_, err = client.Flow.SetAlarm(t.Context(), quecloud.MSISDNs(id.String()), &quecloud.AlarmSettings{
		NotifyEmails: []string{"a@example.com", "b@example.com"}, Threshold1: 512, Threshold2: 768.5, AlarmOn: true,
		PauseThreshold: 1000, PauseOn: true,
	})
	must(t, err)
	srv.Advance(time.Minute)
	must(t, client.Flow.SetAlarmStatus(t.Context(), id, &quecloud.AlarmStatusParams{Alarm: quecloud.Off}))
	got, err := client.Flow.Alarm(t.Context(), id)
	must(t, err)
	want := quecloud.Alarm{
		AlarmID: 1, MSISDN: id.String(), NotifyEmails: []string{"a@example.com", "b@example.com"},
		Threshold1: 512, Threshold2: 768.5,
		PauseThreshold: 1000, PauseOn: true,
	}
	if !slices.Equal(got.NotifyEmails, want.NotifyEmails) || !got.CreatedAt.Equal(noon) ||
		!got.UpdatedAt.Equal(noon.Add(time.Minute)) {
		t.Errorf("got %+v", got)
	}
	if got.AlarmID != want.AlarmID || got.Threshold1 != want.Threshold1 || got.Threshold2 != want.Threshold2 ||
		got.Threshold3 != 0 || got.AlarmOn || got.PauseThreshold != want.PauseThreshold || !got.PauseOn {
		t.Errorf("got %+v, want %+v", got, want)
	}
	body := newForeign(t, srv).call("card.alarm.get", "msisdn", id.String()).body
	if !strings.Contains(body, "a@example.com;b@example.com") {
		t.Errorf("the addresses are not joined by a semicolon: %s", body)
	}
}

func TestAlarmPartialSuccess(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	result, err := client.Flow.SetAlarm(t.Context(), quecloud.MSISDNs("1064800000000", "1"),
		&quecloud.AlarmSettings{Threshold1: 1, AlarmOn: true})
	if !errors.Is(err, quecloud.ErrPartial) || !slices.Equal(result.Succeeded, []string{"1064800000000"}) {
		t.Errorf("got %+v and %v", result, err)
	}
	if card(t, srv, "1064800000000").Alarm == nil {
		t.Error("the alarm of our card was not set")
	}
	_, err = client.Flow.SetAlarm(t.Context(), quecloud.MSISDNs("1", "2"),
		&quecloud.AlarmSettings{Threshold1: 1, AlarmOn: true})
	wantRefused(t, err, "an alarm for no card of ours")
}

func TestAlarmThresholdSuspendsOnceAMonth(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	number := srv.AddCard(quecloudtest.Card{Alarm: &quecloudtest.Alarm{PauseThreshold: 20, PauseEnabled: true}}).ICCID
	status := func() string { return card(t, srv, number).Status + card(t, srv, number).PauseReason }
	tripped := quecloudtest.StatusSuspended + quecloudtest.ReasonThreshold
	srv.SetUsage(number, "2026-03-10", 19.999)
	if s := status(); s != quecloudtest.StatusNormal {
		t.Errorf("below the threshold the card is %s", s)
	}
	srv.SetUsage(number, "2026-03-10", 20)
	if s := status(); s != tripped {
		t.Errorf("at the threshold the card is %s", s)
	}
	must(t, client.Cards.Resume(t.Context(), quecloud.ICCID(number)))
	srv.SetUsage(number, "2026-03-10", 25)
	if s := status(); s != quecloudtest.StatusNormal {
		t.Errorf("resumed in the same month the card is %s", s)
	}
	srv.SetUsage(number, "2026-04-02", 21)
	srv.Advance(22 * 24 * time.Hour)
	if s := status(); s != quecloudtest.StatusNormal {
		t.Errorf("on the first of the next month the card is %s", s)
	}
	srv.Advance(10 * 24 * time.Hour)
	if s := status(); s != tripped {
		t.Errorf("after crossing in the next month the card is %s", s)
	}
}

func TestAlarmThresholdOffDoesNothing(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	number := srv.AddCard(quecloudtest.Card{Alarm: &quecloudtest.Alarm{PauseThreshold: 20}}).ICCID
	srv.SetUsage(number, "2026-03-10", 21)
	if s := card(t, srv, number).Status; s != quecloudtest.StatusNormal {
		t.Errorf("the card is %s", s)
	}
	params := &quecloud.AlarmStatusParams{Pause: quecloud.On}
	must(t, client.Flow.SetAlarmStatus(t.Context(), quecloud.ICCID(number), params))
	if r := card(t, srv, number).PauseReason; r != quecloudtest.ReasonThreshold {
		t.Errorf("switched on, the reason is %q", r)
	}
}

func TestAlarmInvalidParam(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	client := newForeign(t, srv)
	client.unsigned = []string{"alarmParam", "alarmStatus", "pauseStatus"}
	for param, reason := range map[string]string{
		"x":                           "第1个字节处不是合法的JSON",
		`{"alarmstatus":1,}`:          "第18个字节处不是合法的JSON",
		"[]":                          "应为一个JSON对象",
		"null":                        "应为一个JSON对象",
		`{} {}`:                       "应为一个JSON对象",
		`{"alarmstatus":2}`:           "alarmstatus应为0或1，实际为2",
		`{"pausestatus":"on"}`:        "pausestatus应为0或1，实际为on",
		`{"alarmthreshold1":"x"}`:     "alarmthreshold1应为0到1000000000000的数，实际为x",
		`{"alarmthreshold3":-1}`:      "alarmthreshold3应为0到1000000000000的数，实际为-1",
		`{"pauseflowthreshold":1e13}`: "pauseflowthreshold应为",
		`{"pauseflowthreshold":true}`: "实际为true",
		`{"notifyemails":["a@b.c"]}`:  "notifyemails应为文本",
		`{"x":1}`:                     "x不是alarmParam的成员",
	} {
		res := client.call("card.alarm", "msisdn", "1064800000000", "alarmParam", param)
		message, _ := res.json["errorMessage"].(string)
		if res.code() != 1.0 || !strings.HasPrefix(message, "参数格式错误：alarmParam（") || !strings.Contains(message, reason) {
			t.Errorf("%s: got %s, want %s", param, res.body, reason)
		}
	}
	for _, param := range []string{`{"notifyemails":null}`, `{"AlarmStatus":"1","alarmthreshold1":""}`, "{}"} {
		if res := client.call("card.alarm", "msisdn", "1064800000000", "alarmParam", param); res.code() != 0.0 {
			t.Errorf("%s: got %s", param, res.body)
		}
	}
	srv.UpdateCard("1064800000000", func(c *quecloudtest.Card) { c.Alarm = nil })
	if res := client.call("card.alarm.status", "msisdn", "1064800000000"); res.code() != 1.0 {
		t.Errorf("neither status: got %s", res.body)
	}
	if res := client.call("card.alarm.status", "msisdn", "1064800000000", "alarmStatus", "1"); res.code() != 1.0 {
		t.Errorf("status of no alarm: got %s", res.body)
	}
}

func TestAlarmThresholdIsCheckedOnEveryDay(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	number := srv.AddCard(quecloudtest.Card{Alarm: &quecloudtest.Alarm{PauseThreshold: 20, PauseEnabled: true}}).ICCID
	srv.SetUsage(number, "2026-04-02", 21)
	srv.Advance(60 * 24 * time.Hour) // past April in one go
	if r := card(t, srv, number).PauseReason; r != quecloudtest.ReasonThreshold {
		t.Errorf("after a month in which it crossed its threshold the reason is %q", r)
	}
}

func TestAlarmThresholdSparesTheTestPeriod(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	added := srv.AddCard(quecloudtest.Card{
		Status: quecloudtest.StatusTestNormal, Alarm: &quecloudtest.Alarm{PauseThreshold: 20, PauseEnabled: true},
	})
	srv.SetUsage(added.ICCID, "2026-03-10", 21)
	if c := card(t, srv, added.ICCID); c.Status != quecloudtest.StatusTestNormal {
		t.Errorf("the card is %s %s", c.Status, c.PauseReason)
	}
	must(t, client.Cards.Activate(t.Context(), added.ID()))
	srv.SetUsage(added.ICCID, "2026-03-10", 22)
	if c := card(t, srv, added.ICCID); c.PauseReason != quecloudtest.ReasonThreshold {
		t.Errorf("activated, the card is %s %s", c.Status, c.PauseReason)
	}
}

func TestAlarmReplacesAllSettings(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	mobile, unicom := srv.AddCard(quecloudtest.Card{}), srv.AddCard(quecloudtest.Card{BillingID: 20})
	for _, settings := range []quecloud.AlarmSettings{
		{NotifyEmails: []string{"a@example.com"}, Threshold1: 512, AlarmOn: true, PauseThreshold: 1000, PauseOn: true},
		{Threshold2: 768, AlarmOn: true},
	} {
		_, err := client.Flow.SetAlarm(t.Context(), quecloud.ICCIDs(mobile.ICCID, unicom.ICCID), &settings)
		must(t, err)
	}
	for _, added := range []quecloudtest.Card{mobile, unicom} {
		a := card(t, srv, added.ICCID).Alarm
		if len(a.Emails) != 0 || a.Thresholds != [3]float64{0, 768, 0} || !a.Enabled || a.PauseThreshold != 0 ||
			a.PauseEnabled {
			t.Errorf("the alarm is %+v", a)
		}
	}
	body := newForeign(t, srv).call("card.alarm.get", "iccid", mobile.ICCID).body
	if !strings.Contains(body, `"alarmthreshold2":"768"`) || strings.Contains(body, "alarmthreshold1") ||
		strings.Contains(body, "pauseflowthreshold") {
		t.Errorf("the response has settings that are not set: %s", body)
	}
}

func TestAlarmOfCardWithoutOneIsEmpty(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	res := newForeign(t, srv).call("card.alarm.get", "msisdn", "1064800000000")
	if !strings.Contains(res.body, `"alarmInfo":{}`) {
		t.Errorf("got %s", res.body)
	}
}

func TestAlarmIsCopied(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	emails := []string{"a@b.c"}
	number := srv.AddCard(quecloudtest.Card{Alarm: &quecloudtest.Alarm{Emails: emails}}).ICCID
	emails[0] = "changed"
	card(t, srv, number).Alarm.Emails[0] = "changed"
	if got := card(t, srv, number).Alarm.Emails[0]; got != "a@b.c" {
		t.Errorf("the server's own is %s", got)
	}
	srv.UpdateCard(number, func(c *quecloudtest.Card) { c.Alarm.Emails[0] = "new@b.c" })
	if got := card(t, srv, number).Alarm.Emails[0]; got != "new@b.c" {
		t.Errorf("changed by UpdateCard it is %s", got)
	}
}
