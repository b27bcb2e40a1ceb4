package quecloud

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Over HTTP/2 net/http sends a POST again by itself when a stream or connection is given up. Ours are sent once.
func TestOverHTTP2NothingIsSentTwice(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		react  func(c *h2Conn, stream uint32, n int64)
		always bool // it never succeeds
	}{
		"reset once": {react: func(c *h2Conn, stream uint32, n int64) {
			if n == 1 {
				c.reset(stream, protocolError)
				return
			}
			c.answer(stream)
		}},
		"reset always": {always: true, react: func(c *h2Conn, stream uint32, _ int64) { c.reset(stream, protocolError) }},
		"refused once": {react: func(c *h2Conn, stream uint32, n int64) {
			if n == 1 {
				c.reset(stream, refusedStream)
				return
			}
			c.answer(stream)
		}},
		"refused always": {always: true, react: func(c *h2Conn, stream uint32, _ int64) { c.reset(stream, refusedStream) }},
		"the connection is given up": {react: func(c *h2Conn, stream uint32, n int64) {
			if n == 1 {
				c.goAway(0)
				_ = c.Close()
				return
			}
			c.answer(stream)
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
