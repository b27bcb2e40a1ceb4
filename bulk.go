package quecloud

import (
	"context"
	"errors"
	"fmt"
)

// inBatches makes a call for every 1000 of many cards, one after another, and yields what became of each card: with it
// where it stands in the list of successes, or -1, and why it is not done. It makes no call a second time.
func inBatches(
	ctx context.Context, method string, cards CardIDs, opts []FleetOption,
	call func(context.Context, CardIDs) (*account, error), yield func(card CardID, row int, err error) bool,
) {
	settings, err := fleetOptions(ctx, method, batchOptions, opts)
	if err == nil && cards.kind == 0 {
		_, err = call(ctx, cards) // which refuses them, or what else is wrong
	} else if err == nil {
		err = checkCards(method, cards)
	}
	if err != nil {
		yield(CardID{}, -1, err)
		return
	}
	stopped := func(first int, reason error) {
		err := callError(method, "not sent", fmt.Errorf("%w: %w", ErrNotBegun, reason))
		for i, card := range cards.cards[min(first, cards.Len()):] {
			if !yield(card, -1, cards.failed(first+i, 1, err)) {
				return
			}
		}
	}
	size := batchSize(cards.Len())
	for first := 0; first < cards.Len(); first += size {
		if ctx.Err() != nil {
			stopped(first, whyEnded(ctx))
			return
		}
		batch := cards.part(first, size)
		account, err := call(ctx, batch)
		if first == 0 && errors.As(err, new(*ParamError)) {
			yield(CardID{}, -1, err)
			return
		}
		ended := err != nil && !errors.Is(err, ErrPartial)
		for i, card := range batch.cards {
			row, outcome := -1, err
			if !ended {
				row, outcome = account.row(i), account.outcome(i, err)
			}
			if outcome != nil {
				outcome = cards.failed(first+i, 1, outcome)
			}
			if !yield(card, row, outcome) {
				return
			}
		}
		settings.progress(int64(first+batch.Len()), int64(cards.Len()))
		if ended {
			stopped(first+size, errBatchFailed)
			return
		}
	}
}

var errBatchFailed = errors.New("the call for the cards before it failed")
