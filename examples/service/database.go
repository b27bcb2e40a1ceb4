package main

import (
	"context"
	"database/sql"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver
)

// tables are the tables of the night. Cards are stored as CardID.Normal, which makes them equal in all tables.
const tables = `
CREATE TABLE IF NOT EXISTS cards (
	account    TEXT NOT NULL,
	card       TEXT NOT NULL, -- CardID
	status     TEXT NOT NULL,
	in_service BOOLEAN NOT NULL,
	expires    TEXT,          -- Date
	seen       TEXT NOT NULL, -- Date of the last night that listed it
	PRIMARY KEY (account, card)
);
CREATE TABLE IF NOT EXISTS usage (
	account TEXT NOT NULL,
	card    TEXT NOT NULL, -- CardID
	month   TEXT NOT NULL, -- Month
	mb      REAL NOT NULL,
	PRIMARY KEY (account, card, month)
);
CREATE TABLE IF NOT EXISTS progress (
	account TEXT NOT NULL,
	job     TEXT NOT NULL,
	night   TEXT NOT NULL,    -- Date
	page    INTEGER NOT NULL, -- the last stored one
	done    BOOLEAN NOT NULL,
	PRIMARY KEY (account, job)
);
CREATE TABLE IF NOT EXISTS suspensions (
	account  TEXT NOT NULL,
	card     TEXT NOT NULL,    -- CardID
	cycle    TEXT NOT NULL,    -- Date of the first day of the billing cycle
	state    TEXT NOT NULL,    -- open, done, refused, not_needed
	tried_at INTEGER NOT NULL, -- Unix time in ms before the last call, 0 if none was sent
	note     TEXT NOT NULL,    -- last error, for people
	PRIMARY KEY (account, card, cycle)
);
CREATE TABLE IF NOT EXISTS sms (
	event   TEXT PRIMARY KEY, -- SMSEvent.Key
	account TEXT NOT NULL,
	card    TEXT NOT NULL,    -- CardID
	type    TEXT NOT NULL,
	content BLOB NOT NULL     -- may not be UTF-8
);`

// openDatabase opens a database and creates the tables that it lacks. SQLite locks the database while it writes. Within
// the process statements queue for the only connection. With busy_timeout they wait for other processes, for less than
// the 5 seconds that a handler of callbacks gives to its store. A transaction takes the lock when it begins: it could
// not get it later, once another process has written.
func openDatabase(ctx context.Context, path string) (*sql.DB, error) {
	const options = "?_pragma=busy_timeout(4000)&_pragma=journal_mode(wal)&_txlock=immediate"
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path)+options)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	for _, statements := range []string{tables, createPurchases, createEvents, createEventsIndex} {
		if _, err := db.ExecContext(ctx, statements); err != nil {
			_ = db.Close()
			return nil, err
		}
	}
	return db, nil
}

// inTransaction commits what the function does, if it returns nil.
func inTransaction(ctx context.Context, db *sql.DB, do func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// query returns the rows of a query, each read with the function. It reads them all before it returns, so that the
// connection is free while the caller handles them.
func query[T any](
	ctx context.Context, db *sql.DB, scan func(row *sql.Rows, to *T) error, statement string, args ...any,
) ([]T, error) {
	rows, err := db.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var one T
		if err := scan(rows, &one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
