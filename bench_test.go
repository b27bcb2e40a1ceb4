package quecloud

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"
)

// Each benchmark stands beside a baseline that does the same job the way a competent user would write it by hand, so
// that only their ratio matters.

// A Job is a function to be measured.
type Job struct {
	Name string
	Do   func()
}

// Compare measures jobs that come to the same: each by itself, and then all in turns, often times each. The metric
// ours/NAME is how many times as long the first took as the one of that name, by the medians of the turns: so the noise
// of the machine hits all alike.
func Compare(b *testing.B, often int, jobs ...Job) {
	for _, job := range jobs {
		b.Run(job.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				job.Do()
			}
		})
	}
	b.Run("in-turns", func(b *testing.B) {
		took := make([][]time.Duration, len(jobs))
		for b.Loop() {
			for i, job := range jobs {
				start := time.Now()
				for range often {
					job.Do()
				}
				took[i] = append(took[i], time.Since(start))
			}
		}
		for i, job := range jobs[1:] {
			b.ReportMetric(median(took[0])/median(took[i+1]), "ours/"+job.Name)
		}
	})
}

func median(of []time.Duration) float64 {
	slices.Sort(of)
	return float64(of[len(of)/2])
}

// must stops a benchmark whose job does not do what it should.
func must(ok bool, err error) {
	if err != nil || !ok {
		panic(err)
	}
}

// A cannedTransport answers every request with the same body.
type cannedTransport struct{ body []byte }

func (c cannedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, req.Body)
	req.Body.Close()
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: req,
		ContentLength: int64(len(c.body)), Body: io.NopCloser(bytes.NewReader(c.body)),
	}, nil
}
