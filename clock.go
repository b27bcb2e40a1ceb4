// This file corrects the parameter t where the clock of this machine is wrong.

package quecloud

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// maxSkew is the largest deviation that the platform accepts in the parameter t, § 1.4 of the vendor's document.
const maxSkew = 5 * time.Minute

// sameDeviation is the largest difference between two deviations of the header Date that count as the same.
const sameDeviation = time.Minute

// A clock holds the offset of the platform's clock from this machine's. It takes it from the header Date of refusals. A
// proxy with a wrong clock may have written that header, so a new offset is on trial: it is confirmed when the platform
// accepts a call that was sent with it, and dropped when the platform refuses one.
type clock struct {
	mu        sync.Mutex
	confirmed time.Duration // offset of an accepted call, or 0
	trial     time.Duration // offset on trial, used while onTrial
	onTrial   bool
	fromDate  bool // trial was taken from a Date

	usualDeviation time.Duration // of the Date, in the response to the last accepted call
	unreliable     bool          // usualDeviation exceeds maxSkew: a Date with this deviation says nothing about the clock
}

// A correction is a deviation of the clock that a refusal revealed.
type correction struct {
	behind  time.Duration // how far the sent time was behind the Date
	offset  time.Duration // offset to try next
	refusal *APIError
}

// offset returns the offset for the next call.
func (c *clock) offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.onTrial {
		return c.trial
	}
	return c.confirmed
}

// correct learns from a failed attempt. It returns a correction if the platform refused the call, possibly because of
// its time. Further calls use the new offset.
func (c *clock) correct(call *callState, a *attempt) *correction {
	refusal, ok := errors.AsType[*APIError](a.err)
	if !ok || !a.mayBeRefusedForTime(call.endpoint.kind) {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.onTrial && call.offset == c.trial {
		// The trial offset did not help. The confirmed one may not help either, if the Date was wrong and this machine's
		// clock has been set since, so try no offset at all.
		c.onTrial = c.fromDate && c.confirmed != 0
		c.trial, c.fromDate = 0, false
		if !c.onTrial && c.confirmed != 0 && call.correction == nil { // the confirmed offset is right, and the Date wrong
			return &correction{c.confirmed - call.offset, c.confirmed, refusal}
		}
	}
	deviation := a.deviation(call)
	isUsual := c.unreliable && (deviation-c.usualDeviation).Abs() <= sameDeviation
	if call.correction != nil || !a.isSkewed() || isUsual {
		return nil
	}
	if !c.onTrial {
		c.trial, c.onTrial, c.fromDate = deviation, true, true
	}
	return &correction{deviation - call.offset, c.trial, refusal}
}

// mayBeRefusedForTime reports whether a refusal may be due to the time that was sent. With a payload, or an HTTP status
// of 429 or 5xx, it has another reason, or the call took effect.
func (a *attempt) mayBeRefusedForTime(kind Kind) bool {
	return (!a.hasPayload || kind == KindRead) && a.status != http.StatusTooManyRequests && a.status < 500
}

// confirm learns from a successful attempt.
func (c *clock) confirm(call *callState, a *attempt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.onTrial && call.offset == c.trial || call.correction != nil {
		c.confirmed, c.onTrial = call.offset, false
	}
	if !a.date.IsZero() {
		c.usualDeviation, c.unreliable = a.deviation(call), a.isSkewed()
	}
}

// isSkewed reports whether the Date of the response is further from the attempt than the platform allows: before the
// time that was sent, or after the response arrived, which may be much later.
func (a *attempt) isSkewed() bool {
	return !a.date.IsZero() && (a.date.Before(time.Unix(a.t, 0).Add(-maxSkew)) || a.date.After(a.received.Add(maxSkew)))
}

// deviation returns how far the Date of the response is ahead of this machine's clock.
func (a *attempt) deviation(call *callState) time.Duration {
	return call.offset + a.date.Sub(a.received)
}

// String returns how far this machine's clock was off, and in which direction.
func (k *correction) String() string {
	if k.behind < 0 {
		return fmt.Sprintf("%v ahead", -k.behind.Round(time.Second))
	}
	return fmt.Sprintf("%v behind", k.behind.Round(time.Second))
}
