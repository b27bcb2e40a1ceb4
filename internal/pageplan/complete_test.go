package pageplan

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A sweep is complete whatever the platform announces.
func TestSweepIsCompleteWhateverIsAnnounced(t *testing.T) {
	t.Parallel()
	all := span(0, 1234)
	tests := map[string]struct {
		total   int                         // rows; 1234 if 0
		none    bool                        // no rows at all
		allowed int                         // rows per page that the platform allows; as requested, 100, if 0
		edit    func(v *view, n, s int)     // changes page n
		show    func(n, s int, v view) view // replaces page n
		first   int
		want    []int // all of total if nil
		most    int   // requests
	}{
		"correct":                      {most: 13},
		"a full last page":             {total: 1200, most: 13},
		"one page":                     {total: 7, most: 1},
		"no rows":                      {none: true, want: []int{}, most: 1},
		"from page 5":                  {first: 5, want: all[400:], most: 9},
		"from the last page":           {first: 13, want: all[1200:], most: 2},
		"from the last page, one row":  {total: 1201, first: 13, want: all[1200:1201], most: 2},
		"from beyond the end":          {first: 14, want: []int{}, most: 1},
		"pages are numbered from 6":    {edit: func(v *view, _, _ int) { v.number += 5 }, most: 13},
		"pages are larger than stated": {edit: func(v *view, _, _ int) { v.size = 30 }, most: 13},

		"totalPage is too small":  {edit: func(v *view, _, _ int) { v.pages = 1 }, most: 13},
		"totalPage is too large":  {edit: func(v *view, _, _ int) { v.pages = 1e6 }, most: 14},
		"totalPage is missing":    {edit: func(v *view, _, _ int) { v.pages = 0 }, most: 13},
		"totalCount is missing":   {edit: func(v *view, _, _ int) { v.total = 0 }, most: 14},
		"totalCount is too small": {edit: func(v *view, _, _ int) { v.total = 500 }, most: 14},
		"totalCount is too large": {edit: func(v *view, _, _ int) { v.total = 5000 }, most: 50},
		"totalCount is missing, totalPage is too large": {
			edit: func(v *view, _, _ int) { v.total, v.pages = 0, 1e6 }, most: 113,
		},
		"totalCount and totalPage are implausible": {edit: func(v *view, _, _ int) {
			const most = max(math.MaxInt-1e6, math.MaxInt32) // an int of 32 bits has no larger value
			v.total, v.pages = most, most
		}, most: 14},
		"totalCount is the largest of 32 bits": {edit: func(v *view, _, _ int) {
			v.total, v.pages = math.MaxInt32, math.MaxInt32
		}, most: 14},
		"totalCount is too large once": {edit: func(v *view, n, _ int) {
			if n == 1 {
				v.total = 1e9
			}
		}, most: 113},
		"nothing is announced":     {edit: func(v *view, _, _ int) { *v = view{rows: v.rows} }, most: 14},
		"negative totals":          {edit: func(v *view, _, _ int) { v.total, v.pages, v.size = -1, -1, -1 }, most: 14},
		"the size counts the rows": {edit: func(v *view, _, _ int) { v.size = len(v.rows) }, most: 14},
		"another size beyond the end": {total: 1200, edit: func(v *view, n, _ int) {
			if n > 12 {
				v.size = 1000
			}
		}, most: 13},

		"the listing grows": {edit: func(v *view, n, _ int) {
			if n == 1 {
				v.total, v.pages = 100, 1
			}
		}, most: 14},
		"the listing grows at the end": {edit: func(v *view, n, _ int) {
			v.total, v.pages = 300, 3
			if n > 3 {
				v.total, v.pages = 1234, 13
			}
		}, most: 14},
		"the listing shrinks": {show: func(n, s int, v view) view {
			if n == 1 {
				return v
			}
			return show(350, n, s)
		}, want: all[:350], most: 13},
		"the listing grows, but a page is older than the one before it": {show: func(n, s int, _ view) view {
			if n == 1 || n == 3 {
				return show(250, n, s)
			}
			return show(350, n, s)
		}, want: slices.Concat(all[:250], all[300:350]), most: 5},
		"the listing vanishes": {show: func(n, s int, v view) view {
			if n == 1 {
				return v
			}
			return show(0, n, s)
		}, want: all[:100], most: 17},
		"a row leaves the last page, and beyond the end comes the page before": {show: func(n, s int, _ view) view {
			if n == 1 {
				return show(201, n, s)
			}
			return show(200, 2, s)
		}, want: all[:200], most: 3},

		"a short page between others": {edit: func(v *view, n, _ int) {
			if n == 4 {
				v.rows = v.rows[:40]
			}
		}, want: slices.Concat(all[:340], all[400:]), most: 14},
		"a short first page": {edit: func(v *view, n, _ int) {
			if n == 1 {
				v.rows = v.rows[:1]
			}
		}, want: slices.Concat(all[:1], all[100:]), most: 14},
		"a last page shorter than announced, from there": {edit: func(v *view, _, _ int) {
			v.rows = v.rows[:min(1, len(v.rows))]
		}, first: 13, want: all[1200:1201], most: 3},

		"the size is capped":                     {allowed: 30, most: 42},
		"the size is capped, from page 5":        {allowed: 30, first: 5, want: all[120:], most: 38},
		"the size is capped, from the last page": {allowed: 30, first: 42, want: all[1230:], most: 2},
		"the size is capped in silence": {
			allowed: 30, edit: func(v *view, _, s int) { v.size, v.pages = s, 13 }, most: 45,
		},
		"the size is capped in silence, from page 15": {
			allowed: 30, edit: func(v *view, _, s int) { v.size, v.pages = s, 13 }, first: 15, want: all[420:], most: 38,
		},
		"the size is capped in silence, from a page with as many rows as the last would have": {
			total: 130, allowed: 30, edit: func(v *view, _, s int) { v.size, v.pages = s, 2 },
			first: 2, want: all[30:130], most: 6,
		},
		"the size is capped in silence, from such a page behind others": {
			total: 1230, allowed: 30, edit: func(v *view, _, _ int) { v.size, v.pages = 0, 13 },
			first: 13, want: all[360:1230], most: 32,
		},

		"beyond the end comes the last page": {total: 1200, show: func(n, s int, _ view) view {
			v := show(1200, min(n, 12), s)
			v.number = n
			return v
		}, most: 13},
		"beyond the end comes the first page": {total: 1200, show: func(n, s int, v view) view {
			if n > 12 {
				return show(1200, 1, s)
			}
			return v
		}, most: 13},
		"the size is capped in silence, and beyond the end comes the last page": {show: func(n, s int, _ view) view {
			v := show(1234, min(n, 42), 30)
			v.number, v.size, v.pages = n, s, 13
			return v
		}, most: 45},
		"beyond an end that is not announced comes the last page": {show: func(n, s int, _ view) view {
			return view{rows: show(1234, min(n, 13), s).rows}
		}, most: 14},
	}
	for name, test := range tests {
		total := cmp.Or(test.total, 1234)
		if test.none {
			total = 0
		}
		list := func(n, s int) view {
			v := show(total, n, cmp.Or(test.allowed, s))
			if test.show != nil {
				return test.show(n, s, v)
			}
			if test.edit != nil {
				test.edit(&v, n, s)
			}
			return v
		}
		want := test.want
		if want == nil {
			want = all[:total]
		}
		for _, concurrency := range []int{1, 4, 16} {
			t.Run(fmt.Sprintf("%s, %d at once", name, concurrency), func(t *testing.T) {
				t.Parallel()
				got := sweep(t, list, max(1, test.first), 100, concurrency)
				require.Nil(t, got.fault)
				assert.Equal(t, want, got.rows)
				most := test.most
				if concurrency > 1 {
					most += 2 * concurrency
				}
				assert.LessOrEqual(t, got.requests, most, "requests")
			})
		}
	}
}

// Platforms that are wrong about one thing or another, but number their pages by the size that they allow, are swept
// from any page to the end. The totals are those with which a short page is easily taken for the last one.
func TestSweepIsCompleteOnManyPlatforms(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		requested, allowed, first := 11+random.IntN(30), 11+random.IntN(30), 1+max(0, random.IntN(8)-3)
		size := min(requested, allowed)
		total := max(0, (first-2+random.IntN(3))*requested+random.IntN(4)*size+random.IntN(3)-1)
		stated, announced, pages := random.IntN(3), random.IntN(3) > 0, random.IntN(4)
		list := func(n, _ int) view {
			v := show(total, n, size)
			v.size = []int{size, requested, 0}[stated]
			v.pages = []int{v.pages, 1, (total + requested - 1) / requested, 0}[pages]
			if !announced {
				v.total = 0
			}
			return v
		}
		about := fmt.Sprintf("%d rows, %d per page of %d requested, from page %d; size %d, total %v, pages %d",
			total, size, requested, first, stated, announced, pages)
		got := sweep(t, list, first, requested, 1)
		require.Nil(t, got.fault, about)
		require.Equal(t, span(min((first-1)*size, total), total), got.rows, about)
		require.LessOrEqual(t, got.requests, 2*total/size+3, about)
	}
}

// A platform that allows fewer rows from some page on renumbers its pages, so that rows come twice.
func TestSweepIsCompleteWhenPagesBecomeSmaller(t *testing.T) {
	t.Parallel()
	for _, silent := range []bool{false, true} {
		got := sweep(t, func(n, s int) view {
			if n == 1 {
				return show(400, n, s)
			}
			v := show(400, n, s/2)
			if silent {
				v.size, v.pages = s, 4
			}
			return v
		}, 1, 100, 4)
		require.Nil(t, got.fault)
		slices.Sort(got.rows)
		assert.Equal(t, span(0, 400), slices.Compact(got.rows))
	}
}

// A row that moves to the next page may come twice. It must not look like a platform that repeats a page.
func TestSweepAcceptsARowThatMovesToTheNextPage(t *testing.T) {
	t.Parallel()
	got := sweep(t, func(n, _ int) view {
		added := min(max(n-2, 0)/2, 2) // rows that were put in front of all others
		v := show(6+added, n, 1)
		for i := range v.rows {
			v.rows[i] -= added
		}
		return v
	}, 1, 1, 4)
	require.Nil(t, got.fault)
	assert.Equal(t, []int{0, 1, 2, 2, 3, 3, 4, 5}, got.rows)
}
