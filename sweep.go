package quecloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"

	"github.com/quecloud/quecloud-go/internal/ordered"
	"github.com/quecloud/quecloud-go/internal/pageplan"
)

// All returns an iterator over all cards of the account that match params:
//
//	for card, err := range client.Cards.All(ctx, &quecloud.CardListParams{BillingID: 860}) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(card.ICCID, card.Status)
//	}
//
// The loop sends the first request, and each loop over the iterator starts anew. The sweep prefetches pages
// concurrently ([Concurrency]) and yields cards in the platform's order. The first error ends the loop: a
// [*PageError], or a [*ParamError] if nothing was sent. Leaving the loop, or the end of ctx, cancels all running
// requests and waits for them.
//
// All copies params, which may be nil. PageSize 0 means the largest, 1000. PageNo is the page to start with: to
// resume a sweep, set it to the page that failed and keep PageSize. [Pages] yields whole pages.
//
// A sweep ends where the rows end, not where the platform announces the end. It goes on after pages that are shorter
// than announced, and past an announced end if rows follow. Beyond the end it tolerates an empty page, the last page or
// the first once more, and a refusal. It fails where rows are evidently missing: at a page without rows if rows follow
// or the page announces some, at a page with the rows of an earlier one, and where pages become larger. Every sweep
// ends, after at most twice the announced pages and 100 more, and after a million pages in any case; at most 100 empty
// pages follow.
//
// A listing is not a snapshot. Cards that enter or leave it during the sweep move others from page to page, so a card
// can come twice or not at all. The SDK cannot notice an order that changes between two requests, rows missing from a
// page that has others, and pages whose size changes while all announcements stay the same.
//
// It uses § 2.1.4 资产列表, fc.function.card.list.
func (s *CardsService) All(ctx context.Context, params *CardListParams, opts ...FleetOption) iter.Seq2[Card, error] {
	return allRows(ctx, s.List, params, opts, func(l *CardList) []Card { return l.Cards })
}

// AllMonth returns an iterator over the data usage of all cards in a month, which is required. It works like
// [CardsService.All].
//
// It uses § 2.1.7 资产月流量日志, fc.function.monthflow.list.
func (s *FlowService) AllMonth(
	ctx context.Context, params *MonthListParams, opts ...FleetOption,
) iter.Seq2[MonthFlowRow, error] {
	return allRows(ctx, s.ListMonth, params, opts, func(l *MonthFlowList) []MonthFlowRow { return l.Flows })
}

// AllVoiceMonth returns an iterator over the voice usage of all cards in a month, which is required. It works like
// [CardsService.All].
//
// It uses § 2.1.11 资产语音月用量日志, fc.function.voice.monthflow.list.
func (s *FlowService) AllVoiceMonth(
	ctx context.Context, params *MonthListParams, opts ...FleetOption,
) iter.Seq2[VoiceMonthRow, error] {
	return allRows(ctx, s.ListVoiceMonth, params, opts, func(l *VoiceMonthList) []VoiceMonthRow { return l.Flows })
}

// AllLog returns an iterator over all SMS sent to cards in a month, which is required. It works like
// [CardsService.All].
//
// It uses § 2.3.4 短信发送日志, fc.function.sms.sendlog.
func (s *SMSService) AllLog(ctx context.Context, params *SMSLogParams, opts ...FleetOption) iter.Seq2[SMSEntry, error] {
	return allRows(ctx, s.ListLog, params, opts, func(l *SMSLogList) []SMSEntry { return l.Entries })
}

// allRows returns an iterator over the rows of all pages.
func allRows[P ListParams, L ListPage, T any](
	ctx context.Context, list func(context.Context, *P) (*L, error), params *P, opts []FleetOption, rows func(*L) []T,
) iter.Seq2[T, error] {
	pages := Pages(ctx, list, params, opts...)
	return func(yield func(T, error) bool) {
		var none T
		for page, err := range pages {
			if err != nil {
				yield(none, err)
				return
			}
			for _, row := range rows(page) {
				if ctx.Err() != nil {
					yield(none, stopped(ctx, page))
					return
				}
				if !yield(row, nil) {
					return
				}
			}
		}
	}
}

// ListParams are the parameters of a listing that [Pages] sweeps.
type ListParams interface {
	CardListParams | MonthListParams | SMSLogParams
}

// ListPage is a page of one of these listings.
type ListPage interface {
	CardList | MonthFlowList | VoiceMonthList | SMSLogList
}

// Pages returns an iterator over the pages of a listing. A program can store a page and its number in one transaction:
//
//	params := &quecloud.CardListParams{PageNo: stored + 1}
//	for list, err := range quecloud.Pages(ctx, client.Cards.List, params) {
//		if err != nil {
//			return err
//		}
//		if err := store(list.Cards, list.Page.Number); err != nil {
//			return err
//		}
//	}
//
// list is [CardsService.List], [FlowService.ListMonth], [FlowService.ListVoiceMonth], [SMSService.ListLog], or a
// function around one of these. Several goroutines call it at once. Otherwise Pages works like [CardsService.All].
//
// Page.Number is the requested page, even if the response gives another number. Pages without rows are not yielded, and
// a page is yielded after all pages before it. To resume, set PageNo to the page after the last stored one, or to Page
// of a [*PageError] if that is an earlier one, and keep PageSize. A sweep that starts beyond the end yields nothing, or
// the refusal of a platform that refuses there.
func Pages[P ListParams, L ListPage](
	ctx context.Context, list func(context.Context, *P) (*L, error), params *P, opts ...FleetOption,
) iter.Seq2[*L, error] {
	var first P
	if params != nil {
		first = *params
	}
	number, size := paging(&first)
	*number, *size = cmp.Or(*number, 1), cmp.Or(*size, maxPageSize)
	return func(yield func(*L, error) bool) {
		sweep[P, L]{list, first}.run(ctx, opts, yield)
	}
}

// A sweep requests pages of a listing.
type sweep[P ListParams, L ListPage] struct {
	list   func(context.Context, *P) (*L, error)
	params P // with the first page and the page size
}

// run yields the pages that have rows, in their order, and the first error.
func (s sweep[P, L]) run(ctx context.Context, opts []FleetOption, yield func(*L, error) bool) {
	method := summaryOf(new(L)).method
	settings, err := fleetOptions(ctx, method, sweepOptions, opts)
	if err == nil && s.list == nil {
		err = &ParamError{method, "list", "the function is nil"}
	}
	if err != nil {
		yield(nil, err)
		return
	}
	number, size := paging(&s.params)
	plan := pageplan.New(*number, *size)
	ordered.Run(ctx, settings.concurrency, 0, plan.Next, s.fetch, func(page int, got fetchedPage[L]) bool {
		decision, err := got.decide(plan, method, page)
		if decision.Yield && ctx.Err() != nil {
			decision, err = pageplan.Decision{}, stopped(ctx, got.list)
		}
		if decision.Yield && !yield(got.list, nil) {
			return false
		}
		if err != nil {
			yield(nil, err)
			return false
		}
		if decision.Yield || !decision.More {
			settings.progress(plan.Progress(decision.More))
		}
		return decision.More
	})
}

// A fetchedPage is the outcome of the request for a page.
type fetchedPage[L ListPage] struct {
	list     *L
	response pageplan.Response
	err      error
}

// fetch requests a page.
func (s sweep[P, L]) fetch(ctx context.Context, page int) (got fetchedPage[L]) {
	number, _ := paging(&s.params) // of this copy
	*number = page
	if got.list, got.err = s.list(ctx, &s.params); got.err != nil {
		return got
	}
	if got.list == nil {
		got.err = errors.New("quecloud: the function returned neither a page nor an error")
		return got
	}
	summary := summaryOf(got.list)
	got.response = pageplan.Response{
		Requested: int64(page),
		Announced: pageplan.Announced{
			Page: int64(summary.page.Number), Size: int64(summary.page.Size),
			Rows: summary.page.TotalCount, Pages: int64(summary.page.TotalPages),
		},
		Rows:   summary.rows,
		Digest: summary.digest,
	}
	summary.page.Number = page
	return got
}

// stopped returns the error of a sweep whose context ended at a page.
func stopped[L ListPage](ctx context.Context, page *L) error {
	s := summaryOf(page)
	return &PageError{s.page.Number, callError(s.method, "the sweep was stopped", context.Cause(ctx))}
}

// decide passes a page to the plan. A refusal beyond the announced end ends the sweep without an error.
func (got fetchedPage[L]) decide(plan *pageplan.Plan, method string, page int) (pageplan.Decision, error) {
	switch {
	case got.err == nil:
		decision := plan.Accept(got.response)
		if fault := decision.Fault; fault != nil {
			text := fmt.Sprintf("quecloud: %s: %s", shortMethod(method), fault.Reason)
			return decision, &PageError{fault.Page, &rewordedError{text, errBadPages}}
		}
		return decision, nil
	case errors.As(got.err, new(*ParamError)):
		return pageplan.Decision{}, got.err
	case meaningOf(got.err) == meansUnknown && plan.RefusalEnds(page):
		return pageplan.Decision{}, nil
	}
	return pageplan.Decision{}, &PageError{page, got.err}
}

// paging returns pointers to the page number and the page size of listing parameters.
func paging[P ListParams](params *P) (number, size *int) {
	return any(params).(interface{ paging() (number, size *int) }).paging()
}

func (p *CardListParams) paging() (number, size *int)  { return &p.PageNo, &p.PageSize }
func (p *MonthListParams) paging() (number, size *int) { return &p.PageNo, &p.PageSize }
func (p *SMSLogParams) paging() (number, size *int)    { return &p.PageNo, &p.PageSize }

// A pageSummary describes a page of any type.
type pageSummary struct {
	method string
	page   *Page
	rows   int64
	digest uint64
}

func summaryOf[L ListPage](list *L) pageSummary {
	return any(list).(interface{ summary() pageSummary }).summary()
}

func (l *CardList) summary() pageSummary {
	return summarize("fc.function.card.list", &l.Page, l.Cards, func(h *maphash.Hash, c *Card) {
		writeTexts(h, c.ICCID, c.MSISDN)
	})
}

func (l *MonthFlowList) summary() pageSummary {
	return summarize("fc.function.monthflow.list", &l.Page, l.Flows, func(h *maphash.Hash, r *MonthFlowRow) {
		writeTexts(h, r.ICCID, r.MSISDN)
	})
}

func (l *VoiceMonthList) summary() pageSummary {
	return summarize("fc.function.voice.monthflow.list", &l.Page, l.Flows, func(h *maphash.Hash, r *VoiceMonthRow) {
		writeTexts(h, r.ICCID, r.MSISDN)
	})
}

func (l *SMSLogList) summary() pageSummary {
	return summarize("fc.function.sms.sendlog", &l.Page, l.Entries, func(h *maphash.Hash, e *SMSEntry) {
		writeTexts(h, e.MSISDN, e.SMSID, e.Content, e.SentAt.String())
	})
}

// summarize returns the summary of a page. The digest is the sum of the hashes of the rows: their order does not
// matter.
func summarize[T any](method string, page *Page, rows []T, identify func(*maphash.Hash, *T)) pageSummary {
	var h maphash.Hash
	h.SetSeed(seed)
	s := pageSummary{method, page, int64(len(rows)), 0}
	for i := range rows {
		h.Reset()
		identify(&h, &rows[i])
		s.digest += h.Sum64()
	}
	return s
}

var seed = maphash.MakeSeed()

// writeTexts hashes texts. "a", "bc" and "ab", "c" differ.
func writeTexts(h *maphash.Hash, texts ...string) {
	for _, text := range texts {
		h.WriteString(text)
		h.WriteByte(0)
	}
}

// A PageError says which page of a sweep failed. The sweep has yielded all rows before that page, and none of the
// page itself unless the context ended within it. To resume, sweep again with PageNo set to Page and the same
// PageSize. Page is 1 if pages became larger during the sweep, because rows before the failed page may be missing. A
// PageError is always a pointer.
type PageError struct {
	Page int   // page to resume with, from 1
	Err  error // cause
}

// Error returns the text of Err and the page to resume with.
func (e *PageError) Error() string {
	return fmt.Sprintf("%v; resume with PageNo: %d", e.Err, e.Page)
}

// Unwrap returns e.Err.
func (e *PageError) Unwrap() error { return e.Err }
