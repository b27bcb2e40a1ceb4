package quecloud_test

import (
	"context"

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
