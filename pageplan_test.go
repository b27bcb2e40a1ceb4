package quecloud_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

func TestASweepIsCompleteWhateverThePlatformSaysAboutItsPages(t *testing.T) {
	t.Parallel()
	const fleet = 1234
	all := iccids(0, fleet)
	tests := map[string]struct {
		show  func(number, size int) view // of 1234 cards, unless said otherwise
		first int                         // page to begin with
		want  []string                    // nil: all
		most  int                         // requests
	}{
		"all is well":        {show: func(n, s int) view { return page(fleet, n, s) }, most: 13},
		"full last page":     {show: func(n, s int) view { return page(1200, n, s) }, want: all[:1200], most: 13},
		"one page":           {show: func(n, s int) view { return page(7, n, s) }, want: all[:7], most: 1},
		"no cards":           {show: func(n, s int) view { return page(0, n, s) }, want: []string{}, most: 1},
		"from page 5":        {show: func(n, s int) view { return page(fleet, n, s) }, first: 5, want: all[400:], most: 9},
		"from the last page": {show: func(n, s int) view { return page(fleet, n, s) }, first: 13, want: all[1200:], most: 2},
		"last page, one card": {
			show: func(n, s int) view { return page(1201, n, s) }, first: 13, want: all[1200:1201], most: 2,
		},
		"from beyond the end": {show: func(n, s int) view { return page(fleet, n, s) }, first: 14, want: []string{}, most: 1},
		"the fleet grows": {show: func(n, s int) view {
			v := page(fleet, n, s)
			if n == 1 {
				v.total, v.pages = 100, 1
			}
			return v
		}, most: 14},
		"the fleet grows at the end": {show: func(n, s int) view {
			v := page(fleet, n, s)
			v.total, v.pages = 300, 3
			if n > 3 {
				v.total, v.pages = fleet, 13
			}
			return v
		}, most: 14},
		"the fleet shrinks": {show: func(n, s int) view {
			if n == 1 {
				return page(fleet, n, s)
			}
			return page(350, n, s)
		}, want: all[:350], most: 13},
		"the fleet grows, but a page is older than the one before it": {show: func(n, s int) view {
			if n == 1 || n == 3 {
				return page(250, n, s)
			}
			return page(350, n, s)
		}, want: slices.Concat(all[:250], all[300:350]), most: 5},
		"the fleet vanishes": {show: func(n, s int) view {
			if n == 1 {
				return page(fleet, n, s)
			}
			return page(0, n, s)
		}, want: all[:100], most: 17},
		"a short page between": {show: func(n, s int) view {
			v := page(fleet, n, s)
			if n == 4 {
				v.to -= 60
			}
			return v
		}, want: slices.Concat(all[:340], all[400:]), most: 14},
		"a short first page": {show: func(n, s int) view {
			v := page(fleet, n, s)
			if n == 1 {
				v.to = 1
			}
			return v
		}, want: slices.Concat(all[:1], all[100:]), most: 14},
		"a card leaves the last page, and beyond the end comes that before it": {show: func(n, s int) view {
			if n == 1 {
				return page(201, n, s)
			}
			return page(200, 2, s)
		}, want: all[:200], most: 3},
		"pages are numbered from 6": {show: func(n, s int) view { v := page(fleet, n, s); v.number += 5; return v }, most: 13},
		"beyond the end the page size is another": {show: func(n, s int) view {
			v := page(1200, n, s)
			if n > 12 {
				v.size = 1000
			}
			return v
		}, want: all[:1200], most: 13},
		"the page size is capped": {show: func(n, _ int) view { return page(fleet, n, 30) }, most: 42},
		"the page size is capped, from page 5": {
			show: func(n, _ int) view { return page(fleet, n, 30) }, first: 5, want: all[120:], most: 38,
		},
		"the page size is capped, from the last page": {
			show: func(n, _ int) view { return page(fleet, n, 30) }, first: 42, want: all[1230:], most: 2,
		},
		"nothing but less than nothing is announced": {show: func(n, s int) view {
			v := page(fleet, n, s)
			v.total, v.pages, v.size = -1, -1, -1
			return v
		}, most: 14},
		"a last page that is shorter than announced, from there": {show: func(n, s int) view {
			v := page(fleet, n, s)
			v.to = min(v.to, 1201)
			return v
		}, first: 13, want: all[1200:1201], most: 3},
		"the page size is capped in silence": {show: func(n, s int) view {
			v := page(fleet, n, 30)
			v.size, v.pages = s, 13
			return v
		}, most: 45},
		"the page size is capped in silence, from page 15": {show: func(n, s int) view {
			v := page(fleet, n, 30)
			v.size, v.pages = s, 13
			return v
		}, first: 15, want: all[420:], most: 38},
		"the page size is capped in silence, from a page with as many rows as if it was the last": {show: func(n, s int) view {
			v := page(130, n, 30)
			v.size, v.pages = s, 2
			return v
		}, first: 2, want: all[30:130], most: 6},
		"the page size is capped in silence, from such a page behind others": {show: func(n, _ int) view {
			v := page(1230, n, 30)
			v.size, v.pages = 0, 13
			return v
		}, first: 13, want: all[360:1230], most: 32},
		"pages are larger than they say": {show: func(n, s int) view { v := page(fleet, n, s); v.size = 30; return v }, most: 13},
		"totalPage is too small":         {show: func(n, s int) view { v := page(fleet, n, s); v.pages = 1; return v }, most: 13},
		"totalPage is too large":         {show: func(n, s int) view { v := page(fleet, n, s); v.pages = 1e6; return v }, most: 14},
		"totalPage is missing":           {show: func(n, s int) view { v := page(fleet, n, s); v.pages = 0; return v }, most: 13},
		"totalCount is missing":          {show: func(n, s int) view { v := page(fleet, n, s); v.total = 0; return v }, most: 14},
		"totalCount is too small": {show: func(n, s int) view {
			v := page(fleet, n, s)
			v.total = 500
			return v
		}, most: 14},
		"totalCount is too large": {show: func(n, s int) view { v := page(fleet, n, s); v.total = 5000; return v }, most: 50},
		"totalCount is missing, totalPage is too large": {show: func(n, s int) view {
			v := page(fleet, n, s)
			v.total, v.pages = 0, 1e6
			return v
		}, most: 113},
		"totalCount and totalPage are beyond reason": {show: func(n, s int) view {
			v := page(fleet, n, s)
			const most = max(math.MaxInt-1e6, math.MaxInt32) // where an int has 32 bits, there is nothing beyond reason but this
			v.total, v.pages = most, most
			return v
		}, most: 14},
		"totalCount is the largest of 32 bits": {show: func(n, s int) view {
			v := page(fleet, n, s)
			v.total, v.pages = math.MaxInt32, math.MaxInt32
			return v
		}, most: 14},
		"totalCount was too large once": {show: func(n, s int) view {
			v := page(fleet, n, s)
			if n == 1 {
				v.total = 1e9
			}
			return v
		}, most: 113},
		"nothing is announced": {show: func(n, s int) view {
			v := page(fleet, n, s)
			return view{from: v.from, to: v.to}
		}, most: 14},
		"the size of a page is the number of its rows": {show: func(n, s int) view {
			v := page(fleet, n, s)
			v.size = v.to - v.from
			return v
		}, most: 14},
		"beyond the end the last page comes again": {show: func(n, s int) view {
			v := page(1200, min(n, 12), s)
			v.number = n
			return v
		}, want: all[:1200], most: 13},
		"beyond the end the first page comes again": {show: func(n, s int) view {
			if n > 12 {
				n = 1
			}
			return page(1200, n, s)
		}, want: all[:1200], most: 13},
		"the page size is capped in silence, and beyond the end the last page comes again": {show: func(n, s int) view {
			v := page(fleet, min(n, 42), 30)
			v.number, v.size, v.pages = n, s, 13
			return v
		}, most: 45},
		"beyond an end that is not announced the last page comes again": {show: func(n, s int) view {
			v := page(fleet, min(n, 13), s)
			return view{from: v.from, to: v.to}
		}, most: 14},
	}
	for name, test := range tests {
		for _, concurrency := range []int{1, 4, 16} {
			t.Run(fmt.Sprintf("%s, %d at once", name, concurrency), func(t *testing.T) {
				t.Parallel()
				platform := listing(test.show)
				params := &quecloud.CardListParams{PageSize: 100, PageNo: test.first}
				got, err := swept(platform.client(t).Cards.All(t.Context(), params, quecloud.Concurrency(concurrency)))
				require.NoError(t, err)
				want := test.want
				if want == nil {
					want = all
				}
				assert.ElementsMatch(t, want, got)
				assert.True(t, slices.IsSorted(got), "the order is the platform's")
				assert.LessOrEqual(t, platform.calls(), test.most+2*concurrency, "requests")
				if concurrency == 1 {
					assert.LessOrEqual(t, platform.calls(), test.most, "requests")
				}
			})
		}
	}
}

func TestASweepEndsWithAnErrorWhenThePagesLeadNowhere(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		show func(number, size int) view
		page int
		text string
	}{
		"the page is ignored":            {func(_, s int) view { return page(5000, 1, s) }, 2, "the rows of an earlier page"},
		"the page is ignored and echoed": {func(n, s int) view { v := page(5000, 1, s); v.number = n; return v }, 2, "the rows of an earlier page"},
		"a page that knows nothing between": {func(n, s int) view {
			if n == 4 {
				return view{}
			}
			return page(1234, n, s)
		}, 4, "no rows, and page 5 has 50"},
		"the last page knows nothing": {func(n, s int) view {
			if n == 5 {
				return view{}
			}
			return page(230, n, s)
		}, 5, "page 5 has no rows, though 5 pages are announced"},
		"the only page knows nothing, and another one is there": {func(n, s int) view {
			if n == 1 {
				return view{}
			}
			return page(230, n, s)
		}, 1, "no rows, and page 2 has 50"},
		"an earlier page comes again, though cards are added": {func(n, s int) view {
			if n == 3 {
				v := page(5000, 1, s)
				v.number, v.total = 3, 5050
				return v
			}
			return page(5000, n, s)
		}, 3, "the rows of an earlier page"},
		"a page comes again and again, though cards are added": {func(n, s int) view {
			v := page(5000, min(n, 2), s)
			v.number, v.total = n, 5000+n*s
			return v
		}, 4, "the rows of an earlier page"},
		"beyond the end comes the last page with other rows": {func(n, s int) view {
			v := page(100, min(n, 2), s)
			if n > 2 {
				v.from, v.to = 40, 90
			}
			return v
		}, 3, "says that it is page 2"},
		"rows are announced that never come":    {func(n, s int) view { v := page(50, n, s); v.total = 1e9; return v }, 2, "page 2 has no rows, though 20000000 pages are announced"},
		"the first page comes again and again ": {func(n, s int) view { return page(5000, max(1, n%7), s) }, 7, "the rows of an earlier page"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			platform := listing(test.show)
			_, err := swept(platform.client(t).Cards.All(t.Context(), &quecloud.CardListParams{PageSize: 50}))
			failed, ok := errors.AsType[*quecloud.PageError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, test.page, failed.Page)
			assert.ErrorContains(t, err, test.text)
			assert.ErrorContains(t, err, fmt.Sprintf("; resume with PageNo: %d", test.page))
		})
	}
}

// Platforms that are mistaken about one thing or another, but number their pages by what they allow, are swept from any
// page to the end. The fleets' sizes are those at which a short page is easily taken for the last one.
func TestASweepIsCompleteOnManyPlatforms(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		asked, allowed, first := 11+random.IntN(30), 11+random.IntN(30), 1+max(0, random.IntN(8)-3)
		size := min(asked, allowed)
		fleet := max(0, (first-2+random.IntN(3))*asked+random.IntN(4)*size+random.IntN(3)-1)
		echo, total, pages := random.IntN(3), random.IntN(3) > 0, random.IntN(4)
		platform := listing(func(n, _ int) view {
			v := page(fleet, n, size)
			v.size = []int{size, asked, 0}[echo]
			v.pages = []int{v.pages, 1, (fleet + asked - 1) / asked, 0}[pages]
			if !total {
				v.total = 0
			}
			return v
		})
		params := &quecloud.CardListParams{PageSize: asked, PageNo: first}
		got, err := swept(platform.client(t).Cards.All(t.Context(), params, quecloud.Concurrency(1)))
		about := fmt.Sprintf("%d cards, %d a page of %d asked, from page %d; size %d, total %v, pages %d", fleet, size, asked, first, echo, total, pages)
		require.NoError(t, err, about)
		require.Equal(t, iccids(min((first-1)*size, fleet), fleet), got, about)
		require.LessOrEqual(t, platform.calls(), 2*fleet/size+3, about)
	}
}

// A platform that allows more rows from some page on has numbered its pages anew, and rows lie between them.
func TestSweepStartsAnewWhenThePagesBecomeLarger(t *testing.T) {
	t.Parallel()
	platform := listing(func(n, _ int) view {
		v := page(5000, n, 120)
		if n > 2 {
			v = page(5000, n, 150)
		}
		v.size = 0
		return v
	})
	_, err := swept(platform.client(t).Cards.All(t.Context(), &quecloud.CardListParams{PageSize: 100}))
	failed, ok := errors.AsType[*quecloud.PageError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, 1, failed.Page)
	assert.ErrorContains(t, err, "page 3 is larger than those before")
}

// A platform that allows fewer rows from some page on numbers its pages anew, so that cards come twice.
func TestASweepIsCompleteWhenThePagesBecomeSmaller(t *testing.T) {
	t.Parallel()
	for _, silent := range []bool{false, true} {
		platform := listing(func(n, s int) view {
			if n == 1 {
				return page(400, n, s)
			}
			v := page(400, n, s/2)
			if silent {
				v.size, v.pages = s, 4
			}
			return v
		})
		got, err := swept(platform.client(t).Cards.All(t.Context(), &quecloud.CardListParams{PageSize: 100}))
		require.NoError(t, err)
		slices.Sort(got)
		assert.Equal(t, iccids(0, 400), slices.Compact(got))
	}
}

// A card that moves to the next page may come twice, but must not look like a platform that repeats itself.
func TestASweepBearsACardThatMovesToTheNextPage(t *testing.T) {
	t.Parallel()
	platform := listing(func(n, _ int) view {
		added := min(max(n-2, 0)/2, 2) // so many cards have been put in front of all
		v := page(6+added, n, 1)
		if v.from < v.to {
			v.from, v.to = v.from-added, v.to-added
		}
		return v
	})
	got, err := swept(platform.client(t).Cards.All(t.Context(), &quecloud.CardListParams{PageSize: 1}))
	require.NoError(t, err)
	assert.Equal(t, []string{iccid(0), iccid(1), iccid(2), iccid(2), iccid(3), iccid(3), iccid(4), iccid(5)}, got)
}
