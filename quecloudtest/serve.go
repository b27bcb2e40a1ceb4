package quecloudtest

import (
	"errors"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/quecloud/quecloud-go/internal/redact"
)

// An exchange is one request on its way through the server.
type exchange struct {
	record     Request
	form       *form
	refused    error // by the checks of the form
	faults     faultSum
	callerGone bool    // the caller gave up during a latency
	buf        *[]byte // for the response
}

// newExchange reads a request.
func newExchange(r *http.Request) *exchange {
	x := &exchange{}
	x.form, x.refused = readForm(r)
	params := x.form.params
	x.record = Request{
		Arrived: time.Now(), Verb: r.Method, Origin: origin(r), Path: r.URL.Path,
		Header: recordedHeader(r.Header), InQuery: queryNames(r.URL),
		Method: params["method"], Sign: params["sign"], Params: maps.Clone(params),
	}
	delete(x.record.Params, "sign")
	return x
}

// origin returns the scheme and the host that a client called.
func origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
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
	if !x.record.SignatureOK {
		x.record.Mismatch = s.explain(x.form)
	}

	x.callerGone = x.callerGone || !s.wait(r, x.faults.latencyAfter)
	resp = x.faults.apply(resp)
	if x.callerGone {
		resp.status = 0
	}
	x.record.HTTPStatus, x.record.Duration = resp.status, time.Since(start)
	x.record.Response, x.record.ResponseSize = resp.excerpt()
	s.record(x.record)
	defer s.startDelivering()
	if x.faults.date != nil {
		date = x.faults.date()
	}
	resp.write(w, date)
}

// lockFor takes the lock for a call of a method; see lock.
func (s *Server) lockFor(method string) (unlock func()) {
	m := findMethod(method)
	return s.lock(m != nil && m.reads)
}

// lock runs all due jobs and takes the lock, shared with other readers if reads is true and no job is due. The returned
// function runs due jobs again and releases the lock.
func (s *Server) lock(reads bool) (unlock func()) {
	if reads {
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
	x.record.SignatureOK = s.signed(x.form.params)
	var c *call
	err := x.refused
	if err == nil {
		c, err = s.accept(x.form.params, x.record.SignatureOK, now)
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
		if !c.method.reads {
			s.recordChanges(x.record.Method, now)
		}
		x.record.Executed = err == nil
	}
	if x.faults.action == actionRefuse {
		err = &refusal{code: x.faults.code, message: x.faults.body}
	}
	if r, ok := errors.AsType[*refusal](err); ok {
		r.message = redact.Secrets(s.Secret)(r.message) // it quotes parameters
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
