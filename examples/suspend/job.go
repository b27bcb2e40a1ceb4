package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/quecloud/quecloud-go"
)

// A job suspends the cards that have used more than a given volume.
type job struct {
	client *quecloud.Client
	over   float64 // MB this month
	group  int64   // billing group; 0 for all
	atOnce int
	out    io.Writer
	bars   io.Writer // for progress bars
}

// A target is a card to suspend.
type target struct {
	card quecloud.CardID
	used float64 // MB this month
}

func (j *job) run(ctx context.Context, path string, most int, apply bool) error {
	done, err := readResults(path)
	if err != nil {
		return err
	}
	targets, err := j.targets(ctx, done)
	if err != nil {
		return err
	}
	if len(done) > 0 {
		fmt.Fprintf(j.out, "%d already done by %s\n", len(done), path)
	}
	if len(targets) == 0 {
		fmt.Fprintf(j.out, "No remaining card in use has used more than %v MB. Nothing was changed.\n", j.over)
		return nil
	}
	if !apply {
		j.show(targets)
		return nil
	}
	if len(targets) > most {
		return fmt.Errorf("%d cards are over %v MB and -most is %d: nothing was changed", len(targets), j.over, most)
	}
	results, err := openResults(path)
	if err != nil {
		return err
	}
	err = j.suspend(ctx, targets, results)
	return errors.Join(err, results.close())
}

// targets returns the cards in use that are over the volume and not done yet. It lists each card once: a sweep can
// yield a card twice if others enter or leave the account meanwhile.
func (j *job) targets(ctx context.Context, done map[string]bool) (targets []target, err error) {
	seen := map[string]bool{}
	params, atOnce := &quecloud.CardListParams{BillingID: j.group}, quecloud.Concurrency(j.atOnce)
	for card, err := range j.client.Cards.All(ctx, params, atOnce, j.progress("reading", "cards")) {
		if err != nil {
			return nil, err
		}
		if card.Status == quecloud.CardStatusNormal && card.MonthFlow > j.over && !done[card.ICCID] && !seen[card.ICCID] {
			seen[card.ICCID] = true
			targets = append(targets, target{card.ID(), card.MonthFlow})
		}
	}
	fmt.Fprintln(j.bars)
	return targets, nil
}

// shown is the maximum number of cards that show lists.
const shown = 20

// show shows the cards that would be suspended.
func (j *job) show(targets []target) {
	for _, t := range targets[:min(shown, len(targets))] {
		fmt.Fprintf(j.out, "would suspend %s, which has used %.3f MB\n", t.card, t.used)
	}
	if more := len(targets) - shown; more > 0 {
		fmt.Fprintf(j.out, "… and %d more\n", more)
	}
	fmt.Fprintf(j.out, "%d cards would be suspended. Nothing was changed: use -apply to suspend them.\n", len(targets))
}

// suspend suspends cards and writes the result of each. When ctx ends it starts no more calls and finishes those under
// way: a call that is cut off may or may not have suspended its card.
func (j *job) suspend(ctx context.Context, targets []target, results *results) error {
	pause := func(ctx context.Context, t target) (struct{}, error) {
		return struct{}{}, j.client.Cards.Pause(ctx, t.card)
	}
	bar := j.bar("suspending", "cards")
	bar.ChangeMax(len(targets))
	count, i := map[string]int{}, 0
	atOnce, drain := quecloud.Concurrency(j.atOnce), quecloud.Drain(time.Minute) // longer than a request may take
	for o, err := range quecloud.Map(ctx, targets, pause, atOnce, drain) {
		if errors.Is(err, quecloud.ErrNotStarted) {
			break
		}
		result := resultOf(err)
		count[result]++
		if err := results.write(o.Item.card, o.Item.used, result, err); err != nil {
			return fmt.Errorf("stopped because the results cannot be written: %w", err)
		}
		i++
		bar.Add(1)
	}
	fmt.Fprintln(j.bars)
	fmt.Fprintf(j.out, "%d suspended, %d failed, %d unknown, %d not started\n",
		count[suspended], count[failed], count[unknown], len(targets)-i)
	if count[suspended] < len(targets) {
		return errors.New("not all cards are suspended: see the results, and run again to continue")
	}
	return nil
}

func (j *job) bar(action, unit string) *progressbar.ProgressBar {
	return progressbar.NewOptions64(-1, progressbar.OptionSetSpinnerChangeInterval(0), // start no goroutine
		progressbar.OptionSetWriter(j.bars), progressbar.OptionSetDescription(action),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString(unit),
		progressbar.OptionThrottle(100*time.Millisecond))
}

// progress returns an option that shows the progress of a sweep.
func (j *job) progress(action, unit string) quecloud.FleetOption {
	bar, known := j.bar(action, unit), int64(-1)
	return quecloud.Progress(func(done, total int64) {
		if total > 0 && total != known {
			known = total
			bar.ChangeMax64(total)
		}
		bar.Set64(done)
	})
}
