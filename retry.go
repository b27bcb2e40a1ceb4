package quecloud

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// A RetryPolicy says how often and when a call is repeated that may be repeated. Which may is not a matter of policy: a
// call that changes something is never sent again after the platform may have received it, unless it buys under an
// ExternalID. See the section "Retries" of the package documentation.
//
// Whatever the policy, a budget that a client shares with its copies pays for a burst of 100 repetitions, and every 5
// calls that succeed earn another. A call that it does not pay for ends with the error of its last attempt.
type RetryPolicy struct {
	// MaxAttempts is how often a call is sent at most; 1 means that nothing is repeated. Sending a call once more because it
	// was refused for a wrong clock does not count.
	MaxAttempts int
	// BaseDelay bounds the delay before the second attempt. The bound doubles with every further one, and the delay is
	// chosen at random below it.
	BaseDelay time.Duration
	// MaxDelay bounds all these delays.
	MaxDelay time.Duration
	// MaxRetryAfter is the longest delay that the platform may ask for with the header Retry-After. A call that it
	// tells to wait for longer ends with the answer's error at once.
	MaxRetryAfter time.Duration
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

// repeatAfter decides whether a failed attempt is followed by another, and when.
func (c *core) repeatAfter(ctx context.Context, call *call, a *attempt) (time.Duration, bool) {
	if ctx.Err() != nil || call.attempts >= c.retry.MaxAttempts || !worthRepeating(call, a) {
		return 0, false
	}
	delay := c.retry.backoff(call.attempts)
	if a.retryAfter > 0 {
		delay = a.retryAfter
		if delay > c.retry.MaxRetryAfter {
			return 0, false
		}
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) < delay {
		return 0, false // the caller would only wait to learn nothing
	}
	return delay, c.shared.budget.take()
}

// worthRepeating reports whether an attempt failed in a way that allows, and promises something of, another.
func worthRepeating(call *call, a *attempt) bool {
	switch {
	case a.delivered:
		return false
	case !a.sent:
		return !errors.As(a.err, new(*tls.CertificateVerificationError))
	case a.status == http.StatusTooManyRequests:
		return true
	case a.cut || a.status >= 500:
		return call.repeatable()
	}
	return false
}

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

// A budget bounds how many calls a client repeats, so that an outage does not multiply the load: a full budget pays for
// a burst of 100 repetitions, and every 5 successful calls earn another.
type budget struct{ tokens atomic.Int64 }

const (
	budgetSize = 500
	repeatCost = 5
)

func (b *budget) take() bool {
	for {
		n := b.tokens.Load()
		if n < repeatCost {
			return false
		}
		if b.tokens.CompareAndSwap(n, n-repeatCost) {
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
