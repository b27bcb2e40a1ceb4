package quecloudtest

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// SetUsage says that a card used that many MB on a date (yyyy-MM-dd), in place of whatever it had used. A card that has
// thereby used up its plan is suspended and uses nothing on the days after that date but what is said of them, and one
// that crossed a threshold set with fc.function.card.alarm is suspended too. What is
// said of a date to come counts from that date on: a test can lay out a month and then [Server.Advance] through it.
// SetUsage panics when there is no such card, the date is none, or the amount is negative.
func (s *Server) SetUsage(number, date string, mb float64) {
	if !(mb >= 0 && mb < math.MaxInt32) {
		panic(fmt.Sprintf("quecloudtest: SetUsage: %v MB", mb))
	}
	s.setUsage("SetUsage", number, date, func(h *history, d day) {
		if h.days == nil {
			h.days = map[day]volume{}
		}
		h.days[d] = volumeOf(mb)
	})
}

// SetVoiceUsage says that a card called for that many minutes on a date (yyyy-MM-dd). It panics as [Server.SetUsage]
// does.
func (s *Server) SetVoiceUsage(number, date string, minutes int) {
	if minutes < 0 {
		panic(fmt.Sprintf("quecloudtest: SetVoiceUsage: %d minutes", minutes))
	}
	s.setUsage("SetVoiceUsage", number, date, func(h *history, d day) {
		if h.minutes == nil {
			h.minutes = map[day]int64{}
		}
		h.minutes[d] = int64(minutes)
	})
}

func (s *Server) setUsage(caller, number, date string, set func(*history, day)) {
	d, ok := parseDay(layoutDay, date)
	if !ok {
		panic(fmt.Sprintf("quecloudtest: %s: %q is no date of the form yyyy-MM-dd", caller, date))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	c := s.mustEdit(caller, number)
	set(c.history, d)
	s.checkThreshold(c, dayOf(s.clock.now()))
}

// cycleUsed is the data used in the present cycle.
func (f *fleet) cycleUsed(c *card, today day) volume {
	return f.used(c, c.cycle(today).first, today)
}

// used is the data used on the days from first to last.
func (f *fleet) used(c *card, first, last day) volume {
	return f.data(c, span{first, last}, f.quiet(c, span{first, last}))
}

// data is the data used on the days of s, with none computed for the quiet ones.
func (f *fleet) data(c *card, s span, quiet []span) volume {
	return total(c, s, quiet, f.dataUntil, c.byHand().days)
}

// minutes is the voice used on the days from first to last.
func (f *fleet) minutes(c *card, first, last day) int64 {
	s := span{first, last}
	return total(c, s, f.quiet(c, s), f.voiceUntil, c.byHand().minutes)
}

// byHand returns the history of the card, with the usage that was set by hand. It is empty for a card that has none.
func (c *card) byHand() history {
	if c.history == nil {
		return history{}
	}
	return *c.history
}

// total adds up usage: what the seed says for the days on which the card was in use, and what was set by hand.
func total[T ~int64](c *card, s span, quiet []span, until func(*card, month, int) T, set map[day]T) T {
	computed := func(s span) T {
		sum := between(c, s, until)
		for _, q := range quiet {
			sum -= between(c, span{max(s.first, q.first), min(s.last, q.last)}, until)
		}
		return sum
	}
	sum := computed(s)
	for d, v := range set {
		if s.first <= d && d <= s.last {
			sum += v - computed(span{d, d})
		}
	}
	return sum
}

// quiet are those days of s on which a card was suspended and is in use again, or could be: by what was done to it, or
// because it had used up its data.
func (f *fleet) quiet(c *card, s span) []span {
	var all []span
	if c.history != nil {
		all = slices.Clip(c.history.quiet)
	}
	touched := c.history != nil && len(c.history.days) > 0
	if !c.synthetic || c.group.Shared || c.group.PlanMB == 0 || c.appetite != excessive && !touched {
		return all // nothing is computed, or what is stays within the plan
	}
	for first := s.first; first <= s.last; {
		cycle := c.cycle(first)
		all = f.exhausted(c, span{cycle.first, min(cycle.last, s.last)}, all)
		first = cycle.last + 1
	}
	return all
}

// exhausted appends the days of a cycle, up to some day, on which the card had used up its data the day before and got
// none. From when it has used up its plan it goes from day to day, because the usage of each depends on whether those
// before it had used up everything.
func (f *fleet) exhausted(c *card, s span, all []span) []span {
	var known []span
	if c.history != nil {
		known = c.history.quiet
	}
	used := func(last day) volume { return f.data(c, span{s.first, last}, known) }
	plan := volume(c.group.PlanMB) * megabyte
	if used(s.last) < plan {
		return all
	}
	usedUp := s.first + day(sort.Search(int(s.last-s.first), func(n int) bool { return used(s.first+day(n)) >= plan }))
	if c.history == nil {
		return append(all, span{usedUp + 1, s.last})
	}
	sum, before := used(usedUp), len(all)
	for d := usedUp + 1; d <= s.last; d++ {
		if sum < c.allowanceOn(d) {
			sum += f.data(c, span{d, d}, known)
			continue
		}
		sum += c.history.days[d]
		switch n := len(all); {
		case slices.ContainsFunc(known, func(q span) bool { return q.first <= d && d <= q.last }):
		case n > before && all[n-1].last == d-1:
			all[n-1].last = d
		default:
			all = append(all, span{d, d})
		}
	}
	return all
}

// between is the computed usage of a card on the days of s on which it was active, had not expired and had not stopped.
func between[T ~int64](c *card, s span, until func(*card, month, int) T) T {
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
	var sum T
	for first <= last {
		m := first.month()
		start := m.first()
		end := min(last, m.last())
		sum += until(c, m, int(end-start)+1)
		if first > start {
			sum -= until(c, m, int(first-start))
		}
		first = end + 1
	}
	return sum
}

// dataUntil is the data that a card uses on the first n days of a month, at an uneven pace.
func (f *fleet) dataUntil(c *card, m month, n int) volume {
	plan := c.group.PlanMB
	if plan == 0 {
		plan = 1024
	}
	most := volume(plan) * megabyte / volume(c.group.CycleMonths)
	h := mix(f.seed, uint64(c.index), uint64(m), saltData)
	return share(most*volume(c.appetite.of(h))/1000, h, m, n)
}

// voiceUntil is the minutes that a card calls on the first n days of a month.
func (f *fleet) voiceUntil(c *card, m month, n int) int64 {
	if c.voice == VoiceUnsubscribed {
		return 0
	}
	h := mix(f.seed, uint64(c.index), uint64(m), saltVoice)
	return share(int64(h%uint64(c.group.VoiceMinutes+1)), h, m, n)
}

// share is the part of a month's usage that falls on its first n days. It never falls from one day to the next.
func share[T ~int64](whole T, h uint64, m month, n int) T {
	days := m.days()
	if n <= 0 {
		return 0
	}
	if n >= days {
		return whole
	}
	jitter := int64(mix(h, uint64(n), saltShape)%800) - 400
	return whole * T(int64(n)*1000+jitter) / T(days*1000)
}

// month checks that the parameter month is among the last twelve, the present one included.
func (c *call) month() (month, error) {
	m := parseMonth(c.params["month"])
	this := c.now.day.month()
	if m > this || m <= this-12 {
		return 0, refuse("仅支持查询最近12个月内的数据")
	}
	return m, nil
}

// usageUntil is the last day of a month that has come.
func (c *call) usageUntil(m month) day { return min(m.last(), c.now.day) }

// monthUsage is the data that a card used in a month, and in its cycle up to the end of that month.
func (s *Server) monthUsage(c *call, card *card, m month) (inMonth, inCycle volume) {
	last := c.usageUntil(m)
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

// days writes a row for each day of a month that has come.
func (c *call) days(m month, usage func(day)) {
	c.out.list("flows", func() {
		for d := m.first(); d <= c.usageUntil(m); d++ {
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
		return refuse("卡号不存在")
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
		c.out.int("monthflow", s.fleet.minutes(card, m.first(), c.usageUntil(m)))
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

// A volume is an amount of data in thousandths of an MB, the finest that the platform prints.
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
