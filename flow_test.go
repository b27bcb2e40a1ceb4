package quecloud_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestFlowAlarmForSomeCardsReturnsAResultAndTheRefusal(t *testing.T) {
	t.Parallel()
	client := selftest.FilePlatform(t, "card.alarm.partial.json").Client(t)
	three := quecloud.MSISDNs(selftest.MSISDN1, selftest.MSISDN2, selftest.MSISDN3)
	set, err := client.Flow.SetAlarm(t.Context(), three, &selftest.FullAlarm)

	require.NotNil(t, set)
	assert.Equal(t, []string{selftest.MSISDN1, selftest.MSISDN2}, set.Succeeded)
	require.ErrorIs(t, err, quecloud.ErrPartial)
	var refused *quecloud.APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, &quecloud.APIError{
		Method: "fc.function.card.alarm", Subject: "1064991300001 and 2 more", Code: 1, HTTPStatus: 200,
	}, refused)
	assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	assert.ErrorContains(t, err, "1 of 3 cards failed: "+selftest.MSISDN3)
}

func TestFlowAlarmForNoCardIsOnlyARefusal(t *testing.T) {
	t.Parallel()
	one := quecloud.MSISDNs(selftest.MSISDN1)
	for _, response := range []string{
		`{"resultCode":1}`, `{"resultCode":1,"success":[]}`, `{"resultCode":1,"success":null}`,
	} {
		set, err := selftest.TextPlatform(response).Client(t).Flow.SetAlarm(t.Context(), one, &selftest.FullAlarm)
		assert.Nil(t, set, response)
		assert.ErrorAs(t, err, new(*quecloud.APIError), response)
		assert.NotErrorIs(t, err, quecloud.ErrPartial, response)
	}
}

// Changing the caller's list must not change the result.
func TestFlowAlarmResultIsACopy(t *testing.T) {
	t.Parallel()
	numbers := []string{selftest.MSISDN1, selftest.MSISDN2}
	client := selftest.FilePlatform(t, "card.alarm.json").Client(t)
	set, err := client.Flow.SetAlarm(t.Context(), quecloud.MSISDNs(numbers...), &selftest.FullAlarm)
	require.NoError(t, err)
	numbers[0] = "changed"
	assert.Equal(t, []string{selftest.MSISDN1, selftest.MSISDN2}, set.Succeeded)
}

func TestFlowAlarmAccountsForEveryCard(t *testing.T) {
	t.Parallel()
	m1, m2 := selftest.MSISDN1, selftest.MSISDN2
	two, card2 := quecloud.MSISDNs(m1, m2), quecloud.MSISDNs(m2)
	byICCID := quecloud.ICCIDs(selftest.ICCID1, selftest.ICCID2)
	result := func(failed, unaccounted quecloud.CardIDs, succeeded ...string) *quecloud.SetAlarmResult {
		return &quecloud.SetAlarmResult{Succeeded: succeeded, Failed: failed, Unaccounted: unaccounted}
	}
	none := quecloud.CardIDs{}
	for _, tt := range []struct {
		name     string
		cards    quecloud.CardIDs
		response string
		want     batchOutcome
		result   *quecloud.SetAlarmResult
	}{
		{"no list, as documented", two, `{"resultCode":0}`, allDone, result(none, none, m1, m2)},
		{"null", two, `{"resultCode":0,"success":null}`, allDone, result(none, none, m1, m2)},
		{"all listed", two, `{"resultCode":0,"success":["M2","M1"]}`, allDone, result(none, none, m2, m1)},
		{"all listed in a text", two, `{"resultCode":0,"success":"M2,M1"}`, allDone, result(none, none, m2, m1)},
		{"one of two", two, `{"resultCode":0,"success":["M1"]}`, someUnknown, result(none, card2, m1)},
		{"none of two", two, `{"resultCode":0,"success":[]}`, someUnknown, result(none, two, []string{}...)},
		{
			"one of two, refused as documented", two, `{"resultCode":1,"success":["M1"]}`,
			refusedKnown, result(card2, none, m1),
		},
		{
			"one of two as an object", two, `{"resultCode":1,"success":[{"msisdn":"M1"}]}`,
			refusedKnown, result(card2, none, `{"msisdn":"`+m1+`"}`),
		},
		{
			"one of two by its other number", byICCID, `{"resultCode":1,"success":["M1"]}`,
			refusedSomeLeft, result(none, byICCID, m1),
		},
		{
			"one of two, refused in another way", two, `{"resultCode":7,"success":["M1"]}`,
			refusedSomeLeft, result(none, card2, m1),
		},
		{"all of two, refused", two, `{"resultCode":1,"success":["M1","M2"]}`, refusedKnown, result(none, none, m1, m2)},
		{"refused", two, `{"resultCode":1,"success":[]}`, noResult, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client := selftest.TextPlatform(cardTokens.Replace(tt.response)).Client(t)
			got, err := client.Flow.SetAlarm(t.Context(), tt.cards, &selftest.FullAlarm)
			require.Equal(t, tt.want, outcomeOf(got != nil, err), "%v", err)
			assert.Equal(t, tt.want == allDone, err == nil)
			assert.Equal(t, tt.result, got)
		})
	}
}

// An interceptor may respond itself, and its response counts like one of the platform.
func TestFlowAlarmResponseOfAnInterceptorIsAccountedFor(t *testing.T) {
	t.Parallel()
	silent := func(context.Context, *quecloud.CallInfo, func(context.Context) error) error { return nil }
	client := selftest.NewPlatform().Client(t, quecloud.WithInterceptor(silent))
	set, err := client.Flow.SetAlarm(t.Context(), quecloud.MSISDNs("1"), &selftest.FullAlarm)
	require.NoError(t, err)
	assert.Equal(t, []string{"1"}, set.Succeeded)
}

func TestFlowSwitchesHaveNames(t *testing.T) {
	t.Parallel()
	for s, want := range map[quecloud.Switch]string{
		0: "unchanged", quecloud.On: "on", quecloud.Off: "off", 3: "Switch(3)",
	} {
		assert.Equal(t, want, s.String())
	}
}

// SetAlarm replaces all settings, so that changing one starts from those that are set.
func TestFlowAlarmSettingsAreThoseThatWereSet(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewServer()
	t.Cleanup(srv.Close)
	client, card := srv.Client(), quecloud.MSISDN("1064800000000")
	set := func(settings quecloud.AlarmSettings) *quecloud.Alarm {
		_, err := client.Flow.SetAlarm(t.Context(), quecloud.MSISDNs(card.String()), &settings)
		require.NoError(t, err)
		alarm, err := client.Flow.Alarm(t.Context(), card)
		require.NoError(t, err)
		return alarm
	}
	want := quecloud.AlarmSettings{
		NotifyEmails: []string{"a@example.com", "b@example.com"},
		Threshold1:   10, Threshold2: 20.5, Threshold3: 30, AlarmOn: true, PauseThreshold: 40, PauseOn: true,
	}
	alarm := set(want)
	assert.Equal(t, want, alarm.Settings())

	changed := alarm.Settings()
	changed.PauseThreshold = 50
	changed.NotifyEmails[0] = "c@example.com"
	assert.Equal(t, want, alarm.Settings(), "the settings are a copy")
	want.PauseThreshold, want.NotifyEmails = 50, []string{"c@example.com", "b@example.com"}
	assert.Equal(t, want, set(changed).Settings())

	assert.Zero(t, quecloud.Alarm{}.Settings())
	deleted := *alarm
	deleted.Deleted = true
	assert.Zero(t, deleted.Settings())
}
