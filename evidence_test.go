package quecloud

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
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

// Over HTTP/2 net/http sends a POST again by itself when a stream or connection is given up. Ours are sent once.
func TestOverHTTP2NothingIsSentTwice(t *testing.T) {
	t.Parallel()
	const protocolError, refusedStream = 1, 7
	for name, tt := range map[string]struct {
		react  func(c *h2Conn, stream uint32, n int64)
		always bool // it never succeeds
	}{
		"reset once": {react: func(c *h2Conn, stream uint32, n int64) {
			if n == 1 {
				c.reset(stream, protocolError)
				return
			}
			c.answer(stream, fineAnswer)
		}},
		"reset always": {always: true, react: func(c *h2Conn, stream uint32, _ int64) { c.reset(stream, protocolError) }},
		"refused once": {react: func(c *h2Conn, stream uint32, n int64) {
			if n == 1 {
				c.reset(stream, refusedStream)
				return
			}
			c.answer(stream, fineAnswer)
		}},
		"refused always": {always: true, react: func(c *h2Conn, stream uint32, _ int64) { c.reset(stream, refusedStream) }},
		"the connection is given up": {react: func(c *h2Conn, stream uint32, n int64) {
			if n == 1 {
				c.goAway(0)
				_ = c.Close()
				return
			}
			c.answer(stream, fineAnswer)
		}},
		"the connection is always given up": {always: true, react: func(c *h2Conn, _ uint32, _ int64) {
			c.goAway(0)
			_ = c.Close()
		}},
	} {
		for _, kind := range kindCalls {
			for _, policy := range []RetryPolicy{{MaxAttempts: 1}, {MaxAttempts: 4}} {
				t.Run(fmt.Sprintf("%s, %s, %d", name, kind.name, policy.MaxAttempts), func(t *testing.T) {
					t.Parallel()
					p := &h2Platform{react: tt.react}
					transport, url := p.start(t)
					client, err := NewClient("000001", testSecret, WithBaseURL(url), WithRetry(policy),
						WithHTTPClient(&http.Client{Transport: transport}))
					require.NoError(t, err)
					err = kind.call(t.Context(), client)
					if kind.name != "read" {
						require.ErrorIs(t, err, ErrOutcomeUnknown)
						assert.EqualValues(t, 1, p.requests.Load())
						return
					}
					assert.Equal(t, policy.MaxAttempts == 4 && !tt.always, err == nil, "%v", err)
					assert.LessOrEqual(t, p.requests.Load(), int64(policy.MaxAttempts), "the policy counts them all")
				})
			}
		}
	}
}

// Servers that give up a connection now and then do so with requests under way.
func TestOverHTTP2ConnectionsThatAreGivenUpNowAndThenLoseNothing(t *testing.T) {
	t.Parallel()
	const each, calls = 100, 1000
	var mu sync.Mutex
	seen := map[string]int{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.NoError(t, r.ParseForm())
		mu.Lock()
		seen[r.PostForm.Get("iccid")]++
		n := len(seen)
		mu.Unlock()
		if n%each == 0 {
			w.Header().Set("Connection", "close") // GOAWAY, over HTTP/2
		}
		_, _ = io.WriteString(w, fineAnswer)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	client, err := NewClient("000001", testSecret, WithBaseURL(server.URL), WithHTTPClient(server.Client()))
	require.NoError(t, err)
	cards := make([]CardID, calls)
	for i := range cards {
		cards[i] = ICCID(fmt.Sprintf("8986000000000%07d", i))
	}
	unknown := 0
	for card, err := range Each(t.Context(), cards, client.Cards.Pause, Concurrency(16)) {
		if err != nil {
			require.ErrorIs(t, err, ErrOutcomeUnknown, card)
			unknown++
		}
	}
	assert.Less(t, unknown, calls/10)
	for card, n := range seen {
		assert.Equal(t, 1, n, card)
	}
}

// Without a transport of the user's there is no HTTP/2, even if the server would like to.
func TestTheDefaultTransportSpeaksHTTP1(t *testing.T) {
	t.Parallel()
	var protocol atomic.Value
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocol.Store(r.Proto)
		_, _ = io.WriteString(w, fineAnswer)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	transport := newTransport()
	defer transport.CloseIdleConnections()
	transport.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	transport.TLSClientConfig.NextProtos = nil
	client, err := NewClient("000001", testSecret, WithBaseURL(server.URL), WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	require.NoError(t, readOnce(t.Context(), client))
	assert.Equal(t, "HTTP/1.1", protocol.Load())
}

// A connection that is found dead when the request is to be written is no reason for a doubt: over HTTP/1 net/http sees that
// nothing was written, and takes another.
func TestStaleConnectionsLeaveNoDoubt(t *testing.T) {
	t.Parallel()
	for name, secure := range map[string]bool{"http": false, "https": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests, dialed atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				requests.Add(1)
				_, _ = io.WriteString(w, fineAnswer)
			}))
			if secure {
				server.StartTLS()
			} else {
				server.Start()
			}
			defer server.Close()
			transport := server.Client().Transport.(*http.Transport)
			transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
				dialed.Add(1)
				conn, err := new(net.Dialer).DialContext(ctx, network, addr)
				return &dyingConn{Conn: conn}, err
			}
			client, err := NewClient("000001", testSecret, WithBaseURL(server.URL), WithHTTPClient(server.Client()), WithRetry(RetryPolicy{MaxAttempts: 1}))
			require.NoError(t, err)
			const calls = 50
			for range calls {
				require.NoError(t, client.Cards.Pause(t.Context(), MSISDN(phone)))
			}
			assert.EqualValues(t, calls, requests.Load())
			assert.EqualValues(t, calls, dialed.Load(), "each connection was dead for the second call")
		})
	}
}

// A dyingConn takes nothing more once it has been read from after a whole request, which is when a response came.
type dyingConn struct {
	net.Conn
	requests atomic.Int32
	dead     atomic.Bool
}

func (c *dyingConn) Write(p []byte) (int, error) {
	if c.dead.Load() {
		return 0, net.ErrClosed
	}
	if len(p) > 200 && !c.handshake(p) {
		c.requests.Add(1)
	}
	return c.Conn.Write(p)
}

// handshake reports whether a record of TLS belongs to a handshake.
func (c *dyingConn) handshake(p []byte) bool { return p[0] == 0x16 || p[0] == 0x14 }

func (c *dyingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.requests.Load() > 0 && n > 0 {
		c.dead.Store(true)
	}
	return n, err
}

// 307 and 308 want the request to be sent again elsewhere. It is not, and the response is told as what it is.
func TestRedirectsThatWantTheBodyAgainAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, http2 := range []bool{false, true} {
			requests := 0
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests++
				http.Redirect(w, r, "/elsewhere", status)
			}))
			server.EnableHTTP2 = http2
			server.StartTLS()
			client, err := NewClient("000001", testSecret, WithBaseURL(server.URL), WithHTTPClient(server.Client()))
			require.NoError(t, err)
			err = client.Cards.Pause(t.Context(), MSISDN(phone))
			server.Close()
			var bad *ResponseError
			require.ErrorAs(t, err, &bad)
			assert.Equal(t, status, bad.HTTPStatus)
			require.ErrorContains(t, err, `it redirects to "/elsewhere"`)
			require.ErrorIs(t, err, ErrOutcomeUnknown)
			assert.Equal(t, 1, requests)
		}
	}
}

// What is evidence that a request was not sent, and what is not.
func TestEvidence(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	trace := func(r *http.Request) *httptrace.ClientTrace { return httptrace.ContextClientTrace(r.Context()) }
	bare := func(change func(*http.Transport)) http.RoundTripper {
		transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, broken }}
		change(transport)
		return transport
	}
	for name, tt := range map[string]struct {
		transport http.RoundTripper
		ctx       func(context.Context) context.Context
		sent      bool
	}{
		"a connection was wanted and not had": {transport: bare(func(*http.Transport) {})},
		"the same, by a wrapped transport": {transport: transportFunc(func(r *http.Request) (*http.Response, error) {
			trace(r).GetConn("host")
			return nil, broken
		})},
		"a connection was had and no header written": {transport: transportFunc(func(r *http.Request) (*http.Response, error) {
			trace(r).GetConn("host")
			trace(r).GotConn(httptrace.GotConnInfo{})
			return nil, broken
		})},
		"headers were written": {sent: true, transport: transportFunc(func(r *http.Request) (*http.Response, error) {
			trace(r).GetConn("host")
			trace(r).GotConn(httptrace.GotConnInfo{})
			trace(r).WroteHeaders()
			return nil, broken
		})},
		"the proxy function failed": {transport: bare(func(transport *http.Transport) {
			transport.Proxy = func(*http.Request) (*url.URL, error) { return nil, broken }
		})},
		"another protocol failed and read nothing": {transport: bare(func(transport *http.Transport) {
			transport.RegisterProtocol("https", transportFunc(func(*http.Request) (*http.Response, error) { return nil, broken }))
		})},
		"another protocol failed and had read the body": {sent: true, transport: bare(func(transport *http.Transport) {
			transport.RegisterProtocol("https", transportFunc(func(r *http.Request) (*http.Response, error) {
				_, _ = io.Copy(io.Discard, r.Body)
				return nil, broken
			}))
		})},
		"another protocol took the body again": {sent: true, transport: bare(func(transport *http.Transport) {
			transport.RegisterProtocol("https", transportFunc(func(r *http.Request) (*http.Response, error) {
				_, err := r.GetBody()
				return nil, errors.Join(broken, err)
			}))
		})},
		"a wrapped transport told nothing": {sent: true, transport: transportFunc(func(*http.Request) (*http.Response, error) {
			return nil, &net.OpError{Op: "dial", Err: broken}
		})},
		"the context had ended": {transport: bare(func(*http.Transport) {}), ctx: func(ctx context.Context) context.Context {
			ctx, cancel := context.WithCancelCause(ctx)
			cancel(broken)
			return ctx
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, err := NewClient("000001", testSecret, WithRetry(RetryPolicy{MaxAttempts: 1}), WithHTTPClient(&http.Client{Transport: tt.transport}))
			require.NoError(t, err)
			ctx := t.Context()
			if tt.ctx != nil {
				ctx = tt.ctx(ctx)
			}
			err = client.Cards.Pause(ctx, MSISDN(phone))
			require.ErrorIs(t, err, broken)
			assert.Equal(t, tt.sent, errors.Is(err, ErrOutcomeUnknown), err)
		})
	}
}

// A transport that retries by itself, on a context of its own, tells of its first try only.
func TestATransportThatRetriesByItselfLeavesADoubt(t *testing.T) {
	t.Parallel()
	executed := 0
	client, err := NewClient("000001", testSecret, WithHTTPClient(&http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, r.Body)
		executed++
		return nil, &net.OpError{Op: "dial", Err: errors.New("the try after the one that arrived")}
	})}))
	require.NoError(t, err)
	require.ErrorIs(t, kindCalls[2].call(t.Context(), client), ErrOutcomeUnknown)
	assert.Equal(t, 1, executed)
}

// Calls that a run of Each cancels before they got a connection are not in doubt.
func TestCanceledCallsThatHadNoConnectionAreNotInDoubt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		release := make(chan struct{})
		defer close(release)
		transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			<-release // net/http goes on dialing for others
			return nil, io.EOF
		}}
		client, err := NewClient("000001", testSecret, WithHTTPClient(&http.Client{Transport: transport}))
		require.NoError(t, err)
		time.AfterFunc(time.Second, cancel)
		n := 0
		for _, err := range Each(ctx, MSISDNs("1", "2", "3", "4", "5", "6"), client.Cards.Pause) {
			require.ErrorIs(t, err, context.Canceled)
			assert.NotErrorIs(t, err, ErrOutcomeUnknown)
			n++
		}
		assert.Equal(t, 5, n, "four under way, and the first that was not begun")
	})
}

// An attempt ends with its time, whatever the transport and the body do.
func TestAnAttemptEndsWithItsTime(t *testing.T) {
	t.Parallel()
	stuck := func() io.ReadCloser { return io.NopCloser(readerFunc(func([]byte) (int, error) { select {} })) }
	for name, transport := range map[string]transportFunc{
		"a transport that ignores its context": func(*http.Request) (*http.Response, error) { select {} },
		"a body that ignores its context": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: stuck()}, nil
		},
		"a 101": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 101, Body: stuck()}, nil
		},
	} {
		for end, limit := range map[string]time.Duration{"timeout": time.Hour, "deadline": 3 * time.Second} {
			t.Run(name+", "+end, func(t *testing.T) {
				t.Parallel()
				client, err := NewClient("000001", testSecret, WithTimeout(200*time.Millisecond), WithRetry(RetryPolicy{MaxAttempts: 1}),
					WithHTTPClient(&http.Client{Transport: transport}))
				require.NoError(t, err)
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				defer cancel()
				for _, kind := range kindCalls {
					err := kind.call(ctx, client)
					require.Error(t, err)
					assert.Equal(t, kind.name != "read", errors.Is(err, ErrOutcomeUnknown), err)
					assert.Equal(t, name != "a 101", errors.Is(err, ErrAttemptTimeout), err)
				}
				if name != "a 101" {
					_, err = client.Files.DownloadLatest(ctx, io.Discard)
					require.ErrorIs(t, err, ErrAttemptTimeout)
				}
			})
		}
	}
}

// A body that ends reading when it is closed is closed when the time is up.
func TestABodyIsClosedWhenTheTimeIsUp(t *testing.T) {
	t.Parallel()
	read, write := io.Pipe()
	client, err := NewClient("000001", testSecret, WithTimeout(100*time.Millisecond), WithRetry(RetryPolicy{MaxAttempts: 1}),
		WithHTTPClient(&http.Client{Transport: transportFunc(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: read}, nil
		})}))
	require.NoError(t, err)
	err = client.Cards.Pause(t.Context(), MSISDN(phone))
	require.ErrorIs(t, err, ErrAttemptTimeout)
	require.ErrorIs(t, err, ErrOutcomeUnknown)
	require.ErrorContains(t, err, "bad response with HTTP status 200: it broke off")
	_, err = write.Write([]byte("late"))
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A server that switches protocols holds nobody.
func TestSwitchingProtocolsIsNoResponse(t *testing.T) {
	t.Parallel()
	pair := loopback(t)
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		client, server, err := pair()
		if err == nil {
			go func() {
				_, _ = http.ReadRequest(bufio.NewReader(server))
				_, _ = io.WriteString(server, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
			}()
		}
		return client, err
	}}
	client, err := NewClient("000001", testSecret, WithBaseURL("http://platform.test/"), WithPlainHTTP(), WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	err = client.Cards.Pause(t.Context(), MSISDN(phone))
	require.ErrorIs(t, err, ErrOutcomeUnknown)
	require.ErrorContains(t, err, "HTTP status 101")
	require.Error(t, readOnce(t.Context(), client))
}

// Breaking out of a sweep does not wait for a body that never ends.
func TestLeavingASweepDoesNotWaitForABody(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	client, err := NewClient("000001", testSecret, WithHTTPClient(&http.Client{Transport: transportFunc(func(*http.Request) (*http.Response, error) {
		if calls.Add(1) == 1 {
			page := `{"resultCode":0,"page":{"page":1,"pageSize":1,"totalCount":9,"totalPage":9},"cards":[{"iccid":"89860000000000000000"}]}`
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(page))}, nil
		}
		return &http.Response{StatusCode: 200, Body: io.NopCloser(readerFunc(func([]byte) (int, error) { select {} }))}, nil
	})}))
	require.NoError(t, err)
	for _, err := range client.Cards.All(t.Context(), &CardListParams{PageSize: 1}) {
		require.NoError(t, err)
		break
	}
}

// On a path that has gone silent, a connection is not used again and again.
func TestSilentPathsAreLeft(t *testing.T) {
	t.Parallel()
	for name, http2 := range map[string]bool{"HTTP/1": false, "HTTP/2": true} {
		for n, concurrently := range []int{1, 8} {
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				t.Parallel()
				path := &switchedPath{}
				server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, fineAnswer) }))
				server.EnableHTTP2 = http2
				server.StartTLS()
				defer server.Close()
				transport := server.Client().Transport.(*http.Transport)
				transport.DialContext = path.dial
				transport.ForceAttemptHTTP2 = http2
				transport.MaxIdleConnsPerHost = 16
				client, err := NewClient("000001", testSecret, WithBaseURL(server.URL), WithHTTPClient(server.Client()),
					WithTimeout(2*time.Second), WithRetry(RetryPolicy{MaxAttempts: 4, BaseDelay: time.Millisecond, MaxDelay: time.Millisecond}))
				require.NoError(t, err)
				run := func() (failed int64) {
					var bad atomic.Int64
					var calls sync.WaitGroup
					for range concurrently {
						calls.Go(func() {
							for range 4 {
								if err := readOnce(t.Context(), client); err != nil {
									t.Log(err)
									bad.Add(1)
								}
							}
						})
					}
					calls.Wait()
					return bad.Load()
				}
				require.Zero(t, run())
				dialed := path.dialed.Load()
				path.cut() // what is connected goes silent; new connections work
				assert.Zero(t, run(), "retries leave the dead connections")
				assert.Greater(t, path.dialed.Load(), dialed)
			})
		}
	}
}

// A slow platform keeps its connections: one slow call of many closes nothing.
func TestSlowCallsCloseNoConnections(t *testing.T) {
	t.Parallel()
	var dialed, n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if n.Add(1)%50 == 0 {
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(w, fineAnswer)
	}))
	defer server.Close()
	transport := newTransport()
	defer transport.CloseIdleConnections()
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		dialed.Add(1)
		return dial(ctx, network, addr)
	}
	client, err := NewClient("000001", testSecret, WithBaseURL(server.URL), WithHTTPClient(&http.Client{Transport: transport}),
		WithTimeout(200*time.Millisecond), WithRetry(RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)
	const workers, calls = 8, 100
	var slow atomic.Int64
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for range calls {
				if err := readOnce(t.Context(), client); err != nil {
					assert.ErrorIs(t, err, ErrAttemptTimeout)
					slow.Add(1)
				}
			}
		})
	}
	working.Wait()
	assert.LessOrEqual(t, dialed.Load(), workers+2*slow.Load(), "a slow call costs its own connection")
}

// A switchedPath is a way to a server whose connections can be made to swallow everything.
type switchedPath struct {
	dialed atomic.Int64
	mu     sync.Mutex
	conns  []*switchedConn
}

type switchedConn struct {
	net.Conn
	silent atomic.Bool
}

func (p *switchedPath) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	p.dialed.Add(1)
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c := &switchedConn{Conn: conn}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, c)
	return c, nil
}

// cut makes all connections that there are silent.
func (p *switchedPath) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		c.silent.Store(true)
	}
}

func (c *switchedConn) Write(b []byte) (int, error) {
	if c.silent.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// http.DefaultTransport may have been replaced by anything, and is used as it is at the time of a call where the user's
// http.Client has no transport of its own.
func TestAReplacedDefaultTransport(t *testing.T) { //nolint:paralleltest // it is one for the process
	before := http.DefaultTransport
	defer func() { http.DefaultTransport = before }()
	http.DefaultTransport = transportFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(fineAnswer))}, nil
	})
	_, err := NewClient("000001", testSecret)
	require.NoError(t, err)
	client, err := NewClient("000001", testSecret, WithHTTPClient(&http.Client{}))
	require.NoError(t, err)
	require.NoError(t, readOnce(t.Context(), client))
	client.CloseIdleConnections()
}

func TestClosingIdleConnections(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, fineAnswer) }))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			close(closed)
		}
	}
	server.Start()
	defer server.Close()
	client, err := NewClient("000001", testSecret, WithBaseURL(server.URL))
	require.NoError(t, err)
	require.NoError(t, readOnce(t.Context(), client))
	copied, err := client.With(WithTimeout(time.Second))
	require.NoError(t, err)
	copied.CloseIdleConnections()
	<-closed
	new(Client).CloseIdleConnections()
}
