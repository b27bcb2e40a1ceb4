package quecloud_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
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

// A drawnPlatform lists a fleet page by page, with faults that are drawn at random. Its zero value has none.
type drawnPlatform struct {
	fleet, asked, allowed, first int // cards; rows per page as asked for and as allowed; page to start with

	size   string // pageSize: "", or "asked", "rows", "none"
	total  string // totalCount: "", or "half", "double", "none", "grows", "shrinks"
	pages  string // totalPage: "", or "asked" (as if the asked size was allowed), "one", "none"
	number string // page: "", or "none", "from zero", "one"

	order  string // rows of a page: "", or "shuffled"
	pageNo string // "", or "ignored", "samples" (any rows on any page), "cycles" (A B C B C …), "stuck" (at a page)
	beyond string // page beyond the end: "", or "clamped", "first", "refused"
	hole   int    // page without rows, or 0
	blank  any    // what it has instead of rows
	shrink int    // page from which on fewer rows are allowed, or 0
	grow   int    // page from which on more rows are allowed, or 0
	silent string // what goes on as before when the pages shrink: "", or "size", "pages"
}

// drawPlatform draws a platform with peculiarities that hide no row, and perhaps one fault.
func drawPlatform(random *rand.Rand, faulty bool) drawnPlatform {
	one := func(options ...string) string { return options[random.IntN(len(options))] }
	p := drawnPlatform{
		asked: 3 + random.IntN(20), allowed: 3 + random.IntN(20), first: 1 + max(0, random.IntN(8)-4),
		size: one("", "", "asked", "none", "rows"), total: one("", "", "none"), pages: one("", "asked", "one", "none"),
		number: one("", "", "none", "from zero", "one"), order: one("", "shuffled"),
		beyond: one("", "clamped", "first", "refused"),
	}
	size := min(p.asked, p.allowed)
	p.fleet = max(0, (p.first-1)*size+random.IntN(6)*size+random.IntN(3)-1)
	if p.first > 1 && p.number == "from zero" {
		p.size = ""
	}
	if !faulty {
		return p
	}
	if p.total == "none" { // one lie at a time
		p.pages = one("", "none")
	}
	switch random.IntN(5) {
	case 0:
		p.pageNo, p.first = one("ignored", "samples", "cycles", "stuck"), 1
		if p.pageNo == "samples" {
			p.total = ""
		}
	case 1:
		p.hole, p.blank = p.first+random.IntN(5), []any{[]any{}, nil, ""}[random.IntN(3)]
		p.total, p.size = "", one("", "rows")
	case 2:
		p.shrink, p.silent = 2+random.IntN(5), one("", "size", "pages")
		p.size, p.pages = "", "" // of a platform that tells nothing of it nobody could know
	case 3:
		p.grow, p.size = 2+random.IntN(5), ""
	case 4:
		p.total, p.number, p.size = one("half", "double", "grows", "shrinks"), one("", "none"), ""
	}
	return p
}

// answer is the response to a request.
func (p drawnPlatform) answer(_ context.Context, form url.Values) any {
	number, asked := paging(form)
	size := p.allowedOn(number, asked)
	last := (p.fleet + size - 1) / size
	shown := p.shown(number, last)
	if number > last && p.beyond == "refused" {
		return refusal("no such page")
	}
	from, to := min((shown-1)*size, p.fleet), min(shown*size, p.fleet)
	rows := make([]int, 0, size)
	for i := from; i < to; i++ {
		rows = append(rows, i)
	}
	random := rand.New(rand.NewPCG(5, uint64(number)))
	if p.pageNo == "samples" {
		rows = random.Perm(p.fleet)[:min(size, p.fleet)]
	}
	if p.order == "shuffled" {
		random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	}
	cards := p.blank
	if number != p.hole {
		list := []object{}
		for _, i := range rows {
			list = append(list, object{"iccid": iccid(i), "msisdn": msisdn(i)})
		}
		cards = list
	}
	return object{"resultCode": 0, "page": p.about(number, shown, asked, size, len(rows)), "cards": cards}
}

// allowedOn is how many rows a page has.
func (p drawnPlatform) allowedOn(number, asked int) int {
	size := min(asked, p.allowed)
	if p.shrink > 0 && number >= p.shrink || number < p.grow {
		size = max(1, size/2)
	}
	return size
}

// shown is the page that is shown for a number.
func (p drawnPlatform) shown(number, last int) int {
	switch {
	case p.pageNo == "ignored":
		return 1
	case p.pageNo == "cycles" && number > 3:
		return 2 + number%2
	case p.pageNo == "stuck":
		return min(number, 2)
	case number > last && p.beyond == "clamped":
		return max(1, last)
	case number > last && p.beyond == "first":
		return 1
	}
	return number
}

// about is what a page announces.
func (p drawnPlatform) about(number, shown, asked, size, rows int) object {
	about := object{"page": shown, "pageSize": size, "totalCount": p.fleet, "totalPage": (p.fleet + size - 1) / size}
	switch p.silent {
	case "size":
		about["pageSize"] = min(asked, p.allowed)
	case "pages":
		about["totalPage"] = p.last()
	}
	set := func(name, choice string, values map[string]int) {
		if value, ok := values[choice]; ok {
			about[name] = value
		}
		if choice == "none" {
			delete(about, name)
		}
	}
	set("pageSize", p.size, map[string]int{"asked": asked, "rows": rows})
	set("page", p.number, map[string]int{"from zero": shown - 1, "one": 1})
	set("totalCount", p.total, map[string]int{"half": p.fleet / 2, "double": 2 * p.fleet, "grows": p.fleet/2 + number, "shrinks": max(0, p.fleet-number)})
	set("totalPage", p.pages, map[string]int{"one": 1, "asked": (p.fleet + asked - 1) / asked})
	return about
}

// mustSucceed reports whether a sweep must succeed: nobody hides how many rows a page has, or how many there are.
func (p drawnPlatform) mustSucceed() bool {
	hidden := p.allowed < p.asked && p.size != "" || p.size == "rows"
	later := p.first > 1 && (hidden || p.number == "one" || p.first > p.last())
	return p.total != "none" && !later && (p.beyond != "refused" || !hidden && p.fleet > 0)
}

// last is the last page with cards.
func (p drawnPlatform) last() int {
	size := min(p.asked, p.allowed)
	return (p.fleet + size - 1) / size
}

// bound is how many requests a sweep may send at most where a page has one card or more, and no more than twice as many
// are announced as there are.
func (p drawnPlatform) bound() int { return 2*2*(p.fleet+1) + 200 }

// A sweep ends on every platform, after a bounded number of requests, and either yields every card or reports on which
// page it failed. Where only what is announced is peculiar, it yields every card once.
func TestSweepEndsAndLosesNothingOnDrawnPlatforms(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 3000 {
		faulty := i%2 == 0
		platform := drawPlatform(random, faulty)
		about := fmt.Sprintf("%+v", platform)
		requests := 0
		stub := &stub{answer: func(ctx context.Context, form url.Values) any {
			if requests++; requests > platform.bound() {
				return []byte("endless")
			}
			return platform.answer(ctx, form)
		}}
		params := &quecloud.CardListParams{PageSize: platform.asked, PageNo: platform.first}
		got, err := swept(stub.client(t).Cards.All(t.Context(), params, quecloud.Concurrency(1)))
		assert.LessOrEqual(t, requests, platform.bound(), "endless: %s", about)
		size := platform.allowedOn(platform.first, platform.asked)
		want := iccids(min((platform.first-1)*size, platform.fleet), platform.fleet)
		slices.Sort(got)
		switch {
		case err != nil:
			assert.True(t, is[*quecloud.PageError](err), "%v: %s", err, about)
			assert.False(t, !faulty && platform.mustSucceed(), "%v: %s", err, about)
		case platform.pageNo == "samples": // who knows
		case !faulty && platform.mustSucceed() && (platform.first == 1 || platform.beyond != "first"):
			assert.Equal(t, want, got, about)
		default:
			assert.Subset(t, got, want, "lost: %s", about)
		}
	}
}

// What has happened to sweeps, or could: the end is the platform's, or an error names the page.
func TestSweepEndsAndLosesNothingOnFaultyPlatforms(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		platform drawnPlatform // of 100 cards a page, unless said otherwise
		page     int           // that fails; 0 if none does
		most     int           // requests
		text     string
	}{
		"beyond the end comes the last page, shuffled": {
			platform: drawnPlatform{fleet: 200, order: "shuffled", beyond: "clamped"}, most: 3,
		},
		"beyond the end comes the last page, shuffled and not numbered": {
			platform: drawnPlatform{fleet: 200, order: "shuffled", beyond: "clamped", number: "none"}, most: 3,
		},
		"beyond an end that nobody knows comes the last page, shuffled": {
			platform: drawnPlatform{fleet: 250, order: "shuffled", beyond: "clamped", total: "none", pages: "none"}, most: 4,
		},
		"beyond an end that nobody knows comes the last page, which is full": {
			platform: drawnPlatform{fleet: 200, order: "shuffled", beyond: "clamped", total: "none", pages: "none"},
			page:     3, most: 3, text: "page 3 has the rows of an earlier page",
		},
		"beyond the end comes the first page, and the sweep starts behind that": {
			platform: drawnPlatform{fleet: 300, first: 2, beyond: "first"}, most: 3,
		},
		"started beyond the end, the last page comes": {
			platform: drawnPlatform{fleet: 250, first: 4, beyond: "clamped"}, most: 1,
		},
		"started on page 4, page 1 comes": {
			platform: drawnPlatform{fleet: 500, first: 4, pageNo: "ignored"}, page: 4, most: 1, text: "says that it is page 1",
		},
		"pageNo is ignored, rows are shuffled and not counted": {
			platform: drawnPlatform{fleet: 500, order: "shuffled", pageNo: "ignored", number: "none", total: "none", pages: "none"},
			page:     2, most: 2, text: "the rows of an earlier page",
		},
		"pages are A B C B C and not counted": {
			platform: drawnPlatform{fleet: 500, pageNo: "cycles", number: "none", total: "none", pages: "none"},
			page:     4, most: 4, text: "the rows of an earlier page",
		},
		"pages are A B C B C, and the sweep starts with B": {
			platform: drawnPlatform{fleet: 700, pageNo: "cycles", first: 3}, page: 4, most: 2, text: "says that it is page 2",
		},
		"pages are any rows": {
			platform: drawnPlatform{fleet: 2000, pageNo: "samples"}, page: 141, most: 141, text: "and 2000 were announced",
		},
		"page 3 of 5 is an empty list": {
			platform: drawnPlatform{fleet: 500, hole: 3, blank: []any{}}, page: 3, most: 4, text: "has no rows, and page 4 has 100",
		},
		"page 3 of 5 is null":    {platform: drawnPlatform{fleet: 500, hole: 3}, page: 3, most: 4, text: "has no rows, and page 4 has 100"},
		"page 3 of 5 is no text": {platform: drawnPlatform{fleet: 500, hole: 3, blank: ""}, page: 3, most: 4, text: "has no rows, and page 4 has 100"},
		"page 1 of 5 is null":    {platform: drawnPlatform{fleet: 500, hole: 1}, page: 1, most: 2, text: "has no rows, and page 2 has 100"},
		"page 5 of 5 is null":    {platform: drawnPlatform{fleet: 500, hole: 5}, page: 5, most: 5, text: "page 5 has no rows, though 5 pages are announced"},
		"the only page is null":  {platform: drawnPlatform{fleet: 50, hole: 1}, page: 1, most: 1, text: "page 1 has no rows, though 1 pages are announced"},
		"page 3 is null, and only pages are counted": {
			platform: drawnPlatform{fleet: 500, hole: 3, total: "none"}, page: 3, most: 4, text: "has no rows, and page 4 has 100",
		},
		"page 3 is null, and nothing is counted": {
			platform: drawnPlatform{fleet: 500, hole: 3, total: "none", pages: "none"}, page: 3, most: 4, text: "has no rows, and page 4 has 100",
		},
		"page 20 of 42 is null, and fewer rows are allowed than the platform says": {
			platform: drawnPlatform{fleet: 1234, allowed: 30, size: "asked", pages: "asked", hole: 20}, page: 20, most: 21, text: "page 21 has 30",
		},
		"page 14 of 42 is null, the first beyond those announced": {
			platform: drawnPlatform{fleet: 1234, allowed: 30, size: "asked", pages: "asked", total: "none", hole: 14},
			page:     14, most: 15, text: "page 15 has 30",
		},
		"from page 3 on pages have half the rows":                       {platform: drawnPlatform{fleet: 250, shrink: 3}, most: 7},
		"from page 3 on pages have half the rows, and as many are told": {platform: drawnPlatform{fleet: 250, shrink: 3, silent: "size"}, most: 7},
		"from page 3 on pages have half the rows, and are as many":      {platform: drawnPlatform{fleet: 250, shrink: 3, silent: "pages"}, most: 7},
		"from page 3 on pages have twice the rows": {
			platform: drawnPlatform{fleet: 500, grow: 3}, page: 1, most: 3, text: "page 3 is larger than those before",
		},
		"beyond the end is refused":              {platform: drawnPlatform{fleet: 100, beyond: "refused"}, most: 2},
		"beyond the end of pages is refused":     {platform: drawnPlatform{fleet: 250, beyond: "refused", total: "none"}, most: 4},
		"beyond the end is refused, from page 3": {platform: drawnPlatform{fleet: 250, first: 3, beyond: "refused"}, most: 2},
		"beyond an end that nobody knows is refused": {
			platform: drawnPlatform{fleet: 250, beyond: "refused", total: "none", pages: "none"}, page: 4, most: 4, text: "no such page",
		},
		"half of the cards are counted, and beyond the end is refused": {
			platform: drawnPlatform{fleet: 400, beyond: "refused", total: "half", pages: "none"}, page: 5, most: 5, text: "no such page",
		},
	}
	for name, test := range tests {
		for _, concurrency := range []int{1, 4} {
			t.Run(fmt.Sprintf("%s, %d at once", name, concurrency), func(t *testing.T) {
				t.Parallel()
				platform := test.platform
				platform.asked, platform.allowed, platform.first = 100, cmp.Or(platform.allowed, 100), cmp.Or(platform.first, 1)
				stub := &stub{answer: platform.answer}
				params := &quecloud.CardListParams{PageSize: 100, PageNo: platform.first}
				got, err := swept(stub.client(t).Cards.All(t.Context(), params, quecloud.Concurrency(concurrency)))
				assert.LessOrEqual(t, stub.calls(), test.most+2*(concurrency-1), "requests")
				if test.page == 0 {
					require.NoError(t, err)
					slices.Sort(got)
					assert.Equal(t, iccids(min(100*(platform.first-1), platform.fleet), platform.fleet), slices.Compact(got))
					return
				}
				failed, ok := errors.AsType[*quecloud.PageError](err)
				require.True(t, ok, "%v", err)
				assert.Equal(t, test.page, failed.Page)
				assert.ErrorContains(t, err, "quecloud: card.list: ")
				assert.ErrorContains(t, err, test.text)
				assert.ErrorContains(t, err, fmt.Sprintf("; resume with PageNo: %d", test.page))
			})
		}
	}
}
