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
	Since      time.Time `url:"-"` // when the purchase was first sent, by your clock, required
}

// maxFindReads is how many orders Find asks for.
const maxFindReads = 20

// FoundOrders are the orders that [OrdersService.Find] found.
type FoundOrders struct {
	// Matches are the orders that have the ExternalID. More than one means that it was bought more than once. An order can
	// have failed: look at its Status.
	Matches []Order
	// Candidates are orders of the card that tell no ExternalID, or one that differs in case or blanks. Any of them, or none,
	// may be the one: compare product, remark and time, and do not take one for it by program.
	Candidates []Order
	// Unread are the numbers of further orders of the card that were not read, because order.details failed, the context
	// ended or there are too many. Read them with [OrdersService.Get].
	Unread []string
}

// Find looks for an order whose receipt was lost: after [ErrOutcomeUnknown], or when the platform refuses what may be the
// repeat of a purchase. It reads the wallet, § 2.5.7 企业余额及明细查询, fc.function.wallet.details, and then the orders of the
// card's entries from Since on, § 2.5.5 资产充值续费订单, fc.function.order.details: the oldest 20 at most, one after the
// other. Entries of up to 5 minutes before Since count too, as clocks differ. It reads.
//
// The error is nil if, and only if, Matches has an order. It is [ErrNotFound] when all orders were read and none has the
// ExternalID, and otherwise says what could not be read. Whatever it is, the result has all that was found, but for a
// [*ParamError], or when the wallet could not be read.
//
// ErrNotFound is no proof that nothing was bought: nobody has documented whether an order has an entry in the wallet while
// it is pending, nor how far the wallet goes back. Its text says how far it looked. Wait some minutes and look again, and
// let a person decide before the purchase is made under another ExternalID.
func (s *OrdersService) Find(ctx context.Context, params *FindParams) (*FoundOrders, error) {
	const method = "fc.function.wallet.details"
	wallet, err := fetch[Wallet](ctx, s.call, method, params)
	if err != nil {
		return nil, err
	}
	found := &FoundOrders{Unread: params.ordersIn(wallet)}
	listed := len(found.Unread)
	err = s.readOrders(ctx, found, params)
	switch {
	case len(found.Matches) > 0:
		return found, nil
	case err != nil:
		return found, fmt.Errorf("%w (looking for %s: %d of %d orders were read)", err, params.wanted(), listed-len(found.Unread), listed)
	case len(found.Unread) > 0:
		return found, callError(method, "looking for "+params.wanted(),
			fmt.Errorf("the first %d of %d orders are others, and no more were read", maxFindReads, listed))
	}
	return found, callError(method, fmt.Sprintf("looking for %s in a wallet of %s", params.wanted(), wallet.span()),
		fmt.Errorf("%w: %d orders were read, of which %d may be it", ErrNotFound, listed, len(found.Candidates)))
}

func (p *FindParams) validate() error {
	if reason := ICCID(p.ICCID).check(); reason != "" {
		return &ParamError{Param: "iccid", Reason: reason}
	}
	if p.Since.IsZero() {
		return &ParamError{Param: "since", Reason: "is zero: give the time at which the purchase was first sent"}
	}
	return nil
}

// wanted describes the order for an error text.
func (p *FindParams) wanted() string {
	text := "an order of card " + p.ICCID
	if p.ExternalID != "" {
		text += fmt.Sprintf(" with ExternalID %q", p.ExternalID)
	}
	return text + " since " + p.Since.In(ChinaStandardTime).Format(time.DateTime)
}

// ordersIn returns the numbers of the orders among a wallet's entries that can be the one, the oldest first.
func (p *FindParams) ordersIn(w *Wallet) (numbers []string) {
	entries := slices.Clone(w.Entries)
	slices.SortStableFunc(entries, func(a, b WalletEntry) int { return a.Time.Compare(b.Time) })
	from := p.Since.Add(-maxSkew)
	for _, e := range entries {
		inTime := e.Time.IsZero() || !e.Time.Before(from)
		ofCard := e.ID().IsZero() || cardno.Same(e.ICCID, p.ICCID)
		if inTime && ofCard && e.OrderNo != "" && !slices.Contains(numbers, e.OrderNo) {
			numbers = append(numbers, e.OrderNo)
		}
	}
	return numbers
}

// readOrders moves orders from Unread to where they belong. It returns the first error, and gives up after some in a row.
func (s *OrdersService) readOrders(ctx context.Context, found *FoundOrders, params *FindParams) (first error) {
	numbers := found.Unread
	found.Unread = nil
	failures := 0
	for i, number := range numbers {
		if i == maxFindReads || failures > maxPollFailures || ctx.Err() != nil && first != nil {
			found.Unread = append(found.Unread, numbers[i:]...)
			break
		}
		order, err := s.Get(ctx, number)
		if err != nil {
			found.Unread = append(found.Unread, number)
			failures++
			if first == nil {
				first = err
			}
			continue
		}
		failures = 0
		told := strings.TrimSpace(order.ExternalID)
		switch {
		case told != "" && order.ExternalID == params.ExternalID:
			found.Matches = append(found.Matches, *order)
		case !order.ID().IsZero() && !cardno.Same(order.ICCID, params.ICCID):
		case told == "" || strings.EqualFold(told, strings.TrimSpace(params.ExternalID)):
			found.Candidates = append(found.Candidates, *order)
		}
	}
	return first
}

// span says how many entries a wallet has and how far they go back.
func (w *Wallet) span() string {
	var oldest time.Time
	for _, e := range w.Entries {
		if !e.Time.IsZero() && (oldest.IsZero() || e.Time.Before(oldest)) {
			oldest = e.Time
		}
	}
	if oldest.IsZero() {
		return fmt.Sprintf("%d entries", len(w.Entries))
	}
	return fmt.Sprintf("%d entries back to %s", len(w.Entries), oldest.In(ChinaStandardTime).Format(time.DateTime))
}
