package selftest_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// benchLatency is the time that the stand-in takes for a response.
const benchLatency = 20 * time.Millisecond

func slowServer(b *testing.B, fleet int) *quecloud.Client {
	srv := quecloudtest.NewServer(quecloudtest.WithFleet(fleet), quecloudtest.WithRequestLimit(0),
		quecloudtest.WithFaults(quecloudtest.Latency(benchLatency)))
	b.Cleanup(srv.Close)
	return srv.Client()
}

// BenchmarkSweep compares a sweep of 100 pages with a plain loop over the same pages, which have the platform's default
// size or the largest. Client and server share the machine, so processors limit the ratios of large pages. The canned
// pages of 1000 cards come from a server that computes nothing.
func BenchmarkSweep(b *testing.B) {
	for _, c := range []struct {
		name    string
		size    int
		connect func(*testing.B) *quecloud.Client
	}{
		{"page-100", 100, func(b *testing.B) *quecloud.Client { return slowServer(b, 100*100) }},
		{"page-1000", 1000, func(b *testing.B) *quecloud.Client { return slowServer(b, 100*1000) }},
		{"canned-1000", 1000, cannedServer},
	} {
		b.Run(c.name, func(b *testing.B) {
			client, fleet := c.connect(b), 100*c.size
			ratio := ratios{}
			ratio.run(b, "plain-loop", fleet, func() int { return plainLoop(b, client, c.size) })
			for _, concurrency := range []int{4, 16} {
				ratio.run(b, fmt.Sprintf("at-once-%d", concurrency), fleet, func() int {
					return sweepAll(b, client, &quecloud.CardListParams{PageSize: c.size}, quecloud.Concurrency(concurrency))
				})
			}
		})
	}
}

// cannedServer returns a client of a server that has 100 pages of 1000 cards in memory.
func cannedServer(b *testing.B) *quecloud.Client {
	standIn := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(100 * 1000))
	b.Cleanup(standIn.Close)
	pages := map[string][]byte{}
	record := quecloud.WithHTTPClient(&http.Client{
		Transport: selftest.TransportFunc(func(r *http.Request) (*http.Response, error) {
			form, err := r.GetBody()
			selftest.Must(true, err)
			text, err := io.ReadAll(form)
			selftest.Must(true, err)
			params, err := url.ParseQuery(string(text))
			selftest.Must(true, err)
			rec := httptest.NewRecorder()
			standIn.ServeHTTP(rec, r)
			pages[params.Get("pageNo")] = bytes.Clone(rec.Body.Bytes())
			return rec.Result(), nil
		}),
	})
	sweepAll(b, standIn.Client(record), nil, quecloud.Concurrency(1))
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page := pages[r.FormValue("pageNo")]
		time.Sleep(benchLatency)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(page)))
		_, _ = w.Write(page)
	}))
	b.Cleanup(srv.Close)
	client, err := quecloud.NewClient(selftest.Key, selftest.Secret, quecloud.WithBaseURL(srv.URL))
	selftest.Must(true, err)
	return client
}

// sweepAll sweeps all cards and returns their number.
func sweepAll(
	b *testing.B, client *quecloud.Client, params *quecloud.CardListParams, opts ...quecloud.FleetOption,
) (cards int) {
	for _, err := range client.Cards.All(b.Context(), params, opts...) {
		selftest.Must(true, err)
		cards++
	}
	return cards
}

func plainLoop(b *testing.B, client *quecloud.Client, size int) (cards int) {
	for page := 1; ; page++ {
		list, err := client.Cards.List(b.Context(), &quecloud.CardListParams{PageNo: page, PageSize: size})
		selftest.Must(true, err)
		cards += len(list.Cards)
		if page >= list.Page.TotalPages {
			return cards
		}
	}
}

// ratios compares benchmarks with the first of them.
type ratios struct{ base time.Duration }

// run measures a function that goes through all cards of a fleet and returns their number.
func (r *ratios) run(b *testing.B, name string, fleet int, all func() int) {
	b.Run(name, func(b *testing.B) {
		for b.Loop() {
			if n := all(); n != fleet {
				b.Fatalf("%d cards", n)
			}
		}
		took := b.Elapsed() / time.Duration(b.N)
		if r.base == 0 {
			r.base = took
		}
		b.ReportMetric(float64(r.base)/float64(took), "times-plain-loop")
		b.ReportMetric(float64(fleet)/took.Seconds(), "cards/s")
	})
}

// BenchmarkSweepGrowth sweeps fleets of different sizes. The time grows with the fleet; the heap must not. It reports
// the largest growth of the heap, measured at 10 places in the middle of a page, after pages are prefetched and garbage
// is collected.
func BenchmarkSweepGrowth(b *testing.B) {
	for _, fleet := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("cards-%d", fleet), func(b *testing.B) {
			client := slowServer(b, fleet)
			peak := int64(0)
			for b.Loop() {
				before, cards := heap(), 0
				for _, err := range client.Cards.All(b.Context(), nil) {
					selftest.Must(true, err)
					if cards++; cards%(fleet/10) == 500 {
						b.StopTimer()
						time.Sleep(3 * benchLatency)
						peak = max(peak, heap()-before)
						b.StartTimer()
					}
				}
				if cards != fleet {
					b.Fatalf("%d cards", cards)
				}
			}
			b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
			b.ReportMetric(float64(fleet*b.N)/b.Elapsed().Seconds(), "cards/s")
		})
	}
}

// heap returns the size of the heap after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC() // empties pools too
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkEach compares a call for each of 1000 cards, 16 at once, with a plain loop. The calls only read, so that
// they can run any number of times.
func BenchmarkEach(b *testing.B) {
	const fleet = 1000
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(fleet))
	defer srv.Close()
	var cards []quecloud.CardID
	for card, err := range srv.Client().Cards.All(b.Context(), nil) {
		if err != nil {
			b.Fatal(err)
		}
		cards = append(cards, card.ID())
	}
	ask := func(client *quecloud.Client) func(context.Context, quecloud.CardID) error {
		return func(ctx context.Context, card quecloud.CardID) error {
			_, err := client.Cards.Info(ctx, card)
			return err
		}
	}
	client := slowServer(b, fleet)
	ratio := ratios{}
	ratio.run(b, "plain-loop", fleet, func() (n int) {
		for _, card := range cards {
			if err := ask(client)(b.Context(), card); err != nil {
				b.Fatal(err)
			}
			n++
		}
		return n
	})
	ratio.run(b, "at-once-16", fleet, func() (n int) {
		for _, err := range quecloud.Each(b.Context(), cards, ask(client), quecloud.Concurrency(16)) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		return n
	})
}

// BenchmarkEachFleet makes a call without a network for each of 100,000 cards, 16 at once.
func BenchmarkEachFleet(b *testing.B) {
	const fleet = 100_000
	cards := make([]quecloud.CardID, fleet)
	for i := range cards {
		cards[i] = quecloud.MSISDN(strconv.FormatInt(1064868900000+int64(i), 10))
	}
	client, err := quecloud.NewClient(selftest.Key, selftest.Secret, quecloud.WithHTTPClient(inMemory(cardJSON)))
	selftest.Must(true, err)
	peak := int64(0)
	for b.Loop() {
		before, done := heap(), 0
		ask := func(ctx context.Context, card quecloud.CardID) error {
			_, err := client.Cards.Info(ctx, card)
			return err
		}
		for _, err := range quecloud.Each(b.Context(), cards, ask, quecloud.Concurrency(16)) {
			selftest.Must(true, err)
			if done++; done%(fleet/4) == 0 {
				b.StopTimer()
				peak = max(peak, heap()-before)
				b.StartTimer()
			}
		}
		if done != fleet {
			b.Fatalf("%d cards", done)
		}
	}
	b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
	b.ReportMetric(float64(fleet*b.N)/b.Elapsed().Seconds(), "cards/s")
}
