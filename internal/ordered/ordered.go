// Package ordered runs jobs in goroutines and yields their results in the order of the jobs.
package ordered

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// Run runs jobs in goroutines, n at a time, and yields their results in the order of the jobs.
//
// next returns the next job. Run calls it in its own goroutine. If next has no job, Run calls it again after each
// result, and returns when there are neither jobs nor results. A slow job keeps others from starting only when n-1
// results wait behind it. With n = 1, a job starts after the result of the job before it was yielded.
//
// The context of the jobs ends with ctx, or d later, see [Drain]. Run also starts the jobs that next returns after ctx
// has ended. If yield returns false, or anything panics, Run cancels the running jobs after d and returns once they
// have ended. A panic in a job is raised in the goroutine of Run, when the job's result is due.
func Run[J, R any](
	ctx context.Context, n int, d time.Duration,
	next func() (J, bool), do func(context.Context, J) R, yield func(J, R) bool,
) {
	ctx, leave, release := Drain(ctx, d)
	var goroutines sync.WaitGroup
	defer release()
	defer goroutines.Wait()
	defer leave()

	maxPending := n + (n - 1)               // n running jobs, and n-1 results that wait for the first of them
	var pending []*execution[J, R]          // started and not yielded, in order
	ended := make(chan *execution[J, R], n) // room for all running jobs
	running := 0
	awaitOne := func() {
		(<-ended).ended = true
		running--
	}
	for {
		for len(ended) > 0 {
			awaitOne()
		}
		for running < n && len(pending) < maxPending {
			job, ok := next()
			if !ok {
				break
			}
			e := &execution[J, R]{job: job}
			goroutines.Go(func() { e.run(func() R { return do(ctx, job) }, ended) })
			pending = append(pending, e)
			running++
		}
		if len(pending) == 0 {
			return
		}
		first := pending[0]
		if !first.ended {
			awaitOne()
			continue
		}
		pending = slices.Delete(pending, 0, 1) // also releases the result
		if first.panicked != "" {
			panic(first.panicked)
		}
		if !yield(first.job, first.result) {
			return
		}
	}
}

// An execution is a job that was started.
type execution[J, R any] struct {
	job      J
	ended    bool
	result   R
	panicked string // the value of a panic and its stack
}

// run runs the job and reports its end. It records a panic instead of crashing the program.
func (e *execution[J, R]) run(job func() R, ended chan<- *execution[J, R]) {
	e.panicked = "the goroutine was ended by runtime.Goexit"
	defer func() {
		if v := recover(); v != nil {
			e.panicked = fmt.Sprintf("%v\n\n%s", v, debug.Stack())
		}
		ended <- e
	}()
	e.result = job()
	e.panicked = ""
}

// Drain returns a context for running jobs, with the values of ctx. It is canceled when ctx has ended or leave was
// called, or d after that. Call release at the end: it cancels the context and frees its resources.
func Drain(ctx context.Context, d time.Duration) (jobs context.Context, leave, release func()) {
	ctx, leave = context.WithCancel(ctx)
	if d <= 0 {
		return ctx, leave, leave
	}
	jobs, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-ctx.Done():
		case <-jobs.Done():
			return
		}
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel(fmt.Errorf("%w, and %v to finish have passed", context.Cause(ctx), d))
		case <-jobs.Done():
		}
	}()
	return jobs, leave, func() {
		cancel(nil)
		<-ended
		leave()
	}
}
