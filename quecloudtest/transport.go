package quecloudtest

import (
	"cmp"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
)

// Transport returns a transport that calls the server without a network, for any URL. With it, and a server that was
// not started, a test can run in a bubble of testing/synctest. [HandlerTransport] lists its limits.
func (s *Server) Transport() http.RoundTripper { return transport{s} }

// HandlerTransport returns a transport that calls a handler without a network, for any scheme and host of the URL. With
// it in [WithCallbackClient], the server delivers its callbacks to a handler under test, also in a bubble of
// testing/synctest:
//
//	srv := quecloudtest.NewUnstartedServer(
//		quecloudtest.WithCallbackClient(&http.Client{Transport: quecloudtest.HandlerTransport(mux)}),
//		quecloudtest.WithSMSCallback("https://app.invalid/quecloud/sms?token="+token))
//
// The handler runs in the goroutine of the caller, with the caller's context. A call lasts until the handler returns,
// even if its context ends earlier; it then returns the error of the context. The caller receives the response as a
// whole after that. A panic with [http.ErrAbortHandler] cuts the connection, and any other reaches the caller. The
// sender has the address 192.0.2.1, as in [httptest.NewRequest]. There are no TLS, no HTTP/2, no [http.Hijacker], no
// deadlines of [http.ResponseController] and none of the timeouts and limits of [http.Server]: to test these, use
// [httptest.NewServer]. HandlerTransport panics when h is nil.
func HandlerTransport(h http.Handler) http.RoundTripper {
	if h == nil {
		panic("quecloudtest: HandlerTransport: the handler is nil")
	}
	return transport{h}
}

type transport struct{ handler http.Handler }

// RoundTrip serves a request in the caller's goroutine.
func (t transport) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	in := incoming(r)
	defer in.Body.Close()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	rec := recorder{httptest.NewRecorder()}
	defer func() {
		switch cause := recover(); {
		case cause != nil && cause != http.ErrAbortHandler: //nolint:errorlint // net/http compares a panic in the same way
			panic(cause)
		case r.Context().Err() != nil:
			resp, err = nil, r.Context().Err()
		case cause != nil && !rec.Flushed:
			resp, err = nil, io.EOF // the error of a connection that closes before the response
		default:
			resp = rec.Result()
			finish(resp, r, cause != nil || resp.ContentLength > int64(rec.Body.Len()))
		}
	}()
	t.handler.ServeHTTP(rec, in)
	return nil, nil
}

// A recorder records the final response: informational ones do not reach the client.
type recorder struct{ *httptest.ResponseRecorder }

// WriteHeader implements [http.ResponseWriter].
func (r recorder) WriteHeader(status int) {
	if status < 100 || status > 199 || status == http.StatusSwitchingProtocols {
		r.ResponseRecorder.WriteHeader(status)
	}
}

// incoming returns a client's request as a server receives it.
func incoming(r *http.Request) *http.Request {
	in := r.Clone(r.Context())
	in.URL = &url.URL{Path: cmp.Or(r.URL.Path, "/"), RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	in.RequestURI = r.URL.RequestURI()
	in.RemoteAddr = "192.0.2.1:1234"
	in.Host = cmp.Or(in.Host, r.URL.Host)
	in.Method = cmp.Or(in.Method, http.MethodGet)
	if in.Header == nil {
		in.Header = http.Header{}
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	if in.Body != http.NoBody && in.ContentLength == 0 {
		in.ContentLength = -1 // 0 means unknown to a client, and no body to a server
	}
	return in
}

// finish makes a recorded response the one that a client receives. A cut response ends in an error.
func finish(resp *http.Response, r *http.Request, cut bool) {
	resp.Request = r
	switch {
	case r.Method == http.MethodHead, resp.StatusCode == http.StatusNoContent,
		resp.StatusCode == http.StatusNotModified:
		resp.Body = http.NoBody
	case cut:
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(resp.Body, brokenReader{}), resp.Body}
	}
}

// A brokenReader stands where a response breaks off.
type brokenReader struct{}

// Read returns [io.ErrUnexpectedEOF].
func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
