// This file writes the log and masks personal data in it. The column logged of the table in endpoints.go has the
// parameters that need no masking.

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

// logAttempt writes a record of an attempt.
func (c *core) logAttempt(ctx context.Context, call *callState, a *attempt) {
	if c.logger != nil && a.notUTF8 != "" {
		c.logger.LogAttrs(ctx, slog.LevelWarn, "quecloud: the response has text that is not UTF-8",
			slog.String("method", call.endpoint.method), slog.String("member", a.notUTF8))
	}
	if c.logger == nil || !c.logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	var attrs []slog.Attr
	if a.status != 0 {
		attrs = append(attrs, slog.Int("http_status", a.status))
	}
	if a.responded {
		attrs = append(attrs, slog.Int("result_code", a.code))
	}
	attrs = append(attrs, slog.Duration("duration", a.duration), c.paramAttrs(call))
	c.logger.LogAttrs(ctx, slog.LevelDebug, "quecloud: attempt", c.callAttrs(call, a, attrs...)...)
}

// logRetry writes the reason and the delay of a retry.
func (c *core) logRetry(ctx context.Context, call *callState, a *attempt, delay time.Duration) {
	if c.logger != nil {
		attrs := c.callAttrs(call, a, slog.Duration("delay", delay))
		c.logger.LogAttrs(ctx, slog.LevelWarn, "quecloud: retrying", attrs...)
	}
}

// logCorrection writes that a read is retried with a corrected clock.
func (c *core) logCorrection(ctx context.Context, call *callState, a *attempt) {
	if c.logger != nil {
		attrs := c.callAttrs(call, a,
			slog.Duration("offset", call.offset), slog.Duration("clock_behind", call.correction.behind))
		c.logger.LogAttrs(ctx, slog.LevelWarn, "quecloud: clock corrected, retrying the read", attrs...)
	}
}

// callAttrs returns more between the attributes that every record has.
func (c *core) callAttrs(call *callState, a *attempt, more ...slog.Attr) []slog.Attr {
	attrs := append([]slog.Attr{
		slog.String("method", call.endpoint.method),
		slog.String("kind", call.endpoint.kind.String()),
		slog.Int("attempt", call.attempts),
	}, more...)
	if a.err != nil {
		text := a.err.Error()
		if !c.unmasked {
			text = maskError(a.err, call.maskedParams()...)
		}
		attrs = append(attrs, slog.String("error_type", ErrorType(a.err)), slog.String("error", text))
	}
	return attrs
}

// paramAttrs returns the parameters of a call without the credentials, masked as the endpoint table says.
func (c *core) paramAttrs(call *callState) slog.Attr {
	var attrs []any
	for _, p := range call.params {
		if isSystemParam(p.name) {
			continue
		}
		if call.endpoint.masks(p.name) && !c.unmasked {
			p.value = mask(p.value)
		}
		attrs = append(attrs, slog.String(p.name, p.value))
	}
	return slog.Group("params", attrs...)
}

// maskedParams returns the parameters of a call that the log masks.
func (call *callState) maskedParams() []param {
	var masked []param
	for _, p := range call.params {
		if !isSystemParam(p.name) && call.endpoint.masks(p.name) {
			masked = append(masked, p)
		}
	}
	return masked
}

// isSystemParam reports whether the SDK adds a parameter to every call: it is neither logged nor personal.
func isSystemParam(name string) bool { return name == "appKey" || name == "method" || name == "t" }

// mask returns the length of a value and, if it is a long number, its last four characters.
func mask(value string) string {
	n := utf8.RuneCountInString(value)
	if n < 8 || strings.ContainsFunc(value, func(r rune) bool { return !isDigitOrCapital(r) }) {
		return fmt.Sprintf("…(%d characters)", n)
	}
	return fmt.Sprintf("…%s(%d characters)", value[len(value)-4:], n)
}

// cardOrPhoneNumber matches anything that may be the number of a card or of a person.
var cardOrPhoneNumber = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[0-9A-Z]*[0-9]{5,}[0-9A-Z]*`)
})

// digitsOrMail matches numbers in any script and e-mail addresses.
var digitsOrMail = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\S+@\S+|\p{Nd}+`) })

// maskError returns the text of an error without data of the platform, with the values in masked parameters and all
// long numbers masked. It keeps the words of the platform's own message.
func maskError(err error, masked ...param) string {
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
		shown.Message = digitsOrMail().ReplaceAllString(refused.Message, "…")
		err = &shown
	}
	text := err.Error()
	for _, p := range masked {
		if len(p.value) >= 4 { // the error of a transport may quote the form
			text = strings.ReplaceAll(text, p.value, mask(p.value))
			text = strings.ReplaceAll(text, url.QueryEscape(p.value), mask(p.value))
		}
	}
	return cardOrPhoneNumber().ReplaceAllStringFunc(text, func(n string) string {
		return "…" + n[len(n)-min(4, len(n)/2):]
	})
}
