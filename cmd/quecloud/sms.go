package main

import (
	"context"
	"iter"

	"github.com/spf13/pflag"

	"github.com/quecloud/quecloud-go"
)

func smsGroup() group {
	var month, counted quecloud.Month
	return group{
		name: "sms", short: "Send SMS to cards, and read their log",
		specs: []spec{
			smsSend(),
			{
				use: "log", short: "List the SMS that were sent in a month", methods: []string{"sms.sendlog"},
				flags:   monthFlag(&month),
				columns: []string{"sentAt", "msisdn", "status", "content"},
				run: list(func(c *call) iter.Seq2[quecloud.SMSEntry, error] {
					return c.client.SMS.AllLog(c.ctx, &quecloud.SMSLogParams{Month: c.orCurrent(month)})
				}),
			},
			{
				use: "count", short: "Show the number of SMS in a month", methods: []string{"sms.monthcount"},
				flags: monthFlag(&counted),
				run: show(func(c *call) (*quecloud.SMSMonthCount, error) {
					return c.client.SMS.MonthCount(c.ctx, c.orCurrent(counted))
				}),
			},
		},
	}
}

func smsSend() spec {
	var content string
	return spec{
		use: "send CARD… --text TEXT", short: "Send an SMS to cards",
		methods: []string{"sms.send"}, cards: true, bulk: true,
		flags: func(f *pflag.FlagSet, t texts) {
			f.StringVarP(&content, "text", "t", "", t.get("text of the SMS"))
		},
		run: runChange(func(c *call) (bulk, error) {
			if content == "" {
				return bulk{}, usageError{c.texts.get("want --text")}
			}
			return bulk{
				verb: "send an SMS to %d cards",
				changeAll: func(ctx context.Context, cards quecloud.CardIDs) iter.Seq2[quecloud.CardID, error] {
					params := &quecloud.SMSSendParams{Cards: cards, Content: content}
					return func(yield func(quecloud.CardID, error) bool) {
						for sms, err := range c.client.SMS.SendAll(ctx, params, quecloud.Drain(drainTime)) {
							if !yield(sms.Card, err) {
								return
							}
						}
					}
				},
			}, nil
		}),
	}
}
