package quecloud

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// maxAnswer is how large a JSON answer may be. The largest that the document allows, 1000 cards, have about 1 MiB.
const maxAnswer = 64 << 20

// buffers hold answers while they are read. Unusually large ones are not kept.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const maxKept = 4 << 20

// receiveJSON reads a whole answer and judges it.
func (c *core) receiveJSON(call *call, a *attempt, body io.Reader, size int64, location string) {
	text := buffers.Get().(*bytes.Buffer)
	defer func() {
		if text.Cap() <= maxKept {
			text.Reset()
			buffers.Put(text)
		}
	}()
	if 0 < size && size <= maxKept {
		text.Grow(int(size) + bytes.MinRead)
	}
	_, err := text.ReadFrom(io.LimitReader(body, c.maxAnswer+1))
	switch {
	case err != nil:
		a.cut = true
		a.err = call.badAnswer(a, text.Bytes(), fmt.Errorf("it broke off: %w", err))
	case int64(text.Len()) > c.maxAnswer:
		a.err = call.badAnswer(a, text.Bytes(), fmt.Errorf("it has more than %d bytes", c.maxAnswer))
	default:
		c.judge(call, a, text.Bytes(), location)
	}
}

// judge reads an answer into the call's result and decides whether it is a success.
func (c *core) judge(call *call, a *attempt, text []byte, location string) {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	d.method, d.strict, d.drift, d.now = call.endpoint.method, call.endpoint.kind == KindRead, c.drift, c.now
	result := call.result
	if _, ok := result.(*download); ok {
		result = nil
	}
	env, err := d.decode(text, result)
	field, isField := errors.AsType[*FieldError](err)
	a.answered = env.hasCode && env.problem == nil && (err == nil || isField)
	a.code, a.done, a.garbled = env.code, d.given, d.garbled
	switch {
	case a.answered && env.code != 0:
		a.err = &APIError{call.endpoint.method, env.code, a.hide(env.message), a.status}
		return
	case 300 <= a.status && a.status < 400:
		err = fmt.Errorf("it redirects to %q, which is not followed: correct the base URL", a.hide(location))
	case a.status != http.StatusOK:
		err = errors.New("the status is not 200")
	case len(bytes.TrimSpace(text)) == 0:
		err = errors.New("it is empty")
	case err != nil && !isField:
		err = fmt.Errorf("it is not whole JSON: %w", err)
	case env.problem != nil:
		err = env.problem
	case !env.hasCode:
		err = errors.New("it has no resultCode")
	case isField:
		err = &FieldError{field.Path, a.hide(field.Value), field.Reason}
	default:
		return
	}
	a.answered = false
	a.err = call.badAnswer(a, text, err)
}

// hide takes the signature out of what came: somebody on the way may have sent the call back.
func (a *attempt) hide(text string) string { return strings.ReplaceAll(text, a.signature, "…") }

// badAnswer is the error for an answer that is not the protocol.
func (c *call) badAnswer(a *attempt, text []byte, err error) error {
	return &ResponseError{c.endpoint.method, a.status, []byte(a.hide(string(excerpt(text, 512)))), err, a.retryAfter}
}
