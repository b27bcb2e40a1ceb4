package selftest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// Over HTTP/1, net/http notices a dead connection before it has written anything, and takes another one. The outcome of
// the call is known, even if there is no other one.
func TestConnectionsThatAreStaleLeaveNoDoubt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ secure, own bool }{
		"http": {}, "https": {secure: true}, "our own transport": {own: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests, dialed atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				requests.Add(1)
				_, _ = io.WriteString(w, selftest.Success)
			}))
			if tt.secure {
				server.StartTLS()
			} else {
				server.Start()
			}
			defer server.Close()
			opts := []quecloud.Option{quecloud.WithBaseURL(server.URL), selftest.NoRetry}
			if !tt.own {
				opts = append(opts, quecloud.WithHTTPClient(server.Client()))
			}
			client, err := quecloud.NewClient(selftest.Key, selftest.Secret, opts...)
			require.NoError(t, err)
			const calls = 50
			broken := errors.New("broken")
			transport := selftest.TransportOf(t, client)
			transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
				if dialed.Add(1) > calls {
					return nil, broken
				}
				conn, err := new(net.Dialer).DialContext(ctx, network, addr)
				return &dyingConn{Conn: conn}, err
			}
			for range calls {
				require.NoError(t, client.Cards.Pause(t.Context(), testCard))
			}
			assert.EqualValues(t, calls, requests.Load())
			assert.EqualValues(t, calls, dialed.Load(), "each connection was dead for the second call")
			err = client.Cards.Pause(t.Context(), testCard)
			require.ErrorIs(t, err, broken)
			assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown, "nothing was written to the last connection")
		})
	}
}

// A dyingConn fails all writes after the response to its first request.
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

// handshake reports whether a TLS record belongs to a handshake.
func (c *dyingConn) handshake(p []byte) bool { return p[0] == 0x16 || p[0] == 0x14 }

func (c *dyingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.requests.Load() > 0 && n > 0 {
		c.dead.Store(true)
	}
	return n, err
}
