package lenient

import (
	"reflect"
	"slices"
)

// readObject reads an object into the struct v. pointers are those to its fields, or nil if they are not known. The
// outermost object of a response has an envelope. readObject reports whether any member has a value.
func (d *decoder) readObject(v reflect.Value, s *shape, pointers []any, outermost bool) bool {
	var few [64]presence
	seen := few[:]
	if len(s.fields) > len(seen) {
		seen = make([]presence, len(s.fields))
	}
	names := d.namesOf(s)
	name := &names.start
	d.enter('}')
	for d.more() {
		name = d.readName(names, name)
		f := name.field
		switch {
		case outermost:
			d.readOutermost(name, s, v, seen)
		case f == nil:
			d.skipUnknown()
		case f.isPlain && pointers != nil && seen[f.number] < hollow: // nearly all members of a list
			seen[f.number] = empty
			if hasValue, _ := d.readScalar(f, pointers[f.number]); hasValue {
				seen[f.number] = filled
			}
		case f.receipt:
			d.response.HasReceipt = d.readContent(f, v, seen) || d.response.HasReceipt
		default:
			d.readValue(f, v, seen)
		}
	}
	expected := s.required
	if d.Drift != nil {
		expected = s.expected
	}
	for _, f := range expected {
		d.checkPresence(f, s, seen, !outermost || d.response.succeeded())
	}
	return slices.Contains(seen[:len(s.fields)], filled)
}

// readOutermost reads the value of a member of a response.
func (d *decoder) readOutermost(name *memberName, s *shape, v reflect.Value, seen []presence) {
	f := name.field
	switch {
	case name.part != noPart:
		d.readEnvelope(name.part, v, f)
	case f == nil:
		d.response.HasPayload = !isEmptyValue(d.skipUnknown()) || d.response.HasPayload
	case d.response.HasPayload && (d.response.HasReceipt || s.receipts && !f.receipt): // content would say nothing new
		d.readValue(f, v, seen)
	case d.readContent(f, v, seen):
		d.response.HasPayload = true
		d.response.HasReceipt = d.response.HasReceipt || f.receipt || !s.receipts
	}
}

// readContent is readValue. It reports whether the value says something.
func (d *decoder) readContent(f *field, v reflect.Value, seen []presence) bool {
	d.peek()
	start := d.at
	d.readValue(f, v, seen)
	return f.hasContent(v.FieldByIndex(f.index), d.text[start:d.at])
}

// readValue reads the value of a member into its field of v.
func (d *decoder) readValue(f *field, v reflect.Value, seen []presence) {
	if f.nested != nil && d.peek() == '{' {
		f = f.nested
	}
	if f.receipt {
		d.receiptDepth++
	}
	to := v.FieldByIndex(f.index)
	switch {
	case seen[f.number] >= hollow:
		d.readDuplicate(f, to)
	case f.set != nil:
		seen[f.number] = empty
		if hasValue, _ := d.readScalar(f, f.pointer(to)); hasValue {
			seen[f.number] = filled
		}
	default:
		seen[f.number] = empty
		if f.inline && d.peek() == '{' {
			seen[f.number] = hollow
		}
		if f.read(d, to) {
			seen[f.number] = filled
		}
	}
	if f.receipt {
		d.receiptDepth--
	}
}

// readDuplicate reads the value of a member whose field has the value first. The same scalar may come twice.
func (d *decoder) readDuplicate(f *field, first reflect.Value) {
	if f.set == nil {
		if raw := d.next(); raw[0] != 'n' {
			d.mismatch(f, raw, "comes a second time")
		}
		return
	}
	second := reflect.New(first.Type()).Elem()
	d.peek()
	start := d.at
	_, ok := d.readScalar(f, f.pointer(second))
	if ok && !reflect.DeepEqual(first.Interface(), second.Interface()) {
		first.SetZero() // neither value is more credible
		d.mismatch(f, d.text[start:d.at], "comes a second time, with another value")
	}
}
