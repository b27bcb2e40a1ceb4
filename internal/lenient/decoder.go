package lenient

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"reflect"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A decoder decodes one text after the other.
type decoder struct {
	cursor
	Options
	facts
	memory
}

// facts are what a decoder knows about its text.
type facts struct {
	response     Response
	problem      *Problem // the first one that fails the text
	receiptDepth int      // how many of the enclosing members are tagged receipt
	drifts       int      // so far
	skipped      bool     // a drift was a WrongValue
	validated    bool     // the whole text is JSON
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

var jsonOptions = json.JoinOptions(
	jsontext.AllowDuplicateNames(true), // readDuplicate compares their values
	jsontext.AllowInvalidUTF8(true),    // one broken character in an SMS must not fail a page of them
)

// decode decodes a whole response into result, which is nil or a pointer. The error is a syntax error or the first
// problem outside the envelope.
func (d *decoder) decode(body []byte, result any) error {
	target := reflect.ValueOf(result)
	s := noFields
	if target.IsValid() {
		target = target.Elem()
		target.SetZero() // an earlier attempt may have set it
		s = cmp.Or(shapeOf(target.Type()), noFields)
	}
	d.begin(body)
	defer d.release()
	switch first := d.peek(); {
	case first == '{':
		d.readObject(target, s, nil, true)
	case first == '[' && s.bare != nil:
		d.response.HasCode = true
		d.response.HasRequired = s.bare.read(d, target.FieldByIndex(s.bare.index))
	default:
		d.next()
	}
	err := d.finish(target)
	d.response.Receipts = s.receipts
	if err == nil && s == noFields && target.IsValid() {
		d.checkEncoding(d.text)
		err = json.Unmarshal(d.text, result, foreignOptions)
	}
	if err == nil && d.problem != nil {
		err = d.problem
	}
	return err
}

// decodeObject decodes a text that must be an object, without an envelope, into the struct that result points to.
func (d *decoder) decodeObject(body []byte, result any) error {
	target := reflect.ValueOf(result).Elem()
	d.begin(body)
	defer d.release()
	isObject := d.peek() == '{'
	if isObject {
		d.readObject(target, shapeOf(target.Type()), nil, false)
	} else {
		d.next()
	}
	err := d.finish(target)
	switch {
	case err != nil:
	case !isObject:
		err = errNoObject
	case d.problem != nil:
		err = d.problem
	}
	return err
}

var errNoObject = errors.New("it is not an object")

// begin moves to the beginning of a text.
func (d *decoder) begin(body []byte) {
	d.cursor.begin(bytes.TrimPrefix(body, []byte("\ufeff")))
	d.facts = facts{}
	d.unique.begin()
}

// finish checks that nothing is left of the text. Of a text that is not JSON it drops all facts and values.
func (d *decoder) finish(target reflect.Value) error {
	if d.expectEnd(); !d.broken {
		return nil
	}
	if target.IsValid() {
		target.SetZero()
	}
	d.facts = facts{}
	return syntaxError(d.text)
}

// release drops the references to the text and to its strings.
func (d *decoder) release() {
	d.text = nil
	d.unique.begin()
}

// syntaxError returns the error of the JSON library for a text that is not JSON. It says what is wrong, and where.
func syntaxError(text []byte) error {
	var dec jsontext.Decoder
	dec.Reset(bytes.NewBuffer(text), jsonOptions)
	if _, err := dec.ReadValue(); errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	} else if err != nil {
		return err
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) && err != nil {
		return err
	}
	return errors.New("more text after its end")
}

// mismatch records that the value just read does not fit its field: as a drift or, if the field counts, as the problem.
func (d *decoder) mismatch(f *field, raw []byte, reason string) {
	if d.Drift != nil && (d.Strict || !d.counts(f)) {
		d.report(WrongValue, raw)
		return
	}
	d.addProblem(f, "", raw, reason)
}

// addProblem records a problem of the current value or, if it is named, of a member in it, unless an earlier problem
// fails the text.
func (d *decoder) addProblem(f *field, member string, raw []byte, reason string) {
	if d.problem == nil && d.counts(f) {
		d.problem = &Problem{d.place(member), string(Excerpt(raw, 64)), reason}
	}
}

// counts reports whether a problem of the field fails the text.
func (d *decoder) counts(f *field) bool {
	return d.Strict || f.required || f.receipt || d.receiptDepth > 0
}
