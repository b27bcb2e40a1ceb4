// Package redact keeps secrets and invisible characters out of texts that people read.
package redact

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Hidden stands for a secret.
const Hidden = "(hidden)"

// Secrets returns a function that replaces secrets in a text, whatever their case, also where they are escaped as in a
// form, a URL or a quoted string. A secret of less than four characters is replaced only where it is the whole text:
// the 1 of v=1 would hide every 1.
func Secrets(secrets ...string) func(text string) string {
	var spellings []string
	for _, secret := range secrets {
		for _, spelling := range []string{
			secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(strconv.Quote(secret), `"`),
		} {
			if spelling = lower(spelling); spelling != "" && !slices.Contains(spellings, spelling) {
				spellings = append(spellings, spelling)
			}
		}
	}
	slices.SortFunc(spellings, func(a, b string) int { return len(b) - len(a) }) // a secret may contain another
	return func(text string) string {
		for _, secret := range spellings {
			text = replace(text, secret)
		}
		return text
	}
}

// replace replaces a secret in lower case.
func replace(text, secret string) string {
	rest := lower(text)
	switch found := strings.Contains(rest, secret); {
	case rest == secret:
		return Hidden
	case !found || len(secret) < 4:
		return text
	}
	var out strings.Builder
	for {
		i := strings.Index(rest, secret)
		if i < 0 {
			return out.String() + text
		}
		out.WriteString(text[:i] + Hidden)
		text, rest = text[i+len(secret):], rest[i+len(secret):]
	}
}

// lower returns a text with ASCII letters in lower case. Its length stays, unlike with strings.ToLower.
func lower(text string) string {
	if strings.IndexFunc(text, func(r rune) bool { return 'A' <= r && r <= 'Z' }) < 0 {
		return text
	}
	b := []byte(text)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// IsSecret reports whether a parameter of that name may have a secret as its value: the client may have put the secret
// of a real account there, which is unknown here. The parameter appKey has none.
func IsSecret(name string) bool {
	name = lower(name)
	for _, part := range []string{"secret", "passw", "pwd", "token", "credential", "privatekey", "accesskey", "apikey"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return name == "key" || strings.HasPrefix(name, "sign")
}

// Visible replaces characters that a terminal obeys or does not show by spaces: control characters, line ends, marks
// that change the direction of the text, characters without a width.
func Visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return ' '
	}, text)
}
