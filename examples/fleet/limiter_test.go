package main

import (
	"context"
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
				switch err := l.publish(t.Context(), "turns", nil); {
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
	require.True(t, isFull(nats.open(few(time.Hour)).publish(t.Context(), "turns", nil)), "a restart forgets no call")
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

// The server has one code for everything that a stream does not take. Its text is that of this version only.
func TestATurnIsWaitedForWhateverTheRefusalIsCalled(t *testing.T) {
	t.Parallel()
	s := newNATS(t).open(few(time.Hour))
	config := s.turns()
	config.Storage, config.Replicas, config.Discard, config.MaxBytes = jetstream.FileStorage, 1, jetstream.DiscardNew, 1
	_, err := s.js.UpdateStream(t.Context(), config)
	require.NoError(t, err)
	err = s.publish(t.Context(), "turns", nil)
	require.True(t, isRefused(err))
	require.False(t, isFull(err), "it has another text: %v", err)
	require.False(t, isRefused(&jetstream.APIError{ErrorCode: jetstream.JSErrCodeStreamNotFound}), "that does not pass")

	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, sharedLimiter{s}.Wait(ctx), context.DeadlineExceeded, "it has waited to the end")
	config.MaxBytes = -1
	_, err = s.js.UpdateStream(t.Context(), config)
	require.NoError(t, err)
	require.NoError(t, sharedLimiter{s}.Wait(t.Context()))
}

func TestTheLatestRateHoldsForAll(t *testing.T) {
	t.Parallel()
	nats := newNATS(t)
	l := sharedLimiter{nats.open(few(time.Hour))}
	for range 5 {
		require.NoError(t, l.Wait(t.Context()))
	}
	require.True(t, isFull(l.publish(t.Context(), "turns", nil)))
	more := few(time.Hour)
	more.rate = 6
	nats.open(more)
	require.NoError(t, l.Wait(t.Context()))
	require.True(t, isFull(l.publish(t.Context(), "turns", nil)))
}
