package cardno

import "slices"

// An Entry has the numbers by which a response lists a card. One of them may be empty.
type Entry struct{ ICCID, MSISDN string }

// An Outcome is the result for one card.
type Outcome uint8

// The outcomes. The zero value means that the response does not list the card.
const (
	Done     Outcome         = 1 << iota // listed as a success
	Failed                               // listed as a failure
	Listed                               // listed by its other number, as a success or a failure
	Conflict = Done | Failed             // listed as both
)

// IsKnown reports whether the response accounts for the card.
func (o Outcome) IsKnown() bool { return o != 0 && o != Conflict }

// A Tally has the outcome of each card of a request.
type Tally struct {
	Outcomes  []Outcome // of each card
	Rows      []int     // of each card, the index of its entry among the successes, or -1
	Unmatched int       // number of entries that match no card

	first []int // of each card, the index of the first one with the same number
}

// NewTally compares the cards of a request with the entries of the response's lists of successes and failures. The
// requested numbers are all ICCIDs or all MSISDNs, in normal form.
//
// An entry with only the other number of a card matches no request by itself. If there are as many such entries as
// cards without an entry, NewTally assigns them to these cards.
func NewTally(requested []string, byICCID bool, succeeded, failed []Entry) *Tally {
	t := &Tally{
		Outcomes: make([]Outcome, len(requested)), Rows: slices.Repeat([]int{-1}, len(requested)),
		first: Match(requested, requested),
	}
	entries := slices.Concat(succeeded, failed)
	numbers, others := make([]string, len(entries)), make([]string, len(entries))
	for i, entry := range entries {
		numbers[i], others[i] = MSISDN(entry.MSISDN), ICCID(entry.ICCID)
		if byICCID {
			numbers[i], others[i] = others[i], numbers[i]
		}
	}
	doneByOther, failedByOther := map[string]bool{}, map[string]bool{}
	for i, card := range Match(requested, numbers) {
		isDone := i < len(succeeded)
		switch {
		case card >= 0 && isDone:
			t.Outcomes[card] |= Done
			t.Rows[card] = i
		case card >= 0:
			t.Outcomes[card] |= Failed
		case numbers[i] != "" || others[i] == "":
			t.Unmatched++
		case isDone:
			doneByOther[others[i]] = true
		default:
			failedByOther[others[i]] = true
		}
	}
	t.assign(len(doneByOther), len(failedByOther))
	for i, first := range t.first {
		t.Outcomes[i] = t.Outcomes[first]
		if t.Rows[i] = t.Rows[first]; t.Outcomes[i] != Done {
			t.Rows[i] = -1
		}
	}
	return t
}

// assign assigns the entries by other numbers to the cards without an entry.
func (t *Tally) assign(done, failed int) {
	unlisted := t.Select(func(o Outcome) bool { return o == 0 })
	outcome := Listed
	switch {
	case done+failed != len(unlisted):
		t.Unmatched += done + failed
		return
	case failed == 0:
		outcome = Done
	case done == 0:
		outcome = Failed
	}
	for _, card := range unlisted {
		t.Outcomes[card] = outcome
	}
}

// FailRest counts the cards that the response does not account for as failed.
func (t *Tally) FailRest() {
	for i, outcome := range t.Outcomes {
		if !outcome.IsKnown() {
			t.Outcomes[i] = Failed
		}
	}
}

// Select returns the indices of the distinct cards with such an outcome.
func (t *Tally) Select(has func(Outcome) bool) (cards []int) {
	for i, outcome := range t.Outcomes {
		if t.first[i] == i && has(outcome) {
			cards = append(cards, i)
		}
	}
	return cards
}
