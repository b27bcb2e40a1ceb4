package lenient

import (
	"encoding/binary"
	"math/bits"
)

// These words of eight bytes serve to look at eight bytes of a string at once.
const (
	everyByte = 0x0101010101010101 // times a byte: a word with this byte eight times
	highBits  = 0x80 * everyByte   // set in bytes that are not ASCII
)

// readString returns the string that begins here, with its quotes, and moves behind it. It reports whether the string
// is plain: ASCII without escapes.
func (c *cursor) readString() (raw []byte, plain bool) {
	start, text := c.at, c.text
	var seen uint64 // the bits of all bytes
	for i := start + 1; i <= len(text)-8; i += 8 {
		word := binary.LittleEndian.Uint64(text[i:])
		stops := zeros(word^'"'*everyByte) | zeros(word^'\\'*everyByte) | controls(word)
		if stops == 0 {
			seen |= word
			continue
		}
		n := bits.TrailingZeros64(stops) &^ 7 // of the bits before the first byte that stops
		if i += n / 8; text[i] != '"' {
			break
		}
		seen |= word & (1<<n - 1)
		c.at = i + 1
		return text[start:c.at], seen&highBits == 0
	}
	return c.anyString()
}

// zeros returns a word whose lowest bit that is set is in the first byte that is zero. It returns 0 if there is none.
func zeros(word uint64) uint64 { return (word - everyByte) & ^word & highBits }

// controls does the same for control characters, those below a blank.
func controls(word uint64) uint64 { return (word - ' '*everyByte) & ^word & highBits }

// anyString is readString for strings with escapes, near the end of the text, or broken.
func (c *cursor) anyString() (raw []byte, plain bool) {
	start := c.at
	plain = true
	for c.at++; c.at < len(c.text); c.at++ {
		switch b := c.text[c.at]; {
		case b == '"':
			c.at++
			return c.text[start:c.at], plain
		case b == '\\':
			plain = false
			c.at++
			if !c.escape() {
				c.breakOff()
			}
		case b < ' ':
			c.breakOff()
		case b >= 0x80:
			plain = false
		}
	}
	c.breakOff()
	return []byte(`""`), true
}

// escape moves to the last character of the escape whose backslash was read, and reports whether there is one.
func (c *cursor) escape() bool {
	if c.at == len(c.text) {
		return false
	}
	switch c.text[c.at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
	default:
		return false
	}
	for range 4 {
		if c.at++; c.at == len(c.text) || !isHex(c.text[c.at]) {
			return false
		}
	}
	return true
}

func isHex(b byte) bool { return isDigit(b) || 'a' <= b|0x20 && b|0x20 <= 'f' }
