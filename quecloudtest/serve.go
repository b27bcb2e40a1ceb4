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

// A Request is what the server received, and what became of it.
type Request struct {
	Time        time.Time         // by the server's clock
	Verb        string            // of HTTP
	Method      string            // fc.function.…; as sent, whether it exists or not
	Params      map[string]string // all that was sent, but for sign
	Sign        string            // the signature, as sent
	SignatureOK bool              // the signature was right, whatever else was wrong

	Accepted bool   // it kept to the protocol: verb, form, signature, parameters, cards
	Executed bool   // it did what it asked for; an answer that then got lost does not change that
	Reason   string // why it was refused: the errorMessage, by the protocol, the method or a fault

	Faults     []string      // that befell it
	ResultCode int           // that was answered, or would have been but for the faults
	HTTPStatus int           // that was answered; 0: the connection was cut
	Duration   time.Duration // from its arrival to its answer
}

// Requests returns the requests received so far, oldest first; see [WithRequestLimit].
func (s *Server) Requests() []Request {
	s.callsMu.Lock()
	defer s.callsMu.Unlock()
	return slices.Clone(s.requests.all())
}

// RequestsOf returns the requests received so far for one method, oldest first. The prefix fc.function. may be left out.
func (s *Server) RequestsOf(method string) []Request {
	all := s.Requests()
	return slices.DeleteFunc(all, func(r Request) bool {
		return strings.TrimPrefix(r.Method, prefix) != strings.TrimPrefix(method, prefix)
	})
}

// ServeHTTP answers a call as the platform does. It takes calls on any path.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	params, err := readParams(r)
	req := Request{Verb: r.Method, Method: params["method"], Sign: params["sign"]}
	req.Params = maps.Clone(params)
	delete(req.Params, "sign")

	f := combine(s.befall(req.Method))
	req.Faults = f.names
	gone := !s.wait(r, f.before)

	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf) // when all is written
	unlock := s.lockFor(req.Method)
	answer := s.answer(params, err, f, gone, &req, buf)
	date := s.clock.now().UTC().Format(http.TimeFormat)
	unlock()

	gone = gone || !s.wait(r, f.after)
	answer = f.spoil(answer)
	if gone {
		answer.status = 0
	}
	req.HTTPStatus, req.Duration = answer.status, time.Since(began)
	s.record(req)
	defer s.startDelivering()
	if f.date != nil {
		date = f.date()
	}
	answer.write(w, date)
}

// lockFor takes the lock for a call, with nothing due, and returns what gives it back, with nothing due either. Methods
// that read hold it side by side; but whoever finds something due has it to itself.
func (s *Server) lockFor(name string) (unlock func()) {
	if m := findMethod(name); m != nil && m.reads {
		s.mu.RLock()
		if !s.isDue() {
			return s.mu.RUnlock
		}
		s.mu.RUnlock()
	}
	s.mu.Lock()
	s.settle()
	return func() {
		s.settle()
		s.mu.Unlock()
	}
}

// buffers hold answers until they are sent. A page of 1000 cards has 600 kB.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// answer checks a request and, unless a fault forbids it, does what it asks for. What it answers with may be in buf.
func (s *Server) answer(params map[string]string, err error, f fault, gone bool, req *Request, buf *[]byte) response {
	now := instantOf(s.clock.now())
	req.Time = now.time
	req.SignatureOK = s.signed(params)
	c := &call{}
	if err == nil {
		c, err = s.accept(params, now)
	}
	if c == nil {
		c = &call{}
	}
	req.Accepted = err == nil
	c.out.dialect = s.dialect | f.dialect
	if err == nil && !gone && !f.prevents() {
		c.out.buf = (*buf)[:0]
		err = c.method.run(s, c)
		*buf = c.out.buf
		req.Executed = err == nil
	}
	if f.act == actRefuse {
		err = &refusal{code: f.code, message: f.body}
	}
	if refused, ok := errors.AsType[*refusal](err); ok {
		c.code, c.message, c.out.buf, c.raw = refused.code, refused.message, nil, nil
		if refused.orderNo != "" {
			c.out.text("orderNo", refused.orderNo)
		}
		req.Reason = refused.message
	}
	req.ResultCode = c.code
	return c.respond()
}

// maxRequestBytes is how much of requests is remembered.
const maxRequestBytes = 16 << 20

// size is roughly the memory that the request's parameters take.
func (r *Request) size() int {
	size := 0
	for name, value := range r.Params {
		size += len(name) + len(value)
	}
	return size
}

func (s *Server) record(req Request) {
	s.callsMu.Lock()
	s.requests.add(req)
	s.requestBytes += req.size()
	for s.requests.len() > s.kept || s.requestBytes > maxRequestBytes && s.requests.len() > 1 {
		oldest := s.requests.forget()
		s.requestBytes -= oldest.size()
	}
	s.callsMu.Unlock()
	s.observe(req)
}

// A response is the answer to a call in HTTP.
type response struct {
	status int
	header http.Header
	parts  [][]byte // of the body
	length int      // announced
	cut    int      // bytes that are sent before the connection is cut; less than 0: all, and it is not cut
}

// respond makes the answer of what the method wrote.
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

// write sends the response, or as much of it as there is before it is cut.
func (a response) write(w http.ResponseWriter, date string) {
	if a.status == 0 {
		panic(http.ErrAbortHandler) // as net/http wants it: the connection closes, nothing is logged
	}
	maps.Copy(w.Header(), a.header)
	if date == "" {
		w.Header()["Date"] = nil
	} else {
		w.Header().Set("Date", date)
	}
	if a.status >= 200 && a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(a.length))
	}
	w.WriteHeader(a.status)
	left := a.cut
	for _, part := range a.parts {
		if a.cut >= 0 {
			part = part[:min(left, len(part))]
			left -= len(part)
		}
		if _, err := w.Write(part); err != nil {
			return
		}
	}
	if a.cut >= 0 && a.cut < a.length {
		_ = http.NewResponseController(w).Flush() // where it cannot, the answer is cut off all the same
		panic(http.ErrAbortHandler)
	}
}

// wait waits for d, and says whether the caller did so too. It ends with the server.
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
