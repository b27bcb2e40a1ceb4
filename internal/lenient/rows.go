package lenient

import "reflect"

// A row holds the elements of a list one after the other, so that pointers to its fields are made only once.
type row struct {
	value    reflect.Value
	pointers []any // to the scalar fields by their number, as field.set takes them
}

func newRow(t reflect.Type, s *shape) *row {
	r := &row{reflect.New(t).Elem(), make([]any, len(s.fields))}
	for i, f := range s.fields {
		if f.set != nil {
			r.pointers[i] = f.pointer(r.value.FieldByIndex(f.index))
		}
	}
	return r
}

// maxRows limits the rows that a decoder keeps for a type. It needs several only for lists within lists.
const maxRows = 4

// takeRow returns an empty row for structs of a type.
func (m *memory) takeRow(t reflect.Type, s *shape) *row {
	if s.number >= len(m.rows) {
		m.rows = append(m.rows, make([][]*row, s.number+1-len(m.rows))...)
	}
	rows := m.rows[s.number]
	if len(rows) == 0 {
		return newRow(t, s)
	}
	m.rows[s.number] = rows[:len(rows)-1]
	return rows[len(rows)-1]
}

// putRow keeps an empty row for the next list.
func (m *memory) putRow(s *shape, r *row) {
	if len(m.rows[s.number]) < maxRows {
		m.rows[s.number] = append(m.rows[s.number], r)
	}
}
