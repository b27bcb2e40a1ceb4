//go:build browser

package browsertest

import (
	"fmt"
	"sync"
	"testing"
	"time"
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

// The test logs what it measures and asserts only what does not depend on the machine: the list stays short, a click in
// the middle opens the details, and the last call is shown.
func TestPageStaysResponsiveUnderLoad(t *testing.T) {
	const rate, seconds = 500, 10
	p := newTab(t)
	p.open("calls")
	p.wait(loaded)
	eval[any](p, measure)

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
	got := eval[frames](p, measured)
	t.Logf("%d calls in %v; the last one is shown %v later; %+v", rate*seconds, sent.Round(time.Millisecond),
		behind.Round(time.Millisecond), got)
	if got.Rows > 100 {
		t.Errorf("%d rows, want at most 100", got.Rows)
	}
}
