package lenient

import (
	"cmp"
	"strings"
)

// A Kind says how a text differs from the tags.
type Kind string

// The kinds of drift.
const (
	UnknownMember Kind = "unknown member" // it has no field
	WrongType     Kind = "wrong type"     // the JSON type of a scalar is not in the document; it is read all the same
	WrongValue    Kind = "wrong value"    // it does not fit its field, which stays zero
	Missing       Kind = "missing"        // it is tagged required or always, and absent
	NotUTF8       Kind = "not UTF-8"      // its bytes are kept
)

// checkType reports a scalar of another JSON type than in the document.
func (d *decoder) checkType(f *field, raw []byte) {
	if f.types == "" {
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
		d.report(WrongType, raw)
	}
}

// report reports a drift in the current place.
func (d *decoder) report(kind Kind, raw []byte) {
	d.reportAt(kind, d.place(""), string(Excerpt(raw, 64)))
}

// reportAt calls the drift function, at most MaxDrifts times. A text that is not JSON has no drifts: before the first
// call, reportAt checks the syntax of the whole text.
func (d *decoder) reportAt(kind Kind, path, value string) {
	if !d.validated {
		var whole cursor
		whole.begin(d.text)
		whole.next()
		if whole.expectEnd(); whole.broken {
			d.breakOff()
		}
		d.validated = true
	}
	if d.broken {
		return
	}
	d.skipped = d.skipped || kind == WrongValue
	if d.drifts++; d.MaxDrifts == 0 || d.drifts <= d.MaxDrifts {
		d.Drift(kind, path, value)
	}
}

// skipUnknown skips and returns the value of a member without a field.
func (d *decoder) skipUnknown() []byte {
	raw := d.next()
	if d.Drift != nil {
		d.report(UnknownMember, raw)
	}
	return raw
}

func (d *decoder) reportNotUTF8(raw []byte) {
	if d.response.NotUTF8 == "" {
		d.response.NotUTF8 = cmp.Or(d.place(""), "the whole")
	}
	if d.Drift != nil {
		d.report(NotUTF8, raw)
	}
}
