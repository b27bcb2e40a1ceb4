package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

var wanted = topUp{Card: quecloud.ICCID("89860024310000000006"), ProductID: 50, ProductName: "30M-当月"}

// errLimited is the error of a limiter that allows nothing.
var errLimited = errors.New("not now")

type closedLimiter struct{}

func (closedLimiter) Wait(context.Context) error { return errLimited }

// A purchase is tried once, and then followed when its call can no longer be under way.
func TestPurchaseStates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault   quecloudtest.Fault
		prepare func(*quecloudtest.Server, *service)
		want    topUp
		first   string // state after the call
		then    string // state after a minute
		orders  int
	}{
		"bought":                  {fault: quecloudtest.Latency(0), first: "ordered", then: "done", orders: 1},
		"refused":                 {fault: quecloudtest.Refuse(1, "no"), first: "not_ordered", then: "not_ordered"},
		"no response, bought":     {fault: quecloudtest.CutAfter(), first: "sent", then: "done", orders: 1},
		"no response, not bought": {fault: quecloudtest.CutBefore(), first: "sent", then: "sent"},
		"page of a proxy, bought": {fault: quecloudtest.HTMLPage(502).AfterEffect(), first: "sent", then: "done", orders: 1},
		"too many requests":       {fault: quecloudtest.HTTPStatus(429), first: "not_ordered", then: "not_ordered"},
		"bad input": {
			fault: quecloudtest.Latency(0), want: topUp{Card: wanted.Card}, first: "not_ordered", then: "not_ordered",
		},
		"failed": {
			fault:   quecloudtest.Latency(0),
			prepare: func(p *quecloudtest.Server, _ *service) { p.FailOrders(1, "no stock") },
			first:   "ordered", then: "failed", orders: 1,
		},
		"not sent": {
			fault: quecloudtest.Latency(0),
			prepare: func(p *quecloudtest.Server, s *service) {
				s.accounts[0].Client = p.Client(quecloud.WithLimiter(closedLimiter{}))
			},
			first: "new", then: "new",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			platform := newPlatform(t, quecloudtest.WithTime(china("2026-11-20 12:00:00")))
			s := newService(t, newPath(t), platform)
			client, err := s.accounts[0].With(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
			require.NoError(t, err)
			s.accounts[0].Client = client
			platform.Inject(c.fault.On("card.recharge"))
			if c.prepare != nil {
				c.prepare(platform, s)
			}
			if c.want == (topUp{}) {
				c.want = wanted
			}
			p, err := s.buy(t.Context(), s.accounts[0], "invoice-17", c.want)
			require.NoError(t, err)
			assert.Equal(t, c.first, p.State, p.Note)
			if c.first == "sent" {
				_ = s.follow(t.Context(), s.accounts[0])
				assert.Equal(t, "sent", must(s.find(t.Context(), s.accounts[0], "invoice-17")).State, "the call may be under way")
			}
			platform.Advance(time.Minute)
			require.NoError(t, s.follow(t.Context(), s.accounts[0]))
			p = must(s.find(t.Context(), s.accounts[0], "invoice-17"))
			assert.Equal(t, c.then, p.State, p.Note)
			assert.Len(t, platform.Orders(), c.orders)
			assert.LessOrEqual(t, len(platform.RequestsOf("card.recharge")), 1)
		})
	}
}

func must(p purchase, err error) purchase {
	if err != nil {
		panic(err)
	}
	return p
}

// A purchase that was not sent is sent later.
func TestPurchaseIsSentAfterAnOutage(t *testing.T) {
	t.Parallel()
	platform := newPlatform(t, quecloudtest.WithTime(china("2026-11-20 12:00:00")))
	s := newService(t, newPath(t), platform)
	client := s.accounts[0].Client
	s.accounts[0].Client = platform.Client(quecloud.WithLimiter(closedLimiter{}))
	p, err := s.buy(t.Context(), s.accounts[0], "invoice-17", wanted)
	require.NoError(t, err)
	require.Equal(t, "new", p.State)
	require.Contains(t, p.Note, "not now")
	require.Equal(t, 1, count(t, s.db, `SELECT count(*) FROM purchases WHERE sent_at = 0`))
	s.accounts[0].Client = client
	require.NoError(t, s.follow(t.Context(), s.accounts[0]))
	require.Equal(t, "ordered", must(s.find(t.Context(), s.accounts[0], "invoice-17")).State)
}

// A person decides about a purchase that was not found for a day. The service asks the platform no more.
func TestPurchaseIsLookedForADay(t *testing.T) {
	t.Parallel()
	platform := newPlatform(t, quecloudtest.WithTime(china("2026-11-20 12:00:00")))
	s := newService(t, newPath(t), platform)
	platform.Inject(quecloudtest.CutBefore().On("card.recharge"))
	_, err := s.buy(t.Context(), s.accounts[0], "invoice-17", wanted)
	require.NoError(t, err)
	for _, c := range []struct {
		after time.Duration
		looks int
	}{{after: time.Minute, looks: 1}, {after: 23*time.Hour + 59*time.Minute, looks: 2}, {after: time.Minute, looks: 2}} {
		platform.Advance(c.after)
		require.NoError(t, s.follow(t.Context(), s.accounts[0]))
		require.Len(t, platform.RequestsOf("wallet.details"), c.looks, "%s later", c.after)
	}
	p := must(s.find(t.Context(), s.accounts[0], "invoice-17"))
	assert.Equal(t, "sent", p.State)
	assert.Contains(t, p.Note, "does not mean that there is none")
}

// The platform may forget an ExternalID for a while, and the wallet may show the order late.
func TestPurchaseIsFoundOnceTheWalletShowsIt(t *testing.T) {
	t.Parallel()
	platform := newPlatform(t, quecloudtest.WithTime(china("2026-11-20 12:00:00")))
	platform.SetPurchaseRules(quecloudtest.PurchaseRules{RecordDelay: time.Hour, WalletDelay: 5 * time.Minute})
	s := newService(t, newPath(t), platform)
	platform.Inject(quecloudtest.CutAfter().On("card.recharge"))
	for range 7 {
		_, err := s.buy(t.Context(), s.accounts[0], "invoice-17", wanted)
		require.NoError(t, err)
		require.NoError(t, s.follow(t.Context(), s.accounts[0]))
		platform.Advance(time.Minute)
	}
	assert.Equal(t, "done", must(s.find(t.Context(), s.accounts[0], "invoice-17")).State)
	assert.Len(t, platform.Orders(), 1)
}

func TestPurchaseWithTheSameKeyHappensOnce(t *testing.T) {
	t.Parallel()
	platform := newPlatform(t)
	path := newPath(t)
	var buying sync.WaitGroup
	for range 2 {
		s := newService(t, path, platform) // as another process
		for range 4 {
			buying.Go(func() {
				_, err := s.buy(t.Context(), s.accounts[0], "invoice-17", wanted)
				assert.NoError(t, err)
			})
		}
	}
	buying.Wait()
	assert.Len(t, platform.RequestsOf("card.recharge"), 1)
	s := newService(t, path, platform)
	p, err := s.buy(t.Context(), s.accounts[0], "invoice-18", wanted)
	require.NoError(t, err)
	assert.NotEqual(t, p.ExternalID, must(s.find(t.Context(), s.accounts[0], "invoice-17")).ExternalID)
	assert.Len(t, platform.Orders(), 2, "another key is another purchase")
}

// Several accounts can use the same key.
func TestPurchaseIsOfItsAccount(t *testing.T) {
	t.Parallel()
	north, south := newPlatform(t), newPlatform(t)
	s := newService(t, newPath(t), north, south)
	for _, a := range s.accounts {
		_, err := s.buy(t.Context(), a, "invoice-17", wanted)
		require.NoError(t, err)
	}
	assert.Len(t, north.Orders(), 1)
	assert.Len(t, south.Orders(), 1)
}

// An order event ends a purchase, with or without a response to the call. A forged event does not.
func TestPurchaseEndsWithItsEvent(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]quecloudtest.Fault{
		"response": quecloudtest.Latency(0), "no response": quecloudtest.CutAfter(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mux := http.NewServeMux()
			platform := newPlatform(t, quecloudtest.WithTime(china("2026-11-20 12:00:00")),
				quecloudtest.WithOrderDelay(10*time.Minute), quecloudtest.WithCallbackRetries(1),
				quecloudtest.WithCallbackClient(&http.Client{Transport: quecloudtest.HandlerTransport(mux)}),
				quecloudtest.WithOrderCallback("https://app.invalid/quecloud/a/order?token=token"))
			s := newService(t, newPath(t), platform)
			mux.Handle("/", s.callbacks(newDedupStore(s.db)))
			platform.Inject(fault.On("card.recharge"))
			p, err := s.buy(t.Context(), s.accounts[0], "invoice-17", wanted)
			require.NoError(t, err)

			forged := httptest.NewRequest(http.MethodPost, "/quecloud/a/order?token=token", strings.NewReader(`{"orderNo":"`+
				platform.Orders()[0].No+`","orderStatus":1,"iccid":"89860024310000000006","externalId":"`+p.ExternalID+`"}`))
			forged.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, forged)
			require.Equal(t, http.StatusInternalServerError, w.Code)
			require.True(t, must(s.find(t.Context(), s.accounts[0], "invoice-17")).isOpen())

			platform.Advance(10 * time.Minute)
			require.Len(t, platform.Deliveries(), 1)
			assert.True(t, platform.Deliveries()[0].OK)
			p = must(s.find(t.Context(), s.accounts[0], "invoice-17"))
			assert.Equal(t, "done", p.State)
			assert.Equal(t, platform.Orders()[0].No, p.OrderNo)
			assert.Equal(t, 1, count(t, s.db, `SELECT count(*) FROM quecloud_events WHERE owner = ''`))
		})
	}
}

// An event that comes before the response ends a purchase. The receipt then changes nothing.
func TestPurchaseEndsWithAnEventBeforeItsReceipt(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	platform := newPlatform(t, quecloudtest.WithOrderDelay(10*time.Minute),
		quecloudtest.WithCallbackClient(&http.Client{Transport: quecloudtest.HandlerTransport(mux)}),
		quecloudtest.WithOrderCallback("https://app.invalid/quecloud/a/order?token=token"))
	s := newService(t, newPath(t), platform)
	mux.Handle("/", s.callbacks(newDedupStore(s.db)))
	s.accounts[0].Client = platform.Client(quecloud.WithInterceptor(
		func(ctx context.Context, _ *quecloud.CallInfo, next func(context.Context) error) error {
			err := next(ctx)
			platform.Advance(10 * time.Minute)
			return err
		}))
	p, err := s.buy(t.Context(), s.accounts[0], "invoice-17", wanted)
	require.NoError(t, err)
	assert.Equal(t, "done", p.State)
	assert.Equal(t, platform.Orders()[0].No, p.OrderNo)
}

// An order is found if its number could not be stored.
func TestPurchaseWithoutAStoredReceiptIsFound(t *testing.T) {
	t.Parallel()
	platform := newPlatform(t, quecloudtest.WithTime(china("2026-11-20 12:00:00")))
	s := newService(t, newPath(t), platform)
	_, err := s.db.Exec(`CREATE TRIGGER full BEFORE UPDATE ON purchases WHEN new.state = 'ordered'
		BEGIN SELECT raise(ABORT, 'disk full'); END`)
	require.NoError(t, err)
	_, err = s.buy(t.Context(), s.accounts[0], "invoice-17", wanted)
	require.ErrorContains(t, err, "disk full")
	platform.Advance(time.Minute)
	require.ErrorContains(t, s.follow(t.Context(), s.accounts[0]), "disk full")
	_, err = s.db.Exec(`DROP TRIGGER full`)
	require.NoError(t, err)
	require.NoError(t, s.follow(t.Context(), s.accounts[0]))
	assert.Equal(t, "done", must(s.find(t.Context(), s.accounts[0], "invoice-17")).State)
	assert.Len(t, platform.RequestsOf("card.recharge"), 1)
}

// If the platform has bought twice, an event of the other order does not end the purchase.
func TestPurchaseIgnoresEventsOfAnotherOrder(t *testing.T) {
	t.Parallel()
	platform := newPlatform(t, quecloudtest.WithOrderDelay(time.Hour))
	s := newService(t, newPath(t), platform)
	p, err := s.buy(t.Context(), s.accounts[0], "invoice-17", wanted)
	require.NoError(t, err)
	for _, e := range []quecloud.OrderEvent{
		{ExternalID: p.ExternalID, OrderNo: "other", Status: quecloud.OrderStatusFailed},
		{ExternalID: p.ExternalID, OrderNo: p.OrderNo, Status: quecloud.OrderStatusDone},
	} {
		assert.Equal(t, "ordered", must(s.find(t.Context(), s.accounts[0], "invoice-17")).State)
		require.NoError(t, s.onOrder(t.Context(), &e))
	}
	assert.Equal(t, "done", must(s.find(t.Context(), s.accounts[0], "invoice-17")).State)
}

// The loop follows purchases every minute.
func TestPurchaseIsFollowed(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	synctest.Test(t, func(t *testing.T) {
		platform := newPlatform(t, quecloudtest.WithOrderDelay(5*time.Minute))
		s := newService(t, path, platform)
		ctx, stop := context.WithCancel(t.Context())
		go s.followPurchases(ctx, s.accounts[0])
		_, err := s.buy(t.Context(), s.accounts[0], "invoice-17", wanted)
		require.NoError(t, err)
		time.Sleep(6 * time.Minute)
		stop()
		synctest.Wait()
		assert.Equal(t, "done", must(s.find(t.Context(), s.accounts[0], "invoice-17")).State)
	})
}

// The page about buying shows the same table and code, and more statements for the table.
func TestPurchasesAreThoseOfTheDocumentation(t *testing.T) {
	t.Parallel()
	code, db := words(t, "purchases.go", ""), openTestDatabase(t, newPath(t))
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "buying.md"))
	require.NoError(t, err)
	statements, functions := 0, 0
	for i, block := range strings.Split(string(page), "```") {
		if function, ok := strings.CutPrefix(block, "go\nfunc"); ok && i%2 == 1 {
			assert.Contains(t, code, strings.Join(strings.Fields(function), " "))
			functions++
		}
		if i%2 == 0 || !strings.HasPrefix(block, "sql\n") {
			continue
		}
		for statement := range strings.SplitSeq(strings.TrimSpace(strings.TrimPrefix(block, "sql\n")), ";") {
			if strings.HasPrefix(strings.TrimSpace(statement), "CREATE") {
				assert.Contains(t, code, strings.Join(strings.Fields(statement), " "))
			} else if statement != "" {
				prepared, err := db.PrepareContext(t.Context(), statement)
				require.NoError(t, err, statement)
				require.NoError(t, prepared.Close())
			}
			statements++
		}
	}
	assert.GreaterOrEqual(t, statements, 5)
	assert.GreaterOrEqual(t, functions, 3)
}
