// Package pageplan plans the sweep of a listing: which pages to request, which rows to yield, and where the listing
// ends.
//
// The totals that a platform announces let a sweep request several pages at once. They do not end it, since they can be
// wrong: a sweep ends where the rows end. The file beyond.go lists the responses that may follow there without an
// error.
package pageplan

import (
	"fmt"
	"math"
)

// A Plan plans one sweep. It remembers a digest of each page, and no rows.
type Plan struct {
	first       int64 // page the sweep starts with
	nextPage    int64 // next page to request
	lastAllowed int64 // last page that may be requested by now
	size        int64 // rows per page: as requested, or as the first response announces or has them

	started       bool  // a response has come
	announcedSize int64 // rows per page by the first response, or 0

	// What the responses announce: the most and the latest, or 0 if nothing.
	rows, latestRows   int64
	pages, latestPages int64
	growth             int64 // by how many rows the last announcement exceeds the one before
	numbered           bool  // a page other than 1 gave its number, correctly
	contradictory      bool  // the announcements contradict each other

	rowsSeen   int64
	lastRows   int64 // rows of the last page that had any
	mostRows   int64 // rows of the fullest page
	shortPages int   // pages with some rows, but fewer than announced
	emptyPages int64 // pages without rows since the last one that had any
	surplus    bool  // rows came beyond the announced end
	shifted    bool  // the last page had the rows of the page before it

	digests    map[uint64]struct{}
	lastDigest uint64
}

const (
	// maxEmptyPages limits how many pages without rows are searched for rows behind them.
	maxEmptyPages = 100
	// maxExtraPages limits the pages beyond twice the announced number.
	maxExtraPages = 100
	// maxPages limits a sweep regardless of the announced totals.
	maxPages = 1_000_000
)

// New returns the plan of a sweep that starts with page first and requests size rows per page.
func New(first, size int) *Plan {
	start := int64(first)
	return &Plan{first: start, nextPage: start, lastAllowed: start, size: int64(size), digests: map[uint64]struct{}{}}
}

// Next returns the next page to request. ok is false if the sweep has to wait for a response first.
func (p *Plan) Next() (page int, ok bool) {
	if p.nextPage > p.lastAllowed {
		return 0, false
	}
	p.nextPage++
	return int(p.nextPage - 1), true
}

// A Response describes the response to the request for a page.
type Response struct {
	Requested int64 // number of the requested page, from 1
	Announced Announced
	Rows      int64  // rows in the response
	Digest    uint64 // of these rows, in any order
}

// Announced holds the totals and numbers that a response announces. A value is 0 where the response has none.
type Announced struct {
	Page  int64 // number of this page
	Size  int64 // rows per page
	Rows  int64 // rows in all pages
	Pages int64
}

// A Decision says what to do with a response and whether to go on.
type Decision struct {
	Yield bool   // yield the rows
	More  bool   // more pages may follow
	Fault *Fault // why the sweep fails, or nil
}

// A Fault says why a sweep fails.
type Fault struct {
	Page   int // page to resume with
	Reason string
}

func fail(page int64, format string, args ...any) Decision {
	return Decision{Fault: &Fault{int(page), fmt.Sprintf(format, args...)}}
}

// Accept decides about a response. The responses must be passed in the order of the requests.
func (p *Plan) Accept(r Response) Decision {
	p.recordAnnounced(r)
	switch {
	case p.isLarger(r):
		return fail(1, "page %d is larger than those before, and rows between them may be missing", r.Requested)
	case r.Rows == 0:
		p.emptyPages++
		return p.acceptEmpty(r)
	case p.emptyPages > 0:
		empty := r.Requested - p.emptyPages
		return fail(empty, "page %d has no rows, and page %d has %d", empty, r.Requested, r.Rows)
	case r.Requested-p.first >= p.maxRequests():
		return fail(r.Requested, "there is no end: %d rows have come and %d were announced", p.rowsSeen, p.rows)
	case p.isRepeated(r):
		return p.acceptRepeated(r)
	case p.isLastPageInstead(r):
		return Decision{}
	case p.hasOtherNumber(r):
		return p.acceptOtherNumber(r)
	}
	return p.acceptRows(r)
}

// recordAnnounced records what a response announces. Smaller totals do not lower the largest: a page that was fetched
// ahead can be older than the one before it.
func (p *Plan) recordAnnounced(r Response) {
	p.growth = 0
	if rows := plausible(r.Announced.Rows); rows > 0 {
		p.growth = rows - p.latestRows
		p.latestRows = rows
		p.rows = max(p.rows, rows)
	}
	if pages := plausible(r.Announced.Pages); pages > 0 {
		p.latestPages = pages
		p.pages = max(p.pages, pages)
	}
	size := r.Announced.Size
	if p.started {
		p.contradictory = p.contradictory || 0 < size && size < p.announcedSize
		return
	}
	p.started, p.announcedSize = true, size
	if 0 < size && size < p.size {
		p.size = size // the platform allows no more, and numbers its pages accordingly
	}
	p.size = max(p.size, r.Rows)
}

// plausible returns an announced total, or 0 if it is too large for an account: platforms send such values for unknown
// totals.
func plausible(total int64) int64 {
	if total >= math.MaxInt32 {
		return 0
	}
	return total
}

// acceptRows counts a page whose rows are to be yielded, and decides whether more pages may follow.
func (p *Plan) acceptRows(r Response) Decision {
	p.digests[r.Digest], p.lastDigest = struct{}{}, r.Digest
	p.shifted = false
	p.rowsSeen += r.Rows
	p.lastRows = r.Rows
	p.mostRows = max(p.mostRows, r.Rows)
	if p.isShort(r) {
		p.shortPages++
	}
	p.numbered = p.numbered || r.Requested > 1 && r.Announced.Page == r.Requested
	p.surplus = p.surplus || r.Requested > p.end()
	p.contradictory = p.contradictory || plausible(r.Announced.Pages) > p.end()
	if p.isLast(r) {
		return Decision{Yield: true}
	}
	p.allowAfter(r)
	return Decision{Yield: true, More: true}
}

// allowAfter allows requests for the page after r and for those that are announced. If the last of these is full, it
// allows one more, since the last may not be the end then.
func (p *Plan) allowAfter(r Response) {
	announced := p.end()
	if p.rows%p.size == 0 {
		announced++
	}
	p.lastAllowed = max(r.Requested+1, announced)
}

// isShort reports whether a page has fewer rows than announced.
func (p *Plan) isShort(r Response) bool {
	if r.Rows >= p.size {
		return false
	}
	if p.latestRows == 0 {
		return p.latestPages > 0 && r.Requested != p.latestPages
	}
	return r.Rows != p.latestRows-(r.Requested-1)*p.size
}

// isLarger reports whether the platform now allows more rows per page than before, and so has renumbered its pages.
func (p *Plan) isLarger(r Response) bool {
	announcesMore := 0 < p.announcedSize && p.announcedSize < r.Announced.Size
	return r.Rows > p.size || announcesMore && (p.end() == 0 || r.Requested <= p.end())
}

// isRepeated reports whether a page has the rows of an earlier one.
func (p *Plan) isRepeated(r Response) bool {
	_, ok := p.digests[r.Digest]
	return ok
}

// hasOtherNumber reports whether a response gives the number of another page. The number counts if the platform has
// numbered pages correctly before, and on the first page of a resumed sweep. There it may be one less, since some
// platforms count pages from 0.
func (p *Plan) hasOtherNumber(r Response) bool {
	number := r.Announced.Page
	resumed := r.Requested == p.first && r.Requested > 1 && number != r.Requested-1
	return 0 < number && number != r.Requested && (p.numbered || resumed)
}

// maxRequests returns how many pages a sweep requests at most, without the empty ones at its end.
func (p *Plan) maxRequests() int64 {
	if end := p.end(); end > 0 {
		return min(2*end+maxExtraPages, maxPages)
	}
	return maxPages
}

// Progress returns how many rows the sweep has passed, with those before its first page, and how many there are, or
// -1 if that is unknown. more is Decision.More of the last response.
func (p *Plan) Progress(more bool) (done, total int64) {
	size := p.size
	if p.shortPages > 0 {
		size = p.mostRows
	}
	done = (p.first-1)*size + p.rowsSeen
	switch {
	case !more:
		return done, done
	case p.rows == 0:
		return done, -1
	}
	return done, max(p.rows, done)
}
