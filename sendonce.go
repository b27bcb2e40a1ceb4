package quecloud

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// A link is the way to the platform: an http.Client, and right above its transport what keeps net/http from sending a
// request twice. A client and its copies share it as long as they share the http.Client.
type link struct {
	given  *http.Client      // the user's, or our own
	base   http.RoundTripper // its transport; nil for http.DefaultTransport
	own    bool              // which is that of newTransport
	client http.Client       // a copy of given, whose transport is the link
	heard  atomic.Int64      // when the last response came, on the scale of sinceStart
	silent atomic.Bool       // an attempt ended without any response having come since it began
}

func newLink(given *http.Client, own bool) *link {
	l := &link{given: given, base: given.Transport, own: own, client: *given}
	l.heard.Store(math.MinInt64) // before any time, even that of a bubble of testing/synctest, which begins in 2000
	l.client.Transport = l
	l.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return l
}

// transport is the transport below. Without one of its own, an http.Client uses whatever http.DefaultTransport is now.
func (l *link) transport() http.RoundTripper {
	if l.base == nil {
		return http.DefaultTransport
	}
	return l.base
}

// errSentOnce is what net/http gets when it wants the body again.
var errSentOnce = errors.New("the connection or stream was given up after the request had been written, and the request is not written again")

// RoundTrip passes a request on to the transport. net/http sends a POST again by itself if it can have the body again:
// over HTTP/1 only if nothing of it was written, over HTTP/2 whenever the server gives the stream or connection up. So the
// body is to be had again over HTTP/1, and over anything else only until the headers were written. http.Client must not
// have it at all: it would ask for it on a redirect 307 or 308 before it asks whether to follow.
func (l *link) RoundTrip(req *http.Request) (*http.Response, error) {
	e, ok := req.Context().Value(evidenceKey{}).(*evidence)
	if !ok {
		return nil, errors.New("quecloud: not a request of this client")
	}
	transport := l.transport()
	e.bare, _ = transport.(*http.Transport)
	again := *req
	again.GetBody = e.getBody
	if !l.own && l.silent.Load() { // over HTTP/2 the dead connection may have had another stream when idle ones were closed
		l.CloseIdleConnections()
		again.Close = true // and if it still has, this is the last one
	}
	return transport.RoundTrip(&again)
}

// CloseIdleConnections lets http.Client close those of the transport.
func (l *link) CloseIdleConnections() {
	if t, ok := l.transport().(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// A reply is what came of a request.
type reply struct {
	resp      *http.Response // nil where none came. Its body is open if it is a file; otherwise it was read
	err       error          // why none came
	received  time.Time      // when it began
	text      *bytes.Buffer  // the body, or what came of it
	broken    error          // why there is no more
	abandoned bool           // the time was up, and the transport goes on all the same
	panicked  any
}

var errGoexit = errors.New("the transport ended its goroutine")

// exchange sends a request and reads the response. It returns when the request's context ends, even if the transport or
// the body does not.
func (l *link) exchange(req *http.Request, e *evidence) reply {
	if l.own {
		return l.receive(req, e) // which the context ends; one of the user's may ask a function for a proxy, or another protocol
	}
	replies := make(chan reply, 1)
	go func() {
		r := reply{err: errGoexit}
		defer func() {
			r.panicked = recover()
			replies <- r
		}()
		r = l.receive(req, e)
	}()
	var r reply
	select {
	case r = <-replies:
	case <-req.Context().Done():
		if r = l.abandon(req, e, replies); r.abandoned {
			return r
		}
	}
	if r.panicked != nil {
		panic(r.panicked) // here somebody may recover from it
	}
	return r
}

// abandon gives a transport, or a body, a last chance to notice that the time is up. A body is closed by now, by which most
// end reading.
func (l *link) abandon(req *http.Request, e *evidence, replies <-chan reply) reply {
	resp := e.opened.Load() //nolint:bodyclose // closed in a goroutine
	if resp != nil {
		go resp.Body.Close() // it may take as long as it likes
	}
	select {
	case r := <-replies:
		return r
	case <-time.After(maxLate):
	}
	go func() {
		if late := <-replies; late.resp != nil {
			_ = late.resp.Body.Close()
		}
	}()
	cause := context.Cause(req.Context())
	if resp == nil {
		return reply{err: cause, abandoned: true}
	}
	return reply{resp: resp, received: e.now(), text: new(bytes.Buffer), broken: cause, abandoned: true}
}

// receive sends a request and reads the response, unless that is a file.
func (l *link) receive(req *http.Request, e *evidence) (r reply) {
	if r.resp, r.err = l.client.Do(req); r.err != nil { //nolint:bodyclose // closed below, or by who reads the file
		return r
	}
	l.responded()
	r.received = e.now()
	r.resp.Body = &steadyBody{ReadCloser: r.resp.Body}
	e.opened.Store(r.resp)
	if e.file && r.resp.StatusCode == http.StatusOK {
		return r
	}
	defer r.resp.Body.Close()
	if r.resp.StatusCode < 200 {
		return r // 101: the connection is another protocol's now
	}
	r.text = buffers.Get().(*bytes.Buffer)
	if size := r.resp.ContentLength; 0 < size && size <= maxKept {
		r.text.Grow(int(size) + bytes.MinRead)
	}
	_, r.broken = r.text.ReadFrom(io.LimitReader(r.resp.Body, e.limit+1))
	return r
}

// maxLate is how long a transport may take to notice that its request's context has ended.
const maxLate = 100 * time.Millisecond

// responded notes that a response came.
func (l *link) responded() {
	l.heard.Store(int64(sinceStart()))
	l.silent.Store(false)
}

// timedOut notes that an attempt had no response in its time. Where none came to any other since it began either, the path
// may be dead, with all that is connected over it. A platform that is merely slow keeps its connections.
func (l *link) timedOut(began time.Duration) {
	if time.Duration(l.heard.Load()) < began {
		l.silent.Store(true)
		l.client.CloseIdleConnections()
	}
}

var processStart = time.Now()

// sinceStart is a time that no setting of a clock changes.
func sinceStart() time.Duration { return time.Since(processStart) }

// evidence is what a transport tells of one attempt, by httptrace and by what it read. It is the context of the attempt's
// request, in which the link finds it.
type evidence struct {
	context.Context

	text  string         // of the request's body
	body  strings.Reader // reads it
	trace httptrace.ClientTrace

	now   func() time.Time // the time by which the response is dated
	file  bool             // the response is to be a file, which is passed on as it comes
	limit int64            // how many bytes of any other response are read

	host   string                 // to which the request goes
	own    bool                   // the transport is ours
	bare   *http.Transport        // the transport, if nothing wraps it
	wanted atomic.Pointer[string] // it asked for a connection to there
	had    atomic.Bool            // it got one
	wrote  atomic.Bool            // it has written the headers to it, or to a buffer before it
	http1  atomic.Bool            // and did so as HTTP/1 does
	reread atomic.Bool            // it asked for the body again

	opened atomic.Pointer[http.Response] // whose body is being read
}

type evidenceKey struct{}

// newEvidence returns the context of an attempt whose request has that text.
func newEvidence(ctx context.Context, own bool, text string) *evidence {
	e := &evidence{own: own, text: text}
	e.body.Reset(text)
	e.trace.GetConn = e.getConn
	e.trace.GotConn = func(httptrace.GotConnInfo) { e.had.Store(true) }
	e.trace.WroteHeaders = func() { e.wrote.Store(true) }
	if !own { // ours speaks HTTP/1 only
		e.trace.WroteHeaderField = e.wroteHeaderField
	}
	e.Context = httptrace.WithClientTrace(ctx, &e.trace)
	return e
}

// Value lets the link find the evidence.
func (e *evidence) Value(key any) any {
	if key == (evidenceKey{}) {
		return e
	}
	return e.Context.Value(key)
}

// wroteHeaderField learns the protocol: where HTTP/1 writes the field Host, HTTP/2 and HTTP/3 write :authority.
func (e *evidence) wroteHeaderField(name string, values []string) {
	if e.bare != nil && name == "Host" && slices.Equal(values, []string{e.host}) {
		e.http1.Store(true)
	}
}

// getConn notes that a connection is wanted. Over HTTP/1 net/http wants another only if nothing was written to the one before.
// Whoever dials may make requests of its own in this context, even when this one has long got another connection: they go
// elsewhere.
func (e *evidence) getConn(hostPort string) {
	if e.wanted.CompareAndSwap(nil, &hostPort) || *e.wanted.Load() != hostPort {
		return
	}
	if e.speaksHTTP1() {
		e.wrote.Store(false)
		e.http1.Store(false)
	}
}

func (e *evidence) speaksHTTP1() bool { return e.own || e.http1.Load() }

// getBody gives net/http the body again, unless the request may have been sent and is not to be sent twice.
func (e *evidence) getBody() (io.ReadCloser, error) {
	if e.wrote.Load() && !e.speaksHTTP1() {
		return nil, errSentOnce
	}
	e.reread.Store(true)
	return io.NopCloser(strings.NewReader(e.text)), nil
}

// notSent reports whether the platform cannot have received the request: a connection was wanted and not had, the headers
// were not written to the one that was had, or none was even asked for by a transport that nothing wraps and that read
// nothing. A transport that tells nothing may have done anything.
func (e *evidence) notSent() bool {
	switch {
	case e.wrote.Load():
		return false
	case e.wanted.Load() != nil || e.had.Load():
		return true
	}
	return e.bare != nil && !e.reread.Load() && e.body.Len() == len(e.text)
}
