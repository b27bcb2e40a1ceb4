package quecloud_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

var october2020 = quecloud.Month{Year: 2020, Month: 10}

// fullAlarm sets everything that an alarm has.
var fullAlarm = quecloud.AlarmSettings{
	NotifyEmails: []string{"123@example.com", "234@example.com"},
	Threshold1:   1024, Threshold2: 10240.5, Threshold3: 20480, AlarmOn: true, PauseThreshold: 20480, PauseOn: true,
}

const fullAlarmText = `{"notifyemails":"123@example.com,234@example.com","alarmthreshold1":"1024","alarmthreshold2":"10240.5",` +
	`"alarmthreshold3":"20480","alarmstatus":1,"pauseflowthreshold":20480,"pausestatus":1}`

func TestAPartialAlarmGivesBothTheCardsThatWereSetAndTheRefusal(t *testing.T) {
	t.Parallel()
	client := newPlatform(answerFile(t, "card.alarm.partial.json")).client(t)
	set, err := client.Flow.SetAlarm(t.Context(), quecloud.MSISDNs(msisdn1, msisdn2, msisdn3), &fullAlarm)

	require.NotNil(t, set)
	assert.Equal(t, []string{msisdn1, msisdn2}, set.Succeeded)
	require.ErrorIs(t, err, quecloud.ErrPartial)
	var refused *quecloud.APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, &quecloud.APIError{Method: "fc.function.card.alarm", Subject: "1064991300001 and 2 more", Code: 1, HTTPStatus: 200}, refused)
	assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	assert.ErrorContains(t, err, "1 of 3 cards failed: "+msisdn3)
}

func TestAnAlarmThatWasSetForNoCardIsOnlyARefusal(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{`{"resultCode":1}`, `{"resultCode":1,"success":[]}`, `{"resultCode":1,"success":null}`} {
		set, err := newPlatform(answerText(answer)).client(t).Flow.SetAlarm(t.Context(), quecloud.MSISDNs(msisdn1), &fullAlarm)
		assert.Nil(t, set, answer)
		assert.ErrorAs(t, err, new(*quecloud.APIError), answer)
		assert.NotErrorIs(t, err, quecloud.ErrPartial, answer)
	}
}

// The caller's own list must not be what the result holds: changing one would change the other.
func TestTheResultOfAnAlarmIsACopy(t *testing.T) {
	t.Parallel()
	numbers := []string{msisdn1, msisdn2}
	set, err := newPlatform(answerFile(t, "card.alarm.json")).client(t).Flow.SetAlarm(t.Context(), quecloud.MSISDNs(numbers...), &fullAlarm)
	require.NoError(t, err)
	numbers[0] = "changed"
	assert.Equal(t, []string{msisdn1, msisdn2}, set.Succeeded)
}
