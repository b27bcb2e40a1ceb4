package quecloud

import (
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

// A FleetOption configures a function that handles many cards or takes much time: a sweep such as [CardsService.All],
// [Each], [Map], an export. The function returns a [*ParamError] before it sends anything if an option is invalid or
// does not apply to it.
type FleetOption struct {
	name string
	set  func(*fleetSettings) (problem string)
}

type fleetSettings struct {
	concurrency int
	progress    func(done, total int64)
	drain       time.Duration
	pollEvery   time.Duration
	onStage     func(ExportStage, int64)
}

const (
	defaultConcurrency = 4
	maxConcurrency     = maxConnections // further requests would wait for a connection
	defaultPollEvery   = 5 * time.Second
)

// Concurrency sets how many requests a sweep, [Each] or [Map] runs at once, 1 to 64. The default is 4. It also bounds
// the memory of a sweep: at most twice as many pages are held, with the current one, regardless of the fleet's size.
// With 1, the next request is sent after the loop has handled the response before it.
func Concurrency(n int) FleetOption {
	return FleetOption{"Concurrency", func(s *fleetSettings) string {
		s.concurrency = n
		if n < 1 || n > maxConcurrency {
			return fmt.Sprintf("%d is not from 1 to %d", n, maxConcurrency)
		}
		return ""
	}}
}

// Progress sets a function that reports progress: of a sweep after every page that has rows and at the end, of [Each]
// and [Map] after every item, of SendAll and SetAlarmAll after every batch, of a download after every piece. It is
// called in the goroutine of the loop or of the call. If a sweep feeds Each or Map, it is called in a coroutine of the
// loop over these.
//
// done counts the cards or items that the loop has had, the messages of [SMSService.AllLog], or the bytes of a
// download. A sweep that starts on a later page counts the rows before it. total is the largest total that the platform
// has announced so far. It may grow, is never below done, and equals done at the end. It is -1 while unknown.
func Progress(f func(done, total int64)) FleetOption {
	return FleetOption{"Progress", func(s *fleetSettings) string {
		s.progress = f
		return problemIf(f == nil, "the function is nil")
	}}
}

// Drain lets running calls finish when their context ends. [Each], [Map], [SMSService.SendAll] and
// [FlowService.SetAlarmAll] then start nothing more, yield the results of the calls that have started, and then
// [ErrNotStarted]. A call gets a context with the values of ctx that is canceled d after ctx has ended. Without Drain
// it is canceled together with ctx, and a change that is under way may end with [ErrOutcomeUnknown]. If d is longer
// than the client's timeout ([WithTimeout]), every request that is under way when ctx ends can end by itself.
//
// If the loop over Each or Map is left, by break, return or a panic, the running calls have the same time. The loop
// ends when they have ended, and their results are lost. SendAll and SetAlarmAll run no call while the loop body runs.
//
// A call that waits for a limiter has started. A function of yours that ignores its context may run longer than d.
func Drain(d time.Duration) FleetOption {
	return FleetOption{"Drain", func(s *fleetSettings) string {
		s.drain = d
		return problemIf(d <= 0, fmt.Sprintf("%v is not above 0", d))
	}}
}

// PollEvery sets how long [FilesService.Export], [FilesService.Prepare] and [OrdersService.Wait] wait between two
// polls. The default is 5 seconds.
func PollEvery(d time.Duration) FleetOption {
	return FleetOption{"PollEvery", func(s *fleetSettings) string {
		s.pollEvery = d
		return problemIf(d <= 0, fmt.Sprintf("%v is not above 0", d))
	}}
}

// OnStage sets a function that [FilesService.Export] and [FilesService.Prepare] call when a stage starts, in the
// goroutine of the call.
func OnStage(f func(stage ExportStage, taskID int64)) FleetOption {
	return FleetOption{"OnStage", func(s *fleetSettings) string {
		s.onStage = f
		return problemIf(f == nil, "the function is nil")
	}}
}

func problemIf(condition bool, problem string) string {
	if condition {
		return problem
	}
	return ""
}

// The options that apply to each kind of function.
var (
	sweepOptions    = []string{"Concurrency", "Progress"}
	mapOptions      = []string{"Concurrency", "Progress", "Drain"}
	batchOptions    = []string{"Progress", "Drain"}
	exportOptions   = []string{"PollEvery", "OnStage", "Progress"}
	prepareOptions  = []string{"PollEvery", "OnStage"}
	waitOptions     = []string{"PollEvery"}
	downloadOptions = []string{"Progress"}
)

// fleetOptions applies options, of which those in allowed are valid.
func fleetOptions(ctx context.Context, method string, allowed []string, opts []FleetOption) (fleetSettings, error) {
	s := fleetSettings{concurrency: defaultConcurrency, pollEvery: defaultPollEvery}
	s.progress = func(int64, int64) {}
	s.onStage = func(ExportStage, int64) {}
	if ctx == nil {
		return s, errNoContext(method)
	}
	for i, opt := range opts {
		switch {
		case opt.set == nil:
			param := fmt.Sprintf("option %d of %d", i+1, len(opts))
			return s, &ParamError{method, param, "is empty: use Concurrency, Progress, Drain, PollEvery or OnStage"}
		case !slices.Contains(allowed, opt.name):
			return s, &ParamError{method, opt.name, "does not apply here; allowed are " + strings.Join(allowed, ", ")}
		}
		if problem := opt.set(&s); problem != "" {
			return s, &ParamError{method, opt.name, problem}
		}
	}
	return s, nil
}

// A CardSource gives [Each] its cards: a slice of them, [CardIDs], an iter.Seq[CardID], or an iter.Seq2[CardID, error].
type CardSource interface {
	~[]CardID | CardIDs | ~func(yield func(CardID) bool) | ~func(yield func(CardID, error) bool)
}

// A Source gives [Map] its items: a slice of them, [CardIDs] where an item is a [CardID], an iter.Seq[T], or an
// iter.Seq2[T, error] such as the one that [CardsService.All] returns.
type Source[T any] interface {
	~[]T | CardIDs | ~func(yield func(T) bool) | ~func(yield func(T, error) bool)
}

// An Outcome has an item of [Map] and the result of its function.
type Outcome[T, R any] struct {
	Item   T // from the source
	Result R // of the function; zero if it was not called
}

// ErrNotStarted says that nothing was done to a card or item because [Each], [Map], [SMSService.SendAll] or
// [FlowService.SetAlarmAll] ended early: with its context or, SendAll and SetAlarmAll only, after a failed call.
// SendAll and SetAlarmAll yield it for every remaining card, Each and Map for the first item.
var ErrNotStarted = errors.New("not started")

// Each runs a function over many cards concurrently ([Concurrency]) and yields one result per card, in the order of the
// cards. The error is nil for success:
//
//	for card, err := range quecloud.Each(ctx, cards, client.Cards.Pause) {
//		if err != nil {
//			log.Printf("%s: %v", card, err)
//		}
//	}
//
// fn may be any method of this form, or your own function. Several goroutines call it at once. The failure of a card
// does not stop the others. [Map] takes functions that return a result, and items of any type. cards is a slice,
// [CardIDs], or a sequence of any length. Each takes a card from it when fn can run: it can process the output of a
// sweep without holding the fleet in memory. If the sequence can fail, make it an iter.Seq2[CardID, error]: Each yields
// its errors in their place and does not call fn for them.
//
// Nothing is done before the loop starts. When ctx ends, Each starts no further card. The loop still gets the result
// of every started card, then [ErrNotStarted] with the reason for the first other card, and ends: cards may be
// endless. Nothing was done to the cards after it either. To continue, count the results before that error and start
// again with the card at this index. If cards itself ends with ctx, such as the rows of a query under it, no card is
// left to say so: the loop ends without ErrNotStarted, so the sequence should yield its error. Leaving the loop instead
// cancels the running calls, and their results are lost. With [Drain], the running calls may finish in both cases.
//
// Each ranges over cards with [iter.Pull2], in a coroutine: never while the loop body runs, but not in its goroutine.
// If cards is a sweep, its [Progress] function is called there.
func Each[S CardSource](
	ctx context.Context, cards S, fn func(context.Context, CardID) error, opts ...FleetOption,
) iter.Seq2[CardID, error] {
	var call func(context.Context, CardID) mapResult[struct{}]
	if fn != nil {
		call = func(ctx context.Context, card CardID) mapResult[struct{}] {
			return mapResult[struct{}]{err: fn(ctx, card)}
		}
	}
	return func(yield func(CardID, error) bool) {
		runMap(ctx, "cards", cards, call, opts, func(o Outcome[CardID, struct{}], err error) bool {
			return yield(o.Item, err)
		})
	}
}

// Map runs a function over many items concurrently ([Concurrency]) and yields one [Outcome] per item, in the order of
// the items: the item, and the function's result and error. An item is a card, or any value of yours:
//
//	for status, err := range quecloud.Map(ctx, cards, client.Cards.RealtimeStatus) {
//		if err != nil {
//			log.Printf("%s: %v", status.Item, err)
//			continue
//		}
//		fmt.Println(status.Item, status.Result.Online)
//	}
//
// items is a slice, [CardIDs] if fn takes a [CardID], an iter.Seq[T], or an iter.Seq2[T, error], such as a sweep or
// another Map. An error in such a sequence is yielded in its place, with the item that came with it: fn is not called
// for that item. Map goes on as long as the sequence does, after the end of ctx too while every item comes with an
// error: a sequence that reads an endless source, such as a queue, must end with ctx by itself. A sweep such as
// [CardsService.All] ends with its first error, which is then the last one of Map and says where to resume: see
// [*PageError].
//
// Apart from that, Map works like [Each], also when ctx ends or the loop is left. If a sweep under the same ctx is the
// source, the last error may be that of the sweep instead of [ErrNotStarted].
func Map[S Source[T], T, R any](
	ctx context.Context, items S, fn func(context.Context, T) (R, error), opts ...FleetOption,
) iter.Seq2[Outcome[T, R], error] {
	var call func(context.Context, T) mapResult[R]
	if fn != nil {
		call = func(ctx context.Context, item T) mapResult[R] {
			result, err := fn(ctx, item)
			return mapResult[R]{result, err}
		}
	}
	return func(yield func(Outcome[T, R], error) bool) { runMap(ctx, "items", items, call, opts, yield) }
}

// runMap yields the outcome of each item of source, which is a Source[T] in the parameter named param.
func runMap[T, R any](
	ctx context.Context, param string, source any, call func(context.Context, T) mapResult[R], opts []FleetOption,
	yield func(Outcome[T, R], error) bool,
) {
	settings, err := fleetOptions(ctx, "", mapOptions, opts)
	items, total := itemsOf[T](source)
	switch {
	case err != nil:
	case call == nil:
		err = &ParamError{Param: "fn", Reason: "the function is nil"}
	case reflect.ValueOf(source).Kind() == reflect.Func && isNil(source):
		err = &ParamError{Param: param, Reason: "the iterator is nil"}
	case items == nil:
		err = &ParamError{Param: param, Reason: "CardIDs are for a function that takes a CardID"}
	}
	if err != nil {
		yield(Outcome[T, R]{}, err)
		return
	}
	nextItem, stop := iter.Pull2(items)
	defer stop()
	do := func(ctx context.Context, job mapJob[T]) mapResult[R] {
		if job.err != nil {
			return mapResult[R]{err: job.err}
		}
		return call(ctx, job.item)
	}
	done, next := int64(0), mapJobs(ctx, nextItem)
	ordered.Run(ctx, settings.concurrency, settings.drain, next, do, func(job mapJob[T], r mapResult[R]) bool {
		done++
		settings.progress(done, max(done, total))
		return yield(Outcome[T, R]{job.item, r.result}, r.err)
	})
}

// itemsOf returns the items of a Source[T] and their number, or -1 if that is unknown. It returns no items if the
// source is CardIDs and T is another type than CardID.
func itemsOf[T any](source any) (items iter.Seq2[T, error], count int64) {
	if ids, ok := source.(CardIDs); ok {
		source = ids.cards
		if _, ok := source.([]T); !ok {
			return nil, -1
		}
	}
	v := reflect.ValueOf(source) // the source may have a named type
	if pairs := reflect.TypeFor[func(func(T, error) bool)](); v.CanConvert(pairs) {
		return v.Convert(pairs).Interface().(func(func(T, error) bool)), -1
	}
	var seq iter.Seq[T]
	if v.Kind() == reflect.Slice {
		list := v.Convert(reflect.TypeFor[[]T]()).Interface().([]T)
		seq, count = slices.Values(list), int64(len(list))
	} else {
		seq, count = v.Convert(reflect.TypeFor[func(func(T) bool)]()).Interface().(func(func(T) bool)), -1
	}
	return func(yield func(T, error) bool) {
		for item := range seq {
			if !yield(item, nil) {
				return
			}
		}
	}, count
}

// A mapJob is an item that Map calls its function with, unless err says why it does not.
type mapJob[T any] struct {
	item T
	err  error
}

// A mapResult has the result and the error of the function of Map.
type mapResult[R any] struct {
	result R
	err    error
}

// mapJobs returns a function that returns the jobs of Map. When ctx has ended, one more item is not started.
func mapJobs[T any](ctx context.Context, nextItem func() (T, error, bool)) func() (mapJob[T], bool) {
	ended, index := false, -1
	return func() (job mapJob[T], ok bool) {
		if ended {
			return job, false
		}
		job.item, job.err, ok = nextItem()
		if index++; ok && job.err == nil && ctx.Err() != nil {
			name := fmt.Sprintf("item at index %d", index)
			if card, isCard := any(job.item).(CardID); isCard {
				name = "card " + card.String()
			}
			ended, job.err = true, fmt.Errorf("quecloud: %s: %w: %w", name, ErrNotStarted, whyEnded(ctx))
		}
		return job, ok
	}
}
