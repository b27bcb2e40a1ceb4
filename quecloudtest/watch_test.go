package quecloudtest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// updates returns the updates after an ID so far.
func updates(t *testing.T, srv *quecloudtest.Server, after int64) (all []quecloudtest.Update) {
	t.Helper()
	last := srv.LastUpdate()
	for u := range srv.Watch(t.Context(), after) {
		if all = append(all, u); u.ID >= last {
			break
		}
	}
	return all
}

func kinds(all []quecloudtest.Update) string {
	var names []string
	for _, u := range all {
		names = append(names, u.Kind)
	}
	return strings.Join(slices.Compact(names), " ")
}

func TestWatchTellsWhatHappens(t *testing.T) {
	t.Parallel()
	r := receive(t, "success")
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithTime(noon), quecloudtest.WithSMSCallback(r.URL),
		quecloudtest.WithOrderDelay(time.Minute), quecloudtest.WithFileDelay(time.Minute))
	defer srv.Close()
	client := srv.Client(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
	number := srv.AddCard(quecloudtest.Card{}).ICCID
	for _, step := range []struct {
		name string
		do   func() error
		want string
	}{
		{"a read", func() error { _, err := client.Billing.Account(t.Context()); return err }, "request"},
		{"a pause", func() error { return client.Cards.Pause(t.Context(), quecloud.ICCID(number)) }, "card request"},
		{"a resume", func() error { return client.Cards.Resume(t.Context(), quecloud.ICCID(number)) }, "card request"},
		{"a top-up", func() error {
			_, err := client.Orders.Recharge(t.Context(), topUp(number))
			return err
		}, "wallet order request"},
		{"a file", func() error { _, err := client.Files.Start(t.Context()); return err }, "file request"},
		{"a minute", func() error { srv.Advance(time.Minute); return nil }, "order card file clock"},
		{"a message from a card", func() error { srv.ReceiveSMS(number, "x"); return nil }, "received delivery"},
		{"a message to a card", func() error {
			sendSMS(t, client, quecloud.ICCIDs(number), "x")
			srv.WaitCallbacks()
			return nil
		}, "sms request delivery"},
		{"a deposit", func() error { srv.Deposit(1, ""); return nil }, "wallet"},
		{"a fault", func() error { srv.Inject(quecloudtest.Refuse(7, "x").Times(1)); return nil }, "faults"},
		{"a call with the fault", func() error { _, _ = client.Billing.Account(t.Context()); return nil }, "faults request"},
		{"a group", func() error { srv.AddGroup(quecloudtest.Group{}); return nil }, "settings"},
		{"a product", func() error { srv.AddProduct(quecloudtest.Product{}); return nil }, "settings"},
		{"usage", func() error { srv.SetUsage(number, "2026-03-10", 5000); return nil }, "card"},
		{"a removal", func() error { srv.RemoveCard(number); return nil }, "card"},
	} {
		after := srv.LastUpdate()
		require.NoError(t, step.do(), step.name)
		got := updates(t, srv, after)
		assert.Equal(t, step.want, kinds(got), step.name)
		for i, u := range got {
			assert.Equal(t, after+int64(i)+1, u.ID, step.name)
		}
	}
}

func TestWatchCarriesTheStateOfTheMoment(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithTime(noon), quecloudtest.WithOrderDelay(time.Minute))
	defer srv.Close()
	client := srv.Client()
	_, err := client.Orders.Recharge(t.Context(), topUp(srv.AddCard(quecloudtest.Card{}).ICCID))
	require.NoError(t, err)
	srv.Advance(time.Minute)
	var states []string
	for _, u := range updates(t, srv, 0) {
		if u.Order != nil {
			states = append(states, u.Order.Status)
		}
	}
	assert.Equal(t, []string{quecloudtest.OrderPending, quecloudtest.OrderDone}, states)
}

func TestWatchTellsOfAGap(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(0))
	defer srv.Close()
	const all = 10_500
	for range all {
		srv.Deposit(1, "")
	}
	got := updates(t, srv, 0)
	require.Len(t, got, 10_001)
	assert.Equal(t, quecloudtest.UpdateGap, got[0].Kind)
	assert.EqualValues(t, 500, got[0].Missed)
	assert.EqualValues(t, 500, got[0].ID)
	assert.EqualValues(t, 501, got[1].ID)
	assert.EqualValues(t, all, srv.LastUpdate())

	for u := range srv.Watch(t.Context(), all+7) { // an ID of an earlier server
		assert.Equal(t, quecloudtest.Update{ID: all, Time: u.Time, Kind: quecloudtest.UpdateGap}, u)
		assert.False(t, u.Time.IsZero())
		break
	}
}

func TestWatchLimitsItsMemory(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer()
	defer srv.Close()
	form := newForeign(t, srv).form("account.info", "x", strings.Repeat("1", 6<<20))
	for range 3 {
		post(t, srv, form)
	}
	assert.Equal(t, "gap request", kinds(updates(t, srv, 0)))
}

func TestWatchEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := quecloudtest.NewUnstartedServer()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan string, 2)
		watch := func(name string, ctx context.Context) {
			for range srv.Watch(ctx, srv.LastUpdate()) {
			}
			ended <- name
		}
		go watch("context", ctx)
		go watch("server", t.Context())
		synctest.Wait()
		cancel()
		assert.Equal(t, "context", <-ended)
		srv.Close()
		assert.Equal(t, "server", <-ended)
	})
}

func TestWaitFindsPastAndFuture(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mux := receiverClient(func(string) {})
		srv := quecloudtest.NewUnstartedServer(quecloudtest.WithOrderDelay(time.Hour), quecloudtest.WithSMSDelay(time.Hour),
			quecloudtest.WithOrderCallback("https://app.invalid/orders"), quecloudtest.WithCallbackClient(mux))
		defer srv.Close()
		client := srv.Client()
		card := srv.AddCard(quecloudtest.Card{})
		go func() {
			time.Sleep(time.Minute)
			_, _ = client.Orders.Recharge(t.Context(), topUp(card.ICCID))
			sendSMS(t, client, quecloud.ICCIDs(card.ICCID), "x")
		}()
		for range 2 { // to come, then past
			r, err := srv.WaitRequest(t.Context(), func(r quecloudtest.Request) bool { return r.Executed })
			require.NoError(t, err)
			assert.Equal(t, "fc.function.card.recharge", r.Method)
			o, err := srv.WaitOrder(t.Context(), func(o quecloudtest.Order) bool { return o.Status == quecloudtest.OrderDone })
			require.NoError(t, err)
			assert.EqualValues(t, 1, o.ID)
			m, err := srv.WaitSMS(t.Context(), func(m quecloudtest.SMS) bool { return m.Status == quecloudtest.SMSDelivered })
			require.NoError(t, err)
			assert.Equal(t, card.ICCID, m.ICCID)
			d, err := srv.WaitDelivery(t.Context(), func(d quecloudtest.Delivery) bool { return d.OK })
			require.NoError(t, err)
			assert.Contains(t, d.Body, o.No)
		}
	})
}

func TestWaitFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := quecloudtest.NewUnstartedServer()
		_, err := srv.Client().Billing.Account(t.Context())
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		never := func(quecloudtest.Request) bool { return false }
		_, err = srv.WaitRequest(ctx, never)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "WaitRequest: none of 1 matches")

		cause := errors.New("enough")
		ctx, stop := context.WithCancelCause(t.Context())
		stop(cause)
		_, err = srv.WaitRequest(ctx, never)
		assert.ErrorIs(t, err, cause)

		time.AfterFunc(time.Minute, srv.Close)
		_, err = srv.WaitRequest(t.Context(), never)
		assert.ErrorContains(t, err, "the server is closed")
	})
}
