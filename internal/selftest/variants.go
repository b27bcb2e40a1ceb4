package selftest

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

// Variants returns a response of testdata and its variants with the same meaning, by name: those that testdata has, and
// strings, numbers and case, which are made from the response. One that would equal the response is left out.
func Variants(t testing.TB, c MethodCase) map[string][]byte {
	t.Helper()
	text := Fixture(t, c.Response())
	all := map[string][]byte{c.Response(): text}
	for _, word := range []string{"aliases", "table"} {
		if file := c.Base() + "." + word + ".json"; HasFixture(file) {
			all[file] = Fixture(t, file)
		}
	}
	if !strings.HasSuffix(c.Response(), ".json") {
		return all
	}
	rewrites := map[string]func([]byte) []byte{"strings": asStrings, "numbers": asNumbers, "case": otherCase}
	for word, rewrite := range rewrites {
		if variant := rewrite(text); !bytes.Equal(text, variant) {
			all[c.Base()+" with "+word] = variant
		}
	}
	return all
}

// jsonToken matches a name with its colon, a text, a number or a literal of JSON.
var jsonToken = regexp.MustCompile(`("(?:[^"\\]|\\.)*")(\s*:)?|-?[0-9][-+.0-9eE]*|true|false|null`)

// asStrings writes every number and boolean as text with the same digits.
func asStrings(text []byte) []byte {
	return jsonToken.ReplaceAllFunc(text, func(token []byte) []byte {
		if token[0] == '"' || string(token) == "null" {
			return token
		}
		return []byte(`"` + string(token) + `"`)
	})
}

var numberAsText = regexp.MustCompile(`^"(-?)0*([0-9]+(?:\.[0-9]+)?)"$`)

// asNumbers writes every text that is a number as a number, without leading zeros: "0000" becomes 0.
func asNumbers(text []byte) []byte {
	return jsonToken.ReplaceAllFunc(text, func(token []byte) []byte {
		return numberAsText.ReplaceAll(token, []byte("$1$2"))
	})
}

// otherCase writes the n-th name in the n-th of these cases, then from the first again: RESULTCODE, resultcode,
// rESULTcODE, ResultCode, rEsUlTcOdE.
func otherCase(text []byte) []byte {
	n := 0
	return jsonToken.ReplaceAllFunc(text, func(token []byte) []byte {
		if !bytes.HasSuffix(token, []byte(":")) {
			return token
		}
		n++
		switch n % 5 {
		case 1:
			return bytes.ToUpper(token)
		case 2:
			return bytes.ToLower(token)
		case 3:
			return swapCase(token, func(int) bool { return true })
		case 4:
			return swapCase(token, func(i int) bool { return i == 1 })
		default:
			return swapCase(bytes.ToLower(token), func(i int) bool { return i%2 == 0 })
		}
	})
}

// swapCase changes the case of the ASCII letters at some places.
func swapCase(token []byte, at func(i int) bool) []byte {
	swapped := bytes.Clone(token)
	for i, c := range swapped {
		if at(i) && ('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			swapped[i] = c ^ 0x20
		}
	}
	return swapped
}
