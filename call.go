package quecloud

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// core is what makes the calls of a client: the pipeline that all methods share.
type core struct {
	settings
	link   *link
	appKey string
	sign   func(params []param, unsigned []string) string // holds the secret where nothing can print it
	shared *shared

	maxResponse int64 // how many bytes a JSON response may have
	maxFile     int64 // how many bytes a zip file may have
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
	Result any        // a pointer to what the response is read into; nil for downloads and where there is nothing to read

	// These are set when next has returned.
	Attempts   int           // requests made so far; 0 where the limiter or the context allowed none
	HTTPStatus int           // of the last response; 0 where none came
	Responded  bool          // the platform has responded, so that ResultCode means something
	ResultCode int           // of the last response, 0 for success
	Duration   time.Duration // of all attempts, with the waiting between and for the limiter
}

// An Interceptor wraps a call: it does what it likes before and after next, which makes the call with all its retries. It
// must return what next returned, or an error of its own; it may also not call next at all, and fill info.Result itself.
// next can be called once only, so that no interceptor can make a call happen twice. An interceptor must not return before
// next has: the call then fails, and one that changes something is [ErrOutcomeUnknown]. Called after that, next sends nothing.
//
// Bad input, a [*ParamError], is found before any interceptor runs.
type Interceptor func(ctx context.Context, info *CallInfo, next func(context.Context) error) error

// A call is one use of a method, with all its attempts.
type callState struct {
	info       CallInfo // for interceptors, which may do to it what they like: nothing is decided by it
	endpoint   *endpoint
	attempts   int
	params     []param // without t and sign, in order
	result     any
	checks     []outcomeCheck // see core.call
	externalID string
	preverify  bool          // a purchase that is only verified
	subject    string        // what the call is about, such as a card's number; may be empty
	unsure     bool          // it may have taken effect though no usable response came
	offset     time.Duration // of the platform's clock from ours
	correction *correction   // of the clock, because of a refusal
}

// A verdict turns the error of a call so far into that of the call, where its response says more about success than
// resultCode does. It runs inside the interceptors.
type outcomeCheck func(error) error

// call makes a call: the way of every method of the SDK.
func (c *core) do(ctx context.Context, method string, params, result any, checks ...outcomeCheck) error {
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
	call := &callState{
		endpoint: e, result: result, checks: checks, subject: subjectOf(form),
		externalID: strings.TrimSpace(form.Get("externalId")), preverify: e.kind == KindSpend && form.Get("preverify") == "1",
	}
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

// subjectOf is what a call is about, for people: a card, an order, a task, or the first of many cards.
func subjectOf(form url.Values) string {
	for _, name := range [...]string{"iccid", "msisdn", "iccids", "msisdns", "orderNo", "taskId"} {
		if value := form.Get(name); value != "" {
			first, _, many := strings.Cut(value, ",")
			if many {
				return fmt.Sprintf("%s and %d more", excerpt(first, maxSubject), strings.Count(value, ","))
			}
			return excerpt(first, maxSubject)
		}
	}
	return ""
}

// maxSubject is how much of a number an error shows, in bytes.
const maxSubject = 64

// The states of a call inside interceptors.
const (
	notStarted int32 = iota
	underWay
	certain // it has ended, and what became of it is known
	doubtful
	left // the interceptors have returned
)

// intercept runs a call inside the interceptors.
func (c *core) intercept(ctx context.Context, call *callState) error {
	var state atomic.Int32
	next := func(ctx context.Context) error {
		if ctx == nil {
			return errNoContext(call.endpoint.method)
		}
		if !state.CompareAndSwap(notStarted, underWay) {
			return call.error("interceptor", errors.New("next was called when the interceptor has returned: nothing was sent"))
		}
		err := c.conclude(ctx, call)
		if errors.Is(err, ErrOutcomeUnknown) {
			state.Store(doubtful)
		} else {
			state.Store(certain)
		}
		return err
	}
	for _, interceptor := range slices.Backward(c.interceptors) {
		inner := next
		var used atomic.Bool
		next = func(ctx context.Context) error {
			return interceptor(ctx, &call.info, func(ctx context.Context) error {
				if used.Swap(true) {
					return call.error("interceptor", errors.New("next was called twice"))
				}
				return inner(ctx)
			})
		}
	}
	err := next(ctx)
	ended := state.Swap(left)
	if err == nil && ended == underWay {
		err = call.error("interceptor", errors.New("it returned before next had, so the result is not known"))
	}
	if err != nil && (ended == underWay || ended == doubtful) && !errors.Is(err, ErrOutcomeUnknown) {
		return call.inDoubt(err) // which an interceptor's own error does not say
	}
	return err
}

// conclude makes the attempts of a call and lets its response judge itself.
func (c *core) conclude(ctx context.Context, call *callState) error {
	err := c.run(ctx, call)
	for _, check := range call.checks {
		err = check(err)
	}
	return err
}

// run makes the attempts of a call, as many as it needs and may have.
func (c *core) run(ctx context.Context, call *callState) error {
	start := c.now()
	defer func() { call.info.Duration = c.now().Sub(start) }()
	var last error // of the attempt before
	for {
		if err := c.admit(ctx, call); err != nil {
			return call.failed(after(last, err))
		}
		if call.correction == nil {
			call.offset = c.shared.clock.offset()
		}
		call.attempts++
		a := c.attempt(ctx, call)
		call.record(a)
		c.logAttempt(ctx, call, a)
		if a.err == nil {
			c.shared.clock.accepted(call, a)
			c.shared.budget.give()
			return nil
		}
		last = a.err
		if k := c.shared.clock.refused(call, a); k != nil {
			call.correction = k
			if call.endpoint.kind == KindRead {
				call.offset = k.offset
				c.logCorrection(ctx, call, a)
				continue
			}
		}
		delay, ok := c.planRetry(ctx, call, a)
		if !ok {
			return call.failed(a.err)
		}
		c.logRetry(ctx, call, a, delay)
		if err := sleep(ctx, delay); err != nil {
			return call.failed(after(last, call.error("waiting to retry", err)))
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
func (c *core) admit(ctx context.Context, call *callState) error {
	if ctx.Err() == nil && c.limiter != nil {
		if err := c.limiter.Wait(ctx); err != nil {
			return call.error("not sent, because the limiter says so", err)
		}
	}
	if ctx.Err() != nil {
		return call.error("not sent", whyEnded(ctx))
	}
	return nil
}

// record keeps what an attempt tells about the call.
func (c *callState) record(a *attempt) {
	c.info.Attempts = c.attempts
	c.info.HTTPStatus, c.info.Responded, c.info.ResultCode = a.status, a.responded, a.code
	if a.inDoubt(c.endpoint.kind) {
		c.unsure = true
	}
}

// failed is the error of a call that ends without success.
func (c *callState) failed(err error) error {
	refusal, refused := errors.AsType[*APIError](err)
	switch k := c.correction; {
	case k == nil || !refused:
	case c.endpoint.kind != KindRead:
		err = fmt.Errorf("%w (by the response's Date this machine's clock was %v, which is corrected for further calls)", err, k)
	case *refusal == *k.refusal:
		err = fmt.Errorf("%w (and again after the clock, which was %v, had been corrected)", k.refusal, k)
	default: // one of the two is about the time that was sent, and only a person can tell which
		err = fmt.Errorf("%w (and after the clock, which was %v, had been corrected: %w)", k.refusal, k, err)
	}
	if c.attempts > 1 {
		err = fmt.Errorf("%w (after %d attempts)", err, c.attempts)
	}
	switch {
	case c.unsure:
		return c.inDoubt(err)
	case refused && c.externalID != "" && c.endpoint.kind == KindSpend && !c.preverify:
		// The refusal may be that of a repeated order, which an earlier call or another process has placed.
		err = fmt.Errorf("%w; if ExternalID %q was ever sent before, look with Orders.Find what became of it", err, c.externalID)
	}
	return err
}

// inDoubt adds to the error of a call that it may have taken effect. A purchase that was only to be verified has none.
func (c *callState) inDoubt(err error) error {
	if c.endpoint.kind == KindRead || c.preverify {
		return err
	}
	return &outcomeError{err, c.endpoint, c.externalID}
}

// error says what was being done, and to what, when an error came.
func (c *callState) error(doing string, err error) error {
	return callError(c.name(), doing, err)
}

// name is the call's method and what it is about.
func (c *callState) name() string { return nameOf(c.endpoint.method, c.subject) }
