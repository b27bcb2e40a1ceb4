package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"github.com/quecloud/quecloud-go"
)

// A bulkRun is one run of a bulk.
type bulkRun struct {
	journal *journal[bulkEntry]
	all     int                      // cards of the journal
	cards   []quecloud.CardID        // that this run changes
	doubts  []quecloud.CardID        // that are left out because they may be changed
	verify  map[quecloud.CardID]bool // whose details are read first, because they may be changed
	counts  map[string]int
	last    error // of the last card that was not changed

	mu      sync.Mutex
	failure error // first failure to write the journal
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
	if c.dryRun && path != "" {
		entries, err := readJournal[bulkEntry](path)
		if err != nil || len(entries) > 0 {
			return r, errors.Join(err, c.resumeBulk(b, r, entries, given))
		}
	}
	if given, err = c.distinct(given); err != nil {
		return nil, err
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

// distinct returns the cards, each once. Where some are named by MSISDNs and some by ICCIDs, the platform tells which
// are the same.
func (c *call) distinct(cards []quecloud.CardID) ([]quecloud.CardID, error) {
	lists := byKind(cards)
	if len(lists) < 2 {
		return cards, nil
	}
	same := map[quecloud.CardID]quecloud.CardID{} // the MSISDN by the ICCID
	for info, err := range c.client.Cards.AllInfo(c.ctx, lists[1], c.cards.fleet()...) {
		switch {
		case errors.Is(err, quecloud.ErrUnknownCard):
		case err != nil:
			return nil, err
		default:
			same[quecloud.ICCID(info.ICCID).Normal()] = quecloud.MSISDN(info.MSISDN).Normal()
		}
	}
	given := map[quecloud.CardID]bool{}
	for card := range lists[1].All() {
		given[card.Normal()] = true
	}
	return slices.DeleteFunc(slices.Clone(cards), func(card quecloud.CardID) bool {
		msisdn, ok := same[card.Normal()]
		return ok && given[msisdn]
	}), nil
}

// resumeBulk takes the cards from a journal.
func (c *call) resumeBulk(b bulk, r *bulkRun, entries []bulkEntry, given []quecloud.CardID) error {
	if len(entries) == 0 {
		return nil
	}
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
		if _, ok := last[card.Normal()]; !ok {
			order = append(order, card)
		}
		last[card.Normal()] = entry.Outcome
	}
	wanted := map[quecloud.CardID]bool{}
	for _, card := range given {
		wanted[card.Normal()] = true
		if _, ok := last[card.Normal()]; !ok {
			return usageError{fmt.Sprintf(c.texts.get("the journal has no card %s; leave the cards out to resume it"), card)}
		}
	}
	r.all = len(order)
	for _, card := range order {
		switch outcome := last[card.Normal()]; {
		case len(given) > 0 && !wanted[card.Normal()]:
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

// signature returns the command with the flags that say what it does to a card.
func (c *call) signature() string {
	parts := []string{c.path}
	c.set.VisitAll(func(f *pflag.Flag) {
		if f.Changed && !slices.Contains(howFlags, f.Name) {
			parts = append(parts, "--"+f.Name+"="+flagText(f))
		}
	})
	return strings.Join(parts, " ")
}

// flagText returns the value of a flag as it is written.
func flagText(f *pflag.Flag) string {
	list, ok := f.Value.(pflag.SliceValue)
	if !ok {
		return f.Value.String()
	}
	if f.Value.Type() != "stringSlice" {
		return strings.Join(list.GetSlice(), ",")
	}
	var out strings.Builder
	w := csv.NewWriter(&out) // as the flag reads it
	_ = w.Write(list.GetSlice())
	w.Flush()
	return strings.TrimSuffix(out.String(), "\n")
}

// howFlags are the flags of a change that do not say what it does.
var howFlags = []string{"journal", "file", "rate", "concurrency", "again"}

// resumeLine returns the command line that resumes a change.
func (c *call) resumeLine(path string) string {
	parts := []string{"quecloud"}
	if c.profile != "" {
		parts = append(parts, "--profile", quote(c.profile))
	}
	if c.sim {
		parts = append(parts, "--sim")
	}
	parts = append(parts, c.path)
	c.set.VisitAll(func(f *pflag.Flag) {
		if f.Changed && f.Name != "journal" && f.Name != "file" && f.Name != "again" {
			parts = append(parts, quote("--"+f.Name+"="+flagText(f)))
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
