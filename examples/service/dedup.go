package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"time"

	"github.com/quecloud/quecloud-go"
)

// A dedupStore records handled events in the table quecloud_events. It implements [quecloud.DedupStore].
type dedupStore struct {
	db    *sql.DB
	owner string
}

const (
	eventLease = time.Minute         // of a claim; longer than the handling of an event, see callbacks
	eventAge   = 30 * 24 * time.Hour // of a record; as long as the platform may retry a callback
)

const (
	createEvents = `CREATE TABLE IF NOT EXISTS quecloud_events (
		key     VARCHAR(70) PRIMARY KEY,
		owner   VARCHAR(26) NOT NULL, -- of the claim; empty once the event has been handled
		expires BIGINT NOT NULL       -- Unix time in milliseconds
	)`
	createEventsIndex = `CREATE INDEX IF NOT EXISTS quecloud_events_expires ON quecloud_events (expires)`

	expireEvents = `DELETE FROM quecloud_events WHERE expires <= :now`
	claimEvent   = `INSERT INTO quecloud_events (key, owner, expires) VALUES (:key, :owner, :now + :lease)
		ON CONFLICT DO NOTHING`
	findEvent   = `SELECT owner FROM quecloud_events WHERE key = :key`
	recordEvent = `INSERT INTO quecloud_events (key, owner, expires) VALUES (:key, '', :now + :age)
		ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, expires = excluded.expires`
	releaseEvent = `DELETE FROM quecloud_events WHERE key = :key AND owner = :owner`
)

// newDedupStore returns a store. The clocks of processes that share the table must agree to well within the lease.
func newDedupStore(db *sql.DB) *dedupStore { return &dedupStore{db: db, owner: rand.Text()} }

// Claim implements [quecloud.DedupStore]. The single INSERT decides who gets the key. Claim keeps one connection: with
// a pool, RowsAffected waits for whoever uses the connection of the INSERT next.
func (s *dedupStore) Claim(ctx context.Context, key string) (quecloud.DedupState, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	now := sql.Named("now", time.Now().UnixMilli())
	if _, err := conn.ExecContext(ctx, expireEvents, now); err != nil {
		return 0, err
	}
	result, err := conn.ExecContext(ctx, claimEvent,
		sql.Named("key", key), sql.Named("owner", s.owner), now, sql.Named("lease", eventLease.Milliseconds()))
	if err != nil {
		return 0, err
	}
	if rows, err := result.RowsAffected(); err != nil || rows == 1 {
		return quecloud.DedupClaimed, err
	}
	var owner string
	err = conn.QueryRowContext(ctx, findEvent, sql.Named("key", key)).Scan(&owner)
	switch {
	case errors.Is(err, sql.ErrNoRows): // released just now: a later callback can claim it
		return quecloud.DedupBusy, nil
	case err != nil:
		return 0, err
	case owner == "":
		return quecloud.DedupDone, nil
	}
	return quecloud.DedupBusy, nil
}

// Settle implements [quecloud.DedupStore].
func (s *dedupStore) Settle(ctx context.Context, key string, handled bool) error {
	if !handled {
		_, err := s.db.ExecContext(ctx, releaseEvent, sql.Named("key", key), sql.Named("owner", s.owner))
		return err
	}
	_, err := s.db.ExecContext(ctx, recordEvent,
		sql.Named("key", key), sql.Named("now", time.Now().UnixMilli()), sql.Named("age", eventAge.Milliseconds()))
	return err
}
