package redisdedup_test

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/examples/redisdedup"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// testStore tests stores that have connections of their own, as those of several processes.
func testStore(t *testing.T, options *redis.Options, lease time.Duration, expire func()) {
	t.Helper()
	open := func() quecloud.DedupStore {
		client := redis.NewClient(options)
		t.Cleanup(func() { _ = client.Close() })
		return redisdedup.New(client, "quecloud:", lease, time.Hour)
	}
	if err := quecloudtest.TestDedupStore(open, expire); err != nil {
		t.Error(err)
	}
}

// miniredis imitates Redis in this process, with a clock that the test moves.
func TestStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	server := miniredis.RunT(t)
	testStore(t, &redis.Options{Addr: server.Addr()}, time.Minute, func() { server.FastForward(time.Minute) })
	for _, key := range server.Keys() {
		if ttl := server.TTL(key); ttl <= 0 || ttl > time.Hour {
			t.Errorf("the key %s lives for %v, want at most an hour", key, ttl)
		}
	}
}
