package quecloud

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// maxSkew is how far off the parameter t may be, § 1.4 of the vendor's document.
const maxSkew = 5 * time.Minute

// sameDeviation is how far two deviations of a Date may be apart to count as one and the same.
const sameDeviation = time.Minute

// A clock knows how far the platform's clock is ahead of this machine's. It learns so from the header Date of refusals,
// which somebody on the way may have written whose own clock is wrong: an offset is on trial until a call that was sent with
// it is accepted, and dropped when one is refused.
type clock struct {
	mu       sync.Mutex
	known    time.Duration // with which a call was accepted, or 0
	trial    time.Duration // used instead while trying
	trying   bool
	fromDate bool          // the trial is what a Date said
	usual    time.Duration // deviation of the Date that came when a call was accepted
	misdated bool          // usual is more than the platform allows: this Date says nothing of its clock
}

// A correction is what a refusal tells of the clock.
type correction struct {
	by      time.Duration // how far t was behind the Date
	offset  time.Duration // to try instead
	refusal *APIError
}

func (c *clock) offset() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.current()
}

func (c *clock) current() time.Duration {
	if c.trying {
		return c.trial
	}
	return c.known
}

// refused learns from a failed attempt. It returns a correction if the platform refused the call, and perhaps because of its
// time: further calls are sent with another then.
func (c *clock) refused(call *callState, a *attempt) *correction {
	refusal, ok := errors.AsType[*APIError](a.err)
	if !ok || a.given && call.endpoint.kind != KindRead || a.status == http.StatusTooManyRequests || a.status >= 500 {
		return nil // refused for another reason, or not known to be refused
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.trying && call.offset == c.trial {
		// It was of no use. The offset known from before is not either, if the Date was wrong and this machine's clock
		// has been set since: no offset at all may be.
		c.trying = c.fromDate && c.known != 0
		c.trial, c.fromDate = 0, false
		if !c.trying && c.known != 0 && call.correction == nil { // so it is that offset after all, whatever the Date says
			return &correction{c.known - call.offset, c.known, refusal}
		}
	}
	deviation := a.deviation(call)
	if call.correction != nil || !a.skewed() || c.misdated && (deviation-c.usual).Abs() <= sameDeviation {
		return nil
	}
	if !c.trying {
		c.trial, c.trying, c.fromDate = deviation, true, true
	}
	return &correction{deviation - call.offset, c.trial, refusal}
}

// accepted learns from a successful attempt.
func (c *clock) accepted(call *callState, a *attempt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.trying && call.offset == c.trial || call.correction != nil {
		c.known, c.trying = call.offset, false
	}
	if !a.date.IsZero() {
		c.usual, c.misdated = a.deviation(call), a.skewed()
	}
}

// skewed reports whether the response's date is further from the attempt than the platform allows: before the time that
// was sent, or after the response came, which may be much later.
func (a *attempt) skewed() bool {
	return !a.date.IsZero() && (a.date.Before(time.Unix(a.t, 0).Add(-maxSkew)) || a.date.After(a.received.Add(maxSkew)))
}

// deviation is how far the response's date is ahead of this machine's clock.
func (a *attempt) deviation(call *callState) time.Duration {
	return call.offset + a.date.Sub(a.received)
}

// String says in which direction this machine's clock was wrong.
func (k *correction) String() string {
	if k.by < 0 {
		return fmt.Sprintf("%v ahead", -k.by.Round(time.Second))
	}
	return fmt.Sprintf("%v behind", k.by.Round(time.Second))
}
