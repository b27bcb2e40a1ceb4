package quecloudtest

import (
	"fmt"
	"strconv"
	"strings"
)

// An encoder appends the members of a response to a buffer, in a dialect. It uses neither reflection nor a tree,
// because a page of 1000 cards has 30,000 members.
type encoder struct {
	buf     []byte
	dialect Dialect
}

// name starts a member: a comma after other members, and the name. Elements of a list have an empty name.
func (e *encoder) name(name string) {
	b := e.buf
	if n := len(b); n > 0 && b[n-1] != '{' && b[n-1] != '[' {
		b = append(b, ',')
	}
	if name != "" {
		if e.dialect.has(OtherCase) {
			name = otherCase(name)
		}
		b = append(append(append(b, '"'), name...), '"', ':')
	}
	e.buf = b
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

// omits reports whether the dialect omits a member without a value. It omits no elements of lists.
func (e *encoder) omits(name string) bool { return name != "" && e.dialect.has(AbsentMembers) }

func (e *encoder) null(name string) {
	if e.omits(name) {
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

// flag writes a bool as the number 1 or 0.
func (e *encoder) flag(name string, v bool) { e.int(name, flagNumber(v)) }

func flagNumber(v bool) int64 {
	if v {
		return 1
	}
	return 0
}

// flagText returns a flag as text.
func flagText(v bool) string { return strconv.FormatInt(flagNumber(v), 10) }

// text writes a string.
func (e *encoder) text(name, v string) {
	if v == "" && e.omits(name) {
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

// date writes a date. For the zero day it writes empty text, as live responses do, or null, as the vendor's document
// does. It allocates no string, because a page of cards has 5000 dates.
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

// integerText writes a number in quotes, as the example of fc.function.cards.info does. It is text, to which
// DigitsAsNumbers applies.
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

// volumeText writes an amount of data as integerText does.
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

// appendQuoted appends v as a JSON string. It keeps bytes that are not UTF-8.
func appendQuoted(b []byte, v string) []byte {
	b = append(b, '"')
	start := 0
	for i := range len(v) {
		if c := v[i]; escaped[c] {
			b = append(b, v[start:i]...)
			b = fmt.Appendf(b, `\u%04x`, c)
			start = i + 1
		}
	}
	b = append(b, v[start:]...)
	return append(b, '"')
}

// escaped has the bytes that a JSON string must not have, and DEL.
var escaped = func() (escaped [256]bool) {
	for c := range escaped {
		escaped[c] = c < ' ' || c == '"' || c == '\\' || c == 0x7f
	}
	return escaped
}()

// isNumber reports whether v consists of digits and is a valid JSON number, without a leading zero.
func isNumber(v string) bool {
	if v == "" || v[0] == '0' && v != "0" {
		return false
	}
	return strings.Trim(v, "0123456789") == ""
}

// A Dialect changes the form of responses and keeps their meaning. Combine dialects with |. The zero Dialect writes the
// form that public clients read from the live platform where it is known, and that of the vendor's examples elsewhere.
type Dialect uint8

// The dialects. [WithDialect] sets them for a whole server, [Speak] for some calls.
const (
	// NumbersAsText puts every number in quotes, resultCode too.
	NumbersAsText Dialect = 1 << iota
	// DigitsAsNumbers writes every text that is a number without quotes: MSISDNs, ICCIDs of digits only, flags.
	DigitsAsNumbers
	// BooleansAsText puts true and false in quotes.
	BooleansAsText
	// AsDocumented follows the vendor's document where live responses differ from it: fc.function.cards.info responds
	// with List, not list, and a missing date is null, not empty text.
	AsDocumented
	// AbsentMembers omits every member that is null or empty text.
	AbsentMembers
	// OtherNesting puts the members of fc.function.yearmonth.detail and fc.function.card.location under data. The field
	// table documents this for the first, and public clients read it from the second.
	OtherNesting
	// OtherCase writes member names in upper case, and names that are in upper case in lower case.
	OtherCase
)

// has reports whether d includes any of other.
func (d Dialect) has(other Dialect) bool { return d&other != 0 }

func appendHundredths(b []byte, n int64) []byte { return appendFixed(b, n, 2) }

// appendFixed appends n / 10^decimals with that many decimals. It prints amounts exactly, without floating-point
// numbers.
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
