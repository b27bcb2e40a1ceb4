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
	client, s := selftest.Scripted(t, []selftest.Step{{Status: 500}})
	for _, blank := range []string{" ", "\t\n", "　"} {
		for _, err := range []error{
			second(client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{ICCID: selftest.CardICCID, ProductID: 1, ProductName: "x", ExternalID: blank})),
			second(client.Orders.Renew(t.Context(), &quecloud.RenewalParams{ICCID: selftest.CardICCID, Years: 1, ExternalID: blank})),
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

// Only a client that has opted in sends a purchase again that the platform may have received, only under an ExternalID, and
// not at once.
func TestRetryOfPurchasesIsOptIn(t *testing.T) {
	t.Parallel()
	const after = 20 * time.Second
	lost := selftest.Step{Err: io.ErrUnexpectedEOF}
	refused := selftest.Step{Body: `{"resultCode":5,"errorMessage":"重复订单"}`}
	for name, tt := range map[string]struct {
		kind   int // in kindCalls
		params *quecloud.RechargeParams
		steps  []selftest.Step
		delays []time.Duration
		err    bool
		doubt  bool
	}{
		"lost, then bought":      {kind: 3, steps: []selftest.Step{lost, {Body: selftest.Success}}, delays: []time.Duration{after}},
		"504, then bought":       {kind: 3, steps: []selftest.Step{{Status: 504}, {Body: selftest.Success}}, delays: []time.Duration{after}},
		"lost again and again":   {kind: 3, steps: []selftest.Step{lost}, delays: []time.Duration{after, after, after}, err: true, doubt: true},
		"lost, then refused":     {kind: 3, steps: []selftest.Step{lost, refused}, delays: []time.Duration{after}, err: true, doubt: true},
		"lost, then not sent":    {kind: 3, steps: []selftest.Step{lost, {Unsent: io.EOF}, {Body: selftest.Success}}, delays: []time.Duration{after, after}},
		"lost, then 429":         {kind: 3, steps: []selftest.Step{lost, {Status: 429, Header: selftest.RetryAfter("2")}, {Body: selftest.Success}}, delays: []time.Duration{after, after}},
		"503 that asks for more": {kind: 3, steps: []selftest.Step{{Status: 503, Header: selftest.RetryAfter("30")}, {Body: selftest.Success}}, delays: []time.Duration{30 * time.Second}},
		"refused with an order":  {kind: 3, steps: []selftest.Step{{Status: 500, Body: `{"resultCode":5,"orderNo":"R1"}`}}, err: true, doubt: true},
		"a page":                 {kind: 3, steps: []selftest.Step{{Body: selftest.HTMLPage}}, err: true, doubt: true},
		"not sent":               {kind: 3, steps: []selftest.Step{{Unsent: io.EOF}, {Body: selftest.Success}}, delays: []time.Duration{0}},
		"without an ExternalID":  {kind: 2, steps: []selftest.Step{lost}, err: true, doubt: true},
		"another change":         {kind: 1, steps: []selftest.Step{lost}, err: true, doubt: true},
		"only to be verified":    {kind: -1, steps: []selftest.Step{lost}, err: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, s := selftest.Scripted(t, tt.steps, quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 4, MaxRetryAfter: time.Minute, RetryPurchasesAfter: after}))
				call := func(ctx context.Context, c *quecloud.Client) error {
					_, err := c.Orders.Recharge(ctx, &quecloud.RechargeParams{ICCID: selftest.CardICCID, ProductID: 50, ProductName: "30M", ExternalID: "o", Preverify: true})
					return err
				}
				if tt.kind >= 0 {
					call = selftest.Calls[tt.kind].Do
				}
				err := call(t.Context(), client)
				assert.Equal(t, tt.err, err != nil, "%v", err)
				assert.Equal(t, tt.doubt, errors.Is(err, quecloud.ErrOutcomeUnknown), "%v", err)
				assert.Equal(t, tt.delays, selftest.DelaysBetween(s.Times()))
				if tt.doubt && tt.kind == 3 {
					require.ErrorContains(t, err, `look with Orders.Find for ExternalID "order-1" before trying again`)
				}
			})
		})
	}
}

func TestRetryOfPurchasesIsForPurchases(t *testing.T) {
	t.Parallel()
	client, s := selftest.Scripted(t, []selftest.Step{{Status: 504}}, quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 4, RetryPurchasesAfter: time.Second}))
	err := client.Call(t.Context(), "fc.function.new", map[string]string{"externalId": "order-1"}, nil)
	require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	assert.Equal(t, 1, s.Attempts())
}
