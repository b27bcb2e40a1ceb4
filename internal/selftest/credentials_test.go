package selftest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// rotating returns an option for credentials that change with every question, from key-1 with secret-1.
func rotating() quecloud.Option {
	var n atomic.Int64
	return quecloud.WithCredentials(func(context.Context) (string, string, error) {
		i := n.Add(1)
		return fmt.Sprintf("key-%d", i), fmt.Sprintf("secret-%d", i), nil
	})
}

// assertSigned checks that a request was signed with the secret that belongs to its appKey.
func assertSigned(t *testing.T, form url.Values) {
	t.Helper()
	var n int
	_, err := fmt.Sscanf(form.Get("appKey"), "key-%d", &n)
	require.NoError(t, err)
	assert.Equal(t, quecloud.Sign(fmt.Sprintf("secret-%d", n), form), form.Get("sign"))
}

func TestCredentialsStayTheSameDuringACall(t *testing.T) {
	t.Parallel()
	for _, kind := range selftest.Calls {
		client, s := selftest.Scripted(t, []selftest.Step{
			{Status: http.StatusTooManyRequests}, {Status: http.StatusTooManyRequests}, {Body: `{"resultCode":5}`},
		}, rotating())
		for range 2 {
			require.Error(t, kind.Do(t.Context(), client))
		}
		assert.Equal(t, []string{"key-1", "key-1", "key-1", "key-2"}, s.Values("appKey"), kind.Name)
		for _, form := range s.Forms() {
			assertSigned(t, form)
		}
	}
}

// A read that is sent again after a correction of the clock keeps its account, and the correction outlives the key.
func TestCredentialsChangeWithoutTheClock(t *testing.T) {
	t.Parallel()
	var keys []string
	platform := &selftest.TimedPlatform{Ahead: 2 * selftest.MaxSkew, Date: selftest.HTTPDate}
	client := platform.Client(t, quecloud.WithCredentials(func(context.Context) (string, string, error) {
		keys = append(keys, selftest.Key)
		return selftest.Key, selftest.Secret, nil
	}))
	for range 2 {
		require.NoError(t, selftest.Read(t.Context(), client))
	}
	assert.Equal(t, 3, platform.Attempts, "the second call needs no correction")
	assert.Len(t, keys, 2)
}

func TestCredentialsErrorEndsTheCallUnsent(t *testing.T) {
	t.Parallel()
	sealed := errors.New("the vault is sealed")
	for _, kind := range selftest.Calls {
		client, s := selftest.Scripted(t, []selftest.Step{{Body: selftest.Success}},
			quecloud.WithLimiter(selftest.LimiterFunc(func(context.Context) error {
				t.Error("the limiter was asked")
				return nil
			})),
			quecloud.WithCredentials(func(context.Context) (string, string, error) { return "k", "s", sealed }))
		err := kind.Do(t.Context(), client)
		require.ErrorIs(t, err, sealed)
		require.ErrorContains(t, err, "not sent: WithCredentials returned an error: the vault is sealed")
		assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
		assert.Equal(t, "not_sent", quecloud.ErrorType(err))
		assert.Zero(t, s.Attempts())
	}
}

func TestCredentialsErrorDoesNotShowTheSecret(t *testing.T) {
	t.Parallel()
	const secret = "canary-0123456789"
	quoting := fmt.Errorf(`vault: bad key {"secret":"%s"}: %w`, secret, io.ErrUnexpectedEOF)
	for _, kind := range selftest.Calls {
		client, s := selftest.Scripted(t, []selftest.Step{{Body: selftest.Success}},
			quecloud.WithCredentials(func(context.Context) (string, string, error) { return "k", secret, quoting }))
		err := kind.Do(t.Context(), client)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.ErrorContains(t, err, `vault: bad key {"secret":"…"}: unexpected EOF`)
		assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "canary")
		assert.Zero(t, s.Attempts())
	}
}

func TestCredentialsThatAreInvalidEndTheCallUnsent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, appKey, secret string
		reason               string
	}{
		{name: "none", reason: "the appKey is empty"},
		{name: "no secret", appKey: "k", reason: "the secret is empty"},
		{name: "line end", appKey: "k", secret: "canary\n", reason: "the secret begins or ends with white space"},
		{name: "quotes", appKey: "'canary'", secret: "s", reason: "the appKey is in quotes"},
	} {
		for _, kind := range selftest.Calls {
			client, s := selftest.Scripted(t, []selftest.Step{{Body: selftest.Success}},
				quecloud.WithCredentials(func(context.Context) (string, string, error) { return tt.appKey, tt.secret, nil }))
			err := kind.Do(t.Context(), client)
			var bad *quecloud.ParamError
			require.ErrorAs(t, err, &bad, tt.name)
			assert.Equal(t, kind.Method, bad.Method)
			assert.Equal(t, "WithCredentials", bad.Param)
			assert.Contains(t, bad.Reason, tt.reason)
			assert.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), "canary")
			assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
			assert.Zero(t, s.Attempts())
		}
	}
}

func TestCredentialsAreNotAskedForWithoutNeed(t *testing.T) {
	t.Parallel()
	forbidden := quecloud.WithCredentials(func(context.Context) (string, string, error) {
		t.Error("the function was called")
		return "", "", io.EOF
	})
	own := errors.New("no")
	client, _ := selftest.Scripted(t, []selftest.Step{{Body: selftest.Success}}, forbidden)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, selftest.Read(ended, client), context.Canceled, "the context has ended")
	require.ErrorAs(t, client.Cards.Pause(t.Context(), quecloud.CardID{}), new(*quecloud.ParamError))
	stopped, err := client.With(quecloud.WithInterceptor(func(
		context.Context, *quecloud.CallInfo, func(context.Context) error,
	) error {
		return own
	}))
	require.NoError(t, err)
	require.ErrorIs(t, selftest.Read(t.Context(), stopped), own, "an interceptor ends the call")
}

// The function gets the context of the call. If that ends meanwhile, the error says so.
func TestCredentialsAreAskedForWithTheContext(t *testing.T) {
	t.Parallel()
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "tenant"))
	client, s := selftest.Scripted(t, []selftest.Step{{Body: selftest.Success}},
		quecloud.WithCredentials(func(ctx context.Context) (string, string, error) {
			assert.Equal(t, "tenant", ctx.Value(key{}))
			cancel()
			return "", "", errors.New("gave up")
		}))
	err := selftest.Read(ctx, client)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, "canceled", quecloud.ErrorType(err))
	assert.Zero(t, s.Attempts())
}

func TestCredentialsTakePrecedence(t *testing.T) {
	t.Parallel()
	s := selftest.TextPlatform(selftest.Success)
	fixed := s.Client(t)
	copied, err := fixed.With(rotating())
	require.NoError(t, err)
	again, err := copied.With(quecloud.WithUserAgent("x"))
	require.NoError(t, err)
	transport := quecloud.WithHTTPClient(&http.Client{Transport: s})
	empty, err := quecloud.NewClient("", "", transport, rotating())
	require.NoError(t, err)
	ignored, err := quecloud.NewClient("", "no\n", rotating(), transport)
	require.NoError(t, err)
	for _, client := range []*quecloud.Client{fixed, copied, again, empty, ignored} {
		require.NoError(t, selftest.Read(t.Context(), client))
	}
	assert.Equal(t, []string{selftest.Key, "key-1", "key-2", "key-1", "key-1"}, s.Values("appKey"))
}

func TestCredentialsOfConcurrentCallsDoNotMix(t *testing.T) {
	t.Parallel()
	s := selftest.TextPlatform(selftest.Success)
	client := s.Client(t, rotating())
	const calls = 50
	var wg sync.WaitGroup
	for range calls {
		wg.Go(func() { assert.NoError(t, selftest.Read(t.Context(), client)) })
	}
	wg.Wait()
	keys := map[string]bool{}
	for _, form := range s.Forms() {
		keys[form.Get("appKey")] = true
		assertSigned(t, form)
	}
	assert.Len(t, keys, calls)
}
