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

// All parts are processes here, as they are in earnest. A worker is killed while it waits for the platform to answer.
func TestNothingIsLostWhenAWorkerIsKilled(t *testing.T) {
	t.Parallel()
	nats := newNATS(t)
	platform := quecloudtest.NewServer(quecloudtest.WithFleet(1950), quecloudtest.WithCallbackRetries(1000),
		quecloudtest.WithCallbackInterval(50*time.Millisecond))
	t.Cleanup(platform.Close)
	gate := &gate{next: platform, shut: 6, reached: make(chan struct{})}
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
	platform.SetSMSCallback("http://" + receiver.says(t, "serving at ") + "/quecloud/sms?token=token")
	sweep := part("sweep", "-name", "one", "-size", "100")

	doomed := part("worker", "-name", "doomed", "-at-once", "1")
	receiveSMS(t, platform)
	select {
	case <-gate.reached:
	case <-time.After(enough):
		require.Fail(t, "the worker does not work")
	}
	doomed.kill()
	before, _ := visited(t, s)
	require.Less(t, len(before), 1950, "it was killed in the middle")
	receiveSMS(t, platform)
	part("worker", "-name", "second")
	part("worker", "-name", "third")

	sweep.says(t, "sweep one: 1950 cards on 20 pages")
	requireAllVisited(t, s, platform)
	_, workers := visited(t, s)
	assert.Equal(t, 4, workers["doomed"], "of six calls the first asked for the size, and the last was not answered")
	eventually(t, func() bool { return counted(t, s, "done.callbacks") == 40 }, "each notification is handled")
	assert.Equal(t, 40, counted(t, s, "callbacks.>"))
}

// receiveSMS lets 20 cards send an SMS, of which the platform notifies. It returns when each was delivered, or refused
// once; those are delivered again.
func receiveSMS(t *testing.T, platform *quecloudtest.Server) {
	cards := fleetOf(t, platform)
	for i := range 20 {
		platform.ReceiveSMS(cards[i], fmt.Sprintf("reading %d", i))
	}
}

// The NATS server is killed while pages are read and notifications are delivered, and started again with what is on its
// disk.
func TestNothingIsLostWhenTheServerIsKilled(t *testing.T) {
	t.Parallel()
	addr, store := freeAddr(t), t.TempDir()
	serve := func() *process { return start(t, nil, "server", "-addr", addr, "-store", store) }
	server := serve()
	url := server.says(t, "serving at ")
	platform := quecloudtest.NewServer(quecloudtest.WithFleet(3000), quecloudtest.WithCallbackRetries(10_000),
		quecloudtest.WithCallbackInterval(50*time.Millisecond), quecloudtest.WithFaults(quecloudtest.Latency(30*time.Millisecond)))
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
	require.Less(t, done, 60, "it is killed in the middle")
	receiveSMS(t, platform)
	refused := 0
	for _, d := range platform.Deliveries() {
		if !d.OK {
			refused++
			assert.Equal(t, 500, d.HTTPStatus)
		}
	}
	require.NotZero(t, refused, "without a server there is no success")
	server = serve()
	server.says(t, "serving at ")

	eventually(t, func() bool { return counted(t, s, "work.one.*") == 0 }, "the sweep ends")
	requireAllVisited(t, s, platform)
	eventually(t, func() bool { return counted(t, s, "done.callbacks") == 40 }, "each notification is handled")
	assert.Equal(t, 40, counted(t, s, "callbacks.>"))
}
