package quecloudtest

import (
	"strconv"
	"strings"
)

// An appetite says how much of its plan a synthetic card would use in a month, or in a month's share of a yearly one.
type appetite uint8

const (
	moderate  appetite = iota // 5 to 80 %
	large                     // 80 to 100 %
	excessive                 // once to four times: what it uses ends where the plan does, unless that is shared
)

// appetiteOf gives 89 % of the cards a moderate appetite, 7 % a large and 4 % an excessive one.
func appetiteOf(percentile uint64) appetite {
	switch {
	case percentile < 4:
		return excessive
	case percentile < 11:
		return large
	}
	return moderate
}

// of is how much of the whole a card uses in a month, in thousandths, at random.
func (a appetite) of(h uint64) uint64 {
	switch a {
	case excessive:
		return 1000 + h%3000
	case large:
		return 800 + h%200
	default:
		return 50 + h%750
	}
}

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
