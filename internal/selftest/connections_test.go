package selftest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// 100 concurrent calls meet a server that responds only after 64 requests, one per connection, have arrived.
func TestConnectionsAreSharedByManyCalls(t *testing.T) {
	t.Parallel()
	const connections = 64
	var opened, arrived atomic.Int64
	full := make(chan struct{})
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if arrived.Add(1) == connections {
			close(full)
		}
		<-full
		_, _ = io.Copy(io.Discard, r.Body)
		io.WriteString(w, `{"resultCode":0}`)
	}))
	srv.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	client, err := quecloud.NewClient("000001", "abcdef", quecloud.WithBaseURL(srv.URL))
	require.NoError(t, err)
	var calls sync.WaitGroup
	for range 100 {
		calls.Go(func() {
			for range 10 {
				assert.NoError(t, client.Cards.Pause(t.Context(), testCard))
			}
		})
	}
	calls.Wait()
	assert.InDelta(t, connections, opened.Load(), 10, "on a busy machine net/http gives up one now and then")
	assert.EqualValues(t, 1000, arrived.Load())
}

// A timeout of the user's http.Client or transport also reveals a silent path.
func TestConnectionsAreLeftAfterTheUsersTimeouts(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]func(*http.Client, *http.Transport){
		"the client's":    func(c *http.Client, _ *http.Transport) { c.Timeout = 500 * time.Millisecond },
		"the transport's": func(_ *http.Client, t *http.Transport) { t.ResponseHeaderTimeout = 500 * time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := &switchedPath{}
			server := httptest.NewUnstartedServer(
				http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, selftest.Success) }),
			)
			server.EnableHTTP2 = true
			server.StartTLS()
			defer server.Close()
			transport := server.Client().Transport.(*http.Transport)
			transport.DialContext = path.dial
			limit(server.Client(), transport)
			client, err := quecloud.NewClient(selftest.Key, selftest.Secret, quecloud.WithBaseURL(server.URL),
				quecloud.WithHTTPClient(server.Client()),
				quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 4, BaseDelay: time.Millisecond, MaxDelay: time.Millisecond}))
			require.NoError(t, err)
			require.NoError(t, selftest.Read(t.Context(), client))
			path.cut()
			require.NoError(t, selftest.Read(t.Context(), client))
		})
	}
}

// One timeout is enough to leave all connections of a silent path.
func TestConnectionsOfASilentPathAreLeftTogether(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]error{
		"attempt timeout": nil, "deadline": context.DeadlineExceeded, "deadline with a cause": errors.New("no more time"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const many = 8
			var together sync.WaitGroup
			together.Add(many)
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("User-Agent") != "quecloud-go/"+quecloud.Version {
					together.Done()
					together.Wait()
				}
				_, _ = io.WriteString(w, selftest.Success)
			}))
			defer server.Close()
			path := &switchedPath{}
			transport := server.Client().Transport.(*http.Transport)
			transport.DialContext, transport.MaxIdleConnsPerHost = path.dial, many
			client, err := quecloud.NewClient(selftest.Key, selftest.Secret, quecloud.WithBaseURL(server.URL),
				quecloud.WithHTTPClient(server.Client()),
				quecloud.WithTimeout(5*time.Second), quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
			require.NoError(t, err)
			filling, err := client.With(quecloud.WithUserAgent("together"))
			require.NoError(t, err)
			var calls sync.WaitGroup
			for range many {
				calls.Go(func() { assert.NoError(t, selftest.Read(t.Context(), filling)) })
			}
			calls.Wait()
			require.EqualValues(t, many, path.dialed.Load())
			path.cut()
			ctx, short := t.Context(), client
			if late == nil {
				short, err = client.With(quecloud.WithTimeout(300 * time.Millisecond))
				require.NoError(t, err)
			} else {
				var cancel context.CancelFunc
				ctx, cancel = context.WithDeadlineCause(ctx, time.Now().Add(300*time.Millisecond), late)
				defer cancel()
			}
			require.Error(t, selftest.Read(ctx, short))
			require.NoError(t, selftest.Read(t.Context(), client))
		})
	}
}

// Retries do not use the dead connections of a silent path.
func TestConnectionsOfASilentPathAreLeft(t *testing.T) {
	t.Parallel()
	for name, http2 := range map[string]bool{"HTTP/1": false, "HTTP/2": true} {
		for n, concurrently := range []int{1, 8} {
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				t.Parallel()
				path := &switchedPath{}
				server := httptest.NewUnstartedServer(
					http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, selftest.Success) }),
				)
				server.EnableHTTP2 = http2
				server.StartTLS()
				defer server.Close()
				transport := server.Client().Transport.(*http.Transport)
				transport.DialContext = path.dial
				transport.ForceAttemptHTTP2 = http2
				transport.MaxIdleConnsPerHost = 16
				client, err := quecloud.NewClient(selftest.Key, selftest.Secret, quecloud.WithBaseURL(server.URL),
					quecloud.WithHTTPClient(server.Client()),
					quecloud.WithTimeout(2*time.Second), quecloud.WithRetry(
						quecloud.RetryPolicy{MaxAttempts: 10, BaseDelay: time.Millisecond, MaxDelay: time.Millisecond},
					))
				require.NoError(t, err)
				run := func() (failed int64) {
					var bad atomic.Int64
					var calls sync.WaitGroup
					for range concurrently {
						calls.Go(func() {
							for range 4 {
								if err := selftest.Read(t.Context(), client); err != nil {
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
				path.cut() // the connections go silent; new ones work
				assert.Zero(t, run(), "retries leave the dead connections")
				assert.Greater(t, path.dialed.Load(), dialed)
			})
		}
	}
}

// Over HTTP/2, a dead connection may not be idle yet. So a retry after a timeout is the last request on its connection.
func TestConnectionsOfASilentPathAreUsedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var last []bool
		client, _ := selftest.Scripted(t, []selftest.Step{
			{Wait: time.Hour},
			{Respond: func(r *http.Request) (*http.Response, error) {
				last = append(last, r.Close)
				return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(selftest.Success))}, nil
			}},
		}, quecloud.WithTimeout(time.Second))
		for range 2 {
			require.NoError(t, selftest.Read(t.Context(), client))
		}
		assert.Equal(t, []bool{true, false}, last, "of the retry, and of the call after a response")
	})
}

// A slow call costs its own connection, and no other.
func TestConnectionsSurviveSlowCalls(t *testing.T) {
	t.Parallel()
	var dialed, n atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if n.Add(1)%50 == 0 {
			<-r.Context().Done()
			return
		}
		_, _ = io.WriteString(w, selftest.Success)
	}))
	defer server.Close()
	transport := selftest.OwnTransport(t)
	defer transport.CloseIdleConnections()
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		dialed.Add(1)
		return dial(ctx, network, addr)
	}
	client := selftest.NewClient(t, transport, quecloud.WithBaseURL(server.URL), selftest.NoRetry,
		quecloud.WithTimeout(200*time.Millisecond))
	const workers, calls = 8, 100
	var slow atomic.Int64
	var working sync.WaitGroup
	for range workers {
		working.Go(func() {
			for range calls {
				if err := selftest.Read(t.Context(), client); err != nil {
					assert.ErrorIs(t, err, quecloud.ErrAttemptTimeout)
					slow.Add(1)
				}
			}
		})
	}
	working.Wait()
	assert.LessOrEqual(t, dialed.Load(), workers+2*slow.Load(), "a slow call costs its own connection")
}

// A switchedPath dials connections that can be made to swallow everything.
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

// cut makes all current connections silent.
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

// A user's http.Client without a transport uses the current http.DefaultTransport, which may have any type.
func TestConnectionsOfAReplacedDefaultTransport(t *testing.T) { //nolint:paralleltest // it is one for the process
	before := http.DefaultTransport
	defer func() { http.DefaultTransport = before }()
	http.DefaultTransport = selftest.TransportFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(selftest.Success))}, nil
	})
	_, err := quecloud.NewClient(selftest.Key, selftest.Secret)
	require.NoError(t, err)
	client, err := quecloud.NewClient(selftest.Key, selftest.Secret, quecloud.WithHTTPClient(&http.Client{}))
	require.NoError(t, err)
	require.NoError(t, selftest.Read(t.Context(), client))
	client.CloseIdleConnections()
}

func TestConnectionsAreClosedWhenIdle(t *testing.T) {
	t.Parallel()
	closed := make(chan struct{})
	server := httptest.NewUnstartedServer(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, selftest.Success) }),
	)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			close(closed)
		}
	}
	server.Start()
	defer server.Close()
	client, err := quecloud.NewClient(selftest.Key, selftest.Secret, quecloud.WithBaseURL(server.URL))
	require.NoError(t, err)
	require.NoError(t, selftest.Read(t.Context(), client))
	copied, err := client.With(quecloud.WithTimeout(time.Second))
	require.NoError(t, err)
	copied.CloseIdleConnections()
	<-closed
	new(quecloud.Client).CloseIdleConnections()
}
