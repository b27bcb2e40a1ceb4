package quecloudtest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/cardno"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// On any day some cards have used most of their plan. A few have used it up, and are suspended unless they share data.
func TestFleetSomeCardsUseMuchOfTheirPlan(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFleet(1000))
	for _, day := range []int{5, 10, 20, 31} {
		srv.SetTime(march.Day(day).Time().Add(12 * time.Hour))
		list, err := client.Cards.List(t.Context(), &quecloud.CardListParams{PageSize: 1000})
		must(t, err)
		much, over := 0, 0
		for _, c := range list.Cards {
			state := card(t, srv, c.ICCID)
			share := c.CycleFlow / state.Allowance
			if share >= 0.8 {
				much++
			}
			if share >= 1 {
				over++
			}
			usedUp := share >= 1 && c.BillingID != 20
			if suspended := c.PauseReason == quecloud.PauseReasonCardExhausted; suspended && !usedUp ||
				usedUp && !suspended && c.Status == quecloud.CardStatusNormal {
				t.Errorf("on the %dth a card has used %v of %v MB and is %s %s", day, c.CycleFlow, state.Allowance, c.Status,
					c.PauseReason)
			}
		}
		if much < 5 || much > 150 || over < 3 || over > 50 || over == much {
			t.Errorf("on the %dth %d cards of 1000 have used 80 %% of their plan, and %d all of it", day, much, over)
		}
	}
}

// exhaustedCards returns the synthetic cards of a group that used up their plan.
func exhaustedCards(t *testing.T, client *quecloud.Client, group int64) []quecloud.Card {
	t.Helper()
	list, err := client.Cards.List(t.Context(), &quecloud.CardListParams{BillingID: group, PageSize: 1000})
	must(t, err)
	all := slices.DeleteFunc(list.Cards,
		func(c quecloud.Card) bool { return c.PauseReason != quecloud.PauseReasonCardExhausted })
	if len(all) == 0 {
		t.Fatalf("no card of group %d has used up its plan", group)
	}
	return all
}

// The server computes the usage of changed cards in another way, with the same result.
func TestUsageIsTheSameForChangedCards(t *testing.T) {
	t.Parallel()
	for _, group := range []int64{10, 860} {
		srv, client := start(t, quecloudtest.WithFleet(1000))
		srv.SetTime(march.Day(31).Time())
		id := quecloud.ICCID(exhaustedCards(t, client, group)[0].ICCID)
		show := func() string {
			days, err := client.Flow.Days(t.Context(), id, march)
			must(t, err)
			month, err := client.Flow.Month(t.Context(), id, march.AddMonths(-1))
			must(t, err)
			state := card(t, srv, id.String())
			state.RealName = false
			return fmt.Sprint(days, month, state)
		}
		before := show()
		srv.UpdateCard(id.String(), func(c *quecloudtest.Card) { c.RealName = !c.RealName })
		if after := show(); after != before {
			t.Errorf("group %d: after a change the card has\n%s\nwant\n%s", group, after, before)
		}
	}
}

func TestUsageUsedUpPlanLastsUntilTopUpOrNextCycle(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFleet(4000))
	topped, left := exhaustedCards(t, client, 10)[0].ICCID, exhaustedCards(t, client, 10)[1].ICCID
	used := card(t, srv, topped).MonthFlow
	_, err := client.Orders.Recharge(t.Context(),
		&quecloud.RechargeParams{Card: quecloud.ICCID(topped), ProductID: 53, ProductName: "1G-当月"})
	must(t, err)
	srv.Advance(48 * time.Hour)
	if c := card(t, srv, topped); c.MonthFlow <= used {
		t.Errorf("topped up, the card has used %v MB, as before: %+v", c.MonthFlow, c)
	}
	if c := card(t, srv, left); c.PauseReason != quecloudtest.ReasonCardExhausted {
		t.Errorf("not topped up, the card is %s %s", c.Status, c.PauseReason)
	}
	srv.SetTime(march.AddMonths(1).Day(1).Time())
	if c := card(t, srv, left); c.Status != quecloudtest.StatusNormal {
		t.Errorf("in the next month the card is %s %s", c.Status, c.PauseReason)
	}
}

func TestFleetDefaultHasEveryStatusAndCarrier(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	list, err := client.Cards.List(t.Context(), nil)
	must(t, err)
	seen := map[string]int{}
	for _, c := range list.Cards {
		seen[string(c.Status)]++
		seen[string(c.Carrier)]++
	}
	for _, what := range []string{
		"停机", "预销号", "销号", "待激活", "未知", "正常", "测试期正常", "测试期停机", "停机保号", "中国移动", "中国电信", "中国联通",
	} {
		if seen[what] == 0 {
			t.Errorf("no card is %s", what)
		}
	}
	if len(list.Cards) != quecloudtest.DefaultFleet {
		t.Errorf("%d cards, want %d", len(list.Cards), quecloudtest.DefaultFleet)
	}
}

func TestFleetFollowsSeed(t *testing.T) {
	t.Parallel()
	page := func(opts ...quecloudtest.Option) string {
		srv, _ := start(t, opts...)
		return newForeign(t, srv).call("card.list", "pageSize", "1000").body
	}
	first := page(quecloudtest.WithFleet(1000), quecloudtest.WithSeed(7))
	if first != page(quecloudtest.WithFleet(1000), quecloudtest.WithSeed(7)) {
		t.Error("the same seed gives another fleet")
	}
	if first == page(quecloudtest.WithFleet(1000), quecloudtest.WithSeed(8)) {
		t.Error("another seed gives the same fleet")
	}
}

func TestFleetNumbersAreValidAndUnique(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFleet(3000))
	seen, forms := map[string]bool{}, map[string]int{}
	for page := 1; page <= 3; page++ {
		list, err := client.Cards.List(t.Context(), &quecloud.CardListParams{PageNo: page, PageSize: 1000})
		must(t, err)
		for _, c := range list.Cards {
			forms[wantValidNumbers(t, &c)]++
			for _, number := range []string{c.ICCID, c.MSISDN, c.IMSI} {
				if seen[number] {
					t.Fatalf("the number %s occurs twice", number)
				}
				seen[number] = true
			}
			for _, number := range []string{c.ICCID, c.MSISDN} {
				if found, ok := srv.Card(number); !ok || found.ICCID != c.ICCID {
					t.Fatalf("%s does not find its card", number)
				}
			}
		}
	}
	if forms["19 digits"] != 750 || forms["with a letter"] < 100 {
		t.Errorf("forms of ICCIDs: %v", forms)
	}
	if c := card(t, srv, "1064800000008"); c.ICCID[6] != 'D' {
		t.Errorf("no card of the default fleet has a letter in its ICCID: %s", c.ICCID)
	}
}

// wantValidNumbers checks the form of a card's numbers, and returns the form of its ICCID.
func wantValidNumbers(t *testing.T, c *quecloud.Card) (form string) {
	t.Helper()
	if len(c.MSISDN) != 13 || len(c.IMSI) != 15 || c.IMEI != "" && (len(c.IMEI) != 15 || !hasCheckDigit(c.IMEI)) {
		t.Fatalf("malformed numbers: %+v", c)
	}
	switch letter := strings.ContainsAny(c.ICCID, "ABCDEF"); {
	case c.Carrier == quecloud.CarrierChinaTelecom:
		if len(c.ICCID) != 19 || letter {
			t.Fatalf("ICCID of a Telecom card: %s", c.ICCID)
		}
		return "19 digits"
	case letter:
		if len(c.ICCID) != 20 || c.Carrier != quecloud.CarrierChinaMobile || c.ICCID[6] != 'D' {
			t.Fatalf("ICCID with a letter: %s of %s", c.ICCID, c.Carrier)
		}
		return "with a letter"
	case len(c.ICCID) != 20 || !hasCheckDigit(c.ICCID):
		t.Fatalf("malformed ICCID: %s", c.ICCID)
	}
	return "20 digits"
}

func hasCheckDigit(number string) bool {
	last := len(number) - 1
	return cardno.CheckDigit(number[:last]) == number[last]
}

func TestFleetDatesAreConsistent(t *testing.T) {
	t.Parallel()
	for _, now := range []time.Time{noon, march.Day(31).Time()} { // also on the last day of a month
		wantSensibleDates(t, now)
	}
}

func wantSensibleDates(t *testing.T, now time.Time) {
	t.Helper()
	_, client := start(t, quecloudtest.WithFleet(1000), quecloudtest.WithTime(now))
	list, err := client.Cards.List(t.Context(), &quecloud.CardListParams{PageSize: 1000})
	must(t, err)
	today := quecloud.DateOf(now)
	for _, c := range list.Cards {
		if c.OpenDate.Compare(c.AllotDate) > 0 || c.AllotDate.Compare(today) > 0 {
			t.Errorf("opened %v, allotted %v", c.OpenDate, c.AllotDate)
		}
		if c.Active == quecloud.ActiveStateInactive {
			if !c.ActiveDate.IsZero() || !c.ExpiryDate.IsZero() || c.CycleFlow != 0 {
				t.Errorf("not activated: %+v", c)
			}
			continue
		}
		if c.ActiveDate.Compare(c.AllotDate) < 0 || c.ActiveDate.Compare(today) > 0 || c.ExpiryDate.Compare(today) <= 0 {
			t.Errorf("allotted %v, activated %v, expires %v", c.AllotDate, c.ActiveDate, c.ExpiryDate)
		}
		if c.CycleStart.Compare(today) > 0 || c.CycleEnd.Compare(today) < 0 {
			t.Errorf("the cycle is %v to %v", c.CycleStart, c.CycleEnd)
		}
	}
}
