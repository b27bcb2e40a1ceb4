package quecloudtest

import (
	"container/heap"
	"slices"
	"strings"
	"unicode/utf8"
)

// Snapshot returns the state of the server. Its JSON form, made by encoding/json, is the argument of [Server.Load]. A
// server that loads it behaves as this one would from now on. A snapshot lists only the cards that differ from the
// synthetic ones, so that it stays small for large fleets.
func (s *Server) Snapshot() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runDue()
	s.callsMu.Lock()
	defer s.callsMu.Unlock()
	st := State{
		Version: StateVersion, Time: s.clock.now(), Running: !s.clock.started.IsZero(),
		Fleet:   s.fleet.snapshot(),
		Delays:  Delays{s.orderDelay.Seconds(), s.fileDelay.Seconds(), s.smsDelay.Seconds()},
		Dialect: s.dialect, Purchases: s.purchases, Groups: []Group{}, Products: append([]Product{}, s.products...),
		Cards: []CardState{}, Removed: []string{}, Wallet: s.wallet.snapshot(), Orders: []Order{},
		Failures: append([]string{}, s.failing...), SMS: []SMS{},
		Received: append([]ReceivedSMS{}, s.received.all()...), SMSCounts: map[string]Count{}, Files: []FileState{},
		Callbacks: s.snapshotCallbacks(), Jobs: s.snapshotJobs(), Faults: []FaultState{},
		Counters: Counters{
			s.fleet.count, s.orders.added, s.messages.added, s.received.added, s.alarms, s.callbacks, int64(s.injections),
		},
	}
	for _, g := range s.groups {
		st.Groups = append(st.Groups, *g)
	}
	for _, i := range s.fleet.changed() {
		st.Cards = append(st.Cards, s.fleet.kept[i].snapshot())
	}
	for i := range s.fleet.removed {
		c := s.fleet.card(i)
		st.Removed = append(st.Removed, c.iccid)
	}
	slices.Sort(st.Removed)
	for _, o := range s.orders.all() {
		st.Orders = append(st.Orders, *o)
	}
	for _, m := range s.messages.all() {
		st.SMS = append(st.SMS, *m)
	}
	for i := range st.Received {
		st.Received[i].Content = strings.ToValidUTF8(st.Received[i].Content, "\uFFFD")
	}
	for m, n := range s.smsCounts {
		st.SMSCounts[m.String()] = Count{n.sent, n.received}
	}
	for _, t := range s.files {
		st.Files = append(st.Files, t.snapshot())
	}
	for _, f := range s.faults {
		if !f.exhausted() {
			st.Faults = append(st.Faults, FaultState{int64(f.id), f.Fault, f.applied, f.remaining, f.tried})
		}
	}
	return st
}

func (f *fleet) snapshot() FleetState {
	st := FleetState{f.seed, f.n, f.subAccounts, f.created.format(layoutDay), []int64{}}
	for _, g := range f.groups {
		st.Groups = append(st.Groups, g.ID)
	}
	return st
}

// snapshot returns the state of a kept card.
func (c *card) snapshot() CardState {
	h := c.history
	st := CardState{
		Place: c.place, ICCID: c.iccid, MSISDN: c.msisdn, IMSI: c.imsi, IMEI: c.imei,
		CompanyID: c.company(), BillingID: c.group.ID, Status: c.status, PauseReason: c.reason, CardType: c.cardType,
		AllotDate: c.allotted.format(layoutDay), OpenDate: c.opened.format(layoutDay),
		ActiveDate: c.activated.format(layoutDay), ExpiryDate: c.expires.format(layoutDay),
		GPRSClosed: c.gprsClosed, Locked: c.locked, RealName: c.realName,
		Voice: c.voice, VoiceWhitelist: append([]string{}, c.whitelist...),
		Packages: []FlowPackage{}, Usage: map[string]float64{}, VoiceUsage: map[string]int{}, Idle: []DateRange{},
		LastUse: c.stopped.format(layoutDay),
	}
	if h == nil {
		return st
	}
	st.Packages = append(st.Packages, h.packages...)
	st.ResetAt, st.UnboundAt, st.RegisteredAt = orNull(h.resetAt), orNull(h.unboundAt), orNull(h.registeredAt)
	st.WhitelistDeletedIn = h.whitelistDeletedIn.String()
	for d, amount := range h.usage[data] {
		st.Usage[d.format(layoutDay)] = volume(amount).mb()
	}
	for d, amount := range h.usage[voice] {
		st.VoiceUsage[d.format(layoutDay)] = int(amount)
	}
	for _, s := range h.idle {
		st.Idle = append(st.Idle, DateRange{s.first.format(layoutDay), s.last.format(layoutDay)})
	}
	slices.SortFunc(st.Idle, func(a, b DateRange) int { return strings.Compare(a.First, b.First) })
	if a := h.alarm; a != nil {
		st.Alarm = &AlarmState{*a.settings.clone(), a.id, a.created, a.updated, a.tripped.String()}
	}
	return st
}

// String returns the month as yyyyMM. The zero month is empty.
func (m month) String() string {
	if m == 0 {
		return ""
	}
	return m.first().format(layoutMonth)
}

func (w *wallet) snapshot() WalletState {
	balance, paidIn := w.balance, w.paidIn
	return WalletState{&balance, &paidIn, append([]WalletEntry{}, w.entries.all()...)}
}

func (t *fileTask) snapshot() FileState {
	st := FileState{ID: t.id, Start: t.start, End: orNull(t.end)}
	if len(t.zip) <= maxStateFile {
		st.Zip = t.zip
	}
	return st
}

func (s *Server) snapshotCallbacks() CallbackState {
	st := CallbackState{s.smsURL, s.orderURL, s.retries, s.interval.Seconds(), s.holding, []Callback{}}
	for _, d := range s.waiting {
		st.Waiting = append(st.Waiting, d.snapshot())
	}
	return st
}

func (d *Delivery) snapshot() Callback {
	c := Callback{ID: d.CallbackID, Kind: d.Kind, URL: d.URL, Body: d.Body, Attempt: d.Attempt}
	if !utf8.ValidString(d.Body) {
		c.Body, c.Base64 = "", []byte(d.Body)
	}
	return c
}

// snapshotJobs returns the jobs in the order in which they will run, without those that have nothing to do.
func (s *Server) snapshotJobs() []Job {
	jobs, rest := []Job{}, slices.Clone(s.jobs.heap)
	for len(rest) > 0 {
		next := heap.Pop(&rest).(job)
		if j := next.task.snapshot(s); j != (Job{}) {
			j.Due = next.due
			jobs = append(jobs, j)
		}
	}
	return jobs
}

func (t *finishOrder) snapshot(s *Server) Job {
	if s.orderNos[t.order.No] != t.order { // forgotten
		return Job{}
	}
	return Job{Order: t.order.No, Failure: t.failure}
}

func (t *reportSMS) snapshot(s *Server) Job {
	if t.message.LogID <= int64(s.messages.added-s.messages.len()) { // forgotten
		return Job{}
	}
	return Job{SMS: t.message.LogID}
}

func (t *finishFile) snapshot(s *Server) Job {
	if s.fileTask(t.file.id) != t.file { // forgotten
		return Job{}
	}
	return Job{File: t.file.id}
}

func (t *endReset) snapshot(s *Server) Job {
	c := s.fleet.kept[t.place]
	if c == nil || !c.history.resetAt.Equal(t.start) { // something else ended the reset
		return Job{}
	}
	return Job{Card: c.iccid}
}

func (t *addEntry) snapshot(*Server) Job {
	e := t.entry
	return Job{Entry: &e}
}

func (t *sendCallback) snapshot(*Server) Job {
	c := t.delivery.snapshot()
	return Job{Callback: &c}
}
