package quecloud

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
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

// unusable is what there is in the place for which a body is refused. Of a body that is no JSON it is the end of what
// has been read, and the beginning of the rest.
func unusable(body []byte, err error) Drift {
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

// maxDrifts is of how many members of one delivery it is told that they are not as documented.
const maxDrifts = 32

// tell reports a member that is not as documented: what could not be read, or is not UTF-8, to the log, and everything
// to the drift handler, whose panics must not lose the event.
func (h *callbackHandler[E]) tell(ctx context.Context, drift Drift) {
	drift.Method = h.name
	attrs := []slog.Attr{slog.String("kind", h.name), slog.String("member", drift.Path), slog.String("problem", string(drift.Kind))}
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

// outline shows how a value is written, and nothing of what it says: 0 for a digit, X for a capital letter A to Z, x for
// any other letter, ? for what else is not ASCII.
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
