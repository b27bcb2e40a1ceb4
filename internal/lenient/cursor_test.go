package lenient

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A placed is a value and its place.
type placed struct{ place, raw string }

// walk finds the scalars of the next value, and checks that next moves behind it.
func walk(t *testing.T, c *cursor, found []placed) []placed {
	past := *c
	past.path = slices.Clone(c.path)
	past.next()
	switch c.peek() {
	case '{':
		for c.enter('}'); c.more(); {
			c.name()
			found = walk(t, c, found)
		}
	case '[':
		for c.enter(']'); c.more(); {
			found = walk(t, c, found)
		}
	default:
		place := c.place("")
		found = append(found, placed{place, string(c.next())})
	}
	assert.Equal(t, past.at, c.at)
	return found
}

// read does the same by means of the JSON library.
func read(dec *jsontext.Decoder, place string, found []placed) []placed {
	switch dec.PeekKind() {
	case '{':
		for _, _ = dec.ReadToken(); dec.PeekKind() != '}'; {
			name, _ := dec.ReadToken()
			found = read(dec, string(appendMember([]byte(place), []byte(name.String()))), found)
		}
		_, _ = dec.ReadToken()
	case '[':
		_, _ = dec.ReadToken()
		for n := 0; dec.PeekKind() != ']'; n++ {
			found = read(dec, fmt.Sprintf("%s[%d]", place, n), found)
		}
		_, _ = dec.ReadToken()
	default:
		raw, _ := dec.ReadValue()
		if len(place) > maxPlace {
			place = Excerpt(place, maxPlace) + "…"
		}
		found = append(found, placed{place, string(raw)})
	}
	return found
}

// FuzzDecodeCursor compares a cursor with the JSON library.
func FuzzDecodeCursor(f *testing.F) {
	for _, text := range slices.Concat(validTexts, brokenTexts) {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var c cursor
		c.begin(text)
		c.next()
		c.expectEnd()
		valid := jsontext.Value(text).IsValid(jsonOptions)
		require.Equal(t, !valid, c.broken, "%q", text)
		if utf8.Valid(text) {
			require.Equal(t, stdjson.Valid(text), valid, "%q", text)
		}
		assert.Empty(t, c.path)
		if !valid {
			require.Error(t, syntaxError(text))
			return
		}
		c.begin(text)
		assert.Equal(t, read(jsontext.NewDecoder(bytes.NewReader(text), jsonOptions), "", nil), walk(t, &c, nil))
		assert.Empty(t, c.path)

		if jsontext.Value(text).Kind() == jsontext.KindBeginArray {
			var want []jsontext.Value
			require.NoError(t, json.Unmarshal(text, &want, jsonOptions))
			elements := Elements(text)
			require.Len(t, elements, len(want))
			for i, element := range elements {
				assert.Equal(t, string(want[i]), string(element))
			}
		}
	})
}

var validTexts = []string{
	`0`, ` -1.5e+3 `, `"a"`, `null`, `true`, `{}`, `[]`, ` [ ] `, `[[],{}]`, `{"a":1}`,
	"{ \"a\" :\t1 ,\r\n\"b\" : [ 1 , 2 ] }",
	`{"a":{"b":[{"c":1},{"c":[true,false,null]}]},"d":"e"}`, `[1,-2,3.5]`, `["a","b"]`,
	`"\""`, `"\\"`, `["\\\"","]"]`, `{"a\"}":"{[","b\\":"\\\\"}`, `{"\u0061":"\/"}`, `{"卡":"移远"}`,
	"{\"\xff\":\"\xfe\"}", `{"a":"\ud800"}`, `["\u00aF\b\f\n\r\t"]`, `0e0`, `-0`, `1E-9`, `0.0`, "\"\x7f\"",
	`{"` + strings.Repeat("a", maxPlace+1) + `":[0,{"b":1}]}`, `{"` + strings.Repeat("卡", maxPlace/3) + `":{"b":1}}`,
	`{"a":1,"a":2}`, `{"":{"":0}}`, `{"~/":{"1":2}}`,
	`["","a","ab","abc","abcd","abcde","abcdef","abcdefg","abcdefgh","abcdefghi","移","移远","12345移","1234567移8"]`,
}

func TestDecodeLimitsTheDepthOfTexts(t *testing.T) {
	t.Parallel()
	for depth := maxDepth; depth <= maxDepth+1; depth++ {
		for _, text := range []string{nested("[", "", "]", depth), nested(`{"":`, "0", "}", depth)} {
			var c cursor
			c.begin([]byte(text))
			c.next()
			c.expectEnd()
			assert.Equal(t, depth > maxDepth, c.broken)
			assert.Equal(t, depth <= maxDepth, jsontext.Value(text).IsValid(jsonOptions))
		}
	}
}

func nested(begin, inner, end string, depth int) string {
	return strings.Repeat(begin, depth) + inner + strings.Repeat(end, depth)
}

var brokenTexts = []string{
	``, ` `, `nul`, `nulL`, `truth`, `fals`, `x`, `+1`, `-`, `01`, `-01`, `1.`, `.1`, `1.e1`, `1e`, `1e+`, `0x1`,
	`1 2`, `1,`,
	`"`, `"a`, `"abcdefghijk`, `"\`, `"\"`, `"\x"`, `"\u"`, `"\u12"`, `"\u123g"`, `"\u12`, "\"a\nb\"", "\"\x00\"",
	"\"abcdefgh\x1fabcdefghijkl\"", `'a'`, `[`, `]`, `[1`, `[1,`, `[1,]`, `[,1]`, `[1 2]`, `[1}`, `[1:2]`, `[]]`, `[],`,
	`{`, `}`, `{"a"`, `{"a":`, `{"a":}`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{,"a":1}`, `{"a" 1}`, `{"a",1}`,
	`{"a":1 "b":2}`,
	`{"a":1]`, `{a:1}`, `{1:1}`, `{null:1}`, `{"a"::1}`, `{"a":1,,"b":1}`, `{}{}`, "\x00", "[\x00]", "[1\x00]", "\ufeff1",
	"1\v",
	`{"a":[[{"b":"c"},1],2}`,
}
