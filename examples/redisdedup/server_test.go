//go:build redis

package redisdedup_test

import (
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// The script test.sh starts a server and sets QUECLOUD_REDIS, for example to unix:///tmp/redis.sock.
func TestStoreKeepsTheContractOnAServer(t *testing.T) {
	t.Parallel()
	options, err := redis.ParseURL(os.Getenv("QUECLOUD_REDIS"))
	if err != nil {
		t.Fatalf("QUECLOUD_REDIS: want the URL of a Redis server: %v", err)
	}
	const lease = 5 * time.Second
	testStore(t, options, lease, func() { time.Sleep(lease + 100*time.Millisecond) })
}
