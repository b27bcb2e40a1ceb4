package quecloud

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
					WithTimeout(2*time.Second), WithRetry(RetryPolicy{MaxAttempts: 10, BaseDelay: time.Millisecond, MaxDelay: time.Millisecond}))
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
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(fineAnswer))}, nil
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
