package quecloudtest

import (
	"strconv"
	"strings"

	"github.com/quecloud/quecloud-go/internal/cardno"
)

// A usageLevel is the share of its monthly plan, or of a twelfth of its yearly plan, that a synthetic card uses in a
// month.
type usageLevel uint8

const (
	moderate  usageLevel = iota // 5 to 80 %
	heavy                       // 80 to 100 %
	excessive                   // 100 to 400 %; the card is suspended at 100 % unless its group shares the data
)

// usageLevelOf returns moderate for 89 % of the cards, heavy for 7 % and excessive for 4 %.
func usageLevelOf(percentile uint64) usageLevel {
	switch {
	case percentile < 4:
		return excessive
	case percentile < 11:
		return heavy
	default:
		return moderate
	}
}

// perMille returns a pseudo-random share of the plan in thousandths.
func (l usageLevel) perMille(h uint64) uint64 {
	switch l {
	case excessive:
		return 1000 + h%3000
	case heavy:
		return 800 + h%200
	default:
		return 50 + h%750
	}
}

// A numbering holds the first digits of a carrier's ICCIDs, MSISDNs and IMSIs, and the number to which its devices send
// SMS.
type numbering struct{ iccid, msisdn, imsi, sms string }

func numberingOf(carrier string) numbering {
	switch carrier {
	case ChinaMobile:
		return numbering{"8986002431", "10648", "460047", "1064899100001"}
	case ChinaTelecom:
		return numbering{"8986032431", "10649", "460117", "1064999100001"}
	default:
		return numbering{"8986062431", "10646", "460067", "1064699100001"}
	}
}

// fillNumbers computes the card's numbers from its place. It does nothing for a card that has them. The numbers are
// parts of one text, so that it allocates once: a page has 1000 cards.
func (c *card) fillNumbers() {
	if c.iccid != "" {
		return
	}
	first := numberingOf(c.group.Carrier)
	place := strconv.AppendInt(make([]byte, 0, 16), int64(1_000_000_000+c.place), 10)[1:]
	all := append(append(make([]byte, 0, 64), first.iccid...), place...)
	if c.group.Carrier != ChinaTelecom { // lists 19 characters, without the check digit
		all = append(all, cardno.CheckDigit(all))
	}
	if c.group.Carrier == ChinaMobile && c.place%13 == 8 { // some ICCIDs have a letter, as in §1.8
		all[6] = 'D'
	}
	iccid := len(all)
	all = append(append(all, first.msisdn...), place[1:]...)
	msisdn := len(all)
	all = append(append(all, first.imsi...), place...)
	imsi := len(all)
	if c.handset {
		all = append(append(all, "86061804"...), place[3:]...)
		all = append(all, cardno.CheckDigit(all[imsi:]))
	}
	text := string(all)
	c.iccid, c.msisdn, c.imsi, c.imei = text[:iccid], text[iccid:msisdn], text[msisdn:imsi], text[imsi:]
}

// firstStates are the states of the first twelve cards. Each status occurs.
var firstStates = [12][2]string{
	{StatusNormal}, {StatusNormal}, {StatusNormal}, {StatusSuspended, ReasonByOwner},
	{StatusUnknown}, {StatusSuspended, ReasonIMEISplit}, {StatusTestNormal}, {StatusTestSuspended},
	{StatusInactive}, {StatusReserved}, {StatusPreCancelled}, {StatusCancelled},
}

// commonStates are the states of the other cards, with their cumulative percentages.
var commonStates = []struct {
	below         uint64
	status, cause string
}{
	{86, StatusNormal, ""}, // some have used up their plan; see usageLevel
	{92, StatusSuspended, ReasonByOwner},
	{93, StatusSuspended, ReasonCarrierLimit},
	{95, StatusTestNormal, ""},
	{96, StatusTestSuspended, ""},
	{98, StatusInactive, ""},
	{99, StatusReserved, ""},
	{100, StatusCancelled, ""},
}

// groupOf returns the group of the synthetic card at a place.
func (f *fleet) groupOf(i int) *Group { return f.groups[i%len(f.groups)] }

// synthesize computes the synthetic card at a place, without its numbers.
func (f *fleet) synthesize(i int) card {
	h := mix(f.seed, uint64(i), saltCard)
	g := f.groupOf(i)
	c := card{place: i, group: g, cardType: g.CardType, synthetic: true, realName: h>>8&1 == 1, handset: h>>9&7 != 0}
	c.subAccount = i >= f.n-f.subAccounts
	if i < len(firstStates) {
		c.status, c.reason = firstStates[i][0], firstStates[i][1]
	} else {
		c.level = usageLevelOf(h >> 12 % 100)
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
	c.allotted = f.created - 60 - day(h>>16%700)
	c.opened = c.allotted - 10
	switch c.status {
	case StatusTestNormal, StatusTestSuspended, StatusInactive, StatusUnknown:
		return c
	}
	c.activated = c.allotted + day(h>>32%30)
	years := int(f.created.month()-c.activated.month())/12 + 1
	if c.expires = paidUntil(c.activated, 12*years); c.expires == f.created {
		c.expires = paidUntil(c.activated, 12*years+12)
	}
	if c.status != StatusNormal {
		c.stopped = f.created - 1 - day(h>>40%20)
	}
	return c
}

// The salts separate the streams of pseudo-random numbers.
const (
	saltCard = iota + 1
	saltData
	saltVoice
	saltShape
	saltOnline
	saltFault
	saltID
)

// mix returns a pseudo-random number that depends on all its arguments (the finalizer of SplitMix64).
func mix(seed uint64, parts ...uint64) uint64 {
	for _, part := range parts {
		seed += 0x9e3779b97f4a7c15 + part
		seed = (seed ^ seed>>30) * 0xbf58476d1ce4e5b9
		seed = (seed ^ seed>>27) * 0x94d049bb133111eb
		seed ^= seed >> 31
	}
	return seed
}

// token returns n pseudo-random letters and digits that depend on seed and parts.
func token(seed uint64, n int, parts ...uint64) string {
	const alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
	var b strings.Builder
	h := mix(seed, parts...)
	for i := range n {
		b.WriteByte(alphabet[mix(h, uint64(i))%uint64(len(alphabet))])
	}
	return b.String()
}
