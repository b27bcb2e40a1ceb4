package quecloudtest

import (
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRecentKeepsTheLast(t *testing.T) {
	t.Parallel()
	var r recent[int]
	var want []int
	for i := range 1000 {
		r.add(i)
		want = append(want, i)
		for r.len() > 10 {
			require.Equal(t, want[0], r.forget())
			want = want[1:]
		}
		require.Equal(t, want, r.all())
		require.LessOrEqual(t, len(r.list), 21)
	}
	assert.Equal(t, 1000, r.added)
}

func TestRecentForgetsOrdersAndEntries(t *testing.T) {
	t.Parallel()
	s := NewUnstartedServer(WithFleet(0), WithBalance(0))
	defer s.Close()
	for i := range maxKept + 1 {
		s.addOrder(&Order{No: strconv.Itoa(i), ExternalID: "x" + strconv.Itoa(i)})
		s.wallet.deposit(time.Time{}, 2, "")
		s.addChange(&card{}, "", time.Time{}, nil)
	}
	assert.Len(t, s.Orders(), maxKept)
	assert.Equal(t, "1", s.Orders()[0].No)
	assert.Len(t, s.orderNos, maxKept)
	assert.Len(t, s.externalIDs, maxKept)
	assert.NotNil(t, s.externalIDs["x1"])
	assert.Len(t, s.Wallet().Entries, maxKept)
	assert.Equal(t, maxKept, s.changes.len())
	assert.Equal(t, Money(2*(maxKept+1)), s.Wallet().Balance)
}
