package simulator

import (
	"errors"
	"fmt"
	"log"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// Log returns the options with which a stand-in writes a line for every request and every delivery. The lines contain
// neither signatures, nor the secret, nor the query, user and password of callback URLs.
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
	fmt.Fprintf(&line, "%s %s resultCode=%d %v %s",
		r.Verb, status, r.ResultCode, r.Duration.Round(time.Microsecond), clip(method))
	for _, name := range slices.Sorted(maps.Keys(r.Params)) {
		switch name {
		case "appKey", "method", "t":
		default:
			line.WriteString(" " + clip(name) + "=" + clip(r.Params[name]))
		}
	}
	if r.Reason != "" {
		line.WriteString(" — " + clip(r.Reason))
	}
	if len(r.Faults) > 0 {
		line.WriteString(" [" + strings.Join(r.Faults, " ") + "]")
	}
	return line.String()
}

// deliveryLine returns the log line of a delivery without secrets.
func deliveryLine(d quecloudtest.Delivery) string {
	switch {
	case d.Err != nil:
		return fmt.Sprintf("callback, attempt %d: %s failed: %v", d.Attempt, d.URL, d.Err)
	case d.OK:
		return fmt.Sprintf("callback, attempt %d: %s succeeded", d.Attempt, d.URL)
	}
	return fmt.Sprintf("callback, attempt %d: %s failed: HTTP %d %q",
		d.Attempt, d.URL, d.HTTPStatus, clip(d.Response))
}

// clip shortens a value for the log and removes control characters.
func clip(v string) string {
	const limit = 60
	v = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, v)
	if runes := []rune(v); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return v
}

const hidden = "(hidden)"

// hiding returns a function that hides secrets in a text.
func hiding(secrets ...string) func(string) string {
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) }) // a secret may contain another
	return func(text string) string {
		for _, secret := range secrets {
			switch {
			case secret == "":
			case text == secret:
				return hidden
			case len(secret) > 3: // the 1 of v=1 would hide every 1
				text = strings.ReplaceAll(text, secret, hidden)
			}
		}
		return text
	}
}

// withoutSecrets removes the signature from a request, and the secret wherever a client sent it by mistake. The
// platform has no parameter for it, so that any parameter may contain it. A parameter with secret in its name may
// contain the secret of a real account.
func withoutSecrets(r quecloudtest.Request, secret string) quecloudtest.Request {
	hide := hiding(secret)
	params := make(map[string]string, len(r.Params))
	for name, value := range r.Params {
		if lower := strings.ToLower(name); strings.Contains(lower, "secret") || strings.HasPrefix(lower, "sign") {
			value = hidden
		}
		params[hide(name)] = hide(value)
	}
	r.Params, r.Sign = params, ""
	r.Method, r.Reason = hide(r.Method), hide(r.Reason)
	return r
}

// hideSecrets removes the query, user and password of the URL from a delivery. They authenticate callbacks, and
// receivers may quote them in error pages.
func hideSecrets(d quecloudtest.Delivery) quecloudtest.Delivery {
	u, err := url.Parse(d.URL)
	if err != nil {
		return quecloudtest.Delivery{Attempt: d.Attempt, Err: errors.New("the URL is invalid")}
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
	for _, secret := range slices.Clone(secrets) { // as the error quotes the response
		secrets = append(secrets, strings.Trim(strconv.Quote(secret), `"`))
	}
	hide := hiding(secrets...)
	d.Response = hide(d.Response)
	if sending, ok := errors.AsType[*url.Error](d.Err); ok {
		d.Err = sending.Err // omits the URL
	}
	if d.Err != nil {
		d.Err = errors.New(hide(d.Err.Error()))
	}
	return d
}
