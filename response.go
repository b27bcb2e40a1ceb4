// This file decides the outcome of a response: classify turns it into a success, a refusal or a bad response.

package quecloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/quecloud/quecloud-go/internal/lenient"
)

// maxResponse is the largest JSON response that the SDK reads. The largest that the document allows, with 1000 cards,
// has about 1 MiB.
const maxResponse = 64 << 20

// buffers holds buffers for responses. Those larger than maxKept are not returned to it.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const maxKept = 4 << 20

// receiveJSON classifies a response. bodyErr is the reason why a part of its text is missing, or nil if it is complete.
func (c *core) receiveJSON(call *callState, a *attempt, text *bytes.Buffer, bodyErr error, location string) {
	switch {
	case bodyErr != nil:
		a.interrupted = true
		a.err = call.badResponse(a, text.Bytes(), fmt.Errorf("it broke off: %w", bodyErr))
	case int64(text.Len()) > maxResponse:
		a.err = call.badResponse(a, text.Bytes(), fmt.Errorf("it has more than %d bytes", maxResponse))
	default:
		c.classify(call, a, text.Bytes(), location)
	}
}

// classify reads a response into the result of the call and decides whether it is a success, a refusal or neither.
func (c *core) classify(call *callState, a *attempt, text []byte, location string) {
	reads := call.endpoint.kind == KindRead
	result := call.result
	if _, ok := result.(*download); ok {
		result = nil
	}
	read, err := lenient.Decode(text, result, lenient.Options{Strict: reads, Drift: c.driftOf(call, a), Now: c.now})
	err = fieldError(err)
	a.record(&read, err)

	hasResult := read.HasRequired || read.HasReceipt && (read.Receipts || reads) // the members that the method needs
	switch {
	case a.responded && read.Code != 0:
		message := excerpt(hide(excerpt(read.Message, maxMessage+len(a.signature)), a.signature), maxMessage)
		notDone := slices.Contains(c.retry.NotDoneCodes, read.Code)
		a.err = &APIError{call.endpoint.method, call.subject, read.Code, message, a.status, notDone}
	case a.saysSuccess && err == nil && (a.isAccepted() || hasResult):
	default:
		err = a.problem(&read, err, text, location)
		a.responded = false
		a.err = call.badResponse(a, text, err)
	}
}

// record records the parts of a response that the decoder found. err is the decoder's.
func (a *attempt) record(read *lenient.Response, err error) {
	isJSON := err == nil || errors.As(err, new(*FieldError))
	a.responded = read.HasCode && read.CodeProblem == nil && isJSON
	a.code, a.saysSuccess, a.notUTF8 = read.Code, a.responded && read.Code == 0, hide(read.NotUTF8, a.signature)
	a.hasPayload, a.reportsEffect = read.HasPayload, read.HasReceipt || read.HasPayload && !read.Receipts
}

// isAccepted reports whether the HTTP status is one of success.
func (a *attempt) isAccepted() bool { return 200 <= a.status && a.status < 300 }

// problem returns the error in a response that is neither a success nor a refusal. err is the decoder's.
func (a *attempt) problem(read *lenient.Response, err error, text []byte, location string) error {
	field, isField := errors.AsType[*FieldError](err)
	switch {
	case 300 <= a.status && a.status < 400:
		target := excerpt(hide(location, a.signature), 256)
		return fmt.Errorf("it redirects to %q, which is not followed: correct the base URL", target)
	case a.saysSuccess && !a.isAccepted() && !isField:
		return errors.New("resultCode is 0, but the status is an error, and nothing else in the response shows success")
	case !a.isAccepted() && !a.responded:
		return errors.New(foreignResponse(a.status))
	case len(bytes.TrimSpace(text)) == 0:
		return errors.New("it is empty")
	case err != nil && !isField:
		return fmt.Errorf("it is not complete JSON: %w", err)
	case read.CodeProblem != nil:
		return a.withoutSignature((*FieldError)(read.CodeProblem))
	case !read.HasCode:
		return errors.New("it has no resultCode")
	case isField:
		return a.withoutSignature(field)
	}
	return err
}

// withoutSignature returns a copy of a FieldError with the signature hidden.
func (a *attempt) withoutSignature(field *FieldError) error {
	return &FieldError{hide(field.Path, a.signature), hide(field.Value, a.signature), field.Reason}
}

// maxMessage is the length to which an errorMessage is cut, in bytes.
const maxMessage = 1024

// foreignResponse explains a response with an error status and no resultCode: a server in front of the platform wrote
// it.
func foreignResponse(status int) string {
	text := "it has no resultCode: a server in front of the platform seems to have sent it"
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return text + "; perhaps it lets only known addresses in"
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return text + "; perhaps the base URL is wrong"
	case http.StatusProxyAuthRequired:
		return text + "; the proxy wants credentials"
	}
	return text
}

// driftOf returns the drift handler for a response. It hides the signature from the user's handler.
func (c *core) driftOf(call *callState, a *attempt) func(kind lenient.Kind, path, value string) {
	if c.drift == nil {
		return nil
	}
	return func(kind lenient.Kind, path, value string) {
		c.drift(Drift{call.endpoint.method, DriftKind(kind), hide(path, a.signature), hide(value, a.signature)})
	}
}

// badResponse returns the error for a response that does not follow the protocol.
func (call *callState) badResponse(a *attempt, text []byte, err error) error {
	body := excerpt(hide(excerpt(text, 600), a.signature), 512)
	return &ResponseError{
		call.endpoint.method, call.subject, a.status, body, withoutSecret(err, a.signature), a.retryAfter,
	}
}

// A callFunc is the method do of a service.
type callFunc func(ctx context.Context, method string, params, result any, checks ...outcomeCheck) error

// fetch makes a call whose whole response is a T.
func fetch[T any](ctx context.Context, do callFunc, method string, params any) (*T, error) {
	result := new(T)
	return onSuccess(result, do(ctx, method, params, result))
}

// onSuccess returns the result of a call that succeeded, and the zero value with an error. No part of a failed response
// gets out.
func onSuccess[T any](result T, err error) (T, error) {
	if err != nil {
		var zero T
		return zero, err
	}
	return result, nil
}

// queryResult returns the error of a call whose response has a second verdict besides resultCode: the member name with
// the text verdict, of which ok says whether it means success. If it does not, errors in other members do not matter.
func queryResult(method, name, verdict string, ok bool, err error) error {
	if verdict == "" || ok || err != nil && !errors.As(err, new(*FieldError)) {
		return err
	}
	return callError(method, fmt.Sprintf("%s is %q", name, verdict), ErrQueryFailed)
}
