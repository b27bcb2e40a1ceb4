// Package gbk encodes text in GBK, which programs write on a Chinese Windows unless told otherwise.
package gbk

import (
	_ "embed"
	"strings"
	"sync"
)

// gb2312 has the characters of GB 2312 in the order of their codes: a line for each first byte from 0xA1 to 0xA9 and
// from 0xB0 to 0xF7, with the second bytes from 0xA1 on. An underscore is a code without a character.
//
//go:embed gb2312.txt
var gb2312 string

// Encode encodes a text in GBK. It reports false when GBK lacks one of the characters, or when this package does: it
// knows the hanzi and the symbols of GB 2312, but not the symbols that only GBK has.
func Encode(text string) (encoded string, ok bool) {
	var out strings.Builder
	for _, r := range text {
		if r < 0x80 {
			out.WriteByte(byte(r))
			continue
		}
		code, ok := codes()[r]
		if !ok {
			return "", false
		}
		out.Write(code[:])
	}
	return out.String(), true
}

// codes maps characters to their codes. GBK gives the codes around GB 2312 to the other hanzi of Unicode 1.1, in the
// order of Unicode.
var codes = sync.OnceValue(func() map[rune][2]byte {
	all := make(map[rune][2]byte, 22000)
	lead := byte(0xA1)
	for line := range strings.Lines(gb2312) {
		trail := byte(0xA1)
		for _, r := range strings.TrimRight(line, "\r\n") {
			if r != '_' {
				all[r] = [2]byte{lead, trail}
			}
			trail++
		}
		if lead++; lead == 0xAA {
			lead = 0xB0
		}
	}
	lead, trail := byte(0x81), byte(0x40)
	for r := rune(0x4E00); r <= 0x9FA5; r++ {
		if _, ok := all[r]; ok {
			continue
		}
		all[r] = [2]byte{lead, trail}
		switch trail++; {
		case trail == 0x7F:
			trail++
		case lead < 0xA1 && trail == 0xFF, lead > 0xA1 && trail == 0xA1:
			trail = 0x40
			if lead++; lead == 0xA1 {
				lead = 0xAA
			}
		}
	}
	return all
})
