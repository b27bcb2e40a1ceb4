package quecloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The platform's notifications arrive as requests that nothing in its protocol authenticates. What both kinds have in
// common is here: a delivery is admitted, read, verified, told apart from its repetitions, and given to the user's
// function. Success is answered when that function has returned nil, and in no other case.

// A callbackKind is what one of the platform's callbacks has of its own. Which members its events need is in the tags of
// E, and in check.
type callbackKind[E any] struct {
	name        string // for logs
	constructor string // for panics
	check       func(*E) error
	key         func(*E) string
	unread      func(e *E, body []byte)                     // tells the key of members that cannot be read; may be nil
	verify      func(*E, context.Context, *Client) *refusal // nil where the platform cannot be asked
	answer      func(w http.ResponseWriter, status int, reason string)
}

// A callback is the handler of one kind of callback, whose events are E.
type callback[E any] struct {
	callbackKind[E]
	callbackSettings
	handle func(context.Context, *E) error
	flights
}

// A refusal is why a delivery is not answered with success.
type refusal struct {
	status int    // 200 for a probe
	reason string // for the sender
	err    error  // for the log; may be nil
}

func newCallback[E any](
	kind callbackKind[E], handle func(context.Context, *E) error, opts []HandlerOption,
) http.Handler {
	h := &callback[E]{callbackKind: kind, callbackSettings: defaultCallbackSettings(), handle: handle}
	if handle == nil {
		panic(fmt.Sprintf("quecloud: %s: the function is nil", kind.constructor))
	}
	err := h.apply(opts)
	if err == nil && h.client != nil && kind.verify == nil {
		err = &ParamError{Param: "VerifyWith", Reason: fmt.Sprintf("the platform has no method that confirms an event of the kind %s", kind.name)}
	}
	if err != nil {
		panic(fmt.Sprintf("quecloud: %s: %s: %s", kind.constructor, err.Param, err.Reason))
	}
	if h.tokens == nil && h.allowed == nil && h.client == nil {
		h.log().LogAttrs(context.Background(), slog.LevelWarn,
			"quecloud: this callback handler accepts events from anybody: set a token, allowed sources or verification",
			slog.String("kind", kind.name))
	}
	return h
}

// ServeHTTP answers one delivery.
func (h *callback[E]) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refused := h.serve(w, r)
	if refused == nil {
		h.answer(w, http.StatusOK, "")
		return
	}
	h.logRefusal(r, refused)
	switch refused.status {
	case http.StatusOK:
		w.WriteHeader(http.StatusOK) // and nothing that reads as success
		return
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", h.methods())
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Token")
	}
	h.answer(w, refused.status, refused.reason)
}

// serve does what a delivery asks for, and returns nil where it is to be answered with success.
func (h *callback[E]) serve(w http.ResponseWriter, r *http.Request) (refused *refusal) {
	if err := guard(func() error {
		refused = h.work(w, r)
		return nil
	}); err != nil {
		return &refusal{http.StatusInternalServerError, notHandled, err}
	}
	return refused
}

// guard calls a function and returns its panic as an error.
func guard(f func() error) (err error) {
	ended := false
	defer func() {
		if !ended { // whatever recover returns: panic(nil) can be told from no panic by this alone
			err = &panicError{recover(), debug.Stack()}
		}
	}()
	err = f()
	ended = true
	return err
}

// work is serve, but for panics.
func (h *callback[E]) work(w http.ResponseWriter, r *http.Request) *refusal {
	if refused := h.admit(r); refused != nil {
		return refused
	}
	event := new(E)
	if refused := h.read(w, r, event); refused != nil {
		return refused
	}
	ctx := r.Context()
	if h.timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, h.timeout)
		defer cancel()
		ctx = limited
	}
	if h.client != nil {
		if refused := h.verify(event, ctx, h.client); refused != nil {
			return refused
		}
	}
	return h.once(ctx, event)
}

// notHandled is all that the sender learns of what went wrong on this side.
const notHandled = "the notification could not be handled here, deliver it again"

// run calls the user's function.
func (h *callback[E]) run(ctx context.Context, event *E) *refusal {
	if err := h.handle(ctx, event); err != nil {
		return &refusal{http.StatusInternalServerError, notHandled, err}
	}
	return nil
}

// probed is the end of a request that delivers nothing, see WithProbes.
var probed = &refusal{status: http.StatusOK, reason: "a probe"}

// methods are the HTTP methods that are not refused.
func (h *callback[E]) methods() string {
	if h.probes {
		return "GET, HEAD, POST"
	}
	return http.MethodPost
}

// admit decides by what stands before the body.
func (h *callback[E]) admit(r *http.Request) *refusal {
	isPost := r.Method == http.MethodPost
	isProbe := h.probes && (r.Method == http.MethodGet || r.Method == http.MethodHead || isPost && r.ContentLength == 0)
	switch {
	case !isPost && !isProbe:
		return &refusal{http.StatusMethodNotAllowed, "notifications are sent with POST", nil}
	case !h.fromAllowedSource(r):
		return &refusal{http.StatusForbidden, "notifications are not accepted from this address", nil}
	case !h.hasToken(r):
		return &refusal{http.StatusUnauthorized, "the parameter token of the URL is missing or wrong", nil}
	case isProbe:
		return probed
	}
	if contentType := r.Header.Get("Content-Type"); !isJSON(contentType) {
		return &refusal{http.StatusUnsupportedMediaType, "want the Content-Type application/json", nil}
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return &refusal{http.StatusUnsupportedMediaType, "want a body without a Content-Encoding", nil}
	}
	return nil
}

// isJSON reports whether a Content-Type is that of JSON. What it says of the encoding does not matter: JSON has one, and
// text of an event that is in another is kept byte for byte.
func isJSON(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(mediaType), "application/json")
}

// read reads the body into an event.
func (h *callback[E]) read(w http.ResponseWriter, r *http.Request, event *E) *refusal {
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
			return h.brokenOff(err)
		}
	}
	if h.probes && text.Len() == 0 {
		return probed
	}
	return h.decode(r.Context(), text.Bytes(), event)
}

// decode makes an event of a body.
func (h *callback[E]) decode(ctx context.Context, body []byte, event *E) *refusal {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	d.drifts, d.unread = 0, false
	err := d.decodeObject(body, event, func(drift Drift) {
		d.unread = d.unread || drift.Kind == DriftWrongValue
		if d.drifts++; d.drifts <= maxDrifts {
			h.tell(ctx, drift)
		}
	})
	if err == nil {
		err = h.check(event)
	}
	if err != nil {
		h.tell(ctx, unusable(body, err))
		return &refusal{http.StatusBadRequest, malformed(err), nil}
	}
	if d.unread && h.unread != nil {
		h.unread(event, body)
	}
	return nil
}

func (h *callback[E]) tooLarge() *refusal {
	return &refusal{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", h.maxBody), nil}
}

// brokenOff says why a body could not be read to its end.
func (h *callback[E]) brokenOff(err error) *refusal {
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		return h.tooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &refusal{http.StatusRequestTimeout, "the body came too slowly", err}
	}
	return &refusal{http.StatusBadRequest, "the body broke off", err}
}

// malformed says what is wrong with a body, in words that are not those of the body: they are logged, and an answer
// that repeated what was sent could be made to read as success.
func malformed(err error) string {
	if field, ok := errors.AsType[*FieldError](err); ok {
		return fmt.Sprintf("member %s: %s", field.Path, field.Reason)
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "the body is empty or ends too early"
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fmt.Sprintf("the body is not JSON, at byte %d", syntax.ByteOffset)
	}
	return "the body is not right: " + err.Error()
}

// logRefusal writes why a delivery was not answered with success. The URL is left out, since the token stands in it,
// and the body, which is personal data.
func (h *callback[E]) logRefusal(r *http.Request, refused *refusal) {
	level, message := slog.LevelWarn, "quecloud: notification refused"
	switch {
	case refused.status == http.StatusOK:
		level, message = slog.LevelDebug, "quecloud: callback address probed"
	case refused.status >= 500:
		level, message = slog.LevelError, "quecloud: notification not handled"
	}
	attrs := []slog.Attr{
		slog.String("kind", h.name), slog.Int("status", refused.status), slog.String("reason", refused.reason),
		slog.String("remote", r.RemoteAddr),
	}
	if refused.err != nil {
		attrs = append(attrs, errorAttrs(refused.err)...)
	}
	h.log().LogAttrs(r.Context(), level, message, attrs...)
}

// errorAttrs are an error for the log, with the stack of a panic.
func errorAttrs(err error) []slog.Attr {
	attrs := []slog.Attr{slog.String("error", textOf(err))}
	if panicked, ok := err.(*panicError); ok {
		attrs = append(attrs, slog.String("stack", string(panicked.stack)))
	}
	return attrs
}

// textOf is an error's text. It is the user's error, and may be a pointer that is nil, whose methods panic.
func textOf(err error) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("an error without a text, of type %T", err)
		}
	}()
	return maskError(err)
}

// A panicError is a panic of the user's function, or of what else the handler was given.
type panicError struct {
	cause any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.cause) }
