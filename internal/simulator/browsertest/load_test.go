//go:build browser

package browsertest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/performance"
	"github.com/chromedp/chromedp"
)

// measure records the times between animation frames, and how long input events wait.
const measure = `(() => {
	window.frames_ = [];
	window.tasks_ = [];
	let last = performance.now();
	const frame = now => {
		window.frames_.push(now - last);
		last = now;
		requestAnimationFrame(frame);
	};
	requestAnimationFrame(frame);
	const observer = new PerformanceObserver(list => window.tasks_.push(...list.getEntries().map(e => e.duration)));
	observer.observe({type: "longtask"});
})()`

type frames struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
	Tasks int     `json:"tasks"`
	Long  float64 `json:"long"`
	Rows  int     `json:"rows"`
	Heap  float64 `json:"heap"`
}

const measured = `(() => {
	const f = window.frames_.toSorted((a, b) => a - b), at = q => f[Math.min(f.length - 1, Math.floor(q * f.length))];
	return {count: f.length, p50: at(.5), p99: at(.99), max: at(1), tasks: window.tasks_.length,
		long: Math.max(0, ...window.tasks_), rows: document.querySelectorAll("#rows tr").length,
		heap: performance.memory.usedJSHeapSize / 1e6};
})()`

// processorTime returns how long the main thread of the tab has been running, without the times in which it waited for
// a processor.
func (p *tab) processorTime() time.Duration {
	p.Helper()
	result, err := chromedp.Call(p.ctx, performance.GetMetrics, cdp.Empty{})
	if err != nil {
		p.Fatal(err)
	}
	for _, metric := range result.Metrics {
		if metric.Name == "TaskDuration" {
			return time.Duration(metric.Value * float64(time.Second))
		}
	}
	p.Fatal("the browser does not measure TaskDuration")
	return 0
}

// The test logs times and asserts only what depends little on the load of the machine: the main thread needs less than
// half of a processor, the list stays short, a click in the middle opens the details, and the last call is shown.
func TestPageStaysResponsiveUnderLoad(t *testing.T) {
	const rate, seconds = 500, 10
	p := newTab(t)
	p.open("calls")
	p.wait(loaded)
	eval[any](p, measure)
	p.call(chromedp.Call(p.ctx, performance.Enable, performance.EnableParams{TimeDomain: "threadTicks"}))
	idle := p.processorTime()

	calls := make(chan int)
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			client := p.sim.Client()
			for i := range calls {
				if i%10 == 0 {
					_ = client.Cards.EndTest(t.Context(), mobileID) // refused
				} else {
					_, _ = client.Cards.Info(t.Context(), mobileID)
				}
			}
		})
	}
	start := time.Now()
	tick := time.NewTicker(time.Second / 100)
	defer tick.Stop()
	for i := range rate * seconds {
		if i%(rate/100) == 0 {
			<-tick.C
		}
		calls <- i
		if i == rate*seconds/2 { // a click in the middle of it
			before := time.Now()
			eval[any](p, `document.querySelector("#rows a.main").click()`)
			p.wait(`document.querySelector("#detail").checkVisibility()`)
			t.Logf("details open %v after a click", time.Since(before).Round(time.Millisecond))
		}
	}
	close(calls)
	workers.Wait()
	sent := time.Since(start)
	p.wait(fmt.Sprintf(`document.querySelector("#rows tr").dataset.id === "%d"`, rate*seconds))
	behind := time.Since(start) - sent
	busy := p.processorTime() - idle
	got := eval[frames](p, measured)
	t.Logf("%d calls in %v; shown %v later; main thread %v; %+v", rate*seconds, sent.Round(time.Millisecond),
		behind.Round(time.Millisecond), busy.Round(time.Millisecond), got)
	if busy > seconds*time.Second/2 {
		t.Errorf("the main thread ran for %v, want at most half of %d s", busy, seconds)
	}
	if got.Rows > 100 {
		t.Errorf("%d rows, want at most 100", got.Rows)
	}
}
