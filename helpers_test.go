package quecloud_test

import (
	"context"
	"crypto/sha1"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

const (
	testKey    = "000001"
	testSecret = "abcdef"
	testURL    = "https://platform.example/openapi/router"
)

var testNow = time.Date(2024, 11, 26, 15, 18, 30, 0, quecloud.ChinaStandardTime) // 1732605510

// unsignedParams are sent and not part of the signature, § 2.3.7 and § 2.3.8.
var unsignedParams = map[string][]string{
	"fc.function.card.alarm":        {"alarmParam"},
	"fc.function.card.alarm.status": {"alarmStatus", "pauseStatus"},
}

// checkRequest checks a request apart from the client's own code: with parameters and a signature made here.
func checkRequest(t *testing.T, got sentRequest, method string, business map[string]string) {
	t.Helper()
	require.Equal(t, http.MethodPost, got.verb)
	require.Equal(t, testURL, got.url, "the URL has no query")
	require.Equal(t, "application/x-www-form-urlencoded", got.header.Get("Content-Type"))

	want := map[string]string{"appKey": testKey, "method": method, "t": "1732605510"}
	maps.Copy(want, business)
	want["sign"] = plainSign(testSecret, want, unsignedParams[method]...)
	form, err := url.ParseQuery(got.body)
	require.NoError(t, err)
	sent := map[string]string{}
	for name, values := range form {
		require.Len(t, values, 1, name)
		require.NotEmpty(t, values[0], "%s is blank", name)
		sent[name] = values[0]
	}
	require.Equal(t, want, sent)
}

// plainSign signs as § 1.6 says, in the plainest way.
func plainSign(secret string, params map[string]string, unsigned ...string) string {
	var text strings.Builder
	text.WriteString(secret)
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if name != "sign" && params[name] != "" && !slices.Contains(unsigned, name) {
			text.WriteString(name + params[name])
		}
	}
	return fmt.Sprintf("%X", sha1.Sum([]byte(text.String()+secret)))
}

// A platform answers every request of its client in the same way, and keeps what was sent.
type platform struct {
	answer   httpmock.Responder
	mu       sync.Mutex
	requests []sentRequest
}

type sentRequest struct {
	verb, url, body string
	header          http.Header
}

func newPlatform(answer httpmock.Responder) *platform { return &platform{answer: answer} }

// client returns a client that talks to the platform at testNow. Options come on top.
func (p *platform) client(t *testing.T, opts ...quecloud.Option) *quecloud.Client {
	t.Helper()
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.requests = append(p.requests, sentRequest{r.Method, r.URL.String(), string(body), r.Header})
		return p.answer(r)
	})
	client, err := quecloud.NewClient(testKey, testSecret, append([]quecloud.Option{
		quecloud.WithBaseURL(testURL),
		quecloud.WithHTTPClient(&http.Client{Transport: mock}),
		quecloud.WithClock(func() time.Time { return testNow }),
		quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 4}),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

// params are the parameters of the n-th request.
func (p *platform) params(t *testing.T, n int) url.Values {
	t.Helper()
	require.Greater(t, len(p.requests), n, "requests that were sent")
	form, err := url.ParseQuery(p.requests[n].body)
	require.NoError(t, err)
	return form
}

// answerText answers with HTTP status 200 and a text.
func answerText(text string) httpmock.Responder {
	return httpmock.NewStringResponder(http.StatusOK, text)
}

// answerFile answers with a file of testdata.
func answerFile(t *testing.T, file string) httpmock.Responder {
	t.Helper()
	return httpmock.NewBytesResponder(http.StatusOK, readFile(t, file))
}

func readFile(t *testing.T, file string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	return content
}

func recorded(file string) bool {
	_, err := os.Stat(filepath.Join("testdata", file))
	return err == nil
}

// result makes a pair out of what a method returns.
func result[T any](value T, err error) (any, error) { return value, err }

// done is the result of a method that returns only an error.
func done(err error) (any, error) { return nil, err }

// cst is a time in China Standard Time.
func cst(year int, month time.Month, day, hour, minute, second int) time.Time {
	return time.Date(year, month, day, hour, minute, second, 0, quecloud.ChinaStandardTime)
}

func yuan(amount string) decimal.Decimal { return selftest.Yuan(amount) }

var (
	recharge = selftest.Recharge
	renewal  = selftest.Renewal
)

func buy(params quecloud.RechargeParams) func(context.Context, *quecloud.Client) (any, error) {
	return func(ctx context.Context, c *quecloud.Client) (any, error) { return c.Orders.Recharge(ctx, &params) }
}

func renew(params quecloud.RenewalParams) func(context.Context, *quecloud.Client) (any, error) {
	return func(ctx context.Context, c *quecloud.Client) (any, error) { return c.Orders.Renew(ctx, &params) }
}
