package selftest_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
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

// BenchmarkSweep compares a sweep over 100,000 cards with a plain loop over pages of the same size: the platform's
// default, and the largest. Client and stand-in share the machine, so processors limit the ratios of large pages: a
// page of 1000 cards takes both 5 ms or more.
func BenchmarkSweep(b *testing.B) {
	const fleet = 100_000
	for _, size := range []int{100, 1000} {
		b.Run(fmt.Sprintf("page-%d", size), func(b *testing.B) {
			ratio := ratios{}
			ratio.run(b, "plain-loop", fleet, func(client *quecloud.Client) int {
				return plainLoop(b, client, size)
			})
			for _, concurrency := range []int{4, 16} {
				ratio.run(b, fmt.Sprintf("at-once-%d", concurrency), fleet, func(client *quecloud.Client) (cards int) {
					params := &quecloud.CardListParams{PageSize: size}
					for _, err := range client.Cards.All(b.Context(), params, quecloud.Concurrency(concurrency)) {
						if err != nil {
							b.Fatal(err)
						}
						cards++
					}
					return cards
				})
			}
		})
	}
}

func plainLoop(b *testing.B, client *quecloud.Client, size int) (cards int) {
	for page := 1; ; page++ {
		list, err := client.Cards.List(b.Context(), &quecloud.CardListParams{PageNo: page, PageSize: size})
		if err != nil {
			b.Fatal(err)
		}
		cards += len(list.Cards)
		if page >= list.Page.TotalPages {
			return cards
		}
	}
}

// ratios compares benchmarks with the first of them.
type ratios struct{ base time.Duration }

// run measures a function that goes through all cards of a fleet and returns their number.
func (r *ratios) run(b *testing.B, name string, fleet int, all func(*quecloud.Client) int) {
	b.Run(name, func(b *testing.B) {
		client := slowServer(b, fleet)
		for b.Loop() {
			if n := all(client); n != fleet {
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

// BenchmarkSweepMemory reports the largest growth of the heap during a sweep, which must not depend on the size of the
// fleet. It measures at 10 places in the middle of a page, after pages are prefetched and garbage is collected.
func BenchmarkSweepMemory(b *testing.B) {
	for _, fleet := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprintf("cards-%d", fleet), func(b *testing.B) {
			client := slowServer(b, fleet)
			peak := int64(0)
			for b.Loop() {
				before, cards := heap(), 0
				for _, err := range client.Cards.All(b.Context(), nil) {
					if err != nil {
						b.Fatal(err)
					}
					if cards++; cards%(fleet/10) == 500 {
						time.Sleep(3 * benchLatency)
						peak = max(peak, heap()-before)
					}
				}
				if cards != fleet {
					b.Fatalf("%d cards", cards)
				}
			}
			b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
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
	ratio := ratios{}
	ratio.run(b, "plain-loop", fleet, func(client *quecloud.Client) (n int) {
		for _, card := range cards {
			if err := ask(client)(b.Context(), card); err != nil {
				b.Fatal(err)
			}
			n++
		}
		return n
	})
	ratio.run(b, "at-once-16", fleet, func(client *quecloud.Client) (n int) {
		for _, err := range quecloud.Each(b.Context(), cards, ask(client), quecloud.Concurrency(16)) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		return n
	})
}
