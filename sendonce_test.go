package quecloud

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
