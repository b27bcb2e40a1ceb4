// Package sqlitededup is an example of a store for quecloud.WithDeduplication that survives the process and serves
// several: a table in SQLite. Copy it, and change the SQL for another database.
//
//	db, err := sql.Open("sqlite", "file:events.db?_pragma=busy_timeout(4000)&_pragma=journal_mode(wal)")
//	if err != nil { … }
//	store, err := sqlitededup.New(ctx, db, time.Minute, 30*24*time.Hour)
//	if err != nil { … }
//	handler := quecloud.NewSMSHandler(onSMS, quecloud.WithDeduplication(store), …)
//
// SQLite locks the database while it writes. With busy_timeout a statement waits for the lock, for less than the 5
// seconds that a handler gives to Settle; without it the statement fails.
//
// A function that writes to the same database may not need a store: it can insert the Key of the event, in its own
// transaction, into a table where the key is unique.
package sqlitededup

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/quecloud/quecloud-go"
)

// A Store records events in the table quecloud_events. It implements [quecloud.DedupStore].
type Store struct {
	db         *sql.DB
	owner      string
	lease, age time.Duration
}

const (
	createTable = `CREATE TABLE IF NOT EXISTS quecloud_events (
		key     VARCHAR(70) PRIMARY KEY,
		owner   VARCHAR(26) NOT NULL, -- of the claim; empty once the event has been handled
		expires BIGINT NOT NULL       -- Unix time in milliseconds
	)`
	createIndex = `CREATE INDEX IF NOT EXISTS quecloud_events_expires ON quecloud_events (expires)`

	expire = `DELETE FROM quecloud_events WHERE expires <= :now`
	claim  = `INSERT INTO quecloud_events (key, owner, expires) VALUES (:key, :owner, :now + :lease)
		ON CONFLICT DO NOTHING`
	look   = `SELECT owner FROM quecloud_events WHERE key = :key`
	record = `INSERT INTO quecloud_events (key, owner, expires) VALUES (:key, '', :now + :age)
		ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, expires = excluded.expires`
	release = `DELETE FROM quecloud_events WHERE key = :key AND owner = :owner`
)

// New returns a store in a database, and creates its table there. A claim lasts for the lease, which must be longer
// than the handling of an event. The store remembers an event for the given age. The handlers of SMS and of orders can
// share the table, since their keys differ. The clocks of processes that share it must agree to well within the lease.
func New(ctx context.Context, db *sql.DB, lease, age time.Duration) (*Store, error) {
	for _, statement := range []string{createTable, createIndex} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return nil, fmt.Errorf("creating the table of handled events: %w", err)
		}
	}
	return &Store{db: db, owner: rand.Text(), lease: lease, age: age}, nil
}

// Claim implements [quecloud.DedupStore]. The single INSERT decides who gets the key.
func (s *Store) Claim(ctx context.Context, key string) (quecloud.DedupState, error) {
	now := sql.Named("now", time.Now().UnixMilli())
	if _, err := s.db.ExecContext(ctx, expire, now); err != nil {
		return 0, err
	}
	result, err := s.db.ExecContext(ctx, claim,
		sql.Named("key", key), sql.Named("owner", s.owner), now, sql.Named("lease", s.lease.Milliseconds()))
	if err != nil {
		return 0, err
	}
	if rows, err := result.RowsAffected(); err != nil || rows == 1 {
		return quecloud.DedupClaimed, err
	}
	var owner string
	err = s.db.QueryRowContext(ctx, look, sql.Named("key", key)).Scan(&owner)
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
func (s *Store) Settle(ctx context.Context, key string, handled bool) error {
	if !handled {
		_, err := s.db.ExecContext(ctx, release, sql.Named("key", key), sql.Named("owner", s.owner))
		return err
	}
	_, err := s.db.ExecContext(ctx, record,
		sql.Named("key", key), sql.Named("now", time.Now().UnixMilli()), sql.Named("age", s.age.Milliseconds()))
	return err
}
