package quecloud

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
)

// A Drift is a place in a response or event that the SDK does not expect. See [WithDriftHandler].
type Drift struct {
	Method string    // fc.function.…, or sms or order for an event
	Kind   DriftKind // how it differs
	Path   string    // where: cards[3].monthflow
	Value  string    // its JSON, at most 64 bytes; may be personal data
}

// A DriftKind says how a response or event differs from the one that the SDK expects.
type DriftKind string

const (
	// DriftUnknownMember is a member of an object that no field of the SDK takes.
	DriftUnknownMember DriftKind = "unknown member"
	// DriftWrongType is a scalar of another JSON type than the document gives it, such as "12" for a number. It is read
	// all the same.
	DriftWrongType DriftKind = "wrong type"
	// DriftWrongValue is a value that its field cannot have, such as "abc" for a number. The field stays zero.
	DriftWrongValue DriftKind = "wrong value"
	// DriftMissing is an absent member that always comes according to the document. Its field is zero. A member that is
	// null or "" is not absent. Live responses leave some members out.
	DriftMissing DriftKind = "missing"
	// DriftNotUTF8 is a text that is not UTF-8, although the document promises UTF-8. The field keeps its bytes, GBK for
	// example, and the escape of half a surrogate pair as it is written. [encoding/json] replaces such bytes with U+FFFD
	// when it marshals the field; encoding/json/v2 returns an error.
	DriftNotUTF8 DriftKind = "not UTF-8"
)

// rejectionDrift returns the drift for which a body is rejected. For a body that is not JSON, it quotes the text before
// and after the syntax error.
func rejectionDrift(body []byte, err error) Drift {
	if field, ok := errors.AsType[*FieldError](err); ok {
		kind := DriftWrongValue
		if field.Value == "" {
			kind = DriftMissing
		}
		return Drift{Kind: kind, Path: field.Path, Value: field.Value}
	}
	end := len(body)
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		end = min(end, int(syntax.ByteOffset)+32)
	}
	return Drift{Kind: DriftWrongValue, Value: string(body[max(0, end-64):end])}
}

// maxDrifts limits how many drifts of one event are reported.
const maxDrifts = 32

// reportDrift logs a value that is wrong or not UTF-8, in outline, and calls the drift handler for drifts of every
// kind. The event is not lost if the handler panics.
func (h *callbackHandler[E]) reportDrift(ctx context.Context, drift Drift) {
	drift.Method = h.name
	attrs := []slog.Attr{
		slog.String("kind", h.name), slog.String("member", drift.Path), slog.String("problem", string(drift.Kind)),
	}
	if drift.Kind == DriftWrongValue || drift.Kind == DriftNotUTF8 {
		h.log().LogAttrs(ctx, slog.LevelWarn, "quecloud: part of an event not as documented",
			append(attrs, slog.String("value", outline(drift.Value)))...)
	}
	if h.drift == nil {
		return
	}
	if err := catchPanic(func() error {
		h.drift(drift)
		return nil
	}); err != nil {
		h.log().LogAttrs(ctx, slog.LevelError, "quecloud: drift handler failed", append(attrs, errorAttrs(err)...)...)
	}
}

// outline returns the form of a value without its content: 0 for a digit, X for a letter from A to Z, x for any other
// letter, ? for any other character outside ASCII.
func outline(value string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsDigit(r):
			return '0'
		case 'A' <= r && r <= 'Z':
			return 'X'
		case unicode.IsLetter(r):
			return 'x'
		case r > unicode.MaxASCII:
			return '?'
		}
		return r
	}, value)
}
