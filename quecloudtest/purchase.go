package quecloudtest

import (
	"fmt"
	"time"
)

// PurchaseRules decide what the vendor's document leaves open about purchases. It says only that the externalId tells
// whether an order was submitted before. The zero value is the default.
type PurchaseRules struct {
	// Duplicates is the response to a purchase with the externalId of an earlier order.
	Duplicates Duplicates
	// RecordDelay is how long the externalId of an order stays unknown, by the server's clock, as on a platform that
	// checks before it inserts. Duplicates within that time buy again.
	RecordDelay time.Duration
	// WalletDelay is how long the wallet lacks the entry of an order, by the server's clock. The balance changes at once.
	WalletDelay time.Duration
	// YearsOnly refuses renewals by months, which the platform offers to some companies (§2.5.4).
	YearsOnly bool
}

// Duplicates is the response to a purchase with the externalId of an earlier order.
type Duplicates uint8

// The responses to duplicates. None of them buys.
const (
	DuplicatesSucceed          Duplicates = iota // success, with the number of the earlier order
	DuplicatesRefused                            // a refusal without an order number
	DuplicatesRefusedWithOrder                   // a refusal with the number of the earlier order
)

// SetPurchaseRules sets the rules for purchases from now on. It panics when they are invalid.
func (s *Server) SetPurchaseRules(rules PurchaseRules) {
	if err := rules.check(); err != nil {
		panic("quecloudtest: SetPurchaseRules: " + err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.purchases = rules
	s.settingsUpdate()
}

func (r *PurchaseRules) check() error {
	if r.Duplicates > DuplicatesRefusedWithOrder || r.RecordDelay < 0 || r.WalletDelay < 0 {
		return fmt.Errorf("invalid rules %+v", *r)
	}
	return nil
}

// PurchaseRules returns the rules for purchases.
func (s *Server) PurchaseRules() PurchaseRules {
	defer s.lock(true)()
	return s.purchases
}

// duplicate handles a purchase with the externalId of an earlier order, and reports whether it did. It precedes all
// other checks, because card and product may have changed since the earlier order.
func (s *Server) duplicate(c *call) (handled bool, err error) {
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

// charge changes the balance at once, and adds the entry to the wallet after WalletDelay.
func (s *Server) charge(e WalletEntry) {
	s.wallet.balance += e.Change
	if s.purchases.WalletDelay > 0 {
		s.schedule(e.Time.Add(s.purchases.WalletDelay), &addEntry{e})
	} else {
		s.wallet.addEntry(e)
	}
	s.updates.add(Update{Time: s.clock.now(), Kind: UpdateWallet})
}

// addEntry is the task that adds an entry to the wallet after WalletDelay.
type addEntry struct{ entry WalletEntry }

func (t *addEntry) cause() string { return "" } // changes no card

func (t *addEntry) run(s *Server, now time.Time) {
	t.entry.Time = now
	s.wallet.addEntry(t.entry)
	s.updates.add(Update{Time: now, Kind: UpdateWallet})
}

// A Product is a data package for the cards of one carrier (§2.5.1). It is valid from the end of its order to the end
// of that month.
type Product struct {
	ID       int64  `json:"id"`       // productId
	Name     string `json:"name"`     // productName
	Carrier  string `json:"carrier"`  // carrier of the cards
	MB       int64  `json:"mb"`       // size
	Directed bool   `json:"directed"` // for certain addresses only (定向)
	Price    Money  `json:"price"`    // price of one package
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

// AddProduct adds a data package and returns it. It fills in empty fields: ID, Name, Carrier. AddProduct panics when
// the ID exists or an amount is out of range.
func (s *Server) AddProduct(p Product) Product {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.addProduct(&p); err != nil {
		panic("quecloudtest: AddProduct: " + err.text)
	}
	s.settingsUpdate()
	return p
}

// addProduct adds a product unless it is invalid.
func (s *Server) addProduct(p *Product) *memberError {
	if p.MB < 0 || p.MB > maxMB {
		return invalid("mb", "%d MB, want 0 to %d", p.MB, maxMB)
	}
	if p.Price < 0 || p.Price > maxMoney {
		return invalid("price", "%v yuan, want 0 to %v", p.Price, maxMoney)
	}
	if p.ID == 0 {
		p.ID = 5000 + int64(len(s.products))
	}
	if s.product(p.ID) != nil {
		return invalid("id", "the product %d exists", p.ID)
	}
	setDefault(&p.Carrier, ChinaMobile)
	setDefault(&p.Name, fmt.Sprintf("%dM-当月", p.MB))
	s.products = append(s.products, *p)
	return nil
}

// Products returns the data packages, in the order in which they were added.
func (s *Server) Products() []Product {
	defer s.lock(true)()
	return append([]Product{}, s.products...)
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
				c.out.text("flowType", flagText(p.Directed))
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
