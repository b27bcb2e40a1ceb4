package quecloudtest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestCardListFilters(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(500), quecloudtest.WithTime(noon))
	defer srv.Close()
	srv.AddCard(quecloudtest.Card{IMEI: "867000000000001", Status: quecloudtest.StatusReserved})
	srv.AddCard(quecloudtest.Card{ICCID: "8986ABCDEF0123456789", BillingID: 11})
	srv.UpdateCard("1064800000012", func(c *quecloudtest.Card) { c.Status = quecloudtest.StatusPreCancelled })
	var all []quecloudtest.Card
	for c := range srv.Cards(quecloudtest.CardFilter{}) {
		all = append(all, c)
	}
	require.Len(t, all, 502)
	for _, filter := range []quecloudtest.CardFilter{
		{},
		{Status: quecloudtest.StatusNormal},
		{Status: quecloudtest.StatusSuspended},
		{Status: quecloudtest.StatusPreCancelled},
		{Carrier: quecloudtest.ChinaMobile},
		{Carrier: quecloudtest.ChinaMobile, BillingID: 11},
		{Carrier: quecloudtest.ChinaUnicom, BillingID: 11},
		{BillingID: 860, Status: quecloudtest.StatusNormal},
		{BillingID: 99},
		{Text: "0012"},
		{Text: " 8986abc"},
		{Text: "867000000000001"},
		{Text: "1064800000012"},
		{Text: "1064800000012", Status: quecloudtest.StatusNormal},
		{Text: "no such number"},
	} {
		var want []string
		for _, c := range all {
			text := strings.ToUpper(strings.TrimSpace(filter.Text))
			numbers := strings.ToUpper(strings.Join([]string{c.ICCID, c.MSISDN, c.IMSI, c.IMEI}, " "))
			if (filter.Status == "" || filter.Status == c.Status) && (filter.Carrier == "" || filter.Carrier == c.Carrier) &&
				(filter.BillingID == 0 || filter.BillingID == c.BillingID) && strings.Contains(numbers, text) {
				want = append(want, c.ICCID)
			}
		}
		var got []string
		for start, pages := 0, 0; ; pages++ {
			page := srv.CardPage(filter, start, 7)
			require.LessOrEqual(t, len(page.Cards), 7)
			require.LessOrEqual(t, pages, 502/7+1)
			for _, c := range page.Cards {
				got = append(got, c.ICCID)
			}
			if filter.Text == "" && filter.Status == "" {
				assert.Equal(t, len(want), page.Total, "%+v", filter)
			} else {
				assert.Equal(t, -1, page.Total, "%+v", filter)
			}
			if start = page.Next; start == 0 {
				break
			}
		}
		assert.Equal(t, want, got, "%+v", filter)
	}
}

// TestCardListOfLargeFleet checks that a page does not look at the whole fleet, by the time of many pages.
func TestCardListOfLargeFleet(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(100_000_000))
	defer srv.Close()
	for start := 0; start < 90_000_000; start += 1_000_000 { // a walk through the fleet takes a minute
		page := srv.CardPage(quecloudtest.CardFilter{Status: quecloudtest.StatusNormal}, start, 100)
		require.Len(t, page.Cards, 100)
		assert.Less(t, page.Next, start+1000)
		page = srv.CardPage(quecloudtest.CardFilter{}, start, 100)
		assert.Equal(t, 100_000_000, page.Total)
		assert.Equal(t, start+100, page.Next)
	}
	page := srv.CardPage(quecloudtest.CardFilter{Text: "1064899999996"}, 0, 100)
	require.Len(t, page.Cards, 1)
	assert.Zero(t, page.Next)
}

func TestCardListLetsTheLoopCallTheServer(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer()
	defer srv.Close()
	for c := range srv.Cards(quecloudtest.CardFilter{}) {
		srv.UpdateCard(c.ICCID, func(c *quecloudtest.Card) { c.RealName = true })
	}
	for c := range srv.Cards(quecloudtest.CardFilter{}) {
		assert.True(t, c.RealName)
		break
	}
}

func TestRemoveCard(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithOrderDelay(time.Minute), quecloudtest.WithSMSDelay(time.Minute))
	total := func(group int64) int {
		list, err := client.Cards.List(t.Context(), &quecloud.CardListParams{BillingID: group})
		require.NoError(t, err)
		assert.Len(t, list.Cards, int(list.Page.TotalCount))
		return int(list.Page.TotalCount)
	}
	require.Equal(t, 12, total(0))
	require.Equal(t, 3, total(10))
	synthetic := "89860024310000000006"
	short := srv.AddCard(quecloudtest.Card{ICCID: "89860000000000000012"})
	twin := srv.AddCard(quecloudtest.Card{ICCID: "89860000000000000013"})
	last := srv.AddCard(quecloudtest.Card{})
	for _, number := range []string{synthetic, last.ICCID} {
		_, err := client.Orders.Recharge(t.Context(), topUp(number))
		require.NoError(t, err)
		sendSMS(t, client, quecloud.ICCIDs(number), "x")
		srv.RemoveCard(number)
		_, err = client.Cards.Info(t.Context(), quecloud.ICCID(number))
		wantRefused(t, err, "a removed card")
		_, ok := srv.Card(number)
		assert.False(t, ok)
	}
	_, err := client.Cards.Info(t.Context(), quecloud.ICCID("8986000000000000001"))
	wantRefused(t, err, "19 digits of two cards")
	srv.RemoveCard(twin.MSISDN)
	info, err := client.Cards.Info(t.Context(), quecloud.ICCID("8986000000000000001"))
	require.NoError(t, err, "19 digits of the only card left")
	assert.Equal(t, short.MSISDN, info.MSISDN)

	assert.Equal(t, 12, total(0))
	assert.Equal(t, 3, total(10))
	assert.Equal(t, 12, srv.CardPage(quecloudtest.CardFilter{}, 0, 1).Total)
	n := 0
	for range srv.Cards(quecloudtest.CardFilter{}) {
		n++
	}
	assert.Equal(t, 12, n)
	srv.Advance(time.Minute)
	for i, o := range srv.Orders() {
		assert.Equal(t, quecloudtest.OrderFailed, o.Status)
		assert.Contains(t, o.Result, "卡号不存在")
		assert.Equal(t, quecloudtest.SMSFailed, srv.SMS()[i].Status)
	}
	assert.Equal(t, quecloudtest.DefaultBalance, srv.Wallet().Balance)
	assert.NotEqual(t, last.ICCID, srv.AddCard(quecloudtest.Card{}).ICCID, "a place is not used again")
	again := srv.AddCard(quecloudtest.Card{ICCID: synthetic})
	assert.Equal(t, synthetic, again.ICCID)
	assert.PanicsWithValue(t, "quecloudtest: RemoveCard: no card 1", func() { srv.RemoveCard("1") })
}

func TestRemoveCardDuringReset(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	number := srv.AddCard(quecloudtest.Card{}).ICCID
	require.NoError(t, client.Cards.Reset(t.Context(), quecloud.ICCID(number)))
	srv.RemoveCard(number)
	srv.Advance(time.Hour)
	_, ok := srv.Card(number)
	assert.False(t, ok)
}

func TestListsOfTheServer(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFileDelay(time.Minute), quecloudtest.WithSMSCallback("https://app.invalid/1"))
	assert.Len(t, srv.Groups(), 4)
	g := srv.AddGroup(quecloudtest.Group{PlanMB: 5})
	assert.Equal(t, g, srv.Groups()[4])
	p := srv.AddProduct(quecloudtest.Product{MB: 5})
	assert.Equal(t, p, srv.Products()[5])
	_, err := client.Files.Start(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []quecloudtest.FileTask{{ID: 1, Start: srv.Now()}}, srv.FileTasks())
	srv.Advance(time.Minute)
	assert.Equal(t, srv.Now(), srv.FileTasks()[0].End)
	assert.Positive(t, srv.FileTasks()[0].Size)
	rules := quecloudtest.PurchaseRules{YearsOnly: true}
	srv.SetPurchaseRules(rules)
	assert.Equal(t, rules, srv.PurchaseRules())
	assert.Equal(t, "https://app.invalid/1", srv.SMSCallback())
	srv.SetOrderCallback("https://app.invalid/2")
	assert.Equal(t, "https://app.invalid/2", srv.OrderCallback())
	srv.SetSMSCallback("")
	m := srv.ReceiveSMS("1064800000000", "x")
	assert.Equal(t, []quecloudtest.ReceivedSMS{m}, srv.Received())
}

func TestUsageByDay(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	number := "1064800000000"
	srv.SetUsage(number, "2026-03-08", 12.5)
	srv.SetVoiceUsage(number, "2026-03-08", 4)
	srv.SetUsage(number, "2026-03-20", 7) // after today
	days := srv.Usage(number, "2026-03-01", "2026-03-31")
	require.Len(t, days, 31)
	rows, err := client.Flow.Days(t.Context(), quecloud.MSISDN(number), march)
	require.NoError(t, err)
	for i, row := range rows {
		assert.InDelta(t, row.Flow, days[i].MB, 1e-9, days[i].Date)
	}
	assert.Equal(t, quecloudtest.DayUsage{Date: "2026-03-08", MB: 12.5, Minutes: 4}, days[7])
	assert.Equal(t, quecloudtest.DayUsage{Date: "2026-03-20", MB: 7}, days[19])
	assert.Equal(t, quecloudtest.DayUsage{Date: "2026-03-21"}, days[20])
	assert.Positive(t, days[0].MB, "synthetic usage")
	assert.Empty(t, srv.Usage(number, "2026-03-02", "2026-03-01"))
	for _, dates := range [][2]string{{"", "2026-03-01"}, {"2026-03-01", "x"}, {"2025-03-09", "2026-03-10"}} {
		assert.Panics(t, func() { srv.Usage(number, dates[0], dates[1]) }, dates)
	}
	assert.Len(t, srv.Usage(number, "2025-03-10", "2026-03-10"), 366)
	assert.Panics(t, func() { srv.Usage("1", "2026-03-01", "2026-03-01") })
}

func TestFaultsListed(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	ids := srv.Inject(quecloudtest.Refuse(7, "x").Times(2), quecloudtest.HTTPStatus(503))
	require.Len(t, ids, 2)
	_, err := client.Billing.Account(t.Context())
	wantRefused(t, err, "the first call")
	faults := srv.Faults()
	require.Len(t, faults, 2)
	for i, want := range []quecloudtest.InjectedFault{{Applied: 1, Remaining: 1}, {}} {
		assert.Equal(t, ids[i], faults[i].ID)
		assert.Equal(t, want.Applied, faults[i].Applied)
		assert.Equal(t, want.Remaining, faults[i].Remaining)
	}
	assert.Equal(t, "HTTPStatus(503)", faults[1].Fault.String())
	assert.True(t, srv.RemoveFault(ids[1]))
	assert.False(t, srv.RemoveFault(ids[1]))
	_, err = client.Billing.Account(t.Context())
	wantRefused(t, err, "the second call")
	assert.Empty(t, srv.Faults(), "a fault that is used up")
	_, err = client.Billing.Account(t.Context())
	require.NoError(t, err)
}
