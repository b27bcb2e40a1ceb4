package quecloudtest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// topUp returns the parameters of a top-up of 30 MB for 1.50 yuan, for a card of China Mobile.
func topUp(number string) *quecloud.RechargeParams {
	return &quecloud.RechargeParams{Card: quecloud.ICCID(number), ProductID: 50, ProductName: "30M-当月"}
}

func TestOrderTopUp(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	c := srv.AddCard(quecloudtest.Card{BillingID: 11})
	srv.SetUsage(c.ICCID, "2026-03-10", 30)
	params := topUp(c.ICCID)
	params.Remark, params.ExternalID = "for the trip", "order-1"
	receipt, err := client.Orders.Recharge(t.Context(), params)
	must(t, err)
	order, err := client.Orders.Get(t.Context(), receipt.OrderNo)
	must(t, err)
	if order.Status != quecloud.OrderStatusDone || order.Remark != "for the trip" || order.ExternalID != "order-1" ||
		!order.ProductPrice.Equal(decimal.New(15, -1)) || !order.CompletedAt.Equal(noon) ||
		!strings.Contains(order.Result, "1.50") {
		t.Errorf("the order is %+v", order)
	}
	if now := card(t, srv, c.ICCID); now.Status != quecloudtest.StatusNormal || now.Allowance != 60 {
		t.Errorf("topped up, the card is %+v", now)
	}
	packages, err := client.Flow.Packages(t.Context(), c.ID())
	must(t, err)
	monthEnd := time.Date(2026, 3, 31, 23, 59, 59, 0, quecloud.ChinaStandardTime)
	if len(packages) != 1 || packages[0].Size != 30 || !packages[0].Start.Equal(noon) || !packages[0].End.Equal(monthEnd) {
		t.Errorf("the packages are %+v", packages)
	}
	wallet, err := client.Billing.Wallet(t.Context())
	must(t, err)
	if !wallet.Balance.Equal(decimal.New(9985, -1)) || len(wallet.Entries) != 2 ||
		!wallet.Entries[0].Amount.Equal(decimal.New(-15, -1)) ||
		wallet.Entries[0].OrderNo != receipt.OrderNo {
		t.Errorf("the wallet is %+v", wallet)
	}
	srv.SetTime(monthEnd.Add(time.Second))
	if now := card(t, srv, c.ICCID); len(now.Packages) != 0 || now.Allowance != 30 {
		t.Errorf("in the next month the card has %+v", now)
	}
}

func TestOrderTopUpEndsSuspension(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	number := srv.AddCard(quecloudtest.Card{PauseReason: quecloudtest.ReasonCardExhausted}).ICCID
	_, err := client.Orders.Recharge(t.Context(), topUp(number))
	must(t, err)
	if s := card(t, srv, number).Status; s != quecloudtest.StatusNormal {
		t.Errorf("the card is %s", s)
	}
}

func TestOrderDelay(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithOrderDelay(5*time.Minute))
	number := srv.AddCard(quecloudtest.Card{}).ICCID
	receipt, err := client.Orders.Recharge(t.Context(), topUp(number))
	must(t, err)
	for _, step := range []struct {
		wait   time.Duration
		status quecloud.OrderStatus
	}{{0, quecloud.OrderStatusPending}, {5*time.Minute - 1, quecloud.OrderStatusPending}, {1, quecloud.OrderStatusDone}} {
		srv.Advance(step.wait)
		order, err := client.Orders.Get(t.Context(), receipt.OrderNo)
		must(t, err)
		if order.Status != step.status {
			t.Errorf("after %v more the order is %s, want %s", step.wait, order.Status, step.status)
		}
		if done := len(card(t, srv, number).Packages) == 1; done != order.Status.IsFinal() {
			t.Errorf("the order is %s, and the card has its package: %v", order.Status, done)
		}
	}
	srv.Advance(24 * time.Hour)
	if done := srv.Orders()[0].Completed; !done.Equal(noon.Add(5 * time.Minute)) {
		t.Errorf("completed at %v", done)
	}
}

func TestOrderWithoutMoneyIsRefused(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithBalance(quecloudtest.Yuan))
	number := srv.AddCard(quecloudtest.Card{}).ICCID
	_, err := client.Orders.Recharge(t.Context(), topUp(number))
	wantRefused(t, err, "a top-up without money")
	srv.Deposit(50*quecloudtest.Fen, "")
	_, err = client.Orders.Recharge(t.Context(), topUp(number))
	must(t, err)
	if b := srv.Wallet().Balance; b != 0 {
		t.Errorf("%v yuan are left, want none", b)
	}
}

func TestOrderRenewalExtendsExpiry(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		years, months int
		expires, want string
		price         quecloudtest.Money
	}{
		"a year":               {1, 0, "2026-06-30", "2027-06-30", 12 * 8 * quecloudtest.Yuan},
		"two years":            {2, 0, "2026-06-30", "2028-06-30", 24 * 8 * quecloudtest.Yuan},
		"two months":           {1, 2, "2026-06-15", "2026-08-15", 2 * 8 * quecloudtest.Yuan},
		"a year, after it":     {1, 0, "2026-01-31", "2027-03-09", 12 * 8 * quecloudtest.Yuan},
		"a month, on its last": {1, 1, "2026-03-10", "2026-04-10", 8 * quecloudtest.Yuan},
		"a month, without end": {1, 1, "", "", 8 * quecloudtest.Yuan},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, client := start(t)
			number := srv.AddCard(quecloudtest.Card{ExpiryDate: c.expires}).ICCID
			product, err := client.Orders.RenewalProduct(t.Context(), quecloud.ICCID(number))
			must(t, err)
			_, err = client.Orders.Renew(t.Context(), &quecloud.RenewalParams{
				Card: quecloud.ICCID(number), Years: c.years, Months: c.months,
				ProductID: product.ProductID, ProductName: product.ProductName,
			})
			must(t, err)
			if got := card(t, srv, number).ExpiryDate; got != c.want {
				t.Errorf("expires on %s, want %s", got, c.want)
			}
			if o := srv.Orders()[0]; o.Price != c.price || srv.Wallet().Balance != quecloudtest.DefaultBalance-c.price {
				t.Errorf("it cost %v yuan, want %v; %v are left", o.Price, c.price, srv.Wallet().Balance)
			}
		})
	}
}

func TestOrderRefusals(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	mobile := srv.AddCard(quecloudtest.Card{}).ICCID
	inactive := srv.AddCard(quecloudtest.Card{Status: quecloudtest.StatusInactive}).ICCID
	for name, params := range map[string]*quecloud.RechargeParams{
		"card of another company":     topUp("89860024310000099999"),
		"inactive card":               topUp(inactive),
		"product that does not exist": {Card: quecloud.ICCID(mobile), ProductID: 1, ProductName: "30M-当月"},
		"another product's name":      {Card: quecloud.ICCID(mobile), ProductID: 50, ProductName: "1G-当月"},
		"another carrier's product":   {Card: quecloud.ICCID(mobile), ProductID: 60, ProductName: "10M-当月"},
	} {
		_, err := client.Orders.Recharge(t.Context(), params)
		wantRefused(t, err, name)
	}
	for name, params := range map[string]*quecloud.RenewalParams{
		"another plan":        {Card: quecloud.ICCID(mobile), Years: 1, ProductID: 50},
		"another plan's name": {Card: quecloud.ICCID(mobile), Years: 1, ProductName: "x"},
	} {
		_, err := client.Orders.Renew(t.Context(), params)
		wantRefused(t, err, name)
	}
	if res := newForeign(t, srv).call("card.renewal", "iccid", mobile, "cycle", "2", "months", "3"); res.code() != 1.0 {
		t.Errorf("months of a renewal for two years: %s", res.body)
	}
	_, err := client.Orders.Get(t.Context(), "1")
	wantRefused(t, err, "an order that does not exist")
	if len(srv.Orders()) != 0 || srv.Wallet().Balance != quecloudtest.DefaultBalance {
		t.Errorf("%d orders, %v yuan", len(srv.Orders()), srv.Wallet().Balance)
	}
}

func TestOrderFailureRefunds(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithOrderDelay(time.Minute))
	number := srv.AddCard(quecloudtest.Card{}).ICCID
	srv.FailOrders(1, "运营商系统维护")
	_, err := client.Orders.Recharge(t.Context(), topUp(number))
	must(t, err)
	_, err = client.Orders.Recharge(t.Context(), topUp(number))
	must(t, err)
	if b := srv.Wallet().Balance; b != quecloudtest.DefaultBalance-300 {
		t.Errorf("while they are pending %v yuan are left", b)
	}
	srv.Advance(time.Minute)
	failed, done := srv.Orders()[0], srv.Orders()[1]
	if failed.Status != quecloudtest.OrderFailed || !strings.Contains(failed.Result, "运营商系统维护") ||
		done.Status != quecloudtest.OrderDone {
		t.Errorf("the orders are %+v and %+v", failed, done)
	}
	if w := srv.Wallet(); w.Balance != quecloudtest.DefaultBalance-150 || w.Entries[0].Change != 150 {
		t.Errorf("the wallet is %+v", w)
	}
	if n := len(card(t, srv, number).Packages); n != 1 {
		t.Errorf("the card has %d packages, want 1", n)
	}
}

func TestOrderFailsForCancelledCard(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithOrderDelay(time.Minute))
	number := srv.AddCard(quecloudtest.Card{}).ICCID
	_, err := client.Orders.Recharge(t.Context(), topUp(number))
	must(t, err)
	srv.UpdateCard(number, func(c *quecloudtest.Card) { c.Status = quecloudtest.StatusCancelled })
	srv.Advance(time.Minute)
	if o := srv.Orders()[0]; o.Status != quecloudtest.OrderFailed || srv.Wallet().Balance != quecloudtest.DefaultBalance {
		t.Errorf("the order is %+v, and the balance %v", o, srv.Wallet().Balance)
	}
}

func TestOrderFailureWithoutReason(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	srv.FailOrders(1, "")
	_, err := client.Orders.Recharge(t.Context(), topUp(srv.AddCard(quecloudtest.Card{}).ICCID))
	must(t, err)
	if o := srv.Orders()[0]; o.Status != quecloudtest.OrderFailed || srv.Wallet().Balance != quecloudtest.DefaultBalance {
		t.Errorf("the order is %s, %s", o.Status, o.Result)
	}
}

func TestOrderRenewalEndsExpiry(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	number := srv.AddCard(quecloudtest.Card{ExpiryDate: "2026-03-10"}).ICCID
	if s := card(t, srv, number).Status; s != quecloudtest.StatusNormal {
		t.Errorf("on its last day the card is %s", s)
	}
	srv.Advance(24 * time.Hour)
	if r := card(t, srv, number).PauseReason; r != quecloudtest.ReasonPlanExpired {
		t.Errorf("after its last day the card is suspended by %q", r)
	}
	_, err := client.Orders.Renew(t.Context(), &quecloud.RenewalParams{Card: quecloud.ICCID(number), Years: 1, Months: 2})
	must(t, err)
	if c := card(t, srv, number); c.Status != quecloudtest.StatusNormal || c.ExpiryDate != "2026-05-10" {
		t.Errorf("renewed for two months the card is %s until %s", c.Status, c.ExpiryDate)
	}
}
