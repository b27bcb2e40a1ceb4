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

// Version is the version of the SDK, as it is sent in the header User-Agent.
const Version = "0.1.0"

// DefaultBaseURL is the platform's address, § 1.2 of the vendor's document.
const DefaultBaseURL = "https://api.quectel.com/openapi/router"

// DefaultTimeout is how long one attempt of a call may take. See [WithTimeout].
const DefaultTimeout = 30 * time.Second

// An Option changes how a [Client] works. Options may come in any order; a bad one is an error of [NewClient] and of
// [Client.With].
type Option func(*settings) error

// settings are what options set.
type settings struct {
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

// maxConnections is how many connections a client has. Calls beyond that wait.
const maxConnections = 64

// idleTime is how long a connection is kept that no call uses: less than the 20 to 75 seconds after which load balancers
// and Tomcat close theirs, perhaps while a request is on its way.
const idleTime = 15 * time.Second

// newTransport is the transport of a client without [WithHTTPClient]. It speaks HTTP/1.1 only, where net/http sends a POST
// again by itself only if nothing of it was written. It keeps as many connections as many calls at once need, and no more:
// Go's own keeps two to a host when they fall idle, so that a burst of calls would dial again and again; and where there is
// no limit, calls that end while others dial take their connections away, which makes for twice as many as there are calls.
func newTransport() *http.Transport {
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

// apply runs the options and checks what can only be checked when all of them are known.
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
	bad := ""
	switch {
	case err != nil:
		bad = "is not a URL"
	case u.Scheme != "https" && u.Scheme != "http":
		bad = "must begin with https://"
	case u.Hostname() == "":
		bad = "names no host"
	case u.Port() != "" && !isPort(u.Port()):
		bad = "has a port that is none"
	case u.User != nil:
		bad = "must not hold a user or password"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		bad = "must not have a query or fragment: parameters go into the form"
	case u.Scheme == "http" && !isLoopback(u.Hostname()) && !s.plainHTTP:
		bad = "is not encrypted, so that anyone on the way can read and change calls: use https://, or allow it with WithPlainHTTP"
	}
	if bad == "" {
		return nil
	}
	shown := s.baseURL
	if i := strings.LastIndexByte(shown, '@'); i >= 0 {
		shown = "…" + shown[i:] // a password may stand before it
	}
	return &ParamError{Param: "WithBaseURL", Reason: fmt.Sprintf("%q %s", excerpt(shown, 200), bad)}
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && addr.IsLoopback()
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// WithBaseURL sets the address to which calls are sent, instead of [DefaultBaseURL]: that of a proxy or of a stand-in.
func WithBaseURL(rawURL string) Option {
	return func(s *settings) error {
		s.baseURL = rawURL
		return nil
	}
}

// WithPlainHTTP allows a base URL of the scheme http to a host other than this machine. Calls and answers can then be
// read and changed on the way, and a signed call can be repeated by others for five minutes.
func WithPlainHTTP() Option {
	return func(s *settings) error {
		s.plainHTTP = true
		return nil
	}
}

// WithHTTPClient makes calls through a client of your own, for its transport: a proxy, certificates, more than the usual
// 64 connections. Leave its Timeout at 0 unless you mean to cut long downloads too; [WithTimeout] limits attempts. Redirects
// are never followed, whatever its CheckRedirect. The client is copied.
//
// Without this option a client has 64 connections at most, speaks HTTP/1.1, and uses the proxy that the environment
// variable HTTPS_PROXY names, as [net/http.ProxyFromEnvironment] reads it. Each such client has connections of its own, with
// two goroutines each: where a process has many clients, for many accounts, let them share one http.Client by this option.
//
// A transport that speaks HTTP/2 sends a request again by itself when the server gives up the stream or the connection,
// although it may have been executed. The SDK keeps it from doing so: a call that changes something is then
// [ErrOutcomeUnknown], also where the server says that it has not looked at it (REFUSED_STREAM, GOAWAY).
// Disable HTTP/2 (Protocols of [net/http.Transport]) to have fewer such doubts.
//
// A transport that wraps another should pass on the request's context: by it [net/http/httptrace] tells whether there was a
// connection. Where nothing tells so, every failure is taken for one after which the platform may have received the call.
// It should end with that context, too; a call does not wait for one that does not. It must not send a request twice.
func WithHTTPClient(client *http.Client) Option {
	return func(s *settings) error {
		if client == nil {
			return &ParamError{Param: "WithHTTPClient", Reason: "the client is nil"}
		}
		if client.Transport != nil && isNil(client.Transport) {
			return &ParamError{Param: "WithHTTPClient", Reason: "its transport is nil, of a type: leave it out, or give one that works"}
		}
		s.http = client
		return nil
	}
}

// WithTimeout limits one attempt of a call, from sending to the end of the response; of a download, the time without any
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

// WithRetry sets how often and when calls are retried that may be retried. The default is [DefaultRetryPolicy]; a policy
// with MaxAttempts 1 retries nothing.
func WithRetry(policy RetryPolicy) Option {
	return func(s *settings) error {
		if reason := policy.check(); reason != "" {
			return &ParamError{Param: "WithRetry", Reason: reason}
		}
		s.retry = policy
		return nil
	}
}

// A Limiter delays calls so that the platform is not asked too often. The *rate.Limiter of golang.org/x/time/rate is one.
type Limiter interface {
	// Wait blocks until the next attempt may be sent, and returns an error when it must not be.
	Wait(context.Context) error
}

// WithLimiter asks a limiter before every attempt of every call. A call that the limiter does not allow ends with the
// limiter's own error.
func WithLimiter(limiter Limiter) Option {
	return func(s *settings) error {
		if isNil(limiter) {
			return &ParamError{Param: "WithLimiter", Reason: "the limiter is nil"}
		}
		s.limiter = limiter
		return nil
	}
}

// isNil reports whether a value is nil, or a nil pointer, function or the like of some type.
func isNil(value any) bool {
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Chan, reflect.Slice:
		return v.IsNil()
	}
	return false
}

// WithInterceptor wraps every call in a function of yours. Several compose: the first given is the outermost.
func WithInterceptor(interceptor Interceptor) Option {
	return func(s *settings) error {
		if interceptor == nil {
			return &ParamError{Param: "WithInterceptor", Reason: "the interceptor is nil"}
		}
		s.interceptors = append(slices.Clip(s.interceptors), interceptor)
		return nil
	}
}

// WithLogger writes a record of level debug for every attempt and of level warn for every retry. Card and phone
// numbers, the text of SMS and whatever else may be about a person is masked; see [WithUnmaskedLog].
func WithLogger(logger *slog.Logger) Option {
	return func(s *settings) error {
		if logger == nil || logger.Handler() == nil {
			return &ParamError{Param: "WithLogger", Reason: "the logger is nil, or was not made by package slog"}
		}
		s.logger = logger
		return nil
	}
}

// WithUnmaskedLog lets the logger write card and phone numbers and the text of SMS as they are. Credentials and
// signatures are never written.
func WithUnmaskedLog() Option {
	return func(s *settings) error {
		s.unmasked = true
		return nil
	}
}

// WithDriftHandler calls a function for each place in which a response differs from what the SDK knows of the platform,
// so that you learn of a change before it hurts. [DriftKind] lists the kinds. The document promises some members that live
// responses leave out: expect [DriftMissing] for these.
//
// A handler also makes reading more tolerant: a value that cannot mean what its place says leaves its field zero, where
// without a handler the call fails with a [*ResponseError], so that one bad row does not stop a sweep.
//
// Text that is not UTF-8 is kept byte for byte; [WithLogger] warns of it as well.
//
// The handler is called from the goroutine of the call, and from several at once where several calls are under way.
func WithDriftHandler(handler func(Drift)) Option {
	return func(s *settings) error {
		if handler == nil {
			return &ParamError{Param: "WithDriftHandler", Reason: "the handler is nil"}
		}
		s.drift = handler
		return nil
	}
}

// WithUserAgent sets the header User-Agent: your program's name and version, as a rule. The SDK's own follows it.
func WithUserAgent(agent string) Option {
	return func(s *settings) error {
		if agent == "" || strings.ContainsFunc(agent, func(r rune) bool { return r < ' ' || r > '~' }) {
			return &ParamError{Param: "WithUserAgent", Reason: fmt.Sprintf("%q is not a line of printable ASCII", agent)}
		}
		s.userAgent = agent + " quecloud-go/" + Version
		return nil
	}
}

// WithClock sets where the time of the parameter t comes from, instead of [time.Now], and the time after which digits in a
// response are no instant of the past. It is meant for tests.
func WithClock(now func() time.Time) Option {
	return func(s *settings) error {
		if now == nil {
			return &ParamError{Param: "WithClock", Reason: "the function is nil"}
		}
		s.now = now
		return nil
	}
}
