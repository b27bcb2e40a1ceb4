package quecloud

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
)

// ErrUnknownCard says that the platform's answer lacks a card that it was asked for, as a rule because the card belongs
// to another account. It comes in a [*BatchError].
var ErrUnknownCard = errors.New("the platform does not know this card")

// AllInfo returns an iterator over what the platform knows of any number of cards, in their order. Every card gives
// one turn of the loop, so the n-th turn is that of the n-th card:
//
//	for info, err := range client.Cards.AllInfo(ctx, quecloud.ICCIDs(numbers...)) {
//		if errors.Is(err, quecloud.ErrUnknownCard) {
//			log.Print(err) // says which
//			continue
//		}
//		if err != nil {
//			return err
//		}
//		fmt.Println(info.ICCID, info.Status)
//	}
//
// A card that the platform does not know gives a [*BatchError] that is [ErrUnknownCard], and the loop goes on behind
// it. Any other error ends the loop, and so does a refusal of a whole call: perhaps none of its cards is known, which
// the platform does not tell from other reasons. It is a [*BatchError] too, or a [*ParamError] where nothing was sent.
//
// The cards are asked for in batches of about the same size, of at most 1000, so that no card is alone in one, and as
// many batches at once as [Concurrency] says. As with [CardsService.All] nothing is sent before the loop begins, each
// loop asks anew, and leaving it cancels all.
//
// It reads § 2.1.6 资产详细信息(批量), fc.function.cards.info.
func (s *CardsService) AllInfo(ctx context.Context, cards CardIDs, opts ...FleetOption) iter.Seq2[CardInfo, error] {
	return batches[CardInfo]{
		method: "fc.function.cards.info", cards: cards.copied(), fetch: s.InfoBatch,
		number: func(info *CardInfo, kind cardKind) string {
			if kind == kindICCID {
				return info.ICCID
			}
			return info.MSISDN
		},
	}.sweep(ctx, opts)
}

// AllMonthBatch returns an iterator over the data usage of any number of cards in a month, in their order. It works as
// [CardsService.AllInfo] does: a card that the platform does not know is reported and does not end the loop.
//
// It reads § 2.1.10 月流量查询(批量), fc.function.cards.monthflow.
func (s *FlowService) AllMonthBatch(
	ctx context.Context, cards CardIDs, month Month, opts ...FleetOption,
) iter.Seq2[CardMonthFlow, error] {
	return batches[CardMonthFlow]{
		method: "fc.function.cards.monthflow", cards: cards.copied(),
		fetch: func(ctx context.Context, batch CardIDs) ([]CardMonthFlow, error) {
			return s.MonthBatch(ctx, batch, month)
		},
		number: func(flow *CardMonthFlow, _ cardKind) string { return flow.Number },
	}.sweep(ctx, opts)
}

// copied is c with numbers of its own, which the caller cannot change while they are used.
func (c CardIDs) copied() CardIDs { return CardIDs{c.kind, slices.Clone(c.numbers)} }

// A BatchError says for which of many cards a call failed. What came before them has been in the loop. To resume, begin
// with card First again. It is always a pointer.
type BatchError struct {
	Cards CardIDs // those of the call that failed; the only one, where it is ErrUnknownCard
	First int     // the place of the first of them among all cards, counted from 0
	Err   error   // what went wrong
}

// Error says what went wrong, and for which cards.
func (e *BatchError) Error() string {
	if e.Cards.Len() == 1 {
		return fmt.Sprintf("%v; that was card %s, number %d of the sweep", e.Err, e.Cards, e.First+1)
	}
	return fmt.Sprintf("%v; these were the cards number %d to %d of the sweep", e.Err, e.First+1, e.First+e.Cards.Len())
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
			err = b.check()
		}
		if err != nil {
			yield(none, err)
			return
		}
		numbers, at := b.cards.numbers, 0
		calls := max(1, (len(numbers)+maxCards-1)/maxCards)
		size := (len(numbers) + calls - 1) / calls
		next := func() (first int, ok bool) {
			first = at
			at += size
			return first, first < len(numbers)
		}
		some := func(first, n int) CardIDs {
			return CardIDs{b.cards.kind, numbers[first:min(first+n, len(numbers))]}
		}
		fetch := func(ctx context.Context, first int) batch[T] {
			found, err := b.fetch(ctx, some(first, size))
			return batch[T]{found, err}
		}
		inOrder(ctx, settings.concurrency, next, fetch, func(first int, got batch[T]) bool {
			asked := some(first, size)
			if got.err != nil {
				yield(none, b.failed(asked, first, got.err))
				return false
			}
			places := make(map[string]int, len(got.found))
			for i := range got.found {
				places[b.number(&got.found[i], b.cards.kind)] = i
			}
			for i, number := range asked.numbers {
				if ctx.Err() != nil {
					err := callError(b.method, "the sweep was stopped", context.Cause(ctx))
					yield(none, b.failed(some(first+i, size-i), first+i, err))
					return false
				}
				place, known := places[number]
				if known && !yield(got.found[place], nil) {
					return false
				}
				if !known {
					err := callError(b.method, "not in the answer", ErrUnknownCard)
					if !yield(none, b.failed(some(first+i, 1), first+i, err)) {
						return false
					}
				}
			}
			settings.progress(int64(first+asked.Len()), int64(len(numbers)))
			return true
		})
	}
}

// failed is the error for some cards.
func (b batches[T]) failed(cards CardIDs, first int, err error) error {
	if errors.As(err, new(*ParamError)) {
		return err
	}
	return &BatchError{cards, first, err}
}

// check finds bad numbers before anything is sent. There may be no cards at all, as a fleet may have none.
func (b batches[T]) check() error {
	if b.cards.kind != 0 && b.cards.Len() == 0 {
		return nil
	}
	err := b.cards.encode(b.cards.kind.param()+"s", 0, &url.Values{})
	if bad, ok := errors.AsType[*ParamError](err); ok {
		bad.Method = b.method
	}
	return err
}
