package quecloud_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

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
