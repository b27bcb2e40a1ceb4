package quecloud_test

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// findPlatform is a stub with a wallet and the orders in it. An order that is missing is refused.
func findPlatform(entries []object, orders map[string]any) *stub {
	return &stub{answer: func(_ context.Context, form url.Values) any {
		if form.Get("method") == "fc.function.wallet.details" {
			return object{"resultCode": 0, "money": 1, "billingDetails": entries}
		}
		order, ok := orders[form.Get("orderNo")]
		if !ok {
			return refusal("no such order")
		}
		if details, ok := order.(object); ok {
			return object{"resultCode": 0, "details": details}
		}
		return order
	}}
}

func entry(orderNo, iccid, handleTime string) object {
	return object{"changeMoney": -1.5, "handleType": "流量包充值", "orderNo": orderNo, "iccid": iccid, "handleTime": handleTime}
}

func orderOf(iccid, externalID string) object {
	return object{"orderStatus": "订单完成", "productprice": 1.5, "iccid": iccid, "externalId": externalID}
}

// numbersOf are the numbers of orders.
func numbersOf(orders []quecloud.Order) (numbers []string) {
	for _, o := range orders {
		numbers = append(numbers, o.OrderNo)
	}
	return numbers
}

var (
	findSince = time.Date(2026, 11, 2, 9, 0, 0, 0, quecloud.ChinaStandardTime)
	findMine  = &quecloud.FindParams{ICCID: iccid3, ExternalID: "topup-1", Since: findSince}
)

func TestFindTellsMatchesFromCandidates(t *testing.T) {
	t.Parallel()
	const at = "2026-11-02 09:00:05"
	tests := map[string]struct {
		params     *quecloud.FindParams
		entries    []object
		orders     map[string]any
		matches    []string
		candidates []string
		read       int // orders that are asked for
	}{
		"the order itself": {
			entries: []object{entry("A", iccid3, at)}, orders: map[string]any{"A": orderOf(iccid3, "topup-1")},
			matches: []string{"A"}, read: 1,
		},
		"one that tells no ID": {
			entries: []object{entry("A", iccid3, at)}, orders: map[string]any{"A": orderOf(iccid3, "")},
			candidates: []string{"A"}, read: 1,
		},
		"another purchase's": {
			entries: []object{entry("A", iccid3, at)}, orders: map[string]any{"A": orderOf(iccid3, "topup-10")}, read: 1,
		},
		"an ID in other case": {
			entries: []object{entry("A", iccid3, at)}, orders: map[string]any{"A": orderOf(iccid3, "TOPUP-1")},
			candidates: []string{"A"}, read: 1,
		},
		"an ID with a blank": {
			entries: []object{entry("A", iccid3, at)}, orders: map[string]any{"A": orderOf(iccid3, " topup-1")},
			candidates: []string{"A"}, read: 1,
		},
		"bought twice, among others": {
			entries: []object{entry("D", iccid3, "2026-11-02 09:03:00"), entry("C", iccid3, "2026-11-02 09:02:00"), entry("B", iccid3, "2026-11-02 09:01:00"), entry("A", iccid3, at)},
			orders: map[string]any{
				"A": orderOf(iccid3, "topup-1"), "B": orderOf(iccid3, ""), "C": orderOf(iccid3, "topup-2"), "D": orderOf(iccid3, "topup-1"),
			},
			matches: []string{"A", "D"}, candidates: []string{"B"}, read: 4,
		},
		"an order whose money came back": {
			entries: []object{entry("A", iccid3, "2026-11-02 09:09:00"), entry("A", iccid3, at)},
			orders:  map[string]any{"A": orderOf(iccid3, "topup-1")}, matches: []string{"A"}, read: 1,
		},
		"other cards and money paid in": {
			entries: []object{entry("A", iccid1, at), {"changeMoney": 500, "handleTime": at, "iccid": nil, "orderNo": nil}},
		},
		"an entry that tells no card": {
			entries: []object{entry("A", "", at), entry("B", "", at)},
			orders:  map[string]any{"A": orderOf(iccid1, ""), "B": orderOf(iccid3, "")}, candidates: []string{"B"}, read: 2,
		},
		"19 of 20 digits": {
			entries: []object{entry("A", iccid3[:19], at)}, orders: map[string]any{"A": orderOf(iccid3[:19], "")},
			candidates: []string{"A"}, read: 1,
		},
		"minutes before, as clocks differ, and nothing before that": {
			entries: []object{entry("A", iccid3, "2026-11-02 08:55:00"), entry("B", iccid3, "2026-11-02 08:54:59")},
			orders:  map[string]any{"A": orderOf(iccid3, "topup-1")}, matches: []string{"A"}, read: 1,
		},
		"an entry without a time": {
			entries: []object{entry("A", iccid3, "")}, orders: map[string]any{"A": orderOf(iccid3, "topup-1")}, matches: []string{"A"}, read: 1,
		},
		"a purchase without an ID": {
			params:  &quecloud.FindParams{ICCID: iccid3, Since: findSince},
			entries: []object{entry("A", iccid3, at), entry("B", iccid3, at)},
			orders:  map[string]any{"A": orderOf(iccid3, ""), "B": orderOf(iccid3, "topup-2")}, candidates: []string{"A"}, read: 2,
		},
		"an empty wallet": {},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			params := findMine
			if test.params != nil {
				params = test.params
			}
			platform := findPlatform(test.entries, test.orders)
			found, err := platform.client(t).Orders.Find(t.Context(), params)
			require.NotNil(t, found)
			assert.Equal(t, test.matches, numbersOf(found.Matches))
			assert.Equal(t, test.candidates, numbersOf(found.Candidates))
			assert.Empty(t, found.Unread)
			assert.Equal(t, 1+test.read, platform.calls())
			if test.matches != nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, quecloud.ErrNotFound)
			}
		})
	}
}

func TestFindSaysHowFarItLooked(t *testing.T) {
	t.Parallel()
	platform := findPlatform(
		[]object{entry("B", iccid3, "2026-11-02 09:00:05"), entry("A", iccid1, "2026-10-01 10:00:00")},
		map[string]any{"B": orderOf(iccid3, "")})
	_, err := platform.client(t).Orders.Find(t.Context(), findMine)
	require.EqualError(t, err, "quecloud: wallet.details: looking for an order of card "+iccid3+` with ExternalID "topup-1" since 2026-11-02 09:00:00`+
		" in a wallet that goes back to 2026-10-01 10:00:00: no such order was found, which does not mean that there is none: "+
		"1 order read, 1 candidate")

	_, err = findPlatform(nil, nil).client(t).Orders.Find(t.Context(), findMine)
	require.ErrorContains(t, err, " in an empty wallet: ")
	require.ErrorContains(t, err, ": no orders read, no candidates")
	_, err = findPlatform([]object{entry("A", iccid1, "")}, nil).client(t).Orders.Find(t.Context(), findMine)
	require.ErrorContains(t, err, " in a wallet without times: ")
}

// The program that bought had a clock that was an hour ahead, which its client noticed. Since is by that clock.
func TestFindFindsWhatWasBoughtWhileTheClockWasWrong(t *testing.T) {
	t.Parallel()
	for _, wrong := range []time.Duration{time.Hour, -time.Hour} {
		srv := quecloudtest.NewUnstartedServer(quecloudtest.WithTime(findSince))
		defer srv.Close()
		srv.SetPurchaseRules(quecloudtest.PurchaseRules{Duplicates: quecloudtest.DuplicatesRefused})
		card := srv.AddCard(quecloudtest.Card{})
		now := func() time.Time { return srv.Now().Add(wrong) }
		client := srv.Client(quecloud.WithClock(now))
		purchase := &quecloud.RechargeParams{ICCID: card.ICCID, ProductID: 50, ProductName: "30M-当月", ExternalID: "topup-1"}
		_, err := client.Orders.Recharge(t.Context(), purchase)
		require.ErrorAs(t, err, new(*quecloud.APIError), "and the clock is corrected")

		params := &quecloud.FindParams{ICCID: card.ICCID, ExternalID: "topup-1", Since: now()}
		srv.Inject(quecloudtest.CutAfter().On("card.recharge").Times(1))
		_, err = client.Orders.Recharge(t.Context(), purchase)
		require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)

		for name, client := range map[string]*quecloud.Client{
			"the same client": client, "after a restart": srv.Client(quecloud.WithClock(now)), "a clock set right since": srv.Client(),
		} {
			found, err := client.Orders.Find(t.Context(), params)
			require.NoError(t, err, "%s, %v", name, wrong)
			assert.Equal(t, srv.Orders()[0].No, found.Matches[0].OrderNo)
		}
	}
}

func TestFindUsesTheCorrectedClockToTellWhatIsLater(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithTime(findSince))
	defer srv.Close()
	client := srv.Client(quecloud.WithClock(func() time.Time { return srv.Now().Add(time.Hour) }))
	params := *findMine
	params.Since = findSince.Add(time.Hour)
	_, err := client.Orders.Find(t.Context(), &params)
	require.ErrorIs(t, err, quecloud.ErrNotFound)
	assert.ErrorContains(t, err, "since 2026-11-02 10:00:00 (2026-11-02 09:00:00 by the platform's clock)")
}

// Since may be by a clock that was wrong, of which nobody knows any more.
func TestFindLooksAtTheDayBeforeToo(t *testing.T) {
	t.Parallel()
	const ahead, since = "2026-11-02 08:00:00", "2026-11-02 09:00:05"
	tests := map[string]struct {
		entries    []object
		orders     map[string]any
		matches    []string
		candidates []string
		read       int
		says       string
	}{
		"the order itself, and again": {
			entries: []object{entry("A", iccid3, ahead), entry("B", iccid3, "2026-11-01 23:00:00")},
			orders:  map[string]any{"A": orderOf(iccid3, "topup-1"), "B": orderOf(iccid3, "topup-1")}, matches: []string{"A", "B"}, read: 2,
		},
		"one that tells no ID": {
			entries: []object{entry("A", iccid3, ahead)}, orders: map[string]any{"A": orderOf(iccid3, "")}, candidates: []string{"A"}, read: 1,
			says: "1 order read (1 from the day before Since: check the clock that it was taken from), 1 candidate",
		},
		"after those since": {
			entries: []object{entry("A", iccid3, ahead), entry("B", iccid3, since)},
			orders:  map[string]any{"A": orderOf(iccid3, ""), "B": orderOf(iccid3, "")}, candidates: []string{"B", "A"}, read: 2,
			says: "2 orders read (1 from the day before Since: check the clock that it was taken from), 2 candidates",
		},
		"another purchase's": {
			entries: []object{entry("A", iccid3, ahead)}, orders: map[string]any{"A": orderOf(iccid3, "topup-2")}, read: 1,
			says: "1 order read (1 from the day before Since: check the clock that it was taken from), no candidates",
		},
		"not when it was found since": {
			entries: []object{entry("A", iccid3, ahead), entry("B", iccid3, since)},
			orders:  map[string]any{"A": orderOf(iccid3, ""), "B": orderOf(iccid3, "topup-1")}, matches: []string{"B"}, read: 1,
		},
		"an order whose money came back": {
			entries: []object{entry("A", iccid3, since), entry("A", iccid3, ahead), entry("A", iccid3, ahead)},
			orders:  map[string]any{"A": orderOf(iccid3, "")}, candidates: []string{"A"}, read: 1, says: "1 order read, 1 candidate",
		},
		"other cards, unknown ones, and the day before that": {
			entries: []object{entry("A", iccid1, ahead), entry("B", "", ahead), entry("C", iccid3, "2026-11-01 08:54:59")},
			says:    "no orders read, no candidates",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			platform := findPlatform(test.entries, test.orders)
			found, err := platform.client(t).Orders.Find(t.Context(), findMine)
			require.NotNil(t, found)
			assert.Equal(t, test.matches, numbersOf(found.Matches))
			assert.Equal(t, test.candidates, numbersOf(found.Candidates))
			assert.Empty(t, found.Unread)
			assert.Equal(t, 1+test.read, platform.calls())
			if test.matches != nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, quecloud.ErrNotFound)
				assert.ErrorContains(t, err, test.says)
			}
		})
	}
}

// Money that was spent on the card is a sign of an order, though nobody can ask for it.
func TestFindSaysWhatHasNoOrderNumber(t *testing.T) {
	t.Parallel()
	const at = "2026-11-02 09:00:05"
	refund := entry("", iccid3, at)
	refund["changeMoney"] = 1.5
	for name, test := range map[string]struct {
		entries []object
		text    string // "" for ErrNotFound
	}{
		"money spent on the card":    {[]object{entry("", iccid3, at), entry("A", iccid3, at), entry("", iccid3, at)}, "2 entries of the card without an order number cannot be read"},
		"at a time that is not told": {[]object{entry("", iccid3, "")}, "1 entry of the card without an order number cannot be read"},
		"on the day before":          {[]object{entry("", iccid3, "2026-11-01 23:00:00")}, "1 entry of the card without an order number cannot be read"},
		"before that":                {[]object{entry("", iccid3, "2026-10-01 09:00:00")}, ""},
		"on another card":            {[]object{entry("", iccid1, at), entry("", "", at)}, ""},
		"money that came back":       {[]object{refund}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			platform := findPlatform(test.entries, map[string]any{"A": orderOf(iccid3, "other")})
			found, err := platform.client(t).Orders.Find(t.Context(), findMine)
			require.Error(t, err)
			assert.NotNil(t, found)
			if test.text == "" {
				assert.ErrorIs(t, err, quecloud.ErrNotFound)
			} else {
				assert.NotErrorIs(t, err, quecloud.ErrNotFound)
				assert.ErrorContains(t, err, test.text)
			}
		})
	}
}

func TestFindKeepsWhatItFoundWhenOrdersCannotBeRead(t *testing.T) {
	t.Parallel()
	var entries []object
	for _, no := range []string{"A", "B", "C", "D", "E", "F"} {
		entries = append(entries, entry(no, iccid3, "2026-11-02 09:00:05"))
	}
	broken := []byte("<html>")
	tests := map[string]struct {
		orders                      map[string]any
		matches, candidates, unread []string
		is                          func(error) bool
	}{
		"some, and a match": {
			map[string]any{"A": orderOf(iccid3, ""), "B": broken, "C": orderOf(iccid3, "topup-1"), "E": orderOf(iccid3, ""), "F": orderOf(iccid3, "x")},
			[]string{"C"}, []string{"A", "E"}, []string{"B", "D"}, nil,
		},
		"some, and no match": {
			map[string]any{"A": orderOf(iccid3, ""), "B": broken, "C": orderOf(iccid3, "x"), "D": orderOf(iccid3, "x"), "E": broken, "F": broken},
			nil, []string{"A"}, []string{"B", "E", "F"}, is[*quecloud.ResponseError],
		},
		"three in a row": {
			map[string]any{"A": orderOf(iccid3, ""), "E": orderOf(iccid3, "topup-1")},
			nil, []string{"A"}, []string{"B", "C", "D", "E", "F"}, is[*quecloud.APIError],
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := findPlatform(entries, test.orders).client(t).Orders.Find(t.Context(), findMine)
			require.NotNil(t, found)
			assert.Equal(t, test.matches, numbersOf(found.Matches))
			assert.Equal(t, test.candidates, numbersOf(found.Candidates))
			assert.Equal(t, test.unread, found.Unread)
			if test.is == nil {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			assert.True(t, test.is(err), "%v", err)
			assert.NotErrorIs(t, err, quecloud.ErrNotFound)
			assert.ErrorContains(t, err, "topup-1")
			assert.ErrorContains(t, err, fmt.Sprintf("orders read: %d of 6", 6-len(test.unread)))
		})
	}
}

func TestFindEndsWithItsContextAndKeepsWhatItFound(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	platform := findPlatform([]object{entry("A", iccid3, "2026-11-02 09:00:05"), entry("B", iccid3, "2026-11-02 09:00:06")}, nil)
	wallet := platform.answer
	platform.answer = func(c context.Context, form url.Values) any {
		if form.Get("orderNo") == "A" {
			cancel()
			return object{"resultCode": 0, "details": orderOf(iccid3, "")}
		}
		return wallet(c, form)
	}
	found, err := platform.client(t).Orders.Find(ctx, findMine)
	require.ErrorIs(t, err, context.Canceled)
	require.NotNil(t, found)
	assert.Contains(t, found.Unread, "B")
	assert.Equal(t, 2, platform.calls())
}

func TestFindReadsABoundedNumberOfOrdersTheOldestFirst(t *testing.T) {
	t.Parallel()
	var entries []object
	orders := map[string]any{}
	for i := range 50 { // the latest first, as in the vendor's example
		no := fmt.Sprint("R", 49-i)
		entries = append(entries, entry(no, iccid3, findSince.Add(time.Duration(49-i)*time.Second).Format(time.DateTime)))
		orders[no] = orderOf(iccid3, "other")
	}
	platform := findPlatform(entries, orders)
	found, err := platform.client(t).Orders.Find(t.Context(), findMine)
	require.ErrorContains(t, err, "the first 20 of 50 orders are others")
	assert.NotErrorIs(t, err, quecloud.ErrNotFound, "it has not looked at all of them")
	assert.Equal(t, 21, platform.calls())
	require.Len(t, found.Unread, 30)
	assert.Equal(t, "R20", found.Unread[0])

	orders["R19"] = orderOf(iccid3, "topup-1")
	found, err = platform.client(t).Orders.Find(t.Context(), findMine)
	require.NoError(t, err)
	assert.Equal(t, []string{"R19"}, numbersOf(found.Matches))

	later := *findMine
	later.Since = findSince.Add(time.Hour)
	orders["R19"], orders["R20"] = orderOf(iccid3, "other"), orderOf(iccid3, "topup-1")
	found, err = platform.client(t).Orders.Find(t.Context(), &later)
	require.ErrorContains(t, err, "the first 20 of 50 orders are others")
	require.Len(t, found.Unread, 30)
	assert.Equal(t, "R29", found.Unread[0], "the latest of the day before first")
}

func TestFindNeedsACardAndATime(t *testing.T) {
	t.Parallel()
	platform := findPlatform(nil, nil)
	for param, params := range map[string]*quecloud.FindParams{
		"params": nil, "iccid": {ICCID: "1", Since: findSince}, "Since": {ICCID: iccid3},
	} {
		found, err := platform.client(t).Orders.Find(t.Context(), params)
		assert.Nil(t, found)
		var bad *quecloud.ParamError
		require.ErrorAs(t, err, &bad, param)
		assert.Equal(t, param, bad.Param)
		if params == nil {
			assert.ErrorContains(t, err, "parameter params: is nil, but some of its fields are required")
		}
	}
	assert.Zero(t, platform.calls())
}

func TestFindFailsWithTheWallet(t *testing.T) {
	t.Parallel()
	platform := &stub{answer: func(context.Context, url.Values) any { return refusal("busy") }}
	found, err := platform.client(t).Orders.Find(t.Context(), findMine)
	assert.Nil(t, found)
	require.ErrorAs(t, err, new(*quecloud.APIError))
	assert.NotErrorIs(t, err, quecloud.ErrNotFound)
}

// A platform whose wallet lags behind: what is not found is there some minutes later.
func TestFindNotFindingDoesNotMeanNotBought(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithTime(findSince))
	defer srv.Close()
	srv.SetPurchaseRules(quecloudtest.PurchaseRules{Duplicates: quecloudtest.DuplicatesRefused, WalletDelay: 3 * time.Minute})
	srv.Inject(quecloudtest.CutAfter().On("card.recharge"))
	card := srv.AddCard(quecloudtest.Card{})
	client := srv.Client()
	_, err := client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{
		ICCID: card.ICCID, ProductID: 50, ProductName: "30M-当月", ExternalID: "topup-1",
	})
	require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	params := &quecloud.FindParams{ICCID: card.ICCID, ExternalID: "topup-1", Since: srv.Now()}
	_, err = client.Orders.Find(t.Context(), params)
	require.ErrorIs(t, err, quecloud.ErrNotFound)
	srv.Advance(3 * time.Minute)
	found, err := client.Orders.Find(t.Context(), params)
	require.NoError(t, err)
	assert.Equal(t, srv.Orders()[0].No, found.Matches[0].OrderNo)
}

// Looking numbers up in a list took half a minute here, whatever the context said.
func TestFindBearsALargeWallet(t *testing.T) {
	t.Parallel()
	wallet := []byte(`{"resultCode":0,"money":1,"billingDetails":[{"changeMoney":500}`)
	for i := range 100_000 {
		wallet = fmt.Appendf(wallet, `,{"changeMoney":-1,"handleTime":"2026-11-02 09:00:05","iccid":%q,"orderNo":"R%06d"}`, iccid3, i/2)
	}
	wallet = append(wallet, "]}"...)
	platform := &stub{answer: func(_ context.Context, form url.Values) any {
		switch form.Get("orderNo") {
		case "":
			return wallet
		case "R000019":
			return object{"resultCode": 0, "details": orderOf(iccid3, "topup-1")}
		}
		return object{"resultCode": 0, "details": orderOf(iccid3, "other")}
	}}
	start := time.Now()
	found, err := platform.client(t).Orders.Find(t.Context(), findMine)
	require.NoError(t, err)
	assert.Len(t, found.Matches, 1)
	assert.Len(t, found.Unread, 50_000-20)
	assert.Less(t, time.Since(start), 20*time.Second)
}
