package lenient

import (
	"bytes"
	"strconv"
	"strings"
)

// wholeNumber parses a whole number in any form: 12, 12.0, 1.2e1.
func wholeNumber(text []byte) (int64, bool) {
	if n, ok := shortNumber(text); ok {
		return n, true
	}
	if !consistsOf(text, isNumeric) { // as most enumerations; an error of strconv would allocate
		return 0, false
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		digits, ok := wholeDigits(string(text))
		if !ok {
			return 0, false
		}
		n, err = strconv.ParseInt(digits, 10, 64)
	}
	return n, err == nil
}

// shortNumber parses the usual whole numbers, of at most 18 digits.
func shortNumber(text []byte) (n int64, ok bool) {
	digits := text
	if len(text) > 0 && text[0] == '-' {
		digits = text[1:]
	}
	if len(digits) == 0 || len(digits) > 18 {
		return 0, false
	}
	for _, c := range digits {
		if !isDigit(c) {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if len(digits) < len(text) {
		n = -n
	}
	return n, true
}

// wholeDigits returns the sign and digits of a whole number that is written in another form, such as 12.0 or 1e3. It
// works on the digits, because a float64 rounds 1e-400 to 0 and 1.00000000000000000001 to 1.
func wholeDigits(text string) (digits string, ok bool) {
	mantissa, exponent, power := text, "", 0
	if i := strings.IndexAny(mantissa, "eE"); i >= 0 {
		mantissa, exponent = mantissa[:i], mantissa[i+1:]
		var err error
		if power, err = strconv.Atoi(exponent); err != nil {
			return "", false
		}
	}
	mantissa, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits = whole + fraction
	if digits == "" || !consistsOf(digits, isDigit) {
		return "", false
	}
	digits, power = strings.TrimLeft(digits, "0"), power-len(fraction)
	for power < 0 && strings.HasSuffix(digits, "0") {
		digits, power = digits[:len(digits)-1], power+1
	}
	const most = 20 // digits of a number of 64 bits
	switch {
	case digits == "":
		return "0", true
	case power < 0 || power > most || len(digits) > most:
		return "", false
	case negative:
		digits = "-" + digits
	}
	return digits + strings.Repeat("0", power), true
}

// parseFloat parses a decimal number. It rejects other forms that strconv accepts: inf, 0x1p-2, 1_000.
func parseFloat(text []byte) (float64, bool) {
	if f, ok := shortFloat(text); ok {
		return f, true
	}
	if !consistsOf(text, isNumeric) {
		return 0, false
	}
	f, err := strconv.ParseFloat(string(text), 64)
	mantissa, _, _ := bytes.Cut(bytes.ToLower(text), []byte("e"))
	return f, err == nil && (f != 0 || !bytes.ContainsAny(mantissa, "123456789")) // 1e-400 is not 0
}

// shortFloat parses the usual numbers, of at most 15 digits and without an exponent. Digits and power of ten are both
// exact as float64, so their quotient is rounded correctly. shortFloat saves the string that strconv needs.
func shortFloat(text []byte) (float64, bool) {
	digits, places, ok := shortDecimal(text)
	if !ok || digits >= 1e15 {
		return 0, false
	}
	f := float64(digits) / powersOfTen[places]
	if text[0] == '-' {
		f = -f
	}
	return f, true
}

// shortDecimal parses a number of at most 16 digits and without an exponent. It returns the digits without sign and
// point, and how many stand behind the point.
func shortDecimal(text []byte) (digits int64, places int, ok bool) {
	point := false
	if len(text) > 0 && text[0] == '-' {
		text = text[1:]
	}
	if len(text) == 0 || len(text) > 16 || !isDigit(text[0]) || !isDigit(text[len(text)-1]) {
		return 0, 0, false
	}
	for _, c := range text {
		switch {
		case isDigit(c):
			digits = digits*10 + int64(c-'0')
			if point {
				places++
			}
		case c == '.' && !point:
			point = true
		default:
			return 0, 0, false
		}
	}
	return digits, places, true
}

var powersOfTen = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

func isNumeric(c byte) bool {
	return isDigit(c) || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E'
}
