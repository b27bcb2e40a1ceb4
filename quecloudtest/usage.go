package quecloudtest

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// A volume is an amount of data in thousandths of a MB, the finest unit that the platform prints.
type volume int64

const megabyte volume = 1000

func volumeOf(mb float64) volume {
	if mb < 0 {
		return volume(mb*1000 - 0.5)
	}
	return volume(mb*1000 + 0.5)
}

func (v volume) mb() float64 { return float64(v) / 1000 }

func (v volume) String() string { return string(appendFixed(nil, int64(v), 3)) }

// A resource is what a card uses: data, counted as a volume, or voice, counted in minutes.
type resource uint8

const (
	data resource = iota
	voice
	resourceCount
)

// SetUsage sets the data that a card used on a date (yyyy-MM-dd), in MB, instead of the synthetic usage. It suspends a
// card that has used up its plan, which then uses only the amounts set for the days after that date, and a card that
// reached a threshold set with fc.function.card.alarm. The usage of a future date counts from that date on, so that a
// test can lay out a month and then [Server.Advance] through it. SetUsage panics when there is no such card, the date
// is invalid or the amount is negative.
func (s *Server) SetUsage(number, date string, mb float64) {
	if !(mb >= 0 && mb < math.MaxInt32) {
		panic(fmt.Sprintf("quecloudtest: SetUsage: %v MB, want 0 to %d", mb, math.MaxInt32))
	}
	s.setUsage("SetUsage", number, date, data, int64(volumeOf(mb)))
}

// SetVoiceUsage sets the minutes of voice that a card used on a date (yyyy-MM-dd). It panics as [Server.SetUsage] does.
func (s *Server) SetVoiceUsage(number, date string, minutes int) {
	if minutes < 0 {
		panic(fmt.Sprintf("quecloudtest: SetVoiceUsage: %d minutes, want at least 0", minutes))
	}
	s.setUsage("SetVoiceUsage", number, date, voice, int64(minutes))
}

func (s *Server) setUsage(caller, number, date string, r resource, amount int64) {
	d, ok := parseDay(layoutDay, date)
	if !ok {
		panic(fmt.Sprintf("quecloudtest: %s: date %q, want the layout yyyy-MM-dd", caller, date))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runDue()
	c := s.mustEdit(caller, number)
	if c.history.usage[r] == nil {
		c.history.usage[r] = map[day]int64{}
	}
	before := c.history.usage[r][d]
	c.history.usage[r][d] = amount
	now := instantOf(s.clock.now())
	s.addChange(c, caller+" "+date, now.time, []FieldChange{r.change(before, amount)})
	s.checkThreshold(c, now.day)
	s.recordChanges(caller+" "+date, now)
}

// cycleUsed returns the data used in the present cycle.
func (f *fleet) cycleUsed(c *card, today day) volume {
	return f.used(c, c.cycle(today).first, today)
}

// used returns the data used on the days from first to last.
func (f *fleet) used(c *card, first, last day) volume {
	s := span{first, last}
	return volume(f.usage(c, data, s, f.idleDays(c, s)))
}

// minutes returns the minutes of voice used on the days from first to last.
func (f *fleet) minutes(c *card, first, last day) int64 {
	s := span{first, last}
	return f.usage(c, voice, s, f.idleDays(c, s))
}

// usage returns the usage on the days of s: the amounts set by hand, and the synthetic usage of the other days except
// the idle ones.
func (f *fleet) usage(c *card, r resource, s span, idle []span) int64 {
	sum := f.synthetic(c, r, s, idle)
	if c.history == nil {
		return sum
	}
	for d, amount := range c.history.usage[r] {
		if s.first <= d && d <= s.last {
			sum += amount - f.synthetic(c, r, span{d, d}, idle)
		}
	}
	return sum
}

// synthetic returns the synthetic usage on the days of s except the idle ones.
func (f *fleet) synthetic(c *card, r resource, s span, idle []span) int64 {
	sum := f.activeUsage(c, r, s)
	for _, i := range idle {
		sum -= f.activeUsage(c, r, span{max(s.first, i.first), min(s.last, i.last)})
	}
	return sum
}

// idleDays returns the days of s on which the card is idle: because of its suspensions, or because it used up its
// data. It leaves out the days before its activation and after its last day in use; see activeUsage.
func (f *fleet) idleDays(c *card, s span) []span {
	var all []span
	usageSet := false
	if c.history != nil {
		all = slices.Clip(c.history.idle)
		usageSet = len(c.history.usage[data]) > 0
	}
	if !c.synthetic || c.group.Shared || c.group.PlanMB == 0 || c.level != excessive && !usageSet {
		return all // no synthetic usage, or none beyond the plan
	}
	for first := s.first; first <= s.last; {
		cycle := c.cycle(first)
		all = f.exhausted(c, span{cycle.first, min(cycle.last, s.last)}, all)
		first = cycle.last + 1
	}
	return all
}

// exhausted appends to all the days of s, the start of a cycle, on which the card had no data left. After the plan is
// used up it counts day by day, because the usage of a day depends on the data left by the days before.
func (f *fleet) exhausted(c *card, s span, all []span) []span {
	var suspended []span
	if c.history != nil {
		suspended = c.history.idle
	}
	usedBy := func(last day) volume { return volume(f.usage(c, data, span{s.first, last}, suspended)) }
	plan := volume(c.group.PlanMB) * megabyte
	if usedBy(s.last) < plan {
		return all
	}
	usedUp := s.first + day(sort.Search(int(s.last-s.first), func(n int) bool {
		return usedBy(s.first+day(n)) >= plan
	}))
	if c.history == nil {
		return append(all, span{usedUp + 1, s.last})
	}
	sum, before := usedBy(usedUp), len(all)
	for d := usedUp + 1; d <= s.last; d++ {
		if sum < c.allowanceOn(d) {
			sum += volume(f.usage(c, data, span{d, d}, suspended))
			continue
		}
		sum += volume(c.history.usage[data][d])
		switch n := len(all); {
		case slices.ContainsFunc(suspended, func(i span) bool { return i.first <= d && d <= i.last }):
		case n > before && all[n-1].last == d-1:
			all[n-1].last = d
		default:
			all = append(all, span{d, d})
		}
	}
	return all
}

// activeUsage returns the synthetic usage on the days of s between the card's activation and its expiry or last day in
// use.
func (f *fleet) activeUsage(c *card, r resource, s span) int64 {
	if !c.synthetic || c.activated == 0 {
		return 0
	}
	first, last := max(s.first, c.activated), s.last
	if c.stopped != 0 {
		last = min(last, c.stopped)
	}
	if c.expires != 0 {
		last = min(last, c.expires)
	}
	var sum int64
	for first <= last {
		m := first.month()
		start := m.first()
		end := min(last, m.last())
		sum += f.usageUntil(c, r, m, int(end-start)+1)
		if first > start {
			sum -= f.usageUntil(c, r, m, int(first-start))
		}
		first = end + 1
	}
	return sum
}

// usageUntil returns the synthetic usage on the first n days of a month.
func (f *fleet) usageUntil(c *card, r resource, m month, n int) int64 {
	if r == voice {
		return f.voiceUntil(c, m, n)
	}
	return f.dataUntil(c, m, n)
}

func (f *fleet) dataUntil(c *card, m month, n int) int64 {
	plan := c.group.PlanMB
	if plan == 0 {
		plan = 1024
	}
	limit := int64(volume(plan) * megabyte / volume(c.group.CycleMonths))
	h := mix(f.seed, uint64(c.place), uint64(m), saltData)
	return share(limit*int64(c.level.perMille(h))/1000, h, m, n)
}

func (f *fleet) voiceUntil(c *card, m month, n int) int64 {
	if c.voice == VoiceUnsubscribed {
		return 0
	}
	h := mix(f.seed, uint64(c.place), uint64(m), saltVoice)
	return share(int64(h%uint64(c.group.VoiceMinutes+1)), h, m, n)
}

// share returns the part of a month's usage that falls on its first n days, at an uneven pace. It never decreases
// with n.
func share(whole int64, h uint64, m month, n int) int64 {
	if n <= 0 {
		return 0
	}
	days := m.days()
	if n >= days {
		return whole
	}
	jitter := int64(mix(h, uint64(n), saltShape)%800) - 400
	return whole * (int64(n)*1000 + jitter) / int64(days*1000)
}

// month returns the parameter month. It refuses all but the last twelve months, the present one included.
func (c *call) month() (month, error) {
	m := parseMonth(c.params["month"])
	present := c.now.day.month()
	if m > present || m <= present-12 {
		return 0, refuse("仅支持查询最近12个月内的数据")
	}
	return m, nil
}

// lastDay returns the last day of a month up to today.
func (c *call) lastDay(m month) day { return min(m.last(), c.now.day) }

// monthUsage returns the data that a card used in a month, and in its cycle up to the end of that month.
func (s *Server) monthUsage(c *call, card *card, m month) (inMonth, inCycle volume) {
	last := c.lastDay(m)
	inMonth = s.fleet.used(card, m.first(), last)
	if card.group.CycleMonths == 1 {
		return inMonth, inMonth
	}
	return inMonth, s.fleet.used(card, card.cycle(last).first, last)
}

// §2.1.7
func (s *Server) monthFlowList(c *call) error {
	m, err := c.month()
	if err != nil {
		return err
	}
	s.pageOfCards(c, "flows", allCards, func(card *card) {
		inMonth, inCycle := s.monthUsage(c, card, m)
		c.out.text("iccid", card.iccid)
		c.out.text("msisdn", card.msisdn)
		c.out.volume("monthflow", inMonth)
		c.out.volume("flow", inCycle)
	})
	return nil
}

// §2.1.8
func (s *Server) dayFlowList(c *call) error {
	m, err := c.month()
	if err != nil {
		return err
	}
	c.days(m, func(d day) { c.out.volume("flow", s.fleet.used(&c.card, d, d)) })
	return nil
}

// days writes a row for each day of a month up to today.
func (c *call) days(m month, usage func(day)) {
	c.out.list("flows", func() {
		for d := m.first(); d <= c.lastDay(m); d++ {
			c.out.object("", func() {
				c.out.text("date", d.format(layoutShortDay))
				usage(d)
			})
		}
	})
}

// §2.1.9
func (s *Server) cardMonthFlow(c *call) error {
	m, err := c.month()
	if err != nil {
		return err
	}
	inMonth, inCycle := s.monthUsage(c, &c.card, m)
	c.out.volume("monthflow", inMonth)
	c.out.volume("cycleflow", inCycle)
	return nil
}

// §2.1.10
func (s *Server) cardsMonthFlow(c *call) error {
	if len(c.cards) == 0 {
		return c.noCards()
	}
	m, err := c.month()
	if err != nil {
		return err
	}
	c.out.list("data", func() {
		for _, i := range c.cards {
			card := s.fleet.card(i)
			inMonth, inCycle := s.monthUsage(c, &card, m)
			c.out.object("", func() {
				if c.byICCID {
					c.out.text("number", card.iccid)
				} else {
					c.out.text("number", card.msisdn)
				}
				c.out.volume("monthflow", inMonth)
				c.out.volume("cycleflow", inCycle)
			})
		}
	})
	return nil
}

// §2.1.11
func (s *Server) voiceMonthList(c *call) error {
	m, err := c.month()
	if err != nil {
		return err
	}
	s.pageOfCards(c, "flows", allCards, func(card *card) {
		c.out.text("iccid", card.iccid)
		c.out.text("msisdn", card.msisdn)
		c.out.int("monthflow", s.fleet.minutes(card, m.first(), c.lastDay(m)))
	})
	return nil
}

// §2.1.12
func (s *Server) voiceDayList(c *call) error {
	m, err := c.month()
	if err != nil {
		return err
	}
	c.days(m, func(d day) { c.out.volume("flow", volume(s.fleet.minutes(&c.card, d, d))*megabyte) })
	return nil
}
