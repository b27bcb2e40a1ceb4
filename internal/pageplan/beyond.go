package pageplan

// A page beyond the end of a listing is no error. Since announced totals can be too small, a sweep requests such a page
// whenever the page before it does not prove the end, and platforms respond in their own ways: with an empty page, with
// the last or the first page once more, or with a refusal. Each ends the sweep if everything announced has come. Before
// the announced end the same responses are faults, because rows would be missing.

// RefusalEnds reports whether a refusal of a page is the end of the listing: the page lies beyond the announced end.
func (p *Plan) RefusalEnds(page int) bool {
	return p.isBeyond(int64(page)) && !p.isDoubtful()
}

// isBeyond reports whether a page lies beyond the end that was announced last. If the only short page so far is also
// the fullest, the platform may allow fewer rows than it says, and the end is unknown.
func (p *Plan) isBeyond(page int64) bool {
	end := p.endOf(p.latestRows, p.latestPages)
	return 0 < end && end < page && (p.shortPages != 1 || p.mostRows == p.size)
}

// end returns the last page with rows by the announced totals, or 0 if there are none.
func (p *Plan) end() int64 { return p.endOf(p.rows, p.pages) }

// endOf returns the last page of so many rows, or pages if rows is 0: platforms announce rows more reliably. After
// several short pages, mostRows is the number of rows that the platform allows per page.
func (p *Plan) endOf(rows, pages int64) int64 {
	if rows <= 0 {
		return pages
	}
	size := p.size
	if p.shortPages > 1 {
		size = p.mostRows
	}
	return (rows + size - 1) / size
}

// isDoubtful reports whether the announcements cannot tell the end.
func (p *Plan) isDoubtful() bool {
	return p.rows == 0 && p.pages == 0 || p.shortPages > 0 || p.surplus || p.contradictory
}

// isLast reports whether a page is the last for certain: it is not full, and the announcements agree.
func (p *Plan) isLast(r Response) bool {
	// If the only page of a sweep that started on a later one is not full, either the listing ends or the platform allows
	// fewer rows than it says. Only the next page tells.
	onlyPage := p.first > 1 && p.rowsSeen == r.Rows
	return r.Requested >= p.end() && r.Rows < p.size && p.rows > 0 && !p.isDoubtful() && !onlyPage
}

// acceptEmpty decides about a page without rows. It is the end unless rows follow it or it announces some. The sweep
// looks for them up to the announced end, and on one page more if that is doubtful and the page before was not short.
func (p *Plan) acceptEmpty(r Response) Decision {
	announcesNothing, afterShort := r.Announced == Announced{}, p.lastRows < p.mostRows
	confirm := p.emptyPages == 1 && p.isDoubtful() && !afterShort && (p.rowsSeen > 0 || announcesNothing)
	if p.emptyPages < maxEmptyPages && (r.Requested < p.end() || confirm) {
		p.allowAfter(r)
		return Decision{More: true}
	}
	rows, pages := plausible(r.Announced.Rows), plausible(r.Announced.Pages)
	if announcesNothing {
		rows, pages = p.rows, p.pages
	}
	if rows <= 0 && p.rowsSeen == 0 {
		return Decision{} // an account without cards may have one page all the same
	}
	empty := r.Requested - p.emptyPages + 1
	if end := p.endOf(rows, pages); empty <= end && !afterShort {
		return fail(empty, "page %d has no rows, though %d pages are announced", empty, end)
	}
	return Decision{}
}

// acceptRepeated decides about a page with the rows of an earlier one. Before the end it is a fault, unless as many
// rows were added in front of all others as a page has, so that the rows moved to the next page.
func (p *Plan) acceptRepeated(r Response) Decision {
	endUnknown := p.rows == 0 && p.pages == 0
	if p.isBeyond(r.Requested) || endUnknown && p.lastRows < p.mostRows {
		return Decision{}
	}
	if r.Digest == p.lastDigest && p.growth >= r.Rows && !p.shifted {
		decision := p.acceptRows(r)
		p.shifted = true
		return decision
	}
	return fail(r.Requested, "page %d has the rows of an earlier page", r.Requested)
}

// acceptOtherNumber decides about a response that gives the number of another page, with rows that are new to this
// sweep. Beyond the end it may be a page before the first one of this sweep.
func (p *Plan) acceptOtherNumber(r Response) Decision {
	if p.isBeyond(r.Requested) && r.Announced.Page < p.first && p.rowsSeen > 0 {
		return Decision{}
	}
	const reason = "the response to the request for page %d says that it is page %d"
	return fail(r.Requested, reason, r.Requested, r.Announced.Page)
}

// isLastPageInstead reports whether a sweep that starts beyond the end has got the last page, which gives its own
// number.
func (p *Plan) isLastPageInstead(r Response) bool {
	last := p.endOf(p.latestRows, 0)
	return r.Requested == p.first && 0 < last && last < r.Requested && last == r.Announced.Page &&
		r.Rows == p.latestRows-(last-1)*p.size
}
