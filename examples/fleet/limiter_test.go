package main

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// few allows five calls a window.
func few(window time.Duration) settings {
	s := quick()
	s.rate, s.window = 5, window
	return s
}

func TestAllProcessesShareOneLimit(t *testing.T) {
	t.Parallel()
	nats := newNATS(t)
	taken, refused := atomic.Int64{}, atomic.Int64{}
	var takers sync.WaitGroup
	for range 4 {
		l := sharedLimiter{nats.open(few(time.Hour))}
		takers.Go(func() {
			for range 5 {
				switch err := l.take(t.Context()); {
				case err == nil:
					taken.Add(1)
				case isFull(err):
					refused.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	takers.Wait()
	assert.Equal(t, int64(5), taken.Load())
	assert.Equal(t, int64(15), refused.Load())

	nats.stop()
	nats.start()
	require.True(t, isFull(sharedLimiter{nats.open(few(time.Hour))}.take(t.Context())), "a restart forgets no call")
}

// It may always take longer, on a busy machine, but never shorter.
func TestCallsComeNoFasterThanTheLimit(t *testing.T) {
	t.Parallel()
	nats := newNATS(t)
	s := few(500 * time.Millisecond)
	begin := time.Now()
	var takers sync.WaitGroup
	for range 4 {
		l := sharedLimiter{nats.open(s)}
		takers.Go(func() {
			for range 4 {
				if err := l.Wait(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	takers.Wait()
	assert.GreaterOrEqual(t, time.Since(begin), 3*s.window, "16 calls need more than three windows of 5")
}

func TestNoCallIsMadeWhileNATSIsAway(t *testing.T) {
	t.Parallel()
	nats := newNATS(t)
	platform := quecloudtest.NewUnstartedServer()
	t.Cleanup(platform.Close)
	client := platform.Client(quecloud.WithLimiter(sharedLimiter{nats.open(quick())}))
	nats.stop()
	_, err := client.Billing.Account(t.Context())
	require.ErrorContains(t, err, "asking JetStream for a turn")
	assert.Empty(t, platform.Requests())
	nats.start()
	eventually(t, func() bool { _, err := client.Billing.Account(t.Context()); return err == nil }, "it goes on")
}

func TestWaitingForATurnEndsWithTheContext(t *testing.T) {
	t.Parallel()
	l := sharedLimiter{newNATS(t).open(few(time.Hour))}
	for range 5 {
		require.NoError(t, l.Wait(t.Context()))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, l.Wait(ctx), context.DeadlineExceeded)
}
