package quecloudtest_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// On any day some cards have used most of their plan and a few have used it up, who are suspended for that unless they
// share it.
func TestSomeCardsUseMuchOfTheirPlan(t *testing.T) {
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
			if suspended := c.PauseReason == quecloud.PauseReasonCardExhausted; suspended && !usedUp || usedUp && !suspended && c.Status == quecloud.CardStatusNormal {
				t.Errorf("on the %dth a card has used %v of %v MB and is %s %s", day, c.CycleFlow, state.Allowance, c.Status, c.PauseReason)
			}
		}
		if much < 5 || much > 150 || over < 3 || over > 50 || over == much {
			t.Errorf("on the %dth %d cards of 1000 have used 80 %% of their plan, and %d all of it", day, much, over)
		}
	}
}

// gluttons are synthetic cards of a group that have used up their plan.
func gluttons(t *testing.T, client *quecloud.Client, group int64) []quecloud.Card {
	t.Helper()
	list, err := client.Cards.List(t.Context(), &quecloud.CardListParams{BillingID: group, PageSize: 1000})
	must(t, err)
	all := slices.DeleteFunc(list.Cards, func(c quecloud.Card) bool { return c.PauseReason != quecloud.PauseReasonCardExhausted })
	if len(all) == 0 {
		t.Fatalf("no card of group %d has used up its plan", group)
	}
	return all
}

// What was done to a card changes how its usage is found, and must not change what it is.
func TestUsedUpPlansAreTheSameForCardsThatWereTouched(t *testing.T) {
	t.Parallel()
	for _, group := range []int64{10, 860} {
		srv, client := start(t, quecloudtest.WithFleet(1000))
		srv.SetTime(march.Day(31).Time())
		id := quecloud.ICCID(gluttons(t, client, group)[0].ICCID)
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
			t.Errorf("group %d: touched, the card has\n%s\nwant\n%s", group, after, before)
		}
	}
}

func TestUsedUpPlansLastUntilTheTopUpOrTheNextCycle(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFleet(4000))
	topped, left := gluttons(t, client, 10)[0].ICCID, gluttons(t, client, 10)[1].ICCID
	used := card(t, srv, topped).MonthFlow
	_, err := client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{ICCID: topped, ProductID: 53, ProductName: "1G-当月"})
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
