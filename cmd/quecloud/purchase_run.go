package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quecloud/quecloud-go"
)

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
	defer s.drains("")()
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
				p.Note, last = s.message(err), err
			}
			states[p.State]++
			if !yield(recordOf(p.row()), nil) {
				return
			}
		}
	}, s.columns)
	if err != nil || s.dryRun {
		return err
	}
	return s.outcome(states, len(wanted)+len(bought), last)
}

// outcome returns the error of the command.
func (s *shop) outcome(states map[string]int, all int, last error) error {
	ordered := states[stateDone] + states[stateOrdered]
	if s.failure != nil {
		s.warn(s.failure)
	}
	switch {
	case ordered == all && last == nil:
		return nil
	case states[stateSent] > 0:
		return outcomeError{
			s.texts.get("the outcome of a purchase is unknown: run the same line again to look for its order; if it is not " +
				"found and you are sure that it was not bought, --again sends it once more"), exitUnknown,
		}
	case all == 1:
		return last
	case ordered > 0:
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
	resend := false
	if s.dryRun {
		if p.State != stateNew {
			fmt.Fprintf(s.errOut, s.texts.get("dry run: would look for the order of %s, and send nothing\n"), p.Card)
			return &p, errDryRun
		}
		_, err := s.send(ctx, p, false)
		return &p, err
	}
	if p.State == stateSent {
		switch err := s.find(ctx, &p); {
		case errors.Is(err, quecloud.ErrNotFound) && s.again:
			resend = true
		case err != nil:
			return &p, err
		}
	}
	if p.State == stateNew || resend {
		if err := s.order(ctx, &p, resend); err != nil {
			return &p, err
		}
	}
	if p.State != stateOrdered || s.noWait {
		return &p, nil
	}
	order, err := s.client.Orders.Wait(s.ctx, p.OrderNo) // an interrupt ends the wait at once
	switch {
	case errors.Is(err, quecloud.ErrOrderFailed):
		s.record(&p, stateFailed, order.Result)
		return &p, err
	case s.ctx.Err() != nil && err != nil:
		return &p, fmt.Errorf(s.texts.get("the order is placed, the same line again waits for it: %w"), err)
	case err != nil:
		return &p, err
	}
	s.record(&p, stateDone, order.Result)
	return &p, nil
}

// order sends a purchase that is new, or, after its order was looked for and not found, once more under its external
// ID.
func (s *shop) order(ctx context.Context, p *purchase, resend bool) error {
	if err := s.begin(p); err != nil {
		return fmt.Errorf("%w: %w", quecloud.ErrNotStarted, err)
	}
	receipt, err := s.send(ctx, *p, false)
	_, refusal := errors.AsType[*quecloud.APIError](err)
	_, response := errors.AsType[*quecloud.ResponseError](err)
	_, param := errors.AsType[*quecloud.ParamError](err)
	switch {
	case err == nil:
		p.OrderNo, p.Left = receipt.OrderNo, s.noWait
		s.record(p, stateOrdered, receipt.Message)
	case errors.Is(err, quecloud.ErrOutcomeUnknown), resend:
		s.record(p, stateSent, err.Error())
	case refusal, response, param:
		s.record(p, stateNotOrdered, err.Error())
	default: // it was not sent
		p.SentAt = time.Time{}
		s.record(p, stateNew, err.Error())
	}
	return err
}

// begin stores that a purchase is being sent. After a failure nothing more may be sent.
func (s *shop) begin(p *purchase) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure != nil {
		return s.failure
	}
	sent := *p
	sent.State, sent.Note = stateSent, ""
	if sent.SentAt.IsZero() {
		sent.SentAt = time.Now()
	}
	if s.failure = s.journal.add(sent); s.failure != nil {
		return s.failure
	}
	*p = sent
	return nil
}

// find looks for the order of a purchase whose outcome is unknown.
func (s *shop) find(ctx context.Context, p *purchase) error {
	found, err := s.client.Orders.Find(ctx, &quecloud.FindParams{
		Card: quecloud.ICCID(p.Card), ExternalID: p.ExternalID, Since: p.SentAt,
	})
	if found != nil && len(found.Candidates) > 0 && errors.Is(err, quecloud.ErrNotFound) {
		return fmt.Errorf(s.texts.get("order %s may be it, and has no external ID: %v"), found.Candidates[0].OrderNo, err)
	}
	if err != nil {
		return err
	}
	p.OrderNo = found.Matches[0].OrderNo
	s.record(p, stateOrdered, "")
	return nil
}

// record stores what has happened. That it cannot be stored changes nothing about it.
func (s *shop) record(p *purchase, state, note string) {
	p.State, p.Note = state, note
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.journal.add(*p); err != nil && s.failure == nil {
		s.failure = err
	}
}
