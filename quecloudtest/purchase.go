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
	default:
		c.out.text("orderNo", earlier.No)
		return true, nil
	}
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

// A Product is a flow package that can be bought for cards of one carrier (§2.5.1). It is valid from the order's end to
// the end of that month.
type Product struct {
	ID       int64  // the productId to buy it by
	Name     string // the productName to buy it by
	Carrier  string // the cards it is for
	MB       int64  // data in the package
	Directed bool   // for certain addresses only
	Price    Money  // of one package
}

func defaultProducts() []Product {
	return []Product{
		{50, "30M-当月", ChinaMobile, 30, false, Yuan + 50*Fen},
		{53, "1G-当月", ChinaMobile, 1024, false, 10 * Yuan},
		{55, "1G-定向", ChinaMobile, 1024, true, 11 * Yuan},
		{60, "10M-当月", ChinaTelecom, 10, false, 60 * Fen},
		{70, "500M-当月", ChinaUnicom, 500, false, 6 * Yuan},
	}
}

// AddProduct adds a flow package. What is left empty is filled in: ID, Name, Carrier. AddProduct returns the whole of it,
// and panics when the ID is taken or an amount is negative or beyond all reason.
func (s *Server) AddProduct(p Product) Product {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.MB < 0 || p.MB > mostMB || p.Price < 0 || p.Price > mostMoney {
		panic(fmt.Sprintf("quecloudtest: AddProduct: %d MB for %v yuan", p.MB, p.Price))
	}
	if p.ID == 0 {
		p.ID = 5000 + int64(len(s.products))
	}
	if s.product(p.ID) != nil {
		panic(fmt.Sprintf("quecloudtest: AddProduct: there is a product %d already", p.ID))
	}
	setDefault(&p.Carrier, ChinaMobile)
	setDefault(&p.Name, fmt.Sprintf("%dM-当月", p.MB))
	s.products = append(s.products, p)
	return p
}

func (s *Server) product(id int64) *Product {
	for i := range s.products {
		if s.products[i].ID == id {
			return &s.products[i]
		}
	}
	return nil
}

// §2.5.1
func (s *Server) flowPackages(c *call) error {
	c.out.list("products", func() {
		for _, p := range s.products {
			c.out.object("", func() {
				c.out.text("telecomOperatorName", p.Carrier)
				c.out.int("productId", p.ID)
				c.out.money("price", p.Price)
				c.out.text("productName", p.Name)
				c.out.int("flow", p.MB)
				c.out.text("flowType", digit(p.Directed))
			})
		}
	})
	return nil
}

// §2.5.2
func (s *Server) renewalProduct(c *call) error {
	g := c.card.group
	c.out.object("product", func() {
		c.out.text("telecomOperatorName", g.Carrier)
		c.out.int("productId", g.ProductID)
		c.out.money("price", g.yearPrice())
		c.out.text("productName", g.PlanName)
		c.out.int("flow", g.PlanMB)
		c.out.int("setmealMonths", 12)
		c.out.money("monthPrice", g.MonthPrice)
	})
	return nil
}
