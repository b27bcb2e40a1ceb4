package selftest_test

import (
	"context"
	"errors"
	"iter"
	"slices"
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

func TestMapYieldsItemResultAndErrorInOrder(t *testing.T) {
	t.Parallel()
	type row struct {
		index int
		name  string
	}
	rows := make([]row, 30)
	for i := range rows {
		rows[i] = row{i, "row " + strconv.Itoa(i)}
	}
	synctest.Test(t, func(t *testing.T) {
		errOdd := errors.New("the index is odd")
		fn := func(ctx context.Context, r row) (string, error) {
			if err := selftest.Pause(ctx, time.Duration(30-r.index)*time.Second); err != nil {
				return "", err
			}
			if r.index%2 == 1 {
				return "part of " + r.name, errOdd
			}
			return "all of " + r.name, nil
		}
		var progress []int64
		report := quecloud.Progress(func(done, total int64) { progress = append(progress, done, total) })
		outcomes := quecloud.Map(t.Context(), rows, fn, quecloud.Concurrency(5), report)
		for range 2 {
			i := 0
			for o, err := range outcomes {
				assert.Equal(t, rows[i], o.Item)
				if i%2 == 1 {
					assert.Equal(t, "part of "+rows[i].name, o.Result, "result and error")
					assert.Equal(t, errOdd, err)
				} else {
					assert.Equal(t, "all of "+rows[i].name, o.Result)
					assert.NoError(t, err)
				}
				i++
				assert.Equal(t, []int64{int64(i), 30}, progress[len(progress)-2:])
			}
			assert.Equal(t, 30, i)
		}
	})
}

// withErrors returns a sequence of pairs. A number that is in bad comes with an error.
func withErrors[T comparable](items []T, bad map[T]error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, bad[item]) {
				return
			}
		}
	}
}

func square(_ context.Context, n int) (int, error) { return n * n, nil }

func TestMapTakesItemsFromAnySource(t *testing.T) {
	t.Parallel()
	type list []int
	type sequence func(func(int) bool)
	type pairs func(func(int, error) bool)
	ctx, numbers := t.Context(), []int{1, 2, 3}
	none := map[int]error{}
	for name, outcomes := range map[string]iter.Seq2[quecloud.Outcome[int, int], error]{
		"slice":                     quecloud.Map(ctx, numbers, square),
		"named slice":               quecloud.Map(ctx, list(numbers), square),
		"sequence":                  quecloud.Map(ctx, slices.Values(numbers), square),
		"named sequence":            quecloud.Map(ctx, sequence(slices.Values(numbers)), square),
		"sequence with errors":      quecloud.Map(ctx, withErrors(numbers, none), square),
		"named sequence, and error": quecloud.Map(ctx, pairs(withErrors(numbers, none)), square),
	} {
		for range 2 {
			got, err := selftest.Collect(outcomes)
			require.NoError(t, err, name)
			assert.Equal(t, []quecloud.Outcome[int, int]{{Item: 1, Result: 1}, {Item: 2, Result: 4}, {Item: 3, Result: 9}},
				got, name)
		}
	}
	name := func(_ context.Context, card quecloud.CardID) (string, error) { return card.String(), nil }
	named, err := selftest.Collect(quecloud.Map(ctx, quecloud.MSISDNs("7"), name))
	require.NoError(t, err)
	assert.Equal(t, []quecloud.Outcome[quecloud.CardID, string]{{Item: quecloud.MSISDN("7"), Result: "7"}}, named)
}

// An error of the source is yielded in its place, through a second Map too, and the source decides whether it goes on.
func TestMapYieldsTheErrorsOfItsSource(t *testing.T) {
	t.Parallel()
	bad := errors.New("a bad row")
	source := withErrors([]int{1, 2, 3}, map[int]error{2: bad})
	called := map[int]bool{}
	record := func(_ context.Context, o quecloud.Outcome[int, int]) (int, error) {
		called[o.Item] = true
		return -o.Result, nil
	}
	var results []int
	var errs []error
	for o, err := range quecloud.Map(t.Context(), quecloud.Map(t.Context(), source, square), record,
		quecloud.Concurrency(1)) {
		results, errs = append(results, o.Item.Item, o.Result), append(errs, err)
	}
	assert.Equal(t, []int{1, -1, 2, 0, 3, -9}, results)
	assert.Equal(t, []error{nil, bad, nil}, errs)
	assert.Equal(t, map[int]bool{1: true, 3: true}, called)
}

// A query under the context ends with it. Its error tells the loop that cards are missing.
func TestEachYieldsTheErrorsOfItsSource(t *testing.T) {
	t.Parallel()
	bad := errors.New("the query failed")
	first, second, third := quecloud.MSISDN("1"), quecloud.MSISDN("2"), quecloud.MSISDN("3")
	source := withErrors([]quecloud.CardID{first, second, third}, map[quecloud.CardID]error{second: bad})
	var called []quecloud.CardID
	pause := func(_ context.Context, card quecloud.CardID) error {
		called = append(called, card)
		return nil
	}
	var cards []quecloud.CardID
	var errs []error
	for card, err := range quecloud.Each(t.Context(), source, pause, quecloud.Concurrency(1)) {
		cards, errs = append(cards, card), append(errs, err)
	}
	assert.Equal(t, []quecloud.CardID{first, second, third}, cards)
	assert.Equal(t, []error{nil, bad, nil}, errs)
	assert.Equal(t, []quecloud.CardID{first, third}, called)
}

// A sweep is the source in one line, and its error comes after the outcomes of its cards.
func TestMapTakesASweep(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(50))
	defer srv.Close()
	client, ctx := srv.Client(selftest.NoRetry), t.Context()
	info := func(ctx context.Context, card quecloud.Card) (*quecloud.CardInfo, error) {
		return client.Cards.Info(ctx, card.ID())
	}
	params, oneAtATime := &quecloud.CardListParams{PageSize: 20}, quecloud.Concurrency(1)
	outcomes := quecloud.Map(ctx, client.Cards.All(ctx, params, oneAtATime), info)
	n := 0
	for o, err := range outcomes {
		require.NoError(t, err)
		assert.NotEmpty(t, o.Item.ICCID)
		assert.Equal(t, o.Item.ICCID, o.Result.ICCID)
		n++
	}
	assert.Equal(t, 50, n)

	n = 0
	for o, err := range outcomes {
		if n == 0 {
			srv.Inject(quecloudtest.HTTPStatus(503).On("fc.function.card.list"))
		}
		if n++; n <= 20 {
			require.NoError(t, err)
			continue
		}
		failed, ok := errors.AsType[*quecloud.PageError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, 2, failed.Page)
		assert.Zero(t, o)
	}
	assert.Equal(t, 21, n)
}

// Errors of the source are no items: the first item after the end of the context is not started.
func TestMapEndsWithItsContext(t *testing.T) {
	t.Parallel()
	bad := errors.New("a bad row")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	source := withErrors([]int{1, 2, 3, 4}, map[int]error{2: bad})
	var items []int
	var errs []error
	for o, err := range quecloud.Map(ctx, source, square, quecloud.Concurrency(1)) {
		cancel()
		items, errs = append(items, o.Item), append(errs, err)
	}
	assert.Equal(t, []int{1, 2, 3}, items)
	assert.Equal(t, []error{nil, bad}, errs[:2])
	assert.ErrorIs(t, errs[2], quecloud.ErrNotStarted)
	assert.ErrorIs(t, errs[2], context.Canceled)
	assert.EqualError(t, errs[2], "quecloud: item at index 2: not started: context canceled")
}
