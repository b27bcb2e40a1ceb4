package quecloudtest_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestClockRunsUntilSet(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer()
	defer srv.Close()
	if off := time.Since(srv.Now()).Abs(); off > time.Minute {
		t.Errorf("the clock is %v off", off)
	}
	before := srv.Now()
	srv.Advance(time.Hour)
	if moved := srv.Now().Sub(before); moved < time.Hour || moved > time.Hour+time.Minute {
		t.Errorf("advanced by an hour it moved %v", moved)
	}
	srv.SetTime(noon)
	if now := srv.Now(); !now.Equal(noon) || now.Format(time.RFC3339) != "2026-03-10T12:00:00+08:00" {
		t.Errorf("set to noon it shows %v", now)
	}
}

func TestClockRunsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := quecloudtest.NewUnstartedServer(quecloudtest.WithTime(noon))
		defer srv.Close()
		time.Sleep(time.Hour)
		if srv.ClockRuns() || !srv.Now().Equal(noon) {
			t.Errorf("a clock that stands shows %v, runs: %v", srv.Now(), srv.ClockRuns())
		}
		srv.SetTime(time.Time{})
		time.Sleep(time.Hour)
		if !srv.ClockRuns() || !srv.Now().Equal(time.Now()) {
			t.Errorf("a clock that runs shows %v at %v, runs: %v", srv.Now(), time.Now(), srv.ClockRuns())
		}
	})
}

func TestClockRunningFinishesOrders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		delivered := make(chan string, 1)
		srv := quecloudtest.NewUnstartedServer(
			quecloudtest.WithOrderDelay(time.Hour), quecloudtest.WithOrderCallback("http://receiver.invalid/"),
			quecloudtest.WithCallbackClient(receiverClient(func(body string) { delivered <- body })),
		)
		defer srv.Close()
		receipt, err := srv.Client().Orders.Recharge(t.Context(), topUp(srv.AddCard(quecloudtest.Card{}).ICCID))
		must(t, err)
		begin := time.Now()
		body := <-delivered // the clock of the bubble moves to the timer of the server
		if waited := time.Since(begin); waited != time.Hour || !strings.Contains(body, receipt.OrderNo) {
			t.Errorf("after %v there came %s", waited, body)
		}
		srv.WaitCallbacks()
	})
}

// TestClockWaitInABubble is the example of the package documentation.
func TestClockWaitInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := quecloudtest.NewUnstartedServer(quecloudtest.WithOrderDelay(5 * time.Minute))
		defer srv.Close()
		client, begin := srv.Client(), time.Now()
		receipt, err := client.Orders.Recharge(t.Context(), topUp(srv.AddCard(quecloudtest.Card{}).ICCID))
		must(t, err)
		order, err := client.Orders.Wait(t.Context(), receipt.OrderNo)
		must(t, err)
		if waited := time.Since(begin); order.Status != quecloud.OrderStatusDone || waited != 5*time.Minute {
			t.Errorf("after %v the order is %s", waited, order.Status)
		}
	})
}
