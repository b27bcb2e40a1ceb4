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

// A job suspends the cards that have used more than a volume.
type job struct {
	client *quecloud.Client
	over   float64 // MB this month
	group  int64   // billing group; 0 for all
	atOnce int
	out    io.Writer // for people
	bars   io.Writer
}

// A target is a card to be suspended.
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
		fmt.Fprintf(j.out, "No card in use that is left has used more than %v MB. Nothing was changed.\n", j.over)
		return nil
	}
	if !apply {
		j.show(targets)
		return nil
	}
	if len(targets) > most {
		return fmt.Errorf("%d cards are over %v MB, and -most allows %d: nothing was changed", len(targets), j.over, most)
	}
	results, err := openResults(path)
	if err != nil {
		return err
	}
	err = j.suspend(ctx, targets, results)
	return errors.Join(err, results.close())
}

// targets are the cards in use that are over the volume and not done yet, each once: a card can come twice when others
// enter or leave the account during the sweep.
func (j *job) targets(ctx context.Context, done map[string]bool) (targets []target, err error) {
	seen := map[string]bool{}
	params := &quecloud.CardListParams{BillingID: j.group}
	for card, err := range j.client.Cards.All(ctx, params, quecloud.Concurrency(j.atOnce), j.progress("looking", "cards")) {
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

// shown is how many cards a person is shown.
const shown = 20

// show says what would be done.
func (j *job) show(targets []target) {
	for _, t := range targets[:min(shown, len(targets))] {
		fmt.Fprintf(j.out, "would suspend %s, which has used %.3f MB\n", t.card, t.used)
	}
	if more := len(targets) - shown; more > 0 {
		fmt.Fprintf(j.out, "… and %d more\n", more)
	}
	fmt.Fprintf(j.out, "%d cards would be suspended. Nothing was changed: that needs -apply.\n", len(targets))
}

// suspend suspends cards and writes down what came of each. When ctx ends no more cards are begun, and the calls under
// way are finished: a call that is cut off may have suspended its card or not.
func (j *job) suspend(ctx context.Context, targets []target, results *results) error {
	cards := func(yield func(quecloud.CardID) bool) {
		for _, t := range targets {
			if ctx.Err() != nil || !yield(t.card) {
				return
			}
		}
	}
	bar := j.bar("suspending", "cards")
	bar.ChangeMax(len(targets))
	count, i := map[string]int{}, 0
	for card, err := range quecloud.Each(context.WithoutCancel(ctx), cards, j.client.Cards.Pause, quecloud.Concurrency(j.atOnce)) {
		result := resultOf(err)
		count[result]++
		if err := results.write(card, targets[i].used, result, err); err != nil {
			return fmt.Errorf("the results cannot be written, so it goes no further: %w", err)
		}
		i++
		bar.Add(1)
	}
	fmt.Fprintln(j.bars)
	fmt.Fprintf(j.out, "%d suspended, %d failed, %d unknown, %d not begun\n",
		count[suspended], count[failed], count[unknown], len(targets)-i)
	if count[suspended] < len(targets) {
		return errors.New("not all cards are suspended: look at the results, and start again to go on")
	}
	return nil
}

func (j *job) bar(doing, what string) *progressbar.ProgressBar {
	return progressbar.NewOptions64(-1, progressbar.OptionSetSpinnerChangeInterval(0), // no goroutine that races with us
		progressbar.OptionSetWriter(j.bars), progressbar.OptionSetDescription(doing),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString(what),
		progressbar.OptionThrottle(100*time.Millisecond))
}

// progress shows the progress of a sweep.
func (j *job) progress(doing, what string) quecloud.FleetOption {
	bar, known := j.bar(doing, what), int64(-1)
	return quecloud.Progress(func(done, total int64) {
		if total > 0 && total != known {
			known = total
			bar.ChangeMax64(total)
		}
		bar.Set64(done)
	})
}
