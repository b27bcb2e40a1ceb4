package quecloudtest

import "time"

// A world is the state of a server, which Reset and Load replace as a whole. The server's lock guards it.
type world struct {
	settings
	clock                 clock
	jobs                  jobQueue
	fleet                 *fleet
	groups                []*Group
	products              []Product
	wallet                wallet
	orders                recent[*Order]
	orderNos, externalIDs map[string]*Order
	purchases             PurchaseRules
	failing               []string // reasons for the failures of the next orders
	messages              recent[*SMS]
	received              recent[ReceivedSMS]
	smsCounts             map[month]*smsCount
	files                 []*fileTask
	alarms                int64
	checked               day // date of the last check of the thresholds

	waiting   []Delivery // due deliveries, in the order of their callbacks
	holding   bool       // waiting must wait; see HoldCallbacks
	callbacks int64      // so far

	changes recent[CardChange] // not part of a snapshot
}

// settings are the options of a server that are part of its state.
type settings struct {
	seed                            uint64
	orderDelay, fileDelay, smsDelay time.Duration
	dialect                         Dialect
	smsURL, orderURL                string
	retries                         int
	interval                        time.Duration
}

// newWorld returns the state of a new server.
func newWorld(o *options, v settings, clock clock) world {
	now := clock.now()
	w := world{
		settings: v, clock: clock, groups: defaultGroups(), products: defaultProducts(),
		orderNos: map[string]*Order{}, externalIDs: map[string]*Order{}, smsCounts: map[month]*smsCount{},
		checked: dayOf(now),
	}
	w.fleet = newFleet(v.seed, o.size, dayOf(now), w.groups)
	w.fleet.subAccounts = o.subCards
	if o.balance > 0 {
		w.wallet.deposit(now, o.balance, "")
	}
	return w
}
