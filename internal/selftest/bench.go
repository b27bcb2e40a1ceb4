package selftest

import (
	"slices"
	"testing"
	"time"
)

// A Job is a function to be measured.
type Job struct {
	Name string
	Do   func()
}

// Compare measures jobs that do the same in different ways, the SDK's first: each by itself, and then all in turns, n
// times each. The metric ours/NAME is the time of the first job relative to the job of that name, by the medians of the
// turns, so that noise of the machine affects all jobs alike. Only these ratios matter.
func Compare(b *testing.B, n int, jobs ...Job) {
	for _, job := range jobs {
		b.Run(job.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				job.Do()
			}
		})
	}
	b.Run("in-turns", func(b *testing.B) {
		times := make([][]time.Duration, len(jobs))
		for b.Loop() {
			for i, job := range jobs {
				start := time.Now()
				for range n {
					job.Do()
				}
				times[i] = append(times[i], time.Since(start))
			}
		}
		for i, job := range jobs[1:] {
			b.ReportMetric(median(times[0])/median(times[i+1]), "ours/"+job.Name)
		}
	})
}

// Allocations returns the fewest allocations of 200 runs of a function. Most runs make more under the race detector,
// which drops some of what is put into a pool.
func Allocations(do func()) float64 {
	fewest := testing.AllocsPerRun(1, do)
	for range 200 {
		fewest = min(fewest, testing.AllocsPerRun(1, do))
	}
	return fewest
}

func median(times []time.Duration) float64 {
	slices.Sort(times)
	return float64(times[len(times)/2])
}

// Must stops a benchmark whose job does not do what it should.
func Must(ok bool, err error) {
	if err != nil || !ok {
		panic(err)
	}
}
