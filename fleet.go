package quecloud

import (
	"context"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// A FleetOption changes how a job over many cards or of much time is done: a sweep such as [CardsService.All], a run of
// [Each], an export. The comment of each option says what it is for. A bad option, or one that the job has no use for, is
// reported by the job as a [*ParamError] before anything is sent.
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
	maxConcurrency     = 256 // as many connections as are kept, see defaultTransport
	defaultPollEvery   = 5 * time.Second
)

// Concurrency sets how many requests a sweep or a run of [Each] has under way at once, 1 to 256; the default is 4. Of a
// sweep it also bounds the memory: no more pages than these are held, the one in the loop's hands included. With 1, the
// next request is sent when the loop has done with the answer of the one before.
func Concurrency(n int) FleetOption {
	return FleetOption{"Concurrency", func(s *fleetSettings) string {
		s.concurrency = n
		if n < 1 || n > maxConcurrency {
			return fmt.Sprintf("%d is not from 1 to %d", n, maxConcurrency)
		}
		return ""
	}}
}

// Progress sets a function to which a job tells how far it has got, for a progress bar: a sweep after every page, [Each]
// after every card, a download after every piece. It is called in the goroutine of the loop, or of the call.
//
// done counts cards (or messages, of [SMSService.AllLog]) that the loop has got, and bytes of a download. A sweep that
// starts on a later page counts those before it too. total is what the platform says at the moment and may change; it is
// never below done, and equal to it when all is done. It is -1 while nobody knows it.
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
	exportOptions   = []string{"PollEvery", "OnStage", "Progress"}
	prepareOptions  = []string{"PollEvery", "OnStage"}
	waitOptions     = []string{"PollEvery"}
	downloadOptions = []string{"Progress"}
)

// fleetOptions reads the options of a job.
func fleetOptions(method string, known []string, opts []FleetOption) (fleetSettings, error) {
	s := fleetSettings{concurrency: defaultConcurrency, pollEvery: defaultPollEvery}
	s.progress = func(int64, int64) {}
	s.onStage = func(ExportStage, int64) {}
	for i, opt := range opts {
		switch {
		case opt.set == nil:
			return s, &ParamError{method, fmt.Sprintf("option %d of %d", i+1, len(opts)), "is empty: use Concurrency, Progress, PollEvery or OnStage"}
		case !slices.Contains(known, opt.name):
			return s, &ParamError{method, opt.name, fmt.Sprintf("means nothing here, where %v can be set", known)}
		}
		if bad := opt.set(&s); bad != "" {
			return s, &ParamError{method, opt.name, bad}
		}
	}
	return s, nil
}

// inOrder does jobs in goroutines, at most n at a time, and yields their results in the order of the jobs. It is the one
// way in which the SDK does several things at once.
//
// next gives the jobs, from the goroutine that called inOrder. When it has none it is asked again after each result, and
// all is done when there are neither jobs nor results. When yield returns false, or anything panics, what is under way
// is canceled, and inOrder returns once it has ended. Results that nobody has taken yet are those of the n jobs at most.
func inOrder[J, R any](ctx context.Context, n int, next func() (J, bool), do func(context.Context, J) R, yield func(J, R) bool) {
	type task struct {
		job  J
		done chan result[R]
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	queue := make([]task, 0, n)
	for {
		for len(queue) < n {
			job, ok := next()
			if !ok {
				break
			}
			t := task{job, make(chan result[R], 1)}
			running.Go(func() { protect(t.done, func() R { return do(ctx, job) }) })
			queue = append(queue, t)
		}
		if len(queue) == 0 {
			return
		}
		t := queue[0]
		queue = slices.Delete(queue, 0, 1)
		r := <-t.done
		if r.panicked != "" {
			panic(r.panicked)
		}
		if !yield(t.job, r.value) {
			return
		}
	}
}

// A result is what came of a job.
type result[R any] struct {
	value    R
	panicked string // with what the job panicked, and where
}

// protect runs a function and sends what came of it: its panic too, to be raised where somebody can recover from it.
func protect[R any](done chan<- result[R], do func() R) {
	r := result[R]{panicked: "the goroutine was ended by runtime.Goexit"}
	defer func() {
		if v := recover(); v != nil {
			r.panicked = fmt.Sprintf("%v\n\n%s", v, debug.Stack())
		}
		done <- r
	}()
	r.value = do()
	r.panicked = ""
}

// A CardSource is where [Each] takes cards from: a slice of them, [CardIDs], or an iter.Seq[CardID].
type CardSource interface {
	~[]CardID | CardIDs | ~func(yield func(CardID) bool)
}

// cardsOf returns the cards of a source, and how many they are, or -1.
func cardsOf[S CardSource](source S) (cards func(yield func(CardID) bool), count int64) {
	if ids, ok := any(source).(CardIDs); ok {
		return func(yield func(CardID) bool) {
			for i := 0; i < ids.Len() && yield(ids.At(i)); i++ {
			}
		}, int64(ids.Len())
	}
	v := reflect.ValueOf(source) // of a type with one of these two underneath
	if v.Kind() == reflect.Slice {
		list := v.Convert(reflect.TypeFor[[]CardID]()).Interface().([]CardID)
		return slices.Values(list), int64(len(list))
	}
	return v.Convert(reflect.TypeFor[func(func(CardID) bool)]()).Interface().(func(func(CardID) bool)), -1
}
