package lenient

import (
	"bytes"
	"reflect"
	"slices"
)

// A presence says what there is of a member in an object.
type presence uint8

const (
	absent presence = iota
	empty           // null or "", or a value that is of no use
	hollow          // an inline object in which no member says anything
	filled
)

// expect looks for a field, required or always there, among the members that an object had.
func (d *decoder) expect(f *field, s *shape, seen []presence, succeeded bool) {
	switch there := s.presence(f, seen); {
	case f.required && there == filled:
		d.met = true
	case f.container != nil && seen[f.container.number] >= hollow: // in which it was looked for already
	case f.required:
		if d.fails(f) {
			d.failure = &Problem{Path: d.place(f.name), Reason: "missing"}
		}
	case d.Drift == nil || there != absent || !succeeded:
	case f.container == nil || !f.container.always || s.presence(f.container, seen) > empty:
		d.tell(Missing, d.place(f.name), "")
	}
}

// presence is what there is of a member, or of the members that may stand in its stead.
func (s *shape) presence(f *field, seen []presence) presence {
	there := seen[f.number]
	if f.inline {
		for _, inner := range s.fields {
			if inner.container == f {
				there = max(there, seen[inner.number])
			}
		}
	}
	return there
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

// identifiers are the members that identify something, in lower case, besides those tagged receipt, and whether they are
// rarely the same in two rows.
var identifiers = map[string]bool{
	"msisdn": true, "iccid": true, "imsi": true, "imei": true, "msid": true, "number": true, "sms_id": true, "orderno": true,
	"spcode": false, "voicewhitelist": false, "errorlist": false, "id": false, "billingid": false, "companyid": false,
	"productid": false, "alarmid": false, "orderid": false, "externalid": false, "taskid": false,
}

// identifies reports whether a scalar can be an identifier: true and false are none, and where one is required neither is 0.
func (s scalar) identifies(required bool) bool {
	switch {
	case s.kind == 't' || s.kind == 'f':
		return false
	case !required || s.text[0] > '0':
		return true
	}
	text := bytes.TrimSpace(s.text)
	return bytes.IndexByte(text, '0') < 0 || len(bytes.Trim(text, "0.-")) > 0
}
