package quecloud

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/quecloud/quecloud-go/internal/cardno"
	"github.com/quecloud/quecloud-go/internal/ordered"
)

// ErrUnknownCard says that the response to a call lacks a card that was requested. We assume that the card belongs to
// another account or does not exist; the vendor's document does not say. The error comes in a [*BatchError].
var ErrUnknownCard = errors.New("the platform does not know this card")

// AllInfo returns an iterator over the details of any number of cards, in their order. The loop runs once per card:
//
//	for info, err := range client.Cards.AllInfo(ctx, quecloud.ICCIDs(numbers...)) {
//		if err != nil {
//			log.Print(err) // names the card
//			continue
//		}
//		fmt.Println(info.ICCID, info.Status)
//	}
//
// Two kinds of errors do not end the loop. A card that is missing from the response gives a [*BatchError] that wraps
// [ErrUnknownCard]. A row that matches no requested card, or one that already has a row, is yielded with a
// [*ResponseError], after the cards of its batch.
//
// Any other error ends the loop. So does the refusal of a call: perhaps the platform knows none of its cards, which it
// does not distinguish from other reasons. The error is a [*BatchError], or a [*ParamError] if nothing was sent.
//
// A row may spell the number in another way than the request: in lower case, with blanks, or with the F that pads 19
// digits. An ICCID given with 19 of its 20 characters matches a row if only one number starts with it.
//
// AllInfo requests the cards in batches of about the same size, of at most 1000, and runs as many requests at once as
// [Concurrency] says. As with [CardsService.All], the loop sends the first request, each loop starts anew, and leaving
// it cancels everything.
//
// It uses § 2.1.6 资产详细信息(批量), fc.function.cards.info.
func (s *CardsService) AllInfo(ctx context.Context, cards CardIDs, opts ...FleetOption) iter.Seq2[CardInfo, error] {
	return batchSweep[CardInfo]{
		method: "fc.function.cards.info", cards: cards, fetch: s.InfoBatch,
		number: func(info *CardInfo, kind cardKind) string {
			if kind == kindICCID {
				return info.ICCID
			}
			return info.MSISDN
		},
	}.all(ctx, opts)
}

// AllMonthBatch returns an iterator over the data usage of any number of cards in a month, in their order. It works
// like [CardsService.AllInfo], also for cards that are missing from the response and for rows that match no card.
//
// It uses § 2.1.10 月流量查询(批量), fc.function.cards.monthflow.
func (s *FlowService) AllMonthBatch(
	ctx context.Context, cards CardIDs, month Month, opts ...FleetOption,
) iter.Seq2[CardMonthFlow, error] {
	return batchSweep[CardMonthFlow]{
		method: "fc.function.cards.monthflow", cards: cards,
		fetch: func(ctx context.Context, batch CardIDs) ([]CardMonthFlow, error) {
			return s.MonthBatch(ctx, batch, month)
		},
		number: func(flow *CardMonthFlow, _ cardKind) string { return flow.Number },
	}.all(ctx, opts)
}

// A BatchError says for which of many cards a call failed. The loop has had all cards before them. To resume, start
// again with card First. A BatchError is always a pointer.
type BatchError struct {
	Cards CardIDs // cards of the failed call, or the one card that the error concerns
	First int     // index of the first of them among all cards, from 0
	Err   error   // cause

	total int // number of all cards
}

// Error returns the text of Err and the cards that it concerns.
func (e *BatchError) Error() string {
	total := max(e.total, e.First+e.Cards.Len()) // total is 0 in an error made outside the package
	if e.Cards.Len() == 1 {
		return fmt.Sprintf("%v (card %s, %d of %d)", e.Err, e.Cards, e.First+1, total)
	}
	return fmt.Sprintf("%v (cards %d to %d of %d)", e.Err, e.First+1, e.First+e.Cards.Len(), total)
}

// Unwrap returns e.Err.
func (e *BatchError) Unwrap() error { return e.Err }

// batchError returns the error of up to n cards, starting at index first.
func (c CardIDs) batchError(first, n int, err error) error {
	return &BatchError{c.part(first, n), first, err, c.Len()}
}

// A batchSweep requests rows for any number of cards from a method that accepts up to 1000.
type batchSweep[T any] struct {
	method string
	cards  CardIDs
	fetch  func(context.Context, CardIDs) ([]T, error)
	number func(row *T, kind cardKind) string
}

// A fetchedBatch is the outcome of the request for a batch.
type fetchedBatch[T any] struct {
	rows []T
	err  error
}

func (b batchSweep[T]) all(ctx context.Context, opts []FleetOption) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) { b.run(ctx, opts, yield) }
}

// run yields a row for each card, in the order of the cards.
func (b batchSweep[T]) run(ctx context.Context, opts []FleetOption, yield func(T, error) bool) {
	var zero T
	settings, err := fleetOptions(ctx, b.method, sweepOptions, opts)
	if err == nil {
		err = checkCards(b.method, b.cards)
	}
	if err != nil {
		yield(zero, err)
		return
	}
	total := b.cards.Len()
	size, nextFirst := batchSize(total), 0
	next := func() (first int, ok bool) {
		first = nextFirst
		nextFirst += size
		return first, first < total
	}
	fetch := func(ctx context.Context, first int) fetchedBatch[T] {
		rows, err := b.fetch(ctx, b.cards.part(first, size))
		return fetchedBatch[T]{rows, err}
	}
	ordered.Run(ctx, settings.concurrency, 0, next, fetch, func(first int, got fetchedBatch[T]) bool {
		if got.err != nil {
			yield(zero, b.batchError(first, size, got.err))
			return false
		}
		if !b.yieldBatch(ctx, first, size, got.rows, yield) {
			return false
		}
		settings.progress(int64(min(first+size, total)), int64(total))
		return true
	})
}

// batchSize returns the size of the batches of so many cards. They are about equal, so that no card is alone in its
// batch.
func batchSize(cards int) int {
	calls := max(1, (cards+maxCards-1)/maxCards)
	return max(1, (cards+calls-1)/calls)
}

// yieldBatch yields the row of each card of a batch, and then the rows that match none.
func (b batchSweep[T]) yieldBatch(ctx context.Context, first, size int, rows []T, yield func(T, error) bool) bool {
	var zero T
	requested := b.cards.part(first, size).normals()
	matches := cardno.Match(requested, b.numbers(rows))
	unused := map[string][]int{} // rows of each card
	for row, card := range matches {
		if card >= 0 {
			unused[requested[card]] = append(unused[requested[card]], row)
		}
	}
	used := make([]bool, len(rows))
	for i, number := range requested {
		if ctx.Err() != nil {
			err := callError(b.method, "the sweep was stopped", context.Cause(ctx))
			yield(zero, b.batchError(first+i, len(requested)-i, err))
			return false
		}
		own := unused[number]
		if len(own) == 0 {
			err := callError(b.method, "missing from the response", ErrUnknownCard)
			if !yield(zero, b.batchError(first+i, 1, err)) {
				return false
			}
			continue
		}
		used[own[0]] = true
		if !yield(rows[own[0]], nil) {
			return false
		}
		if len(own) > 1 {
			unused[number] = own[1:] // if the card is requested more than once, each time has a row of its own
		}
	}
	for i, row := range rows {
		if !used[i] && !yield(row, b.unmatched(row, matches[i] >= 0)) {
			return false
		}
	}
	return true
}

// numbers returns the numbers in rows, in normal form.
func (b batchSweep[T]) numbers(rows []T) []string {
	numbers := make([]string, len(rows))
	for i := range rows {
		numbers[i] = b.cards.kind.normal(b.number(&rows[i], b.cards.kind))
	}
	return numbers
}

// unmatched returns the error of a row that matches no card, or a card that has had its row.
func (b batchSweep[T]) unmatched(row T, duplicate bool) error {
	problem := "was not requested, or may be one of several cards"
	if duplicate {
		problem = "comes a second time in the response"
	}
	err := fmt.Errorf("%s %q %s", b.cards.kind.param(), b.number(&row, b.cards.kind), problem)
	text, _ := json.Marshal(row) // never fails for a row that was read from JSON
	return &ResponseError{Method: b.method, HTTPStatus: http.StatusOK, Body: excerpt(text, 512), Err: err}
}

// batchError returns the error of up to n cards. Bad input concerns no cards.
func (b batchSweep[T]) batchError(first, n int, err error) error {
	if errors.As(err, new(*ParamError)) {
		return err
	}
	return b.cards.batchError(first, n, err)
}

// checkCards finds bad numbers before anything is sent. An empty list is good: a fleet may be empty.
func checkCards(method string, cards CardIDs) error {
	if cards.kind != 0 && cards.Len() == 0 {
		return nil
	}
	err := cards.encode(cards.kind.param()+"s", 0, &url.Values{})
	if bad, ok := errors.AsType[*ParamError](err); ok {
		bad.Method = method
	}
	return err
}

// callBatches calls a method for every 1000 of many cards, one call after another and none twice. It yields the outcome
// of each card, with its index in the response's list of successes, or -1. After a failed call it sends nothing more.
func callBatches(
	ctx context.Context, method string, cards CardIDs, opts []FleetOption,
	call func(context.Context, CardIDs) (*batchTally, error), yield func(card CardID, row int, err error) bool,
) {
	settings, err := fleetOptions(ctx, method, batchOptions, opts)
	if err == nil && cards.kind == 0 {
		_, err = call(ctx, cards) // rejects the zero CardIDs and any other bad input
	} else if err == nil {
		err = checkCards(method, cards)
	}
	if err != nil {
		yield(CardID{}, -1, err)
		return
	}
	running, _, release := ordered.Drain(ctx, settings.drain)
	defer release()
	size := batchSize(cards.Len())
	for first := 0; first < cards.Len(); first += size {
		if ctx.Err() != nil {
			yieldNotStarted(method, cards, first, whyEnded(ctx), yield)
			return
		}
		batch := cards.part(first, size)
		tally, err := call(running, batch)
		if first == 0 && errors.As(err, new(*ParamError)) {
			yield(CardID{}, -1, err)
			return
		}
		failed := err != nil && !errors.Is(err, ErrPartial)
		for i, card := range batch.cards {
			row, cardErr := -1, err
			if !failed {
				row, cardErr = tally.Rows[i], tally.cardError(i, err)
			}
			if cardErr != nil {
				cardErr = cards.batchError(first+i, 1, cardErr)
			}
			if !yield(card, row, cardErr) {
				return
			}
		}
		settings.progress(int64(first+batch.Len()), int64(cards.Len()))
		if failed {
			yieldNotStarted(method, cards, first+size, errBatchFailed, yield)
			return
		}
	}
}

var errBatchFailed = errors.New("the call for the cards before it failed")

// yieldNotStarted yields the remaining cards, starting at index first.
func yieldNotStarted(method string, cards CardIDs, first int, reason error, yield func(CardID, int, error) bool) {
	err := callError(method, "not sent", fmt.Errorf("%w: %w", ErrNotStarted, reason))
	for i := first; i < cards.Len(); i++ {
		if !yield(cards.At(i), -1, cards.batchError(i, 1, err)) {
			return
		}
	}
}

// A batchTally holds the outcome of each card of a call, as the response tells it, and decides whether the call
// succeeded.
type batchTally struct {
	*cardno.Tally
	method string
	cards  CardIDs
}

func newTally(method string, cards CardIDs, succeeded, failed []cardno.Entry) *batchTally {
	return &batchTally{cardno.NewTally(cards.normals(), cards.kind == kindICCID, succeeded, failed), method, cards}
}

// with returns the distinct cards with such an outcome, or the zero CardIDs if there are none.
func (t *batchTally) with(has func(cardno.Outcome) bool) CardIDs {
	var cards []CardID
	for _, i := range t.Select(has) {
		cards = append(cards, t.cards.At(i))
	}
	if cards == nil {
		return CardIDs{}
	}
	return CardIDs{t.cards.kind, cards}
}

func (t *batchTally) failed() CardIDs {
	return t.with(func(o cardno.Outcome) bool { return o == cardno.Failed })
}

func (t *batchTally) unaccounted() CardIDs {
	return t.with(func(o cardno.Outcome) bool { return !o.IsKnown() })
}

// addPartial turns the error of a response into the error of the call, which is nil only if every card is done.
func (t *batchTally) addPartial(err error) error {
	problem := t.problem()
	switch {
	case err == nil && problem == "":
		return nil
	case err == nil:
		err = callError(t.method, problem, ErrPartial)
	case problem == "":
		err = fmt.Errorf("%w (%w, though the response lists all as done)", err, ErrPartial)
	default:
		err = fmt.Errorf("%w (%w: %s)", err, ErrPartial, problem)
	}
	if t.unaccounted().Len() > 0 && !errors.Is(err, ErrOutcomeUnknown) {
		return &outcomeError{err: err, endpoint: lookup(t.method)}
	}
	return err
}

// problem says why not every card is done. It returns "" if all are.
func (t *batchTally) problem() string {
	var problems []string
	add := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	total := len(t.Select(func(cardno.Outcome) bool { return true }))
	if failed := t.failed(); failed.Len() > 0 {
		add("%d of %d cards failed: %s", failed.Len(), total, failed.firstFew())
	}
	if missing := t.unaccounted(); missing.Len() > 0 {
		add("the response does not account for %d of %d cards: %s", missing.Len(), total, missing.firstFew())
	}
	if listed := t.Select(func(o cardno.Outcome) bool { return o == cardno.Listed }); len(listed) > 0 {
		add("the response lists %d cards by their other numbers, and some of them as failed", len(listed))
	}
	if t.Unmatched > 0 {
		add("%d entries of the response match no card", t.Unmatched)
	}
	return strings.Join(problems, "; ")
}

// firstFew returns the first cards, for an error text.
func (c CardIDs) firstFew() string {
	const most = 3
	if n := c.Len() - most; n > 0 {
		return fmt.Sprintf("%s and %d more", c.part(0, most), n)
	}
	return c.String()
}

// cardError returns the error of the i-th card of a call with the error callErr. It is nil if the card is done.
func (t *batchTally) cardError(i int, callErr error) error {
	var err error
	switch t.Outcomes[i] {
	case cardno.Done:
		return nil
	case cardno.Failed:
		err = callError(t.method, "the platform lists the card as failed", ErrPartial)
	default:
		err = callError(t.method, "the response does not account for the card", ErrPartial)
	}
	if refusal, ok := errors.AsType[*APIError](callErr); ok {
		err = fmt.Errorf("%w: %w", err, refusal)
	}
	if t.Outcomes[i] == cardno.Failed {
		return err
	}
	return &outcomeError{err: err, endpoint: lookup(t.method)}
}
