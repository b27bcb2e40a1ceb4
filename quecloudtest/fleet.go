package quecloudtest

import (
	"maps"
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

// carrierDigits are what tells the carriers apart in ICCID, MSISDN and IMSI.
var carrierDigits = map[string][3]string{
	ChinaMobile:  {"898600", "10648", "46004"},
	ChinaTelecom: {"898603", "10649", "46011"},
	ChinaUnicom:  {"898606", "10646", "46006"},
}

// number fills in the numbers that follow from the card's place.
func (c *card) number() {
	if c.iccid != "" {
		return
	}
	digits := carrierDigits[c.group.Carrier]
	place := strconv.Itoa(1_000_000_000 + c.index)[1:]
	switch {
	case c.group.Carrier == ChinaTelecom: // which lists 19 characters, without the check digit
		c.iccid = digits[0] + "2431" + place
	case c.group.Carrier == ChinaMobile && c.index%13 == 8: // some of whose ICCIDs have a letter, as in §1.8
		c.iccid = digits[0] + "D" + withCheckDigit(digits[0] + "2431" + place)[7:]
	default:
		c.iccid = withCheckDigit(digits[0] + "2431" + place)
	}
	c.msisdn = digits[1] + place[1:]
	c.imsi = digits[2] + "7" + place
	if c.handset {
		c.imei = withCheckDigit("86061804" + place[3:])
	}
}

// withCheckDigit appends the digit that an ICCID of 20 digits and an IMEI end with (Luhn).
func withCheckDigit(digits string) string {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return digits + strconv.Itoa((10-sum%10)%10)
}

// firstStates are the states of the first twelve cards, among which each occurs.
var firstStates = [12][2]string{
	{StatusNormal}, {StatusNormal}, {StatusNormal}, {StatusSuspended, ReasonByOwner},
	{StatusUnknown}, {StatusSuspended, ReasonIMEISplit}, {StatusTestNormal}, {StatusTestSuspended},
	{StatusInactive}, {StatusReserved}, {StatusPreCancelled}, {StatusCancelled},
}

// commonStates are the states of the others, with the percentage below which each falls.
var commonStates = []struct {
	below         uint64
	status, cause string
}{
	{86, StatusNormal, ""}, // some of them have used up their data; see appetite
	{92, StatusSuspended, ReasonByOwner},
	{93, StatusSuspended, ReasonCarrierLimit},
	{95, StatusTestNormal, ""},
	{96, StatusTestSuspended, ""},
	{98, StatusInactive, ""},
	{99, StatusReserved, ""},
	{100, StatusCancelled, ""},
}

// groupOf is the group of the synthetic card at a place.
func (f *fleet) groupOf(i int) *Group { return f.groups[i%len(f.groups)] }

// synthesize computes the card at a place, without its numbers.
func (f *fleet) synthesize(i int) card {
	h := mix(f.seed, uint64(i), saltCard)
	g := f.groupOf(i)
	c := card{index: i, group: g, cardType: g.CardType, synthetic: true, realName: h>>8&1 == 1, handset: h>>9&7 != 0}
	c.subAccount = i >= f.n-f.subAccounts
	if i < len(firstStates) {
		c.status, c.reason = firstStates[i][0], firstStates[i][1]
	} else {
		c.appetite = appetiteOf(h >> 12 % 100)
		for _, state := range commonStates {
			if h%100 < state.below {
				c.status, c.reason = state.status, state.cause
				break
			}
		}
	}
	c.locked = c.reason == ReasonIMEISplit
	if g.VoiceMinutes > 0 {
		c.voice = VoiceOpen
	}
	c.allotted = f.born - 60 - day(h>>16%700)
	c.opened = c.allotted - 10
	switch c.status {
	case StatusTestNormal, StatusTestSuspended, StatusInactive, StatusUnknown:
		return c
	}
	c.activated = c.allotted + day(h>>32%30)
	years := int(f.born.month()-c.activated.month())/12 + 1
	if c.expires = paidUntil(c.activated, 12*years); c.expires == f.born {
		c.expires = paidUntil(c.activated, 12*years+12)
	}
	if c.status != StatusNormal {
		c.stopped = f.born - 1 - day(h>>40%20)
	}
	return c
}

// The salts keep the streams of pseudo-random numbers apart.
const (
	saltCard = iota + 1
	saltData
	saltVoice
	saltShape
	saltOnline
	saltFault
	saltID
)

// mix is a pseudo-random number that depends on all of its arguments (the finalizer of SplitMix64).
func mix(seed uint64, parts ...uint64) uint64 {
	for _, part := range parts {
		seed += 0x9e3779b97f4a7c15 + part
		seed = (seed ^ seed>>30) * 0xbf58476d1ce4e5b9
		seed = (seed ^ seed>>27) * 0x94d049bb133111eb
		seed ^= seed >> 31
	}
	return seed
}

// token is n letters and digits that follow from the seed and parts.
func token(seed uint64, n int, parts ...uint64) string {
	const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
	var b strings.Builder
	h := mix(seed, parts...)
	for i := range n {
		b.WriteByte(alphabet[mix(h, uint64(i))%uint64(len(alphabet))])
	}
	return b.String()
}
