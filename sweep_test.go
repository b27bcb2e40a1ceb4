package quecloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestSweepsYieldEveryRowInThePlatformsOrder(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(523))
	t.Cleanup(srv.Close)
	client := srv.Client()
	month := quecloud.MonthOf(srv.Now())
	var numbers []string
	for card, err := range client.Cards.All(t.Context(), nil) {
		require.NoError(t, err)
		numbers = append(numbers, card.ICCID)
	}
	require.Len(t, numbers, 523)
	for range 3 {
		_, err := client.SMS.Send(t.Context(), &quecloud.SMSSendParams{Cards: quecloud.ICCIDs(numbers[:70]...), Content: "x"})
		if !errors.Is(err, quecloud.ErrPartial) {
			require.NoError(t, err)
		}
	}

	check := func(t *testing.T, want, got any, err error) {
		t.Helper()
		require.NoError(t, err)
		require.NotEmpty(t, want)
		assert.Equal(t, want, got)
	}
	t.Run("cards", func(t *testing.T) {
		t.Parallel()
		all, err := client.Cards.List(t.Context(), &quecloud.CardListParams{PageSize: 1000})
		require.NoError(t, err)
		got, err := collect(client.Cards.All(t.Context(), &quecloud.CardListParams{PageSize: 50}))
		check(t, all.Cards, got, err)
	})
	t.Run("data of a month", func(t *testing.T) {
		t.Parallel()
		all, err := client.Flow.ListMonth(t.Context(), &quecloud.MonthListParams{Month: month, PageSize: 1000})
		require.NoError(t, err)
		got, err := collect(client.Flow.AllMonth(t.Context(), &quecloud.MonthListParams{Month: month, PageSize: 50}))
		check(t, all.Flows, got, err)
	})
	t.Run("voice of a month", func(t *testing.T) {
		t.Parallel()
		all, err := client.Flow.ListVoiceMonth(t.Context(), &quecloud.MonthListParams{Month: month, PageSize: 1000})
		require.NoError(t, err)
		got, err := collect(client.Flow.AllVoiceMonth(t.Context(), &quecloud.MonthListParams{Month: month, PageSize: 50}))
		check(t, all.Flows, got, err)
	})
	t.Run("log of SMS", func(t *testing.T) {
		t.Parallel()
		all, err := client.SMS.ListLog(t.Context(), &quecloud.SMSLogParams{Month: month, PageSize: 1000})
		require.NoError(t, err)
		got, err := collect(client.SMS.AllLog(t.Context(), &quecloud.SMSLogParams{Month: month, PageSize: 50}))
		check(t, all.Entries, got, err)
	})
}

func TestAFailedSweepSaysWhereToResume(t *testing.T) {
	t.Parallel()
	refuse := true
	platform := &stub{}
	platform.answer = func(_ context.Context, form url.Values) any {
		if number, size := paging(form); number != 5 || !refuse {
			return page(1000, number, size).answer()
		}
		return refusal("busy")
	}
	client := platform.client(t)
	before, err := swept(client.Cards.All(t.Context(), &quecloud.CardListParams{PageSize: 100}))
	failed, ok := errors.AsType[*quecloud.PageError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, 5, failed.Page)
	assert.ErrorAs(t, err, new(*quecloud.APIError))
	assert.Equal(t, iccids(0, 400), before)

	refuse = false
	rest, err := swept(client.Cards.All(t.Context(), &quecloud.CardListParams{PageSize: 100, PageNo: failed.Page}))
	require.NoError(t, err)
	assert.Equal(t, iccids(400, 1000), rest)
}

func TestASweepAsksForTheLargestPagesAndCopiesItsParams(t *testing.T) {
	t.Parallel()
	platform := listing(func(n, s int) view { return page(1500, n, s) })
	params := &quecloud.CardListParams{BillingID: 860}
	all := platform.client(t).Cards.All(t.Context(), params)
	assert.Zero(t, platform.calls(), "nothing is sent before the loop")
	params.BillingID = 7
	for range 2 {
		got, err := swept(all)
		require.NoError(t, err)
		assert.Equal(t, iccids(0, 1500), got)
	}
	assert.Equal(t, []string{"1000", "1000", "1000", "1000"}, platform.values("pageSize"))
	assert.Equal(t, []string{"860", "860", "860", "860"}, platform.values("billingid"))
	assert.Equal(t, quecloud.CardListParams{BillingID: 7}, *params)
}

func TestASweepRefusesBadInputBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	platform := listing(func(n, s int) view { return page(10, n, s) })
	client := platform.client(t)
	ctx := t.Context()
	month := quecloud.Month{Year: 2026, Month: time.May}
	tests := map[string]struct {
		run   func() error
		param string
	}{
		"page": {func() error {
			_, err := collect(client.Cards.All(ctx, &quecloud.CardListParams{PageNo: -1}))
			return err
		}, "pageNo"},
		"page size": {func() error {
			_, err := collect(client.Cards.All(ctx, &quecloud.CardListParams{PageSize: 1001}))
			return err
		}, "pageSize"},
		"no month":          {func() error { _, err := collect(client.Flow.AllMonth(ctx, nil)); return err }, "month"},
		"no month of voice": {func() error { _, err := collect(client.Flow.AllVoiceMonth(ctx, nil)); return err }, "month"},
		"no month of SMS":   {func() error { _, err := collect(client.SMS.AllLog(ctx, nil)); return err }, "dateStr"},
		"nothing at once":   {func() error { _, err := collect(client.Cards.All(ctx, nil, quecloud.Concurrency(0))); return err }, "Concurrency"},
		"too much at once":  {func() error { _, err := collect(client.Cards.All(ctx, nil, quecloud.Concurrency(257))); return err }, "Concurrency"},
		"no function":       {func() error { _, err := collect(client.Cards.All(ctx, nil, quecloud.Progress(nil))); return err }, "Progress"},
		"empty option":      {func() error { _, err := collect(client.Cards.All(ctx, nil, quecloud.FleetOption{})); return err }, "option 1 of 1"},
		"useless option":    {func() error { _, err := collect(client.Cards.All(ctx, nil, quecloud.PollEvery(1))); return err }, "PollEvery"},
		"malformed card": {func() error {
			_, err := collect(client.Cards.AllInfo(ctx, quecloud.ICCIDs(append(iccids(0, 3000), "x")...)))
			return err
		}, "iccids"},
		"zero cards": {func() error { _, err := collect(client.Flow.AllMonthBatch(ctx, quecloud.CardIDs{}, month)); return err }, "msisdns"},
		"no month of a batch": {func() error {
			_, err := collect(client.Flow.AllMonthBatch(ctx, quecloud.MSISDNs("1"), quecloud.Month{}))
			return err
		}, "month"},
		"no time":     {func() error { _, err := client.Orders.Wait(ctx, "1", quecloud.PollEvery(0)); return err }, "PollEvery"},
		"no order":    {func() error { _, err := client.Orders.Wait(ctx, ""); return err }, "orderNo"},
		"no stage":    {func() error { _, err := client.Files.Prepare(ctx, quecloud.OnStage(nil)); return err }, "OnStage"},
		"no writer":   {func() error { _, err := client.Files.Export(ctx, nil); return err }, "w"},
		"no path":     {func() error { _, err := client.Files.DownloadFile(ctx, 1, ""); return err }, "path"},
		"a directory": {func() error { _, err := client.Files.DownloadFile(ctx, 1, t.TempDir()); return err }, "path"},
		"no fn":       {func() error { _, err := collect(quecloud.Each(ctx, []quecloud.CardID{{}}, nil)); return err }, "fn"},
		"Each, nothing at once": {func() error {
			_, err := collect(quecloud.Each(ctx, []quecloud.CardID{{}}, client.Cards.Pause, quecloud.Concurrency(0)))
			return err
		}, "Concurrency"},
	}
	for name, test := range tests {
		bad, ok := errors.AsType[*quecloud.ParamError](test.run())
		if assert.True(t, ok, name) {
			assert.Equal(t, test.param, bad.Param, name)
		}
	}
	assert.Zero(t, platform.calls())
}

func TestASweepFetchesAheadNoMorePagesThanItMay(t *testing.T) {
	t.Parallel()
	for _, concurrency := range []int{1, 4, 16} {
		synctest.Test(t, func(t *testing.T) {
			platform := &stub{answer: func(ctx context.Context, form url.Values) any {
				number, size := paging(form)
				if err := pause(ctx, time.Duration(1+number%3)*time.Second); err != nil {
					return err
				}
				return page(2000, number, size).answer()
			}}
			start := time.Now()
			got, err := swept(platform.client(t).Cards.All(t.Context(), &quecloud.CardListParams{PageSize: 50}, quecloud.Concurrency(concurrency)))
			require.NoError(t, err)
			assert.Equal(t, iccids(0, 2000), got)
			assert.Equal(t, concurrency, platform.most)
			if concurrency == 1 {
				assert.Equal(t, 83*time.Second, time.Since(start), "the sum of all delays")
			} else {
				assert.Less(t, time.Since(start), 83*time.Second/time.Duration(concurrency)+5*time.Second)
			}
		})
	}
}

func TestPagesInHandAreBoundedHoweverSlowTheLoopIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		platform := listing(func(n, s int) view { return page(2000, n, s) })
		count := 0
		for _, err := range platform.client(t).Cards.All(t.Context(), &quecloud.CardListParams{PageSize: 50}, quecloud.Concurrency(3)) {
			require.NoError(t, err)
			if count++; count%50 == 1 {
				synctest.Wait()
				assert.LessOrEqual(t, platform.calls(), count/50+2*3)
			}
		}
	})
}

// In a bubble of synctest, a goroutine that is left behind fails the test.
func TestLeavingASweepStopsAllAtOnce(t *testing.T) {
	t.Parallel()
	cause := errors.New("enough")
	tests := map[string]func(t *testing.T, ctx context.Context, cancel context.CancelCauseFunc, all func(func(quecloud.Card, error) bool)){
		"by break": func(t *testing.T, _ context.Context, _ context.CancelCauseFunc, all func(func(quecloud.Card, error) bool)) {
			for _, err := range all {
				require.NoError(t, err)
				break
			}
		},
		"by panic": func(t *testing.T, _ context.Context, _ context.CancelCauseFunc, all func(func(quecloud.Card, error) bool)) {
			assert.Panics(t, func() {
				for _, err := range all {
					require.NoError(t, err)
					panic("the loop")
				}
			})
		},
		"by its context, within a page": func(t *testing.T, _ context.Context, cancel context.CancelCauseFunc, all func(func(quecloud.Card, error) bool)) {
			seen := 0
			for _, err := range all {
				if seen++; seen == 3 {
					cancel(cause)
				}
				if seen < 4 {
					require.NoError(t, err)
					continue
				}
				assert.ErrorIs(t, err, cause)
				failed, ok := errors.AsType[*quecloud.PageError](err)
				require.True(t, ok)
				assert.Equal(t, 1, failed.Page)
			}
			assert.Equal(t, 4, seen)
		},
		"by its context, while pages are awaited": func(t *testing.T, _ context.Context, cancel context.CancelCauseFunc, all func(func(quecloud.Card, error) bool)) {
			time.AfterFunc(time.Millisecond, func() { cancel(cause) })
			cards, err := collect(all)
			assert.ErrorIs(t, err, context.Canceled)
			failed, ok := errors.AsType[*quecloud.PageError](err)
			require.True(t, ok)
			assert.Equal(t, 2, failed.Page)
			assert.Len(t, cards, 50)
		},
	}
	for name, leave := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				platform := &stub{answer: func(ctx context.Context, form url.Values) any {
					number, size := paging(form)
					if number > 1 {
						if err := pause(ctx, time.Hour); err != nil {
							return err
						}
					}
					return page(2000, number, size).answer()
				}}
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				client, err := platform.client(t).With(quecloud.WithTimeout(24 * time.Hour))
				require.NoError(t, err)
				start := time.Now()
				leave(t, ctx, cancel, client.Cards.All(ctx, &quecloud.CardListParams{PageSize: 50}))
				assert.Less(t, time.Since(start), time.Second)
				assert.Zero(t, platform.running)
			})
		})
	}
}

func TestProgressOfASweepLeadsFromTheFirstPageToTheEnd(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		show  func(number, size int) view
		first int
		want  string
	}{
		"plain":                {func(n, s int) view { return page(250, n, s) }, 0, "100/250 200/250 250/250 "},
		"resumed":              {func(n, s int) view { return page(250, n, s) }, 2, "200/250 250/250 "},
		"nothing":              {func(n, s int) view { return page(0, n, s) }, 0, "0/0 "},
		"nothing is announced": {func(n, s int) view { v := page(250, n, s); return view{from: v.from, to: v.to} }, 0, "100/-1 200/-1 250/-1 250/250 "},
		"more than announced":  {func(n, s int) view { v := page(250, n, s); v.total = 120; return v }, 0, "100/120 200/200 250/250 250/250 "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := ""
			progress := quecloud.Progress(func(done, total int64) {
				text += strconv.FormatInt(done, 10) + "/" + strconv.FormatInt(total, 10) + " "
			})
			_, err := swept(listing(test.show).client(t).Cards.All(t.Context(), &quecloud.CardListParams{PageSize: 100, PageNo: test.first}, progress))
			require.NoError(t, err)
			assert.Equal(t, test.want, text)
		})
	}
}

func TestLeavingASweepEndsItsRequestsAtTheServer(t *testing.T) {
	t.Parallel()
	var running sync.WaitGroup
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		running.Add(1)
		defer running.Done()
		if !assert.NoError(t, r.ParseForm()) {
			return
		}
		number, size := paging(r.PostForm)
		if number > 1 {
			<-r.Context().Done() // the client has closed the connection
			return
		}
		assert.NoError(t, json.NewEncoder(w).Encode(page(2000, number, size).answer()))
	}))
	defer srv.Close()
	client, err := quecloud.NewClient("key", "secret", quecloud.WithBaseURL(srv.URL))
	require.NoError(t, err)
	seen := 0
	for _, err := range client.Cards.All(t.Context(), &quecloud.CardListParams{PageSize: 50}, quecloud.Concurrency(8)) {
		require.NoError(t, err)
		if seen++; seen == 50 {
			break
		}
	}
	running.Wait()
}

// pageNumbers collects the numbers of the pages of a sweep, and how many rows they have.
func pageNumbers[L quecloud.ListPage](
	pages func(func(*L, error) bool), rows func(*L) (number, n int),
) (numbers, counts []int, err error) {
	lists, err := collect(pages)
	for _, list := range lists {
		number, n := rows(list)
		numbers, counts = append(numbers, number), append(counts, n)
	}
	return numbers, counts, err
}

func cardsOn(l *quecloud.CardList) (number, n int) { return l.Page.Number, len(l.Cards) }

func TestPagesYieldsWholePagesOfEveryListing(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(123))
	t.Cleanup(srv.Close)
	client := srv.Client()
	month := quecloud.MonthOf(srv.Now())
	cards, err := swept(client.Cards.All(t.Context(), nil))
	require.NoError(t, err)
	_, err = client.SMS.Send(t.Context(), &quecloud.SMSSendParams{Cards: quecloud.ICCIDs(cards[:120]...), Content: "x"})
	if !errors.Is(err, quecloud.ErrPartial) {
		require.NoError(t, err)
	}
	of := &quecloud.MonthListParams{Month: month, PageSize: 50}
	tests := map[string]func() (numbers, counts []int, err error){
		"cards": func() (numbers, counts []int, err error) {
			params := &quecloud.CardListParams{PageSize: 50}
			return pageNumbers(quecloud.Pages(t.Context(), client.Cards.List, params), cardsOn)
		},
		"data of a month": func() (numbers, counts []int, err error) {
			return pageNumbers(quecloud.Pages(t.Context(), client.Flow.ListMonth, of),
				func(l *quecloud.MonthFlowList) (number, n int) { return l.Page.Number, len(l.Flows) })
		},
		"voice of a month": func() (numbers, counts []int, err error) {
			return pageNumbers(quecloud.Pages(t.Context(), client.Flow.ListVoiceMonth, of),
				func(l *quecloud.VoiceMonthList) (number, n int) { return l.Page.Number, len(l.Flows) })
		},
		"log of SMS": func() (numbers, counts []int, err error) {
			params := &quecloud.SMSLogParams{Month: month, PageSize: 50}
			return pageNumbers(quecloud.Pages(t.Context(), client.SMS.ListLog, params),
				func(l *quecloud.SMSLogList) (number, n int) { return l.Page.Number, len(l.Entries) })
		},
	}
	for name, pages := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			numbers, counts, err := pages()
			require.NoError(t, err)
			assert.Equal(t, []int{1, 2, 3}, numbers)
			assert.Equal(t, []int{50, 50}, counts[:2])
			assert.Positive(t, counts[2])
		})
	}
}

// The store of a program that is stopped at every place where it can be.
func TestPagesResumeAtTheCheckpoint(t *testing.T) {
	t.Parallel()
	errStopped := errors.New("stopped")
	for stop := 1; stop <= 10; stop++ {
		platform := listing(func(n, s int) view { return page(1000, n, s) })
		client := platform.client(t)
		var stored []string
		checkpoint, visits := 0, 0
		run := func() error {
			params := &quecloud.CardListParams{PageSize: 100, PageNo: checkpoint + 1}
			for list, err := range quecloud.Pages(t.Context(), client.Cards.List, params) {
				if err != nil {
					return err
				}
				if visits++; visits == stop {
					return errStopped // before the page and its number are stored
				}
				for _, card := range list.Cards {
					stored = append(stored, card.ICCID)
				}
				checkpoint = list.Page.Number
			}
			return nil
		}
		require.ErrorIs(t, run(), errStopped)
		require.NoError(t, run())
		require.NoError(t, run(), "when all is stored there is no more")
		assert.Equal(t, iccids(0, 1000), stored)
		assert.Equal(t, 10, checkpoint)
	}
}

func TestPagesAreNumberedAsRequestedWhateverThePlatformSays(t *testing.T) {
	t.Parallel()
	for _, number := range []int{0, 1} {
		platform := listing(func(n, s int) view {
			v := page(450, n, s)
			v.number = number
			return v
		})
		params := &quecloud.CardListParams{PageSize: 100, PageNo: 2}
		numbers, counts, err := pageNumbers(quecloud.Pages(t.Context(), platform.client(t).Cards.List, params), cardsOn)
		require.NoError(t, err)
		assert.Equal(t, []int{2, 3, 4, 5}, numbers)
		assert.Equal(t, []int{100, 100, 100, 50}, counts)
	}
}

// Neither empty pages nor what a platform sends beyond the end is a page.
func TestPagesLeavesOutWhatIsNoPage(t *testing.T) {
	t.Parallel()
	for _, beyond := range []string{"", "clamped", "first", "refused"} {
		platform := drawnPlatform{fleet: 300, asked: 100, allowed: 100, beyond: beyond}
		params := &quecloud.CardListParams{PageSize: 100}
		pages := quecloud.Pages(t.Context(), (&stub{answer: platform.answer}).client(t).Cards.List, params)
		numbers, _, err := pageNumbers(pages, cardsOn)
		require.NoError(t, err)
		assert.Equal(t, []int{1, 2, 3}, numbers)
	}
}

func TestPagesTakesAFunctionAroundAListing(t *testing.T) {
	t.Parallel()
	client := listing(func(n, s int) view { return page(10, n, s) }).client(t)
	params := &quecloud.CardListParams{BillingID: 860}
	asked := quecloud.CardListParams{}
	list := func(ctx context.Context, params *quecloud.CardListParams) (*quecloud.CardList, error) {
		asked = *params
		return client.Cards.List(ctx, params)
	}
	pages := quecloud.Pages(t.Context(), list, params)
	params.BillingID = 7
	for range 2 {
		numbers, _, err := pageNumbers(pages, cardsOn)
		require.NoError(t, err)
		assert.Equal(t, []int{1}, numbers)
		assert.Equal(t, quecloud.CardListParams{PageNo: 1, PageSize: 1000, BillingID: 860}, asked)
	}

	nothing := func(context.Context, *quecloud.CardListParams) (*quecloud.CardList, error) { return nil, nil }
	_, err := collect(quecloud.Pages(t.Context(), nothing, params))
	assert.ErrorContains(t, err, "neither a page nor an error")
	assert.True(t, is[*quecloud.PageError](err))

	nothing = nil
	_, err = collect(quecloud.Pages(t.Context(), nothing, params))
	bad, ok := errors.AsType[*quecloud.ParamError](err)
	require.True(t, ok, "%v", err)
	assert.Equal(t, "list", bad.Param)
}

// In a bubble of synctest, a goroutine that is left behind fails the test.
func TestPagesStopAtOnce(t *testing.T) {
	t.Parallel()
	cause := errors.New("enough")
	tests := map[string]struct {
		leave func(cancel context.CancelCauseFunc) (goOn bool)
		page  int // of the error, if there is one
	}{
		"by break":       {func(context.CancelCauseFunc) bool { return false }, 0},
		"by the context": {func(cancel context.CancelCauseFunc) bool { cancel(cause); return true }, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				platform := &stub{answer: func(ctx context.Context, form url.Values) any {
					number, size := paging(form)
					if number > 3 {
						if err := pause(ctx, time.Hour); err != nil {
							return err
						}
					}
					return page(2000, number, size).answer()
				}}
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				client, err := platform.client(t).With(quecloud.WithTimeout(24 * time.Hour))
				require.NoError(t, err)
				start := time.Now()
				var failure error
				for list, err := range quecloud.Pages(ctx, client.Cards.List, &quecloud.CardListParams{PageSize: 50}) {
					if failure = err; err != nil {
						break
					}
					assert.Equal(t, 1, list.Page.Number)
					synctest.Wait() // page 2 has come, too
					if !test.leave(cancel) {
						break
					}
				}
				assert.Less(t, time.Since(start), time.Second)
				assert.Zero(t, platform.running)
				if test.page == 0 {
					return
				}
				failed, ok := errors.AsType[*quecloud.PageError](failure)
				require.True(t, ok, "%v", failure)
				assert.Equal(t, test.page, failed.Page)
				assert.ErrorIs(t, failure, cause)
			})
		})
	}
}
