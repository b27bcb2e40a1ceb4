package lenient

import (
	"bytes"
	"cmp"
	"reflect"
	"strings"
)

// An envelopePart is one of the members that every response has.
type envelopePart int

const (
	noPart envelopePart = iota
	resultCode
	errorMessage
)

// partOf returns the part of the envelope that a member is.
func partOf(name []byte) envelopePart {
	switch {
	case len(name) == len("resultCode") && strings.EqualFold(string(name), "resultCode"):
		return resultCode
	case len(name) == len("errorMessage") && strings.EqualFold(string(name), "errorMessage"):
		return errorMessage
	}
	return noPart
}

// readEnvelope reads a part of the envelope, and also sets the field f of v if the caller's own struct has one.
func (d *decoder) readEnvelope(part envelopePart, v reflect.Value, f *field) {
	d.peek()
	start := d.at
	if f != nil && f.set != nil {
		d.readScalar(f, f.pointer(v.FieldByIndex(f.index)))
		d.at = start
	}
	raw := d.next()
	text := raw
	switch raw[0] {
	case '"':
		var valid bool
		if text, valid = d.unquoted(raw); !valid && f == nil { // otherwise readScalar has reported it
			d.reportNotUTF8(raw)
		}
	case 'n':
		text = nil
	}
	r := &d.response
	if part == errorMessage {
		r.Message = cmp.Or(string(text), r.Message)
		return
	}
	n, ok := wholeNumber(bytes.TrimSpace(text))
	code := int(n)
	switch {
	case len(text) == 0:
	case !ok || int64(code) != n:
		r.CodeProblem = &Problem{"resultCode", Excerpt(string(raw), 64), "want a whole number"}
	case r.HasCode && r.Code != code:
		r.CodeProblem = &Problem{"resultCode", Excerpt(string(raw), 64), "comes a second time, with another value"}
	default:
		r.Code, r.HasCode = code, true
	}
}

// succeeded reports whether the result code is 0. A refusal has nothing but the envelope.
func (r *Response) succeeded() bool { return r.HasCode && r.Code == 0 && r.CodeProblem == nil }
