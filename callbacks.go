package quecloud

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/quecloud/quecloud-go/internal/lenient"
)

// The platform's protocol does not authenticate callbacks. The handlers of both kinds share this file: they check a
// request, read its event, verify and deduplicate it, and run the user's function. They respond with success only after
// that function has returned nil.

// A callbackKind describes one kind of callback, whose events are E. The tags of E and check say which members an event
// needs. To add a kind, declare one beside its event and write a constructor such as [NewSMSHandler].
type callbackKind[E any] struct {
	name        string // in logs and [Drift.Method]
	constructor string // in panics
	check       func(*E) error
	key         func(*E) string
	keyUnread   func(e *E, body []byte)                       // called if a member cannot be read; may be nil
	verify      func(*E, context.Context, *Client) *rejection // nil if the platform cannot be asked
	respond     func(w http.ResponseWriter, status int, reason string)
}

// A callbackHandler serves one kind of callback.
type callbackHandler[E any] struct {
	callbackKind[E]
	callbackSettings
	handle func(context.Context, *E) error
	runningEvents
}

// A rejection says why the response to a callback is not success.
type rejection struct {
	status int    // 200 for a probe
	reason string // for the sender
	err    error  // for the log; may be nil
}

func newCallbackHandler[E any](
	kind callbackKind[E], handle func(context.Context, *E) error, opts []HandlerOption,
) http.Handler {
	h := &callbackHandler[E]{callbackKind: kind, callbackSettings: defaultCallbackSettings(), handle: handle}
	if handle == nil {
		panic(fmt.Sprintf("quecloud: %s: the function is nil", kind.constructor))
	}
	err := h.apply(opts)
	if err == nil && h.client != nil && kind.verify == nil {
		err = &ParamError{Param: "VerifyWith", Reason: "the platform has no method that confirms " + kind.name + " events"}
	}
	if err != nil {
		panic(fmt.Sprintf("quecloud: %s: %s: %s", kind.constructor, err.Param, err.Reason))
	}
	if h.tokens == nil && h.allowed == nil && h.client == nil {
		h.log().LogAttrs(context.Background(), slog.LevelWarn,
			"quecloud: this callback handler accepts events from anyone: set a token, allowed sources or verification",
			slog.String("kind", kind.name))
	}
	return h
}

// ServeHTTP implements [http.Handler].
func (h *callbackHandler[E]) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var rejected *rejection
	if err := catchPanic(func() error {
		rejected = h.process(w, r)
		return nil
	}); err != nil {
		rejected = &rejection{http.StatusInternalServerError, notHandled, err}
	}
	if rejected == nil {
		h.respond(w, http.StatusOK, "")
		return
	}
	h.logRejection(r, rejected)
	switch rejected.status {
	case http.StatusOK:
		w.WriteHeader(http.StatusOK) // without a body: a probe is not a success
		return
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", h.allowedMethods())
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Token")
	}
	h.respond(w, rejected.status, rejected.reason)
}

// catchPanic calls f and returns its panic as an error.
func catchPanic(f func() error) (err error) {
	returned := false
	defer func() {
		if !returned { // recover may return nil after panic(nil)
			err = &panicError{recover(), debug.Stack()}
		}
	}()
	err = f()
	returned = true
	return err
}

// process handles a callback request. It returns nil for success.
func (h *callbackHandler[E]) process(w http.ResponseWriter, r *http.Request) *rejection {
	if rejected := h.admit(r); rejected != nil {
		return rejected
	}
	event := new(E)
	if rejected := h.read(w, r, event); rejected != nil {
		return rejected
	}
	ctx := r.Context()
	if h.timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, h.timeout)
		defer cancel()
		ctx = limited
	}
	if h.client != nil {
		if rejected := h.verify(event, ctx, h.client); rejected != nil {
			return rejected
		}
	}
	return h.handleOnce(ctx, event)
}

// notHandled is the only reason that the sender gets for a failure on our side.
const notHandled = "the event could not be handled; retry later"

// run calls the user's function.
func (h *callbackHandler[E]) run(ctx context.Context, event *E) *rejection {
	if err := h.handle(ctx, event); err != nil {
		return &rejection{http.StatusInternalServerError, notHandled, err}
	}
	return nil
}

// probed ends a request that carries no event. See [WithProbes].
var probed = &rejection{status: http.StatusOK, reason: "a probe"}

// allowedMethods returns the HTTP methods that the handler accepts.
func (h *callbackHandler[E]) allowedMethods() string {
	if h.probes {
		return "GET, HEAD, POST"
	}
	return http.MethodPost
}

// admit checks a request before its body is read.
func (h *callbackHandler[E]) admit(r *http.Request) *rejection {
	isPost := r.Method == http.MethodPost
	isProbe := h.probes && (r.Method == http.MethodGet || r.Method == http.MethodHead || isPost && r.ContentLength == 0)
	switch {
	case !isPost && !isProbe:
		return &rejection{http.StatusMethodNotAllowed, "callbacks use the method POST", nil}
	case !h.fromAllowedSource(r):
		return &rejection{http.StatusForbidden, "callbacks are not accepted from this address", nil}
	case !h.hasToken(r):
		return &rejection{http.StatusUnauthorized, "the parameter token of the URL is missing or wrong", nil}
	case isProbe:
		return probed
	}
	if contentType := r.Header.Get("Content-Type"); !isJSON(contentType) {
		return &rejection{http.StatusUnsupportedMediaType, "the Content-Type must be application/json", nil}
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return &rejection{http.StatusUnsupportedMediaType, "the body must have no Content-Encoding", nil}
	}
	return nil
}

// hasToken reports whether the URL carries one of the callback tokens. It compares hashes, in constant time: neither
// the length of a token nor how much of it matches can be measured.
func (h *callbackHandler[E]) hasToken(r *http.Request) bool {
	if h.tokens == nil {
		return true
	}
	tokens := r.URL.Query()["token"]
	if len(tokens) != 1 {
		return false
	}
	hash, found := sha256.Sum256([]byte(tokens[0])), 0
	for _, token := range h.tokens {
		found |= subtle.ConstantTimeCompare(hash[:], token[:])
	}
	return found == 1
}

// isJSON reports whether a Content-Type is that of JSON. It ignores the charset: JSON has one encoding, and text in
// another is kept byte for byte.
func isJSON(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(mediaType), "application/json")
}

// read reads the event from the body.
func (h *callbackHandler[E]) read(w http.ResponseWriter, r *http.Request, event *E) *rejection {
	if r.ContentLength > h.maxBody {
		return h.tooLarge()
	}
	text := buffers.Get().(*bytes.Buffer)
	defer func() {
		if text.Cap() <= maxKept {
			text.Reset()
			buffers.Put(text)
		}
	}()
	if r.Body != nil {
		if _, err := text.ReadFrom(http.MaxBytesReader(w, r.Body, h.maxBody)); err != nil {
			return h.incomplete(err)
		}
	}
	if h.probes && text.Len() == 0 {
		return probed
	}
	return h.decode(r.Context(), text.Bytes(), event)
}

// decode decodes a body into an event.
func (h *callbackHandler[E]) decode(ctx context.Context, body []byte, event *E) *rejection {
	skipped, err := lenient.DecodeObject(body, event, lenient.Options{
		MaxDrifts: maxDrifts,
		Drift: func(kind lenient.Kind, path, value string) {
			h.reportDrift(ctx, Drift{Kind: DriftKind(kind), Path: path, Value: value})
		},
	})
	if err = fieldError(err); err == nil {
		err = h.check(event)
	}
	if err != nil {
		h.reportDrift(ctx, rejectionDrift(body, err))
		return &rejection{http.StatusBadRequest, malformed(err), nil}
	}
	if skipped && h.keyUnread != nil {
		h.keyUnread(event, body)
	}
	return nil
}

func (h *callbackHandler[E]) tooLarge() *rejection {
	return &rejection{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", h.maxBody), nil}
}

// incomplete returns the rejection of a body that could not be read to its end.
func (h *callbackHandler[E]) incomplete(err error) *rejection {
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		return h.tooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &rejection{http.StatusRequestTimeout, "the body arrived too slowly", err}
	}
	return &rejection{http.StatusBadRequest, "the body was cut off", err}
}

// malformed returns the reason why a body is rejected. It does not quote the body: the reason is logged, and a response
// that quoted the request could be made to read as success.
func malformed(err error) string {
	if field, ok := errors.AsType[*FieldError](err); ok {
		return fmt.Sprintf("member %s: %s", field.Path, field.Reason)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "the body is empty or ends too early"
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Sprintf("the body is not JSON: error at byte %d", syntax.ByteOffset)
	}
	return "the body cannot be decoded: " + err.Error()
}

// logRejection logs a rejection. It leaves out the URL, which holds the token, and the body, which is personal data.
func (h *callbackHandler[E]) logRejection(r *http.Request, rejected *rejection) {
	level, message := slog.LevelWarn, "quecloud: callback rejected"
	switch {
	case rejected.status == http.StatusOK:
		level, message = slog.LevelDebug, "quecloud: callback address probed"
	case rejected.status >= 500:
		level, message = slog.LevelError, "quecloud: callback not handled"
	}
	attrs := []slog.Attr{
		slog.String("kind", h.name), slog.Int("status", rejected.status), slog.String("reason", rejected.reason),
		slog.String("remote", r.RemoteAddr),
	}
	if rejected.err != nil {
		attrs = append(attrs, errorAttrs(rejected.err)...)
	}
	h.log().LogAttrs(r.Context(), level, message, attrs...)
}

// errorAttrs returns an error as log attributes, with the stack of a panic.
func errorAttrs(err error) []slog.Attr {
	attrs := []slog.Attr{slog.String("error", errorText(err))}
	if panicked, ok := err.(*panicError); ok { //nolint:errorlint // Unwrap of a user's error may panic
		attrs = append(attrs, slog.String("stack", string(panicked.stack)))
	}
	return attrs
}

// errorText returns the masked text of an error. The error is the user's: it may be a nil pointer whose methods panic.
func errorText(err error) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("an error without a text, of type %T", err)
		}
	}()
	return maskError(err)
}

// A panicError is a panic of the user's function, store or drift handler.
type panicError struct {
	cause any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.cause) }
