package quecloudtest

import (
	"slices"
	"strings"
	"time"
)

// edit returns the call's card, to be changed.
func (s *Server) edit(c *call) *card { return s.fleet.edit(c.card.index) }

// expect refuses the call unless the card is in one of these states.
func (s *Server) expect(c *call, allowed ...string) error {
	if status, _ := s.state(&c.card, c.now); !slices.Contains(allowed, status) {
		return refuse("卡状态为%s，不能办理该业务", status)
	}
	return nil
}

// §2.4.1. What follows the test period is the silent one.
func (s *Server) endTest(c *call) error {
	if err := s.expect(c, StatusTestNormal, StatusTestSuspended); err != nil {
		return err
	}
	s.edit(c).setState(StatusInactive, "", c.now.day)
	return nil
}

// §2.4.2
func (s *Server) activate(c *call) error {
	if err := s.expect(c, StatusInactive, StatusTestNormal, StatusTestSuspended); err != nil {
		return err
	}
	card := s.edit(c)
	card.activated = c.now.day
	card.expires = paidUntil(c.now.day, 12)
	card.setState(StatusNormal, "", c.now.day)
	return nil
}

// §2.4.3
func (s *Server) pause(c *call) error {
	if err := s.expect(c, StatusNormal); err != nil {
		return err
	}
	s.edit(c).setState(StatusSuspended, ReasonByOwner, c.now.day)
	return nil
}

// §2.4.4. It lifts what the company or its threshold brought about; what another thing must lift it refuses.
func (s *Server) resume(c *call) error {
	if err := s.expect(c, StatusSuspended); err != nil {
		return err
	}
	if _, reason := s.state(&c.card, c.now); reason != ReasonByOwner && reason != ReasonThreshold {
		return refuse("停机原因为%s，不能复机", reason)
	}
	card := s.edit(c)
	card.history.resetAt = time.Time{}
	card.setState(StatusNormal, "", c.now.day)
	return nil
}

const resetPause = 10 * time.Minute

// §2.4.8
func (s *Server) reset(c *call) error {
	if err := s.expect(c, StatusNormal); err != nil {
		return err
	}
	card := s.edit(c)
	began := c.now.time
	card.history.resetAt = began
	card.setState(StatusSuspended, ReasonByOwner, c.now.day)
	s.at(began.Add(resetPause), func(now time.Time) {
		card := s.fleet.edit(card.index)
		if card.history.resetAt.Equal(began) && card.status == StatusSuspended && card.reason == ReasonByOwner {
			card.history.resetAt = time.Time{}
			card.setState(StatusNormal, "", dayOf(now))
		}
	})
	return nil
}

const unbindPause = 30 * time.Minute

// §2.4.5
func (s *Server) unbind(c *call) error {
	if c.card.group.Carrier != ChinaTelecom {
		return refuse("仅支持电信卡解绑")
	}
	if err := s.expect(c, StatusNormal, StatusSuspended); err != nil {
		return err
	}
	card := s.edit(c)
	if last := card.history.unboundAt; !last.IsZero() && c.now.time.Sub(last) < unbindPause {
		return refuse("同一卡号30分钟内不能重复办理")
	}
	card.history.unboundAt = c.now.time
	card.locked = false
	if card.reason == ReasonIMEISplit {
		card.setState(StatusNormal, "", c.now.day)
	}
	return nil
}

// §2.4.6. Without its data service the card is suspended.
func (s *Server) closeGPRS(c *call) error {
	if err := s.expect(c, StatusNormal); err != nil {
		return err
	}
	if c.card.gprsClosed {
		return refuse("数据服务已关闭")
	}
	card := s.edit(c)
	card.gprsClosed = true
	card.setState(StatusSuspended, ReasonDataClosed, c.now.day)
	return nil
}

// §2.4.7
func (s *Server) openGPRS(c *call) error {
	if err := s.expect(c, StatusNormal, StatusSuspended); err != nil {
		return err
	}
	if !c.card.gprsClosed && c.card.reason != ReasonDataClosed {
		return refuse("数据服务已开启")
	}
	card := s.edit(c)
	card.gprsClosed = false
	if card.reason == ReasonDataClosed {
		card.setState(StatusNormal, "", c.now.day)
	}
	return nil
}

// expectVoice refuses the call unless the card has voice and is not given up.
func (s *Server) expectVoice(c *call) error {
	switch c.card.status {
	case StatusPreCancelled, StatusCancelled, StatusUnknown:
		return refuse("卡状态为%s，不能办理该业务", c.card.status)
	}
	if c.card.voice == VoiceUnsubscribed {
		return refuse("该卡未开通语音功能")
	}
	return nil
}

// §2.4.9
func (s *Server) closeVoice(c *call) error {
	return s.setVoice(c, VoiceClosed, "语音服务已关闭")
}

// §2.4.10
func (s *Server) openVoice(c *call) error { return s.setVoice(c, VoiceOpen, "语音服务已开启") }

func (s *Server) setVoice(c *call, to Voice, already string) error {
	if err := s.expectVoice(c); err != nil {
		return err
	}
	if c.card.voice == to {
		return refuse("%s", already)
	}
	s.edit(c).voice = to
	return nil
}

const (
	maxWhitelist = 5 // numbers
	maxCut       = 2 // numbers in one deletion
)

// whitelistNumbers reads the parameter voiceWhiteList.
func (c *call) whitelistNumbers(most int) ([]string, error) {
	numbers := strings.Split(c.params["voiceWhiteList"], "_")
	return numbers, checkWhitelist(numbers, most)
}

func checkWhitelist(numbers []string, most int) error {
	if len(numbers) > most {
		return refuse("语音白名单号码不能超过%d个", most)
	}
	for i, number := range numbers {
		if number == "" || len(number) > 13 || strings.Trim(number, "0123456789") != "" {
			return refuse("语音白名单号码格式错误")
		}
		if slices.Contains(numbers[:i], number) {
			return refuse("语音白名单号码重复")
		}
	}
	return nil
}

// §2.4.11
func (s *Server) addWhitelist(c *call) error {
	if err := s.expectVoice(c); err != nil {
		return err
	}
	numbers, err := c.whitelistNumbers(maxWhitelist)
	if err != nil {
		return err
	}
	for _, number := range numbers {
		if slices.Contains(c.card.whitelist, number) {
			return refuse("语音白名单号码已存在")
		}
	}
	if len(c.card.whitelist)+len(numbers) > maxWhitelist {
		return refuse("语音白名单号码不能超过%d个", maxWhitelist)
	}
	card := s.edit(c)
	card.whitelist = slices.Concat(card.whitelist, numbers)
	return nil
}

// §2.4.12
func (s *Server) deleteWhitelist(c *call) error {
	if err := s.expectVoice(c); err != nil {
		return err
	}
	numbers, err := c.whitelistNumbers(maxCut)
	if err != nil {
		return err
	}
	for _, number := range numbers {
		if !slices.Contains(c.card.whitelist, number) {
			return refuse("语音白名单号码不存在")
		}
	}
	card := s.edit(c)
	if card.history.whitelistCut == c.now.day.month() {
		return refuse("语音白名单每自然月只能删除1次")
	}
	card.history.whitelistCut = c.now.day.month()
	card.whitelist = slices.DeleteFunc(slices.Clone(card.whitelist), func(number string) bool {
		return slices.Contains(numbers, number)
	})
	return nil
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

// company is the company or sub-account that the card belongs to.
func (c *card) company() int64 {
	if c.subAccount {
		return SubAccountID
	}
	return CompanyID
}

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
