package quecloud

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"sync"
	"time"
)

// logAttempt writes what came of an attempt.
func (c *core) logAttempt(ctx context.Context, call *call, a *attempt) {
	if c.logger == nil || !c.logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	c.logger.LogAttrs(ctx, slog.LevelDebug, "quecloud: attempt", call.attrs(a,
		slog.Int("http_status", a.status), slog.Int("result_code", a.code), slog.Duration("duration", a.took))...)
}

// logRepeat writes that and why a call is made once more.
func (c *core) logRepeat(ctx context.Context, call *call, a *attempt, delay time.Duration) {
	if c.logger != nil {
		c.logger.LogAttrs(ctx, slog.LevelWarn, "quecloud: repeating a call", call.attrs(a, slog.Duration("delay", delay))...)
	}
}

func (c *call) attrs(a *attempt, more ...slog.Attr) []slog.Attr {
	attrs := append([]slog.Attr{
		slog.String("method", c.info.Method), slog.String("kind", c.info.Kind.String()), slog.Int("attempt", c.info.Attempts),
	}, more...)
	if a.err != nil {
		attrs = append(attrs, slog.String("error", logText(a.err)))
	}
	return attrs
}

// numbers are what may be a card's or a person's number.
var numbers = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[0-9A-Z]*[0-9]{5,}[0-9A-Z]*`) })

// logText is an error's text without what came from the platform's data, and with numbers masked.
func logText(err error) string {
	if bad, ok := errors.AsType[*ResponseError](err); ok {
		shown := *bad
		shown.Body = nil
		if field, ok := errors.AsType[*FieldError](bad.Err); ok {
			shown.Err = &FieldError{Path: field.Path, Reason: field.Reason}
		}
		err = &shown
	}
	return numbers().ReplaceAllStringFunc(err.Error(), func(n string) string {
		return "…" + n[len(n)-min(4, len(n)/2):]
	})
}
