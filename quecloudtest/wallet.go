package quecloudtest

import (
	"fmt"
	"slices"
	"time"
)

// A Wallet is the company's money.
type Wallet struct {
	Balance Money         // what is left
	Entries []WalletEntry // latest first
}

// A WalletEntry is a change of the balance.
type WalletEntry struct {
	Change  Money     // less than 0: spent
	Time    time.Time // when
	Kind    string    // 预充值, 流量包充值 or 套餐续费; the return of a failed order's money has that order's kind
	OrderNo string    // the order; empty for money paid in
	ICCID   string    // the card it was spent on; empty for money paid in
	Remark  string    // that came with the order, or with the payment

	ProductName  string // what was bought
	ProductPrice Money  // of one package; of a renewal what a cycle of it cost
	Cycle        int    // years of a renewal, or 0
}

// The kinds of wallet entries.
const (
	kindDeposit  = "预充值"
	kindRecharge = "流量包充值"
	kindRenewal  = "套餐续费"
)

type wallet struct {
	balance Money
	paidIn  Money
	entries recent[WalletEntry]
}

func (w *wallet) add(e WalletEntry) {
	w.balance += e.Change
	w.show(e)
}

// show adds an entry whose money the balance has already.
func (w *wallet) show(e WalletEntry) {
	w.entries.add(e)
	if w.entries.len() > mostKept {
		w.entries.forget()
	}
}

func (w *wallet) deposit(now time.Time, m Money, remark string) {
	w.paidIn += m
	w.add(WalletEntry{Change: m, Time: now, Kind: kindDeposit, Remark: remark})
}

// Deposit puts money into the wallet. It panics when the amount is not positive, or beyond all reason.
func (s *Server) Deposit(m Money, remark string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m <= 0 || m > mostMoney || m > mostWallet-s.wallet.paidIn {
		panic(fmt.Sprintf("quecloudtest: Deposit of %v yuan", m))
	}
	s.settle()
	s.wallet.deposit(s.clock.now(), m, remark)
}

// Wallet returns the balance and all its changes, latest first; of more than 100,000 the latest.
func (s *Server) Wallet() Wallet {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
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

// Money is an amount in fen, the hundredth of a yuan: sums of it are exact. Write amounts as
// 3*quecloudtest.Yuan + 60*quecloudtest.Fen.
type Money int64

// The units of Money.
const (
	Fen  Money = 1
	Yuan       = 100 * Fen
)

// The most that prices, payments, plans and packages may be. Nothing that is added up of them overflows: a renewal for a
// hundred years is 1200 times a price, and the wallet has a limit of its own.
const (
	mostMoney  = 1_000_000_000_000 * Yuan
	mostWallet = 10_000 * mostMoney // ever paid in
	mostMB     = 1_000_000_000
)

// String is the amount in yuan with two decimals, such as "-3.60".
func (m Money) String() string { return string(appendHundredths(nil, int64(m))) }
