package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quecloud/quecloud-go"
)

// drainTime is how long the calls that run may take after the first Ctrl-C.
const drainTime = quecloud.DefaultTimeout + 5*time.Second

// A bulk is a change of many cards.
type bulk struct {
	verb string // English with %d for the number of cards, such as "suspend %d cards"
	// isDone reports whether a card is in the state that the change leads to. If an earlier run may have changed a card,
	// the card is read first. Nil if its details do not tell.
	isDone func(*quecloud.CardInfo) bool
	// repeats reports whether the change may be made again for a card when it is unknown whether it was made.
	repeats bool
	change  func(context.Context, quecloud.CardID) error
	// changeAll replaces change where a call takes many cards.
	changeAll func(context.Context, quecloud.CardIDs) iter.Seq2[quecloud.CardID, error]
}

// batchSize is the number of cards that changeAll gets at once.
const batchSize = 1000

// Outcomes of a card.
const (
	planned    = "planned"     // nothing was sent
	started    = "started"     // it is being changed, or the run died
	done       = "done"        // it is changed
	refused    = "refused"     // the platform refused it
	unknown    = "unknown"     // it may be changed
	failed     = "failed"      // it is not changed
	notStarted = "not_started" // the run ended before
)

// A bulkEntry is a line of the journal of a change. The first one names the command and the account.
type bulkEntry struct {
	Command string    `json:"command,omitempty"`
	Account string    `json:"account,omitempty"`
	Card    string    `json:"card,omitempty"`
	Outcome string    `json:"outcome,omitempty"`
	Error   string    `json:"error,omitempty"`
	At      time.Time `json:"at,omitzero"`
}

// A cardOutcome is a row of the output of a change.
type cardOutcome struct {
	Card    quecloud.CardID
	Outcome string
	Error   string
}

func (o cardOutcome) ID() quecloud.CardID { return o.Card }

// runChange returns the run of a command that changes cards.
func runChange(bulkOf func(*call) (bulk, error)) runner {
	return run[cardOutcome](func(c *call) error {
		b, err := bulkOf(c)
		if err != nil {
			return err
		}
		return c.runBulk(b)
	})
}

func (c *call) runBulk(b bulk) error {
	r, err := c.openBulk(b)
	if err != nil {
		return err
	}
	if r.journal != nil {
		defer r.journal.Close()
	}
	if len(r.cards) > 0 {
		if err := c.confirmBulk(b, r); err != nil {
			return err
		}
	}
	hint := ""
	if r.journal != nil {
		hint = fmt.Sprintf(c.texts.get("resume with: %s\n"), c.resumeLine(r.journal.path))
	}
	defer c.drains(hint)()
	return c.finishBulk(r, c.output.rows(r.run(c, b), nil))
}

// confirmBulk asks before a change, and shows which state the cards are in.
func (c *call) confirmBulk(b bulk, r *bulkRun) error {
	if c.yes || c.dryRun {
		return nil
	}
	if err := c.needAsking(); err != nil {
		return err
	}
	states, unknownCards := map[quecloud.CardStatus]int{}, 0
	for _, cards := range byKind(r.cards) {
		for info, err := range c.client.Cards.AllInfo(c.ctx, cards) {
			switch {
			case errors.Is(err, quecloud.ErrUnknownCard):
				unknownCards++
			case err != nil:
				return err
			default:
				states[info.Status]++
			}
		}
	}
	var parts []string
	for _, state := range slices.Sorted(maps.Keys(states)) {
		parts = append(parts, fmt.Sprintf("%d %s", states[state], state))
	}
	if unknownCards > 0 {
		parts = append(parts, fmt.Sprintf(c.texts.get("%d unknown to the platform"), unknownCards))
	}
	return c.ask(c.texts.cards(b.verb, len(r.cards)) + " (" + strings.Join(parts, ", ") + ")")
}

// run changes the cards, and returns the rows of those that are not done, and of all if it is one or the output is not
// a table.
func (r *bulkRun) run(c *call, b bulk) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		for _, card := range r.doubts {
			row := cardOutcome{card, unknown, c.texts.get("an earlier run may have done it; --again does it once more")}
			if !yield(recordOf(row), nil) {
				return
			}
		}
		bar := c.bar(len(r.cards))
		defer bar.end()
		for card, err := range r.outcomes(c, b) {
			if errors.Is(err, errDryRun) {
				continue
			}
			if card.IsZero() { // bad input, or the end before the next card
				yield(record{}, err)
				return
			}
			bar.add(1)
			row := cardOutcome{Card: card, Outcome: outcomeOf(err)}
			if err != nil {
				row.Error, r.last = c.message(err), err
			}
			if row.Outcome != notStarted {
				r.counts[row.Outcome]++
			}
			if (row.Outcome != done || r.all == 1 || c.output.form != formTable) && row.Outcome != notStarted &&
				!yield(recordOf(row), nil) {
				return
			}
		}
	}
}

// entryOf returns the entry for what happened to a card.
func entryOf(card quecloud.CardID, err error) bulkEntry {
	entry := bulkEntry{Card: card.String(), Outcome: outcomeOf(err), At: time.Now()}
	if err != nil {
		entry.Error = err.Error()
	}
	return entry
}

// begin notes in the journal that cards are being changed. After a failure no more may be changed.
func (r *bulkRun) begin(cards ...quecloud.CardID) error {
	entries := make([]bulkEntry, len(cards))
	for i, card := range cards {
		entries[i] = bulkEntry{Card: card.String(), Outcome: started, At: time.Now()}
	}
	r.note(entries...)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failure != nil {
		return fmt.Errorf("%w: %w", quecloud.ErrNotStarted, r.failure)
	}
	return nil
}

// note adds entries to the journal. That they cannot be added changes nothing about what has happened.
func (r *bulkRun) note(entries ...bulkEntry) {
	if r.journal == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failure == nil {
		r.failure = r.journal.add(entries...)
	}
}

// outcomes changes the cards, after it has noted in the journal that it will.
func (r *bulkRun) outcomes(c *call, b bulk) iter.Seq2[quecloud.CardID, error] {
	options := append(c.cards.fleet(), quecloud.Drain(drainTime))
	if b.changeAll == nil {
		return quecloud.Each(c.ctx, r.cards, func(ctx context.Context, card quecloud.CardID) error {
			if err := r.begin(card); err != nil {
				return err
			}
			err := r.changeCard(ctx, c, b, card)
			r.note(entryOf(card, err))
			return err
		}, options...)
	}
	return func(yield func(quecloud.CardID, error) bool) {
		for cards := range r.batches() {
			if err := r.begin(slices.Collect(cards.All())...); err != nil {
				return // finishBulk tells
			}
			for card, err := range b.changeAll(c.ctx, cards) {
				if !card.IsZero() {
					r.note(entryOf(card, err))
				}
				if !yield(card, err) {
					return
				}
			}
		}
	}
}

// changeCard changes a card, unless it turns out that an earlier run has.
func (r *bulkRun) changeCard(ctx context.Context, c *call, b bulk, card quecloud.CardID) error {
	if r.verify[card] {
		info, err := c.client.Cards.Info(ctx, card)
		if err != nil { // whatever it is: the card may be changed
			return fmt.Errorf("%w: %w", quecloud.ErrOutcomeUnknown, err)
		}
		if b.isDone(info) {
			return nil
		}
	}
	return b.change(ctx, card)
}

// batches returns the cards in lists of one kind that fit a call.
func (r *bulkRun) batches() iter.Seq[quecloud.CardIDs] {
	return func(yield func(quecloud.CardIDs) bool) {
		for chunk := range slices.Chunk(r.cards, batchSize) {
			for _, cards := range byKind(chunk) {
				if !yield(cards) {
					return
				}
			}
		}
	}
}

func outcomeOf(err error) string {
	_, api := errors.AsType[*quecloud.APIError](err)
	switch {
	case err == nil:
		return done
	case errors.Is(err, quecloud.ErrNotStarted):
		return notStarted
	case errors.Is(err, quecloud.ErrOutcomeUnknown):
		return unknown
	case api:
		return refused
	}
	return failed
}

// finishBulk prints the summary, and returns the error of the command.
func (c *call) finishBulk(r *bulkRun, err error) error {
	if c.dryRun {
		return err
	}
	left := r.all - r.counts[done] - r.counts[refused] - r.counts[failed] - r.counts[unknown]
	summary := fmt.Sprintf(c.texts.get("%d of %d cards done, %d refused, %d failed, %d unknown, %d not started"),
		r.counts[done], r.all, r.counts[refused], r.counts[failed], r.counts[unknown], left)
	if err == nil {
		err = r.outcome(summary)
	}
	if _, told := errors.AsType[outcomeError](err); !told && r.all > 1 {
		fmt.Fprintln(c.errOut, summary)
	}
	if r.journal != nil && r.counts[done] < r.all {
		fmt.Fprintf(c.errOut, c.texts.get("resume with: %s\n"), c.resumeLine(r.journal.path))
	}
	if r.failure != nil {
		c.warn(r.failure)
	}
	return err
}

// outcome returns the error of a run whose output was printed.
func (r *bulkRun) outcome(summary string) error {
	switch {
	case r.counts[done] == r.all:
		return nil
	case r.all == 1 && r.last != nil:
		return r.last
	case r.counts[unknown] > 0:
		return outcomeError{summary, exitUnknown}
	case r.counts[done] > 0:
		return outcomeError{summary, exitPartly}
	case r.counts[refused] == r.all:
		return outcomeError{summary, exitRefused}
	}
	return outcomeError{summary, exitFailed}
}
