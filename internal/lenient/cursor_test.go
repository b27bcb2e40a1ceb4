package lenient

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

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
	past.next()
	switch c.peek() {
	case '{':
		for c.enter(); c.peek() != '}'; {
			c.isAt(c.at)
			c.next()
			found = walk(t, c, found)
		}
		c.leave()
	case '[':
		c.enter()
		for n := 0; c.peek() != ']'; n++ {
			c.isAt(^n)
			found = walk(t, c, found)
		}
		c.leave()
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

// FuzzDecodeCursor compares a cursor with the JSON library on valid texts.
func FuzzDecodeCursor(f *testing.F) {
	for _, text := range []string{
		`0`, ` -1.5e+3 `, `"a"`, `null`, `true`, `{}`, `[]`, ` [ ] `, `[[],{}]`, `{"a":1}`,
		"{ \"a\" :\t1 ,\r\n\"b\" : [ 1 , 2 ] }",
		`{"a":{"b":[{"c":1},{"c":[true,false,null]}]},"d":"e"}`, `[1,-2,3.5]`, `["a","b"]`,
		`"\""`, `"\\"`, `["\\\"","]"]`, `{"a\"}":"{[","b\\":"\\\\"}`, `{"\u0061":"\/"}`, `{"卡":"移远"}`,
		"{\"\xff\":\"\xfe\"}", `{"a":"\ud800"}`,
		`{"` + strings.Repeat("a", maxPlace+1) + `":[0,{"b":1}]}`, `{"` + strings.Repeat("卡", maxPlace/3) + `":{"b":1}}`,
		`{"a":1,"a":2}`, `{"":{"":0}}`, `{"~/":{"1":2}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !jsontext.Value(text).IsValid(jsonOptions) {
			return // the decoder never gives a cursor such a text
		}
		var c cursor
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
