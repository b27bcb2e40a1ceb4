package quecloudtest

import (
	"fmt"
	"slices"
	"time"
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
	SetMeal    string  // name of the plan, of the group
	MonthFlow  float64 // used this month, MB
	CycleFlow  float64 // used in this cycle, MB
	Allowance  float64 // plan and packages of this cycle, MB; 0: no limit
	MonthVoice int     // minutes this month
}

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
	synthetic                             bool
	history                               *history // nil for a card that nothing was done to
}

// history is what only cards have that something was done to.
type history struct {
	quiet    []span         // days without use, among days with
	days     map[day]volume // data usage set by hand
	minutes  map[day]int64  // voice usage set by hand
	alarm    *alarm
	packages []FlowPackage

	resetAt, unboundAt, registeredAt time.Time
	whitelistCut                     month // the month of the last deletion
}

// A span is the days from first to last.
type span struct{ first, last day }

// instant is a time and its date.
type instant struct {
	time time.Time
	day  day
}

func instantOf(t time.Time) instant { return instant{t, dayOf(t)} }

// cycle returns the first and last day of the cycle that d is in. A card by the year starts it with its activation, and
// any other with the calendar month.
func (c *card) cycle(d day) span {
	m := d.month()
	if c.group.CycleMonths != 12 || c.activated == 0 {
		return span{m.first(), m.last()}
	}
	n := int(m-c.activated.month()) / 12 * 12
	first := c.activated.addMonths(n)
	if first > d {
		n -= 12
		first = c.activated.addMonths(n)
	}
	return span{first, c.activated.addMonths(n+12) - 1}
}

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
		if !now.Before(p.Start) && !now.After(p.End) {
			valid = append(valid, p)
		}
	}
	return valid
}

// state is the card's status, and the reason where it is suspended. A plan that has run out or is used up suspends the
// card by itself, until it is renewed or topped up or the next cycle begins; nothing needs to happen for either.
func (s *Server) state(c *card, now instant) (status, reason string) {
	switch {
	case c.status != StatusNormal:
		return c.status, c.reason
	case c.expires != 0 && c.expires < now.day:
		return StatusSuspended, ReasonPlanExpired
	case c.history == nil || c.group.Shared || c.group.PlanMB == 0:
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
		c.history.quiet = append(c.history.quiet, span{c.stopped + 1, today - 1})
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
		BillingID: c.group.ID, Status: status, PauseReason: reason, CardType: c.cardType,
		AllotDate: c.allotted.format(layoutDay), OpenDate: c.opened.format(layoutDay),
		ActiveDate: c.activated.format(layoutDay), ExpiryDate: c.expires.format(layoutDay),
		GPRSClosed: c.gprsClosed, Locked: c.locked, RealName: c.realName,
		Voice: c.voice, VoiceWhitelist: slices.Clone(c.whitelist), Packages: c.packages(now.time),
		Carrier: c.group.Carrier, SetMeal: c.group.SetMeal,
		MonthFlow: s.fleet.used(c, now.day.month().first(), now.day).mb(),
		CycleFlow: s.fleet.cycleUsed(c, now.day).mb(), Allowance: c.allowance(now).mb(),
		MonthVoice: int(s.fleet.minutes(c, now.day.month().first(), now.day)),
	}
	if c.history != nil && c.history.alarm != nil {
		settings := c.history.alarm.settings
		v.Alarm = &settings
	}
	return v
}

// AddCard adds a card and returns the whole of it. What is left empty is filled in: numbers that no other card has, the
// first group, StatusNormal, and for a card in use an activation today. The card has no usage but what
// [Server.SetUsage] and [Server.SetVoiceUsage] say. AddCard panics when the card is impossible: an unknown status or
// group, a number that another card has, a date that is none.
func (s *Server) AddCard(v Card) Card {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	now := instantOf(s.clock.now())
	setDefault(&v.BillingID, s.groups[0].ID)
	g := s.group(v.BillingID)
	if g == nil {
		panic(fmt.Sprintf("quecloudtest: AddCard: there is no group %d", v.BillingID))
	}
	c := s.fleet.blank(g)
	setDefault(&v.ICCID, c.iccid)
	setDefault(&v.MSISDN, c.msisdn)
	setDefault(&v.IMSI, c.imsi)
	setDefault(&v.AllotDate, now.day.format(layoutDay))
	setDefault(&v.OpenDate, v.AllotDate)
	if v.PauseReason != "" {
		setDefault(&v.Status, StatusSuspended)
	}
	setDefault(&v.Status, StatusNormal)
	switch v.Status {
	case StatusTestNormal, StatusTestSuspended, StatusInactive, StatusUnknown:
	default:
		setDefault(&v.ActiveDate, now.day.format(layoutDay))
	}
	for _, number := range []string{v.ICCID, v.MSISDN} {
		if _, taken := s.fleet.find(number); taken {
			panic(fmt.Sprintf("quecloudtest: AddCard: there is a card %s already", number))
		}
	}
	s.fill(c, v, now, "AddCard")
	s.fleet.add(c)
	return s.view(c, now)
}

// UpdateCard changes the card with that ICCID or MSISDN in a way that the platform's calls cannot: change sets what is
// to be different. Its numbers stay as they are. UpdateCard panics as [Server.AddCard] does, and when there is no such
// card.
func (s *Server) UpdateCard(number string, change func(*Card)) Card {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	now := instantOf(s.clock.now())
	c := s.mustEdit("UpdateCard", number)
	v := s.view(c, now)
	derived := c.status == StatusNormal && v.Status == StatusSuspended
	before := v
	change(&v)
	if derived && v.Status == before.Status && v.PauseReason == before.PauseReason {
		v.Status, v.PauseReason = StatusNormal, "" // it was suspended by its usage or date, which the change keeps
	}
	v.ICCID, v.MSISDN = before.ICCID, before.MSISDN
	s.fill(c, v, now, "UpdateCard")
	return s.view(c, now)
}

// mustEdit returns a card of a test author's naming, to be changed.
func (s *Server) mustEdit(caller, number string) *card {
	i, ok := s.fleet.find(number)
	if !ok {
		panic(fmt.Sprintf("quecloudtest: %s: there is no card %s", caller, number))
	}
	return s.fleet.edit(i)
}

// fill sets the facts of c from what a test author wrote.
func (s *Server) fill(c *card, v Card, now instant, caller string) {
	bad := func(what, value string) { panic(fmt.Sprintf("quecloudtest: %s: no such %s: %q", caller, what, value)) }
	date := func(what, value string) day {
		d, ok := parseDay(layoutDay, value)
		if !ok && value != "" {
			bad(what, value)
		}
		return d
	}
	g := s.group(v.BillingID)
	if g == nil {
		bad("group", fmt.Sprint(v.BillingID))
	}
	if !slices.Contains(statuses, v.Status) {
		bad("status", v.Status)
	}
	if v.Status == StatusSuspended {
		setDefault(&v.PauseReason, ReasonByOwner)
	}
	if v.PauseReason != "" && (v.Status != StatusSuspended || !slices.Contains(reasons, v.PauseReason)) {
		bad("pause reason of a card that is "+v.Status, v.PauseReason)
	}
	if v.Voice < VoiceUnsubscribed || v.Voice > VoiceClosed {
		bad("voice state", fmt.Sprint(int(v.Voice)))
	}
	c.group = g
	c.iccid, c.msisdn, c.imsi, c.imei = v.ICCID, v.MSISDN, v.IMSI, v.IMEI
	c.cardType = v.CardType
	setDefault(&c.cardType, c.group.CardType)
	c.allotted, c.opened = date("allot date", v.AllotDate), date("open date", v.OpenDate)
	c.activated, c.expires = date("active date", v.ActiveDate), date("expiry date", v.ExpiryDate)
	c.gprsClosed, c.locked, c.realName = v.GPRSClosed, v.Locked, v.RealName
	c.voice, c.whitelist = v.Voice, slices.Clone(v.VoiceWhitelist)
	c.history.packages = slices.Clone(v.Packages)
	s.setAlarm(c, v.Alarm, now)
	if c.status != v.Status || c.reason != v.PauseReason {
		c.setState(v.Status, v.PauseReason, now.day)
	}
}
