package selftest_test

import (
	"context"
	"errors"
	"io"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

func TestRetryOfPurchasesNeedsAnExternalID(t *testing.T) {
	t.Parallel()
	client, s := selftest.Scripted(t, []selftest.Step{{Status: 500}},
		quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 4, RetryPurchasesAfter: time.Second}))
	card := quecloud.ICCID(selftest.ICCID1)
	for _, blank := range []string{" ", "\t\n", "　"} {
		for _, err := range []error{
			second(client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{
				Card: card, ProductID: 1, ProductName: "x", ExternalID: blank,
			})),
			second(client.Orders.Renew(t.Context(), &quecloud.RenewalParams{Card: card, Years: 1, ExternalID: blank})),
		} {
			bad, ok := errors.AsType[*quecloud.ParamError](err)
			require.True(t, ok, err)
			assert.Equal(t, "externalId", bad.Param)
		}
		s.Reset()
		err := client.Call(t.Context(), "fc.function.card.recharge", map[string]string{"externalId": blank}, nil)
		require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
		assert.Equal(t, 1, s.Attempts(), strconv.Quote(blank))
	}
}

func second[T any](_ T, err error) error { return err }

// A purchase that the platform may have received is retried only if RetryPurchasesAfter is set and it has an
// ExternalID, and only after that delay.
func TestRetryOfPurchasesIsOptIn(t *testing.T) {
	t.Parallel()
	const after = 20 * time.Second
	lost := selftest.Step{Err: io.ErrUnexpectedEOF}
	refused := selftest.Step{Body: `{"resultCode":5,"errorMessage":"重复订单"}`}
	for name, tt := range map[string]struct {
		call    int // index in selftest.Calls; -1 for a purchase that is only verified
		params  *quecloud.RechargeParams
		steps   []selftest.Step
		delays  []time.Duration
		err     bool
		unknown bool
	}{
		"lost, then bought": {
			call: 3, steps: []selftest.Step{lost, {Body: selftest.Success}}, delays: []time.Duration{after},
		},
		"504, then bought": {
			call: 3, steps: []selftest.Step{{Status: 504}, {Body: selftest.Success}}, delays: []time.Duration{after},
		},
		"lost every time": {
			call: 3, steps: []selftest.Step{lost}, delays: []time.Duration{after, after, after}, err: true, unknown: true,
		},
		"lost, then refused": {
			call: 3, steps: []selftest.Step{lost, refused}, delays: []time.Duration{after}, err: true, unknown: true,
		},
		"lost, then not sent": {
			call: 3, steps: []selftest.Step{lost, {Unsent: io.EOF}, {Body: selftest.Success}},
			delays: []time.Duration{after, after},
		},
		"lost, then 429": {
			call: 3, steps: []selftest.Step{lost, {Status: 429, Header: selftest.RetryAfter("2")}, {Body: selftest.Success}},
			delays: []time.Duration{after, after},
		},
		"503 that asks for more": {
			call: 3, steps: []selftest.Step{{Status: 503, Header: selftest.RetryAfter("30")}, {Body: selftest.Success}},
			delays: []time.Duration{30 * time.Second},
		},
		"refused with an order": {
			call: 3, steps: []selftest.Step{{Status: 500, Body: `{"resultCode":5,"orderNo":"R1"}`}}, err: true, unknown: true,
		},
		"a page": {call: 3, steps: []selftest.Step{{Body: selftest.HTMLPage}}, err: true, unknown: true},
		"not sent": {
			call: 3, steps: []selftest.Step{{Unsent: io.EOF}, {Body: selftest.Success}}, delays: []time.Duration{0},
		},
		"without an ExternalID": {call: 2, steps: []selftest.Step{lost}, err: true, unknown: true},
		"another change":        {call: 1, steps: []selftest.Step{lost}, err: true, unknown: true},
		"only verified":         {call: -1, steps: []selftest.Step{lost}, err: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, s := selftest.Scripted(t, tt.steps,
					quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 4, MaxRetryAfter: time.Minute, RetryPurchasesAfter: after}))
				call := func(ctx context.Context, c *quecloud.Client) error {
					_, err := c.Orders.Recharge(
						ctx,
						&quecloud.RechargeParams{
							Card: quecloud.ICCID(selftest.ICCID1), ProductID: 50, ProductName: "30M", ExternalID: "o", Preverify: true,
						},
					)
					return err
				}
				if tt.call >= 0 {
					call = selftest.Calls[tt.call].Do
				}
				err := call(t.Context(), client)
				assert.Equal(t, tt.err, err != nil, "%v", err)
				assert.Equal(t, tt.unknown, errors.Is(err, quecloud.ErrOutcomeUnknown), "%v", err)
				assert.Equal(t, tt.delays, selftest.DelaysBetween(s.Times()))
				if tt.unknown && tt.call == 3 {
					require.ErrorContains(t, err, `look with Orders.Find for ExternalID "order-1" before trying again`)
				}
			})
		})
	}
}

// Many clients that lost their purchases at the same time do not retry them at the same time.
func TestRetryOfPurchasesAddsARandomDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const after, base = time.Minute, 10 * time.Second
		client, s := selftest.Scripted(t, []selftest.Step{{Status: 504}, {Body: selftest.Success}},
			quecloud.WithRetry(quecloud.RetryPolicy{
				MaxAttempts: 2, BaseDelay: base, MaxDelay: base, RetryPurchasesAfter: after,
			}))
		require.NoError(t, selftest.Calls[3].Do(t.Context(), client))
		delays := selftest.DelaysBetween(s.Times())
		require.Len(t, delays, 1)
		assert.Greater(t, delays[0], after)
		assert.Less(t, delays[0], after+base)
	})
}

// A purchase that may have been made stays in doubt if its retry is canceled or not admitted.
func TestRetryOfPurchasesThatEndsEarlyKeepsTheUnknownOutcome(t *testing.T) {
	t.Parallel()
	used := errors.New("the quota is used up")
	for name, tt := range map[string]struct {
		cancel bool // the context ends during the delay
		says   string
		is     error
	}{
		"canceled":     {cancel: true, says: "waiting to retry", is: context.Canceled},
		"not admitted": {says: "the limiter returned an error", is: used},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				if tt.cancel {
					time.AfterFunc(time.Second, cancel)
				}
				defer cancel()
				client, s := selftest.Scripted(t, []selftest.Step{{Err: io.ErrUnexpectedEOF}, {Body: selftest.Success}},
					quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 4, RetryPurchasesAfter: time.Minute}),
					quecloud.WithLimiter(&quota{1, used}))
				err := selftest.Calls[3].Do(ctx, client)
				assert.Equal(t, 1, s.Attempts())
				require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
				require.ErrorIs(t, err, tt.is)
				require.ErrorIs(t, err, io.ErrUnexpectedEOF, "the reason of the doubt")
				require.ErrorContains(t, err, tt.says)
				require.ErrorContains(t, err, `look with Orders.Find for ExternalID "order-1" before trying again`)
			})
		})
	}
}

// A quota is a limiter that admits so many attempts.
type quota struct {
	left int
	err  error
}

func (q *quota) Wait(context.Context) error {
	if q.left == 0 {
		return q.err
	}
	q.left--
	return nil
}

func TestRetryOfPurchasesIsForPurchases(t *testing.T) {
	t.Parallel()
	client, s := selftest.Scripted(t, []selftest.Step{{Status: 504}},
		quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 4, RetryPurchasesAfter: time.Second}))
	err := client.Call(t.Context(), "fc.function.new", map[string]string{"externalId": "order-1"}, nil)
	require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	assert.Equal(t, 1, s.Attempts())
}
