package quecloudtest

import (
	"iter"
	"strings"
)

// A CardFilter selects cards. Its zero value selects all.
type CardFilter struct {
	Text      string // part of the ICCID, MSISDN, IMSI or IMEI, in any case
	Status    string // one of the constants Status…
	Carrier   string // ChinaMobile, ChinaTelecom or ChinaUnicom
	BillingID int64  // ID of the billing group
}

// A CardPage is a page of cards in the order of the fleet.
type CardPage struct {
	Cards []Card `json:"cards"` // the cards of the page
	Next  int    `json:"next"`  // argument of CardPage for the next page; 0: there is none
	Total int    `json:"total"` // of the cards that match; -1: not counted, see CardPage
}

// CardPage returns the next n cards that match a filter, starting at 0 or at the Next of the page before. It looks at
// no more cards than it needs for the page. A text that is a whole ICCID or MSISDN finds that card only, and at once.
// Any other text, and a state, may need a look at the whole fleet, during which calls go on; with either, the total is
// not counted. The last page may be empty.
func (s *Server) CardPage(f CardFilter, start, n int) CardPage {
	page := CardPage{Cards: []Card{}, Total: -1}
	if f.Text == "" && f.Status == "" {
		page.Total = s.countCards(f)
	}
	f.Text = strings.ToUpper(strings.TrimSpace(f.Text))
	next := max(0, start)
	for next >= 0 && len(page.Cards) < n {
		next = s.scanCards(f, next, n, &page.Cards)
	}
	page.Next = max(0, next)
	return page
}

// Cards returns the cards that match a filter, in the order of the fleet. The loop may call the server: the cards have
// the state of the moment in which the loop reaches them, or a little earlier.
func (s *Server) Cards(f CardFilter) iter.Seq[Card] {
	return func(yield func(Card) bool) {
		for next := 0; ; {
			page := s.CardPage(f, next, 100)
			for _, c := range page.Cards {
				if !yield(c) {
					return
				}
			}
			if next = page.Next; next == 0 {
				return
			}
		}
	}
}

// countCards counts the cards of a group or of a carrier.
func (s *Server) countCards(f CardFilter) (total int) {
	defer s.lock(true)()
	if f.Carrier == "" && f.BillingID == 0 {
		return s.fleet.total()
	}
	for _, g := range s.groups {
		if f.matchesGroup(g) {
			total += len(s.fleet.places(ofGroup(g)))
		}
	}
	return total
}

func (f *CardFilter) matchesGroup(g *Group) bool {
	return (f.BillingID == 0 || f.BillingID == g.ID) && (f.Carrier == "" || f.Carrier == g.Carrier)
}

// maxScan limits the cards that a scan looks at before it releases the lock.
const maxScan = 10_000

// scanCards appends the cards that match to a page of n cards. It returns the place after the last one that it looked
// at, or -1 at the end of the fleet.
func (s *Server) scanCards(f CardFilter, start, n int, page *[]Card) (next int) {
	defer s.lock(true)()
	now := instantOf(s.clock.now())
	if i, ok := s.fleet.find(f.Text); ok && f.Text != "" {
		if c := s.fleet.card(i); i >= start && s.matches(&f, &c, now) {
			*page = append(*page, s.view(&c, now))
		}
		return -1
	}
	end := min(s.fleet.len(), start+maxScan)
	for i := start; i < end; i++ {
		if !s.fleet.has(i) || s.fleet.kept[i] == nil && i < s.fleet.n && !f.matchesGroup(s.fleet.groupOf(i)) {
			continue
		}
		c := s.fleet.cardWithoutNumbers(i)
		if !s.matches(&f, &c, now) {
			continue
		}
		c.fillNumbers()
		if *page = append(*page, s.view(&c, now)); len(*page) == n && i+1 < s.fleet.len() {
			return i + 1
		}
	}
	if end < s.fleet.len() {
		return end
	}
	return -1
}

// matches reports whether a card, which may lack its numbers, matches a filter with a text in upper case.
func (s *Server) matches(f *CardFilter, c *card, now instant) bool {
	if !f.matchesGroup(c.group) {
		return false
	}
	if f.Status != "" {
		if status, _ := s.state(c, now); status != f.Status {
			return false
		}
	}
	if f.Text == "" {
		return true
	}
	c.fillNumbers()
	for _, number := range []string{c.iccid, c.msisdn, c.imsi, c.imei} {
		if strings.Contains(strings.ToUpper(number), f.Text) {
			return true
		}
	}
	return false
}
