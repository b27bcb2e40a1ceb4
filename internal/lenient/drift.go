package lenient

import (
	"cmp"
	"strings"
)

// A Kind says in which way a text differs from what the tags say.
type Kind string

// The kinds of drift.
const (
	UnknownMember Kind = "unknown member" // no field takes it
	WrongType     Kind = "wrong type"     // a scalar whose JSON type is none that the document gives it; it is read all the same
	WrongValue    Kind = "wrong value"    // it cannot mean what its place says; its field stays zero
	Missing       Kind = "missing"        // it is tagged required or always, and absent
	NotUTF8       Kind = "not UTF-8"      // its bytes are kept as they came
)

// checkType reports a scalar of another JSON type than the document's.
func (d *decoder) checkType(f *field, raw []byte) {
	if d.Drift == nil || f.types == "" {
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

// report tells of a drift in the present place.
func (d *decoder) report(kind Kind, raw []byte) {
	d.tell(kind, d.place(""), string(Excerpt(raw, 64)))
}

// tell calls the function for drifts, unless it was called often enough.
func (d *decoder) tell(kind Kind, path, value string) {
	d.unread = d.unread || kind == WrongValue
	if d.drifts++; d.MaxDrifts == 0 || d.drifts <= d.MaxDrifts {
		d.Drift(kind, path, value)
	}
}

// unknown skips a member that no field takes, and returns it.
func (d *decoder) unknown() []byte {
	raw := d.next()
	if d.Drift != nil {
		d.report(UnknownMember, raw)
	}
	return raw
}

func (d *decoder) reportGarbled(raw []byte) {
	if d.garbled == "" {
		d.garbled = cmp.Or(d.place(""), "the whole")
	}
	if d.Drift != nil {
		d.report(NotUTF8, raw)
	}
}
