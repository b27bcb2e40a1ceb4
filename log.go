package quecloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// logAttempt writes what came of an attempt.
func (c *core) logAttempt(ctx context.Context, call *callState, a *attempt) {
	if c.logger != nil && a.garbled != "" {
		c.logger.LogAttrs(ctx, slog.LevelWarn, "quecloud: the response has text that is not UTF-8",
			slog.String("method", call.endpoint.method), slog.String("member", a.garbled))
	}
	if c.logger == nil || !c.logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	var answer []slog.Attr // what there is of it
	if a.status != 0 {
		answer = append(answer, slog.Int("http_status", a.status))
	}
	if a.responded {
		answer = append(answer, slog.Int("result_code", a.code))
	}
	c.logger.LogAttrs(ctx, slog.LevelDebug, "quecloud: attempt",
		c.attrs(call, a, append(answer, slog.Duration("duration", a.took), c.paramAttrs(call))...)...)
}

// logRetry writes that and why an attempt is followed by another.
func (c *core) logRetry(ctx context.Context, call *callState, a *attempt, delay time.Duration) {
	if c.logger != nil {
		c.logger.LogAttrs(ctx, slog.LevelWarn, "quecloud: retrying", c.attrs(call, a, slog.Duration("delay", delay))...)
	}
}

// logCorrection writes that a call is sent once more with another time.
func (c *core) logCorrection(ctx context.Context, call *callState, a *attempt) {
	if c.logger != nil {
		c.logger.LogAttrs(ctx, slog.LevelWarn, "quecloud: clock corrected, sending the read again", c.attrs(call, a,
			slog.Duration("offset", call.offset), slog.Duration("clock_behind", call.correction.by))...)
	}
}

func (c *core) attrs(call *callState, a *attempt, more ...slog.Attr) []slog.Attr {
	attrs := append([]slog.Attr{
		slog.String("method", call.endpoint.method), slog.String("kind", call.endpoint.kind.String()), slog.Int("attempt", call.attempts),
	}, more...)
	if a.err != nil {
		text := a.err.Error()
		if !c.unmasked {
			text = maskError(a.err, call.params...)
		}
		attrs = append(attrs, slog.String("error", text))
	}
	return attrs
}

// paramAttrs are the parameters of a call, without the credentials, and masked unless they are about nobody.
func (c *core) paramAttrs(call *callState) slog.Attr {
	var attrs []any
	for _, p := range call.params {
		if p.name == "appKey" || p.name == "method" {
			continue
		}
		if personal(p.name) && !c.unmasked {
			p.value = mask(p.value)
		}
		attrs = append(attrs, slog.String(p.name, p.value))
	}
	return slog.Group("params", attrs...)
}

// personal reports whether a parameter may be about somebody.
func personal(name string) bool {
	switch name {
	case "appKey", "method", "pageNo", "pageSize", "month", "dateStr", "id", "billingid", "taskId", "productId", "cycle",
		"months", "preverify", "alarmStatus", "pauseStatus", "orderNo", "externalId":
		return false
	}
	return true
}

// mask keeps of a value what is enough to find it again, and says how long it is.
func mask(value string) string {
	n := utf8.RuneCountInString(value)
	if !consistsOf(value, isDigitOrCapital) || n < 8 {
		return fmt.Sprintf("…(%d characters)", n)
	}
	return fmt.Sprintf("…%s(%d characters)", value[len(value)-4:], n)
}

// numbers are what may be a card's or a person's number.
var numbers = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[0-9A-Z]*[0-9]{5,}[0-9A-Z]*`) })

// numbersAndMail are what the platform's message to people may have of a number in any script, or of an e-mail address.
var numbersAndMail = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\S+@\S+|\p{Nd}+`) })

// maskError is an error's text without what came from the platform's data or was sent to it, and with numbers masked. Of the
// platform's own message it keeps the words: they say what to do.
func maskError(err error, sent ...param) string {
	if bad, ok := errors.AsType[*ResponseError](err); ok {
		shown := *bad
		shown.Body = nil
		if field, ok := errors.AsType[*FieldError](bad.Err); ok {
			shown.Err = &FieldError{Path: field.Path, Reason: field.Reason}
		}
		err = &shown
	}
	if refused, ok := errors.AsType[*APIError](err); ok {
		shown := *refused
		shown.Message = numbersAndMail().ReplaceAllString(refused.Message, "…")
		err = &shown
	}
	text := err.Error()
	for _, p := range sent {
		if personal(p.name) && len(p.value) >= 4 { // a transport may show what it should have sent
			text = strings.ReplaceAll(text, p.value, mask(p.value))
			text = strings.ReplaceAll(text, url.QueryEscape(p.value), mask(p.value))
		}
	}
	return numbers().ReplaceAllStringFunc(text, func(n string) string { return "…" + n[len(n)-min(4, len(n)/2):] })
}
