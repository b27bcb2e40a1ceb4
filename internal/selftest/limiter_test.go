package selftest_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

func TestLimiterIsAskedBeforeEveryAttempt(t *testing.T) {
	t.Parallel()
	asked, s := 0, (*selftest.Platform)(nil)
	var client *quecloud.Client
	client, s = selftest.Scripted(t, []selftest.Step{
		{Status: 503}, {Status: 503}, {Body: selftest.Success},
	}, quecloud.WithLimiter(selftest.LimiterFunc(func(context.Context) error {
		assert.Equal(t, asked, s.Attempts())
		asked++
		return nil
	})))
	require.NoError(t, selftest.Read(t.Context(), client))
	assert.Equal(t, 3, asked)
}

func TestLimiterErrorEndsTheCallUnsent(t *testing.T) {
	t.Parallel()
	enough := errors.New("enough for today")
	t.Run("at first", func(t *testing.T) {
		t.Parallel()
		for _, kind := range selftest.Calls {
			client, s := selftest.Scripted(t, []selftest.Step{{Body: selftest.Success}},
				quecloud.WithLimiter(selftest.LimiterFunc(func(context.Context) error { return enough })))
			err := kind.Do(t.Context(), client)
			require.ErrorIs(t, err, enough)
			require.ErrorContains(t, err, "not sent: the limiter returned an error")
			assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
			assert.Zero(t, s.Attempts())
		}
	})
	t.Run("before a retry", func(t *testing.T) {
		t.Parallel()
		asked := 0
		client, s := selftest.Scripted(t, []selftest.Step{
			{Err: io.ErrUnexpectedEOF}, {Body: selftest.Success},
		}, quecloud.WithLimiter(selftest.LimiterFunc(func(context.Context) error {
			if asked++; asked > 1 {
				return enough
			}
			return nil
		})))
		err := selftest.Read(t.Context(), client)
		require.ErrorIs(t, err, enough)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "what happened before is not forgotten")
		assert.Equal(t, 1, s.Attempts())
	})
}

// If the context ends while a limiter waits, nothing is sent, and the outcome is known.
func TestLimiterThatOutlivesTheContextLeavesNoDoubt(t *testing.T) {
	t.Parallel()
	for _, kind := range selftest.Calls {
		ctx, cancel := context.WithCancel(t.Context())
		client, s := selftest.Scripted(t, []selftest.Step{{Body: selftest.Success}},
			quecloud.WithLimiter(selftest.LimiterFunc(func(context.Context) error {
				cancel()
				return nil
			})))
		err := kind.Do(ctx, client)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "not sent")
		assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
		assert.Zero(t, s.Attempts())
	}
}
