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

// few allows five calls per window.
func few(window time.Duration) settings {
	s := quick()
	s.rate, s.window = 5, window
	return s
}

func TestLimiterIsSharedByProcesses(t *testing.T) {
	t.Parallel()
	nats := newNATS(t)
	accepted, rejected := atomic.Int64{}, atomic.Int64{}
	var processes sync.WaitGroup
	for range 4 {
		l := sharedLimiter{nats.open(few(time.Hour))}
		processes.Go(func() {
			for range 5 {
				switch err := l.publish(t.Context(), "permits", nil); {
				case err == nil:
					accepted.Add(1)
				case isFull(err):
					rejected.Add(1)
				default:
					t.Error(err)
				}
			}
		})
	}
	processes.Wait()
	assert.Equal(t, int64(5), accepted.Load())
	assert.Equal(t, int64(15), rejected.Load())

	nats.stop()
	nats.start()
	err := nats.open(few(time.Hour)).publish(t.Context(), "permits", nil)
	require.True(t, isFull(err), "the calls before the restart count")
}

// On a busy machine calls may come later, but not earlier.
func TestLimiterHolds(t *testing.T) {
	t.Parallel()
	nats := newNATS(t)
	s := few(500 * time.Millisecond)
	start := time.Now()
	var processes sync.WaitGroup
	for range 4 {
		l := sharedLimiter{nats.open(s)}
		processes.Go(func() {
			for range 4 {
				if err := l.Wait(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	processes.Wait()
	assert.GreaterOrEqual(t, time.Since(start), 3*s.window, "16 calls need more than three windows of 5")
}

func TestLimiterAllowsNothingWithoutNATS(t *testing.T) {
	t.Parallel()
	nats := newNATS(t)
	platform := quecloudtest.NewUnstartedServer()
	t.Cleanup(platform.Close)
	client := platform.Client(quecloud.WithLimiter(sharedLimiter{nats.open(quick())}))
	nats.stop()
	_, err := client.Billing.Account(t.Context())
	require.ErrorContains(t, err, "asking JetStream for a permit")
	assert.Empty(t, platform.Requests())
	nats.start()
	eventually(t, func() bool { _, err := client.Billing.Account(t.Context()); return err == nil }, "calls succeed again")
}

func TestLimiterEndsWithTheContext(t *testing.T) {
	t.Parallel()
	l := sharedLimiter{newNATS(t).open(few(time.Hour))}
	for range 5 {
		require.NoError(t, l.Wait(t.Context()))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, l.Wait(ctx), context.DeadlineExceeded)
}

// The server has one code for all messages that a stream rejects, and its texts may change.
func TestLimiterWaitsAfterEveryRejection(t *testing.T) {
	t.Parallel()
	s := newNATS(t).open(few(time.Hour))
	config := s.permits()
	config.Storage, config.Replicas, config.Discard, config.MaxBytes = jetstream.FileStorage, 1, jetstream.DiscardNew, 1
	_, err := s.js.UpdateStream(t.Context(), config)
	require.NoError(t, err)
	err = s.publish(t.Context(), "permits", nil)
	require.True(t, isRejected(err))
	require.False(t, isFull(err), "the text is another one: %v", err)
	missing := &jetstream.APIError{ErrorCode: jetstream.JSErrCodeStreamNotFound}
	require.False(t, isRejected(missing), "a missing stream is no rejection")

	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, sharedLimiter{s}.Wait(ctx), context.DeadlineExceeded, "Wait waits until the context ends")
	config.MaxBytes = -1
	_, err = s.js.UpdateStream(t.Context(), config)
	require.NoError(t, err)
	require.NoError(t, sharedLimiter{s}.Wait(t.Context()))
}

func TestLimiterTakesTheLatestRate(t *testing.T) {
	t.Parallel()
	nats := newNATS(t)
	l := sharedLimiter{nats.open(few(time.Hour))}
	for range 5 {
		require.NoError(t, l.Wait(t.Context()))
	}
	require.True(t, isFull(l.publish(t.Context(), "permits", nil)))
	more := few(time.Hour)
	more.rate = 6
	nats.open(more)
	require.NoError(t, l.Wait(t.Context()))
	require.True(t, isFull(l.publish(t.Context(), "permits", nil)))
}
