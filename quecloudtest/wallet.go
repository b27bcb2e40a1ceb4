package quecloudtest

import (
	"fmt"
	"slices"
	"time"
)

// A Wallet is the company's money.
type Wallet struct {
	Balance Money         `json:"balance"` // present balance
	Entries []WalletEntry `json:"entries"` // latest first
}

// A WalletEntry is a change of the balance.
type WalletEntry struct {
	Change  Money     `json:"change"`  // negative: spent
	Time    time.Time `json:"time"`    // time of the change
	Kind    string    `json:"kind"`    // 预充值, 流量包充值 or 套餐续费; a refund has the kind of its order
	OrderNo string    `json:"orderNo"` // number of the order; empty for a deposit
	ICCID   string    `json:"iccid"`   // card of the order; empty for a deposit
	Remark  string    `json:"remark"`  // remark of the order or deposit

	ProductName  string `json:"productName"`  // product or plan
	ProductPrice Money  `json:"productPrice"` // price of the package, or of one cycle of a renewal
	Cycle        int    `json:"cycle"`        // renewal: years, else 0
}

// The kinds of wallet entries.
const (
	kindDeposit  = "预充值"
	kindRecharge = "流量包充值"
	kindRenewal  = "套餐续费"
)

type wallet struct {
	balance Money
	paidIn  Money // sum of the deposits
	entries recent[WalletEntry]
}

func (w *wallet) add(e WalletEntry) {
	w.balance += e.Change
	w.addEntry(e)
}

// addEntry adds an entry without changing the balance.
func (w *wallet) addEntry(e WalletEntry) {
	w.entries.add(e)
	if w.entries.len() > maxKept {
		w.entries.forget()
	}
}

func (w *wallet) deposit(now time.Time, m Money, remark string) {
	w.paidIn += m
	w.add(WalletEntry{Change: m, Time: now, Kind: kindDeposit, Remark: remark})
}

// Deposit adds money to the wallet. It panics when the amount is not positive or too large.
func (s *Server) Deposit(m Money, remark string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if limit := min(maxMoney, maxPaidIn-s.wallet.paidIn); m <= 0 || m > limit {
		panic(fmt.Sprintf("quecloudtest: Deposit: %v yuan, want more than 0 and at most %v", m, limit))
	}
	s.runDue()
	s.wallet.deposit(s.clock.now(), m, remark)
	s.updates.add(Update{Time: s.clock.now(), Kind: UpdateWallet})
}

// Wallet returns the balance and its changes, latest first. The server remembers the last 100,000.
func (s *Server) Wallet() Wallet {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runDue()
	entries := slices.Clone(s.wallet.entries.all())
	slices.Reverse(entries)
	return Wallet{s.wallet.balance, entries}
}

// §2.5.7
func (s *Server) walletDetails(c *call) error {
	c.out.money("money", s.wallet.balance)
	c.out.list("billingDetails", func() {
		for _, e := range slices.Backward(s.wallet.entries.all()) {
			c.out.object("", func() { e.encode(&c.out) })
		}
	})
	return nil
}

func (e *WalletEntry) encode(out *encoder) {
	out.money("changeMoney", e.Change)
	out.optional("iccid", e.ICCID)
	out.text("handleTime", formatTime(e.Time))
	out.optional("orderNo", e.OrderNo)
	out.text("handleType", e.Kind)
	out.optional("remark", e.Remark)
	out.optional("productName", e.ProductName)
	if e.Cycle == 0 {
		out.null("cycle")
	} else {
		out.int("cycle", int64(e.Cycle))
	}
	if e.Kind == kindDeposit {
		out.null("productPrice")
	} else {
		out.money("productPrice", e.ProductPrice)
	}
}

// Money is an amount in fen, hundredths of a yuan, so that sums are exact. Write amounts as
// 3*quecloudtest.Yuan + 60*quecloudtest.Fen.
type Money int64

// The units of Money.
const (
	Fen  Money = 1
	Yuan       = 100 * Fen
)

// The limits of prices, deposits, plans and packages. No sum of them overflows: a renewal for 100 years costs 1200
// times the price of a month, and the deposits have their own limit.
const (
	maxMoney  = 1_000_000_000_000 * Yuan
	maxPaidIn = 10_000 * maxMoney // sum of the deposits
	maxMB     = 1_000_000_000
)

// String returns the amount in yuan with two decimals, such as "-3.60".
func (m Money) String() string { return string(appendHundredths(nil, int64(m))) }
