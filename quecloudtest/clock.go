package quecloudtest

import (
	"container/heap"
	"time"
)

// cst is China Standard Time, the zone of every local time in the protocol.
var cst = time.FixedZone("CST", 8*60*60)

// Now returns the server's time, in China Standard Time. It is what the header Date, the check of t, dates and months
// go by.
func (s *Server) Now() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.clock.now()
}

// SetTime sets the server's time to t, forward or back, where it stands still from then on. What becomes due by it
// happens as with [Server.Advance], except that SetTime does not pass through the times between.
func (s *Server) SetTime(t time.Time) {
	s.mu.Lock()
	s.clock = clock{base: t}
	s.settle()
	s.mu.Unlock()
	s.WaitCallbacks()
}

// Advance moves the server's time forward by d, through everything that becomes due on the way: each order, file task
// and repeated callback happens at its own time. It returns when the callbacks that this caused have been delivered or
// given up, and so must not be called from within the receiver of one; see [Server.WaitCallbacks]. It panics when d is
// negative.
func (s *Server) Advance(d time.Duration) {
	if d < 0 {
		panic("quecloudtest: Advance by a negative duration")
	}
	s.mu.Lock()
	target := s.clock.now().Add(d)
	for {
		due, ok := s.events.next()
		if !ok || due.After(target) {
			break
		}
		if due.After(s.clock.now()) {
			s.clock.set(due)
		}
		s.settle()
		s.mu.Unlock()
		s.WaitCallbacks()
		s.mu.Lock()
	}
	s.clock.set(target)
	s.settle()
	s.mu.Unlock()
	s.WaitCallbacks()
}

// A clock stands at base, or runs from there since started.
type clock struct {
	base    time.Time
	started time.Time // zero: the clock stands
}

func (c *clock) now() time.Time {
	if c.started.IsZero() {
		return c.base.In(cst)
	}
	return c.base.Add(time.Since(c.started)).In(cst)
}

func (c *clock) set(t time.Time) {
	c.base = t
	if !c.started.IsZero() {
		c.started = time.Now()
	}
}

// An event is something that happens at a time of the server's clock.
type event struct {
	due time.Time
	seq int // keeps events of the same time in the order in which they were planned
	run func(now time.Time)
}

// events is a heap of what is to come.
type events struct {
	heap eventHeap
	seq  int
}

func (e *events) next() (time.Time, bool) {
	if len(e.heap) == 0 {
		return time.Time{}, false
	}
	return e.heap[0].due, true
}

// at plans run for a time. Planned for now it happens before the lock is given back; see settle.
func (s *Server) at(due time.Time, run func(now time.Time)) {
	s.events.seq++
	heap.Push(&s.events.heap, event{due, s.events.seq, run})
}

// settle lets everything happen that is due by now. Whoever takes the lock to look at the state or to change it calls it
// first, and again after planning something that may be due at once.
func (s *Server) settle() {
	now := s.clock.now()
	for len(s.events.heap) > 0 && !s.events.heap[0].due.After(now) {
		ev := heap.Pop(&s.events.heap).(event)
		ev.run(ev.due)
	}
	s.checkThresholds(dayOf(now))
	s.wake(now)
}

// isDue says whether settle has anything to do.
func (s *Server) isDue() bool {
	now := s.clock.now()
	due, planned := s.events.next()
	return planned && !due.After(now) || s.checked != dayOf(now)
}

// wake sets a timer for the next event of a clock that runs, so that a callback goes out in time although nobody asks.
func (s *Server) wake(now time.Time) {
	due, ok := s.events.next()
	if !ok || s.clock.started.IsZero() || s.closed {
		return
	}
	if s.timer != nil {
		s.timer.Stop()
	}
	s.timer = time.AfterFunc(due.Sub(now), func() {
		s.mu.Lock()
		s.settle()
		s.mu.Unlock()
		s.startDelivering()
	})
}

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	if !h[i].due.Equal(h[j].due) {
		return h[i].due.Before(h[j].due)
	}
	return h[i].seq < h[j].seq
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(event)) }
func (h *eventHeap) Pop() any {
	last := len(*h) - 1
	ev := (*h)[last]
	(*h)[last] = event{}
	*h = (*h)[:last]
	return ev
}

// A day is a date in China Standard Time: days since 1970-01-01. The zero day means that there is none.
type day int32

func dayOf(t time.Time) day {
	return day((t.Unix() + 8*60*60) / (24 * 60 * 60))
}

// civil returns the parts of a date after year 0. It counts in years that begin in March, so that the leap day comes last,
// and in their cycle of 400: asking package time takes longer, and every card of a fleet has its dates asked for.
func (d day) civil() (year int, month time.Month, dom int) {
	const cycle = 400*365 + 97 // days in 400 years
	n := int(d) + 719468       // since March of year 0
	rest := n % cycle
	y := (rest - rest/1460 + rest/36524 - rest/(cycle-1)) / 365
	rest -= 365*y + y/4 - y/100
	m := (5*rest + 2) / 153 // since March
	year, month, dom = n/cycle*400+y, time.Month(m+3), rest-(153*m+2)/5+1
	if month > time.December {
		year, month = year+1, month-12
	}
	return year, month, dom
}

func (d day) utc() time.Time { return time.Unix(int64(d)*24*60*60, 0).UTC() }

// end is the last second of the day.
func (d day) end() time.Time { return time.Unix((int64(d)+1)*24*60*60-8*60*60-1, 0).In(cst) }

// format is the date in a layout, and empty for none.
func (d day) format(layout string) string {
	if d == 0 {
		return ""
	}
	if layout != layoutDay {
		return d.utc().Format(layout)
	}
	return string(d.append(make([]byte, 0, len(layoutDay))))
}

// append appends the date as in layoutDay. A page of cards has 6000 dates, and this is faster than a layout.
func (d day) append(b []byte) []byte {
	y, m, dom := d.civil()
	for _, n := range [...]int{y / 100, y % 100} {
		b = append(b, byte('0'+n/10), byte('0'+n%10))
	}
	for _, n := range [...]int{int(m), dom} {
		b = append(b, '-', byte('0'+n/10), byte('0'+n%10))
	}
	return b
}

// addMonths is the same day of another month, or the last of that month where it is too short.
func (d day) addMonths(n int) day {
	_, _, dom := d.civil()
	m := d.month() + month(n)
	return m.first() + day(min(dom, m.days())) - 1
}

func (d day) month() month {
	y, m, _ := d.civil()
	return month(y*12 + int(m) - 1)
}

// A month counts the months since year 0.
type month int32

// first counts days with years that begin in March, so that the leap day comes last: asking package time takes longer, and
// a page of cards asks 30,000 times.
func (m month) first() day {
	y, sinceMarch := (m-2)/12, (m-2)%12
	return day(365*y + y/4 - y/100 + y/400 + (153*sinceMarch+2)/5 - 719468)
}

func (m month) last() day { return (m + 1).first() - 1 }

func (m month) days() int { return int((m + 1).first() - m.first()) }

// The layouts of the protocol.
const (
	layoutDay      = "2006-01-02"
	layoutShortDay = "20060102"
	layoutMonth    = "200601"
	layoutTime     = "2006-01-02 15:04:05"
	layoutLocating = "20060102150405"
)

func parseDay(layout, v string) (day, bool) {
	t, err := time.Parse(layout, v)
	if err != nil || t.Year() < 1 || t.Format(layout) != v {
		return 0, false
	}
	return day(t.Unix() / (24 * 60 * 60)), true
}

// parseMonth reads a month. What is none becomes one long ago, for which nothing is known.
func parseMonth(v string) month {
	d, _ := parseDay(layoutMonth, v)
	return d.month()
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(cst).Format(layoutTime)
}

// A span is the days from first to last.
type span struct{ first, last day }

// instant is a time and its date.
type instant struct {
	time time.Time
	day  day
}

func instantOf(t time.Time) instant { return instant{t, dayOf(t)} }
