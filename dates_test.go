package quecloud_test

import (
	stdjson "encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

func TestParseDateReadsEveryLayoutOfThePlatform(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]quecloud.Date{
		"20201027": day(2020, 10, 27), "2020-10-27": day(2020, 10, 27), "2020-10-27 23:59:59": day(2020, 10, 27),
		"20201027235959": day(2020, 10, 27), "2024-02-29": day(2024, 2, 29),
		"2020-10-27T23:30:00+08:00": day(2020, 10, 27), "2020-10-27T16:30:00Z": day(2020, 10, 28),
		"2020/10/27": day(2020, 10, 27), " 2020-10-27 ": day(2020, 10, 27), "2021-09-30 00:00:00.0": day(2021, 9, 30),
		"1632931200000": day(2021, 9, 30), "0987-06-05": day(987, 6, 5),
	} {
		got, err := quecloud.ParseDate(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "2020", "202010", "2020-13-01", "20230229", "2023-02-29", "27.10.2020", "0000-00-00", "null", "x0201027"} {
		got, err := quecloud.ParseDate(text)
		assert.Error(t, err, text)
		assert.Zero(t, got)
	}
}

func TestParseMonthReadsBothLayouts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"202010", "2020-10"} {
		got, err := quecloud.ParseMonth(text)
		require.NoError(t, err)
		assert.Equal(t, october2020, got)
	}
	for _, text := range []string{"", "2020", "202013", "2020-00", "20201", "2020-1", "2020/10", "2020-10-01"} {
		got, err := quecloud.ParseMonth(text)
		assert.Error(t, err, text)
		assert.Zero(t, got)
	}
}

// The platform's day begins at 16:00 UTC.
func TestAnInstantFallsOnTheDayThatItIsInChina(t *testing.T) {
	t.Parallel()
	before := time.Date(2024, 2, 29, 15, 59, 59, 0, time.UTC)
	assert.Equal(t, day(2024, 2, 29), quecloud.DateOf(before))
	assert.Equal(t, day(2024, 3, 1), quecloud.DateOf(before.Add(time.Second)))
	assert.Equal(t, quecloud.Month{Year: 2024, Month: 2}, quecloud.MonthOf(before))
	assert.Equal(t, quecloud.Month{Year: 2024, Month: 3}, quecloud.MonthOf(before.Add(time.Second)))

	_, offset := time.Now().In(quecloud.ChinaStandardTime).Zone()
	assert.Equal(t, 8*60*60, offset)
	assert.True(t, before.Add(time.Second).Equal(day(2024, 3, 1).Time()))
	assert.True(t, quecloud.Date{}.Time().IsZero())
}

func TestDatesCount(t *testing.T) {
	t.Parallel()
	assert.Equal(t, day(2024, 3, 1), day(2024, 2, 28).AddDays(2))
	assert.Equal(t, day(2023, 12, 31), day(2024, 1, 1).AddDays(-1))
	assert.Equal(t, day(2024, 12, 31), day(2024, 12, 31).AddDays(0))
	assert.Equal(t, quecloud.Month{Year: 2025, Month: 1}, quecloud.Month{Year: 2024, Month: 12}.AddMonths(1))
	assert.Equal(t, quecloud.Month{Year: 2023, Month: 11}, quecloud.Month{Year: 2024, Month: 1}.AddMonths(-2))
	assert.Equal(t, day(2020, 10, 31), october2020.Day(31))
}

func TestDatesCompare(t *testing.T) {
	t.Parallel()
	dates := []quecloud.Date{{}, day(2023, 12, 31), day(2024, 1, 1), day(2024, 1, 2), day(2024, 2, 1)}
	for i, a := range dates {
		for j, b := range dates {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			assert.Equal(t, want, a.Compare(b), "%v %v", a, b)
		}
	}
	assert.Equal(t, -1, october2020.Compare(quecloud.Month{Year: 2021, Month: 1}))
	assert.Equal(t, 0, october2020.Compare(october2020))
	assert.Equal(t, 1, october2020.Compare(quecloud.Month{Year: 2020, Month: 9}))
}

func TestOnlyDaysOfTheCalendarAreValid(t *testing.T) {
	t.Parallel()
	for _, d := range []quecloud.Date{day(1, 1, 1), day(2024, 2, 29), day(9999, 12, 31)} {
		assert.True(t, d.IsValid(), d)
	}
	for _, d := range []quecloud.Date{{}, day(0, 1, 1), day(-1, 1, 1), day(10000, 1, 1), day(2023, 2, 29), day(2023, 4, 31), day(2023, 13, 1), day(2023, 0, 1), day(2023, 1, 0), day(2023, 1, -1)} {
		assert.False(t, d.IsValid(), d)
	}
	for _, m := range []quecloud.Month{{Year: 1, Month: 1}, {Year: 9999, Month: 12}} {
		assert.True(t, m.IsValid(), m)
	}
	for _, m := range []quecloud.Month{{}, {Year: 2024}, {Year: 2024, Month: 13}, {Year: 0, Month: 1}, {Year: 10000, Month: 1}, {Year: 2024, Month: -1}} {
		assert.False(t, m.IsValid(), m)
	}
}

func TestDatesStandInJSONAsText(t *testing.T) {
	t.Parallel()
	type row struct {
		Day   quecloud.Date
		Month quecloud.Month
	}
	for text, want := range map[string]row{
		`{"Day":"0987-06-05","Month":"0987-06"}`: {day(987, 6, 5), quecloud.Month{Year: 987, Month: 6}},
		`{"Day":"","Month":""}`:                  {},
	} {
		got, err := stdjson.Marshal(want)
		require.NoError(t, err)
		assert.JSONEq(t, text, string(got))
		back := row{day(1, 1, 1), october2020}
		require.NoError(t, stdjson.Unmarshal(got, &back))
		assert.Equal(t, want, back)
	}
	var back row
	assert.Error(t, stdjson.Unmarshal([]byte(`{"Day":"soon"}`), &back))
	assert.Error(t, stdjson.Unmarshal([]byte(`{"Month":"20201"}`), &back))
	assert.Zero(t, back)
	assert.Empty(t, quecloud.Date{}.String())
	assert.Empty(t, quecloud.Month{}.String())
	assert.True(t, quecloud.Date{}.IsZero())
	assert.True(t, quecloud.Month{}.IsZero())
	assert.False(t, day(2024, 1, 1).IsZero())
	assert.False(t, october2020.IsZero())
}

func TestADateIsValidIfTheCalendarHasIt(t *testing.T) {
	t.Parallel()
	for year := -1; year <= 2401; year++ {
		for month := time.Month(-1); month <= 13; month++ {
			for day := -1; day <= 32; day++ {
				at := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
				want := 1 <= year && at.Year() == year && at.Month() == month && at.Day() == day
				if d := (quecloud.Date{Year: year, Month: month, Day: day}); d.IsValid() != want {
					t.Fatalf("%v: IsValid is %t", d, d.IsValid())
				}
			}
		}
	}
}
