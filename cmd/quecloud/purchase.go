package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/pflag"

	"github.com/quecloud/quecloud-go"
)

// Kinds of purchases.
const (
	kindTopUp   = "top-up"
	kindRenewal = "renewal"
)

// States of a purchase.
const (
	stateNew        = "new"         // nothing was sent
	stateSent       = "sent"        // it is being sent, or its outcome is unknown
	stateOrdered    = "ordered"     // the platform has an order with that number
	stateDone       = "done"        // bought
	stateFailed     = "failed"      // the order has failed
	stateNotOrdered = "not_ordered" // the platform refused it
)

// A purchase is a line of the journal of purchases: the state of a purchase after a change. The last line with an
// external ID holds.
type purchase struct {
	ExternalID  string    `json:"external_id"`
	Kind        string    `json:"kind"`
	Card        string    `json:"iccid"`
	ProductID   int64     `json:"product_id,omitempty"`
	ProductName string    `json:"product_name,omitempty"`
	Years       int       `json:"years,omitempty"`
	Months      int       `json:"months,omitempty"`
	Remark      string    `json:"remark,omitempty"`
	State       string    `json:"state"`
	SentAt      time.Time `json:"sent_at,omitzero"`
	OrderNo     string    `json:"order_no,omitempty"`
	Note        string    `json:"note,omitempty"` // last error or result, for people
}

// A purchaseRow is a purchase as the output shows it.
type purchaseRow struct {
	ICCID, Kind, Product, State, OrderNo, ExternalID, Note string
}

func (r purchaseRow) ID() quecloud.CardID { return quecloud.ICCID(r.ICCID) }

var purchaseColumns = []string{"iccid", "product", "state", "orderNo", "note"}

// same reports whether two purchases buy the same thing.
func (p purchase) same(o purchase) bool {
	return p.Kind == o.Kind && p.Card == o.Card && p.ProductID == o.ProductID && p.Years == o.Years && p.Months == o.Months
}

// isOpen reports whether the purchase has no final state.
func (p purchase) isOpen() bool {
	return p.State == stateNew || p.State == stateSent || p.State == stateOrdered
}

type purchaseFlags struct {
	remark, journal string
	again, noWait   bool
}

func (p *purchaseFlags) flags(f *pflag.FlagSet, t texts) {
	f.StringVar(&p.remark, "remark", "", t.get("remark that is stored with the orders"))
	f.StringVar(&p.journal, "journal", "", t.get("file that records purchases; by default one for each account"))
	f.BoolVar(&p.again, "again", false, t.get("buy once more what the journal shows as bought"))
	f.BoolVar(&p.noWait, "no-wait", false, t.get("do not wait until the orders are done"))
}

// A shop is one run of a command that buys.
type shop struct {
	*call
	purchaseFlags
	journal *journal[purchase]
	known   []purchase // of the journal, in their order
}

// An offer returns what to buy for a card, and its list price.
type offer func(context.Context, quecloud.CardID) (purchase, decimal.Decimal, error)

// buy buys for each card what the offer is. What an earlier run has left open is finished first.
func (c *call) buy(p purchaseFlags, offer offer) (err error) {
	cards, err := c.readCards()
	if err != nil {
		return err
	}
	s := &shop{call: c, purchaseFlags: p}
	if err := s.open(); err != nil {
		return err
	}
	if s.journal != nil {
		defer func() { err = errors.Join(err, s.journal.Close()) }()
	}
	var wanted, bought []purchase
	var prices []decimal.Decimal
	for _, card := range cards {
		iccid, err := s.iccid(card)
		if err != nil {
			return err
		}
		want, price, err := offer(c.ctx, iccid)
		if err != nil {
			return err
		}
		want.Card = iccid.String()
		switch before := s.before(want); {
		case before != nil && before.isOpen():
			wanted = append(wanted, *before)
			prices = append(prices, price)
		case before != nil && before.State == stateDone && !p.again && c.yes:
			bought = append(bought, *before)
		default:
			want.State, want.ExternalID = stateNew, "cli-"+strings.ToLower(rand.Text())
			if before != nil && before.State == stateDone {
				want.Note = fmt.Sprintf(c.texts.get("bought already, order %s"), before.OrderNo)
			}
			wanted = append(wanted, want)
			prices = append(prices, price)
		}
	}
	if err := s.confirm(wanted, prices); err != nil {
		return err
	}
	return s.finish(wanted, bought)
}

// open opens the journal and reads the purchases in it.
func (s *shop) open() (err error) {
	if s.purchaseFlags.journal == "" {
		if s.purchaseFlags.journal, err = s.stateFile("purchases-" + s.accountName + ".jsonl"); err != nil {
			return err
		}
	}
	entries, err := []purchase(nil), error(nil)
	if s.journal, entries, err = openJournal[purchase](s.purchaseFlags.journal, true); err != nil {
		return err
	}
	for _, entry := range entries {
		at := slices.IndexFunc(s.known, func(p purchase) bool { return p.ExternalID == entry.ExternalID })
		if at < 0 {
			s.known = append(s.known, entry)
			continue
		}
		s.known[at] = entry
	}
	return nil
}

// before returns the last purchase of the same thing, or nil.
func (s *shop) before(want purchase) *purchase {
	for i := range slices.Backward(s.known) {
		if s.known[i].same(want) {
			return &s.known[i]
		}
	}
	return nil
}

// iccid returns the ICCID of a card, which purchases need.
func (s *shop) iccid(card quecloud.CardID) (quecloud.CardID, error) {
	if card.IsICCID() {
		return card, nil
	}
	info, err := s.client.Cards.Info(s.ctx, card)
	if err != nil {
		return card, err
	}
	return info.ID(), nil
}

// confirm verifies what is new at the platform, shows prices and balance, and asks.
func (s *shop) confirm(wanted []purchase, prices []decimal.Decimal) error {
	if s.dryRun || len(wanted) == 0 {
		return nil
	}
	total := decimal.Zero
	for i, p := range wanted {
		if p.State != stateNew {
			fmt.Fprintf(s.errOut, s.texts.get("%s: resume the purchase of %s, state %s\n"), p.Card, printable(p.ProductName),
				p.State)
			continue
		}
		if err := s.preverify(p); err != nil {
			return fmt.Errorf("%s: %w", p.Card, err)
		}
		total = total.Add(prices[i])
		fmt.Fprintf(s.errOut, s.texts.get("%s: %s, list price %s CNY %s\n"), p.Card, printable(p.ProductName), prices[i], p.Note)
	}
	wallet, err := s.client.Billing.Wallet(s.ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.errOut, s.texts.get("balance %s CNY, %s CNY after purchases at list prices\n"),
		wallet.Balance, wallet.Balance.Sub(total))
	if s.yes {
		return nil
	}
	if err := s.needAsking(); err != nil {
		return err
	}
	return s.ask(fmt.Sprintf(s.texts.get("buy for %d cards"), len(wanted)))
}

// preverify has the platform verify a purchase that is not made.
func (s *shop) preverify(p purchase) (err error) {
	p.ExternalID = ""
	_, err = s.send(s.ctx, p, true)
	return err
}

func (s *shop) send(ctx context.Context, p purchase, preverify bool) (*quecloud.OrderReceipt, error) {
	if p.Kind == kindTopUp {
		return s.client.Orders.Recharge(ctx, &quecloud.RechargeParams{
			Card: quecloud.ICCID(p.Card), ProductID: p.ProductID, ProductName: p.ProductName, Remark: p.Remark,
			ExternalID: p.ExternalID, Preverify: preverify,
		})
	}
	return s.client.Orders.Renew(ctx, &quecloud.RenewalParams{
		Card: quecloud.ICCID(p.Card), ProductID: p.ProductID, ProductName: p.ProductName, Remark: p.Remark,
		Years: p.Years, Months: p.Months, ExternalID: p.ExternalID, Preverify: preverify,
	})
}

// finish buys, and prints what became of each purchase.
func (s *shop) finish(wanted, bought []purchase) error {
	states := map[string]int{}
	var last error
	err := s.output.rows(func(yield func(record, error) bool) {
		for _, p := range bought {
			p.Note = s.texts.get("bought by an earlier run; --again buys it once more")
			states[p.State]++
			if !yield(recordOf(p.row()), nil) {
				return
			}
		}
		options := append(s.cards.fleet(), quecloud.Drain(drainTime))
		for outcome, err := range quecloud.Map(s.ctx, wanted, s.advance, options...) {
			p := outcome.Item
			switch {
			case errors.Is(err, errDryRun):
				continue
			case outcome.Result != nil:
				p = *outcome.Result
			}
			if err != nil {
				p.Note, last = err.Error(), err
			}
			states[p.State]++
			if !yield(recordOf(p.row()), nil) {
				return
			}
		}
	}, s.columns)
	all := len(wanted) + len(bought)
	switch {
	case err != nil || s.dryRun:
		return err
	case states[stateDone]+states[stateOrdered] == all && last == nil:
		return nil
	case states[stateSent] > 0:
		return outcomeError{
			s.texts.get("the outcome of a purchase is unknown: run the same line again to look for its order"), exitUnknown,
		}
	case all == 1:
		return last
	case states[stateDone] > 0:
		return outcomeError{s.texts.get("some of the purchases are not done"), exitPartly}
	}
	return last
}

func (p purchase) row() purchaseRow {
	return purchaseRow{p.Card, p.Kind, p.ProductName, p.State, p.OrderNo, p.ExternalID, p.Note}
}

// advance brings a purchase to its final state, as far as that can be known now. Every change of its state is in the
// journal before the next step.
func (s *shop) advance(ctx context.Context, p purchase) (*purchase, error) {
	if s.dryRun {
		_, err := s.send(ctx, p, false)
		return &p, err
	}
	if p.State == stateNew {
		if err := s.order(ctx, &p); err != nil {
			return &p, err
		}
	}
	if p.State == stateSent {
		if err := s.find(ctx, &p); err != nil {
			return &p, err
		}
	}
	if p.State != stateOrdered || s.noWait {
		return &p, nil
	}
	order, err := s.client.Orders.Wait(ctx, p.OrderNo)
	switch {
	case errors.Is(err, quecloud.ErrOrderFailed):
		return &p, errors.Join(s.set(&p, stateFailed, order.Result), err)
	case err != nil:
		return &p, err
	}
	return &p, s.set(&p, stateDone, order.Result)
}

// order sends a new purchase.
func (s *shop) order(ctx context.Context, p *purchase) error {
	p.SentAt = time.Now()
	if err := s.set(p, stateSent, ""); err != nil {
		return err
	}
	receipt, err := s.send(ctx, *p, false)
	_, refusal := errors.AsType[*quecloud.APIError](err)
	_, response := errors.AsType[*quecloud.ResponseError](err)
	_, param := errors.AsType[*quecloud.ParamError](err)
	switch {
	case err == nil:
		p.OrderNo = receipt.OrderNo
		return s.set(p, stateOrdered, receipt.Message)
	case errors.Is(err, quecloud.ErrOutcomeUnknown):
		return errors.Join(s.set(p, stateSent, err.Error()), err)
	case refusal, response, param:
		return errors.Join(s.set(p, stateNotOrdered, err.Error()), err)
	}
	p.SentAt = time.Time{}
	return errors.Join(s.set(p, stateNew, err.Error()), err)
}

// find looks for the order of a purchase whose outcome is unknown.
func (s *shop) find(ctx context.Context, p *purchase) error {
	found, err := s.client.Orders.Find(ctx, &quecloud.FindParams{
		Card: quecloud.ICCID(p.Card), ExternalID: p.ExternalID, Since: p.SentAt,
	})
	if err != nil {
		return err
	}
	p.OrderNo = found.Matches[0].OrderNo
	return s.set(p, stateOrdered, "")
}

// set records a state in the journal.
func (s *shop) set(p *purchase, state, note string) error {
	p.State, p.Note = state, note
	return s.journal.add(*p)
}
