package lenient

import (
	"bytes"
	"math"
	"unicode/utf8"
)

func isBlank(text []byte) bool { return len(trimSpace(text)) == 0 }

// maySayNothing reports whether a text with this first byte may be blank or stand for no time. Nearly all texts begin
// with 1 to 9 or in Chinese.
func maySayNothing(first byte) bool { return first < '1' || '9' < first && first < chinese }

// chinese is the smallest first byte of most Chinese characters, which have three bytes. No white space begins above
// it.
const chinese = 0xe4

// trimSpace is bytes.TrimSpace, but faster for text that begins and ends with visible ASCII or Chinese.
func trimSpace(text []byte) []byte {
	n := len(text)
	first := n > 0 && (text[0] >= chinese || ' ' < text[0] && text[0] < utf8.RuneSelf)
	last := n > 0 && ' ' < text[n-1] && text[n-1] < utf8.RuneSelf ||
		n > 2 && text[n-3] >= chinese && !utf8.RuneStart(text[n-2]) && !utf8.RuneStart(text[n-1])
	if first && last {
		return text
	}
	return bytes.TrimSpace(text)
}

// EnumText returns the text of an enumeration without the white space around it, and its code if it is a whole number,
// such as 1.0. The code of any other text is NoCode.
func EnumText(text []byte) (kept []byte, code int) {
	text = trimSpace(text)
	if n, ok := wholeNumber(text); ok && -1000 < n && n < 1000 {
		return text, int(n)
	}
	return text, NoCode
}

// NoCode is the code of a text that is not a whole number.
const NoCode = math.MinInt

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func consistsOf[S string | []byte](s S, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

// Excerpt returns a copy of the first n bytes of b, cut between characters.
func Excerpt[S string | []byte](b S, n int) S {
	if len(b) > n {
		whole := n
		for whole > max(0, n-utf8.UTFMax) && !utf8.RuneStart(b[whole]) {
			whole--
		}
		b = b[:whole]
	}
	return S(append([]byte(nil), b...))
}
