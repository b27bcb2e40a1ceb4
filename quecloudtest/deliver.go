package quecloudtest

import (
	"fmt"
	"slices"
	"time"
)

// Deliveries returns the deliveries of callbacks so far, oldest first; see [WithRequestLimit].
func (s *Server) Deliveries() []Delivery {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return append([]Delivery{}, s.delivered.all()...)
}

// WaitCallbacks waits until every due callback succeeded, used up its retries or is held. Calls return before their
// callbacks are delivered; [Server.Advance], [Server.SetTime] and [Server.ReceiveSMS] wait. None of these methods may
// be called in a receiver of callbacks or in the function of [WithDeliveryObserver]: each would wait for itself.
func (s *Server) WaitCallbacks() {
	s.startDelivering()
	s.mu.Lock()
	for s.delivering != nil {
		idle := s.delivering
		s.mu.Unlock()
		<-idle
		s.mu.Lock()
	}
	s.mu.Unlock()
}

// HoldCallbacks keeps callbacks from now on: they are delivered by [Server.Redeliver], in any order, or after
// [Server.ReleaseCallbacks].
func (s *Server) HoldCallbacks() { s.setHolding(true) }

// ReleaseCallbacks delivers the callbacks that are held, in their order, and all later ones. It returns after the
// deliveries, so a receiver of callbacks must not call it.
func (s *Server) ReleaseCallbacks() {
	s.setHolding(false)
	s.WaitCallbacks()
}

func (s *Server) setHolding(holding bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holding = holding
	s.settingsUpdate()
}

// HeldCallbacks returns the next deliveries of the callbacks that [Server.HoldCallbacks] holds, in their order.
func (s *Server) HeldCallbacks() []Delivery {
	defer s.lock(true)()
	if !s.holding {
		return []Delivery{}
	}
	return append([]Delivery{}, s.waiting...)
}

// Redeliver delivers callbacks by their CallbackID, one after the other in this order, and returns the deliveries.
// The callbacks may be held or have been delivered before, with success or not; an ID given twice is delivered twice.
// Each is delivered to the URL that it had, without retries. Redeliver returns after the deliveries, so a receiver of
// callbacks must not call it. It panics when there is no such callback or the server has forgotten it.
func (s *Server) Redeliver(callbackIDs ...int64) []Delivery {
	results := make(chan Delivery, len(callbackIDs))
	s.mu.Lock()
	var next []urgentDelivery
	for _, id := range callbackIDs {
		d := s.nextDelivery(id, next)
		if d.Attempt == 0 {
			s.mu.Unlock()
			panic(fmt.Sprintf("quecloudtest: Redeliver: no callback %d", id))
		}
		next = append(next, urgentDelivery{d, results})
	}
	s.waiting = slices.DeleteFunc(s.waiting, func(d Delivery) bool { return slices.Contains(callbackIDs, d.CallbackID) })
	s.urgent = append(s.urgent, next...)
	s.mu.Unlock()
	s.startDelivering()
	deliveries := []Delivery{}
	for range callbackIDs {
		deliveries = append(deliveries, <-results)
	}
	return deliveries
}

// nextDelivery returns the next delivery of a callback that is among the urgent ones, waits or was delivered before.
// Its attempt is 0 without such a callback.
func (s *Server) nextDelivery(id int64, urgent []urgentDelivery) (next Delivery) {
	for _, d := range s.delivered.all() {
		if d.CallbackID == id {
			next = d.next()
		}
	}
	for _, d := range s.waiting {
		if d.CallbackID == id {
			next = d
		}
	}
	for _, u := range urgent {
		if u.CallbackID == id {
			next = u.next()
		}
	}
	return next
}

// next returns the next delivery of the same callback.
func (d *Delivery) next() Delivery {
	return Delivery{CallbackID: d.CallbackID, Kind: d.Kind, URL: d.URL, Body: d.Body, Attempt: d.Attempt + 1}
}

// An urgentDelivery goes out before all others, even when callbacks are held.
type urgentDelivery struct {
	Delivery
	result chan<- Delivery
}

// sendEvent adds a callback unless the URL is empty.
func (s *Server) sendEvent(url, kind string, event any) {
	if url == "" || s.closed {
		return
	}
	body, err := encodeEvent(event)
	if err != nil {
		panic(err) // strings and finite numbers always encode
	}
	s.callbacks++
	s.waiting = append(s.waiting, Delivery{
		CallbackID: s.callbacks, Kind: kind, URL: url, Body: string(body), Attempt: 1,
	})
}

// hasDeliveries reports whether a delivery is due.
func (s *Server) hasDeliveries() bool { return len(s.urgent) > 0 || len(s.waiting) > 0 && !s.holding }

// startDelivering starts a goroutine that delivers all due callbacks, unless one is running.
func (s *Server) startDelivering() {
	s.mu.RLock()
	due := s.hasDeliveries()
	s.mu.RUnlock()
	if !due { // after most calls; returning here avoids waiting for readers
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.delivering != nil || !s.hasDeliveries() {
		return
	}
	s.delivering = make(chan struct{})
	go s.deliver()
}

// deliver delivers all due callbacks, one after the other.
func (s *Server) deliver() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.hasDeliveries() {
		var d Delivery
		var result chan<- Delivery
		if len(s.urgent) > 0 {
			d, result = s.urgent[0].Delivery, s.urgent[0].result
			s.urgent = s.urgent[1:]
		} else {
			d = s.waiting[0]
			s.waiting = s.waiting[1:]
		}
		d.ID, d.Time = int64(s.delivered.added)+1, s.clock.now()
		era := s.era
		s.mu.Unlock()
		_ = d.post(s.ctx, s.callbackClient) // d.Err has the error
		s.observeDelivery(d)
		s.mu.Lock()
		s.addDelivery(d)
		if result != nil {
			result <- d
		} else if !d.OK && d.Attempt <= s.retries && !s.closed && era == s.era {
			s.retry(d.next())
		}
	}
	close(s.delivering)
	s.delivering = nil
}

// addDelivery remembers a delivery.
func (s *Server) addDelivery(d Delivery) {
	s.delivered.add(d)
	for s.delivered.len() > s.requestLimit {
		s.delivered.forget()
	}
	s.updates.add(Update{Time: s.clock.now(), Kind: UpdateDelivery, Delivery: &d})
}

// retry schedules the next attempt of a delivery. Without an interval it goes out before all others.
func (s *Server) retry(next Delivery) {
	if s.interval == 0 {
		s.waiting = slices.Insert(s.waiting, 0, next)
		return
	}
	now := s.clock.now()
	s.schedule(now.Add(s.interval), &sendCallback{next})
	s.setTimer(now)
}

// sendCallback is the task that retries a delivery.
type sendCallback struct{ delivery Delivery }

func (t *sendCallback) cause() string { return "" } // changes no card

func (t *sendCallback) run(s *Server, _ time.Time) { s.waiting = append(s.waiting, t.delivery) }
