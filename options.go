// This file has the options of a client. A new option is a field of settings and a function With….

package quecloud

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Version is the version of the SDK. The header User-Agent contains it.
const Version = "0.1.0"

// DefaultBaseURL is the address of the platform, § 1.2 of the vendor's document.
const DefaultBaseURL = "https://api.quectel.com/openapi/router"

// DefaultTimeout is the default time limit of an attempt. See [WithTimeout].
const DefaultTimeout = 30 * time.Second

// An Option configures a [Client]. The order of options does not matter. [NewClient] and [Client.With] return an error
// for an invalid one.
type Option func(*settings) error

// settings holds the values that options set.
type settings struct {
	credentials  func(context.Context) (appKey, secret string, err error)
	baseURL      string
	plainHTTP    bool
	http         *http.Client
	timeout      time.Duration
	retry        RetryPolicy
	limiter      Limiter
	interceptors []Interceptor
	logger       *slog.Logger
	unmasked     bool
	drift        func(Drift)
	userAgent    string
	now          func() time.Time
}

func defaultSettings() settings {
	return settings{
		baseURL:   DefaultBaseURL,
		timeout:   DefaultTimeout,
		retry:     DefaultRetryPolicy(),
		userAgent: "quecloud-go/" + Version,
		now:       time.Now,
	}
}

// maxConnections is the maximum number of connections of a client. Further calls wait for one.
const maxConnections = 64

// idleTime is the time after which an idle connection is closed. Load balancers and Tomcat close theirs after 20 to 75
// seconds, perhaps while a request is on its way, so it must be shorter.
const idleTime = 15 * time.Second

// NewTransport returns a new transport with the settings of a client without [WithHTTPClient]. Let several clients
// share it, or change a setting:
//
//	transport := quecloud.NewTransport()
//	transport.TLSClientConfig = &tls.Config{RootCAs: pool}
//	client, err := quecloud.NewClient(appKey, secret, quecloud.WithHTTPClient(&http.Client{Transport: transport}))
//
// It speaks HTTP/1.1 only, with which net/http resends a POST by itself only if nothing of it was written. It has at
// most 64 connections to a host and keeps them while they are idle, but for no longer than 15 seconds. It uses the
// proxy in the environment variable HTTPS_PROXY, as [net/http.ProxyFromEnvironment] reads it.
func NewTransport() *http.Transport {
	// http.DefaultTransport keeps two idle connections per host, so that a burst of calls would dial anew each time. The
	// limit on connections also avoids surplus ones: without it, calls that end take over connections that others dial.
	t := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout: 10 * time.Second,
		IdleConnTimeout:     idleTime,
		MaxConnsPerHost:     maxConnections,
		MaxIdleConnsPerHost: maxConnections,
		MaxIdleConns:        maxConnections,
		Protocols:           new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	return t
}

// apply applies the options, and then makes the checks that depend on several of them.
func (s *settings) apply(opts []Option) error {
	for i, opt := range opts {
		if opt == nil {
			return &ParamError{Param: fmt.Sprintf("option %d of %d", i+1, len(opts)), Reason: "is nil"}
		}
		if err := opt(s); err != nil {
			return err
		}
	}
	return s.checkBaseURL()
}

func (s *settings) checkBaseURL() error {
	u, err := url.Parse(s.baseURL)
	reason := ""
	switch {
	case err != nil:
		reason = "is not a URL"
	case u.Scheme != "https" && u.Scheme != "http":
		reason = "must begin with https://"
	case u.Hostname() == "":
		reason = "names no host"
	case !isPort(u.Port()):
		reason = "has an invalid port"
	case u.User != nil:
		reason = "must not contain a user or password"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		reason = "must not have a query or fragment: parameters go into the form"
	case u.Scheme == "http" && !isLoopback(u.Hostname()) && !s.plainHTTP:
		reason = "is not encrypted, so others can read and change calls: use https://, or allow it with WithPlainHTTP"
	}
	if reason == "" {
		return nil
	}
	shown := s.baseURL
	if i := strings.LastIndexByte(shown, '@'); i >= 0 {
		shown = "…" + shown[i:] // a password may stand before it
	}
	return &ParamError{Param: "WithBaseURL", Reason: fmt.Sprintf("%q %s", excerpt(shown, 200), reason)}
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

// isPort reports whether a text is the port of a URL, which may have none.
func isPort(text string) bool {
	if text == "" {
		return true
	}
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// WithBaseURL sets the address of the platform, or of a proxy or stand-in. The default is [DefaultBaseURL].
func WithBaseURL(rawURL string) Option {
	return func(s *settings) error {
		s.baseURL = rawURL
		return nil
	}
}

// WithPlainHTTP allows a base URL with the scheme http to a host other than this machine. Others can then read and
// change requests and responses on the way, and resend a signed request for five minutes.
func WithPlainHTTP() Option {
	return func(s *settings) error {
		s.plainHTTP = true
		return nil
	}
}

// WithHTTPClient makes calls through a client of your own, for its transport: a proxy, certificates, more than the
// usual 64 connections. [NewTransport] is the start for one. Leave its Timeout at 0 unless you want to limit long
// downloads too; [WithTimeout] limits attempts. The SDK never follows redirects, even if CheckRedirect of the client
// allows them. It copies the client.
//
// Without this option a client has a transport of [NewTransport], and with it its own connections, with two goroutines
// each. If a process has many clients, for many accounts, let them share one http.Client with this option.
//
// Over HTTP/2, net/http resends a request by itself when the server gives up the stream or the connection, although the
// server may have executed it. The SDK prevents that: a call that changes something then returns [ErrOutcomeUnknown],
// even if the server says that it has not processed the request (REFUSED_STREAM, GOAWAY). To have fewer unknown
// outcomes, disable HTTP/2 with the field Protocols of [net/http.Transport].
//
// A transport that wraps another should pass on the request's context. Through it, [net/http/httptrace] shows whether
// there was a connection; without it, the SDK assumes after each failure that the platform may have received the call.
// The transport should also end with that context; a call does not wait for it. It must not send a request twice.
func WithHTTPClient(client *http.Client) Option {
	return func(s *settings) error {
		if client == nil {
			return &ParamError{Param: "WithHTTPClient", Reason: "the client is nil"}
		}
		if client.Transport != nil && isNil(client.Transport) {
			reason := "its transport is a nil pointer or function: set none, or one that works"
			return &ParamError{Param: "WithHTTPClient", Reason: reason}
		}
		s.http = client
		return nil
	}
}

// WithCredentials calls a function for the appKey and the secret of every call, so that a key can be replaced while the
// client runs. It takes precedence over the arguments of [NewClient], which may then be empty:
//
//	client, err := quecloud.NewClient("", "", quecloud.WithCredentials(vault.CurrentKey))
//
// The SDK calls the function once per call, with the context of the call and before the limiter, and uses the result
// for all attempts of the call: with the key of another account, a retry could buy a second time. The SDK caches
// nothing, so the function should have the key at hand. Concurrent calls run it concurrently. If it returns an error,
// or a value that NewClient would reject, the call ends before anything is sent. The error of the call has the text of
// the function's error. A secret that the function returns together with its error is hidden in it; do not quote
// others there.
//
// The limiter, the retry budget and the clock correction belong to the client and do not change with the key. Return
// keys of one account only, and make a client for each account.
func WithCredentials(credentials func(ctx context.Context) (appKey, secret string, err error)) Option {
	return func(s *settings) error {
		if credentials == nil {
			return &ParamError{Param: "WithCredentials", Reason: "the function is nil"}
		}
		s.credentials = credentials
		return nil
	}
}

// WithTimeout limits an attempt, from sending to the end of the response. For a download it limits the time without
// progress. The default is [DefaultTimeout]. The whole call, with its retries, ends with its context.
func WithTimeout(d time.Duration) Option {
	return func(s *settings) error {
		if d <= 0 {
			return &ParamError{Param: "WithTimeout", Reason: fmt.Sprintf("%v is not a time to wait: want more than 0", d)}
		}
		s.timeout = d
		return nil
	}
}

// WithRetry sets how often and when calls are retried, as far as their kind allows it. The default is
// [DefaultRetryPolicy]; a policy with MaxAttempts 1 retries nothing.
func WithRetry(policy RetryPolicy) Option {
	return func(s *settings) error {
		if reason := policy.check(); reason != "" {
			return &ParamError{Param: "WithRetry", Reason: reason}
		}
		s.retry = policy
		return nil
	}
}

// A Limiter limits the rate of requests. The *rate.Limiter of golang.org/x/time/rate is one.
type Limiter interface {
	// Wait blocks until the next attempt may be sent. It returns an error if the attempt must not be sent.
	Wait(context.Context) error
}

// WithLimiter waits for a limiter before every attempt of every call. A call that the limiter does not allow returns
// the limiter's error.
func WithLimiter(limiter Limiter) Option {
	return func(s *settings) error {
		if isNil(limiter) {
			return &ParamError{Param: "WithLimiter", Reason: "the limiter is nil"}
		}
		s.limiter = limiter
		return nil
	}
}

// isNil reports whether a value is nil, or holds a nil pointer, function, map, channel or slice.
func isNil(value any) bool {
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Chan, reflect.Slice:
		return v.IsNil()
	}
	return false
}

// WithInterceptor wraps every call in an interceptor. The option can be repeated; the first interceptor is the
// outermost.
func WithInterceptor(interceptor Interceptor) Option {
	return func(s *settings) error {
		if interceptor == nil {
			return &ParamError{Param: "WithInterceptor", Reason: "the interceptor is nil"}
		}
		s.interceptors = append(slices.Clip(s.interceptors), interceptor)
		return nil
	}
}

// WithLogger writes a record of level debug for every attempt and of level warn for every retry. It masks card and
// phone numbers, the text of SMS and everything else that may be personal; see [WithUnmaskedLog].
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) error {
		if logger == nil || logger.Handler() == nil {
			return &ParamError{Param: "WithLogger", Reason: "the logger is nil, or was not made by package slog"}
		}
		s.logger = logger
		return nil
	}
}

// WithUnmaskedLog makes the log show card and phone numbers and the text of SMS. It shows no credentials and no
// signatures all the same.
func WithUnmaskedLog() Option {
	return func(s *settings) error {
		s.unmasked = true
		return nil
	}
}

// WithDriftHandler calls a function for each place in a response that the SDK does not expect. Use it to detect API
// changes early. [DriftKind] lists the kinds. The document promises some members that live responses leave out: expect
// [DriftMissing] for these.
//
// A handler also makes reading more tolerant: a value that cannot be read leaves its field zero, so that one bad row
// does not stop a sweep. Without a handler, the call fails with a [*ResponseError].
//
// Text that is not UTF-8 is kept byte for byte; [WithLogger] warns of it as well.
//
// The SDK calls the handler from the goroutine of the call. Concurrent calls run it concurrently.
func WithDriftHandler(handler func(Drift)) Option {
	return func(s *settings) error {
		if handler == nil {
			return &ParamError{Param: "WithDriftHandler", Reason: "the handler is nil"}
		}
		s.drift = handler
		return nil
	}
}

// WithUserAgent sets the header User-Agent, usually to the name and version of your program. The SDK adds its own.
func WithUserAgent(agent string) Option {
	return func(s *settings) error {
		if agent == "" || strings.ContainsFunc(agent, func(r rune) bool { return r < ' ' || r > '~' }) {
			return &ParamError{Param: "WithUserAgent", Reason: fmt.Sprintf("%q is not a line of printable ASCII", agent)}
		}
		s.userAgent = agent + " quecloud-go/" + Version
		return nil
	}
}

// WithClock replaces [time.Now] as the source of the parameter t, and of the present time that helps to read digits in
// a response as a time. It is meant for tests.
func WithClock(now func() time.Time) Option {
	return func(s *settings) error {
		if now == nil {
			return &ParamError{Param: "WithClock", Reason: "the function is nil"}
		}
		s.now = now
		return nil
	}
}
