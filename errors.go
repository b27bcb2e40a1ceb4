// This file has the errors of the SDK. resultCodes has the meanings of the platform's result codes, errorTypes the
// words for the kinds of errors.

package quecloud

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/quecloud/quecloud-go/internal/lenient"
)

var (
	// ErrUnauthorized matches an [*APIError] with resultCode 70031. The document gives the code only for requests with a
	// verb other than POST (§ 1.7 (3)), which the SDK never sends. That it also stands for credentials that do not allow
	// the call is our assumption. For a wrong signature, an example (§ 2.2.5) shows resultCode 1 with the message
	// 签名错误: an [*APIError] on every call may mean the same.
	ErrUnauthorized = errors.New("unauthorized")

	// ErrOutcomeUnknown reports that a call that changes something may or may not have taken effect. It comes where no
	// response arrived or the response broke off, where a server in front of the platform sent it, where the HTTP status
	// is 5xx, where a refused purchase names an order, and where a response does not account for every card. The error can
	// also be an [*APIError] or [ErrPartial], so check for it first. Its text says where to look. See the section "Changes
	// in doubt" of the package documentation.
	//
	// Any other error of a call that changes something, except [ErrPartial], means that the call was not sent or was
	// refused.
	ErrOutcomeUnknown = errors.New("the outcome is unknown: it may have taken effect")

	// ErrQueryFailed reports a response with resultCode 0 whose query failed all the same: issuccess is false, or rpscode
	// is not 0000. The document does not say why; a later call may succeed.
	ErrQueryFailed = errors.New("the query failed at the platform")

	// ErrPartial reports that a call did not succeed for all of its cards. The method's result is valid and lists those
	// for which it did; there may be none. Where the response does not account for some cards, the error is
	// [ErrOutcomeUnknown] as well.
	ErrPartial = errors.New("the call did not succeed for every card")

	// ErrAttemptTimeout reports that no response came within the time that [WithTimeout] allows one attempt. Its Timeout
	// method returns true, like that of a [net.Error]. If the caller's own deadline passes first, the error is
	// [context.DeadlineExceeded].
	ErrAttemptTimeout error = attemptTimeout{}
)

type attemptTimeout struct{}

// Error returns the text of [ErrAttemptTimeout].
func (attemptTimeout) Error() string { return "no response within the time for one attempt" }

// Timeout implements [net.Error]. It returns true.
func (attemptTimeout) Timeout() bool { return true }

// Temporary implements [net.Error]. It returns true: a later attempt may get a response.
func (attemptTimeout) Temporary() bool { return true }

// A codeMeaning is the meaning of a refusal for a retry.
type codeMeaning uint8

const (
	notRefused   codeMeaning = iota // the error is no refusal
	meansUnknown                    // the code is neither documented nor configured: a page or an order may not exist
	meansFailure                    // the code is in resultCodes, and says nothing about a page or an order
	meansNotDone                    // the code is one of the NotDoneCodes: not done, try later
)

// resultCodes lists the result codes whose meaning is known to the SDK, with the error that matches them in errors.Is.
// A new code is a new row; users add codes of their own with RetryPolicy.NotDoneCodes.
var resultCodes = map[int]struct {
	meaning codeMeaning
	is      error
}{
	70031: {meansFailure, ErrUnauthorized}, // § 1.7 (3)
}

// meaningOf returns the meaning of the result code of a refusal. Nothing else in the package interprets result codes.
func meaningOf(err error) codeMeaning {
	refusal, ok := errors.AsType[*APIError](err)
	if !ok {
		return notRefused
	}
	if known, ok := resultCodes[refusal.Code]; ok {
		return known.meaning
	}
	if refusal.notDone {
		return meansNotDone
	}
	return meansUnknown
}

// An APIError is a refusal: a response with a resultCode other than 0. It is always a pointer:
//
//	if apiErr, ok := errors.AsType[*quecloud.APIError](err); ok { … apiErr.Code … }
//
// The document explains one code only ([ErrUnauthorized]); ask the vendor about those of your account. Do not decide by
// Message: the vendor reserves the right to change it.
type APIError struct {
	Method     string // fc.function.…
	Subject    string // number of the card, order or task that the call was about; empty if it was about none
	Code       int    // resultCode, never 0
	Message    string // errorMessage, for people, at most 1024 bytes of it; may be empty
	HTTPStatus int    // usually 200

	notDone bool // Code is one of the NotDoneCodes of the client
}

// Error returns the method, the code and the message of the refusal.
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

// Is reports whether target is the error for e.Code, such as [ErrUnauthorized].
func (e *APIError) Is(target error) bool {
	known, ok := resultCodes[e.Code]
	return ok && target == known.is
}

// A ParamError reports invalid input, found before anything was sent. It is always a pointer.
type ParamError struct {
	Method string // fc.function.…; empty where no method is involved, as in NewClient and ParseCardID
	Param  string // name of the parameter at the platform, or of the Go argument or option
	Reason string // what is wrong with it and what is allowed
}

// Error returns the method, the parameter and the reason.
func (e *ParamError) Error() string {
	if e.Method == "" {
		return fmt.Sprintf("quecloud: %s: %s", e.Param, e.Reason)
	}
	return fmt.Sprintf("quecloud: %s: parameter %s: %s; nothing was sent", shortMethod(e.Method), e.Param, e.Reason)
}

// A ResponseError reports a response that does not follow the platform's protocol: the error page of a proxy, a body
// that is cut off or not JSON, a response without a resultCode, a member with an impossible value. It is always a
// pointer.
type ResponseError struct {
	Method     string // fc.function.…
	Subject    string // number of the card, order or task that the call was about; empty if it was about none
	HTTPStatus int    // of the response
	Body       []byte // first bytes of the response, at most 512
	Err        error  // what is wrong with it; a [*FieldError] where it is a single value

	// RetryAfter is the delay that the response asks for with the header Retry-After; 0 if it asks for none.
	RetryAfter time.Duration
}

// Error returns the reason and the beginning of the response.
func (e *ResponseError) Error() string {
	name := nameOf(e.Method, e.Subject)
	text := fmt.Sprintf("quecloud: %s: bad response with HTTP status %d: %v", name, e.HTTPStatus, e.Err)
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

// A FieldError reports a member of a response that is missing or does not have the form that the document gives it. It
// is always a pointer, inside a [*ResponseError].
type FieldError struct {
	Path   string // where it stands: cards[3].monthflow
	Value  string // its value, as JSON and at most 64 bytes; empty where the member is missing
	Reason string // what is wrong with it
}

// Error returns the path of the member, the reason and the value.
func (e *FieldError) Error() string {
	return (*lenient.Problem)(e).Error()
}

// fieldError returns err, with a problem of the decoder as a FieldError.
func fieldError(err error) error {
	if problem, ok := errors.AsType[*lenient.Problem](err); ok {
		return (*FieldError)(problem)
	}
	return err
}

// ErrorType returns one word for the kind of an error, for metrics and logs, or "" for nil. The words do not change. Of
// those that apply, it returns the first in this order:
//
//	outcome_unknown   ErrOutcomeUnknown: the call may have taken effect, worth an alarm
//	partial           ErrPartial
//	query_failed      ErrQueryFailed
//	order_failed      ErrOrderFailed
//	not_found         ErrNotFound
//	unknown_card      ErrUnknownCard
//	not_started       ErrNotStarted
//	param             *ParamError
//	not_sent          the limiter, or the function of WithCredentials, failed before the first attempt
//	unauthorized      ErrUnauthorized
//	refused           any other *APIError
//	canceled          context.Canceled: a context was canceled
//	deadline_exceeded context.DeadlineExceeded: the deadline of a context passed
//	timeout           ErrAttemptTimeout, or a timeout of the network
//	certificate       the certificate of the server is not trusted
//	response          *ResponseError, or the pages of a sweep contradict each other
//	network           no connection, or it broke
//	other             anything else, such as the error of an interceptor or of a writer
//
// An error that is or wraps a nil pointer has a word too, usually other.
//
// A timeout of package net claims to be a [context.DeadlineExceeded] in [errors.Is]; ErrorType tells the two apart. The
// log of [WithLogger] has the word for each failed attempt as error_type, package otelquecloud for each failed call as
// error.type.
func ErrorType(err error) (word string) {
	if err == nil {
		return ""
	}
	defer func() {
		if recover() != nil { // from a method of a nil pointer in err
			word = "other"
		}
	}()
	for _, t := range errorTypes {
		if t.is(err) {
			return t.word
		}
	}
	return "other"
}

// errorTypes lists the words of ErrorType in their order.
var errorTypes = []struct {
	word string
	is   func(error) bool
}{
	{"outcome_unknown", is(ErrOutcomeUnknown)},
	{"partial", is(ErrPartial)},
	{"query_failed", is(ErrQueryFailed)},
	{"order_failed", is(ErrOrderFailed)},
	{"not_found", is(ErrNotFound)},
	{"unknown_card", is(ErrUnknownCard)},
	{"not_started", is(ErrNotStarted)},
	{"param", isA[*ParamError]},
	{"not_sent", is(errNotSent)},
	{"unauthorized", is(ErrUnauthorized)},
	{"refused", isA[*APIError]},
	{"canceled", is(context.Canceled)},
	{"deadline_exceeded", func(err error) bool { return wraps(err, context.DeadlineExceeded) }},
	{"timeout", func(err error) bool { return anyInTree(err, isTimeout) }},
	{"certificate", isA[*tls.CertificateVerificationError]},
	{"response", func(err error) bool { return isA[*ResponseError](err) || errors.Is(err, errBadPages) }},
	{"network", isA[net.Error]},
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func isA[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

func isTimeout(err error) bool {
	late, ok := err.(net.Error) //nolint:errorlint // anyInTree unwraps
	return ok && late.Timeout()
}

// wraps reports whether err is target or wraps it. Methods Is do not count: a timeout of package net claims to be a
// context.DeadlineExceeded.
func wraps(err, target error) bool {
	return anyInTree(err, func(err error) bool { return err == target }) //nolint:errorlint // anyInTree unwraps
}

// anyInTree reports whether accepts holds for err or for an error that it wraps.
func anyInTree(err error, accepts func(error) bool) bool {
	if err == nil || accepts(err) {
		return err != nil
	}
	switch e := err.(type) { //nolint:errorlint // this unwraps
	case interface{ Unwrap() error }:
		return anyInTree(e.Unwrap(), accepts)
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), func(err error) bool { return anyInTree(err, accepts) })
	}
	return false
}

// errNotSent marks the error of a call that ended before its first attempt, though its context lasts.
var errNotSent = errors.New("not sent")

// errBadPages marks the error of a sweep whose pages contradict each other.
var errBadPages = errors.New("the pages contradict each other")

// An outcomeError adds ErrOutcomeUnknown and advice to the error that ended a call.
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

// withoutSecret returns err with a signature or another secret hidden in its text. The user's transport may quote the
// form, and the function of WithCredentials what it has read.
func withoutSecret(err error, secret string) error {
	text := err.Error()
	if hidden := hide(text, secret); hidden != text {
		return &rewordedError{hidden, err}
	}
	return err
}

// hide replaces a secret, usually the signature, in text from outside, which may quote the request. Case does not
// matter. At the end of the text, where it may be cut off, the first characters of a secret count as well. A secret of
// up to 8 characters is not replaced.
func hide[S string | []byte](text S, secret string) S {
	const minLength = 8
	for i := 0; len(secret) > minLength && i+minLength <= len(text); i++ {
		n := min(len(secret), len(text)-i)
		if strings.EqualFold(string(text[i:i+n]), secret[:n]) {
			text = S(string(text[:i]) + "…" + string(text[i+n:]))
		}
	}
	return text
}

// printable escapes control characters in text from outside, and characters that change the direction of writing.
func printable(text string) string {
	if !strings.ContainsFunc(text, isUnprintable) && utf8.ValidString(text) {
		return text
	}
	quoted := strconv.Quote(text)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

func isUnprintable(r rune) bool { return !strconv.IsPrint(r) && r != '\u3000' }

// A rewordedError is another error with a different text.
type rewordedError struct {
	text string
	err  error
}

func (e *rewordedError) Error() string { return e.text }
func (e *rewordedError) Unwrap() error { return e.err }

// callError adds to err the name of the call and the step that failed. The name is that of a method, or the result of
// nameOf.
func callError(name, doing string, err error) error {
	return fmt.Errorf("quecloud: %s: %s: %w", shortMethod(name), doing, err)
}

// nameOf returns how errors name a call: by its method and the card, order or task that it is about.
func nameOf(method, subject string) string {
	if subject == "" {
		return shortMethod(method)
	}
	return shortMethod(method) + " " + printable(subject)
}

func shortMethod(method string) string { return strings.TrimPrefix(method, methodPrefix) }

// excerpt returns a copy of the first n bytes of b, cut between characters.
func excerpt[S string | []byte](b S, n int) S { return lenient.Excerpt(b, n) }
