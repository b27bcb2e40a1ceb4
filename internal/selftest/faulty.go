package selftest

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

// A Fault says how one attempt goes wrong. The zero value cuts the connection after the request, which is not executed.
type Fault struct {
	Refused   bool           // nothing listens
	Handshake func(net.Conn) // replaces the TLS handshake
	Untrusted bool           // the client does not trust the certificate
	HangUp    bool           // cuts the connection after the first byte of the request
	Skew      time.Duration  // of the platform's clock
	Executes  bool           // the request takes effect
	Silent    bool           // no response until the client leaves
	Response  string         // a whole HTTP response; where it is empty, the connection is cut instead
}

// NoFault is an attempt that succeeds.
var NoFault = Fault{Executes: true, Response: HTTPResponse(200, Success)}

// HTTPResponse writes a response as HTTP/1 does.
func HTTPResponse(status int, body string, header ...string) string {
	var head strings.Builder
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	for _, line := range append(header, "Connection: close", fmt.Sprintf("Content-Length: %d", len(body))) {
		head.WriteString(line + "\r\n")
	}
	return head.String() + "\r\n" + body
}

// BeforeRequest reports whether the fault strikes before a request arrives.
func (f *Fault) BeforeRequest() bool { return f.Refused || f.Untrusted || f.Handshake != nil }

// Cuts reports whether a request arrives and gets no whole response.
func (f *Fault) Cuts() bool {
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(f.Response)), nil)
	if err == nil {
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
	}
	return err != nil && !f.BeforeRequest()
}

// A FaultyPlatform serves over TLS: each attempt on a connection of its own over HTTP/1, and as the client likes over
// HTTP/2. It counts what arrives, not what the client believes to have sent. Read the fields after Close.
type FaultyPlatform struct {
	Times    []time.Time     // of the attempts: connections asked for, or requests begun over HTTP/2
	Received int             // whole requests with a good signature
	Executed int             // requests that took effect
	Orders   map[string]bool // ExternalIDs that were executed, or a number for a request without one

	connect func() (client, server net.Conn, err error)
	over    Protocol
	fault   func(n int) Fault // of the n-th attempt, from 0
	mu      sync.Mutex
	conns   []net.Conn
	serving sync.WaitGroup
}

// A Protocol says how attempts come, and how the platform gives them up.
type Protocol struct {
	Name       string
	GiveUp     func(c *HTTP2Conn, stream uint32) // nil for HTTP/1
	StreamOnly bool                              // GiveUp leaves the connection open
}

// Protocols returns HTTP/1 and HTTP/2 with each way to give up a request. After some of them net/http retries by
// itself.
func Protocols() []Protocol {
	resets := func(code byte) func(*HTTP2Conn, uint32) {
		return func(c *HTTP2Conn, stream uint32) { c.Reset(stream, code) }
	}
	return []Protocol{
		{Name: "HTTP/1"},
		{Name: "HTTP/2, a cut", GiveUp: func(c *HTTP2Conn, _ uint32) { _ = c.Close() }},
		{Name: "HTTP/2, GOAWAY", GiveUp: func(c *HTTP2Conn, _ uint32) { c.GoAway(0); _ = c.Close() }},
		{Name: "HTTP/2, INTERNAL_ERROR", GiveUp: resets(InternalError), StreamOnly: true},
		{Name: "HTTP/2, PROTOCOL_ERROR", GiveUp: resets(ProtocolError), StreamOnly: true},
		{Name: "HTTP/2, REFUSED_STREAM", GiveUp: resets(RefusedStream), StreamOnly: true},
	}
}

// next records an attempt and returns its fault.
func (p *FaultyPlatform) next() Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Times = append(p.Times, time.Now())
	return p.fault(len(p.Times) - 1)
}

// Close closes HTTP/2 connections, which would stay open, and waits until nothing is served any more.
func (p *FaultyPlatform) Close() {
	p.mu.Lock()
	if p.over.GiveUp != nil {
		for _, conn := range p.conns {
			_ = conn.Close()
		}
	}
	p.mu.Unlock()
	p.serving.Wait()
}

func (p *FaultyPlatform) dial(context.Context, string, string) (net.Conn, error) {
	p.mu.Lock()
	f := p.fault(len(p.Times))
	p.mu.Unlock()
	if p.over.GiveUp == nil || f.BeforeRequest() {
		f = p.next()
	}
	if f.Refused {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	client, server, err := p.connect()
	if err == nil {
		p.mu.Lock()
		p.conns = append(p.conns, server)
		p.mu.Unlock()
		p.serving.Go(func() {
			defer server.Close() // without a TLS alert
			p.serve(server, f)
		})
	}
	return client, err
}

func (p *FaultyPlatform) serve(conn net.Conn, f Fault) {
	if f.Handshake != nil {
		f.Handshake(conn)
		return
	}
	config := &tls.Config{Certificates: Certificates()[:1], SessionTicketsDisabled: true}
	if f.Untrusted {
		config.Certificates = Certificates()[1:]
	}
	if p.over.GiveUp != nil {
		config.NextProtos = []string{"h2"}
	}
	secure := tls.Server(conn, config)
	if secure.Handshake() != nil {
		return
	}
	if p.over.GiveUp != nil {
		p.serveHTTP2(secure)
		return
	}
	if f.HangUp {
		_, _ = secure.Read(make([]byte, 1)) // earlier, the client could know that it had sent nothing
		return
	}
	req, err := http.ReadRequest(bufio.NewReader(secure))
	if err != nil || req.ParseForm() != nil || !Signed(req.PostForm) {
		return
	}
	response := p.handle(req.PostForm, f)
	if f.Silent {
		_, _ = io.Copy(io.Discard, secure)
	}
	_, _ = io.WriteString(secure, response)
}

// serveHTTP2 serves attempts as streams, one after the other.
func (p *FaultyPlatform) serveHTTP2(conn *tls.Conn) {
	var f Fault
	platform := &HTTP2Platform{
		Began: func(c *HTTP2Conn, stream uint32) {
			if f = p.next(); f.HangUp {
				p.over.GiveUp(c, stream)
			}
		},
		React: func(c *HTTP2Conn, stream uint32, _ int64) {
			form, err := url.ParseQuery(c.Bodies[stream])
			if f.HangUp || err != nil || !Signed(form) {
				return
			}
			response := p.handle(form, f)
			switch {
			case f.Silent && p.over.StreamOnly: // other streams go on
			case f.Silent:
				_, _ = io.Copy(io.Discard, c)
			case !c.Respond(stream, response):
				p.over.GiveUp(c, stream)
			}
		},
	}
	platform.Serve(conn)
}

// handle executes a request and returns the response.
func (p *FaultyPlatform) handle(form url.Values, f Fault) string {
	now := time.Now().Add(f.Skew)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.Received++
	date := "Date: " + HTTPDate(now)
	if !OnTime(form, now) {
		return HTTPResponse(200, RefusedForTime, date)
	}
	if f.Executes {
		p.Executed++
		p.Orders[cmp.Or(form.Get("externalId"), fmt.Sprint("number ", p.Executed))] = true
	}
	if f.Response == NoFault.Response {
		return HTTPResponse(200, Success, date)
	}
	return f.Response
}

// Faulty returns a client of a faulty platform, and the platform. The client waits a millisecond between attempts,
// unless the platform asks for more.
func Faulty(
	t *testing.T, connect func() (client, server net.Conn, err error), over Protocol, fault func(n int) Fault,
) (*quecloud.Client, *FaultyPlatform) {
	t.Helper()
	p := &FaultyPlatform{connect: connect, over: over, fault: fault, Orders: map[string]bool{}}
	transport := &http.Transport{
		DialContext: p.dial, TLSClientConfig: ClientTLS(),
		DisableKeepAlives: over.GiveUp == nil, ForceAttemptHTTP2: over.GiveUp != nil,
	}
	return NewClient(t, transport, quecloud.WithBaseURL("https://"+Host+"/"), quecloud.WithRetry(quecloud.RetryPolicy{
		MaxAttempts: 4, BaseDelay: time.Millisecond, MaxDelay: time.Millisecond, MaxRetryAfter: time.Minute,
	})), p
}

// Pipe connects in memory, as testing/synctest needs it.
func Pipe() (client, server net.Conn, err error) {
	client, server = net.Pipe()
	return client, server, nil
}

// Loopback returns a function that connects over TCP.
func Loopback(t *testing.T) func() (client, server net.Conn, err error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return func() (client, server net.Conn, err error) {
		client, err = net.Dial("tcp", listener.Addr().String())
		if err == nil {
			server, err = listener.Accept()
		}
		return client, server, err
	}
}

// CutHandshake cuts a connection when the client begins the handshake.
func CutHandshake(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) }

// SpeakPlainly responds to a handshake with plain text.
func SpeakPlainly(conn net.Conn) {
	_, _ = conn.Read(make([]byte, 16<<10))
	_, _ = io.WriteString(conn, strings.Repeat("no TLS here ", 10))
}

// A LateError is a timeout that claims to be the deadline of a context, like those of package net.
type LateError struct{}

// Error implements net.Error.
func (LateError) Error() string { return "i/o timeout" }

// Timeout implements net.Error.
func (LateError) Timeout() bool { return true }

// Temporary implements net.Error.
func (LateError) Temporary() bool { return true }

// Is reports whether target is context.DeadlineExceeded.
func (LateError) Is(target error) bool { return target == context.DeadlineExceeded }
