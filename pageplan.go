package quecloud

import (
	"fmt"
	"math"
)

// A pagePlan decides which pages a sweep asks for. What the platform announces lets the sweep ask for several at once,
// but is not trusted to tell the end, which is where the rows end.
type pagePlan struct {
	asked int // the next page to ask for
	limit int // the last page that may be asked for by now
	left  int // pages before the first that the sweep leaves out
	size  int // rows per page: as asked for, or less where the platform allows less

	total   int64  // rows in all pages, the most that was announced; 0 if never
	pages   int    // pages, likewise
	seen    int64  // rows so far
	fullest int    // rows of the page that had most
	odd     int    // pages with fewer rows than announced, but some: one is enough to doubt what was announced
	empty   int    // pages without rows that came last, one after the other
	begun   bool   // a page has come
	first   uint64 // digest of the first page
	last    uint64 // digest of the last page
}

const (
	// maxEmptyPages is how many pages without rows are believed to lie between others.
	maxEmptyPages = 100
	// fewRows is how many rows may come again on the next page because cards moved there meanwhile.
	fewRows = 10
)

func newPagePlan(first, size int) *pagePlan {
	return &pagePlan{asked: first, limit: first, left: first - 1, size: size}
}

// next returns the next page to ask for, if one may be asked for already.
func (p *pagePlan) next() (page int, ok bool) {
	if p.asked > p.limit {
		return 0, false
	}
	p.asked++
	return p.asked - 1, true
}

// take notes what came with a page. It says whether its rows are to be used, and whether there is more behind them.
func (p *pagePlan) take(number int, page Page, rows int, digest uint64) (use, more bool, err error) {
	p.learn(number, page, rows)
	if p.begun && rows > 0 && (digest == p.last || digest == p.first) {
		switch wrong := page.Number > 0 && page.Number != number; {
		case number > p.end():
			return false, false, nil // what some answer to a question beyond the end
		case wrong || rows >= fewRows:
			return false, false, fmt.Errorf("the answer has the rows of an earlier page (it says that it is page %d)", page.Number)
		}
	}
	if !p.begun {
		p.begun, p.first = true, digest
	}
	p.last = digest
	if more = number < p.end(); rows > 0 {
		p.empty = 0
		more = more || rows >= p.size || p.total == 0 || p.odd > 0 || p.alone(rows)
	} else if p.empty++; p.empty == maxEmptyPages && more {
		if announced(page.TotalCount) <= int64(number)*int64(p.size) {
			return false, false, nil // by now it does not say so any more, or never said more than a number of pages
		}
		return false, false, fmt.Errorf("the platform says that there are %d rows, and sends empty pages, %d by now", p.total, p.empty)
	}
	if more {
		p.limit = max(number+1, p.ahead())
	}
	return true, more, nil
}

// learn notes the numbers that came with a page. Smaller ones than before do not count: a page that was fetched ahead
// can be older than the one before it.
func (p *pagePlan) learn(number int, page Page, rows int) {
	p.total = max(p.total, announced(page.TotalCount))
	p.pages = max(p.pages, announced(page.TotalPages))
	if !p.begun && page.Size > 0 && page.Size < p.size {
		p.size = page.Size // the pages are numbered by what the platform allows
	}
	p.fullest = max(p.fullest, rows)
	p.size = max(p.size, rows)
	p.seen += int64(rows)
	promised := p.total - int64(number-1)*int64(p.size)
	if 0 < rows && rows < p.size && int64(rows) != promised {
		p.odd++
	}
}

// announced is a number of rows or pages that the platform announces, or 0 where it is too large to be one: no account
// has as many cards, and such numbers are written where none is known.
func announced[N int | int64](n N) N {
	if n >= math.MaxInt32 {
		return 0
	}
	return n
}

// end is the last page with rows by what was announced. Rows are told more reliably than pages; and where pages come
// short again and again, the platform allows fewer rows than it says.
func (p *pagePlan) end() int {
	if p.total == 0 {
		return p.pages
	}
	size := int64(p.size)
	if p.odd > 1 {
		size = int64(p.fullest)
	}
	return int((p.total + size - 1) / size)
}

// ahead is the last page to fetch ahead: one more if the last is full, because it may not be the last then.
func (p *pagePlan) ahead() int {
	if p.total%int64(p.size) == 0 {
		return p.end() + 1
	}
	return p.end()
}

// position is how many rows lie before the next page, or fewer where that is in doubt. It is for Progress only.
func (p *pagePlan) position() int64 {
	if p.odd > 0 {
		return int64(p.left)*int64(p.fullest) + p.seen
	}
	return int64(p.left)*int64(p.size) + p.seen
}

// alone says whether these are the only rows so far of a sweep that began on a later page. What this page lacks may be
// due to the fleet's end, or to a platform that allows fewer rows than it says: only the next page tells.
func (p *pagePlan) alone(rows int) bool {
	return p.left > 0 && p.seen == int64(rows)
}

// progress is what Progress is told.
func (p *pagePlan) progress(more bool) (done, total int64) {
	done = p.position()
	switch {
	case !more:
		return done, done
	case p.total == 0:
		return done, -1
	}
	return done, max(p.total, done)
}
