package selftest_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// A transport may pass requests to another one that speaks HTTP/2.
func TestHTTP2OfAnotherTransportSendsOnce(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(*http.Transport) http.RoundTripper{
		"itself": func(inner *http.Transport) http.RoundTripper { return inner },
		"a registered protocol": func(inner *http.Transport) http.RoundTripper {
			outer := &http.Transport{}
			outer.RegisterProtocol("http", inner)
			return outer
		},
		"wrapped": func(inner *http.Transport) http.RoundTripper { return selftest.TransportFunc(inner.RoundTrip) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &selftest.HTTP2Platform{React: func(c *selftest.HTTP2Conn, stream uint32, n int64) {
				if n == 1 {
					c.Reset(stream, 1)
					return
				}
				c.Succeed(stream)
			}}
			inner := plainHTTP2(t, p)
			defer inner.CloseIdleConnections()
			client := selftest.NewClient(t, wrap(inner), quecloud.WithBaseURL("http://127.0.0.1/"))
			require.ErrorIs(t, client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1)), quecloud.ErrOutcomeUnknown)
			assert.EqualValues(t, 1, p.Requests.Load())
		})
	}
}

// Over HTTP/2, net/http resends a POST when the server gives up the stream or connection. The SDK prevents it.
func TestHTTP2SendsOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		react  func(c *selftest.HTTP2Conn, stream uint32, n int64)
		always bool // no attempt succeeds
	}{
		"reset once": {react: func(c *selftest.HTTP2Conn, stream uint32, n int64) {
			if n == 1 {
				c.Reset(stream, selftest.ProtocolError)
				return
			}
			c.Succeed(stream)
		}},
		"reset always": {
			always: true, react: func(c *selftest.HTTP2Conn, stream uint32, _ int64) { c.Reset(stream, selftest.ProtocolError) },
		},
		"refused once": {react: func(c *selftest.HTTP2Conn, stream uint32, n int64) {
			if n == 1 {
				c.Reset(stream, selftest.RefusedStream)
				return
			}
			c.Succeed(stream)
		}},
		"refused always": {
			always: true, react: func(c *selftest.HTTP2Conn, stream uint32, _ int64) { c.Reset(stream, selftest.RefusedStream) },
		},
		"the connection is given up": {react: func(c *selftest.HTTP2Conn, stream uint32, n int64) {
			if n == 1 {
				c.GoAway(0)
				_ = c.Close()
				return
			}
			c.Succeed(stream)
		}},
		"the connection is always given up": {always: true, react: func(c *selftest.HTTP2Conn, _ uint32, _ int64) {
			c.GoAway(0)
			_ = c.Close()
		}},
	} {
		for _, kind := range selftest.Calls {
			for _, policy := range []quecloud.RetryPolicy{{MaxAttempts: 1}, {MaxAttempts: 4}} {
				t.Run(fmt.Sprintf("%s, %s, %d", name, kind.Name, policy.MaxAttempts), func(t *testing.T) {
					t.Parallel()
					p := &selftest.HTTP2Platform{React: tt.react}
					transport, url := p.Start(t)
					client := selftest.NewClient(t, transport, quecloud.WithBaseURL(url), quecloud.WithRetry(policy))
					err := kind.Do(t.Context(), client)
					if kind.Name != "read" {
						require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
						assert.EqualValues(t, 1, p.Requests.Load())
						return
					}
					assert.Equal(t, policy.MaxAttempts == 4 && !tt.always, err == nil, "%v", err)
					assert.LessOrEqual(t, p.Requests.Load(), int64(policy.MaxAttempts), "the policy counts them all")
				})
			}
		}
	}
}

// A server that closes a connection from time to time does so with requests on their way.
func TestHTTP2LosesNothingWhenConnectionsAreGivenUp(t *testing.T) {
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
		_, _ = io.WriteString(w, selftest.Success)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	client, err := quecloud.NewClient(selftest.Key, selftest.Secret, quecloud.WithBaseURL(server.URL),
		quecloud.WithHTTPClient(server.Client()))
	require.NoError(t, err)
	cards := make([]quecloud.CardID, calls)
	for i := range cards {
		cards[i] = quecloud.ICCID(fmt.Sprintf("8986000000000%07d", i))
	}
	unknown := 0
	for card, err := range quecloud.Each(t.Context(), cards, client.Cards.Pause, quecloud.Concurrency(16)) {
		if err != nil {
			require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown, card)
			unknown++
		}
	}
	assert.Less(t, unknown, calls/10)
	for card, n := range seen {
		assert.Equal(t, 1, n, card)
	}
}

// A client without WithHTTPClient never offers HTTP/2, even to a server that prefers it.
func TestHTTP2IsOffByDefault(t *testing.T) {
	t.Parallel()
	offered := make(chan []string, 1)
	config := &tls.Config{
		Certificates: selftest.Certificates()[:1], NextProtos: []string{"h2", "http/1.1"},
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			offered <- hello.SupportedProtos
			return nil, nil
		},
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	require.NoError(t, err)
	defer listener.Close()
	go selftest.Accept(listener, func(conn net.Conn) { _ = conn.(*tls.Conn).Handshake() })
	client, err := quecloud.NewClient(selftest.Key, selftest.Secret, selftest.NoRetry,
		quecloud.WithBaseURL("https://"+listener.Addr().String()+"/"))
	require.NoError(t, err)
	require.Error(t, selftest.Read(t.Context(), client), "the client does not trust the certificate")
	assert.NotContains(t, <-offered, "h2")

	protocols := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocols <- r.Proto
		_, _ = io.WriteString(w, selftest.Success)
	}))
	defer server.Close()
	client, err = quecloud.NewClient(selftest.Key, selftest.Secret, quecloud.WithBaseURL(server.URL))
	require.NoError(t, err)
	require.NoError(t, selftest.Read(t.Context(), client))
	assert.Equal(t, "HTTP/1.1", <-protocols)
}

// plainHTTP2 returns a transport that speaks HTTP/2 without TLS with the platform.
func plainHTTP2(t *testing.T, p *selftest.HTTP2Platform) *http.Transport {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	connect := selftest.Loopback(t)
	return &http.Transport{Protocols: protocols, DialContext: func(context.Context, string, string) (net.Conn, error) {
		client, server, err := connect()
		if err == nil {
			go p.Serve(server)
		}
		return client, err
	}}
}
