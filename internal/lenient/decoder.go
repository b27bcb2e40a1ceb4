package lenient

import (
	"bytes"
	"cmp"
	"errors"
	"hash/maphash"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A decoder decodes one text.
type decoder struct {
	cursor
	Options
	receipt     int      // how many of the enclosing members are tagged receipt
	hasPayload  bool     // as in Response
	hasReceipt  bool     // as in Response
	hasRequired bool     // as in Response
	receipts    bool     // as in Response
	failure     *Problem // the first one
	notUTF8     string   // as in Response
	drifts      int      // so far
	skipped     bool     // a drift was a WrongValue
	scratch     []byte
	json        jsontext.Decoder // validates the text
	source      bytes.Buffer
	strings     [256][4]string // recent short texts by their hash, latest first: equal ones share memory
	order       [64]*field     // the members of the last object: the next has the same order
	ordered     *shape         // the shape of that object
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

var jsonOptions = json.JoinOptions(
	jsontext.AllowDuplicateNames(true), // member compares their values
	jsontext.AllowInvalidUTF8(true),    // one broken character in an SMS must not fail a page of them
)

// An envelope holds the members that every response has.
type envelope struct {
	code    int
	hasCode bool
	problem *Problem // why the code is unknown
	message string
}

// decode decodes a whole response into result, which is nil or a pointer. The error is a syntax error or the first
// problem outside the envelope.
func (d *decoder) decode(body []byte, result any) (env envelope, err error) {
	target := reflect.ValueOf(result)
	shape := noFields
	if target.IsValid() {
		target = target.Elem()
		target.SetZero() // an earlier attempt may have set it
		shape = cmp.Or(shapeOf(target.Type()), noFields)
	}
	d.receipts = shape.receipts
	if err := d.begin(body); err != nil {
		return env, err
	}
	defer d.release()
	switch first := d.peek(); {
	case first == '{':
		d.object(target, shape, &env)
	case first == '[' && shape.bare != nil:
		env.hasCode = true
		d.hasRequired = shape.bare.read(d, target.FieldByIndex(shape.bare.index))
	}
	if shape == noFields && target.IsValid() {
		d.checkEncoding(d.text)
		if err := json.Unmarshal(d.text, result, foreignOptions); err != nil {
			return env, err
		}
	}
	return env, d.failed()
}

// decodeObject decodes a text that must be an object, without an envelope, into the struct that result points to.
func (d *decoder) decodeObject(body []byte, result any) error {
	if err := d.begin(body); err != nil {
		return err
	}
	defer d.release()
	if d.peek() != '{' {
		return errNoObject
	}
	target := reflect.ValueOf(result).Elem()
	d.object(target, shapeOf(target.Type()), nil)
	return d.failed()
}

var errNoObject = errors.New("it is not an object")

// begin validates a text and moves to its beginning.
func (d *decoder) begin(body []byte) error {
	d.cursor.begin(bytes.TrimPrefix(body, []byte("\ufeff")))
	d.receipt, d.hasPayload, d.hasReceipt, d.hasRequired, d.failure, d.notUTF8 = 0, false, false, false, nil, ""
	d.drifts, d.skipped = 0, false
	d.source = *bytes.NewBuffer(d.text)
	d.json.Reset(&d.source, jsonOptions)
	if _, err := d.json.ReadValue(); errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	} else if err != nil {
		return err
	}
	if _, err := d.json.ReadToken(); !errors.Is(err, io.EOF) {
		return cmp.Or(err, errors.New("more text after its end"))
	}
	return nil
}

// release drops the references to the text.
func (d *decoder) release() { d.text, d.source = nil, bytes.Buffer{} }

func (d *decoder) failed() error {
	if d.failure != nil {
		return d.failure
	}
	return nil
}

// object reads an object into the struct v. The outermost object of a response has an envelope. object reports whether
// any member has a value.
func (d *decoder) object(v reflect.Value, s *shape, env *envelope) bool {
	var few [64]presence
	seen := few[:]
	if len(s.fields) > len(seen) {
		seen = make([]presence, len(s.fields))
	}
	d.enter()
	for i := 0; d.peek() != '}'; i++ {
		d.isAt(d.at)
		f, name := d.field(s, i)
		switch {
		case env != nil && env.takes(name):
			d.envelope(env, name, v, f)
		case f == nil:
			raw := d.unknown()
			d.hasPayload = d.hasPayload || env != nil && !slices.Contains(nothing, string(raw))
		default:
			if !f.receipt && env == nil {
				d.member(v, f, seen)
				break
			}
			d.peek()
			start := d.at
			d.member(v, f, seen)
			something := f.saysSomething(v.FieldByIndex(f.index), d.text[start:d.at])
			d.hasPayload = d.hasPayload || env != nil && something
			d.hasReceipt = d.hasReceipt || something && (f.receipt || !s.receipts)
		}
	}
	d.leave()
	expected := s.required
	if d.Drift != nil {
		expected = s.expected
	}
	for _, f := range expected {
		d.expect(f, s, seen, env == nil || env.succeeded())
	}
	return slices.Contains(seen[:len(s.fields)], filled)
}

// field reads the name of the i-th member and returns its field, nil if there is none, and the name. It tries the i-th
// field of the previous object first, because the objects of a list usually have the same members in the same order.
func (d *decoder) field(s *shape, i int) (f *field, name []byte) {
	if d.ordered != s {
		d.ordered = s
		clear(d.order[:])
	}
	if i < len(d.order) {
		if f := d.order[i]; f != nil && bytes.HasPrefix(d.text[d.at:], f.quoted) {
			d.at += len(f.quoted)
			return f, f.quoted[1 : len(f.quoted)-1]
		}
	}
	name, _ = d.unquoted(d.next())
	f = s.find(name)
	if i < len(d.order) {
		d.order[i] = f
	}
	return f, name
}

// member reads the value of a member into its field of v.
func (d *decoder) member(v reflect.Value, f *field, seen []presence) {
	if f.nested != nil && d.peek() == '{' {
		f = f.nested
	}
	if f.receipt {
		d.receipt++
		defer func() { d.receipt-- }()
	}
	duplicate := seen[f.number] >= hollow
	if f.scalar == nil && !duplicate {
		none := empty
		if f.inline && d.peek() == '{' {
			none = hollow
		}
		seen[f.number] = none
		if f.read(d, v.FieldByIndex(f.index)) {
			seen[f.number] = filled
		}
		return
	}
	raw := d.next()
	if f.scalar == nil {
		if raw[0] != 'n' {
			d.failHere(f, raw, "comes a second time")
		}
		return
	}
	to := v.FieldByIndex(f.index)
	if duplicate {
		to = reflect.New(to.Type()).Elem()
	}
	some, ok := d.setScalar(f, to, raw)
	seen[f.number] = max(seen[f.number], empty)
	if some {
		seen[f.number] = filled
	}
	if duplicate && ok && !reflect.DeepEqual(to.Interface(), v.FieldByIndex(f.index).Interface()) {
		v.FieldByIndex(f.index).SetZero() // neither value is more credible
		d.failHere(f, raw, "comes a second time, with another value")
	}
}

// setScalar sets a field to a JSON value. It reports whether there is a value, other than null and "", and whether the
// field accepts it.
func (d *decoder) setScalar(f *field, v reflect.Value, raw []byte) (some, ok bool) {
	text := scalar{raw[0], raw}
	switch text.kind {
	case '"':
		if text.text = raw[1 : len(raw)-1]; !d.plain {
			text.text = d.textOf(raw)
		}
	case 'n':
		return false, false
	}
	if len(text.text) == 0 {
		return false, false
	}
	if f.blank != nil && maySayNothing(text.text[0]) && f.blank(text.text) {
		if d.Drift != nil && isNull(text.text) {
			d.report(WrongValue, raw)
		}
		return false, false
	}
	switch {
	case text.kind == '{' || text.kind == '[':
		d.failHere(f, raw, "want "+f.want)
		return true, false
	case f.id && !text.identifies(f.required):
		d.failHere(f, raw, "identifies nothing")
		return true, false
	case !f.scalar(d, v, text):
		d.failHere(f, raw, "want "+f.want)
		return true, false
	}
	d.checkType(f, raw)
	return true, true
}

// failHere records that the value just read does not fit its field: as a drift or, if the field counts, as the problem.
func (d *decoder) failHere(f *field, raw []byte, reason string) {
	if d.Drift != nil && (d.Strict || !d.counts(f)) {
		d.report(WrongValue, raw)
		return
	}
	if d.fails(f) {
		d.failure = &Problem{d.place(""), string(Excerpt(raw, 64)), reason}
	}
}

// counts reports whether a problem of the field fails the text.
func (d *decoder) counts(f *field) bool { return d.Strict || f.required || f.receipt || d.receipt > 0 }

// fails reports whether a problem of the field is the first that counts.
func (d *decoder) fails(f *field) bool { return d.failure == nil && d.counts(f) }

var seed = maphash.MakeSeed()

// share returns a text as a string, the same one for recent equal texts.
func (d *decoder) share(text []byte) string {
	if len(text) == 0 || len(text) > 32 {
		return string(text)
	}
	recent := &d.strings[maphash.Bytes(seed, text)%uint64(len(d.strings))]
	for i, s := range recent {
		if s == string(text) {
			copy(recent[1:i+1], recent[:i])
			recent[0] = s
			return s
		}
	}
	copy(recent[1:], recent[:])
	recent[0] = string(text)
	return recent[0]
}

// succeeded reports whether the result code is 0. A refusal has nothing but the envelope.
func (e *envelope) succeeded() bool { return e.hasCode && e.code == 0 && e.problem == nil }

// takes reports whether a member is part of the envelope.
func (*envelope) takes(name []byte) bool {
	return len(name) == len("resultCode") && strings.EqualFold(string(name), "resultCode") ||
		len(name) == len("errorMessage") && strings.EqualFold(string(name), "errorMessage")
}

// envelope reads a member of the envelope, and also sets the field f of v if the caller's own struct has one.
func (d *decoder) envelope(env *envelope, name []byte, v reflect.Value, f *field) {
	isCode := len(name) == len("resultCode")
	raw := d.next()
	if f != nil && f.scalar != nil {
		d.setScalar(f, v.FieldByIndex(f.index), raw)
	}
	text := raw
	switch raw[0] {
	case '"':
		var valid bool
		if text, valid = d.unquoted(raw); !valid && f == nil { // otherwise setScalar has reported it
			d.reportNotUTF8(raw)
		}
	case 'n':
		text = nil
	}
	if !isCode {
		env.message = cmp.Or(string(text), env.message)
		return
	}
	n, ok := wholeNumber(bytes.TrimSpace(text))
	code := int(n)
	switch {
	case len(text) == 0:
	case !ok || int64(code) != n:
		env.problem = &Problem{"resultCode", Excerpt(string(raw), 64), "want a whole number"}
	case env.hasCode && env.code != code:
		env.problem = &Problem{"resultCode", Excerpt(string(raw), 64), "comes a second time, with another value"}
	default:
		env.code, env.hasCode = code, true
	}
}
