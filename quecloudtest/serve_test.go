package quecloudtest_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
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

// forms returns signed calls of each method, and lists of cards with filters.
func forms(client foreign) map[string]url.Values {
	all := map[string]url.Values{}
	for _, full := range quecloudtest.Methods() {
		method := strings.TrimPrefix(full, "fc.function.")
		pairs := exampleCalls[method]
		if method == "order.details" {
			pairs = []string{"orderNo", client.srv.Orders()[0].No}
		}
		all[full] = client.form(method, pairs...)
	}
	for _, group := range []int{10, 11, 20, 860} {
		id := strconv.Itoa(group)
		all["group "+id] = client.form("card.list", "billingid", id, "allotDateStart", "20240101")
	}
	return all
}

// TestServeReadsConcurrently makes each call that reads while another reader holds the lock.
func TestServeReadsConcurrently(t *testing.T) {
	t.Parallel()
	client := prepared(t)
	for method, form := range forms(client) {
		if !quecloudtest.Reads(form.Get("method")) {
			continue
		}
		client.srv.WhileRead(func() {
			done := make(chan error)
			go func() {
				resp, err := roundTrip(client.srv, form)
				if err == nil {
					err = resp.Body.Close()
				}
				done <- err
			}()
			select {
			case err := <-done:
				require.NoError(t, err, method)
			case <-time.After(time.Minute):
				require.Fail(t, "no response", method)
			}
		})
	}
}

// TestServeReadsAndWritesConcurrently is for the race detector: all calls, and changes by the test.
func TestServeReadsAndWritesConcurrently(t *testing.T) {
	t.Parallel()
	client := prepared(t, quecloudtest.WithFleet(100))
	srv := client.srv
	var all sync.WaitGroup
	for _, form := range forms(client) {
		for range 2 {
			all.Go(func() {
				for range 5 {
					resp, err := roundTrip(srv, form)
					if !assert.NoError(t, err) {
						return
					}
					_, err = io.Copy(io.Discard, resp.Body)
					assert.NoError(t, errors.Join(err, resp.Body.Close()))
				}
			})
		}
	}
	all.Go(func() {
		for i := range 20 {
			added := srv.AddCard(quecloudtest.Card{BillingID: 11})
			srv.SetUsage(added.ICCID, "2026-03-10", float64(i))
			srv.UpdateCard(added.ICCID, func(c *quecloudtest.Card) { c.BillingID = 10 })
			srv.Inject(quecloudtest.Speak(quecloudtest.OtherCase).Times(1))
			srv.Advance(time.Millisecond)
			srv.Card(added.MSISDN)
			srv.Requests()
		}
	})
	all.Wait()
	sum, err := srv.Client().Billing.GroupStatistics(t.Context(), 10)
	require.NoError(t, err)
	assert.Equal(t, int64(25+20), sum.CardCount)
}

// Calls that read run due jobs first.
func TestServeReadsSeeDueJobs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := quecloudtest.NewUnstartedServer()
		defer srv.Close()
		client := srv.Client()
		added := srv.AddCard(quecloudtest.Card{Alarm: &quecloudtest.Alarm{PauseThreshold: 5, PauseEnabled: true}})
		tomorrow := srv.Now().AddDate(0, 0, 1)
		srv.SetUsage(added.ICCID, tomorrow.Format(time.DateOnly), 6)
		status := func() string {
			info, err := client.Cards.Info(t.Context(), added.ID())
			require.NoError(t, err)
			return string(info.PauseReason)
		}
		require.Empty(t, status())
		time.Sleep(24 * time.Hour)
		require.Equal(t, quecloudtest.ReasonThreshold, status())
	})
}

func TestRequestLimit(t *testing.T) {
	t.Parallel()
	r := receive(t, "success")
	srv := quecloudtest.NewUnstartedServer(quecloudtest.WithSMSCallback(r.URL), quecloudtest.WithRequestLimit(3))
	defer srv.Close()
	for range 5 {
		srv.ReceiveSMS("1064800000000", "x")
	}
	if n := len(srv.Deliveries()); n != 3 {
		t.Errorf("%d deliveries are kept, want 3", n)
	}
	large := quecloudtest.NewUnstartedServer()
	defer large.Close()
	form := newForeign(t, large).form("account.info", "x", strings.Repeat("1", 6<<20))
	for range 7 {
		post(t, large, form)
	}
	if n := len(large.Requests()); n != 5 {
		t.Errorf("%d requests of 6 MiB are kept, want 5", n)
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	var observed []quecloudtest.Request
	srv, _ := start(t, quecloudtest.WithRequestLimit(2), quecloudtest.WithObserver(func(r quecloudtest.Request) {
		observed = append(observed, r)
	}))
	client := newForeign(t, srv)
	client.call("account.info")
	client.call("card.pause", "msisdn", "1064800000000")
	client.call("card.pause", "msisdn", "1064800000000")
	if len(observed) != 3 {
		t.Fatalf("observed %d requests, want 3", len(observed))
	}
	kept := srv.Requests()
	if len(kept) != 2 {
		t.Fatalf("%d requests are kept, want the last 2", len(kept))
	}
	did, refused := kept[0], kept[1]
	if !did.Accepted || !did.Executed || did.Reason != "" || did.HTTPStatus != http.StatusOK || !did.Time.Equal(noon) {
		t.Errorf("the call that was done is recorded as %+v", did)
	}
	if !refused.Accepted || refused.Executed || refused.ResultCode != 1 || !strings.Contains(refused.Reason, "停机") {
		t.Errorf("the call that was refused is recorded as %+v", refused)
	}
	if did.Params["msisdn"] != "1064800000000" || did.Params["sign"] != "" || len(did.Sign) != 40 {
		t.Errorf("parameters are recorded as %v, the signature as %q", did.Params, did.Sign)
	}
	if n := len(srv.RequestsOf("card.pause")); n != 2 {
		t.Errorf("%d requests of card.pause, want 2", n)
	}
}

func TestServeSkewedClockIsCorrectedBySDK(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	client := srv.Client(quecloud.WithClock(func() time.Time { return noon.Add(-time.Hour) }))
	_, err := client.Files.List(t.Context())
	must(t, err)
	must(t, client.Cards.Pause(t.Context(), pausable))
	got := srv.Requests()
	if len(got) != 3 || got[0].Accepted || !got[0].SignatureOK || !strings.Contains(got[0].Reason, "t") ||
		!got[1].Executed {
		t.Errorf("recorded as %+v", got)
	}
}
