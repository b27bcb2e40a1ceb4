package quecloudtest

// A recent is the last entries of a list that would otherwise grow without end.
type recent[T any] struct {
	list []T // the first of which are gone
	gone int
	seen int // entries ever added
}

// all returns what is kept, oldest first. It is the list itself.
func (r *recent[T]) all() []T { return r.list[r.gone:] }

func (r *recent[T]) len() int { return len(r.list) - r.gone }

func (r *recent[T]) add(v T) {
	r.list = append(r.list, v)
	r.seen++
}

// forget takes out the oldest entry. The others move up once as many are gone as are left, so that each moves once.
func (r *recent[T]) forget() T {
	var none T
	oldest := r.list[r.gone]
	r.list[r.gone] = none
	r.gone++
	if r.gone >= r.len() {
		left := copy(r.list, r.all())
		clear(r.list[left:])
		r.list, r.gone = r.list[:left], 0
	}
	return oldest
}
