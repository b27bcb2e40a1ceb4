// Package ordered runs jobs in goroutines and yields their results in the order of the jobs.
package ordered

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
)

// Run runs jobs in goroutines, n at a time, and yields their results in the order of the jobs.
//
// next returns the jobs; it is called in the goroutine that called Run. When it has none it is called again after each
// result, and Run returns when there are neither jobs nor results. A job that takes long does not keep others from
// starting until n-1 results wait behind it. When yield returns false, or anything panics, Run cancels the jobs under way
// and returns once they have ended. With n = 1 a job starts only after the result of the one before was yielded.
//
// A panic in a job is raised in the goroutine that called Run when the job's result is due.
func Run[J, R any](
	ctx context.Context, n int, next func() (J, bool), do func(context.Context, J) R, yield func(J, R) bool,
) {
	ctx, cancel := context.WithCancel(ctx)
	var goroutines sync.WaitGroup
	defer goroutines.Wait()
	defer cancel()
	running, maxStarted := 0, 2*n-1
	ended := make(chan *run[J, R], n) // has room for all that run
	var started []*run[J, R]          // and not yielded, in order
	for {
		for len(ended) > 0 {
			(<-ended).ended = true
			running--
		}
		for running < n && len(started) < maxStarted {
			job, ok := next()
			if !ok {
				break
			}
			r := &run[J, R]{job: job}
			goroutines.Go(func() { r.do(func() R { return do(ctx, job) }, ended) })
			started = append(started, r)
			running++
		}
		if len(started) == 0 {
			return
		}
		first := started[0]
		if !first.ended {
			(<-ended).ended = true
			running--
			continue
		}
		started = slices.Delete(started, 0, 1) // which also lets go of it
		if first.panicked != "" {
			panic(first.panicked)
		}
		if !yield(first.job, first.result) {
			return
		}
	}
}

// A run is a job that was started.
type run[J, R any] struct {
	job      J
	ended    bool
	result   R
	panicked string // with what the job panicked, and where
}

// do does the job and reports its end. It keeps a panic, to be raised where somebody can recover from it.
func (r *run[J, R]) do(job func() R, ended chan<- *run[J, R]) {
	r.panicked = "the goroutine was ended by runtime.Goexit"
	defer func() {
		if v := recover(); v != nil {
			r.panicked = fmt.Sprintf("%v\n\n%s", v, debug.Stack())
		}
		ended <- r
	}()
	r.result = job()
	r.panicked = ""
}
