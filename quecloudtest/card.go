package quecloudtest

import (
	"slices"
	"time"

	"github.com/quecloud/quecloud-go"
)

// The states of a card (§1.8). No card is ever in another.
const (
	StatusNormal        = "正常"
	StatusSuspended     = "停机"
	StatusTestNormal    = "测试期正常"
	StatusTestSuspended = "测试期停机"
	StatusInactive      = "待激活"
	StatusReserved      = "停机保号"
	StatusPreCancelled  = "预销号"
	StatusCancelled     = "销号"
	StatusUnknown       = "未知"
)

// The reasons for which a card may be suspended (§1.8).
const (
	ReasonByOwner       = "主动停机"
	ReasonIMEISplit     = "机卡分离停机"
	ReasonCarrierLimit  = "运营商限额停机"
	ReasonThreshold     = "超出阈值停机"
	ReasonPlanExpired   = "套餐到期停机"
	ReasonCardExhausted = "单卡流量用尽停机"
	ReasonPoolExhausted = "流量池用尽停机"
	ReasonDataClosed    = "数据服务关闭"
)

var (
	statuses = []string{
		StatusNormal, StatusSuspended, StatusTestNormal, StatusTestSuspended, StatusInactive, StatusReserved, StatusPreCancelled,
		StatusCancelled, StatusUnknown,
	}
	reasons = []string{
		ReasonByOwner, ReasonIMEISplit, ReasonCarrierLimit, ReasonThreshold, ReasonPlanExpired, ReasonCardExhausted, ReasonPoolExhausted,
		ReasonDataClosed,
	}
)

// A Voice says whether a card can make calls.
type Voice int

// The states of the voice service. The protocol writes them -2, 1 and 0.
const (
	VoiceUnsubscribed Voice = iota // not part of the card's contract
	VoiceOpen
	VoiceClosed
)

func (v Voice) wire() int64 { return [...]int64{-2, 1, 0}[v] }

// A Card is the state of a card at a moment. Dates are written yyyy-MM-dd, and empty where there is none.
type Card struct {
	ICCID, MSISDN, IMSI, IMEI string // numbers of the chip, the card, its identity in the network, and the device it was last seen in

	CompanyID   int64  // CompanyID or SubAccountID; 0 means CompanyID
	BillingID   int64  // the group that the card is in
	Status      string // one of the constants Status…
	PauseReason string // one of the constants Reason…, or empty
	CardType    string // form of the card; may be empty

	AllotDate  string // handed to the company
	OpenDate   string // opened at the carrier
	ActiveDate string // first used for real; empty: not yet
	ExpiryDate string // the last day that is paid for; empty: no end

	GPRSClosed bool // the data service is closed
	Locked     bool // the card was seen in another device than its own
	RealName   bool // its holder is registered

	Voice          Voice    // state of the voice service
	VoiceWhitelist []string // numbers that may be called

	Alarm    *Alarm        // nil: none was set
	Packages []FlowPackage // that were bought and are valid

	// What follows is told by [Server.Card] and ignored by [Server.AddCard] and [Server.UpdateCard].

	Carrier    string  // network operator, of the group
	PlanName   string  // name of the plan, of the group
	MonthFlow  float64 // used this month, MB
	CycleFlow  float64 // used in this cycle, MB
	Allowance  float64 // plan and packages of this cycle, MB; 0: no limit
	MonthVoice int     // minutes this month
}

// ID returns the card for the methods of the client, by its ICCID.
func (c Card) ID() quecloud.CardID { return quecloud.Card{ICCID: c.ICCID, MSISDN: c.MSISDN}.ID() }

// A FlowPackage is a top-up that a card has.
type FlowPackage struct {
	Name       string    // of the product
	MB         int64     // data in the package
	Directed   bool      // for certain addresses only
	Start, End time.Time // first and last instant in which it is valid
}

// A card is what the server keeps of one: the facts, in the smallest form. Its present status follows from them and the
// time; see state.
type card struct {
	index                     int
	group                     *Group
	iccid, msisdn, imsi, imei string

	status, reason, cardType              string
	allotted, opened, activated, expires  day
	gprsClosed, locked, realName, handset bool
	voice                                 Voice
	whitelist                             []string
	stopped                               day // the last day of use, for a card that is suspended
	subAccount                            bool
	synthetic                             bool
	appetite                              appetite // of a synthetic card
	history                               *history // nil for a card that nothing was done to
}

// history is what only cards have that something was done to.
type history struct {
	quiet    []span         // days without use, among days with; none overlap
	days     map[day]volume // data usage set by hand
	minutes  map[day]int64  // voice usage set by hand
	alarm    *alarm
	packages []FlowPackage

	resetAt, unboundAt, registeredAt time.Time
	whitelistCut                     month // the month of the last deletion
}

// rest notes days without use.
func (h *history) rest(s span) {
	if s.first > s.last {
		return
	}
	h.quiet = slices.DeleteFunc(h.quiet, func(q span) bool {
		overlaps := q.first <= s.last && s.first <= q.last
		if overlaps {
			s = span{min(s.first, q.first), max(s.last, q.last)}
		}
		return overlaps
	})
	h.quiet = append(h.quiet, s)
}

// A span is the days from first to last.
type span struct{ first, last day }

// instant is a time and its date.
type instant struct {
	time time.Time
	day  day
}

// company is the company or sub-account that the card belongs to.
func (c *card) company() int64 {
	if c.subAccount {
		return SubAccountID
	}
	return CompanyID
}

func instantOf(t time.Time) instant { return instant{t, dayOf(t)} }

// cycle returns the first and last day of the cycle that d is in: the calendar month or, of a card by the year, twelve of
// them from that of its activation, the first of which begins with the activation (§2.1.5).
func (c *card) cycle(d day) span {
	m := d.month()
	if c.group.CycleMonths != 12 || c.activated == 0 {
		return span{m.first(), m.last()}
	}
	start := c.activated.month()
	if m >= start+12 {
		start += (m - start) / 12 * 12
		return span{start.first(), (start + 11).last()}
	}
	return span{c.activated, paidUntil(c.activated, 12)}
}

// paidUntil is the last day of a contract of some months that is activated on a day, whose month counts whole (§2.1.5).
func paidUntil(activated day, months int) day { return (activated.month() + month(months) - 1).last() }

// allowance is the data that the card may use in the present cycle; 0 means no limit.
func (c *card) allowance(now instant) volume {
	total := volume(c.group.PlanMB) * megabyte
	for _, p := range c.packages(now.time) {
		total += volume(p.MB) * megabyte
	}
	return total
}

// allowanceOn is the allowance at the end of a day.
func (c *card) allowanceOn(d day) volume { return c.allowance(instant{d.end(), d}) }

// packages are those that are valid at a time.
func (c *card) packages(now time.Time) []FlowPackage {
	if c.history == nil {
		return nil
	}
	var valid []FlowPackage
	for _, p := range c.history.packages {
		if p.validAt(now) {
			valid = append(valid, p)
		}
	}
	return valid
}

func (p *FlowPackage) validAt(now time.Time) bool { return !now.Before(p.Start) && !now.After(p.End) }

// state is the card's status, and the reason where it is suspended. A plan that has run out or is used up suspends the
// card by itself, until it is renewed or topped up or the next cycle begins; nothing needs to happen for either.
func (s *Server) state(c *card, now instant) (status, reason string) {
	switch {
	case c.status != StatusNormal:
		return c.status, c.reason
	case c.expires != 0 && c.expires < now.day:
		return StatusSuspended, ReasonPlanExpired
	case c.group.Shared || c.group.PlanMB == 0 || c.history == nil && c.appetite != excessive:
		return StatusNormal, "" // synthetic use stays within the plan
	case s.fleet.cycleUsed(c, now.day) >= c.allowance(now):
		return StatusSuspended, ReasonCardExhausted
	}
	return StatusNormal, ""
}

// setState moves the card to a status. A card out of service uses nothing from the next day on.
func (c *card) setState(status, reason string, today day) {
	c.status, c.reason = status, reason
	switch inUse := status == StatusNormal; {
	case inUse && c.stopped != 0:
		c.history.rest(span{c.stopped + 1, today - 1})
		c.stopped = 0
	case !inUse && c.stopped == 0:
		c.stopped = today
	}
}

// Card returns the state of the card with that ICCID or MSISDN.
func (s *Server) Card(number string) (Card, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	i, ok := s.fleet.find(number)
	if !ok {
		return Card{}, false
	}
	c := s.fleet.card(i)
	return s.view(&c, instantOf(s.clock.now())), true
}

func (s *Server) view(c *card, now instant) Card {
	status, reason := s.state(c, now)
	v := Card{
		ICCID: c.iccid, MSISDN: c.msisdn, IMSI: c.imsi, IMEI: c.imei,
		CompanyID: c.company(), BillingID: c.group.ID, Status: status, PauseReason: reason, CardType: c.cardType,
		AllotDate: c.allotted.format(layoutDay), OpenDate: c.opened.format(layoutDay),
		ActiveDate: c.activated.format(layoutDay), ExpiryDate: c.expires.format(layoutDay),
		GPRSClosed: c.gprsClosed, Locked: c.locked, RealName: c.realName,
		Voice: c.voice, VoiceWhitelist: slices.Clone(c.whitelist), Packages: c.packages(now.time),
		Carrier: c.group.Carrier, PlanName: c.group.PlanName,
		MonthFlow: s.fleet.used(c, now.day.month().first(), now.day).mb(),
		CycleFlow: s.fleet.cycleUsed(c, now.day).mb(), Allowance: c.allowance(now).mb(),
		MonthVoice: int(s.fleet.minutes(c, now.day.month().first(), now.day)),
	}
	if c.history != nil && c.history.alarm != nil {
		v.Alarm = c.history.alarm.settings.clone()
	}
	return v
}
