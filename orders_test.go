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
	"github.com/quecloud/quecloud-go/internal/selftest"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

var (
	recharge = quecloud.RechargeParams{
		ICCID: iccid3, ProductID: 52, ProductName: "1G-定向", Remark: "备注 A&B", ExternalID: "topup-1",
	}
	renewal = quecloud.RenewalParams{
		ICCID: iccid3, ProductID: 51, ProductName: "30M/月", Years: 1, Months: 2, Remark: "一月续费", ExternalID: "renewal-1",
	}
)

func buy(params quecloud.RechargeParams) func(context.Context, *quecloud.Client) (any, error) {
	return func(ctx context.Context, c *quecloud.Client) (any, error) {
		return result(c.Orders.Recharge(ctx, &params))
	}
}

func renew(params quecloud.RenewalParams) func(context.Context, *quecloud.Client) (any, error) {
	return func(ctx context.Context, c *quecloud.Client) (any, error) {
		return result(c.Orders.Renew(ctx, &params))
	}
}

// What AT+QCCID prints, and what lists hold, is sent as the platform knows it.
func TestPurchasesTakeAnICCIDInAllItsSpellings(t *testing.T) {
	t.Parallel()
	for _, spelling := range []string{"8944476500008878576F", " 8944476500008878576\r\n", "8944476500008878576f"} {
		topUp, extend := recharge, renewal
		topUp.ICCID, extend.ICCID = spelling, spelling
		for _, call := range []func(context.Context, *quecloud.Client) (any, error){buy(topUp), renew(extend)} {
			platform := newPlatform(answerText(`{"resultCode":0,"orderNo":"R1"}`))
			_, err := call(t.Context(), platform.client(t))
			require.NoError(t, err, "%q", spelling)
			assert.Equal(t, "8944476500008878576", platform.params(t, 0).Get("iccid"))
		}
		assert.Equal(t, spelling, topUp.ICCID, "the caller's struct is left alone")
		found, err := findPlatform([]object{entry("A", "8944476500008878576F", "2026-11-02 09:00:05")},
			map[string]any{"A": orderOf("8944476500008878576", "topup-1")}).client(t).
			Orders.Find(t.Context(), &quecloud.FindParams{ICCID: spelling, ExternalID: "topup-1", Since: findSince})
		require.NoError(t, err)
		assert.Len(t, found.Matches, 1)
	}
}

// An order that has no number may exist: nobody may take the answer for a success, nor for a refusal.
func TestAnOrderWithoutANumberIsABadAnswerOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, *quecloud.Client) (any, error){
		"recharge": buy(recharge), "renewal": renew(renewal),
		"recharge without ExternalID": buy(quecloud.RechargeParams{ICCID: iccid1, ProductID: 50, ProductName: "30M-当月"}),
	} {
		for _, answer := range []string{
			`{"resultCode":0}`, `{"resultCode":0,"errorMessage":"预校验通过"}`, `{"resultCode":0,"orderNo":null}`,
			`{"resultCode":0,"orderNo":""}`, `{"resultCode":0,"orderNo":[]}`,
		} {
			t.Run(name+answer, func(t *testing.T) {
				t.Parallel()
				platform := newPlatform(answerText(answer))
				got, err := call(t.Context(), platform.client(t))
				assert.Nil(t, got)
				var bad *quecloud.ResponseError
				require.ErrorAs(t, err, &bad)
				assert.Equal(t, 200, bad.HTTPStatus)
				var field *quecloud.FieldError
				require.ErrorAs(t, err, &field)
				assert.Equal(t, "orderNo", field.Path)
				assert.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
				assert.Len(t, platform.requests, 1, "the platform has answered: asking again is the caller's decision")
			})
		}
	}
}

func TestAPurchaseThatThePlatformRefusesWasNotMade(t *testing.T) {
	t.Parallel()
	for _, call := range []func(context.Context, *quecloud.Client) (any, error){buy(recharge), renew(renewal)} {
		got, err := call(t.Context(), newPlatform(answerFile(t, "error.json")).client(t))
		assert.Nil(t, got)
		assert.ErrorAs(t, err, new(*quecloud.APIError))
		assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	}
}

// A refusal that tells an order is about something that exists, such as the first of two purchases under one ExternalID.
func TestARefusalWithAnOrderNumberGivesTheReceipt(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, *quecloud.Client) (any, error){"recharge": buy(recharge), "renewal": renew(renewal)} {
		got, err := call(t.Context(), newPlatform(answerText(`{"resultCode":1,"errorMessage":"重复","orderNo":"R1"}`)).client(t))
		assert.ErrorAs(t, err, new(*quecloud.APIError), name)
		assert.ErrorIs(t, err, quecloud.ErrOutcomeUnknown, name)
		require.NotNil(t, got, name)
		receipt := got.(*quecloud.OrderReceipt)
		assert.Equal(t, "R1", receipt.OrderNo, name)
		assert.Equal(t, map[string]string{"recharge": "topup-1", "renewal": "renewal-1"}[name], receipt.ExternalID)
	}
}

func TestARefusalUnderAnExternalIDSaysWhereToLook(t *testing.T) {
	t.Parallel()
	for _, call := range []func(context.Context, *quecloud.Client) (any, error){buy(recharge), renew(renewal)} {
		_, err := call(t.Context(), newPlatform(answerFile(t, "error.json")).client(t))
		assert.Regexp(t, `if ExternalID "(topup|renewal)-1" was ever sent before, look with Orders.Find`, err)
	}
	without := recharge
	without.ExternalID = ""
	_, err := buy(without)(t.Context(), newPlatform(answerFile(t, "error.json")).client(t))
	assert.NotContains(t, err.Error(), "Orders.Find")
}

// Whether the platform heeds the parameter has not been seen: an order number means that it did not.
func TestAPreverificationThatTellsAnOrderIsAnErrorWithTheReceipt(t *testing.T) {
	t.Parallel()
	topUp, extend := recharge, renewal
	topUp.Preverify, topUp.ExternalID = true, ""
	extend.Preverify, extend.ExternalID = true, ""
	for _, call := range []func(context.Context, *quecloud.Client) (any, error){buy(topUp), renew(extend)} {
		for _, test := range []struct {
			answer string
			is     func(error) bool
		}{
			{`{"resultCode":0,"orderNo":"R1"}`, is[*quecloud.FieldError]},
			{`{"resultCode":1,"errorMessage":"x","orderNo":"R1"}`, is[*quecloud.APIError]},
		} {
			got, err := call(t.Context(), newPlatform(answerText(test.answer)).client(t))
			require.Error(t, err, test.answer)
			assert.True(t, test.is(err), "%v", err)
			assert.ErrorContains(t, err, `"R1"`)
			require.NotNil(t, got, test.answer)
			assert.Equal(t, "R1", got.(*quecloud.OrderReceipt).OrderNo)
			assert.True(t, got.(*quecloud.OrderReceipt).Preverified)
		}
	}
}

func TestARefusedPreverificationSendsNobodyLooking(t *testing.T) {
	t.Parallel()
	topUp := recharge
	topUp.Preverify = true
	got, err := buy(topUp)(t.Context(), newPlatform(answerText(`{"resultCode":1,"errorMessage":"余额不足"}`)).client(t))
	assert.Nil(t, got)
	require.ErrorAs(t, err, new(*quecloud.APIError))
	assert.NotContains(t, err.Error(), "Orders.Find", "nothing was to be bought")
}

// What the platform says beside the receipt must not make a paid order look like a failure.
func TestRubbishBesideTheOrderNumberDoesNotHideAPurchase(t *testing.T) {
	t.Parallel()
	got, err := buy(recharge)(t.Context(), newPlatform(answerText(`{"resultCode":"0","errorMessage":{"a":[1]},"orderNo":77}`)).client(t))
	require.NoError(t, err)
	assert.Equal(t, "77", got.(*quecloud.OrderReceipt).OrderNo)
}

func TestARenewalByMonthsNeedsNoYears(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer()
	defer srv.Close()
	params := &quecloud.RenewalParams{ICCID: "89860024310000000006", Months: 3, Preverify: true}
	_, err := srv.Client().Orders.Renew(t.Context(), params)
	require.NoError(t, err)
	assert.Zero(t, params.Years, "the caller's struct is left alone")
	sent := srv.Requests()[0].Params
	assert.Equal(t, "1", sent["cycle"])
	assert.Equal(t, "3", sent["months"])
}

func TestOrderNumbersWithWhatNobodySeesAreNotSent(t *testing.T) {
	t.Parallel()
	platform := newPlatform(answerFile(t, "order.details.json"))
	orders := platform.client(t).Orders
	for name, no := range selftest.BadOrderNos {
		_, err := orders.Get(t.Context(), no)
		var bad *quecloud.ParamError
		require.ErrorAs(t, err, &bad, name)
		assert.Equal(t, "orderNo", bad.Param, name)
		assert.Regexp(t, "^[ -~]*$", bad.Reason, "it shows what nobody sees")
		_, err = orders.Wait(t.Context(), no)
		require.ErrorAs(t, err, new(*quecloud.ParamError), name)
	}
	assert.Empty(t, platform.requests)
}

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
