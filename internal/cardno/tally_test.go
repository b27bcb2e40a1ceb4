package cardno

import (
	"slices"
	"testing"
)

func TestTally(t *testing.T) {
	t.Parallel()
	const a, b, c = "1064991300001", "1064991300002", "1064991300003"
	const iccidA, iccidB = "8986031749203860001", "8986031749203860002"
	msisdns := func(numbers ...string) (entries []Entry) {
		for _, n := range numbers {
			entries = append(entries, Entry{MSISDN: n})
		}
		return entries
	}
	for name, tt := range map[string]struct {
		requested         []string
		byICCID           bool
		succeeded, failed []Entry
		outcomes          []Outcome
		rows              []int
		unmatched         int
	}{
		"all done": {
			requested: []string{a, b}, succeeded: msisdns(b, a), outcomes: []Outcome{Done, Done}, rows: []int{1, 0},
		},
		"one failed": {
			requested: []string{a, b}, succeeded: msisdns(a), failed: msisdns(b),
			outcomes: []Outcome{Done, Failed}, rows: []int{0, -1},
		},
		"not listed": {
			requested: []string{a, b}, succeeded: msisdns(a), outcomes: []Outcome{Done, 0}, rows: []int{0, -1},
		},
		"listed as both": {
			requested: []string{a}, succeeded: msisdns(a), failed: msisdns(a), outcomes: []Outcome{Conflict}, rows: []int{-1},
		},
		"requested twice": {
			requested: []string{a, b, a}, succeeded: msisdns(a), failed: msisdns(b),
			outcomes: []Outcome{Done, Failed, Done}, rows: []int{0, -1, 0},
		},
		"in other spellings": {
			requested: []string{iccidA}, byICCID: true, succeeded: []Entry{{ICCID: iccidA + "f"}},
			outcomes: []Outcome{Done}, rows: []int{0},
		},
		"another card": {
			requested: []string{a}, succeeded: msisdns(a, c), outcomes: []Outcome{Done}, rows: []int{0}, unmatched: 1,
		},
		"an entry without numbers": {
			requested: []string{a}, succeeded: msisdns(a, ""), outcomes: []Outcome{Done}, rows: []int{0}, unmatched: 1,
		},
		"all done, by their other numbers": {
			requested: []string{iccidA, iccidB}, byICCID: true, succeeded: msisdns(a, b, b),
			outcomes: []Outcome{Done, Done}, rows: []int{-1, -1},
		},
		"the rest failed, by their other numbers": {
			requested: []string{iccidA, iccidB}, byICCID: true, succeeded: []Entry{{ICCID: iccidA}}, failed: msisdns(b),
			outcomes: []Outcome{Done, Failed}, rows: []int{0, -1},
		},
		"done and failed, by their other numbers": {
			requested: []string{iccidA, iccidB}, byICCID: true, succeeded: msisdns(a), failed: msisdns(b),
			outcomes: []Outcome{Listed, Listed}, rows: []int{-1, -1},
		},
		"too few by their other numbers": {
			requested: []string{iccidA, iccidB}, byICCID: true, succeeded: msisdns(a),
			outcomes: []Outcome{0, 0}, rows: []int{-1, -1}, unmatched: 1,
		},
		"nothing": {requested: []string{a}, outcomes: []Outcome{0}, rows: []int{-1}},
	} {
		got := NewTally(tt.requested, tt.byICCID, tt.succeeded, tt.failed)
		if !slices.Equal(got.Outcomes, tt.outcomes) || !slices.Equal(got.Rows, tt.rows) || got.Unmatched != tt.unmatched {
			t.Errorf("%s: outcomes %v, rows %v, %d unmatched; want %v, %v, %d",
				name, got.Outcomes, got.Rows, got.Unmatched, tt.outcomes, tt.rows, tt.unmatched)
		}
	}
}

func TestTallySelectReturnsDistinctCards(t *testing.T) {
	t.Parallel()
	tally := NewTally([]string{"1", "2", "1", "3"}, false, nil, []Entry{{MSISDN: "1"}, {MSISDN: "3"}})
	if got := tally.Select(func(o Outcome) bool { return o == Failed }); !slices.Equal(got, []int{0, 3}) {
		t.Errorf("failed cards: %v, want [0 3]", got)
	}
	if got := tally.Select(func(o Outcome) bool { return !o.IsKnown() }); !slices.Equal(got, []int{1}) {
		t.Errorf("unaccounted cards: %v, want [1]", got)
	}
	tally.FailRest()
	if want := []Outcome{Failed, Failed, Failed, Failed}; !slices.Equal(tally.Outcomes, want) {
		t.Errorf("after FailRest: %v, want %v", tally.Outcomes, want)
	}
}
