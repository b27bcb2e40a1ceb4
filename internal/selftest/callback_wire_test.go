package selftest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go/internal/selftest"
)

// The documentation describes what http.ServeMux does with paths.
func TestCallbackPathIsExactInServeMux(t *testing.T) {
	selftest.ForEachCallback(t, func(t *testing.T, kind selftest.Callback) {
		h := kind.Handler(selftest.Handled, selftest.Token)
		mux := http.NewServeMux()
		mux.Handle("/exact", h)
		mux.Handle("/slash/", h)
		mux.Handle("/both", h)
		mux.Handle("/both/{$}", h)
		for path, want := range map[string]struct {
			status   int
			location string
		}{
			"/exact":   {status: 200},
			"/slash/":  {status: 200},
			"/both":    {status: 200},
			"/both/":   {status: 200},
			"/exact/":  {status: 404},
			"//exact":  {status: 307, location: "/exact?token=good"},
			"/./exact": {status: 307, location: "/exact?token=good"},
			"/slash":   {status: 307, location: "/slash/?token=good"},
			"/slash//": {status: 307, location: "/slash/?token=good"},
		} {
			r := selftest.CallbackRequest(kind.Body)
			r.URL.Path, r.URL.RawQuery = path, "token=good"
			w := selftest.Serve(mux, r)
			assert.Equal(t, want.location, w.Header().Get("Location"), path)
			assert.Equal(t, want.status, w.Code, path)
		}
		r := selftest.CallbackRequest(kind.Body)
		r.URL.Path, r.URL.RawQuery = "//any/path/", "token=good"
		assert.Equal(t, kind.Success, selftest.Serve(h, r).Body.String(), "without a router")
	})
}

func TestCallbackServesHTTP10AndExpectContinue(t *testing.T) {
	selftest.ForEachCallback(t, func(t *testing.T, kind selftest.Callback) {
		srv := httptest.NewServer(kind.Handler(selftest.Handled, selftest.Token))
		defer srv.Close()
		exchange := func(token, proto, header string) string {
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			require.NoError(t, err)
			defer conn.Close()
			fmt.Fprintf(conn, "POST /?token=%s %s\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"+
				"Content-Length: %d\r\n%s\r\n", token, proto, len(kind.Body), header)
			if header == "" {
				fmt.Fprint(conn, kind.Body)
				text, err := io.ReadAll(conn)
				require.NoError(t, err)
				return string(text)
			}
			var first [512]byte
			size, err := conn.Read(first[:])
			require.NoError(t, err)
			fmt.Fprint(conn, kind.Body)
			rest, _ := io.ReadAll(conn) // a server that rejects the request may close the connection
			return string(first[:size]) + string(rest)
		}
		old := exchange("good", "HTTP/1.0", "")
		assert.True(t, strings.HasPrefix(old, "HTTP/1.0 200 OK") && strings.HasSuffix(old, "\r\n\r\n"+kind.Success), old)
		cautious := exchange("good", "HTTP/1.1", "Expect: 100-continue\r\n")
		assert.True(t, strings.HasPrefix(cautious, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"), cautious)
		assert.True(t, strings.HasSuffix(cautious, "\r\n\r\n"+kind.Success), cautious)
		rejected := exchange("bad", "HTTP/1.1", "Expect: 100-continue\r\n")
		assert.True(t, strings.HasPrefix(rejected, "HTTP/1.1 401 "), "the server does not ask for the body: "+rejected)
	})
}

// The server must not read on, and the sender must get the response all the same.
func TestCallbackTooLargeIsRejectedOnAConnection(t *testing.T) {
	selftest.ForEachCallback(t, func(t *testing.T, kind selftest.Callback) {
		srv := httptest.NewServer(kind.Handler(selftest.NotCalled(t)))
		defer srv.Close()
		for name, size := range map[string]int64{"announced": 8 << 20, "in chunks": -1} {
			body := strings.NewReader(strings.Repeat(" ", 8<<20))
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, body)
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/json")
			r.ContentLength = size
			resp, err := srv.Client().Do(r)
			require.NoError(t, err, name)
			text, err := io.ReadAll(resp.Body)
			require.NoError(t, errors.Join(err, resp.Body.Close()), name)
			assert.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode, name)
			assert.Contains(t, string(text), "1048576", name)
		}
	})
}

func TestCallbackServerSurvivesAPanic(t *testing.T) {
	selftest.ForEachCallback(t, func(t *testing.T, kind selftest.Callback) {
		var calls atomic.Int32
		srv := httptest.NewServer(kind.Handler(func(context.Context) error {
			if calls.Add(1) == 1 {
				panic("the first one")
			}
			return nil
		}))
		defer srv.Close()
		for _, want := range []int{500, 200} {
			resp, err := http.Post(srv.URL, "application/json", strings.NewReader(kind.Body))
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, want, resp.StatusCode)
		}
	})
}

func TestCallbackContextEndsWhenTheSenderDisconnects(t *testing.T) {
	selftest.ForEachCallback(t, func(t *testing.T, kind selftest.Callback) {
		started, ended := make(chan struct{}), make(chan error)
		srv := httptest.NewServer(kind.Handler(func(ctx context.Context) error {
			close(started)
			<-ctx.Done()
			ended <- ctx.Err()
			return nil
		}))
		defer srv.Close()
		ctx, leave := context.WithCancel(t.Context())
		go func() {
			<-started
			leave()
		}()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL, strings.NewReader(kind.Body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		if err == nil {
			resp.Body.Close()
		}
		require.ErrorIs(t, err, context.Canceled)
		assert.ErrorIs(t, <-ended, context.Canceled)
	})
}

// pipes is a listener with connections in memory, for a server in a bubble of synctest.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error { close(p.closed); return nil }

func (pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (p pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours
}

// One body stops arriving and one is cut off, at a server with a ReadTimeout.
func TestCallbackBodyThatDoesNotArriveIsRejected(t *testing.T) {
	t.Parallel()
	for _, kind := range selftest.Callbacks {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				responses := make(chan *httptest.ResponseRecorder, 1)
				h := kind.Handler(selftest.NotCalled(t))
				srv := &http.Server{
					ReadTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0),
					Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
						responses <- selftest.Serve(h, r)
					}),
				}
				l := pipes{make(chan net.Conn), make(chan struct{})}
				go func() { _ = srv.Serve(l) }()
				defer srv.Close()
				head := "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 300\r\n\r\n{"

				slow := l.dial()
				start := time.Now()
				_, err := io.WriteString(slow, head)
				require.NoError(t, err)
				go func() { _, _ = io.Copy(io.Discard, slow) }()
				kind.AssertRejected(t, <-responses, 408, "arrived too slowly")
				assert.Equal(t, 10*time.Second, time.Since(start))

				broken := l.dial()
				_, err = io.WriteString(broken, head)
				require.NoError(t, err)
				require.NoError(t, broken.Close())
				kind.AssertRejected(t, <-responses, 400, "cut off")
			})
		})
	}
}
