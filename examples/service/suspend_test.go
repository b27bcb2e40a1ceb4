package main

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

const pauseMethod = "fc.function.card.pause"

// newAbove returns a platform on which 20 cards have used 95 % of their plan, and a few other cards.
func newAbove(t *testing.T, options ...quecloudtest.Option) (platform *quecloudtest.Server, above []quecloudtest.Card) {
	options = append(options, quecloudtest.WithFleet(0), quecloudtest.WithTime(china("2026-11-20 03:00:00")))
	platform = newPlatform(t, options...)
	own := platform.AddGroup(quecloudtest.Group{PlanMB: 100})
	pool := platform.AddGroup(quecloudtest.Group{PlanMB: 100, Shared: true})
	unlimited := platform.AddGroup(quecloudtest.Group{})
	add := func(group quecloudtest.Group, status string, mb float64) quecloudtest.Card {
		card := platform.AddCard(quecloudtest.Card{BillingID: group.ID, Status: status, ActiveDate: "2026-10-01"})
		platform.SetUsage(card.ICCID, "2026-11-10", mb)
		return card
	}
	for range 20 {
		above = append(above, add(own, quecloudtest.StatusNormal, 95))
	}
	add(own, quecloudtest.StatusNormal, 90)
	add(own, quecloudtest.StatusSuspended, 95)
	add(pool, quecloudtest.StatusNormal, 95)
	add(unlimited, quecloudtest.StatusNormal, 95)
	return platform, above
}

// pauses returns how often each card was to be suspended.
func pauses(platform *quecloudtest.Server) map[string]int {
	calls := map[string]int{}
	for _, r := range platform.RequestsOf(pauseMethod) {
		calls[r.Params["iccid"]]++
	}
	return calls
}

func requireSuspended(t *testing.T, platform *quecloudtest.Server, cards []quecloudtest.Card) {
	t.Helper()
	for _, card := range cards {
		now, _ := platform.Card(card.ICCID)
		require.Equal(t, quecloudtest.StatusSuspended, now.Status, card.ICCID)
	}
}

func states(t *testing.T, s *service, state string) int {
	return count(t, s.db, `SELECT count(*) FROM suspensions WHERE state = ?`, state)
}

func TestSuspensionOfCardsAboveTheirPlan(t *testing.T) {
	t.Parallel()
	platform, above := newAbove(t)
	s := newService(t, newPath(t), platform)
	require.NoError(t, s.runOnce(t.Context()))
	requireSuspended(t, platform, above)
	assert.Len(t, pauses(platform), 20, "no other card")
	assert.Equal(t, 20, states(t, s, suspensionDone))
}

// A card that somebody resumes stays in service until the next cycle.
func TestSuspensionHappensOnceInACycle(t *testing.T) {
	t.Parallel()
	platform, above := newAbove(t)
	s := newService(t, newPath(t), platform)
	year := platform.AddGroup(quecloudtest.Group{PlanMB: 200, CycleMonths: 12})
	yearly := platform.AddCard(quecloudtest.Card{BillingID: year.ID, ActiveDate: "2026-10-01"})
	platform.SetUsage(yearly.ICCID, "2026-11-10", 195)
	s.most = 21
	night := func() {
		require.NoError(t, s.runOnce(t.Context()))
		platform.Advance(24 * time.Hour)
	}
	night()
	monthly := above[0]
	for _, card := range []quecloudtest.Card{monthly, yearly} {
		require.NoError(t, s.accounts[0].Cards.Resume(t.Context(), card.ID()))
	}
	night()
	require.Equal(t, 1, pauses(platform)[monthly.ICCID])
	platform.SetTime(china("2026-12-09 03:00:00"))
	platform.SetUsage(monthly.ICCID, "2026-12-08", 95)
	night()
	assert.Equal(t, 2, pauses(platform)[monthly.ICCID], "once more in the next cycle")
	assert.Equal(t, 1, pauses(platform)[yearly.ICCID], "whose cycle is a year")
	assert.Equal(t, 22, states(t, s, suspensionDone))
}

// What became of a call in doubt is read from the state of the card.
func TestSuspensionInDoubtIsResolvedByReading(t *testing.T) {
	t.Parallel()
	platform, above := newAbove(t)
	s := newService(t, newPath(t), platform)
	platform.Inject(
		quecloudtest.CutAfter().On(pauseMethod).Times(3),  // suspended, without a response
		quecloudtest.CutBefore().On(pauseMethod).Times(2), // not suspended, without a response
		quecloudtest.Refuse(1, "busy").On(pauseMethod).Times(1),
	)
	require.ErrorContains(t, s.runOnce(t.Context()), "5 suspensions are open")
	require.Equal(t, 1, states(t, s, suspensionRefused))

	platform.Advance(59 * time.Second)
	require.ErrorContains(t, s.runOnce(t.Context()), "2 suspensions are open")
	require.Len(t, platform.RequestsOf(pauseMethod), 20, "calls that may be under way are not made again")

	platform.Advance(time.Second)
	require.NoError(t, s.runOnce(t.Context()))
	require.Len(t, platform.RequestsOf(pauseMethod), 22)
	assert.Equal(t, 19, states(t, s, suspensionDone))
	refused := 0
	for _, card := range above {
		if now, _ := platform.Card(card.ICCID); now.Status == quecloudtest.StatusNormal {
			refused++
		}
	}
	assert.Equal(t, 1, refused)
}

// A suspension that was left open is checked again.
func TestSuspensionIsDroppedInTheNextCycle(t *testing.T) {
	t.Parallel()
	platform, above := newAbove(t)
	s := newService(t, newPath(t), platform)
	platform.Inject(quecloudtest.HTTPStatus(429).On(pauseMethod)) // nothing is done
	noRetries, err := s.accounts[0].With(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
	require.NoError(t, err)
	s.accounts[0].Client = noRetries
	require.ErrorContains(t, s.runOnce(t.Context()), "20 suspensions are open")
	require.Equal(t, 20, count(t, s.db, `SELECT count(*) FROM suspensions WHERE tried_at = 0`))
	platform.ClearFaults()
	platform.SetTime(china("2026-12-01 03:00:00"))
	require.NoError(t, s.runOnce(t.Context()))
	assert.Equal(t, 20, states(t, s, suspensionNotNeeded))
	assert.Len(t, platform.RequestsOf(pauseMethod), len(above))
}

func TestSuspensionOfACardThatHasLeftIsDropped(t *testing.T) {
	t.Parallel()
	platform, _ := newAbove(t)
	s := newService(t, newPath(t), platform)
	gone := quecloud.ICCID("8986002431000009999")
	require.NoError(t, s.addSuspension(t.Context(), s.accounts[0], gone, quecloud.DateOf(s.now())))
	require.NoError(t, s.runOnce(t.Context()))
	assert.Equal(t, 1, states(t, s, suspensionNotNeeded))
}

// Two processes on one database, as during an update of the program, suspend each card once.
func TestSuspensionByTwoProcessesHappensOnce(t *testing.T) {
	t.Parallel()
	platform, above := newAbove(t)
	path := newPath(t)
	first, second := newService(t, path, platform), newService(t, path, platform)
	night := first.nightOf(first.now())
	require.NoError(t, first.sweepCards(t.Context(), first.accounts[0], night))
	over, err := first.findSuspensions(t.Context(), first.accounts[0], night)
	require.NoError(t, err)
	var started atomic.Bool
	platform.Inject(quecloudtest.CutAfter().On(pauseMethod).Times(5))
	suspendAll := sync.OnceFunc(func() {
		assert.ErrorContains(t, second.runNight(t.Context(), second.accounts[0], night), "5 suspensions are open")
	})
	first.now = func() time.Time {
		if started.Swap(true) { // it has read which cards to suspend
			suspendAll()
		}
		return platform.Now()
	}
	require.NoError(t, first.suspendOpen(t.Context(), first.accounts[0], over))
	requireSuspended(t, platform, above)
	for card, n := range pauses(platform) {
		assert.Equal(t, 1, n, card)
	}
	assert.Equal(t, len(above)-5, states(t, first, suspensionDone))
	assert.Equal(t, 5, count(t, first.db, `SELECT count(*) FROM suspensions WHERE state = 'open' AND tried_at > 0`))
}

// When the service is told to stop, the calls under way finish and no others start.
func TestSuspensionDrains(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	var calls atomic.Int64
	platform, above := newAbove(t, quecloudtest.WithObserver(func(r quecloudtest.Request) {
		if r.Method == pauseMethod && calls.Add(1) == 6 {
			stop()
		}
	}))
	path := newPath(t)
	s := newService(t, path, platform)
	require.ErrorIs(t, s.runOnce(ctx), quecloud.ErrNotStarted)
	stopped := int(calls.Load())
	require.GreaterOrEqual(t, stopped, 6)
	require.Less(t, stopped, 20)
	require.Equal(t, stopped, states(t, s, suspensionDone), "none is in doubt")

	restarted := newService(t, path, platform)
	require.NoError(t, restarted.runOnce(t.Context()))
	requireSuspended(t, platform, above)
	assert.Len(t, platform.RequestsOf(pauseMethod), 20, "none is suspended twice")
}

// If the numbers are wrong, the service does not suspend the whole fleet.
func TestSuspensionIsLimited(t *testing.T) {
	t.Parallel()
	platform, _ := newAbove(t)
	s := newService(t, newPath(t), platform)
	s.most = 19
	require.ErrorContains(t, s.runOnce(t.Context()), "20 cards are to be suspended and -most is 19")
	assert.Empty(t, platform.RequestsOf(pauseMethod))
}

// A suspension that was left open is done only once the state of its card is known.
func TestSuspensionNeedsTheStateOfTheCard(t *testing.T) {
	t.Parallel()
	platform, above := newAbove(t)
	s := newService(t, newPath(t), platform)
	card := above[0].ID().Normal()
	lastCycle := quecloud.Date{Year: 2026, Month: time.October, Day: 1}
	require.NoError(t, s.addSuspension(t.Context(), s.accounts[0], card, lastCycle))
	platform.Inject(quecloudtest.Refuse(1, "busy").On("cards.info").Times(1))
	require.ErrorContains(t, s.runOnce(t.Context()), "busy")
	require.Empty(t, platform.RequestsOf(pauseMethod))
	require.NoError(t, s.runOnce(t.Context()))
	assert.Equal(t, 1, pauses(platform)[card.String()], "whichever cycle it was left open in")
	assert.Equal(t, 20, states(t, s, suspensionDone))
}
