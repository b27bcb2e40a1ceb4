package main

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// newCluster starts a cluster of three NATS servers, and returns them with their NATS_URL.
func newCluster(t *testing.T) (servers []*server.Server, natsURL string) {
	var routes []*url.URL
	for range 3 {
		routes = append(routes, &url.URL{Scheme: "nats", Host: freeAddr(t)})
	}
	for i, route := range routes {
		var port int
		_, err := fmt.Sscan(route.Port(), &port)
		require.NoError(t, err)
		srv, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprint("server-", i+1), Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true,
			JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, Routes: routes,
			Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: port},
		})
		require.NoError(t, err)
		srv.Start()
		t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
		servers = append(servers, srv)
	}
	eventually(t, func() bool { return isReady(servers) }, "the cluster is ready")
	for _, srv := range servers {
		natsURL += "," + srv.ClientURL()
	}
	return servers, natsURL[1:]
}

// isReady reports whether the servers have a leader that can place streams on all of them: it takes a server for
// offline until it has had statistics from it, which may be after the server has the leader's state.
func isReady(servers []*server.Server) bool {
	known := 0
	for _, srv := range servers {
		if !srv.JetStreamIsCurrent() {
			return false
		}
		known = max(known, len(srv.JetStreamClusterPeers()))
	}
	return known == len(servers)
}

func TestSurvivalOfADeadServerOfACluster(t *testing.T) {
	t.Parallel()
	servers, url := newCluster(t)
	settings, limited := quick(), few(time.Hour)
	settings.replicas, limited.replicas, limited.space = 3, 3, "limited"
	l := sharedLimiter{openAt(t, url, limited)}
	for range limited.rate {
		require.NoError(t, l.Wait(t.Context()))
	}
	require.True(t, isFull(l.publish(t.Context(), "permits", nil)))
	s := openAt(t, url, settings)
	work := s.work.CachedInfo()
	require.Equal(t, 3, work.Config.Replicas)

	platform := quecloudtest.NewServer(quecloudtest.WithFleet(1550), quecloudtest.WithCallbackRetries(10_000),
		quecloudtest.WithCallbackInterval(50*time.Millisecond),
		quecloudtest.WithFaults(quecloudtest.Latency(30*time.Millisecond)))
	t.Cleanup(platform.Close)
	platform.SetSMSCallback(receive(t, s))
	goWork(t, newWorker(openAt(t, url, settings), platform, "first"))
	goWork(t, newWorker(openAt(t, url, settings), platform, "second"))
	require.NoError(t, s.add(t.Context(), item{Sweep: "one", Kind: kindStart, Size: 50}))
	done := 0
	eventually(t, func() bool { done = counted(t, s, "done.sweep.one"); return done >= 5 }, "the sweep goes on")
	for _, srv := range servers {
		if srv.Name() == work.Cluster.Leader {
			srv.Shutdown()
		}
	}
	require.Less(t, done, 31, "the server dies in the middle")
	receiveSMS(t, platform)

	eventually(t, func() bool { return counted(t, s, "work.one.*") == 0 }, "the sweep ends")
	requireAllVisited(t, s, platform)
	eventually(t, func() bool { return counted(t, s, "done.callbacks") == 20 }, "each event is handled")
	assert.Equal(t, 20, counted(t, s, "callbacks.>"))
	assert.True(t, isFull(l.publish(t.Context(), "permits", nil)), "the limit counts the earlier calls")
}
