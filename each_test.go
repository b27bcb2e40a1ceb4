package quecloud_test

import (
	"context"
	"errors"
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
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// ids are n cards, by MSISDN.
func ids(n int) (cards []quecloud.CardID) {
	for i := range n {
		cards = append(cards, quecloud.MSISDN(strconv.Itoa(i)))
	}
	return cards
}

func place(card quecloud.CardID) int {
	n, _ := strconv.Atoi(card.String())
	return n
}

func TestEachGivesEveryCardsOutcomeInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		running, most := 0, 0
		odd := errors.New("odd")
		fn := func(ctx context.Context, card quecloud.CardID) error {
			mu.Lock()
			running++
			most = max(most, running)
			mu.Unlock()
			if err := pause(ctx, time.Duration(1+place(card)*7%5)*time.Second); err != nil {
				return err
			}
			mu.Lock()
			running--
			mu.Unlock()
			if place(card)%2 == 1 {
				return odd
			}
			return nil
		}
		var progress []int64
		i := 0
		for card, err := range quecloud.Each(t.Context(), ids(100), fn, quecloud.Concurrency(8),
			quecloud.Progress(func(done, total int64) { progress = append(progress, done, total) })) {
			assert.Equal(t, i, place(card))
			if i%2 == 1 {
				assert.Equal(t, odd, err)
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

func TestEachTakesCardsInAnyForm(t *testing.T) {
	t.Parallel()
	type batch []quecloud.CardID
	type source func(func(quecloud.CardID) bool)
	none := func(context.Context, quecloud.CardID) error { return nil }
	want := ids(3)
	seq := slices.Values(want)
	got := func(outcomes iter.Seq2[quecloud.CardID, error]) (cards []quecloud.CardID) {
		for range 2 {
			cards = nil
			for card, err := range outcomes {
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
	assert.EqualValues(t, 3, total, "what was done is the least that there is to do")
}

// A method of the client is all that Each needs, and the platform's refusals are outcomes.
func TestEachSuspendsCards(t *testing.T) {
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

func TestEachTakesNoMoreCardsThanItWorksOn(t *testing.T) {
	t.Parallel()
	taken, stopped := 0, false
	endless := func(yield func(quecloud.CardID) bool) {
		defer func() { stopped = true }()
		for i := 0; yield(quecloud.MSISDN(strconv.Itoa(i))); i++ {
			taken++
		}
	}
	done := 0
	for _, err := range quecloud.Each(t.Context(), endless, func(context.Context, quecloud.CardID) error { return nil }, quecloud.Concurrency(5)) {
		require.NoError(t, err)
		if done++; done == 1000 {
			break
		}
		assert.LessOrEqual(t, taken, done+2*5)
	}
	assert.True(t, stopped)
}

func TestEachOneAtATimeBeginsNoCardBeforeTheLoopHasSeenTheOneBefore(t *testing.T) {
	t.Parallel()
	begun := 0
	fn := func(context.Context, quecloud.CardID) error { begun++; return nil }
	for card, err := range quecloud.Each(t.Context(), ids(10), fn, quecloud.Concurrency(1)) {
		require.NoError(t, err)
		assert.Equal(t, place(card)+1, begun)
		if place(card) == 4 {
			break
		}
	}
	assert.Equal(t, 5, begun)
}

// A call that was begun may have cut a device off: its outcome must not get lost when the context ends.
func TestEachLosesNoOutcomeWhenItsContextEnds(t *testing.T) {
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
		var begun atomic.Int64
		fn := func(ctx context.Context, card quecloud.CardID) error {
			begun.Add(1)
			if place(card) < 6 {
				return nil
			}
			<-ctx.Done()
			return inCall
		}
		time.AfterFunc(time.Second, func() { cancel(cause) })
		var outcomes []error
		for card, err := range quecloud.Each(ctx, endless, fn) {
			assert.Equal(t, len(outcomes), place(card))
			outcomes = append(outcomes, err)
		}
		require.Len(t, outcomes, 11)
		assert.Equal(t, []error{nil, nil, nil, nil, nil, nil, inCall, inCall, inCall, inCall}, outcomes[:10])
		assert.ErrorIs(t, outcomes[10], quecloud.ErrNotBegun)
		assert.ErrorIs(t, outcomes[10], cause)
		assert.ErrorIs(t, outcomes[10], context.Canceled)
		assert.ErrorContains(t, outcomes[10], "card 10: not begun")
		assert.EqualValues(t, 10, begun.Load())
	})
}

func TestEachBeginsNothingUnderAnEndedContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	turns := 0
	for card, err := range quecloud.Each(ctx, ids(10), func(context.Context, quecloud.CardID) error { panic("begun") }) {
		assert.Zero(t, place(card))
		assert.ErrorIs(t, err, context.Canceled)
		turns++
	}
	assert.Equal(t, 1, turns)
}

func TestLeavingEachStopsAllAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		platform := &stub{answer: func(ctx context.Context, form url.Values) any {
			if form.Get("msisdn") != "0" {
				if err := pause(ctx, 20*time.Second); err != nil {
					return err
				}
			}
			return object{"resultCode": 0}
		}}
		start := time.Now()
		for _, err := range quecloud.Each(t.Context(), ids(100), platform.client(t).Cards.Pause) {
			require.NoError(t, err)
			break
		}
		assert.Zero(t, time.Since(start))
		assert.Zero(t, platform.running)
	})
}

func TestAPanicOfEachsFunctionReachesTheLoop(t *testing.T) {
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
			for _, err := range quecloud.Each(t.Context(), ids(10), func(context.Context, quecloud.CardID) error { test.fn(); return nil }) {
				assert.NoError(t, err)
			}
		})
	}
}
