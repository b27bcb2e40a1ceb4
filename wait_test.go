package quecloud_test

import (
	"context"
	"errors"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// bubbleServer is a stand-in that a bubble of synctest can hold: no network, and a clock that runs with the bubble's.
func bubbleServer(t *testing.T, opts ...quecloudtest.Option) *quecloudtest.Server {
	srv := quecloudtest.NewUnstartedServer(opts...)
	t.Cleanup(srv.Close)
	return srv
}

// placeOrder orders something for a card of the server's.
func placeOrder(t *testing.T, client *quecloud.Client) (orderNo string) {
	products, err := client.Orders.FlowPackages(t.Context())
	require.NoError(t, err)
	for card, err := range client.Cards.All(t.Context(), nil) {
		require.NoError(t, err)
		for _, product := range products {
			if card.Carrier == product.Carrier && card.Status == quecloud.CardStatusNormal {
				receipt, err := client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{
					ICCID: card.ICCID, ProductID: product.ProductID, ProductName: product.ProductName, ExternalID: "1",
				})
				require.NoError(t, err)
				return receipt.OrderNo
			}
		}
	}
	t.Fatal("no card and product go together")
	return ""
}

func TestWaitReturnsAnOrderThatIsDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := bubbleServer(t, quecloudtest.WithOrderDelay(5*time.Minute))
		client := srv.Client()
		orderNo, start := placeOrder(t, client), time.Now()
		order, err := client.Orders.Wait(t.Context(), orderNo, quecloud.PollEvery(2*time.Minute))
		require.NoError(t, err)
		assert.Equal(t, quecloud.OrderStatusDone, order.Status)
		assert.Equal(t, 6*time.Minute, time.Since(start))
		assert.Len(t, srv.RequestsOf("fc.function.order.details"), 4)
	})
}

func TestWaitReturnsAnOrderThatHasFailedWithAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := bubbleServer(t, quecloudtest.WithOrderDelay(time.Minute))
		srv.FailOrders(1, "no coverage")
		order, err := srv.Client().Orders.Wait(t.Context(), placeOrder(t, srv.Client()))
		require.ErrorIs(t, err, quecloud.ErrOrderFailed)
		require.NotNil(t, order)
		assert.Equal(t, quecloud.OrderStatusFailed, order.Status)
		assert.ErrorContains(t, err, order.OrderNo)
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := bubbleServer(t, quecloudtest.WithOrderDelay(time.Hour))
		orderNo := placeOrder(t, srv.Client())
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		order, err := srv.Client().Orders.Wait(ctx, orderNo, quecloud.PollEvery(7*time.Second))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "waiting for order "+orderNo+", last seen as 订单待处理: context deadline exceeded (waited 1m0s)")
		assert.Nil(t, order)
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

func TestWaitNamesTheLastStateHoweverItEnds(t *testing.T) {
	t.Parallel()
	pending := object{"resultCode": 0, "details": object{"orderStatus": "订单审核中", "productprice": 1}}
	for name, end := range map[string]any{"a refusal": refusal("no such order"), "failures": errors.New("broken")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				platform := &stub{}
				platform.answer = func(context.Context, url.Values) any {
					if platform.calls() == 1 {
						return pending
					}
					return end
				}
				_, err := platform.client(t).Orders.Wait(t.Context(), "R1")
				require.ErrorContains(t, err, "waiting for order R1, last seen as 订单审核中")
			})
		})
	}
	t.Run("its context, within a call", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		platform := &stub{answer: func(context.Context, url.Values) any {
			cancel()
			return pending
		}}
		_, err := platform.client(t).Orders.Wait(ctx, "R1", quecloud.PollEvery(time.Hour))
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("nothing was seen", func(t *testing.T) {
		t.Parallel()
		platform := &stub{answer: func(context.Context, url.Values) any { return refusal("no such order") }}
		_, err := platform.client(t).Orders.Wait(t.Context(), "R1")
		require.ErrorAs(t, err, new(*quecloud.APIError))
		assert.NotContains(t, err.Error(), "last seen")
	})
}

func TestWaitKeepsAskingWhileTheAnswerSaysNothing(t *testing.T) {
	t.Parallel()
	pending := object{"resultCode": 0, "details": object{"orderStatus": "订单待处理", "productprice": 1}}
	unheardOf := object{"resultCode": 0, "details": object{"orderStatus": "订单审核中", "productprice": 1}}
	done := object{"resultCode": 0, "details": object{"orderStatus": "订单完成", "productprice": 1}}
	broken := errors.New("broken")
	tests := map[string]struct {
		answers []any // the last comes again and again
		calls   int
		is      func(error) bool // what the error has to be
	}{
		"an unknown state passes":                 {[]any{pending, unheardOf, done}, 3, nil},
		"two failures are borne":                  {[]any{broken, []byte("<html>"), done}, 3, nil},
		"and two more after an answer":            {[]any{broken, broken, pending, broken, broken, done}, 6, nil},
		"but not three":                           {[]any{pending, broken, broken, broken}, 4, is[*url.Error]},
		"a refusal ends it":                       {[]any{pending, refusal("no such order")}, 2, is[*quecloud.APIError]},
		"a page that is not the protocol, thrice": {[]any{[]byte("<html>")}, 3, is[*quecloud.ResponseError]},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				platform := &stub{}
				platform.answer = func(context.Context, url.Values) any {
					return test.answers[min(platform.calls(), len(test.answers))-1]
				}
				order, err := platform.client(t).Orders.Wait(t.Context(), "1")
				if test.is == nil {
					require.NoError(t, err)
					assert.Equal(t, quecloud.OrderStatusDone, order.Status)
				} else {
					assert.True(t, test.is(err), "%v", err)
					assert.Nil(t, order)
				}
				assert.Equal(t, test.calls, platform.calls())
			})
		})
	}
}

// A code of which the user has learnt that it passes says nothing about the order, however often it comes.
func TestWaitGoesOnAfterCodesThatMeanNotDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		platform := &stub{answer: func(context.Context, url.Values) any {
			if asked++; asked < 8 {
				return object{"resultCode": 77, "errorMessage": "系统繁忙"}
			}
			return object{"resultCode": 0, "details": object{"orderStatus": "订单完成", "productprice": 1}}
		}}
		policy := quecloud.RetryPolicy{MaxAttempts: 1, NotDoneCodes: []int{77}}
		client, err := platform.client(t).With(quecloud.WithRetry(policy))
		require.NoError(t, err)
		order, err := client.Orders.Wait(t.Context(), "R1", quecloud.PollEvery(time.Minute))
		require.NoError(t, err)
		assert.Equal(t, quecloud.OrderStatusDone, order.Status)

		asked = 0
		_, err = platform.client(t).Orders.Wait(t.Context(), "R1")
		require.ErrorAs(t, err, new(*quecloud.APIError))
		assert.Equal(t, 1, asked, "any other refusal ends it")
	})
}
