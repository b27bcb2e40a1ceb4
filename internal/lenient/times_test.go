package lenient

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func inChina(year int, month time.Month, day, hour, minute, second int) time.Time {
	return time.Date(year, month, day, hour, minute, second, 0, ChinaStandardTime)
}

// timesRead is the time of the clock in these tests. Later times lie in the future.
var timesRead = inChina(2026, 11, 28, 12, 0, 0)

func timesClock() time.Time { return timesRead }

func TestDecodeReadsTimesInEveryForm(t *testing.T) {
	t.Parallel()
	at := inChina(2024, 6, 11, 20, 17, 59)
	minute := at.Truncate(time.Minute)
	for _, tt := range []struct {
		text                string
		any                 time.Time // by every rule
		last, future, first time.Time // by one rule; zero if it rejects the text
	}{
		{text: "2024-06-11 20:17:59", any: at},
		{text: "2024-06-11 20:17:59.0", any: at},
		{text: "2024-06-11 20:17:59.000000", any: at},
		{text: "2024-06-11T20:17:59", any: at},
		{text: "2024-06-11T20:17:59.0", any: at},
		{text: "2024-06-11T12:17:59Z", any: at},
		{text: "2024-06-11T12:17:59.000+0000", any: at},
		{text: "2024-06-11T20:17:59+08:00", any: at},
		{text: "2024-06-11 20:17:59+08", any: at},
		{text: "2024-06-11 20:17", any: minute},
		{text: "2024-06-11T12:17Z", any: minute},
		{text: "2024/06/11 20:17:59", any: at},
		{text: "2024/6/11 20:17:59", any: at},
		{text: " 2024-06-11 20:17:59\t", any: at},
		{text: "2024/6/1", any: inChina(2024, 6, 1, 0, 0, 0)},
		{text: "20240611201759", any: at},
		{text: "2.0240611201759E13", any: at},
		{text: "20240611", any: inChina(2024, 6, 11, 0, 0, 0)},
		{text: "240611201759", any: at},
		{text: "202406112017", any: minute},
		{text: "201412271916", any: inChina(2014, 12, 27, 19, 16, 0)},
		{text: "201412271916.0", any: inChina(2014, 12, 27, 19, 16, 0)},
		// A date to the minute, or seconds since 1970 if the document says so.
		{text: "2406112017", last: minute, future: minute, first: inChina(2046, 3, 31, 20, 26, 57)},
		{
			text: "1612312359", last: inChina(2016, 12, 31, 23, 59, 0),
			future: inChina(2016, 12, 31, 23, 59, 0), first: inChina(2021, 2, 3, 8, 32, 39),
		},
		// Not a date: seconds, milliseconds.
		{text: "1583822786", any: inChina(2020, 3, 10, 14, 46, 26)},
		{text: "1583822786.0", any: inChina(2020, 3, 10, 14, 46, 26)},
		{text: "1718108279000", any: at},
		{text: "1.718108279E12", any: at},
		// The same, but in the future, and long ago.
		{text: "1795924800", any: timesRead.AddDate(0, 0, 1)},
		{text: "1795924801", future: inChina(2026, 11, 29, 12, 0, 1), first: inChina(2026, 11, 29, 12, 0, 1)},
		{text: "1830268799000", future: inChina(2027, 12, 31, 23, 59, 59), first: inChina(2027, 12, 31, 23, 59, 59)},
		{text: "1420041600", any: inChina(2015, 1, 1, 0, 0, 0)},
		{text: "1393866245", first: inChina(2014, 3, 4, 1, 4, 5)},
		{text: "631123200", first: inChina(1990, 1, 1, 0, 0, 0)},
	} {
		if !tt.any.IsZero() {
			tt.last, tt.future, tt.first = tt.any, tt.any, tt.any
		}
		for rule, want := range map[epochRule]time.Time{epochLast: tt.last, epochFuture: tt.future, epochFirst: tt.first} {
			got, ok := rule.parse(tt.text, timesClock)
			assert.Equal(t, !want.IsZero(), ok, "%q by rule %d: %v", tt.text, rule, got)
			assert.True(t, got.Equal(want), "%q by rule %d: %v, want %v", tt.text, rule, got, want)
		}
	}
}

func TestDecodeRejectsTextsThatAreNoTime(t *testing.T) {
	t.Parallel()
	// A card, and years before the platform.
	for _, text := range []string{"1064800000000", "990611201759", "690611201759"} {
		for _, rule := range []epochRule{epochLast, epochFuture} { // the document's own milliseconds may be old
			got, ok := rule.parse(text, timesClock)
			assert.False(t, ok, "%q by rule %d: %v", text, rule, got)
		}
	}
	for _, text := range []string{
		"abc", "1", "12", "2014", "201412", "2014122", "201413271916", "20141227191", "20141227191660", "99991231235",
		"631123199", "898600623432023", "460046702540123", "-1", "-1583822786", "1583822786.5", "4102444801",
		"9999999999", "9999999999999", "18000101", "21000101", "29991231",
		"2024-06-11 25:00:00", "2024-02-30", "2024-6", "24-06-11", "11.06.2024", "2024-06-11 20:17:59 PM", "2024.06.11",
		"9999-12-31T23:00:00Z", "0000-01-01T00:00:00Z", "0000/1/1", "10000-01-01", "２０２４-06-11", "2024-06-11T20:17:59T",
	} {
		for _, rule := range []epochRule{epochLast, epochFuture, epochFirst} {
			got, ok := rule.parse(text, timesClock)
			assert.False(t, ok, "%q by rule %d: %v", text, rule, got)
		}
	}
}

// FuzzDecodeTimes checks that times lie in plausible years, and are read back from their own layouts.
func FuzzDecodeTimes(f *testing.F) {
	for _, text := range []string{
		"2024-06-11 20:17:59", "2024/6/1", "2024-06-11T12:17:59.123+0000", "0000-00-00", "null", "2406112017", "202406112017",
		"240611201759", "1583822786", "1718108279000", "1.718108279E12", "20141227191636", "99991231", "2014", "-1", "１",
	} {
		for rule := range 3 {
			f.Add(text, rule)
		}
	}
	f.Fuzz(func(t *testing.T, text string, number int) {
		rule := epochRule(uint(number) % 3)
		if fast, ok := fastTime([]byte(text)); ok {
			want, err := time.ParseInLocation(time.DateTime, text, ChinaStandardTime)
			require.NoError(t, err)
			require.Equal(t, want, fast)
		}
		at, ok := rule.parse(text, timesClock)
		if !ok {
			require.Zero(t, at)
			return
		}
		require.Equal(t, ChinaStandardTime, at.Location())
		if strings.ContainsAny(text, "-/") && !strings.ContainsAny(text, "eE") {
			require.True(t, 1 <= at.Year() && at.Year() <= 9999, "%q: %v", text, at)
		} else {
			require.True(t, 1900 <= at.Year() && at.Year() < 2100 || at.Year() == 9999, "%q: %v", text, at)
		}
		if IsNoTime([]byte(text)) {
			t.Fatalf("%q is both no time and %v", text, at)
		}

		reparsed, ok := rule.parse(at.Format(time.RFC3339Nano), timesClock)
		require.True(t, ok && reparsed.Equal(at), "%q: %v is read as %v", text, at, reparsed)
		for _, layout := range []string{"2006-01-02", "2006/01/02"} {
			day, ok := ParseTime(at.Format(layout), time.Now)
			require.True(t, ok)
			require.Equal(t, at.Format(layout), day.Format(layout))
		}
	})
}
