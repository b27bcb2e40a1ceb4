package quecloudtest

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Request records one request that the server received, and its outcome.
type Request struct {
	Time        time.Time         // by the server's clock
	Verb        string            // HTTP method
	Method      string            // fc.function.…, as sent, known or not
	Params      map[string]string // all parameters but sign
	Sign        string            // signature, as sent
	SignatureOK bool              // the signature is right, even if the rest is wrong

	Accepted bool   // verb, form, signature, parameters and cards are right
	Executed bool   // the call took effect, even if a fault then cut the response
	Reason   string // errorMessage of a refusal by the protocol, the method or a fault

	Faults     []string      // faults that applied
	ResultCode int           // of the response, before a fault changed it
	HTTPStatus int           // of the response; 0: the connection was cut
	Duration   time.Duration // from the arrival to the response
}

// Requests returns the requests received so far, oldest first; see [WithRequestLimit].
func (s *Server) Requests() []Request {
	s.callsMu.Lock()
	defer s.callsMu.Unlock()
	return slices.Clone(s.requests.all())
}

// RequestsOf returns the requests received so far for one method, oldest first. The prefix fc.function. is optional.
func (s *Server) RequestsOf(method string) []Request {
	all := s.Requests()
	return slices.DeleteFunc(all, func(r Request) bool {
		return strings.TrimPrefix(r.Method, methodPrefix) != strings.TrimPrefix(method, methodPrefix)
	})
}

// An exchange is one request on its way through the server.
type exchange struct {
	record     Request
	params     map[string]string
	refused    error // by the checks of the form
	faults     faultSum
	callerGone bool    // the caller gave up during a latency
	buf        *[]byte // for the response
}

// newExchange reads a request.
func newExchange(r *http.Request) *exchange {
	x := &exchange{}
	x.params, x.refused = readParams(r)
	x.record = Request{Verb: r.Method, Method: x.params["method"], Sign: x.params["sign"], Params: maps.Clone(x.params)}
	delete(x.record.Params, "sign")
	return x
}

// ServeHTTP responds to a call as the platform does, on any path.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	x := newExchange(r)
	x.faults = sumFaults(s.faultsFor(x.record.Method))
	x.record.Faults = x.faults.names
	x.callerGone = !s.wait(r, x.faults.latencyBefore)

	x.buf = buffers.Get().(*[]byte)
	defer buffers.Put(x.buf) // after the response was written
	unlock := s.lockFor(x.record.Method)
	resp := s.execute(x)
	date := s.clock.now().UTC().Format(http.TimeFormat)
	unlock()

	x.callerGone = x.callerGone || !s.wait(r, x.faults.latencyAfter)
	resp = x.faults.apply(resp)
	if x.callerGone {
		resp.status = 0
	}
	x.record.HTTPStatus, x.record.Duration = resp.status, time.Since(start)
	s.record(x.record)
	defer s.startDelivering()
	if x.faults.date != nil {
		date = x.faults.date()
	}
	resp.write(w, date)
}

// lockFor runs all due jobs and takes the lock for a call. The returned function runs due jobs again and releases the
// lock. Methods that only read share the lock unless a job is due.
func (s *Server) lockFor(method string) (unlock func()) {
	if m := findMethod(method); m != nil && m.reads {
		s.mu.RLock()
		if !s.hasDue() {
			return s.mu.RUnlock
		}
		s.mu.RUnlock()
	}
	s.mu.Lock()
	s.runDue()
	return func() {
		s.runDue()
		s.mu.Unlock()
	}
}

// buffers hold responses until they are sent. A page of 1000 cards has 600 kB.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// execute checks a request and runs its method unless a fault prevents that. The response may use x.buf.
func (s *Server) execute(x *exchange) response {
	now := instantOf(s.clock.now())
	x.record.Time = now.time
	x.record.SignatureOK = s.signed(x.params)
	var c *call
	err := x.refused
	if err == nil {
		c, err = s.accept(x.params, now)
	}
	if c == nil {
		c = &call{}
	}
	x.record.Accepted = err == nil
	c.out.dialect = s.dialect | x.faults.dialect
	if err == nil && !x.callerGone && !x.faults.preventsEffect() {
		c.out.buf = (*x.buf)[:0]
		err = c.method.run(s, c)
		*x.buf = c.out.buf
		x.record.Executed = err == nil
	}
	if x.faults.action == actionRefuse {
		err = &refusal{code: x.faults.code, message: x.faults.body}
	}
	if r, ok := errors.AsType[*refusal](err); ok {
		c.refuse(r)
		x.record.Reason = r.message
	}
	x.record.ResultCode = c.code
	return c.respond()
}

// refuse replaces the response by a refusal.
func (c *call) refuse(r *refusal) {
	c.code, c.message, c.out.buf, c.raw = r.code, r.message, nil, nil
	if r.orderNo != "" {
		c.out.text("orderNo", r.orderNo)
	}
}

// maxRequestBytes limits the parameters of the requests that the server remembers.
const maxRequestBytes = 16 << 20

// size returns the approximate memory of the parameters.
func (r *Request) size() int {
	size := 0
	for name, value := range r.Params {
		size += len(name) + len(value)
	}
	return size
}

// record remembers a request and calls the observer.
func (s *Server) record(req Request) {
	s.callsMu.Lock()
	s.requests.add(req)
	s.requestBytes += req.size()
	for s.requests.len() > s.requestLimit || s.requestBytes > maxRequestBytes && s.requests.len() > 1 {
		oldest := s.requests.forget()
		s.requestBytes -= oldest.size()
	}
	s.callsMu.Unlock()
	s.observe(req)
}

// A response is an HTTP response.
type response struct {
	status int // 0: the connection is cut
	header http.Header
	parts  [][]byte // body
	length int      // Content-Length
	cutAt  int      // body bytes to send before the connection is cut; negative: all, without a cut
}

// respond makes the response from the members that the method wrote.
func (c *call) respond() response {
	contentType := "application/json;charset=UTF-8"
	parts := [][]byte{c.raw}
	if c.raw != nil {
		contentType = c.contentType
	} else {
		head := encoder{dialect: c.out.dialect, buf: []byte{'{'}}
		head.int("resultCode", int64(c.code))
		head.optional("errorMessage", c.message)
		if len(c.out.buf) > 0 {
			head.buf = append(head.buf, ',')
		}
		parts = [][]byte{head.buf, c.out.buf, {'}'}}
	}
	length := 0
	for _, part := range parts {
		length += len(part)
	}
	return response{http.StatusOK, http.Header{"Content-Type": {contentType}}, parts, length, -1}
}

// write sends the response up to its cut.
func (resp response) write(w http.ResponseWriter, date string) {
	if resp.status == 0 {
		panic(http.ErrAbortHandler) // net/http closes the connection and logs nothing
	}
	maps.Copy(w.Header(), resp.header)
	if date == "" {
		w.Header()["Date"] = nil
	} else {
		w.Header().Set("Date", date)
	}
	if resp.status >= 200 && resp.status != http.StatusNoContent && resp.status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(resp.length))
	}
	w.WriteHeader(resp.status)
	remaining := resp.cutAt
	for _, part := range resp.parts {
		if resp.cutAt >= 0 {
			part = part[:min(remaining, len(part))]
			remaining -= len(part)
		}
		if _, err := w.Write(part); err != nil {
			return
		}
	}
	if resp.cutAt >= 0 && resp.cutAt < resp.length {
		_ = http.NewResponseController(w).Flush() // without Flush the response is cut too, only earlier
		panic(http.ErrAbortHandler)
	}
}

// wait waits for d and reports whether the caller waited too. Closing the server ends it.
func (s *Server) wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	case <-s.ctx.Done():
		return false
	}
}
