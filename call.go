package quecloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// core is what makes the calls of a client: the pipeline that all methods share.
type core struct {
	settings
	appKey string
	sign   func(params []param, unsigned []string) string // holds the secret where nothing can print it
	shared *shared

	maxAnswer int64 // how many bytes a JSON answer may have
	maxFile   int64 // how many bytes a zip file may have
}

// shared is what a client and its copies have in common.
type shared struct {
	clock  clock
	budget budget
}

func newShared() *shared {
	s := &shared{}
	s.budget.tokens.Store(budgetSize)
	return s
}

// A CallInfo describes a call to an [Interceptor].
type CallInfo struct {
	Method string     // fc.function.…
	Kind   Kind       // what it does to the world
	URL    string     // to which it is sent: the base URL, which holds no credentials
	Params url.Values // what is sent, apart from appKey, method, t and sign. A copy; personal data
	Result any        // a pointer to what the answer is read into; nil for downloads and where there is nothing to read

	// These are set when next has returned.
	Attempts   int           // requests made so far; 0 where the limiter or the context allowed none
	HTTPStatus int           // of the last answer; 0 where none came
	Answered   bool          // the platform has answered, so that ResultCode means something
	ResultCode int           // of the last answer, 0 for success
	Duration   time.Duration // of all attempts, with the waiting between and for the limiter
}

// An Interceptor wraps a call: it does what it likes before and after next, which makes the call with all its
// repetitions. It must return what next returned, or an error of its own; it may also not call next at all, and fill
// info.Result itself. next can be called once only, so that no interceptor can make a call happen twice. An interceptor
// should not return before next has: what becomes of the call is not known then, which an error of its own will say.
type Interceptor func(ctx context.Context, info *CallInfo, next func(context.Context) error) error

// A call is one use of a method, with all its attempts.
type call struct {
	info       CallInfo // for interceptors, which may do to it what they like: nothing is decided by it
	endpoint   *endpoint
	attempts   int
	params     []param // without t and sign, in order
	result     any
	verdict    []verdict // see core.call
	externalID string
	unsure     bool          // something was sent to which no usable answer came
	offset     time.Duration // of the platform's clock from ours
	corrected  bool          // offset was learnt during this call
	refusal    *APIError     // which the correction answers
}

// repeatable reports whether sending the call twice is harmless.
func (c *call) repeatable() bool {
	return c.endpoint.kind == KindRead || c.endpoint.kind == KindSpend && c.externalID != ""
}

// A verdict turns the error of a call so far into that of the call, where its response says more about success than
// resultCode does. It runs inside the interceptors.
type verdict func(error) error

// call makes a call: the way of every method of the SDK.
func (c *core) call(ctx context.Context, method string, params, result any, verdict ...verdict) error {
	if c == nil {
		return errNoClient(method)
	}
	if ctx == nil {
		return errNoContext(method)
	}
	e := lookup(method)
	form, err := formOf(method, params)
	if err != nil {
		return err
	}
	call := &call{endpoint: e, result: result, verdict: verdict, externalID: strings.TrimSpace(form.Get("externalId"))}
	call.info = CallInfo{Method: method, Kind: e.kind, URL: c.baseURL}
	call.params = make([]param, 0, len(form)+4)
	for name, values := range form {
		call.params = insert(call.params, param{name, values[0]})
	}
	call.params = insert(insert(call.params, param{"appKey", c.appKey}), param{"method", method})
	if len(c.interceptors) == 0 {
		return c.conclude(ctx, call)
	}
	call.info.Params = form
	if _, isDownload := result.(*download); !isDownload {
		call.info.Result = result
	}
	return c.intercept(ctx, call)
}

// intercept runs a call inside the interceptors.
func (c *core) intercept(ctx context.Context, call *call) error {
	var begun, certain atomic.Bool
	next := func(ctx context.Context) error {
		begun.Store(true)
		err := c.conclude(ctx, call)
		certain.Store(!errors.Is(err, ErrOutcomeUnknown))
		return err
	}
	for i := len(c.interceptors) - 1; i >= 0; i-- {
		interceptor, inner := c.interceptors[i], next
		var used atomic.Bool
		next = func(ctx context.Context) error {
			return interceptor(ctx, &call.info, func(ctx context.Context) error {
				if used.Swap(true) {
					return callError(call.endpoint.method, "interceptor", errors.New("next was called twice"))
				}
				return inner(ctx)
			})
		}
	}
	err := next(ctx)
	if err != nil && begun.Load() && !certain.Load() && call.endpoint.kind != KindRead && !errors.Is(err, ErrOutcomeUnknown) {
		return &outcomeError{err, call.endpoint.kind, call.externalID} // which an interceptor's own error does not say
	}
	return err
}

// conclude makes the attempts of a call and lets its answer judge itself.
func (c *core) conclude(ctx context.Context, call *call) error {
	err := c.run(ctx, call)
	for _, verdict := range call.verdict {
		err = verdict(err)
	}
	return err
}

// run makes the attempts of a call, as many as it needs and may have.
func (c *core) run(ctx context.Context, call *call) error {
	start := c.now()
	defer func() { call.info.Duration = c.now().Sub(start) }()
	var last error // of the attempt before
	for {
		if err := c.admit(ctx, call); err != nil {
			return call.failed(after(last, err))
		}
		if !call.corrected {
			call.offset = c.shared.clock.offset()
		}
		call.attempts++
		a := c.attempt(ctx, call)
		call.note(a)
		c.logAttempt(ctx, call, a)
		if a.err == nil {
			c.shared.clock.accepted(call, a)
			c.shared.budget.give()
			return nil
		}
		last = a.err
		if c.shared.clock.correct(call, a) && c.shared.budget.take() {
			c.logRepeat(ctx, call, a, 0)
			continue
		}
		delay, again := c.repeatAfter(ctx, call, a)
		if !again {
			return call.failed(a.err)
		}
		c.logRepeat(ctx, call, a, delay)
		if err := sleep(ctx, delay); err != nil {
			return call.failed(after(last, callError(call.endpoint.method, "waiting to repeat the call", err)))
		}
	}
}

// after is the error that ended a call, together with that of its last attempt where there was one.
func after(last, err error) error {
	if last == nil {
		return err
	}
	return fmt.Errorf("%w; the attempt before: %w", err, last)
}

// admit waits until an attempt may be made.
func (c *core) admit(ctx context.Context, call *call) error {
	if ctx.Err() != nil {
		return callError(call.endpoint.method, "not sent", whyEnded(ctx))
	}
	if c.limiter != nil {
		if err := c.limiter.Wait(ctx); err != nil {
			return callError(call.endpoint.method, "not sent, because the limiter says so", err)
		}
	}
	return nil
}

// note keeps what an attempt tells about the call.
func (c *call) note(a *attempt) {
	c.info.Attempts = c.attempts
	c.info.HTTPStatus, c.info.Answered, c.info.ResultCode = a.status, a.answered, a.code
	// A status of 4xx comes from something that did not take the call, save for one that waited for it too long.
	refused := a.answered || 400 <= a.status && a.status != http.StatusRequestTimeout
	if a.sent && a.err != nil && (!refused || a.status >= 500) {
		c.unsure = true
	}
}

// failed is the error of a call that ends without success.
func (c *call) failed(err error) error {
	if again, ok := errors.AsType[*APIError](err); ok && c.refusal != nil && *again != *c.refusal {
		// One of the two is about the time that was sent, and only a person can tell which.
		err = fmt.Errorf("%w (and before the clock was corrected by %v: %w)", err, c.offset.Round(time.Second), c.refusal)
	}
	if c.attempts > 1 {
		err = fmt.Errorf("%w (after %d attempts)", err, c.attempts)
	}
	if c.unsure && c.endpoint.kind != KindRead {
		return &outcomeError{err, c.endpoint.kind, c.externalID}
	}
	return err
}

// An attempt is one request of a call and what came of it.
type attempt struct {
	t          int64 // the time that was sent
	sent       bool  // the platform may have received it
	status     int
	date       time.Time // of the answer, zero where it says none
	received   time.Time // when the answer began, by the clock that t was taken from
	retryAfter time.Duration
	answered   bool   // the platform itself has answered
	signature  string // which nobody may see: a signed call can be repeated for five minutes
	code       int
	done       bool   // the answer tells of something that may have been done, refusal or not
	cut        bool   // the connection failed or the time was up
	delivered  bool   // the caller has a part of the answer already
	garbled    string // where the first text of the answer stands that is not UTF-8
	took       time.Duration
	err        error // nil for success
}

// attempt sends a call once and reads the answer.
func (c *core) attempt(ctx context.Context, call *call) *attempt {
	start := c.now()
	a := &attempt{t: start.Add(call.offset).Unix()}
	defer func() { a.took = c.now().Sub(start) }()

	timed, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timer := time.AfterFunc(c.timeout, func() { cancel(ErrAttemptTimeout) })
	defer timer.Stop()

	var connection evidence
	// The reader's type matters to net/http: it sends what is in memory in one packet with the headers.
	var text string
	text, a.signature = c.body(call, a.t)
	body := strings.NewReader(text)
	req, err := http.NewRequestWithContext(connection.in(timed), http.MethodPost, c.baseURL, body)
	if err != nil {
		a.err = callError(call.endpoint.method, "making the request", err)
		return a
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("User-Agent", c.userAgent)
	resp, err := c.http.Do(req)
	a.sent = !connection.missing(err)
	if err != nil {
		a.cut, a.err = true, callError(call.endpoint.method, "no answer", withoutSignature(attemptError(timed, err), a.signature))
		return a
	}
	defer resp.Body.Close()
	a.sent, a.status = true, resp.StatusCode
	a.received = start.Add(call.offset + c.now().Sub(start)) // though the clock may have been set in the meantime
	a.date, _ = http.ParseTime(resp.Header.Get("Date"))
	a.retryAfter = retryAfter(resp.Header, cmp.Or(a.date, a.received))
	answer := &answerBody{Reader: resp.Body, timed: timed, timer: timer, timeout: c.timeout}
	if d, ok := call.result.(*download); ok && a.status == http.StatusOK {
		c.receiveFile(call, a, answer, d)
	} else {
		c.receiveJSON(call, a, answer, resp.ContentLength, resp.Header.Get("Location"))
	}
	return a
}

// evidence is what a transport tells of the connection for a request. The platform cannot have received a call for which
// one was wanted and not had. A transport that tells nothing may have done anything.
type evidence struct{ wanted, had atomic.Bool }

func (e *evidence) in(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { e.wanted.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { e.had.Store(true) },
	})
}

// missing reports whether a request that ended with err never had a connection.
func (e *evidence) missing(err error) bool {
	if e.wanted.Load() {
		return !e.had.Load()
	}
	failed, ok := errors.AsType[*net.OpError](err) // in a transport that does not pass the context on
	return ok && failed.Op == "dial"
}

// attemptError is err, or ErrAttemptTimeout where that is what ended the attempt. Where the caller's context did, the
// error is that of the context, and its cause, too.
func attemptError(timed context.Context, err error) error {
	switch ended := timed.Err(); {
	case ended == nil:
		return err
	case context.Cause(timed) == ErrAttemptTimeout:
		return ErrAttemptTimeout
	case !errors.Is(err, ended) || !errors.Is(err, context.Cause(timed)):
		return fmt.Errorf("%w: %w", whyEnded(timed), err)
	}
	return err
}

// whyEnded is the error of a context that has ended, and its cause where that is another.
func whyEnded(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return fmt.Errorf("%w: %w", err, cause)
}

// body is the form that is sent at a time, and the signature in it.
func (c *core) body(call *call, t int64) (form, signature string) {
	params := insert(call.params[:len(call.params):len(call.params)], param{"t", strconv.FormatInt(t, 10)})
	signature = c.sign(params, call.endpoint.unsigned)
	size := len(signature) + 16
	for _, p := range params {
		size += len(p.name) + len(p.value)*5/4 + 2
	}
	text := make([]byte, 0, size)
	for _, p := range append(params, param{"sign", signature}) {
		if len(text) > 0 {
			text = append(text, '&')
		}
		text = append(append(text, url.QueryEscape(p.name)...), '=')
		text = append(text, url.QueryEscape(p.value)...)
	}
	return string(text), signature
}

// answerBody is the body of an answer. All of it must come in the time of the attempt, but for a download.
type answerBody struct {
	io.Reader
	timed   context.Context
	timer   *time.Timer
	timeout time.Duration
	perRead bool
}

// timePerRead lets every further read take as long as the attempt might, and does not count the time between them.
func (b *answerBody) timePerRead() {
	b.perRead = true
	b.timer.Stop()
}

func (b *answerBody) Read(p []byte) (int, error) {
	if b.perRead {
		b.timer.Reset(b.timeout)
		defer b.timer.Stop()
	}
	n, err := b.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = attemptError(b.timed, err)
	}
	return n, err
}
