package quecloud

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrOrderFailed says that an order has ended without success. It comes from [OrdersService.Wait], together with the
// order. Whether and when its money comes back is not documented: [BillingService.Wallet] tells.
var ErrOrderFailed = errors.New("the order has failed")

// Wait asks for an order again and again ([PollEvery]) until it is done or has failed, and returns it. If the order has
// failed, Wait returns both the order, whose Result says why, and an error that is [ErrOrderFailed]. A state that the SDK
// does not know is taken for one that passes.
//
// Wait ends with its context at the latest; in the vendor's examples orders take minutes. That the platform cannot be
// asked for a while says nothing about the order: only the third failure in a row ends the wait. A refusal ends it at
// once, unless its code is one of the NotDoneCodes of [RetryPolicy]. The error names the state that was seen last.
//
// It reads § 2.5.5 资产充值续费订单, fc.function.order.details.
func (s *OrdersService) Wait(ctx context.Context, orderNo string, opts ...FleetOption) (*Order, error) {
	const method = "fc.function.order.details"
	settings, err := fleetOptions(ctx, method, waitOptions, opts)
	if err != nil {
		return nil, err
	}
	var order *Order
	doing := "waiting for order " + orderNo
	err = poll(ctx, settings.pollEvery, method, &doing, func() (done bool, err error) {
		seen, err := s.Get(ctx, orderNo)
		switch {
		case err == nil:
			order = seen
			doing = fmt.Sprintf("waiting for order %s, last seen as %s", orderNo, seen.Status)
			return seen.Status.IsFinal(), nil
		case order != nil:
			err = fmt.Errorf("%w (%s)", err, doing)
		}
		return false, err
	})
	if err != nil {
		return nil, err
	}
	if order.Status == OrderStatusFailed {
		return order, callError(method, fmt.Sprintf("order %s: %s", orderNo, order.Result), ErrOrderFailed)
	}
	return order, nil
}

// maxPollFailures is how many questions in a row may fail for a wait to go on.
const maxPollFailures = 2

// poll asks, with delays between, until ask reports that it is done or that there is no use in asking on. What it is doing
// may change with every response. A refusal ends it, unless the user has learnt that its code passes.
func poll(ctx context.Context, delay time.Duration, method string, doing *string, ask func() (done bool, err error)) error {
	began := time.Now()
	for failures := 0; ; {
		done, err := ask()
		switch {
		case err == nil && done:
			return nil
		case err == nil:
			failures = 0
		case ctx.Err() == nil && meaningOf(err) == codeNotDone:
		case ctx.Err() != nil || errors.As(err, new(*APIError)) || errors.As(err, new(*ParamError)) || failures == maxPollFailures:
			return err
		default:
			failures++
		}
		if err := sleep(ctx, delay); err != nil {
			return callError(method, *doing, fmt.Errorf("%w (waited %v)", err, time.Since(began).Round(time.Millisecond)))
		}
	}
}
