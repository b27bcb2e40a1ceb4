package quecloud

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/quecloud/quecloud-go/internal/cardno"
)

// An account says what the response to a call for many cards tells of each of them. It is the one place that decides
// whether such a call has succeeded.
type account struct {
	method      string
	asked       CardIDs
	questions   []string        // the numbers asked for, in normal form
	fates       map[string]fate // of each of them
	rows        map[string]int  // where it stands in the list of successes
	failed      CardIDs         // distinct
	unaccounted CardIDs         // distinct
	strays      int             // entries that are none of the cards
}

// A fate is what a response tells of a card. A card that it lists both as done and as failed is unaccounted for.
type fate uint8

const (
	fateDone   fate = 1 << iota
	fateFailed      // listed as failed, or left out of the successes where the document counts that as failed
	fateListed      // done or failed, but by a number of the other kind, so that nobody can tell which
)

// A namedCard is what an entry of a response tells of a card's numbers.
type namedCard struct{ iccid, msisdn string }

// newAccount compares the cards of a call with the entries of the response's lists of successes and failures.
func newAccount(method string, asked CardIDs, done, failed []namedCard) *account {
	a := &account{method: method, asked: asked, questions: asked.normals(), fates: map[string]fate{}, rows: map[string]int{}}
	entries := slices.Concat(done, failed)
	numbers, others := make([]string, len(entries)), make([]string, len(entries))
	for i, entry := range entries {
		numbers[i], others[i] = kindICCID.normal(entry.iccid), kindMSISDN.normal(entry.msisdn)
		if asked.kind == kindMSISDN {
			numbers[i], others[i] = others[i], numbers[i]
		}
	}
	doneByOther, failedByOther := map[string]bool{}, map[string]bool{}
	for i, place := range cardno.Match(a.questions, numbers) {
		isDone := i < len(done)
		switch {
		case place >= 0 && isDone:
			a.fates[a.questions[place]] |= fateDone
			a.rows[a.questions[place]] = i
		case place >= 0:
			a.fates[a.questions[place]] |= fateFailed
		case numbers[i] != "" || others[i] == "":
			a.strays++
		case isDone:
			doneByOther[others[i]] = true
		default:
			failedByOther[others[i]] = true
		}
	}
	a.eliminate(len(doneByOther), len(failedByOther))
	a.failed = a.those(func(f fate) bool { return f == fateFailed })
	a.unaccounted = a.those(func(f fate) bool { return f == 0 || f == fateDone|fateFailed })
	return a
}

// eliminate tells what became of the cards that are left, where as many cards are listed by numbers of the other kind.
func (a *account) eliminate(done, failed int) {
	left := a.those(func(f fate) bool { return f == 0 })
	what := fateListed
	switch {
	case done+failed != left.Len():
		a.strays += done + failed
		return
	case failed == 0:
		what = fateDone
	case done == 0:
		what = fateFailed
	}
	a.settle(left, what)
}

// settle gives cards a fate.
func (a *account) settle(cards CardIDs, what fate) {
	for _, question := range cards.normals() {
		a.fates[question] = what
	}
}

// restFailed counts the cards that the response does not account for as failed.
func (a *account) restFailed() {
	a.settle(a.unaccounted, fateFailed)
	a.failed, a.unaccounted = a.those(func(f fate) bool { return f == fateFailed }), CardIDs{}
}

// those returns the distinct cards with such fates, the zero CardIDs where there are none.
func (a *account) those(has func(fate) bool) CardIDs {
	var cards []CardID
	seen := make(map[string]bool, len(a.questions))
	for i, question := range a.questions {
		if !seen[question] && has(a.fates[question]) {
			cards = append(cards, a.asked.At(i))
		}
		seen[question] = true
	}
	if cards == nil {
		return CardIDs{}
	}
	return CardIDs{a.asked.kind, cards}
}

// verdict is the error of the call, given that of its response so far. It is nil only if every card is done.
func (a *account) verdict(err error) error {
	problem := a.problem()
	switch {
	case err == nil && problem == "":
		return nil
	case err == nil:
		err = callError(a.method, problem, ErrPartial)
	case problem == "":
		err = fmt.Errorf("%w (%w: all are listed as done)", err, ErrPartial)
	default:
		err = fmt.Errorf("%w (%w: %s)", err, ErrPartial, problem)
	}
	if a.unaccounted.Len() > 0 && !errors.Is(err, ErrOutcomeUnknown) {
		return &outcomeError{err: err, endpoint: lookup(a.method)}
	}
	return err
}

// problem says what is wrong with the response, or nothing.
func (a *account) problem() string {
	total := a.those(func(fate) bool { return true }).Len()
	var problems []string
	if n := a.failed.Len(); n > 0 {
		problems = append(problems, fmt.Sprintf("%d of %d cards failed: %s", n, total, a.failed.some()))
	}
	if n := a.unaccounted.Len(); n > 0 {
		problems = append(problems, fmt.Sprintf("the response does not account for %d of %d cards: %s", n, total, a.unaccounted.some()))
	}
	if n := a.those(func(f fate) bool { return f == fateListed }).Len(); n > 0 {
		problems = append(problems, fmt.Sprintf("some of %d cards failed, which the response names by other numbers", n))
	}
	if a.strays > 0 {
		problems = append(problems, fmt.Sprintf("%d entries of the response are none of the cards", a.strays))
	}
	return strings.Join(problems, "; ")
}

// some returns the first cards, for an error text.
func (c CardIDs) some() string {
	const most = 3
	if n := c.Len() - most; n > 0 {
		return fmt.Sprintf("%s and %d more", c.part(0, most), n)
	}
	return c.String()
}

// outcome is the error of the i-th card of a call with that error, nil if it is done.
func (a *account) outcome(i int, err error) error {
	var refusal error
	if apiErr, ok := errors.AsType[*APIError](err); ok {
		refusal = apiErr
	}
	switch a.fates[a.questions[i]] {
	case fateDone:
		return nil
	case fateFailed:
		return joined(callError(a.method, "the platform lists the card as failed", ErrPartial), refusal)
	}
	unknown := joined(callError(a.method, "the response does not account for the card", ErrPartial), refusal)
	return &outcomeError{err: unknown, endpoint: lookup(a.method)}
}

func joined(err, cause error) error {
	if cause == nil {
		return err
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// row is where the i-th card stands in the list of successes, or -1.
func (a *account) row(i int) int {
	if row, ok := a.rows[a.questions[i]]; ok && a.fates[a.questions[i]] == fateDone {
		return row
	}
	return -1
}

// cardTexts are the entries of a list of cards, each as it came. The list may be a text or an object, and so may each of
// its entries. It is nil where nothing stands there.
type cardTexts []string

// UnmarshalJSON never fails.
func (c *cardTexts) UnmarshalJSON(raw []byte) error {
	*c = nil
	if !bytes.HasPrefix(raw, []byte("[")) {
		c.add(raw)
		return nil
	}
	*c = cardTexts{}
	var entries []jsontext.Value
	_ = json.Unmarshal(raw, &entries, jsonOptions) // a list is a list
	for _, entry := range entries {
		c.add(entry)
	}
	return nil
}

// add appends an entry, or several that are numbers in one text. Empty texts and null say nothing.
func (c *cardTexts) add(raw []byte) {
	if raw[0] == 'n' {
		return
	}
	text := string(raw)
	if raw[0] == '"' {
		unquoted, _ := appendText(nil, raw)
		text = string(unquoted)
	}
	parts := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",; \t\r\n", r) })
	isNumber := func(s string) bool { return cardno.IsMSISDN(cardno.MSISDN(s)) || cardno.IsICCID(cardno.ICCID(s)) }
	if len(parts) > 1 && !slices.ContainsFunc(parts, func(s string) bool { return !isNumber(s) }) {
		*c = append(*c, parts...)
	} else if len(parts) > 0 {
		*c = append(*c, text)
	}
}

// named returns the cards that the entries name.
func (c cardTexts) named() []namedCard {
	cards := make([]namedCard, len(c))
	for i, text := range c {
		cards[i] = cardOfText(text)
	}
	return cards
}

// cardOfText tells which card an entry names. What is neither an object nor a number may be either number.
func cardOfText(text string) namedCard {
	if strings.HasPrefix(text, "{") {
		var entry struct {
			MSISDN string `json:"msisdn" quec:"alias=msisdns"`
			ICCID  string `json:"iccid"`
			Number string `json:"number"`
		}
		d := decoders.Get().(*decoder)
		defer decoders.Put(d)
		_ = d.decodeObject([]byte(text), &entry, nil) // what could not be read is empty
		if entry.Number == "" {
			return namedCard{entry.ICCID, entry.MSISDN}
		}
		text = entry.Number
	}
	switch {
	case cardno.IsICCID(cardno.ICCID(text)):
		return namedCard{iccid: text}
	case cardno.IsMSISDN(cardno.MSISDN(text)):
		return namedCard{msisdn: text}
	}
	return namedCard{text, text}
}
