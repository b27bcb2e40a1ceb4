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
		part, f := d.member(s, m, i)
		switch {
		case outermost:
			d.outermost(part, f, s, v, seen)
		case f == nil:
			d.unknown()
		case f.isPlain && pointers != nil && seen[f.number] < hollow: // nearly all members of a list
			seen[f.number] = empty
			if hasValue, _ := d.scalar(f, pointers[f.number]); hasValue {
				seen[f.number] = filled
			}
		case f.receipt:
			if d.hasContent(f, v, seen) {
				d.response.HasReceipt = true
			}
		default:
			d.value(f, v, seen)
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

// outermost reads the value of a member of a response.
func (d *decoder) outermost(part part, f *field, s *shape, v reflect.Value, seen []presence) {
	switch {
	case part != noPart:
		d.envelope(part, v, f)
	case f == nil:
		d.response.HasPayload = !isEmptyValue(d.unknown()) || d.response.HasPayload
	case d.hasContent(f, v, seen):
		d.response.HasPayload = true
		d.response.HasReceipt = d.response.HasReceipt || f.receipt || !s.receipts
	}
}

// hasContent reads the value of a member into its field of v, and reports whether it says something.
func (d *decoder) hasContent(f *field, v reflect.Value, seen []presence) bool {
	d.peek()
	start := d.at
	d.value(f, v, seen)
	return f.hasContent(v.FieldByIndex(f.index), d.text[start:d.at])
}

// value reads the value of a member into its field of v.
func (d *decoder) value(f *field, v reflect.Value, seen []presence) {
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
		seen[f.number] = empty
		if hasValue, _ := d.scalar(f, f.pointer(v.FieldByIndex(f.index))); hasValue {
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
