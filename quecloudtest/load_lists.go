package quecloudtest

import (
	"fmt"
	"slices"
	"time"
)

func (l loader) settings(st *loadedState) error {
	for member, seconds := range map[string]float64{
		"delays.orders": st.Delays.Orders, "delays.files": st.Delays.Files, "delays.sms": st.Delays.SMS,
		"callbacks.retrySeconds": st.Callbacks.RetrySeconds,
	} {
		if !(seconds >= 0 && seconds <= maxSeconds) {
			return fmt.Errorf("%s: %v, want 0 to %d", member, seconds, maxSeconds)
		}
	}
	if err := st.Purchases.check(); err != nil {
		return fmt.Errorf("purchases: %w", err)
	}
	l.orderDelay, l.fileDelay = seconds(st.Delays.Orders), seconds(st.Delays.Files)
	l.smsDelay, l.dialect, l.purchases = seconds(st.Delays.SMS), st.Dialect, st.Purchases
	for _, reason := range st.Failures {
		setDefault(&reason, defaultFailure)
		l.failing = append(l.failing, reason)
	}
	return nil
}

var walletKinds = []string{kindDeposit, kindRecharge, kindRenewal}

func (l loader) wallet(st *loadedState) error {
	v := st.Wallet
	if v.Balance == nil && v.PaidIn == nil && v.Entries == nil {
		for i := range l.world.wallet.entries.all() { // the deposit of the option
			l.world.wallet.entries.all()[i].Time = l.now.time
		}
		return nil
	}
	w := wallet{}
	for i, e := range v.Entries {
		setDefault(&e.Kind, kindDeposit)
		if err := at("wallet.entries", i, l.checkEntry(&e)); err != nil {
			return err
		}
		w.add(e)
		if e.Kind == kindDeposit {
			w.paidIn += e.Change
		}
	}
	if v.Balance != nil && v.Entries == nil && *v.Balance > 0 {
		w.deposit(l.now.time, *v.Balance, "")
	}
	if v.Balance != nil {
		w.balance = *v.Balance
	}
	if v.PaidIn != nil {
		w.paidIn = *v.PaidIn
	}
	if w.balance < 0 || w.balance > maxPaidIn {
		return fmt.Errorf("wallet.balance: %v yuan, want 0 to %v", w.balance, maxPaidIn)
	}
	if w.paidIn < 0 || w.paidIn > maxPaidIn {
		return fmt.Errorf("wallet.paidIn: %v yuan, want 0 to %v", w.paidIn, maxPaidIn)
	}
	l.world.wallet = w
	return nil
}

// checkEntry fills in the time of an entry of the wallet.
func (l loader) checkEntry(e *WalletEntry) *memberError {
	setTime(&e.Time, l.now.time)
	switch {
	case e.Change < -maxPaidIn || e.Change > maxPaidIn:
		return invalid("change", "%v yuan, want at most %v", e.Change, maxPaidIn)
	case !slices.Contains(walletKinds, e.Kind):
		return invalid("kind", "%q, want one of %v", e.Kind, walletKinds)
	}
	return nil
}

func setTime(t *time.Time, to time.Time) {
	if t.IsZero() {
		*t = to
	}
}

func (l loader) orders(st *loadedState) error {
	l.world.orders.added = max(0, st.Counters.Orders-len(st.Orders))
	for i := range st.Orders {
		if err := at("orders", i, l.order(&st.Orders[i])); err != nil {
			return err
		}
	}
	return nil
}

func (l loader) order(o *Order) *memberError {
	setTime(&o.Created, l.now.time)
	setDefault(&o.Status, OrderPending)
	if o.No == "" {
		o.No = l.newOrderNo(o.Created)
	}
	p := l.product(o.ProductID)
	switch {
	case l.orderNos[o.No] != nil:
		return invalid("no", "the order %s exists", o.No)
	case o.Type != OrderRecharge && o.Type != OrderRenewal:
		return invalid("type", "%q, want %s or %s", o.Type, OrderRecharge, OrderRenewal)
	case o.Status != OrderPending && o.Status != OrderDone && o.Status != OrderFailed:
		return invalid("status", "%q, want %s, %s or %s", o.Status, OrderPending, OrderDone, OrderFailed)
	case o.Status == OrderPending && o.Type == OrderRecharge && p == nil:
		return invalid("productID", "no product %d", o.ProductID)
	case o.Type == OrderRenewal && (o.Cycle < 1 || o.Cycle > 100):
		return invalid("cycle", "%d, want 1 to 100", o.Cycle)
	case o.Months < 0 || o.Months > 12:
		return invalid("months", "%d, want 0 to 12", o.Months)
	case o.Price < 0 || o.Price > maxPaidIn:
		return invalid("price", "%v yuan, want 0 to %v", o.Price, maxPaidIn)
	}
	if p != nil && o.Type == OrderRecharge {
		o.product = *p
		setDefault(&o.ProductName, p.Name)
	}
	o.card = l.placeOf(o.ICCID)
	l.addOrder(o)
	return nil
}

// placeOf returns the place of a card, or -1.
func (l loader) placeOf(number string) int {
	if i, ok := l.world.fleet.find(number); ok {
		return i
	}
	return -1
}

// messages loads the SMS.
func (l loader) messages(st *loadedState) error {
	l.world.messages.added = max(0, st.Counters.SMS-len(st.SMS))
	for i := range st.SMS {
		m := &st.SMS[i]
		m.LogID = int64(l.world.messages.added) + 1
		setTime(&m.Sent, l.now.time)
		setDefault(&m.Status, SMSSubmitted)
		setDefault(&m.ID, token(l.seed, 20, saltID, 1<<32+uint64(l.world.messages.added)))
		if m.Status != SMSSubmitted && m.Status != SMSDelivered && m.Status != SMSFailed {
			return fmt.Errorf("sms[%d].status: %d, want %d, %d or %d", i, m.Status, SMSSubmitted, SMSDelivered, SMSFailed)
		}
		if err := l.fillMSISDN(&m.ICCID, &m.MSISDN); err != nil {
			return fmt.Errorf("sms[%d].%w", i, err)
		}
		l.world.messages.add(m)
		l.smsCount(dayOf(m.Sent).month()).sent++
	}
	l.world.received.added = max(0, st.Counters.Received-len(st.Received))
	for i, m := range st.Received {
		setTime(&m.Time, l.now.time)
		setDefault(&m.ID, token(l.seed, 20, saltID, 1<<33+uint64(l.world.received.added)))
		if err := l.fillMSISDN(&m.ICCID, &m.MSISDN); err != nil {
			return fmt.Errorf("received[%d].%w", i, err)
		}
		l.world.received.add(m)
		l.smsCount(dayOf(m.Time).month()).received++
	}
	if st.SMSCounts != nil {
		clear(l.smsCounts)
	}
	for date, n := range st.SMSCounts {
		m, err := monthOr(date)
		if err != nil || m == 0 || n.Sent < 0 || n.Received < 0 {
			return fmt.Errorf("smsCounts: %q, want a month (yyyyMM) and counts of 0 or more", date)
		}
		l.smsCounts[m] = &smsCount{n.Sent, n.Received}
	}
	return nil
}

// fillMSISDN fills in one number of a card from the other. A card that was removed needs both.
func (l loader) fillMSISDN(iccid, msisdn *string) error {
	if *iccid != "" && *msisdn != "" {
		return nil
	}
	i := l.placeOf(*iccid + *msisdn)
	if i < 0 {
		return fmt.Errorf("iccid: no card %s", *iccid+*msisdn)
	}
	c := l.world.fleet.card(i)
	*iccid, *msisdn = c.iccid, c.msisdn
	return nil
}

func (l loader) files(st *loadedState) error {
	if len(st.Files) > filesKept {
		return fmt.Errorf("files: %d, want at most %d", len(st.Files), filesKept)
	}
	var written []byte // of the tasks without a file
	for i, f := range st.Files {
		if f.ID == 0 {
			f.ID = int64(i) + 1
		}
		if f.ID < 1 || f.ID > maxGiven || i > 0 && f.ID <= l.world.files[i-1].id {
			const text = "files[%d].id: %d, want more than that of the file before, at most %d"
			return fmt.Errorf(text, i, f.ID, int64(maxGiven))
		}
		setTime(&f.Start, l.now.time)
		t := &fileTask{id: f.ID, start: f.Start, end: orZero(f.End), zip: f.Zip}
		if t.running() {
			t.zip = nil
		} else if t.zip == nil {
			if written == nil {
				written = l.export(l.now)
			}
			t.zip = written
		}
		l.world.files = append(l.world.files, t)
	}
	return nil
}

func (l loader) faults(st *loadedState) error {
	if st.Faults == nil {
		return nil
	}
	l.Server.faults, l.injections = nil, 0
	for i, f := range st.Faults {
		if f.ID == 0 {
			f.ID = int64(i) + 1
		}
		remaining := f.Remaining
		setDefault(&remaining, f.Fault.times)
		if err := f.Fault.check(); err != nil {
			return fmt.Errorf("faults[%d].fault: %w", i, err)
		}
		if f.Applied < 0 || remaining < 0 || f.ID < 1 || f.ID > maxGiven || remaining > f.Fault.times {
			return fmt.Errorf("faults[%d]: id, applied or remaining is out of range", i)
		}
		l.Server.faults = append(l.Server.faults, &injectedFault{f.Fault, uint64(f.ID), f.Tried, f.Applied, remaining})
		l.injections = max(l.injections, uint64(f.ID))
	}
	return nil
}
