package quecloud_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

func TestABadOptionIsAnErrorOfNewClientAndOfWith(t *testing.T) {
	t.Parallel()
	second := time.Second
	for _, tt := range []struct {
		name, param string
		option      quecloud.Option
	}{
		{"nil", "option 2 of 2", nil},
		{"HTTP client, nil", "WithHTTPClient", quecloud.WithHTTPClient(nil)},
		{"timeout, 0", "WithTimeout", quecloud.WithTimeout(0)},
		{"timeout, negative", "WithTimeout", quecloud.WithTimeout(-second)},
		{"retry, zero", "WithRetry", quecloud.WithRetry(quecloud.RetryPolicy{})},
		{"retry, negative attempts", "WithRetry", quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: -1})},
		{"retry, negative base", "WithRetry", quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 2, BaseDelay: -1})},
		{"retry, negative bound", "WithRetry", quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 2, MaxDelay: -1})},
		{"retry, negative Retry-After", "WithRetry", quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 2, MaxRetryAfter: -1})},
		{"retry, bound below base", "WithRetry", quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 2, BaseDelay: 2 * second, MaxDelay: second})},
		{"limiter, nil", "WithLimiter", quecloud.WithLimiter(nil)},
		{"limiter, a pointer that is nil", "WithLimiter", quecloud.WithLimiter((*quota)(nil))},
		{"limiter, a function that is nil", "WithLimiter", quecloud.WithLimiter(limitFunc(nil))},
		{"HTTP client, a transport that is nil", "WithHTTPClient", quecloud.WithHTTPClient(&http.Client{Transport: (*http.Transport)(nil)})},
		{"interceptor, nil", "WithInterceptor", quecloud.WithInterceptor(nil)},
		{"logger, nil", "WithLogger", quecloud.WithLogger(nil)},
		{"logger, zero", "WithLogger", quecloud.WithLogger(&slog.Logger{})},
		{"drift handler, nil", "WithDriftHandler", quecloud.WithDriftHandler(nil)},
		{"clock, nil", "WithClock", quecloud.WithClock(nil)},
		{"user agent, empty", "WithUserAgent", quecloud.WithUserAgent("")},
		{"user agent, two lines", "WithUserAgent", quecloud.WithUserAgent("a\r\nX-Evil: 1")},
		{"user agent, Chinese", "WithUserAgent", quecloud.WithUserAgent("服务/1")},
		{"base URL, empty", "WithBaseURL", quecloud.WithBaseURL("")},
		{"base URL, no scheme", "WithBaseURL", quecloud.WithBaseURL("api.quectel.com/openapi/router")},
		{"base URL, another scheme", "WithBaseURL", quecloud.WithBaseURL("ftp://api.quectel.com")},
		{"base URL, no host", "WithBaseURL", quecloud.WithBaseURL("https:///openapi")},
		{"base URL, a port only", "WithBaseURL", quecloud.WithBaseURL("https://:443/openapi")},
		{"base URL, port 0", "WithBaseURL", quecloud.WithBaseURL("https://platform.example:0/")},
		{"base URL, a port too large", "WithBaseURL", quecloud.WithBaseURL("https://platform.example:65536/")},
		{"base URL, no URL", "WithBaseURL", quecloud.WithBaseURL("https://a b/")},
		{"base URL, bad escape", "WithBaseURL", quecloud.WithBaseURL("https://platform.example/%zz")},
		{"base URL, a query", "WithBaseURL", quecloud.WithBaseURL(testURL + "?a=1")},
		{"base URL, an empty query", "WithBaseURL", quecloud.WithBaseURL(testURL + "?")},
		{"base URL, a fragment", "WithBaseURL", quecloud.WithBaseURL(testURL + "#a")},
		{"base URL, a password", "WithBaseURL", quecloud.WithBaseURL("https://me:pw@platform.example/")},
		{"base URL, not encrypted", "WithBaseURL", quecloud.WithBaseURL("http://platform.example/")},
		{"base URL, almost this machine", "WithBaseURL", quecloud.WithBaseURL("http://localhost.example/")},
		{"base URL, a private network", "WithBaseURL", quecloud.WithBaseURL("http://10.0.0.1/")},
		{"base URL, a home network", "WithBaseURL", quecloud.WithBaseURL("http://192.168.1.1:8080/")},
		{"base URL, a private network of IPv6", "WithBaseURL", quecloud.WithBaseURL("http://[fd00::1]/")},
		{"base URL, a link", "WithBaseURL", quecloud.WithBaseURL("http://[fe80::1]/")},
		{"base URL, no address yet", "WithBaseURL", quecloud.WithBaseURL("http://0.0.0.0/")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			good := quecloud.WithTimeout(second)
			client, err := quecloud.NewClient(testKey, testSecret, good, tt.option)
			assert.Nil(t, client)
			checkBadOption(t, err, tt.param)

			sound, err := quecloud.NewClient(testKey, testSecret)
			require.NoError(t, err)
			copied, err := sound.With(good, tt.option)
			assert.Nil(t, copied)
			checkBadOption(t, err, tt.param)
		})
	}
}

func checkBadOption(t *testing.T, err error, param string) {
	t.Helper()
	var bad *quecloud.ParamError
	require.ErrorAs(t, err, &bad)
	assert.Equal(t, param, bad.Param)
	assert.NotEmpty(t, bad.Reason)
	assert.Empty(t, bad.Method)
}

func TestGoodBaseURLsAreAccepted(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		quecloud.DefaultBaseURL, "https://platform.example", "HTTPS://platform.example:8443/a/b", "http://localhost:8080/", "http://LocalHost", "http://127.0.0.1:1",
		"http://[::1]:8080/x", "https://10.0.0.1/",
	} {
		_, err := quecloud.NewClient(testKey, testSecret, quecloud.WithBaseURL(good))
		assert.NoError(t, err, good)
	}
}

// An address that is allowed only by another option must not be refused because that comes later.
func TestTheOrderOfOptionsDoesNotMatter(t *testing.T) {
	t.Parallel()
	var seen []string
	platform := newPlatform(answerText(`{"resultCode":0}`))
	for range 20 {
		opts := []quecloud.Option{
			quecloud.WithBaseURL("http://platform.example/router"), quecloud.WithPlainHTTP(), quecloud.WithTimeout(time.Minute),
			quecloud.WithUserAgent("me/1"), quecloud.WithInterceptor(tracer(&seen, "a")), quecloud.WithLogger(slog.New(slog.DiscardHandler)),
		}
		rand.Shuffle(len(opts), func(i, j int) { opts[i], opts[j] = opts[j], opts[i] })
		require.NoError(t, platform.client(t, opts...).Cards.Pause(t.Context(), card))
		last := platform.requests[len(platform.requests)-1]
		assert.Equal(t, "http://platform.example/router", last.url)
		assert.Equal(t, "me/1 quecloud-go/"+quecloud.Version, last.header.Get("User-Agent"))
	}
	assert.Len(t, seen, 40)
}

func TestThePasswordOfABaseURLIsNotPrinted(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"https://user:canary@platform.example/", "https://user:canary@platform.example:port/", "https://canary@platform.example/",
		"https://user:canary%zz@platform.example/", "ftp://user:canary@platform.example/?a=b", "https://us@er:can@ary@platform.example/",
		"http://user:canary@platform.example/" + strings.Repeat("long", 100), "user:canary@platform.example", "https://user:canary @platform.example/",
	} {
		_, err := quecloud.NewClient(testKey, testSecret, quecloud.WithBaseURL(raw))
		require.Error(t, err, raw)
		for _, shown := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
			for _, part := range []string{"can", "ary"} {
				assert.NotContains(t, shown, part, raw)
			}
		}
	}
}

// tracer is an interceptor that notes when it begins and ends.
func tracer(seen *[]string, name string) quecloud.Interceptor {
	return func(ctx context.Context, _ *quecloud.CallInfo, next func(context.Context) error) error {
		*seen = append(*seen, name)
		defer func() { *seen = append(*seen, "-"+name) }()
		return next(ctx)
	}
}

func TestInterceptorsComposeTheFirstGivenOutermost(t *testing.T) {
	t.Parallel()
	var seen []string
	platform := newPlatform(answerText(`{"resultCode":0}`))
	client := platform.client(t, quecloud.WithInterceptor(tracer(&seen, "a")), quecloud.WithInterceptor(tracer(&seen, "b")),
		quecloud.WithInterceptor(tracer(&seen, "c")))
	require.NoError(t, client.Cards.Pause(t.Context(), card))
	assert.Equal(t, []string{"a", "b", "c", "-c", "-b", "-a"}, seen)
}

func TestAnInterceptorSeesTheCallAndItsEnd(t *testing.T) {
	t.Parallel()
	var before, after quecloud.CallInfo
	platform := newPlatform(answerText(`{"resultCode":3}`))
	client := platform.client(t, quecloud.WithInterceptor(func(ctx context.Context, info *quecloud.CallInfo, next func(context.Context) error) error {
		before = *info
		err := next(ctx)
		after = *info
		return err
	}))
	require.ErrorAs(t, client.Cards.Pause(t.Context(), card), new(*quecloud.APIError))
	params := url.Values{"iccid": {iccid1}}
	assert.Equal(t, quecloud.CallInfo{Method: "fc.function.card.pause", Kind: quecloud.KindSet, URL: testURL, Params: params}, before)
	assert.Equal(t, quecloud.CallInfo{
		Method: "fc.function.card.pause", Kind: quecloud.KindSet, URL: testURL, Params: params,
		Attempts: 1, HTTPStatus: 200, Responded: true, ResultCode: 3,
	}, after)
}

func TestAnInterceptorMayAnswerItselfAndCannotCallTwice(t *testing.T) {
	t.Parallel()
	platform := newPlatform(answerText(`{"resultCode":0,"monthflow":1}`))
	cached := platform.client(t, quecloud.WithInterceptor(func(_ context.Context, info *quecloud.CallInfo, _ func(context.Context) error) error {
		info.Result.(*quecloud.MonthFlow).MonthFlow = 42
		return nil
	}))
	flow, err := cached.Flow.Month(t.Context(), card, october2020)
	require.NoError(t, err)
	assert.Equal(t, &quecloud.MonthFlow{MonthFlow: 42}, flow)
	assert.Empty(t, platform.requests)

	twice := platform.client(t, quecloud.WithInterceptor(func(ctx context.Context, _ *quecloud.CallInfo, next func(context.Context) error) error {
		return errors.Join(next(ctx), next(ctx))
	}))
	_, err = twice.Flow.Month(t.Context(), card, october2020)
	assert.ErrorContains(t, err, "twice")
	assert.Len(t, platform.requests, 1)
}

// The caller's HTTP client is copied, so that the SDK's own rule about redirects stays with the SDK.
func TestTheCallersHTTPClientIsLeftAsItWas(t *testing.T) {
	t.Parallel()
	own := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS13}}}
	_, err := quecloud.NewClient(testKey, testSecret, quecloud.WithHTTPClient(own))
	require.NoError(t, err)
	assert.Nil(t, own.CheckRedirect)
}

// 100 calls at once meet a server that answers none before as many have come as there are connections.
func TestManyCallsAtOnceShareTheConnections(t *testing.T) {
	t.Parallel()
	const connections = 64
	var opened, arrived atomic.Int64
	full := make(chan struct{})
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if arrived.Add(1) == connections {
			close(full)
		}
		<-full
		_, _ = io.Copy(io.Discard, r.Body)
		io.WriteString(w, `{"resultCode":0}`)
	}))
	srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	client, err := quecloud.NewClient("000001", "abcdef", quecloud.WithBaseURL(srv.URL))
	require.NoError(t, err)
	var calls sync.WaitGroup
	for range 100 {
		calls.Go(func() {
			for range 10 {
				assert.NoError(t, client.Cards.Pause(t.Context(), card))
			}
		})
	}
	calls.Wait()
	assert.InDelta(t, connections, opened.Load(), 10, "on a busy machine net/http gives up one now and then")
	assert.EqualValues(t, 1000, arrived.Load())
}

type limitFunc func(context.Context) error

func (f limitFunc) Wait(ctx context.Context) error { return f(ctx) }
