package quecloud_test

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// An invalidCall makes a call and returns its result.
type invalidCall = func(context.Context, *quecloud.Client) (any, error)

// A badInput is a call that must fail with a ParamError for the method and the parameter before anything is sent.
type badInput struct {
	name   string
	call   invalidCall
	method string // without fc.function.
	param  string
}

var (
	card  = quecloud.ICCID(iccid1)
	cards = quecloud.ICCIDs(iccid1)
)

func TestFormRejectsInvalidInput(t *testing.T) {
	t.Parallel()
	for _, tt := range badInputs() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			selftest.CheckNotSent(t, tt.call, "fc.function."+tt.method, tt.param)
		})
	}
}

func badInputs() []badInput {
	var all []badInput
	all = append(all, badListings()...)
	all = append(all, badOrders()...)
	all = append(all, badAlarms()...)
	return append(all, badOthers()...)
}

func badListings() []badInput {
	type (
		cardParams  = quecloud.CardListParams
		monthParams = quecloud.MonthListParams
		logParams   = quecloud.SMSLogParams
		yearMonth   = quecloud.Month
	)
	day, october := selftest.Day, selftest.October2020
	list := func(p cardParams) invalidCall {
		return func(ctx context.Context, c *quecloud.Client) (any, error) { return c.Cards.List(ctx, &p) }
	}
	month := func(p *monthParams) invalidCall {
		return func(ctx context.Context, c *quecloud.Client) (any, error) { return c.Flow.ListMonth(ctx, p) }
	}
	voice := func(p *monthParams) invalidCall {
		return func(ctx context.Context, c *quecloud.Client) (any, error) {
			return c.Flow.ListVoiceMonth(ctx, p)
		}
	}
	log := func(p *logParams) invalidCall {
		return func(ctx context.Context, c *quecloud.Client) (any, error) { return c.SMS.ListLog(ctx, p) }
	}
	return []badInput{
		{"cards, page -1", list(cardParams{PageNo: -1}), "card.list", "pageNo"},
		{"cards, page size -1", list(cardParams{PageSize: -1}), "card.list", "pageSize"},
		{"cards, page size 1001", list(cardParams{PageSize: 1001}), "card.list", "pageSize"},
		{"cards, group -1", list(cardParams{BillingID: -1}), "card.list", "billingid"},
		{"cards, no such day to begin with", list(cardParams{AllotFrom: day(2023, 2, 29)}), "card.list", "allotDateStart"},
		{"cards, no such day to end with", list(cardParams{AllotTo: day(2023, 13, 1)}), "card.list", "allotDateEnd"},
		{"cards, activated from day 0", list(cardParams{ActiveFrom: day(2023, 1, 0)}), "card.list", "activeDateStart"},
		{"cards, activated to year 10000", list(cardParams{ActiveTo: day(10000, 1, 1)}), "card.list", "activeDateEnd"},
		{"cards, expiring from month 0", list(cardParams{ExpireFrom: day(2023, 0, 1)}), "card.list", "expireDateStart"},
		{"cards, expiring to year -1", list(cardParams{ExpireTo: day(-1, 1, 1)}), "card.list", "expireDateEnd"},
		{
			"cards, allotted backwards", list(cardParams{AllotFrom: day(2023, 2, 2), AllotTo: day(2023, 2, 1)}), "card.list",
			"allotDateEnd",
		},
		{
			"cards, activated backwards", list(cardParams{ActiveFrom: day(2023, 2, 2), ActiveTo: day(2023, 1, 3)}), "card.list",
			"activeDateEnd",
		},
		{
			"cards, expiring backwards", list(cardParams{ExpireFrom: day(2023, 2, 2), ExpireTo: day(2022, 3, 3)}), "card.list",
			"expireDateEnd",
		},

		{"month, nil", month(nil), "monthflow.list", "month"},
		{"month, none", month(&monthParams{PageNo: 1}), "monthflow.list", "month"},
		{"month 13", month(&monthParams{Month: yearMonth{Year: 2024, Month: 13}}), "monthflow.list", "month"},
		{"month 0", month(&monthParams{Month: yearMonth{Year: 2024}}), "monthflow.list", "month"},
		{"month of year 0", month(&monthParams{Month: yearMonth{Month: 1}}), "monthflow.list", "month"},
		{"month of year 10000", month(&monthParams{Month: yearMonth{Year: 10000, Month: 1}}), "monthflow.list", "month"},
		{"month, page -1", month(&monthParams{Month: october, PageNo: -1}), "monthflow.list", "pageNo"},
		{"month, page size 1001", month(&monthParams{Month: october, PageSize: 1001}), "monthflow.list", "pageSize"},
		{"voice, nil", voice(nil), "voice.monthflow.list", "month"},
		{"voice, page -1", voice(&monthParams{Month: october, PageNo: -1}), "voice.monthflow.list", "pageNo"},
		{"voice, page size 1001", voice(&monthParams{Month: october, PageSize: 1001}), "voice.monthflow.list", "pageSize"},
		{"log, nil", log(nil), "sms.sendlog", "dateStr"},
		{"log, month 13", log(&logParams{Month: yearMonth{Year: 2024, Month: 13}}), "sms.sendlog", "dateStr"},
		{"log, page -1", log(&logParams{Month: october, PageNo: -1}), "sms.sendlog", "pageNo"},
		{"log, page size 1001", log(&logParams{Month: october, PageSize: 1001}), "sms.sendlog", "pageSize"},
	}
}

func badOrders() []badInput {
	topUp := func(change func(*quecloud.RechargeParams)) invalidCall {
		params := selftest.Recharge
		change(&params)
		return func(ctx context.Context, c *quecloud.Client) (any, error) { return c.Orders.Recharge(ctx, &params) }
	}
	extend := func(change func(*quecloud.RenewalParams)) invalidCall {
		params := selftest.Renewal
		change(&params)
		return func(ctx context.Context, c *quecloud.Client) (any, error) { return c.Orders.Renew(ctx, &params) }
	}
	return []badInput{
		{
			"recharge, nil", func(ctx context.Context, c *quecloud.Client) (any, error) { return c.Orders.Recharge(ctx, nil) },
			"card.recharge", "params",
		},
		{
			"recharge, no card", topUp(func(p *quecloud.RechargeParams) { p.Card = quecloud.CardID{} }), "card.recharge",
			"iccid",
		},
		{
			"recharge, an MSISDN", topUp(func(p *quecloud.RechargeParams) { p.Card = quecloud.ICCID(msisdn1) }), "card.recharge",
			"iccid",
		},
		{
			"recharge, two cards",
			topUp(func(p *quecloud.RechargeParams) { p.Card = quecloud.ICCID(iccid1 + "," + iccid2) }), "card.recharge", "iccid",
		},
		{"recharge, product 0", topUp(func(p *quecloud.RechargeParams) { p.ProductID = 0 }), "card.recharge", "productId"},
		{"recharge, product -1", topUp(func(p *quecloud.RechargeParams) { p.ProductID = -1 }), "card.recharge", "productId"},
		{
			"recharge, no product name", topUp(func(p *quecloud.RechargeParams) { p.ProductName = "" }), "card.recharge",
			"productName",
		},
		{
			"recharge, remark of 201", topUp(func(p *quecloud.RechargeParams) { p.Remark = strings.Repeat("注", 201) }),
			"card.recharge", "remark",
		},
		{
			"recharge, externalId of 101", topUp(func(p *quecloud.RechargeParams) { p.ExternalID = strings.Repeat("号", 101) }),
			"card.recharge", "externalId",
		},
		{
			"recharge, externalId of broken text", topUp(func(p *quecloud.RechargeParams) { p.ExternalID = "a\xff" }),
			"card.recharge", "externalId",
		},
		{
			"renewal, nil", func(ctx context.Context, c *quecloud.Client) (any, error) { return c.Orders.Renew(ctx, nil) },
			"card.renewal", "params",
		},
		{"renewal, no card", extend(func(p *quecloud.RenewalParams) { p.Card = quecloud.CardID{} }), "card.renewal", "iccid"},
		{"renewal, product -1", extend(func(p *quecloud.RenewalParams) { p.ProductID = -1 }), "card.renewal", "productId"},
		{"renewal, 0 years", extend(func(p *quecloud.RenewalParams) { p.Years, p.Months = 0, 0 }), "card.renewal", "cycle"},
		{"renewal, -1 years", extend(func(p *quecloud.RenewalParams) { p.Years = -1 }), "card.renewal", "cycle"},
		{"renewal, 13 months", extend(func(p *quecloud.RenewalParams) { p.Months = 13 }), "card.renewal", "months"},
		{"renewal, -1 months", extend(func(p *quecloud.RenewalParams) { p.Months = -1 }), "card.renewal", "months"},
		{"renewal, months and two years", extend(func(p *quecloud.RenewalParams) { p.Years = 2 }), "card.renewal", "months"},
		{
			"renewal, a month and two years", extend(func(p *quecloud.RenewalParams) { p.Years, p.Months = 2, 1 }),
			"card.renewal", "months",
		},
		{
			"renewal, remark of 201", extend(func(p *quecloud.RenewalParams) { p.Remark = strings.Repeat("注", 201) }),
			"card.renewal", "remark",
		},
		{
			"renewal, externalId of 101", extend(func(p *quecloud.RenewalParams) { p.ExternalID = strings.Repeat("号", 101) }),
			"card.renewal", "externalId",
		},
		{
			"order, none", func(ctx context.Context, c *quecloud.Client) (any, error) { return c.Orders.Get(ctx, "") },
			"order.details", "orderNo",
		},
	}
}

func badAlarms() []badInput {
	set := func(s quecloud.AlarmSettings) invalidCall {
		return func(ctx context.Context, c *quecloud.Client) (any, error) {
			return c.Flow.SetAlarm(ctx, cards, &s)
		}
	}
	status := func(p *quecloud.AlarmStatusParams) invalidCall {
		return func(ctx context.Context, c *quecloud.Client) (any, error) {
			return nil, c.Flow.SetAlarmStatus(ctx, card, p)
		}
	}
	type settings = quecloud.AlarmSettings
	const method, param = "card.alarm", "alarmParam"
	return []badInput{
		{"alarm, nil", func(ctx context.Context, c *quecloud.Client) (any, error) {
			return c.Flow.SetAlarm(ctx, cards, nil)
		}, method, param},
		{"alarm, threshold NaN", set(settings{Threshold1: math.NaN()}), method, param},
		{"alarm, threshold without end", set(settings{Threshold2: math.Inf(1)}), method, param},
		{"alarm, threshold -1", set(settings{Threshold3: -1}), method, param},
		{"alarm, pause NaN", set(settings{PauseThreshold: math.NaN()}), method, param},
		{"alarm, pause -0.1", set(settings{PauseThreshold: -0.1}), method, param},
		{"alarm on, no threshold", set(settings{AlarmOn: true, PauseThreshold: 5}), method, param},
		{"pause on, no threshold", set(settings{PauseOn: true, Threshold1: 5}), method, param},
		{"alarm, e-mail without @", set(settings{NotifyEmails: []string{"a@example.com", "b"}}), method, param},
		{"alarm, empty e-mail", set(settings{NotifyEmails: []string{""}}), method, param},
		{"alarm, two e-mails in one", set(settings{NotifyEmails: []string{"a@example.com,b@example.com"}}), method, param},
		{
			"alarm, e-mails joined as in responses", set(settings{NotifyEmails: []string{"a@example.com;b@example.com"}}),
			method, param,
		},
		{"alarm, e-mail with a space", set(settings{NotifyEmails: []string{"a @example.com"}}), method, param},
		{"alarm, e-mail with a line break", set(settings{NotifyEmails: []string{"a@example.com\n"}}), method, param},
		{"alarm status, nil", status(nil), "card.alarm.status", "alarmStatus"},
		{"alarm status, nothing", status(&quecloud.AlarmStatusParams{}), "card.alarm.status", "alarmStatus"},
		{"alarm status, no such switch", status(&quecloud.AlarmStatusParams{Alarm: 3}), "card.alarm.status", "alarmStatus"},
		{"pause status, no such switch", status(&quecloud.AlarmStatusParams{Pause: 255}), "card.alarm.status", "pauseStatus"},
	}
}

func badOthers() []badInput {
	send := func(p *quecloud.SMSSendParams) invalidCall {
		return func(ctx context.Context, c *quecloud.Client) (any, error) { return c.SMS.Send(ctx, p) }
	}
	add := func(numbers ...string) invalidCall {
		return func(ctx context.Context, c *quecloud.Client) (any, error) {
			return nil, c.Cards.AddVoiceWhitelist(ctx, card, numbers...)
		}
	}
	remove := func(numbers ...string) invalidCall {
		return func(ctx context.Context, c *quecloud.Client) (any, error) {
			return nil, c.Cards.DeleteVoiceWhitelist(ctx, card, numbers...)
		}
	}
	type params = quecloud.SMSSendParams
	return []badInput{
		{"SMS, nil", send(nil), "sms.send", "params"},
		{"SMS, no text", send(&params{Cards: cards}), "sms.send", "content"},
		{"SMS, broken text", send(&params{Cards: cards, Content: "\xe9\x87"}), "sms.send", "content"},
		{"SMS, smsId of 51", send(&params{Cards: cards, Content: "a", SMSID: strings.Repeat("号", 51)}), "sms.send", "smsId"},

		{"whitelist, none to add", add(), "card.voice.addwhitelist", "voiceWhiteList"},
		{"whitelist, 6 to add", add("1", "2", "3", "4", "5", "6"), "card.voice.addwhitelist", "voiceWhiteList"},
		{"whitelist, empty", add("1", ""), "card.voice.addwhitelist", "voiceWhiteList"},
		{"whitelist, two in one", add("1_2"), "card.voice.addwhitelist", "voiceWhiteList"},
		{"whitelist, an ICCID", add(iccid1), "card.voice.addwhitelist", "voiceWhiteList"},
		{"whitelist, none to delete", remove(), "card.voice.delwhitelist", "voiceWhiteList"},
		{"whitelist, 3 to delete", remove("1", "2", "3"), "card.voice.delwhitelist", "voiceWhiteList"},
		{"whitelist, a letter", remove("a"), "card.voice.delwhitelist", "voiceWhiteList"},

		{"group 0", func(ctx context.Context, c *quecloud.Client) (any, error) {
			return c.Billing.GroupStatistics(ctx, 0)
		}, "billing_group.statistics", "id"},
		{"group -1", func(ctx context.Context, c *quecloud.Client) (any, error) {
			return c.Billing.GroupTreeStatistics(ctx, -1)
		}, "billing_groups.statistics", "id"},
		{
			"task 0", func(ctx context.Context, c *quecloud.Client) (any, error) { return c.Files.Status(ctx, 0) },
			"file.status", "taskId",
		},
		{"file of task -1", func(ctx context.Context, c *quecloud.Client) (any, error) {
			return c.Files.Download(ctx, -1, new(bytes.Buffer))
		}, "file.down", "taskId"},
		{"no writer", func(ctx context.Context, c *quecloud.Client) (any, error) {
			return c.Files.Download(ctx, 1, nil)
		}, "file.down", "w"},
		{"no writer for the latest", func(ctx context.Context, c *quecloud.Client) (any, error) {
			return c.Files.DownloadLatest(ctx, nil)
		}, "file.last.down", "w"},

		{"days, no month", func(ctx context.Context, c *quecloud.Client) (any, error) {
			return c.Flow.Days(ctx, card, quecloud.Month{})
		}, "dayflow.list", "month"},
		{"voice days, month 13", func(ctx context.Context, c *quecloud.Client) (any, error) {
			return c.Flow.VoiceDays(ctx, card, quecloud.Month{Year: 2024, Month: 13})
		}, "voice.dayflow.list", "month"},
		{"flow, no month", func(ctx context.Context, c *quecloud.Client) (any, error) {
			return c.Flow.Month(ctx, card, quecloud.Month{})
		}, "card.monthflow", "month"},
		{"flow of many, month -1", func(ctx context.Context, c *quecloud.Client) (any, error) {
			return c.Flow.MonthBatch(ctx, cards, quecloud.Month{Year: 2024, Month: -1})
		}, "cards.monthflow", "month"},
		{"count, no month", func(ctx context.Context, c *quecloud.Client) (any, error) {
			return c.SMS.MonthCount(ctx, quecloud.Month{})
		}, "sms.monthcount", "dateStr"},
	}
}
