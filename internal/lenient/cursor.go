package lenient

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A cursor walks over a text that is valid JSON. It checks nothing.
type cursor struct {
	text []byte
	at   int // where the unread text begins

	plain bool // the text has no escapes and is valid UTF-8

	// The place, from the outside in: for an object the offset of the member's name in text, for a list the complement of
	// the element's index.
	path []int
}

// begin moves to the beginning of a text.
func (c *cursor) begin(text []byte) {
	*c = cursor{text: text, plain: bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text), path: c.path[:0]}
}

// peek moves to the next value, member name, or end of an object or list, and returns its first byte.
func (c *cursor) peek() byte {
	for {
		switch b := c.text[c.at]; b {
		case ' ', '\t', '\n', '\r', ',', ':':
			c.at++
		default:
			return b
		}
	}
}

// next returns the next value or member name and moves behind it.
func (c *cursor) next() []byte {
	first := c.peek()
	start := c.at
	switch first {
	case '"':
		c.skipString()
	case '{', '[':
		c.skipNested()
	default:
		for c.at < len(c.text) && !endsLiteral(c.text[c.at]) {
			c.at++
		}
	}
	return c.text[start:c.at]
}

func endsLiteral(b byte) bool { return b <= ' ' || b == ',' || b == ']' || b == '}' }

func (c *cursor) skipString() {
	start := c.at + 1
	c.at = start + bytes.IndexByte(c.text[start:], '"') + 1
	if c.plain || bytes.IndexByte(c.text[start:c.at], '\\') < 0 {
		return
	}
	for c.at = start; c.text[c.at] != '"'; c.at++ {
		if c.text[c.at] == '\\' {
			c.at++ // the escaped character
		}
	}
	c.at++
}

func (c *cursor) skipNested() {
	for depth := 0; ; {
		switch c.text[c.at] {
		case '"':
			c.skipString()
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if c.at++; depth == 0 {
			return
		}
	}
}

// enter moves into the next object or list. leave moves out of it, from its end.
func (c *cursor) enter() {
	c.peek()
	c.at++
	c.path = append(c.path, 0)
}

func (c *cursor) leave() {
	c.at++
	c.path = c.path[:len(c.path)-1]
}

// Elements returns the elements of a JSON list, which must be valid.
func Elements(list []byte) (elements [][]byte) {
	var c cursor
	c.begin(list)
	for c.enter(); c.peek() != ']'; {
		elements = append(elements, c.next())
	}
	return elements
}

// isAt sets the place within the innermost object or list.
func (c *cursor) isAt(place int) { c.path[len(c.path)-1] = place }

// maxPlace limits the name of a place, in bytes: objects can be nested thousands deep.
const maxPlace = 256

// place names the current place, or that of a member in it: cards[3].monthflow.
func (c *cursor) place(member string) string {
	var b []byte
	for _, at := range c.path {
		if len(b) > maxPlace {
			break
		}
		if at < 0 {
			b = append(strconv.AppendInt(append(b, '['), int64(^at), 10), ']')
			continue
		}
		b = appendMember(b, nil)
		name := cursor{text: c.text, at: at}
		b, _ = jsontext.AppendUnquote(b, name.next())
	}
	if member != "" {
		b = appendMember(b, []byte(member))
	}
	if len(b) > maxPlace {
		b = append(Excerpt(b, maxPlace), "…"...)
	}
	return string(b)
}

// appendMember appends the name of a member to a place.
func appendMember(place, name []byte) []byte {
	if len(place) > 0 {
		place = append(place, '.')
	}
	return append(place, name...)
}
