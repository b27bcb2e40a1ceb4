package quecloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
)

// All returns an iterator over all cards of the account that params choose, whatever their number:
//
//	for card, err := range client.Cards.All(ctx, &quecloud.CardListParams{BillingID: 860}) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(card.ICCID, card.Status)
//	}
//
// No request is sent before the loop begins, and each loop over the iterator asks anew. Pages are fetched several at a
// time ([Concurrency]) and come in the platform's order. The first error ends the loop; it is a [*PageError], or a
// [*ParamError] where nothing was sent. Leaving the loop, or the end of ctx, cancels what is under way, and nothing of
// it is left behind.
//
// params may be nil, and are copied. PageSize 0 stands for the largest, 1000. PageNo is the page to begin with, so that
// the sweep can be resumed where it failed, with the same PageSize.
//
// A listing is no snapshot. When cards enter or leave it during the sweep, others move from page to page: such a card
// can come twice, or not at all. Cards that stay in their place come once, and all pages are read that the platform has
// at the time, even if it is mistaken about how many these are. A hundred empty pages in a row are the end, or an error
// where the last of them says that there are cards behind it: whether these exist nobody could tell.
//
// It reads § 2.1.4 资产列表, fc.function.card.list.
func (s *CardsService) All(ctx context.Context, params *CardListParams, opts ...FleetOption) iter.Seq2[Card, error] {
	p := copyOf(params)
	return listing[Card]{
		method: "fc.function.card.list", first: p.PageNo, size: p.PageSize,
		fetch: func(ctx context.Context, page, size int) (Page, []Card, error) {
			own := p
			own.PageNo, own.PageSize = page, size
			list, err := s.List(ctx, &own)
			if err != nil {
				return Page{}, nil, err
			}
			return list.Page, list.Cards, nil
		},
		identify: func(h *maphash.Hash, c *Card) { h.WriteString(c.ICCID) },
	}.sweep(ctx, opts)
}

// AllMonth returns an iterator over the data usage of all cards in a month. It works as [CardsService.All] does; the
// month must be given.
//
// It reads § 2.1.7 资产月流量日志, fc.function.monthflow.list.
func (s *FlowService) AllMonth(
	ctx context.Context, params *MonthListParams, opts ...FleetOption,
) iter.Seq2[MonthFlowRow, error] {
	p := copyOf(params)
	return listing[MonthFlowRow]{
		method: "fc.function.monthflow.list", first: p.PageNo, size: p.PageSize,
		fetch: func(ctx context.Context, page, size int) (Page, []MonthFlowRow, error) {
			list, err := s.ListMonth(ctx, &MonthListParams{p.Month, page, size})
			if err != nil {
				return Page{}, nil, err
			}
			return list.Page, list.Flows, nil
		},
		identify: func(h *maphash.Hash, r *MonthFlowRow) { h.WriteString(r.ICCID) },
	}.sweep(ctx, opts)
}

// AllVoiceMonth returns an iterator over the voice usage of all cards in a month. It works as [CardsService.All] does;
// the month must be given.
//
// It reads § 2.1.11 资产语音月用量日志, fc.function.voice.monthflow.list.
func (s *FlowService) AllVoiceMonth(
	ctx context.Context, params *MonthListParams, opts ...FleetOption,
) iter.Seq2[VoiceMonthRow, error] {
	p := copyOf(params)
	return listing[VoiceMonthRow]{
		method: "fc.function.voice.monthflow.list", first: p.PageNo, size: p.PageSize,
		fetch: func(ctx context.Context, page, size int) (Page, []VoiceMonthRow, error) {
			list, err := s.ListVoiceMonth(ctx, &MonthListParams{p.Month, page, size})
			if err != nil {
				return Page{}, nil, err
			}
			return list.Page, list.Flows, nil
		},
		identify: func(h *maphash.Hash, r *VoiceMonthRow) { h.WriteString(r.ICCID) },
	}.sweep(ctx, opts)
}

// AllLog returns an iterator over all SMS sent to cards in a month. It works as [CardsService.All] does; the month must
// be given.
//
// It reads § 2.3.4 短信发送日志, fc.function.sms.sendlog.
func (s *SMSService) AllLog(ctx context.Context, params *SMSLogParams, opts ...FleetOption) iter.Seq2[SMSEntry, error] {
	p := copyOf(params)
	return listing[SMSEntry]{
		method: "fc.function.sms.sendlog", first: p.PageNo, size: p.PageSize,
		fetch: func(ctx context.Context, page, size int) (Page, []SMSEntry, error) {
			list, err := s.ListLog(ctx, &SMSLogParams{p.Month, page, size})
			if err != nil {
				return Page{}, nil, err
			}
			return list.Page, list.Entries, nil
		},
		identify: func(h *maphash.Hash, e *SMSEntry) {
			fmt.Fprintf(h, "%s %s %s %d", e.MSISDN, e.SMSID, e.Content, e.SentAt.Unix())
		},
	}.sweep(ctx, opts)
}

// copyOf is *p, or the zero value of nil.
func copyOf[T any](p *T) T {
	if p == nil {
		p = new(T)
	}
	return *p
}

// A PageError says on which page a sweep failed. What was on the pages before it has been in the loop; of the page
// itself nothing has, unless the context ended meanwhile. To resume, sweep again with PageNo set to Page and the same
// PageSize. It is always a pointer.
type PageError struct {
	Page int   // the first is 1
	Err  error // what went wrong with it
}

// Error says what went wrong, and on which page.
func (e *PageError) Error() string {
	return fmt.Sprintf("%v; that was page %d of the sweep, which can be resumed with PageNo", e.Err, e.Page)
}

// Unwrap returns e.Err.
func (e *PageError) Unwrap() error { return e.Err }

// A listing is a method that answers page by page.
type listing[T any] struct {
	method      string
	first, size int // page to begin with and rows per page, or 0
	fetch       func(ctx context.Context, page, size int) (Page, []T, error)
	identify    func(*maphash.Hash, *T)
}

// A fetched page is what came of the request for it.
type fetchedPage[T any] struct {
	page Page
	rows []T
	err  error
}

// sweep is an iterator over the rows of all pages.
func (l listing[T]) sweep(ctx context.Context, opts []FleetOption) iter.Seq2[T, error] {
	l.first, l.size = cmp.Or(l.first, 1), cmp.Or(l.size, maxPageSize)
	return func(yield func(T, error) bool) {
		var none T
		settings, err := fleetOptions(ctx, l.method, sweepOptions, opts)
		if err != nil {
			yield(none, err)
			return
		}
		plan := newPagePlan(l.first, l.size)
		fetch := func(ctx context.Context, page int) fetchedPage[T] {
			p, rows, err := l.fetch(ctx, page, l.size)
			return fetchedPage[T]{p, rows, err}
		}
		inOrder(ctx, settings.concurrency, plan.next, fetch, func(page int, got fetchedPage[T]) bool {
			use, more, err := false, false, got.err
			if err == nil {
				use, more, err = plan.take(page, got.page, len(got.rows), l.digest(got.rows))
			}
			if !use {
				got.rows = nil
			}
			for i := range got.rows {
				if ctx.Err() != nil {
					err = callError(l.method, "the sweep was stopped", context.Cause(ctx))
					break
				}
				if !yield(got.rows[i], nil) {
					return false
				}
			}
			if err != nil {
				if !errors.As(err, new(*ParamError)) {
					err = &PageError{page, err}
				}
				yield(none, err)
				return false
			}
			settings.progress(plan.progress(more))
			return more
		})
	}
}

var seed = maphash.MakeSeed()

// digest stands for the rows of a page, to tell pages apart.
func (l listing[T]) digest(rows []T) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for i := range rows {
		l.identify(&h, &rows[i])
		h.WriteByte(0)
	}
	return h.Sum64()
}
