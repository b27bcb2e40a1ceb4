package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// ids returns the IDs in a list.
func ids(t *testing.T, response string) string {
	t.Helper()
	var list []struct{ ID, LogID int64 }
	// The ID of an SMS is text.
	err := json.Unmarshal([]byte(strings.ReplaceAll(response, `"id":"`, `"smsID":"`)), &list)
	if err != nil {
		t.Fatalf("%s: %v", response, err)
	}
	var all strings.Builder
	for _, v := range list {
		fmt.Fprint(&all, " ", v.ID+v.LogID)
	}
	return strings.TrimSpace(all.String())
}

func TestListsFilter(t *testing.T) {
	t.Parallel()
	_, h := newBusyControl(t)
	for call, want := range map[string]string{
		"/requests":                                   "1 2 3 4 5 6 7 8",
		"/requests?method=card.pause":                 "2",
		"/requests?method=fc.function.card.pause":     "2",
		"/requests?method=sms.send&since=4":           "8",
		"/requests?since=0&limit=2":                   "1 2",
		"/requests?since=3&limit=2":                   "4 5",
		"/requests?limit=2":                           "7 8",
		"/requests?status=refused":                    "7",
		"/requests?status=200&limit=1":                "8",
		"/requests?status=503":                        "",
		"/requests?status=ok&since=5":                 "6 8",
		"/requests?status=cut":                        "",
		"/requests?card=1064800000000":                "1 2 3 4 5 8",
		"/requests?card=89860024310000000006&since=4": "5 8",
		"/requests?card=1064800000001":                "",
		"/requests?card=1":                            "7",
		"/orders":                                     "1",
		"/orders?status=done&card=1064800000000":      "1",
		"/orders?status=订单完成":                         "1",
		"/orders?status=failed":                       "",
		"/orders?card=1064800000001":                  "",
		"/orders?since=1":                             "",
		"/sms":                                        "1 2",
		"/sms?status=200&limit=1":                     "2",
		"/sms?status=submitted":                       "",
		"/sms?card=1064800000001":                     "",
		"/sms?since=1":                                "2",
		"/deliveries":                                 "1 2",
		"/deliveries?kind=order":                      "2",
		"/deliveries?status=failed":                   "",
		"/deliveries?card=1064800000000&kind=sms":     "1",
		"/deliveries?card=89860024310000000006":       "1 2",
		"/deliveries?card=1064800000001":              "",
	} {
		status, response := ask(h, "GET "+call, "")
		if got := ids(t, response); status != http.StatusOK || got != want {
			t.Errorf("%s: got %d, %q, want %q", call, status, got, want)
		}
	}
}

// TestListsWait waits for something that happens after a minute, and for something that does not happen.
func TestListsWait(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		call string
		want string // of the effect after a minute; empty: the call waits for all of its time
		took time.Duration
	}{
		{call: "/requests?method=card.recharge&wait=5m", want: "1", took: time.Minute},
		{call: "/requests?wait=5m&since=0&limit=1", want: "1", took: time.Minute},
		{call: "/requests?wait=5m&since=1", want: "2", took: time.Minute},
		{call: "/requests?wait=30s", took: 30 * time.Second},
		{call: "/requests", took: 0},
		{call: "/requests?wait=5m&status=refused", took: 5 * time.Minute},
		{call: "/orders?status=pending&wait=5m", want: "1", took: time.Minute},
		{call: "/orders?status=done&wait=5m", want: "1", took: 2 * time.Minute},
		{call: "/sms?status=delivered&wait=5m", want: "1", took: 2 * time.Minute},
		{call: "/sms?card=" + aCard + "&wait=5m", want: "1", took: time.Minute},
		{call: "/deliveries?kind=order&wait=5m", want: "2", took: 2 * time.Minute},
		{call: "/deliveries?status=ok&wait=5m", took: 5 * time.Minute},
		{call: "/received?wait=5m", want: "0", took: time.Minute},
	} {
		synctest.Test(t, func(t *testing.T) {
			nobody := quecloudtest.HandlerTransport(http.NotFoundHandler())
			sim := quecloudtest.NewUnstartedServer(
				quecloudtest.WithOrderDelay(time.Minute), quecloudtest.WithSMSDelay(time.Minute),
				quecloudtest.WithSMSCallback("https://app.invalid/sms"), quecloudtest.WithOrderCallback("https://app.invalid/"),
				quecloudtest.WithCallbackClient(&http.Client{Transport: nobody}))
			defer sim.Close()
			h := controlOf(sim)
			client := sim.Client()
			time.AfterFunc(time.Minute, func() {
				_, err := client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{
					Card: quecloud.ICCID("89860024310000000006"), ProductID: 50, ProductName: "30M-当月",
				})
				if err != nil {
					t.Error(err)
				}
				_, err = client.SMS.Send(t.Context(), &quecloud.SMSSendParams{Cards: quecloud.MSISDNs(aCard), Content: "x"})
				if err != nil {
					t.Error(err)
				}
				go sim.ReceiveSMS(aCard, "x")
			})
			start := time.Now()
			_, response := ask(h, "GET "+test.call, "")
			if got, took := ids(t, response), time.Since(start); got != test.want || took != test.took {
				t.Errorf("%s: got %q after %v, want %q after %v", test.call, got, took, test.want, test.took)
			}
			time.Sleep(5 * time.Minute) // lets all deliveries end
		})
	}
}

func TestListsStopWaitingWithTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim := quecloudtest.NewUnstartedServer()
		time.AfterFunc(time.Second, sim.Close)
		start := time.Now()
		if status, response := ask(controlOf(sim), "GET /requests?wait=5m", ""); status != 200 || response != "[]" ||
			time.Since(start) != time.Second {
			t.Errorf("got %d %s after %v", status, response, time.Since(start))
		}
	})
}
