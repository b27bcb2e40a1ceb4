package selftest

import (
	"bufio"
	"crypto/tls"
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

// An HTTP2Platform speaks HTTP/2 frame by frame, so that it can treat a stream in every way a server may. It counts the
// requests that it has read to their end.
type HTTP2Platform struct {
	Began func(c *HTTP2Conn, stream uint32)          // gets the headers of a request; may be nil
	React func(c *HTTP2Conn, stream uint32, n int64) // gets the n-th whole request, from 1

	Requests atomic.Int64
	Conns    atomic.Int64
}

// An HTTP2Conn is one connection to an HTTP2Platform.
type HTTP2Conn struct {
	net.Conn
	Bodies map[uint32]string // of the requests, as far as they were read

	mu     sync.Mutex
	out    chan []byte // frames
	closed bool
}

// Frames and their flags, RFC 9113 § 6.
const (
	frameData, frameHeaders, frameReset                = 0x0, 0x1, 0x3
	frameSettings, framePing, frameGoAway, frameWindow = 0x4, 0x6, 0x7, 0x8

	flagEndStream, flagAck, flagEndHeaders = 0x1, 0x1, 0x4
)

// Reasons to reset a stream, RFC 9113 § 7.
const (
	ProtocolError byte = 0x1
	InternalError byte = 0x2
	RefusedStream byte = 0x7
)

// frame queues a frame. It does not wait for the client to read it, since the client may be writing too.
func (c *HTTP2Conn) frame(kind, flags byte, stream uint32, payload string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	head := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags,
		byte(stream >> 24), byte(stream >> 16), byte(stream >> 8), byte(stream)}
	c.out <- append(head, payload...)
}

// Close cuts the connection after the queued frames, without a TLS alert.
func (c *HTTP2Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.closed = true
		close(c.out)
	}
	return nil
}

// write writes the queued frames.
func (c *HTTP2Conn) write() {
	for frame := range c.out {
		_, _ = c.Write(frame) // it fails only if the client has left
	}
	conn := c.Conn
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	_ = conn.Close()
}

// Succeed sends a response that all Calls accept.
func (c *HTTP2Conn) Succeed(stream uint32) {
	c.head(stream, http.StatusOK, nil)
	c.frame(frameData, flagEndStream, stream, Success)
}

// head sends the headers of a response as HPACK literals, RFC 7541 § 6.2.2.
func (c *HTTP2Conn) head(stream uint32, status int, header http.Header) {
	var block strings.Builder
	block.WriteString("\x08\x03" + strconv.Itoa(status)) // entry 8 is :status
	for name, values := range header {
		for _, value := range values {
			block.WriteString("\x00" + string(byte(len(name))) + strings.ToLower(name) + string(byte(len(value))) + value)
		}
	}
	c.frame(frameHeaders, flagEndHeaders, stream, block.String())
}

// Respond sends a response written as HTTP/1 does, and reports whether it is whole. Otherwise the stream stays open.
func (c *HTTP2Conn) Respond(stream uint32, text string) (whole bool) {
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

// Reset resets a stream.
func (c *HTTP2Conn) Reset(stream uint32, code byte) {
	c.frame(frameReset, 0, stream, "\x00\x00\x00"+string(code))
}

// GoAway tells the client that no stream after the last is served.
func (c *HTTP2Conn) GoAway(last uint32) {
	c.frame(frameGoAway, 0, 0, string([]byte{byte(last >> 24), byte(last >> 16), byte(last >> 8), byte(last), 0, 0, 0, 0}))
}

// Serve reads frames from a connection until the client leaves.
func (p *HTTP2Platform) Serve(conn net.Conn) {
	p.Conns.Add(1)
	c, in := &HTTP2Conn{Conn: conn, Bodies: map[uint32]string{}, out: make(chan []byte, 64)}, bufio.NewReader(conn)
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
		p.handle(c, head[3], head[4], stream, payload)
	}
}

// handle handles a frame.
func (p *HTTP2Platform) handle(c *HTTP2Conn, kind, flags byte, stream uint32, payload []byte) {
	switch {
	case kind == frameSettings && flags&flagAck == 0:
		c.frame(frameSettings, flagAck, 0, "")
	case kind == framePing && flags&flagAck == 0:
		c.frame(framePing, flagAck, 0, string(payload))
	case kind == frameHeaders && p.Began != nil:
		p.Began(c, stream)
	case kind == frameData:
		c.Bodies[stream] += string(payload)
		if n := len(payload); n > 0 { // open the flow-control window again
			c.frame(frameWindow, 0, 0, string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}))
		}
	case kind == frameReset:
		delete(c.Bodies, stream)
	}
	if (kind == frameData || kind == frameHeaders) && flags&flagEndStream != 0 {
		p.React(c, stream, p.Requests.Add(1))
		delete(c.Bodies, stream)
	}
}

// Start serves over TLS until the test ends, and returns a transport for it and its address.
func (p *HTTP2Platform) Start(t *testing.T) (transport *http.Transport, url string) {
	t.Helper()
	listener := ListenHTTP2(t)
	var serving sync.WaitGroup
	serving.Go(func() { Accept(listener, p.Serve) })
	transport = &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: ClientTLS()}
	t.Cleanup(func() {
		_ = listener.Close()
		transport.CloseIdleConnections()
		serving.Wait()
	})
	return transport, "https://" + listener.Addr().String() + "/"
}

// ListenHTTP2 listens on the loopback interface for HTTP/2 over TLS.
func ListenHTTP2(t testing.TB) net.Listener {
	t.Helper()
	config := &tls.Config{Certificates: Certificates()[:1], NextProtos: []string{"h2"}}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	require.NoError(t, err)
	return listener
}

// Accept serves connections until the listener is closed and all clients have left.
func Accept(listener net.Listener, serve func(net.Conn)) {
	var serving sync.WaitGroup
	for {
		conn, err := listener.Accept()
		if err != nil {
			serving.Wait()
			return
		}
		serving.Go(func() { serve(conn) })
	}
}
