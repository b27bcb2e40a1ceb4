package lenient

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// A cursor walks through a text that is known to be JSON, which is why it checks nothing.
type cursor struct {
	text []byte
	at   int // what has not been read yet

	plain bool // every string in it means what is written there: there are no escapes, and only valid UTF-8

	// Where it is, from the outside in: of an object where the present member's name begins in text, of a list the
	// complement of the present element's index.
	path []int
}

// begin goes to the beginning of a text.
func (c *cursor) begin(text []byte) {
	*c = cursor{text: text, plain: bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text), path: c.path[:0]}
}

// peek goes to what comes next and returns its first byte. It may be a value, a member's name, or the end of an object
// or list.
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

// next returns the value, or the member's name, that comes next, and goes past it.
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
			c.at++ // what it escapes
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

// enter goes into the object or list that comes next, and leave out of it at its end.
func (c *cursor) enter() {
	c.peek()
	c.at++
	c.path = append(c.path, 0)
}

func (c *cursor) leave() {
	c.at++
	c.path = c.path[:len(c.path)-1]
}

// Elements returns the elements of a text that is a JSON list.
func Elements(list []byte) (elements [][]byte) {
	var c cursor
	c.begin(list)
	for c.enter(); c.peek() != ']'; {
		elements = append(elements, c.next())
	}
	return elements
}

// isAt says which member, or element, of the innermost object or list comes next.
func (c *cursor) isAt(place int) { c.path[len(c.path)-1] = place }

// maxPlace is how long the name of a place may be, in bytes. Objects can be nested thousands of times.
const maxPlace = 256

// place names the present place, or that of a member in it: cards[3].monthflow.
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

// appendMember adds the name of a member to a place.
func appendMember(place, name []byte) []byte {
	if len(place) > 0 {
		place = append(place, '.')
	}
	return append(place, name...)
}
