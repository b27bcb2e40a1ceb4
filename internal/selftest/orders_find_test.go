package selftest_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// walletResponse responds with a wallet and with its orders. It refuses an order that is missing.
func walletResponse(entries []selftest.Object, orders map[string]any) func(context.Context, url.Values) any {
	return func(_ context.Context, form url.Values) any {
		if form.Get("method") == "fc.function.wallet.details" {
			return selftest.Object{"resultCode": 0, "money": 1, "billingDetails": entries}
		}
		order, ok := orders[form.Get("orderNo")]
		if !ok {
			return selftest.Refusal("no such order")
		}
		if details, ok := order.(selftest.Object); ok {
			return selftest.Object{"resultCode": 0, "details": details}
		}
		return order
	}
}

func walletPlatform(entries []selftest.Object, orders map[string]any) *selftest.Platform {
	return selftest.FuncPlatform(walletResponse(entries, orders))
}

// find calls Orders.Find, without retries.
func find(t *testing.T, p *selftest.Platform, params *quecloud.FindParams) (*quecloud.FoundOrders, error) {
	t.Helper()
	return p.Client(t, selftest.NoRetry).Orders.Find(t.Context(), params)
}

func entry(orderNo, iccid, handleTime string) selftest.Object {
	return selftest.Object{
		"changeMoney": -1.5, "handleType": "流量包充值", "orderNo": orderNo, "iccid": iccid, "handleTime": handleTime,
	}
}

// entriesAt returns entries for orders of the wanted card, all of one time.
func entriesAt(handleTime string, orderNos ...string) (entries []selftest.Object) {
	for _, no := range orderNos {
		entries = append(entries, entry(no, wanted.Card.String(), handleTime))
	}
	return entries
}

func orderOf(iccid, externalID string) selftest.Object {
	return selftest.Object{"orderStatus": "订单完成", "productprice": 1.5, "iccid": iccid, "externalId": externalID}
}

// ordersOf returns orders of the wanted card, by their numbers, from pairs of a number and an ExternalID.
func ordersOf(pairs ...string) map[string]any {
	orders := map[string]any{}
	for pair := range slices.Chunk(pairs, 2) {
		orders[pair[0]] = orderOf(wanted.Card.String(), pair[1])
	}
	return orders
}

func orderNos(orders []quecloud.Order) (numbers []string) {
	for _, o := range orders {
		numbers = append(numbers, o.OrderNo)
	}
	return numbers
}

var (
	purchaseTime = time.Date(2026, 11, 2, 9, 0, 0, 0, quecloud.ChinaStandardTime)
	wanted       = &quecloud.FindParams{Card: quecloud.ICCID(selftest.ICCID3), ExternalID: "topup-1", Since: purchaseTime}
)

const (
	secondsAfter   = "2026-11-02 09:00:05"
	anHourBefore   = "2026-11-02 08:00:00"
	theNightBefore = "2026-11-01 23:00:00"
)

// A findCase is a wallet with its orders, and the result of Find.
type findCase struct {
	params     *quecloud.FindParams // wanted if it is nil
	entries    []selftest.Object
	orders     map[string]any
	matches    []string
	candidates []string
	read       int    // orders that are requested
	text       string // in the error
}

func (c findCase) check(t *testing.T) {
	t.Parallel()
	params := wanted
	if c.params != nil {
		params = c.params
	}
	platform := walletPlatform(c.entries, c.orders)
	found, err := find(t, platform, params)
	require.NotNil(t, found)
	assert.Equal(t, c.matches, orderNos(found.Matches))
	assert.Equal(t, c.candidates, orderNos(found.Candidates))
	assert.Empty(t, found.Unread)
	assert.Len(t, platform.Requests(), 1+c.read)
	if c.matches != nil {
		require.NoError(t, err)
		return
	}
	require.ErrorIs(t, err, quecloud.ErrNotFound)
	assert.ErrorContains(t, err, c.text)
}

func TestOrdersFindTellsMatchesFromCandidates(t *testing.T) {
	t.Parallel()
	const at = secondsAfter
	a := entriesAt(at, "A")
	for name, test := range map[string]findCase{
		"the order itself":      {entries: a, orders: ordersOf("A", "topup-1"), matches: []string{"A"}, read: 1},
		"an order without ID":   {entries: a, orders: ordersOf("A", ""), candidates: []string{"A"}, read: 1},
		"of another purchase":   {entries: a, orders: ordersOf("A", "topup-10"), read: 1},
		"an ID in another case": {entries: a, orders: ordersOf("A", "TOPUP-1"), candidates: []string{"A"}, read: 1},
		"an ID with a blank":    {entries: a, orders: ordersOf("A", " topup-1"), candidates: []string{"A"}, read: 1},
		"bought twice, among others": {
			entries: slices.Concat(entriesAt("2026-11-02 09:03:00", "D"), entriesAt("2026-11-02 09:02:00", "C"),
				entriesAt("2026-11-02 09:01:00", "B"), entriesAt(at, "A")),
			orders:  ordersOf("A", "topup-1", "B", "", "C", "topup-2", "D", "topup-1"),
			matches: []string{"A", "D"}, candidates: []string{"B"}, read: 4,
		},
		"an order with a refund": {
			entries: slices.Concat(entriesAt("2026-11-02 09:09:00", "A"), entriesAt(at, "A")),
			orders:  ordersOf("A", "topup-1"), matches: []string{"A"}, read: 1,
		},
		"other cards and deposits": {
			entries: []selftest.Object{
				entry("A", selftest.ICCID1, at), {"changeMoney": 500, "handleTime": at, "iccid": nil, "orderNo": nil},
			},
		},
		"an entry without card": {
			entries:    []selftest.Object{entry("A", "", at), entry("B", "", at)},
			orders:     map[string]any{"A": orderOf(selftest.ICCID1, ""), "B": orderOf(selftest.ICCID3, "")},
			candidates: []string{"B"}, read: 2,
		},
		"19 of 20 digits": {
			entries:    []selftest.Object{entry("A", selftest.ICCID3[:19], at)},
			orders:     map[string]any{"A": orderOf(selftest.ICCID3[:19], "")},
			candidates: []string{"A"}, read: 1,
		},
		"up to five minutes before": {
			entries: slices.Concat(entriesAt("2026-11-02 08:55:00", "A"), entriesAt("2026-11-02 08:54:59", "B")),
			orders:  ordersOf("A", "topup-1"), matches: []string{"A"}, read: 1,
		},
		"an entry without time": {
			entries: entriesAt("", "A"), orders: ordersOf("A", "topup-1"), matches: []string{"A"}, read: 1,
		},
		"a purchase without ID": {
			params:  &quecloud.FindParams{Card: quecloud.ICCID(selftest.ICCID3), Since: purchaseTime},
			entries: entriesAt(at, "A", "B"), orders: ordersOf("A", "", "B", "topup-2"), candidates: []string{"A"}, read: 2,
		},
		"an empty wallet": {},
	} {
		t.Run(name, test.check)
	}
}

// Since may come from a clock that was wrong.
func TestOrdersFindReadsTheDayBeforeToo(t *testing.T) {
	t.Parallel()
	const fromBefore = " (1 from the day before Since: check the clock that it was taken from), "
	for name, test := range map[string]findCase{
		"the order itself, and another": {
			entries: slices.Concat(entriesAt(anHourBefore, "A"), entriesAt(theNightBefore, "B")),
			orders:  ordersOf("A", "topup-1", "B", "topup-1"), matches: []string{"A", "B"}, read: 2,
		},
		"an order without ID": {
			entries: entriesAt(anHourBefore, "A"), orders: ordersOf("A", ""), candidates: []string{"A"}, read: 1,
			text: "1 order read" + fromBefore + "1 candidate",
		},
		"after those since": {
			entries: slices.Concat(entriesAt(anHourBefore, "A"), entriesAt(secondsAfter, "B")),
			orders:  ordersOf("A", "", "B", ""), candidates: []string{"B", "A"}, read: 2,
			text: "2 orders read" + fromBefore + "2 candidates",
		},
		"of another purchase": {
			entries: entriesAt(anHourBefore, "A"), orders: ordersOf("A", "topup-2"), read: 1,
			text: "1 order read" + fromBefore + "no candidates",
		},
		"not after a match since": {
			entries: slices.Concat(entriesAt(anHourBefore, "A"), entriesAt(secondsAfter, "B")),
			orders:  ordersOf("A", "", "B", "topup-1"), matches: []string{"B"}, read: 1,
		},
		"an order with refunds": {
			entries: slices.Concat(entriesAt(secondsAfter, "A"), entriesAt(anHourBefore, "A", "A")),
			orders:  ordersOf("A", ""), candidates: []string{"A"}, read: 1, text: "1 order read, 1 candidate",
		},
		"other cards, unknown ones, and earlier days": {
			entries: []selftest.Object{
				entry("A", selftest.ICCID1, anHourBefore), entry("B", "", anHourBefore),
				entry("C", selftest.ICCID3, "2026-11-01 08:54:59"),
			},
			text: "no orders read, no candidates",
		},
	} {
		t.Run(name, test.check)
	}
}

func TestOrdersFindAcceptsEverySpellingOfAnICCID(t *testing.T) {
	t.Parallel()
	for _, spelling := range []string{"8944476500008878576F", " 8944476500008878576\r\n", "8944476500008878576f"} {
		platform := walletPlatform([]selftest.Object{entry("A", "8944476500008878576F", secondsAfter)},
			map[string]any{"A": orderOf("8944476500008878576", "topup-1")})
		params := *wanted
		params.Card = quecloud.ICCID(spelling)
		found, err := find(t, platform, &params)
		require.NoError(t, err)
		assert.Len(t, found.Matches, 1)
	}
}

func TestOrdersFindErrorSaysHowFarItLooked(t *testing.T) {
	t.Parallel()
	entries := append(entriesAt(secondsAfter, "B"), entry("A", selftest.ICCID1, "2026-10-01 10:00:00"))
	_, err := find(t, walletPlatform(entries, ordersOf("B", "")), wanted)
	require.EqualError(t, err, "quecloud: wallet.details: looking for an order of card "+selftest.ICCID3+
		` with ExternalID "topup-1" since 2026-11-02 09:00:00 in a wallet that goes back to 2026-10-01 10:00:00: `+
		"no such order was found, which does not mean that there is none: 1 order read, 1 candidate")

	_, err = find(t, walletPlatform(nil, nil), wanted)
	require.ErrorContains(t, err, " in an empty wallet: ")
	require.ErrorContains(t, err, ": no orders read, no candidates")
	_, err = find(t, walletPlatform([]selftest.Object{entry("A", selftest.ICCID1, "")}, nil), wanted)
	require.ErrorContains(t, err, " in a wallet without times: ")
}

// Money spent on the card means that there may be an order, although it cannot be read.
func TestOrdersFindReportsEntriesWithoutOrderNumber(t *testing.T) {
	t.Parallel()
	const at = secondsAfter
	const one = "1 entry of the card without an order number cannot be read"
	refund := entry("", selftest.ICCID3, at)
	refund["changeMoney"] = 1.5
	for name, test := range map[string]struct {
		entries []selftest.Object
		text    string // "" for ErrNotFound
	}{
		"money spent on the card": {
			entriesAt(at, "", "A", ""), "2 entries of the card without an order number cannot be read",
		},
		"without time":      {entriesAt("", ""), one},
		"on the day before": {entriesAt(theNightBefore, ""), one},
		"earlier":           {entriesAt("2026-10-01 09:00:00", ""), ""},
		"on another card":   {[]selftest.Object{entry("", selftest.ICCID1, at), entry("", "", at)}, ""},
		"a refund":          {[]selftest.Object{refund}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := find(t, walletPlatform(test.entries, ordersOf("A", "other")), wanted)
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

func TestOrdersFindReturnsWhatItFoundIfOrdersCannotBeRead(t *testing.T) {
	t.Parallel()
	broken := []byte("<html>")
	with := func(orders map[string]any, brokenNos ...string) map[string]any {
		for _, no := range brokenNos {
			orders[no] = broken
		}
		return orders
	}
	for name, test := range map[string]struct {
		orders                      map[string]any
		matches, candidates, unread []string
		is                          func(error) bool // nil for no error
	}{
		"some, and a match": {
			with(ordersOf("A", "", "C", "topup-1", "E", "", "F", "x"), "B"),
			[]string{"C"}, []string{"A", "E"}, []string{"B", "D"}, nil,
		},
		"some, and no match": {
			with(ordersOf("A", "", "C", "x", "D", "x"), "B", "E", "F"),
			nil, []string{"A"}, []string{"B", "E", "F"}, selftest.Is[*quecloud.ResponseError],
		},
		"three, not consecutive": {
			with(ordersOf("B", "x", "D", "", "F", "topup-1"), "A", "C", "E"),
			[]string{"F"}, []string{"D"}, []string{"A", "C", "E"}, nil,
		},
		"three consecutive ones": {
			ordersOf("A", "", "E", "topup-1"), nil, []string{"A"}, []string{"B", "C", "D", "E", "F"},
			selftest.Is[*quecloud.APIError],
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			entries := entriesAt(secondsAfter, "A", "B", "C", "D", "E", "F")
			found, err := find(t, walletPlatform(entries, test.orders), wanted)
			require.NotNil(t, found)
			assert.Equal(t, test.matches, orderNos(found.Matches))
			assert.Equal(t, test.candidates, orderNos(found.Candidates))
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

func TestOrdersFindEndsWithItsContextAndReturnsWhatItFound(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	wallet := walletResponse(append(entriesAt(secondsAfter, "A"), entriesAt("2026-11-02 09:00:06", "B")...), nil)
	platform := selftest.FuncPlatform(func(c context.Context, form url.Values) any {
		if form.Get("orderNo") == "A" {
			cancel()
			return selftest.Object{"resultCode": 0, "details": orderOf(selftest.ICCID3, "")}
		}
		return wallet(c, form)
	})
	found, err := platform.Client(t, selftest.NoRetry).Orders.Find(ctx, wanted)
	require.ErrorIs(t, err, context.Canceled)
	require.NotNil(t, found)
	assert.Contains(t, found.Unread, "B")
	assert.Len(t, platform.Requests(), 2)
}

func TestOrdersFindNeedsACardAndATime(t *testing.T) {
	t.Parallel()
	platform := walletPlatform(nil, nil)
	for param, params := range map[string]*quecloud.FindParams{
		"params": nil, "iccid": {Card: quecloud.ICCID("1"), Since: purchaseTime}, "Since": {Card: wanted.Card},
	} {
		found, err := find(t, platform, params)
		assert.Nil(t, found)
		var bad *quecloud.ParamError
		require.ErrorAs(t, err, &bad, param)
		assert.Equal(t, param, bad.Param)
		if params == nil {
			assert.ErrorContains(t, err, "parameter params: is nil, but some of its fields are required")
		}
	}
	assert.Empty(t, platform.Requests())
}

func TestOrdersFindFailsWithTheWallet(t *testing.T) {
	t.Parallel()
	busy := selftest.FuncPlatform(func(context.Context, url.Values) any { return selftest.Refusal("busy") })
	found, err := find(t, busy, wanted)
	assert.Nil(t, found)
	require.ErrorAs(t, err, new(*quecloud.APIError))
	assert.NotErrorIs(t, err, quecloud.ErrNotFound)
}
