package quecloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/quecloud/quecloud-go/internal/ordered"
)

// A FleetOption changes how a job over many cards or of much time is done: a sweep such as [CardsService.All], a run of
// [Each], an export. The comment of each option says what it is for. A bad option, or one that the job has no use for,
// is reported by the job as a [*ParamError] before anything is sent.
type FleetOption struct {
	name string
	set  func(*fleetSettings) (bad string)
}

type fleetSettings struct {
	concurrency int
	progress    func(done, total int64)
	pollEvery   time.Duration
	onStage     func(ExportStage, int64)
}

const (
	defaultConcurrency = 4
	maxConcurrency     = maxConnections // more would wait for each other
	defaultPollEvery   = 5 * time.Second
)

// Concurrency sets how many requests a sweep or a run of [Each] has under way at once, 1 to 64; the default is 4. It
// also bounds what is held in memory: at most twice as many pages, the one that the loop is at included, whatever the
// size of the fleet. With 1, the next request is sent when the loop is through with the answer to the one before.
func Concurrency(n int) FleetOption {
	return FleetOption{"Concurrency", func(s *fleetSettings) string {
		s.concurrency = n
		if n < 1 || n > maxConcurrency {
			return fmt.Sprintf("%d is not from 1 to %d", n, maxConcurrency)
		}
		return ""
	}}
}

// Progress sets a function to which a job tells how far it has got, for a progress bar: a sweep after every page that has
// rows and at its end, [Each] after every card, a download after every piece. It is called in the goroutine of the loop, or of the call, or,
// for a sweep that is piped into [Each], in a coroutine of that loop.
//
// done counts cards (or messages, of [SMSService.AllLog]) that the loop has got, and bytes of a download. A sweep that
// starts on a later page counts those before it too. total is the most that the platform has said by now and may grow;
// it is never below done, and equal to it when all is done. It is -1 while nobody knows it.
func Progress(f func(done, total int64)) FleetOption {
	return FleetOption{"Progress", func(s *fleetSettings) string {
		s.progress = f
		return badIf(f == nil, "the function is nil")
	}}
}

// PollEvery sets how long [FilesService.Export], [FilesService.Prepare] and [OrdersService.Wait] wait before they ask
// again. The default is 5 seconds.
func PollEvery(d time.Duration) FleetOption {
	return FleetOption{"PollEvery", func(s *fleetSettings) string {
		s.pollEvery = d
		return badIf(d <= 0, fmt.Sprintf("%v is not a time to wait: want more than 0", d))
	}}
}

// OnStage sets a function that [FilesService.Export] and [FilesService.Prepare] call when they begin a stage, in the
// goroutine of the call.
func OnStage(f func(stage ExportStage, taskID int64)) FleetOption {
	return FleetOption{"OnStage", func(s *fleetSettings) string {
		s.onStage = f
		return badIf(f == nil, "the function is nil")
	}}
}

func badIf(bad bool, reason string) string {
	if bad {
		return reason
	}
	return ""
}

// The options that each kind of job knows.
var (
	sweepOptions    = []string{"Concurrency", "Progress"}
	batchOptions    = []string{"Progress"}
	exportOptions   = []string{"PollEvery", "OnStage", "Progress"}
	prepareOptions  = []string{"PollEvery", "OnStage"}
	waitOptions     = []string{"PollEvery"}
	downloadOptions = []string{"Progress"}
)

// fleetOptions reads the options of a job.
func fleetOptions(ctx context.Context, method string, known []string, opts []FleetOption) (fleetSettings, error) {
	s := fleetSettings{concurrency: defaultConcurrency, pollEvery: defaultPollEvery}
	s.progress = func(int64, int64) {}
	s.onStage = func(ExportStage, int64) {}
	if ctx == nil {
		return s, errNoContext(method)
	}
	for i, opt := range opts {
		switch {
		case opt.set == nil:
			return s, &ParamError{method, fmt.Sprintf("option %d of %d", i+1, len(opts)), "is empty: use Concurrency, Progress, PollEvery or OnStage"}
		case !slices.Contains(known, opt.name):
			return s, &ParamError{method, opt.name, "means nothing here; what can be set is " + strings.Join(known, ", ")}
		}
		if bad := opt.set(&s); bad != "" {
			return s, &ParamError{method, opt.name, bad}
		}
	}
	return s, nil
}

// A CardSource is where [Each] takes cards from: a slice of them, [CardIDs], or an iter.Seq[CardID].
type CardSource interface {
	~[]CardID | CardIDs | ~func(yield func(CardID) bool)
}

// cardsOf returns the cards of a source, and how many they are, or -1.
func cardsOf[S CardSource](source S) (cards func(yield func(CardID) bool), count int64) {
	if ids, ok := any(source).(CardIDs); ok {
		return ids.All(), int64(ids.Len())
	}
	v := reflect.ValueOf(source) // of a type with one of these two underneath
	if v.Kind() == reflect.Slice {
		list := v.Convert(reflect.TypeFor[[]CardID]()).Interface().([]CardID)
		return slices.Values(list), int64(len(list))
	}
	return v.Convert(reflect.TypeFor[func(func(CardID) bool)]()).Interface().(func(func(CardID) bool)), -1
}

// ErrNotStarted says that nothing was done to a card, because [Each], [SMSService.SendAll] or [FlowService.SetAlarmAll] was
// ended before: by its context, or, but for Each, by a call that failed. SendAll and SetAlarmAll yield it for every card that
// is left, Each only for the first.
var ErrNotStarted = errors.New("not started")

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
// every card that was begun, then the first card that was not, with [ErrNotStarted] and the reason why ctx ended, and
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
				return turn{card, fmt.Errorf("quecloud: card %s: %w: %w", card, ErrNotStarted, whyEnded(ctx))}, true
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

// inBatches makes a call for every 1000 of many cards, one after another, and yields what became of each card: with it
// where it stands in the list of successes, or -1, and why it is not done. It makes no call a second time.
func inBatches(
	ctx context.Context, method string, cards CardIDs, opts []FleetOption,
	call func(context.Context, CardIDs) (*batchTally, error), yield func(card CardID, row int, err error) bool,
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
		err := callError(method, "not sent", fmt.Errorf("%w: %w", ErrNotStarted, reason))
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
		tally, err := call(ctx, batch)
		if first == 0 && errors.As(err, new(*ParamError)) {
			yield(CardID{}, -1, err)
			return
		}
		ended := err != nil && !errors.Is(err, ErrPartial)
		for i, card := range batch.cards {
			row, outcome := -1, err
			if !ended {
				row, outcome = tally.Rows[i], tally.cardError(i, err)
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
