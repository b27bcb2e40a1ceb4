// This file runs a call: core.do checks and encodes, core.intercept runs the interceptors, core.runAttempts makes one
// attempt after the other.

package quecloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// A core makes the calls of a client. All methods share it.
type core struct {
	settings
	transport *onceTransport
	request   *http.Request // that of every attempt, without what differs between attempts
	account   account       // without WithCredentials
	shared    *shared
}

// shared holds what a client and its copies have in common.
type shared struct {
	clock  clock
	budget retryBudget
}

func newShared() *shared {
	s := &shared{}
	s.budget.tokens.Store(maxTokens)
	return s
}

// A CallInfo describes a call to an [Interceptor].
type CallInfo struct {
	Method string     // fc.function.…
	Kind   Kind       // what the call changes at the platform
	URL    string     // the base URL, which holds no credentials
	Params url.Values // a copy of the parameters, without appKey, method, t and sign; personal data
	Result any        // pointer to the struct for the response; nil for downloads and calls without a result

	// The fields below are set when next has returned.
	Attempts   int           // requests made so far; 0 if the limiter or the context allowed none
	HTTPStatus int           // of the last response; 0 if none came
	Responded  bool          // the platform responded, so that ResultCode is valid
	ResultCode int           // of the last response; 0 for success
	Duration   time.Duration // of all attempts, including delays and the limiter
}

// An Interceptor wraps a call. It can act before and after next, which makes the call with all its retries. It must
// return the error of next, or another error, which should wrap it. An error in place of a success is
// [ErrOutcomeUnknown] too if the call changes something. An interceptor can also leave out next and fill info.Result
// itself. It can call next only once, so that no interceptor can make a call happen twice. It must not return before
// next has: the call then fails, with [ErrOutcomeUnknown] if it changes something. Called later, next sends nothing.
//
// Interceptors do not see every error of a method. Invalid input, a [*ParamError], is found before any interceptor
// runs, except in the result of the function of [WithCredentials]. [ErrNotStarted], [ErrUnknownCard], [ErrNotFound] and
// [ErrOrderFailed] are what methods make of several calls. Count these errors where you call the method, with
// [ErrorType].
type Interceptor func(ctx context.Context, info *CallInfo, next func(context.Context) error) error

// A callState is the state of one call, from its parameters to its last attempt.
type callState struct {
	info           CallInfo // for interceptors, which may change it; the SDK decides nothing by it
	endpoint       *endpoint
	attempts       int
	account        account
	params         []param  // without sign, sorted by name; the value of t is that of the last attempt
	fewParams      [8]param // the usual place of params
	result         any
	checks         []outcomeCheck
	externalID     string
	preverify      bool          // a purchase that is only verified
	subject        string        // number of the card, order or task that the call is about; may be empty
	outcomeUnknown bool          // an attempt may have taken effect though no usable response came
	offset         time.Duration // of the platform's clock from ours
	correction     *correction   // of the clock, after a refusal
}

// An outcomeCheck takes the error of a call and returns the final one, which depends on members of the response besides
// resultCode. It runs inside the interceptors.
type outcomeCheck func(err error) error

// do makes a call. All methods of the SDK come through here.
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
		externalID: strings.TrimSpace(form.Get("externalId")),
		preverify:  e.kind == KindSpend && form.Get("preverify") == "1",
		info:       CallInfo{Method: method, Kind: e.kind, URL: c.baseURL},
	}
	call.params = call.fewParams[:0]
	for name, values := range form {
		call.params = insert(call.params, param{name, values[0]})
	}
	call.params = insert(call.params, param{"method", method})
	if len(c.interceptors) == 0 {
		return c.runAndCheck(ctx, call)
	}
	call.info.Params = form
	if _, isDownload := result.(*download); !isDownload {
		call.info.Result = result
	}
	return c.intercept(ctx, call)
}

// subjectOf returns the card, order or task that a call is about, for error texts. Of many cards it returns the first
// and the number of the others.
func subjectOf(form url.Values) string {
	for _, name := range [...]string{"iccid", "msisdn", "iccids", "msisdns", "orderNo", "taskId"} {
		if value := form.Get(name); value != "" {
			first, _, many := strings.Cut(value, ",")
			if many {
				return fmt.Sprintf("%s and %d more", excerpt(first, maxSubject), strings.Count(value, ","))
			}
			if len(first) > maxSubject {
				first = excerpt(first, maxSubject)
			}
			return first
		}
	}
	return ""
}

// maxSubject is the length of the excerpt of a number in an error, in bytes.
const maxSubject = 64

// The states of a call inside interceptors.
const (
	stateNotStarted int32 = iota
	stateRunning
	stateNothingDone // ended with an error that is not ErrOutcomeUnknown or ErrPartial
	stateMayBeDone   // ended with success or one of these errors
	stateInterceptorsReturned
)

// intercept runs a call inside the interceptors.
func (c *core) intercept(ctx context.Context, call *callState) error {
	var state atomic.Int32
	next := func(ctx context.Context) error {
		if ctx == nil {
			return errNoContext(call.endpoint.method)
		}
		if !state.CompareAndSwap(stateNotStarted, stateRunning) {
			return call.error("interceptor", errors.New("next was called after the interceptor had returned: nothing was sent"))
		}
		err := c.runAndCheck(ctx, call)
		if err == nil || errors.Is(err, ErrOutcomeUnknown) || errors.Is(err, ErrPartial) {
			state.Store(stateMayBeDone)
		} else {
			state.Store(stateNothingDone)
		}
		return err
	}
	for _, interceptor := range slices.Backward(c.interceptors) {
		next = call.wrap(interceptor, next)
	}
	err := next(ctx)
	ended := state.Swap(stateInterceptorsReturned)
	if err == nil && ended == stateRunning {
		err = call.error("interceptor", errors.New("it returned before next had, so the result is not known"))
	}
	tells := errors.Is(err, ErrOutcomeUnknown) || ended == stateMayBeDone && errors.Is(err, ErrPartial)
	if err != nil && !tells && (ended == stateRunning || ended == stateMayBeDone) {
		return call.withOutcomeUnknown(err) // the interceptor replaced a success or an error
	}
	return err
}

// wrap returns next inside an interceptor, which can call it once.
func (call *callState) wrap(interceptor Interceptor, next func(context.Context) error) func(context.Context) error {
	var used atomic.Bool
	return func(ctx context.Context) error {
		return interceptor(ctx, &call.info, func(ctx context.Context) error {
			if used.Swap(true) {
				return call.error("interceptor", errors.New("next was called twice"))
			}
			return next(ctx)
		})
	}
}

// runAndCheck makes the attempts of a call and applies its checks to the outcome.
func (c *core) runAndCheck(ctx context.Context, call *callState) error {
	err := c.runAttempts(ctx, call)
	for _, check := range call.checks {
		err = check(err)
	}
	return err
}

// runAttempts makes attempts until one succeeds or planRetry allows no other.
func (c *core) runAttempts(ctx context.Context, call *callState) error {
	start := c.now()
	defer func() { call.info.Duration = c.now().Sub(start) }()
	if err := c.authenticate(ctx, call); err != nil {
		return err
	}
	var lastErr error // of the previous attempt
	for {
		if err := c.admit(ctx, call); err != nil {
			return call.finalError(withPreviousError(err, lastErr))
		}
		if call.correction == nil {
			call.offset = c.shared.clock.offset()
		}
		call.attempts++
		a := c.attempt(ctx, call)
		call.recordAttempt(a)
		c.logAttempt(ctx, call, a)
		if a.err == nil {
			c.shared.clock.confirm(call, a)
			c.shared.budget.earn()
			return nil
		}
		lastErr = a.err
		if k := c.shared.clock.correct(call, a); k != nil {
			call.correction = k
			if call.endpoint.kind == KindRead {
				call.offset = k.offset
				c.logCorrection(ctx, call, a)
				continue
			}
		}
		delay, ok := c.planRetry(ctx, call, a)
		if !ok {
			return call.finalError(a.err)
		}
		c.logRetry(ctx, call, a, delay)
		if err := sleep(ctx, delay); err != nil {
			return call.finalError(withPreviousError(call.error("waiting to retry", err), lastErr))
		}
	}
}

// withPreviousError adds the error of the previous attempt, if there was one, to the error that ends a call.
func withPreviousError(err, previous error) error {
	if previous == nil {
		return err
	}
	return fmt.Errorf("%w; the previous attempt: %w", err, previous)
}

// authenticate sets the account of a call, once for all of its attempts.
func (c *core) authenticate(ctx context.Context, call *callState) error {
	call.account = c.account
	if c.credentials != nil {
		if ctx.Err() != nil {
			return call.error("not sent", whyEnded(ctx))
		}
		appKey, secret, err := c.credentials(ctx)
		if err != nil {
			return call.notSent(ctx, "WithCredentials returned an error", withoutSecret(err, secret))
		}
		if bad := checkCredentials(appKey, secret); bad != nil {
			return &ParamError{call.endpoint.method, "WithCredentials", "the " + bad.Param + " " + bad.Reason}
		}
		call.account = newAccount(appKey, secret)
	}
	call.params = insert(insert(call.params, param{"appKey", call.account.appKey}), param{"t", ""})
	return nil
}

// admit waits until the limiter and the context allow an attempt.
func (c *core) admit(ctx context.Context, call *callState) error {
	if ctx.Err() == nil && c.limiter != nil {
		if err := c.limiter.Wait(ctx); err != nil {
			return call.notSent(ctx, "the limiter returned an error", err)
		}
	}
	if ctx.Err() != nil {
		return call.error("not sent", whyEnded(ctx))
	}
	return nil
}

// notSent returns the error of a call that err ends before an attempt. If the context has ended, that is the reason.
func (call *callState) notSent(ctx context.Context, reason string, err error) error {
	switch {
	case ctx.Err() != nil && !wraps(err, ctx.Err()):
		err = fmt.Errorf("%w: %w", whyEnded(ctx), err)
	case ctx.Err() == nil && call.attempts == 0:
		err = &rewordedError{err.Error(), errors.Join(errNotSent, err)}
	}
	return call.error("not sent: "+reason, err)
}

// recordAttempt records the result of an attempt.
func (call *callState) recordAttempt(a *attempt) {
	call.info.Attempts = call.attempts
	call.info.HTTPStatus, call.info.Responded, call.info.ResultCode = a.status, a.responded, a.code
	if a.outcomeUnknown(call.endpoint.kind) {
		call.outcomeUnknown = true
	}
}

// finalError returns the error of a call that ends without success. It adds to err the number of attempts, a correction
// of the clock, and ErrOutcomeUnknown or a hint to look for the order.
func (call *callState) finalError(err error) error {
	refusal, refused := errors.AsType[*APIError](err)
	switch k := call.correction; {
	case k == nil || !refused:
	case call.endpoint.kind != KindRead:
		err = fmt.Errorf("%w (by the response's Date, this machine's clock was %v; further calls are corrected)", err, k)
	case *refusal == *k.refusal:
		err = fmt.Errorf("%w (refused again after the clock, which was %v, was corrected)", k.refusal, k)
	default: // one of the two refusals is about the time; only a person can tell which
		err = fmt.Errorf("%w (after the clock, which was %v, was corrected: %w)", k.refusal, k, err)
	}
	if call.attempts > 1 {
		err = fmt.Errorf("%w (after %d attempts)", err, call.attempts)
	}
	switch {
	case call.outcomeUnknown:
		return call.withOutcomeUnknown(err)
	case refused && call.externalID != "" && call.endpoint.kind == KindSpend && !call.preverify:
		// The platform may have refused a duplicate of an order that an earlier call or another process has placed.
		const hint = "%w; if ExternalID %q was ever sent before, look with Orders.Find for its order"
		return fmt.Errorf(hint, err, call.externalID)
	}
	return err
}

// withOutcomeUnknown adds ErrOutcomeUnknown to the error of a call that changes something.
func (call *callState) withOutcomeUnknown(err error) error {
	if call.endpoint.kind == KindRead || call.preverify {
		return err
	}
	return &outcomeError{err, call.endpoint, call.externalID}
}

// error adds to err the name of the call and the step that failed.
func (call *callState) error(doing string, err error) error {
	return callError(nameOf(call.endpoint.method, call.subject), doing, err)
}
