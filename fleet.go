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
// [Each], an export. The function returns a [*ParamError] before it sends anything if an option is invalid or does not
// apply to it.
type FleetOption struct {
	name string
	set  func(*fleetSettings) (problem string)
}

type fleetSettings struct {
	concurrency int
	progress    func(done, total int64)
	pollEvery   time.Duration
	onStage     func(ExportStage, int64)
}

const (
	defaultConcurrency = 4
	maxConcurrency     = maxConnections // further requests would wait for a connection
	defaultPollEvery   = 5 * time.Second
)

// Concurrency sets how many requests a sweep or [Each] runs at once, 1 to 64. The default is 4. It also bounds the
// memory of a sweep: at most twice as many pages are held, with the current one, regardless of the size of the fleet.
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
// after every card, of SendAll and SetAlarmAll after every batch, of a download after every piece. It is called in the
// goroutine of the loop or of the call. If a sweep feeds [Each], it is called in a coroutine of the loop over Each.
//
// done counts the cards that the loop has had, the messages of [SMSService.AllLog], or the bytes of a download. A sweep
// that starts on a later page counts the rows before it. total is the largest total that the platform has announced so
// far. It may grow, is never below done, and equals done at the end. It is -1 while unknown.
func Progress(f func(done, total int64)) FleetOption {
	return FleetOption{"Progress", func(s *fleetSettings) string {
		s.progress = f
		return problemIf(f == nil, "the function is nil")
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
	batchOptions    = []string{"Progress"}
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
			return s, &ParamError{method, param, "is empty: use Concurrency, Progress, PollEvery or OnStage"}
		case !slices.Contains(allowed, opt.name):
			return s, &ParamError{method, opt.name, "does not apply here; allowed are " + strings.Join(allowed, ", ")}
		}
		if problem := opt.set(&s); problem != "" {
			return s, &ParamError{method, opt.name, problem}
		}
	}
	return s, nil
}

// A CardSource gives [Each] its cards: a slice of them, [CardIDs], or an iter.Seq[CardID].
type CardSource interface {
	~[]CardID | CardIDs | ~func(yield func(CardID) bool)
}

// cardsOf returns the cards of a source and their number, or -1 if that is unknown.
func cardsOf[S CardSource](source S) (cards func(yield func(CardID) bool), count int64) {
	if ids, ok := any(source).(CardIDs); ok {
		return ids.All(), int64(ids.Len())
	}
	v := reflect.ValueOf(source) // the source may have a named type
	if v.Kind() == reflect.Slice {
		list := v.Convert(reflect.TypeFor[[]CardID]()).Interface().([]CardID)
		return slices.Values(list), int64(len(list))
	}
	return v.Convert(reflect.TypeFor[func(func(CardID) bool)]()).Interface().(func(func(CardID) bool)), -1
}

// ErrNotStarted says that nothing was done to a card because [Each], [SMSService.SendAll] or
// [FlowService.SetAlarmAll] ended early: with its context or, SendAll and SetAlarmAll only, after a failed call.
// SendAll and SetAlarmAll yield it for every remaining card, Each for the first one.
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
// does not stop the others. cards is a slice, [CardIDs], or an iter.Seq[CardID] of any length. Each takes a card from
// it when fn can run: it can process the output of a sweep without holding the fleet in memory.
//
// Nothing is done before the loop starts. When ctx ends, Each starts no further card. The loop still gets the result
// of every started card, then [ErrNotStarted] with the reason for the first other card, and ends: cards may be
// endless. Nothing was done to the cards after it either. To continue, count the results before that error and start
// again with the card at this index. Leaving the loop instead cancels the running calls, and their results are lost.
//
// Each ranges over cards with [iter.Pull], in a coroutine: never while the loop body runs, but not in its goroutine. If
// cards is a sweep, its [Progress] function is called there.
func Each[S CardSource](
	ctx context.Context, cards S, fn func(context.Context, CardID) error, opts ...FleetOption,
) iter.Seq2[CardID, error] {
	return func(yield func(CardID, error) bool) {
		settings, err := fleetOptions(ctx, "", sweepOptions, opts)
		switch {
		case err != nil:
		case fn == nil:
			err = &ParamError{Param: "fn", Reason: "the function is nil"}
		case reflect.ValueOf(cards).Kind() == reflect.Func && isNil(cards):
			err = &ParamError{Param: "cards", Reason: "the iterator is nil"}
		}
		if err != nil {
			yield(CardID{}, err)
			return
		}
		all, total := cardsOf(cards)
		nextCard, stop := iter.Pull(all)
		defer stop()
		do := func(ctx context.Context, job eachJob) error {
			if job.notStarted != nil {
				return job.notStarted
			}
			return fn(ctx, job.card)
		}
		done := int64(0)
		ordered.Run(ctx, settings.concurrency, eachJobs(ctx, nextCard), do, func(job eachJob, err error) bool {
			done++
			settings.progress(done, max(done, total))
			return yield(job.card, err)
		})
	}
}

// An eachJob is a card that Each runs its function on, unless notStarted says why it does not.
type eachJob struct {
	card       CardID
	notStarted error
}

// eachJobs returns a function that returns the jobs of Each. When ctx has ended, one more card is not started.
func eachJobs(ctx context.Context, nextCard func() (CardID, bool)) func() (eachJob, bool) {
	ended := false
	return func() (job eachJob, ok bool) {
		if ended {
			return eachJob{}, false
		}
		card, ok := nextCard()
		ended = !ok || ctx.Err() != nil
		if ok && ended {
			return eachJob{card, fmt.Errorf("quecloud: card %s: %w: %w", card, ErrNotStarted, whyEnded(ctx))}, true
		}
		return eachJob{card, nil}, ok
	}
}
