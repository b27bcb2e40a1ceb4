package quecloudtest

import (
	"fmt"
	"time"
)

// PurchaseRules settle what the vendor's document leaves open about purchases: it says only that the externalId serves to
// tell whether an order was submitted repeatedly. The zero value is the default of a server.
type PurchaseRules struct {
	// Duplicates is the response to a purchase whose externalId an earlier order has.
	Duplicates Duplicates
	// RecordDelay is how long the externalId of an order stays unknown, by the server's clock, as at a platform that looks
	// before it inserts. Duplicates within that time buy again.
	RecordDelay time.Duration
	// WalletDelay is how long after an order its entry shows in the wallet, by the server's clock. The money is gone from
	// the balance at once.
	WalletDelay time.Duration
	// YearsOnly refuses renewals by months, which the platform offers to some companies only (§2.5.4).
	YearsOnly bool
}

// Duplicates is how a server responds to a purchase whose externalId an earlier order has.
type Duplicates uint8

// The responses to repeats. None of them buys.
const (
	DuplicatesSucceed          Duplicates = iota // success, with the number of the earlier order
	DuplicatesRefused                            // a refusal that does not tell the earlier order
	DuplicatesRefusedWithOrder                   // a refusal with the number of the earlier order
)

// SetPurchaseRules sets the rules for purchases from now on. It panics when they are impossible.
func (s *Server) SetPurchaseRules(rules PurchaseRules) {
	if rules.Duplicates > DuplicatesRefusedWithOrder || rules.RecordDelay < 0 || rules.WalletDelay < 0 {
		panic(fmt.Sprintf("quecloudtest: SetPurchaseRules: %+v", rules))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.purchases = rules
}

// repeated responds to a purchase that repeats an order by its externalId. It comes before all other checks: the card
// and the product of an order that was placed may have changed since.
func (s *Server) repeated(c *call) (done bool, err error) {
	earlier := s.externalIDs[c.params["externalId"]]
	if earlier == nil || c.preverify() || c.now.time.Before(earlier.Created.Add(s.purchases.RecordDelay)) {
		return false, nil
	}
	switch s.purchases.Duplicates {
	case DuplicatesRefused:
		return true, &refusal{code: codeRefused, message: "订单重复提交"}
	case DuplicatesRefusedWithOrder:
		return true, &refusal{code: codeRefused, message: "订单重复提交", orderNo: earlier.No}
	}
	c.out.text("orderNo", earlier.No)
	return true, nil
}

// charge changes the balance by an order's money, and shows it in the wallet when that is due.
func (s *Server) charge(e WalletEntry) {
	s.wallet.balance += e.Change
	show := func(now time.Time) {
		e.Time = now
		s.wallet.show(e)
	}
	if s.purchases.WalletDelay == 0 {
		show(e.Time)
		return
	}
	s.at(e.Time.Add(s.purchases.WalletDelay), show)
}
