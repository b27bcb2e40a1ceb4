package quecloud_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

var october2020 = quecloud.Month{Year: 2020, Month: 10}

var flowRows = []methodRow{
	{
		method: "monthflow.list",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.ListMonth(ctx, &quecloud.MonthListParams{Month: october2020, PageNo: 3, PageSize: 20}))
		},
		form: map[string]string{"month": "202010", "pageNo": "3", "pageSize": "20"},
		want: &quecloud.MonthFlowList{Page: onePage, Flows: []quecloud.MonthFlowRow{
			{MSISDN: "1064991300001", ICCID: "8986031749203860001"},
			{MSISDN: "1064991300002", ICCID: "8986031749203860002", MonthFlow: 12.345, CycleFlow: 345.678},
		}},
	},
	{
		method: "dayflow.list",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.Days(ctx, quecloud.MSISDN(msisdn1), october2020))
		},
		form: map[string]string{"msisdn": msisdn1, "month": "202010"},
		want: []quecloud.DayFlow{{Date: day(2020, 10, 8), Flow: 0}, {Date: day(2020, 10, 9), Flow: 12.345}},
	},
	{
		method: "card.monthflow",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.Month(ctx, quecloud.ICCID(iccid3), quecloud.Month{Year: 2021, Month: 1}))
		},
		form: map[string]string{"iccid": iccid3, "month": "202101"},
		want: &quecloud.MonthFlow{MonthFlow: 10.08, CycleFlow: 10.08},
	},
	{
		method: "cards.monthflow",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.MonthBatch(ctx, quecloud.MSISDNs(msisdn1, msisdn2), october2020))
		},
		form: map[string]string{"msisdns": msisdn1 + "," + msisdn2, "month": "202010"},
		want: []quecloud.CardMonthFlow{
			{Number: "1064991300001", MonthFlow: 10.08, CycleFlow: 10.08},
			{Number: "1064991300002", MonthFlow: 12.345, CycleFlow: 345.678},
		},
		nulls: []quecloud.CardMonthFlow{
			{Number: "1064991300001", MonthFlow: 10.08},
			{Number: "1064991300002", MonthFlow: 12.345},
		},
	},
	{
		method: "voice.monthflow.list",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.ListVoiceMonth(ctx, &quecloud.MonthListParams{Month: october2020}))
		},
		form: map[string]string{"month": "202010"},
		want: &quecloud.VoiceMonthList{Page: onePage, Flows: []quecloud.VoiceMonthRow{
			{MSISDN: "1064991300001", ICCID: "8986031749203860001", Minutes: 8},
			{MSISDN: "1064991300002", ICCID: "8986031749203860002", Minutes: 12},
		}},
	},
	{
		method: "voice.dayflow.list",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.VoiceDays(ctx, quecloud.ICCID(iccid1), october2020))
		},
		form: map[string]string{"iccid": iccid1, "month": "202010"},
		want: []quecloud.VoiceDay{{Date: day(2020, 10, 8), Minutes: 0}, {Date: day(2020, 10, 9), Minutes: 3}},
	},
	{
		method: "card.flowpackages",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.Packages(ctx, quecloud.ICCID(iccid1)))
		},
		form: map[string]string{"iccid": iccid1},
		want: []quecloud.FlowPackage{
			{
				Name: "30M-当月", Size: 30, Type: quecloud.FlowTypePublic,
				Start: cst(2021, 11, 10, 16, 31, 7), End: cst(2021, 11, 30, 23, 59, 59),
			},
			{
				Name: "1G-定向", Size: 1024, Type: quecloud.FlowTypeDirected,
				Start: cst(2021, 11, 12, 9, 5, 0), End: cst(2021, 11, 30, 23, 59, 59),
			},
		},
	},
	{
		method: "yearmonth.detail",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.YearPackages(ctx, quecloud.MSISDN(msisdn2)))
		},
		form: map[string]string{"msisdn": msisdn2},
		want: &quecloud.YearPackages{
			MonthFlow: 100.2, UsedFlow: 500.55, TotalFlow: 600, ResidueFlow: 99.45, AllotDate: day(2020, 9, 28),
			Packages: []quecloud.YearPackage{
				{
					OrderID: "1", Name: "300M/年", UsedFlow: 200.55, TotalFlow: 300,
					Begin: day(2021, 3, 17), End: day(2022, 3, 12), Created: day(2021, 3, 17),
				},
				{
					OrderID: "2", Name: "300M/年-叠加", UsedFlow: 300, TotalFlow: 300,
					Begin: day(2021, 4, 1), End: day(2022, 3, 31), Created: day(2021, 3, 30),
				},
			},
		},
	},
}

// fullAlarm sets everything that an alarm has.
var fullAlarm = quecloud.AlarmSettings{
	NotifyEmails: []string{"123@example.com", "234@example.com"},
	Threshold1:   1024, Threshold2: 10240.5, Threshold3: 20480, AlarmOn: true, PauseThreshold: 20480, PauseOn: true,
}

const fullAlarmText = `{"notifyemails":"123@example.com,234@example.com","alarmthreshold1":"1024","alarmthreshold2":"10240.5",` +
	`"alarmthreshold3":"20480","alarmstatus":1,"pauseflowthreshold":20480,"pausestatus":1}`

var alarmRows = []methodRow{
	{
		method: "card.alarm.get",
		call:   getAlarm,
		form:   map[string]string{"msisdn": msisdn3},
		want: &quecloud.Alarm{
			AlarmID: 5, MSISDN: "1440133250003", NotifyEmails: []string{"test@qq.com", "test2@qq.com"},
			Threshold1: 99998, PauseThreshold: 99999, PauseOn: true,
			CreatedAt: cst(2020, 3, 10, 14, 23, 9), UpdatedAt: cst(2020, 3, 10, 14, 46, 26),
		},
		nulls: &quecloud.Alarm{},
	},
	{
		method: "card.alarm.get", name: " with everything",
		answer: "card.alarm.get.full.json",
		call:   getAlarm,
		form:   map[string]string{"msisdn": msisdn3},
		want: &quecloud.Alarm{
			AlarmID: 6, MSISDN: "1064991300001", NotifyEmails: []string{"ops@example.com", "noc@example.com"},
			Threshold1: 1024, Threshold2: 10240, Threshold3: 20480, AlarmOn: true, PauseThreshold: 20480, Deleted: true,
			CreatedAt: cst(2020, 3, 10, 14, 23, 9), UpdatedAt: cst(2020, 3, 10, 14, 46, 26),
		},
	},
	{
		method: "card.alarm",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.SetAlarm(ctx, quecloud.MSISDNs(msisdn1, msisdn2), &fullAlarm))
		},
		form: map[string]string{"msisdn": msisdn1 + "," + msisdn2, "alarmParam": fullAlarmText},
		want: &quecloud.SetAlarmResult{Succeeded: []string{msisdn1, msisdn2}},
	},
	{
		method: "card.alarm", name: " by ICCID, with the least",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.SetAlarm(ctx, quecloud.ICCIDs(iccid3), &quecloud.AlarmSettings{}))
		},
		form: map[string]string{"iccid": iccid3, "alarmParam": `{"alarmstatus":0,"pausestatus":0}`},
		want: &quecloud.SetAlarmResult{Succeeded: []string{iccid3}},
	},
	{
		method: "card.alarm", name: " partial",
		answer: "card.alarm.partial.json",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.SetAlarm(ctx, quecloud.MSISDNs(msisdn1, msisdn2, msisdn3), &fullAlarm))
		},
		form: map[string]string{"msisdn": msisdn1 + "," + msisdn2 + "," + msisdn3, "alarmParam": fullAlarmText},
		want: &quecloud.SetAlarmResult{Succeeded: []string{msisdn1, msisdn2}, Failed: quecloud.MSISDNs(msisdn3)}, err: quecloud.ErrPartial,
	},
	{
		method: "card.alarm.status",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return done(c.Flow.SetAlarmStatus(ctx, quecloud.MSISDN(msisdn1),
				&quecloud.AlarmStatusParams{Alarm: quecloud.On, Pause: quecloud.Off}))
		},
		form: map[string]string{"msisdn": msisdn1, "alarmStatus": "1", "pauseStatus": "0"},
	},
	{
		method: "card.alarm.status", name: " of one only",
		call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return done(c.Flow.SetAlarmStatus(ctx, quecloud.ICCID(iccid1), &quecloud.AlarmStatusParams{Pause: quecloud.On}))
		},
		form: map[string]string{"iccid": iccid1, "pauseStatus": "1"},
	},
}

func getAlarm(ctx context.Context, c *quecloud.Client) (any, error) {
	return result(c.Flow.Alarm(ctx, quecloud.MSISDN(msisdn3)))
}

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
