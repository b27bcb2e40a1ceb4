package ordered

import (
	"context"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// upTo returns the jobs 1 to n.
func upTo(n int) func() (int, bool) {
	last := 0
	return func() (int, bool) {
		last++
		return last, last <= n
	}
}

func TestRunYieldsInOrderAndBoundsRunningJobs(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 5} {
		synctest.Test(t, func(t *testing.T) {
			var running, most atomic.Int32
			do := func(_ context.Context, job int) int {
				now := running.Add(1)
				defer running.Add(-1)
				for before := most.Load(); now > before && !most.CompareAndSwap(before, now); before = most.Load() {
				}
				time.Sleep(time.Duration(20-job) * time.Second) // later ones are faster
				return job * job
			}
			var jobs, results []int
			Run(t.Context(), n, 0, upTo(20), do, func(job, result int) bool {
				jobs, results = append(jobs, job), append(results, result)
				return true
			})
			require.Len(t, jobs, 20)
			assert.True(t, slices.IsSorted(jobs))
			assert.True(t, slices.IsSorted(results))
			assert.EqualValues(t, n, most.Load())
		})
	}
}

// While a slow job runs, at most 2n-2 others start.
func TestRunBoundsPendingResults(t *testing.T) {
	t.Parallel()
	const n = 3
	synctest.Test(t, func(t *testing.T) {
		var started atomic.Int32
		next := func() (int, bool) {
			job := int(started.Add(1))
			return job, job <= 100
		}
		do := func(_ context.Context, job int) int {
			if job == 1 {
				time.Sleep(time.Hour)
				return int(started.Load())
			}
			return 0
		}
		Run(t.Context(), n, 0, next, do, func(job, result int) bool {
			if job == 1 {
				assert.Equal(t, 2*n-1, result, "the slow job, and those that started after it")
			}
			return true
		})
	})
}

func TestRunCancelsRunningJobs(t *testing.T) {
	t.Parallel()
	wait := func(ctx context.Context, job int) int {
		if job > 1 {
			<-ctx.Done()
		}
		return job
	}
	synctest.Test(t, func(t *testing.T) {
		yielded := 0
		Run(t.Context(), 4, 0, upTo(10), wait, func(int, int) bool {
			yielded++
			return false
		})
		assert.Equal(t, 1, yielded)
	})
	synctest.Test(t, func(t *testing.T) {
		assert.PanicsWithValue(t, "mine", func() {
			Run(t.Context(), 4, 0, upTo(10), wait, func(int, int) bool { panic("mine") })
		})
	})
}

func TestRunRaisesPanicsOfJobs(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(context.Context, int) int{
		"panic":                  func(context.Context, int) int { panic("of the job") },
		"runtime.Goexit":         func(context.Context, int) int { runtime.Goexit(); return 0 },
		"a panic after a result": func(_ context.Context, job int) int { return 1 / (2 - job) },
	} {
		yielded := 0
		assert.Panics(t, func() {
			Run(t.Context(), 2, 0, upTo(3), do, func(int, int) bool {
				yielded++
				return true
			})
		}, name)
		assert.Equal(t, map[bool]int{true: 1}[name == "a panic after a result"], yielded, name)
	}
}

// With n = 1, a job starts after the result of the job before it was yielded.
func TestRunOfOneAtATime(t *testing.T) {
	t.Parallel()
	yielded := 0
	next := func() (int, bool) { return yielded, yielded < 5 }
	Run(t.Context(), 1, 0, next, func(_ context.Context, job int) int { return job }, func(job, _ int) bool {
		assert.Equal(t, yielded, job)
		yielded++
		return true
	})
	assert.Equal(t, 5, yielded)
}

// Jobs have the time d after the context has ended, or after yield has returned false.
func TestRunDrainsJobs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		leave    bool
		job      time.Duration
		took     time.Duration
		finished int32
	}{
		"context ends":            {job: 4 * time.Second, took: 4 * time.Second, finished: 3},
		"context ends, long jobs": {job: time.Hour, took: 6 * time.Second},
		"leave":                   {leave: true, job: 4 * time.Second, took: 4 * time.Second, finished: 3},
		"leave, long jobs":        {leave: true, job: time.Hour, took: 5 * time.Second, finished: 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.WithValue(t.Context(), t, name))
			defer cancel()
			var finished atomic.Int32
			do := func(ctx context.Context, job int) error {
				assert.Equal(t, name, ctx.Value(t))
				if job == 1 && tt.leave {
					finished.Add(1)
					return nil
				}
				select {
				case <-time.After(tt.job):
					finished.Add(1)
					return nil
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			if !tt.leave {
				time.AfterFunc(time.Second, cancel)
			}
			start := time.Now()
			Run(ctx, 3, 5*time.Second, upTo(3), do, func(_ int, err error) bool {
				if !tt.leave && tt.finished == 0 {
					assert.ErrorIs(t, err, context.Canceled, name)
					assert.ErrorContains(t, err, "and 5s to finish have passed", name)
				}
				return !tt.leave
			})
			assert.Equal(t, tt.took, time.Since(start), name)
			assert.Equal(t, tt.finished, finished.Load(), name)
		})
	}
}

func TestDrainReleasesItsContext(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{0, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			ctx, _, release := Drain(context.Background(), d)
			assert.NoError(t, ctx.Err())
			release()
			assert.ErrorIs(t, ctx.Err(), context.Canceled)
		})
	}
}
