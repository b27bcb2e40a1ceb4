package quecloud_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// ids returns n cards with the MSISDNs 0 to n-1.
func ids(n int) (cards []quecloud.CardID) {
	for i := range n {
		cards = append(cards, quecloud.MSISDN(strconv.Itoa(i)))
	}
	return cards
}

// indexOf returns the index of a card among ids.
func indexOf(card quecloud.CardID) int {
	n, _ := strconv.Atoi(card.String())
	return n
}

func TestEachYieldsOneResultPerCardInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		running, most := 0, 0
		errOdd := errors.New("the number is odd")
		fn := func(ctx context.Context, card quecloud.CardID) error {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			if err := selftest.Pause(ctx, time.Duration(1+indexOf(card)*7%5)*time.Second); err != nil {
				return err
			}
			mu.Lock()
			running--
			mu.Unlock()
			if indexOf(card)%2 == 1 {
				return errOdd
			}
			return nil
		}
		var progress []int64
		i := 0
		for card, err := range quecloud.Each(t.Context(), ids(100), fn, quecloud.Concurrency(8),
			quecloud.Progress(func(done, total int64) { progress = append(progress, done, total) })) {
			assert.Equal(t, i, indexOf(card))
			if i%2 == 1 {
				assert.Equal(t, errOdd, err)
			} else {
				assert.NoError(t, err)
			}
			i++
			assert.Equal(t, []int64{int64(i), 100}, progress[len(progress)-2:])
		}
		assert.Equal(t, 100, i)
		assert.Equal(t, 8, most)
	})
}

func TestEachTakesCardsFromAnySource(t *testing.T) {
	t.Parallel()
	type batch []quecloud.CardID
	type source func(func(quecloud.CardID) bool)
	none := func(context.Context, quecloud.CardID) error { return nil }
	want := ids(3)
	seq := slices.Values(want)
	got := func(results iter.Seq2[quecloud.CardID, error]) (cards []quecloud.CardID) {
		for range 2 {
			cards = nil
			for card, err := range results {
				require.NoError(t, err)
				cards = append(cards, card)
			}
		}
		return cards
	}
	ctx := t.Context()
	assert.Equal(t, want, got(quecloud.Each(ctx, want, none)))
	assert.Equal(t, want, got(quecloud.Each(ctx, batch(want), none)))
	assert.Equal(t, want, got(quecloud.Each(ctx, seq, none)))
	assert.Equal(t, want, got(quecloud.Each(ctx, source(seq), none)))
	assert.Equal(t, want, got(quecloud.Each(ctx, quecloud.MSISDNs("0", "1", "2"), none)))
	assert.Empty(t, got(quecloud.Each(ctx, []quecloud.CardID(nil), none)))
	total := int64(0)
	got(quecloud.Each(ctx, seq, none, quecloud.Progress(func(_, n int64) { total = n })))
	assert.EqualValues(t, 3, total, "the total is never below what is done")
}

// Each takes a method of the client, and yields the refusals of the platform.
func TestEachPausesCards(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(200))
	defer srv.Close()
	client := srv.Client()
	normal := map[string]bool{}
	cards := func(yield func(quecloud.CardID) bool) {
		for card, err := range client.Cards.All(t.Context(), &quecloud.CardListParams{PageSize: 50}) {
			require.NoError(t, err)
			normal[card.ICCID] = card.Status == quecloud.CardStatusNormal
			if !yield(card.ID()) {
				return
			}
		}
	}
	paused, refused := 0, 0
	for card, err := range quecloud.Each(t.Context(), cards, client.Cards.Pause) {
		if normal[card.String()] {
			require.NoError(t, err)
			paused++
		} else {
			require.ErrorAs(t, err, new(*quecloud.APIError))
			refused++
		}
	}
	assert.Equal(t, 200, paused+refused)
	assert.Positive(t, refused)
	for number := range normal {
		card, _ := srv.Card(number)
		assert.NotEqual(t, quecloudtest.StatusNormal, card.Status)
	}
}

func TestEachTakesNoMoreCardsThanItNeeds(t *testing.T) {
	t.Parallel()
	taken, stopped := 0, false
	endless := func(yield func(quecloud.CardID) bool) {
		defer func() { stopped = true }()
		for i := 0; yield(quecloud.MSISDN(strconv.Itoa(i))); i++ {
			taken++
		}
	}
	done := 0
	nothing := func(context.Context, quecloud.CardID) error { return nil }
	for _, err := range quecloud.Each(t.Context(), endless, nothing, quecloud.Concurrency(5)) {
		require.NoError(t, err)
		if done++; done == 1000 {
			break
		}
		assert.LessOrEqual(t, taken, done+2*5)
	}
	assert.True(t, stopped)
}

func TestEachOneAtATimeWaitsForTheLoop(t *testing.T) {
	t.Parallel()
	started := 0
	fn := func(context.Context, quecloud.CardID) error { started++; return nil }
	for card, err := range quecloud.Each(t.Context(), ids(10), fn, quecloud.Concurrency(1)) {
		require.NoError(t, err)
		assert.Equal(t, indexOf(card)+1, started)
		if indexOf(card) == 4 {
			break
		}
	}
	assert.Equal(t, 5, started)
}

// A started call may have cut off a device: its result must not get lost when the context ends.
func TestEachLosesNoResultWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		endless := func(yield func(quecloud.CardID) bool) {
			i := 0
			for yield(quecloud.MSISDN(strconv.Itoa(i))) {
				i++
			}
		}
		inCall := errors.New("canceled within the call")
		var started atomic.Int64
		fn := func(ctx context.Context, card quecloud.CardID) error {
			started.Add(1)
			if indexOf(card) < 6 {
				return nil
			}
			<-ctx.Done()
			return inCall
		}
		time.AfterFunc(time.Second, func() { cancel(cause) })
		var results []error
		for card, err := range quecloud.Each(ctx, endless, fn) {
			assert.Equal(t, len(results), indexOf(card))
			results = append(results, err)
		}
		require.Len(t, results, 11)
		assert.Equal(t, []error{nil, nil, nil, nil, nil, nil, inCall, inCall, inCall, inCall}, results[:10])
		assert.ErrorIs(t, results[10], quecloud.ErrNotStarted)
		assert.ErrorIs(t, results[10], cause)
		assert.ErrorIs(t, results[10], context.Canceled)
		assert.ErrorContains(t, results[10], "card 10: not started")
		assert.EqualValues(t, 10, started.Load())
	})
}

func TestEachStartsNothingUnderAnEndedContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	results := 0
	for card, err := range quecloud.Each(ctx, ids(10), func(context.Context, quecloud.CardID) error { panic("started") }) {
		assert.Zero(t, indexOf(card))
		assert.ErrorIs(t, err, context.Canceled)
		results++
	}
	assert.Equal(t, 1, results)
}

func TestEachStopsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		platform := selftest.FuncPlatform(func(ctx context.Context, form url.Values) any {
			if form.Get("msisdn") != "0" {
				if err := selftest.Pause(ctx, 20*time.Second); err != nil {
					return err
				}
			}
			return selftest.Object{"resultCode": 0}
		})
		start := time.Now()
		for _, err := range quecloud.Each(t.Context(), ids(100), platform.Client(t, selftest.NoRetry).Cards.Pause) {
			require.NoError(t, err)
			break
		}
		assert.Zero(t, time.Since(start))
		assert.Zero(t, platform.Running())
	})
}

func TestEachRaisesPanicsOfItsFunction(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fn   func()
		want string
	}{
		"panic":  {func() { panic("broken") }, "broken"},
		"Goexit": {runtime.Goexit, "runtime.Goexit"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() { assert.Contains(t, recover(), test.want) }()
			fn := func(context.Context, quecloud.CardID) error { test.fn(); return nil }
			for _, err := range quecloud.Each(t.Context(), ids(10), fn) {
				assert.NoError(t, err)
			}
		})
	}
}

// errOf returns the error of a call.
func errOf[T any](_ T, err error) error { return err }

func square(_ context.Context, n int) (int, error) { return n * n, nil }

// errIn returns the error of a sweep.
func errIn[T any](all iter.Seq2[T, error]) error { return errOf(selftest.Collect(all)) }

func TestFleetFunctionsRejectBadInputBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	platform := selftest.ListingPlatform(func(n, s int) selftest.Page { return selftest.PageOf(10, n, s) })
	client, ctx := platform.Client(t), t.Context()
	cards, flow, orders, files := client.Cards, client.Flow, client.Orders, client.Files
	malformed := quecloud.ICCIDs(append(selftest.ICCIDs(0, 3000), "x")...)
	card, may := []quecloud.CardID{{}}, quecloud.Month{Year: 2026, Month: time.May}
	for name, test := range map[string]struct {
		err   error
		param string
	}{
		"page":                  {errIn(cards.All(ctx, &quecloud.CardListParams{PageNo: -1})), "pageNo"},
		"page size":             {errIn(cards.All(ctx, &quecloud.CardListParams{PageSize: 1001})), "pageSize"},
		"no month":              {errIn(flow.AllMonth(ctx, nil)), "month"},
		"no month of voice":     {errIn(flow.AllVoiceMonth(ctx, nil)), "month"},
		"no month of SMS":       {errIn(client.SMS.AllLog(ctx, nil)), "dateStr"},
		"concurrency 0":         {errIn(cards.All(ctx, nil, quecloud.Concurrency(0))), "Concurrency"},
		"concurrency 257":       {errIn(cards.All(ctx, nil, quecloud.Concurrency(257))), "Concurrency"},
		"no progress function":  {errIn(cards.All(ctx, nil, quecloud.Progress(nil))), "Progress"},
		"empty option":          {errIn(cards.All(ctx, nil, quecloud.FleetOption{})), "option 1 of 1"},
		"option for others":     {errIn(cards.All(ctx, nil, quecloud.PollEvery(1))), "PollEvery"},
		"malformed card":        {errIn(cards.AllInfo(ctx, malformed)), "iccids"},
		"zero cards":            {errIn(flow.AllMonthBatch(ctx, quecloud.CardIDs{}, may)), "msisdns"},
		"no month of a batch":   {errIn(flow.AllMonthBatch(ctx, quecloud.MSISDNs("1"), quecloud.Month{})), "month"},
		"no time between polls": {errOf(orders.Wait(ctx, "1", quecloud.PollEvery(0))), "PollEvery"},
		"no order":              {errOf(orders.Wait(ctx, "")), "orderNo"},
		"no stage function":     {errOf(files.Prepare(ctx, quecloud.OnStage(nil))), "OnStage"},
		"no writer":             {errOf(files.Export(ctx, nil)), "w"},
		"Export, option":        {errOf(files.Export(ctx, io.Discard, quecloud.Concurrency(1))), "Concurrency"},
		"DownloadFile, option":  {errOf(files.DownloadFile(ctx, 1, "x", quecloud.PollEvery(1))), "PollEvery"},
		"no path":               {errOf(files.DownloadFile(ctx, 1, "")), "path"},
		"a directory":           {errOf(files.DownloadFile(ctx, 1, t.TempDir())), "path"},
		"Each, no function":     {errIn(quecloud.Each(ctx, card, nil)), "fn"},
		"Each, no iterator":     {errIn(quecloud.Each(ctx, iter.Seq[quecloud.CardID](nil), cards.Pause)), "cards"},
		"Each, concurrency 0":   {errIn(quecloud.Each(ctx, card, cards.Pause, quecloud.Concurrency(0))), "Concurrency"},
		"Each, drain 0":         {errIn(quecloud.Each(ctx, card, cards.Pause, quecloud.Drain(0))), "Drain"},
		"Each, option":          {errIn(quecloud.Each(ctx, card, cards.Pause, quecloud.PollEvery(1))), "PollEvery"},
		"Map, no function":      {errIn(quecloud.Map[[]int, int, int](ctx, nil, nil)), "fn"},
		"Map, no iterator":      {errIn(quecloud.Map(ctx, iter.Seq[int](nil), square)), "items"},
		"Map, no pairs":         {errIn(quecloud.Map(ctx, iter.Seq2[int, error](nil), square)), "items"},
		"Map, other cards":      {errIn(quecloud.Map(ctx, quecloud.MSISDNs("1"), square)), "items"},
		"sweep, drain":          {errIn(cards.All(ctx, nil, quecloud.Drain(1))), "Drain"},
		"batches, drain":        {errIn(cards.AllInfo(ctx, quecloud.MSISDNs("1"), quecloud.Drain(1))), "Drain"},
		"Wait, drain":           {errOf(orders.Wait(ctx, "1", quecloud.Drain(1))), "Drain"},
		"Export, drain":         {errOf(files.Export(ctx, io.Discard, quecloud.Drain(1))), "Drain"},
	} {
		bad, ok := errors.AsType[*quecloud.ParamError](test.err)
		if assert.True(t, ok, "%s: %v", name, test.err) {
			assert.Equal(t, test.param, bad.Param, name)
			assert.False(t, selftest.Is[*quecloud.PageError](test.err), "%s: bad input concerns no page", name)
			assert.False(t, selftest.Is[*quecloud.BatchError](test.err), "%s: bad input concerns no batch", name)
		}
	}
	assert.Zero(t, platform.Attempts())
}
