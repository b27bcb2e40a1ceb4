package lenient

import (
	"hash/maphash"
	"reflect"
	"strings"
)

// A memory holds what a decoder learns from one object for the next.
type memory struct {
	scratch []byte         // for texts with escapes
	shared  [256][4]string // recent short texts by their hash, latest first
	unique  block
	shapes  []*shapeMemory // by shape.number
}

// A shapeMemory holds what a decoder has learnt about the objects of a shape.
type shapeMemory struct {
	order [64]memberName // of the last object: the next one usually has the same members in the same order
	rows  []*row         // not in use
}

// A memberName is the name of a member as it came.
type memberName struct {
	prefix string // as JSON, with the colon
	part   part
	field  *field // nil if there is none
}

func (m *memory) of(s *shape) *shapeMemory {
	if s.number >= len(m.shapes) {
		m.shapes = append(m.shapes, make([]*shapeMemory, s.number+1-len(m.shapes))...)
	}
	if m.shapes[s.number] == nil {
		m.shapes[s.number] = new(shapeMemory)
	}
	return m.shapes[s.number]
}

// member reads the name of the i-th member.
func (d *decoder) member(s *shape, m *shapeMemory, i int) (part, *field) {
	if i < len(m.order) {
		before := &m.order[i]
		end := d.at + len(before.prefix)
		if before.prefix != "" && end <= len(d.text) && string(d.text[d.at:end]) == before.prefix {
			d.at = end
			return before.part, before.field
		}
	}
	raw := d.name()
	name, _ := d.unquoted(raw)
	part, f := partOf(name), s.find(name)
	if i < len(m.order) && len(raw) <= maxLearned && !d.broken {
		m.order[i] = memberName{string(raw) + ":", part, f}
	}
	return part, f
}

// maxLearned limits the names that a decoder learns, in bytes.
const maxLearned = 64

// A row holds the elements of a list one after the other, so that pointers to its fields are made only once.
type row struct {
	value  reflect.Value
	fields []any // pointers to the scalar fields by their number, as field.set takes them
}

func newRow(t reflect.Type, s *shape) *row {
	r := &row{reflect.New(t).Elem(), make([]any, len(s.fields))}
	for i, f := range s.fields {
		if f.set != nil {
			r.fields[i] = f.pointer(r.value.FieldByIndex(f.index))
		}
	}
	return r
}

// maxRows limits the rows that a decoder keeps of a type. It needs several only for a list within a list.
const maxRows = 4

func (m *shapeMemory) takeRow(t reflect.Type, s *shape) *row {
	n := len(m.rows)
	if n == 0 {
		return newRow(t, s)
	}
	r := m.rows[n-1]
	m.rows = m.rows[:n-1]
	return r
}

func (m *shapeMemory) putRow(r *row) {
	if len(m.rows) < maxRows {
		m.rows = append(m.rows, r)
	}
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
