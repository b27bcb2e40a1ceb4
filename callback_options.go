package quecloud

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/textproto"
	"slices"
	"strings"
	"time"
)

// DefaultBodyLimit is how large a notification may be, in bytes. See [WithBodyLimit].
const DefaultBodyLimit = 1 << 20

// A HandlerOption changes how the handlers of [NewSMSHandler] and [NewOrderHandler] work. Options may come in any
// order; a bad one makes these functions panic, as a bad pattern does in [http.Handle].
//
// Whatever the options, a handler passes on only what is a POST (405 otherwise) of application/json (415) of bounded
// size (413) that is a JSON object with the members that tell which event it is (400). Whatever else cannot be read does
// not keep the event back, see [WithCallbackDriftHandler], nor does the charset that the Content-Type declares: text that
// is not UTF-8 is kept byte for byte, see [DriftNotUTF8]. The answer says in its body what is wrong.
//
// Nothing in the platform's protocol tells its callbacks from those of anybody else who knows the address. Use what can:
// [WithCallbackToken], [WithAllowedSources], and for orders [VerifyWith]. A handler that is made with none of these logs
// a warning. Where something in front of it authenticates, allow the addresses of that as sources.
//
// A handler serves whatever path leads to it. Register exactly that path: [http.ServeMux] answers one that has a // in
// it, or lacks the slash that its pattern ends with, with a redirect, and one with a slash too many with 404. Whether the
// platform follows redirects is not documented.
//
// A handler reads a body for as long as it keeps coming: set the ReadTimeout of your [http.Server], after which the
// answer is 408. The context of your function ends when the sender leaves.
type HandlerOption func(*callbackSettings) *ParamError

// callbackSettings are what options set.
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
		return &ParamError{Param: "WithTrustedProxy", Reason: "keeps nobody out by itself: add WithAllowedSources"}
	}
	return nil
}

// WithCallbackToken refuses deliveries, with status 401, whose URL does not have one of these tokens in the parameter
// token. Register the address with it: https://example.com/quecloud/sms?token=…. Several tokens are accepted at once,
// so that one can be replaced without a gap. Make them long and random, 32 letters and digits for example. They consist
// of A-Z, a-z, 0-9 and -._~ only: what else stands in a URL may arrive as something else, a + as a blank.
//
// They are compared in constant time, and the SDK neither logs nor answers with any part of the URL. Servers and
// proxies in front of the handler do log URLs unless they are told not to.
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
		return "begins or ends with white space, perhaps a line end of the file it was read from"
	case !consistsOf(token, isUnreserved):
		return "has a character that a URL may change on the way: want A-Z, a-z, 0-9 and -._~ only"
	}
	return ""
}

// isUnreserved reports whether a byte means itself everywhere in a URL, RFC 3986 § 2.3.
func isUnreserved(b byte) bool {
	return isDigit(b) || 'A' <= b && b <= 'Z' || 'a' <= b && b <= 'z' || strings.IndexByte("-._~", b) >= 0
}

// hasToken compares the hash of the token, whose length and beginning tell nothing, with all that there are.
func (s *callbackSettings) hasToken(r *http.Request) bool {
	if s.tokens == nil {
		return true
	}
	given := r.URL.Query()["token"]
	if len(given) != 1 {
		return false
	}
	hash, found := sha256.Sum256([]byte(given[0])), 0
	for _, token := range s.tokens {
		found |= subtle.ConstantTimeCompare(hash[:], token[:])
	}
	return found == 1
}

// WithAllowedSources refuses deliveries, with status 403, that do not come from one of these networks. Ask the vendor
// for the addresses of the platform. Behind a proxy of your own, add [WithTrustedProxy].
//
// IPv4 addresses that are written as IPv6 (::ffff:192.0.2.1) count as IPv4.
func WithAllowedSources(prefixes ...netip.Prefix) HandlerOption {
	return func(s *callbackSettings) *ParamError {
		networks, err := unmapped("WithAllowedSources", prefixes)
		s.allowed = append(s.allowed, networks...)
		return err
	}
}

// WithTrustedProxy believes a header of requests that come from one of these networks, which must be those of your own
// proxies and of nobody else. Without it only the address of the connection counts, since anyone can send any header.
//
// The header is X-Forwarded-For as a rule, or another one in which every proxy appends the address that it was called
// from, and can be one that a proxy sets anew, such as X-Real-IP. The source is the last address in it that is not one
// of the proxies. A request whose header is not a list of addresses up to there comes from nowhere and is refused.
func WithTrustedProxy(header string, prefixes ...netip.Prefix) HandlerOption {
	return func(s *callbackSettings) *ParamError {
		name := textproto.CanonicalMIMEHeaderKey(header)
		switch {
		case name == "" || strings.ContainsAny(name, " ,;:\r\n\t"):
			return &ParamError{Param: "WithTrustedProxy", Reason: fmt.Sprintf("%q is not the name of a header", header)}
		case name == "Forwarded":
			return &ParamError{Param: "WithTrustedProxy", Reason: "Forwarded is not a list of plain addresses: use X-Forwarded-For"}
		case s.proxyHeader != "" && s.proxyHeader != name:
			return &ParamError{Param: "WithTrustedProxy", Reason: "there can be one header only"}
		}
		networks, err := unmapped("WithTrustedProxy", prefixes)
		s.proxyHeader, s.proxies = name, append(s.proxies, networks...)
		return err
	}
}

// VerifyWith asks the platform, by [OrdersService.Get], for the order of every delivery, and gives your function the
// platform's own values. A delivery about an order that the platform does not confirm, because it refuses to tell about
// it or its status, card, type, price or external ID are others there, is refused with status 403. Prices are compared
// to the fen, and that of a year or a month counts as that of the order. When the platform cannot be asked the response
// has status 500, which says that the delivery failed. The platform is asked before the store of [WithDeduplication] is,
// so that a forged delivery cannot be taken for the true one.
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

// WithDeduplication calls your function once for an event, however often it is delivered: deliveries of an event for
// which it has returned nil are answered with success at once. Deliveries that come while it is running for the same
// event wait and are answered as that one is, unless it failed after its context had ended: then one of those that wait
// calls the function. When the function fails, the next delivery calls it again.
//
// An event is an order and the state it has reached, or the report on one SMS to one card and its state, or an inbound
// SMS with its card, ID, text and time. An SMSID of your own must therefore be another for every SMS.
//
// Give every handler a store of its own. See [NewMemoryDedup] for one that is good for a single process.
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

// WithProbes answers a GET, a HEAD and a POST without a body with status 200 and an empty body, where they are refused
// otherwise. It is for a portal or load balancer that looks whether there is anybody at an address. The source and the
// token are checked first: with [WithCallbackToken] a probe must carry the token in its URL too, and is refused with 401
// without it. Your function is not called, and an empty body does not stand for success: the platform's document wants the
// text success or the code 200 for that.
func WithProbes() HandlerOption {
	return func(s *callbackSettings) *ParamError {
		s.probes = true
		return nil
	}
}

// WithBodyLimit sets how many bytes a notification may have, instead of [DefaultBodyLimit]. Larger ones are refused
// with status 413.
func WithBodyLimit(bytes int64) HandlerOption {
	return func(s *callbackSettings) *ParamError {
		if bytes < 1 {
			return &ParamError{Param: "WithBodyLimit", Reason: fmt.Sprintf("%d bytes are no notification", bytes)}
		}
		s.maxBody = bytes
		return nil
	}
}

// WithCallbackTimeout sets how long the handling of a notification may take once it has been read: the question of
// [VerifyWith], the store of [WithDeduplication] and your function. The context that they are given ends then. Your
// function must heed it: the handler waits until it returns, and its result counts. By default the context ends only
// with the request.
func WithCallbackTimeout(d time.Duration) HandlerOption {
	return func(s *callbackSettings) *ParamError {
		if d <= 0 {
			return &ParamError{Param: "WithCallbackTimeout", Reason: fmt.Sprintf("%v is not a time to work: want more than 0", d)}
		}
		s.timeout = d
		return nil
	}
}

// WithCallbackDriftHandler calls a function for each member of an event that differs from what the SDK knows of the
// platform, the first 32 of one delivery. [Drift.Method] is sms or order then. Such a member is no reason to lose an event:
// where it cannot be read its field stays zero, and your function is called all the same. Only what tells which event it
// is must be readable, see [SMSEvent] and [OrderEvent]. For an event that is refused since it is not, the last report
// has what stands in that place; of a body that is no JSON, 64 bytes from where it ceases to be.
//
// Without a drift handler there is the log: members that cannot be read or are not UTF-8 are logged as warnings, with
// an outline of the value in place of the value, such as "0000-00-00X00:00:00". The drift handler is given the value
// itself, which may be personal data. It is called before your function, in the same goroutine, also for deliveries that
// are refused afterwards; its panics are logged.
func WithCallbackDriftHandler(handler func(Drift)) HandlerOption {
	return func(s *callbackSettings) *ParamError {
		if handler == nil {
			return &ParamError{Param: "WithCallbackDriftHandler", Reason: "the handler is nil"}
		}
		s.drift = handler
		return nil
	}
}

// WithCallbackLogger sets where it is written why a delivery was refused (level warn) or could not be handled (level
// error), and that a handler was made without authentication (level warn, once), instead of [slog.Default]. Neither the
// URL nor what an event says is written. The error of your function is, with numbers of five and more digits masked:
// leave the text of an SMS out of it.
func WithCallbackLogger(logger *slog.Logger) HandlerOption {
	return func(s *callbackSettings) *ParamError {
		if logger == nil || logger.Handler() == nil {
			return &ParamError{Param: "WithCallbackLogger", Reason: "the logger is nil, or was not made by package slog"}
		}
		s.logger = logger
		return nil
	}
}

// unmapped checks networks, and writes those as IPv4 that are.
func unmapped(option string, prefixes []netip.Prefix) ([]netip.Prefix, *ParamError) {
	if len(prefixes) == 0 {
		return nil, &ParamError{Param: option, Reason: "no network is given"}
	}
	networks := make([]netip.Prefix, 0, len(prefixes))
	for _, p := range prefixes {
		if p.Addr().Is4In6() {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96) // not valid where it reaches beyond IPv4
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
	return ok && within(s.allowed, addr)
}

// source is the address that a request comes from: that of the connection, or where that is a proxy, the last one in
// the proxy's header that is not.
func (s *callbackSettings) source(r *http.Request) (netip.Addr, bool) {
	addr, ok := parseSource(r.RemoteAddr)
	for _, hops := range slices.Backward(r.Header[s.proxyHeader]) {
		for comma := len(hops); comma >= 0; {
			if !ok || !within(s.proxies, addr) {
				return addr, ok
			}
			hops = hops[:comma]
			comma = strings.LastIndexByte(hops, ',')
			addr, ok = parseSource(strings.TrimSpace(hops[comma+1:]))
		}
	}
	return addr, ok
}

// parseSource reads an address with or without a port.
func parseSource(text string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(text)
	if err != nil {
		withPort, portErr := netip.ParseAddrPort(text)
		addr, err = withPort.Addr(), portErr
	}
	return addr.Unmap().WithZone(""), err == nil
}

func within(networks []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(addr) })
}

func (s *callbackSettings) log() *slog.Logger {
	if s.logger == nil {
		return slog.Default()
	}
	return s.logger
}
