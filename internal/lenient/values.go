package lenient

import (
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
)

// reject skips a value of the wrong kind. It reports whether that is no problem, because the value is null or "".
func (d *decoder) reject(f *field, want string) bool {
	raw := d.next()
	if !f.isElement && (raw[0] == 'n' || string(raw) == `""`) {
		return true
	}
	d.mismatch(f, raw, "want "+want)
	return false
}

// maxList limits the memory of the elements of a list, in bytes. A short text can stand for many large elements.
const maxList = 256 << 20

// maxGuess limits the elements that a list gets room for after its first: the largest page has 1000.
const maxGuess = 999

// readList reads a list. null and "" are empty lists.
func (d *decoder) readList(f, element *field, v reflect.Value) bool {
	if d.peek() != '[' {
		return d.reject(f, "a list")
	}
	t := v.Type().Elem()
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	var r *row
	if element.shape != nil {
		r = d.takeRow(t, element.shape())
	}
	d.enter(']')
	for n := 0; d.more(); n++ {
		if d.problem != nil { // the caller does not see the list
			d.next()
			continue
		}
		if uintptr(n) >= maxList/max(1, t.Size()) {
			d.addProblem(f, "", nil, "more elements than can be held")
			d.next()
			continue
		}
		start := d.at
		if n == v.Cap() {
			v.Grow(n + 1) // doubles the capacity; append grows by less and would copy a page of 1000 cards more often
		}
		v.SetLen(n + 1)
		d.readElement(element, v.Index(n), r)
		if n == 0 && len(d.path) <= 2 { // the list is the response, and its elements have about the same length
			v.Grow(min((len(d.text)-d.at)/(d.at-start), maxGuess))
		}
	}
	if r != nil {
		d.putRow(element.shape(), r)
	}
	return true
}

// readElement reads an element of a list, which, unlike a member, cannot be absent. r is for elements that are structs.
func (d *decoder) readElement(f *field, v reflect.Value, r *row) {
	switch first := d.peek(); {
	case first == 'n':
		d.mismatch(f, d.next(), "an element of a list cannot be null")
	case f.set != nil:
		d.readScalar(f, f.pointer(v))
	case r != nil && first == '{':
		d.unique.begin()
		d.readObject(r.value, f.shape(), r.pointers, false)
		v.Set(r.value)
		r.value.SetZero()
	default:
		f.read(d, v)
	}
}

// readPointee reads a value into a new variable, and sets a pointer to it if there is a value.
func (d *decoder) readPointee(f *field, pointer reflect.Value) (hasValue bool) {
	to := reflect.New(pointer.Type().Elem())
	if f.set != nil || d.peek() == 'n' {
		hasValue, _ = d.readScalar(f, f.pointer(to.Elem()))
	} else {
		hasValue = f.read(d, to.Elem())
	}
	if hasValue {
		pointer.Set(to)
	}
	return hasValue
}

// readSeparated reads a list that is one text with separators, or a JSON list.
func (d *decoder) readSeparated(f, element *field, v reflect.Value, separators string) bool {
	if d.peek() == '[' {
		return d.readList(f, element, v)
	}
	raw := d.next()
	text := raw
	switch raw[0] {
	case '"':
		if text = d.textOf(raw); len(text) == 0 {
			return false
		}
	case 'n':
		return false
	case '{':
		d.mismatch(f, raw, "want a text or a list of texts")
		return true
	}
	texts := strings.FieldsFunc(string(text), func(r rune) bool { return r == ' ' || strings.ContainsRune(separators, r) })
	if len(texts) > 0 {
		v.Set(reflect.ValueOf(texts))
	}
	return len(texts) > 0
}

// readForeign reads a value by means of the JSON library.
func (d *decoder) readForeign(f *field, v reflect.Value) bool {
	raw := d.next()
	d.checkEncoding(raw)
	if err := json.Unmarshal(raw, v.Addr().Interface(), foreignOptions); err != nil {
		d.mismatch(f, raw, err.Error())
	}
	return raw[0] != 'n'
}
