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

// ErrNotFound says that [OrdersService.Find] read all the orders that it could see and none has the ExternalID. It does
// not mean that nothing was bought: see there.
var ErrNotFound = errors.New("no such order was found, which does not mean that there is none")

// FindParams say which order to look for. None of them is sent.
type FindParams struct {
	ICCID      string    `url:"-"` // the card that it is for, required
	ExternalID string    `url:"-"` // the one that was sent; without one there are only candidates
	Since      time.Time `url:"-"` // when the purchase was first sent, by the clock of the client that sent it, required
}

const (
	maxFindReads = 20             // how many orders Find asks for
	findReach    = 24 * time.Hour // how far it looks back beyond Since, which may be by a clock that was wrong
)

// FoundOrders are the orders that [OrdersService.Find] found.
type FoundOrders struct {
	// Matches are the orders that have the ExternalID. More than one means that it was bought more than once. An order can
	// have failed: look at its Status.
	Matches []Order
	// Candidates are orders of the card that tell no ExternalID, or one that differs in case or blanks; those of the day
	// before Since come last. Any of them, or none, may be the one: compare product, remark and time, and do not take one for
	// it by program.
	Candidates []Order
	// Unread are the numbers of further orders of the card that were not read, because order.details failed, the context
	// ended or there are too many. Read them with [OrdersService.Get].
	Unread []string
}

// Find looks for an order whose receipt was lost: after [ErrOutcomeUnknown], or when the platform refuses what may be the
// repeat of a purchase. It reads the wallet, § 2.5.7 企业余额及明细查询, fc.function.wallet.details, and then the orders of the
// card's entries from Since on, § 2.5.5 资产充值续费订单, fc.function.order.details: the oldest 20 at most, one after the
// other. It reads.
//
// Clocks differ. Where the client has corrected its clock, Find corrects Since too; entries of up to 5 minutes before
// it count in any case. If none of the orders has the ExternalID, Find also reads those of the card from the day before, the
// latest first, within the same limit of 20: Since may have been taken from a clock that was wrong.
//
// The error is nil if, and only if, Matches has an order, which may have failed: its Status tells. It is [ErrNotFound] when
// all orders were read and none has the ExternalID, and otherwise says what could not be read, such as the order of an entry
// without an order number. Whatever it is, the result has all that was found, but for a [*ParamError], or when the wallet
// could not be read.
//
// ErrNotFound is no proof that nothing was bought: nobody has documented whether an order has an entry in the wallet while
// it is pending, nor how far the wallet goes back. Its text says how far it looked. Wait some minutes and look again, and
// let a person decide before the purchase is made under another ExternalID.
func (s *OrdersService) Find(ctx context.Context, params *FindParams) (*FoundOrders, error) {
	const method = "fc.function.wallet.details"
	wallet, err := fetch[Wallet](ctx, s.do, method, params)
	if err != nil {
		return nil, err
	}
	offset := s.core.shared.clock.offset() // after a call that may have corrected it
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
			fmt.Errorf("the first %d of %d orders are others, and no more were read", maxFindReads, listed))
	}
	switch n := params.unnumbered(wallet, from.Add(-findReach)); {
	case n == 1:
		return &f.found, callError(method, doing, errors.New("1 entry of the card has no order number, so its order cannot be read"))
	case n > 1:
		return &f.found, callError(method, doing, fmt.Errorf("%d entries of the card have no order number, so their orders cannot be read", n))
	}
	read := counted(listed, "order") + " read"
	if len(before) > 0 {
		read += fmt.Sprintf(" (%d from the day before Since: check the clock that it was taken from)", len(before))
	}
	return &f.found, callError(method, doing+" in "+wallet.span(),
		fmt.Errorf("%w: %s, %s", ErrNotFound, read, counted(len(f.found.Candidates), "candidate")))
}

// counted is a number of things, in words.
func counted(n int, thing string) string {
	switch n {
	case 0:
		return "no " + thing + "s"
	case 1:
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func (p *FindParams) validate() error {
	if reason := ICCID(p.ICCID).check(); reason != "" {
		return &ParamError{Param: "iccid", Reason: reason}
	}
	if p.Since.IsZero() {
		return &ParamError{Param: "Since", Reason: "is zero: give the time at which the purchase was first sent"}
	}
	return nil
}

// wanted describes the order for an error text. The offset is how far the platform's clock is ahead.
func (p *FindParams) wanted(offset time.Duration) string {
	text := "an order of card " + p.ICCID
	if p.ExternalID != "" {
		text += fmt.Sprintf(" with ExternalID %q", p.ExternalID)
	}
	text += " since " + p.Since.In(ChinaStandardTime).Format(time.DateTime)
	if offset != 0 {
		text += fmt.Sprintf(" (%s by the platform's clock)", p.Since.Add(offset).In(ChinaStandardTime).Format(time.DateTime))
	}
	return text
}

// ordersIn returns the numbers of the orders among a wallet's entries that can be the one: those from a time on, the oldest
// first, and others of the card from the day before it, the latest first.
func (p *FindParams) ordersIn(w *Wallet, from time.Time) (since, before []string) {
	entries := slices.Clone(w.Entries)
	slices.SortStableFunc(entries, func(a, b WalletEntry) int { return a.Time.Compare(b.Time) })
	listed := map[string]bool{"": true}
	for _, e := range entries {
		inTime := e.Time.IsZero() || !e.Time.Before(from)
		if inTime && !listed[e.OrderNo] && (e.ID().IsZero() || cardno.Same(e.ICCID, p.ICCID)) {
			listed[e.OrderNo] = true
			since = append(since, e.OrderNo)
		}
	}
	for _, e := range slices.Backward(entries) {
		inTime := e.Time.Before(from) && !e.Time.Before(from.Add(-findReach))
		if inTime && !listed[e.OrderNo] && cardno.Same(e.ICCID, p.ICCID) {
			listed[e.OrderNo] = true
			before = append(before, e.OrderNo)
		}
	}
	return since, before
}

// unnumbered returns how many of a wallet's entries from that time on are of money spent on the card and name no order.
func (p *FindParams) unnumbered(w *Wallet, from time.Time) (n int) {
	for _, e := range w.Entries {
		inTime := e.Time.IsZero() || !e.Time.Before(from)
		if inTime && e.OrderNo == "" && e.Amount.IsNegative() && cardno.Same(e.ICCID, p.ICCID) {
			n++
		}
	}
	return n
}

// A finder reads orders and puts them where they belong.
type finder struct {
	service  *OrdersService
	params   *FindParams
	found    FoundOrders
	reads    int
	failures int   // in a row
	err      error // the first
}

// read reads orders. After some failures in a row, or when there are too many, it leaves the rest unread.
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

// sort keeps an order that is, or may be, the one.
func (f *finder) sort(order *Order) {
	told := strings.TrimSpace(order.ExternalID)
	switch {
	case told != "" && order.ExternalID == f.params.ExternalID:
		f.found.Matches = append(f.found.Matches, *order)
	case !order.ID().IsZero() && !cardno.Same(order.ICCID, f.params.ICCID):
	case told == "" || strings.EqualFold(told, strings.TrimSpace(f.params.ExternalID)):
		f.found.Candidates = append(f.found.Candidates, *order)
	}
}

// span says how far a wallet goes back.
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
		return "a wallet that tells no times"
	}
	return "a wallet that goes back to " + oldest.In(ChinaStandardTime).Format(time.DateTime)
}
