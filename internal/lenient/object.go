package lenient

import (
	"reflect"
	"slices"
)

// object reads an object into the struct v. pointers are those to its fields, or nil if they are not known. The
// outermost object of a response has an envelope. object reports whether any member has a value.
func (d *decoder) object(v reflect.Value, s *shape, pointers []any, outermost bool) bool {
	var few [64]presence
	seen := few[:]
	if len(s.fields) > len(seen) {
		seen = make([]presence, len(s.fields))
	}
	m := d.memory.of(s)
	d.enter('}')
	for i := 0; d.more(); i++ {
		f, name := d.member(s, m, i)
		switch {
		case outermost && isEnvelope(name):
			d.envelope(name, v, f)
		case f == nil:
			raw := d.unknown()
			d.response.HasPayload = d.response.HasPayload || outermost && !isEmptyValue(raw)
		case outermost || f.receipt:
			d.peek()
			start := d.at
			d.value(f, v, pointers, seen)
			hasContent := f.hasContent(v.FieldByIndex(f.index), d.text[start:d.at])
			d.response.HasPayload = d.response.HasPayload || outermost && hasContent
			d.response.HasReceipt = d.response.HasReceipt || hasContent && (f.receipt || !s.receipts)
		default:
			d.value(f, v, pointers, seen)
		}
	}
	expected := s.required
	if d.Drift != nil {
		expected = s.expected
	}
	for _, f := range expected {
		d.expect(f, s, seen, !outermost || d.response.succeeded())
	}
	return slices.Contains(seen[:len(s.fields)], filled)
}

// value reads the value of a member into its field of v.
func (d *decoder) value(f *field, v reflect.Value, pointers []any, seen []presence) {
	if f.nested != nil && d.peek() == '{' {
		f = f.nested
	}
	if f.receipt {
		d.receipt++
	}
	switch had := seen[f.number]; {
	case had >= hollow:
		d.duplicate(f, v)
	case f.set != nil:
		var to any
		if pointers != nil {
			to = pointers[f.number]
		} else {
			to = f.pointer(v.FieldByIndex(f.index))
		}
		seen[f.number] = empty
		if hasValue, _ := d.scalar(f, to); hasValue {
			seen[f.number] = filled
		}
	default:
		none := empty
		if f.inline && d.peek() == '{' {
			none = hollow
		}
		seen[f.number] = none
		if f.read(d, v.FieldByIndex(f.index)) {
			seen[f.number] = filled
		}
	}
	if f.receipt {
		d.receipt--
	}
}

// duplicate reads the value of a member that had one already. The same scalar may come twice.
func (d *decoder) duplicate(f *field, v reflect.Value) {
	if f.set == nil {
		if raw := d.next(); raw[0] != 'n' {
			d.mismatch(f, raw, "comes a second time")
		}
		return
	}
	first := v.FieldByIndex(f.index)
	second := reflect.New(first.Type()).Elem()
	d.peek()
	start := d.at
	_, ok := d.scalar(f, f.pointer(second))
	if ok && !reflect.DeepEqual(first.Interface(), second.Interface()) {
		first.SetZero() // neither value is more credible
		d.mismatch(f, d.text[start:d.at], "comes a second time, with another value")
	}
}
