package lenient

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// A cursor walks over a JSON text and checks its syntax on the way. Where the text breaks the syntax, the cursor moves
// to its end. There it finds no more members and elements, and null for every value.
type cursor struct {
	text   []byte
	at     int    // where the unread text begins
	broken bool   // the text is not JSON
	path   []step // the objects and lists around the next value, from the outside in
}

// A step leads into an object or a list.
type step struct {
	close byte // the bracket behind the last member or element
	count int  // of the members or elements so far, the current one included
	name  int  // offset of the current member's name
}

// maxDepth is the depth to which objects and lists can be nested, the same as for the JSON library.
const maxDepth = 10000

// begin moves to the beginning of a text.
func (c *cursor) begin(text []byte) { *c = cursor{text: text, path: c.path[:0]} }

// breakOff moves to the end of a text that is not JSON.
func (c *cursor) breakOff() {
	c.at = len(c.text)
	c.broken = true
}

// peek skips white space and returns the next byte, 0 at the end of the text.
func (c *cursor) peek() byte {
	for ; c.at < len(c.text); c.at++ {
		if b := c.text[c.at]; b > ' ' || b != ' ' && b != '\n' && b != '\r' && b != '\t' {
			return b
		}
	}
	return 0
}

// expectEnd checks that nothing but white space is left.
func (c *cursor) expectEnd() {
	c.peek()
	if c.at < len(c.text) {
		c.breakOff()
	}
}

// enter moves into the object or list that begins here and ends with a bracket. The caller loops while more.
func (c *cursor) enter(bracket byte) {
	if len(c.path) == maxDepth {
		c.breakOff()
	}
	c.at++
	c.path = append(c.path, step{close: bracket})
}

// more moves to the next member or element and reports whether there is one. If there is none, it moves out of the
// object or list.
func (c *cursor) more() bool {
	in := &c.path[len(c.path)-1]
	b := c.peek()
	switch {
	case b == in.close:
		c.at++
		c.path = c.path[:len(c.path)-1]
		return false
	case in.count == 0:
	case b == ',':
		c.at++
		b = c.peek()
	default:
		b = 0
	}
	if b == 0 || b != '"' && in.close == '}' {
		c.breakOff()
		c.path = c.path[:len(c.path)-1]
		return false
	}
	in.name = c.at
	in.count++
	return true
}

// name returns the name of a member, as JSON, and moves to its value.
func (c *cursor) name() []byte {
	raw, _ := c.readString()
	if c.peek() != ':' {
		c.breakOff()
		return raw
	}
	c.at++
	return raw
}

var null = []byte("null")

// next returns the next value and moves behind it.
func (c *cursor) next() []byte {
	first := c.peek()
	start := c.at
	switch first {
	case '"':
		c.readString()
	case '{':
		for c.enter('}'); c.more(); {
			c.name()
			c.next()
		}
	case '[':
		for c.enter(']'); c.more(); {
			c.next()
		}
	case 'n':
		c.literal("null")
	case 't':
		c.literal("true")
	case 'f':
		c.literal("false")
	default:
		c.number()
	}
	if c.broken {
		return null
	}
	return c.text[start:c.at]
}

// literal moves behind a literal.
func (c *cursor) literal(name string) {
	if end := c.at + len(name); end <= len(c.text) && string(c.text[c.at:end]) == name {
		c.at = end
	} else {
		c.breakOff()
	}
}

// number moves behind a number.
func (c *cursor) number() {
	text, i := c.text, c.at
	if i < len(text) && text[i] == '-' {
		i++
	}
	end := skipDigits(text, i)
	valid := end == i+1 || end > i && text[i] != '0'
	if end < len(text) && text[end] == '.' {
		i = end + 1
		end = skipDigits(text, i)
		valid = valid && end > i
	}
	if end < len(text) && text[end]|0x20 == 'e' {
		i = end + 1
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		end = skipDigits(text, i)
		valid = valid && end > i
	}
	c.at = end
	if !valid {
		c.breakOff()
	}
}

// skipDigits returns the end of the digits that begin at i.
func skipDigits(text []byte, i int) int {
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	return i
}

// Elements returns the elements of a JSON list, which must be valid.
func Elements(list []byte) (elements [][]byte) {
	var c cursor
	c.begin(list)
	c.peek()
	for c.enter(']'); c.more(); {
		elements = append(elements, c.next())
	}
	return elements
}

// maxPlace limits the name of a place, in bytes: objects can be nested thousands deep.
const maxPlace = 256

// place names the place of the current value, or that of a member in it: cards[3].monthflow.
func (c *cursor) place(member string) string {
	var b []byte
	for _, in := range c.path {
		if len(b) > maxPlace {
			break
		}
		if in.close == ']' {
			b = append(strconv.AppendInt(append(b, '['), int64(in.count-1), 10), ']')
			continue
		}
		b = appendMember(b, nil)
		name := cursor{text: c.text, at: in.name}
		b, _ = jsontext.AppendUnquote(b, name.name())
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
