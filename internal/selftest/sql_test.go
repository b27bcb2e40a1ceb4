package selftest_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

func TestCardIDIsTextInADatabase(t *testing.T) {
	t.Parallel()
	db := echoDB(t)
	for want, value := range map[quecloud.CardID]any{
		quecloud.MSISDN(selftest.MSISDN1): selftest.MSISDN1, quecloud.ICCID(selftest.ICCID1): selftest.ICCID1,
		quecloud.ICCID("898600b5012345678901"): "898600B5012345678901", {}: nil,
	} {
		var stored any
		require.NoError(t, db.QueryRow("", want).Scan(&stored))
		assert.Equal(t, value, stored)
		read := quecloud.ICCID(selftest.ICCID2)
		require.NoError(t, db.QueryRow("", stored).Scan(&read))
		assert.Equal(t, want, read)
	}

	var stored any
	listed := quecloud.Card{ICCID: "898600b5012345678901"}.ID()
	require.NoError(t, db.QueryRow("", listed).Scan(&stored))
	assert.Equal(t, "898600b5012345678901", stored, "the platform's spelling")
	var read quecloud.CardID
	require.NoError(t, db.QueryRow("", stored).Scan(&read))
	assert.Equal(t, listed.Normal(), read)

	for _, bad := range []quecloud.CardID{
		quecloud.MSISDN("1 2"), quecloud.ICCID("x"), quecloud.ICCID(""),
		quecloud.Card{ICCID: selftest.ICCID1 + "," + selftest.ICCID2}.ID(),
	} {
		err := db.QueryRow("", bad).Scan(&stored)
		assert.ErrorAs(t, err, new(*quecloud.ParamError), bad)
	}
}

func TestCardIDScanReadsTextAndWholeNumbers(t *testing.T) {
	t.Parallel()
	db := echoDB(t)
	for _, tt := range []struct {
		column any
		want   quecloud.CardID
	}{
		{column: []byte(selftest.ICCID1), want: quecloud.ICCID(selftest.ICCID1)},
		{column: "8944476500008878576F ", want: quecloud.ICCID("8944476500008878576")},
		{column: selftest.MSISDN1 + "\r\n", want: quecloud.MSISDN(selftest.MSISDN1)},
		{column: int64(1064991300001), want: quecloud.MSISDN(selftest.MSISDN1)},
		{column: int64(8986031749203860001), want: quecloud.ICCID(selftest.ICCID1)},
		{column: nil},
		{column: ""},
		{column: "    "},
	} {
		read := quecloud.ICCID(selftest.ICCID2)
		require.NoError(t, db.QueryRow("", tt.column).Scan(&read), "%v", tt.column)
		assert.Equal(t, tt.want, read, "%v", tt.column)
	}
	for column, want := range map[any]string{
		"x": `"x" is neither`, int64(-1): `"-1" is neither`, 8.986031749203860001e18: "is float64, want text",
		true: "is bool, want text",
	} {
		read := quecloud.ICCID(selftest.ICCID2)
		assert.ErrorContains(t, db.QueryRow("", column).Scan(&read), want)
		assert.Zero(t, read)
	}
}

func TestDateIsTextInADatabase(t *testing.T) {
	t.Parallel()
	db := echoDB(t)
	for want, value := range map[quecloud.Date]any{
		selftest.Day(2020, 10, 27): "2020-10-27", selftest.Day(987, 6, 5): "0987-06-05", {}: nil,
	} {
		var stored any
		require.NoError(t, db.QueryRow("", want).Scan(&stored))
		assert.Equal(t, value, stored)
		read := selftest.Day(1, 1, 1)
		require.NoError(t, db.QueryRow("", stored).Scan(&read))
		assert.Equal(t, want, read)
	}
	for want, value := range map[quecloud.Month]any{
		selftest.October2020: "2020-10", {Year: 987, Month: 6}: "0987-06", {}: nil,
	} {
		var stored any
		require.NoError(t, db.QueryRow("", want).Scan(&stored))
		assert.Equal(t, value, stored)
		read := selftest.October2020.AddMonths(1)
		require.NoError(t, db.QueryRow("", stored).Scan(&read))
		assert.Equal(t, want, read)
	}
	var stored any
	err := db.QueryRow("", selftest.Day(2023, 2, 29)).Scan(&stored)
	assert.ErrorContains(t, err, "store quecloud.Date: 2023-02-29 is not in the calendar")
	err = db.QueryRow("", quecloud.Month{Year: 2023, Month: 13}).Scan(&stored)
	assert.ErrorContains(t, err, "store quecloud.Month: 2023-13 is not in the calendar")
}

// Drivers return a date as text, or as midnight in some zone.
func TestDateScanTakesTheDateThatIsWritten(t *testing.T) {
	t.Parallel()
	db := echoDB(t)
	tokyo, newYork := time.FixedZone("JST", 9*60*60), time.FixedZone("EST", -5*60*60)
	midnight := func(zone *time.Location) time.Time { return time.Date(2020, 10, 27, 0, 0, 0, 0, zone) }
	october27 := selftest.Day(2020, 10, 27)
	for _, tt := range []struct {
		column any
		date   quecloud.Date
		month  quecloud.Month
	}{
		{column: midnight(time.UTC), date: october27, month: selftest.October2020},
		{column: midnight(tokyo), date: october27, month: selftest.October2020},
		{column: midnight(newYork), date: october27, month: selftest.October2020},
		{column: midnight(time.UTC).Add(24*time.Hour - 1), date: october27, month: selftest.October2020},
		{column: time.Time{}},
		{column: nil},
		{column: ""},
		{column: []byte("   ")},
	} {
		date, month := selftest.Day(1, 1, 1), selftest.October2020.AddMonths(1)
		require.NoError(t, db.QueryRow("", tt.column, tt.column).Scan(&date, &month), "%v", tt.column)
		assert.Equal(t, tt.date, date, "%v", tt.column)
		assert.Equal(t, tt.month, month, "%v", tt.column)
	}
	for column, want := range map[any]quecloud.Date{
		"20201027": october27, "2020-10-27  ": october27, "2020-10-27 23:59:59": october27, "2020/10/27 23:59": october27,
		"2020-10-27T00:00:00+09:00": october27, "2020-10-27T23:30:00Z": october27, "2020-10-27 00:00:00+09": october27,
		"2020-10-27 00:00:00 +09:00": october27, midnight(newYork).String(): october27, // as modernc.org/sqlite stores it
		"0000-00-00": {}, "0000-00-00 00:00:00": {}, "0001-01-01 00:00:00": {},
		time.Time{}.String(): {}, time.Time{}.In(tokyo).String(): {}, "0001-01-01": selftest.Day(1, 1, 1),
	} {
		got, month := selftest.Day(1, 1, 1), selftest.October2020.AddMonths(1)
		text := []byte(column.(string))
		require.NoError(t, db.QueryRow("", text, text).Scan(&got, &month), column)
		assert.Equal(t, want, got, column)
		assert.Equal(t, want.YearMonth(), month, column)
	}
	for _, column := range []any{"202010", " 2020-10 ", []byte("2020-10")} {
		var got quecloud.Month
		require.NoError(t, db.QueryRow("", column).Scan(&got), column)
		assert.Equal(t, selftest.October2020, got)
	}
}

func TestDateScanRejectsOtherColumns(t *testing.T) {
	t.Parallel()
	db := echoDB(t)
	for _, column := range []any{
		"soon", "2020-13-01", "2020-10-27 soon", "2020-10-27T25:00:00Z", "2020-10-27 00:00:00 JST +0900",
		"2020-10-27 00:00:00 +0900 JST 5", int64(20201027), 20201027.5, true,
		time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		date, month := selftest.Day(1, 1, 1), selftest.October2020
		assert.Error(t, db.QueryRow("", column).Scan(&date), "%v", column)
		assert.Error(t, db.QueryRow("", column).Scan(&month), "%v", column)
		assert.Zero(t, date, "%v", column)
		assert.Zero(t, month, "%v", column)
	}
	var (
		date  quecloud.Date
		month quecloud.Month
		late  = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	)
	assert.ErrorContains(t, db.QueryRow("", int64(1)).Scan(&date), "scan *quecloud.Date: the column is int64, want text")
	assert.ErrorContains(t, db.QueryRow("", late).Scan(&date), "scan *quecloud.Date: the year 10000")
	assert.ErrorContains(t, db.QueryRow("", late).Scan(&month), "scan *quecloud.Month: the year 10000")
	assert.ErrorContains(t, db.QueryRow("", "soon").Scan(&month), `parse month "soon": want yyyyMM or yyyy-MM`)
}

// echoDB returns a database that responds to every query with one row: the arguments, as they reached the driver.
func echoDB(t testing.TB) *sql.DB {
	t.Helper()
	db := sql.OpenDB(echo{})
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// echo is a connector with one connection, which is its own driver.
type echo struct{}

var errNotEcho = errors.New("echoDB only responds to queries")

func (echo) Connect(context.Context) (driver.Conn, error) { return echo{}, nil }
func (echo) Driver() driver.Driver                        { return echo{} }
func (echo) Open(string) (driver.Conn, error)             { return echo{}, nil }
func (echo) Prepare(string) (driver.Stmt, error)          { return nil, errNotEcho }
func (echo) Begin() (driver.Tx, error)                    { return nil, errNotEcho }
func (echo) Close() error                                 { return nil }

// QueryContext implements driver.QueryerContext.
func (echo) QueryContext(_ context.Context, _ string, args []driver.NamedValue) (driver.Rows, error) {
	return &echoRow{values: args}, nil
}

// An echoRow is the row of a query.
type echoRow struct {
	values []driver.NamedValue
	read   bool
}

// Columns implements driver.Rows.
func (r *echoRow) Columns() []string { return make([]string, len(r.values)) }

// Close implements driver.Rows.
func (r *echoRow) Close() error { return nil }

// Next implements driver.Rows.
func (r *echoRow) Next(row []driver.Value) error {
	if r.read {
		return io.EOF
	}
	r.read = true
	for i, value := range r.values {
		row[i] = value.Value
	}
	return nil
}
