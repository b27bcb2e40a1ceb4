package quecloudtest

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// A fleet holds cards in a fixed order. The first n are synthetic: computed from the seed and their place on each
// use, so that a million of them take no memory. The fleet keeps only changed and added cards.
type fleet struct {
	seed        uint64
	n           int
	subAccounts int // number of synthetic cards of the sub-account, the last ones
	created     day // base of the synthetic dates
	groups      []*Group

	kept     map[int]*card
	removed  map[int]bool   // places of removed synthetic cards
	added    int            // number of cards that are not synthetic
	count    int            // of all places
	numbers  map[string]int // places of added cards by ICCID and MSISDN
	touched  []int          // places of the cards edited since the last call of Server.recordChanges
	watch    func(*card)    // called before the first edit of a card
	prefixes map[string]int // places of added cards by the first 19 characters of an ICCID of 20, or ambiguous

	indexing sync.Mutex // guards the fields below between readers of the fleet
	indexes  map[filter]*index
	edited   map[int]bool // places of the cards changed since the last update of the indexes
}

func newFleet(seed uint64, n int, created day, groups []*Group) *fleet {
	return &fleet{
		seed: seed, n: n, created: created, groups: groups,
		kept: map[int]*card{}, removed: map[int]bool{}, count: n, numbers: map[string]int{}, prefixes: map[string]int{},
		indexes: map[filter]*index{}, edited: map[int]bool{}, watch: func(*card) {},
	}
}

// len returns the number of places, also of removed cards.
func (f *fleet) len() int { return f.count }

// total returns the number of cards.
func (f *fleet) total() int { return f.n - len(f.removed) + f.added }

// has reports whether there is a card at a place.
func (f *fleet) has(i int) bool {
	if i < f.n {
		return i >= 0 && !f.removed[i]
	}
	return f.kept[i] != nil
}

// card returns a copy of the card at a place.
func (f *fleet) card(i int) card {
	c := f.cardWithoutNumbers(i)
	c.fillNumbers()
	return c
}

// cardWithoutNumbers returns a copy of the card without ICCID, MSISDN, IMSI and IMEI, which a scan of the fleet cannot
// afford.
func (f *fleet) cardWithoutNumbers(i int) card {
	if kept := f.kept[i]; kept != nil {
		return *kept
	}
	return f.synthesize(i)
}

// edit returns the card at a place, to be changed before the next use of the fleet.
func (f *fleet) edit(i int) *card {
	kept := f.kept[i]
	if kept == nil {
		c := f.card(i)
		c.history = &history{}
		kept = &c
		f.kept[i] = kept
		f.watch(kept)
	}
	f.touched = append(f.touched, i)
	f.markEdited(i)
	return kept
}

// newCard returns a card with numbers for a place. It does not add the card.
func (f *fleet) newCard(g *Group, place int) *card {
	c := &card{place: place, group: g, history: &history{}}
	c.fillNumbers()
	return c
}

func (f *fleet) add(c *card) {
	f.kept[c.place] = c
	f.numbers[c.iccid] = c.place
	f.numbers[c.msisdn] = c.place
	f.addPrefix(c)
	f.added++
	f.count = max(f.count, c.place+1)
	f.markEdited(c.place)
}

func (f *fleet) addPrefix(c *card) {
	if len(c.iccid) != 20 {
		return
	}
	prefix := c.iccid[:19]
	if _, shared := f.prefixes[prefix]; shared {
		f.prefixes[prefix] = ambiguous
	} else {
		f.prefixes[prefix] = c.place
	}
}

// remove removes the card at a place. The place stays empty, since other cards keep theirs.
func (f *fleet) remove(i int) {
	c := f.card(i)
	f.markEdited(i)
	delete(f.kept, i)
	if i < f.n {
		f.removed[i] = true
		return
	}
	f.added--
	delete(f.numbers, c.iccid)
	delete(f.numbers, c.msisdn)
	if len(c.iccid) != 20 {
		return
	}
	prefix := c.iccid[:19]
	delete(f.prefixes, prefix)
	for j, other := range f.kept {
		if j >= f.n && strings.HasPrefix(other.iccid, prefix) {
			f.addPrefix(other)
		}
	}
}

// maxFleet limits the number of synthetic cards, and the places of all.
const maxFleet = 100_000_000

// ambiguous is the place of a prefix that several cards have.
const ambiguous = -1

// find returns the place of the card with that ICCID or MSISDN.
func (f *fleet) find(number string) (int, bool) {
	if i, ok := f.numbers[number]; ok {
		return i, true
	}
	i, ok := f.syntheticPlace(number)
	if !ok {
		return 0, false
	}
	c := f.card(i)
	return i, (c.iccid == number || c.msisdn == number) && f.has(i)
}

// syntheticPlace returns the place in the number of a synthetic card.
func (f *fleet) syntheticPlace(number string) (int, bool) {
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

// findBy returns the place of the card with that ICCID or, if iccid is false, MSISDN, or a refusal. An ICCID of 19
// characters also finds the only card whose ICCID of 20 it begins.
func (f *fleet) findBy(iccid bool, number string) (int, error) {
	if i, ok := f.find(number); ok {
		if c := f.card(i); iccid && c.iccid == number || !iccid && c.msisdn == number {
			return i, nil
		}
	}
	if !iccid || len(number) != 19 {
		return 0, refuse("卡号不存在：%s", number)
	}
	place, found := f.prefixes[number]
	if i, ok := f.syntheticPlace(number); ok && !f.removed[i] {
		if c := f.card(i); strings.HasPrefix(c.iccid, number) {
			if found {
				place = ambiguous
			} else {
				place, found = i, true
			}
		}
	}
	switch {
	case !found:
		return 0, refuse("卡号不存在：%s", number)
	case place == ambiguous:
		return 0, refuse("iccid不完整，对应多张卡：%s", number)
	}
	return place, nil
}

// changed returns the places of the changed and added cards, in order.
func (f *fleet) changed() []int { return slices.Sorted(maps.Keys(f.kept)) }

// A filter selects cards by group and dates. It depends on nothing that the clock changes.
type filter struct {
	group                        int64 // 0: any
	allotted, activated, expires span
}

// always matches every date, and no date.
var always = span{math.MinInt32, math.MaxInt32}

// allCards matches every card.
var allCards = filter{0, always, always, always}

func ofGroup(g *Group) filter { return filter{g.ID, always, always, always} }

func (by *filter) matches(c *card) bool {
	return (by.group == 0 || by.group == c.group.ID) &&
		by.allotted.includes(c.allotted) && by.activated.includes(c.activated) && by.expires.includes(c.expires)
}

func (s span) includes(d day) bool { return s == always || d != 0 && s.first <= d && d <= s.last }

// An index holds the places of the cards that match a filter, in order, so that a sweep does not scan the whole fleet
// for each page.
type index struct {
	filter
	places []int32
}

// maxIndexes limits the indexes in memory. Each takes 4 bytes per card.
const maxIndexes = 8

// places returns the places of the cards that match a filter. The slice is valid until a card changes. Concurrent
// readers may call places: after a change the first one updates the indexes, and the others find them up to date.
func (f *fleet) places(by filter) []int32 {
	f.indexing.Lock()
	defer f.indexing.Unlock()
	for i := range f.edited {
		c := card{place: i}
		if f.has(i) {
			c = f.cardWithoutNumbers(i)
		}
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

// scan returns the places of the matching cards of the whole fleet.
func (f *fleet) scan(by filter) []int32 {
	var places []int32
	for i := range f.len() {
		if !f.has(i) || f.kept[i] == nil && by.group != 0 && by.group != f.groupOf(i).ID {
			continue
		}
		if c := f.cardWithoutNumbers(i); by.matches(&c) {
			places = append(places, int32(i))
		}
	}
	return places
}

// markEdited records that a card is about to change. Without an index there is nothing to record.
func (f *fleet) markEdited(i int) {
	if len(f.indexes) > 0 {
		f.edited[i] = true
	}
}

// update adds or removes a card. A card without a group is gone.
func (x *index) update(c *card) {
	at, listed := slices.BinarySearch(x.places, int32(c.place))
	switch matches := c.group != nil && x.matches(c); {
	case matches && !listed:
		x.places = slices.Insert(x.places, at, int32(c.place))
	case listed && !matches:
		x.places = slices.Delete(x.places, at, at+1)
	}
}
