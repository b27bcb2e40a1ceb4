package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/quecloud/quecloud-go"
)

// retryAfter is the time after which a night that is not complete is tried once more.
const retryAfter = 10 * time.Minute

// runNights does the work of an account every night, until ctx ends. When the service starts, it first completes the
// last night, which may have been interrupted or missed.
func (s *service) runNights(ctx context.Context, a *account) {
	for ctx.Err() == nil {
		night, next := s.nightOf(s.now()), retryAfter
		if err := s.runNight(ctx, a, night); err != nil {
			s.log.Error("the night is not complete", "account", a.name, "night", night, "error", err)
		} else {
			next = night.AddDays(1).Time().Add(s.start).Sub(s.now())
		}
		sleep(ctx, next)
	}
}

// nightOf returns the date of the last night that has started.
func (s *service) nightOf(t time.Time) quecloud.Date { return quecloud.DateOf(t.Add(-s.start)) }

// sleep sleeps until the time has passed or ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// runNight does the work of a night, except for what has been done already.
func (s *service) runNight(ctx context.Context, a *account, night quecloud.Date) error {
	err := s.sweepUsage(ctx, a, night)
	if failed := s.sweepCards(ctx, a, night); failed != nil {
		return errors.Join(err, failed)
	}
	return errors.Join(err, s.suspend(ctx, a, night))
}

// sweepCards stores all cards of an account.
func (s *service) sweepCards(ctx context.Context, a *account, night quecloud.Date) error {
	params := &quecloud.CardListParams{PageSize: s.pageSize}
	return sweep(ctx, s.db, checkpoint{a.name, "cards", night}, a.Cards.List, params, &params.PageNo,
		func(tx *sql.Tx, list *quecloud.CardList) (page int, err error) {
			insert, err := tx.PrepareContext(ctx, `INSERT INTO cards (account, card, status, in_service, expires, seen)
				VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (account, card) DO UPDATE SET
				status = excluded.status, in_service = excluded.in_service, expires = excluded.expires, seen = excluded.seen`)
			if err != nil {
				return 0, err
			}
			for _, c := range list.Cards {
				_, err := insert.ExecContext(ctx, a.name, c.ID().Normal(), c.Status, c.Status.InService(), c.ExpiryDate, night)
				if err != nil {
					return 0, err
				}
			}
			return list.Page.Number, nil
		})
}

// sweepUsage stores the usage of the month of the day before the night. The first night of a month stores the last
// numbers of the month before it.
func (s *service) sweepUsage(ctx context.Context, a *account, night quecloud.Date) error {
	month := night.AddDays(-1).YearMonth()
	params := &quecloud.MonthListParams{Month: month, PageSize: s.pageSize}
	return sweep(ctx, s.db, checkpoint{a.name, "usage", night}, a.Flow.ListMonth, params, &params.PageNo,
		func(tx *sql.Tx, list *quecloud.MonthFlowList) (page int, err error) {
			insert, err := tx.PrepareContext(ctx, `INSERT INTO usage (account, card, month, mb) VALUES (?, ?, ?, ?)
				ON CONFLICT (account, card, month) DO UPDATE SET mb = excluded.mb`)
			if err != nil {
				return 0, err
			}
			for _, row := range list.Flows {
				if _, err := insert.ExecContext(ctx, a.name, row.ID().Normal(), month, row.MonthFlow); err != nil {
					return 0, err
				}
			}
			return list.Page.Number, nil
		})
}

// sweep reads all pages of a listing and stores each of them together with its number, so that a sweep that was
// interrupted, even by a power failure, resumes after the last stored page. pageNo points into params.
func sweep[P quecloud.ListParams, L quecloud.ListPage](
	ctx context.Context, db *sql.DB, at checkpoint, list func(context.Context, *P) (*L, error), params *P, pageNo *int,
	store func(*sql.Tx, *L) (page int, err error),
) error {
	stored, done, err := at.load(ctx, db)
	if err != nil || done {
		return err
	}
	*pageNo = stored + 1
	for page, err := range quecloud.Pages(ctx, list, params) {
		if e, ok := errors.AsType[*quecloud.PageError](err); ok && e.Page <= stored { // the pages became larger
			return errors.Join(err, at.save(context.WithoutCancel(ctx), db, e.Page-1, false))
		}
		if err != nil {
			return err
		}
		err := inTransaction(ctx, db, func(tx *sql.Tx) (err error) {
			if stored, err = store(tx, page); err != nil {
				return err
			}
			return at.save(ctx, tx, stored, false)
		})
		if err != nil {
			return fmt.Errorf("%s: %w", at.job, err)
		}
	}
	return at.save(ctx, db, stored, true)
}

// A checkpoint is how far a job of a night has come.
type checkpoint struct {
	account string
	job     string
	night   quecloud.Date
}

func (c checkpoint) load(ctx context.Context, db *sql.DB) (page int, done bool, err error) {
	err = db.QueryRowContext(ctx, `SELECT page, done FROM progress WHERE account = ? AND job = ? AND night = ?`,
		c.account, c.job, c.night).Scan(&page, &done)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return page, done, err
}

// save saves a checkpoint, in the transaction of a page or outside of one.
func (c checkpoint) save(
	ctx context.Context, to interface {
		ExecContext(context.Context, string, ...any) (sql.Result, error)
	}, page int, done bool,
) error {
	_, err := to.ExecContext(ctx, `INSERT INTO progress (account, job, night, page, done) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (account, job) DO UPDATE SET night = excluded.night, page = excluded.page, done = excluded.done`,
		c.account, c.job, c.night, page, done)
	return err
}
