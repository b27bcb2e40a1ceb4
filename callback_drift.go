package quecloud

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"
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
func (h *callback[E]) tell(ctx context.Context, drift Drift) {
	drift.Method = h.name
	attrs := []slog.Attr{slog.String("kind", h.name), slog.String("member", drift.Path), slog.String("problem", string(drift.Kind))}
	if drift.Kind == DriftWrongValue || drift.Kind == DriftNotUTF8 {
		h.log().LogAttrs(ctx, slog.LevelWarn, "quecloud: part of an event not as documented",
			append(attrs, slog.String("value", outline(drift.Value)))...)
	}
	if h.drift == nil {
		return
	}
	if err := guard(func() error {
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
