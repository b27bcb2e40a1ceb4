package quecloud

import (
	"cmp"
	"strings"
)

// A Drift is a place where an answer is not what the SDK knows of the platform. See [WithDriftHandler].
type Drift struct {
	Method string    // fc.function.…, or sms or order for an event
	Kind   DriftKind // what is off
	Path   string    // where: cards[3].monthflow
	Value  string    // the JSON that stands there, at most 64 bytes. It may be personal data
}

// A DriftKind says in which way an answer differs from what the SDK knows.
type DriftKind string

const (
	// DriftUnknownMember is a member of an object that no field of the SDK takes.
	DriftUnknownMember DriftKind = "unknown member"
	// DriftWrongType is a scalar whose JSON type is none that the document gives it, such as "12" for a number. It is read
	// all the same.
	DriftWrongType DriftKind = "wrong type"
	// DriftWrongValue is a value that cannot mean what its place says: "abc" for a number. Its field stays zero.
	DriftWrongValue DriftKind = "wrong value"
	// DriftMissing is a member that the document says always comes, and that is absent. Its field is zero. A member that is
	// null or "" is not absent. Live responses leave some out.
	DriftMissing DriftKind = "missing"
	// DriftNotUTF8 is a text that is not in UTF-8, though the document promises it. Its bytes are kept as they came, in
	// GBK for example, and so is the escape of half a surrogate pair. Mind that [encoding/json] replaces such bytes when it
	// writes them, by U+FFFD, and that encoding/json/v2 refuses to write them.
	DriftNotUTF8 DriftKind = "not UTF-8"
)

// checkType reports a scalar of another JSON type than the document's.
func (d *decoder) checkType(f *field, raw []byte) {
	if d.drift == nil || f.types == "" {
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
		d.report(DriftWrongType, raw)
	}
}

// report tells of a drift in the present place.
func (d *decoder) report(kind DriftKind, raw []byte) {
	d.drift(Drift{d.method, kind, d.place(""), string(excerpt(raw, 64))})
}

// unknown skips a member that no field takes, and returns it.
func (d *decoder) unknown() []byte {
	raw := d.next()
	if d.drift != nil {
		d.report(DriftUnknownMember, raw)
	}
	return raw
}

func (d *decoder) reportGarbled(raw []byte) {
	if d.garbled == "" {
		d.garbled = cmp.Or(d.place(""), "the whole")
	}
	if d.drift != nil {
		d.report(DriftNotUTF8, raw)
	}
}
