// Package redisdedup is an example of a store for quecloud.WithDeduplication that several machines share: keys in Redis
// 7 or later, or in Valkey. Copy it.
//
//	store := redisdedup.New(rdb, "quecloud:", time.Minute, 30*24*time.Hour)
//	handler := quecloud.NewSMSHandler(onSMS, quecloud.WithDeduplication(store), …)
//
// Redis can lose its last writes when it restarts or fails over to a replica. An event whose record is lost is handled
// again if another callback carries it.
//
// The tests use an imitation of Redis. The script test.sh runs them against a real server.
package redisdedup

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quecloud/quecloud-go"
)

// A Store records each event in a key of Redis, whose value is the owner of the claim or, once the event has been
// handled, done. It implements [quecloud.DedupStore].
type Store struct {
	redis      redis.UniversalClient
	prefix     string
	owner      string
	lease, age time.Duration
}

// done is the value of a handled event. It differs from every owner: those have 26 characters.
const done = "done"

// release deletes a key if this process owns it.
var release = redis.NewScript(`
	if redis.call("GET", KEYS[1]) == ARGV[1] then
		return redis.call("DEL", KEYS[1])
	end
	return 0`)

// New returns a store whose keys begin with the prefix. A claim lasts for the lease, which must be longer than the
// handling of an event. The store remembers an event for the given age. The handlers of SMS and of orders can share a
// prefix, since their keys differ.
func New(client redis.UniversalClient, prefix string, lease, age time.Duration) *Store {
	return &Store{redis: client, prefix: prefix, owner: rand.Text(), lease: lease, age: age}
}

// Claim implements [quecloud.DedupStore]. SET with NX decides who gets the key, and GET returns its value otherwise.
func (s *Store) Claim(ctx context.Context, key string) (quecloud.DedupState, error) {
	value, err := s.redis.SetArgs(ctx, s.prefix+key, s.owner, redis.SetArgs{Mode: "NX", TTL: s.lease, Get: true}).Result()
	switch {
	case errors.Is(err, redis.Nil): // there was no value
		return quecloud.DedupClaimed, nil
	case err != nil:
		return 0, err
	case value == done:
		return quecloud.DedupDone, nil
	}
	return quecloud.DedupBusy, nil
}

// Settle implements [quecloud.DedupStore].
func (s *Store) Settle(ctx context.Context, key string, handled bool) error {
	if handled {
		return s.redis.Set(ctx, s.prefix+key, done, s.age).Err()
	}
	return release.Run(ctx, s.redis, []string{s.prefix + key}, s.owner).Err()
}
