package quecloudtest

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/quecloud/quecloud-go"
)

// The states of a card (§1.8).
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

// The reasons of a suspension (§1.8).
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
		StatusNormal, StatusSuspended, StatusTestNormal, StatusTestSuspended, StatusInactive, StatusReserved,
		StatusPreCancelled, StatusCancelled, StatusUnknown,
	}
	reasons = []string{
		ReasonByOwner, ReasonIMEISplit, ReasonCarrierLimit, ReasonThreshold, ReasonPlanExpired, ReasonCardExhausted,
		ReasonPoolExhausted, ReasonDataClosed,
	}
)

// A Voice is the state of a card's voice service.
type Voice int

// The states of the voice service, -2, 1 and 0 in the protocol.
const (
	VoiceUnsubscribed Voice = iota // the contract has no voice
	VoiceOpen
	VoiceClosed
)

func (v Voice) wire() int64 { return [...]int64{-2, 1, 0}[v] }

// A Card is the state of a card at a moment. Dates have the layout yyyy-MM-dd; an empty text means no date.
type Card struct {
	ICCID  string `json:"iccid"`  // serial number
	MSISDN string `json:"msisdn"` // phone number
	IMSI   string `json:"imsi"`   // subscriber number
	IMEI   string `json:"imei"`   // number of the last device

	CompanyID   int64  `json:"companyID"`   // CompanyID or SubAccountID; 0 means CompanyID
	BillingID   int64  `json:"billingID"`   // ID of the billing group
	Status      string `json:"status"`      // one of the constants Status…
	PauseReason string `json:"pauseReason"` // one of the constants Reason…, or empty
	CardType    string `json:"cardType"`    // form factor; may be empty

	AllotDate  string `json:"allotDate"`  // allotted to the company
	OpenDate   string `json:"openDate"`   // opened by the carrier
	ActiveDate string `json:"activeDate"` // activated; empty: not yet
	ExpiryDate string `json:"expiryDate"` // last day of the contract; empty: no end

	GPRSClosed bool `json:"gprsClosed"` // data service closed
	Locked     bool `json:"locked"`     // locked because it was used in another device
	RealName   bool `json:"realName"`   // real-name registration done

	Voice          Voice    `json:"voice"`          // voice service
	VoiceWhitelist []string `json:"voiceWhitelist"` // numbers that may be called

	Alarm    *Alarm        `json:"alarm"`    // nil: none set
	Packages []FlowPackage `json:"packages"` // valid data packages

	// [Server.AddCard] and [Server.UpdateCard] ignore the fields below.

	Carrier    string  `json:"carrier"`    // carrier of the group
	PlanName   string  `json:"planName"`   // plan of the group
	MonthFlow  float64 `json:"monthFlow"`  // data used this month, MB
	CycleFlow  float64 `json:"cycleFlow"`  // data used this cycle, MB
	Allowance  float64 `json:"allowance"`  // data of plan and packages this cycle, MB; 0: no limit
	MonthVoice int     `json:"monthVoice"` // minutes used this month
}

// ID returns the card's ID for the methods of the SDK.
func (c Card) ID() quecloud.CardID { return quecloud.Card{ICCID: c.ICCID, MSISDN: c.MSISDN}.ID() }

// A FlowPackage is a data package of a card.
type FlowPackage struct {
	Name     string    `json:"name"`     // name of the product
	MB       int64     `json:"mb"`       // size
	Directed bool      `json:"directed"` // for certain addresses only (定向)
	Start    time.Time `json:"start"`    // first instant of its validity
	End      time.Time `json:"end"`      // last instant of its validity
}

// Card returns the state of the card with that ICCID or MSISDN.
func (s *Server) Card(number string) (Card, bool) {
	defer s.lock(true)()
	i, ok := s.fleet.find(number)
	if !ok {
		return Card{}, false
	}
	c := s.fleet.card(i)
	return s.view(&c, instantOf(s.clock.now())), true
}

// view returns the public state of a card.
func (s *Server) view(c *card, now instant) Card {
	status, reason := s.state(c, now)
	v := Card{
		ICCID: c.iccid, MSISDN: c.msisdn, IMSI: c.imsi, IMEI: c.imei,
		CompanyID: c.company(), BillingID: c.group.ID, Status: status, PauseReason: reason, CardType: c.cardType,
		AllotDate: c.allotted.format(layoutDay), OpenDate: c.opened.format(layoutDay),
		ActiveDate: c.activated.format(layoutDay), ExpiryDate: c.expires.format(layoutDay),
		GPRSClosed: c.gprsClosed, Locked: c.locked, RealName: c.realName,
		Voice: c.voice, VoiceWhitelist: append([]string{}, c.whitelist...),
		Packages: append([]FlowPackage{}, c.packages(now.time)...),
		Carrier:  c.group.Carrier, PlanName: c.group.PlanName,
		MonthFlow: s.fleet.used(c, now.day.month().first(), now.day).mb(),
		CycleFlow: s.fleet.cycleUsed(c, now.day).mb(), Allowance: c.allowance(now).mb(),
		MonthVoice: int(s.fleet.minutes(c, now.day.month().first(), now.day)),
	}
	if c.history != nil && c.history.alarm != nil {
		v.Alarm = c.history.alarm.settings.clone()
	}
	return v
}

// AddCard adds a card and returns its complete state. It fills in empty fields: unused numbers, the first group,
// StatusNormal, and for a card in use an activation today. The card uses nothing but the amounts set with
// [Server.SetUsage] and [Server.SetVoiceUsage]. AddCard panics when the card is invalid: an unknown status or group, a
// number of another card, an invalid date, more than five numbers in the whitelist.
func (s *Server) AddCard(v Card) Card {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runDue()
	now := instantOf(s.clock.now())
	c, err := s.addCard(v, s.fleet.len(), now)
	if err != nil {
		panic("quecloudtest: AddCard: " + err.text)
	}
	s.addChange(c, "AddCard", now.time, nil)
	return s.view(c, now)
}

// addCard adds a card at a place unless it is invalid.
func (s *Server) addCard(v Card, place int, now instant) (*card, *memberError) {
	if len(s.groups) == 0 {
		return nil, invalid("billingID", "there is no billing group")
	}
	setDefault(&v.BillingID, s.groups[0].ID)
	g := s.group(v.BillingID)
	if g == nil {
		return nil, invalid("billingID", "no billing group %d", v.BillingID)
	}
	c := s.fleet.newCard(g, place)
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
	for _, number := range []struct{ member, value string }{{"iccid", v.ICCID}, {"msisdn", v.MSISDN}} {
		if _, exists := s.fleet.find(number.value); exists {
			return nil, invalid(number.member, "the card %s exists", number.value)
		}
	}
	if err := s.setFacts(c, v, now); err != nil {
		return nil, err
	}
	s.fleet.add(c)
	c.history.known = s.factsOf(c, now)
	return c, nil
}

// UpdateCard changes the card with that ICCID or MSISDN in ways that calls cannot. The function change sets the
// fields; changes of the card's numbers are ignored. UpdateCard panics as [Server.AddCard] does, and when there is no
// such card.
//
// The function change may call the server. Fields that it does not change keep the values that such calls give them.
// The card also keeps a suspension that follows from usage or date, and packages that are not valid at present.
func (s *Server) UpdateCard(number string, change func(*Card)) Card {
	before, ok := s.Card(number)
	if !ok {
		panic(fmt.Sprintf("quecloudtest: UpdateCard: no card %s", number))
	}
	v := before
	v.VoiceWhitelist, v.Packages, v.Alarm = slices.Clone(v.VoiceWhitelist), slices.Clone(v.Packages), v.Alarm.clone()
	change(&v)

	s.mu.Lock()
	defer s.mu.Unlock()
	s.runDue()
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
	if err := s.setFacts(c, after, now); err != nil {
		panic("quecloudtest: UpdateCard: " + err.text)
	}
	s.recordChanges("UpdateCard", now)
	return s.view(c, now)
}

// RemoveCard removes the card with that ICCID or MSISDN, which no call then finds. Its pending orders and SMS fail. The
// other cards keep their order. RemoveCard panics when there is no such card.
func (s *Server) RemoveCard(number string) {
	defer s.lock(false)()
	i, ok := s.fleet.find(number)
	if !ok {
		panic(fmt.Sprintf("quecloudtest: RemoveCard: no card %s", number))
	}
	c := s.fleet.card(i)
	s.fleet.remove(i)
	s.addChange(&c, "RemoveCard", s.clock.now(), nil)
}

// merge copies the fields that differ between before and after from after to v.
func merge(v, before, after *Card) {
	to, old, changed := reflect.ValueOf(v).Elem(), reflect.ValueOf(before).Elem(), reflect.ValueOf(after).Elem()
	for i := range to.NumField() {
		if !reflect.DeepEqual(old.Field(i).Interface(), changed.Field(i).Interface()) {
			to.Field(i).Set(changed.Field(i))
		}
	}
}

// mustEdit returns the card with that number, to be changed. It panics when there is no such card.
func (s *Server) mustEdit(caller, number string) *card {
	i, ok := s.fleet.find(number)
	if !ok {
		panic(fmt.Sprintf("quecloudtest: %s: no card %s", caller, number))
	}
	return s.fleet.edit(i)
}

// cardDates are the dates of a Card, parsed.
type cardDates struct{ allotted, opened, activated, expires day }

// checkCard returns the dates of a card, or why the card is invalid.
func (s *Server) checkCard(v *Card) (cardDates, *memberError) {
	if s.group(v.BillingID) == nil {
		return cardDates{}, invalid("billingID", "invalid BillingID %d", v.BillingID)
	}
	if !slices.Contains(statuses, v.Status) {
		return cardDates{}, invalid("status", "invalid Status %q", v.Status)
	}
	if v.PauseReason != "" && (v.Status != StatusSuspended || !slices.Contains(reasons, v.PauseReason)) {
		return cardDates{}, invalid("pauseReason", "invalid PauseReason of a card in state %s %q", v.Status, v.PauseReason)
	}
	if v.CompanyID != 0 && v.CompanyID != CompanyID && v.CompanyID != SubAccountID {
		return cardDates{}, invalid("companyID", "invalid CompanyID %d", v.CompanyID)
	}
	if v.Voice < VoiceUnsubscribed || v.Voice > VoiceClosed {
		return cardDates{}, invalid("voice", "invalid Voice %d", int(v.Voice))
	}
	if err := checkWhitelist(v.VoiceWhitelist, maxWhitelist); err != nil {
		return cardDates{}, invalid("voiceWhitelist", "invalid VoiceWhitelist %s: %v", v.VoiceWhitelist, err)
	}
	for _, p := range v.Packages {
		if p.MB < 0 || p.MB > maxMB {
			return cardDates{}, invalid("packages", "invalid package of %d MB", p.MB)
		}
	}
	if v.Alarm != nil {
		for _, mb := range append(v.Alarm.Thresholds[:], v.Alarm.PauseThreshold) {
			if !(mb >= 0 && mb < 1e12) {
				return cardDates{}, invalid("alarm", "invalid Alarm with a threshold of %v MB, want 0 to 1e12", mb)
			}
		}
	}
	return v.dates()
}

// dates parses the dates of a card.
func (c *Card) dates() (d cardDates, err *memberError) {
	for _, date := range []struct {
		to                   *day
		field, member, value string
	}{
		{&d.allotted, "AllotDate", "allotDate", c.AllotDate}, {&d.opened, "OpenDate", "openDate", c.OpenDate},
		{&d.activated, "ActiveDate", "activeDate", c.ActiveDate}, {&d.expires, "ExpiryDate", "expiryDate", c.ExpiryDate},
	} {
		var ok bool
		if *date.to, ok = parseDay(layoutDay, date.value); !ok && date.value != "" {
			return d, invalid(date.member, "invalid %s %q", date.field, date.value)
		}
	}
	return d, nil
}

// setFacts changes a card to the state v. With an error the card is unchanged.
func (s *Server) setFacts(c *card, v Card, now instant) *memberError {
	if v.Status == StatusSuspended {
		setDefault(&v.PauseReason, ReasonByOwner)
	}
	dates, err := s.checkCard(&v)
	if err != nil {
		return err
	}
	c.group = s.group(v.BillingID)
	c.iccid, c.msisdn, c.imsi, c.imei = v.ICCID, v.MSISDN, v.IMSI, v.IMEI
	c.cardType = v.CardType
	setDefault(&c.cardType, c.group.CardType)
	c.allotted, c.opened, c.activated = dates.allotted, dates.opened, dates.activated
	if c.expires != dates.expires {
		c.extend(dates.expires, now.day)
	}
	c.subAccount = v.CompanyID == SubAccountID
	c.gprsClosed, c.locked, c.realName = v.GPRSClosed, v.Locked, v.RealName
	c.voice, c.whitelist = v.Voice, slices.Clone(v.VoiceWhitelist)
	c.history.packages = slices.Clone(v.Packages)
	if old := c.history.alarm; old == nil || v.Alarm == nil || !reflect.DeepEqual(old.settings, *v.Alarm.clone()) {
		s.setAlarm(c, v.Alarm, now)
	}
	if c.status != v.Status || c.reason != v.PauseReason {
		c.history.resetAt = time.Time{} // a pending reset does not resume the card
		c.setState(v.Status, v.PauseReason, now.day)
	}
	return nil
}
