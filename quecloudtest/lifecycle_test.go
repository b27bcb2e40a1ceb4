package quecloudtest_test

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// situations are the states that a card can be in, with the reasons of the suspended ones.
var situations = func() (all [][2]string) {
	for _, status := range []string{
		quecloudtest.StatusNormal, quecloudtest.StatusTestNormal, quecloudtest.StatusTestSuspended, quecloudtest.StatusInactive,
		quecloudtest.StatusReserved, quecloudtest.StatusPreCancelled, quecloudtest.StatusCancelled, quecloudtest.StatusUnknown,
	} {
		all = append(all, [2]string{status})
	}
	for _, reason := range []string{
		quecloudtest.ReasonByOwner, quecloudtest.ReasonIMEISplit, quecloudtest.ReasonCarrierLimit, quecloudtest.ReasonThreshold,
		quecloudtest.ReasonPlanExpired, quecloudtest.ReasonCardExhausted, quecloudtest.ReasonPoolExhausted, quecloudtest.ReasonDataClosed,
	} {
		all = append(all, [2]string{quecloudtest.StatusSuspended, reason})
	}
	return all
}()

// TestCardsMoveBetweenTheirStates tries every call in every state: it does what the table says, or is refused and changes
// nothing.
func TestCardsMoveBetweenTheirStates(t *testing.T) {
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

func TestActivationStartsTheContract(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	number := srv.AddCard(quecloudtest.Card{Status: quecloudtest.StatusInactive}).ICCID
	must(t, client.Cards.Activate(t.Context(), quecloud.ICCID(number)))
	info, err := client.Cards.Info(t.Context(), quecloud.ICCID(number))
	must(t, err)
	if info.Active != quecloud.ActiveStateActive || info.ActiveDate.String() != "2026-03-10" || info.ExpiryDate.String() != "2027-02-28" {
		t.Errorf("activated: %v on %v until %v", info.Active, info.ActiveDate, info.ExpiryDate)
	}
}

func TestResetResumesAfterTenMinutes(t *testing.T) {
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

func TestResetDoesNotUndoALaterPause(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	id := srv.AddCard(quecloudtest.Card{}).ID()
	for _, call := range []func(context.Context, quecloud.CardID) error{client.Cards.Reset, client.Cards.Resume, client.Cards.Pause} {
		must(t, call(t.Context(), id))
	}
	srv.Advance(time.Hour)
	if s := card(t, srv, id.String()).Status; s != quecloudtest.StatusSuspended {
		t.Errorf("the card is %s, want it suspended", s)
	}
}

func TestUnbindingOnceInThirtyMinutes(t *testing.T) {
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
	wantRefused(t, client.Cards.UnbindIMEI(t.Context(), quecloud.MSISDN("1064800000000")), "unbinding a card of China Mobile")
}

func TestRealNameOnceAMinute(t *testing.T) {
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

func TestRealNameStatusFollowsTheCard(t *testing.T) {
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

func TestRealtimeQueriesFailForCardsThatTheCarrierDoesNotKnow(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	unknown := quecloud.MSISDN("1064800000004")
	_, err := client.Cards.RealtimeStatus(t.Context(), unknown)
	wantQueryFailed(t, err)
	_, err = client.Cards.RealNameStatus(t.Context(), unknown)
	wantQueryFailed(t, err)
}

func TestSuspendedCardsAreOffline(t *testing.T) {
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

func TestVoiceOpensAndCloses(t *testing.T) {
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

func TestWhitelistOfAtMostFive(t *testing.T) {
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

func TestWhitelistDeletionOnceAMonthAndTwoAtATime(t *testing.T) {
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

func TestImpossibleCardsPanic(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	for name, do := range map[string]func(){
		"unknown status":      func() { srv.AddCard(quecloudtest.Card{Status: "破"}) },
		"unknown reason":      func() { srv.AddCard(quecloudtest.Card{PauseReason: "x"}) },
		"reason in use":       func() { srv.AddCard(quecloudtest.Card{Status: "正常", PauseReason: quecloudtest.ReasonByOwner}) },
		"unknown group":       func() { srv.AddCard(quecloudtest.Card{BillingID: 1}) },
		"number taken":        func() { srv.AddCard(quecloudtest.Card{MSISDN: "1064800000000"}) },
		"six on a whitelist":  func() { srv.AddCard(quecloudtest.Card{VoiceWhitelist: []string{"1", "2", "3", "4", "5", "6"}}) },
		"word on a whitelist": func() { srv.AddCard(quecloudtest.Card{VoiceWhitelist: []string{"home"}}) },
		"package of less":     func() { srv.AddCard(quecloudtest.Card{Packages: []quecloudtest.FlowPackage{{MB: -1}}}) },
		"endless price":       func() { srv.AddProduct(quecloudtest.Product{Price: 1 << 60}) },
		"endless package":     func() { srv.AddProduct(quecloudtest.Product{MB: 1 << 60}) },
		"endless plan":        func() { srv.AddGroup(quecloudtest.Group{PlanMB: 1 << 60}) },
		"endless calls":       func() { srv.AddGroup(quecloudtest.Group{VoiceMinutes: math.MaxInt}) },
		"endless month price": func() { srv.AddGroup(quecloudtest.Group{MonthPrice: 1 << 60}) },
		"endless deposit":     func() { srv.Deposit(1<<60, "") },
		"endless balance":     func() { quecloudtest.WithBalance(1 << 60) },
		"endless deposits": func() {
			for range 1 << 20 {
				srv.Deposit(1_000_000_000_000*quecloudtest.Yuan, "")
			}
		},
		"no date":             func() { srv.AddCard(quecloudtest.Card{ActiveDate: "2026-02-30"}) },
		"no such card":        func() { srv.UpdateCard("1", func(*quecloudtest.Card) {}) },
		"usage of nobody":     func() { srv.SetUsage("1", "2026-03-01", 1) },
		"usage on no day":     func() { srv.SetUsage("1064800000000", "20260301", 1) },
		"negative usage":      func() { srv.SetUsage("1064800000000", "2026-03-01", -1) },
		"SMS of nobody":       func() { srv.ReceiveSMS("1", "x") },
		"group taken":         func() { srv.AddGroup(quecloudtest.Group{ID: 10}) },
		"orphaned group":      func() { srv.AddGroup(quecloudtest.Group{Parent: 1}) },
		"product taken":       func() { srv.AddProduct(quecloudtest.Product{ID: 50}) },
		"deposit of nothing":  func() { srv.Deposit(0, "") },
		"time going back":     func() { srv.Advance(-1) },
		"fault on no method":  func() { srv.Inject(quecloudtest.CutBefore().On("card.nosuch")) },
		"fault of no kind":    func() { srv.Inject(quecloudtest.Fault{}) },
		"probability above 1": func() { srv.Inject(quecloudtest.CutBefore().Probability(1.1)) },
		"status that is none": func() { srv.Inject(quecloudtest.HTTPStatus(99)) },
		"refusal of success":  func() { quecloudtest.Refuse(0, "") },
		"fault for no calls":  func() { quecloudtest.CutBefore().Times(0) },
		"callback to no host": func() { srv.SetSMSCallback("http:///path") },
		"callback by FTP":     func() { srv.SetOrderCallback("ftp://127.0.0.1/") },
		"no SMS callback":     func() { quecloudtest.WithSMSCallback("127.0.0.1:80/x") },
		"no order callback":   func() { quecloudtest.WithOrderCallback("://") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("did not panic")
				}
			}()
			do()
		})
	}
	if _, err := srv.Client().Billing.Account(t.Context()); err != nil {
		t.Errorf("after the panics the server is of no use: %v", err)
	}
}
