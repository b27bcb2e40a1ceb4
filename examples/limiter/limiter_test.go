package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// TestMain lets tests start the test program as further processes.
func TestMain(m *testing.M) {
	if os.Getenv(workloadEnv) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A stage has a Redis whose clock stands still, and a stand-in for the platform.
type stage struct {
	redis    *miniredis.Miniredis
	now      time.Time
	platform *quecloudtest.Server
}

func newStage(t *testing.T) *stage {
	s := &stage{miniredis.RunT(t), time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), quecloudtest.NewServer()}
	t.Cleanup(s.platform.Close)
	s.redis.SetTime(s.now)
	return s
}

// advance moves the clock of Redis.
func (s *stage) advance(d time.Duration) {
	s.now = s.now.Add(d)
	s.redis.SetTime(s.now)
}

// limiter returns a limiter with its own connection that waits with sleep. Redis computes its limit, a call every 1/16
// s, exactly.
func (s *stage) limiter(t *testing.T, appKey string, sleep func(context.Context, time.Duration) error) *sharedLimiter {
	rdb := redis.NewClient(&redis.Options{Addr: s.redis.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = rdb.Close() })
	l := newSharedLimiter(rdb, appKey, redis_rate.Limit{Rate: 16, Burst: 5, Period: time.Second})
	l.sleep = sleep
	return l
}

var errNotNow = errors.New("not now")

// notNow does not wait for a permit.
func notNow(context.Context, time.Duration) error { return errNotNow }

func TestLimiterIsSharedByClients(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	clients := make([]*quecloud.Client, 4)
	for i := range clients {
		clients[i] = s.platform.Client(quecloud.WithLimiter(s.limiter(t, "account", notNow)))
	}
	for _, step := range []struct {
		after time.Duration
		calls int
	}{
		{0, 5},                     // the burst
		{0, 0},                     // the burst is used up
		{62 * time.Millisecond, 0}, // not yet
		{500 * time.Microsecond, 1},
		{125 * time.Millisecond, 2},
		{time.Hour, 5}, // unused permits do not add up beyond the burst
	} {
		s.advance(step.after)
		before := len(s.platform.Requests())
		var made, refused atomic.Int64
		var calls sync.WaitGroup
		for _, client := range clients {
			for range 5 {
				calls.Go(func() {
					switch _, err := client.Billing.Account(t.Context()); {
					case err == nil:
						made.Add(1)
					case errors.Is(err, errNotNow):
						refused.Add(1)
					default:
						t.Error(err)
					}
				})
			}
		}
		calls.Wait()
		assert.EqualValues(t, step.calls, made.Load(), "after %v", step.after)
		assert.EqualValues(t, 20, made.Load()+refused.Load())
		assert.Len(t, s.platform.Requests(), before+step.calls, "no request without a permit")
	}
}

func TestLimiterWaitsAsLongAsRedisSays(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	var waited []time.Duration
	l := s.limiter(t, "account", func(_ context.Context, d time.Duration) error {
		waited = append(waited, d)
		if len(waited) != 2 { // another process was faster
			s.advance(d)
		}
		return nil
	})
	for range 5 + 2 {
		require.NoError(t, l.Wait(t.Context()))
	}
	const interval = time.Second / 16
	assert.Equal(t, []time.Duration{interval, interval, interval}, waited)
}

func TestLimiterCountsAttempts(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	client := s.platform.Client(quecloud.WithLimiter(s.limiter(t, "account", notNow)),
		quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 10}))
	s.platform.Inject(quecloudtest.HTTPStatus(503))
	_, err := client.Billing.Account(t.Context())
	require.ErrorIs(t, err, errNotNow)
	assert.Len(t, s.platform.Requests(), 5)
}

func TestLimiterIsPerAccount(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	one, other := s.limiter(t, "one", notNow), s.limiter(t, "other", notNow)
	for range 5 {
		require.NoError(t, one.Wait(t.Context()))
	}
	require.ErrorIs(t, one.Wait(t.Context()), errNotNow)
	require.NoError(t, other.Wait(t.Context()))
}

func TestLimiterAllowsNothingWithoutRedis(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	client := s.platform.Client(quecloud.WithLimiter(s.limiter(t, "account", notNow)))
	s.redis.SetError("LOADING Redis is loading the dataset in memory")
	_, err := client.Billing.Account(t.Context())
	require.ErrorContains(t, err, "asking Redis for a permit")
	assert.Empty(t, s.platform.Requests())
}

func TestLimiterEndsWithTheContext(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	reason := errors.New("shutting down")
	ctx, cancel := context.WithCancelCause(t.Context())
	l := s.limiter(t, "account", func(ctx context.Context, _ time.Duration) error {
		cancel(reason)
		return sleep(ctx, time.Hour)
	})
	for range 5 {
		require.NoError(t, l.Wait(ctx))
	}
	require.ErrorIs(t, l.Wait(ctx), reason)
}

func TestLimiterIsSharedByProcesses(t *testing.T) {
	t.Parallel()
	shared := miniredis.RunT(t)
	limit := redis_rate.Limit{Rate: 500, Burst: 5, Period: time.Second}
	var out strings.Builder
	require.NoError(t, demonstrate(t.Context(), &out, shared.Addr(), 3, 4, limit))
	assert.Contains(t, out.String(), "12 calls in")
	for _, process := range []string{"process 1: 4 calls", "process 2: 4 calls", "process 3: 4 calls"} {
		assert.Contains(t, out.String(), process)
	}
	assert.Equal(t, []string{"rate:quecloud:" + quecloudtest.DefaultAppKey}, shared.Keys())
}

func TestLimiterShowsFailuresOfProcesses(t *testing.T) {
	t.Parallel()
	shared := miniredis.RunT(t)
	shared.SetError("ERR no")
	var out strings.Builder
	require.Error(t, demonstrate(t.Context(), &out, shared.Addr(), 2, 1, redis_rate.PerSecond(5)))
	assert.Contains(t, out.String(), "asking Redis for a permit: ERR no")
}

func TestLimiterDemonstrationFailsAboveTheLimit(t *testing.T) {
	t.Parallel()
	limit := redis_rate.Limit{Rate: 2, Burst: 1, Period: time.Second}
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var requests []quecloudtest.Request
	for _, ms := range []int{0, 500, 1000} {
		requests = append(requests, quecloudtest.Request{Time: start.Add(time.Duration(ms) * time.Millisecond)})
	}
	var out strings.Builder
	require.NoError(t, showRate(&out, requests, limit, start, start.Add(time.Second)))
	assert.Contains(t, out.String(), "second 1:   2 ▪▪\nsecond 2:   1 ▪\n")
	require.Error(t, showRate(&out, requests, limit, start, start.Add(999*time.Millisecond)))
}
