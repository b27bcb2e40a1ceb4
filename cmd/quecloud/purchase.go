package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
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
	Account     string    `json:"account,omitempty"`
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
	Left        bool      `json:"left,omitempty"` // the run was told not to wait for the order
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
	return p.Kind == o.Kind && quecloud.ICCID(p.Card).Normal() == quecloud.ICCID(o.Card).Normal() &&
		p.ProductID == o.ProductID && p.Years == o.Years && p.Months == o.Months
}

// isOpen reports whether the run of the purchase did not come to its end.
func (p purchase) isOpen() bool {
	return p.State == stateNew || p.State == stateSent || p.State == stateOrdered && !p.Left
}

// isMade reports whether the purchase was made, as far as its run was to follow it.
func (p purchase) isMade() bool { return p.State == stateDone || p.State == stateOrdered && p.Left }

type purchaseFlags struct {
	remark, journal string
	again, noWait   bool
}

func (p *purchaseFlags) flags(f *pflag.FlagSet, t texts) {
	f.StringVar(&p.remark, "remark", "", t.get("remark that is stored with the orders"))
	f.StringVar(&p.journal, "journal", "",
		t.get("file that records purchases, by default one for each account; the same line again resumes from it"))
	f.BoolVar(&p.again, "again", false, t.get("buy once more what the journal shows as bought, or as sent but not found"))
	f.BoolVar(&p.noWait, "no-wait", false, t.get("do not wait until the orders are done"))
}

// A shop is one run of a command that buys.
type shop struct {
	*call
	purchaseFlags
	journal *journal[purchase] // nil in a dry run
	known   []purchase         // of the journal, in their order
	once    int                // purchases that the journal shows as made, and that are made once more

	mu      sync.Mutex
	failure error // first failure to write the journal
}

// A priced is a purchase and its list price.
type priced struct {
	purchase
	price decimal.Decimal
}

// An offer returns what to buy for a card, and its list price.
type offer func(context.Context, quecloud.CardID) (priced, error)

// buy buys for each card what the offer is. What an earlier run has left open is finished first.
func (c *call) buy(p purchaseFlags, offer offer) (err error) {
	if !c.yes && !c.dryRun {
		if err := c.needAsking(); err != nil {
			return err
		}
	}
	s := &shop{call: c, purchaseFlags: p}
	cards, err := s.iccids()
	if err != nil {
		return err
	}
	if err := s.open(); err != nil {
		return err
	}
	if s.journal != nil {
		defer func() { err = errors.Join(err, s.journal.Close()) }()
	}
	wanted, bought, err := s.plan(cards, offer)
	if err != nil {
		return err
	}
	if err := s.confirm(wanted); err != nil {
		return err
	}
	purchases := make([]purchase, len(wanted))
	for i, w := range wanted {
		purchases[i] = w.purchase
	}
	return s.finish(purchases, bought)
}

// open opens the journal and reads the purchases in it.
func (s *shop) open() (err error) {
	if s.purchaseFlags.journal == "" {
		if s.purchaseFlags.journal, err = s.stateFile("purchases-" + url.PathEscape(s.accountName) + ".jsonl"); err != nil {
			return err
		}
	}
	var entries []purchase
	if s.dryRun {
		entries, err = readJournal[purchase](s.purchaseFlags.journal)
	} else {
		s.journal, entries, err = openJournal[purchase](s.purchaseFlags.journal, true)
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Account != s.accountName {
			err := usageError{fmt.Sprintf(s.texts.get("the journal is one of the account %q"), entry.Account)}
			if s.journal != nil {
				return errors.Join(err, s.journal.Close())
			}
			return err
		}
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

// iccids returns the ICCIDs of the cards, as the platform spells them, each once: a card may be named by its MSISDN and
// by its ICCID.
func (s *shop) iccids() (iccids []quecloud.CardID, err error) {
	cards, err := s.readCards()
	if err != nil {
		return nil, err
	}
	known := map[quecloud.CardID]bool{}
	var failures []error
	for _, part := range byKind(cards) {
		for info, err := range s.client.Cards.AllInfo(s.ctx, part, s.cards.fleet()...) {
			if err != nil {
				failures = append(failures, err)
				continue
			}
			if card := quecloud.ICCID(info.ICCID); !known[card.Normal()] {
				known[card.Normal()] = true
				iccids = append(iccids, card)
			}
		}
	}
	return iccids, errors.Join(failures...)
}

// plan returns what is to be bought, and what an earlier run of the same line has bought.
func (s *shop) plan(cards []quecloud.CardID, offer offer) (wanted []priced, bought []purchase, err error) {
	resumes := false
	var made []priced
	var failures []error
	for outcome, err := range quecloud.Map(s.ctx, cards, offer, s.cards.fleet()...) {
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", outcome.Item, err))
			continue
		}
		want := outcome.Result
		want.Account, want.Card, want.State = s.accountName, outcome.Item.String(), stateNew
		before := s.before(want.purchase)
		switch {
		case before != nil && before.isOpen():
			resumes = true
			wanted = append(wanted, priced{*before, want.price})
			continue
		case before != nil && before.isMade():
			bought = append(bought, *before)
			want.Note = fmt.Sprintf(s.texts.get("bought already, order %s"), before.OrderNo)
			made = append(made, want)
		default:
			wanted = append(wanted, want)
		}
	}
	switch {
	case len(failures) > 0:
		return nil, nil, errors.Join(failures...)
	case len(bought) == 0, resumes: // what the line has left open is finished, and nothing is made once more
		return s.named(wanted), bought, nil
	case !s.again && !s.dryRun && (s.yes || !s.interactive()):
		return nil, nil, usageError{fmt.Sprintf(s.texts.get("nothing was bought: %d of the purchases were made by an "+
			"earlier run, such as order %s for %s; --again makes them once more"),
			len(bought), bought[0].OrderNo, bought[0].Card)}
	}
	s.once = len(made)
	return s.named(append(wanted, made...)), nil, nil
}

// named gives purchases that are new an external ID.
func (s *shop) named(wanted []priced) []priced {
	for i := range wanted {
		if wanted[i].ExternalID == "" {
			wanted[i].ExternalID = "cli-" + strings.ToLower(rand.Text())
		}
	}
	return wanted
}

// confirm verifies what is new at the platform, shows prices and balance, asks, and stores what is to be bought.
func (s *shop) confirm(wanted []priced) error {
	if len(wanted) == 0 {
		return nil
	}
	if err := s.preverify(wanted); err != nil {
		return err
	}
	total := decimal.Zero
	var unsent []purchase
	for _, p := range wanted {
		if p.State != stateNew {
			fmt.Fprintf(s.errOut, s.texts.get("%s: resume the purchase of %s, state %s\n"), p.Card, printable(p.ProductName),
				s.texts.word(p.State))
			continue
		}
		unsent = append(unsent, p.purchase)
		total = total.Add(p.price)
		line := fmt.Sprintf(s.texts.get("%s: %s, list price %s CNY %s"), p.Card, printable(p.ProductName), p.price, p.Note)
		fmt.Fprintln(s.errOut, strings.TrimSpace(line))
	}
	wallet, err := s.client.Billing.Wallet(s.ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.errOut, s.texts.get("balance %s CNY, %s CNY after purchases at list prices\n"),
		wallet.Balance, wallet.Balance.Sub(total))
	if s.dryRun {
		return nil
	}
	if !s.yes {
		question := s.texts.cards("buy for %d cards", len(wanted))
		if s.once > 0 {
			question = s.texts.cards("buy for %d cards, for %d of them once more", len(wanted), s.once)
		}
		if err := s.ask(question); err != nil {
			return err
		}
	}
	return s.journal.add(unsent...)
}

// preverify has the platform verify purchases, which does not make them.
func (s *shop) preverify(wanted []priced) error {
	if s.dryRun {
		return nil
	}
	unsent := slices.DeleteFunc(slices.Clone(wanted), func(p priced) bool { return p.State != stateNew })
	var failures []error
	for outcome, err := range quecloud.Map(s.ctx, unsent, func(ctx context.Context, p priced) (struct{}, error) {
		p.ExternalID = ""
		_, err := s.send(ctx, p.purchase, true)
		return struct{}{}, err
	}, s.cards.fleet()...) {
		if err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", outcome.Item.Card, err))
		}
	}
	return errors.Join(failures...)
}
