package quecloud

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/quecloud/quecloud-go/internal/lenient"
)

var (
	// ErrUnauthorized is what an [*APIError] with resultCode 70031 is, by errors.Is. The document gives the code for
	// requests with another verb than POST only (§ 1.7 (3)), which the SDK does not send; that it also stands for
	// credentials that are not good for the call is our assumption. For a wrong signature an example (§ 2.2.5) shows
	// resultCode 1 with the message 签名错误: any [*APIError] on every call may mean the same.
	ErrUnauthorized = errors.New("unauthorized")

	// ErrOutcomeUnknown says that a call that changes something may have taken effect or not: no response came, it broke
	// off, a server in front of the platform wrote it, the platform failed with HTTP status 5xx, it refused a purchase but
	// names an order, or it does not account for every card. It can be an [*APIError] or [ErrPartial] at the same time, so ask
	// for it first. The error's text says where to look. See the section "Changes in doubt" of the package documentation.
	//
	// Any other error of a call that changes something, but for [ErrPartial], means that it was not sent or was refused.
	ErrOutcomeUnknown = errors.New("the outcome is unknown: it may have taken effect")

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

func (attemptTimeout) Error() string   { return "no response within the time for one attempt" }
func (attemptTimeout) Timeout() bool   { return true }
func (attemptTimeout) Temporary() bool { return true }

// A codeMeaning is what a refusal means for whoever might try again.
type codeMeaning uint8

const (
	noRefusal        codeMeaning = iota
	codeRefused                  // for a reason that is not documented
	codeUnauthorizes             // the client may not call, whatever it asks
	codeNotDone                  // the user has learnt that it means: not done, try later
)

// codeUnauthorized is the only result code that the vendor's document gives a meaning, § 1.7 (3).
const codeUnauthorized = 70031

// meaningOf says what a result code means. Whoever needs to know asks here.
func meaningOf(err error) codeMeaning {
	refusal, ok := errors.AsType[*APIError](err)
	switch {
	case !ok:
		return noRefusal
	case refusal.Code == codeUnauthorized:
		return codeUnauthorizes
	case refusal.notDone:
		return codeNotDone
	}
	return codeRefused
}

// An APIError is the platform's refusal of a call: an answer with a resultCode other than 0. It is always a pointer:
//
//	if apiErr, ok := errors.AsType[*quecloud.APIError](err); ok { … apiErr.Code … }
//
// The document gives a meaning to one code only ([ErrUnauthorized]); ask the vendor for those of your account. Do not
// decide by Message: the vendor reserves the right to change it.
type APIError struct {
	Method     string // fc.function.…
	Subject    string // what the call was about: a card's number, an order's, a task's; empty where it was about none
	Code       int    // resultCode, never 0
	Message    string // errorMessage, for people, at most 1024 bytes of it; may be empty
	HTTPStatus int    // 200, as a rule

	notDone bool // Code is one of the NotDoneCodes of the client
}

// Error says which method was refused, with which code and message.
func (e *APIError) Error() string {
	text := fmt.Sprintf("quecloud: %s: refused with resultCode %d", nameOf(e.Method, e.Subject), e.Code)
	if e.Message != "" {
		text += ": " + printable(e.Message)
	}
	if e.HTTPStatus != 200 {
		text += fmt.Sprintf(" (HTTP status %d)", e.HTTPStatus)
	}
	return text
}

// Is reports whether target is the sentinel for this result code.
func (e *APIError) Is(target error) bool {
	return target == ErrUnauthorized && meaningOf(e) == codeUnauthorizes
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
	Subject    string // what the call was about: a card's number, an order's, a task's; empty where it was about none
	HTTPStatus int    // of the response
	Body       []byte // the first bytes of what came, at most 512
	Err        error  // what is wrong with it; a [*FieldError] where it is a single value

	// RetryAfter is how long the response asks to wait, by its header Retry-After; 0 where it does not.
	RetryAfter time.Duration
}

// Error shows what is wrong and what came.
func (e *ResponseError) Error() string {
	text := fmt.Sprintf("quecloud: %s: bad response with HTTP status %d: %v", nameOf(e.Method, e.Subject), e.HTTPStatus, e.Err)
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
	return (*lenient.Problem)(e).Error()
}

// fieldError is err, which is a FieldError where it was a problem of the decoder's.
func fieldError(err error) error {
	if problem, ok := errors.AsType[*lenient.Problem](err); ok {
		return (*FieldError)(problem)
	}
	return err
}

// An outcomeError adds ErrOutcomeUnknown, and what to do, to the error that ended a call.
type outcomeError struct {
	err        error
	endpoint   *endpoint
	externalID string
}

func (e *outcomeError) Error() string {
	advice := "find out before trying again"
	switch where := e.endpoint.whereToLook(); {
	case e.externalID != "":
		advice = fmt.Sprintf("look with %s for ExternalID %q before trying again", where, e.externalID)
	case e.endpoint.kind == KindSpend:
		advice = fmt.Sprintf("look with %s before trying again, and set an ExternalID next time", where)
	case where != "":
		advice = fmt.Sprintf("look with %s before trying again", where)
	}
	return fmt.Sprintf("%v; %v; %s", e.err, ErrOutcomeUnknown, advice)
}

func (e *outcomeError) Unwrap() []error { return []error{ErrOutcomeUnknown, e.err} }

// withoutSignature is err, whose text may be that of a transport of the user's, without a signature in it.
func withoutSignature(err error, signature string) error {
	text := err.Error()
	if hidden := hide(text, signature); hidden != text {
		return &reworded{hidden, err}
	}
	return err
}

// hide takes a signature out of a text that came from outside: somebody on the way may have sent the call back. Hexadecimal
// digits mean the same in either case. At its end, where the text may be cut off, a part of a signature counts too.
func hide[S string | []byte](text S, signature string) S {
	const telling = 8 // digits
	for i := 0; len(signature) > telling && i+telling <= len(text); i++ {
		n := min(len(signature), len(text)-i)
		if strings.EqualFold(string(text[i:i+n]), signature[:n]) {
			text = S(string(text[:i]) + "…" + string(text[i+n:]))
		}
	}
	return text
}

// printable is a text from outside in a form that can be shown: control characters, and what changes the direction of
// writing, are escaped.
func printable(text string) string {
	if !strings.ContainsFunc(text, isUnprintable) && utf8.ValidString(text) {
		return text
	}
	quoted := strconv.Quote(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

func isUnprintable(r rune) bool { return !strconv.IsPrint(r) && r != '\u3000' }

// A reworded error is another one with a text of its own.
type reworded struct {
	text string
	err  error
}

func (e *reworded) Error() string { return e.text }
func (e *reworded) Unwrap() error { return e.err }

// callError names the method, and perhaps what it was about, in front of an error that does not.
func callError(name, doing string, err error) error {
	return fmt.Errorf("quecloud: %s: %s: %w", shortMethod(name), doing, err)
}

// nameOf is how errors name a call: by its method, and what it was about.
func nameOf(method, subject string) string {
	if subject == "" {
		return shortMethod(method)
	}
	return shortMethod(method) + " " + printable(subject)
}

func shortMethod(method string) string { return strings.TrimPrefix(method, methodPrefix) }

// excerpt returns a copy of the first n bytes of b, cut between characters.
func excerpt[S string | []byte](b S, n int) S { return lenient.Excerpt(b, n) }
