package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/maphash"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// A masker replaces what a response says of cards, people and money, and keeps its form: digits become other digits,
// letters other letters. The same text becomes the same one in all responses of a run.
type masker struct{ seed maphash.Seed }

func newMasker() masker { return masker{maphash.MakeSeed()} }

// harmless are members whose values say nothing of a card or a person: states and types, flags, and positions of pages.
var harmless = strings.Fields(`
	resultCode status active carrier supplier telecomOperatorName cardType networkType pausereason isflowshare islock
	gprsstatus realnamestatus callstatus onlinestatus rspdesc issuccess rpscode page pageSize totalPage flowType tfType
	orderType orderStatus TaskStatus alarmstatus pausestatus isdelete preverified servicecycle setmealmonths
	setmealMonths cycle months MSID_TYPE handleType`)

// text masks a text.
func (m masker) text(s string) string {
	digits := m.digits(s)
	out := []rune(s)
	keep := 0
	if strings.HasPrefix(s, "89") && len(s) >= 19 && len(s) <= 20 {
		keep = 6 // an ICCID's prefix names the carrier
	}
	for i, r := range out {
		switch {
		case i < keep:
		case r >= '0' && r <= '9':
			out[i] = digits(i)
		case unicode.IsNumber(r):
			out[i] = '0'
		case unicode.Is(unicode.Han, r):
			out[i] = '某'
		case unicode.IsUpper(r):
			out[i] = 'X'
		case unicode.IsLetter(r):
			out[i] = 'x'
		}
	}
	return string(out)
}

// digits returns a function that gives the digit at a position instead of that of a text.
func (m masker) digits(s string) func(int) rune {
	return func(i int) rune {
		var at [8]byte
		binary.LittleEndian.PutUint64(at[:], uint64(i))
		return '0' + rune(maphash.Bytes(m.seed, append([]byte(s), at[:]...))%10)
	}
}

// number masks a number, with as many digits.
func (m masker) number(s string) string {
	if strings.Trim(s, "01.-") == "" {
		return s // 0, 1, 0.1: they have no digit to hide, and may be flags
	}
	digits := m.digits(s)
	out := []rune(s)
	first := true
	for i, r := range out {
		switch {
		case r == 'e' || r == 'E':
			return string(out)
		case r < '0' || r > '9':
		case first && r != '0':
			out[i], first = '1'+(digits(i)-'0')%9, false
		case !first:
			out[i] = digits(i)
		}
	}
	return string(out)
}

// dates are the dates and times of the platform. Numbers of phones, addresses and positions must not match.
var dates = regexp.MustCompile(`^(19|20)[0-9]{2}(-[0-9]{2}-[0-9]{2}|/[0-9]{2}/[0-9]{2}|(0[1-9]|1[0-2])[0-3][0-9])` +
	`([ T]?[0-9]{2}:?[0-9]{2}:?[0-9]{2}(\.[0-9]+)?)?$`)

// date keeps year and month of a date, and replaces the day by the first and the time by zeros.
func date(s string) string {
	out, digits := []byte(s), 0
	for i, b := range out {
		if b < '0' || b > '9' {
			continue
		}
		digits++
		switch {
		case digits == 8:
			out[i] = '1'
		case digits > 6:
			out[i] = '0'
		}
	}
	return string(out)
}

var (
	numbers = regexp.MustCompile(`[0-9]{5,}`)
	emails  = regexp.MustCompile(`\S+@\S+`)
	ips     = regexp.MustCompile(`[0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-fA-F]*(:[0-9a-fA-F]*){3,}`)
)

// message masks the numbers and addresses in a text for people.
func (m masker) message(s string) string {
	s = emails.ReplaceAllString(s, "x@x")
	s = ips.ReplaceAllStringFunc(s, m.text)
	return numbers.ReplaceAllStringFunc(s, m.text)
}

// value masks the JSON of a scalar.
func (m masker) value(raw string) string {
	var out bytes.Buffer
	if err := m.json(&out, strings.NewReader(raw)); err != nil {
		return m.text(raw)
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

// json writes JSON with masked values, in the order of its members.
func (m masker) json(w *bytes.Buffer, r io.Reader) error {
	in := json.NewDecoder(r)
	in.UseNumber()
	return m.next(w, in, "", "")
}

func (m masker) next(w *bytes.Buffer, in *json.Decoder, member, indent string) error {
	token, err := in.Token()
	if err != nil {
		return err
	}
	keep := slices.Contains(harmless, member)
	switch v := token.(type) {
	case json.Delim:
		return m.nested(w, in, v, member, indent)
	case string:
		switch {
		case dates.MatchString(v):
			v = date(v)
		case keep:
			v = m.message(v)
		default:
			v = m.text(v)
		}
		out, err := marshal(v)
		w.Write(out)
		return err
	case json.Number:
		s := v.String()
		if !keep || numbers.MatchString(s) {
			s = m.number(s)
		}
		w.WriteString(s)
		return nil
	default:
		out, err := marshal(v)
		w.Write(out)
		return err
	}
}

// maxIndent is the indentation of the deepest member. Responses have a few levels.
const maxIndent = 64

func (m masker) nested(w *bytes.Buffer, in *json.Decoder, open json.Delim, member, indent string) error {
	inner := indent + "  "
	if len(inner) > maxIndent {
		return errors.New("too deep")
	}
	w.WriteRune(rune(open))
	for i := 0; in.More(); i++ {
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteString("\n" + inner)
		if open == '{' {
			token, err := in.Token()
			if err != nil {
				return err
			}
			name, ok := token.(string)
			if !ok {
				return errors.New("a member without a name")
			}
			member = name
			quoted, err := marshal(m.message(name))
			if err != nil {
				return err
			}
			w.Write(quoted)
			w.WriteString(": ")
		}
		if err := m.next(w, in, member, inner); err != nil {
			return err
		}
	}
	end, err := in.Token()
	if err != nil {
		return err
	}
	w.WriteString("\n" + indent)
	w.WriteRune(rune(end.(json.Delim)))
	return nil
}
