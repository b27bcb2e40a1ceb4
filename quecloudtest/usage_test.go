package quecloudtest_test

import (
	"math"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-6 }

func TestUsageDaysAddUp(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFleet(40))
	list, err := client.Cards.List(t.Context(), nil)
	must(t, err)
	for _, c := range list.Cards {
		id := c.ID()
		month, err := client.Flow.Month(t.Context(), id, march)
		must(t, err)
		days, err := client.Flow.Days(t.Context(), id, march)
		must(t, err)
		if len(days) != 10 {
			t.Fatalf("%d days have come, want 10", len(days))
		}
		var sum float64
		for _, d := range days {
			if d.Flow < 0 {
				t.Errorf("card %s used %v MB on %v", c.ICCID, d.Flow, d.Date)
			}
			sum += d.Flow
		}
		if !near(sum, month.MonthFlow) || !near(c.MonthFlow, month.MonthFlow) || !near(c.CycleFlow, month.CycleFlow) {
			t.Errorf("card %s: days %v, month %v and %v, cycle %v and %v", c.ICCID, sum, month.MonthFlow, c.MonthFlow,
				month.CycleFlow, c.CycleFlow)
		}
		if c.ServiceMonths == 1 && c.MonthFlow != c.CycleFlow {
			t.Errorf("card %s by the month: %v MB in the month, %v in the cycle", c.ICCID, c.MonthFlow, c.CycleFlow)
		}
	}
	if card(t, srv, "1064800000000").MonthFlow == 0 {
		t.Error("a card in use has used nothing")
	}
}

func TestUsageYearlyCycleAddsUp(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFleet(0))
	c := srv.AddCard(quecloudtest.Card{BillingID: 860, ActiveDate: "2025-10-20"})
	id := c.ID()
	srv.SetUsage(c.ICCID, "2025-10-19", 1000) // before the cycle
	srv.SetUsage(c.ICCID, "2025-10-20", 1)
	srv.SetUsage(c.ICCID, "2026-01-15", 2)
	srv.SetUsage(c.ICCID, "2026-03-10", 4)
	for month, want := range map[time.Month]quecloud.MonthFlow{
		time.January: {MonthFlow: 2, CycleFlow: 3}, time.February: {CycleFlow: 3}, time.March: {MonthFlow: 4, CycleFlow: 7},
	} {
		got, err := client.Flow.Month(t.Context(), id, quecloud.Month{Year: 2026, Month: month})
		must(t, err)
		if got.MonthFlow != want.MonthFlow || got.CycleFlow != want.CycleFlow {
			t.Errorf("%v: got %+v, want %+v", month, *got, want)
		}
	}
	year, err := client.Flow.YearPackages(t.Context(), id)
	must(t, err)
	if year.MonthFlow != 4 || year.UsedFlow != 7 || year.TotalFlow != 20000 || year.ResidueFlow != 19993 ||
		len(year.Packages) != 1 {
		t.Errorf("got %+v", year)
	}
	_, err = client.Flow.YearPackages(t.Context(), srv.AddCard(quecloudtest.Card{}).ID())
	wantRefused(t, err, "year packages of a card by the month")
}

func TestUsageOfTheLastTwelveMonthsOnly(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	id := quecloud.MSISDN("1064800000000")
	for month, ok := range map[quecloud.Month]bool{
		march.AddMonths(-12): false, march.AddMonths(-11): true, march: true, march.AddMonths(1): false,
	} {
		_, daysErr := client.Flow.Days(t.Context(), id, month)
		_, monthErr := client.Flow.Month(t.Context(), id, month)
		_, batchErr := client.Flow.MonthBatch(t.Context(), quecloud.MSISDNs(id.String()), month)
		_, listErr := client.Flow.ListMonth(t.Context(), &quecloud.MonthListParams{Month: month})
		_, voiceErr := client.Flow.ListVoiceMonth(t.Context(), &quecloud.MonthListParams{Month: month})
		_, callsErr := client.Flow.VoiceDays(t.Context(), id, month)
		for what, err := range map[string]error{
			"days": daysErr, "month": monthErr, "batch": batchErr, "list": listErr,
			"voice list": voiceErr, "voice days": callsErr,
		} {
			if ok {
				must(t, err)
			} else {
				wantRefused(t, err, what+" of "+month.String())
			}
		}
	}
}

func TestUsageStartsAnewEachMonth(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	number := srv.AddCard(quecloudtest.Card{BillingID: 11}).ICCID
	srv.SetUsage(number, "2026-03-10", 30)
	if c := card(t, srv, number); c.PauseReason != quecloudtest.ReasonCardExhausted || c.MonthFlow != 30 {
		t.Errorf("with its plan used up the card is %+v", c)
	}
	srv.SetTime(time.Date(2026, 4, 1, 0, 0, 0, 0, quecloud.ChinaStandardTime))
	if c := card(t, srv, number); c.Status != quecloudtest.StatusNormal || c.MonthFlow != 0 {
		t.Errorf("in the next month the card is %+v", c)
	}
}

func TestUsageOfSuspendedCards(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	id := quecloud.MSISDN("1064800000000")
	must(t, client.Cards.Pause(t.Context(), id))
	srv.Advance(4 * 24 * time.Hour)
	must(t, client.Cards.Resume(t.Context(), id))
	srv.Advance(2 * 24 * time.Hour)
	days, err := client.Flow.Days(t.Context(), id, march)
	must(t, err)
	for _, d := range days {
		idle := d.Date.Day > 10 && d.Date.Day < 14
		if (d.Flow == 0) != idle {
			t.Errorf("%v MB on %v", d.Flow, d.Date)
		}
	}
}

// wantUsage checks that a card used something on all days of a month but the idle ones, and that the days add up.
func wantUsage(t *testing.T, client *quecloud.Client, id quecloud.CardID, month quecloud.Month,
	idle func(day int) bool) {
	t.Helper()
	days, err := client.Flow.Days(t.Context(), id, month)
	must(t, err)
	calls, err := client.Flow.VoiceDays(t.Context(), id, month)
	must(t, err)
	var sum float64
	for i, d := range days {
		sum += d.Flow
		if (d.Flow == 0) != idle(d.Date.Day) || d.Flow < 0 {
			t.Errorf("%v MB on %v", d.Flow, d.Date)
		}
		if idle(d.Date.Day) && calls[i].Minutes != 0 {
			t.Errorf("%v minutes on %v", calls[i].Minutes, d.Date)
		}
	}
	if all, err := client.Flow.Month(t.Context(), id, month); err != nil || !near(all.MonthFlow, sum) {
		t.Errorf("in %v: %+v, %v, want %v MB", month, all, err, sum)
	}
}

// TestUsageStopsWithTheData follows a card that uses up its plan on the 10th, gets a top-up on the 14th, uses it up on
// the 16th and starts the next month.
func TestUsageStopsWithTheData(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	id := quecloud.MSISDN("1064800000000")
	number := id.String()
	topUp := func() {
		for range 5 {
			_, err := client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{
				Card: card(t, srv, number).ID(), ProductID: 53, ProductName: "1G-当月",
			})
			must(t, err)
		}
	}
	days := func(n int) { srv.Advance(time.Duration(n) * 24 * time.Hour) }

	srv.SetUsage(number, "2026-03-10", 5000)
	used := card(t, srv, number).MonthFlow
	days(2)
	srv.UpdateCard(number, func(c *quecloudtest.Card) { c.PauseReason = quecloudtest.ReasonByOwner }) // a second reason
	days(2)
	must(t, client.Cards.Resume(t.Context(), id))
	if now := card(t, srv, number); now.MonthFlow != used || now.PauseReason != quecloudtest.ReasonCardExhausted {
		t.Errorf("suspended for 4 days it used %v MB, want %v, and is %+v", now.MonthFlow, used, now)
	}
	topUp()
	if s := card(t, srv, number).Status; s != quecloudtest.StatusNormal {
		t.Errorf("topped up, the card is %s", s)
	}
	srv.SetUsage(number, "2026-03-16", 5000)
	srv.SetUsage(number, "2026-03-18", 3000) // set although the card is suspended
	days(6)
	topUp() // used up already
	days(3)
	wantUsage(t, client, id, march, func(day int) bool { return day > 10 && day < 14 || day > 16 && day != 18 })
	srv.SetTime(time.Date(2026, 4, 3, 0, 0, 0, 0, quecloud.ChinaStandardTime))
	wantUsage(t, client, id, march.AddMonths(1), func(int) bool { return false })
}

// The first row is the vendor's example (§2.1.5).
func TestUsageYearlyCycles(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	for _, c := range []struct{ activated, now, first, last string }{
		{activated: "2020-10-27", now: "2020-10-27", first: "2020-10-27", last: "2021-09-30"},
		{activated: "2020-10-27", now: "2021-09-30", first: "2020-10-27", last: "2021-09-30"},
		{activated: "2020-10-27", now: "2021-10-01", first: "2021-10-01", last: "2022-09-30"},
		{activated: "2020-10-27", now: "2026-03-10", first: "2025-10-01", last: "2026-09-30"},
		{activated: "2023-03-01", now: "2024-02-29", first: "2023-03-01", last: "2024-02-29"},
		{activated: "2023-03-01", now: "2024-03-01", first: "2024-03-01", last: "2025-02-28"},
		{activated: "2023-12-31", now: "2024-11-30", first: "2023-12-31", last: "2024-11-30"},
	} {
		now, err := time.ParseInLocation(time.DateOnly, c.now, quecloud.ChinaStandardTime)
		must(t, err)
		srv.SetTime(now)
		info, err := client.Cards.Info(t.Context(),
			quecloud.ICCID(srv.AddCard(quecloudtest.Card{BillingID: 860, ActiveDate: c.activated}).ICCID))
		must(t, err)
		if info.CycleStart.String() != c.first || info.CycleEnd.String() != c.last {
			t.Errorf("activated on %s, on %s the cycle is %v to %v, want %s to %s", c.activated, c.now, info.CycleStart,
				info.CycleEnd, c.first, c.last)
		}
	}
}

// TestUsageYearlyPlanPerCycle follows a card that uses up its plan at the end of a cycle and at the start of the next.
func TestUsageYearlyPlanPerCycle(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	id := quecloud.MSISDN("1064900000001")
	info, err := client.Cards.Info(t.Context(), id)
	must(t, err)
	_, err = client.Orders.Renew(t.Context(), &quecloud.RenewalParams{Card: info.ID(), Years: 2})
	must(t, err)
	last := info.CycleEnd
	month := quecloud.Month{Year: last.Year, Month: last.Month}
	srv.SetUsage(info.ICCID, month.Day(last.Day-3).String(), 30000)
	srv.SetUsage(info.ICCID, last.AddDays(2).String(), 30000)
	srv.SetTime(last.AddDays(20).Time())
	wantUsage(t, client, id, month, func(day int) bool { return day > last.Day-3 })
	wantUsage(t, client, id, month.AddMonths(1), func(day int) bool { return day > 2 })
}

func TestUsageSetReplacesSynthetic(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	id := quecloud.MSISDN("1064800000000")
	before := card(t, srv, id.String())
	days, err := client.Flow.Days(t.Context(), id, march)
	must(t, err)
	srv.SetUsage(id.String(), "2026-03-05", 7.125)
	if got, want := card(t, srv, id.String()).MonthFlow, before.MonthFlow-days[4].Flow+7.125; !near(got, want) {
		t.Errorf("%v MB in the month, want %v", got, want)
	}
	srv.SetVoiceUsage(id.String(), "2026-03-05", 100)
	calls, err := client.Flow.VoiceDays(t.Context(), id, march)
	must(t, err)
	if calls[4].Minutes != 100 {
		t.Errorf("%v minutes, want 100", calls[4].Minutes)
	}
}

func TestUsagePoolsNeverRunOut(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	number := srv.AddCard(quecloudtest.Card{BillingID: 20}).ICCID
	srv.SetUsage(number, "2026-03-10", 1e6)
	if c := card(t, srv, number); c.Status != quecloudtest.StatusNormal {
		t.Errorf("the card is %s %s", c.Status, c.PauseReason)
	}
}

func TestUsageIncludesDirectedPackages(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	added := srv.AddCard(quecloudtest.Card{})
	_, err := client.Orders.Recharge(t.Context(),
		&quecloud.RechargeParams{Card: added.ID(), ProductID: 55, ProductName: "1G-定向"})
	must(t, err)
	info, err := client.Cards.Info(t.Context(), added.ID())
	must(t, err)
	if info.ResidueFlow != 2048 {
		t.Errorf("%v MB are left, want those of the plan and of the package, 2048", info.ResidueFlow)
	}
}

func TestUsageYearPackageCoversCycle(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	id := quecloud.MSISDN("1064900000001")
	info, err := client.Cards.Info(t.Context(), id)
	must(t, err)
	year, err := client.Flow.YearPackages(t.Context(), id)
	must(t, err)
	if p := year.Packages[0]; len(year.Packages) != 1 || p.Begin != info.CycleStart || p.End != info.CycleEnd {
		t.Errorf("got %+v, want the cycle, %v to %v", year.Packages, info.CycleStart, info.CycleEnd)
	}
}

// TestUsageOverlappingIdleDaysCountOnce pauses a card that then expires, and renews and resumes it. The idle days of
// both count once.
func TestUsageOverlappingIdleDaysCountOnce(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	id := quecloud.MSISDN("1064800000000")
	srv.UpdateCard(id.String(), func(c *quecloudtest.Card) { c.ExpiryDate = "2026-03-12" })
	must(t, client.Cards.Pause(t.Context(), id))
	srv.Advance(10 * 24 * time.Hour)
	_, err := client.Orders.Renew(t.Context(), &quecloud.RenewalParams{Card: card(t, srv, id.String()).ID(), Years: 1})
	must(t, err)
	srv.Advance(2 * 24 * time.Hour)
	must(t, client.Cards.Resume(t.Context(), id))
	srv.Advance(2 * 24 * time.Hour)
	wantUsage(t, client, id, march, func(day int) bool { return day > 10 && day < 22 })
}

func TestUsageStaysIdleAfterMovedExpiry(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	id := quecloud.MSISDN("1064800000000")
	srv.UpdateCard(id.String(), func(c *quecloudtest.Card) { c.ExpiryDate = "2026-03-11" })
	srv.Advance(4 * 24 * time.Hour)
	srv.UpdateCard(id.String(), func(c *quecloudtest.Card) { c.ExpiryDate = "2027-03-11" })
	srv.Advance(24 * time.Hour)
	wantUsage(t, client, id, march, func(day int) bool { return day > 11 && day < 14 })
}
