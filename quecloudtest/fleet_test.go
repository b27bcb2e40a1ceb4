package quecloudtest_test

import (
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestFleetFindsByNineteenCharacters(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	for _, iccid := range []string{
		"89860412091880130010", "89860412091880130011", // neighbors
		"89860317492038600120", "8986031749203860012", // one begins the other
		"89860412091880130030",
		"89860024310000000004", // neighbor of a synthetic card, 89860024310000000006
	} {
		srv.AddCard(quecloudtest.Card{ICCID: iccid})
	}
	synthetic := card(t, srv, "1064800000004").ICCID
	for number, want := range map[string]string{
		"8986041209188013001":  "",
		"8986031749203860012":  "8986031749203860012",
		"8986041209188013003":  "89860412091880130030",
		"8986002431000000000":  "",
		synthetic[:19]:         synthetic,
		"8986032431000000001":  "8986032431000000001",
		"89860324310000000011": "", // the Telecom card is listed with 19
		"8986032431000000000":  "", // a Mobile card's place after a Telecom card's first digits
	} {
		info, err := client.Cards.Info(t.Context(), quecloud.ICCID(number))
		switch {
		case want == "":
			wantRefused(t, err, number)
		case want != "" && (err != nil || info.ICCID != want):
			t.Errorf("%s: got %+v, %v, want %s", number, info, err, want)
		}
	}
	res := newForeign(t, srv).call("sms.send", "content", "x", "iccids",
		"8986041209188013001,8986041209188013003,89860412091880130030,8986031749203860012")
	var sent []string
	for _, s := range srv.SMS() {
		sent = append(sent, s.ICCID)
	}
	if !slices.Equal(sent, []string{"89860412091880130030", "8986031749203860012"}) ||
		!strings.Contains(res.body, `"errorList":["8986041209188013001"]`) {
		t.Errorf("in a list: sent to %v, and %s", sent, res.body)
	}
}

func TestFleetUnknownNumbers(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	for _, number := range []string{
		"", "1", "1064900000000", "1064800000012", "89860024310000000007", "8986002431000000000X", "-064800000000",
	} {
		if c, ok := srv.Card(number); ok {
			t.Errorf("%q finds %+v", number, c)
		}
	}
}

// TestFleetTakesNoMemory is not parallel because it measures the memory of the process.
func TestFleetTakesNoMemory(t *testing.T) {
	before := heap()
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(100_000))
	defer srv.Close()
	client := newForeign(t, srv)
	for page := 1; page <= 100; page++ {
		if n := post(t, srv, client.form("card.list", "pageSize", "1000", "pageNo", strconv.Itoa(page))); n < 500_000 {
			t.Fatalf("page %d has %d bytes", page, n)
		}
	}
	if held := heap() - before; held > 100 {
		t.Errorf("the server holds %.1f MB", held)
	}
	runtime.KeepAlive(srv)
}

func TestFleetOfAMillion(t *testing.T) {
	t.Parallel()
	_, client := start(t, quecloudtest.WithFleet(1_000_000))
	list, err := client.Cards.List(t.Context(), &quecloud.CardListParams{PageNo: 1000, PageSize: 1000})
	must(t, err)
	last := list.Cards[999]
	if list.Page.TotalCount != 1_000_000 || last.MSISDN != "1064800999999" {
		t.Errorf("%d cards, the last is %s", list.Page.TotalCount, last.MSISDN)
	}
	must(t, client.Cards.CloseGPRS(t.Context(), quecloud.MSISDN("1064800000000")))
}

// TestFleetFiltersFollowChanges lists cards by filters while cards are added, moved, activated and renewed, and
// compares the results with the list of all cards.
func TestFleetFiltersFollowChanges(t *testing.T) {
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
					return within(c.AllotDate, date(2025, 1, 1), date(2025, 12, 31)) &&
						within(c.ExpiryDate, quecloud.Date{}, date(2026, 12, 31))
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
			if !slices.Equal(iccids(got.Cards), want) || got.Page.TotalCount != int64(len(want)) {
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
	_, err := client.Orders.Renew(t.Context(), &quecloud.RenewalParams{Card: added.ID(), Years: 1})
	must(t, err)
	check("a card was renewed")
	for day := 1; day <= 12; day++ { // more filters than there are indexes
		_, err = client.Cards.List(t.Context(), &quecloud.CardListParams{AllotFrom: date(2025, 1, day)})
		must(t, err)
	}
	srv.AddCard(quecloudtest.Card{})
	check("other filters")
}

func TestFleetICCIDsAreExact(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	client := newForeign(t, srv)
	lettered, telecom := card(t, srv, "1064800000008").ICCID, card(t, srv, "1064900000001").ICCID
	for number, found := range map[string]bool{
		lettered: true, strings.ToLower(lettered): false,
		telecom: true, telecom + "F": false, telecom + "1": false, " " + telecom: false,
	} {
		if res := client.call("card.info", "iccid", number); (res.code() == 0.0) != found {
			t.Errorf("%q: got %.80s", number, res.body)
		}
	}
}

func iccids(cards []quecloud.Card) (all []string) {
	for i := range cards {
		all = append(all, cards[i].ICCID)
	}
	return all
}
