package lenient

import (
	"cmp"
	"encoding"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go-json-experiment/json"
	"github.com/shopspring/decimal"
)

// A shape describes how to read a struct type.
type shape struct {
	number   int // counts the shapes; 0 is noFields
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
	number    int   // in shape.fields
	index     []int // in the struct
	container *field
	nested    *field // used instead if the value is an object
	required  bool
	always    bool
	inline    bool
	receipt   bool
	isID      bool   // it holds an identifier
	isElement bool   // it stands for the elements of a list, which cannot be absent
	types     string // the JSON types of a scalar in the document, as in the tag; empty if unknown
	want      string // what a scalar may be, for errors
	epochs    epochRule
	isBlank   func(text []byte) bool             // reports whether a scalar means the same as null; may be nil
	set       setter                             // nil if the field is not scalar
	isPlain   bool                               // a scalar and no receipt, without a nested field
	basic     reflect.Type                       // of the pointer that set takes, if it is not that to the field
	shape     func() *shape                      // of a struct
	read      func(*decoder, reflect.Value) bool // for values that are not scalar; reports whether there is one
}

// pointer returns the pointer to a field that set takes.
func (f *field) pointer(v reflect.Value) any {
	p := v.Addr()
	if f.basic != nil {
		p = p.Convert(f.basic)
	}
	return p.Interface()
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

var shapeCount atomic.Int32

func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	var s *shape
	if t.Kind() == reflect.Struct && !ReadsItself(t) {
		s = &shape{number: int(shapeCount.Add(1)), byName: map[string]*field{}}
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
	f := &field{name: name, number: len(s.fields), index: index, container: container}
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
	f.isID = f.receipt || isID
	f.describe(sf.Type, separators)
	if unique && sf.Type.Kind() == reflect.String && !ReadsItself(sf.Type) {
		f.set = setUnique
	}
	f.isPlain = f.set != nil && !f.receipt
	for _, name := range names {
		if beside := s.byName[name]; beside != nil && beside.container == f {
			beside.nested = f // an object with a member of its own name: page.page
			beside.isPlain = false
		} else if beside == nil {
			s.byName[name] = f
		}
	}
}

// describe chooses how to read values of a type.
func (f *field) describe(t reflect.Type, separators string) {
	if f.want, f.set = scalarFor(t, f.epochs); f.set != nil {
		if !ReadsItself(t) {
			f.basic = basicTypes[t.Kind()]
		}
		if f.types == "" {
			f.types = usualType(t)
		}
		f.isBlank = blankFor(t)
		return
	}
	switch {
	case separators != "":
		text := &field{receipt: f.receipt, isID: f.isID, isElement: true, want: "a text", set: setString}
		f.read = func(d *decoder, v reflect.Value) bool { return d.readSeparated(f, text, v, separators) }
	case t.Kind() == reflect.Pointer:
		pointee := f.inner(t.Elem(), f.isElement)
		f.read = func(d *decoder, v reflect.Value) bool { return d.readPointee(pointee(), v) }
	case t.Kind() == reflect.Slice && !ReadsItself(t) && t.Elem().Kind() != reflect.Uint8:
		element := f.inner(t.Elem(), true)
		f.read = func(d *decoder, v reflect.Value) bool { return d.readList(f, element(), v) }
	case t.Kind() == reflect.Struct && !ReadsItself(t):
		f.shape = sync.OnceValue(func() *shape { return shapeOf(t) })
		f.read = func(d *decoder, v reflect.Value) bool {
			if d.peek() != '{' {
				d.reject(f, "an object")
				return false
			}
			return d.readObject(v, f.shape(), nil, false) || !f.inline
		}
	default:
		f.read = func(d *decoder, v reflect.Value) bool { return d.readForeign(f, v) }
	}
}

// inner returns a function that returns the field for the values in a pointer or list. It is lazy because types can be
// recursive.
func (f *field) inner(t reflect.Type, isElement bool) func() *field {
	return sync.OnceValue(func() *field {
		inner := &field{receipt: f.receipt, isID: f.isID, isElement: isElement}
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
