package lenient

import (
	"cmp"
	"encoding"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/shopspring/decimal"
)

// A shape describes how to read a struct type.
type shape struct {
	fields   []*field
	required []*field          // subset of fields
	expected []*field          // subset of fields: required or always there
	byName   map[string]*field // by lower-case name
	bare     *field

	receipts bool // a field is tagged receipt
}

var noFields = &shape{}

// A field describes how to read a member.
type field struct {
	name      string
	quoted    []byte // the name as JSON
	number    int    // in shape.fields
	index     []int  // in the struct
	container *field
	nested    *field // used instead if the value is an object
	required  bool
	always    bool
	inline    bool
	receipt   bool
	id        bool   // it holds an identifier
	element   bool   // it stands for the elements of a list, which cannot be absent
	types     string // the JSON types of a scalar in the document, as in the tag; empty if unknown
	want      string // what a scalar may be, for errors
	epochs    epochRule
	blank     func(text []byte) bool // reports whether a scalar means the same as null; may be nil
	scalar    func(*decoder, reflect.Value, scalar) bool
	read      func(*decoder, reflect.Value) bool // for other values; reports whether there is one
}

func (s *shape) find(name []byte) *field {
	if f := s.byName[string(name)]; f != nil {
		return f
	}
	var lower [64]byte
	return s.byName[string(appendLower(lower[:0], name))]
}

func appendLower(dst, name []byte) []byte {
	for _, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

var shapes sync.Map // reflect.Type → *shape; nil for types that the JSON library reads

func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	var s *shape
	if t.Kind() == reflect.Struct && !ReadsItself(t) {
		s = &shape{byName: map[string]*field{}}
		s.addStruct(t, nil, nil)
		for _, f := range s.fields {
			if f.required {
				s.required = append(s.required, f)
			}
			if f.required || f.always {
				s.expected = append(s.expected, f)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(s.byName)) { // sorted, so that the same name wins every time
			if lower := strings.ToLower(name); s.byName[lower] == nil {
				s.byName[lower] = s.byName[name]
			}
		}
	}
	actual, _ := shapes.LoadOrStore(t, s)
	return actual.(*shape)
}

// ReadsItself reports whether a type unmarshals its own JSON or text.
func ReadsItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[json.UnmarshalerFrom]()) ||
		p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func (s *shape) addStruct(t reflect.Type, index []int, container *field) {
	for i := range t.NumField() {
		sf := t.Field(i)
		name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		at := append(slices.Clip(index), i)
		switch {
		case sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Struct && !ReadsItself(sf.Type):
			s.addStruct(sf.Type, at, container)
		case name == "-" || !sf.IsExported():
		default:
			s.addField(sf, cmp.Or(name, sf.Name), at, container)
		}
	}
}

func (s *shape) addField(sf reflect.StructField, name string, index []int, container *field) {
	f := &field{
		name: name, quoted: strconv.AppendQuote(nil, name), number: len(s.fields), index: index, container: container,
	}
	s.fields = append(s.fields, f)
	names := []string{name}
	separators := ""
	for option := range strings.FieldsSeq(sf.Tag.Get("quec")) {
		key, value, _ := strings.Cut(option, "=")
		switch key {
		case "alias":
			names = append(names, strings.Split(value, ",")...)
		case "required":
			f.required = true
		case "receipt":
			f.receipt, s.receipts = true, true
		case "always":
			f.always = true
		case "bare":
			s.bare = f
		case "sep":
			separators = value
		case "type":
			f.types = value
		case "epoch":
			f.epochs = epochFirst
		case "future":
			f.epochs = epochFuture
		case "inline":
			f.inline = true
			s.addStruct(sf.Type, index, f)
		}
	}
	unique, isID := identifiers[strings.ToLower(name)]
	f.id = f.receipt || isID
	f.describe(sf.Type, separators)
	if unique && sf.Type.Kind() == reflect.String && !ReadsItself(sf.Type) {
		f.scalar = setUnique
	}
	for _, name := range names {
		if beside := s.byName[name]; beside != nil && beside.container == f {
			beside.nested = f // an object with a member of its own name: page.page
		} else if beside == nil {
			s.byName[name] = f
		}
	}
}

// describe chooses how to read values of a type.
func (f *field) describe(t reflect.Type, separators string) {
	if f.want, f.scalar = scalarFor(t, f.epochs); f.scalar != nil {
		f.blank = blankFor(t)
		if f.types == "" {
			f.types = usualType(t)
		}
		return
	}
	switch {
	case separators != "":
		element := &field{receipt: f.receipt, id: f.id, element: true, want: "a text", scalar: setString}
		f.read = func(d *decoder, v reflect.Value) bool { return d.separated(f, element, v, separators) }
	case t.Kind() == reflect.Pointer:
		inner := f.inner(t.Elem(), f.element)
		f.read = func(d *decoder, v reflect.Value) bool { return d.pointer(inner(), v) }
	case t.Kind() == reflect.Slice && !ReadsItself(t) && t.Elem().Kind() != reflect.Uint8:
		element := f.inner(t.Elem(), true)
		f.read = func(d *decoder, v reflect.Value) bool { return d.list(f, element(), v) }
	case t.Kind() == reflect.Struct && !ReadsItself(t):
		shape := sync.OnceValue(func() *shape { return shapeOf(t) })
		f.read = func(d *decoder, v reflect.Value) bool {
			if d.peek() != '{' {
				d.reject(f, "an object")
				return false
			}
			return d.object(v, shape(), nil) || !f.inline
		}
	default:
		f.read = func(d *decoder, v reflect.Value) bool { return d.foreign(f, v) }
	}
}

// inner returns a function that returns the field for the values in a pointer or list. It is lazy because types can be
// recursive.
func (f *field) inner(t reflect.Type, element bool) func() *field {
	return sync.OnceValue(func() *field {
		inner := &field{receipt: f.receipt, id: f.id, element: element}
		inner.describe(t, "")
		return inner
	})
}

// usualType returns the JSON type that the document usually gives to values of a Go type.
func usualType(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[decimal.Decimal]():
		return "n"
	case t.Kind() == reflect.String || t.Kind() == reflect.Struct:
		return "s"
	}
	return "n"
}

// reject skips a value of the wrong kind. It reports whether that is no problem, because the value is null or "".
func (d *decoder) reject(f *field, want string) bool {
	raw := d.next()
	if !f.element && (raw[0] == 'n' || string(raw) == `""`) {
		return true
	}
	d.failHere(f, raw, "want "+want)
	return false
}

// maxList limits the memory of the elements of a list, in bytes. A short text can stand for many large elements.
const maxList = 256 << 20

// maxGuess limits the elements that a list gets room for after its first: the largest page has 1000.
const maxGuess = 999

// list reads a list. null and "" are empty lists.
func (d *decoder) list(f, element *field, v reflect.Value) bool {
	if d.peek() != '[' {
		return d.reject(f, "a list")
	}
	d.enter()
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	for n := 0; d.peek() != ']'; n++ {
		d.isAt(^n)
		if d.failure != nil { // the caller does not see the list
			d.next()
			continue
		}
		if uintptr(n) >= maxList/max(1, v.Type().Elem().Size()) {
			if d.fails(f) {
				d.failure = &Problem{Path: d.place(""), Reason: "more elements than can be held"}
			}
			d.next()
			continue
		}
		start := d.at
		if n == v.Cap() {
			v.Grow(n + 1) // doubles the capacity; append grows by less and would copy a page of 1000 cards more often
		}
		v.SetLen(n + 1)
		d.element(element, v.Index(n))
		if n == 0 && len(d.path) <= 2 { // the list is the response, and its elements have about the same length
			v.Grow(min((len(d.text)-d.at)/(d.at-start), maxGuess))
		}
	}
	d.leave()
	return true
}

// element reads an element of a list, which, unlike a member, cannot be absent.
func (d *decoder) element(f *field, v reflect.Value) {
	if f.scalar == nil && d.peek() != 'n' {
		f.read(d, v)
		return
	}
	if raw := d.next(); raw[0] == 'n' {
		d.failHere(f, raw, "an element of a list cannot be null")
	} else {
		d.setScalar(f, v, raw)
	}
}

func (d *decoder) pointer(inner *field, v reflect.Value) (some bool) {
	to := reflect.New(v.Type().Elem())
	if d.peek() == 'n' || inner.scalar != nil {
		_, some = d.setScalar(inner, to.Elem(), d.next())
	} else {
		some = inner.read(d, to.Elem())
	}
	if some {
		v.Set(to)
	}
	return some
}

// separated reads a list that is one text with separators, or a JSON list.
func (d *decoder) separated(f, element *field, v reflect.Value, separators string) bool {
	if d.peek() == '[' {
		return d.list(f, element, v)
	}
	raw := d.next()
	text := raw
	switch raw[0] {
	case '"':
		text = d.textOf(raw)
	case 'n':
		return false
	case '{':
		d.failHere(f, raw, "want a text or a list of texts")
		return true
	}
	texts := strings.FieldsFunc(string(text), func(r rune) bool { return r == ' ' || strings.ContainsRune(separators, r) })
	if len(texts) > 0 {
		v.Set(reflect.ValueOf(texts))
	}
	return len(texts) > 0
}

// foreign reads a value by means of the JSON library.
func (d *decoder) foreign(f *field, v reflect.Value) bool {
	raw := d.next()
	d.checkEncoding(raw)
	if err := json.Unmarshal(raw, v.Addr().Interface(), foreignOptions); err != nil {
		d.failHere(f, raw, err.Error())
	}
	return raw[0] != 'n'
}
