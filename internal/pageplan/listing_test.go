package pageplan

import (
	"context"
	"hash/maphash"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/quecloud/quecloud-go/internal/ordered"
)

// A view is a page of a listing as a platform shows it. Rows are numbered from 0.
type view struct {
	rows    []int
	number  int // as announced; 0 if not
	size    int
	total   int
	pages   int
	refused bool // instead of all this
}

// A listing shows the page of a number when so many rows per page are requested.
type listing func(number, size int) view

// show returns a page of so many rows in all, correct in every respect.
func show(total, number, size int) view {
	return view{
		rows:   span(min((number-1)*size, total), min(number*size, total)),
		number: number, size: size, total: total, pages: (total + size - 1) / size,
	}
}

// span returns the rows from one to before another.
func span(from, to int) []int {
	rows := []int{}
	for i := from; i < to; i++ {
		rows = append(rows, i)
	}
	return rows
}

var seed = maphash.MakeSeed()

func digest(rows []int) (sum uint64) {
	for _, row := range rows {
		sum += maphash.Comparable(seed, row)
	}
	return sum
}

// An outcome is what came of a sweep.
type outcome struct {
	rows     []int
	requests int
	fault    *Fault
}

// sweep sweeps a listing as the client does, several pages at once, and checks each decision.
func sweep(t *testing.T, list listing, first, size, concurrency int) (got outcome) {
	t.Helper()
	var requests atomic.Int64
	plan := New(first, size)
	fetch := func(_ context.Context, page int) view {
		requests.Add(1)
		return list(page, size)
	}
	got.rows = []int{}
	expected := first
	ordered.Run(t.Context(), concurrency, 0, plan.Next, fetch, func(page int, v view) bool {
		assert.Equal(t, expected, page, "pages are requested once, in order")
		expected++
		if v.refused {
			if !plan.RefusalEnds(page) {
				got.fault = &Fault{page, "refused"}
			}
			return false
		}
		announced := Announced{Page: int64(v.number), Size: int64(v.size), Rows: int64(v.total), Pages: int64(v.pages)}
		d := plan.Accept(Response{int64(page), announced, int64(len(v.rows)), digest(v.rows)})
		if d.Yield {
			got.rows = append(got.rows, v.rows...)
		}
		got.fault = d.Fault
		assert.False(t, d.Fault != nil && (d.Yield || d.More), "a fault ends the sweep")
		done, total := plan.Progress(d.More)
		assert.True(t, total == -1 && d.More || total >= done && (d.More || total == done), "progress %d of %d", done, total)
		return d.More
	})
	got.requests = int(requests.Load())
	return got
}
