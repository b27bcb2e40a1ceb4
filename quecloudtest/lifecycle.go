package quecloudtest

import (
	"slices"
	"strings"
	"time"
)

// A card holds the facts of a card in the smallest form. Its status follows from them and the time; see state.
type card struct {
	place                     int // in the fleet
	group                     *Group
	iccid, msisdn, imsi, imei string

	status, reason, cardType              string
	allotted, opened, activated, expires  day
	gprsClosed, locked, realName, handset bool
	voice                                 Voice
	whitelist                             []string
	stopped                               day // last day in use, for a suspended card
	subAccount                            bool
	synthetic                             bool
	level                                 usageLevel // of a synthetic card
	history                               *history   // nil for an unchanged synthetic card
}

// A history holds the facts that unchanged synthetic cards do not have.
type history struct {
	idle     []span                       // days out of use between days in use, without overlaps
	usage    [resourceCount]map[day]int64 // set by hand
	alarm    *alarm
	packages []FlowPackage
	known    facts // of the last recorded change

	resetAt, unboundAt, registeredAt time.Time
	whitelistDeletedIn               month // month of the last deletion
}

// addIdle adds days out of use.
func (h *history) addIdle(s span) {
	if s.first > s.last {
		return
	}
	h.idle = slices.DeleteFunc(h.idle, func(other span) bool {
		overlaps := other.first <= s.last && s.first <= other.last
		if overlaps {
			s = span{min(s.first, other.first), max(s.last, other.last)}
		}
		return overlaps
	})
	h.idle = append(h.idle, s)
}

// company returns the ID of the company or sub-account that owns the card.
func (c *card) company() int64 {
	if c.subAccount {
		return SubAccountID
	}
	return CompanyID
}

// cycle returns the cycle that includes d: a calendar month or, for a yearly plan, twelve of them, counted from the
// month of the activation. The first one starts on the day of the activation (§2.1.5).
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

// paidUntil returns the last day of a contract. The month of the activation counts as the first (§2.1.5).
func paidUntil(activated day, months int) day { return (activated.month() + month(months) - 1).last() }

// allowance returns the data that the card may use in the present cycle; 0 means no limit.
func (c *card) allowance(now instant) volume {
	total := volume(c.group.PlanMB) * megabyte
	for _, p := range c.packages(now.time) {
		total += volume(p.MB) * megabyte
	}
	return total
}

// allowanceOn returns the allowance at the end of a day.
func (c *card) allowanceOn(d day) volume { return c.allowance(instantOf(d.end())) }

// packages returns the packages that are valid at a time.
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

// state returns the card's status, and the reason of a suspension. An expired or exhausted plan suspends the card
// without a job: until a renewal, a top-up or the next cycle.
func (s *Server) state(c *card, now instant) (status, reason string) {
	switch {
	case c.status != StatusNormal:
		return c.status, c.reason
	case c.expires != 0 && c.expires < now.day:
		return StatusSuspended, ReasonPlanExpired
	case c.group.Shared || c.group.PlanMB == 0 || c.history == nil && c.level != excessive:
		return StatusNormal, "" // synthetic usage stays within the plan
	case s.fleet.cycleUsed(c, now.day) >= c.allowance(now):
		return StatusSuspended, ReasonCardExhausted
	}
	return StatusNormal, ""
}

// setState moves the card to a status. A card out of use uses nothing from the next day on.
func (c *card) setState(status, reason string, today day) {
	c.status, c.reason = status, reason
	switch inUse := status == StatusNormal; {
	case inUse && c.stopped != 0:
		c.history.addIdle(span{c.stopped + 1, today - 1})
		c.stopped = 0
	case !inUse && c.stopped == 0:
		c.stopped = today
	}
}

// edit returns the card of the call, to be changed.
func (s *Server) edit(c *call) *card { return s.fleet.edit(c.card.place) }

// requireStatus refuses the call unless the card is in one of these states.
func (s *Server) requireStatus(c *call, allowed ...string) error {
	if status, _ := s.state(&c.card, c.now); !slices.Contains(allowed, status) {
		return refuse("卡状态为%s，不能办理该业务", status)
	}
	return nil
}

// §2.4.1. The silent period follows the test period.
func (s *Server) endTest(c *call) error {
	if err := s.requireStatus(c, StatusTestNormal, StatusTestSuspended); err != nil {
		return err
	}
	s.edit(c).setState(StatusInactive, "", c.now.day)
	return nil
}

// §2.4.2
func (s *Server) activate(c *call) error {
	if err := s.requireStatus(c, StatusInactive, StatusTestNormal, StatusTestSuspended); err != nil {
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
	if err := s.requireStatus(c, StatusNormal); err != nil {
		return err
	}
	s.edit(c).setState(StatusSuspended, ReasonByOwner, c.now.day)
	return nil
}

// §2.4.4. It ends a suspension by the company or its threshold, and refuses all others.
func (s *Server) resume(c *call) error {
	if err := s.requireStatus(c, StatusSuspended); err != nil {
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

const resetDuration = 10 * time.Minute

// §2.4.8
func (s *Server) reset(c *call) error {
	if err := s.requireStatus(c, StatusNormal); err != nil {
		return err
	}
	card := s.edit(c)
	start := c.now.time
	card.history.resetAt = start
	card.setState(StatusSuspended, ReasonByOwner, c.now.day)
	s.schedule(start.Add(resetDuration), &endReset{card.place, start})
	return nil
}

// endReset is the task that resumes a card after a reset, unless something else ended the reset before.
type endReset struct {
	place int
	start time.Time
}

func (t *endReset) cause() string { return causeReset }

func (t *endReset) run(s *Server, now time.Time) {
	if !s.fleet.has(t.place) {
		return
	}
	card := s.fleet.edit(t.place)
	if card.history.resetAt.Equal(t.start) && card.status == StatusSuspended && card.reason == ReasonByOwner {
		card.history.resetAt = time.Time{}
		card.setState(StatusNormal, "", dayOf(now))
	}
}

const unbindInterval = 30 * time.Minute

// §2.4.5
func (s *Server) unbind(c *call) error {
	if c.card.group.Carrier != ChinaTelecom {
		return refuse("仅支持电信卡解绑")
	}
	if err := s.requireStatus(c, StatusNormal, StatusSuspended); err != nil {
		return err
	}
	card := s.edit(c)
	if last := card.history.unboundAt; !last.IsZero() && c.now.time.Sub(last) < unbindInterval {
		return refuse("同一卡号30分钟内不能重复办理")
	}
	card.history.unboundAt = c.now.time
	card.locked = false
	if card.reason == ReasonIMEISplit {
		card.setState(StatusNormal, "", c.now.day)
	}
	return nil
}

// §2.4.6. A card without data service is suspended.
func (s *Server) closeGPRS(c *call) error {
	if err := s.requireStatus(c, StatusNormal); err != nil {
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
	if err := s.requireStatus(c, StatusNormal, StatusSuspended); err != nil {
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

// requireVoice refuses the call unless the card has voice and is not cancelled.
func (s *Server) requireVoice(c *call) error {
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
	if err := s.requireVoice(c); err != nil {
		return err
	}
	if c.card.voice == to {
		return refuse("%s", already)
	}
	s.edit(c).voice = to
	return nil
}

const (
	maxWhitelist          = 5 // numbers
	maxWhitelistDeletions = 2 // numbers in one call
)

// whitelistNumbers returns the numbers of the parameter voiceWhiteList.
func (c *call) whitelistNumbers(limit int) ([]string, error) {
	numbers := strings.Split(c.params["voiceWhiteList"], "_")
	return numbers, checkWhitelist(numbers, limit)
}

// checkWhitelist refuses too many, malformed and duplicate numbers.
func checkWhitelist(numbers []string, limit int) error {
	if len(numbers) > limit {
		return refuse("语音白名单号码不能超过%d个", limit)
	}
	for i, number := range numbers {
		if number == "" || len(number) > 13 || strings.Trim(number, "0123456789") != "" {
			return refuse("语音白名单号码格式错误：%s", number)
		}
		if slices.Contains(numbers[:i], number) {
			return refuse("语音白名单号码重复：%s", number)
		}
	}
	return nil
}

// §2.4.11
func (s *Server) addWhitelist(c *call) error {
	if err := s.requireVoice(c); err != nil {
		return err
	}
	numbers, err := c.whitelistNumbers(maxWhitelist)
	if err != nil {
		return err
	}
	for _, number := range numbers {
		if slices.Contains(c.card.whitelist, number) {
			return refuse("语音白名单号码已存在：%s", number)
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
	if err := s.requireVoice(c); err != nil {
		return err
	}
	numbers, err := c.whitelistNumbers(maxWhitelistDeletions)
	if err != nil {
		return err
	}
	for _, number := range numbers {
		if !slices.Contains(c.card.whitelist, number) {
			return refuse("语音白名单号码不存在：%s", number)
		}
	}
	card := s.edit(c)
	if card.history.whitelistDeletedIn == c.now.day.month() {
		return refuse("语音白名单每自然月只能删除1次")
	}
	card.history.whitelistDeletedIn = c.now.day.month()
	card.whitelist = slices.DeleteFunc(slices.Clone(card.whitelist), func(number string) bool {
		return slices.Contains(numbers, number)
	})
	return nil
}
