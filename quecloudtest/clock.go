package quecloudtest

import (
	"container/heap"
	"time"
)

// cst is China Standard Time, the zone of every local time in the protocol.
var cst = time.FixedZone("CST", 8*60*60)

// Now returns the server's time, in China Standard Time. The header Date, the check of t, dates and months follow it.
func (s *Server) Now() time.Time {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.clock.now()
}

// ClockRuns reports whether the server's clock runs. Otherwise it stands until [Server.Advance] or [Server.SetTime]
// moves it.
func (s *Server) ClockRuns() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return !s.clock.started.IsZero()
}

// SetTime stops the server's clock at t, which may be earlier or later than now. It runs everything due by t, as
// [Server.Advance] does, but all at time t. With the zero time the clock runs with the real one instead.
func (s *Server) SetTime(t time.Time) {
	s.mu.Lock()
	s.clock = clock{base: t}
	if t.IsZero() {
		s.clock = clock{base: time.Now(), started: time.Now()}
	}
	s.runDue()
	s.updates.add(Update{Time: s.clock.now(), Kind: UpdateClock})
	s.mu.Unlock()
	s.WaitCallbacks()
}

// Advance moves the server's time forward by d. On the way each order, file task, SMS and callback retry runs at its
// own time. Advance returns after the deliveries of the resulting callbacks, so a receiver of callbacks must not call
// it; see [Server.WaitCallbacks]. Advance panics when d is negative.
func (s *Server) Advance(d time.Duration) {
	if d < 0 {
		panic("quecloudtest: Advance(" + d.String() + "): want a duration of at least 0")
	}
	s.mu.Lock()
	target, era := s.clock.now().Add(d), s.era
	for {
		due, ok := s.jobs.next()
		if !ok || due.After(target) {
			break
		}
		if due.After(s.clock.now()) {
			s.clock.set(due)
		}
		s.runDue()
		s.mu.Unlock()
		s.WaitCallbacks()
		s.mu.Lock()
		if era != s.era { // Reset or Load set another time
			s.mu.Unlock()
			return
		}
	}
	s.clock.set(target)
	s.runDue()
	s.updates.add(Update{Time: s.clock.now(), Kind: UpdateClock})
	s.mu.Unlock()
	s.WaitCallbacks()
}

// A clock stands at base, or runs from base since started.
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

// A job is a task that is due at a time of the server's clock.
type job struct {
	due  time.Time
	seq  int // orders jobs of the same time
	task task
}

// A task is what a job does. It is data, so that a snapshot can hold it.
type task interface {
	run(s *Server, now time.Time)
	cause() string        // of the changes of cards
	snapshot(*Server) Job // without its time; zero: it has nothing to do
}

type jobQueue struct {
	heap jobHeap
	seq  int
}

// next returns the time of the next job.
func (q *jobQueue) next() (time.Time, bool) {
	if len(q.heap) == 0 {
		return time.Time{}, false
	}
	return q.heap[0].due, true
}

// schedule adds a job. A job that is due at once runs before the lock is released; see lockFor.
func (s *Server) schedule(due time.Time, t task) {
	s.jobs.seq++
	heap.Push(&s.jobs.heap, job{due, s.jobs.seq, t})
}

// runDue runs the jobs that are due, and checks the thresholds after each midnight. Every function that takes the lock
// calls it first, and again after it schedules a job that may be due at once.
func (s *Server) runDue() {
	now := s.clock.now()
	for len(s.jobs.heap) > 0 && !s.jobs.heap[0].due.After(now) {
		next := heap.Pop(&s.jobs.heap).(job)
		next.task.run(s, next.due)
		s.recordChanges(next.task.cause(), instantOf(next.due))
	}
	s.checkThresholds(dayOf(now))
	s.setTimer(now)
}

// hasDue reports whether runDue has anything to do.
func (s *Server) hasDue() bool {
	now := s.clock.now()
	due, scheduled := s.jobs.next()
	return scheduled && !due.After(now) || s.checked != dayOf(now)
}

// setTimer sets a timer for the next job of a running clock, so that callbacks go out on time without a request.
func (s *Server) setTimer(now time.Time) {
	due, ok := s.jobs.next()
	if !ok || s.clock.started.IsZero() || s.closed {
		return
	}
	if s.timer != nil {
		s.timer.Stop()
	}
	s.timer = time.AfterFunc(due.Sub(now), func() {
		s.mu.Lock()
		s.runDue()
		s.mu.Unlock()
		s.startDelivering()
	})
}

// jobHeap implements [heap.Interface].
type jobHeap []job

func (h jobHeap) Len() int { return len(h) }
func (h jobHeap) Less(i, j int) bool {
	if !h[i].due.Equal(h[j].due) {
		return h[i].due.Before(h[j].due)
	}
	return h[i].seq < h[j].seq
}
func (h jobHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *jobHeap) Push(x any)   { *h = append(*h, x.(job)) }
func (h *jobHeap) Pop() any {
	last := len(*h) - 1
	popped := (*h)[last]
	(*h)[last] = job{}
	*h = (*h)[:last]
	return popped
}

// A day is a date in China Standard Time, in days since 1970-01-01. The zero day means no date.
type day int32

func dayOf(t time.Time) day {
	return day((t.Unix() + 8*60*60) / (24 * 60 * 60))
}

// civil returns the parts of a date after year 0. It counts in years that begin in March, so that the leap day comes
// last. Package time is slower, and every card of a fleet has dates. The algorithm is that of Neri and Schneider,
// Euclidean affine functions and their application to calendar algorithms.
func (d day) civil() (year int, month time.Month, dom int) {
	n := uint32(d+719468)*4 + 3 // since March of year 0, in quarters of a day
	century := n / (400*365 + 97)
	ofCentury := uint64(n%(400*365+97)|3) * 2939745
	year = int(century*100 + uint32(ofCentury>>32))
	ofYear := uint32(ofCentury) / 2939745 / 4
	months := 2141*ofYear + 197913
	month, dom = time.Month(months>>16), int(months&0xffff/2141)+1
	if month > time.December {
		year, month = year+1, month-12
	}
	return year, month, dom
}

func (d day) utc() time.Time { return time.Unix(int64(d)*24*60*60, 0).UTC() }

// end returns the last second of the day.
func (d day) end() time.Time { return time.Unix((int64(d)+1)*24*60*60-8*60*60-1, 0).In(cst) }

// format formats the date. The zero day is empty.
func (d day) format(layout string) string {
	if d == 0 {
		return ""
	}
	if layout != layoutDay {
		return d.utc().Format(layout)
	}
	return string(d.append(make([]byte, 0, len(layoutDay))))
}

// append appends the date in layoutDay. A page of cards has 6000 dates, for which a layout is too slow.
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

// addMonths returns the same day of another month, or the last day of a shorter month.
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

// first returns the first day of the month. It counts in years that begin in March, so that the leap day comes last.
// Package time is slower, and a page of cards calls first 30,000 times.
func (m month) first() day {
	y, sinceMarch := uint32(m-2)/12, uint32(m-2)%12
	return day(365*y+y/4-y/100+y/400+(153*sinceMarch+2)/5) - 719468
}

func (m month) last() day { return (m + 1).first() - 1 }

func (m month) days() int { return int((m + 1).first() - m.first()) }

// The layouts of the protocol.
const (
	layoutDay      = "2006-01-02"
	layoutShortDay = "20060102"
	layoutMonth    = "200601"
	layoutTime     = "2006-01-02 15:04:05"
	layoutCompact  = "20060102150405"
)

func parseDay(layout, v string) (day, bool) {
	t, err := time.Parse(layout, v)
	if err != nil || t.Year() < 1 || t.Format(layout) != v {
		return 0, false
	}
	return day(t.Unix() / (24 * 60 * 60)), true
}

// parseMonth parses a month in layoutMonth. An invalid text gives a month without data, long ago.
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

// An instant is a time, its date, and the first day of its month.
type instant struct {
	time       time.Time
	day, first day
}

func instantOf(t time.Time) instant {
	d := dayOf(t)
	return instant{t, d, d.month().first()}
}
