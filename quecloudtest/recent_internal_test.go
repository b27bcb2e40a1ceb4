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
	assert.Equal(t, 1000, r.seen)
}

func TestOrdersAndEntriesAreForgottenInTime(t *testing.T) {
	t.Parallel()
	s := NewUnstartedServer(WithFleet(0), WithBalance(0))
	defer s.Close()
	for i := range mostKept + 1 {
		s.remember(&Order{No: strconv.Itoa(i), ExternalID: "x" + strconv.Itoa(i)})
		s.wallet.deposit(time.Time{}, 2, "")
	}
	assert.Len(t, s.Orders(), mostKept)
	assert.Equal(t, "1", s.Orders()[0].No)
	assert.Len(t, s.orderNos, mostKept)
	assert.Len(t, s.externalIDs, mostKept)
	assert.NotNil(t, s.externalIDs["x1"])
	assert.Len(t, s.Wallet().Entries, mostKept)
	assert.Equal(t, Money(2*(mostKept+1)), s.Wallet().Balance)
}
