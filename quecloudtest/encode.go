package quecloudtest

import (
	"fmt"
	"strconv"
	"strings"
)

// An encoder appends the members of an answer to a buffer, in a dialect. A page of a thousand cards has thirty
// thousand members, which is why there is no reflection and no tree.
type encoder struct {
	buf     []byte
	dialect Dialect
}

// name starts a member: the comma before it where one is due, and its name. Elements of a list have none.
func (e *encoder) name(name string) {
	if n := len(e.buf); n > 0 && e.buf[n-1] != '{' && e.buf[n-1] != '[' {
		e.buf = append(e.buf, ',')
	}
	if name == "" {
		return
	}
	if e.dialect.has(OtherCase) {
		name = otherCase(name)
	}
	e.buf = append(e.buf, '"')
	e.buf = append(e.buf, name...)
	e.buf = append(e.buf, '"', ':')
}

func otherCase(name string) string {
	if upper := strings.ToUpper(name); upper != name {
		return upper
	}
	return strings.ToLower(name)
}

func (e *encoder) object(name string, members func()) {
	e.name(name)
	e.buf = append(e.buf, '{')
	members()
	e.buf = append(e.buf, '}')
}

func (e *encoder) list(name string, elements func()) {
	e.name(name)
	e.buf = append(e.buf, '[')
	elements()
	e.buf = append(e.buf, ']')
}

// leftOut reports whether a member without a value is to be left out. Elements of a list never are.
func (e *encoder) leftOut(name string) bool { return name != "" && e.dialect.has(AbsentMembers) }

func (e *encoder) null(name string) {
	if e.leftOut(name) {
		return
	}
	e.name(name)
	e.buf = append(e.buf, "null"...)
}

func (e *encoder) bool(name string, v bool) {
	e.name(name)
	if e.dialect.has(BooleansAsText) {
		e.buf = append(e.buf, '"')
		defer func() { e.buf = append(e.buf, '"') }()
	}
	e.buf = strconv.AppendBool(e.buf, v)
}

// flag is a bool as the platform writes it: 1 or 0.
func (e *encoder) flag(name string, v bool) {
	if v {
		e.int(name, 1)
		return
	}
	e.int(name, 0)
}

// text writes a string.
func (e *encoder) text(name, v string) {
	if v == "" && e.leftOut(name) {
		return
	}
	e.name(name)
	if e.dialect.has(DigitsAsNumbers) && isNumber(v) {
		e.buf = append(e.buf, v...)
		return
	}
	e.buf = appendQuoted(e.buf, v)
}

// optional writes a string, or null for an empty one.
func (e *encoder) optional(name, v string) {
	if v == "" {
		e.null(name)
		return
	}
	e.text(name, v)
}

// date writes a date, or for none empty text, as live responses have it, where the vendor's document has null. It makes no
// string of it: a page of cards has 5000 dates.
func (e *encoder) date(name string, d day) {
	switch {
	case d == 0 && e.dialect.has(AsDocumented):
		e.null(name)
		return
	case d == 0:
		e.text(name, "")
		return
	}
	e.name(name)
	e.buf = append(e.buf, '"')
	e.buf = d.append(e.buf)
	e.buf = append(e.buf, '"')
}

func (e *encoder) int(name string, v int64) {
	e.name(name)
	quoted := e.quote()
	e.buf = strconv.AppendInt(e.buf, v, 10)
	e.unquote(quoted)
}

// volume writes an amount of data in MB.
func (e *encoder) volume(name string, v volume) {
	e.name(name)
	quoted := e.quote()
	e.buf = appendFixed(e.buf, int64(v), 3)
	e.unquote(quoted)
}

// money writes an amount in yuan.
func (e *encoder) money(name string, v Money) {
	e.name(name)
	quoted := e.quote()
	e.buf = appendHundredths(e.buf, int64(v))
	e.unquote(quoted)
}

// integerText writes a number in quotes, as the example of fc.function.cards.info has them. They are text, and so subject
// to DigitsAsNumbers.
func (e *encoder) integerText(name string, v int64) {
	e.name(name)
	if e.dialect.has(DigitsAsNumbers) {
		e.buf = strconv.AppendInt(e.buf, v, 10)
		return
	}
	e.buf = append(e.buf, '"')
	e.buf = strconv.AppendInt(e.buf, v, 10)
	e.buf = append(e.buf, '"')
}

// volumeText is integerText for an amount of data.
func (e *encoder) volumeText(name string, v volume) {
	e.name(name)
	if e.dialect.has(DigitsAsNumbers) {
		e.buf = appendFixed(e.buf, int64(v), 3)
		return
	}
	e.buf = append(e.buf, '"')
	e.buf = appendFixed(e.buf, int64(v), 3)
	e.buf = append(e.buf, '"')
}

func (e *encoder) quote() bool {
	quoted := e.dialect.has(NumbersAsText)
	if quoted {
		e.buf = append(e.buf, '"')
	}
	return quoted
}

func (e *encoder) unquote(quoted bool) {
	if quoted {
		e.buf = append(e.buf, '"')
	}
}

// appendQuoted appends v as a JSON string. What is not UTF-8 in it stays as it is.
func appendQuoted(b []byte, v string) []byte {
	b = append(b, '"')
	start := 0
	for i := range len(v) {
		if c := v[i]; c < ' ' || c == '"' || c == '\\' || c == 0x7f {
			b = append(b, v[start:i]...)
			b = fmt.Appendf(b, `\u%04x`, c)
			start = i + 1
		}
	}
	b = append(b, v[start:]...)
	return append(b, '"')
}

// isNumber says whether v is digits that JSON allows as a number: no leading zero.
func isNumber(v string) bool {
	if v == "" || v[0] == '0' && v != "0" {
		return false
	}
	return strings.Trim(v, "0123456789") == ""
}

// A Dialect is a way in which responses may differ from the server's usual ones without meaning anything else. Combine
// several with |. The zero Dialect writes what public clients read from the live platform where these show it, and what
// the vendor's examples show elsewhere.
type Dialect uint8

// The dialects. [WithDialect] sets them for a whole server, and [Speak] for some calls.
const (
	// NumbersAsText puts every number in quotes, resultCode too.
	NumbersAsText Dialect = 1 << iota
	// DigitsAsNumbers takes the quotes off every text that is a number: MSISDN, ICCID of digits only, flags.
	DigitsAsNumbers
	// BooleansAsText puts true and false in quotes.
	BooleansAsText
	// AsDocumented keeps to the vendor's document where live responses differ from it: the example of
	// fc.function.cards.info says List, not list, and null stands for a date that is not there, not empty text.
	AsDocumented
	// AbsentMembers leaves out every member that is null or empty text.
	AbsentMembers
	// OtherNesting puts the members of fc.function.yearmonth.detail and fc.function.card.location under data, as the
	// field table of the first has it and as the second has been seen.
	OtherNesting
	// OtherCase writes member names in upper case, and those that are in upper case in lower case.
	OtherCase
)

// has reports whether d includes other.
func (d Dialect) has(other Dialect) bool { return d&other != 0 }

func appendHundredths(b []byte, n int64) []byte { return appendFixed(b, n, 2) }

// appendFixed writes n / 10^decimals with that many decimals. It is how amounts and volumes are printed without ever
// having been floating-point numbers.
func appendFixed(b []byte, n int64, decimals int) []byte {
	if n < 0 {
		b = append(b, '-')
		n = -n
	}
	digits := strconv.AppendInt(make([]byte, 0, 24), n, 10)
	for len(digits) <= decimals {
		digits = append([]byte{'0'}, digits...)
	}
	point := len(digits) - decimals
	b = append(b, digits[:point]...)
	b = append(b, '.')
	return append(b, digits[point:]...)
}
