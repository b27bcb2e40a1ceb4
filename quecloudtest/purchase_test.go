package quecloudtest_test

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// buyTwice buys the same twice under one externalId, without the SDK, and returns the second response.
func buyTwice(t *testing.T, srv *quecloudtest.Server) (first, second answer) {
	t.Helper()
	number, other := srv.AddCard(quecloudtest.Card{}).ICCID, newForeign(t, srv)
	pairs := []string{"iccid", number, "productId", "50", "productName", "30M-当月", "externalId", "once"}
	return other.call("card.recharge", pairs...), other.call("card.recharge", pairs...)
}

func TestPurchaseRulesSettleWhatARepeatGets(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		repeats   quecloudtest.Duplicates
		code      float64
		tellOrder bool
	}{
		"success":                            {repeats: quecloudtest.DuplicatesSucceed, code: 0, tellOrder: true},
		"refusal without an order number":    {repeats: quecloudtest.DuplicatesRefused, code: 1},
		"refusal with the first order's one": {repeats: quecloudtest.DuplicatesRefusedWithOrder, code: 1, tellOrder: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, _ := start(t)
			srv.SetPurchaseRules(quecloudtest.PurchaseRules{Duplicates: test.repeats})
			first, second := buyTwice(t, srv)
			want := any(nil)
			if test.tellOrder {
				want = first.json["orderNo"]
			}
			if first.code() != 0.0 || second.status != http.StatusOK || second.code() != test.code || second.json["orderNo"] != want {
				t.Errorf("the first got %s, the second %s", first.body, second.body)
			}
			if test.code != 0 && second.json["errorMessage"] == nil {
				t.Errorf("the second was refused without a message: %s", second.body)
			}
			if n, balance := len(srv.Orders()), srv.Wallet().Balance; n != 1 || balance != quecloudtest.DefaultBalance-150 {
				t.Errorf("there are %d orders, and %v yuan are left", n, balance)
			}
			if r := srv.Requests()[1]; r.Executed != (test.code == 0) || (r.Reason != "") != (test.code != 0) {
				t.Errorf("the second was executed: %v, reason %q", r.Executed, r.Reason)
			}
		})
	}
}

func TestPurchaseRulesLetTwoAtOnceBothBuy(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	srv.SetPurchaseRules(quecloudtest.PurchaseRules{RecordDelay: time.Second})
	params := topUp(srv.AddCard(quecloudtest.Card{}).ICCID)
	params.ExternalID = "once"
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if _, err := client.Orders.Recharge(t.Context(), params); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	orders := srv.Orders()
	if len(orders) != 2 || orders[0].ExternalID != "once" || orders[1].ExternalID != "once" {
		t.Fatalf("got %+v, want two orders under the ID", orders)
	}
	srv.Advance(time.Second - 1)
	if _, err := client.Orders.Recharge(t.Context(), params); err != nil || len(srv.Orders()) != 3 {
		t.Errorf("just before the ID is known: %v, %d orders", err, len(srv.Orders()))
	}
	srv.Advance(1)
	receipt, err := client.Orders.Recharge(t.Context(), params)
	must(t, err)
	if n := len(srv.Orders()); n != 3 || receipt.OrderNo != orders[0].No {
		t.Errorf("once the ID is known, a repeat got order %s of %d", receipt.OrderNo, n)
	}
}

func TestPurchaseRulesDelayTheEntryInTheWallet(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	srv.SetPurchaseRules(quecloudtest.PurchaseRules{WalletDelay: 5 * time.Minute})
	srv.FailOrders(1, "")
	receipt, err := client.Orders.Recharge(t.Context(), topUp(srv.AddCard(quecloudtest.Card{}).ICCID))
	must(t, err)
	kept, err := client.Orders.Recharge(t.Context(), topUp(srv.AddCard(quecloudtest.Card{}).ICCID))
	must(t, err)
	srv.Advance(5*time.Minute - 1)
	wallet, err := client.Billing.Wallet(t.Context())
	must(t, err)
	if len(wallet.Entries) != 1 || !wallet.Balance.Equal(decimal.New(9985, -1)) {
		t.Errorf("too early: the wallet is %+v", wallet)
	}
	order, err := client.Orders.Get(t.Context(), kept.OrderNo)
	must(t, err)
	if order.Status != quecloud.OrderStatusDone {
		t.Errorf("the order itself waits too: it is %s", order.Status)
	}
	srv.Advance(1)
	wallet, err = client.Billing.Wallet(t.Context())
	must(t, err)
	var orders []string
	for _, e := range wallet.Entries[:3] {
		orders = append(orders, e.OrderNo)
		if !e.Time.Equal(noon.Add(5 * time.Minute)) {
			t.Errorf("an entry has the time %v", e.Time)
		}
	}
	if len(wallet.Entries) != 4 || orders[0] != kept.OrderNo || orders[1] != receipt.OrderNo || orders[2] != receipt.OrderNo {
		t.Errorf("in the end the wallet is %+v", wallet)
	}
}

func TestPurchaseRulesThatCannotBePanic(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	for _, rules := range []quecloudtest.PurchaseRules{{Duplicates: 3}, {RecordDelay: -1}, {WalletDelay: -1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v: no panic", rules)
				}
			}()
			srv.SetPurchaseRules(rules)
		}()
	}
}

// A purchase in doubt, as it looks to a caller under each rule.
func TestPurchaseRulesReachTheSDK(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	srv.SetPurchaseRules(quecloudtest.PurchaseRules{Duplicates: quecloudtest.DuplicatesRefused})
	srv.Inject(quecloudtest.CutAfter().Times(1))
	params := topUp(srv.AddCard(quecloudtest.Card{}).ICCID)
	params.ExternalID = "once"
	if _, err := client.Orders.Recharge(t.Context(), params); !errors.Is(err, quecloud.ErrOutcomeUnknown) {
		t.Errorf("the lost response: got %v", err)
	}
	_, err := client.Orders.Recharge(t.Context(), params)
	wantRefused(t, err, "the repeat")
}

// §2.5.4: by months only some companies can renew.
func TestRenewalsByMonthsAreRefusedByTheRules(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	srv.SetPurchaseRules(quecloudtest.PurchaseRules{YearsOnly: true})
	number := srv.AddCard(quecloudtest.Card{}).ICCID
	for _, preverify := range []bool{true, false} {
		_, err := client.Orders.Renew(t.Context(), &quecloud.RenewalParams{ICCID: number, Years: 1, Months: 2, Preverify: preverify})
		wantRefused(t, err, "a renewal by months")
	}
	_, err := client.Orders.Renew(t.Context(), &quecloud.RenewalParams{ICCID: number, Years: 1})
	must(t, err)
	if n := len(srv.Orders()); n != 1 {
		t.Errorf("%d orders were placed, want 1", n)
	}
}

func TestProductsAreThoseAdded(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	added := srv.AddProduct(quecloudtest.Product{MB: 7, Price: 7 * quecloudtest.Fen, Directed: true})
	products, err := client.Orders.FlowPackages(t.Context())
	must(t, err)
	last := products[len(products)-1]
	if last.ProductID != added.ID || last.ProductName != added.Name || !last.Price.Equal(decimal.New(7, -2)) || last.FlowType != quecloud.FlowTypeDirected {
		t.Errorf("got %+v, want %+v", last, added)
	}
}
