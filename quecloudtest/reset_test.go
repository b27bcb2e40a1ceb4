package quecloudtest_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestStateReset(t *testing.T) {
	t.Parallel()
	options := []quecloudtest.Option{quecloudtest.WithTime(noon), quecloudtest.WithSeed(5),
		quecloudtest.WithFaults(quecloudtest.Refuse(7, "x"))}
	srv, unused := quecloudtest.NewUnstartedServer(options...), quecloudtest.NewUnstartedServer(options...)
	defer srv.Close()
	defer unused.Close()
	_, err := srv.Client().Billing.Account(t.Context())
	wantRefused(t, err, "a call with a fault")
	srv.ClearFaults()
	sendSMS(t, srv.Client(), quecloud.MSISDNs("1064800000000"), "x")
	srv.Advance(time.Hour)
	srv.SetSMSCallback("https://app.invalid/")
	last, requests := srv.LastUpdate(), len(srv.Requests())
	srv.Reset()
	requireSame(t, snapshot(t, unused), snapshot(t, srv), "after the reset")
	assert.Empty(t, srv.Requests())
	assert.Equal(t, "reset", kinds(updates(t, srv, last)))
	_, err = srv.Client().Billing.Account(t.Context())
	wantRefused(t, err, "a call after the reset")
	assert.EqualValues(t, requests+1, srv.Requests()[0].ID)
}

func TestStateRunningClock(t *testing.T) {
	t.Parallel()
	srv := quecloudtest.NewUnstartedServer()
	defer srv.Close()
	require.True(t, srv.Snapshot().Running)
	require.NoError(t, srv.Load([]byte(`{"time":"2027-01-02T03:04:05+08:00","running":true}`)))
	first := srv.Now()
	assert.Equal(t, 2027, first.Year())
	require.Eventually(t, func() bool { return srv.Now().After(first) }, time.Minute, time.Millisecond)
	require.NoError(t, srv.Load([]byte(`{"running":false}`)))
	first = srv.Now()
	assert.Equal(t, first, srv.Now())
	assert.False(t, srv.Snapshot().Running)
}

// TestStateConcurrentUse is for the race detector. Each state that is loaded is that of a moment, and a watcher sees
// all updates in order.
func TestStateConcurrentUse(t *testing.T) {
	t.Parallel()
	tt := busyServer(2)
	defer tt.srv.Close()
	state := []byte(snapshot(t, tt.srv))
	ctx, stop := context.WithCancel(t.Context())
	var watcher, workers sync.WaitGroup
	for range 2 {
		watcher.Go(func() {
			last := int64(0)
			for u := range tt.srv.Watch(ctx, 0) {
				if u.Kind != quecloudtest.UpdateGap && u.ID != last+1 {
					t.Errorf("update %d after %d", u.ID, last)
				}
				last = u.ID
			}
		})
	}
	for worker := range 6 {
		workers.Go(func() {
			own := *tt
			own.client = tt.srv.Client(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
			own.rand = rand.New(rand.NewPCG(uint64(worker), 5))
			for n := range 40 {
				switch {
				case n%20 == 3 && worker == 0:
					assert.NoError(t, tt.srv.Load(state))
				case n%10 == 7:
					_, err := json.Marshal(tt.srv.Snapshot())
					assert.NoError(t, err)
				case n%10 == 9:
					for c := range tt.srv.Cards(quecloudtest.CardFilter{Status: quecloudtest.StatusNormal}) {
						_ = c
					}
					_, _ = tt.srv.Faults(), tt.srv.HeldCallbacks()
				default:
					own.step(t.Context())
				}
			}
		})
	}
	workers.Wait()
	tt.srv.WaitCallbacks()
	stop()
	watcher.Wait()
}
