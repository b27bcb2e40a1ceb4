package quecloud_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

func TestSendOnceTakesAResponseAsProofOfSending(t *testing.T) {
	t.Parallel()
	tries := 0
	client := selftest.NewClient(t, selftest.TransportFunc(func(*http.Request) (*http.Response, error) {
		tries++
		return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: http.NoBody}, nil
	}))
	require.ErrorIs(t, client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1)), quecloud.ErrOutcomeUnknown)
	assert.Equal(t, 1, tries)
}

// The cookies and the time limit of the user's http.Client work.
func TestSendOnceUsesTheHTTPClientOfTheUser(t *testing.T) {
	t.Parallel()
	const response = `{"resultCode":0,"tasks":[]}`
	platform := selftest.NewPlatform(
		selftest.Step{Body: response, Header: http.Header{"Set-Cookie": {"session=7"}}}, selftest.Step{Body: response})
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := platform.Client(t, quecloud.WithHTTPClient(&http.Client{Transport: platform, Jar: jar}))
	for range 2 {
		require.NoError(t, client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1)))
	}
	assert.Empty(t, platform.Request(t, 0).Header.Get("Cookie"))
	assert.Equal(t, "session=7", platform.Request(t, 1).Header.Get("Cookie"))

	synctest.Test(t, func(t *testing.T) {
		stuck := selftest.TransportFunc(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, context.Cause(r.Context())
		})
		client := selftest.NewClient(t, nil, selftest.NoRetry,
			quecloud.WithHTTPClient(&http.Client{Transport: stuck, Timeout: time.Second}))
		start := time.Now()
		require.ErrorIs(t, selftest.Read(t.Context(), client), context.DeadlineExceeded)
		assert.Equal(t, time.Second, time.Since(start))
	})
}

// A transport that breaks the rules of http.RoundTripper does not make a call panic.
func TestSendOnceWithoutAResponseOrABody(t *testing.T) {
	t.Parallel()
	for want, resp := range map[string]*http.Response{
		"returned neither a response nor an error": nil,
		"HTTP status 502":                          {StatusCode: http.StatusBadGateway},
		"it is empty":                              {StatusCode: http.StatusOK},
	} {
		client := selftest.NewClient(t, selftest.TransportFunc(func(*http.Request) (*http.Response, error) {
			return resp, nil
		}), selftest.NoRetry)
		err := client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1))
		require.ErrorContains(t, err, want)
		require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
		assert.Equal(t, resp == nil, errors.As(err, new(*url.Error)))
	}
}

// The httptrace events of a wrapped transport show whether the platform can have received a call, which decides whether
// it is retried.
func TestSendOnceRetriesOnlyWithoutAConnection(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	trace := func(r *http.Request) *httptrace.ClientTrace { return httptrace.ContextClientTrace(r.Context()) }
	for name, tt := range map[string]struct {
		do   func(*http.Request) error
		sent bool
	}{
		"wanted a connection": {func(r *http.Request) error { trace(r).GetConn("host"); return broken }, false},
		"got one": {func(r *http.Request) error {
			trace(r).GetConn("host")
			trace(r).GotConn(httptrace.GotConnInfo{})
			return broken
		}, false},
		"got one and wrote to it": {func(r *http.Request) error {
			trace(r).GetConn("host")
			trace(r).GotConn(httptrace.GotConnInfo{})
			trace(r).WroteHeaders()
			return broken
		}, true},
		"wrote to one and wanted another": {func(r *http.Request) error {
			trace(r).GetConn("host")
			trace(r).GotConn(httptrace.GotConnInfo{})
			trace(r).WroteHeaders()
			trace(r).GetConn("host")
			return &net.OpError{Op: "dial", Err: broken}
		}, true},
		"revealed nothing": {func(*http.Request) error { return broken }, true},
		"revealed nothing and could not dial": {
			func(*http.Request) error { return &net.OpError{Op: "dial", Err: broken} }, true,
		},
		"revealed nothing and was cut": {
			func(*http.Request) error { return &net.OpError{Op: "read", Err: broken} }, true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tries := 0
			client := selftest.NewClient(t, selftest.TransportFunc(func(r *http.Request) (*http.Response, error) {
				tries++
				return nil, tt.do(r)
			}), quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 2}))
			err := client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1))
			assert.Equal(t, tt.sent, errors.Is(err, quecloud.ErrOutcomeUnknown), err)
			assert.Equal(t, map[bool]int{true: 1, false: 2}[tt.sent], tries)
		})
	}
}

// A transport that reveals nothing may have sent the request before it failed.
func TestSendOnceDoubtsATransportThatRevealsNothing(t *testing.T) {
	t.Parallel()
	tries := 0
	client := selftest.NewClient(t, selftest.TransportFunc(func(*http.Request) (*http.Response, error) {
		tries++
		return nil, errors.New("gave up")
	}))
	require.ErrorIs(t, client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1)), quecloud.ErrOutcomeUnknown)
	assert.Equal(t, 1, tries)
}

// A redirect with status 307 or 308 asks for the same POST at another address. The client does not follow it.
func TestSendOnceFollowsNoRedirect(t *testing.T) {
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
			client, err := quecloud.NewClient(selftest.Key, selftest.Secret, quecloud.WithBaseURL(server.URL),
				quecloud.WithHTTPClient(server.Client()))
			require.NoError(t, err)
			err = client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1))
			server.Close()
			var bad *quecloud.ResponseError
			require.ErrorAs(t, err, &bad)
			assert.Equal(t, status, bad.HTTPStatus)
			require.ErrorContains(t, err, `it redirects to "/elsewhere"`)
			require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
			assert.Equal(t, 1, requests)
		}
	}
}

func TestSendOnceEvidence(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	trace := func(r *http.Request) *httptrace.ClientTrace { return httptrace.ContextClientTrace(r.Context()) }
	bare := func(change func(*http.Transport)) http.RoundTripper {
		transport := &http.Transport{
			Protocols:   selftest.OnlyHTTP1(), // otherwise it logs that it cannot enable HTTP/2
			DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, broken },
		}
		change(transport)
		return transport
	}
	for name, tt := range map[string]struct {
		transport http.RoundTripper
		ctx       func(context.Context) context.Context
		sent      bool
	}{
		"the transport wanted a connection and got none": {transport: bare(func(*http.Transport) {})},
		"the same, by a wrapped transport": {transport: selftest.TransportFunc(func(r *http.Request) (*http.Response, error) {
			trace(r).GetConn("host")
			return nil, broken
		})},
		"it got one and wrote no headers": {transport: selftest.TransportFunc(func(r *http.Request) (*http.Response, error) {
			trace(r).GetConn("host")
			trace(r).GotConn(httptrace.GotConnInfo{})
			return nil, broken
		})},
		"headers were written": {sent: true, transport: selftest.TransportFunc(func(r *http.Request) (*http.Response, error) {
			trace(r).GetConn("host")
			trace(r).GotConn(httptrace.GotConnInfo{})
			trace(r).WroteHeaders()
			return nil, broken
		})},
		"the proxy function failed": {transport: bare(func(transport *http.Transport) {
			transport.Proxy = func(*http.Request) (*url.URL, error) { return nil, broken }
		})},
		"another protocol failed and read nothing": {transport: bare(func(transport *http.Transport) {
			transport.RegisterProtocol("https",
				selftest.TransportFunc(func(*http.Request) (*http.Response, error) { return nil, broken }))
		})},
		"another protocol failed and had read the body": {sent: true, transport: bare(func(transport *http.Transport) {
			transport.RegisterProtocol("https", selftest.TransportFunc(func(r *http.Request) (*http.Response, error) {
				_, _ = io.Copy(io.Discard, r.Body)
				return nil, broken
			}))
		})},
		"another protocol asked for the body twice": {sent: true, transport: bare(func(transport *http.Transport) {
			transport.RegisterProtocol("https", selftest.TransportFunc(func(r *http.Request) (*http.Response, error) {
				_, err := r.GetBody()
				return nil, errors.Join(broken, err)
			}))
		})},
		"a wrapped transport revealed nothing": {sent: true,
			transport: selftest.TransportFunc(func(*http.Request) (*http.Response, error) {
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
			client := selftest.NewClient(t, tt.transport, selftest.NoRetry)
			ctx := t.Context()
			if tt.ctx != nil {
				ctx = tt.ctx(ctx)
			}
			err := client.Cards.Pause(ctx, quecloud.MSISDN(selftest.MSISDN1))
			require.ErrorIs(t, err, broken)
			assert.Equal(t, tt.sent, errors.Is(err, quecloud.ErrOutcomeUnknown), err)
		})
	}
}

// A transport that retries with a context of its own reveals only its first attempt.
func TestSendOnceDoubtsATransportThatRetries(t *testing.T) {
	t.Parallel()
	executed := 0
	client := selftest.NewClient(t, selftest.TransportFunc(func(r *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, r.Body)
		executed++
		return nil, &net.OpError{Op: "dial", Err: errors.New("the try after the one that arrived")}
	}))
	require.ErrorIs(t, selftest.Calls[2].Do(t.Context(), client), quecloud.ErrOutcomeUnknown)
	assert.Equal(t, 1, executed)
}

// Each cancels calls that have no connection yet. Their outcome is known.
func TestSendOnceKnowsThatCanceledDialsSentNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		release := make(chan struct{})
		defer close(release)
		transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			<-release // net/http goes on dialing for other requests
			return nil, io.EOF
		}}
		client := selftest.NewClient(t, transport)
		time.AfterFunc(time.Second, cancel)
		n := 0
		for _, err := range quecloud.Each(ctx, quecloud.MSISDNs("1", "2", "3", "4", "5", "6"), client.Cards.Pause) {
			require.ErrorIs(t, err, context.Canceled)
			assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
			n++
		}
		assert.Equal(t, 5, n, "four that run, and the first that did not start")
	})
}

// net/http goes on dialing for a request after it has got another connection. The dialer may make requests with the
// same context, to look up an address for example. Their events say nothing about the call.
func TestSendOnceIgnoresRequestsOfADialer(t *testing.T) {
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
			_, _ = io.WriteString(conn,
				strings.Replace(selftest.HTTPResponse(200, selftest.Success), "Connection: close\r\n", "", 1))
		}
	}
	noNames := errors.New("no server of names")
	names := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return nil, noNames }}
	pair := selftest.Loopback(t)
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
	client := selftest.NewClient(t, transport, quecloud.WithBaseURL("http://127.0.0.1/"))
	first := make(chan error, 1)
	go func() { first <- client.Cards.Resume(t.Context(), quecloud.MSISDN(selftest.MSISDN1)) }()
	<-held
	// dials, but gets the connection of the other call
	err := client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1))
	require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	require.NoError(t, <-first)
	assert.EqualValues(t, 2, requests.Load())
}

// An abandoned transport may still send the request, whatever it has revealed so far.
func TestSendOnceDoubtsAnAbandonedTransport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		client := selftest.NewClient(t, selftest.TransportFunc(func(r *http.Request) (*http.Response,
			error) {
			httptrace.ContextClientTrace(r.Context()).GetConn("platform.test:443")
			<-release
			return nil, io.EOF
		}))
		err := client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1))
		require.ErrorIs(t, err, quecloud.ErrAttemptTimeout)
		require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	})
}

// net/http gets the body a second time only if the request cannot have arrived.
func TestSendOnceGetBody(t *testing.T) {
	t.Parallel()
	const host = "platform.test"
	broken := errors.New("broken")
	type step = func(*httptrace.ClientTrace)
	wrote := func(name, value string) step {
		return func(trace *httptrace.ClientTrace) {
			trace.WroteHeaderField(name, []string{value})
			trace.WroteHeaders()
		}
	}
	wanted := func(hostPort string) step { return func(trace *httptrace.ClientTrace) { trace.GetConn(hostPort) } }
	http1, http2 := wrote("Host", host), wrote(":authority", host)
	for name, tt := range map[string]struct {
		wrapped       bool // the transport is not an *http.Transport
		steps         []step
		allowed, sent bool // GetBody returns the body, and the request may have arrived
	}{
		"nothing was written":            {steps: []step{wanted("a")}, allowed: true},
		"HTTP/1":                         {steps: []step{wanted("a"), http1}, allowed: true, sent: true},
		"HTTP/1, and another connection": {steps: []step{wanted("a"), http1, wanted("a")}, allowed: true},
		"HTTP/1, and then HTTP/2":        {steps: []step{wanted("a"), http1, wanted("a"), http2}, sent: true},
		"HTTP/1, and a connection of the dialer": {
			steps: []step{wanted("a"), http1, wanted("b")}, allowed: true, sent: true,
		},
		"HTTP/2":                         {steps: []step{wanted("a"), http2}, sent: true},
		"HTTP/2, and another connection": {steps: []step{wanted("a"), http2, wanted("a")}, sent: true},
		"HTTP/2, and HTTP/1 of the dialer": {
			steps: []step{wanted("a"), http2, wanted("b"), wrote("Host", "b")}, sent: true,
		},
		"HTTP/2, and a field like the host": {steps: []step{wanted("a"), wrote("host", host)}, sent: true},
		"HTTP/1 of a wrapped transport": {
			wrapped: true, steps: []step{wanted("a"), http1, wanted("a")}, sent: true,
		},
	} {
		var getBody error
		protocol := selftest.TransportFunc(func(r *http.Request) (*http.Response, error) {
			for _, step := range tt.steps {
				step(httptrace.ContextClientTrace(r.Context()))
			}
			_, getBody = r.GetBody()
			return nil, broken
		})
		var transport http.RoundTripper = protocol
		if !tt.wrapped {
			outer := &http.Transport{Protocols: selftest.OnlyHTTP1()} // otherwise it logs that it cannot enable HTTP/2
			outer.RegisterProtocol("https", protocol)
			transport = outer
		}
		client := selftest.NewClient(t, transport, quecloud.WithBaseURL("https://"+host+"/"), selftest.NoRetry)
		err := client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1))
		require.ErrorIs(t, err, broken, name)
		assert.Equal(t, tt.sent, errors.Is(err, quecloud.ErrOutcomeUnknown), name)
		assert.Equal(t, tt.allowed, getBody == nil, name)
	}
}
