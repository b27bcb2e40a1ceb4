package quecloudtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A Fault is something that goes wrong with calls. It is made by one of the constructors [Refuse], [HTTPStatus],
// [HTMLPage], [Garbage], [EmptyBody], [CutBefore], [CutAfter], [Truncate], [CutBody], [Latency], [Speak], [NoDate] and
// [WrongDate], narrowed by its methods, and set by [Server.Inject] or [WithFaults]:
//
//	srv.Inject(quecloudtest.HTTPStatus(503).Header("Retry-After", "1").On("card.info").Times(2))
//
// Each method returns a changed copy. A fault that is not narrowed befalls every call.
type Fault struct {
	name    string
	methods []string // full names; none: all
	times   int      // calls that it befalls; 0: without end
	miss    float64  // probability of passing a call by
	late    bool     // befalls after the call took effect

	latency time.Duration
	dialect Dialect
	date    func() string // the header Date; "" leaves it out
	act     act
	status  int
	header  http.Header
	body    string
	code    int
	n       int
}

// An act is what becomes of an answer.
type act uint8

const (
	actNone     act = iota
	actRefuse       // another result code
	actReplace      // another HTTP answer
	actCut          // no answer
	actTruncate     // part of the answer
	actCutBody      // part of the answer, where all was announced
)

// Refuse answers with a result code and message of your choice. The call takes no effect. Refuse panics when the code is
// 0, which is success.
func Refuse(resultCode int, message string) Fault {
	if resultCode == 0 {
		panic("quecloudtest: Refuse(0): result code 0 is success, a refusal has another")
	}
	return Fault{name: fmt.Sprintf("Refuse(%d)", resultCode), act: actRefuse, code: resultCode, body: message}
}

// HTTPStatus answers with an HTTP status and its text for a body. The call takes no effect.
func HTTPStatus(status int) Fault {
	return Fault{
		name: fmt.Sprintf("HTTPStatus(%d)", status), act: actReplace, status: status, body: http.StatusText(status),
		header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}},
	}
}

// HTMLPage answers with an HTML page, as proxies and captive portals do, under an HTTP status. The call takes no effect.
func HTMLPage(status int) Fault {
	f := HTTPStatus(status).Header("Content-Type", "text/html; charset=utf-8")
	f.name = fmt.Sprintf("HTMLPage(%d)", status)
	return f.Body("<!DOCTYPE html>\n<html><head><title>" + http.StatusText(status) + "</title></head><body></body></html>\n")
}

// Garbage answers HTTP 200 with bytes that are neither JSON nor a zip. The call takes no effect.
func Garbage() Fault {
	f := HTTPStatus(http.StatusOK).Header("Content-Type", "application/json").Body("\x00\xff\x1f\x8b{]\"resultCode\x01")
	f.name = "Garbage"
	return f
}

// EmptyBody answers HTTP 200 without a body. The call takes no effect.
func EmptyBody() Fault {
	f := HTTPStatus(http.StatusOK).Body("")
	f.name = "EmptyBody"
	return f
}

// CutBefore closes the connection without an answer. The call takes no effect.
func CutBefore() Fault { return Fault{name: "CutBefore", act: actCut} }

// CutAfter closes the connection without an answer, after the call took effect.
func CutAfter() Fault { return Fault{name: "CutAfter", act: actCut, late: true} }

// Truncate answers with the first n bytes of the answer, in a complete HTTP message. The call takes effect.
func Truncate(n int) Fault {
	return Fault{name: fmt.Sprintf("Truncate(%d)", n), act: actTruncate, n: max(n, 0), late: true}
}

// CutBody announces the whole answer, sends the first n bytes of it, and closes the connection. The call takes effect.
func CutBody(n int) Fault {
	return Fault{name: fmt.Sprintf("CutBody(%d)", n), act: actCutBody, n: max(n, 0), late: true}
}

// Latency waits before the call takes effect, or with [Fault.AfterEffect] before it is answered, by the real clock. A
// caller who gives up in the meantime ends the waiting: then the call takes no effect.
func Latency(d time.Duration) Fault { return Fault{name: fmt.Sprintf("Latency(%v)", d), latency: d} }

// Speak answers in a dialect.
func Speak(d Dialect) Fault { return Fault{name: "Speak", dialect: d} }

// NoDate answers without the header Date.
func NoDate() Fault { return Fault{name: "NoDate", date: func() string { return "" }} }

// WrongDate answers with a header Date that does not tell the server's time. For a server that goes by another time
// altogether, set its clock: [Server.SetTime].
func WrongDate(t time.Time) Fault {
	return Fault{name: "WrongDate", date: func() string { return t.UTC().Format(http.TimeFormat) }}
}

// On narrows the fault to calls of these methods. The prefix fc.function. may be left out.
func (f Fault) On(methods ...string) Fault {
	f.methods = nil
	for _, m := range methods {
		if !strings.HasPrefix(m, prefix) {
			m = prefix + m
		}
		f.methods = append(f.methods, m)
	}
	return f
}

// Times narrows the fault to the next n calls that it can befall. It panics when n is less than 1: a fault that is to
// befall every call has no Times.
func (f Fault) Times(n int) Fault {
	if n < 1 {
		panic(fmt.Sprintf("quecloudtest: %s.Times(%d): want at least 1", f.name, n))
	}
	f.times = n
	return f
}

// Probability lets the fault befall that share of calls, between 0 and 1, under the server's seed. Which calls those are
// is the same in every run as long as calls come one after the other; of calls that come at once it depends on which is
// first.
func (f Fault) Probability(p float64) Fault {
	f.miss = 1 - p
	return f
}

// AfterEffect lets the call take effect before the fault befalls it. It says nothing of other faults that befall the same
// call: a latency after the effect delays a cut before it, and the call takes no effect.
func (f Fault) AfterEffect() Fault {
	f.late = true
	return f
}

// Header sets a header of the answer that the fault gives.
func (f Fault) Header(name, value string) Fault {
	f.header = f.header.Clone()
	if f.header == nil {
		f.header = http.Header{}
	}
	f.header.Set(name, value)
	return f
}

// Body sets the body of the answer that the fault gives in place of the real one.
func (f Fault) Body(body string) Fault {
	f.body = body
	return f
}

// String names the fault's constructor.
func (f Fault) String() string { return f.name }

// check panics when the fault cannot be meant.
func (f Fault) check() {
	if f.name == "" {
		panic("quecloudtest: a Fault is made by a constructor such as Refuse or HTTPStatus")
	}
	for _, name := range f.methods {
		if findMethod(name) == nil {
			panic("quecloudtest: " + f.name + " on a method that is not served: " + name)
		}
	}
	if !(f.miss >= 0 && f.miss <= 1) {
		panic(fmt.Sprintf("quecloudtest: %s with probability %v", f.name, 1-f.miss))
	}
	if f.act == actReplace && (f.status < 200 || f.status > 999) {
		panic(fmt.Sprintf("quecloudtest: no HTTP status: %d", f.status))
	}
}

// An injected fault counts what it was offered and what it befell.
type injected struct {
	Fault
	id, offered uint64
	left        int
}

// spent says whether the fault has befallen all the calls that it was to.
func (f *injected) spent() bool { return f.times > 0 && f.left == 0 }

// Inject sets faults, to befall calls from now on. For each call they are tried in the order in which they were injected,
// up to the first that decides the answer: latencies, dialects and dates add up, and what comes after a refusal or a cut
// waits for the next call. So two faults with Times(1) befall two calls, one after the other. Inject panics when a fault
// is impossible, such as one on a method that is not served.
func (s *Server) Inject(faults ...Fault) {
	s.callsMu.Lock()
	defer s.callsMu.Unlock()
	for _, f := range faults {
		f.check()
		s.injections++
		s.faults = append(s.faults, &injected{Fault: f, id: s.injections, left: f.times})
	}
}

// ClearFaults takes back all faults.
func (s *Server) ClearFaults() {
	s.callsMu.Lock()
	defer s.callsMu.Unlock()
	s.faults = nil
}

// befall returns the faults that befall a call.
func (s *Server) befall(method string) []Fault {
	s.callsMu.Lock()
	defer s.callsMu.Unlock()
	var hits []Fault
	for _, f := range s.faults {
		if len(f.methods) > 0 && !slices.Contains(f.methods, method) {
			continue
		}
		if f.miss > 0 {
			f.offered++
			if float64(mix(s.seed, f.id, f.offered, saltFault)) < f.miss*(1<<64) {
				continue
			}
		}
		f.left--
		hits = append(hits, f.Fault)
		if f.act != actNone {
			break
		}
	}
	s.faults = slices.DeleteFunc(s.faults, (*injected).spent)
	return hits
}

// A fault is the sum of what befalls one call: the one fault that decides the answer, where there is one, under the
// latencies, the dialects and the date of all. Each is early or late by itself.
type fault struct {
	Fault
	names         []string
	before, after time.Duration // to wait, as seen from the effect
}

// combine adds faults up.
func combine(faults []Fault) fault {
	var sum fault
	var dialect Dialect
	var date func() string
	for _, f := range faults {
		sum.names = append(sum.names, f.name)
		dialect |= f.dialect
		if f.date != nil {
			date = f.date
		}
		if f.late {
			sum.after += f.latency
		} else {
			sum.before += f.latency
		}
		if f.act != actNone {
			sum.Fault = f
		}
	}
	sum.dialect, sum.date = dialect, date
	return sum
}

// prevents says whether the call must not take effect.
func (f *fault) prevents() bool { return f.act != actNone && !f.late }

// spoil makes of an answer what the fault leaves of it.
func (f *fault) spoil(a response) response {
	switch f.act {
	case actReplace:
		body := []byte(f.body)
		return response{f.status, f.header, [][]byte{body}, len(body), -1}
	case actCut:
		a.status = 0
	case actTruncate:
		whole := slices.Concat(a.parts...)
		a.parts = [][]byte{whole[:min(f.n, len(whole))]}
		a.length = len(a.parts[0])
	case actCutBody:
		a.cut = min(f.n, a.length-1)
	case actNone, actRefuse:
	}
	return a
}
