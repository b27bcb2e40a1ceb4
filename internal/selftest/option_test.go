package selftest_test

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

var testCard = quecloud.ICCID(selftest.ICCID1)

func TestOptionThatIsInvalidIsAnError(t *testing.T) {
	t.Parallel()
	second := time.Second
	for _, tt := range []struct {
		name, param string
		option      quecloud.Option
	}{
		{"nil", "option 2 of 2", nil},
		{"credentials, nil", "WithCredentials", quecloud.WithCredentials(nil)},
		{"HTTP client, nil", "WithHTTPClient", quecloud.WithHTTPClient(nil)},
		{"timeout, 0", "WithTimeout", quecloud.WithTimeout(0)},
		{"timeout, negative", "WithTimeout", quecloud.WithTimeout(-second)},
		{"retry, zero", "WithRetry", quecloud.WithRetry(quecloud.RetryPolicy{})},
		{"retry, negative attempts", "WithRetry", quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: -1})},
		{"retry, negative base", "WithRetry", quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 2, BaseDelay: -1})},
		{"retry, negative bound", "WithRetry", quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 2, MaxDelay: -1})},
		{
			"retry, negative Retry-After", "WithRetry",
			quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 2, MaxRetryAfter: -1}),
		},
		{
			"retry, bound below base", "WithRetry",
			quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 2, BaseDelay: 2 * second, MaxDelay: second}),
		},
		{"limiter, nil", "WithLimiter", quecloud.WithLimiter(nil)},
		{"limiter, a pointer that is nil", "WithLimiter", quecloud.WithLimiter((*selftest.LimiterFunc)(nil))},
		{"limiter, a function that is nil", "WithLimiter", quecloud.WithLimiter(selftest.LimiterFunc(nil))},
		{
			"HTTP client, a transport that is nil", "WithHTTPClient",
			quecloud.WithHTTPClient(&http.Client{Transport: (*http.Transport)(nil)}),
		},
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
		{"base URL, a query", "WithBaseURL", quecloud.WithBaseURL(selftest.URL + "?a=1")},
		{"base URL, an empty query", "WithBaseURL", quecloud.WithBaseURL(selftest.URL + "?")},
		{"base URL, a fragment", "WithBaseURL", quecloud.WithBaseURL(selftest.URL + "#a")},
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
			client, err := quecloud.NewClient(selftest.Key, selftest.Secret, good, tt.option)
			assert.Nil(t, client)
			checkOptionError(t, err, tt.param)

			sound, err := quecloud.NewClient(selftest.Key, selftest.Secret)
			require.NoError(t, err)
			copied, err := sound.With(good, tt.option)
			assert.Nil(t, copied)
			checkOptionError(t, err, tt.param)
		})
	}
}

func checkOptionError(t *testing.T, err error, param string) {
	t.Helper()
	var bad *quecloud.ParamError
	require.ErrorAs(t, err, &bad)
	assert.Equal(t, param, bad.Param)
	assert.NotEmpty(t, bad.Reason)
	assert.Empty(t, bad.Method)
}

func TestOptionBaseURLAccepts(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		quecloud.DefaultBaseURL, "https://platform.example", "HTTPS://platform.example:8443/a/b", "http://localhost:8080/",
		"http://LocalHost", "http://127.0.0.1:1",
		"http://[::1]:8080/x", "https://10.0.0.1/",
	} {
		_, err := quecloud.NewClient(selftest.Key, selftest.Secret, quecloud.WithBaseURL(good))
		assert.NoError(t, err, good)
	}
}

// WithPlainHTTP must also work when it comes after WithBaseURL.
func TestOptionOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	var seen []string
	platform := selftest.TextPlatform(`{"resultCode":0}`)
	for range 20 {
		opts := []quecloud.Option{
			quecloud.WithBaseURL("http://platform.example/router"), quecloud.WithPlainHTTP(), quecloud.WithTimeout(time.Minute),
			quecloud.WithUserAgent("me/1"), quecloud.WithInterceptor(selftest.Tracer(&seen, "a")),
			quecloud.WithLogger(slog.New(slog.DiscardHandler)),
		}
		rand.Shuffle(len(opts), func(i, j int) { opts[i], opts[j] = opts[j], opts[i] })
		require.NoError(t, platform.Client(t, opts...).Cards.Pause(t.Context(), testCard))
		last := platform.Requests()[len(platform.Requests())-1]
		assert.Equal(t, "http://platform.example/router", last.URL)
		assert.Equal(t, "me/1 quecloud-go/"+quecloud.Version, last.Header.Get("User-Agent"))
	}
	assert.Len(t, seen, 40)
}

func TestOptionBaseURLPasswordIsNotShown(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"https://user:canary@platform.example/", "https://user:canary@platform.example:port/",
		"https://canary@platform.example/",
		"https://user:canary%zz@platform.example/", "ftp://user:canary@platform.example/?a=b",
		"https://us@er:can@ary@platform.example/",
		"http://user:canary@platform.example/" + strings.Repeat("long", 100), "user:canary@platform.example",
		"https://user:canary @platform.example/",
	} {
		_, err := quecloud.NewClient(selftest.Key, selftest.Secret, quecloud.WithBaseURL(raw))
		require.Error(t, err, raw)
		for _, shown := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
			for _, part := range []string{"can", "ary"} {
				assert.NotContains(t, shown, part, raw)
			}
		}
	}
}

// The SDK sets CheckRedirect in a copy of the caller's client only.
func TestOptionHTTPClientIsCopied(t *testing.T) {
	t.Parallel()
	own := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS13}}}
	_, err := quecloud.NewClient(selftest.Key, selftest.Secret, quecloud.WithHTTPClient(own))
	require.NoError(t, err)
	assert.Nil(t, own.CheckRedirect)
}
