package quecloudtest

import (
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/quecloud/quecloud-go/internal/redact"
)

// A pair is a parameter of a request.
type pair struct{ name, value string }

// signedPairs returns the parameters that the signature of a method covers, in the order of their names.
func signedPairs(params map[string]string, m *method) []pair {
	signed := make([]pair, 0, len(params))
	for name, value := range params {
		if name != "sign" && (m == nil || !contains(m.unsigned, name)) {
			signed = append(signed, pair{name, value})
		}
	}
	slices.SortFunc(signed, func(a, b pair) int { return cmp.Compare(a.name, b.name) })
	return signed
}

// signature returns the signature of a request (§1.6): the upper-case hexadecimal SHA-1 of the secret, the signed
// parameters in the order of their names, and the secret.
func signature(secret string, params map[string]string, m *method) string {
	text := draft{pairs: signedPairs(params, m), before: secret, after: secret}
	sum := sha1.Sum(text.append(nil))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// signed reports whether the signature is right, even if the rest of the request is wrong.
func (s *Server) signed(params map[string]string) bool {
	return params["sign"] != "" &&
		strings.EqualFold(params["sign"], signature(s.Secret, params, findMethod(params["method"])))
}

// A SignatureMismatch explains a wrong signature. It never contains the secret, nor the value of a parameter whose name
// suggests one, such as appSecret.
type SignatureMismatch struct {
	Text     string `json:"text"`     // the expected string to sign, with (secret) in place of the secret
	Expected string `json:"expected"` // the signature of this string
	Received string `json:"received"` // the signature as sent; in parentheses: what was sent instead of 40 digits
	Guess    string `json:"guess"`    // what the client probably does wrong; empty: no common mistake fits
	GuessZH  string `json:"guessZH"`  // Guess in Chinese
}

// explain explains the wrong signature of a request. It returns nil for a request that is no call.
func (s *Server) explain(f *form) *SignatureMismatch {
	if f.params["sign"] == "" && f.params["appKey"] == "" && f.params["method"] == "" {
		return nil
	}
	m := findMethod(f.params["method"])
	hide := redact.Secrets(s.Secret)
	var text strings.Builder
	for _, p := range signedPairs(f.params, m) {
		if redact.IsSecret(p.name) {
			p.value = redact.Hidden
		}
		text.WriteString(p.name + p.value)
	}
	g := guesser{form: f, method: m, secret: s.Secret}
	guess, guessZH := g.guess()
	return &SignatureMismatch{
		Text:     "(secret)" + hide(text.String()) + "(secret)",
		Expected: signature(s.Secret, f.params, m),
		Received: describeSignature(f.params["sign"], s.Secret),
		Guess:    hide(guess), GuessZH: hide(guessZH),
	}
}

// describeSignature returns a signature of 40 digits, and describes any other text: it may be a secret.
func describeSignature(sign, secret string) string {
	_, err := hex.DecodeString(sign)
	switch {
	case sign == "":
		return "(none)"
	case strings.EqualFold(sign, secret):
		return "(the secret)"
	case err == nil && len(sign) == 2*sha1.Size:
		return redact.Secrets(secret)(sign)
	case err == nil:
		return fmt.Sprintf("(%d hexadecimal digits)", len(sign))
	}
	return fmt.Sprintf("(%d characters)", len([]rune(sign)))
}

// A form holds the parameters of a request.
type form struct {
	params map[string]string
	query  string // as sent
	body   string // as sent, of a form that is URL-encoded
}

// sent returns the parameters in the order of the request, as sent or without escapes. It returns none for a multipart
// form.
func (f *form) sent(unescape func(string) (string, error)) []pair {
	var pairs []pair
	for _, part := range []string{f.query, f.body} {
		for field := range strings.SplitSeq(part, "&") {
			name, value, _ := strings.Cut(field, "=")
			name, _ = url.QueryUnescape(name)
			if unescape != nil {
				value, _ = unescape(value)
			}
			if _, ok := f.params[name]; ok {
				pairs = append(pairs, pair{name, value})
			}
		}
	}
	return pairs
}
