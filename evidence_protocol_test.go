package quecloud

import (
	"bufio"
	"context"
	"errors"
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

// plain serves HTTP/2 without TLS, and returns a transport for it.
func (p *h2Platform) plain(t *testing.T) *http.Transport {
	t.Helper()
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	pair := loopback(t)
	return &http.Transport{Protocols: protocols, DialContext: func(context.Context, string, string) (net.Conn, error) {
		client, server, err := pair()
		if err == nil {
			go p.serve(server)
		}
		return client, err
	}}
}

// A transport may hand requests on to another that speaks HTTP/2, over connections of any kind.
func TestOverHTTP2OfAnotherTransportNothingIsSentTwice(t *testing.T) {
	t.Parallel()
	for name, wrap := range map[string]func(*http.Transport) http.RoundTripper{
		"itself": func(inner *http.Transport) http.RoundTripper { return inner },
		"a registered protocol": func(inner *http.Transport) http.RoundTripper {
			outer := &http.Transport{}
			outer.RegisterProtocol("http", inner)
			return outer
		},
		"wrapped": func(inner *http.Transport) http.RoundTripper { return transportFunc(inner.RoundTrip) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &h2Platform{react: func(c *h2Conn, stream uint32, n int64) {
				if n == 1 {
					c.reset(stream, 1)
					return
				}
				c.answer(stream)
			}}
			inner := p.plain(t)
			defer inner.CloseIdleConnections()
			client, err := NewClient("000001", testSecret, WithBaseURL("http://127.0.0.1/"), WithHTTPClient(&http.Client{Transport: wrap(inner)}))
			require.NoError(t, err)
			require.ErrorIs(t, client.Cards.Pause(t.Context(), MSISDN(phone)), ErrOutcomeUnknown)
			assert.EqualValues(t, 1, p.requests.Load())
		})
	}
}

// net/http goes on dialing for a request that has got another connection. Who dials may make requests with the context that
// the dialer is given, such as for an address: they say nothing of the call.
func TestRequestsOfADialerAreNoEvidence(t *testing.T) {
	t.Parallel()
	held, dialing, arrived, lookedUp := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})
	var requests, dials atomic.Int64
	serve := func(conn net.Conn) {
		defer conn.Close()
		for in := bufio.NewReader(conn); ; {
			req, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, req.Body)
			if requests.Add(1) == 2 {
				close(arrived)
				<-lookedUp
				return
			}
			close(held)
			<-dialing
			_, _ = io.WriteString(conn, strings.Replace(httpAnswer(200, fineAnswer), "Connection: close\r\n", "", 1))
		}
	}
	noNames := errors.New("no server of names")
	names := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, noNames }}
	pair := loopback(t)
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		n := dials.Add(1)
		if n > 2 {
			return nil, noNames
		}
		if n == 2 {
			close(dialing)
			<-arrived
			defer close(lookedUp)
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://names.test/", http.NoBody)
			if err != nil {
				return nil, err
			}
			_, err = names.RoundTrip(req) //nolint:bodyclose // there is none
			return nil, err
		}
		client, server, err := pair()
		if err == nil {
			go serve(server)
		}
		return client, err
	}}
	defer transport.CloseIdleConnections()
	client, err := NewClient("000001", testSecret, WithBaseURL("http://127.0.0.1/"), WithHTTPClient(&http.Client{Transport: transport}))
	require.NoError(t, err)
	first := make(chan error, 1)
	go func() { first <- client.Cards.Resume(t.Context(), MSISDN(phone)) }()
	<-held
	err = client.Cards.Pause(t.Context(), MSISDN(phone)) // dials, and gets the connection of the other call
	require.ErrorIs(t, err, ErrOutcomeUnknown)
	require.NoError(t, <-first)
	assert.EqualValues(t, 2, requests.Load())
}

// The times that a user's http.Client and transport have of their own tell of a silent path as well.
func TestTimesOfTheUsersClientLeaveSilentPaths(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]func(*http.Client, *http.Transport){
		"the client's":    func(c *http.Client, _ *http.Transport) { c.Timeout = 500 * time.Millisecond },
		"the transport's": func(_ *http.Client, t *http.Transport) { t.ResponseHeaderTimeout = 500 * time.Millisecond },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := &switchedPath{}
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, fineAnswer) }))
			server.EnableHTTP2 = true
			server.StartTLS()
			defer server.Close()
			transport := server.Client().Transport.(*http.Transport)
			transport.DialContext = path.dial
			limit(server.Client(), transport)
			client, err := NewClient("000001", testSecret, WithBaseURL(server.URL), WithHTTPClient(server.Client()),
				WithRetry(RetryPolicy{MaxAttempts: 4, BaseDelay: time.Millisecond, MaxDelay: time.Millisecond}))
			require.NoError(t, err)
			require.NoError(t, readOnce(t.Context(), client))
			path.cut()
			require.NoError(t, readOnce(t.Context(), client))
		})
	}
}

// What a transport of the user's asks before it sends may take no longer than the attempt either.
func TestAnAttemptEndsWithItsTimeWhateverATransportCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		for name, transport := range map[string]*http.Transport{
			"a function for the proxy": {Proxy: func(*http.Request) (*url.URL, error) {
				<-release
				return nil, io.EOF
			}},
			"another protocol": func() *http.Transport {
				outer := &http.Transport{}
				outer.RegisterProtocol("https", transportFunc(func(*http.Request) (*http.Response, error) {
					<-release
					return nil, io.EOF
				}))
				return outer
			}(),
		} {
			client, err := NewClient("000001", testSecret, WithHTTPClient(&http.Client{Transport: transport}), WithRetry(RetryPolicy{MaxAttempts: 1}))
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			err = readOnce(ctx, client)
			cancel()
			require.ErrorIs(t, err, ErrAttemptTimeout, name)
		}
	})
}

// When net/http gets the body again, by what the transport has told before.
func TestWhenTheBodyIsHadAgain(t *testing.T) {
	t.Parallel()
	const host = "platform.test"
	wrote := func(name, value string) func(*sendEvidence, *httptrace.ClientTrace) {
		return func(_ *sendEvidence, trace *httptrace.ClientTrace) {
			if trace.WroteHeaderField != nil {
				trace.WroteHeaderField(name, []string{value})
			}
			trace.WroteHeaders()
		}
	}
	wanted := func(hostPort string) func(*sendEvidence, *httptrace.ClientTrace) {
		return func(_ *sendEvidence, trace *httptrace.ClientTrace) { trace.GetConn(hostPort) }
	}
	type steps []func(*sendEvidence, *httptrace.ClientTrace)
	wrapped := func(e *sendEvidence, _ *httptrace.ClientTrace) { e.unwrapped = nil }
	for name, tt := range map[string]struct {
		own           bool
		told          steps
		again, unsent bool // the body is had, and it is known that nothing was sent
	}{
		"nothing was written":               {told: steps{wanted("a")}, again: true, unsent: true},
		"HTTP/1":                            {told: steps{wanted("a"), wrote("Host", host)}, again: true},
		"HTTP/1, and another connection":    {told: steps{wanted("a"), wrote("Host", host), wanted("a")}, again: true, unsent: true},
		"HTTP/1, and then HTTP/2":           {told: steps{wanted("a"), wrote("Host", host), wanted("a"), wrote(":authority", host)}},
		"HTTP/1, and one of the dialer's":   {told: steps{wanted("a"), wrote("Host", host), wanted("b")}, again: true},
		"HTTP/1 of our own":                 {own: true, told: steps{wanted("a"), wrote("Host", host)}, again: true},
		"HTTP/1 of our own, and another":    {own: true, told: steps{wanted("a"), wrote("Host", host), wanted("a")}, again: true, unsent: true},
		"HTTP/2":                            {told: steps{wanted("a"), wrote(":authority", host)}},
		"HTTP/2, and another connection":    {told: steps{wanted("a"), wrote(":authority", host), wanted("a")}},
		"HTTP/2, and HTTP/1 of the dialer":  {told: steps{wanted("a"), wrote(":authority", host), wanted("b"), wrote("Host", "b")}},
		"HTTP/2, and a field like the host": {told: steps{wanted("a"), wrote("host", host)}},
		"HTTP/1 of a wrapped transport":     {told: steps{wrapped, wanted("a"), wrote("Host", host), wanted("a")}},
	} {
		e := newSendEvidence(t.Context(), tt.own, "text")
		e.host, e.unwrapped = host, &http.Transport{}
		for _, tell := range tt.told {
			tell(e, httptrace.ContextClientTrace(e))
		}
		assert.Equal(t, tt.unsent, e.notSent(), name)
		_, err := e.getBody()
		assert.Equal(t, tt.again, err == nil, name)
	}
}

// Of many connections over a path that has gone silent only one is found dead the slow way.
func TestASilentPathIsLeftWithAllItsConnections(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]error{"attempt timeout": nil, "deadline": context.DeadlineExceeded, "deadline with a cause": errors.New("no more time")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const many = 8
			var together sync.WaitGroup
			together.Add(many)
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("User-Agent") != "quecloud-go/"+Version {
					together.Done()
					together.Wait()
				}
				_, _ = io.WriteString(w, fineAnswer)
			}))
			defer server.Close()
			path := &switchedPath{}
			transport := server.Client().Transport.(*http.Transport)
			transport.DialContext, transport.MaxIdleConnsPerHost = path.dial, many
			client, err := NewClient("000001", testSecret, WithBaseURL(server.URL), WithHTTPClient(server.Client()),
				WithTimeout(5*time.Second), WithRetry(RetryPolicy{MaxAttempts: 1}))
			require.NoError(t, err)
			filling, err := client.With(WithUserAgent("together"))
			require.NoError(t, err)
			var calls sync.WaitGroup
			for range many {
				calls.Go(func() { assert.NoError(t, readOnce(t.Context(), filling)) })
			}
			calls.Wait()
			require.EqualValues(t, many, path.dialed.Load())
			path.cut()
			ctx, short := t.Context(), client
			if late == nil {
				short, err = client.With(WithTimeout(300 * time.Millisecond))
				require.NoError(t, err)
			} else {
				var cancel context.CancelFunc
				ctx, cancel = context.WithDeadlineCause(ctx, time.Now().Add(300*time.Millisecond), late)
				defer cancel()
			}
			require.Error(t, readOnce(ctx, short))
			require.NoError(t, readOnce(t.Context(), client))
		})
	}
}

// What is left behind may still send, whatever it has told until then.
func TestATransportThatIsLeftBehindLeavesADoubt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		client, err := NewClient("000001", testSecret, WithHTTPClient(&http.Client{Transport: transportFunc(func(r *http.Request) (*http.Response, error) {
			httptrace.ContextClientTrace(r.Context()).GetConn("platform.test:443")
			<-release
			return nil, io.EOF
		})}))
		require.NoError(t, err)
		err = client.Cards.Pause(t.Context(), MSISDN(phone))
		require.ErrorIs(t, err, ErrAttemptTimeout)
		require.ErrorIs(t, err, ErrOutcomeUnknown)
	})
}
