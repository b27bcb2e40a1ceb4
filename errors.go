package quecloud

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

var (
	// ErrUnauthorized is what an [*APIError] with resultCode 70031 is, by errors.Is. The document gives the code for
	// requests with another verb than POST only (§ 1.7 (3)), which the SDK does not send; that it also stands for
	// credentials that are not good for the call is our assumption. For a wrong signature an example (§ 2.2.5) shows
	// resultCode 1 with the message 签名错误: any [*APIError] on every call may mean the same.
	ErrUnauthorized = errors.New("unauthorized")

	// ErrOutcomeUnknown says that a call that changes something was sent and that no usable answer came: it may have
	// happened or not. The error's text says what to do before repeating it. See the section "Spending safely" of the
	// package documentation.
	ErrOutcomeUnknown = errors.New("the outcome is unknown: the call was sent and may have taken effect")

	// ErrQueryFailed says that a response has resultCode 0 and says that the query failed: issuccess is false, or rpscode
	// is not 0000. Why the document does not say; it may be worth asking again later.
	ErrQueryFailed = errors.New("the platform could not find out what was asked")

	// ErrPartial says that what was asked was not done for all of the cards. The method's result is valid and tells for
	// which it was; there may be none. Where the response does not account for some cards, the error is
	// [ErrOutcomeUnknown] as well.
	ErrPartial = errors.New("not done for all of the cards")

	// ErrAttemptTimeout says that the platform did not answer within the time that [WithTimeout] allows one attempt.
	// Its Timeout method returns true, as that of a [net.Error]. When the caller's own deadline passes instead, the
	// error is [context.DeadlineExceeded].
	ErrAttemptTimeout error = attemptTimeout{}
)

type attemptTimeout struct{}

func (attemptTimeout) Error() string   { return "no answer within the time for one attempt" }
func (attemptTimeout) Timeout() bool   { return true }
func (attemptTimeout) Temporary() bool { return true }

// codeUnauthorized is the only result code that the vendor's document gives a meaning, § 1.7 (3).
const codeUnauthorized = 70031

// An APIError is the platform's refusal of a call: an answer with a resultCode other than 0. It is always a pointer:
//
//	if apiErr, ok := errors.AsType[*quecloud.APIError](err); ok { … apiErr.Code … }
//
// The document gives a meaning to one code only ([ErrUnauthorized]); ask the vendor for those of your account. Do not
// decide by Message: the vendor reserves the right to change it.
type APIError struct {
	Method     string // fc.function.…
	Code       int    // resultCode, never 0
	Message    string // errorMessage, for people; may be empty
	HTTPStatus int    // 200, as a rule
}

// Error says which method was refused, with which code and message.
func (e *APIError) Error() string {
	text := fmt.Sprintf("quecloud: %s: refused with resultCode %d", shortMethod(e.Method), e.Code)
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.HTTPStatus != 200 {
		text += fmt.Sprintf(" (HTTP status %d)", e.HTTPStatus)
	}
	return text
}

// Is reports whether target is the sentinel for this result code.
func (e *APIError) Is(target error) bool {
	return target == ErrUnauthorized && e.Code == codeUnauthorized
}

// A ParamError is bad input, found before anything was sent. It is always a pointer.
type ParamError struct {
	Method string // fc.function.…; empty where no method is involved, as in NewClient and ParseCardID
	Param  string // the parameter's name at the platform, or the name of the Go argument or option
	Reason string // what is wrong with it and what is allowed
}

// Error says which parameter of which method is wrong, and why.
func (e *ParamError) Error() string {
	if e.Method == "" {
		return fmt.Sprintf("quecloud: %s: %s", e.Param, e.Reason)
	}
	return fmt.Sprintf("quecloud: %s: parameter %s: %s; nothing was sent", shortMethod(e.Method), e.Param, e.Reason)
}

// A ResponseError is an answer that is not the platform's protocol: the error page of a proxy, a body that is cut off
// or not JSON, an answer without a resultCode, a value that cannot mean what its place says. It is always a pointer.
type ResponseError struct {
	Method     string // fc.function.…
	HTTPStatus int    // of the answer
	Body       []byte // the first bytes of what came, at most 512
	Err        error  // what is wrong with it; a [*FieldError] where it is a single value

	// RetryAfter is how long the answer asks to wait, by its header Retry-After; 0 where it does not.
	RetryAfter time.Duration
}

// Error shows what is wrong and what came.
func (e *ResponseError) Error() string {
	text := fmt.Sprintf("quecloud: %s: bad answer with HTTP status %d: %v", shortMethod(e.Method), e.HTTPStatus, e.Err)
	if e.RetryAfter > 0 {
		text += fmt.Sprintf("; it asks to wait for %v", e.RetryAfter)
	}
	if len(e.Body) > 0 {
		text += fmt.Sprintf("; it begins %q", excerpt(e.Body, 120))
	}
	return text
}

// Unwrap returns e.Err.
func (e *ResponseError) Unwrap() error { return e.Err }

// A FieldError is a member of an answer that is missing or cannot be what the document says it is. It is always a
// pointer, inside a [*ResponseError].
type FieldError struct {
	Path   string // where it stands: cards[3].monthflow
	Value  string // what stands there, as JSON and at most 64 bytes; empty where the member is missing
	Reason string // what is wrong with it
}

// Error says which member is wrong, and why.
func (e *FieldError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("member %s: %s", e.Path, e.Reason)
	}
	return fmt.Sprintf("member %s: %s: %s", e.Path, e.Reason, e.Value)
}

// An outcomeError adds ErrOutcomeUnknown, and what to do, to the error that ended a call.
type outcomeError struct {
	err        error
	kind       Kind
	externalID string
}

func (e *outcomeError) Error() string {
	advice := "look at the card's state before repeating it"
	switch {
	case e.kind == KindSpend && e.externalID != "":
		advice = fmt.Sprintf("repeat it with the same ExternalID %q, which never buys twice", e.externalID)
	case e.kind == KindSpend:
		advice = "look for the order in Billing.Wallet before repeating it, and set an ExternalID next time"
	case e.kind == KindOnce:
		advice = "look at what it should have caused (SMS.ListLog, Files.List) before repeating it"
	}
	return fmt.Sprintf("%v; %v; %s", e.err, ErrOutcomeUnknown, advice)
}

func (e *outcomeError) Unwrap() []error { return []error{ErrOutcomeUnknown, e.err} }

// withoutSignature is err, whose text may be that of a transport of the user's, without a signature in it.
func withoutSignature(err error, signature string) error {
	if text := err.Error(); strings.Contains(text, signature) {
		return &reworded{strings.ReplaceAll(text, signature, "…"), err}
	}
	return err
}

// A reworded error is another one with a text of its own.
type reworded struct {
	text string
	err  error
}

func (e *reworded) Error() string { return e.text }
func (e *reworded) Unwrap() error { return e.err }

// callError names the method in front of an error that does not.
func callError(method, doing string, err error) error {
	return fmt.Errorf("quecloud: %s: %s: %w", shortMethod(method), doing, err)
}

func shortMethod(method string) string { return strings.TrimPrefix(method, methodPrefix) }

// excerpt returns a copy of the first n bytes of b, cut between characters.
func excerpt[S string | []byte](b S, n int) S {
	if len(b) > n {
		whole := n
		for whole > max(0, n-utf8.UTFMax) && !utf8.RuneStart(b[whole]) {
			whole--
		}
		b = b[:whole]
	}
	return S(append([]byte(nil), b...))
}
