package main

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestNightStoresCardsAndUsage(t *testing.T) {
	t.Parallel()
	platform := newPlatform(t, quecloudtest.WithFleet(60), quecloudtest.WithTime(china("2026-11-20 03:00:00")))
	s := newService(t, newPath(t), platform)
	s.above = 0
	require.NoError(t, s.runOnce(t.Context()))

	for card, err := range platform.Client().Cards.All(t.Context(), nil) {
		require.NoError(t, err)
		var (
			stored    quecloud.CardID
			status    quecloud.CardStatus
			inService bool
			expires   quecloud.Date
			seen      quecloud.Date
			month     quecloud.Month
			mb        float64
		)
		require.NoError(t, s.db.QueryRow(`SELECT card, status, in_service, expires, seen, month, mb
			FROM cards JOIN usage USING (account, card) WHERE card = ?`, card.ID().Normal()).
			Scan(&stored, &status, &inService, &expires, &seen, &month, &mb))
		assert.Equal(t, card.ID().Normal(), stored)
		assert.Equal(t, card.Status, status)
		assert.Equal(t, card.Status.InService(), inService)
		assert.Equal(t, card.ExpiryDate, expires)
		assert.Equal(t, quecloud.Date{Year: 2026, Month: time.November, Day: 20}, seen)
		assert.Equal(t, quecloud.Month{Year: 2026, Month: time.November}, month)
		assert.InDelta(t, card.MonthFlow, mb, 1e-9)
	}
	assert.Equal(t, 60, count(t, s.db, `SELECT count(*) FROM cards`))
	assert.Equal(t, 60, count(t, s.db, `SELECT count(*) FROM usage`))

	requests := len(platform.Requests())
	require.NoError(t, s.runOnce(t.Context()))
	assert.Len(t, platform.Requests(), requests, "the night is complete")
}

// The night after the last day of a month stores the last numbers of that month.
func TestNightStoresTheWholeMonth(t *testing.T) {
	t.Parallel()
	platform := newPlatform(t, quecloudtest.WithFleet(0), quecloudtest.WithTime(china("2026-11-30 02:30:00")))
	card := platform.AddCard(quecloudtest.Card{ActiveDate: "2026-10-01"})
	platform.SetUsage(card.ICCID, "2026-11-29", 10)
	platform.SetUsage(card.ICCID, "2026-11-30", 5)
	platform.SetUsage(card.ICCID, "2026-12-01", 3)
	s := newService(t, newPath(t), platform)
	usage := func() (rows []string) {
		rows, err := query(t.Context(), s.db, func(row *sql.Rows, text *string) error {
			var month quecloud.Month
			var mb float64
			err := row.Scan(&month, &mb)
			*text = fmt.Sprint(month, " ", mb)
			return err
		}, `SELECT month, mb FROM usage ORDER BY month`)
		require.NoError(t, err)
		return rows
	}
	for _, want := range [][]string{
		{"2026-11 15"}, // the stand-in counts the whole day
		{"2026-11 15"},
		{"2026-11 15", "2026-12 3"},
	} {
		require.NoError(t, s.runOnce(t.Context()))
		assert.Equal(t, want, usage(), "at %s", s.now())
		platform.Advance(24 * time.Hour)
	}
}

// Each page is stored with its number: a sweep that stops, for whatever reason, resumes after the last stored page.
func TestNightResumesAfterTheLastStoredPage(t *testing.T) {
	t.Parallel()
	path, pages := newPath(t), map[string]int{}
	var requests atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	platform := newPlatform(t, quecloudtest.WithFleet(100), quecloudtest.WithTime(china("2026-11-20 03:00:00")),
		quecloudtest.WithObserver(func(quecloudtest.Request) {
			if requests.Add(1) == 30 {
				stop()
			}
		}))
	first := newService(t, path, platform)
	first.pageSize = 5
	require.Error(t, first.runOnce(ctx)) // of the context, or of a transaction that ended with it
	stored := count(t, first.db, `SELECT sum(page) FROM progress`)
	require.Less(t, stored, 40)
	require.Equal(t, 5*stored, count(t, first.db, `SELECT (SELECT count(*) FROM cards) + (SELECT count(*) FROM usage)`))

	before := len(platform.Requests())
	second := newService(t, path, platform)
	second.pageSize = 5
	require.NoError(t, second.runOnce(t.Context()))
	for _, r := range platform.Requests()[before:] {
		if page := r.Params["pageNo"]; page != "" {
			pages[r.Method]++
		}
	}
	read := pages["fc.function.card.list"] + pages["fc.function.monthflow.list"]
	assert.LessOrEqual(t, read, 40-stored+2, "no stored page is read anew, apart from the ends")
	assert.Equal(t, 100, count(t, second.db, `SELECT count(*) FROM cards`))
	assert.Equal(t, 100, count(t, second.db, `SELECT count(*) FROM usage`))
}

// A page and its number are stored together, or neither is, whichever the database cannot store.
func TestNightStoresAPageTogetherWithItsNumber(t *testing.T) {
	t.Parallel()
	for _, full := range []string{
		`BEFORE INSERT ON cards WHEN (SELECT count(*) FROM cards) = 12`, `BEFORE INSERT ON progress WHEN new.page = 3`,
	} {
		platform := newPlatform(t, quecloudtest.WithFleet(20), quecloudtest.WithTime(china("2026-11-20 03:00:00")))
		s := newService(t, newPath(t), platform)
		s.pageSize = 5
		_, err := s.db.Exec(`CREATE TRIGGER full ` + full + ` BEGIN SELECT raise(ABORT, 'disk full'); END`)
		require.NoError(t, err)
		night := s.nightOf(s.now())
		require.ErrorContains(t, s.sweepCards(t.Context(), s.accounts[0], night), "disk full")
		assert.Equal(t, 2, count(t, s.db, `SELECT page FROM progress`), full)
		assert.Equal(t, 10, count(t, s.db, `SELECT count(*) FROM cards`), full)
		_, err = s.db.Exec(`DROP TRIGGER full`)
		require.NoError(t, err)
		require.NoError(t, s.sweepCards(t.Context(), s.accounts[0], night))
		assert.Equal(t, 20, count(t, s.db, `SELECT count(*) FROM cards`), full)
	}
}

// If the pages become larger during a sweep, rows before the failed page may be missing.
func TestNightStartsAnewIfPagesBecomeLarger(t *testing.T) {
	t.Parallel()
	db := openTestDatabase(t, newPath(t))
	at := checkpoint{"a", "cards", quecloud.Date{Year: 2026, Month: time.November, Day: 20}}
	require.NoError(t, at.save(t.Context(), db, 7, false))
	list := func(_ context.Context, p *quecloud.CardListParams) (*quecloud.CardList, error) {
		size := 5
		if p.PageNo > 8 {
			size = 10
		}
		list := &quecloud.CardList{Page: quecloud.Page{Size: size, TotalCount: 100, TotalPages: 100 / size}}
		for i := range size {
			list.Cards = append(list.Cards, quecloud.Card{ICCID: fmt.Sprintf("89860024310000%04d%02d", p.PageNo, i)})
		}
		return list, nil
	}
	store := func(_ *sql.Tx, list *quecloud.CardList) (int, error) { return list.Page.Number, nil }
	params := &quecloud.CardListParams{PageSize: 10}
	err := sweep(t.Context(), db, at, list, params, &params.PageNo, store)
	require.ErrorContains(t, err, "resume with PageNo: 1")
	page, done, err := at.load(t.Context(), db)
	require.NoError(t, err)
	assert.Zero(t, page)
	assert.False(t, done)
}

// The service works every night at its time. It makes up for a night that it missed, and tries one that failed again.
func TestNightSchedule(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(china("2026-11-30 01:00:00")))
		var nights []string
		platform := newPlatform(t, quecloudtest.WithFleet(3), quecloudtest.WithObserver(func(r quecloudtest.Request) {
			if r.Method == "fc.function.monthflow.list" && r.Params["pageNo"] == "1" {
				nights = append(nights, r.Time.Format("01-02 15:04 ")+r.Params["month"])
			}
		}))
		s := newService(t, path, platform)
		ctx, stop := context.WithCancel(t.Context())
		go s.runNights(ctx, s.accounts[0])
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		platform.Inject(quecloudtest.Refuse(1, "busy").On("monthflow.list").Times(1))
		time.Sleep(24 * time.Hour)
		stop()
		synctest.Wait()
		assert.Equal(t, []string{
			"11-30 01:00 202611", "11-30 02:30 202611", "12-01 02:30 202611", "12-01 02:40 202611",
		}, nights)
	})
}
