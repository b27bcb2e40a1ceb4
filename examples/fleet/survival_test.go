package main

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// All parts are processes. A worker is killed while it waits for the platform to respond.
func TestSurvivalOfAKilledWorker(t *testing.T) {
	t.Parallel()
	nats := newNATS(t)
	platform := quecloudtest.NewServer(quecloudtest.WithFleet(1950), quecloudtest.WithCallbackRetries(1000),
		quecloudtest.WithCallbackInterval(50*time.Millisecond))
	t.Cleanup(platform.Close)
	gate := &gate{next: platform, blocked: 6, reached: make(chan struct{})}
	front := httptest.NewServer(gate)
	t.Cleanup(front.Close)
	env := []string{
		"NATS_URL=" + nats.url(), "QUECLOUD_BASE_URL=" + front.URL + "/openapi/router",
		"QUECLOUD_APP_KEY=" + platform.AppKey, "QUECLOUD_APP_SECRET=" + platform.Secret, "QUECLOUD_CALLBACK_TOKEN=token",
	}
	flags := []string{"-space", "test", "-rate", "1000", "-ack-wait", "1s"}
	part := func(role string, more ...string) *process {
		return start(t, env, append(append([]string{role}, flags...), more...)...)
	}
	s := nats.open(quick())
	receiver := part("callbacks", "-addr", "127.0.0.1:0")
	platform.SetSMSCallback("http://" + receiver.waitLine(t, "serving at ") + "/quecloud/sms?token=token")
	sweep := part("sweep", "-name", "one", "-size", "100")

	killed := part("worker", "-name", "killed", "-at-once", "1")
	receiveSMS(t, platform)
	select {
	case <-gate.reached:
	case <-time.After(enough):
		require.Fail(t, "the worker makes no calls")
	}
	killed.kill()
	before, _ := visited(t, s)
	require.Less(t, len(before), 1950, "the worker was killed in the middle")
	receiveSMS(t, platform)
	part("worker", "-name", "second")
	part("worker", "-name", "third")

	sweep.waitLine(t, "sweep one: 1950 cards on 20 pages")
	requireAllVisited(t, s, platform)
	_, workers := visited(t, s)
	assert.Equal(t, 4, workers["killed"], "of six calls, the first got the size and the last got no response")
	eventually(t, func() bool { return counted(t, s, "done.callbacks") == 40 }, "each event is handled")
	assert.Equal(t, 40, counted(t, s, "callbacks.>"))
}

// receiveSMS lets 20 cards send an SMS. It returns when each callback has succeeded or failed once. The platform
// retries those that failed.
func receiveSMS(t *testing.T, platform *quecloudtest.Server) {
	cards := fleetOf(t, platform)
	for i := range 20 {
		platform.ReceiveSMS(cards[i], fmt.Sprintf("reading %d", i))
	}
}

// The NATS server is killed while pages are read and callbacks are sent, and restarted with its disk.
func TestSurvivalOfAKilledServer(t *testing.T) {
	t.Parallel()
	addr, store := freeAddr(t), t.TempDir()
	serve := func() *process { return start(t, nil, "server", "-addr", addr, "-store", store) }
	server := serve()
	url := server.waitLine(t, "serving at ")
	platform := quecloudtest.NewServer(quecloudtest.WithFleet(3000), quecloudtest.WithCallbackRetries(10_000),
		quecloudtest.WithCallbackInterval(50*time.Millisecond),
		quecloudtest.WithFaults(quecloudtest.Latency(30*time.Millisecond)))
	t.Cleanup(platform.Close)
	s := openAt(t, url, quick())
	platform.SetSMSCallback(receive(t, s))
	goWork(t, newWorker(openAt(t, url, quick()), platform, "first"))
	goWork(t, newWorker(openAt(t, url, quick()), platform, "second"))
	require.NoError(t, s.add(t.Context(), item{Sweep: "one", Kind: kindStart, Size: 50}))
	receiveSMS(t, platform)

	done := 0
	eventually(t, func() bool { done = counted(t, s, "done.sweep.one"); return done >= 10 }, "the sweep goes on")
	server.kill()
	require.Less(t, done, 60, "the server is killed in the middle")
	receiveSMS(t, platform)
	failed := 0
	for _, d := range platform.Deliveries() {
		if !d.OK {
			failed++
			assert.Equal(t, 500, d.HTTPStatus)
		}
	}
	require.NotZero(t, failed, "callbacks fail without a server")
	server = serve()
	server.waitLine(t, "serving at ")

	eventually(t, func() bool { return counted(t, s, "work.one.*") == 0 }, "the sweep ends")
	requireAllVisited(t, s, platform)
	eventually(t, func() bool { return counted(t, s, "done.callbacks") == 40 }, "each event is handled")
	assert.Equal(t, 40, counted(t, s, "callbacks.>"))
}
