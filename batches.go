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

// ErrUnknownCard says that a card is missing from the response to a call that asked for it. We take it that the card
// belongs to another account or does not exist; the vendor's document does not say. It comes in a [*BatchError].
var ErrUnknownCard = errors.New("the platform does not know this card")

// AllInfo returns an iterator over what the platform knows of any number of cards, in their order. The loop runs once
// per card:
//
//	for info, err := range client.Cards.AllInfo(ctx, quecloud.ICCIDs(numbers...)) {
//		if err != nil {
//			log.Print(err) // says which card
//			continue
//		}
//		fmt.Println(info.ICCID, info.Status)
//	}
//
// Two errors do not end the loop. A card that is missing from the response gives a [*BatchError] that is
// [ErrUnknownCard]. A row of the response that is none of the cards asked for, or one of them a second time, comes as it
// is, with a [*ResponseError], in a turn of its own after the cards of its batch.
//
// Any other error ends the loop, and so does a refusal of a whole call: perhaps none of its cards is known, which
// the platform does not tell from other reasons. It is a [*BatchError] too, or a [*ParamError] where nothing was sent.
//
// A row may spell its number in another way than the one that was asked for: in lower case, with blanks, with the F that
// fills up 19 digits. An ICCID that was given with 19 of its 20 characters finds its row if just one begins so.
//
// The cards are asked for in batches of about the same size, of at most 1000, so that no card is alone in one, and as
// many batches at once as [Concurrency] says. As with [CardsService.All] nothing is sent before the loop begins, each
// loop asks anew, and leaving it cancels all.
//
// It reads § 2.1.6 资产详细信息(批量), fc.function.cards.info.
func (s *CardsService) AllInfo(ctx context.Context, cards CardIDs, opts ...FleetOption) iter.Seq2[CardInfo, error] {
	return batches[CardInfo]{
		method: "fc.function.cards.info", cards: cards, fetch: s.InfoBatch,
		number: func(info *CardInfo, kind cardKind) string {
			if kind == kindICCID {
				return info.ICCID
			}
			return info.MSISDN
		},
	}.sweep(ctx, opts)
}

// AllMonthBatch returns an iterator over the data usage of any number of cards in a month, in their order. It works as
// [CardsService.AllInfo] does: a card that is missing from the response, and a row that is none of the cards, are
// reported and do not end the loop.
//
// It reads § 2.1.10 月流量查询(批量), fc.function.cards.monthflow.
func (s *FlowService) AllMonthBatch(
	ctx context.Context, cards CardIDs, month Month, opts ...FleetOption,
) iter.Seq2[CardMonthFlow, error] {
	return batches[CardMonthFlow]{
		method: "fc.function.cards.monthflow", cards: cards,
		fetch: func(ctx context.Context, batch CardIDs) ([]CardMonthFlow, error) {
			return s.MonthBatch(ctx, batch, month)
		},
		number: func(flow *CardMonthFlow, _ cardKind) string { return flow.Number },
	}.sweep(ctx, opts)
}

// A BatchError says for which of many cards a call failed. What came before them has been in the loop. To resume, begin
// with card First again. It is always a pointer.
type BatchError struct {
	Cards CardIDs // those of the call that failed; the only one, where the error is that of a card
	First int     // the place of the first of them among all cards, counted from 0
	Err   error   // what went wrong

	total int // how many cards there are in all
}

// Error says what went wrong, and for which cards.
func (e *BatchError) Error() string {
	total := max(e.total, e.First+e.Cards.Len()) // the error may be one that users made
	if e.Cards.Len() == 1 {
		return fmt.Sprintf("%v (card %s, %d of %d)", e.Err, e.Cards, e.First+1, total)
	}
	return fmt.Sprintf("%v (cards %d to %d of %d)", e.Err, e.First+1, e.First+e.Cards.Len(), total)
}

// Unwrap returns e.Err.
func (e *BatchError) Unwrap() error { return e.Err }

// batches are a method that takes up to 1000 cards, and the cards for which it is to be asked.
type batches[T any] struct {
	method string
	cards  CardIDs
	fetch  func(context.Context, CardIDs) ([]T, error)
	number func(*T, cardKind) string
}

// A batch is the answer for some of the cards.
type batch[T any] struct {
	found []T
	err   error
}

// sweep is an iterator over the cards and what came for each.
func (b batches[T]) sweep(ctx context.Context, opts []FleetOption) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		settings, err := fleetOptions(ctx, b.method, sweepOptions, opts)
		if err == nil {
			err = checkCards(b.method, b.cards)
		}
		if err != nil {
			yield(none, err)
			return
		}
		size, at := batchSize(b.cards.Len()), 0
		next := func() (first int, ok bool) {
			first = at
			at += size
			return first, first < b.cards.Len()
		}
		fetch := func(ctx context.Context, first int) batch[T] {
			found, err := b.fetch(ctx, b.cards.part(first, size))
			return batch[T]{found, err}
		}
		ordered.Run(ctx, settings.concurrency, next, fetch, func(first int, got batch[T]) bool {
			asked := b.cards.part(first, size)
			if got.err != nil {
				yield(none, b.failed(first, size, got.err))
				return false
			}
			if !b.yieldBatch(ctx, asked, first, got.found, yield) {
				return false
			}
			settings.progress(int64(first+asked.Len()), int64(b.cards.Len()))
			return true
		})
	}
}

// batchSize is how many of so many cards are in a batch: about as many in each, so that no card is alone in one.
func batchSize(cards int) int {
	calls := max(1, (cards+maxCards-1)/maxCards)
	return max(1, (cards+calls-1)/calls)
}

// yieldBatch yields what was found of each card that was asked for, and then the rows that are none of them.
func (b batches[T]) yieldBatch(ctx context.Context, asked CardIDs, first int, found []T, yield func(T, error) bool) bool {
	var none T
	questions := asked.normals()
	met := cardno.Match(questions, b.numbers(found))
	rows := make(map[string][]int, len(found)) // of each question
	for i, place := range met {
		if place >= 0 {
			rows[questions[place]] = append(rows[questions[place]], i)
		}
	}
	used := make([]bool, len(found))
	for i, question := range questions {
		if ctx.Err() != nil {
			err := callError(b.method, "the sweep was stopped", context.Cause(ctx))
			yield(none, b.failed(first+i, asked.Len()-i, err))
			return false
		}
		if own := rows[question]; len(own) == 0 {
			err := callError(b.method, "missing from the response", ErrUnknownCard)
			if !yield(none, b.failed(first+i, 1, err)) {
				return false
			}
		} else {
			used[own[0]] = true
			if !yield(found[own[0]], nil) {
				return false
			}
			if len(own) > 1 {
				rows[question] = own[1:] // for a card that was asked for more than once
			}
		}
	}
	for i, row := range found {
		if !used[i] && !yield(row, b.stray(row, met[i] >= 0)) {
			return false
		}
	}
	return true
}

// numbers are the normal forms of the numbers by which cards were found.
func (b batches[T]) numbers(found []T) []string {
	numbers := make([]string, len(found))
	for i := range found {
		numbers[i] = b.cards.kind.normal(b.number(&found[i], b.cards.kind))
	}
	return numbers
}

// stray is the error for a row that is none of the cards asked for, or one that has had its row.
func (b batches[T]) stray(row T, again bool) error {
	reason := "%s %q was not asked for, or cannot be told from others"
	if again {
		reason = "%s %q stands in the response a second time"
	}
	number := b.number(&row, b.cards.kind)
	text, _ := json.Marshal(row) // what was read from JSON can be written
	return &ResponseError{
		Method: b.method, HTTPStatus: http.StatusOK, Body: excerpt(text, 512), Err: fmt.Errorf(reason, b.cards.kind.param(), number),
	}
}

// failed is the error for up to n of the cards that were to be asked for.
func (b batches[T]) failed(first, n int, err error) error {
	if errors.As(err, new(*ParamError)) {
		return err
	}
	return b.cards.failed(first, n, err)
}

// failed is the error for up to n of the cards, from the one at first on.
func (c CardIDs) failed(first, n int, err error) error {
	return &BatchError{c.part(first, n), first, err, c.Len()}
}

// checkCards finds bad numbers before anything is sent. There may be no cards at all, as a fleet may have none.
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

// A batchTally is what the response to a call for many cards says of each of them. It decides whether the call has succeeded.
type batchTally struct {
	*cardno.Tally
	method string
	cards  CardIDs
}

func newTally(method string, cards CardIDs, succeeded, failed []cardno.Entry) *batchTally {
	return &batchTally{cardno.NewTally(cards.normals(), cards.kind == kindICCID, succeeded, failed), method, cards}
}

// with returns the distinct cards with such an outcome, the zero CardIDs where there are none.
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

// callError turns the error of a response into that of the call, which is nil only if every card is done.
func (t *batchTally) callError(err error) error {
	problem := t.problem()
	switch {
	case err == nil && problem == "":
		return nil
	case err == nil:
		err = callError(t.method, problem, ErrPartial)
	case problem == "":
		err = fmt.Errorf("%w (%w: all are listed as done)", err, ErrPartial)
	default:
		err = fmt.Errorf("%w (%w: %s)", err, ErrPartial, problem)
	}
	if t.unaccounted().Len() > 0 && !errors.Is(err, ErrOutcomeUnknown) {
		return &outcomeError{err: err, endpoint: lookup(t.method)}
	}
	return err
}

// problem says why the call is no full success, or nothing.
func (t *batchTally) problem() string {
	total := len(t.Select(func(cardno.Outcome) bool { return true }))
	var problems []string
	if failed := t.failed(); failed.Len() > 0 {
		problems = append(problems, fmt.Sprintf("%d of %d cards failed: %s", failed.Len(), total, failed.firstFew()))
	}
	if missing := t.unaccounted(); missing.Len() > 0 {
		problems = append(problems, fmt.Sprintf("the response does not account for %d of %d cards: %s", missing.Len(), total, missing.firstFew()))
	}
	if listed := t.Select(func(o cardno.Outcome) bool { return o == cardno.Listed }); len(listed) > 0 {
		problems = append(problems, fmt.Sprintf("some of %d cards failed, which the response names by other numbers", len(listed)))
	}
	if t.Strays > 0 {
		problems = append(problems, fmt.Sprintf("%d entries of the response are none of the cards", t.Strays))
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

// cardError returns the error of the i-th card, nil if it is done, of a call with the error callErr.
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
