package quecloud

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A RetryPolicy says how often and when a call is retried that may be retried. Which may is not a matter of policy: a call
// that changes something is not sent again after the platform may have received it, but for HTTP status 429, and for
// purchases as far as RetryPurchasesAfter allows it. See the section "Retries" of the package documentation.
//
// Whatever the policy, a budget that a client shares with its copies bounds retries. It starts at 100 retries; every five
// successful calls add one. A call that the budget does not cover ends with the error of its last attempt.
type RetryPolicy struct {
	// MaxAttempts is how often a call is sent at most; 1 means no retries. Sending a read once more because it was refused
	// for a wrong clock does not count.
	MaxAttempts int
	// BaseDelay bounds the delay before the second attempt. The bound doubles with every further one, and the delay is
	// chosen at random below it.
	BaseDelay time.Duration
	// MaxDelay bounds all these delays.
	MaxDelay time.Duration
	// MaxRetryAfter is the longest delay that the platform may ask for with the header Retry-After. A call that it
	// tells to wait for longer ends with the response's error at once.
	MaxRetryAfter time.Duration

	// RetryPurchasesAfter lets top-ups and renewals under an ExternalID be retried although the platform may have received
	// them, after this delay and a random one as above; at least a second. 0, the default, does not. The document says only
	// that the platform tells repeated orders by the ID, not what it does about them: a platform that looks for the order
	// before it adds it buys twice when two requests are on their way at once. Choose a delay longer than the platform may
	// take, or leave it at 0 and look with [OrdersService.Find].
	RetryPurchasesAfter time.Duration
	// NotDoneCodes are result codes of which you have learnt that they mean: not done, try later. The document gives none.
	// Calls that read or set a state and are refused with one are retried. [OrdersService.Wait] goes on after one, and
	// [VerifyWith] then asks for the callback to be sent again. It is never learnt from one that a purchase or an SMS can
	// be repeated.
	NotDoneCodes []int
}

// DefaultRetryPolicy returns the policy of a client without [WithRetry]: 4 attempts, delays of up to 200 ms, 400 ms and
// 800 ms, and obedience to a Retry-After of up to a minute.
func DefaultRetryPolicy() RetryPolicy {
	return RetryPolicy{MaxAttempts: 4, BaseDelay: 200 * time.Millisecond, MaxDelay: 10 * time.Second, MaxRetryAfter: time.Minute}
}

func (p RetryPolicy) check() string {
	switch {
	case p.MaxAttempts < 1:
		return fmt.Sprintf("MaxAttempts %d is less than 1", p.MaxAttempts)
	case p.BaseDelay < 0 || p.MaxDelay < 0 || p.MaxRetryAfter < 0:
		return "a delay is negative"
	case p.MaxAttempts > 1 && p.MaxDelay < p.BaseDelay:
		return fmt.Sprintf("MaxDelay %v is less than BaseDelay %v", p.MaxDelay, p.BaseDelay)
	case p.RetryPurchasesAfter != 0 && p.RetryPurchasesAfter < time.Second:
		return fmt.Sprintf("RetryPurchasesAfter %v is less than a second, in which two orders could be on their way at once", p.RetryPurchasesAfter)
	case slices.Contains(p.NotDoneCodes, 0):
		return "NotDoneCodes has 0, which means success"
	case slices.Contains(p.NotDoneCodes, codeUnauthorized):
		return fmt.Sprintf("NotDoneCodes has %d, which means unauthorized and does not pass", codeUnauthorized)
	}
	return ""
}

// backoff is a random delay before the attempt after the n-th.
func (p RetryPolicy) backoff(n int) time.Duration {
	bound := min(p.BaseDelay, p.MaxDelay)
	for ; n > 1 && bound < p.MaxDelay; n-- {
		bound += min(bound, p.MaxDelay-bound) // twice as much, without overflow
	}
	return rand.N(max(bound, 1))
}

// planRetry decides whether a failed attempt is followed by another, and when.
func (c *core) planRetry(ctx context.Context, call *callState, a *attempt) (time.Duration, bool) {
	attempts := call.attempts
	if call.correction != nil && call.endpoint.kind == KindRead {
		attempts-- // that one was for the clock
	}
	if ctx.Err() != nil || attempts >= c.retry.MaxAttempts || !c.retryable(call, a) {
		return 0, false
	}
	backoff := c.retry.backoff(attempts)
	delay := cmp.Or(a.retryAfter, backoff)
	if a.retryAfter > c.retry.MaxRetryAfter {
		return 0, false
	}
	if call.unsure && call.endpoint.kind != KindRead { // a purchase, which an earlier attempt may have made
		delay = max(delay, c.retry.RetryPurchasesAfter+backoff)
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) < delay {
		return 0, false // the caller would only wait to learn nothing
	}
	return delay, c.shared.budget.take()
}

// retryable reports whether an attempt failed in a way that allows, and promises something of, another.
func (c *core) retryable(call *callState, a *attempt) bool {
	kind := call.endpoint.kind
	switch {
	case a.partlyWritten || a.given && kind != KindRead:
		return false
	case !a.sent:
		return !errors.As(a.err, new(*tls.CertificateVerificationError))
	case a.inDoubt(kind):
		return kind == KindSpend && call.externalID != "" && !call.preverify && c.retry.RetryPurchasesAfter > 0 && a.passing()
	case a.status == http.StatusTooManyRequests:
		return true
	case meaningOf(a.err) == codeNotDone:
		return kind == KindRead || kind == KindSet
	}
	return kind == KindRead && a.passing()
}

// passing reports whether an attempt failed in a way that may pass: no response, one that broke off, or HTTP 5xx.
func (a *attempt) passing() bool { return a.interrupted || a.status >= 500 }

// retryAfter reads the header Retry-After: seconds, or a date, compared to that of the answer.
func retryAfter(header http.Header, date time.Time) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if value == "" { // as usual: it would take a microsecond to find that it is neither
		return 0
	}
	if seconds, err := strconv.Atoi(value); err == nil || errors.Is(err, strconv.ErrRange) { // where it is out of it, the nearest
		return time.Duration(min(max(seconds, 0), 1<<30)) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(at.Sub(date), 0)
}

// sleep waits, or returns early with the reason why the context has ended.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return whyEnded(ctx)
	case <-timer.C:
		return nil
	}
}

// A budget bounds how many calls a client retries, so that an outage does not multiply the load: it starts at 100 retries,
// and every 5 successful calls add one.
type budget struct{ tokens atomic.Int64 }

const (
	budgetSize = 500
	retryCost  = 5
)

func (b *budget) take() bool {
	for {
		n := b.tokens.Load()
		if n < retryCost {
			return false
		}
		if b.tokens.CompareAndSwap(n, n-retryCost) {
			return true
		}
	}
}

func (b *budget) give() {
	for {
		n := b.tokens.Load()
		if n >= budgetSize || b.tokens.CompareAndSwap(n, n+1) {
			return
		}
	}
}
