package quecloudtest_test

import (
	"fmt"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// BenchmarkPageOf1000 serves pages of a large fleet. It reports how long the server took to start, and the memory that
// it then holds. In the case changed every card has usage set by the test.
func BenchmarkPageOf1000(b *testing.B) {
	for _, c := range []struct {
		cards   int
		changed bool
	}{{100_000, false}, {100_000, true}, {1_000_000, false}} {
		b.Run(fmt.Sprintf("cards=%d/changed=%v", c.cards, c.changed), func(b *testing.B) {
			before, start := heap(), time.Now()
			srv := quecloudtest.NewUnstartedServer(
				quecloudtest.WithFleet(c.cards), quecloudtest.WithTime(noon), quecloudtest.WithRequestLimit(0))
			defer srv.Close()
			took := time.Since(start)
			if c.changed {
				changeAll(b, srv, c.cards)
			}
			form := newForeign(b, srv).form("card.list", "pageSize", "1000", "pageNo", strconv.Itoa(c.cards/2000))
			for b.Loop() {
				if n := post(b, srv, form); n < 1000 {
					b.Fatalf("a response of %d bytes", n)
				}
			}
			b.ReportMetric(heap()-before, "MB-held")
			b.ReportMetric(float64(took.Microseconds())/1000, "start-ms")
			runtime.KeepAlive(srv)
		})
	}
}

func changeAll(b *testing.B, srv *quecloudtest.Server, cards int) {
	client := newForeign(b, srv)
	for page := 1; page <= cards/1000; page++ {
		resp, err := roundTrip(srv, client.form("card.list", "pageSize", "1000", "pageNo", strconv.Itoa(page)))
		for _, c := range read(b, resp, err).json["cards"].([]any) {
			srv.SetUsage(c.(map[string]any)["iccid"].(string), "2026-03-09", 1)
		}
	}
}

// BenchmarkFleetOf100000 serves calls that select cards: pages of a filter, as in a sweep, and the sums of a group.
// In the cases named first the server has no index yet and scans the whole fleet.
func BenchmarkFleetOf100000(b *testing.B) {
	page := []string{"pageSize", "1000", "pageNo", "10"}
	newServer := func() *quecloudtest.Server {
		return quecloudtest.NewUnstartedServer(
			quecloudtest.WithFleet(100_000), quecloudtest.WithTime(noon), quecloudtest.WithRequestLimit(0))
	}
	for _, c := range []struct {
		name, method string
		pairs        []string
	}{
		{"group", "card.list", append([]string{"billingid", "860"}, page...)},
		{"dates", "card.list", append([]string{"allotDateStart", "20250101", "expireDateEnd", "20270101"}, page...)},
		{"statistics", "billing_group.statistics", []string{"id", "860"}},
	} {
		b.Run(c.name+"/first", func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				srv := newServer()
				form := newForeign(b, srv).form(c.method, c.pairs...)
				b.StartTimer()
				post(b, srv, form)
			}
		})
		b.Run(c.name+"/indexed", func(b *testing.B) {
			srv := newServer()
			form := newForeign(b, srv).form(c.method, c.pairs...)
			post(b, srv, form)
			for b.Loop() {
				post(b, srv, form)
			}
		})
	}
}
