package quecloud

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A scriptStep is how a scripted platform treats one attempt.
type scriptStep struct {
	unsent error         // fail before anything was sent
	wait   time.Duration // before the answer, unless the attempt ends
	err    error         // fail after the request was received
	status int           // 200 where it is 0
	header http.Header
	body   string
	stream func(context.Context) io.Reader // the body, where it does not come at once
}

// scripted is a transport that treats attempts as its steps say, the last one again and again, and keeps what it got.
type scripted struct {
	steps []scriptStep

	mu    sync.Mutex
	tries int
	forms []url.Values // of the attempts that were received
	times []time.Time  // of all attempts
}

func (s *scripted) RoundTrip(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	step := s.steps[min(s.tries, len(s.steps)-1)]
	s.tries++
	s.times = append(s.times, time.Now())
	s.mu.Unlock()
	if step.unsent != nil {
		httptrace.ContextClientTrace(req.Context()).GetConn("platform.example:443")
		return nil, step.unsent
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.forms = append(s.forms, form)
	s.mu.Unlock()
	if step.wait > 0 {
		select {
		case <-time.After(step.wait):
		case <-req.Context().Done():
			return nil, context.Cause(req.Context())
		}
	}
	if step.err != nil {
		return nil, step.err
	}
	var answer io.Reader = strings.NewReader(step.body)
	if step.stream != nil {
		answer = step.stream(req.Context())
	}
	header := step.header
	if header == nil {
		header = http.Header{}
	}
	return &http.Response{
		StatusCode: cmp.Or(step.status, 200), Header: header, ContentLength: -1,
		Body: io.NopCloser(answer), Request: req,
	}, nil
}

const (
	testSecret  = "canary-5f0c1e"
	testICCID   = "8986031749203860001"
	testContent = "阀门 7 号关闭" // of an SMS
	phone       = "1064991300001"
	fineAnswer  = `{"resultCode":0,"errorMessage":"","mt":3,"mo":4,"orderNo":"R1","taskId":7,"successList":[{"msisdn":"1064991300001","sms_id":"9"}]}` // to every one of kindCalls
)

// newScripted returns a client whose attempts go as the steps say, without any delay between them.
func newScripted(t *testing.T, steps []scriptStep, opts ...Option) (*Client, *scripted) {
	t.Helper()
	s := &scripted{steps: steps}
	opts = append([]Option{
		WithHTTPClient(&http.Client{Transport: s}),
		WithRetry(RetryPolicy{MaxAttempts: 4, MaxRetryAfter: time.Minute}),
	}, opts...)
	client, err := NewClient("000001", testSecret, opts...)
	require.NoError(t, err)
	return client, s
}

// kindCalls has a call of each kind, and what its answer must give.
var kindCalls = []struct {
	name       string
	method     string
	repeatable bool
	call       func(context.Context, *Client) error
}{
	{"read", "fc.function.sms.monthcount", true, func(ctx context.Context, c *Client) error {
		_, err := c.SMS.MonthCount(ctx, Month{2025, time.May})
		return err
	}},
	{"set", "fc.function.card.pause", false, func(ctx context.Context, c *Client) error {
		return c.Cards.Pause(ctx, MSISDN(phone))
	}},
	{"spend", "fc.function.card.recharge", false, func(ctx context.Context, c *Client) error {
		_, err := c.Orders.Recharge(ctx, &RechargeParams{ICCID: testICCID, ProductID: 50, ProductName: "30M"})
		return err
	}},
	{"spend with ExternalID", "fc.function.card.recharge", false, func(ctx context.Context, c *Client) error {
		_, err := c.Orders.Recharge(ctx, &RechargeParams{ICCID: testICCID, ProductID: 50, ProductName: "30M", ExternalID: "order-1"})
		return err
	}},
	{"once", "fc.function.file.card.get", false, func(ctx context.Context, c *Client) error {
		_, err := c.Files.Start(ctx)
		return err
	}},
	{"send", "fc.function.sms.send", false, func(ctx context.Context, c *Client) error {
		_, err := c.SMS.Send(ctx, &SMSSendParams{Cards: MSISDNs(phone), Content: testContent})
		return err
	}},
}

func readOnce(ctx context.Context, c *Client) error { return kindCalls[0].call(ctx, c) }

func TestEveryAttemptIsSignedAnewAndOtherwiseTheSame(t *testing.T) {
	t.Parallel()
	now := time.Unix(1732605510, 0)
	var mu sync.Mutex
	ticking := func() time.Time { // a second passes whenever somebody looks
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}
	client, s := newScripted(t, []scriptStep{{status: 429}, {unsent: io.EOF}, {status: 429}, {body: fineAnswer}}, WithClock(ticking))
	receipt, err := client.Orders.Recharge(t.Context(), &RechargeParams{
		ICCID: testICCID, ProductID: 50, ProductName: "30M-当月", ExternalID: "order 1/é",
	})
	require.NoError(t, err)
	assert.Equal(t, "order 1/é", receipt.ExternalID)
	require.Len(t, s.forms, 3)
	seen := map[string]bool{}
	for _, form := range s.forms {
		assert.Equal(t, "order 1/é", form.Get("externalId"))
		assert.Equal(t, Sign(testSecret, form), form.Get("sign"))
		assert.False(t, seen[form.Get("t")], "t is used twice")
		seen[form.Get("t")] = true
		form.Del("t")
		form.Del("sign")
		assert.Equal(t, url.Values{
			"appKey": {"000001"}, "method": {"fc.function.card.recharge"}, "iccid": {testICCID}, "productId": {"50"},
			"productName": {"30M-当月"}, "externalId": {"order 1/é"},
		}, form)
	}
}

func TestCallHandlesAnUnknownMethodAsOneThatMustNotBeRepeated(t *testing.T) {
	t.Parallel()
	client, s := newScripted(t, []scriptStep{{err: io.ErrUnexpectedEOF}, {body: fineAnswer}})
	err := client.Call(t.Context(), "fc.function.card.new", map[string]string{"a": "1"}, nil)
	require.ErrorIs(t, err, ErrOutcomeUnknown)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Equal(t, 1, s.tries)
}

func TestARepeatedCallKeepsNothingOfAnEarlierAnswer(t *testing.T) {
	t.Parallel()
	client, _ := newScripted(t, []scriptStep{
		{status: 503, body: `{"resultCode":1,"errorMessage":"busy","page":{"page":9},"cards":[{"iccid":"old","imei":"old"}]}`},
		{body: `{"resultCode":0,"cards":[{"iccid":"new"}]}`},
	})
	list, err := client.Cards.List(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, &CardList{Cards: []Card{{ICCID: "new"}}}, list)
}

func TestAnAnswerMeansThatTheCallWasSentEvenIfTheTransportReadNothing(t *testing.T) {
	t.Parallel()
	tries := 0
	client, _ := newScripted(t, nil, WithHTTPClient(&http.Client{Transport: transportFunc(func(*http.Request) (*http.Response, error) {
		tries++
		return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: http.NoBody}, nil
	})}))
	require.ErrorIs(t, client.Cards.Pause(t.Context(), MSISDN(phone)), ErrOutcomeUnknown)
	assert.Equal(t, 1, tries)
}

// A parent is a context that counts the contexts below it that have not ended.
type parent struct {
	context.Context
	done     chan struct{}
	children atomic.Int32
}

func (p *parent) Done() <-chan struct{} { return p.done }

func (p *parent) AfterFunc(func()) (stop func() bool) {
	p.children.Add(1)
	return func() bool {
		p.children.Add(-1)
		return true
	}
}

func TestNoAttemptIsLeftInTheCallersContext(t *testing.T) {
	t.Parallel()
	client, s := newScripted(t, []scriptStep{{err: io.EOF}, {status: 503}, {body: fineAnswer}})
	ctx := &parent{Context: t.Context(), done: make(chan struct{})}
	seen := int32(0)
	s.steps[2].stream = func(context.Context) io.Reader {
		seen = ctx.children.Load()
		return strings.NewReader(fineAnswer)
	}
	require.NoError(t, readOnce(ctx, client))
	assert.EqualValues(t, 1, seen, "the attempt under way")
	assert.Zero(t, ctx.children.Load())
}

type closableBody struct {
	io.Reader
	closed int
}

func (b *closableBody) Close() error {
	b.closed++
	return nil
}

func TestTheBodyOfEveryAnswerIsClosed(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]struct {
		status int
		text   io.Reader
	}{
		"success":   {200, strings.NewReader(fineAnswer)},
		"error":     {503, strings.NewReader(htmlPage)},
		"too large": {200, strings.NewReader(strings.Repeat(" ", 2000))},
		"broken":    {200, io.MultiReader(strings.NewReader("{"), iotest.ErrReader(io.ErrUnexpectedEOF))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := &closableBody{Reader: answer.text}
			client, _ := newScripted(t, nil, WithHTTPClient(&http.Client{Transport: transportFunc(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: answer.status, Body: body}, nil
			})}))
			client.core.maxResponse = 1000
			err := client.Cards.Pause(t.Context(), MSISDN(phone))
			assert.Equal(t, name != "success", err != nil)
			assert.Equal(t, 1, body.closed)
		})
	}
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// What a transport did before it failed tells whether the platform can have received the call, and so whether it is made
// again.
func TestACallIsUnsentOnlyWhereNoConnectionWasHad(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	trace := func(r *http.Request) *httptrace.ClientTrace { return httptrace.ContextClientTrace(r.Context()) }
	for name, tt := range map[string]struct {
		do   func(*http.Request) error
		sent bool
	}{
		"wanted a connection": {func(r *http.Request) error { trace(r).GetConn("host"); return broken }, false},
		"had one": {func(r *http.Request) error {
			trace(r).GetConn("host")
			trace(r).GotConn(httptrace.GotConnInfo{})
			return broken
		}, false},
		"had one, and wrote to it": {func(r *http.Request) error {
			trace(r).GetConn("host")
			trace(r).GotConn(httptrace.GotConnInfo{})
			trace(r).WroteHeaders()
			return broken
		}, true},
		"wrote to one, and then wanted another": {func(r *http.Request) error {
			trace(r).GetConn("host")
			trace(r).GotConn(httptrace.GotConnInfo{})
			trace(r).WroteHeaders()
			trace(r).GetConn("host")
			return &net.OpError{Op: "dial", Err: broken}
		}, true},
		"told nothing":                    {func(*http.Request) error { return broken }, true},
		"told nothing and could not dial": {func(*http.Request) error { return &net.OpError{Op: "dial", Err: broken} }, true},
		"told nothing and was cut":        {func(*http.Request) error { return &net.OpError{Op: "read", Err: broken} }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tries := 0
			client, err := NewClient("000001", testSecret, WithRetry(RetryPolicy{MaxAttempts: 2}), WithHTTPClient(&http.Client{
				Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
					tries++
					return nil, tt.do(r)
				}),
			}))
			require.NoError(t, err)
			err = client.Cards.Pause(t.Context(), MSISDN(phone))
			assert.Equal(t, tt.sent, errors.Is(err, ErrOutcomeUnknown), err)
			assert.Equal(t, map[bool]int{true: 1, false: 2}[tt.sent], tries)
		})
	}
}
