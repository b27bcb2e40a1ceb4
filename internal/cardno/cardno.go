// Package cardno compares and checks the numbers of SIM cards. It knows which spellings mean the same number, which
// ICCIDs of 19 and 20 characters may be one card, and what a text that is no such number looks like.
package cardno

import (
	"strconv"
	"strings"
)

// IsMSISDN reports whether s is an MSISDN in normal form: 1 to 13 digits.
func IsMSISDN(s string) bool { return len(s) >= 1 && len(s) <= 13 && consistsOf(s, isDigit) }

// IsICCID reports whether s is an ICCID in normal form: 19 or 20 characters of 0-9 and A-Z, except O and I, which are
// misread digits. It does not start with 98, which is 89 with swapped digits.
func IsICCID(s string) bool {
	digits := strings.TrimRight(s, "F")
	isShort := len(digits) < 19 && consistsOf(digits, isDigit)
	return (len(s) == 19 || len(s) == 20) && consistsOf(s, isICCIDCharacter) && !strings.HasPrefix(s, "98") &&
		!isShort && s == ICCID(s)
}

// ICCID returns the normal form of an ICCID: without white space around it, in upper case, and without the F that pads
// 19 digits to 20 characters.
func ICCID(s string) string {
	s = upper(strings.TrimSpace(s))
	if digits := strings.TrimSuffix(s, "F"); len(digits) == 19 && consistsOf(digits, isDigit) {
		return digits
	}
	return s
}

// upper converts only the letters a to z. Unicode's upper case of ſ would be an S.
func upper(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			r += 'A' - 'a'
		}
		return r
	}, s)
}

// MSISDN returns the normal form of an MSISDN: without white space around it, and as digits if it is written as a JSON
// number such as 1.064868950247E12.
func MSISDN(s string) string {
	s = strings.TrimSpace(s)
	if !strings.ContainsAny(s, "eE.") || !consistsOf(s, isNumeric) {
		return s
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < 1 || f >= 1e13 || f != float64(int64(f)) {
		return s
	}
	return strconv.FormatInt(int64(f), 10)
}

// Same reports whether two ICCIDs may be one card, as [Match] decides if there are no other numbers.
func Same(a, b string) bool {
	a, b = ICCID(a), ICCID(b)
	return a == b || len(a) != len(b) && prefix19(a) != "" && prefix19(a) == prefix19(b)
}

// Match finds the requested numbers among those in a response, all in normal form. For each number found it returns the
// index of the equal number in requested, the first if there are several, or -1.
//
// An ICCID of 19 characters, which some programs send without the check digit, matches one of 20 that starts with it,
// if no other number does: ten neighbouring cards share their first 19 characters.
func Match(requested, found []string) []int {
	indices := make(map[string]int, len(requested))
	for i, number := range requested {
		if _, duplicate := indices[number]; !duplicate {
			indices[number] = i
		}
	}
	matches := make([]int, len(found))
	complete := true
	for i, number := range found {
		index, ok := indices[number]
		if !ok {
			index, complete = -1, false
		}
		matches[i] = index
	}
	if complete {
		return matches
	}
	requestedBy, foundBy := byPrefix(requested), byPrefix(found)
	for i, number := range found {
		if matches[i] >= 0 {
			continue
		}
		prefix := prefix19(number)
		other := requestedBy[prefix]
		if other != "" && len(other) != len(number) && foundBy[prefix] == number {
			matches[i] = indices[other]
		}
	}
	return matches
}

// prefix19 returns the first 19 characters of a number of 19 or 20, and "" of any other.
func prefix19(number string) string {
	if len(number) == 19 || len(number) == 20 {
		return number[:19]
	}
	return ""
}

// byPrefix returns the number with each prefix, or "" if several numbers have it.
func byPrefix(numbers []string) map[string]string {
	only := map[string]string{}
	for _, number := range numbers {
		prefix := prefix19(number)
		if other, ok := only[prefix]; prefix == "" || ok && other != number {
			only[prefix] = ""
		} else {
			only[prefix] = number
		}
	}
	return only
}

// CheckDigit returns the Luhn check digit of a text of digits, which ends ICCIDs of 20 digits and IMEIs.
func CheckDigit[S string | []byte](digits S) byte {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10)
}

func isDigit(c byte) bool          { return '0' <= c && c <= '9' }
func isHexDigit(c byte) bool       { return isDigit(c) || 'A' <= c && c <= 'F' }
func isCapitalOrDigit(c byte) bool { return isDigit(c) || 'A' <= c && c <= 'Z' }
func isICCIDCharacter(c byte) bool { return isCapitalOrDigit(c) && c != 'O' && c != 'I' }
func isNumeric(c byte) bool {
	return isDigit(c) || c == '.' || c == '+' || c == '-' || c == 'e' || c == 'E'
}

func consistsOf(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}
