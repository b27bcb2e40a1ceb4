package main

import (
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

// memory returns an empty database.
func memory(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

type row struct {
	card  quecloud.CardID
	date  quecloud.Date
	month quecloud.Month
}

// SQLite converts values to the type of a column, and the driver parses text in a column of type DATE.
func TestValuesReturnFromColumnsOfEveryType(t *testing.T) {
	t.Parallel()
	october := quecloud.Date{Year: 2026, Month: time.October, Day: 31}
	rows := []row{
		{card: quecloud.ICCID("8986031749203860001"), date: october, month: october.YearMonth()},
		{card: quecloud.MSISDN("1064991300001"), date: october.AddDays(1), month: october.YearMonth().AddMonths(1)},
		{card: quecloud.ICCID("898600D6991330004146")},
		{},
	}
	for _, types := range []string{
		"card TEXT, date TEXT, month TEXT", "card, date, month", "card VARCHAR(20), date DATE, month CHAR(7)",
		"card NUMERIC, date DATETIME, month NUMERIC", "card INTEGER, date TIMESTAMP, month BLOB",
	} {
		db := memory(t)
		_, err := db.Exec("CREATE TABLE t (" + types + ")")
		require.NoError(t, err)
		for _, want := range rows {
			_, err := db.Exec("DELETE FROM t")
			require.NoError(t, err)
			_, err = db.Exec("INSERT INTO t VALUES (?, ?, ?)", want.card, want.date, want.month)
			require.NoError(t, err)
			got := rows[0]
			require.NoError(t, db.QueryRow("SELECT * FROM t").Scan(&got.card, &got.date, &got.month), types)
			assert.Equal(t, want, got, types)
		}
	}
}

func TestValuesAreNULLAndTextInTheDatabase(t *testing.T) {
	t.Parallel()
	db := memory(t)
	date := quecloud.Date{Year: 2026, Month: time.October, Day: 31}
	const kinds = "SELECT typeof(?), typeof(?), typeof(?)"
	for want, values := range map[string]row{
		"null": {}, "text": {quecloud.MSISDN("1064991300001"), date, date.YearMonth()},
	} {
		var card, day, month string
		require.NoError(t, db.QueryRow(kinds, values.card, values.date, values.month).Scan(&card, &day, &month))
		assert.Equal(t, []string{want, want, want}, []string{card, day, month})
	}
	var next quecloud.Date
	require.NoError(t, db.QueryRow("SELECT date(?, '+1 day')", date).Scan(&next), "SQLite's own functions read the text")
	assert.Equal(t, date.AddDays(1), next)
}

// A column of type REAL rounds an ICCID of 20 digits.
func TestValuesThatWereRoundedAreRefused(t *testing.T) {
	t.Parallel()
	db := memory(t)
	_, err := db.Exec("CREATE TABLE t (card INTEGER)")
	require.NoError(t, err)
	_, err = db.Exec("INSERT INTO t VALUES (?)", quecloud.ICCID("89860317492038600011"))
	require.NoError(t, err)
	var card quecloud.CardID
	assert.ErrorContains(t, db.QueryRow("SELECT card FROM t").Scan(&card), "the column is float64, want text")
	assert.Zero(t, card)
}

// Another program may have stored an instant where a date was meant.
func TestDateOfAStoredTimeIsTheDateInItsZone(t *testing.T) {
	t.Parallel()
	want := quecloud.Date{Year: 2026, Month: time.October, Day: 31}
	for _, text := range []string{
		"2026-10-31", "2026-10-31 00:00:00", "2026-10-31 00:00:00+09:00", "2026-10-31T23:00:00-05:00", "2026-10-31T16:30:00Z",
	} {
		for _, column := range []string{"DATE", "TEXT"} {
			db := memory(t)
			_, err := db.Exec("CREATE TABLE t (date " + column + ")")
			require.NoError(t, err)
			_, err = db.Exec("INSERT INTO t VALUES (?)", text)
			require.NoError(t, err)
			var got quecloud.Date
			require.NoError(t, db.QueryRow("SELECT date FROM t").Scan(&got), "%s %s", column, text)
			assert.Equal(t, want, got, "%s %s", column, text)
		}
	}
}
