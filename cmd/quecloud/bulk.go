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

	"github.com/spf13/pflag"

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
	return c.finishBulk(r, c.output.rows(r.run(c, b), nil))
}

// A bulkRun is one run of a bulk.
type bulkRun struct {
	journal *journal[bulkEntry]
	all     int                      // cards of the journal
	cards   []quecloud.CardID        // that this run changes
	doubts  []quecloud.CardID        // that are left out because they may be changed
	verify  map[quecloud.CardID]bool // whose details are read first, because they may be changed
	counts  map[string]int
	last    error // of the last card that was not changed
}

// openBulk finds out which cards are to be changed: those of the arguments, or those that a journal has left.
func (c *call) openBulk(b bulk) (r *bulkRun, err error) {
	r = &bulkRun{counts: map[string]int{}, verify: map[quecloud.CardID]bool{}}
	path := c.cards.journal
	var given []quecloud.CardID
	if len(c.args) > 0 || c.cards.file != "" || path == "" {
		if given, err = c.readCards(); err != nil {
			return nil, err
		}
	}
	if c.dryRun || path == "" && len(given) == 1 {
		r.cards, r.all = given, len(given)
		return r, nil
	}
	if path == "" {
		if path, err = c.newJournalPath(c.path, time.Now()); err != nil {
			return nil, err
		}
	}
	var entries []bulkEntry
	if r.journal, entries, err = openJournal[bulkEntry](path, false); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.journal.Close())
		}
	}()
	if len(entries) == 0 {
		if len(given) == 0 {
			return nil, usageError{c.texts.get("the journal is new: name cards, or a file with -f")}
		}
		r.cards, r.all = given, len(given)
		entries = append(entries, bulkEntry{Command: c.signature(), Account: c.accountName, At: time.Now()})
		for _, card := range given {
			entries = append(entries, bulkEntry{Card: card.String(), Outcome: planned})
		}
		return r, r.journal.add(entries...)
	}
	return r, c.resumeBulk(b, r, entries, given)
}

// resumeBulk takes the cards from a journal.
func (c *call) resumeBulk(b bulk, r *bulkRun, entries []bulkEntry, given []quecloud.CardID) error {
	switch head := entries[0]; {
	case head.Command != c.signature():
		return usageError{fmt.Sprintf(c.texts.get("the journal is one of %q, not of %q"), head.Command, c.signature())}
	case head.Account != c.accountName:
		return usageError{fmt.Sprintf(c.texts.get("the journal is one of the account %q"), head.Account)}
	}
	var order []quecloud.CardID
	last := map[quecloud.CardID]string{}
	for _, entry := range entries[1:] {
		card, err := quecloud.ParseCardID(entry.Card)
		if err != nil {
			return fmt.Errorf("journal: %w", err)
		}
		if _, ok := last[card]; !ok {
			order = append(order, card)
		}
		last[card] = entry.Outcome
	}
	for _, card := range given {
		if _, ok := last[card]; !ok {
			return usageError{fmt.Sprintf(c.texts.get("the journal has no card %s; leave the cards out to resume it"), card)}
		}
	}
	r.all = len(order)
	for _, card := range order {
		switch outcome := last[card]; {
		case len(given) > 0 && !slices.Contains(given, card):
		case outcome == done:
			r.counts[done]++
		case (outcome == started || outcome == unknown) && !b.repeats && !c.cards.again:
			r.doubts = append(r.doubts, card)
			r.counts[unknown]++
		default:
			r.verify[card] = b.isDone != nil && (outcome == started || outcome == unknown)
			r.cards = append(r.cards, card)
		}
	}
	return nil
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
	return c.ask(fmt.Sprintf(c.texts.get(b.verb), len(r.cards)) + " (" + strings.Join(parts, ", ") + ")")
}

// run changes the cards, and returns the rows of those that are not done, and of all if the output is not a table.
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
				row.Error, r.last = err.Error(), err
			}
			if row.Outcome != notStarted {
				r.counts[row.Outcome]++
			}
			if (row.Outcome != done && r.all > 1 || c.output.form != formTable) && row.Outcome != notStarted &&
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

func (r *bulkRun) note(entries ...bulkEntry) error {
	if r.journal == nil {
		return nil
	}
	return r.journal.add(entries...)
}

// outcomes changes the cards, after it has noted in the journal that it will.
func (r *bulkRun) outcomes(c *call, b bulk) iter.Seq2[quecloud.CardID, error] {
	options := append(c.cards.fleet(), quecloud.Drain(drainTime))
	if b.changeAll == nil {
		return quecloud.Each(c.ctx, r.cards, func(ctx context.Context, card quecloud.CardID) error {
			if err := r.note(bulkEntry{Card: card.String(), Outcome: started, At: time.Now()}); err != nil {
				return err
			}
			err := r.changeCard(ctx, c, b, card)
			return errors.Join(err, r.note(entryOf(card, err)))
		}, options...)
	}
	return func(yield func(quecloud.CardID, error) bool) {
		for cards := range r.batches() {
			var entries []bulkEntry
			for card := range cards.All() {
				entries = append(entries, bulkEntry{Card: card.String(), Outcome: started, At: time.Now()})
			}
			if err := r.note(entries...); err != nil {
				yield(quecloud.CardID{}, err)
				return
			}
			for card, err := range b.changeAll(c.ctx, cards) {
				if !yield(card, errors.Join(err, r.note(entryOf(card, err)))) {
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
		if err != nil {
			return err
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
	left := r.all - r.counts[done] - r.counts[refused] - r.counts[failed] - r.counts[unknown]
	summary := fmt.Sprintf(c.texts.get("%d of %d cards done, %d refused, %d failed, %d unknown, %d not started"),
		r.counts[done], r.all, r.counts[refused], r.counts[failed], r.counts[unknown], left)
	if c.dryRun {
		return err
	}
	if r.all > 1 {
		fmt.Fprintln(c.errOut, summary)
	}
	if r.journal != nil && r.counts[done] < r.all {
		fmt.Fprintf(c.errOut, c.texts.get("resume with: %s\n"), c.resumeLine(r.journal.path))
	}
	switch {
	case err != nil:
		return err
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

// signature returns the command with the flags that say what it does to a card.
func (c *call) signature() string {
	parts := []string{c.path}
	c.set.VisitAll(func(f *pflag.Flag) {
		if f.Changed && !slices.Contains(howFlags, f.Name) {
			parts = append(parts, "--"+f.Name+"="+f.Value.String())
		}
	})
	return strings.Join(parts, " ")
}

// howFlags are the flags of a change that do not say what it does.
var howFlags = []string{"journal", "file", "rate", "concurrency", "again"}

// resumeLine returns the command line that resumes a change.
func (c *call) resumeLine(path string) string {
	parts := []string{"quecloud"}
	if c.profile != "" {
		parts = append(parts, "--profile", quote(c.profile))
	}
	parts = append(parts, c.path)
	c.set.VisitAll(func(f *pflag.Flag) {
		if f.Changed && f.Name != "journal" && f.Name != "file" {
			parts = append(parts, quote("--"+f.Name+"="+f.Value.String()))
		}
	})
	return strings.Join(append(parts, "--journal", quote(path)), " ")
}

// quote returns a word as a POSIX shell reads it.
func quote(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,@%+") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
