package main

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
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

// consumeItems handles the items of work with a function of the test.
func consumeItems(t *testing.T, s *streams, handle handler) {
	consumer, err := s.consumer(t.Context(), s.work)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var consuming sync.WaitGroup
	consuming.Go(func() { consume(ctx, consumer, s.ackWait, 2, handle) })
	t.Cleanup(func() { cancel(); consuming.Wait() })
}

// takeItems returns the items of work, and acknowledges them.
func takeItems(t *testing.T, s *streams) (items []item) {
	consumer, err := s.consumer(t.Context(), s.work)
	require.NoError(t, err)
	for counted(t, s, "work.>") > 0 {
		msg, err := consumer.Next(jetstream.FetchMaxWait(enough))
		require.NoError(t, err)
		var it item
		require.NoError(t, json.Unmarshal(msg.Data(), &it))
		require.NoError(t, msg.DoubleAck(t.Context()))
		items = append(items, it)
	}
	return items
}

func addCards(platform *quecloudtest.Server, n int) {
	for range n {
		platform.AddCard(quecloudtest.Card{})
	}
}

// sendResult passes a result to a handler that waits in receiveResult.
func sendResult(t *testing.T, results chan<- error, err error) {
	t.Helper()
	select {
	case results <- err:
	case <-time.After(enough):
		require.Fail(t, "no handler is running")
	}
}

// receiveResult waits for a result, or for the end of the test.
func receiveResult(t *testing.T, results <-chan error) error {
	select {
	case err := <-results:
		return err
	case <-t.Context().Done():
		return t.Context().Err()
	}
}

func TestQueueAcknowledgesItemsOnceTheyAreDone(t *testing.T) {
	t.Parallel()
	s := newNATS(t).open(quick())
	results := make(chan error)
	consumeItems(t, s, func(context.Context, jetstream.Msg) error { return receiveResult(t, results) })
	require.NoError(t, s.add(t.Context(), item{Sweep: "one", Kind: kindPage, Page: 1, Size: 100}))

	sendResult(t, results, errors.New("the platform does not respond")) // to the first attempt
	require.Equal(t, 1, counted(t, s, "work.one.page"), "a failed item stays open")
	sendResult(t, results, nil) // to the second
	eventually(t, func() bool { return counted(t, s, "work.one.page") == 0 }, "the item is done")
}

func TestQueueLeavesAnItemToASlowWorker(t *testing.T) {
	t.Parallel()
	s := newNATS(t).open(quick())
	started, finish := atomic.Int64{}, make(chan error)
	consumeItems(t, s, func(context.Context, jetstream.Msg) error {
		started.Add(1)
		return receiveResult(t, finish)
	})
	require.NoError(t, s.add(t.Context(), item{Sweep: "one", Kind: kindPage, Page: 1, Size: 100}))
	eventually(t, func() bool { return started.Load() == 1 }, "the item is started")
	lost := func() bool { return started.Load() > 1 || counted(t, s, "work.one.page") == 0 }
	assert.Never(t, lost, 5*s.ackWait/2, 50*time.Millisecond)
	close(finish)
	eventually(t, func() bool { return counted(t, s, "work.one.page") == 0 }, "the item is done")
}

// The server waits as the consumer says, and the workers as the settings say.
func TestQueueRedeliversTheItemsOfADeadWorker(t *testing.T) {
	t.Parallel()
	nats := newNATS(t)
	s := nats.open(quick())
	for _, stream := range []jetstream.Stream{s.work, s.callbacks} {
		consumer, err := s.consumer(t.Context(), stream)
		require.NoError(t, err)
		config := consumer.CachedInfo().Config
		assert.Equal(t, s.ackWait, config.AckWait)
		assert.Equal(t, -1, config.MaxDeliver, "however often")
		assert.Equal(t, jetstream.AckExplicitPolicy, config.AckPolicy)
	}
	require.NoError(t, s.add(t.Context(), item{Sweep: "one", Kind: kindPage, Page: 1, Size: 100}))
	dead, err := s.consumer(t.Context(), s.work)
	require.NoError(t, err)
	_, err = dead.Next(jetstream.FetchMaxWait(enough))
	require.NoError(t, err) // and the worker falls silent
	other, err := nats.open(quick()).consumer(t.Context(), s.work)
	require.NoError(t, err)
	msg, err := other.Next(jetstream.FetchMaxWait(enough))
	require.NoError(t, err)
	meta, err := msg.Metadata()
	require.NoError(t, err)
	assert.Equal(t, uint64(2), meta.NumDelivered)

	later := quick()
	later.ackWait = time.Minute
	consumer, err := nats.open(later).consumer(t.Context(), s.work)
	require.NoError(t, err)
	assert.Equal(t, time.Minute, consumer.CachedInfo().Config.AckWait, "the last process to start sets it")
}

func TestSweepReadsPagesAddedMeanwhile(t *testing.T) {
	t.Parallel()
	s := newNATS(t).open(quick())
	var platform *quecloudtest.Server
	var grow sync.Once
	platform = quecloudtest.NewServer(quecloudtest.WithFleet(500), quecloudtest.WithObserver(func(quecloudtest.Request) {
		grow.Do(func() { // once the first call has returned the size
			addCards(platform, 250)
		})
	}))
	t.Cleanup(platform.Close)
	goWork(t, newWorker(s, platform, "worker"))
	require.NoError(t, s.add(t.Context(), item{Sweep: "one", Kind: kindStart, Size: 100}))
	eventually(t, func() bool { return counted(t, s, "work.one.*") == 0 }, "the sweep ends")
	requireAllVisited(t, s, platform)
	cards, _ := visited(t, s)
	assert.Len(t, cards, 750)
}

func TestSweepReadsTheTailAfterAllPages(t *testing.T) {
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
	cards, _ := visited(t, s)
	assert.Len(t, cards, 150, "from its first page to the end")
}

// Cards are added behind the others: on the last page while it has room, and on further ones.
func TestSweepReadsCardsAddedAfterTheLastPage(t *testing.T) {
	t.Parallel()
	s := newNATS(t).open(quick())
	platform := quecloudtest.NewServer(quecloudtest.WithFleet(250))
	t.Cleanup(platform.Close)
	w := newWorker(s, platform, "worker")
	require.NoError(t, w.split(t.Context(), item{Sweep: "one", Kind: kindStart, Size: 100}))
	var tail item
	for _, it := range takeItems(t, s) {
		if it.Kind == kindTail {
			tail = it
			continue
		}
		require.NoError(t, w.readPage(t.Context(), it))
	}
	addCards(platform, 30)
	require.NoError(t, w.readTail(t.Context(), tail))
	requireAllVisited(t, s, platform)
}

// A tail is read again if its worker dies before it acknowledges it.
func TestSweepThatReadsItsTailTwiceAddsNewCards(t *testing.T) {
	t.Parallel()
	s := newNATS(t).open(quick())
	platform := quecloudtest.NewServer(quecloudtest.WithFleet(30))
	t.Cleanup(platform.Close)
	w := newWorker(s, platform, "worker")
	tail := item{Sweep: "one", Kind: kindTail, Page: 1, Size: 100}
	require.NoError(t, w.readTail(t.Context(), tail))
	addCards(platform, 30)
	require.NoError(t, w.readTail(t.Context(), tail))
	requireAllVisited(t, s, platform)
	pages, n, err := s.total(t.Context(), "one")
	require.NoError(t, err)
	require.Equal(t, [2]int{1, 60}, [2]int{pages, n}, "it is one page, and the last reading counts")
}

func TestSweepCountsCardsThatMovedOntoAPageReadTwice(t *testing.T) {
	t.Parallel()
	s := newNATS(t).open(quick())
	platform := quecloudtest.NewUnstartedServer()
	t.Cleanup(platform.Close)
	w := newWorker(s, platform, "worker")
	for _, page := range [][]quecloud.Card{{{ICCID: "1"}, {ICCID: "2"}}, {{ICCID: "2"}, {ICCID: "3"}}} {
		require.NoError(t, w.visit(t.Context(), "one", 1, page))
	}
	cards, _ := visited(t, s)
	require.Len(t, cards, 3)
}

func TestSweepTailWaitsForASecondSplit(t *testing.T) {
	t.Parallel()
	s := newNATS(t).open(quick())
	platform := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(30))
	t.Cleanup(platform.Close)
	w := newWorker(s, platform, "worker")
	require.NoError(t, s.add(t.Context(), item{Sweep: "one", Kind: kindStart, Size: 100}))
	require.ErrorIs(t, w.readTail(t.Context(), item{Sweep: "one", Kind: kindTail, Page: 1, Size: 100}), errNotYet)
	require.Empty(t, platform.Requests())
}

func TestSweepSplitTwiceHasItsItemsOnce(t *testing.T) {
	t.Parallel()
	s := newNATS(t).open(quick())
	platform := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(250))
	t.Cleanup(platform.Close)
	w := newWorker(s, platform, "worker")
	for range 2 {
		require.NoError(t, w.split(t.Context(), item{Sweep: "one", Kind: kindStart, Size: 100}))
	}
	assert.Equal(t, 2, counted(t, s, "work.one.page"))
	assert.Equal(t, 1, counted(t, s, "work.one.tail"))
}

func TestSweepCountsAPageVisitedTwiceOnce(t *testing.T) {
	t.Parallel()
	s := newNATS(t).open(quick())
	platform := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(250))
	t.Cleanup(platform.Close)
	for _, name := range []string{"first", "second"} {
		w := newWorker(s, platform, name)
		require.NoError(t, w.readPage(t.Context(), item{Sweep: "one", Kind: kindPage, Page: 1, Size: 100}))
	}
	_, workers := visited(t, s)
	assert.Equal(t, map[string]int{"first": 1}, workers)
}

func TestSweepThatHasEndedDoesNotRunAgain(t *testing.T) {
	t.Parallel()
	s := newNATS(t).open(quick())
	platform := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(250))
	t.Cleanup(platform.Close)
	w := newWorker(s, platform, "worker")
	require.NoError(t, w.readTail(t.Context(), item{Sweep: "one", Kind: kindTail, Page: 1, Size: 100}))
	ctx, cancel := context.WithTimeout(t.Context(), enough) // no worker runs: a new sweep would not end
	defer cancel()
	var out strings.Builder
	require.NoError(t, s.sweep(ctx, item{Sweep: "one", Kind: kindStart, Size: 100}, &out))
	require.Contains(t, out.String(), "had ended before")
	require.Contains(t, out.String(), "250 cards on 3 pages")
	require.Zero(t, counted(t, s, "work.>"))
}

// watched is an output that calls seen on its first line.
type watched struct {
	strings.Builder
	once sync.Once
	seen func()
}

func (w *watched) Write(p []byte) (int, error) {
	w.once.Do(w.seen)
	return w.Builder.Write(p)
}

func TestSweepThatRunsIsWatchedUnderItsName(t *testing.T) {
	t.Parallel()
	s := newNATS(t).open(quick())
	platform := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(250))
	t.Cleanup(platform.Close)
	w := newWorker(s, platform, "worker")
	tail := item{Sweep: "one", Kind: kindTail, Page: 2, Size: 100}
	require.NoError(t, w.readPage(t.Context(), item{Sweep: "one", Kind: kindPage, Page: 1, Size: 100}))
	require.NoError(t, s.add(t.Context(), tail)) // the only open item
	out := &watched{seen: func() { goWork(t, w) }}
	require.NoError(t, s.sweep(t.Context(), item{Sweep: "one", Kind: kindStart, Size: 100}, out))
	require.Contains(t, out.String(), "1 items left", "it is not started a second time")
	require.NotContains(t, out.String(), "before")
	require.Contains(t, out.String(), "250 cards on 3 pages")
}

func TestSweepFullPages(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		announced quecloud.Page
		size      int
		want      int
	}{
		{quecloud.Page{Size: 100, TotalCount: 200, TotalPages: 2}, 100, 2},
		{quecloud.Page{Size: 100, TotalCount: 201, TotalPages: 3}, 100, 2},
		{quecloud.Page{Size: 100, TotalCount: 299}, 100, 2},
		{quecloud.Page{Size: 50, TotalCount: 200}, 100, 4}, // smaller pages than requested
		{quecloud.Page{TotalCount: 200}, 100, 2},
		{quecloud.Page{TotalPages: 7}, 100, 6}, // the last page may have room
		{quecloud.Page{}, 100, 0},              // the tail reads everything
	} {
		assert.Equal(t, test.want, fullPages(test.announced, test.size), test.announced)
	}
}
