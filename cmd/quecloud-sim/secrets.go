package main

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

const hidden = "(hidden)"

// hiding returns a function that takes secrets out of a text.
func hiding(secrets ...string) func(string) string {
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) }) // one may be part of another
	return func(text string) string {
		for _, secret := range secrets {
			switch {
			case secret == "":
			case text == secret:
				return hidden
			case len(secret) > 3: // the 1 of v=1 is none, and would be hidden in every number
				text = strings.ReplaceAll(text, secret, hidden)
			}
		}
		return text
	}
}

// withoutSecrets takes from a request its signature, and the secret wherever somebody sent it by mistake: the platform has
// no parameter for it, so it may be one of any name, and under a name that says so it may be the secret of the real account.
func withoutSecrets(r quecloudtest.Request, secret string) quecloudtest.Request {
	hide := hiding(secret)
	params := make(map[string]string, len(r.Params))
	for name, value := range r.Params {
		if small := strings.ToLower(name); strings.Contains(small, "secret") || strings.HasPrefix(small, "sign") {
			value = hidden
		}
		params[hide(name)] = hide(value)
	}
	r.Params, r.Sign = params, ""
	r.Method, r.Reason = hide(r.Method), hide(r.Reason)
	return r
}

// hideSecrets takes from a delivery what callbacks are protected with: query, user and password of the URL. Receivers
// repeat them in the pages on which they say that something went wrong.
func hideSecrets(d quecloudtest.Delivery) quecloudtest.Delivery {
	u, err := url.Parse(d.URL)
	if err != nil {
		return quecloudtest.Delivery{Attempt: d.Attempt, Err: errors.New("the URL cannot be read")}
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
		_, written, _ := strings.Cut(d.URL, "://") // with escapes, as a receiver may repeat them
		written, _, _ = strings.Cut(written, "@")
		user, pass, _ := strings.Cut(written, ":")
		secrets = append(secrets, u.User.Username(), password, user, pass)
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	d.URL = u.String()
	hide := hiding(secrets...)
	d.Response = hide(d.Response)
	if sending, ok := errors.AsType[*url.Error](d.Err); ok {
		d.Err = sending.Err // without the URL
	}
	if d.Err != nil {
		d.Err = errors.New(hide(d.Err.Error()))
	}
	return d
}
