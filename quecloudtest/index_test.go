package quecloudtest_test

import (
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// TestFiltersFollowTheCards asks with filters again and again while cards are added, moved, activated and renewed, and
// compares with what the list of all cards says.
func TestFiltersFollowTheCards(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFleet(200))
	date := func(year, month, day int) quecloud.Date {
		return quecloud.Date{Year: year, Month: time.Month(month), Day: day}
	}
	today := quecloud.DateOf(noon)
	within := func(d, from, to quecloud.Date) bool {
		return !d.IsZero() && (from.IsZero() || from.Compare(d) <= 0) && (to.IsZero() || d.Compare(to) <= 0)
	}
	check := func(after string) {
		t.Helper()
		all, err := client.Cards.List(t.Context(), &quecloud.CardListParams{PageSize: 1000})
		must(t, err)
		for name, f := range map[string]struct {
			params  quecloud.CardListParams
			matches func(*quecloud.Card) bool
		}{
			"group 10":  {quecloud.CardListParams{BillingID: 10}, func(c *quecloud.Card) bool { return c.BillingID == 10 }},
			"group 11":  {quecloud.CardListParams{BillingID: 11}, func(c *quecloud.Card) bool { return c.BillingID == 11 }},
			"group 861": {quecloud.CardListParams{BillingID: 861}, func(c *quecloud.Card) bool { return c.BillingID == 861 }},
			"activated today": {
				quecloud.CardListParams{ActiveFrom: today},
				func(c *quecloud.Card) bool { return within(c.ActiveDate, today, quecloud.Date{}) },
			},
			"allotted in 2025, expiring in 2026": {
				quecloud.CardListParams{AllotFrom: date(2025, 1, 1), AllotTo: date(2025, 12, 31), ExpireTo: date(2026, 12, 31)},
				func(c *quecloud.Card) bool {
					return within(c.AllotDate, date(2025, 1, 1), date(2025, 12, 31)) && within(c.ExpiryDate, quecloud.Date{}, date(2026, 12, 31))
				},
			},
		} {
			f.params.PageSize = 1000
			got, err := client.Cards.List(t.Context(), &f.params)
			must(t, err)
			var want []string
			for i := range all.Cards {
				if f.matches(&all.Cards[i]) {
					want = append(want, all.Cards[i].ICCID)
				}
			}
			same := len(got.Cards) == len(want) && got.Page.TotalCount == int64(len(want))
			for i := range want {
				same = same && got.Cards[i].ICCID == want[i]
			}
			if !same {
				t.Errorf("after %s, of %s: %d cards of %d, want %d", after, name, len(got.Cards), got.Page.TotalCount, len(want))
			}
		}
		sum, err := client.Billing.GroupStatistics(t.Context(), 10)
		must(t, err)
		var used float64
		var count int64
		for _, c := range all.Cards {
			if c.BillingID == 10 {
				used, count = used+c.CycleFlow, count+1
			}
		}
		if sum.CardCount != count || !near(sum.UsedFlow, used) {
			t.Errorf("after %s group 10 has %d cards and %v MB, want %d and %v", after, sum.CardCount, sum.UsedFlow, count, used)
		}
	}
	check("nothing")
	srv.AddGroup(quecloudtest.Group{ID: 861})
	added := srv.AddCard(quecloudtest.Card{BillingID: 861, ExpiryDate: "2026-03-20"})
	srv.AddCard(quecloudtest.Card{AllotDate: "2025-03-01"})
	check("cards were added")
	srv.UpdateCard("1064800000000", func(c *quecloudtest.Card) { c.BillingID = 11 })
	srv.UpdateCard("1064800000004", func(c *quecloudtest.Card) { c.BillingID, c.AllotDate = 861, "2025-02-01" })
	srv.UpdateCard(added.ICCID, func(c *quecloudtest.Card) { c.BillingID = 10 })
	check("cards were moved")
	must(t, client.Cards.Activate(t.Context(), quecloud.MSISDN("1064800000008")))
	check("a card was activated")
	_, err := client.Orders.Renew(t.Context(), &quecloud.RenewalParams{ICCID: added.ICCID, Years: 1})
	must(t, err)
	check("a card was renewed")
	for day := 1; day <= 12; day++ { // more filters than are remembered
		_, err = client.Cards.List(t.Context(), &quecloud.CardListParams{AllotFrom: date(2025, 1, day)})
		must(t, err)
	}
	srv.AddCard(quecloudtest.Card{})
	check("other filters")
}
