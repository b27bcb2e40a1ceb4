// This file decides whether and when a failed attempt is retried: retryable has the rules, planRetry adds the policy,
// the budget and the delay. What keeps net/http from sending a request twice is in sendonce.go.

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

// A RetryPolicy says how often and when a call is retried. Which calls may be retried is not a matter of policy: the
// SDK never retries a call that changes something once the platform may have received it, except after HTTP status 429,
// and except purchases as far as RetryPurchasesAfter allows it. See the section "Retries" of the package documentation.
//
// Besides the policy, a budget that a client shares with its copies bounds retries. It starts at 100 retries; every
// five successful calls add one. A call that the budget does not cover ends with the error of its last attempt.
type RetryPolicy struct {
	// MaxAttempts is the maximum number of attempts of a call; 1 means no retries. The retry of a read with a corrected
	// clock does not count.
	MaxAttempts int
	// BaseDelay bounds the delay before the second attempt. The bound doubles with every further attempt. The delay is a
	// random one below the bound.
	BaseDelay time.Duration
	// MaxDelay bounds all these delays.
	MaxDelay time.Duration
	// MaxRetryAfter is the longest delay that the SDK accepts from the header Retry-After. If the platform asks for more,
	// the call ends at once with the error of the response.
	MaxRetryAfter time.Duration

	// RetryPurchasesAfter allows retries of top-ups and renewals with an ExternalID that the platform may have received,
	// after this delay plus a random one as above. It must be at least a second; 0, the default, allows none. The document
	// says that the platform uses the ID to recognize duplicate orders, not how: a platform that looks for the order
	// before it adds it buys twice when two requests arrive at once. Choose a delay longer than the platform may take, or
	// leave it at 0 and look with [OrdersService.Find].
	RetryPurchasesAfter time.Duration
	// NotDoneCodes are result codes that you know to mean: not done, try later. The document gives none. The SDK retries
	// reads and calls that set a state when they are refused with one of these codes. [OrdersService.Wait] goes on after
	// one, and [VerifyWith] then lets the callback fail with status 500. No such code makes the SDK retry a purchase or an
	// SMS.
	NotDoneCodes []int
}

// DefaultRetryPolicy returns the policy of a client without [WithRetry]: 4 attempts, delays of up to 200 ms, 400 ms and
// 800 ms, and a Retry-After of up to a minute.
func DefaultRetryPolicy() RetryPolicy {
	return RetryPolicy{
		MaxAttempts: 4, BaseDelay: 200 * time.Millisecond, MaxDelay: 10 * time.Second, MaxRetryAfter: time.Minute,
	}
}

// check returns the error in the policy, or "" if there is none.
func (p RetryPolicy) check() string {
	switch {
	case p.MaxAttempts < 1:
		return fmt.Sprintf("MaxAttempts %d is less than 1", p.MaxAttempts)
	case p.BaseDelay < 0 || p.MaxDelay < 0 || p.MaxRetryAfter < 0:
		return "a delay is negative"
	case p.MaxAttempts > 1 && p.MaxDelay < p.BaseDelay:
		return fmt.Sprintf("MaxDelay %v is less than BaseDelay %v", p.MaxDelay, p.BaseDelay)
	case p.RetryPurchasesAfter != 0 && p.RetryPurchasesAfter < time.Second:
		return fmt.Sprintf("RetryPurchasesAfter %v is less than a second, so that two orders could arrive at once",
			p.RetryPurchasesAfter)
	case slices.Contains(p.NotDoneCodes, 0):
		return "NotDoneCodes has 0, which means success"
	}
	for _, code := range p.NotDoneCodes {
		if known, ok := resultCodes[code]; ok {
			return fmt.Sprintf("NotDoneCodes has %d, which means %v and does not pass", code, known.is)
		}
	}
	return ""
}

// backoff returns a random delay to wait after the n-th attempt.
func (p RetryPolicy) backoff(n int) time.Duration {
	bound := min(p.BaseDelay, p.MaxDelay)
	for ; n > 1 && bound < p.MaxDelay; n-- {
		bound += min(bound, p.MaxDelay-bound) // doubled, without overflow
	}
	return rand.N(max(bound, 1))
}

// planRetry reports whether to retry after a failed attempt, and after which delay.
func (c *core) planRetry(ctx context.Context, call *callState, a *attempt) (time.Duration, bool) {
	attempts := call.attempts
	if call.correction != nil && call.endpoint.kind == KindRead {
		attempts-- // one was the retry with a corrected clock
	}
	if ctx.Err() != nil || attempts >= c.retry.MaxAttempts || !c.retryable(call, a) {
		return 0, false
	}
	backoff := c.retry.backoff(attempts)
	delay := cmp.Or(a.retryAfter, backoff)
	if a.retryAfter > c.retry.MaxRetryAfter {
		return 0, false
	}
	if call.outcomeUnknown && call.endpoint.kind != KindRead { // a purchase that an earlier attempt may have made
		delay = max(delay, c.retry.RetryPurchasesAfter+backoff)
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) < delay {
		return 0, false // the caller would wait in vain
	}
	return delay, c.shared.budget.spend()
}

// retryable reports whether the kind of the call allows a retry after this attempt, and whether one may help. A call
// that changes something is retryable only if the platform cannot have received the attempt, or has not acted on it.
func (c *core) retryable(call *callState, a *attempt) bool {
	kind := call.endpoint.kind
	switch {
	case a.partlyWritten || a.hasPayload && kind != KindRead:
		return false
	case !a.sent:
		return !errors.As(a.err, new(*tls.CertificateVerificationError))
	case a.outcomeUnknown(kind):
		return c.retryablePurchase(call) && a.isTransient()
	case a.status == http.StatusTooManyRequests:
		return true
	case meaningOf(a.err) == meansNotDone:
		return kind == KindRead || kind == KindSet
	}
	return kind == KindRead && a.isTransient()
}

// retryablePurchase reports whether the policy allows the retry of a purchase that the platform may have received.
func (c *core) retryablePurchase(call *callState) bool {
	isPurchase := call.endpoint.kind == KindSpend && !call.preverify
	return isPurchase && call.externalID != "" && c.retry.RetryPurchasesAfter > 0
}

// isTransient reports whether the failure of an attempt may pass: no response, a part of one, or HTTP status 5xx.
func (a *attempt) isTransient() bool { return a.interrupted || a.status >= 500 }

// retryAfter returns the delay that the header Retry-After asks for: seconds, or a time, compared with that of the
// response.
func retryAfter(header http.Header, date time.Time) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if seconds, err := strconv.Atoi(value); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(max(seconds, 0), 1<<30)) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(at.Sub(date), 0)
}

// sleep waits for d. If the context ends first, it returns the reason.
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

// A retryBudget bounds the retries of a client, so that an outage does not multiply the load. A retry costs 5 tokens,
// and a successful call earns one.
type retryBudget struct{ tokens atomic.Int64 }

const (
	maxTokens = 500
	retryCost = 5
)

// spend pays for a retry. It reports false if there are too few tokens.
func (b *retryBudget) spend() bool {
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

// earn adds the token of a successful call, up to maxTokens.
func (b *retryBudget) earn() {
	for {
		n := b.tokens.Load()
		if n >= maxTokens || b.tokens.CompareAndSwap(n, n+1) {
			return
		}
	}
}
