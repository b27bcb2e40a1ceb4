package quecloudtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// snapshot returns the state of a server as JSON.
func snapshot(t testing.TB, srv *quecloudtest.Server) string {
	t.Helper()
	text, err := json.MarshalIndent(srv.Snapshot(), "", " ")
	require.NoError(t, err)
	return string(text)
}

// requireSame compares two states and shows the first line that differs.
func requireSame(t testing.TB, want, got string, what string, args ...any) {
	t.Helper()
	wants, gots := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range wants {
		if i >= len(gots) || wants[i] != gots[i] {
			around := func(lines []string) string { return strings.Join(lines[max(0, i-20):min(len(lines), i+2)], "\n") }
			t.Fatalf("%s: the states differ in line %d:\n%s\n--- got\n%s",
				fmt.Sprintf(what, args...), i, around(wants), around(gots))
		}
	}
	require.Len(t, gots, len(wants), what)
}

// flaky returns a client whose receiver of callbacks refuses some of them, chosen by their content.
func flaky() *http.Client {
	return &http.Client{Transport: quecloudtest.HandlerTransport(http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			response := map[string]string{"/sms": "success", "/orders": `{"code":200}`}[r.URL.Path]
			if len(body)%3 == 0 {
				response = "later"
			}
			io.WriteString(w, response)
		}))}
}

// busyServer returns a tester whose server has callbacks, delays and removed cards.
func busyServer(seed uint64) *tester {
	tt := newTester(seed, quecloudtest.WithCallbackClient(flaky()), quecloudtest.WithCallbackRetries(4),
		quecloudtest.WithCallbackInterval(7*time.Minute), quecloudtest.WithSMSCallback("https://app.invalid/sms"),
		quecloudtest.WithOrderCallback("https://app.invalid/orders"))
	tt.srv.SetPurchaseRules(quecloudtest.PurchaseRules{WalletDelay: time.Minute, RecordDelay: time.Second})
	tt.srv.AddGroup(quecloudtest.Group{PlanMB: 7})
	tt.srv.AddProduct(quecloudtest.Product{MB: 7, Price: 7})
	tt.srv.RemoveCard("1064900000001")
	for _, suspended := range []string{"1064800000003", "1064900000005"} {
		tt.numbers = append(tt.numbers, tt.srv.UpdateCard(suspended, func(*quecloudtest.Card) {}).ICCID)
	}
	return tt
}

// move makes a random step, some of which the steps of a tester lack.
func (tt *tester) move(ctx context.Context) {
	number := tt.numbers[tt.rand.IntN(len(tt.numbers))]
	switch tt.rand.IntN(12) {
	case 0:
		_, _ = tt.client.SMS.Send(ctx, &quecloud.SMSSendParams{Cards: quecloud.ICCIDs(number), Content: "温度"})
	case 1:
		tt.srv.ReceiveSMS(number, "\xce\xc2")
	case 2:
		tt.srv.SetVoiceUsage(number, tt.srv.Now().Format(time.DateOnly), tt.rand.IntN(9))
	case 3:
		tt.srv.UpdateCard(number, func(c *quecloudtest.Card) {
			c.Status, c.PauseReason = quecloudtest.StatusNormal, ""
			c.ExpiryDate = tt.srv.Now().AddDate(0, 0, tt.rand.IntN(60)-20).Format(time.DateOnly)
		})
	case 4:
		tt.srv.AddCard(quecloudtest.Card{BillingID: 11, Voice: quecloudtest.VoiceOpen})
	case 5:
		_ = tt.client.Cards.AddVoiceWhitelist(ctx, quecloud.ICCID(number), fmt.Sprint(tt.rand.IntN(5)))
		_ = tt.client.Cards.DeleteVoiceWhitelist(ctx, quecloud.ICCID(number), fmt.Sprint(tt.rand.IntN(5)))
	case 6:
		tt.srv.WaitCallbacks()
		tt.srv.HoldCallbacks()
	case 7:
		tt.srv.ReleaseCallbacks()
	default:
		tt.step(ctx)
	}
	tt.srv.WaitCallbacks()
}

func TestStateRestoredServerBehavesTheSame(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			original := busyServer(seed)
			defer original.srv.Close()
			for range 60 {
				original.move(t.Context())
			}
			original.srv.RemoveCard(original.srv.AddCard(quecloudtest.Card{}).ICCID) // leaves its place empty
			state := snapshot(t, original.srv)

			restored := &tester{srv: quecloudtest.NewUnstartedServer(quecloudtest.WithCallbackClient(flaky()))}
			defer restored.srv.Close()
			restored.srv.Deposit(1, "gone after Load")
			require.NoError(t, restored.srv.Load([]byte(state)))
			requireSame(t, state, snapshot(t, restored.srv), "the snapshot of a snapshot")

			restored.client = restored.srv.Client(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
			restored.numbers = original.numbers
			known := len(original.srv.Requests())
			original.rand = rand.New(rand.NewPCG(seed, 99))
			restored.rand = rand.New(rand.NewPCG(seed, 99))
			for n := range 120 {
				original.move(t.Context())
				restored.move(t.Context())
				if n%10 == 9 {
					requireSame(t, snapshot(t, original.srv), snapshot(t, restored.srv), "after %d moves", n+1)
				}
			}
			want, got := original.srv.Requests()[known:], restored.srv.Requests()
			require.Len(t, got, len(want))
			for i := range want {
				require.Equal(t, want[i].Response, got[i].Response, "%s %v", want[i].Method, want[i].Params)
				require.Equal(t, want[i].Faults, got[i].Faults)
			}
		})
	}
}

func TestStateOfLargeFleetIsSmall(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(1_000_000), quecloudtest.WithTime(noon))
	defer srv.Close()
	srv.SetUsage("1064800999996", "2026-03-10", 5)
	require.NoError(t, srv.Client().Cards.Pause(t.Context(), quecloud.MSISDN("1064800500004")))
	state := snapshot(t, srv)
	assert.Less(t, len(state), 10_000)
	require.NoError(t, srv.Load([]byte(state)))
	requireSame(t, state, snapshot(t, srv), "loaded")
	assert.Equal(t, quecloudtest.StatusSuspended, card(t, srv, "1064800500004").Status)
}

// TestStateLoadsScenarios checks what a new server has after scenarios that leave most members out.
func TestStateLoadsScenarios(t *testing.T) {
	t.Parallel()
	first := "89860024310000000006"
	for _, test := range []struct {
		name, scenario string
		got            func(*quecloudtest.Server) any
		want           any
	}{
		{"nothing", `{}`, func(s *quecloudtest.Server) any { return s.Wallet().Balance }, quecloudtest.DefaultBalance},
		{"a time", `{"time":"2027-01-02T03:04:05+08:00"}`,
			func(s *quecloudtest.Server) any { return s.Now().Format(time.DateTime) }, "2027-01-02 03:04:05"},
		{"a time for the fleet", `{"time":"2030-01-02T03:04:05+08:00"}`,
			func(s *quecloudtest.Server) any { return card(t, s, first).ExpiryDate > "2030-01-02" }, true},
		{"a size", `{"fleet":{"size":3}}`,
			func(s *quecloudtest.Server) any { return s.CardPage(quecloudtest.CardFilter{}, 0, 9).Total }, 3},
		{"a change of a synthetic card", `{"cards":[{"iccid":"` + first + `","status":"停机"}]}`,
			func(s *quecloudtest.Server) any { c := card(t, s, first); return c.Status + c.PauseReason + c.MSISDN },
			"停机主动停机1064800000000"},
		{"a new card", `{"cards":[{"billingID":11,
			"usage":{"2026-03-09":29.5,"2026-03-10":1},"voiceUsage":{"2026-03-10":4}}]}`,
			func(s *quecloudtest.Server) any {
				for c := range s.Cards(quecloudtest.CardFilter{Text: "1064800000012"}) {
					return fmt.Sprint(c.PauseReason, c.MonthFlow, c.MonthVoice)
				}
				return nil
			}, "单卡流量用尽停机30.5 4"},
		{"a removed card", `{"removed":["` + first + `"]}`,
			func(s *quecloudtest.Server) any { _, ok := s.Card(first); return ok }, false},
		{"a balance", `{"wallet":{"balance":"12.5"}}`,
			func(s *quecloudtest.Server) any { return s.Wallet().Balance + s.Wallet().Entries[0].Change },
			25 * quecloudtest.Yuan},
		{"a balance as a number", `{"wallet":{"balance":12.5}}`,
			func(s *quecloudtest.Server) any { return s.Wallet().Balance }, 12*quecloudtest.Yuan + 50*quecloudtest.Fen},
		{"entries", `{"wallet":{"entries":[{"change":"30"},{"change":"-8","kind":"套餐续费"}]}}`,
			func(s *quecloudtest.Server) any { return s.Wallet().Balance }, 22 * quecloudtest.Yuan},
		{"a pending order", `{"delays":{"orders":60},"orders":[{"type":"充值订单","iccid":"` + first + `","productID":50}]}`,
			func(s *quecloudtest.Server) any {
				before := s.Orders()[0].Status
				s.Advance(time.Minute)
				return before + s.Orders()[0].Status + card(t, s, first).Packages[0].Name
			}, quecloudtest.OrderPending + quecloudtest.OrderDone + "30M-当月"},
		{"an order that fails", `{"orders":[{"no":"1","type":"续费订单","cycle":1,"iccid":"` + first + `","price":"3"}],
			"jobs":[{"due":"2026-03-10T12:30:00+08:00","order":"1","failure":"x"}]}`,
			func(s *quecloudtest.Server) any {
				s.Advance(time.Hour)
				return s.Orders()[0].Status + fmt.Sprint(s.Wallet().Balance)
			},
			quecloudtest.OrderFailed + "1003.00"},
		{"an order of no card", `{"orders":[{"type":"充值订单","iccid":"1","productID":50}]}`,
			func(s *quecloudtest.Server) any { return s.Orders()[0].Status }, quecloudtest.OrderFailed},
		{"an SMS", `{"delays":{"sms":60},"sms":[{"msisdn":"1064800000000","content":"x"}]}`,
			func(s *quecloudtest.Server) any {
				s.Advance(time.Minute)
				return s.SMS()[0].ICCID + fmt.Sprint(s.SMS()[0].Status)
			},
			first + "200"},
		{"a file", `{"files":[{"end":"2026-03-10T11:00:00+08:00"}]}`,
			func(s *quecloudtest.Server) any { return s.FileTasks()[0].Size > 100 }, true},
		{"a fault", `{"faults":[{"fault":{"kind":"refuse","code":7,"times":2}}]}`,
			func(s *quecloudtest.Server) any { return fmt.Sprint(s.Faults()[0].Remaining, s.Faults()[0].Fault) }, "2 Refuse(7)"},
		{"an alarm", `{"cards":[{"iccid":"` + first + `","alarm":{"pauseThreshold":5,"pauseEnabled":true}}]}`,
			func(s *quecloudtest.Server) any { return card(t, s, first).Alarm.PauseThreshold }, 5.0},
		{"a number of orders", `{"orders":[{"type":"充值订单","productID":50}],"counters":{"orders":7}}`,
			func(s *quecloudtest.Server) any { return s.Orders()[0].ID }, int64(7)},
		{"a threshold that is checked from the next day on", `{"time":"2026-03-12T12:00:00+08:00",
			"cards":[{"iccid":"` + first + `","usage":{"2026-03-12":9},"alarm":{"pauseThreshold":5,"pauseEnabled":true}}]}`,
			func(s *quecloudtest.Server) any {
				before := card(t, s, first).Status
				s.Advance(12 * time.Hour)
				return before + card(t, s, first).PauseReason
			}, "正常超出阈值停机"},
		{"a package", `{"cards":[{"iccid":"` + first + `","packages":[{"name":"x","mb":5}]}]}`,
			func(s *quecloudtest.Server) any { return card(t, s, first).Packages[0].End.Format(time.DateTime) },
			"2026-03-31 23:59:59"},
		{"purchase rules", `{"purchases":{"duplicates":"refused","walletSeconds":1.5}}`,
			func(s *quecloudtest.Server) any { return s.PurchaseRules() },
			quecloudtest.PurchaseRules{Duplicates: quecloudtest.DuplicatesRefused, WalletDelay: 1500 * time.Millisecond}},
		{"groups", `{"groups":[{"id":7,"planMB":10}],"products":[]}`,
			func(s *quecloudtest.Server) any { return fmt.Sprint(card(t, s, first).PlanName, len(s.Products())) }, "10M/月0"},
		{"a reset", `{"cards":[{"iccid":"` + first + `","status":"停机","resetAt":"2026-03-10T11:55:00+08:00"}]}`,
			func(s *quecloudtest.Server) any {
				before := card(t, s, first).Status
				s.Advance(5 * time.Minute)
				return before + card(t, s, first).Status
			}, "停机正常"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := quecloudtest.NewUnstartedServer(quecloudtest.WithTime(noon))
			defer srv.Close()
			require.NoError(t, srv.Load([]byte(test.scenario)))
			state := snapshot(t, srv)
			require.NoError(t, srv.Load([]byte(state)))
			requireSame(t, state, snapshot(t, srv), "the snapshot of the scenario")
			assert.Equal(t, test.want, test.got(srv))
		})
	}
}

func TestStateRefusesAndChangesNothing(t *testing.T) {
	t.Parallel()
	tt := busyServer(3)
	defer tt.srv.Close()
	for range 30 {
		tt.move(t.Context())
	}
	before := snapshot(t, tt.srv)
	for _, test := range []struct{ state, reason string }{
		{``, "EOF"},
		{`[]`, "unexpected JSON array"},
		{`{} {}`, "after top-level value"},
		{`{"cards":[}`, "at byte"},
		{`{"color":1}`, "color: unknown member"},
		{`{"time":"2026-03-10"}`, `time: "2026-03-10": want a time such as 2026-03-10T12:00:00+08:00`},
		{`{"time":"2026-03-10T12:00:00+08:00","time":"2026-03-10T12:00:00+08:00"}`, "time: duplicate"},
		{`{"time":"8999-12-31T20:00:00Z"}`, "time: want a time of the years 1 to 8999"},
		{`{"version":2}`, "version: 2, want 1"},
		{`{"fleet":{"size":-1}}`, "fleet.size: -1"},
		{`{"fleet":{"created":"x"}}`, "fleet.created: "},
		{`{"fleet":{"groups":[10,99]}}`, "fleet.groups[1]: no billing group 99"},
		{`{"delays":{"orders":-1}}`, "delays.orders: -1"},
		{`{"dialect":"pirate"}`, "dialect: "},
		{`{"purchases":{"color":1}}`, "purchases: "},
		{`{"groups":[{"cycleMonths":3}]}`, "groups[0].cycleMonths: a cycle of 3 months"},
		{`{"groups":[]}`, "groups: want at least one"},
		{`{"products":[{},{"mb":-1}]}`, "products[1].mb: -1 MB"},
		{`{"cards":[{},7]}`, "cards[1]: want a JSON object"},
		{`{"cards":[null]}`, "cards[0]: want a JSON object"},
		{`{"cards":[{"status":"x"}]}`, `cards[0].status: invalid Status "x"`},
		{`{"cards":[{},{"color":1}]}`, "cards[1].color: unknown member"},
		{`{"cards":[{"packages":[{"mb":"x"}]}]}`, "cards[0].packages[0].mb: unexpected JSON string"},
		{`{"cards":[{"monthFlow":1}]}`, "cards[0].monthFlow: unknown member"},
		{`{"cards":[{"expiryDate":"2026-13-01"}]}`, "cards[0].expiryDate: invalid ExpiryDate"},
		{`{"cards":[{"msisdn":"1064800000000"},{"msisdn":"1064800000000"}]}`, "cards[1].place: "},
		{`{"cards":[{"usage":{"x":1}}]}`, `cards[0].usage: "x"`},
		{`{"cards":[{"usage":{"2026-03-10":-1}}]}`, "cards[0].usage: "},
		{`{"cards":[{"voice":"loud"}]}`, "cards[0].voice: "},
		{`{"cards":[{"idle":[{"first":"2026-03-10","last":"2026-03-09"}]}]}`, "cards[0].idle[0]: "},
		{`{"cards":[{"alarm":{"pausedIn":"x"}}]}`, "cards[0].alarm.pausedIn: "},
		{`{"cards":[{"alarm":{"id":9223372036854775807}}]}`, "cards[0].alarm.id: "},
		{`{"cards":[{"alarm":{"pauseThreshold":-1}}]}`, "cards[0].alarm: invalid Alarm"},
		{`{"purchases":{"walletSeconds":1e300}}`, "purchases: walletSeconds: 1e+300"},
		{`{"cards":[{"place":0,"iccid":"1"}]}`, "cards[0].iccid: "},
		{`{"removed":["1"]}`, "removed[0]: "},
		{`{"wallet":{"balance":"-1"}}`, "wallet.balance: -1.00"},
		{`{"wallet":{"balance":"1.005"}}`, "wallet.balance: "},
		{`{"wallet":{"entries":[{"kind":"x"}]}}`, "wallet.entries[0].kind: "},
		{`{"orders":[{"type":"x"}]}`, "orders[0].type: "},
		{`{"orders":[{"type":"续费订单"}]}`, "orders[0].cycle: 0"},
		{`{"orders":[{"type":"充值订单","productID":1}]}`, "orders[0].productID: no product 1"},
		{`{"sms":[{"status":7}]}`, "sms[0].status: 7"},
		{`{"sms":[{"msisdn":"1"}]}`, "sms[0].iccid: no card 1"},
		{`{"smsCounts":{"x":{}}}`, `smsCounts: "x"`},
		{`{"files":[{"id":2},{"id":2}]}`, "files[1].id: 2"},
		{`{"files":[{"id":9223372036854775807}]}`, "files[0].id: 9223372036854775807"},
		{
			`{"callbacks":{"waiting":[{"id":9223372036854775807,"kind":"sms","url":"https://a"}]}}`,
			"callbacks.waiting[0].id: ",
		},
		{`{"faults":[{"id":9223372036854775807,"fault":{"kind":"empty"}}]}`, "faults[0]: id"},
		{`{"callbacks":{"sms":"x"}}`, "callbacks.sms: want an absolute"},
		{`{"callbacks":{"waiting":[{"kind":"x"}]}}`, "callbacks.waiting[0].kind: "},
		{`{"jobs":[{"due":"2026-03-10T12:00:00+08:00","order":"1"}]}`, "jobs[0].order: no pending order 1"},
		{`{"jobs":[{"due":"2026-03-10T12:00:00+08:00"}]}`, "jobs[0].due: want one of"},
		{`{"jobs":[{"order":"1"}]}`, "jobs[0].due: want a time"},
		{`{"faults":[{"fault":{"kind":"x"}}]}`, `faults[0].fault: kind "x": want one of`},
		{`{"faults":[{"fault":{"kind":"status","color":1}}]}`, "faults[0].fault: "},
		{`{"faults":[{}]}`, "faults[0].fault: zero Fault"},
		{`{"counters":{"orders":-1}}`, "counters.orders: -1"},
		{`{"orders":null,"counters":{"cards":200000000}}`, "counters.cards: 200000000"},
	} {
		err := tt.srv.Load([]byte(test.state))
		if err == nil || !strings.HasPrefix(err.Error(), "quecloudtest: Load: ") ||
			!strings.Contains(err.Error(), test.reason) {
			t.Errorf("%s: got %v, want an error with %s", test.state, err, test.reason)
		}
	}
	requireSame(t, before, snapshot(t, tt.srv), "after refused states")
}
