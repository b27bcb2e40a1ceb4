package quecloudtest

import (
	"math"
	"slices"
)

// A filter says which cards somebody asks for: those of one group whose dates lie between others. It depends on nothing
// that the clock changes.
type filter struct {
	group                        int64 // 0: any
	allotted, activated, expires span
}

// always lets every date pass, and none.
var always = span{math.MinInt32, math.MaxInt32}

// allCards is the filter that every card matches.
var allCards = filter{0, always, always, always}

func ofGroup(g *Group) filter { return filter{g.ID, always, always, always} }

func (by *filter) matches(c *card) bool {
	return (by.group == 0 || by.group == c.group.ID) &&
		by.allotted.includes(c.allotted) && by.activated.includes(c.activated) && by.expires.includes(c.expires)
}

func (s span) includes(d day) bool { return s == always || d != 0 && s.first <= d && d <= s.last }

// An index is the places of the cards that match a filter, in order, so that a sweep does not go through the whole fleet
// for each of its pages.
type index struct {
	filter
	places []int32
}

// maxIndexes is how many indexes are kept. Sweeps at one time seldom have more filters, and each takes 4 bytes a card.
const maxIndexes = 8

// places returns the places of the cards that match, right until a card is changed. Those who read at the same time may
// ask for them at the same time: after a change the first of them brings the indexes up to date, and the others find
// nothing to change in what it was given.
func (f *fleet) places(by filter) []int32 {
	f.indexing.Lock()
	defer f.indexing.Unlock()
	for i := range f.edited {
		c := f.facts(i)
		for _, known := range f.indexes {
			known.update(&c)
		}
	}
	clear(f.edited)
	known := f.indexes[by]
	if known == nil {
		if len(f.indexes) >= maxIndexes {
			clear(f.indexes)
		}
		known = &index{by, f.scan(by)}
		f.indexes[by] = known
	}
	return known.places
}

// scan goes through the fleet.
func (f *fleet) scan(by filter) []int32 {
	var places []int32
	for i := range f.len() {
		if f.kept[i] == nil && by.group != 0 && by.group != f.groupOf(i).ID {
			continue
		}
		if c := f.facts(i); by.matches(&c) {
			places = append(places, int32(i))
		}
	}
	return places
}

// touch notes that a card is about to be changed. Nothing needs to be noted while there is no index.
func (f *fleet) touch(i int) {
	if len(f.indexes) > 0 {
		f.edited[i] = true
	}
}

// update takes a card in or out.
func (x *index) update(c *card) {
	at, listed := slices.BinarySearch(x.places, int32(c.index))
	switch matches := x.matches(c); {
	case matches && !listed:
		x.places = slices.Insert(x.places, at, int32(c.index))
	case listed && !matches:
		x.places = slices.Delete(x.places, at, at+1)
	}
}
