package quecloud

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// An h2Platform speaks HTTP/2 by the frame, so that it can do to a stream whatever a server may do to it. It goes by the
// requests that it has read whole.
type h2Platform struct {
	began func(c *h2Conn, stream uint32)          // when a request's headers have come; may be nil
	react func(c *h2Conn, stream uint32, n int64) // to the n-th whole request, from 1

	requests atomic.Int64
	conns    atomic.Int64
}

// An h2Conn is one connection to an h2Platform.
type h2Conn struct {
	net.Conn
	bodies map[uint32]string // of the requests, as far as they have come

	mu     sync.Mutex
	out    chan []byte // frames
	closed bool
}

// frames and their flags, RFC 9113 § 6.
const (
	frameData, frameHeaders, frameReset, frameSettings, framePing, frameGoAway, frameWindow = 0x0, 0x1, 0x3, 0x4, 0x6, 0x7, 0x8

	flagEndStream, flagAck, flagEndHeaders = 0x1, 0x1, 0x4
)

// reasons to give up a stream, RFC 9113 § 7.
const protocolError, internalError, refusedStream = 0x1, 0x2, 0x7

// frame sends a frame. It does not wait for the client to read it, who may be writing, too.
func (c *h2Conn) frame(kind, flags byte, stream uint32, payload string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	head := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags,
		byte(stream >> 24), byte(stream >> 16), byte(stream >> 8), byte(stream)}
	c.out <- append(head, payload...)
}

// Close cuts the connection behind the frames that were sent, without the farewell of TLS.
func (c *h2Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.closed = true
		close(c.out)
	}
	return nil
}

// write writes the frames that are sent.
func (c *h2Conn) write() {
	for frame := range c.out {
		_, _ = c.Write(frame) // where it fails, the client has gone
	}
	conn := c.Conn
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	_ = conn.Close()
}

// answer is the response to every one of kindCalls.
func (c *h2Conn) answer(stream uint32) {
	c.head(stream, http.StatusOK, nil)
	c.frame(frameData, flagEndStream, stream, fineAnswer)
}

// head sends the headers of a response, spelt out in HPACK, RFC 7541 § 6.2.2.
func (c *h2Conn) head(stream uint32, status int, header http.Header) {
	var block strings.Builder
	block.WriteString("\x08\x03" + strconv.Itoa(status)) // the name is that of entry 8, :status
	for name, values := range header {
		for _, value := range values {
			block.WriteString("\x00" + string(byte(len(name))) + strings.ToLower(name) + string(byte(len(value))) + value)
		}
	}
	c.frame(frameHeaders, flagEndHeaders, stream, block.String())
}

// respond sends a response that is written as HTTP/1 does, and reports whether it is whole. Otherwise the stream goes on.
func (c *h2Conn) respond(stream uint32, text string) (whole bool) {
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), nil)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	resp.Header.Del("Connection")
	c.head(stream, resp.StatusCode, resp.Header)
	if err != nil {
		c.frame(frameData, 0, stream, string(body))
		return false
	}
	c.frame(frameData, flagEndStream, stream, string(body))
	return true
}

func (c *h2Conn) reset(stream uint32, code byte) {
	c.frame(frameReset, 0, stream, "\x00\x00\x00"+string(code))
}

func (c *h2Conn) goAway(last uint32) {
	c.frame(frameGoAway, 0, 0, string([]byte{byte(last >> 24), byte(last >> 16), byte(last >> 8), byte(last), 0, 0, 0, 0}))
}

// serve reads frames, and reacts when a stream's request is whole.
func (p *h2Platform) serve(conn net.Conn) {
	p.conns.Add(1)
	c, in := &h2Conn{Conn: conn, bodies: map[uint32]string{}, out: make(chan []byte, 64)}, bufio.NewReader(conn)
	var writing sync.WaitGroup
	defer writing.Wait()
	writing.Go(c.write)
	defer c.Close()
	if _, err := io.CopyN(io.Discard, in, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))); err != nil {
		return
	}
	c.frame(frameSettings, 0, 0, "")
	for {
		var head [9]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(in, payload); err != nil {
			return
		}
		stream := uint32(head[5])<<24 | uint32(head[6])<<16 | uint32(head[7])<<8 | uint32(head[8])
		p.take(c, head[3], head[4], stream, payload)
	}
}

// take takes a frame.
func (p *h2Platform) take(c *h2Conn, kind, flags byte, stream uint32, payload []byte) {
	switch {
	case kind == frameSettings && flags&flagAck == 0:
		c.frame(frameSettings, flagAck, 0, "")
	case kind == framePing && flags&flagAck == 0:
		c.frame(framePing, flagAck, 0, string(payload))
	case kind == frameHeaders && p.began != nil:
		p.began(c, stream)
	case kind == frameData:
		c.bodies[stream] += string(payload)
		if n := len(payload); n > 0 { // there is room for as much more
			c.frame(frameWindow, 0, 0, string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}))
		}
	case kind == frameReset:
		delete(c.bodies, stream)
	}
	if (kind == frameData || kind == frameHeaders) && flags&flagEndStream != 0 {
		p.react(c, stream, p.requests.Add(1))
		delete(c.bodies, stream)
	}
}

// start serves behind TLS, and returns a transport for it and its address.
func (p *h2Platform) start(t *testing.T) (transport *http.Transport, url string) {
	t.Helper()
	cert := certificates()[0]
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}})
	require.NoError(t, err)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { p.serve(conn) })
		}
	})
	roots := x509.NewCertPool()
	roots.AddCert(cert.Leaf)
	transport = &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "platform.test"}}
	t.Cleanup(func() {
		_ = listener.Close()
		transport.CloseIdleConnections()
		serving.Wait()
	})
	return transport, "https://" + listener.Addr().String() + "/"
}
