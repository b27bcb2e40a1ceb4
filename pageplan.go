package quecloud

import (
	"errors"
	"fmt"
	"math"
)

// A pagePlan decides which pages a sweep requests, whose rows it yields and where it ends. What the platform announces
// lets the sweep request several pages at once, but is not trusted to tell the end: that is where the rows end. It
// remembers a digest of each page, and no rows.
type pagePlan struct {
	method string

	first int64 // page the sweep starts with
	asked int64 // next page to request
	limit int64 // last page that may be requested by now
	size  int64 // rows per page: as requested, or what the first page says or has

	started            bool  // a response has come
	stated             int64 // rows per page as the first response says, or 0
	total, latestTotal int64 // rows in all pages: the most that was announced, and the last; 0 if never
	pages, latestPages int64 // pages, likewise
	growth             int64 // by how much the last response announced more rows than the one before
	numbered           bool  // a page other than 1 said which page it is, and was right
	contradictory      bool  // what was announced contradicts itself

	seen       int64 // rows so far
	lastRows   int64 // rows of the last page that had any
	fullest    int64 // rows of the page that had most
	shortPages int   // pages with fewer rows than announced, but some
	emptyPages int64 // pages without rows since the last that had any
	surplus    bool  // rows came beyond the announced end
	moved      bool  // the last page had the rows of the one before

	digests    map[uint64]struct{}
	lastDigest uint64
}

const (
	// maxEmptyPages is how many pages without rows are looked through for rows behind them.
	maxEmptyPages = 100
	// maxExtraPages is how many pages there may be beyond twice those that are announced.
	maxExtraPages = 100
	// maxSweepPages bounds a sweep whatever is announced.
	maxSweepPages = 1_000_000
)

func newPagePlan(method string, first, size int) *pagePlan {
	start := int64(first)
	return &pagePlan{method: method, first: start, asked: start, limit: start, size: int64(size), digests: map[uint64]struct{}{}}
}

// next returns the next page to request, if one may be requested already.
func (p *pagePlan) next() (page int, ok bool) {
	if p.asked > p.limit {
		return 0, false
	}
	p.asked++
	return int(p.asked - 1), true
}

// A pageResponse is what the plan must know of a page.
type pageResponse struct {
	number int64 // as requested
	page   Page  // as announced
	rows   int64
	digest uint64 // of the rows, whatever their order
}

// decide says what came of the request for a page: whether its rows are to be yielded, and whether there may be more
// behind them. Its error is a *PageError, or a *ParamError where nothing was sent.
func (p *pagePlan) decide(number int, r pageResponse, err error) (use, more bool, _ error) {
	switch {
	case err == nil:
		return p.accept(r)
	case errors.As(err, new(*ParamError)):
		return false, false, err
	case meaningOf(err) == codeRefused && p.isBeyond(int64(number)) && !p.isDoubtful():
		return false, false, nil // all that was announced has come
	}
	return false, false, &PageError{number, err}
}

// accept is decide for a page that came.
func (p *pagePlan) accept(r pageResponse) (use, more bool, err error) {
	p.record(r)
	switch {
	case p.isLarger(r):
		return false, false, p.fault(1, "page %d is larger than those before, and rows between them may be missing", r.number)
	case r.rows == 0:
		p.emptyPages++
		more, err = p.acceptEmpty(r)
		return false, more, err
	case p.emptyPages > 0:
		return false, false, p.fault(r.number-p.emptyPages, "page %d has no rows, and page %d has %d", r.number-p.emptyPages, r.number, r.rows)
	case r.number-p.first >= p.maxPages():
		return false, false, p.fault(r.number, "there is no end: %d rows have come and %d were announced", p.seen, p.total)
	case p.isRepeated(r):
		return p.acceptRepeated(r)
	case p.isLastInstead(r):
		return false, false, nil
	case p.isOther(r):
		return false, false, p.acceptOther(r)
	}
	return true, p.use(r), nil
}

// record keeps what a response announces. Smaller numbers than before do not lower the largest: a page that was fetched
// ahead can be older than the one before it.
func (p *pagePlan) record(r pageResponse) {
	p.growth = 0
	if total := announced(r.page.TotalCount); total > 0 {
		p.growth = total - p.latestTotal
		p.latestTotal = total
		p.total = max(p.total, total)
	}
	if pages := announced(int64(r.page.TotalPages)); pages > 0 {
		p.latestPages = pages
		p.pages = max(p.pages, pages)
	}
	size := int64(r.page.Size)
	if p.started {
		p.contradictory = p.contradictory || 0 < size && size < p.stated
		return
	}
	p.started, p.stated = true, size
	if 0 < size && size < p.size {
		p.size = size // the pages are numbered by what the platform allows
	}
	p.size = max(p.size, r.rows)
}

// announced is a number of rows or pages that the platform announces, or 0 where it is too large to be one: no account
// has as many cards, and such numbers are written where none is known.
func announced(n int64) int64 {
	if n >= math.MaxInt32 {
		return 0
	}
	return n
}

// use takes the rows of a page, and says whether there may be more behind them.
func (p *pagePlan) use(r pageResponse) (more bool) {
	p.digests[r.digest], p.lastDigest = struct{}{}, r.digest
	p.moved = false
	p.seen += r.rows
	p.lastRows = r.rows
	p.fullest = max(p.fullest, r.rows)
	if p.isShort(r) {
		p.shortPages++
	}
	p.numbered = p.numbered || r.number > 1 && int64(r.page.Number) == r.number
	p.surplus = p.surplus || r.number > p.end()
	p.contradictory = p.contradictory || announced(int64(r.page.TotalPages)) > p.end()
	if p.isLast(r) {
		return false
	}
	p.limit = max(r.number+1, p.ahead())
	return true
}

// isLast says whether a page is the last for certain: one that is not full, and as announced.
func (p *pagePlan) isLast(r pageResponse) bool {
	// What the only page of a sweep that started on a later one lacks may be due to the fleet's end, or to a platform that
	// allows fewer rows than it says: only the next page tells.
	onlyPage := p.first > 1 && p.seen == r.rows
	return r.number >= p.end() && r.rows < p.size && p.total > 0 && !p.isDoubtful() && !onlyPage
}

// isShort says whether a page has fewer rows than announced.
func (p *pagePlan) isShort(r pageResponse) bool {
	if r.rows >= p.size {
		return false
	}
	if p.latestTotal == 0 {
		return p.latestPages > 0 && r.number != p.latestPages
	}
	return r.rows != p.latestTotal-(r.number-1)*p.size
}

// isLarger says whether the platform has begun to allow more rows per page, and so has numbered its pages anew.
func (p *pagePlan) isLarger(r pageResponse) bool {
	more := 0 < p.stated && p.stated < int64(r.page.Size)
	return r.rows > p.size || more && (p.end() == 0 || r.number <= p.end())
}

// isDoubtful says whether what was announced cannot be trusted to tell the end.
func (p *pagePlan) isDoubtful() bool {
	return p.total == 0 && p.pages == 0 || p.shortPages > 0 || p.surplus || p.contradictory
}

// acceptEmpty decides about a page without rows. It is the end, unless rows follow it or are announced on it. They are
// looked for as far as pages are announced, and on one page more where this is doubtful and the page before was not short.
func (p *pagePlan) acceptEmpty(r pageResponse) (more bool, err error) {
	knowsNothing, afterShort := r.page == Page{}, p.lastRows < p.fullest
	confirm := p.emptyPages == 1 && p.isDoubtful() && !afterShort && (p.seen > 0 || knowsNothing)
	if p.emptyPages < maxEmptyPages && (r.number < p.end() || confirm) {
		p.limit = max(r.number+1, p.ahead())
		return true, nil
	}
	total, pages := announced(r.page.TotalCount), announced(int64(r.page.TotalPages))
	if knowsNothing {
		total, pages = p.total, p.pages
	}
	if total <= 0 && p.seen == 0 {
		return false, nil // an account without cards may be said to have a page
	}
	if empty := r.number - p.emptyPages + 1; empty <= p.endOf(total, pages) && !afterShort {
		return false, p.fault(empty, "page %d has no rows, though %d pages are announced", empty, p.endOf(total, pages))
	}
	return false, nil
}

// isRepeated says whether a page has the rows of an earlier one.
func (p *pagePlan) isRepeated(r pageResponse) bool {
	_, ok := p.digests[r.digest]
	return ok
}

// acceptRepeated decides about such a page. Beyond the end it is what some platforms send: their last page, or the first.
// Before the end all rows of a page may have moved to the next because as many have come in front of them.
func (p *pagePlan) acceptRepeated(r pageResponse) (use, more bool, err error) {
	switch {
	case p.isBeyond(r.number), p.total == 0 && p.pages == 0 && p.lastRows < p.fullest:
		return false, false, nil
	case r.digest == p.lastDigest && p.growth >= r.rows && !p.moved:
		more = p.use(r)
		p.moved = true
		return true, more, nil
	}
	return false, false, p.fault(r.number, "page %d has the rows of an earlier page", r.number)
}

// isOther says whether a response is that for another page, by its own words. They count if they were right before, and at
// the start of a sweep that is resumed; but a platform may count from 0.
func (p *pagePlan) isOther(r pageResponse) bool {
	number := int64(r.page.Number)
	atStart := r.number == p.first && r.number > 1 && number != r.number-1
	return 0 < number && number != r.number && (p.numbered || atStart)
}

// acceptOther decides about such a page, whose rows this sweep has not seen. Beyond the end it may be one from before the
// sweep's start.
func (p *pagePlan) acceptOther(r pageResponse) error {
	if p.isBeyond(r.number) && int64(r.page.Number) < p.first && p.seen > 0 {
		return nil
	}
	return p.fault(r.number, "the response to the request for page %d says that it is page %d", r.number, r.page.Number)
}

// isLastInstead says whether a sweep that starts beyond the end has got the last page instead, as that says itself.
func (p *pagePlan) isLastInstead(r pageResponse) bool {
	last := p.endOf(p.latestTotal, 0)
	return r.number == p.first && 0 < last && last < r.number && last == int64(r.page.Number) &&
		r.rows == p.latestTotal-(last-1)*p.size
}

// isBeyond says whether a page lies beyond the end by what was announced last. Where the only short page so far is also
// the fullest, the platform may allow fewer rows than it says, and nobody knows the end.
func (p *pagePlan) isBeyond(number int64) bool {
	end := p.endOf(p.latestTotal, p.latestPages)
	return 0 < end && end < number && (p.shortPages != 1 || p.fullest == p.size)
}

// end is the last page with rows by what was announced, 0 if nothing was.
func (p *pagePlan) end() int64 { return p.endOf(p.total, p.pages) }

// endOf is the last page with rows by a number of rows or, if that is 0, of pages. Rows are told more reliably; and where
// pages come short repeatedly, the platform allows fewer rows than it says.
func (p *pagePlan) endOf(total, pages int64) int64 {
	if total <= 0 {
		return pages
	}
	size := p.size
	if p.shortPages > 1 {
		size = p.fullest
	}
	return (total + size - 1) / size
}

// ahead is the last page to fetch ahead: one more if the last is full, because it may not be the last then.
func (p *pagePlan) ahead() int64 {
	if p.total%p.size == 0 {
		return p.end() + 1
	}
	return p.end()
}

// maxPages is how many pages a sweep requests at most, the empty ones at its end not counted.
func (p *pagePlan) maxPages() int64 {
	if end := p.end(); end > 0 {
		return min(2*end+maxExtraPages, maxSweepPages)
	}
	return maxSweepPages
}

// progress is what Progress is told.
func (p *pagePlan) progress(more bool) (done, total int64) {
	size := p.size
	if p.shortPages > 0 {
		size = p.fullest
	}
	done = (p.first-1)*size + p.seen
	switch {
	case !more:
		return done, done
	case p.total == 0:
		return done, -1
	}
	return done, max(p.total, done)
}

// fault is the error of a page.
func (p *pagePlan) fault(number int64, format string, args ...any) error {
	return &PageError{int(number), fmt.Errorf("quecloud: "+shortMethod(p.method)+": "+format, args...)}
}
