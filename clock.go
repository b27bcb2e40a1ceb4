package quecloud

import (
	"errors"
	"net/http"
	"sync/atomic"
	"time"
)

// maxSkew is how far off the parameter t may be, § 1.4 of the vendor's document.
const maxSkew = 5 * time.Minute

// A clock knows how far the platform's clock is from this machine's, learnt from the header Date of its answers.
type clock struct {
	ahead    atomic.Int64 // nanoseconds
	disproof atomic.Bool  // a call was accepted although its time was far from Date, so Date means nothing
}

func (c *clock) offset() time.Duration { return time.Duration(c.ahead.Load()) }

// correct reports whether a call was refused because of its time, which means that the platform cannot have executed
// it. The call then has a better offset and is to be sent once more.
func (c *clock) correct(call *call, a *attempt) bool {
	refusal, ok := errors.AsType[*APIError](a.err)
	partly := a.done && call.endpoint.kind != KindRead
	if !ok || partly || call.corrected || !a.skewed() || c.disproof.Load() {
		return false
	}
	if a.status == http.StatusTooManyRequests || a.status >= 500 {
		return false // refused for another reason, or not known to be refused
	}
	call.corrected, call.refusal = true, refusal
	call.offset += a.date.Sub(a.received)
	return true
}

// accepted keeps what a successful call tells about the clocks.
func (c *clock) accepted(call *call, a *attempt) {
	if a.skewed() {
		c.disproof.Store(true)
	} else if call.corrected {
		c.ahead.Store(int64(call.offset))
	}
}

// skewed reports whether the answer's date is further from the attempt than the platform allows: before the time that
// was sent, or after the answer came, which may be much later.
func (a *attempt) skewed() bool {
	return !a.date.IsZero() && (a.date.Before(time.Unix(a.t, 0).Add(-maxSkew)) || a.date.After(a.received.Add(maxSkew)))
}
