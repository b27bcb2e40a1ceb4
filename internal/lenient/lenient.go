// Package lenient decodes the platform's JSON, which does not keep to the types, names and encoding of its document: a
// number arrives bare from one method and as text from another, a date in many forms, an empty list as null.
//
// The Go type of a field decides how a value is read, regardless of its JSON type:
//
//   - cursor.go walks over the text, checks its syntax on the way and names its places: cards[3].monthflow. scan.go
//     finds the ends of strings.
//   - decoder.go decodes a whole text. envelope.go reads its resultCode and errorMessage.
//   - shape.go compiles a struct type and its tags into a shape.
//   - object.go reads an object member by member. names.go finds the field of a member.
//   - values.go reads lists, pointers and types that read themselves. rows.go speeds up lists of structs.
//   - scalars.go reads strings, numbers and booleans: 12, "12", 12.0 and 1.2e1 are the integer 12; 1, "1" and "TRUE"
//     are true; a bare number in a string field keeps its digits. numbers.go parses them.
//   - times.go reads times and dates: it has their layouts and decides when digits are seconds since 1970.
//   - memory.go lets equal strings share memory, and the texts of an object.
//   - required.go decides which members are missing and whether a response shows that something was done.
//   - encoding.go keeps text that is not UTF-8 byte for byte.
//   - drift.go reports differences from the document.
//
// Names match in any case. Members without a field are skipped. A null or empty value leaves its field zero. A value
// that cannot be what its field needs is a [Problem] if the field matters, and is skipped otherwise.
//
// The json tag of a field gives its name. The tag quec adds words, separated by spaces:
//
//	alias=a,b   other names of the member
//	required    a response without it is invalid for any method; null and "" count as missing, but a list may
//	            be null. Of an inline object, one member must have a value
//	receipt     proof that a changing method had an effect, such as an order number. Of its response, only receipts and
//	            required members can turn success into an error; of a callback, they can reject the event
//	always      the document says that it always comes (必须 is 是): its absence is reported as drift
//	inline      the members of this object may also stand beside it
//	bare        the whole response may be this list instead of an object
//	sep=,;      a text that is a list, separated by any of these characters
//	epoch       a time in seconds since 1970, by the document
//	future      a time that may lie far ahead, which matters if it is in seconds since 1970 against the document
//	type=ns     the JSON types in the document: n number, s text, b boolean. Only needed where they differ from what the
//	            Go type suggests: number for numbers and flags, text for the rest
//
// The package knows nothing of HTTP, of the client, or of the types of the package above it except those that
// [Register] names.
package lenient

import (
	"fmt"
	"time"
)

// Options control the decoding of a text.
type Options struct {
	// Strict makes a problem of any member fail the text, not only of those tagged required or receipt. If Drift is set as
	// well, wrong values do not fail it.
	Strict bool
	// Drift is called for each difference from the tags. It may be nil.
	Drift func(kind Kind, path, value string)
	// MaxDrifts limits the calls of Drift. 0 is no limit.
	MaxDrifts int
	// Now returns the present time, so that later times count as future ones. nil is time.Now.
	Now func() time.Time
}

// A Response has the envelope of a response, and facts about the rest.
type Response struct {
	Code        int
	HasCode     bool
	CodeProblem *Problem // why the code is unknown
	Message     string

	HasPayload  bool   // a member outside the envelope says something
	HasReceipt  bool   // a member tagged receipt says something, or any known member if none is tagged receipt
	HasRequired bool   // a required member has a value
	Receipts    bool   // members of the result are tagged receipt
	NotUTF8     string // the path of the first text that is not UTF-8
}

// A Problem is a member that is missing or does not fit its field.
type Problem struct {
	Path   string // where it stands: cards[3].monthflow
	Value  string // its value, as JSON and at most 64 bytes; empty where the member is missing
	Reason string // what is wrong with it
}

// Error returns the path of the member, the reason and the value.
func (p *Problem) Error() string {
	if p.Value == "" {
		return fmt.Sprintf("member %s: %s", p.Path, p.Reason)
	}
	return fmt.Sprintf("member %s: %s: %s", p.Path, p.Reason, p.Value)
}

// Decode decodes a whole response into result, which is nil or a pointer. The error is a [*Problem], the first that
// counts, or tells why the text is not JSON. Of a text that is not JSON, result and the [Response] have nothing.
func Decode(body []byte, result any, opts Options) (Response, error) {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	d.Options = opts
	err := d.decode(body, result)
	return d.response, err
}

// DecodeObject decodes a text that must be an object, without an envelope, into the struct that result points to. It
// reports whether a member was skipped because it does not fit its field, if opts.Drift is set.
func DecodeObject(body []byte, result any, opts Options) (skipped bool, err error) {
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	d.Options = opts
	err = d.decodeObject(body, result)
	return d.skipped, err
}
