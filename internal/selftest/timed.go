package selftest

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

// MaxSkew is how far the time of a request may be off the platform's clock.
const MaxSkew = 5 * time.Minute

// RefusedForTime is the response to a request with a wrong time.
const RefusedForTime = `{"resultCode":40,"errorMessage":"时间戳超时"}`

// A TimedPlatform is a transport that refuses requests whose time is wrong by its own clock.
type TimedPlatform struct {
	Ahead  time.Duration              // of its clock, from this machine's
	Date   func(now time.Time) string // its header Date; "" for none
	Body   string                     // of the response to a request with the right time; Success where it is empty
	Status int                        // 200 where it is 0

	mu       sync.Mutex
	Attempts int // that arrived with a good signature
	Executed int // requests with the right time
}

// Client returns a client of the platform with the default retry policy. Options are added to these.
func (p *TimedPlatform) Client(t testing.TB, opts ...quecloud.Option) *quecloud.Client {
	t.Helper()
	return NewClient(t, p, append([]quecloud.Option{quecloud.WithRetry(quecloud.DefaultRetryPolicy())}, opts...)...)
}

// RoundTrip implements http.RoundTripper.
func (p *TimedPlatform) RoundTrip(r *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, err
	}
	if !Signed(form) {
		return &http.Response{StatusCode: http.StatusBadRequest, Body: http.NoBody, Request: r}, nil
	}
	now := time.Now().Add(p.Ahead)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Attempts++
	body := RefusedForTime
	if OnTime(form, now) {
		p.Executed++
		body = cmp.Or(p.Body, Success)
	}
	header := http.Header{}
	if date := p.Date(now); date != "" {
		header.Set("Date", date)
	}
	return &http.Response{
		StatusCode: cmp.Or(p.Status, http.StatusOK), Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

// OnTime reports whether a request's time is right by a platform's clock.
func OnTime(form url.Values, now time.Time) bool {
	t, err := strconv.ParseInt(form.Get("t"), 10, 64)
	return err == nil && now.Sub(time.Unix(t, 0)).Abs() <= MaxSkew
}

// Signed reports whether a request is signed with Secret.
func Signed(form url.Values) bool { return quecloud.Sign(Secret, form) == form.Get("sign") }

// HTTPDate writes a time as the header Date has it.
func HTTPDate(now time.Time) string { return now.UTC().Format(http.TimeFormat) }

// ClockOffset returns the offset that the client adds to its clock, which is ahead of time.Now by host. It makes a call
// that fails before it is sent.
func ClockOffset(t testing.TB, client *quecloud.Client, host time.Duration) time.Duration {
	t.Helper()
	var sent time.Time
	probe, err := client.With(NoRetry, quecloud.WithHTTPClient(&http.Client{
		Transport: TransportFunc(func(r *http.Request) (*http.Response, error) {
			require.NoError(t, r.ParseForm())
			seconds, err := strconv.ParseInt(r.PostForm.Get("t"), 10, 64)
			require.NoError(t, err)
			sent = time.Unix(seconds, 0)
			return nil, io.EOF
		}),
	}))
	require.NoError(t, err)
	require.ErrorIs(t, Read(context.Background(), probe), io.EOF)
	return sent.Sub(time.Now().Add(host))
}
