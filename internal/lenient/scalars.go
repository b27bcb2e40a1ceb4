package lenient

import (
	"bytes"
	"encoding"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// A scalar is a JSON string, number or boolean.
type scalar struct {
	kind byte   // the first byte of its JSON
	text []byte // without quotes and escapes, never empty
}

// readScalar reads the next value into a scalar field. It reports whether there is a value, other than null and "", and
// whether the field accepts it.
func (d *decoder) readScalar(f *field, to any) (hasValue, ok bool) {
	var raw []byte
	var s scalar
	if d.peek() == '"' {
		var plain bool
		raw, plain = d.readString()
		if s = (scalar{'"', raw[1 : len(raw)-1]}); !plain {
			s.text = d.textOf(raw)
		}
		if len(s.text) == 0 {
			return false, false
		}
	} else {
		raw = d.next()
		if s = (scalar{raw[0], raw}); s.kind == 'n' {
			return false, false
		}
	}
	if f.isBlank != nil && maySayNothing(s.text[0]) && f.isBlank(s.text) {
		if d.Drift != nil && isNull(s.text) {
			d.report(WrongValue, raw)
		}
		return false, false
	}
	switch {
	case s.kind == '{' || s.kind == '[':
		d.mismatch(f, raw, "want "+f.want)
		return true, false
	case f.isID && !s.identifies(f.required):
		d.mismatch(f, raw, "identifies nothing")
		return true, false
	case !f.set(d, to, s):
		d.mismatch(f, raw, "want "+f.want)
		return true, false
	}
	if d.Drift != nil {
		d.checkType(f, raw)
	}
	return true, true
}

// A setter sets the field to which a pointer points. The types string, bool, int, int64 and float64 stand for all types
// of their kind. It reports whether the scalar fits the field.
type setter func(d *decoder, to any, s scalar) bool

// basicTypes are the types of the pointers that setters take.
var basicTypes = map[reflect.Kind]reflect.Type{
	reflect.String: reflect.TypeFor[*string](), reflect.Bool: reflect.TypeFor[*bool](),
	reflect.Int: reflect.TypeFor[*int](), reflect.Int64: reflect.TypeFor[*int64](),
	reflect.Float64: reflect.TypeFor[*float64](),
}

// scalarFor returns the function that sets a value of a type to a scalar, and a description for errors. It returns nil
// for types that are not scalar.
func scalarFor(t reflect.Type, rule epochRule) (want string, set setter) {
	switch t {
	case reflect.TypeFor[time.Time]():
		return "a time", rule.setTime
	case reflect.TypeFor[decimal.Decimal]():
		return "an amount", setDecimal
	}
	if set := dates[t]; set != nil {
		return "a date", rule.setDate(set)
	}
	if p := reflect.PointerTo(t); p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return "a " + t.Name(), setText
	}
	if ReadsItself(t) {
		return "", nil
	}
	switch t.Kind() {
	case reflect.String:
		if isEnumeration(t) {
			return "a text", setEnumeration
		}
		return "a text", setString
	case reflect.Bool:
		return "1 or 0", setBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number", setInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number from 0", setUint
	case reflect.Float32, reflect.Float64:
		return "a number", setFloat
	}
	return "", nil
}

// blankFor returns the function that reports whether a scalar means the same as null for a type. It returns nil if only
// "" does.
func blankFor(t reflect.Type) func(text []byte) bool {
	switch {
	case t == reflect.TypeFor[time.Time]() || dates[t] != nil:
		return IsNoTime
	case isEnumeration(t):
		return isBlank
	}
	return nil
}

// setString keeps a scalar as it is written, a bare number digit by digit.
func setString(d *decoder, to any, s scalar) bool {
	*to.(*string) = d.share(s.text)
	return true
}

// setUnique is setString for texts that are rarely equal: it does not look for an equal text to share.
func setUnique(d *decoder, to any, s scalar) bool {
	*to.(*string) = d.unique.add(s.text)
	return true
}

// setEnumeration trims the white space around a scalar.
func setEnumeration(d *decoder, to any, s scalar) bool {
	*to.(*string) = d.share(trimSpace(s.text))
	return true
}

func setBool(_ *decoder, to any, s scalar) bool {
	text := trimSpace(s.text)
	n, ok := wholeNumber(text)
	switch {
	case ok:
	case bytes.EqualFold(text, []byte("true")):
		n, ok = 1, true
	case bytes.EqualFold(text, []byte("false")):
		n, ok = 0, true
	}
	if !ok || n != 0 && n != 1 {
		return false
	}
	*to.(*bool) = n == 1
	return true
}

func setInt(_ *decoder, to any, s scalar) bool {
	n, ok := wholeNumber(s.number())
	if !ok {
		return false
	}
	switch to := to.(type) {
	case *int64:
		*to = n
	case *int:
		if int64(int(n)) != n {
			return false
		}
		*to = int(n)
	default:
		v := reflect.ValueOf(to).Elem()
		if v.OverflowInt(n) {
			return false
		}
		v.SetInt(n)
	}
	return true
}

func setUint(_ *decoder, to any, s scalar) bool {
	text := s.number()
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		digits, ok := wholeDigits(string(text))
		n, err = strconv.ParseUint(strings.TrimPrefix(digits, "-"), 10, 64)
		if !ok || err != nil || n > 0 && digits[0] == '-' {
			return false
		}
	}
	v := reflect.ValueOf(to).Elem()
	if v.OverflowUint(n) {
		return false
	}
	v.SetUint(n)
	return true
}

// number returns the text of a scalar for a whole number: true is 1 and false is 0.
func (s scalar) number() []byte {
	switch s.kind {
	case 't':
		return []byte("1")
	case 'f':
		return []byte("0")
	}
	return trimSpace(s.text)
}

func setFloat(_ *decoder, to any, s scalar) bool {
	f, ok := parseFloat(trimSpace(s.text))
	if !ok {
		return false
	}
	switch to := to.(type) {
	case *float64:
		*to = f
	default:
		v := reflect.ValueOf(to).Elem()
		if v.OverflowFloat(f) || f != 0 && float32(f) == 0 {
			return false
		}
		v.SetFloat(f)
	}
	return true
}

func setDecimal(_ *decoder, to any, s scalar) bool {
	text := trimSpace(s.text)
	if digits, places, ok := shortDecimal(text); ok {
		if text[0] == '-' {
			digits = -digits
		}
		*to.(*decimal.Decimal) = decimal.New(digits, -int32(places))
		return true
	}
	if len(text) > 40 || !consistsOf(text, isNumeric) {
		return false
	}
	amount, err := decimal.NewFromString(string(text))
	// Larger values are no amounts of money, and some methods of decimal would fill the memory with zeros.
	if err != nil || amount.Exponent() > 30 || amount.Exponent() < -30 || amount.NumDigits()+int(amount.Exponent()) > 38 {
		return false
	}
	*to.(*decimal.Decimal) = amount
	return true
}

func setText(_ *decoder, to any, s scalar) bool {
	return to.(encoding.TextUnmarshaler).UnmarshalText(s.text) == nil
}

// setDate returns a function that parses a date and stores it with set.
func (rule epochRule) setDate(set func(to any, day date)) setter {
	return func(d *decoder, to any, s scalar) bool {
		day, ok := fastDate(s.text)
		if !ok {
			t, ok := rule.parse(string(s.text), d.clock())
			if !ok {
				return false
			}
			day.Year, day.Month, day.Day = t.Date()
		}
		set(to, day)
		return true
	}
}

func (rule epochRule) setTime(d *decoder, to any, s scalar) bool {
	t, ok := fastTime(s.text)
	if !ok {
		t, ok = rule.parse(string(s.text), d.clock())
	}
	if ok {
		*to.(*time.Time) = t
	}
	return ok
}

// clock returns the clock that tells which times lie in the future.
func (d *decoder) clock() func() time.Time {
	if d.Now == nil {
		return time.Now
	}
	return d.Now
}
