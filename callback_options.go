package quecloud

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/textproto"
	"slices"
	"strings"
	"time"
)

// DefaultBodyLimit is the maximum size of a callback's body in bytes. See [WithBodyLimit].
const DefaultBodyLimit = 1 << 20

// A HandlerOption configures the handlers of [NewSMSHandler] and [NewOrderHandler]. Options may come in any order. A
// bad option makes these functions panic, as a bad pattern does in [http.Handle].
//
// Every handler accepts only a POST (405 otherwise) of application/json (415) of bounded size (413) that is a JSON
// object with the members that identify the event (400). The body of the response gives the reason. The event is not
// lost if other members cannot be read, see [WithCallbackDriftHandler]. The charset of the Content-Type does not
// matter: text that is not UTF-8 is kept byte for byte, see [DriftNotUTF8].
//
// The platform's protocol does not authenticate callbacks: anyone who knows the address can send one. Use
// [WithCallbackToken], [WithAllowedSources] and, for orders, [VerifyWith]. A handler with none of them logs a warning
// when it is made. If a proxy authenticates the sender, allow its addresses as sources.
//
// A handler serves every path that is routed to it. Register the exact path: [http.ServeMux] redirects a request whose
// path has a // or lacks the final slash of the pattern, and responds with 404 to one with a slash too many. The
// document does not say whether the platform follows redirects.
//
// A handler reads a body for as long as it keeps arriving. Set the ReadTimeout of your [http.Server]; the handler then
// responds with 408. The context of your function ends when the sender disconnects.
type HandlerOption func(*callbackSettings) *ParamError

// callbackSettings holds the values that options set.
type callbackSettings struct {
	tokens      [][sha256.Size]byte
	allowed     []netip.Prefix
	proxies     []netip.Prefix
	proxyHeader string
	client      *Client
	store       DedupStore
	probes      bool
	maxBody     int64
	timeout     time.Duration
	drift       func(Drift)  // may be nil
	logger      *slog.Logger // nil for slog's default
}

func defaultCallbackSettings() callbackSettings { return callbackSettings{maxBody: DefaultBodyLimit} }

func (s *callbackSettings) apply(opts []HandlerOption) *ParamError {
	for i, opt := range opts {
		if opt == nil {
			return &ParamError{Param: fmt.Sprintf("option %d of %d", i+1, len(opts)), Reason: "is nil"}
		}
		if err := opt(s); err != nil {
			return err
		}
	}
	if s.proxyHeader != "" && s.allowed == nil {
		return &ParamError{Param: "WithTrustedProxy", Reason: "has no effect alone: add WithAllowedSources"}
	}
	return nil
}

// WithCallbackToken rejects callbacks, with status 401, unless the parameter token of their URL is one of these tokens.
// Register the address with its token at the platform: https://example.com/quecloud/sms?token=…. To replace a token
// without a gap, accept the old and the new one for a while. Make tokens long and random, for example 32 letters and
// digits. They consist of A-Z, a-z, 0-9 and -._~ only: other characters may change in a URL, such as a + that becomes a
// blank.
//
// The handler compares tokens in constant time, and neither logs the URL nor shows it in a response. Servers and
// proxies in front of it do log URLs unless told not to.
func WithCallbackToken(tokens ...string) HandlerOption {
	return func(s *callbackSettings) *ParamError {
		if len(tokens) == 0 {
			return &ParamError{Param: "WithCallbackToken", Reason: "no token is given"}
		}
		for i, token := range tokens {
			if problem := tokenProblem(token); problem != "" {
				return &ParamError{Param: "WithCallbackToken", Reason: fmt.Sprintf("token %d of %d %s", i+1, len(tokens), problem)}
			}
			s.tokens = append(s.tokens, sha256.Sum256([]byte(token)))
		}
		return nil
	}
}

// tokenProblem says why a token cannot work, without showing it.
func tokenProblem(token string) string {
	switch {
	case token == "":
		return "is empty"
	case strings.TrimSpace(token) != token:
		return "begins or ends with white space, perhaps the line end of the file it was read from"
	case strings.ContainsFunc(token, isReserved):
		return "has a character that may change in a URL: want A-Z, a-z, 0-9 and -._~ only"
	}
	return ""
}

// isReserved reports whether a character is not among the unreserved ones of URLs, RFC 3986 § 2.3.
func isReserved(r rune) bool {
	return !isDigitOrCapital(r) && (r < 'a' || r > 'z') && !strings.ContainsRune("-._~", r)
}

// WithAllowedSources rejects callbacks, with status 403, that do not come from one of these networks. Ask the vendor
// for the addresses of the platform. Behind a proxy of your own, add [WithTrustedProxy].
//
// IPv4 addresses written as IPv6 (::ffff:192.0.2.1) count as IPv4.
func WithAllowedSources(prefixes ...netip.Prefix) HandlerOption {
	return func(s *callbackSettings) *ParamError {
		networks, err := checkNetworks("WithAllowedSources", prefixes)
		s.allowed = append(s.allowed, networks...)
		return err
	}
}

// WithTrustedProxy takes the source address from a header of requests that come from one of these networks. They must
// contain only your own proxies. Without this option only the address of the connection counts, since anyone can send
// any header.
//
// The header is usually X-Forwarded-For. It can be any header to which every proxy appends the address of its client,
// or that a proxy sets anew, such as X-Real-IP. The source is the last address in it that is not a proxy. A request is
// rejected if the header is not a list of addresses up to there.
func WithTrustedProxy(header string, prefixes ...netip.Prefix) HandlerOption {
	return func(s *callbackSettings) *ParamError {
		name := textproto.CanonicalMIMEHeaderKey(header)
		switch {
		case name == "" || strings.ContainsAny(name, " ,;:\r\n\t"):
			return &ParamError{Param: "WithTrustedProxy", Reason: fmt.Sprintf("%q is not the name of a header", header)}
		case name == "Forwarded":
			return &ParamError{Param: "WithTrustedProxy", Reason: "Forwarded does not hold plain addresses: use X-Forwarded-For"}
		case s.proxyHeader != "" && s.proxyHeader != name:
			return &ParamError{Param: "WithTrustedProxy", Reason: "there can be only one header"}
		}
		networks, err := checkNetworks("WithTrustedProxy", prefixes)
		s.proxyHeader, s.proxies = name, append(s.proxies, networks...)
		return err
	}
}

// VerifyWith looks up the order of every callback with [OrdersService.Get] and gives your function the platform's own
// values. It rejects a callback with status 403 if the platform refuses to show the order, or shows another status,
// card, type, price or external ID. Prices are compared to the fen, and the price of a year or month counts as that of
// the order. If the platform cannot be asked, the response has status 500, which means that the callback failed. The
// platform is asked before the store of [WithDeduplication], so that a forged event cannot take the place of the true
// one.
//
// It is for [NewOrderHandler] only: other handlers cannot be made with it.
func VerifyWith(client *Client) HandlerOption {
	return func(s *callbackSettings) *ParamError {
		if client == nil || client.core == nil {
			return &ParamError{Param: "VerifyWith", Reason: "the client is nil, or a zero value: make it with NewClient"}
		}
		s.client = client
		return nil
	}
}

// WithDeduplication calls your function once for each event, however many callbacks carry it. Once the function has
// returned nil for an event, the handler responds to further callbacks for it with success. While the function runs,
// further callbacks for the event wait for its result. If it fails after its context has ended, one of those that wait
// calls the function. If it fails otherwise, the next callback calls it.
//
// Two callbacks carry the same event if they agree in the order and its state; in the report on one SMS to one card and
// its state; or in the card, ID, text and time of an inbound SMS. Give every SMS that you send an SMSID of its own.
//
// Give every handler a store of its own. [NewMemoryDedup] makes one for a single process; [DedupStore] shows one in a
// database, for several processes and across restarts.
func WithDeduplication(store DedupStore) HandlerOption {
	return func(s *callbackSettings) *ParamError {
		if isNil(store) {
			return &ParamError{Param: "WithDeduplication", Reason: "the store is nil"}
		}
		if m, ok := store.(*MemoryDedup); ok && m.handled == nil {
			return &ParamError{Param: "WithDeduplication", Reason: "the store is a zero value: make it with NewMemoryDedup"}
		}
		s.store = store
		return nil
	}
}

// WithProbes responds to a GET, a HEAD and a POST without a body with status 200 and an empty body, for portals and
// load balancers that check whether an address is served. Handlers reject these requests otherwise. The source and the
// token are checked first: with [WithCallbackToken] a probe must carry the token in its URL too, and gets 401 without
// it. Your function is not called. An empty body does not mean success, for which the platform's document wants the
// text success or the code 200.
func WithProbes() HandlerOption {
	return func(s *callbackSettings) *ParamError {
		s.probes = true
		return nil
	}
}

// WithBodyLimit sets the maximum size of a callback's body, instead of [DefaultBodyLimit]. Larger ones are rejected
// with status 413.
func WithBodyLimit(bytes int64) HandlerOption {
	return func(s *callbackSettings) *ParamError {
		if bytes < 1 {
			return &ParamError{Param: "WithBodyLimit", Reason: fmt.Sprintf("the limit is %d bytes: want 1 or more", bytes)}
		}
		s.maxBody = bytes
		return nil
	}
}

// WithCallbackTimeout bounds the handling of an event once its body has been read: the lookup of [VerifyWith], the
// store of [WithDeduplication] and your function. Their context ends after this time. Your function must return when it
// does: the handler waits for it, and its result counts. By default the context ends only with the request.
func WithCallbackTimeout(d time.Duration) HandlerOption {
	return func(s *callbackSettings) *ParamError {
		if d <= 0 {
			return &ParamError{Param: "WithCallbackTimeout", Reason: fmt.Sprintf("the timeout is %v: want more than 0", d)}
		}
		s.timeout = d
		return nil
	}
}

// WithCallbackDriftHandler calls a function for each member of an event that the SDK does not expect, for the first 32
// of one callback. [Drift.Method] is sms or order. The event is not lost: if such a member cannot be read, its field
// stays zero, and your function is called all the same. Only the members that identify the event must be readable, see
// [SMSEvent] and [OrderEvent]. If one of them is not, the event is rejected and the last call shows the value found
// there. If the body is not JSON, it shows 64 bytes around the error.
//
// With or without a drift handler, members that cannot be read or are not UTF-8 are logged as warnings, with an outline
// in place of the value, such as "0000-00-00X00:00:00". The drift handler receives the value itself, which may be
// personal data. It runs before your function, in the same goroutine, also for callbacks that are rejected later. Its
// panics are logged.
func WithCallbackDriftHandler(handler func(Drift)) HandlerOption {
	return func(s *callbackSettings) *ParamError {
		if handler == nil {
			return &ParamError{Param: "WithCallbackDriftHandler", Reason: "the handler is nil"}
		}
		s.drift = handler
		return nil
	}
}

// WithCallbackLogger sets the logger of a handler, instead of [slog.Default]. The handler logs why it rejected a
// callback (level warn) or could not handle it (level error), and that it was made without authentication (level warn,
// once). It logs neither the URL nor the content of an event. It does log the error of your function, with numbers of
// five and more digits masked: keep the text of an SMS out of your errors.
func WithCallbackLogger(logger *slog.Logger) HandlerOption {
	return func(s *callbackSettings) *ParamError {
		if logger == nil || logger.Handler() == nil {
			return &ParamError{Param: "WithCallbackLogger", Reason: "the logger is nil, or was not made by package slog"}
		}
		s.logger = logger
		return nil
	}
}

// checkNetworks checks the networks of an option and converts IPv4 networks written as IPv6.
func checkNetworks(option string, prefixes []netip.Prefix) ([]netip.Prefix, *ParamError) {
	if len(prefixes) == 0 {
		return nil, &ParamError{Param: option, Reason: "no network is given"}
	}
	networks := make([]netip.Prefix, 0, len(prefixes))
	for _, p := range prefixes {
		if p.Addr().Is4In6() {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96) // invalid if it is larger than the IPv4 range
		}
		if !p.IsValid() {
			return nil, &ParamError{Param: option, Reason: "a network is not valid: make it with netip.ParsePrefix"}
		}
		networks = append(networks, p)
	}
	return networks, nil
}

func (s *callbackSettings) fromAllowedSource(r *http.Request) bool {
	if s.allowed == nil {
		return true
	}
	addr, ok := s.source(r)
	return ok && anyContains(s.allowed, addr)
}

// source returns the address a request comes from: that of the connection or, if that is a proxy, the last address in
// the proxy's header that is not one.
func (s *callbackSettings) source(r *http.Request) (netip.Addr, bool) {
	addr, ok := parseSource(r.RemoteAddr)
	for _, hops := range slices.Backward(r.Header[s.proxyHeader]) {
		for comma := len(hops); comma >= 0; {
			if !ok || !anyContains(s.proxies, addr) {
				return addr, ok
			}
			hops = hops[:comma]
			comma = strings.LastIndexByte(hops, ',')
			addr, ok = parseSource(strings.TrimSpace(hops[comma+1:]))
		}
	}
	return addr, ok
}

// parseSource parses an address with or without a port.
func parseSource(text string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		withPort, portErr := netip.ParseAddrPort(text)
		addr, err = withPort.Addr(), portErr
	}
	return addr.Unmap().WithZone(""), err == nil
}

func anyContains(networks []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(addr) })
}

func (s *callbackSettings) log() *slog.Logger {
	if s.logger == nil {
		return slog.Default()
	}
	return s.logger
}
