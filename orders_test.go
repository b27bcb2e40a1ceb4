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

// A purchase makes a purchase on a platform.
type purchase func(*testing.T, *selftest.Platform) (*quecloud.OrderReceipt, error)

func topUpWith(params quecloud.RechargeParams) purchase {
	return func(t *testing.T, p *selftest.Platform) (*quecloud.OrderReceipt, error) {
		return p.Client(t).Orders.Recharge(t.Context(), &params)
	}
}

func renewWith(params quecloud.RenewalParams) purchase {
	return func(t *testing.T, p *selftest.Platform) (*quecloud.OrderReceipt, error) {
		return p.Client(t).Orders.Renew(t.Context(), &params)
	}
}

// purchases are a top-up and a renewal, which return the same errors.
var purchases = map[string]purchase{"topup": topUpWith(selftest.Recharge), "renewal": renewWith(selftest.Renewal)}

func TestOrdersAcceptEverySpellingOfAnICCID(t *testing.T) {
	t.Parallel()
	for _, spelling := range []string{"8944476500008878576F", " 8944476500008878576\r\n", "8944476500008878576f"} {
		topUp, renewal := selftest.Recharge, selftest.Renewal
		topUp.Card, renewal.Card = quecloud.ICCID(spelling), quecloud.ICCID(spelling)
		for _, buy := range []purchase{topUpWith(topUp), renewWith(renewal)} {
			platform := selftest.TextPlatform(`{"resultCode":0,"orderNo":"R1"}`)
			_, err := buy(t, platform)
			require.NoError(t, err, "%q", spelling)
			assert.Equal(t, "8944476500008878576", platform.Request(t, 0).Form.Get("iccid"))
		}
	}
}

// A card of a response is sent as the platform spells it.
func TestOrdersSendTheSpellingOfThePlatform(t *testing.T) {
	t.Parallel()
	card := quecloud.Card{ICCID: "898600d6991330004146"}
	topUp, renewal := selftest.Recharge, selftest.Renewal
	topUp.Card, renewal.Card = card.ID(), card.ID()
	for _, buy := range []purchase{topUpWith(topUp), renewWith(renewal)} {
		platform := selftest.TextPlatform(`{"resultCode":0,"orderNo":"R1"}`)
		_, err := buy(t, platform)
		require.NoError(t, err)
		assert.Equal(t, card.ICCID, platform.Request(t, 0).Form.Get("iccid"))
	}
}

// The platform has a parameter iccid for orders, and none for an MSISDN.
func TestOrdersNeedTheICCIDOfTheCard(t *testing.T) {
	t.Parallel()
	topUp, renewal := selftest.Recharge, selftest.Renewal
	topUp.Card, renewal.Card = quecloud.MSISDN("1064800000000"), quecloud.MSISDN("1064800000000")
	wanted := quecloud.FindParams{Card: topUp.Card, Since: time.Now()}
	for _, call := range []purchase{topUpWith(topUp), renewWith(renewal), func(
		t *testing.T, p *selftest.Platform,
	) (*quecloud.OrderReceipt, error) {
		_, err := p.Client(t).Orders.Find(t.Context(), &wanted)
		return nil, err
	}} {
		platform := selftest.TextPlatform(`{"resultCode":0,"orderNo":"R1"}`)
		_, err := call(t, platform)
		require.ErrorAs(t, err, new(*quecloud.ParamError))
		require.ErrorContains(t, err, "parameter iccid: want the card by its ICCID, not by its MSISDN")
		assert.Empty(t, platform.Requests())
	}
}

func TestOrdersDoNotChangeTheirParams(t *testing.T) {
	t.Parallel()
	client := selftest.TextPlatform(`{"resultCode":0,"orderNo":"R1"}`).Client(t)
	renewal := quecloud.RenewalParams{Card: quecloud.ICCID(selftest.ICCID1), Months: 3}
	params := renewal
	_, err := client.Orders.Renew(t.Context(), &params)
	require.NoError(t, err)
	assert.Equal(t, renewal, params)
}

// An order without a number may exist, so the response is neither a success nor a refusal.
func TestOrdersWithoutNumberAreInDoubt(t *testing.T) {
	t.Parallel()
	withoutID := selftest.Recharge
	withoutID.ExternalID = ""
	for name, buy := range map[string]purchase{
		"topup": purchases["topup"], "renewal": purchases["renewal"], "topup without ExternalID": topUpWith(withoutID),
	} {
		for _, response := range []string{
			`{"resultCode":0}`, `{"resultCode":0,"errorMessage":"预校验通过"}`, `{"resultCode":0,"orderNo":null}`,
			`{"resultCode":0,"orderNo":""}`, `{"resultCode":0,"orderNo":[]}`,
		} {
			t.Run(name+response, func(t *testing.T) {
				t.Parallel()
				platform := selftest.TextPlatform(response)
				got, err := buy(t, platform)
				assert.Nil(t, got)
				var bad *quecloud.ResponseError
				require.ErrorAs(t, err, &bad)
				assert.Equal(t, 200, bad.HTTPStatus)
				var field *quecloud.FieldError
				require.ErrorAs(t, err, &field)
				assert.Equal(t, "orderNo", field.Path)
				assert.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
				assert.Len(t, platform.Requests(), 1, "a retry is the caller's decision")
			})
		}
	}
}

func TestOrdersThatAreRefusedWereNotMade(t *testing.T) {
	t.Parallel()
	for name, buy := range purchases {
		got, err := buy(t, selftest.FilePlatform(t, "error.json"))
		assert.Nil(t, got, name)
		assert.ErrorAs(t, err, new(*quecloud.APIError), name)
		assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown, name)
		assert.ErrorContains(t, err, `if ExternalID "`+name+`-1" was ever sent before, look with Orders.Find`)
	}
	withoutID := selftest.Recharge
	withoutID.ExternalID = ""
	_, err := topUpWith(withoutID)(t, selftest.FilePlatform(t, "error.json"))
	assert.NotContains(t, err.Error(), "Orders.Find")
}

// A refusal with an order number names an existing order, such as the first of two purchases with one ExternalID.
func TestOrdersThatAreRefusedWithANumberReturnAReceipt(t *testing.T) {
	t.Parallel()
	for name, buy := range purchases {
		receipt, err := buy(t, selftest.TextPlatform(`{"resultCode":1,"errorMessage":"重复","orderNo":"R1"}`))
		assert.ErrorAs(t, err, new(*quecloud.APIError), name)
		assert.ErrorIs(t, err, quecloud.ErrOutcomeUnknown, name)
		require.NotNil(t, receipt, name)
		assert.Equal(t, "R1", receipt.OrderNo, name)
		assert.Equal(t, name+"-1", receipt.ExternalID)
	}
}

// It is not known whether the platform honours the parameter. An order number means that it does not.
func TestOrdersPreverifiedWithANumberReturnAnErrorAndAReceipt(t *testing.T) {
	t.Parallel()
	topUp, renewal := selftest.Recharge, selftest.Renewal
	topUp.Preverify, topUp.ExternalID = true, ""
	renewal.Preverify, renewal.ExternalID = true, ""
	for _, buy := range []purchase{topUpWith(topUp), renewWith(renewal)} {
		for response, is := range map[string]func(error) bool{
			`{"resultCode":0,"orderNo":"R1"}`:                    selftest.Is[*quecloud.FieldError],
			`{"resultCode":1,"errorMessage":"x","orderNo":"R1"}`: selftest.Is[*quecloud.APIError],
		} {
			receipt, err := buy(t, selftest.TextPlatform(response))
			require.Error(t, err, response)
			assert.True(t, is(err), "%v", err)
			assert.ErrorContains(t, err, `"R1"`)
			require.NotNil(t, receipt, response)
			assert.Equal(t, "R1", receipt.OrderNo)
			assert.True(t, receipt.Preverified)
		}
	}
}

func TestOrdersPreverifiedAndRefusedDoNotMentionFind(t *testing.T) {
	t.Parallel()
	topUp := selftest.Recharge
	topUp.Preverify = true
	receipt, err := topUpWith(topUp)(t, selftest.TextPlatform(`{"resultCode":1,"errorMessage":"余额不足"}`))
	assert.Nil(t, receipt)
	require.ErrorAs(t, err, new(*quecloud.APIError))
	assert.NotContains(t, err.Error(), "Orders.Find")
}

// Malformed members beside the order number must not make a paid order look like a failure.
func TestOrdersIgnoreMalformedMembersBesideTheNumber(t *testing.T) {
	t.Parallel()
	response := `{"resultCode":"0","errorMessage":{"a":[1]},"orderNo":77}`
	receipt, err := purchases["topup"](t, selftest.TextPlatform(response))
	require.NoError(t, err)
	assert.Equal(t, "77", receipt.OrderNo)
}

func TestOrdersRenewByMonthsSendsOneYear(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer()
	defer srv.Close()
	params := &quecloud.RenewalParams{Card: quecloud.ICCID("89860024310000000006"), Months: 3, Preverify: true}
	_, err := srv.Client().Orders.Renew(t.Context(), params)
	require.NoError(t, err)
	assert.Zero(t, params.Years, "the caller's struct is unchanged")
	sent := srv.Requests()[0].Params
	assert.Equal(t, "1", sent["cycle"])
	assert.Equal(t, "3", sent["months"])
}

func TestOrdersDoNotSendNumbersWithInvisibleCharacters(t *testing.T) {
	t.Parallel()
	platform := selftest.FilePlatform(t, "order.details.json")
	orders := platform.Client(t).Orders
	for name, no := range selftest.BadOrderNos {
		_, err := orders.Get(t.Context(), no)
		var bad *quecloud.ParamError
		require.ErrorAs(t, err, &bad, name)
		assert.Equal(t, "orderNo", bad.Param, name)
		assert.Regexp(t, "^[ -~]*$", bad.Reason, "the text makes invisible characters visible")
		_, err = orders.Wait(t.Context(), no)
		require.ErrorAs(t, err, new(*quecloud.ParamError), name)
	}
	assert.Empty(t, platform.Requests())
}

// bubbleServer returns a stand-in for use inside a synctest bubble: without a network, and with the bubble's clock.
func bubbleServer(t *testing.T, opts ...quecloudtest.Option) *quecloudtest.Server {
	srv := quecloudtest.NewUnstartedServer(opts...)
	t.Cleanup(srv.Close)
	return srv
}

// placeOrder buys a data package for a card of the server.
func placeOrder(t *testing.T, client *quecloud.Client) (orderNo string) {
	products, err := client.Orders.FlowPackages(t.Context())
	require.NoError(t, err)
	for card, err := range client.Cards.All(t.Context(), nil) {
		require.NoError(t, err)
		for _, product := range products {
			if card.Carrier == product.Carrier && card.Status == quecloud.CardStatusNormal {
				receipt, err := client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{
					Card: card.ID(), ProductID: product.ProductID, ProductName: product.ProductName, ExternalID: "1",
				})
				require.NoError(t, err)
				return receipt.OrderNo
			}
		}
	}
	t.Fatal("there is no product for any card")
	return ""
}

func TestOrdersWaitReturnsAnOrderThatIsDone(t *testing.T) {
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

func TestOrdersWaitReturnsAFailedOrderWithAnError(t *testing.T) {
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

func TestOrdersWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := bubbleServer(t, quecloudtest.WithOrderDelay(time.Hour))
		orderNo := placeOrder(t, srv.Client())
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		order, err := srv.Client().Orders.Wait(ctx, orderNo, quecloud.PollEvery(7*time.Second))
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		const end = ", last seen as 订单待处理: context deadline exceeded (waited 1m0s)"
		assert.ErrorContains(t, err, "waiting for order "+orderNo+end)
		assert.Nil(t, order)
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

func TestOrdersWaitErrorNamesTheLastState(t *testing.T) {
	t.Parallel()
	const pending = `{"resultCode":0,"details":{"orderStatus":"订单审核中","productprice":1}}`
	for name, end := range map[string]selftest.Step{
		"a refusal": {Body: `{"resultCode":1,"errorMessage":"no such order"}`}, "failures": {Err: errors.New("broken")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, _ := selftest.Scripted(t, []selftest.Step{{Body: pending}, end}, selftest.NoRetry)
				_, err := client.Orders.Wait(t.Context(), "R1")
				require.ErrorContains(t, err, "waiting for order R1, last seen as 订单审核中")
			})
		})
	}
	t.Run("its context, during a call", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		platform := selftest.FuncPlatform(func(context.Context, url.Values) any {
			cancel()
			return []byte(pending)
		})
		_, err := platform.Client(t, selftest.NoRetry).Orders.Wait(ctx, "R1", quecloud.PollEvery(time.Hour))
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("no state", func(t *testing.T) {
		t.Parallel()
		platform := selftest.TextPlatform(`{"resultCode":1,"errorMessage":"no such order"}`)
		_, err := platform.Client(t, selftest.NoRetry).Orders.Wait(t.Context(), "R1")
		require.ErrorAs(t, err, new(*quecloud.APIError))
		assert.NotContains(t, err.Error(), "last seen")
	})
}

func TestOrdersWaitContinuesUntilAFinalStateOrThreeFailures(t *testing.T) {
	t.Parallel()
	state := func(status string) selftest.Step {
		return selftest.Step{Body: `{"resultCode":0,"details":{"orderStatus":"` + status + `","productprice":1}}`}
	}
	pending, unknown, done := state("订单待处理"), state("订单审核中"), state("订单完成")
	refused := selftest.Step{Body: `{"resultCode":1,"errorMessage":"no such order"}`}
	broken, html := selftest.Step{Err: errors.New("broken")}, selftest.Step{Body: "<html>"}
	for name, test := range map[string]struct {
		steps    []selftest.Step // the last one repeats
		requests int
		is       func(error) bool // nil for no error
	}{
		"an unknown state is pending":   {[]selftest.Step{pending, unknown, done}, 3, nil},
		"two failures are tolerated":    {[]selftest.Step{broken, html, done}, 3, nil},
		"and two more after a response": {[]selftest.Step{broken, broken, pending, broken, broken, done}, 6, nil},
		"but not three":                 {[]selftest.Step{pending, broken, broken, broken}, 4, selftest.Is[*url.Error]},
		"a refusal ends it":             {[]selftest.Step{pending, refused}, 2, selftest.Is[*quecloud.APIError]},
		"three malformed responses":     {[]selftest.Step{html}, 3, selftest.Is[*quecloud.ResponseError]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, platform := selftest.Scripted(t, test.steps, selftest.NoRetry)
				order, err := client.Orders.Wait(t.Context(), "1")
				if test.is == nil {
					require.NoError(t, err)
					assert.Equal(t, quecloud.OrderStatusDone, order.Status)
				} else {
					assert.True(t, test.is(err), "%v", err)
					assert.Nil(t, order)
				}
				assert.Len(t, platform.Requests(), test.requests)
			})
		})
	}
}

// A code that the user has marked as "not done, try later" says nothing about the order, however often it comes.
func TestOrdersWaitContinuesAfterNotDoneCodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		busy := selftest.Step{Body: `{"resultCode":77,"errorMessage":"系统繁忙"}`}
		done := selftest.Step{Body: `{"resultCode":0,"details":{"orderStatus":"订单完成","productprice":1}}`}
		steps := []selftest.Step{busy, busy, busy, busy, busy, busy, busy, done}
		policy := quecloud.RetryPolicy{MaxAttempts: 1, NotDoneCodes: []int{77}}
		client, _ := selftest.Scripted(t, steps, quecloud.WithRetry(policy))
		order, err := client.Orders.Wait(t.Context(), "R1", quecloud.PollEvery(time.Minute))
		require.NoError(t, err)
		assert.Equal(t, quecloud.OrderStatusDone, order.Status)

		client, platform := selftest.Scripted(t, steps, selftest.NoRetry)
		_, err = client.Orders.Wait(t.Context(), "R1")
		require.ErrorAs(t, err, new(*quecloud.APIError))
		assert.Len(t, platform.Requests(), 1, "any other refusal ends it")
	})
}

func TestOrdersRenewedMonths(t *testing.T) {
	t.Parallel()
	const renewal = quecloud.OrderTypeRenewal
	for _, tt := range []struct {
		name  string
		order quecloud.Order
		want  int
	}{
		{name: "two years", order: quecloud.Order{Type: renewal, Years: 2}, want: 24},
		{name: "a year", order: quecloud.Order{Type: renewal, Years: 1}, want: 12},
		{name: "a year in months", order: quecloud.Order{Type: renewal, Years: 1, Months: 12}, want: 12},
		{name: "by months", order: quecloud.Order{Type: renewal, Years: 1, Months: 2}, want: 2},
		{name: "months only", order: quecloud.Order{Type: renewal, Months: 3}, want: 3},
		{name: "months of two years", order: quecloud.Order{Type: renewal, Years: 2, Months: 3}, want: 24},
		{name: "failed", order: quecloud.Order{Type: renewal, Years: 1, Status: quecloud.OrderStatusFailed}, want: 12},
		{name: "neither", order: quecloud.Order{Type: renewal}},
		{name: "negative", order: quecloud.Order{Type: renewal, Years: -1}},
		{name: "top-up", order: quecloud.Order{Type: quecloud.OrderTypeRecharge, Years: 1, Months: 1}},
	} {
		assert.Equal(t, tt.want, tt.order.RenewedMonths(), tt.name)
	}
}

func TestOrdersHaveEntriesInTheWallet(t *testing.T) {
	t.Parallel()
	pay := quecloud.WalletEntry{OrderNo: "R1", Amount: selftest.Yuan("-1.5")}
	back := quecloud.WalletEntry{OrderNo: "R1", Amount: selftest.Yuan("1.5")}
	other := quecloud.WalletEntry{OrderNo: "r1", Amount: selftest.Yuan("-2")}
	deposit := quecloud.WalletEntry{Amount: selftest.Yuan("500")}
	wallet := quecloud.Wallet{Entries: []quecloud.WalletEntry{deposit, pay, other, back}}
	for orderNo, want := range map[string][]quecloud.WalletEntry{"R1": {pay, back}, "r1": {other}, "R": nil, "": nil} {
		assert.Equal(t, want, wallet.EntriesOf(orderNo), "%q", orderNo)
	}
}
