package quecloudtest_test

import (
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestWalletAndLogsStartWithTheLatest(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	for _, content := range []string{"first", "second"} {
		sendSMS(t, client, quecloud.MSISDNs("1064800000000"), content)
		srv.Deposit(quecloudtest.Yuan, content)
		srv.Advance(time.Minute)
	}
	log, err := client.SMS.ListLog(t.Context(), &quecloud.SMSLogParams{Month: march})
	must(t, err)
	if log.Entries[0].Content != "second" || log.Entries[1].Content != "first" {
		t.Errorf("the log is %+v", log.Entries)
	}
	wallet, err := client.Billing.Wallet(t.Context())
	must(t, err)
	if wallet.Entries[0].Remark != "second" || wallet.Entries[1].Remark != "first" {
		t.Errorf("the wallet has %+v", wallet.Entries)
	}
	last, err := client.Flow.ListMonth(t.Context(), &quecloud.MonthListParams{Month: march.AddMonths(-11)})
	must(t, err)
	if len(last.Flows) != quecloudtest.DefaultFleet {
		t.Errorf("%d cards in the oldest month, want all", len(last.Flows))
	}
}

// In the vendor's example (§2.5.7) a cycle of 2 at 0.01 costs 0.02.
func TestWalletRenewalPriceTimesCycle(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ years, months int }{
		"a year": {1, 0}, "two years": {2, 0}, "three months": {1, 3},
	} {
		srv, client := start(t)
		params := &quecloud.RenewalParams{
			Card: srv.AddCard(quecloudtest.Card{}).ID(), Years: test.years, Months: test.months,
		}
		_, err := client.Orders.Renew(t.Context(), params)
		must(t, err)
		wallet, err := client.Billing.Wallet(t.Context())
		must(t, err)
		e := wallet.Entries[0]
		if e.Years != test.years || !e.ProductPrice.Mul(decimal.NewFromInt(int64(e.Years))).Equal(e.Amount.Neg()) {
			t.Errorf("%s: price %v, cycle %d, amount %v", name, e.ProductPrice, e.Years, e.Amount)
		}
	}
}

func TestWalletMoneyString(t *testing.T) {
	t.Parallel()
	for m, want := range map[quecloudtest.Money]string{
		0: "0.00", 7: "0.07", -7: "-0.07", 150: "1.50", -1234567: "-12345.67",
		3*quecloudtest.Yuan + 60*quecloudtest.Fen: "3.60",
	} {
		if got := m.String(); got != want {
			t.Errorf("%d fen are %s, want %s", int64(m), got, want)
		}
	}
}
