package pageplan

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A sweep fails, with the page to resume with, where the pages cannot be complete.
func TestSweepFailsWhereRowsMustBeMissing(t *testing.T) {
	t.Parallel()
	renumbered := func(n int, v view) view { v.number = n; return v }
	tests := map[string]struct {
		list   listing // 50 rows per page
		page   int
		reason string
	}{
		"pageNo is ignored": {
			list: func(_, s int) view { return show(5000, 1, s) },
			page: 2, reason: "page 2 has the rows of an earlier page",
		},
		"pageNo is ignored, and comes back": {
			list: func(n, s int) view { return renumbered(n, show(5000, 1, s)) },
			page: 2, reason: "page 2 has the rows of an earlier page",
		},
		"a page between others says nothing": {
			list: func(n, s int) view {
				if n == 4 {
					return view{}
				}
				return show(1234, n, s)
			},
			page: 4, reason: "page 4 has no rows, and page 5 has 50",
		},
		"the last page says nothing": {
			list: func(n, s int) view {
				if n == 5 {
					return view{}
				}
				return show(230, n, s)
			},
			page: 5, reason: "page 5 has no rows, though 5 pages are announced",
		},
		"the first page says nothing, and another one has rows": {
			list: func(n, s int) view {
				if n == 1 {
					return view{}
				}
				return show(230, n, s)
			},
			page: 1, reason: "page 1 has no rows, and page 2 has 50",
		},
		"an earlier page comes again, though rows are added": {
			list: func(n, s int) view {
				if n == 3 {
					v := renumbered(3, show(5000, 1, s))
					v.total = 5050
					return v
				}
				return show(5000, n, s)
			},
			page: 3, reason: "page 3 has the rows of an earlier page",
		},
		"a page comes again and again, though rows are added": {
			list: func(n, s int) view {
				v := renumbered(n, show(5000, min(n, 2), s))
				v.total = 5000 + n*s
				return v
			},
			page: 4, reason: "page 4 has the rows of an earlier page",
		},
		"beyond the end comes the last page with other rows": {
			list: func(n, s int) view {
				v := show(100, min(n, 2), s)
				if n > 2 {
					v.rows = span(40, 90)
				}
				return v
			},
			page: 3, reason: "the response to the request for page 3 says that it is page 2",
		},
		"announced rows never come": {
			list: func(n, s int) view { v := show(50, n, s); v.total = 1e9; return v },
			page: 2, reason: "page 2 has no rows, though 20000000 pages are announced",
		},
		"the first page comes again and again": {
			list: func(n, s int) view { return show(5000, max(1, n%7), s) },
			page: 7, reason: "page 7 has the rows of an earlier page",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, &Fault{test.page, test.reason}, sweep(t, test.list, 1, 50, 4).fault)
		})
	}
}

// A platform that allows more rows from some page on has renumbered its pages, and rows lie between them.
func TestSweepStartsAnewWhenPagesBecomeLarger(t *testing.T) {
	t.Parallel()
	got := sweep(t, func(n, _ int) view {
		v := show(5000, n, 120)
		if n > 2 {
			v = show(5000, n, 150)
		}
		v.size = 0
		return v
	}, 1, 100, 4)
	assert.Equal(t, &Fault{1, "page 3 is larger than those before, and rows between them may be missing"}, got.fault)
}

// A sweep ends on every platform, after a bounded number of requests. It yields every row or names the page that
// failed. If only the announcements are peculiar, it yields every row once.
func TestSweepEndsAndLosesNothingOnDrawnPlatforms(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 3000 {
		faulty := i%2 == 0
		p := drawPlatform(random, faulty)
		about := fmt.Sprintf("%+v", p)
		requests := 0
		got := sweep(t, func(number, size int) view {
			if requests++; requests > p.bound() {
				return view{refused: true}
			}
			return p.show(number, size)
		}, p.first, p.requested, 1)
		assert.LessOrEqual(t, requests, p.bound(), "endless: %s", about)
		size := p.allowedOn(p.first, p.requested)
		want := span(min((p.first-1)*size, p.total), p.total)
		slices.Sort(got.rows)
		switch {
		case got.fault != nil:
			assert.False(t, !faulty && p.mustSucceed(), "%v: %s", got.fault, about)
		case p.pageNo == "samples": // rows come at random
		case !faulty && p.mustSucceed() && (p.first == 1 || p.beyond != "first"):
			assert.Equal(t, want, got.rows, about)
		default:
			assert.Subset(t, got.rows, want, "lost: %s", about)
		}
	}
}

// What has happened to sweeps, or could: they end where the platform does, or a fault names the page.
func TestSweepEndsAndLosesNothingOnFaultyPlatforms(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		platform platform // 100 rows per page, unless said otherwise
		page     int      // that fails; 0 if none does
		most     int      // requests
		reason   string
	}{
		"beyond the end comes the last page, shuffled": {
			platform: platform{total: 200, order: "shuffled", beyond: "last"}, most: 3,
		},
		"beyond the end comes the last page, shuffled and not numbered": {
			platform: platform{total: 200, order: "shuffled", beyond: "last", statedPage: "none"}, most: 3,
		},
		"beyond an unknown end comes the last page, shuffled": {
			platform: platform{total: 250, order: "shuffled", beyond: "last", statedTotal: "none", statedPages: "none"}, most: 4,
		},
		"beyond an unknown end comes the last page, which is full": {
			platform: platform{total: 200, order: "shuffled", beyond: "last", statedTotal: "none", statedPages: "none"},
			page:     3, most: 3, reason: "page 3 has the rows of an earlier page",
		},
		"beyond the end comes the first page, and the sweep starts behind that": {
			platform: platform{total: 300, first: 2, beyond: "first"}, most: 3,
		},
		"started beyond the end, the last page comes": {
			platform: platform{total: 250, first: 4, beyond: "last"}, most: 1,
		},
		"started on page 4, page 1 comes": {
			platform: platform{total: 500, first: 4, pageNo: "ignored"},
			page:     4, most: 1, reason: "the response to the request for page 4 says that it is page 1",
		},
		"pageNo is ignored, rows are shuffled and not counted": {
			platform: platform{
				total: 500, order: "shuffled", pageNo: "ignored", statedPage: "none", statedTotal: "none", statedPages: "none",
			},
			page: 2, most: 2, reason: "page 2 has the rows of an earlier page",
		},
		"pages are A B C B C and not counted": {
			platform: platform{total: 500, pageNo: "cycles", statedPage: "none", statedTotal: "none", statedPages: "none"},
			page:     4, most: 4, reason: "page 4 has the rows of an earlier page",
		},
		"pages are A B C B C, and the sweep starts with B": {
			platform: platform{total: 700, pageNo: "cycles", first: 3},
			page:     4, most: 2, reason: "the response to the request for page 4 says that it is page 2",
		},
		"pages are any rows": {
			platform: platform{total: 2000, pageNo: "samples"},
			page:     141, most: 141, reason: "there is no end: 14000 rows have come and 2000 were announced",
		},
		"page 3 of 5 is empty": {
			platform: platform{total: 500, empty: 3}, page: 3, most: 4, reason: "page 3 has no rows, and page 4 has 100",
		},
		"page 1 of 5 is empty": {
			platform: platform{total: 500, empty: 1}, page: 1, most: 2, reason: "page 1 has no rows, and page 2 has 100",
		},
		"page 5 of 5 is empty": {
			platform: platform{total: 500, empty: 5},
			page:     5, most: 5, reason: "page 5 has no rows, though 5 pages are announced",
		},
		"the only page is empty": {
			platform: platform{total: 50, empty: 1},
			page:     1, most: 1, reason: "page 1 has no rows, though 1 pages are announced",
		},
		"page 3 is empty, and only pages are counted": {
			platform: platform{total: 500, empty: 3, statedTotal: "none"},
			page:     3, most: 4, reason: "page 3 has no rows, and page 4 has 100",
		},
		"page 3 is empty, and nothing is counted": {
			platform: platform{total: 500, empty: 3, statedTotal: "none", statedPages: "none"},
			page:     3, most: 4, reason: "page 3 has no rows, and page 4 has 100",
		},
		"page 20 of 42 is empty, and fewer rows are allowed than the platform says": {
			platform: platform{total: 1234, allowed: 30, statedSize: "requested", statedPages: "requested", empty: 20},
			page:     20, most: 21, reason: "page 20 has no rows, and page 21 has 30",
		},
		"page 14 of 42 is empty, the first beyond those announced": {
			platform: platform{
				total: 1234, allowed: 30, statedSize: "requested", statedPages: "requested", statedTotal: "none", empty: 14,
			},
			page: 14, most: 15, reason: "page 14 has no rows, and page 15 has 30",
		},
		"from page 3 on pages have half the rows": {platform: platform{total: 250, shrink: 3}, most: 7},
		"from page 3 on pages have half the rows, and the same size": {
			platform: platform{total: 250, shrink: 3, unchanged: "size"}, most: 7,
		},
		"from page 3 on pages have half the rows, and are as many": {
			platform: platform{total: 250, shrink: 3, unchanged: "pages"}, most: 7,
		},
		"from page 3 on pages have twice the rows": {
			platform: platform{total: 500, grow: 3},
			page:     1, most: 3, reason: "page 3 is larger than those before, and rows between them may be missing",
		},
		"beyond the end is refused": {platform: platform{total: 100, beyond: "refused"}, most: 2},
		"beyond the end of pages is refused": {
			platform: platform{total: 250, beyond: "refused", statedTotal: "none"}, most: 4,
		},
		"beyond the end is refused, from page 3": {platform: platform{total: 250, first: 3, beyond: "refused"}, most: 2},
		"beyond an unknown end is refused": {
			platform: platform{total: 250, beyond: "refused", statedTotal: "none", statedPages: "none"},
			page:     4, most: 4, reason: "refused",
		},
		"half of the rows are counted, and beyond the end is refused": {
			platform: platform{total: 400, beyond: "refused", statedTotal: "half", statedPages: "none"},
			page:     5, most: 5, reason: "refused",
		},
	}
	for name, test := range tests {
		for _, concurrency := range []int{1, 4} {
			t.Run(fmt.Sprintf("%s, %d at once", name, concurrency), func(t *testing.T) {
				t.Parallel()
				p := test.platform
				p.requested, p.allowed, p.first = 100, cmp.Or(p.allowed, 100), max(p.first, 1)
				got := sweep(t, p.show, p.first, 100, concurrency)
				assert.LessOrEqual(t, got.requests, test.most+2*(concurrency-1), "requests")
				if test.page != 0 {
					assert.Equal(t, &Fault{test.page, test.reason}, got.fault)
					return
				}
				require.Nil(t, got.fault)
				slices.Sort(got.rows)
				assert.Equal(t, span(min(100*(p.first-1), p.total), p.total), slices.Compact(got.rows))
			})
		}
	}
}
