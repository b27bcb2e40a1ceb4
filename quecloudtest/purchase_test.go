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

// buyTwice buys the same with one externalId twice, without the SDK.
func buyTwice(t *testing.T, srv *quecloudtest.Server) (first, second response) {
	t.Helper()
	number, other := srv.AddCard(quecloudtest.Card{}).ICCID, newForeign(t, srv)
	pairs := []string{"iccid", number, "productId", "50", "productName", "30M-当月", "externalId", "once"}
	return other.call("card.recharge", pairs...), other.call("card.recharge", pairs...)
}

func TestPurchaseDuplicates(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		duplicates quecloudtest.Duplicates
		code       float64
		hasOrder   bool
	}{
		"success":                            {duplicates: quecloudtest.DuplicatesSucceed, code: 0, hasOrder: true},
		"refusal without an order number":    {duplicates: quecloudtest.DuplicatesRefused, code: 1},
		"refusal with the first order's one": {duplicates: quecloudtest.DuplicatesRefusedWithOrder, code: 1, hasOrder: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, _ := start(t)
			srv.SetPurchaseRules(quecloudtest.PurchaseRules{Duplicates: test.duplicates})
			first, second := buyTwice(t, srv)
			want := any(nil)
			if test.hasOrder {
				want = first.json["orderNo"]
			}
			if first.code() != 0.0 || second.status != http.StatusOK || second.code() != test.code ||
				second.json["orderNo"] != want {
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

// rechargeConcurrently makes n identical top-up calls at once.
func rechargeConcurrently(t *testing.T, client *quecloud.Client, params *quecloud.RechargeParams, n int) {
	t.Helper()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if _, err := client.Orders.Recharge(t.Context(), params); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestPurchaseRecordDelay(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	srv.SetPurchaseRules(quecloudtest.PurchaseRules{RecordDelay: time.Second})
	params := topUp(srv.AddCard(quecloudtest.Card{}).ICCID)
	params.ExternalID = "once"
	rechargeConcurrently(t, client, params, 2)
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
		t.Errorf("once the ID is known, a duplicate got order %s of %d", receipt.OrderNo, n)
	}
}

func TestPurchaseWalletDelay(t *testing.T) {
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
		t.Errorf("before the delay the wallet is %+v", wallet)
	}
	order, err := client.Orders.Get(t.Context(), kept.OrderNo)
	must(t, err)
	if order.Status != quecloud.OrderStatusDone {
		t.Errorf("the order is %s, want it done", order.Status)
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
	if len(wallet.Entries) != 4 || orders[0] != kept.OrderNo || orders[1] != receipt.OrderNo ||
		orders[2] != receipt.OrderNo {
		t.Errorf("after the delay the wallet is %+v", wallet)
	}
}

func TestPurchaseRulesPanicWhenInvalid(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	for _, rules := range []quecloudtest.PurchaseRules{{Duplicates: 3}, {RecordDelay: -1}, {WalletDelay: -1}} {
		if !panics(func() { srv.SetPurchaseRules(rules) }) {
			t.Errorf("%+v: no panic", rules)
		}
	}
}

// The duplicate of a purchase in doubt is refused.
func TestPurchaseDuplicateRefusedBySDK(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	srv.SetPurchaseRules(quecloudtest.PurchaseRules{Duplicates: quecloudtest.DuplicatesRefused})
	srv.Inject(quecloudtest.CutAfter().Times(1))
	params := topUp(srv.AddCard(quecloudtest.Card{}).ICCID)
	params.ExternalID = "once"
	if _, err := client.Orders.Recharge(t.Context(), params); !errors.Is(err, quecloud.ErrOutcomeUnknown) {
		t.Errorf("lost response: got %v", err)
	}
	_, err := client.Orders.Recharge(t.Context(), params)
	wantRefused(t, err, "the duplicate")
}

// §2.5.4: only some companies can renew by months.
func TestPurchaseYearsOnly(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	srv.SetPurchaseRules(quecloudtest.PurchaseRules{YearsOnly: true})
	number := srv.AddCard(quecloudtest.Card{}).ICCID
	for _, preverify := range []bool{true, false} {
		_, err := client.Orders.Renew(t.Context(),
			&quecloud.RenewalParams{Card: quecloud.ICCID(number), Years: 1, Months: 2, Preverify: preverify})
		wantRefused(t, err, "a renewal by months")
	}
	_, err := client.Orders.Renew(t.Context(), &quecloud.RenewalParams{Card: quecloud.ICCID(number), Years: 1})
	must(t, err)
	if n := len(srv.Orders()); n != 1 {
		t.Errorf("%d orders were placed, want 1", n)
	}
}

func TestPurchaseAddProduct(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	added := srv.AddProduct(quecloudtest.Product{MB: 7, Price: 7 * quecloudtest.Fen, Directed: true})
	products, err := client.Orders.FlowPackages(t.Context())
	must(t, err)
	last := products[len(products)-1]
	if last.ProductID != added.ID || last.ProductName != added.Name || !last.Price.Equal(decimal.New(7, -2)) ||
		last.FlowType != quecloud.FlowTypeDirected {
		t.Errorf("got %+v, want %+v", last, added)
	}
}

func TestPurchaseDuplicateReturnsOrder(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	number := srv.AddCard(quecloudtest.Card{}).ICCID
	params := topUp(number)
	params.ExternalID = "once"
	first, err := client.Orders.Recharge(t.Context(), params)
	must(t, err)
	second, err := client.Orders.Recharge(t.Context(), params)
	must(t, err)
	renewal, err := client.Orders.Renew(t.Context(),
		&quecloud.RenewalParams{Card: quecloud.ICCID(number), Years: 1, ExternalID: "once"})
	must(t, err)
	if first.OrderNo != second.OrderNo || first.OrderNo != renewal.OrderNo || len(srv.Orders()) != 1 {
		t.Errorf("orders %s, %s and %s: %d orders", first.OrderNo, second.OrderNo, renewal.OrderNo, len(srv.Orders()))
	}
	if b := srv.Wallet().Balance; b != quecloudtest.DefaultBalance-150 {
		t.Errorf("%v yuan are left", b)
	}
	params.ExternalID = ""
	other, err := client.Orders.Recharge(t.Context(), params)
	must(t, err)
	if other.OrderNo == first.OrderNo {
		t.Error("an order without external ID got the first one's number")
	}
}

func TestPurchaseDuplicateIgnoresOtherParameters(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithBalance(10*quecloudtest.Yuan))
	number := srv.AddCard(quecloudtest.Card{}).ICCID
	params := topUp(number)
	params.ExternalID = "once"
	srv.Inject(quecloudtest.CutAfter().Times(1))
	_, err := client.Orders.Recharge(t.Context(), params)
	if !errors.Is(err, quecloud.ErrOutcomeUnknown) {
		t.Fatalf("got %v", err)
	}
	srv.UpdateCard(number, func(c *quecloudtest.Card) { c.Status = quecloudtest.StatusCancelled })
	want := srv.Orders()[0].No
	for name, buy := range map[string]func() (*quecloud.OrderReceipt, error){
		"for a cancelled card": func() (*quecloud.OrderReceipt, error) {
			return client.Orders.Recharge(t.Context(), params)
		},
		"for no card, without money": func() (*quecloud.OrderReceipt, error) {
			return client.Orders.Renew(t.Context(), &quecloud.RenewalParams{
				Card: quecloud.ICCID("89860024310000099999"), Years: 100, ExternalID: "once",
			})
		},
		"for another product": func() (*quecloud.OrderReceipt, error) {
			return client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{
				Card: quecloud.ICCID(number), ProductID: 9, ProductName: "x", ExternalID: "once",
			})
		},
	} {
		if receipt, err := buy(); err != nil || receipt.OrderNo != want {
			t.Errorf("%s: got %+v, %v, want order %s", name, receipt, err, want)
		}
	}
	if n := len(srv.Orders()); n != 1 {
		t.Errorf("%d orders, want 1", n)
	}
}

func TestPurchasePreverificationIgnoresExternalID(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	number := srv.AddCard(quecloudtest.Card{}).ICCID
	params := topUp(number)
	params.ExternalID = "once"
	_, err := client.Orders.Recharge(t.Context(), params)
	must(t, err)
	params.Preverify = true
	receipt, err := client.Orders.Recharge(t.Context(), params)
	must(t, err)
	if !receipt.Preverified || receipt.OrderNo != "" {
		t.Errorf("of an order that exists: got %+v", receipt)
	}
	srv.UpdateCard(number, func(c *quecloudtest.Card) { c.Status = quecloudtest.StatusCancelled })
	_, err = client.Orders.Recharge(t.Context(), params)
	wantRefused(t, err, "a pre-verification for a cancelled card")
}

func TestPurchasePreverificationOrdersNothing(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	number := srv.AddCard(quecloudtest.Card{}).ICCID
	params := topUp(number)
	params.Preverify, params.ExternalID = true, "later"
	receipt, err := client.Orders.Recharge(t.Context(), params)
	must(t, err)
	if !receipt.Preverified || receipt.OrderNo != "" || receipt.Message == "" || len(srv.Orders()) != 0 {
		t.Errorf("got %+v and %d orders", receipt, len(srv.Orders()))
	}
	params.Preverify = false
	if receipt, err = client.Orders.Recharge(t.Context(), params); err != nil || receipt.OrderNo == "" {
		t.Errorf("the order itself: %+v, %v", receipt, err)
	}
	_, err = client.Orders.Renew(t.Context(),
		&quecloud.RenewalParams{Card: quecloud.ICCID(number), Years: 100, Preverify: true})
	wantRefused(t, err, "a pre-verification without money")
}

func TestPurchaseConcurrentDuplicates(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	params := topUp(srv.AddCard(quecloudtest.Card{}).ICCID)
	params.ExternalID = "once"
	rechargeConcurrently(t, client, params, 20)
	if n := len(srv.Orders()); n != 1 {
		t.Errorf("%d orders were placed, want 1", n)
	}
}

func TestPurchaseLostResponseTookEffect(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFaults(quecloudtest.CutAfter().On("card.recharge").Times(1)))
	params := topUp(srv.AddCard(quecloudtest.Card{}).ICCID)
	params.ExternalID = "once"
	_, err := client.Orders.Recharge(t.Context(), params)
	if !errors.Is(err, quecloud.ErrOutcomeUnknown) || len(srv.Orders()) != 1 {
		t.Fatalf("got %v and %d orders", err, len(srv.Orders()))
	}
	receipt, err := client.Orders.Recharge(t.Context(), params)
	must(t, err)
	if orders := srv.Orders(); len(orders) != 1 || receipt.OrderNo != orders[0].No {
		t.Errorf("got %+v and %d orders", receipt, len(orders))
	}
}
