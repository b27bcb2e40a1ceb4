package pageplan

import "math/rand/v2"

// A platform shows a listing page by page, with peculiarities and faults. Its zero value has none.
type platform struct {
	total, requested, allowed, first int // rows; rows per page as requested and as allowed; page to start with

	// What it announces: the truth if "".
	statedSize  string // or "requested", "rows", "none"
	statedTotal string // or "half", "double", "none", "grows", "shrinks"
	statedPages string // or "requested" (as if the requested size was allowed), "one", "none"
	statedPage  string // or "none", "from zero", "one"

	order  string // rows of a page: "", or "shuffled"
	pageNo string // "", or "ignored", "samples" (any rows on any page), "cycles" (A B C B C …), "stuck" (at a page)
	beyond string // page beyond the end: empty if "", or "last", "first", "refused"
	empty  int    // page without rows, or 0
	shrink int    // page from which on fewer rows are allowed, or 0
	grow   int    // page from which on more rows are allowed, or 0

	unchanged string // what goes on as before when the pages shrink: "", or "size", "pages"
}

// drawPlatform draws a platform with peculiarities that hide no row, and perhaps one fault.
func drawPlatform(random *rand.Rand, faulty bool) platform {
	one := func(options ...string) string { return options[random.IntN(len(options))] }
	p := platform{
		requested: 3 + random.IntN(20), allowed: 3 + random.IntN(20), first: 1 + max(0, random.IntN(8)-4),
		statedSize: one("", "", "requested", "none", "rows"), statedTotal: one("", "", "none"),
		statedPages: one("", "requested", "one", "none"), statedPage: one("", "", "none", "from zero", "one"),
		order: one("", "shuffled"), beyond: one("", "last", "first", "refused"),
	}
	size := min(p.requested, p.allowed)
	p.total = max(0, (p.first-1)*size+random.IntN(6)*size+random.IntN(3)-1)
	if p.first > 1 && p.statedPage == "from zero" {
		p.statedSize = ""
	}
	if !faulty {
		return p
	}
	if p.statedTotal == "none" { // one wrong announcement at a time
		p.statedPages = one("", "none")
	}
	switch random.IntN(5) {
	case 0:
		p.pageNo, p.first = one("ignored", "samples", "cycles", "stuck"), 1
		if p.pageNo == "samples" {
			p.statedTotal = ""
		}
	case 1:
		p.empty = p.first + random.IntN(5)
		p.statedTotal, p.statedSize = "", one("", "rows")
	case 2:
		p.shrink, p.unchanged = 2+random.IntN(5), one("", "size", "pages")
		p.statedSize, p.statedPages = "", "" // a platform that announces no change cannot be understood
	case 3:
		p.grow, p.statedSize = 2+random.IntN(5), ""
	case 4:
		p.statedTotal, p.statedPage, p.statedSize = one("half", "double", "grows", "shrinks"), one("", "none"), ""
	}
	return p
}

// show returns the page that comes for a number.
func (p platform) show(number, requested int) view {
	size := p.allowedOn(number, requested)
	last := (p.total + size - 1) / size
	if number > last && p.beyond == "refused" {
		return view{refused: true}
	}
	shown := p.shown(number, last)
	rows := span(min((shown-1)*size, p.total), min(shown*size, p.total))
	random := rand.New(rand.NewPCG(5, uint64(number)))
	if p.pageNo == "samples" {
		rows = random.Perm(p.total)[:min(size, p.total)]
	}
	if p.order == "shuffled" {
		random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	}
	v := p.announce(number, shown, requested, size, len(rows))
	if number != p.empty {
		v.rows = rows
	}
	return v
}

// allowedOn returns how many rows a page has.
func (p platform) allowedOn(number, requested int) int {
	size := min(requested, p.allowed)
	if p.shrink > 0 && number >= p.shrink || number < p.grow {
		size = max(1, size/2)
	}
	return size
}

// shown returns the page that is shown for a number.
func (p platform) shown(number, last int) int {
	switch {
	case p.pageNo == "ignored":
		return 1
	case p.pageNo == "cycles" && number > 3:
		return 2 + number%2
	case p.pageNo == "stuck":
		return min(number, 2)
	case number > last && p.beyond == "last":
		return max(1, last)
	case number > last && p.beyond == "first":
		return 1
	}
	return number
}

// announce returns a page with what it announces.
func (p platform) announce(number, shown, requested, size, rows int) view {
	v := view{number: shown, size: size, total: p.total, pages: (p.total + size - 1) / size}
	switch p.unchanged {
	case "size":
		v.size = min(requested, p.allowed)
	case "pages":
		v.pages = p.last()
	}
	choose := func(value *int, choice string, values map[string]int) {
		if other, ok := values[choice]; ok {
			*value = other
		}
	}
	choose(&v.size, p.statedSize, map[string]int{"requested": requested, "rows": rows, "none": 0})
	choose(&v.number, p.statedPage, map[string]int{"from zero": shown - 1, "one": 1, "none": 0})
	choose(&v.total, p.statedTotal, map[string]int{
		"half": p.total / 2, "double": 2 * p.total, "grows": p.total/2 + number, "shrinks": max(0, p.total-number), "none": 0,
	})
	asIfAllowed := (p.total + requested - 1) / requested
	choose(&v.pages, p.statedPages, map[string]int{"one": 1, "requested": asIfAllowed, "none": 0})
	return v
}

// mustSucceed reports whether a sweep must succeed: the platform hides neither the size of its pages nor the total.
func (p platform) mustSucceed() bool {
	hidden := p.allowed < p.requested && p.statedSize != "" || p.statedSize == "rows"
	later := p.first > 1 && (hidden || p.statedPage == "one" || p.first > p.last())
	return p.statedTotal != "none" && !later && (p.beyond != "refused" || !hidden && p.total > 0)
}

// last returns the last page with rows.
func (p platform) last() int {
	size := min(p.requested, p.allowed)
	return (p.total + size - 1) / size
}

// bound limits the requests of a sweep where a page has one row or more, and at most twice as many are announced as
// there are.
func (p platform) bound() int { return 2*2*(p.total+1) + 200 }
