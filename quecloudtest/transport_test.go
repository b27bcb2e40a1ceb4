package quecloudtest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// A handler sees the same request, and a client the same response, as over a network.
func TestHandlerTransportIsLikeANetwork(t *testing.T) {
	t.Parallel()
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		_, addrErr := netip.ParseAddrPort(r.RemoteAddr)
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintln(w, r.Method, r.Host, r.URL, r.RequestURI, r.Proto, r.ContentLength, r.TransferEncoding == nil)
		fmt.Fprintf(w, "%q %v %v %q", body, err, addrErr, r.URL.Query()["token"])
	})
	srv := httptest.NewServer(echo)
	defer srv.Close()
	for _, c := range []struct {
		name, method, path string
		body               func() io.Reader
	}{
		{name: "no path", method: http.MethodGet},
		{name: "no method", path: "/"},
		{name: "query", method: http.MethodGet, path: "/a%2Fb/c?token=x&token=%2B"},
		{name: "HEAD", method: http.MethodHead, path: "/"},
		{name: "body", method: http.MethodPost, path: "/", body: func() io.Reader { return strings.NewReader("{}") }},
		{name: "empty body", method: http.MethodPost, path: "/", body: func() io.Reader { return strings.NewReader("") }},
	} {
		var got []string
		for _, transport := range []http.RoundTripper{http.DefaultTransport, quecloudtest.HandlerTransport(echo)} {
			var body io.Reader
			if c.body != nil {
				body = c.body()
			}
			req, err := http.NewRequestWithContext(t.Context(), c.method, srv.URL+c.path, body)
			must(t, err)
			req.Header.Set("Content-Type", "text/x")
			resp, err := (&http.Client{Transport: transport}).Do(req)
			must(t, err)
			received, err := io.ReadAll(resp.Body)
			must(t, err)
			must(t, resp.Body.Close())
			header := maps.Clone(resp.Header)
			maps.DeleteFunc(header, func(name string, _ []string) bool { return name == "Date" || name == "Content-Length" })
			got = append(got, fmt.Sprint(resp.Status, header, resp.Request.URL, string(received)))
		}
		if got[0] != got[1] {
			t.Errorf("%s: over a network:\n%s\nwithout:\n%s", c.name, got[0], got[1])
		}
	}
}

// Handlers may send informational responses first, and declare or send a body that the protocol does not allow.
func TestHandlerTransportRespondsAsANetworkDoes(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"informational": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusContinue)
			w.WriteHeader(http.StatusEarlyHints)
			io.WriteString(w, "body")
		},
		"informational, then a failure": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.WriteHeader(http.StatusInternalServerError)
		},
		"no content": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
			io.WriteString(w, "body")
		},
		"not modified": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotModified)
			io.WriteString(w, "body")
		},
		"body shorter than declared": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			io.WriteString(w, "body")
		},
	} {
		srv := httptest.NewServer(handler)
		defer srv.Close()
		var got []string
		for _, transport := range []http.RoundTripper{http.DefaultTransport, quecloudtest.HandlerTransport(handler)} {
			resp, err := (&http.Client{Transport: transport}).Get(srv.URL)
			must(t, err)
			body, err := io.ReadAll(resp.Body)
			must(t, resp.Body.Close())
			got = append(got, fmt.Sprintf("%s %q %v", resp.Status, body, err))
		}
		if got[0] != got[1] {
			t.Errorf("%s: over a network %s, without %s", name, got[0], got[1])
		}
	}
}

func TestHandlerTransportSendsBodiesOfUnknownLength(t *testing.T) {
	t.Parallel()
	var length int64
	client := handlerClient(func(_ http.ResponseWriter, r *http.Request) { length = r.ContentLength })
	resp, err := client.Post("http://app.invalid/", "text/plain", io.MultiReader(strings.NewReader("x")))
	must(t, err)
	must(t, resp.Body.Close())
	if length != -1 {
		t.Errorf("the handler sees a length of %d, want -1", length)
	}
}

// A request that http.NewRequest did not make lacks what a server always sets.
func TestHandlerTransportCompletesRequests(t *testing.T) {
	t.Parallel()
	transport := quecloudtest.HandlerTransport(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Method, " ", r.Host, " ", r.URL, " ", r.Header != nil, r.Body != nil)
	}))
	req := &http.Request{URL: &url.URL{Scheme: "http", Host: "app.invalid"}}
	resp, err := transport.RoundTrip(req)
	must(t, err)
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	must(t, resp.Body.Close())
	if want := "GET app.invalid / true true"; string(body) != want {
		t.Errorf("the handler sees %s, want %s", body, want)
	}
	if resp.Request != req || req.Method != "" || req.Header != nil {
		t.Errorf("the request has changed: %+v", req)
	}
}

func handlerClient(f http.HandlerFunc) *http.Client {
	return &http.Client{Transport: quecloudtest.HandlerTransport(f)}
}

func TestHandlerTransportCutsConnections(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		flush bool
		body  string
	}{{flush: false}, {flush: true, body: "half"}} {
		resp, err := handlerClient(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "half")
			if c.flush {
				must(t, http.NewResponseController(w).Flush())
			}
			panic(http.ErrAbortHandler)
		}).Get("http://app.invalid/")
		if !c.flush {
			if !errors.Is(err, io.EOF) {
				t.Errorf("a response cut before its headers: %v, want EOF", err)
			}
			continue
		}
		must(t, err)
		body, err := io.ReadAll(resp.Body)
		if string(body) != c.body || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("a response cut in its body: %q, %v", body, err)
		}
		must(t, resp.Body.Close())
	}
}

func TestHandlerTransportPassesPanics(t *testing.T) {
	t.Parallel()
	client := handlerClient(func(http.ResponseWriter, *http.Request) { panic("broken") })
	if !panics(func() {
		resp, err := client.Get("http://app.invalid/")
		t.Error(resp, err)
		_ = resp.Body.Close()
	}) {
		t.Error("no panic")
	}
	if !panics(func() { quecloudtest.HandlerTransport(nil) }) {
		t.Error("a nil handler: no panic")
	}
}

// A closingBody records that it was closed.
type closingBody struct {
	io.Reader
	closed bool
}

func (b *closingBody) Close() error {
	b.closed = true
	return nil
}

func TestHandlerTransportObeysTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	transport := quecloudtest.HandlerTransport(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		calls++
		cancel()
		if r.Context().Err() == nil {
			t.Error("the context of the handler is not the caller's")
		}
	}))
	for _, when := range []string{"during", "before"} {
		body := &closingBody{Reader: strings.NewReader("x")}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://app.invalid/", body)
		must(t, err)
		resp, err := transport.RoundTrip(req)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a context that ends %s the call: %v", when, err)
			_ = resp.Body.Close()
		}
		if !body.closed {
			t.Errorf("a context that ends %s the call: the body is not closed", when)
		}
	}
	if calls != 1 {
		t.Errorf("the handler was called %d times, want 1", calls)
	}
}

// Callbacks reach a handler of the SDK in a bubble, by the clock of the bubble: timeouts, intervals and all.
func TestHandlerTransportDeliversInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const token = "0123456789abcdef"
		calls := 0
		mux := http.NewServeMux()
		mux.Handle("POST app.invalid/sms", quecloud.NewSMSHandler(func(ctx context.Context, _ *quecloud.SMSEvent) error {
			if calls++; calls == 1 {
				time.Sleep(time.Minute) // longer than the client waits
				return ctx.Err()
			}
			return nil
		},
			quecloud.WithCallbackToken(token), quecloud.WithAllowedSources(netip.MustParsePrefix("192.0.2.1/32")),
			quecloud.WithDeduplication(quecloud.NewMemoryDedup(10, time.Hour)),
			quecloud.WithCallbackLogger(slog.New(slog.DiscardHandler))))
		srv := quecloudtest.NewUnstartedServer(
			quecloudtest.WithCallbackClient(&http.Client{
				Transport: quecloudtest.HandlerTransport(mux), Timeout: 5 * time.Second,
			}),
			quecloudtest.WithSMSCallback("https://app.invalid/sms?token="+token),
			quecloudtest.WithCallbackRetries(1), quecloudtest.WithCallbackInterval(time.Hour))
		defer srv.Close()
		srv.ReceiveSMS("1064800000000", "21.5 °C")
		time.Sleep(2 * time.Hour)
		srv.WaitCallbacks()
		got := srv.Deliveries()
		if len(got) != 2 || got[0].HTTPStatus != 0 || !errors.Is(got[0].Err, context.DeadlineExceeded) || !got[1].OK {
			t.Errorf("got %+v, want a timeout and a success", got)
		}
		if calls != 2 {
			t.Errorf("the function was called %d times, want 2", calls)
		}
	})
}

// A client made elsewhere calls the server with its options, and by its clock.
func TestServerOptionsAreThoseOfTheClient(t *testing.T) {
	t.Parallel()
	started := quecloudtest.NewServer(quecloudtest.WithTime(noon))
	defer started.Close()
	unstarted := quecloudtest.NewUnstartedServer(quecloudtest.WithTime(noon), quecloudtest.WithCredentials("1", "s"))
	defer unstarted.Close()
	for _, srv := range []*quecloudtest.Server{started, unstarted} {
		own := []quecloud.Option{quecloud.WithUserAgent("own"), quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1})}
		for _, opts := range [][]quecloud.Option{slices.Concat(srv.Options(), own), slices.Concat(own, srv.Options())} {
			client, err := quecloud.NewClient(srv.AppKey, srv.Secret, opts...)
			must(t, err)
			_, err = client.Billing.Account(t.Context())
			must(t, err)
		}
		for _, r := range srv.Requests() {
			if !r.Accepted || !r.Time.Equal(noon) || r.Params["t"] != fmt.Sprint(noon.Unix()) {
				t.Errorf("got %+v, want a request at noon", r)
			}
		}
		if n := len(srv.Requests()); n != 2 {
			t.Errorf("%d requests, want 2", n)
		}
	}
}
