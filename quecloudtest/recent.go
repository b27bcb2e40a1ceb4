package quecloudtest

// A recent holds the last entries of a list.
type recent[T any] struct {
	list  []T
	start int // index of the oldest entry in list
	added int // entries added so far
}

// all returns the entries, oldest first. The caller must not change the slice.
func (r *recent[T]) all() []T { return r.list[r.start:] }

func (r *recent[T]) len() int { return len(r.list) - r.start }

func (r *recent[T]) add(v T) {
	r.list = append(r.list, v)
	r.added++
}

// clear forgets all entries.
func (r *recent[T]) clear() { r.list, r.start = nil, 0 }

// forget removes the oldest entry. When half of the list is free, it moves the other entries to the front.
func (r *recent[T]) forget() T {
	var zero T
	oldest := r.list[r.start]
	r.list[r.start] = zero
	r.start++
	if r.start >= r.len() {
		n := copy(r.list, r.all())
		clear(r.list[n:])
		r.list, r.start = r.list[:n], 0
	}
	return oldest
}
