package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quecloud/quecloud-go"
)

// The table suspensions has the cards to suspend, each at most once in a billing cycle: a card that somebody resumes
// stays in service until the next cycle. The states are
//
//	open        it is to be suspended; after a call (tried_at is not 0) it may have been
//	done        it is suspended, by this service or by others
//	refused     the platform refused to suspend it: let a person look
//	not_needed  it is not above its plan any more
const (
	suspensionOpen      = "open"
	suspensionDone      = "done"
	suspensionRefused   = "refused"
	suspensionNotNeeded = "not_needed"
)

// drainTime is how long calls that suspend cards may go on after the service is told to stop. It is longer than a
// request may take, so that none is cut off and left in doubt.
const drainTime = quecloud.DefaultTimeout + 5*time.Second

// suspend suspends the cards that have used more than the given share of their plan. It looks at the cards before it
// suspends any, which also shows what became of calls whose outcome is unknown, and of those that were under way when
// the service was killed. A card that is suspended needs no second call. One that is not is suspended once the call has
// been in doubt for long enough; until then the night is not complete.
func (s *service) suspend(ctx context.Context, a *account, night quecloud.Date) error {
	at := checkpoint{a.name, "suspend", night}
	if _, done, err := at.load(ctx, s.db); s.above <= 0 || err != nil || done {
		return err
	}
	above, err := s.findSuspensions(ctx, a, night)
	if err = errors.Join(err, s.suspendOpen(ctx, a, above)); err != nil {
		return err
	}
	const count = `SELECT count(*) FROM suspensions WHERE account = ? AND state = 'open'`
	var open int
	if err := s.db.QueryRowContext(ctx, count, a.name).Scan(&open); err != nil {
		return err
	}
	if open > 0 {
		return fmt.Errorf("%d suspensions are open", open)
	}
	return at.save(ctx, s.db, 0, true)
}

// findSuspensions stores which cards are to be suspended, and which no longer are. It returns those that are now above
// their plan and in service: with an error too, since a failed call concerns only its own cards.
func (s *service) findSuspensions(
	ctx context.Context, a *account, night quecloud.Date,
) (above map[quecloud.CardID]bool, failed error) {
	cards, err := query(ctx, s.db, scanCard, `SELECT card FROM cards WHERE account = ?1 AND in_service AND seen = ?2
		UNION SELECT card FROM suspensions WHERE account = ?1 AND state = 'open'`, a.name, night)
	if err != nil {
		return nil, err
	}
	ids, err := quecloud.CardIDsOf(cards)
	if err != nil {
		return nil, err
	}
	pools, err := pools(ctx, a)
	if err != nil {
		return nil, err
	}
	above = map[quecloud.CardID]bool{}
	for info, err := range a.Cards.AllInfo(ctx, ids) {
		if missing, ok := errors.AsType[*quecloud.BatchError](err); ok && errors.Is(err, quecloud.ErrUnknownCard) {
			for card := range missing.Cards.All() { // the one card that has left the account
				err = s.setState(ctx, a, card, suspensionNotNeeded, missing.Error())
			}
		} else if err != nil {
			failed = errors.Join(failed, err) // the other cards go on
			continue
		} else {
			share, ok := info.PlanUsed()
			card := info.ID().Normal()
			above[card] = info.Status.InService() && ok && share > s.above && !pools[info.BillingID]
			err = s.storeInfo(ctx, a, night, &info, above[card])
		}
		if err != nil {
			return above, errors.Join(failed, err)
		}
	}
	return above, failed
}

// storeInfo stores what the state of a card means for its suspension.
func (s *service) storeInfo(
	ctx context.Context, a *account, night quecloud.Date, info *quecloud.CardInfo, isAbove bool,
) error {
	card := info.ID().Normal()
	switch {
	case isAbove:
		cycle := cmp.Or(info.CycleStart, quecloud.Date{Year: night.Year, Month: night.Month, Day: 1})
		return s.addSuspension(ctx, a, card, cycle)
	case info.Status.InService():
		return s.setState(ctx, a, card, suspensionNotNeeded, "")
	default:
		return s.setState(ctx, a, card, suspensionDone, string(info.PauseReason))
	}
}

func scanCard(row *sql.Rows, card *quecloud.CardID) error { return row.Scan(card) }

// pools returns the billing groups whose cards share their data. What one of their cards has used says nothing about
// what is left for it.
func pools(ctx context.Context, a *account) (map[int64]bool, error) {
	groups, err := a.Billing.Groups(ctx)
	pools := map[int64]bool{}
	for _, g := range groups {
		pools[g.ID] = g.SharesFlow
	}
	return pools, err
}

// suspendOpen suspends the open cards that are above their plan, except for those with a call that is in doubt for too
// short a time. When ctx ends, it starts no more calls and finishes those under way.
func (s *service) suspendOpen(ctx context.Context, a *account, above map[quecloud.CardID]bool) error {
	cards, err := query(ctx, s.db, scanCard, `SELECT card FROM suspensions WHERE account = ? AND state = 'open'
		AND tried_at <= ?`, a.name, s.now().Add(-s.doubt).UnixMilli())
	if err != nil {
		return err
	}
	cards = slices.DeleteFunc(cards, func(card quecloud.CardID) bool { return !above[card] })
	if len(cards) > s.most {
		return fmt.Errorf("%d cards are to be suspended and -most is %d: none was suspended", len(cards), s.most)
	}
	pause := func(ctx context.Context, card quecloud.CardID) error {
		if err := s.claim(ctx, a, card); err != nil {
			return err
		}
		return a.Cards.Pause(ctx, card)
	}
	for card, err := range quecloud.Each(ctx, cards, pause, quecloud.Drain(drainTime)) {
		if errors.Is(err, quecloud.ErrNotStarted) {
			return err
		}
		if err := s.storeSuspension(context.WithoutCancel(ctx), a, card, err); err != nil {
			return err
		}
	}
	return nil
}

// storeSuspension stores the outcome of a call.
func (s *service) storeSuspension(ctx context.Context, a *account, card quecloud.CardID, err error) error {
	switch _, refused := errors.AsType[*quecloud.APIError](err); {
	case err == nil:
		return s.setState(ctx, a, card, suspensionDone, "")
	case errors.Is(err, quecloud.ErrOutcomeUnknown): // whatever else it is
		return s.setState(ctx, a, card, suspensionOpen, err.Error())
	case refused:
		return s.setState(ctx, a, card, suspensionRefused, err.Error())
	}
	s.log.Warn("a card was not suspended", "account", a.name, "card", card, "error", err)
	if errors.Is(err, errNotClaimed) {
		return nil
	}
	_, err = s.db.ExecContext(ctx, `UPDATE suspensions SET tried_at = 0
		WHERE account = ? AND card = ? AND state = 'open'`, a.name, card)
	return err // nothing was done
}

// addSuspension stores that a card is to be suspended, unless it is or has been in this cycle.
func (s *service) addSuspension(ctx context.Context, a *account, card quecloud.CardID, cycle quecloud.Date) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO suspensions (account, card, cycle, state, tried_at, note)
		SELECT ?1, ?2, ?3, 'open', 0, '' WHERE NOT EXISTS
			(SELECT 1 FROM suspensions WHERE account = ?1 AND card = ?2 AND state = 'open')
		ON CONFLICT DO NOTHING`, a.name, card, cycle)
	return err
}

// setState ends the open suspension of a card, if there is one, or only notes an error.
func (s *service) setState(ctx context.Context, a *account, card quecloud.CardID, state, note string) error {
	_, err := s.db.ExecContext(ctx, `UPDATE suspensions SET state = ?, note = ?
		WHERE account = ? AND card = ? AND state = 'open'`, state, note, a.name, card)
	return err
}

var errNotClaimed = errors.New("the suspension is not claimed")

// claim stores the time of a call before the call. If another process makes it, claim returns errNotClaimed.
func (s *service) claim(ctx context.Context, a *account, card quecloud.CardID) error {
	result, err := s.db.ExecContext(ctx, `UPDATE suspensions SET tried_at = ?
		WHERE account = ? AND card = ? AND state = 'open' AND tried_at <= ?`,
		s.now().UnixMilli(), a.name, card, s.now().Add(-s.doubt).UnixMilli())
	if err != nil {
		return errors.Join(errNotClaimed, err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errors.Join(errNotClaimed, err)
	}
	return nil
}
