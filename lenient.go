package quecloud

import (
	"bytes"
	"cmp"
	"errors"
	"hash/maphash"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The platform's JSON cannot be trusted in its types, nor in the case and spelling of its names: a number comes as text
// in one method and bare in the next. The rules of reading it all the same are here and in scalars.go.
//
// What a member may be beyond its name in the json tag is said in the tag quec, whose words are separated by spaces:
//
//	alias=a,b   other names of the same member
//	required    an answer without it is no answer; null and "" count as missing, but a list may be null
//	receipt     what the caller of a changing method pays for, or what tells an event: only such members can turn its
//	            success into an error
//	inline      the members of this object may also stand beside it
//	bare        the whole answer may be this list instead of an object
//	sep=,;      a text that is a list, separated by any of these characters
//	type=ns     the JSON types the document gives it: n number, s text, b boolean. Only needed where they differ from what
//	            the Go type suggests: a number for numbers and flags, else a text
//
// Names match whatever their case. Members that no field knows are skipped.

// A Drift is a place where an answer is not what the SDK knows of the platform. See [WithDriftHandler].
type Drift struct {
	Method string    // fc.function.…, or sms or order for an event
	Kind   DriftKind // what is off
	Path   string    // where: cards[3].monthflow
	Value  string    // the JSON that stands there, at most 64 bytes. It may be personal data
}

// A DriftKind says in which way an answer differs from what the SDK knows.
type DriftKind string

const (
	// DriftUnknownMember is a member of an object that no field of the SDK takes.
	DriftUnknownMember DriftKind = "unknown member"
	// DriftWrongType is a scalar whose JSON type is none that the document gives it, such as "12" for a number. It is read
	// all the same.
	DriftWrongType DriftKind = "wrong type"
	// DriftWrongValue is a value that cannot mean what its place says: "abc" for a number. Its field stays zero.
	DriftWrongValue DriftKind = "wrong value"
	// DriftNotUTF8 is a text that is not in UTF-8, though the document promises it. Its bytes are kept as they came, in
	// GBK for example, and so is the escape of half a surrogate pair. Mind that [encoding/json] replaces such bytes when it
	// writes them, by U+FFFD, and that encoding/json/v2 refuses to write them.
	DriftNotUTF8 DriftKind = "not UTF-8"
)

// A decoder reads one answer.
type decoder struct {
	cursor
	method  string
	strict  bool        // every member counts, not only those tagged receipt
	drift   func(Drift) // may be nil
	receipt int         // how many members tagged receipt enclose the present one
	given   bool        // there is something in the answer besides the envelope
	done    bool        // a receipt says something; or any member that is known, where none is tagged receipt
	met     bool        // a required member was there
	failure *FieldError // the first member that is not what it should be
	garbled string      // where the first text stands that is not UTF-8
	scratch []byte
	json    jsontext.Decoder // finds out whether the text is JSON
	source  bytes.Buffer
	strings [256][2]string // recently read short texts by their hash, so that repeated ones share memory
	order   [64]*field     // the members of the object read last, because the next has them in the same order
	ordered *shape         // whose members they are
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

var jsonOptions = json.JoinOptions(
	jsontext.AllowDuplicateNames(true), // found out by what they mean, in object
	jsontext.AllowInvalidUTF8(true),    // one broken character in an SMS must not hide a page of others
)

// foreignOptions are for types that the JSON library reads. Left to itself it replaces what is not UTF-8.
var foreignOptions = json.JoinOptions(jsonOptions, json.MatchCaseInsensitiveNames(true),
	json.WithUnmarshalers(json.JoinUnmarshalers(json.UnmarshalFromFunc(foreignString), json.UnmarshalFromFunc(foreignAny))))

func foreignString(dec *jsontext.Decoder, to *string) error {
	if dec.PeekKind() != jsontext.KindString {
		return errors.ErrUnsupported
	}
	raw, err := dec.ReadValue()
	if err == nil {
		text, _ := appendText(nil, raw)
		*to = string(text)
	}
	return err
}

func foreignAny(dec *jsontext.Decoder, to *any) error {
	var text string
	err := foreignString(dec, &text)
	if err == nil {
		*to = text
	}
	return err
}

// An envelope is what every answer has.
type envelope struct {
	code    int
	hasCode bool
	problem *FieldError // why the code cannot be told
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
	if err := d.begin(body); err != nil {
		return env, err
	}
	defer d.release()
	switch first := d.peek(); {
	case first == '{':
		d.object(target, shape, &env)
	case first == '[' && shape.bare != nil:
		env.hasCode = true
		shape.bare.read(d, target.FieldByIndex(shape.bare.index))
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
// Every member counts, unless there is a function to tell of drift.
func (d *decoder) decodeObject(body []byte, result any, drift func(Drift)) error {
	d.method, d.strict, d.drift = "", drift == nil, drift
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
	d.source = *bytes.NewBuffer(d.text)
	d.json.Reset(&d.source, jsonOptions)
	if _, err := d.json.ReadValue(); err == io.EOF {
		return io.ErrUnexpectedEOF
	} else if err != nil {
		return err
	}
	if _, err := d.json.ReadToken(); err != io.EOF {
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

// object reads an object into the struct v. The outermost one has an envelope.
func (d *decoder) object(v reflect.Value, s *shape, env *envelope) {
	var few [64]bool
	seen := few[:]
	if len(s.fields) > len(seen) {
		seen = make([]bool, len(s.fields))
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
			d.peek()
			start := d.at
			d.member(v, f, seen)
			if f.receipt || env != nil {
				something := f.saysSomething(v.FieldByIndex(f.index), d.text[start:d.at])
				d.given = d.given || env != nil && something
				d.done = d.done || something && (f.receipt || !s.receipts)
			}
		}
	}
	d.leave()
	for i, f := range s.fields {
		if f.required && seen[i] {
			d.met = true
		} else if f.required && (f.container == nil || !seen[f.container.number]) {
			d.fail(f, string(appendMember([]byte(d.place()), []byte(f.name))), "", "missing")
		}
	}
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
func (d *decoder) member(v reflect.Value, f *field, seen []bool) {
	if f.nested != nil && d.peek() == '{' {
		f = f.nested
	}
	if f.receipt {
		d.receipt++
		defer func() { d.receipt-- }()
	}
	again := seen[f.number]
	if f.scalar == nil && !again {
		seen[f.number] = f.read(d, v.FieldByIndex(f.index))
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
	seen[f.number] = again || some
	if again && ok && !reflect.DeepEqual(to.Interface(), v.FieldByIndex(f.index).Interface()) {
		v.FieldByIndex(f.index).SetZero() // nobody knows which of them is meant
		d.failHere(f, raw, "stands here a second time, with another value")
	}
}

// nothing is what a member may be that says nothing.
var nothing = []string{"null", `""`, "[]", "{}", "0", `"0"`, "false", `"false"`}

// saysSomething reports whether a member that has been read is neither zero nor an empty list. A receipt that could not be
// read says something as well.
func (f *field) saysSomething(v reflect.Value, raw []byte) bool {
	if !v.IsZero() && (v.Kind() != reflect.Slice || v.Len() > 0) {
		return true
	}
	ofMembers := f.scalar == nil && v.Kind() == reflect.Struct // which speak for themselves
	return f.receipt && !ofMembers && !slices.Contains(nothing, string(raw))
}

// setScalar sets a field to the meaning of a JSON value. It reports whether something stands there, which null and "" do
// not, and whether that can be what the field wants.
func (d *decoder) setScalar(f *field, v reflect.Value, raw []byte) (some, ok bool) {
	return d.set(f, v, raw, d.scalarOf(raw))
}

// scalarOf is what a JSON value says. For null its text is empty.
func (d *decoder) scalarOf(raw []byte) scalar {
	switch raw[0] {
	case '"':
		return scalar{'"', d.textOf(raw)}
	case 'n':
		return scalar{'n', nil}
	}
	return scalar{raw[0], raw}
}

func (d *decoder) set(f *field, v reflect.Value, raw []byte, text scalar) (some, ok bool) {
	if len(text.text) == 0 {
		return false, false
	}
	if text.kind == '{' || text.kind == '[' || !f.scalar(d, v, text) {
		d.failHere(f, raw, "want "+f.want)
		return true, false
	}
	d.checkType(f, raw)
	return true, true
}

// checkType reports a scalar of another JSON type than the document's.
func (d *decoder) checkType(f *field, raw []byte) {
	if d.drift == nil || f.types == "" {
		return
	}
	letter := "n"
	switch raw[0] {
	case '"':
		letter = "s"
	case 't', 'f':
		letter = "b"
	}
	if !strings.Contains(f.types, letter) {
		d.report(DriftWrongType, raw)
	}
}

// report tells of a drift in the present place.
func (d *decoder) report(kind DriftKind, raw []byte) {
	d.drift(Drift{d.method, kind, excerpt(d.place(), 256), excerpt(string(raw), 64)})
}

// unknown skips a member that no field takes, and returns it.
func (d *decoder) unknown() []byte {
	raw := d.next()
	if d.drift != nil {
		d.report(DriftUnknownMember, raw)
	}
	return raw
}

// failHere records that the value just read is not what the field needs, unless nobody needs it.
func (d *decoder) failHere(f *field, raw []byte, reason string) {
	if d.drift != nil && (d.strict || !d.counts(f)) {
		d.report(DriftWrongValue, raw)
		return
	}
	d.fail(f, d.place(), excerpt(string(raw), 64), reason)
}

// fail records what is wrong with a member, unless nobody needs it.
func (d *decoder) fail(f *field, place, value, reason string) {
	if d.counts(f) && d.failure == nil {
		d.failure = &FieldError{Path: place, Value: value, Reason: reason}
	}
}

// counts reports whether anybody needs a field.
func (d *decoder) counts(f *field) bool { return d.strict || f.receipt || d.receipt > 0 }

// textOf returns the text of a JSON string, which is the value just read, and reports it if it is not UTF-8.
func (d *decoder) textOf(raw []byte) []byte {
	text, valid := d.unquoted(raw)
	if !valid {
		d.reportGarbled(raw)
	}
	return text
}

// unquoted returns the text of a JSON string, and whether it is UTF-8. It is valid until the next call of the decoder.
func (d *decoder) unquoted(raw []byte) (text []byte, valid bool) {
	if d.plain || bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1], d.plain || utf8.Valid(raw)
	}
	d.scratch, valid = appendText(d.scratch[:0], raw)
	return d.scratch, valid
}

// checkEncoding reports the value just read if it is not UTF-8, whatever it is.
func (d *decoder) checkEncoding(raw []byte) {
	if !d.plain && !utf8.Valid(raw) {
		d.reportGarbled(raw)
	}
}

func (d *decoder) reportGarbled(raw []byte) {
	if d.garbled == "" {
		d.garbled = cmp.Or(d.place(), "the whole")
	}
	if d.drift != nil {
		d.report(DriftNotUTF8, raw)
	}
}

// share returns a text as a string, and the same string for texts that come again and again.
func (d *decoder) share(text []byte) string {
	if len(text) == 0 || len(text) > 32 {
		return string(text)
	}
	slot := &d.strings[maphash.Bytes(seed, text)%uint64(len(d.strings))]
	if slot[0] != string(text) {
		slot[0], slot[1] = slot[1], slot[0]
	}
	if slot[0] != string(text) {
		slot[0] = string(text)
	}
	return slot[0]
}

// takes reports whether a member is part of the envelope.
func (*envelope) takes(name []byte) bool {
	return len(name) == len("resultCode") && strings.EqualFold(string(name), "resultCode") ||
		len(name) == len("errorMessage") && strings.EqualFold(string(name), "errorMessage")
}

// envelope reads a member of the envelope, and gives it to a field f of v too where the caller's own struct has one.
func (d *decoder) envelope(env *envelope, name []byte, v reflect.Value, f *field) {
	isCode := len(name) == len("resultCode")
	raw := d.next()
	value := d.scalarOf(raw)
	if f != nil && f.scalar != nil {
		d.set(f, v.FieldByIndex(f.index), raw, value)
	}
	text := value.text
	if !isCode {
		env.message = cmp.Or(string(text), env.message)
		return
	}
	code, err := strconv.Atoi(string(text))
	if f, ok := parseFloat(text); ok && f == float64(int32(f)) {
		code, err = int(f), nil // 0.0
	}
	switch {
	case len(text) == 0:
	case err != nil:
		env.problem = &FieldError{"resultCode", excerpt(string(raw), 64), "want a whole number"}
	case env.hasCode && env.code != code:
		env.problem = &FieldError{"resultCode", excerpt(string(raw), 64), "stands here a second time, with another value"}
	default:
		env.code, env.hasCode = code, true
	}
}
