package quecloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"

	"github.com/quecloud/quecloud-go/internal/ordered"
)

// ErrNotBegun says that nothing was done to a card, because [Each], [SMSService.SendAll] or [FlowService.SetAlarmAll] was
// ended before: by its context, or, but for Each, by a call that failed. SendAll and SetAlarmAll yield it for every card that
// is left, Each only for the first.
var ErrNotBegun = errors.New("not begun")

// Each does something to each of many cards, several at a time ([Concurrency]), and returns an iterator over the cards
// and what came of each, nil for success, in the order of the cards:
//
//	for card, err := range quecloud.Each(ctx, cards, client.Cards.Pause) {
//		if err != nil {
//			log.Printf("%s: %v", card, err)
//		}
//	}
//
// fn may be any method of that form, or a function of yours. One card's failure does not stop the others. cards is a
// slice, [CardIDs], or an iter.Seq[CardID] of any length, from which cards are taken when it is their turn: the output
// of a sweep can be piped into Each without holding the fleet in memory.
//
// Nothing is done before the loop begins. When ctx ends no further card is begun. The loop still gets the outcome of
// every card that was begun, then the first card that was not, with [ErrNotBegun] and the reason why ctx ended, and
// ends: cards may have no end. Nothing was done to those behind it either. To go on with them, count the turns before it:
// they begin at that place of the slice, or of an iterator that is ranged over once more. Leaving the loop instead cancels
// the calls under way, whose outcomes nobody learns then.
//
// fn is called from several goroutines at once. cards is ranged over by [iter.Pull], in a coroutine: never while the
// loop's body runs, but not in its goroutine either. So is a sweep that is piped into Each, whose [Progress] is called
// there.
func Each[S CardSource](
	ctx context.Context, cards S, fn func(context.Context, CardID) error, opts ...FleetOption,
) iter.Seq2[CardID, error] {
	return func(yield func(CardID, error) bool) {
		settings, err := fleetOptions(ctx, "", sweepOptions, opts)
		if err == nil && fn == nil {
			err = &ParamError{Param: "fn", Reason: "the function is nil"}
		}
		if reflect.ValueOf(cards).Kind() == reflect.Func && isNil(cards) {
			err = cmp.Or(err, error(&ParamError{Param: "cards", Reason: "the iterator is nil"}))
		}
		if err != nil {
			yield(CardID{}, err)
			return
		}
		all, total := cardsOf(cards)
		pull, stop := iter.Pull(all)
		defer stop()
		over := false
		next := func() (t turn, ok bool) {
			if over {
				return turn{}, false
			}
			card, ok := pull()
			over = !ok || ctx.Err() != nil
			if ok && over {
				return turn{card, fmt.Errorf("quecloud: card %s: %w: %w", card, ErrNotBegun, whyEnded(ctx))}, true
			}
			return turn{card, nil}, ok
		}
		do := func(ctx context.Context, t turn) error {
			if t.notBegun != nil {
				return t.notBegun
			}
			return fn(ctx, t.card)
		}
		done := int64(0)
		ordered.Run(ctx, settings.concurrency, next, do, func(t turn, err error) bool {
			done++
			settings.progress(done, max(done, total))
			return yield(t.card, err)
		})
	}
}

// A turn is a card's turn in Each.
type turn struct {
	card     CardID
	notBegun error // why there is none
}
