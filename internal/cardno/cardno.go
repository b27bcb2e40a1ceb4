// Package cardno knows how the numbers of a SIM card are spelled: which spellings are of one number, which ICCIDs of 19
// and 20 characters may be of one card, and what a text looks like that is no number of a card.
package cardno

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// IsMSISDN reports whether s is an MSISDN in normal form: 1 to 13 digits.
func IsMSISDN(s string) bool { return len(s) >= 1 && len(s) <= 13 && consistsOf(s, isDigit) }

// IsICCID reports whether s is an ICCID in normal form: 19 or 20 characters of 0-9 and A-Z, without O and I, which are
// misread digits, and without 98 at the beginning, which are swapped ones.
func IsICCID(s string) bool {
	digits := strings.TrimRight(s, "F")
	isShort := len(digits) < 19 && consistsOf(digits, isDigit)
	return (len(s) == 19 || len(s) == 20) && consistsOf(s, isICCIDCharacter) && !strings.HasPrefix(s, "98") &&
		!isShort && s == ICCID(s)
}

// ICCID returns the normal form of an ICCID: without white space around it, in upper case, and without the F that fills
// up a card's 19 digits to 20 characters.
func ICCID(s string) string {
	s = upper(strings.TrimSpace(s))
	if digits := strings.TrimSuffix(s, "F"); len(digits) == 19 && consistsOf(digits, isDigit) {
		return digits
	}
	return s
}

// upper makes capitals of the letters a to z alone: those of Unicode make an S of ſ, which is none.
func upper(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			r += 'A' - 'a'
		}
		return r
	}, s)
}

// MSISDN returns the normal form of an MSISDN: without white space around it, and digit by digit where it was written as
// a JSON number is allowed to be: 1.064868950247E12.
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

// Same reports whether two ICCIDs may be of one card, as [Match] does where there are no others.
func Same(a, b string) bool {
	a, b = ICCID(a), ICCID(b)
	return a == b || len(a) != len(b) && beginning(a) != "" && beginning(a) == beginning(b)
}

// Match finds the numbers that were asked for among those that were found, all in normal form. For each of found it
// returns the place in asked of the number that it is, the first of several that are equal, or -1.
//
// An ICCID of 19 characters also is the one of 20 that it begins, as cards are asked for without their check digit, but
// only where no other number begins so: ten neighbouring cards share their first 19 characters.
func Match(asked, found []string) []int {
	places := make(map[string]int, len(asked))
	for i, number := range asked {
		if _, again := places[number]; !again {
			places[number] = i
		}
	}
	met := make([]int, len(found))
	strays := false
	for i, number := range found {
		place, ok := places[number]
		if !ok {
			place, strays = -1, true
		}
		met[i] = place
	}
	if !strays {
		return met
	}
	questions, answers := beginnings(asked), beginnings(found)
	for i, number := range found {
		if met[i] >= 0 {
			continue
		}
		question := questions[beginning(number)]
		if question != "" && len(question) != len(number) && answers[beginning(number)] == number {
			met[i] = places[question]
		}
	}
	return met
}

// beginning returns the first 19 characters of a number of 19 or 20.
func beginning(number string) string {
	if len(number) == 19 || len(number) == 20 {
		return number[:19]
	}
	return ""
}

// beginnings returns the number of each beginning that only one number has, and "" for the others.
func beginnings(numbers []string) map[string]string {
	only := map[string]string{}
	for _, number := range numbers {
		begin := beginning(number)
		if other, again := only[begin]; begin == "" || again && other != number {
			only[begin] = ""
		} else {
			only[begin] = number
		}
	}
	return only
}

// LooksLike says what a text looks like that is no number of a card, or "" where that cannot be told.
func LooksLike(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	digits := strings.TrimRight(s, "F")
	isNumber := consistsOf(digits, isDigit)
	isIMEI := len(s) == 15 && isNumber && CheckDigit(s[:14]) == s[14]
	if hint := packed(s); hint != "" && !isIMEI {
		return hint
	}
	const misread = "it has the letter O or I, which no ICCID has: probably a digit 0 or 1 was misread"
	const stored = "it looks like the EF_ICCID that a chip stores, with the digits of each byte swapped: "
	switch n := len(s); {
	case n == 15 && isNumber && strings.HasPrefix(s, "460"):
		return "it looks like an IMSI, which is the card's identity in the network"
	case isIMEI:
		return "it looks like an IMEI, which is the number of a device"
	case isFloat(s):
		return "it looks like a number that a spreadsheet has rounded: format the column as text and export it anew"
	case n == 20 && strings.HasPrefix(s, "98") && consistsOf(s, isHexDigit):
		return stored + "swapped back it is " + ICCID(swapped(s))
	case n == 19 && strings.HasPrefix(s, "98"):
		return stored + "an ICCID starts with 89"
	case n >= 17 && isNumber && len(digits) < 19:
		return fmt.Sprintf("it looks like an ICCID of %d digits", len(digits))
	case (n == 19 || n == 20) && strings.ContainsAny(s, "OI") && consistsOf(s, isCapitalOrDigit):
		return misread
	case n >= 17 && n != 19 && n != 20 && consistsOf(s, isCapitalOrDigit):
		return fmt.Sprintf("it looks like an ICCID of %d characters", n)
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Cf, r) }):
		return "it has an invisible character"
	}
	return ""
}

// packed says what surrounds or divides a number of a card that is right otherwise, or "".
func packed(s string) string {
	var has []string
	strip := func(what, bare string) {
		if bare != s {
			has, s = append(has, what), bare
		}
	}
	strip("has full-width characters", strings.Map(halfWidth, s))
	strip("ends with a comma or semicolon", strings.TrimRight(s, ",;"))
	for _, quotes := range [...][2]string{{`="`, `"`}, {`"`, `"`}, {"'", "'"}, {"`", "`"}, {"“", "”"}, {"‘", "’"}} {
		if inside, ok := strings.CutPrefix(s, quotes[0]); ok && strings.HasSuffix(inside, quotes[1]) {
			strip("is in quotes", strings.TrimSuffix(inside, quotes[1]))
		}
	}
	strip("begins with an apostrophe", strings.TrimPrefix(s, "'"))
	strip("has blanks inside", without(s, unicode.IsSpace))
	strip("has hyphens inside", without(s, func(r rune) bool { return unicode.Is(unicode.Pd, r) }))
	for _, prefix := range [...]string{"+861", "00861", "861"} {
		if strings.HasPrefix(s, prefix) && (prefix != "861" || len(s) == 15) {
			strip("has the country code of China", s[len(prefix)-1:])
		}
	}
	strip("begins with a +", strings.TrimPrefix(s, "+"))
	hint := "it " + strings.Join(has, " and ")
	switch normal := ICCID(s); {
	case len(has) == 0 || !IsMSISDN(s) && !IsICCID(normal):
		return ""
	case len(normal) < 11: // perhaps a part of an ICCID
		return hint
	default:
		return hint + ": want " + normal
	}
}

// halfWidth is the ASCII character that a full-width one stands for.
func halfWidth(r rune) rune {
	if '！' <= r && r <= '～' {
		return r - '！' + '!'
	}
	return r
}

// without removes characters from a text.
func without(s string, unwanted func(rune) bool) string {
	return strings.Map(func(r rune) rune {
		if unwanted(r) {
			return -1
		}
		return r
	}, s)
}

// isFloat reports whether s is a number as a spreadsheet writes one that is long, 8.9E+19, or a program one that was in a
// column with empty cells, 1064868950247.0.
func isFloat(s string) bool {
	mantissa, exponent, ok := strings.Cut(s, "E")
	if !ok {
		mantissa, ok = strings.CutSuffix(s, ".0")
		return ok && mantissa != "" && consistsOf(mantissa, isDigit)
	}
	return mantissa != "" && exponent != "" && strings.ContainsAny(s, ".,+") &&
		strings.Trim(mantissa, "0123456789.,") == "" && strings.Trim(exponent, "0123456789+-") == ""
}

// swapped exchanges the two digits of each byte.
func swapped(s string) string {
	b := []byte(s)
	for i := 0; i+1 < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
	return string(b)
}

// CheckDigit returns the Luhn check digit of a text of digits, which ends ICCIDs of 20 digits and IMEIs.
func CheckDigit(digits string) byte {
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
