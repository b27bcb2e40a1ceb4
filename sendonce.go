// This file keeps a POST from going out twice below the SDK: see onceTransport.RoundTrip. It also finds out whether the
// platform can have received an attempt: see sendEvidence.notSent. Whether the SDK itself sends another attempt is
// decided in retry.go.

package quecloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"sync/atomic"
	"time"
)

// A onceTransport sends requests to the platform. It sits between an http.Client and its transport and keeps net/http
// from sending a request twice. A client and its copies share it as long as they share the http.Client.
type onceTransport struct {
	source       *http.Client      // the user's client, or one with our own transport
	base         http.RoundTripper // the transport of source; nil for http.DefaultTransport
	builtIn      bool              // NewTransport made base, for this client
	client       http.Client       // a copy of source, whose transport is this one
	lastResponse atomic.Int64      // when the last response came, on the scale of sinceStart
	pathSilent   atomic.Bool       // an attempt timed out, and no response has come since it started
}

func newOnceTransport(source *http.Client, builtIn bool) *onceTransport {
	t := &onceTransport{source: source, base: source.Transport, builtIn: builtIn, client: *source}
	t.lastResponse.Store(math.MinInt64) // before any time, even in a bubble of testing/synctest, which begins in 2000
	t.client.Transport = t
	t.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return t
}

// baseTransport returns the transport below. An http.Client without one uses the current value of
// http.DefaultTransport.
func (t *onceTransport) baseTransport() http.RoundTripper {
	if t.base == nil {
		return http.DefaultTransport
	}
	return t.base
}

// errSentOnce ends a request that net/http wants to write again.
var errSentOnce = errors.New(
	"the connection or stream was given up after the request was written; it is not sent twice")

// RoundTrip passes a request to the transport below with a GetBody that allows no second sending. With GetBody,
// net/http resends a POST by itself: over HTTP/1 only if nothing of it was written, but over HTTP/2 whenever the server
// gives up the stream or the connection. So GetBody works over HTTP/1, and over other protocols only until the headers
// are written. The http.Client never gets GetBody: on a redirect 307 or 308 it would call GetBody before CheckRedirect.
func (t *onceTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	e, ok := req.Context().Value(sendEvidenceKey{}).(*sendEvidence)
	if !ok {
		return nil, errors.New("quecloud: not a request of this client")
	}
	guarded := *req
	return t.sendGuarded(&guarded, e)
}

// sendGuarded is RoundTrip for a request that it may change.
func (t *onceTransport) sendGuarded(req *http.Request, e *sendEvidence) (*http.Response, error) {
	base := t.baseTransport()
	e.unwrapped, _ = base.(*http.Transport)
	req.GetBody = e.getBody
	if !t.builtIn && t.pathSilent.Load() { // over HTTP/2 a dead connection may still have had a stream at the timeout
		t.CloseIdleConnections()
		req.Close = true // this request is the last one on its connection
	}
	return base.RoundTrip(req)
}

// do sends a request with the http.Client. Where that has neither cookies nor a time limit, it would add nothing but
// the copies that it makes in case of a redirect, so do then calls the transport itself.
func (t *onceTransport) do(req *http.Request, e *sendEvidence) (*http.Response, error) {
	if t.client.Jar != nil || t.client.Timeout != 0 {
		return t.client.Do(req)
	}
	resp, err := t.sendGuarded(req, e)
	if err == nil && resp == nil {
		err = fmt.Errorf("%T returned neither a response nor an error", t.baseTransport())
	}
	if err != nil {
		return nil, &url.Error{Op: "Post", URL: req.URL.String(), Err: err}
	}
	if resp.Body == nil {
		resp.Body = http.NoBody
	}
	return resp, nil
}

// CloseIdleConnections closes the idle connections of the transport below.
func (t *onceTransport) CloseIdleConnections() {
	if closer, ok := t.baseTransport().(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

// An exchange is the outcome of a request.
type exchange struct {
	resp      *http.Response // nil if none came. The body is open if it is a file, otherwise read
	err       error          // the reason why none came
	received  time.Time      // when the response started to arrive
	text      *bytes.Buffer  // the body, as far as it came
	bodyErr   error          // the reason why the rest of the body is missing
	abandoned bool           // the context has ended, and the transport has not returned
	panicked  any
}

var errGoexit = errors.New("the transport ended its goroutine")

// send sends a request and reads the response. It returns when the context of the request ends, even if the transport
// or the body does not.
func (t *onceTransport) send(req *http.Request, e *sendEvidence) exchange {
	if t.builtIn {
		return t.sendAndRead(req, e) // our own transport ends with the context
	}
	done := make(chan struct{})
	e.late.err = errGoexit
	go func() {
		defer func() {
			e.late.panicked = recover()
			close(done)
		}()
		growStack()
		e.late = t.sendAndRead(req, e)
	}()
	select {
	case <-done:
	case <-e.Done():
		if x := t.abandon(e, done); x.abandoned {
			return x
		}
	}
	if e.late.panicked != nil {
		panic(e.late.panicked) // in the goroutine of the caller, who may recover
	}
	return e.late
}

// growStack makes the stack of a new goroutine large enough for a transport. Otherwise it would grow in several steps,
// each of which copies it.
//
//go:noinline
func growStack() {
	var room [8 << 10]byte
	touch(&room)
}

//go:noinline
func touch(*[8 << 10]byte) {}

// abandon closes the body, if there is one, and gives the transport maxLate to notice the end of the context.
func (t *onceTransport) abandon(e *sendEvidence, done <-chan struct{}) exchange {
	resp := e.response.Load() //nolint:bodyclose // closed in a goroutine
	if resp != nil {
		go resp.Body.Close() // it may block
	}
	select {
	case <-done:
		return e.late
	case <-time.After(maxLate):
	}
	go func() {
		if <-done; e.late.resp != nil {
			_ = e.late.resp.Body.Close()
		}
	}()
	cause := context.Cause(e)
	if resp == nil {
		return exchange{err: cause, abandoned: true}
	}
	return exchange{resp: resp, received: e.now(), text: new(bytes.Buffer), bodyErr: cause, abandoned: true}
}

// sendAndRead sends a request and reads the response, unless that is a file.
func (t *onceTransport) sendAndRead(req *http.Request, e *sendEvidence) (x exchange) {
	if x.resp, x.err = t.do(req, e); x.err != nil { //nolint:bodyclose // closed below, or by the reader of the file
		return x
	}
	t.recordResponse()
	x.received = e.now()
	e.progress.ReadCloser = x.resp.Body
	x.resp.Body = &e.progress
	e.response.Store(x.resp)
	if e.wantFile && x.resp.StatusCode == http.StatusOK {
		return x
	}
	defer x.resp.Body.Close()
	if x.resp.StatusCode < 200 {
		return x // 101: the connection has switched to another protocol
	}
	x.text = buffers.Get().(*bytes.Buffer)
	if size := x.resp.ContentLength; 0 < size && size <= maxKept {
		x.text.Grow(int(size) + bytes.MinRead)
	}
	e.limited = io.LimitedReader{R: x.resp.Body, N: maxResponse + 1}
	_, x.bodyErr = x.text.ReadFrom(&e.limited)
	return x
}

// maxLate is how long a transport may take to notice that the context of its request has ended.
const maxLate = 100 * time.Millisecond

// recordResponse records that the path to the platform works.
func (t *onceTransport) recordResponse() {
	t.lastResponse.Store(int64(sinceStart()))
	t.pathSilent.Store(false)
}

// recordTimeout records that an attempt timed out. If no other response has come since it started either, the path may
// be dead, and with it all connections: it closes the idle ones. A platform that is merely slow keeps its connections.
func (t *onceTransport) recordTimeout(started time.Duration) {
	if time.Duration(t.lastResponse.Load()) < started {
		t.pathSilent.Store(true)
		t.client.CloseIdleConnections()
	}
}

var processStart = time.Now()

// sinceStart returns a time that setting a clock does not change.
func sinceStart() time.Duration { return time.Since(processStart) }

// A sendEvidence records the facts that a transport reveals about one attempt, through httptrace and by reading the
// body. It is the context of the attempt's request, in which onceTransport finds it.
type sendEvidence struct {
	context.Context

	text  []byte       // of the request's body
	body  bytes.Reader // reads text
	url   url.URL      // of the request
	trace httptrace.ClientTrace

	now      func() time.Time // the clock that dates the response
	wantFile bool             // pass the body of the response on instead of reading it

	host         string                 // of the request
	builtIn      bool                   // the transport is the client's own, from NewTransport
	unwrapped    *http.Transport        // the transport, if nothing wraps it
	wantedConn   atomic.Pointer[string] // the transport wanted a connection to this address
	gotConn      atomic.Bool            // it got one
	wroteHeaders atomic.Bool            // it wrote the headers to it, or to a buffer before it
	wroteHTTP1   atomic.Bool            // it wrote them as HTTP/1 does
	rereadBody   atomic.Bool            // it asked for the body again

	response atomic.Pointer[http.Response] // the response whose body is being read
	progress progressBody                  // its body
	limited  io.LimitedReader              // reads progress up to the largest response
	late     exchange                      // the outcome, for a caller who waits for a goroutine
}

type sendEvidenceKey struct{}

// newSendEvidence returns the context for an attempt with the given request body.
func newSendEvidence(ctx context.Context, builtIn bool, text []byte) *sendEvidence {
	e := &sendEvidence{builtIn: builtIn, text: text}
	e.body.Reset(text)
	e.trace.GetConn = e.recordGetConn
	e.trace.GotConn = func(httptrace.GotConnInfo) { e.gotConn.Store(true) }
	e.trace.WroteHeaders = func() { e.wroteHeaders.Store(true) }
	if !builtIn { // our own transport speaks HTTP/1 only
		e.trace.WroteHeaderField = e.recordHeaderField
	}
	e.Context = httptrace.WithClientTrace(ctx, &e.trace)
	return e
}

// Value returns e itself for its key, so that onceTransport finds it.
func (e *sendEvidence) Value(key any) any {
	if key == (sendEvidenceKey{}) {
		return e
	}
	return e.Context.Value(key)
}

// recordHeaderField recognizes the protocol: HTTP/1 writes the field Host where HTTP/2 and HTTP/3 write :authority.
func (e *sendEvidence) recordHeaderField(name string, values []string) {
	if e.unwrapped != nil && name == "Host" && slices.Equal(values, []string{e.host}) {
		e.wroteHTTP1.Store(true)
	}
}

// recordGetConn records that the transport wants a connection. Over HTTP/1, net/http wants a second one only if it
// wrote nothing to the first. A dialer may make requests of its own in this context, even after the transport has got
// another connection; recordGetConn ignores them, because they go to other addresses.
func (e *sendEvidence) recordGetConn(hostPort string) {
	if e.wantedConn.CompareAndSwap(nil, &hostPort) || *e.wantedConn.Load() != hostPort {
		return
	}
	if e.speaksHTTP1() {
		e.wroteHeaders.Store(false)
		e.wroteHTTP1.Store(false)
	}
}

func (e *sendEvidence) speaksHTTP1() bool { return e.builtIn || e.wroteHTTP1.Load() }

// getBody returns the body for a second sending by net/http, or an error if the first may have arrived.
func (e *sendEvidence) getBody() (io.ReadCloser, error) {
	if e.wroteHeaders.Load() && !e.speaksHTTP1() {
		return nil, errSentOnce
	}
	e.rereadBody.Store(true)
	return io.NopCloser(bytes.NewReader(e.text)), nil
}

// notSent reports whether the platform cannot have received the request: the transport wanted a connection and got
// none, or wrote no headers to the one that it got, or, if nothing wraps the transport, wanted no connection and read
// nothing. A wrapped transport that reveals nothing may have sent the request.
func (e *sendEvidence) notSent() bool {
	switch {
	case e.wroteHeaders.Load():
		return false
	case e.wantedConn.Load() != nil || e.gotConn.Load():
		return true
	}
	return e.unwrapped != nil && !e.rereadBody.Load() && e.body.Len() == len(e.text)
}
