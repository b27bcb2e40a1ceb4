package quecloudtest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A Fault makes calls go wrong. The constructors [Refuse], [HTTPStatus], [HTMLPage], [Garbage], [EmptyBody],
// [CutBefore], [CutAfter], [Truncate], [CutBody], [Latency], [Speak], [NoDate] and [WrongDate] make faults, the
// methods of Fault narrow them, and [Server.Inject] or [WithFaults] sets them:
//
//	srv.Inject(quecloudtest.HTTPStatus(503).Header("Retry-After", "1").On("card.info").Times(2))
//
// Each method returns a changed copy. A fault that is not narrowed applies to every call.
type Fault struct {
	kind, name  string
	methods     []string // full names; none: all
	times       int      // calls that it applies to; 0: no limit
	miss        float64  // probability that it spares a call
	afterEffect bool     // it applies after the call took effect

	latency   time.Duration
	dialect   Dialect
	date      func() string // header Date; empty: none
	wrongDate time.Time
	action    action
	status    int
	header    http.Header
	body      string
	code      int
	n         int
}

// An action is how a fault changes the response.
type action uint8

const (
	actionNone     action = iota
	actionRefuse          // sends another result code
	actionReplace         // sends another HTTP response
	actionCut             // sends no response
	actionTruncate        // sends part of the response
	actionCutBody         // announces the whole response and sends part of it
)

// Refuse responds with a result code and message of your choice. The call takes no effect. Refuse panics when the
// code is 0, which means success.
func Refuse(resultCode int, message string) Fault {
	if resultCode == 0 {
		panic("quecloudtest: Refuse(0): result code 0 means success, a refusal needs another")
	}
	return Fault{
		kind: "refuse", name: fmt.Sprintf("Refuse(%d)", resultCode), action: actionRefuse, code: resultCode, body: message,
	}
}

// HTTPStatus responds with an HTTP status and its text as the body. The call takes no effect.
func HTTPStatus(status int) Fault {
	return Fault{
		kind: "status", name: fmt.Sprintf("HTTPStatus(%d)", status),
		action: actionReplace, status: status, body: http.StatusText(status),
		header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}},
	}
}

// HTMLPage responds with an HTTP status and an HTML page, as proxies and captive portals do. The call takes no effect.
func HTMLPage(status int) Fault {
	f := HTTPStatus(status).Header("Content-Type", "text/html; charset=utf-8")
	f.kind, f.name = "html", fmt.Sprintf("HTMLPage(%d)", status)
	return f.Body("<!DOCTYPE html>\n<html><head><title>" + http.StatusText(status) +
		"</title></head><body></body></html>\n")
}

// Garbage responds with HTTP 200 and bytes that are neither JSON nor a zip file. The call takes no effect.
func Garbage() Fault {
	f := HTTPStatus(http.StatusOK).Header("Content-Type", "application/json").Body("\x00\xff\x1f\x8b{]\"resultCode\x01")
	f.kind, f.name = "garbage", "Garbage"
	return f
}

// EmptyBody responds with HTTP 200 and no body. The call takes no effect.
func EmptyBody() Fault {
	f := HTTPStatus(http.StatusOK).Body("")
	f.kind, f.name = "empty", "EmptyBody"
	return f
}

// CutBefore closes the connection without a response. The call takes no effect.
func CutBefore() Fault { return Fault{kind: "cut-before", name: "CutBefore", action: actionCut} }

// CutAfter closes the connection without a response after the call took effect.
func CutAfter() Fault {
	return Fault{kind: "cut-after", name: "CutAfter", action: actionCut, afterEffect: true}
}

// Truncate sends the first n bytes of the response as a complete HTTP message. The call takes effect.
func Truncate(n int) Fault {
	return Fault{
		kind: "truncate", name: fmt.Sprintf("Truncate(%d)", n), action: actionTruncate, n: max(n, 0), afterEffect: true,
	}
}

// CutBody announces the whole response, sends its first n bytes and closes the connection. The call takes effect.
func CutBody(n int) Fault {
	return Fault{
		kind: "cut-body", name: fmt.Sprintf("CutBody(%d)", n), action: actionCutBody, n: max(n, 0), afterEffect: true,
	}
}

// Latency waits by the real clock before the call takes effect, or with [Fault.AfterEffect] before the response. When
// the caller gives up first, the call takes no effect.
func Latency(d time.Duration) Fault {
	return Fault{kind: "latency", name: fmt.Sprintf("Latency(%v)", d), latency: d}
}

// Speak responds in a dialect.
func Speak(d Dialect) Fault { return Fault{kind: "dialect", name: "Speak", dialect: d} }

// NoDate responds without the header Date.
func NoDate() Fault {
	return Fault{kind: "no-date", name: "NoDate", date: func() string { return "" }}
}

// WrongDate responds with t in the header Date. The server's time stays as it is; to change it, use [Server.SetTime].
func WrongDate(t time.Time) Fault {
	return Fault{
		kind: "wrong-date", name: "WrongDate", wrongDate: t,
		date: func() string { return t.UTC().Format(http.TimeFormat) },
	}
}

// On narrows the fault to calls of these methods. The prefix fc.function. is optional.
func (f Fault) On(methods ...string) Fault {
	f.methods = nil
	for _, m := range methods {
		if !strings.HasPrefix(m, methodPrefix) {
			m = methodPrefix + m
		}
		f.methods = append(f.methods, m)
	}
	return f
}

// Times narrows the fault to the next n calls that it can apply to. It panics when n is less than 1. Without Times the
// fault applies to every call.
func (f Fault) Times(n int) Fault {
	if n < 1 {
		panic(fmt.Sprintf("quecloudtest: %s.Times(%d): want at least 1", f.name, n))
	}
	f.times = n
	return f
}

// Probability applies the fault to a share of the calls, between 0 and 1, chosen by the server's seed. Every run
// chooses the same sequential calls. Of concurrent calls, the order of their arrival decides.
func (f Fault) Probability(p float64) Fault {
	f.miss = 1 - p
	return f
}

// AfterEffect applies the fault after the call took effect. It does not change other faults of the same call: with a
// latency after the effect and a cut before it, the call takes no effect.
func (f Fault) AfterEffect() Fault {
	f.afterEffect = true
	return f
}

// Header sets a header of the response that the fault sends.
func (f Fault) Header(name, value string) Fault {
	f.header = f.header.Clone()
	if f.header == nil {
		f.header = http.Header{}
	}
	f.header.Set(name, value)
	return f
}

// Body sets the body of the response that the fault sends.
func (f Fault) Body(body string) Fault {
	f.body = body
	return f
}

// String names the fault's constructor.
func (f Fault) String() string { return f.name }

func (f *Fault) check() error {
	if f.name == "" {
		return errors.New("zero Fault: use a constructor such as Refuse or HTTPStatus")
	}
	for _, name := range f.methods {
		if findMethod(name) == nil {
			return fmt.Errorf("%s on an unknown method: %s", f.name, name)
		}
	}
	if !(f.miss >= 0 && f.miss <= 1) {
		return fmt.Errorf("%s: probability %v, want 0 to 1", f.name, 1-f.miss)
	}
	if f.action == actionReplace && (f.status < 200 || f.status > 999) {
		return fmt.Errorf("%s: HTTP status %d, want 200 to 999", f.name, f.status)
	}
	return nil
}

// An injectedFault counts the calls that a fault was tried on and those that it still applies to.
type injectedFault struct {
	Fault
	id, tried uint64
	applied   int
	remaining int // 0: no limit
}

func (f *injectedFault) exhausted() bool { return f.times > 0 && f.remaining == 0 }

// Inject sets faults for the calls from now on. The server tries them on each call in the order of their injection,
// up to the first that decides the response: latencies, dialects and dates add up, and the faults after a refusal or
// a cut wait for the next call. Two faults with Times(1) therefore apply to two calls, one after the other. Inject
// panics when a fault is invalid, such as one on an unknown method.
// It returns the IDs of the faults, for [Server.RemoveFault].
func (s *Server) Inject(faults ...Fault) (ids []int64) {
	for _, f := range faults {
		if err := f.check(); err != nil {
			panic("quecloudtest: " + err.Error())
		}
	}
	defer s.faultsUpdate()
	s.callsMu.Lock()
	defer s.callsMu.Unlock()
	for _, f := range faults {
		s.injections++
		s.faults = append(s.faults, &injectedFault{Fault: f, id: s.injections, remaining: f.times})
		ids = append(ids, int64(s.injections))
	}
	return ids
}

// faultsUpdate tells watchers that faults changed. The caller must not hold a lock.
func (s *Server) faultsUpdate() { s.updates.add(Update{Time: s.Now(), Kind: UpdateFaults}) }

// An InjectedFault is a fault that still applies to calls.
type InjectedFault struct {
	ID        int64 `json:"id"`        // as returned by Inject
	Fault     Fault `json:"fault"`     // as injected
	Applied   int   `json:"applied"`   // calls that it applied to
	Remaining int   `json:"remaining"` // calls that it still applies to; 0: no limit
}

// Faults returns the faults that still apply to calls, in the order of their injection.
func (s *Server) Faults() []InjectedFault {
	s.callsMu.Lock()
	defer s.callsMu.Unlock()
	faults := []InjectedFault{}
	for _, f := range s.faults {
		if !f.exhausted() {
			faults = append(faults, InjectedFault{int64(f.id), f.Fault, f.applied, f.remaining})
		}
	}
	return faults
}

// RemoveFault removes a fault, and reports whether it was there.
func (s *Server) RemoveFault(id int64) bool {
	if removed := s.deleteFaults(func(f *injectedFault) bool { return int64(f.id) == id }); !removed {
		return false
	}
	s.faultsUpdate()
	return true
}

func (s *Server) deleteFaults(match func(*injectedFault) bool) bool {
	s.callsMu.Lock()
	defer s.callsMu.Unlock()
	before := len(s.faults)
	s.faults = slices.DeleteFunc(s.faults, match)
	return len(s.faults) < before
}

// ClearFaults removes all faults.
func (s *Server) ClearFaults() {
	defer s.faultsUpdate()
	s.callsMu.Lock()
	defer s.callsMu.Unlock()
	s.faults = nil
}

// faultsFor returns the faults that apply to a call, and counts them.
func (s *Server) faultsFor(method string) []Fault {
	applied, usedUp := s.countFaults(method)
	if usedUp && s.deleteFaults((*injectedFault).exhausted) {
		s.faultsUpdate()
	}
	return applied
}

// countFaults counts the faults that apply to a call, and reports whether one of them is used up.
func (s *Server) countFaults(method string) (applied []Fault, usedUp bool) {
	s.callsMu.Lock()
	defer s.callsMu.Unlock()
	for _, f := range s.faults {
		if f.exhausted() {
			continue
		}
		if len(f.methods) > 0 && !slices.Contains(f.methods, method) {
			continue
		}
		if f.miss > 0 {
			f.tried++
			if float64(mix(s.seed, f.id, f.tried, saltFault)) < f.miss*(1<<64) {
				continue
			}
		}
		f.applied++
		f.remaining = max(0, f.remaining-1)
		applied = append(applied, f.Fault)
		usedUp = usedUp || f.exhausted()
		if f.action != actionNone {
			break
		}
	}
	return applied, usedUp
}

// A faultSum combines the faults of one call: the one that decides the response, if any, with the latencies, dialects
// and date of all.
type faultSum struct {
	Fault
	names                       []string
	latencyBefore, latencyAfter time.Duration // before and after the effect
}

// sumFaults adds up faults.
func sumFaults(faults []Fault) faultSum {
	var sum faultSum
	var dialect Dialect
	var date func() string
	for _, f := range faults {
		sum.names = append(sum.names, f.name)
		dialect |= f.dialect
		if f.date != nil {
			date = f.date
		}
		if f.afterEffect {
			sum.latencyAfter += f.latency
		} else {
			sum.latencyBefore += f.latency
		}
		if f.action != actionNone {
			sum.Fault = f
		}
	}
	sum.dialect, sum.date = dialect, date
	return sum
}

// preventsEffect reports whether the call must not take effect.
func (f *faultSum) preventsEffect() bool { return f.action != actionNone && !f.afterEffect }

// apply returns the response as the fault changes it.
func (f *faultSum) apply(resp response) response {
	switch f.action {
	case actionReplace:
		body := []byte(f.body)
		return response{f.status, f.header, [][]byte{body}, len(body), -1}
	case actionCut:
		resp.status = 0
	case actionTruncate:
		whole := slices.Concat(resp.parts...)
		resp.parts = [][]byte{whole[:min(f.n, len(whole))]}
		resp.length = len(resp.parts[0])
	case actionCutBody:
		resp.cutAt = min(f.n, resp.length-1)
	case actionNone, actionRefuse:
	}
	return resp
}
