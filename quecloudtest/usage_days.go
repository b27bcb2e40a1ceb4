package quecloudtest

import "fmt"

// A DayUsage is what a card used on a day.
type DayUsage struct {
	Date    string  `json:"date"`    // yyyy-MM-dd
	MB      float64 `json:"mb"`      // data
	Minutes int     `json:"minutes"` // voice
}

// Usage returns what the card with that ICCID or MSISDN used on the days from first to last (yyyy-MM-dd), at most 366.
// Days after today have the amounts set in advance. Usage panics when there is no such card or a date is invalid.
func (s *Server) Usage(number, first, last string) []DayUsage {
	from, fromOK := parseDay(layoutDay, first)
	to, toOK := parseDay(layoutDay, last)
	defer s.lock(true)()
	i, ok := s.fleet.find(number)
	if !ok {
		panic(fmt.Sprintf("quecloudtest: Usage: no card %s", number))
	}
	if !fromOK || !toOK || to-from >= maxUsageDays {
		panic(fmt.Sprintf("quecloudtest: Usage: from %q to %q, want two dates at most 366 days apart", first, last))
	}
	c, today := s.fleet.card(i), dayOf(s.clock.now())
	days := []DayUsage{}
	for d := from; d <= to; d++ {
		used, minutes := int64(0), int64(0)
		if d <= today {
			used, minutes = int64(s.fleet.used(&c, d, d)), s.fleet.minutes(&c, d, d)
		} else if c.history != nil {
			used, minutes = c.history.usage[data][d], c.history.usage[voice][d]
		}
		days = append(days, DayUsage{d.format(layoutDay), volume(used).mb(), int(minutes)})
	}
	return days
}

const maxUsageDays = 366
