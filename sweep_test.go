package quecloud_test

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// checkListing checks the sweeps of a listing, by rows and by pages, against its rows in one page.
func checkListing[L quecloud.ListPage, T any](
	t *testing.T, whole *L, err error, all iter.Seq2[T, error], pages iter.Seq2[*L, error],
	of func(*L) (quecloud.Page, []T),
) {
	t.Helper()
	require.NoError(t, err)
	_, want := of(whole)
	got, err := selftest.Collect(all)
	require.NoError(t, err)
	assert.Equal(t, want, got)

	lists, err := selftest.Collect(pages)
	require.NoError(t, err)
	require.Greater(t, len(lists), 2)
	got = nil
	for i, list := range lists {
		page, rows := of(list)
		assert.Equal(t, i+1, page.Number)
		if i < len(lists)-1 {
			assert.Len(t, rows, 50)
		}
		got = append(got, rows...)
	}
	assert.Equal(t, want, got)
}

func TestSweepYieldsEveryRowOfEveryListingInOrder(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(523))
	t.Cleanup(srv.Close)
	client, ctx := srv.Client(), t.Context()
	month := quecloud.MonthOf(srv.Now())
	numbers, err := selftest.CollectICCIDs(client.Cards.All(ctx, nil))
	require.NoError(t, err)
	require.Len(t, numbers, 523)
	for range 3 {
		_, err := client.SMS.Send(ctx, &quecloud.SMSSendParams{Cards: quecloud.ICCIDs(numbers[:70]...), Content: "x"})
		if !errors.Is(err, quecloud.ErrPartial) {
			require.NoError(t, err)
		}
	}
	t.Run("cards", func(t *testing.T) {
		t.Parallel()
		params := &quecloud.CardListParams{PageSize: 50}
		whole, err := client.Cards.List(t.Context(), &quecloud.CardListParams{PageSize: 1000})
		checkListing(t, whole, err, client.Cards.All(ctx, params), quecloud.Pages(ctx, client.Cards.List, params),
			func(l *quecloud.CardList) (quecloud.Page, []quecloud.Card) { return l.Page, l.Cards })
	})
	params := &quecloud.MonthListParams{Month: month, PageSize: 50}
	t.Run("data usage", func(t *testing.T) {
		t.Parallel()
		whole, err := client.Flow.ListMonth(t.Context(), &quecloud.MonthListParams{Month: month, PageSize: 1000})
		checkListing(t, whole, err, client.Flow.AllMonth(ctx, params), quecloud.Pages(ctx, client.Flow.ListMonth, params),
			func(l *quecloud.MonthFlowList) (quecloud.Page, []quecloud.MonthFlowRow) { return l.Page, l.Flows })
	})
	t.Run("voice usage", func(t *testing.T) {
		t.Parallel()
		whole, err := client.Flow.ListVoiceMonth(t.Context(), &quecloud.MonthListParams{Month: month, PageSize: 1000})
		all, pages := client.Flow.AllVoiceMonth(ctx, params), quecloud.Pages(ctx, client.Flow.ListVoiceMonth, params)
		checkListing(t, whole, err, all, pages,
			func(l *quecloud.VoiceMonthList) (quecloud.Page, []quecloud.VoiceMonthRow) { return l.Page, l.Flows })
	})
	t.Run("SMS log", func(t *testing.T) {
		t.Parallel()
		params := &quecloud.SMSLogParams{Month: month, PageSize: 50}
		whole, err := client.SMS.ListLog(t.Context(), &quecloud.SMSLogParams{Month: month, PageSize: 1000})
		checkListing(t, whole, err, client.SMS.AllLog(ctx, params), quecloud.Pages(ctx, client.SMS.ListLog, params),
			func(l *quecloud.SMSLogList) (quecloud.Page, []quecloud.SMSEntry) { return l.Page, l.Entries })
	})
}

// fleetPlatform lists 1234 cards. change changes a page, or replaces it if it returns a response.
func fleetPlatform(change func(p *selftest.Page, number, size int) any) *selftest.Platform {
	return selftest.FuncPlatform(func(_ context.Context, form url.Values) any {
		number, size := selftest.Paging(form)
		p := selftest.PageOf(1234, number, size)
		if response := change(&p, number, size); response != nil {
			return response
		}
		return p.Response()
	})
}

// A page beyond the end is no error, whatever the platform sends there. internal/pageplan has all cases.
func TestSweepIsCompleteWhateverComesBeyondTheEnd(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(p *selftest.Page, number, size int) any{
		"an empty page":      func(p *selftest.Page, _, _ int) any { p.Total = 5000; return nil },
		"an unannounced end": func(p *selftest.Page, _, _ int) any { *p = selftest.Page{From: p.From, To: p.To}; return nil },
		"smaller pages than announced": func(p *selftest.Page, number, _ int) any {
			*p = selftest.PageOf(1234, number, 30)
			p.Size, p.Pages = 100, 13
			return nil
		},
		"the last page": func(p *selftest.Page, number, size int) any {
			*p = selftest.PageOf(1234, min(number, 13), size)
			p.Total = 0
			return nil
		},
		"the first page": func(p *selftest.Page, number, size int) any {
			p.To = min(p.To, 1200)
			if p.Total = 1200; number > 12 {
				*p = selftest.PageOf(1200, 1, size)
			}
			return nil
		},
		"a refusal": func(p *selftest.Page, number, _ int) any {
			p.To = min(p.To, 1200)
			if p.Total, p.Pages = 1200, 12; number > 12 {
				return selftest.Refusal("no such page")
			}
			return nil
		},
	} {
		client := fleetPlatform(change).Client(t)
		params := &quecloud.CardListParams{PageSize: 100}
		got, err := selftest.CollectICCIDs(client.Cards.All(t.Context(), params))
		require.NoError(t, err, name)
		assert.Contains(t, [][]string{selftest.ICCIDs(0, 1234), selftest.ICCIDs(0, 1200)}, got, name)
		pages, err := selftest.Collect(quecloud.Pages(t.Context(), client.Cards.List, params))
		require.NoError(t, err, name)
		for i, list := range pages {
			assert.Equal(t, i+1, list.Page.Number, "%s: numbered as requested", name)
			assert.NotEmpty(t, list.Cards, name)
		}
	}
}

// A sweep fails where rows must be missing, and says how to go on. internal/pageplan has all cases.
func TestSweepFailureSaysWhereToResume(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fifth any // the response instead of page 5
		text  string
	}{
		"a refusal": {selftest.Refusal("busy"),
			"quecloud: card.list: refused with resultCode 1: busy; resume with PageNo: 5"},
		"an earlier page": {selftest.PageOf(1234, 1, 100).Response(),
			"quecloud: card.list: page 5 has the rows of an earlier page; resume with PageNo: 5"},
		"no list": {selftest.Object{"resultCode": 0, "page": selftest.Object{"page": 5, "totalCount": 1234}, "cards": nil},
			"quecloud: card.list: page 5 has no rows, and page 6 has 100; resume with PageNo: 5"},
		"an empty list": {selftest.Object{"resultCode": 0, "cards": []any{}},
			"quecloud: card.list: page 5 has no rows, and page 6 has 100; resume with PageNo: 5"},
		"an empty text": {selftest.Object{"resultCode": 0, "cards": ""},
			"quecloud: card.list: page 5 has no rows, and page 6 has 100; resume with PageNo: 5"},
	} {
		broken := true
		platform := fleetPlatform(func(_ *selftest.Page, number, _ int) any {
			if number == 5 && broken {
				return test.fifth
			}
			return nil
		})
		client := platform.Client(t, selftest.NoRetry)
		before, err := selftest.CollectICCIDs(client.Cards.All(t.Context(), &quecloud.CardListParams{PageSize: 100}))
		assert.EqualError(t, err, test.text, name)
		assert.Equal(t, name == "a refusal", selftest.Is[*quecloud.APIError](err), name)
		failed, ok := errors.AsType[*quecloud.PageError](err)
		require.True(t, ok, "%s: %v", name, err)
		assert.Equal(t, 5, failed.Page, name)
		assert.Equal(t, selftest.ICCIDs(0, 400), before, name)

		broken = false
		params := &quecloud.CardListParams{PageSize: 100, PageNo: failed.Page}
		rest, err := selftest.CollectICCIDs(client.Cards.All(t.Context(), params))
		require.NoError(t, err, name)
		assert.Equal(t, selftest.ICCIDs(400, 1234), rest, name)
	}
}

func TestSweepRequestsTheLargestPagesAndCopiesItsParams(t *testing.T) {
	t.Parallel()
	platform := selftest.ListingPlatform(func(n, s int) selftest.Page { return selftest.PageOf(1500, n, s) })
	params := &quecloud.CardListParams{BillingID: 860}
	all := platform.Client(t).Cards.All(t.Context(), params)
	assert.Zero(t, platform.Attempts(), "nothing is sent before the loop")
	params.BillingID = 7
	for range 2 {
		got, err := selftest.CollectICCIDs(all)
		require.NoError(t, err)
		assert.Equal(t, selftest.ICCIDs(0, 1500), got)
	}
	assert.Equal(t, []string{"1000", "1000", "1000", "1000"}, platform.Values("pageSize"))
	assert.Equal(t, []string{"860", "860", "860", "860"}, platform.Values("billingid"))
	assert.Equal(t, quecloud.CardListParams{BillingID: 7}, *params)
}

func TestSweepPrefetchesAsManyPagesAsAllowed(t *testing.T) {
	t.Parallel()
	for _, concurrency := range []int{1, 4, 16} {
		synctest.Test(t, func(t *testing.T) {
			platform := selftest.FuncPlatform(func(ctx context.Context, form url.Values) any {
				number, size := selftest.Paging(form)
				if err := selftest.Pause(ctx, time.Duration(1+number%3)*time.Second); err != nil {
					return err
				}
				return selftest.PageOf(2000, number, size).Response()
			})
			start := time.Now()
			params := &quecloud.CardListParams{PageSize: 50}
			all := platform.Client(t).Cards.All(t.Context(), params, quecloud.Concurrency(concurrency))
			got, err := selftest.CollectICCIDs(all)
			require.NoError(t, err)
			assert.Equal(t, selftest.ICCIDs(0, 2000), got)
			assert.Equal(t, concurrency, platform.Peak())
			if concurrency == 1 {
				assert.Equal(t, 83*time.Second, time.Since(start), "the sum of all delays")
			} else {
				assert.Less(t, time.Since(start), 83*time.Second/time.Duration(concurrency)+5*time.Second)
			}
		})
	}
}

func TestSweepHoldsFewPagesHoweverSlowTheLoop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		platform := selftest.ListingPlatform(func(n, s int) selftest.Page { return selftest.PageOf(2000, n, s) })
		params, count := &quecloud.CardListParams{PageSize: 50}, 0
		for _, err := range platform.Client(t).Cards.All(t.Context(), params, quecloud.Concurrency(3)) {
			require.NoError(t, err)
			if count++; count%50 == 1 {
				synctest.Wait()
				assert.LessOrEqual(t, platform.Attempts(), count/50+2*3)
			}
		}
	})
}

// In a bubble of synctest, a goroutine that is left behind fails the test.
func TestSweepStopsAtOnce(t *testing.T) {
	t.Parallel()
	cause := errors.New("enough")
	params := &quecloud.CardListParams{PageSize: 50}
	type sweep struct {
		*testing.T
		ctx    context.Context
		cancel context.CancelCauseFunc
		cards  *quecloud.CardsService
	}
	pages := func(s sweep, onPage2 func() error) error {
		for list, err := range quecloud.Pages(s.ctx, s.cards.List, params) {
			if err != nil {
				return err
			}
			if list.Page.Number == 1 {
				continue
			}
			assert.Equal(s, 2, list.Page.Number)
			synctest.Wait() // page 3 has come, too
			if err := onPage2(); err != nil {
				return nil
			}
		}
		return nil
	}
	for name, test := range map[string]struct {
		stuckAfter int // pages after this one do not come
		page       int // that the error names; 0 if there is none
		run        func(sweep) error
	}{
		"break": {1, 0, func(s sweep) error {
			for _, err := range s.cards.All(s.ctx, params) {
				return err
			}
			return nil
		}},
		"panic": {1, 0, func(s sweep) error {
			assert.Panics(s, func() {
				for _, err := range s.cards.All(s.ctx, params) {
					require.NoError(s, err)
					panic("the loop")
				}
			})
			return nil
		}},
		"end of the context within a page": {1, 1, func(s sweep) (failed error) {
			seen := 0
			for _, err := range s.cards.All(s.ctx, params) {
				if seen++; seen == 3 {
					s.cancel(cause)
				}
				failed = err
			}
			assert.Equal(s, 4, seen)
			return failed
		}},
		"end of the context while pages are awaited": {1, 2, func(s sweep) error {
			time.AfterFunc(time.Millisecond, func() { s.cancel(cause) })
			cards, err := selftest.Collect(s.cards.All(s.ctx, params))
			assert.Len(s, cards, 50)
			assert.ErrorIs(s, err, context.Canceled)
			return err
		}},
		"break between pages": {3, 0, func(s sweep) error {
			return pages(s, func() error { return cause })
		}},
		"end of the context between pages": {3, 3, func(s sweep) error {
			return pages(s, func() error { s.cancel(cause); return nil })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				platform := selftest.FuncPlatform(func(ctx context.Context, form url.Values) any {
					number, size := selftest.Paging(form)
					if number > test.stuckAfter {
						if err := selftest.Pause(ctx, time.Hour); err != nil {
							return err
						}
					}
					return selftest.PageOf(2000, number, size).Response()
				})
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				start := time.Now()
				err := test.run(sweep{t, ctx, cancel, platform.Client(t, quecloud.WithTimeout(24*time.Hour)).Cards})
				assert.Less(t, time.Since(start), time.Second)
				assert.Zero(t, platform.Running())
				if test.page == 0 {
					require.NoError(t, err)
					return
				}
				failed, ok := errors.AsType[*quecloud.PageError](err)
				require.True(t, ok, "%v", err)
				assert.Equal(t, test.page, failed.Page)
				assert.ErrorIs(t, err, cause)
			})
		})
	}
}

func TestSweepReportsProgressFromItsFirstPageToTheEnd(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		cards int
		edit  func(*selftest.Page)
		first int
		want  string
	}{
		"plain":    {cards: 250, want: "100/250 200/250 250/250 "},
		"resumed":  {cards: 250, first: 2, want: "200/250 250/250 "},
		"no cards": {want: "0/0 "},
		"nothing is announced": {
			cards: 250, edit: func(p *selftest.Page) { *p = selftest.Page{From: p.From, To: p.To} },
			want: "100/-1 200/-1 250/-1 250/250 ",
		},
		"more than announced": {
			cards: 250, edit: func(p *selftest.Page) { p.Total = 120 }, want: "100/120 200/200 250/250 250/250 ",
		},
	} {
		text := ""
		progress := quecloud.Progress(func(done, total int64) {
			text += strconv.FormatInt(done, 10) + "/" + strconv.FormatInt(total, 10) + " "
		})
		platform := selftest.ListingPlatform(func(n, s int) selftest.Page {
			p := selftest.PageOf(test.cards, n, s)
			if test.edit != nil {
				test.edit(&p)
			}
			return p
		})
		params := &quecloud.CardListParams{PageSize: 100, PageNo: test.first}
		_, err := selftest.CollectICCIDs(platform.Client(t).Cards.All(t.Context(), params, progress))
		require.NoError(t, err, name)
		assert.Equal(t, test.want, text, name)
	}
}

func TestSweepTakesAFunctionAroundAListing(t *testing.T) {
	t.Parallel()
	client := selftest.ListingPlatform(func(n, s int) selftest.Page { return selftest.PageOf(10, n, s) }).Client(t)
	params := &quecloud.CardListParams{BillingID: 860}
	requested := quecloud.CardListParams{}
	list := func(ctx context.Context, params *quecloud.CardListParams) (*quecloud.CardList, error) {
		requested = *params
		return client.Cards.List(ctx, params)
	}
	pages := quecloud.Pages(t.Context(), list, params)
	params.BillingID = 7
	for range 2 {
		lists, err := selftest.Collect(pages)
		require.NoError(t, err)
		require.Len(t, lists, 1)
		assert.Equal(t, 1, lists[0].Page.Number)
		assert.Equal(t, quecloud.CardListParams{PageNo: 1, PageSize: 1000, BillingID: 860}, requested)
	}

	nothing := func(context.Context, *quecloud.CardListParams) (*quecloud.CardList, error) { return nil, nil }
	_, err := selftest.Collect(quecloud.Pages(t.Context(), nothing, params))
	assert.ErrorContains(t, err, "neither a page nor an error")
	assert.True(t, selftest.Is[*quecloud.PageError](err))

	nothing = nil
	_, err = selftest.Collect(quecloud.Pages(t.Context(), nothing, params))
	bad, ok := errors.AsType[*quecloud.ParamError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, "list", bad.Param)
}
