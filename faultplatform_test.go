package quecloud

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A fault is what goes wrong with one attempt. The zero value is an attempt that goes well, but that nothing is executed.
type fault struct {
	refused   bool           // nobody listens
	handshake func(net.Conn) // instead of a TLS handshake
	untrusted bool           // the certificate is nobody's
	hangUp    bool           // after the first byte of the request
	skew      time.Duration  // of the platform's clock
	executes  bool           // the call takes effect
	silent    bool           // until the client goes
	answer    string         // a whole HTTP answer; where it is empty, the connection is cut instead
}

// noFault is an attempt that goes well.
var noFault = fault{executes: true, answer: httpAnswer(200, fineAnswer)}

func httpAnswer(status int, body string, header ...string) string {
	var head strings.Builder
	fmt.Fprintf(&head, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	for _, line := range append(header, "Connection: close", fmt.Sprintf("Content-Length: %d", len(body))) {
		head.WriteString(line + "\r\n")
	}
	return head.String() + "\r\n" + body
}

// before reports whether the fault lets no request come.
func (f *fault) before() bool { return f.refused || f.untrusted || f.handshake != nil }

// cuts reports whether the fault leaves a request without a whole response.
func (f *fault) cuts() bool {
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(f.answer)), nil)
	if err == nil {
		defer resp.Body.Close()
		_, err = io.Copy(io.Discard, resp.Body)
	}
	return err != nil && !f.before()
}

// A faultyPlatform serves behind TLS: every attempt on a connection of its own over HTTP/1, and as the client likes over
// HTTP/2. It goes by what arrives on the connection, and not by what the client believes to have sent.
type faultyPlatform struct {
	pair  func() (client, server net.Conn, err error)
	over  protocol
	fault func(n int) fault // of the n-th attempt, from 0

	mu       sync.Mutex
	times    []time.Time // of the attempts, as connections were asked for, or, over HTTP/2, requests began
	received int         // whole calls with a good signature
	executed int         // those of them that took effect
	orders   map[string]bool
	conns    []net.Conn
	serving  sync.WaitGroup
}

// A protocol is how attempts come, and how they are given up over HTTP/2.
type protocol struct {
	name   string
	giveUp func(c *h2Conn, stream uint32) // nil for HTTP/1
	stream bool                           // gives up no more than a stream
}

// protocols are HTTP/1 and HTTP/2 in all its ways. Of some of these net/http believes that it may send the request again.
func protocols() []protocol {
	resets := func(code byte) func(*h2Conn, uint32) {
		return func(c *h2Conn, stream uint32) { c.reset(stream, code) }
	}
	return []protocol{
		{name: "HTTP/1"},
		{name: "HTTP/2, a cut", giveUp: func(c *h2Conn, _ uint32) { _ = c.Close() }},
		{name: "HTTP/2, GOAWAY", giveUp: func(c *h2Conn, _ uint32) { c.goAway(0); _ = c.Close() }},
		{name: "HTTP/2, INTERNAL_ERROR", giveUp: resets(internalError), stream: true},
		{name: "HTTP/2, PROTOCOL_ERROR", giveUp: resets(protocolError), stream: true},
		{name: "HTTP/2, REFUSED_STREAM", giveUp: resets(refusedStream), stream: true},
	}
}

// next is the fault of an attempt that begins now.
func (p *faultyPlatform) next() fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.times = append(p.times, time.Now())
	return p.fault(len(p.times) - 1)
}

// close waits until nothing is served any more. What is connected over HTTP/2 would stay so.
func (p *faultyPlatform) close() {
	p.mu.Lock()
	if p.over.giveUp != nil {
		for _, conn := range p.conns {
			_ = conn.Close()
		}
	}
	p.mu.Unlock()
	p.serving.Wait()
}

func (p *faultyPlatform) dial(context.Context, string, string) (net.Conn, error) {
	p.mu.Lock()
	f := p.fault(len(p.times))
	p.mu.Unlock()
	if p.over.giveUp == nil || f.before() {
		f = p.next()
	}
	if f.refused {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	client, server, err := p.pair()
	if err == nil {
		p.mu.Lock()
		p.conns = append(p.conns, server)
		p.mu.Unlock()
		p.serving.Go(func() {
			defer server.Close() // without the farewell of TLS
			p.serve(server, f)
		})
	}
	return client, err
}

func (p *faultyPlatform) serve(conn net.Conn, f fault) {
	if f.handshake != nil {
		f.handshake(conn)
		return
	}
	config := &tls.Config{Certificates: certificates()[:1], SessionTicketsDisabled: true}
	if f.untrusted {
		config.Certificates = certificates()[1:]
	}
	if p.over.giveUp != nil {
		config.NextProtos = []string{"h2"}
	}
	secure := tls.Server(conn, config)
	if secure.Handshake() != nil {
		return
	}
	if p.over.giveUp != nil {
		p.serveHTTP2(secure)
		return
	}
	if f.hangUp {
		_, _ = secure.Read(make([]byte, 1)) // before that the client may know that it has sent nothing
		return
	}
	req, err := http.ReadRequest(bufio.NewReader(secure))
	if err != nil || req.ParseForm() != nil || Sign(testSecret, req.PostForm) != req.PostForm.Get("sign") {
		return
	}
	answer := p.handle(req.PostForm, f)
	if f.silent {
		_, _ = io.Copy(io.Discard, secure)
	}
	_, _ = io.WriteString(secure, answer)
}

// serveHTTP2 serves one attempt after the other, as streams.
func (p *faultyPlatform) serveHTTP2(conn *tls.Conn) {
	var f fault
	platform := &h2Platform{
		began: func(c *h2Conn, stream uint32) {
			if f = p.next(); f.hangUp {
				p.over.giveUp(c, stream)
			}
		},
		react: func(c *h2Conn, stream uint32, _ int64) {
			form, err := url.ParseQuery(c.bodies[stream])
			if f.hangUp || err != nil || Sign(testSecret, form) != form.Get("sign") {
				return
			}
			answer := p.handle(form, f)
			switch {
			case f.silent && p.over.stream: // others go on
			case f.silent:
				_, _ = io.Copy(io.Discard, c)
			case !c.respond(stream, answer):
				p.over.giveUp(c, stream)
			}
		},
	}
	platform.serve(conn)
}

// handle gives a call its effect, and the answer to it.
func (p *faultyPlatform) handle(form url.Values, f fault) string {
	now := time.Now().Add(f.skew)
	t, _ := strconv.ParseInt(form.Get("t"), 10, 64)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.received++
	date := "Date: " + now.UTC().Format(http.TimeFormat)
	if now.Sub(time.Unix(t, 0)).Abs() > maxSkew {
		return httpAnswer(200, refusedForTime, date)
	}
	if f.executes {
		p.executed++
		id := form.Get("externalId")
		if id == "" {
			id = fmt.Sprint("number ", p.executed)
		}
		p.orders[id] = true
	}
	if f.answer == noFault.answer {
		return httpAnswer(200, fineAnswer, date)
	}
	return f.answer
}

// newFaulty returns a client of a faulty platform. Attempts follow each other within a millisecond, unless the platform
// asks for more.
func newFaulty(t *testing.T, pair func() (client, server net.Conn, err error), over protocol, fault func(n int) fault) (*Client, *faultyPlatform) {
	t.Helper()
	p := &faultyPlatform{pair: pair, over: over, fault: fault, orders: map[string]bool{}}
	roots := x509.NewCertPool()
	roots.AddCert(certificates()[0].Leaf)
	transport := &http.Transport{
		DialContext: p.dial, TLSClientConfig: &tls.Config{RootCAs: roots},
		DisableKeepAlives: over.giveUp == nil, ForceAttemptHTTP2: over.giveUp != nil,
	}
	client, err := NewClient("000001", testSecret, WithBaseURL("https://platform.test/"),
		WithHTTPClient(&http.Client{Transport: transport}),
		WithRetry(RetryPolicy{MaxAttempts: 4, BaseDelay: time.Millisecond, MaxDelay: time.Millisecond, MaxRetryAfter: time.Minute}))
	require.NoError(t, err)
	return client, p
}

// pipes connects within the process, so that time can be that of a bubble of testing/synctest.
func pipes() (client, server net.Conn, err error) {
	client, server = net.Pipe()
	return client, server, nil
}

// loopback connects by TCP.
func loopback(t *testing.T) func() (client, server net.Conn, err error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return func() (client, server net.Conn, err error) {
		client, err = net.Dial("tcp", listener.Addr().String())
		if err == nil {
			server, err = listener.Accept() // the connection stands already
		}
		return client, server, err
	}
}

// certificates are two for the same host, of which clients trust the first.
var certificates = sync.OnceValue(func() (list []tls.Certificate) {
	for serial := range int64(2) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		about := &x509.Certificate{
			SerialNumber: big.NewInt(serial + 1), DNSNames: []string{"platform.test"}, IsCA: true, BasicConstraintsValid: true,
			NotBefore: time.Unix(0, 0), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		}
		text, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
		if err != nil {
			panic(err)
		}
		leaf, err := x509.ParseCertificate(text)
		if err != nil {
			panic(err)
		}
		list = append(list, tls.Certificate{Certificate: [][]byte{text}, PrivateKey: key, Leaf: leaf})
	}
	return list
})

// handshakes that do not come about. Each begins when the client has.
func cutHandshake(conn net.Conn) { _, _ = conn.Read(make([]byte, 1)) }

func speakPlainly(conn net.Conn) {
	_, _ = conn.Read(make([]byte, 16<<10))
	_, _ = io.WriteString(conn, strings.Repeat("no TLS here ", 10))
}
