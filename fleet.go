package quecloud

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
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
