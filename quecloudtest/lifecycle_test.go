package quecloudtest_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// situations are the states of cards, with the reasons of suspensions.
var situations = func() (all [][2]string) {
	for _, status := range []string{
		quecloudtest.StatusNormal, quecloudtest.StatusTestNormal, quecloudtest.StatusTestSuspended,
		quecloudtest.StatusInactive, quecloudtest.StatusReserved, quecloudtest.StatusPreCancelled,
		quecloudtest.StatusCancelled, quecloudtest.StatusUnknown,
	} {
		all = append(all, [2]string{status})
	}
	for _, reason := range []string{
		quecloudtest.ReasonByOwner, quecloudtest.ReasonIMEISplit, quecloudtest.ReasonCarrierLimit,
		quecloudtest.ReasonThreshold, quecloudtest.ReasonPlanExpired, quecloudtest.ReasonCardExhausted,
		quecloudtest.ReasonPoolExhausted, quecloudtest.ReasonDataClosed,
	} {
		all = append(all, [2]string{quecloudtest.StatusSuspended, reason})
	}
	return all
}()

// TestLifecycleMoves makes every call in every state. It moves the card as the table says, or is refused and changes
// nothing.
func TestLifecycleMoves(t *testing.T) {
	t.Parallel()
	normal := [2]string{quecloudtest.StatusNormal}
	suspended := func(reason string) [2]string { return [2]string{quecloudtest.StatusSuspended, reason} }
	type moves map[[2]string][2]string
	for name, c := range map[string]struct {
		call  func(*quecloud.CardsService, context.Context, quecloud.CardID) error
		moves moves
	}{
		"EndTest": {(*quecloud.CardsService).EndTest, moves{
			{quecloudtest.StatusTestNormal}:    {quecloudtest.StatusInactive},
			{quecloudtest.StatusTestSuspended}: {quecloudtest.StatusInactive},
		}},
		"Activate": {(*quecloud.CardsService).Activate, moves{
			{quecloudtest.StatusInactive}:      normal,
			{quecloudtest.StatusTestNormal}:    normal,
			{quecloudtest.StatusTestSuspended}: normal,
		}},
		"Pause": {(*quecloud.CardsService).Pause, moves{normal: suspended(quecloudtest.ReasonByOwner)}},
		"Resume": {(*quecloud.CardsService).Resume, moves{
			suspended(quecloudtest.ReasonByOwner):   normal,
			suspended(quecloudtest.ReasonThreshold): normal,
		}},
		"Reset":     {(*quecloud.CardsService).Reset, moves{normal: suspended(quecloudtest.ReasonByOwner)}},
		"CloseGPRS": {(*quecloud.CardsService).CloseGPRS, moves{normal: suspended(quecloudtest.ReasonDataClosed)}},
		"OpenGPRS":  {(*quecloud.CardsService).OpenGPRS, moves{suspended(quecloudtest.ReasonDataClosed): normal}},
		"UnbindIMEI": {(*quecloud.CardsService).UnbindIMEI, moves{
			normal:                                      normal,
			suspended(quecloudtest.ReasonIMEISplit):     normal,
			suspended(quecloudtest.ReasonByOwner):       suspended(quecloudtest.ReasonByOwner),
			suspended(quecloudtest.ReasonCarrierLimit):  suspended(quecloudtest.ReasonCarrierLimit),
			suspended(quecloudtest.ReasonThreshold):     suspended(quecloudtest.ReasonThreshold),
			suspended(quecloudtest.ReasonPlanExpired):   suspended(quecloudtest.ReasonPlanExpired),
			suspended(quecloudtest.ReasonCardExhausted): suspended(quecloudtest.ReasonCardExhausted),
			suspended(quecloudtest.ReasonPoolExhausted): suspended(quecloudtest.ReasonPoolExhausted),
			suspended(quecloudtest.ReasonDataClosed):    suspended(quecloudtest.ReasonDataClosed),
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, client := start(t)
			for _, from := range situations {
				number := srv.AddCard(quecloudtest.Card{BillingID: 860, Status: from[0], PauseReason: from[1]}).ICCID
				err := c.call(client.Cards, t.Context(), quecloud.ICCID(number))
				to, allowed := c.moves[from]
				if allowed {
					must(t, err)
				} else {
					wantRefused(t, err, name+" of a card that is "+from[0]+from[1])
					to = from
				}
				if now := card(t, srv, number); now.Status != to[0] || now.PauseReason != to[1] {
					t.Errorf("%s took a card from %v to %s %s, want %v", name, from, now.Status, now.PauseReason, to)
				}
			}
		})
	}
}

func TestLifecycleActivationStartsContract(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	number := srv.AddCard(quecloudtest.Card{Status: quecloudtest.StatusInactive}).ICCID
	must(t, client.Cards.Activate(t.Context(), quecloud.ICCID(number)))
	info, err := client.Cards.Info(t.Context(), quecloud.ICCID(number))
	must(t, err)
	if info.Active != quecloud.ActiveStateActive || info.ActiveDate.String() != "2026-03-10" ||
		info.ExpiryDate.String() != "2027-02-28" {
		t.Errorf("activated: %v on %v until %v", info.Active, info.ActiveDate, info.ExpiryDate)
	}
}

func TestLifecycleResetResumesAfterTenMinutes(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	number := srv.AddCard(quecloudtest.Card{}).ICCID
	must(t, client.Cards.Reset(t.Context(), quecloud.ICCID(number)))
	srv.Advance(10*time.Minute - time.Second)
	if s := card(t, srv, number).Status; s != quecloudtest.StatusSuspended {
		t.Errorf("after almost 10 minutes the card is %s", s)
	}
	srv.Advance(time.Second)
	if s := card(t, srv, number).Status; s != quecloudtest.StatusNormal {
		t.Errorf("after 10 minutes the card is %s", s)
	}
}

func TestLifecycleResetKeepsLaterPause(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	id := srv.AddCard(quecloudtest.Card{}).ID()
	for _, call := range []func(context.Context, quecloud.CardID) error{
		client.Cards.Reset, client.Cards.Resume, client.Cards.Pause,
	} {
		must(t, call(t.Context(), id))
	}
	srv.Advance(time.Hour)
	if s := card(t, srv, id.String()).Status; s != quecloudtest.StatusSuspended {
		t.Errorf("the card is %s, want it suspended", s)
	}
}

func TestLifecycleUnbindOnceInThirtyMinutes(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	id := quecloud.MSISDN("1064900000005")
	if c := card(t, srv, id.String()); c.PauseReason != quecloudtest.ReasonIMEISplit || !c.Locked {
		t.Fatalf("the card begins as %+v", c)
	}
	must(t, client.Cards.UnbindIMEI(t.Context(), id))
	if c := card(t, srv, id.String()); c.Status != quecloudtest.StatusNormal || c.Locked {
		t.Errorf("unbound, the card is %+v", c)
	}
	srv.Advance(30*time.Minute - time.Second)
	wantRefused(t, client.Cards.UnbindIMEI(t.Context(), id), "unbinding after almost 30 minutes")
	srv.Advance(time.Second)
	must(t, client.Cards.UnbindIMEI(t.Context(), id))
	wantRefused(t, client.Cards.UnbindIMEI(t.Context(), quecloud.MSISDN("1064800000000")),
		"unbinding a card of China Mobile")
}

func TestLifecycleVoice(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	id := srv.AddCard(quecloudtest.Card{Voice: quecloudtest.VoiceOpen}).ID()
	wantRefused(t, client.Cards.OpenVoice(t.Context(), id), "opening open voice")
	must(t, client.Cards.CloseVoice(t.Context(), id))
	if v := card(t, srv, id.String()).Voice; v != quecloudtest.VoiceClosed {
		t.Errorf("voice is %v", v)
	}
	wantRefused(t, client.Cards.CloseVoice(t.Context(), id), "closing closed voice")
	must(t, client.Cards.OpenVoice(t.Context(), id))
	if v := card(t, srv, id.String()).Voice; v != quecloudtest.VoiceOpen {
		t.Errorf("voice is %v", v)
	}
	without := srv.AddCard(quecloudtest.Card{}).ID()
	wantRefused(t, client.Cards.OpenVoice(t.Context(), without), "voice of a card without")
	wantRefused(t, client.Cards.AddVoiceWhitelist(t.Context(), without, "1"), "whitelist of a card without voice")
}

func TestLifecycleWhitelistHoldsFive(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	id := srv.AddCard(quecloudtest.Card{Voice: quecloudtest.VoiceOpen}).ID()
	must(t, client.Cards.AddVoiceWhitelist(t.Context(), id, "1", "2", "3"))
	must(t, client.Cards.AddVoiceWhitelist(t.Context(), id, "4"))
	wantRefused(t, client.Cards.AddVoiceWhitelist(t.Context(), id, "5", "6"), "a sixth number")
	wantRefused(t, client.Cards.AddVoiceWhitelist(t.Context(), id, "1"), "a number that is there")
	must(t, client.Cards.AddVoiceWhitelist(t.Context(), id, "5"))
	info, err := client.Cards.Info(t.Context(), id)
	must(t, err)
	if want := []string{"1", "2", "3", "4", "5"}; !slices.Equal(info.VoiceWhitelist, want) {
		t.Errorf("the whitelist is %v, want %v", info.VoiceWhitelist, want)
	}
}

func TestLifecycleWhitelistDeletion(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	id := srv.AddCard(quecloudtest.Card{
		Voice: quecloudtest.VoiceOpen, VoiceWhitelist: []string{"1", "2", "3", "4", "5"},
	}).ID()
	three := newForeign(t, srv).call("card.voice.delwhitelist", "iccid", id.String(), "voiceWhiteList", "1_2_3")
	if three.code() != 1.0 {
		t.Errorf("deletion of three: %s", three.body)
	}
	wantRefused(t, client.Cards.DeleteVoiceWhitelist(t.Context(), id, "9"), "deletion of a number that is not there")
	must(t, client.Cards.DeleteVoiceWhitelist(t.Context(), id, "2", "4"))
	wantRefused(t, client.Cards.DeleteVoiceWhitelist(t.Context(), id, "1"), "a second deletion in a month")
	srv.SetTime(time.Date(2026, 3, 31, 23, 59, 59, 0, quecloud.ChinaStandardTime))
	wantRefused(t, client.Cards.DeleteVoiceWhitelist(t.Context(), id, "1"), "a second deletion in the month's last second")
	srv.Advance(time.Second)
	must(t, client.Cards.DeleteVoiceWhitelist(t.Context(), id, "1"))
	if left := card(t, srv, id.String()).VoiceWhitelist; !slices.Equal(left, []string{"3", "5"}) {
		t.Errorf("left are %v", left)
	}
}

func TestLifecycleRefusalsStartNoWait(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	for group, call := range map[int64]func(quecloud.CardID) error{
		860: func(id quecloud.CardID) error { return client.Cards.UnbindIMEI(t.Context(), id) },
		10:  func(id quecloud.CardID) error { _, err := client.Cards.RegisterRealName(t.Context(), id); return err },
	} {
		id := srv.AddCard(quecloudtest.Card{BillingID: group, Status: quecloudtest.StatusCancelled}).ID()
		wantRefused(t, call(id), "a cancelled card")
		srv.UpdateCard(id.String(), func(c *quecloudtest.Card) { c.Status = quecloudtest.StatusNormal })
		must(t, call(id))
		wantRefused(t, call(id), "the second call")
	}
}
