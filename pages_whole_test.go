package quecloud_test

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

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
	defer srv.Close()
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
