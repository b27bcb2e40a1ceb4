package quecloudtest

import (
	"slices"
	"strings"
)

// A page is the part of a list that a call asks for.
type page struct{ number, size int64 }

func (c *call) page() page {
	p := page{c.integer("pageNo"), c.integer("pageSize")}
	setDefault(&p.number, 1)
	setDefault(&p.size, 100)
	return p
}

// bounds returns the places of the page's first row and of the row after its last, in a list of that length.
func (p page) bounds(total int) (from, to int) {
	from = int(min((p.number-1)*p.size, int64(total)))
	return from, int(min(int64(from)+p.size, int64(total)))
}

// encode writes the page's members.
func (p page) encode(c *call, total int) {
	c.out.int("page", p.number)
	c.out.int("pageSize", p.size)
	c.out.int("totalCount", int64(total))
	c.out.int("totalPage", (int64(total)+p.size-1)/p.size)
}

// pageOfCards writes a page of the cards that match a filter, in the order of the fleet.
func (s *Server) pageOfCards(c *call, name string, by filter, row func(*card)) {
	p := c.page()
	total := s.fleet.len()
	place := func(n int) int { return n }
	if by != allCards || s.fleet.total() < s.fleet.len() {
		places := s.fleet.places(by)
		total = len(places)
		place = func(n int) int { return int(places[n]) }
	}
	c.out.object("page", func() { p.encode(c, total) })
	c.out.list(name, func() {
		start := len(c.out.buf)
		from, to := p.bounds(total)
		var card card // shared by the rows, since each would be allocated
		for n := from; n < to; n++ {
			card = s.fleet.card(place(n))
			c.out.object("", func() { row(&card) })
			if n == from { // the other rows have about the same length
				c.out.buf = slices.Grow(c.out.buf, (len(c.out.buf)-start)*(to-from)*9/8)
			}
		}
	})
}

// §2.1.4
func (s *Server) cardList(c *call) error {
	s.pageOfCards(c, "cards", c.cardFilter(), func(card *card) { s.encodeListed(c, card) })
	return nil
}

// cardFilter returns the filter of fc.function.card.list.
func (c *call) cardFilter() filter {
	between := func(param string) span {
		dates := always
		if d, ok := parseDay(layoutShortDay, c.params[param+"Start"]); ok {
			dates.first = d
		}
		if d, ok := parseDay(layoutShortDay, c.params[param+"End"]); ok {
			dates.last = d
		}
		return dates
	}
	return filter{c.integer("billingid"), between("allotDate"), between("activeDate"), between("expireDate")}
}

// encodeListed writes a row of fc.function.card.list.
func (s *Server) encodeListed(c *call, card *card) {
	out, now := &c.out, c.now
	status, reason := s.state(card, now)
	out.text("msisdn", card.msisdn)
	out.text("iccid", card.iccid)
	out.text("imsi", card.imsi)
	out.optional("imei", card.imei)
	out.int("servicecycle", int64(card.group.CycleMonths))
	out.int("billingid", card.group.ID)
	out.text("carrier", card.group.Carrier)
	out.text("setMeal", card.group.PlanName)
	out.text("status", status)
	out.text("pausereason", reason)
	out.optional("cardType", card.cardType)
	s.encodeDates(c, card, "activeDate")
	monthly := s.fleet.used(card, now.first, now.day)
	out.volume("monthflow", monthly)
	out.volume("flow", s.cycleUsage(card, now, monthly))
	out.text("islock", flagText(card.locked))
	out.text("gprsstatus", flagText(!card.gprsClosed))
	out.flag("realnamestatus", card.realName)
	s.encodeVoice(c, card, out.int, "voicewhitelist")
	out.text("spcode", smsCode(card))
	out.int("companyid", card.company())
}

// cycleUsage returns the usage of the present cycle. For most cards it is the usage of the month, which is known.
func (s *Server) cycleUsage(card *card, now instant, monthly volume) volume {
	if card.group.CycleMonths == 1 {
		return monthly
	}
	return s.fleet.cycleUsed(card, now.day)
}

// encodeDates writes the dates of a card. The name of the member for its activation differs between methods.
func (s *Server) encodeDates(c *call, card *card, activation string) {
	c.out.date("allotDate", card.allotted)
	c.out.date("openDate", card.opened)
	if card.activated == 0 {
		c.out.text("active", "未激活")
		c.out.date(activation, 0)
		c.out.date("expiryDate", 0)
		c.out.date("cycleStartDate", 0)
		c.out.date("cycleEndDate", 0)
		return
	}
	cycle := card.cycle(c.now.day)
	c.out.text("active", "激活")
	c.out.date(activation, card.activated)
	c.out.date("expiryDate", card.expires)
	c.out.date("cycleStartDate", cycle.first)
	c.out.date("cycleEndDate", cycle.last)
}

// encodeVoice writes the voice service of a card. The form of its numbers and the name of its whitelist differ between
// methods.
func (s *Server) encodeVoice(c *call, card *card, number func(string, int64), whitelist string) {
	number("callstatus", card.voice.wire())
	c.out.text(whitelist, strings.Join(card.whitelist, "_"))
	number("voiceflow", int64(card.group.VoiceMinutes))
	number("monthvoiceflow", s.fleet.minutes(card, c.now.first, c.now.day))
}

// smsCode returns the number to which the card's device sends SMS.
func smsCode(card *card) string { return numberingOf(card.group.Carrier).sms }

// §2.1.5
func (s *Server) cardInfo(c *call) error {
	s.encodeDetails(c, &c.card, c.out.int, c.out.volume, "voicewhitelist", "spcode")
	return nil
}

// §2.1.6. Its example writes all numbers in quotes and spells two members differently.
func (s *Server) cardsInfo(c *call) error {
	if len(c.cards) == 0 {
		return c.noCards()
	}
	name := "list" // in the field table and in public clients
	if c.out.dialect.has(AsDocumented) {
		name = "List"
	}
	c.out.list(name, func() {
		for _, i := range c.cards {
			card := s.fleet.card(i)
			c.out.object("", func() {
				s.encodeDetails(c, &card, c.out.integerText, c.out.volumeText, "voicewitelist", "socode")
			})
		}
	})
	return nil
}

// encodeDetails writes a card for fc.function.card.info and fc.function.cards.info, which differ in the form of their
// numbers and in two names.
func (s *Server) encodeDetails(
	c *call, card *card, number func(string, int64), megabytes func(string, volume), whitelist, code string,
) {
	out, now := &c.out, c.now
	status, reason := s.state(card, now)
	monthly := s.fleet.used(card, now.first, now.day)
	used := s.cycleUsage(card, now, monthly)
	out.text("msisdn", card.msisdn)
	out.text("iccid", card.iccid)
	out.text("imsi", card.imsi)
	out.optional("imei", card.imei)
	number("companyid", card.company())
	number("billingid", card.group.ID)
	out.text("billingCode", card.group.Code)
	out.text("productCode", card.group.ProductCode)
	out.text("supplier", card.group.Carrier)
	out.optional("cardType", card.cardType)
	out.text("networkType", card.group.NetworkType)
	out.text("setMeal", card.group.PlanName)
	number("setmealmonths", int64(card.group.CycleMonths))
	number("flowratenumber", card.group.PlanMB)
	number("servicecycle", int64(card.group.CycleMonths))
	s.encodeDates(c, card, "activateTime")
	out.text("status", status)
	out.text("pausereason", reason)
	out.text("gprsstatus", flagText(!card.gprsClosed))
	out.text("islock", flagText(card.locked))
	megabytes("monthflow", monthly)
	megabytes("flow", used)
	megabytes("residueFlow", max(0, card.allowance(now)-used))
	number("realnamestatus", flagNumber(card.realName))
	s.encodeVoice(c, card, number, whitelist)
	out.text(code, smsCode(card))
}

// §2.1.14
func (s *Server) cardPackages(c *call) error {
	c.out.list("flowpackages", func() {
		for _, p := range c.card.packages(c.now.time) {
			c.out.object("", func() {
				c.out.text("tfName", p.Name)
				c.out.int("tfSize", p.MB)
				c.out.text("tfType", map[bool]string{false: "公网", true: "定向"}[p.Directed])
				c.out.text("startTime", formatTime(p.Start))
				c.out.text("endTime", formatTime(p.End))
			})
		}
	})
	return nil
}

// §2.1.15. The field table has its members under data, the example does not.
func (s *Server) yearPackages(c *call) error {
	card := &c.card
	if card.group.CycleMonths != 12 {
		return refuse("仅支持年卡")
	}
	c.nest(func() {
		used, total := s.fleet.cycleUsed(card, c.now.day), card.allowance(c.now)
		c.out.volume("flow", s.fleet.used(card, c.now.first, c.now.day))
		c.out.volume("useFlow", used)
		c.out.volume("totalFlow", total)
		c.out.volume("residueFlow", max(0, total-used))
		c.out.text("createTime", card.allotted.format(layoutDay))
		c.out.list("packageGroups", func() {
			if card.activated == 0 {
				return
			}
			cycle := card.cycle(c.now.day)
			c.out.object("", func() {
				c.out.int("orderId", int64(card.place)+1)
				c.out.text("name", card.group.PlanName)
				c.out.volume("useFlow", min(used, volume(card.group.PlanMB)*megabyte))
				c.out.int("totalFlow", card.group.PlanMB)
				c.out.text("beginTime", cycle.first.format(layoutShortDay))
				c.out.text("endTime", cycle.last.format(layoutShortDay))
				c.out.text("createTime", cycle.first.format(layoutShortDay))
			})
		})
	})
	return nil
}

// nest writes members at the top of the response, or under data in the dialect OtherNesting.
func (c *call) nest(members func()) {
	if c.out.dialect.has(OtherNesting) {
		c.out.object("data", members)
		return
	}
	members()
}
