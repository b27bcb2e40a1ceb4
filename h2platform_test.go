package quecloud

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// An h2Platform speaks HTTP/2 by the frame, so that it can do to a stream whatever a server may do to it. It goes by the
// requests that it has read whole.
type h2Platform struct {
	react func(c *h2Conn, stream uint32, n int64) // to the n-th whole request, from 1

	requests atomic.Int64
	conns    atomic.Int64
}

// An h2Conn is one connection to an h2Platform.
type h2Conn struct {
	net.Conn
	mu sync.Mutex
}

// frames and their flags, RFC 9113 § 6.
const (
	frameData, frameHeaders, frameReset, frameSettings, framePing, frameGoAway = 0x0, 0x1, 0x3, 0x4, 0x6, 0x7

	flagEndStream, flagAck, flagEndHeaders = 0x1, 0x1, 0x4
)

func (c *h2Conn) frame(kind, flags byte, stream uint32, payload string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	head := []byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags,
		byte(stream >> 24), byte(stream >> 16), byte(stream >> 8), byte(stream)}
	_, _ = c.Write(append(head, payload...))
}

func (c *h2Conn) answer(stream uint32, body string) {
	const ok = "\x88" // :status: 200 in HPACK
	c.frame(frameHeaders, flagEndHeaders, stream, ok)
	c.frame(frameData, flagEndStream, stream, body)
}

func (c *h2Conn) reset(stream uint32, code byte) {
	c.frame(frameReset, 0, stream, "\x00\x00\x00"+string(code))
}

func (c *h2Conn) goAway(last uint32) {
	c.frame(frameGoAway, 0, 0, string([]byte{byte(last >> 24), byte(last >> 16), byte(last >> 8), byte(last), 0, 0, 0, 0}))
}

// serve reads frames, and reacts when a stream's request is whole.
func (p *h2Platform) serve(conn net.Conn) {
	defer conn.Close()
	p.conns.Add(1)
	c, in := &h2Conn{Conn: conn}, bufio.NewReader(conn)
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
		kind, flags := head[3], head[4]
		stream := uint32(head[5])<<24 | uint32(head[6])<<16 | uint32(head[7])<<8 | uint32(head[8])
		switch {
		case kind == frameSettings && flags&flagAck == 0:
			c.frame(frameSettings, flagAck, 0, "")
		case kind == framePing && flags&flagAck == 0:
			c.frame(framePing, flagAck, 0, string(payload))
		case (kind == frameData || kind == frameHeaders) && flags&flagEndStream != 0:
			p.react(c, stream, p.requests.Add(1))
		}
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
