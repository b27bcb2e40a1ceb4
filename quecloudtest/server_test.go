package quecloudtest_test

import (
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestServerPanicsOnInvalidArguments(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	for name, do := range map[string]func(){
		"unknown status": func() { srv.AddCard(quecloudtest.Card{Status: "破"}) },
		"unknown reason": func() { srv.AddCard(quecloudtest.Card{PauseReason: "x"}) },
		"reason in use": func() {
			srv.AddCard(quecloudtest.Card{Status: "正常", PauseReason: quecloudtest.ReasonByOwner})
		},
		"unknown group": func() { srv.AddCard(quecloudtest.Card{BillingID: 1}) },
		"number taken":  func() { srv.AddCard(quecloudtest.Card{MSISDN: "1064800000000"}) },
		"whitelist of six": func() {
			srv.AddCard(quecloudtest.Card{VoiceWhitelist: []string{"1", "2", "3", "4", "5", "6"}})
		},
		"word in whitelist":   func() { srv.AddCard(quecloudtest.Card{VoiceWhitelist: []string{"home"}}) },
		"negative package":    func() { srv.AddCard(quecloudtest.Card{Packages: []quecloudtest.FlowPackage{{MB: -1}}}) },
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
		"invalid date":        func() { srv.AddCard(quecloudtest.Card{ActiveDate: "2026-02-30"}) },
		"no such card":        func() { srv.UpdateCard("1", func(*quecloudtest.Card) {}) },
		"usage of no card":    func() { srv.SetUsage("1", "2026-03-01", 1) },
		"invalid usage date":  func() { srv.SetUsage("1064800000000", "20260301", 1) },
		"negative usage":      func() { srv.SetUsage("1064800000000", "2026-03-01", -1) },
		"SMS of no card":      func() { srv.ReceiveSMS("1", "x") },
		"group taken":         func() { srv.AddGroup(quecloudtest.Group{ID: 10}) },
		"unknown parent":      func() { srv.AddGroup(quecloudtest.Group{Parent: 1}) },
		"product taken":       func() { srv.AddProduct(quecloudtest.Product{ID: 50}) },
		"deposit of nothing":  func() { srv.Deposit(0, "") },
		"negative advance":    func() { srv.Advance(-1) },
		"fault on no method":  func() { srv.Inject(quecloudtest.CutBefore().On("card.nosuch")) },
		"zero fault":          func() { srv.Inject(quecloudtest.Fault{}) },
		"probability above 1": func() { srv.Inject(quecloudtest.CutBefore().Probability(1.1)) },
		"invalid status":      func() { srv.Inject(quecloudtest.HTTPStatus(99)) },
		"refusal of success":  func() { quecloudtest.Refuse(0, "") },
		"fault for no calls":  func() { quecloudtest.CutBefore().Times(0) },
		"callback to no host": func() { srv.SetSMSCallback("http:///path") },
		"callback by FTP":     func() { srv.SetOrderCallback("ftp://127.0.0.1/") },
		"no SMS callback":     func() { quecloudtest.WithSMSCallback("127.0.0.1:80/x") },
		"no order callback":   func() { quecloudtest.WithOrderCallback("://") },
	} {
		if !panics(do) {
			t.Errorf("%s: no panic", name)
		}
	}
	if _, err := srv.Client().Billing.Account(t.Context()); err != nil {
		t.Errorf("after the panics: %v", err)
	}
}

func TestServerCloseEndsDelayedCalls(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFaults(quecloudtest.Latency(time.Hour)))
	arrived := make(chan struct{})
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		srv.ServeHTTP(w, r)
	}))
	defer own.Close()
	go func() {
		<-arrived
		srv.Close()
	}()
	if resp, err := http.PostForm(own.URL, newForeign(t, srv).form("account.info")); err == nil {
		resp.Body.Close()
		t.Error("the call succeeded")
	}
}

func TestServerTransportWithoutBody(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer()
	defer srv.Close()
	client := http.Client{Transport: srv.Transport()}
	resp, err := client.Get("http://anything.invalid/")
	if res := read(t, resp, err); res.code() != 70031.0 {
		t.Errorf("got %s", res.body)
	}
}
