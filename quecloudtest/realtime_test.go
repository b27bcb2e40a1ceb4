package quecloudtest_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestRealtimeLocationOfOfflineCards(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	for group, code := range map[int64]string{10: "", 20: "", 860: "225"} {
		added := srv.AddCard(quecloudtest.Card{BillingID: group, Status: quecloudtest.StatusSuspended})
		where, err := client.Cards.Location(t.Context(), added.ID())
		if code == "" {
			wantRefused(t, err, "locating a card of group "+strconv.FormatInt(group, 10))
			continue
		}
		must(t, err)
		if where.Located() || where.PositionResult != code {
			t.Errorf("got %+v", where)
		}
	}
}

func TestRealtimeRealNameOnceAMinute(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	id := quecloud.MSISDN("1064800000000")
	first, err := client.Cards.RegisterRealName(t.Context(), id)
	must(t, err)
	if first.Serial == "" || first.URL == "" {
		t.Errorf("got %+v", first)
	}
	srv.Advance(59 * time.Second)
	_, err = client.Cards.RegisterRealName(t.Context(), id)
	wantRefused(t, err, "registration after 59 seconds")
	srv.Advance(time.Second)
	_, err = client.Cards.RegisterRealName(t.Context(), id)
	must(t, err)
	_, err = client.Cards.RegisterRealName(t.Context(), quecloud.MSISDN("1064900000001"))
	wantRefused(t, err, "registration of a card of China Telecom")
}

func TestRealtimeRealNameStatus(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	for _, registered := range []bool{true, false} {
		srv.UpdateCard("1064800000000", func(c *quecloudtest.Card) { c.RealName = registered })
		status, err := client.Cards.RealNameStatus(t.Context(), quecloud.MSISDN("1064800000000"))
		must(t, err)
		if status.Registered != registered {
			t.Errorf("registered: %v, want %v", status.Registered, registered)
		}
	}
}

func TestRealtimeQueriesFailForUnknownCards(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	unknown := quecloud.MSISDN("1064800000004")
	_, err := client.Cards.RealtimeStatus(t.Context(), unknown)
	wantQueryFailed(t, err)
	_, err = client.Cards.RealNameStatus(t.Context(), unknown)
	wantQueryFailed(t, err)
}

func TestRealtimeSuspendedCardsAreOffline(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFleet(0))
	var online int
	for range 40 {
		id := srv.AddCard(quecloudtest.Card{BillingID: 860}).ID()
		status, err := client.Cards.RealtimeStatus(t.Context(), id)
		must(t, err)
		where, err := client.Cards.Location(t.Context(), id)
		must(t, err)
		if (status.Online == quecloud.OnlineStateOnline) != where.Located() {
			t.Errorf("a card that is %s is located: %v", status.Online, where.Located())
		}
		if where.Located() {
			online++
		}
		must(t, client.Cards.Pause(t.Context(), id))
		status, err = client.Cards.RealtimeStatus(t.Context(), id)
		must(t, err)
		if status.Online == quecloud.OnlineStateOnline {
			t.Error("a suspended card is online")
		}
	}
	if online < 20 || online == 40 {
		t.Errorf("%d of 40 cards are online, want most", online)
	}
}
