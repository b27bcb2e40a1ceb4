package quecloudtest_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// A tester makes random calls and changes.
type tester struct {
	srv     *quecloudtest.Server
	client  *quecloud.Client
	rand    *rand.Rand
	numbers []string
	paidIn  quecloudtest.Money
}

// newTester returns a tester of a server with cards in every state, slow orders and some faults.
func newTester(seed uint64, opts ...quecloudtest.Option) *tester {
	const balance = 50 * quecloudtest.Yuan
	srv := quecloudtest.NewUnstartedServer(append(opts,
		quecloudtest.WithTime(noon), quecloudtest.WithSeed(seed), quecloudtest.WithBalance(balance),
		quecloudtest.WithOrderDelay(20*time.Minute), quecloudtest.WithFileDelay(time.Minute),
		quecloudtest.WithSMSDelay(time.Second),
		quecloudtest.WithFaults(quecloudtest.CutAfter().Probability(0.05), quecloudtest.Refuse(9, "x").Probability(0.05)),
	)...)
	tt := &tester{
		srv: srv, client: srv.Client(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1})),
		rand: rand.New(rand.NewPCG(seed, seed)), paidIn: balance,
	}
	for i, s := range situations {
		c := srv.AddCard(quecloudtest.Card{
			BillingID: []int64{10, 11, 20, 860}[i%4], Status: s[0], PauseReason: s[1],
			Voice: quecloudtest.Voice(i % 3), ExpiryDate: "2026-03-20",
		})
		tt.numbers = append(tt.numbers, c.ICCID)
	}
	for i := range 6 {
		c, _ := srv.Card(fmt.Sprintf("10648%08d", 4*i))
		tt.numbers = append(tt.numbers, c.ICCID)
	}
	tt.numbers = slices.DeleteFunc(tt.numbers, func(n string) bool { return n == "" })
	return tt
}

// step makes a random call or change and ignores its result.
func (tt *tester) step(ctx context.Context) {
	number := tt.numbers[tt.rand.IntN(len(tt.numbers))]
	id := quecloud.ICCID(number)
	cards := tt.client.Cards
	calls := []func(context.Context, quecloud.CardID) error{
		cards.EndTest, cards.Activate, cards.Pause, cards.Resume, cards.UnbindIMEI, cards.CloseGPRS, cards.OpenGPRS,
		cards.Reset, cards.CloseVoice, cards.OpenVoice,
	}
	external := []string{"", fmt.Sprint(tt.rand.IntN(8))}[tt.rand.IntN(2)]
	switch move := tt.rand.IntN(24); move {
	case 0, 1, 2:
		products, err := tt.client.Orders.FlowPackages(ctx)
		if err == nil {
			p := products[tt.rand.IntN(len(products))]
			_, _ = tt.client.Orders.Recharge(ctx, &quecloud.RechargeParams{
				Card: quecloud.ICCID(number), ProductID: p.ProductID, ProductName: p.ProductName,
				ExternalID: external, Preverify: tt.rand.IntN(4) == 0,
			})
		}
	case 3, 4:
		_, _ = tt.client.Orders.Renew(ctx,
			&quecloud.RenewalParams{Card: quecloud.ICCID(number), Years: 1, Months: 1 + tt.rand.IntN(3), ExternalID: external})
	case 5:
		_, _ = tt.client.Orders.Renew(ctx, &quecloud.RenewalParams{Card: quecloud.ICCID(number), Years: 1 + tt.rand.IntN(2)})
	case 6:
		m := quecloudtest.Money(1 + tt.rand.IntN(5000))
		tt.srv.Deposit(m, "")
		tt.paidIn += m
	case 7:
		tt.srv.FailOrders(1, "x")
	case 8, 9:
		tt.srv.Advance(time.Duration(tt.rand.IntN(40)) * time.Minute)
	case 10:
		tt.srv.Advance(time.Duration(tt.rand.IntN(20*24)) * time.Hour)
	case 11:
		tt.srv.SetUsage(number, tt.srv.Now().Format(time.DateOnly), float64(tt.rand.IntN(2000)))
	case 12:
		_, _ = tt.client.Flow.SetAlarm(ctx, quecloud.ICCIDs(number),
			&quecloud.AlarmSettings{PauseThreshold: 500, PauseOn: true})
	case 13:
		_, _ = tt.client.Files.Start(ctx)
		_, _ = tt.client.Files.DownloadLatest(ctx, io.Discard)
	default:
		_ = calls[move%len(calls)](ctx, id)
	}
}

// check checks the invariants of the server.
func (tt *tester) check() error {
	w := tt.srv.Wallet()
	var entries, spent quecloudtest.Money
	for _, e := range w.Entries {
		entries += e.Change
	}
	externalIDs := map[string]bool{}
	for _, o := range tt.srv.Orders() {
		if o.Status != quecloudtest.OrderFailed {
			spent += o.Price
		}
		if o.ExternalID != "" && externalIDs[o.ExternalID] {
			return fmt.Errorf("two orders with the external ID %s", o.ExternalID)
		}
		externalIDs[o.ExternalID] = true
	}
	if tt.paidIn != w.Balance+spent || w.Balance != entries || w.Balance < 0 {
		return fmt.Errorf("paid in %v, balance %v, spent %v, entries %v", tt.paidIn, w.Balance, spent, entries)
	}
	for _, number := range tt.numbers {
		c, _ := tt.srv.Card(number)
		if !slices.Contains(situations, [2]string{c.Status, c.PauseReason}) {
			return fmt.Errorf("card %s is %s %s", number, c.Status, c.PauseReason)
		}
		if c.MonthFlow < 0 || c.CycleFlow < c.MonthFlow && c.BillingID != 860 {
			return fmt.Errorf("card %s used %v in the month, %v in the cycle", number, c.MonthFlow, c.CycleFlow)
		}
	}
	return nil
}

func TestPropertyMoneyAndStates(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			tt := newTester(seed)
			defer tt.srv.Close()
			for n := range 250 {
				tt.step(t.Context())
				if err := tt.check(); err != nil {
					t.Fatalf("after %d steps: %v", n+1, err)
				}
			}
			if len(tt.srv.Orders()) < 5 {
				t.Errorf("only %d orders were placed", len(tt.srv.Orders()))
			}
		})
	}
}

func TestPropertySameSeedSameState(t *testing.T) {
	t.Parallel()
	run := func() string {
		tt := newTester(3)
		defer tt.srv.Close()
		for range 150 {
			tt.step(t.Context())
		}
		var all strings.Builder
		for _, number := range tt.numbers {
			c, _ := tt.srv.Card(number)
			c.Alarm = nil
			fmt.Fprintf(&all, "%+v\n", c)
		}
		for _, r := range tt.srv.Requests() {
			fmt.Fprintln(&all, r.Time, r.Method, r.ResultCode, r.Reason, r.Faults)
		}
		fmt.Fprintf(&all, "%+v\n%+v", tt.srv.Orders(), tt.srv.Wallet())
		return all.String()
	}
	if first, second := run(), run(); first != second {
		t.Errorf("two runs differ:\n%s\n%s", first, second)
	}
}

// TestPropertyConcurrentCalls is for the race detector and the invariants.
func TestPropertyConcurrentCalls(t *testing.T) {
	t.Parallel()
	tt := newTester(1)
	defer tt.srv.Close()
	tt.srv.Start()
	var wg sync.WaitGroup
	var mu sync.Mutex
	for worker := range 8 {
		wg.Go(func() {
			own := *tt
			own.client = tt.srv.Client(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
			own.rand = rand.New(rand.NewPCG(uint64(worker), 9))
			own.paidIn = 0
			for range 60 {
				own.step(t.Context())
			}
			mu.Lock()
			defer mu.Unlock()
			tt.paidIn += own.paidIn
		})
	}
	wg.Wait()
	tt.srv.WaitCallbacks()
	must(t, tt.check())
}
