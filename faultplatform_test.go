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
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	for _, line := range append(header, "Connection: close", fmt.Sprintf("Content-Length: %d", len(body))) {
		head += line + "\r\n"
	}
	return head + "\r\n" + body
}

// A faultyPlatform serves every attempt on a connection of its own, behind TLS. It goes by what arrives on the
// connection, and not by what the client believes to have sent.
type faultyPlatform struct {
	pair  func() (client, server net.Conn, err error)
	fault func(n int) fault // of the n-th attempt, from 0

	mu       sync.Mutex
	times    []time.Time // of the attempts, as connections were asked for
	received int         // whole calls with a good signature
	executed int         // those of them that took effect
	orders   map[string]bool
	serving  sync.WaitGroup
}

func (p *faultyPlatform) dial(context.Context, string, string) (net.Conn, error) {
	p.mu.Lock()
	f := p.fault(len(p.times))
	p.times = append(p.times, time.Now())
	p.mu.Unlock()
	if f.refused {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	client, server, err := p.pair()
	if err == nil {
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
	names := certificates()
	secure := tls.Server(conn, &tls.Config{Certificates: names[:1], SessionTicketsDisabled: true})
	if f.untrusted {
		secure = tls.Server(conn, &tls.Config{Certificates: names[1:], SessionTicketsDisabled: true})
	}
	if secure.Handshake() != nil {
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

// newFaulty returns a client of a faulty platform. Attempts follow each other without delay, unless the platform asks for
// one.
func newFaulty(t *testing.T, pair func() (client, server net.Conn, err error), fault func(n int) fault) (*Client, *faultyPlatform) {
	t.Helper()
	p := &faultyPlatform{pair: pair, fault: fault, orders: map[string]bool{}}
	roots := x509.NewCertPool()
	roots.AddCert(certificates()[0].Leaf)
	transport := &http.Transport{DialContext: p.dial, TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}
	client, err := NewClient("000001", testSecret, WithBaseURL("https://platform.test/"),
		WithHTTPClient(&http.Client{Transport: transport}),
		WithRetry(RetryPolicy{MaxAttempts: 4, MaxRetryAfter: time.Minute}))
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
