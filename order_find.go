package quecloud

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quecloud/quecloud-go/internal/cardno"
)

// ErrNotFound means that [OrdersService.Find] read all orders it could see and none has the ExternalID. It does not
// mean that nothing was bought, see there.
var ErrNotFound = errors.New("no such order was found, which does not mean that there is none")

// FindParams identify an order. They are not sent.
type FindParams struct {
	Card       CardID    `url:"-"` // card of the order by its ICCID, required
	ExternalID string    `url:"-"` // ExternalID of the purchase; without one there are only candidates
	Since      time.Time `url:"-"` // time before the first attempt, by the clock of the client that made it, required
}

const (
	maxFindReads = 20             // number of orders that Find reads
	findReach    = 24 * time.Hour // time before Since that Find covers, because the clock may have been wrong
)

// FoundOrders are the results of [OrdersService.Find].
type FoundOrders struct {
	// Matches are the orders with the ExternalID. More than one means that the product was bought more than once. An order
	// may have failed: check its Status.
	Matches []Order
	// Candidates are orders of the card without an ExternalID, or with one that differs in case or blanks; orders of the
	// day before Since are last. Any of them, or none, may be the order: let a person compare product, remark and time.
	Candidates []Order
	// Unread are the numbers of other orders of the card, which were not read because order.details failed, the context
	// ended, or there are too many. Read them with [OrdersService.Get].
	Unread []string
}

// Find looks for an order whose receipt was lost: after [ErrOutcomeUnknown], or after the platform refused a purchase
// that may be a duplicate. It reads the wallet, § 2.5.7 企业余额及明细查询, fc.function.wallet.details, and then at most 20
// orders of the card's entries from Since on, the oldest first, § 2.5.5 资产充值续费订单, fc.function.order.details. It reads.
//
// Find allows for wrong clocks. It includes entries up to 5 minutes before Since. If the client has corrected its
// clock, Find corrects Since as well. If no order has the ExternalID, Find also reads the card's orders of the day
// before, the latest first, within the same limit of 20.
//
// The error is nil if and only if Matches has an order, which may have failed. It is [ErrNotFound] if all orders were
// read and none has the ExternalID. Any other error says what could not be read, such as the order of an entry without
// an order number. Even with an error, the result has all orders that were found, unless the parameters are invalid or
// the wallet could not be read.
//
// ErrNotFound does not prove that nothing was bought: the document does not say whether the wallet has an entry for a
// pending order, nor how far back its entries go. The text of the error says how far Find looked. Wait some minutes and
// call Find again, and let a person decide before you buy under another ExternalID. The transitions of a purchase that
// is stored in a database are in https://github.com/quecloud/quecloud-go/blob/main/docs/buying.md
func (s *OrdersService) Find(ctx context.Context, params *FindParams) (*FoundOrders, error) {
	const method = "fc.function.wallet.details"
	wallet, err := fetch[Wallet](ctx, s.do, method, params)
	if err != nil {
		return nil, err
	}
	offset := s.core.shared.clock.offset() // the call may have corrected it
	from := params.Since.Add(min(0, offset) - maxSkew)
	since, before := params.ordersIn(wallet, from)
	f := finder{service: s, params: params}
	f.read(ctx, since)
	if len(f.found.Matches) == 0 {
		f.read(ctx, before)
	}
	listed, doing := len(since)+len(before), "looking for "+params.wanted(offset)
	switch {
	case len(f.found.Matches) > 0:
		return &f.found, nil
	case f.err != nil:
		return &f.found, fmt.Errorf("%w (%s; orders read: %d of %d)", f.err, doing, listed-len(f.found.Unread), listed)
	case len(f.found.Unread) > 0:
		return &f.found, callError(method, doing,
			fmt.Errorf("none of the first %d of %d orders matches, and no more were read", maxFindReads, listed))
	}
	if n := params.unnumbered(wallet, from.Add(-findReach)); n > 0 {
		entries := counted(n, "entry", "entries")
		return &f.found, callError(method, doing,
			fmt.Errorf("%s of the card without an order number cannot be read", entries))
	}
	read := counted(listed, "order", "orders") + " read"
	if len(before) > 0 {
		read += fmt.Sprintf(" (%d from the day before Since: check the clock that it was taken from)", len(before))
	}
	return &f.found, callError(method, doing+" in "+wallet.span(),
		fmt.Errorf("%w: %s, %s", ErrNotFound, read, counted(len(f.found.Candidates), "candidate", "candidates")))
}

// counted returns a number of things in words.
func counted(n int, one, many string) string {
	switch n {
	case 0:
		return "no " + many
	case 1:
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (p *FindParams) validate() error {
	if err := needICCID(p.Card); err != nil {
		return err
	}
	if p.Since.IsZero() {
		return &ParamError{Param: "Since", Reason: "is zero, want the time at which the purchase was first sent"}
	}
	return nil
}

// wanted describes the order for an error text. The platform's clock is ahead by offset.
func (p *FindParams) wanted(offset time.Duration) string {
	text := "an order of card " + p.Card.String()
	if p.ExternalID != "" {
		text += fmt.Sprintf(" with ExternalID %q", p.ExternalID)
	}
	text += " since " + p.Since.In(ChinaStandardTime).Format(time.DateTime)
	if offset != 0 {
		text += fmt.Sprintf(" (%s by the platform's clock)", p.Since.Add(offset).In(ChinaStandardTime).Format(time.DateTime))
	}
	return text
}

// ordersIn returns the numbers of the orders of a wallet that may be the wanted one: those since from, the oldest
// first, and other orders of the card from the day before, the latest first.
func (p *FindParams) ordersIn(w *Wallet, from time.Time) (since, before []string) {
	entries := slices.Clone(w.Entries)
	slices.SortStableFunc(entries, func(a, b WalletEntry) int { return a.Time.Compare(b.Time) })
	listed := map[string]bool{"": true}
	for _, e := range entries {
		inTime := e.Time.IsZero() || !e.Time.Before(from)
		if inTime && !listed[e.OrderNo] && (e.ID().IsZero() || cardno.Same(e.ICCID, p.Card.number)) {
			listed[e.OrderNo] = true
			since = append(since, e.OrderNo)
		}
	}
	for _, e := range slices.Backward(entries) {
		inTime := e.Time.Before(from) && !e.Time.Before(from.Add(-findReach))
		if inTime && !listed[e.OrderNo] && cardno.Same(e.ICCID, p.Card.number) {
			listed[e.OrderNo] = true
			before = append(before, e.OrderNo)
		}
	}
	return since, before
}

// unnumbered returns the number of entries since from for money spent on the card that have no order number.
func (p *FindParams) unnumbered(w *Wallet, from time.Time) (n int) {
	for _, e := range w.Entries {
		inTime := e.Time.IsZero() || !e.Time.Before(from)
		if inTime && e.OrderNo == "" && e.Amount.IsNegative() && cardno.Same(e.ICCID, p.Card.number) {
			n++
		}
	}
	return n
}

// A finder reads orders and collects the results of Find.
type finder struct {
	service  *OrdersService
	params   *FindParams
	found    FoundOrders
	reads    int
	failures int   // consecutive ones
	err      error // of the first failure
}

// read reads orders. It leaves the rest unread after several consecutive failures, or if there are too many orders.
func (f *finder) read(ctx context.Context, numbers []string) {
	for i, number := range numbers {
		if f.reads == maxFindReads || f.failures > maxPollFailures || ctx.Err() != nil && f.err != nil {
			f.found.Unread = append(f.found.Unread, numbers[i:]...)
			return
		}
		f.reads++
		order, err := f.service.Get(ctx, number)
		if err != nil {
			f.found.Unread = append(f.found.Unread, number)
			f.failures++
			if f.err == nil {
				f.err = err
			}
			continue
		}
		f.failures = 0
		f.sort(order)
	}
}

// sort adds an order to the matches or candidates if it is or may be the wanted one.
func (f *finder) sort(order *Order) {
	id := strings.TrimSpace(order.ExternalID)
	switch {
	case id != "" && order.ExternalID == f.params.ExternalID:
		f.found.Matches = append(f.found.Matches, *order)
	case !order.ID().IsZero() && !cardno.Same(order.ICCID, f.params.Card.number):
	case id == "" || strings.EqualFold(id, strings.TrimSpace(f.params.ExternalID)):
		f.found.Candidates = append(f.found.Candidates, *order)
	}
}

// span says how far back a wallet goes.
func (w *Wallet) span() string {
	if len(w.Entries) == 0 {
		return "an empty wallet"
	}
	var oldest time.Time
	for _, e := range w.Entries {
		if !e.Time.IsZero() && (oldest.IsZero() || e.Time.Before(oldest)) {
			oldest = e.Time
		}
	}
	if oldest.IsZero() {
		return "a wallet without times"
	}
	return "a wallet that goes back to " + oldest.In(ChinaStandardTime).Format(time.DateTime)
}
