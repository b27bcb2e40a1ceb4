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

// maxResponse is how large a JSON response may be. The largest that the document allows, 1000 cards, have about 1 MiB.
const maxResponse = 64 << 20

// buffers hold answers while they are read. Unusually large ones are not kept.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const maxKept = 4 << 20

// receiveJSON judges a response, of which the whole text came unless broken says why not.
func (c *core) receiveJSON(call *callState, a *attempt, text *bytes.Buffer, broken error, location string) {
	switch {
	case broken != nil:
		a.interrupted = true
		a.err = call.badResponse(a, text.Bytes(), fmt.Errorf("it broke off: %w", broken))
	case int64(text.Len()) > c.maxResponse:
		a.err = call.badResponse(a, text.Bytes(), fmt.Errorf("it has more than %d bytes", c.maxResponse))
	default:
		c.judge(call, a, text.Bytes(), location)
	}
}

// judge reads a response into the call's result and decides whether it is a success.
func (c *core) judge(call *callState, a *attempt, text []byte, location string) {
	reads := call.endpoint.kind == KindRead
	result := call.result
	if _, ok := result.(*download); ok {
		result = nil
	}
	read, err := lenient.Decode(text, result, lenient.Options{Strict: reads, Drift: c.driftOf(call, a), Now: c.now})
	err = fieldError(err)
	field, isField := errors.AsType[*FieldError](err)
	a.responded = read.HasCode && read.CodeProblem == nil && (err == nil || isField)
	a.code, a.claimed, a.garbled = read.Code, a.responded && read.Code == 0, hide(read.NotUTF8, a.signature)
	a.given, a.done = read.HasPayload, read.HasReceipt || read.HasPayload && !read.Receipts
	accepted := 200 <= a.status && a.status < 300
	fulfilled := read.HasRequired || read.HasReceipt && (read.Receipts || reads) // what the method needs has come
	switch {
	case a.responded && read.Code != 0:
		message := excerpt(hide(excerpt(read.Message, maxMessage+len(a.signature)), a.signature), maxMessage)
		a.err = &APIError{call.endpoint.method, call.subject, read.Code, message, a.status, slices.Contains(c.retry.NotDoneCodes, read.Code)}
		return
	case a.claimed && err == nil && (accepted || fulfilled):
		return
	case 300 <= a.status && a.status < 400:
		err = fmt.Errorf("it redirects to %q, which is not followed: correct the base URL", excerpt(hide(location, a.signature), 256))
	case a.claimed && !accepted && !isField:
		err = errors.New("resultCode is 0, but the status is an error, and nothing else in the response shows success")
	case !accepted && !a.responded:
		err = errors.New(foreign(a.status))
	case len(bytes.TrimSpace(text)) == 0:
		err = errors.New("it is empty")
	case err != nil && !isField:
		err = fmt.Errorf("it is not whole JSON: %w", err)
	case read.CodeProblem != nil:
		err = a.withoutSignature((*FieldError)(read.CodeProblem))
	case !read.HasCode:
		err = errors.New("it has no resultCode")
	case isField:
		err = a.withoutSignature(field)
	}
	a.responded = false
	a.err = call.badResponse(a, text, err)
}

// withoutSignature hides the signature in what is wrong with a member.
func (a *attempt) withoutSignature(field *FieldError) error {
	return &FieldError{hide(field.Path, a.signature), hide(field.Value, a.signature), field.Reason}
}

// maxMessage is how much of an errorMessage is kept, in bytes.
const maxMessage = 1024

// foreign says what a response with an error status and no resultCode means: something in front of the platform wrote it.
func foreign(status int) string {
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

// driftOf is the drift handler for a response, from which it hides the signature.
func (c *core) driftOf(call *callState, a *attempt) func(kind lenient.Kind, path, value string) {
	if c.drift == nil {
		return nil
	}
	return func(kind lenient.Kind, path, value string) {
		c.drift(Drift{call.endpoint.method, DriftKind(kind), hide(path, a.signature), hide(value, a.signature)})
	}
}

// badResponse is the error for a response that is not the protocol.
func (c *callState) badResponse(a *attempt, text []byte, err error) error {
	return &ResponseError{c.endpoint.method, c.subject, a.status, excerpt(hide(excerpt(text, 600), a.signature), 512), withoutSignature(err, a.signature), a.retryAfter}
}

// A caller is the way of a service to the pipeline.
type callFunc func(ctx context.Context, method string, params, result any, checks ...outcomeCheck) error

// fetch makes a call whose whole answer is a T.
func fetch[T any](ctx context.Context, do callFunc, method string, params any) (*T, error) {
	result := new(T)
	return onSuccess(result, do(ctx, method, params, result))
}

// onSuccess returns a result only without an error, so that nobody takes what is left of a failed call for an answer.
func onSuccess[T any](result T, err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	return result, nil
}

// queryResult is the error of a call whose answer has a verdict of its own besides resultCode. Where the verdict is no,
// the other members mean nothing, and it is no matter what is wrong with them.
func queryResult(method, name, verdict string, ok bool, err error) error {
	if verdict == "" || ok || err != nil && !errors.As(err, new(*FieldError)) {
		return err
	}
	return callError(method, fmt.Sprintf("%s is %q", name, verdict), ErrQueryFailed)
}
