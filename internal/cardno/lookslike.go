package cardno

import (
	"fmt"
	"strings"
	"unicode"
)

// LooksLike describes a text that is not the number of a card, or returns "".
func LooksLike(s string) string {
	s = strings.ToUpper(strings.TrimSpace(s))
	if isIMEI(s) { // which packed may take for an MSISDN behind 86
		return otherNumber(s)
	}
	for _, describe := range []func(string) string{packed, otherNumber, rounded, swappedICCID, misspeltICCID, invisible} {
		if hint := describe(s); hint != "" {
			return hint
		}
	}
	return ""
}

// otherNumber describes the number of something else than a card.
func otherNumber(s string) string {
	switch {
	case len(s) == 15 && consistsOf(s, isDigit) && strings.HasPrefix(s, "460"):
		return "it looks like an IMSI, which is the card's identity in the network"
	case isIMEI(s):
		return "it looks like an IMEI, which is the number of a device"
	}
	return ""
}

func isIMEI(s string) bool {
	return len(s) == 15 && consistsOf(s, isDigit) && CheckDigit(s[:14]) == s[14]
}

// rounded describes a number that a spreadsheet has changed.
func rounded(s string) string {
	if !isFloat(s) {
		return ""
	}
	return "it looks like a number that a spreadsheet has rounded: format the column as text and export it anew"
}

// swappedICCID describes an ICCID as a chip stores it.
func swappedICCID(s string) string {
	const stored = "it looks like the EF_ICCID that a chip stores, with the digits of each byte swapped: "
	switch {
	case !strings.HasPrefix(s, "98"):
	case len(s) == 20 && consistsOf(s, isHexDigit):
		return stored + "swapped back it is " + ICCID(swapped(s))
	case len(s) == 19:
		return stored + "an ICCID starts with 89"
	}
	return ""
}

// misspeltICCID describes an ICCID of a wrong length or with wrong letters.
func misspeltICCID(s string) string {
	digits := strings.TrimRight(s, "F")
	isLength := len(s) == 19 || len(s) == 20
	switch {
	case len(s) < 17 || !consistsOf(s, isCapitalOrDigit):
	case len(digits) < 19 && consistsOf(digits, isDigit):
		return fmt.Sprintf("it looks like an ICCID of %d digits", len(digits))
	case isLength && strings.ContainsAny(s, "OI"):
		return "it has the letter O or I, which no ICCID has: probably a digit 0 or 1 was misread"
	case !isLength:
		return fmt.Sprintf("it looks like an ICCID of %d characters", len(s))
	}
	return ""
}

// invisible describes a text with a character that cannot be seen.
func invisible(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Cf, r) }) {
		return "it has an invisible character"
	}
	return ""
}

// packed describes the characters around or inside an otherwise valid number, or returns "".
func packed(s string) string {
	var problems []string
	strip := func(what, bare string) {
		if bare != s {
			problems, s = append(problems, what), bare
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
	hint := "it " + strings.Join(problems, " and ")
	switch normal := ICCID(s); {
	case len(problems) == 0 || !IsMSISDN(s) && !IsICCID(normal):
		return ""
	case len(normal) < 11: // perhaps a part of an ICCID
		return hint
	default:
		return hint + ": want " + normal
	}
}

// halfWidth returns the ASCII character of a full-width one.
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

// isFloat reports whether s is a number as spreadsheets write long ones, 8.9E+19, or as programs write numbers of a
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

// swapped swaps the two digits of each byte.
func swapped(s string) string {
	b := []byte(s)
	for i := 0; i+1 < len(b); i += 2 {
		b[i], b[i+1] = b[i+1], b[i]
	}
	return string(b)
}
