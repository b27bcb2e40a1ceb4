package lenient

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The document promises UTF-8. Bytes in another encoding are kept, so that no part of an SMS is lost.

// foreignOptions are for types that the JSON library reads. By default it replaces bytes that are not UTF-8.
var foreignOptions = json.JoinOptions(jsonOptions, json.MatchCaseInsensitiveNames(true),
	json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFromFunc(foreignString), json.UnmarshalFromFunc(foreignAny))))

func foreignString(dec *jsontext.Decoder, to *string) error {
	if dec.PeekKind() != jsontext.KindString {
		return errors.ErrUnsupported
	}
	raw, err := dec.ReadValue()
	if err == nil {
		*to = Unquote(raw)
	}
	return err
}

func foreignAny(dec *jsontext.Decoder, to *any) error {
	var text string
	err := foreignString(dec, &text)
	if err == nil {
		*to = text
	}
	return err
}

// Unquote returns the text of a JSON string.
func Unquote(raw []byte) string {
	text, _ := appendText(nil, raw)
	return string(text)
}

// textOf returns the text of the JSON string just read, and reports it if it is not UTF-8.
func (d *decoder) textOf(raw []byte) []byte {
	text, valid := d.unquoted(raw)
	if !valid {
		d.reportNotUTF8(raw)
	}
	return text
}

// unquoted returns the text of a JSON string, valid until the next call, and whether it is UTF-8.
func (d *decoder) unquoted(raw []byte) (text []byte, valid bool) {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1], utf8.Valid(raw)
	}
	d.scratch, valid = appendText(d.scratch[:0], raw)
	return d.scratch, valid
}

// checkEncoding reports a value of any type, just read, if it is not UTF-8.
func (d *decoder) checkEncoding(raw []byte) {
	if !utf8.Valid(raw) {
		d.reportNotUTF8(raw)
	}
}

// appendText appends the text of a JSON string, and reports whether it is UTF-8. Bytes in another encoding and the
// escape of half a surrogate pair stay as they are written.
func appendText(dst, raw []byte) (text []byte, valid bool) {
	start := len(dst)
	dst, err := jsontext.AppendUnquote(dst, raw)
	if err == nil {
		return dst, true
	}
	dst = dst[:start]
	for rest := raw[1 : len(raw)-1]; len(rest) > 0; {
		n := bytes.IndexByte(rest, '\\')
		if n == 0 {
			dst, n = appendEscape(dst, rest)
		} else {
			if n < 0 {
				n = len(rest)
			}
			dst = append(dst, rest[:n]...)
		}
		rest = rest[n:]
	}
	return dst, false
}

// appendEscape appends the character of the escape at the beginning of text, or the escape itself if it has none. It
// also returns the length of the escape.
func appendEscape(dst, text []byte) (_ []byte, n int) {
	lengths := []int{2}
	if text[1] == 'u' {
		lengths = []int{12, 6} // two halves of a surrogate pair, or one character
	}
	for _, n = range lengths {
		if n > len(text) {
			continue
		}
		quoted := append(append(append(make([]byte, 0, 14), '"'), text[:n]...), '"')
		if longer, err := jsontext.AppendUnquote(dst, quoted); err == nil {
			return longer, n
		}
	}
	return append(dst, text[:n]...), n
}
