package lenient

import (
	"hash/maphash"
	"strings"
)

// A memory holds what a decoder keeps from one text to the next.
type memory struct {
	scratch []byte         // for texts with escapes
	shared  [256][4]string // recent short texts by their hash, latest first
	unique  block
	names   []*memberNames // by shape.number
	rows    [][]*row       // by shape.number, those not in use
}

var seed = maphash.MakeSeed()

// share returns a text as a string, the same one for recent equal texts.
func (m *memory) share(text []byte) string {
	if len(text) == 0 || len(text) > 32 {
		return string(text)
	}
	recent := &m.shared[maphash.Bytes(seed, text)%uint64(len(m.shared))]
	for i, s := range recent {
		if s == string(text) {
			copy(recent[1:i+1], recent[:i])
			recent[0] = s
			return s
		}
	}
	copy(recent[1:], recent[:])
	recent[0] = string(text)
	return recent[0]
}

// A block is the memory of the texts of one object that are rarely equal to others. An object needs one allocation for
// all of them, and one that is kept does not keep the texts of others.
type block struct {
	builder strings.Builder
	size    int // of the texts of this object
	before  int // of those of the object before
}

// maxBlock limits the memory that an object gets because the one before needed it.
const maxBlock = 512

// begin begins an object.
func (b *block) begin() {
	if b.size > 0 {
		b.before = min(b.size, maxBlock)
	}
	b.size = 0
	b.builder.Reset()
}

// add returns a text as a string.
func (b *block) add(text []byte) string {
	if b.builder.Cap()-b.builder.Len() < len(text) {
		b.builder.Reset()
		b.builder.Grow(max(len(text), b.before-b.size))
	}
	start := b.builder.Len()
	b.builder.Write(text)
	b.size += len(text)
	return b.builder.String()[start:]
}
