package main

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/spf13/pflag"

	"github.com/quecloud/quecloud-go"
)

func usageGroup() group {
	return group{
		name: "usage", short: "Read the usage of data and voice",
		specs: []spec{usageMonth(), usageDays(), usageTop(), usageVoice()},
	}
}

func monthFlag(month *quecloud.Month) func(*pflag.FlagSet, texts) {
	return func(f *pflag.FlagSet, t texts) {
		monthVar(f, month, "month", t.get("month, yyyy-MM; the current one by default"))
	}
}

func usageMonth() spec {
	var month quecloud.Month
	return spec{
		use: "month [CARD…]", short: "Show the data that cards, or all cards, used in a month", cards: true,
		methods: []string{"monthflow.list", "card.monthflow", "cards.monthflow"}, flags: monthFlag(&month),
		run: run[quecloud.MonthFlowRow](func(c *call) error {
			if len(c.args) == 0 && c.cards.file == "" {
				return list(func(c *call) iter.Seq2[quecloud.MonthFlowRow, error] {
					return c.client.Flow.AllMonth(c.ctx, &quecloud.MonthListParams{Month: c.orCurrent(month)}, c.cards.fleet()...)
				}).do(c)
			}
			cards, err := c.readCards()
			if err != nil {
				return err
			}
			if len(cards) == 1 {
				flow, err := c.client.Flow.Month(c.ctx, cards[0], c.orCurrent(month))
				if err != nil {
					return err
				}
				return c.output.one(recordOf(flow).with(cards[0]))
			}
			return c.batches(cards, func(part quecloud.CardIDs) iter.Seq2[record, error] {
				return func(yield func(record, error) bool) {
					for flow, err := range c.client.Flow.AllMonthBatch(c.ctx, part, c.orCurrent(month), c.cards.fleet()...) {
						if !yield(recordOf(flow), err) {
							return
						}
					}
				}
			})
		}),
	}
}

func usageDays() spec {
	var month quecloud.Month
	return spec{
		use: "days CARD…", short: "Show the data that cards used on each day of a month", cards: true,
		methods: []string{"dayflow.list"}, flags: monthFlag(&month),
		run: perCard(func(c *call) func(context.Context, quecloud.CardID) ([]quecloud.DayFlow, error) {
			return func(ctx context.Context, card quecloud.CardID) ([]quecloud.DayFlow, error) {
				return c.client.Flow.Days(ctx, card, c.orCurrent(month))
			}
		}),
	}
}

func usageTop() spec {
	var month quecloud.Month
	var n int
	return spec{
		use: "top", short: "Show the cards that used most data in a month", methods: []string{"monthflow.list"},
		flags: func(f *pflag.FlagSet, t texts) {
			monthFlag(&month)(f, t)
			f.IntVarP(&n, "number", "n", 10, t.get("number of cards"))
		},
		run: run[quecloud.MonthFlowRow](func(c *call) error {
			if n < 1 {
				return usageError{fmt.Sprintf(c.texts.get("-n %d: want 1 or more"), n)}
			}
			var top []quecloud.MonthFlowRow // the largest first
			rows := c.client.Flow.AllMonth(c.ctx, &quecloud.MonthListParams{Month: c.orCurrent(month)})
			for row, err := range rows {
				if err != nil {
					return err
				}
				at, _ := slices.BinarySearchFunc(top, row, func(a, b quecloud.MonthFlowRow) int {
					if a.MonthFlow < b.MonthFlow {
						return 1
					}
					return -1
				})
				if at < n {
					top = slices.Insert(top, at, row)
					top = top[:min(n, len(top))]
				}
			}
			return slice(func(*call) ([]quecloud.MonthFlowRow, error) { return top, nil }).do(c)
		}),
	}
}

func usageVoice() spec {
	var month quecloud.Month
	return spec{
		use: "voice [CARD…]", short: "Show the voice that cards used on each day of a month, or all cards in a month",
		cards:   true,
		methods: []string{"voice.monthflow.list", "voice.dayflow.list"}, flags: monthFlag(&month),
		run: run[quecloud.VoiceDay](func(c *call) error {
			if len(c.args) == 0 && c.cards.file == "" {
				return list(func(c *call) iter.Seq2[quecloud.VoiceMonthRow, error] {
					return c.client.Flow.AllVoiceMonth(c.ctx, &quecloud.MonthListParams{Month: c.orCurrent(month)}, c.cards.fleet()...)
				}).do(c)
			}
			return perCard(func(c *call) func(context.Context, quecloud.CardID) ([]quecloud.VoiceDay, error) {
				return func(ctx context.Context, card quecloud.CardID) ([]quecloud.VoiceDay, error) {
					return c.client.Flow.VoiceDays(ctx, card, c.orCurrent(month))
				}
			}).do(c)
		}),
	}
}
