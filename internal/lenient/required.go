package lenient

import (
	"bytes"
	"reflect"
)

// A presence says whether an object has a member, and whether that has a value.
type presence uint8

const (
	absent presence = iota
	empty           // null, "" or a value that was rejected
	hollow          // an inline object without a value in any member
	filled
)

// checkPresence reports a field, required or always there, that is missing from the members that an object had.
func (d *decoder) checkPresence(f *field, s *shape, seen []presence, succeeded bool) {
	switch p := s.presence(f, seen); {
	case f.required && p == filled:
		d.response.HasRequired = true
	case f.container != nil && seen[f.container.number] >= hollow: // where it was reported already
	case f.required:
		d.addProblem(f, f.name, nil, "missing")
	case d.Drift == nil || p != absent || !succeeded:
	case f.container == nil || !f.container.always || s.presence(f.container, seen) > empty:
		d.reportAt(Missing, d.place(f.name), "")
	}
}

// presence returns the presence of a member, or of the members that may stand in for it.
func (s *shape) presence(f *field, seen []presence) presence {
	p := seen[f.number]
	if f.inline {
		for _, inner := range s.fields {
			if inner.container == f {
				p = max(p, seen[inner.number])
			}
		}
	}
	return p
}

// isEmptyValue reports whether the value of a member says nothing.
func isEmptyValue(raw []byte) bool {
	switch string(raw) {
	case "null", `""`, "[]", "{}", "0", `"0"`, "false", `"false"`:
		return true
	}
	return false
}

// hasContent reports whether a member is neither zero nor an empty list. A receipt that was rejected has content as
// well.
func (f *field) hasContent(v reflect.Value, raw []byte) bool {
	if !v.IsZero() && (v.Kind() != reflect.Slice || v.Len() > 0) {
		return true
	}
	ofMembers := f.set == nil && v.Kind() == reflect.Struct // whose members say it themselves
	return f.receipt && !ofMembers && !isEmptyValue(raw)
}

// identifiers lists the members that identify something, in lower case, apart from those tagged receipt. The value
// tells whether two rows rarely have the same.
var identifiers = map[string]bool{
	"msisdn": true, "iccid": true, "imsi": true, "imei": true, "msid": true, "number": true, "sms_id": true,
	"orderno": true,
	"spcode":  false, "voicewhitelist": false, "errorlist": false, "id": false, "billingid": false, "companyid": false,
	"productid": false, "alarmid": false, "orderid": false, "externalid": false, "taskid": false,
}

// identifies reports whether a scalar can be an identifier. true and false cannot, nor can 0 where one is required.
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
