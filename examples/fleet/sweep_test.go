package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// items starts to consume the items of work with a function of the test's own.
func items(t *testing.T, s *streams, do func(context.Context, jetstream.Msg) error) {
	consumer, err := s.consumer(t.Context(), s.work)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var consuming sync.WaitGroup
	consuming.Go(func() { consume(ctx, consumer, s.ackWait, 2, do) })
	t.Cleanup(func() { cancel(); consuming.Wait() })
}

// give hands a result to what waits for one in next.
func give(t *testing.T, results chan<- error, err error) {
	t.Helper()
	select {
	case results <- err:
	case <-time.After(enough):
		require.Fail(t, "nobody works")
	}
}

// next waits for a result, or for the end of the test.
func next(t *testing.T, results <-chan error) error {
	select {
	case err := <-results:
		return err
	case <-t.Context().Done():
		return t.Context().Err()
	}
}

func TestAnItemIsAcknowledgedWhenItIsDoneAndNotBefore(t *testing.T) {
	t.Parallel()
	s := newNATS(t).open(quick())
	results := make(chan error)
	items(t, s, func(context.Context, jetstream.Msg) error { return next(t, results) })
	require.NoError(t, s.add(t.Context(), item{Sweep: "one", Kind: kindPage, Page: 1, Size: 100}))

	give(t, results, errors.New("the platform does not answer")) // to the first attempt
	require.Equal(t, 1, counted(t, s, "work.one.page"), "what failed is not done")
	give(t, results, nil) // to the second
	eventually(t, func() bool { return counted(t, s, "work.one.page") == 0 }, "it is done")
}

func TestAnItemStaysWithAWorkerThatTakesItsTime(t *testing.T) {
	t.Parallel()
	s := newNATS(t).open(quick())
	begun, finish := atomic.Int64{}, make(chan error)
	items(t, s, func(context.Context, jetstream.Msg) error {
		begun.Add(1)
		return next(t, finish)
	})
	require.NoError(t, s.add(t.Context(), item{Sweep: "one", Kind: kindPage, Page: 1, Size: 100}))
	eventually(t, func() bool { return begun.Load() == 1 }, "it is begun")
	assert.Never(t, func() bool { return begun.Load() > 1 || counted(t, s, "work.one.page") == 0 }, 5*s.ackWait/2, 50*time.Millisecond)
	close(finish)
	eventually(t, func() bool { return counted(t, s, "work.one.page") == 0 }, "it is done")
}

func TestPagesThatTheFleetGrowsByMeanwhileAreRead(t *testing.T) {
	t.Parallel()
	s := newNATS(t).open(quick())
	var platform *quecloudtest.Server
	var grow sync.Once
	platform = quecloudtest.NewServer(quecloudtest.WithFleet(500), quecloudtest.WithObserver(func(quecloudtest.Request) {
		grow.Do(func() { // when the first call has told the size
			for range 250 {
				platform.AddCard(quecloudtest.Card{})
			}
		})
	}))
	t.Cleanup(platform.Close)
	goWork(t, newWorker(s, platform, "worker"))
	require.NoError(t, s.add(t.Context(), item{Sweep: "one", Kind: kindStart, Size: 100}))
	eventually(t, func() bool { return counted(t, s, "work.one.*") == 0 }, "the sweep ends")
	requireAllVisited(t, s, "one", platform)
	cards, _ := visitedIn(t, s, "one")
	assert.Len(t, cards, 750)
}

func TestTheTailIsReadAfterAllPages(t *testing.T) {
	t.Parallel()
	s := newNATS(t).open(quick())
	platform := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(250))
	t.Cleanup(platform.Close)
	w := newWorker(s, platform, "worker")
	require.NoError(t, s.add(t.Context(), item{Sweep: "one", Kind: kindPage, Page: 2, Size: 100}))
	tail := item{Sweep: "one", Kind: kindTail, Page: 2, Size: 100}
	require.ErrorIs(t, w.readTail(t.Context(), tail), errNotYet)
	require.Empty(t, platform.Requests())

	require.NoError(t, s.work.Purge(t.Context()))
	require.NoError(t, w.readTail(t.Context(), tail))
	cards, _ := visitedIn(t, s, "one")
	assert.Len(t, cards, 150, "from its first page to the end")
}

func TestASweepThatIsCutTwiceHasItsItemsOnce(t *testing.T) {
	t.Parallel()
	s := newNATS(t).open(quick())
	platform := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(250))
	t.Cleanup(platform.Close)
	w := newWorker(s, platform, "worker")
	for range 2 {
		require.NoError(t, w.cut(t.Context(), item{Sweep: "one", Kind: kindStart, Size: 100}))
	}
	assert.Equal(t, 3, counted(t, s, "work.one.page"))
	assert.Equal(t, 1, counted(t, s, "work.one.tail"))
}

func TestAPageThatIsVisitedTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	s := newNATS(t).open(quick())
	platform := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(250))
	t.Cleanup(platform.Close)
	for _, name := range []string{"first", "second"} {
		w := newWorker(s, platform, name)
		require.NoError(t, w.readPage(t.Context(), item{Sweep: "one", Kind: kindPage, Page: 1, Size: 100}))
	}
	_, workers := visitedIn(t, s, "one")
	assert.Equal(t, map[string]int{"first": 1}, workers)
}

func TestLastPage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		announced quecloud.Page
		size      int
		want      int
	}{
		{quecloud.Page{Size: 100, TotalCount: 200, TotalPages: 2}, 100, 2},
		{quecloud.Page{Size: 100, TotalCount: 201}, 100, 3},
		{quecloud.Page{Size: 50, TotalCount: 200}, 100, 4}, // it allows less than was asked for
		{quecloud.Page{TotalCount: 200}, 100, 2},
		{quecloud.Page{TotalPages: 7}, 100, 7},
		{quecloud.Page{}, 100, 0}, // all is left to the tail
	} {
		assert.Equal(t, test.want, lastPage(test.announced, test.size), test.announced)
	}
}
