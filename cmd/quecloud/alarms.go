package main

import (
	"context"
	"iter"

	"github.com/spf13/pflag"

	"github.com/quecloud/quecloud-go"
)

func alarmsGroup() group {
	return group{
		name: "alarms", short: "Read and set the warnings and thresholds of cards",
		specs: []spec{
			{
				use: "get CARD…", short: "Show the warnings and thresholds of cards", methods: []string{"card.alarm.get"},
				cards: true,
				columns: []string{
					"card", "alarmOn", "threshold1", "threshold2", "threshold3", "notifyEmails", "pauseOn", "pauseThreshold",
				},
				run: perCard(func(c *call) func(context.Context, quecloud.CardID) (*quecloud.Alarm, error) {
					return c.client.Flow.Alarm
				}),
			},
			alarmsSet(),
			alarmsSwitch("on", "Switch the warnings, or the suspension, of cards on", "switch the warnings of %d cards on",
				quecloud.On),
			alarmsSwitch("off", "Switch the warnings, or the suspension, of cards off", "switch the warnings of %d cards off",
				quecloud.Off),
		},
	}
}

func alarmsSet() spec {
	var settings quecloud.AlarmSettings
	var thresholds []float64
	return spec{
		use: "set CARD…", short: "Replace the warnings and thresholds of cards", methods: []string{"card.alarm"},
		cards: true, bulk: true,
		flags: func(f *pflag.FlagSet, t texts) {
			f.Float64SliceVar(&thresholds, "threshold", nil,
				t.get("thresholds of the warnings in MB, one to three, separated by commas"))
			f.StringSliceVar(&settings.NotifyEmails, "email", nil, t.get("recipients of the warnings, separated by commas"))
			f.BoolVar(&settings.AlarmOn, "warn", false, t.get("send warnings"))
			f.Float64Var(&settings.PauseThreshold, "pause-threshold", 0, t.get("threshold of the suspension in MB"))
			f.BoolVar(&settings.PauseOn, "pause", false, t.get("suspend the card at that threshold"))
		},
		run: runChange(func(c *call) (bulk, error) {
			if len(thresholds) > 3 {
				return bulk{}, usageError{c.texts.get("want at most three thresholds")}
			}
			for i, to := range []*float64{&settings.Threshold1, &settings.Threshold2, &settings.Threshold3}[:len(thresholds)] {
				*to = thresholds[i]
			}
			return bulk{
				verb: "replace the warnings and thresholds of %d cards", repeats: true,
				changeAll: func(ctx context.Context, cards quecloud.CardIDs) iter.Seq2[quecloud.CardID, error] {
					return c.client.Flow.SetAlarmAll(ctx, cards, &settings, quecloud.Drain(drainTime))
				},
			}, nil
		}),
	}
}

func alarmsSwitch(name, short, verb string, to quecloud.Switch) spec {
	var suspension bool
	return spec{
		use: name + " CARD…", short: short, methods: []string{"card.alarm.status"}, cards: true, bulk: true,
		flags: func(f *pflag.FlagSet, t texts) {
			f.BoolVar(&suspension, "pause", false, t.get("switch the suspension at the threshold, not the warnings"))
		},
		run: runChange(func(c *call) (bulk, error) {
			params := quecloud.AlarmStatusParams{Alarm: to}
			if suspension {
				params = quecloud.AlarmStatusParams{Pause: to}
			}
			return bulk{verb: verb, repeats: true, change: func(ctx context.Context, card quecloud.CardID) error {
				return c.client.Flow.SetAlarmStatus(ctx, card, &params)
			}}, nil
		}),
	}
}
