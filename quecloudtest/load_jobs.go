package quecloudtest

import (
	"fmt"
	"time"
)

func (l loader) callbacks(st *loadedState) error {
	v := st.Callbacks
	for member, url := range map[string]string{"sms": v.SMS, "orders": v.Orders} {
		if !validCallbackURL(url) {
			return fmt.Errorf("callbacks.%s: %s", member, wantCallbackURL)
		}
	}
	if v.Retries < 0 {
		return fmt.Errorf("callbacks.retries: %d, want 0 or more", v.Retries)
	}
	l.smsURL, l.orderURL, l.holding = v.SMS, v.Orders, v.Held
	l.retries, l.interval = v.Retries, seconds(v.RetrySeconds)
	for i := range v.Waiting {
		d, err := l.callback(&v.Waiting[i])
		if err := at("callbacks.waiting", i, err); err != nil {
			return err
		}
		l.waiting = append(l.waiting, d)
	}
	return nil
}

// callback returns the delivery to come.
func (l loader) callback(v *Callback) (Delivery, *memberError) {
	if v.ID == 0 {
		v.ID = l.world.callbacks + 1
	}
	setDefault(&v.Attempt, 1)
	switch {
	case v.ID < 1 || v.ID > maxGiven || v.Attempt < 1:
		return Delivery{}, invalid("id", "id %d or attempt %d is out of range", v.ID, v.Attempt)
	case v.Kind != CallbackSMS && v.Kind != CallbackOrder:
		return Delivery{}, invalid("kind", "%q, want %s or %s", v.Kind, CallbackSMS, CallbackOrder)
	case v.URL == "" || !validCallbackURL(v.URL):
		return Delivery{}, invalid("url", wantCallbackURL)
	}
	body := v.Body
	if v.Base64 != nil {
		body = string(v.Base64)
	}
	l.world.callbacks = max(l.world.callbacks, v.ID)
	return Delivery{CallbackID: v.ID, Kind: v.Kind, URL: v.URL, Body: body, Attempt: v.Attempt}, nil
}

func (l loader) jobs(st *loadedState) error {
	for i := range st.Jobs {
		j := &st.Jobs[i]
		if j.Due.IsZero() {
			return fmt.Errorf("jobs[%d].due: want a time", i)
		}
		t, err := l.task(j)
		if err := at("jobs", i, err); err != nil {
			return err
		}
		l.schedule(j.Due, t)
	}
	return nil
}

// task returns what a job does.
func (l loader) task(j *Job) (task, *memberError) {
	members := 0
	for _, present := range []bool{
		j.Order != "", j.SMS != 0, j.File != 0, j.Card != "", j.Entry != nil, j.Callback != nil,
	} {
		if present {
			members++
		}
	}
	switch {
	case members != 1 || j.Failure != "" && j.Order == "":
		return nil, invalid("due", "want one of order, sms, file, card, entry and callback, and failure only with order")
	case j.Order != "":
		o := l.orderNos[j.Order]
		if o == nil || o.Status != OrderPending {
			return nil, invalid("order", "no pending order %s", j.Order)
		}
		return &finishOrder{o, j.Failure}, nil
	case j.SMS != 0:
		m := l.message(j.SMS)
		if m == nil || m.Status != SMSSubmitted {
			return nil, invalid("sms", "no submitted SMS with the logID %d", j.SMS)
		}
		return &reportSMS{m, l.placeOf(m.ICCID)}, nil
	case j.File != 0:
		f := l.fileTask(j.File)
		if f == nil || !f.running() {
			return nil, invalid("file", "no running file task %d", j.File)
		}
		return &finishFile{f}, nil
	case j.Card != "":
		i := l.placeOf(j.Card)
		if c := l.world.fleet.kept[i]; c != nil && !c.history.resetAt.IsZero() {
			return &endReset{i, c.history.resetAt}, nil
		}
		return nil, invalid("card", "no card %s in a reset", j.Card)
	case j.Entry != nil:
		if err := l.checkEntry(j.Entry); err != nil {
			return nil, invalid("entry."+err.member, "%s", err.text)
		}
		return &addEntry{*j.Entry}, nil
	default:
		d, err := l.callback(j.Callback)
		if err != nil {
			return nil, invalid("callback."+err.member, "%s", err.text)
		}
		return &sendCallback{d}, nil
	}
}

// message returns the SMS with an ID in the log, or nil.
func (l loader) message(logID int64) *SMS {
	all := l.world.messages.all()
	i := logID - int64(l.world.messages.added-len(all)) - 1
	if i < 0 || i >= int64(len(all)) {
		return nil
	}
	return all[i]
}

// missingJobs schedules what is pending without a job.
func (l loader) missingJobs(*loadedState) error {
	scheduled := map[any]bool{}
	for _, j := range l.world.jobs.heap {
		switch t := j.task.(type) {
		case *finishOrder:
			scheduled[t.order] = true
		case *reportSMS:
			scheduled[t.message] = true
		case *finishFile:
			scheduled[t.file] = true
		case *endReset:
			scheduled[t.place] = true
		}
	}
	add := func(what any, due time.Time, t task) {
		if !scheduled[what] {
			l.schedule(due, t)
		}
	}
	for _, o := range l.world.orders.all() {
		if o.Status == OrderPending {
			add(o, o.Created.Add(l.orderDelay), &finishOrder{order: o})
		}
	}
	for _, m := range l.world.messages.all() {
		if m.Status == SMSSubmitted {
			add(m, m.Sent.Add(l.smsDelay), &reportSMS{m, l.placeOf(m.ICCID)})
		}
	}
	for _, f := range l.world.files {
		if f.running() {
			add(f, f.start.Add(l.fileDelay), &finishFile{f})
		}
	}
	for _, i := range l.world.fleet.changed() {
		if start := l.world.fleet.kept[i].history.resetAt; !start.IsZero() {
			add(i, start.Add(resetDuration), &endReset{i, start})
		}
	}
	return nil
}

// counters sets the counters that are higher than what the lists have.
func (l loader) counters(st *loadedState) error {
	v := st.Counters
	for member, n := range map[string]int64{
		"cards": int64(v.Cards), "orders": int64(v.Orders), "sms": int64(v.SMS), "received": int64(v.Received),
		"alarms": v.Alarms, "callbacks": v.Callbacks, "faults": v.Faults,
	} {
		if n < 0 || n > maxGiven || member == "cards" && n > maxFleet {
			return fmt.Errorf("counters.%s: %d is out of range", member, n)
		}
	}
	l.world.fleet.count = max(l.world.fleet.count, v.Cards)
	l.alarms = max(l.alarms, v.Alarms)
	for _, c := range l.world.fleet.kept {
		if a := c.history.alarm; a != nil {
			l.alarms = max(l.alarms, a.id)
		}
	}
	if v.Alarms != 0 {
		l.alarms = v.Alarms
	}
	l.world.callbacks = max(l.world.callbacks, v.Callbacks)
	l.injections = max(l.injections, uint64(v.Faults))
	return nil
}
