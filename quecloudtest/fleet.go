package quecloudtest

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A fleet is cards in a fixed order. The first n are synthetic: computed from the seed and their place whenever somebody
// asks, so that a million of them take no memory. A card that something was done to is kept, as are those added by hand.
type fleet struct {
	seed        uint64
	n           int
	subAccounts int // how many of the n, the last, belong to the sub-account
	born        day // synthetic dates are counted from here
	groups      []*Group

	kept       map[int]*card
	count      int            // of all cards
	numbers    map[string]int // ICCIDs and MSISDNs of cards added by hand
	beginnings map[string]int // 19 of the 20 characters of their ICCIDs; several where more than one card has them

	indexing sync.Mutex // guards what follows among those who only read the fleet
	indexes  map[filter]*index
	edited   map[int]bool // since the indexes were last brought up to date
}

func newFleet(seed uint64, n int, born day, groups []*Group) *fleet {
	return &fleet{
		seed: seed, n: n, born: born, groups: groups,
		kept: map[int]*card{}, count: n, numbers: map[string]int{}, beginnings: map[string]int{},
		indexes: map[filter]*index{}, edited: map[int]bool{},
	}
}

func (f *fleet) len() int { return f.count }

// card returns a copy of a card, complete but for the cost of its numbers: see facts.
func (f *fleet) card(i int) card {
	c := f.facts(i)
	c.number()
	return c
}

// facts is card without ICCID, MSISDN, IMSI and IMEI, for those who go through the whole fleet.
func (f *fleet) facts(i int) card {
	if kept := f.kept[i]; kept != nil {
		return *kept
	}
	return f.synthesize(i)
}

// edit returns a card to be changed, before anything looks at the fleet again.
func (f *fleet) edit(i int) *card {
	kept := f.kept[i]
	if kept == nil {
		c := f.card(i)
		c.history = &history{}
		kept = &c
		f.kept[i] = kept
	}
	f.touch(i)
	return kept
}

// blank is the card that would be added next to a group, with nothing but its numbers.
func (f *fleet) blank(g *Group) *card {
	c := &card{index: f.count, group: g, history: &history{}}
	c.number()
	return c
}

func (f *fleet) add(c *card) {
	f.kept[c.index] = c
	f.numbers[c.iccid] = c.index
	f.numbers[c.msisdn] = c.index
	if len(c.iccid) == 20 {
		beginning := c.iccid[:19]
		if _, shared := f.beginnings[beginning]; shared {
			f.beginnings[beginning] = several
		} else {
			f.beginnings[beginning] = c.index
		}
	}
	f.count++
	f.touch(c.index)
}

const several = -1

// find returns the place of the card with that ICCID or MSISDN.
func (f *fleet) find(number string) (int, bool) {
	if i, ok := f.numbers[number]; ok {
		return i, true
	}
	i, ok := f.placeIn(number)
	if !ok {
		return 0, false
	}
	c := f.card(i)
	return i, c.iccid == number || c.msisdn == number
}

// placeIn returns the place that the number of a synthetic card would tell, if it is one.
func (f *fleet) placeIn(number string) (int, bool) {
	var digits string
	switch len(number) {
	case 19, 20:
		digits = number[10:19]
	case 13:
		digits = number[5:]
	default:
		return 0, false
	}
	i, err := strconv.Atoi(digits)
	return i, err == nil && i >= 0 && i < f.n
}

// findBy returns the place of the card that a call names by one kind of number, or a refusal. An ICCID of 19 characters
// finds a card of 20 too where it is the beginning of only one.
func (f *fleet) findBy(iccid bool, number string) (int, error) {
	if i, ok := f.find(number); ok {
		if c := f.card(i); iccid && c.iccid == number || !iccid && c.msisdn == number {
			return i, nil
		}
	}
	if !iccid || len(number) != 19 {
		return 0, refuse("卡号不存在")
	}
	place, found := f.beginnings[number]
	if i, ok := f.placeIn(number); ok {
		if c := f.card(i); strings.HasPrefix(c.iccid, number) {
			if found {
				place = several
			} else {
				place, found = i, true
			}
		}
	}
	switch {
	case !found:
		return 0, refuse("卡号不存在")
	case place == several:
		return 0, refuse("iccid不完整，对应多张卡")
	}
	return place, nil
}

// changed returns the places of the kept cards, in order.
func (f *fleet) changed() []int { return slices.Sorted(maps.Keys(f.kept)) }

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
