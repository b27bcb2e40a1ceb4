package simulator

import (
	"errors"
	"fmt"
	"log"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/quecloud/quecloud-go/internal/redact"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// Log returns the options with which a stand-in writes a line for every request and every delivery, with its own time
// in parentheses. A wrong signature has three more lines, which explain it. The lines contain neither the secret, nor
// parameters that are named like one, nor the query, user and password of callback URLs.
func Log(logger *log.Logger, secret string) []quecloudtest.Option {
	return []quecloudtest.Option{
		quecloudtest.WithObserver(func(r quecloudtest.Request) { logger.Print(callLine(withoutSecrets(r, secret))) }),
		quecloudtest.WithDeliveryObserver(func(d quecloudtest.Delivery) { logger.Print(deliveryLine(hideSecrets(d))) }),
	}
}

// callLine returns the log line of a request without secrets.
func callLine(r quecloudtest.Request) string {
	status := fmt.Sprint(r.HTTPStatus)
	if r.HTTPStatus == 0 {
		status = "cut"
	}
	method := strings.TrimPrefix(r.Method, "fc.function.")
	if method == "" {
		method = "(no method)"
	}
	var line strings.Builder
	fmt.Fprintf(&line, "(%s) %s %s resultCode=%d %v %s", r.Time.Format(time.DateTime),
		r.Verb, status, r.ResultCode, r.Duration.Round(time.Microsecond), clip(method))
	for _, name := range slices.Sorted(maps.Keys(r.Params)) {
		switch name {
		case "appKey", "method", "t":
		default:
			line.WriteString(" " + clip(name) + "=" + clip(r.Params[name]))
		}
	}
	if r.Reason != "" {
		line.WriteString(" — " + shorten(r.Reason, maxReason))
	}
	if len(r.Faults) > 0 {
		line.WriteString(" [" + strings.Join(r.Faults, " ") + "]")
	}
	if m := r.Mismatch; m != nil && (r.Reason == "签名错误" || m.Guess != "") {
		guess := m.Guess
		if guess == "" {
			guess = "no common mistake fits; is it another secret?"
		}
		fmt.Fprintf(&line, "\n\tstring to sign: %s\n\tsignature: want %s, got %s\n\tguess: %s",
			shorten(m.Text, maxSigned), m.Expected, m.Received, shorten(guess, maxReason))
	}
	return line.String()
}

// deliveryLine returns the log line of a delivery without secrets.
func deliveryLine(d quecloudtest.Delivery) string {
	line := fmt.Sprintf("(%s) callback, attempt %d: %s ", d.Time.Format(time.DateTime), d.Attempt, redact.Visible(d.URL))
	if d.Err != nil {
		return line + "failed: " + shorten(d.Err.Error(), maxReason)
	}
	return line + "succeeded"
}

// The limits of texts in the log, in characters.
const (
	maxValue  = 60
	maxReason = 300
	maxSigned = 2000
)

// clip shortens a value for the log and removes invisible characters.
func clip(v string) string { return shorten(v, maxValue) }

func shorten(v string, limit int) string {
	v = redact.Visible(v)
	if runes := []rune(v); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return v
}

// withoutSecrets removes the signature from a request, and the secret wherever a client sent it by mistake. The
// platform has no parameter for it, so that any parameter may contain it. A parameter that is named like a secret may
// contain that of a real account.
func withoutSecrets(r quecloudtest.Request, secret string) quecloudtest.Request {
	hide := redact.Secrets(secret)
	params := make(map[string]string, len(r.Params))
	for name, value := range r.Params {
		if redact.IsSecret(name) {
			value = redact.Hidden
		}
		params[hide(name)] = hide(value)
	}
	r.Params, r.Sign = params, ""
	r.Header = r.Header.Clone()
	for _, values := range r.Header {
		hideEach(values, hide)
	}
	r.InQuery = slices.Clone(r.InQuery)
	hideEach(r.InQuery, hide)
	r.Method, r.Reason, r.Path, r.Response = hide(r.Method), hide(r.Reason), hide(r.Path), hide(r.Response)
	return r
}

func hideEach(texts []string, hide func(string) string) {
	for i := range texts {
		texts[i] = hide(texts[i])
	}
}

// hideSecrets removes the query, user and password of the URL from a delivery. They authenticate callbacks, and
// receivers may quote them in error pages.
func hideSecrets(d quecloudtest.Delivery) quecloudtest.Delivery {
	u, err := url.Parse(d.URL)
	if err != nil {
		return quecloudtest.Delivery{Time: d.Time, Attempt: d.Attempt, Err: errors.New("the URL is invalid")}
	}
	secrets := []string{u.RawQuery}
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		_, value, _ := strings.Cut(pair, "=")
		secrets = append(secrets, value)
	}
	for _, values := range u.Query() {
		secrets = append(secrets, values...)
	}
	if u.User != nil {
		password, _ := u.User.Password()
		_, written, _ := strings.Cut(d.URL, "://") // with escapes, as a receiver may quote them
		written, _, _ = strings.Cut(written, "@")
		user, pass, _ := strings.Cut(written, ":")
		secrets = append(secrets, u.User.Username(), password, user, pass)
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	d.URL = u.String()
	hide := redact.Secrets(secrets...)
	d.Response = hide(d.Response)
	if sending, ok := errors.AsType[*url.Error](d.Err); ok {
		d.Err = sending.Err // omits the URL
	}
	if d.Err != nil {
		d.Err = errors.New(hide(d.Err.Error()))
	}
	return d
}
