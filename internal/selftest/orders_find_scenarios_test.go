package selftest_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// The clock was an hour ahead or behind at the time of the purchase, and Since is by that clock.
func TestOrdersFindFindsAPurchaseMadeWithAWrongClock(t *testing.T) {
	t.Parallel()
	for _, wrong := range []time.Duration{time.Hour, -time.Hour} {
		srv := quecloudtest.NewUnstartedServer(quecloudtest.WithTime(purchaseTime))
		defer srv.Close()
		srv.SetPurchaseRules(quecloudtest.PurchaseRules{Duplicates: quecloudtest.DuplicatesRefused})
		card := srv.AddCard(quecloudtest.Card{})
		now := func() time.Time { return srv.Now().Add(wrong) }
		client := srv.Client(quecloud.WithClock(now))
		purchase := &quecloud.RechargeParams{Card: card.ID(), ProductID: 50, ProductName: "30M-当月", ExternalID: "topup-1"}
		_, err := client.Orders.Recharge(t.Context(), purchase)
		require.ErrorAs(t, err, new(*quecloud.APIError), "and corrects the clock")

		params := &quecloud.FindParams{Card: card.ID(), ExternalID: "topup-1", Since: now()}
		srv.Inject(quecloudtest.CutAfter().On("card.recharge").Times(1))
		_, err = client.Orders.Recharge(t.Context(), purchase)
		require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)

		for name, client := range map[string]*quecloud.Client{
			"the same client": client, "after a restart": srv.Client(quecloud.WithClock(now)),
			"with the right time": srv.Client(),
		} {
			found, err := client.Orders.Find(t.Context(), params)
			require.NoError(t, err, "%s, %v", name, wrong)
			assert.Equal(t, srv.Orders()[0].No, found.Matches[0].OrderNo)
		}
	}
}

func TestOrdersFindUsesTheCorrectedClock(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithTime(purchaseTime))
	defer srv.Close()
	card := srv.AddCard(quecloudtest.Card{})
	_, err := srv.Client().Orders.Recharge(t.Context(), &quecloud.RechargeParams{
		Card: card.ID(), ProductID: 50, ProductName: "30M-当月", ExternalID: "another",
	})
	require.NoError(t, err)
	client := srv.Client(quecloud.WithClock(func() time.Time { return srv.Now().Add(time.Hour) }))
	params := *wanted
	params.Card, params.Since = card.ID(), purchaseTime.Add(time.Hour)
	_, err = client.Orders.Find(t.Context(), &params)
	require.ErrorIs(t, err, quecloud.ErrNotFound)
	require.ErrorContains(t, err, "since 2026-11-02 10:00:00 (2026-11-02 09:00:00 by the platform's clock)")
	require.ErrorContains(t, err, "1 order read")
	assert.NotContains(t, err.Error(), "from the day before Since", "the order was made after Since")
}

// The wallet of a platform may have an order some minutes later.
func TestOrdersFindMayFindAnOrderLater(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithTime(purchaseTime))
	defer srv.Close()
	srv.SetPurchaseRules(quecloudtest.PurchaseRules{
		Duplicates: quecloudtest.DuplicatesRefused, WalletDelay: 3 * time.Minute,
	})
	srv.Inject(quecloudtest.CutAfter().On("card.recharge"))
	card := srv.AddCard(quecloudtest.Card{})
	client := srv.Client()
	_, err := client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{
		Card: card.ID(), ProductID: 50, ProductName: "30M-当月", ExternalID: "topup-1",
	})
	require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	params := &quecloud.FindParams{Card: card.ID(), ExternalID: "topup-1", Since: srv.Now()}
	_, err = client.Orders.Find(t.Context(), params)
	require.ErrorIs(t, err, quecloud.ErrNotFound)
	srv.Advance(3 * time.Minute)
	found, err := client.Orders.Find(t.Context(), params)
	require.NoError(t, err)
	assert.Equal(t, srv.Orders()[0].No, found.Matches[0].OrderNo)
}

func TestOrdersFindReadsAtMostTwentyOrdersTheOldestFirst(t *testing.T) {
	t.Parallel()
	var entries []selftest.Object
	orders := map[string]any{}
	for i := range 50 { // the latest first, as in the vendor's example
		no := fmt.Sprint("R", 49-i)
		at := purchaseTime.Add(time.Duration(49-i) * time.Second)
		entries = append(entries, entry(no, selftest.ICCID3, at.Format(time.DateTime)))
		orders[no] = orderOf(selftest.ICCID3, "other")
	}
	platform := walletPlatform(entries, orders)
	found, err := find(t, platform, wanted)
	require.ErrorContains(t, err, "none of the first 20 of 50 orders matches")
	assert.NotErrorIs(t, err, quecloud.ErrNotFound, "it has not read all orders")
	assert.Len(t, platform.Requests(), 21)
	require.Len(t, found.Unread, 30)
	assert.Equal(t, "R20", found.Unread[0])

	orders["R19"] = orderOf(selftest.ICCID3, "topup-1")
	found, err = find(t, platform, wanted)
	require.NoError(t, err)
	assert.Equal(t, []string{"R19"}, orderNos(found.Matches))

	later := *wanted
	later.Since = purchaseTime.Add(time.Hour)
	orders["R19"], orders["R20"] = orderOf(selftest.ICCID3, "other"), orderOf(selftest.ICCID3, "topup-1")
	found, err = find(t, platform, &later)
	require.ErrorContains(t, err, "none of the first 20 of 50 orders matches")
	require.Len(t, found.Unread, 30)
	assert.Equal(t, "R29", found.Unread[0], "the latest of the day before first")
}

// The numbers of 50,000 orders are distinct: with lookups in a list the test takes half a minute.
func TestOrdersFindCopesWithALargeWallet(t *testing.T) {
	t.Parallel()
	wallet := []byte(`{"resultCode":0,"money":1,"billingDetails":[{"changeMoney":500}`)
	for i := range 100_000 {
		const entry = `,{"changeMoney":-1,"handleTime":"2026-11-02 09:00:05","iccid":%q,"orderNo":"R%06d"}`
		wallet = fmt.Appendf(wallet, entry, selftest.ICCID3, i/2)
	}
	wallet = append(wallet, "]}"...)
	platform := selftest.FuncPlatform(func(_ context.Context, form url.Values) any {
		switch form.Get("orderNo") {
		case "":
			return wallet
		case "R000019":
			return selftest.Object{"resultCode": 0, "details": orderOf(selftest.ICCID3, "topup-1")}
		}
		return selftest.Object{"resultCode": 0, "details": orderOf(selftest.ICCID3, "other")}
	})
	found, err := find(t, platform, wanted)
	require.NoError(t, err)
	assert.Len(t, found.Matches, 1)
	assert.Len(t, found.Unread, 50_000-20)
}
