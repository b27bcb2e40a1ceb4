package selftest

import (
	"context"

	"github.com/quecloud/quecloud-go"
)

var flowCases = []MethodCase{
	{
		Method: "monthflow.list",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.ListMonth(ctx, &quecloud.MonthListParams{Month: October2020, PageNo: 3, PageSize: 20}))
		},
		Form: map[string]string{"month": "202010", "pageNo": "3", "pageSize": "20"},
		Want: &quecloud.MonthFlowList{Page: onePage, Flows: []quecloud.MonthFlowRow{
			{MSISDN: "1064991300001", ICCID: "8986031749203860001"},
			{MSISDN: "1064991300002", ICCID: "8986031749203860002", MonthFlow: 12.345, CycleFlow: 345.678},
		}},
	},
	{
		Method: "dayflow.list",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.Days(ctx, quecloud.MSISDN(MSISDN1), October2020))
		},
		Form: map[string]string{"msisdn": MSISDN1, "month": "202010"},
		Want: []quecloud.DayFlow{{Date: Day(2020, 10, 8), Flow: 0}, {Date: Day(2020, 10, 9), Flow: 12.345}},
	},
	{
		Method: "card.monthflow",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.Month(ctx, quecloud.ICCID(ICCID3), quecloud.Month{Year: 2021, Month: 1}))
		},
		Form: map[string]string{"iccid": ICCID3, "month": "202101"},
		Want: &quecloud.MonthFlow{MonthFlow: 10.08, CycleFlow: 10.08},
	},
	{
		Method: "cards.monthflow",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.MonthBatch(ctx, quecloud.MSISDNs(MSISDN1, MSISDN2), October2020))
		},
		Form: map[string]string{"msisdns": MSISDN1 + "," + MSISDN2, "month": "202010"},
		Want: []quecloud.CardMonthFlow{
			{Number: "1064991300001", MonthFlow: 10.08, CycleFlow: 10.08},
			{Number: "1064991300002", MonthFlow: 12.345, CycleFlow: 345.678},
		},
		Nulls: []quecloud.CardMonthFlow{
			{Number: "1064991300001", MonthFlow: 10.08},
			{Number: "1064991300002", MonthFlow: 12.345},
		},
	},
	{
		Method: "voice.monthflow.list",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.ListVoiceMonth(ctx, &quecloud.MonthListParams{Month: October2020}))
		},
		Form: map[string]string{"month": "202010"},
		Want: &quecloud.VoiceMonthList{Page: onePage, Flows: []quecloud.VoiceMonthRow{
			{MSISDN: "1064991300001", ICCID: "8986031749203860001", Minutes: 8},
			{MSISDN: "1064991300002", ICCID: "8986031749203860002", Minutes: 12},
		}},
	},
	{
		Method: "voice.dayflow.list",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.VoiceDays(ctx, quecloud.ICCID(ICCID1), October2020))
		},
		Form: map[string]string{"iccid": ICCID1, "month": "202010"},
		Want: []quecloud.VoiceDay{{Date: Day(2020, 10, 8), Minutes: 0}, {Date: Day(2020, 10, 9), Minutes: 3}},
	},
	{
		Method: "card.flowpackages",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.Packages(ctx, quecloud.ICCID(ICCID1)))
		},
		Form: map[string]string{"iccid": ICCID1},
		Want: []quecloud.FlowPackage{
			{
				Name: "30M-当月", Size: 30, Type: quecloud.FlowTypePublic,
				Start: CST(2021, 11, 10, 16, 31, 7), End: CST(2021, 11, 30, 23, 59, 59),
			},
			{
				Name: "1G-定向", Size: 1024, Type: quecloud.FlowTypeDirected,
				Start: CST(2021, 11, 12, 9, 5, 0), End: CST(2021, 11, 30, 23, 59, 59),
			},
		},
	},
	{
		Method: "yearmonth.detail",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.YearPackages(ctx, quecloud.MSISDN(MSISDN2)))
		},
		Form: map[string]string{"msisdn": MSISDN2},
		Want: &quecloud.YearPackages{
			MonthFlow: 100.2, UsedFlow: 500.55, TotalFlow: 600, ResidueFlow: 99.45, AllotDate: Day(2020, 9, 28),
			Packages: []quecloud.YearPackage{
				{
					OrderID: "1", Name: "300M/年", UsedFlow: 200.55, TotalFlow: 300,
					Begin: Day(2021, 3, 17), End: Day(2022, 3, 12), Created: Day(2021, 3, 17),
				},
				{
					OrderID: "2", Name: "300M/年-叠加", UsedFlow: 300, TotalFlow: 300,
					Begin: Day(2021, 4, 1), End: Day(2022, 3, 31), Created: Day(2021, 3, 30),
				},
			},
		},
	},
}

var alarmCases = []MethodCase{
	{
		Method: "card.alarm.get",
		Call:   getAlarm,
		Form:   map[string]string{"msisdn": MSISDN3},
		Want: &quecloud.Alarm{
			AlarmID: 5, MSISDN: "1440133250003", NotifyEmails: []string{"test@qq.com", "test2@qq.com"},
			Threshold1: 99998, PauseThreshold: 99999, PauseOn: true,
			CreatedAt: CST(2020, 3, 10, 14, 23, 9), UpdatedAt: CST(2020, 3, 10, 14, 46, 26),
		},
		Nulls: &quecloud.Alarm{},
	},
	{
		Method: "card.alarm.get", Name: "with everything",
		File: "card.alarm.get.full.json",
		Call: getAlarm,
		Form: map[string]string{"msisdn": MSISDN3},
		Want: &quecloud.Alarm{
			AlarmID: 6, MSISDN: "1064991300001", NotifyEmails: []string{"ops@example.com", "noc@example.com"},
			Threshold1: 1024, Threshold2: 10240, Threshold3: 20480, AlarmOn: true, PauseThreshold: 20480, Deleted: true,
			CreatedAt: CST(2020, 3, 10, 14, 23, 9), UpdatedAt: CST(2020, 3, 10, 14, 46, 26),
		},
	},
	{
		Method: "card.alarm",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.SetAlarm(ctx, quecloud.MSISDNs(MSISDN1, MSISDN2), &FullAlarm))
		},
		Form: map[string]string{"msisdn": MSISDN1 + "," + MSISDN2, "alarmParam": fullAlarmText},
		Want: &quecloud.SetAlarmResult{Succeeded: []string{MSISDN1, MSISDN2}},
	},
	{
		Method: "card.alarm", Name: "by ICCID, with the least",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.SetAlarm(ctx, quecloud.ICCIDs(ICCID3), &quecloud.AlarmSettings{}))
		},
		Form: map[string]string{"iccid": ICCID3, "alarmParam": `{"alarmstatus":0,"pausestatus":0}`},
		Want: &quecloud.SetAlarmResult{Succeeded: []string{ICCID3}},
	},
	{
		Method: "card.alarm", Name: "partial",
		File: "card.alarm.partial.json",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return result(c.Flow.SetAlarm(ctx, quecloud.MSISDNs(MSISDN1, MSISDN2, MSISDN3), &FullAlarm))
		},
		Form: map[string]string{"msisdn": MSISDN1 + "," + MSISDN2 + "," + MSISDN3, "alarmParam": fullAlarmText},
		Want: &quecloud.SetAlarmResult{Succeeded: []string{MSISDN1, MSISDN2}, Failed: quecloud.MSISDNs(MSISDN3)},
		Err:  quecloud.ErrPartial,
	},
	{
		Method: "card.alarm.status",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return noResult(c.Flow.SetAlarmStatus(ctx, quecloud.MSISDN(MSISDN1),
				&quecloud.AlarmStatusParams{Alarm: quecloud.On, Pause: quecloud.Off}))
		},
		Form: map[string]string{"msisdn": MSISDN1, "alarmStatus": "1", "pauseStatus": "0"},
	},
	{
		Method: "card.alarm.status", Name: "of one only",
		Call: func(ctx context.Context, c *quecloud.Client) (any, error) {
			return noResult(c.Flow.SetAlarmStatus(ctx, quecloud.ICCID(ICCID1), &quecloud.AlarmStatusParams{Pause: quecloud.On}))
		},
		Form: map[string]string{"iccid": ICCID1, "pauseStatus": "1"},
	},
}

func getAlarm(ctx context.Context, c *quecloud.Client) (any, error) {
	return result(c.Flow.Alarm(ctx, quecloud.MSISDN(MSISDN3)))
}

const fullAlarmText = `{"notifyemails":"123@example.com,234@example.com","alarmthreshold1":"1024",` +
	`"alarmthreshold2":"10240.5","alarmthreshold3":"20480","alarmstatus":1,"pauseflowthreshold":20480,"pausestatus":1}`
