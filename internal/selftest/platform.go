package selftest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

// The credentials and the address of the clients in tests.
const (
	Key    = "000001"
	Secret = "canary-5f0c1e"
	URL    = "https://platform.example/openapi/router"
)

// Now is the time of clients with [AtNow]. It is 1732605510 in Unix time.
var Now = time.Date(2024, time.November, 26, 15, 18, 30, 0, quecloud.ChinaStandardTime)

// Options for clients in tests.
var (
	// AtNow fixes a client's clock at Now.
	AtNow = quecloud.WithClock(func() time.Time { return Now })
	// NoRetry makes a client give up after the first attempt.
	NoRetry = quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1})
)

// A Responder returns the response to a request, whose form has been parsed, or the error of the transport.
type Responder = httpmock.Responder

// A Step says what a Platform does with one attempt. The zero value responds with status 200 and no body.
type Step struct {
	Unsent  error         // fails before anything is sent
	Wait    time.Duration // before the response, unless the attempt ends first
	Err     error         // fails after the request has arrived
	Respond Responder     // responds; the fields below then mean nothing

	Status int // 200 where it is 0
	Header http.Header
	Body   string
	Stream func(context.Context) io.Reader // replaces Body
}

// A Platform is a transport that follows its steps, the last one for all further attempts, and records what arrives.
type Platform struct {
	Steps []Step

	mu       sync.Mutex
	times    []time.Time // of all attempts
	requests []Request   // that arrived
	running  int
	peak     int
}

// A Request is one that arrived at a Platform.
type Request struct {
	Verb, URL, Body string
	Header          http.Header
	Form            url.Values // as net/http parses Body
}

// NewPlatform returns a platform that follows the steps.
func NewPlatform(steps ...Step) *Platform { return &Platform{Steps: steps} }

// TextPlatform returns a platform that responds to every request with status 200 and the text.
func TextPlatform(text string) *Platform {
	return NewPlatform(Step{Respond: httpmock.NewStringResponder(http.StatusOK, text)})
}

// FilePlatform returns a platform that responds to every request with status 200 and a file of testdata.
func FilePlatform(t testing.TB, file string) *Platform {
	t.Helper()
	return NewPlatform(Step{Respond: httpmock.NewBytesResponder(http.StatusOK, Fixture(t, file))})
}

// FuncPlatform returns a platform that responds with the result of f: a []byte is the body, an error fails the
// transport, and any other value becomes JSON.
func FuncPlatform(f func(ctx context.Context, form url.Values) any) *Platform {
	return NewPlatform(Step{Respond: func(r *http.Request) (*http.Response, error) {
		switch v := f(r.Context(), r.PostForm).(type) {
		case error:
			return nil, v
		case []byte:
			return Response(r.Context(), v), nil
		default:
			text, err := json.Marshal(v)
			return Response(r.Context(), text), err
		}
	}})
}

// Scripted returns a client whose attempts follow the steps, without a delay between them, and the platform of these.
func Scripted(t testing.TB, steps []Step, opts ...quecloud.Option) (*quecloud.Client, *Platform) {
	t.Helper()
	p := NewPlatform(steps...)
	return p.Client(t, opts...), p
}

// Client returns a client of the platform that makes up to four attempts, without a delay. Options are added to these.
func (p *Platform) Client(t testing.TB, opts ...quecloud.Option) *quecloud.Client {
	t.Helper()
	return NewClient(t, p, opts...)
}

// NewClient returns a client over a transport that makes up to four attempts, without a delay. Options are added to
// these.
func NewClient(t testing.TB, transport http.RoundTripper, opts ...quecloud.Option) *quecloud.Client {
	t.Helper()
	client, err := quecloud.NewClient(Key, Secret, append([]quecloud.Option{
		quecloud.WithBaseURL(URL),
		quecloud.WithHTTPClient(&http.Client{Transport: transport}),
		quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 4, MaxRetryAfter: time.Minute}),
	}, opts...)...)
	require.NoError(t, err)
	return client
}

// RoundTrip implements http.RoundTripper.
func (p *Platform) RoundTrip(r *http.Request) (*http.Response, error) {
	p.mu.Lock()
	step := p.Steps[min(len(p.times), len(p.Steps)-1)]
	p.times = append(p.times, time.Now())
	p.mu.Unlock()
	if step.Unsent != nil {
		httptrace.ContextClientTrace(r.Context()).GetConn("platform.example:443")
		return nil, step.Unsent
	}
	r, err := p.receive(r)
	if err != nil {
		return nil, err
	}
	defer p.end()
	if step.Wait > 0 {
		select {
		case <-time.After(step.Wait):
		case <-r.Context().Done():
			return nil, context.Cause(r.Context())
		}
	}
	switch {
	case step.Err != nil:
		return nil, step.Err
	case step.Respond != nil:
		return step.Respond(r)
	}
	var body io.Reader = strings.NewReader(step.Body)
	if step.Stream != nil {
		body = step.Stream(r.Context())
	}
	header := step.Header
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{
		StatusCode: cmp.Or(step.Status, http.StatusOK), Header: header, ContentLength: -1,
		Body: io.NopCloser(body), Request: r,
	}, nil
}

// receive records a request, and returns a copy with a parsed form and an unread body.
func (p *Platform) receive(r *http.Request) (*http.Request, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	arrived := r.Clone(r.Context())
	arrived.Body = io.NopCloser(bytes.NewReader(body))
	if err := arrived.ParseForm(); err != nil {
		return nil, err
	}
	arrived.Body = io.NopCloser(bytes.NewReader(body))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = append(p.requests, Request{r.Method, r.URL.String(), string(body), r.Header.Clone(), arrived.PostForm})
	p.running++
	p.peak = max(p.peak, p.running)
	return arrived, nil
}

func (p *Platform) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running--
}

// Attempts returns how many attempts were made, sent or not.
func (p *Platform) Attempts() int { return len(p.Times()) }

// Times returns when each attempt was made.
func (p *Platform) Times() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.times)
}

// Peak returns the largest number of requests that were under way at once.
func (p *Platform) Peak() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.peak
}

// Running returns how many requests are under way.
func (p *Platform) Running() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.running
}

// Requests returns the requests that arrived.
func (p *Platform) Requests() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

// Request returns the n-th request that arrived, from 0.
func (p *Platform) Request(t testing.TB, n int) Request {
	t.Helper()
	requests := p.Requests()
	require.Greater(t, len(requests), n, "requests that arrived")
	return requests[n]
}

// Forms returns the forms of the requests that arrived.
func (p *Platform) Forms() (forms []url.Values) {
	for _, r := range p.Requests() {
		forms = append(forms, r.Form)
	}
	return forms
}

// Values returns the parameter of that name in each request that arrived.
func (p *Platform) Values(name string) (values []string) {
	for _, form := range p.Forms() {
		values = append(values, form.Get(name))
	}
	return values
}

// Reset forgets all attempts and requests. The steps begin anew.
func (p *Platform) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.times, p.requests, p.peak = nil, nil, p.running
}

// Response returns a response of status 200. As over a network, its body breaks off when the request's context ends.
func Response(ctx context.Context, body []byte) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{}, ContentLength: -1,
		Body: io.NopCloser(&cancelableBody{ctx, bytes.NewReader(body)}),
	}
}

type cancelableBody struct {
	ctx context.Context
	*bytes.Reader
}

// Read reads the rest of the body, unless the context has ended.
func (b *cancelableBody) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil && b.Len() > 0 {
		return 0, err
	}
	return b.Reader.Read(p)
}

// OnlyHTTP1 returns the protocols of a transport that does not speak HTTP/2.
func OnlyHTTP1() *http.Protocols {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return protocols
}
