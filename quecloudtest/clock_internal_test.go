package quecloudtest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestClockDatesMatchPackageTime(t *testing.T) {
	t.Parallel()
	for at := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 10_000; at = at.AddDate(0, 1, 0) {
		m := month(at.Year()*12 + int(at.Month()) - 1)
		first := day(at.Unix() / (24 * 60 * 60))
		require.Equal(t, first, m.first(), at)
		require.Equal(t, at.AddDate(0, 0, m.days()), at.AddDate(0, 1, 0), at)
		if first != 0 { // the zero day means no date
			require.Equal(t, at.Format(layoutDay), first.format(layoutDay))
		}
	}
	for d := range day(400 * 366) { // all leap years of a cycle
		year, month, dom := d.civil()
		require.Equal(t, time.Date(year, month, dom, 0, 0, 0, 0, time.UTC), d.utc())
		require.Equal(t, d.utc().Month(), month)
	}
}
