package selftest_test

import (
	"context"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

func TestRetryBackoffGrowsWithinItsBounds(t *testing.T) {
	t.Parallel()
	policy := quecloud.RetryPolicy{MaxAttempts: 6, BaseDelay: 100 * time.Millisecond, MaxDelay: 300 * time.Millisecond}
	const ms = time.Millisecond
	bounds := []time.Duration{100 * ms, 200 * ms, 300 * ms, 300 * ms, 300 * ms}
	longest, shortest := make([]time.Duration, len(bounds)), slices.Repeat([]time.Duration{time.Hour}, len(bounds))
	for range 1000 {
		synctest.Test(t, func(t *testing.T) {
			client, platform := selftest.Scripted(t, []selftest.Step{{Status: 503}}, quecloud.WithRetry(policy))
			require.Error(t, selftest.Read(t.Context(), client))
			delays := selftest.DelaysBetween(platform.Times())
			require.Len(t, delays, len(bounds))
			for i, d := range delays {
				longest[i], shortest[i] = max(longest[i], d), min(shortest[i], d)
			}
		})
	}
	for i, bound := range bounds {
		assert.LessOrEqual(t, longest[i], bound)
		assert.Greater(t, longest[i], bound*95/100, "the whole range is used")
		assert.Less(t, shortest[i], bound*5/100, "and with it short delays")
	}
}

// The bound of the second delay would be 1<<63 nanoseconds, which is negative.
func TestRetryBackoffDoesNotOverflow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		steps := []selftest.Step{{Status: 503}, {Stream: func(context.Context) io.Reader {
			time.AfterFunc(time.Hour, cancel)
			return strings.NewReader(selftest.HTMLPage)
		}, Status: 503}}
		client, platform := selftest.Scripted(t, steps,
			quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 9, BaseDelay: 1 << 62, MaxDelay: math.MaxInt64}))
		require.ErrorIs(t, selftest.Read(ctx, client), context.Canceled)
		assert.Equal(t, 2, platform.Attempts(), "the second delay is longer than an hour")
	})
}

func TestRetryBudgetIsNeverMoreThanFull(t *testing.T) {
	t.Parallel()
	client, _ := selftest.Scripted(t, []selftest.Step{{Body: selftest.Success}})
	for range 20 {
		require.NoError(t, selftest.Read(t.Context(), client))
	}
	assert.Equal(t, 100, selftest.SpendRetries(t, client))
	assert.Equal(t, 0, selftest.SpendRetries(t, client), "the budget is spent")
	for range 4 {
		require.NoError(t, selftest.Read(t.Context(), client))
	}
	assert.Equal(t, 0, selftest.SpendRetries(t, client), "four successes earn no retry")
	require.NoError(t, selftest.Read(t.Context(), client))
	assert.Equal(t, 1, selftest.SpendRetries(t, client), "the fifth does, and the failed calls took nothing")
}
