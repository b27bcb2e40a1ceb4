package quecloudtest

import (
	"fmt"
	"reflect"
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

// AddCard adds a card and returns the whole of it. What is left empty is filled in: numbers that no other card has, the
// first group, StatusNormal, and for a card in use an activation today. The card has no usage but what
// [Server.SetUsage] and [Server.SetVoiceUsage] say. AddCard panics when the card is impossible: an unknown status or
// group, a number that another card has, a date that is none, more than five numbers in the whitelist.
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
//
// The function change may ask the server. What it leaves as it was stays as it is, even when calls change that in the
// meantime; so does a suspension that follows from usage or date, and so do packages that are not valid at present, which
// it is not shown.
func (s *Server) UpdateCard(number string, change func(*Card)) Card {
	before, ok := s.Card(number)
	if !ok {
		panic(fmt.Sprintf("quecloudtest: UpdateCard: there is no card %s", number))
	}
	v := before
	v.VoiceWhitelist, v.Packages, v.Alarm = slices.Clone(v.VoiceWhitelist), slices.Clone(v.Packages), v.Alarm.clone()
	change(&v)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	now := instantOf(s.clock.now())
	c := s.mustEdit("UpdateCard", number)
	after := s.view(c, now)
	if v.Status == before.Status && v.PauseReason == before.PauseReason {
		after.Status, after.PauseReason = c.status, c.reason
	}
	merge(&after, &before, &v)
	after.ICCID, after.MSISDN = c.iccid, c.msisdn
	for _, p := range c.history.packages {
		if !p.validAt(now.time) {
			after.Packages = append(after.Packages, p)
		}
	}
	s.fill(c, after, now, "UpdateCard")
	return s.view(c, now)
}

// merge sets in v each field that is different in after from what it was before.
func merge(v, before, after *Card) {
	to, was, is := reflect.ValueOf(v).Elem(), reflect.ValueOf(before).Elem(), reflect.ValueOf(after).Elem()
	for i := range to.NumField() {
		if !reflect.DeepEqual(was.Field(i).Interface(), is.Field(i).Interface()) {
			to.Field(i).Set(is.Field(i))
		}
	}
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
	if v.CompanyID != 0 && v.CompanyID != CompanyID && v.CompanyID != SubAccountID {
		bad("company", fmt.Sprint(v.CompanyID))
	}
	if v.Voice < VoiceUnsubscribed || v.Voice > VoiceClosed {
		bad("voice state", fmt.Sprint(int(v.Voice)))
	}
	if err := checkWhitelist(v.VoiceWhitelist, maxWhitelist); err != nil {
		bad("voice whitelist", fmt.Sprintf("%s: %v", v.VoiceWhitelist, err))
	}
	for _, p := range v.Packages {
		if p.MB < 0 || p.MB > mostMB {
			bad("package", fmt.Sprint(p.MB, " MB"))
		}
	}
	allotted, opened := date("allot date", v.AllotDate), date("open date", v.OpenDate)
	activated, expires := date("active date", v.ActiveDate), date("expiry date", v.ExpiryDate)

	// Nothing is impossible from here on: a card that a test author recovers is whole.
	c.group = g
	c.iccid, c.msisdn, c.imsi, c.imei = v.ICCID, v.MSISDN, v.IMSI, v.IMEI
	c.cardType = v.CardType
	setDefault(&c.cardType, c.group.CardType)
	c.allotted, c.opened, c.activated = allotted, opened, activated
	if c.expires != expires {
		c.extend(expires, now.day)
	}
	c.subAccount = v.CompanyID == SubAccountID
	c.gprsClosed, c.locked, c.realName = v.GPRSClosed, v.Locked, v.RealName
	c.voice, c.whitelist = v.Voice, slices.Clone(v.VoiceWhitelist)
	c.history.packages = slices.Clone(v.Packages)
	if had := c.history.alarm; had == nil || v.Alarm == nil || !reflect.DeepEqual(had.settings, *v.Alarm) {
		s.setAlarm(c, v.Alarm, now)
	}
	if c.status != v.Status || c.reason != v.PauseReason {
		c.history.resetAt = time.Time{} // it does not come back by itself
		c.setState(v.Status, v.PauseReason, now.day)
	}
}
