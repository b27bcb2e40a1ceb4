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

// A decoder reads one answer.
type decoder struct {
	cursor
	Options
	receipt  int      // how many members tagged receipt enclose the present one
	given    bool     // there is something in the answer besides the envelope
	done     bool     // a receipt says something; or any member that is known, where none is tagged receipt
	met      bool     // a required member was there
	receipts bool     // some members are tagged receipt
	failure  *Problem // the first member that is not what it should be
	garbled  string   // where the first text stands that is not UTF-8
	drifts   int      // so far
	unread   bool     // a drift was a WrongValue
	scratch  []byte
	json     jsontext.Decoder // finds out whether the text is JSON
	source   bytes.Buffer
	strings  [256][4]string // recently read short texts by their hash, latest first, so that repeated ones share memory
	order    [64]*field     // the members of the object read last, because the next has them in the same order
	ordered  *shape         // whose members they are
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

var jsonOptions = json.JoinOptions(
	jsontext.AllowDuplicateNames(true), // found out by what they mean, in object
	jsontext.AllowInvalidUTF8(true),    // one broken character in an SMS must not hide a page of others
)

// An envelope is what every answer has.
type envelope struct {
	code    int
	hasCode bool
	problem *Problem // why the code cannot be told
	message string
}

// decode reads a whole answer into result, which is nil or a pointer. It reports the envelope and, apart from it, a
// syntax error of the text, or the first member that is wrong.
func (d *decoder) decode(body []byte, result any) (env envelope, err error) {
	target := reflect.ValueOf(result)
	shape := noFields
	if target.IsValid() {
		target = target.Elem()
		target.SetZero() // an earlier attempt may have left something in it
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
		d.met = shape.bare.read(d, target.FieldByIndex(shape.bare.index))
	}
	if shape == noFields && target.IsValid() {
		d.checkEncoding(d.text)
		if err := json.Unmarshal(d.text, result, foreignOptions); err != nil {
			return env, err
		}
	}
	return env, d.failed()
}

// decodeObject reads a whole text that must be an object, and has no envelope, into the struct that result points to.
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

// begin goes to the beginning of a text, or says why it is not JSON.
func (d *decoder) begin(body []byte) error {
	d.cursor.begin(bytes.TrimPrefix(body, []byte("\ufeff")))
	d.receipt, d.given, d.done, d.met, d.failure, d.garbled = 0, false, false, false, nil, ""
	d.drifts, d.unread = 0, false
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

// release lets go of the text.
func (d *decoder) release() { d.text, d.source = nil, bytes.Buffer{} }

func (d *decoder) failed() error {
	if d.failure != nil {
		return d.failure
	}
	return nil
}

// object reads an object into the struct v. The outermost one has an envelope. It reports whether any member says something.
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
			d.given = d.given || env != nil && !slices.Contains(nothing, string(raw))
		default:
			if !f.receipt && env == nil {
				d.member(v, f, seen)
				break
			}
			d.peek()
			start := d.at
			d.member(v, f, seen)
			something := f.saysSomething(v.FieldByIndex(f.index), d.text[start:d.at])
			d.given = d.given || env != nil && something
			d.done = d.done || something && (f.receipt || !s.receipts)
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

// field reads a member's name and returns the field for it, or nil, and the name. Objects of a list usually have the same
// members in the same order, so the one at that place, i, in the object before is tried first.
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

// member reads the value of one member into its field of v.
func (d *decoder) member(v reflect.Value, f *field, seen []presence) {
	if f.nested != nil && d.peek() == '{' {
		f = f.nested
	}
	if f.receipt {
		d.receipt++
		defer func() { d.receipt-- }()
	}
	again := seen[f.number] >= hollow
	if f.scalar == nil && !again {
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
			d.failHere(f, raw, "stands here a second time")
		}
		return
	}
	to := v.FieldByIndex(f.index)
	if again {
		to = reflect.New(to.Type()).Elem()
	}
	some, ok := d.setScalar(f, to, raw)
	seen[f.number] = max(seen[f.number], empty)
	if some {
		seen[f.number] = filled
	}
	if again && ok && !reflect.DeepEqual(to.Interface(), v.FieldByIndex(f.index).Interface()) {
		v.FieldByIndex(f.index).SetZero() // nobody knows which of them is meant
		d.failHere(f, raw, "stands here a second time, with another value")
	}
}

// setScalar sets a field to the meaning of a JSON value. It reports whether something stands there, which null and "" do
// not, and whether that can be what the field wants.
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

// failHere records that the value just read is not what the field needs, unless nobody needs it.
func (d *decoder) failHere(f *field, raw []byte, reason string) {
	if d.Drift != nil && (d.Strict || !d.counts(f)) {
		d.report(WrongValue, raw)
		return
	}
	if d.fails(f) {
		d.failure = &Problem{d.place(""), string(Excerpt(raw, 64)), reason}
	}
}

// counts reports whether anybody needs a field.
func (d *decoder) counts(f *field) bool { return d.Strict || f.required || f.receipt || d.receipt > 0 }

// fails reports whether what is wrong with a field is the first that matters.
func (d *decoder) fails(f *field) bool { return d.failure == nil && d.counts(f) }

var seed = maphash.MakeSeed()

// share returns a text as a string, and the same string for texts that come again and again.
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

// succeeded reports whether the platform has done what was asked. What it refuses has nothing but the envelope.
func (e *envelope) succeeded() bool { return e.hasCode && e.code == 0 && e.problem == nil }

// takes reports whether a member is part of the envelope.
func (*envelope) takes(name []byte) bool {
	return len(name) == len("resultCode") && strings.EqualFold(string(name), "resultCode") ||
		len(name) == len("errorMessage") && strings.EqualFold(string(name), "errorMessage")
}

// envelope reads a member of the envelope, and gives it to a field f of v too where the caller's own struct has one.
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
		if text, valid = d.unquoted(raw); !valid && f == nil { // or else setScalar has reported it
			d.reportGarbled(raw)
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
		env.problem = &Problem{"resultCode", Excerpt(string(raw), 64), "stands here a second time, with another value"}
	default:
		env.code, env.hasCode = code, true
	}
}
