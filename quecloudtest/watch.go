package quecloudtest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"
)

// An Update is one thing that happened in a server; see [Server.Watch]. Only the member of its kind is set.
type Update struct {
	ID   int64     `json:"id"`   // 1 for the first of the server, without gaps
	Time time.Time `json:"time"` // by the server's clock
	Kind string    `json:"kind"` // one of the constants Update…

	Request  *Request     `json:"request,omitempty"`  // of UpdateRequest
	Delivery *Delivery    `json:"delivery,omitempty"` // of UpdateDelivery
	Order    *Order       `json:"order,omitempty"`    // of UpdateOrder
	SMS      *SMS         `json:"sms,omitempty"`      // of UpdateSMS
	Received *ReceivedSMS `json:"received,omitempty"` // of UpdateReceived
	Card     *CardChange  `json:"card,omitempty"`     // of UpdateCard
	Missed   int64        `json:"missed,omitempty"`   // of a gap: updates that the reader missed
}

// The kinds of updates.
const (
	UpdateRequest  = "request"  // the server responded to a request
	UpdateDelivery = "delivery" // a callback was delivered, or not
	UpdateOrder    = "order"    // an order was placed or finished
	UpdateSMS      = "sms"      // an SMS to a card was submitted, or arrived or failed
	UpdateReceived = "received" // an SMS came from a card
	UpdateCard     = "card"     // a card changed, or was added or removed
	UpdateWallet   = "wallet"   // the balance or the entries of the wallet changed
	UpdateFile     = "file"     // a file task started or finished
	UpdateClock    = "clock"    // Advance or SetTime moved the clock
	UpdateFaults   = "faults"   // faults were injected, removed or used up
	UpdateSettings = "settings" // groups, products, purchase rules or callback settings changed
	UpdateReset    = "reset"    // Reset or Load replaced the state
	UpdateGap      = "gap"      // the reader was too slow or asked too late: some updates are forgotten
)

const (
	maxUpdates     = 10_000   // that a server remembers
	maxUpdateBytes = 16 << 20 // of their requests and deliveries
)

// updates holds the last updates.
type updates struct {
	mu      sync.Mutex // taken last of all locks
	recent  recent[Update]
	bytes   int
	changed chan struct{} // closed with the next update; nil: nobody waits
}

func (u *Update) size() int {
	switch {
	case u.Request != nil:
		return u.Request.size()
	case u.Delivery != nil:
		return len(u.Delivery.URL) + len(u.Delivery.Body) + len(u.Delivery.Response)
	}
	return 0
}

// settingsUpdate tells watchers that a setting changed.
func (s *Server) settingsUpdate() {
	s.updates.add(Update{Time: s.clock.now(), Kind: UpdateSettings})
}

// add numbers and remembers an update, and wakes those who wait for it.
func (us *updates) add(u Update) {
	us.mu.Lock()
	defer us.mu.Unlock()
	u.ID = int64(us.recent.added) + 1
	us.recent.add(u)
	us.bytes += u.size()
	for us.recent.len() > maxUpdates || us.bytes > maxUpdateBytes && us.recent.len() > 1 {
		oldest := us.recent.forget()
		us.bytes -= oldest.size()
	}
	if us.changed != nil {
		close(us.changed)
		us.changed = nil
	}
}

// since returns some updates from an ID on, with a gap in place of those that are forgotten. Without any it returns a
// channel that is closed with the next update.
func (us *updates) since(id int64) ([]Update, <-chan struct{}) {
	us.mu.Lock()
	defer us.mu.Unlock()
	last := int64(us.recent.added)
	first := last - int64(us.recent.len()) + 1
	switch {
	case id > last+1: // an ID of an earlier server
		return []Update{{ID: last, Kind: UpdateGap}}, nil
	case id < first:
		return []Update{{ID: first - 1, Time: us.recent.all()[0].Time, Kind: UpdateGap, Missed: first - id}}, nil
	case id <= last:
		rest := us.recent.all()[id-first:]
		return append([]Update{}, rest[:min(len(rest), 100)]...), nil
	}
	if us.changed == nil {
		us.changed = make(chan struct{})
	}
	return nil, us.changed
}

// Watch returns the updates after the one with the ID after, and then those to come, until the context ends or the
// server is closed. Start after [Server.LastUpdate] to see only those to come, or after 0 to see all that the server
// remembers: the last 10,000, fewer if their requests and deliveries have more than 16 MiB. The server never waits for
// a loop over updates, so that the loop may do anything. A loop that is too slow gets an update of kind UpdateGap in
// place of those that it missed, and should then read the state anew.
func (s *Server) Watch(ctx context.Context, after int64) iter.Seq[Update] {
	return func(yield func(Update) bool) {
		for next := max(0, after) + 1; ctx.Err() == nil; {
			list, changed := s.updates.since(next)
			for _, u := range list {
				if u.Time.IsZero() { // a gap after an ID of an earlier server
					u.Time = s.Now()
				}
				if ctx.Err() != nil || !yield(u) {
					return
				}
				next = u.ID + 1
			}
			if len(list) > 0 {
				continue
			}
			select {
			case <-changed:
			case <-ctx.Done():
			case <-s.ctx.Done():
				return
			}
		}
	}
}

// LastUpdate returns the ID of the last update so far.
func (s *Server) LastUpdate() int64 {
	s.updates.mu.Lock()
	defer s.updates.mu.Unlock()
	return int64(s.updates.recent.added)
}

// WaitRequest returns the first request for which match returns true: the oldest that the server remembers, or the
// next to come. It fails when the context ends or the server is closed before.
func (s *Server) WaitRequest(ctx context.Context, match func(Request) bool) (Request, error) {
	return waitFor(ctx, s, "WaitRequest", s.Requests, func(u *Update) *Request { return u.Request }, match)
}

// WaitDelivery waits for a delivery of a callback as [Server.WaitRequest] does for a request.
func (s *Server) WaitDelivery(ctx context.Context, match func(Delivery) bool) (Delivery, error) {
	return waitFor(ctx, s, "WaitDelivery", s.Deliveries, func(u *Update) *Delivery { return u.Delivery }, match)
}

// WaitOrder waits for an order, or a state of one, as [Server.WaitRequest] does for a request.
func (s *Server) WaitOrder(ctx context.Context, match func(Order) bool) (Order, error) {
	return waitFor(ctx, s, "WaitOrder", s.Orders, func(u *Update) *Order { return u.Order }, match)
}

// WaitSMS waits for an SMS to a card, or a state of one, as [Server.WaitRequest] does for a request.
func (s *Server) WaitSMS(ctx context.Context, match func(SMS) bool) (SMS, error) {
	return waitFor(ctx, s, "WaitSMS", s.SMS, func(u *Update) *SMS { return u.SMS }, match)
}

func waitFor[T any](
	ctx context.Context, s *Server, caller string, list func() []T, of func(*Update) *T, match func(T) bool,
) (T, error) {
	after, seen := s.LastUpdate(), 0
	matching := func(all []T) *T {
		seen += len(all)
		for i := range all {
			if match(all[i]) {
				return &all[i]
			}
		}
		return nil
	}
	found := matching(list())
	if found == nil {
		for u := range s.Watch(ctx, after) {
			if v := of(&u); v != nil {
				found = matching([]T{*v})
			} else if u.Kind == UpdateGap || u.Kind == UpdateReset {
				found = matching(list())
			}
			if found != nil {
				break
			}
		}
	}
	if found != nil {
		return *found, nil
	}
	err := context.Cause(ctx)
	if err == nil {
		err = errors.New("the server is closed")
	}
	var none T
	return none, fmt.Errorf("quecloudtest: %s: none of %d matches: %w", caller, seen, err)
}
