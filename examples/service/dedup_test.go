package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// In a bubble of synctest claims expire in no time. The stores still run in parallel and wait for each other's locks,
// each with connections of its own, as several processes have.
func TestDedupStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "events.db")
	synctest.Test(t, func(t *testing.T) {
		open := func() quecloud.DedupStore { return newDedupStore(openTestDatabase(t, path)) }
		assert.NoError(t, quecloudtest.TestDedupStore(open, func() { time.Sleep(eventLease) }))
	})
}

// A callback that comes after a restart finds its event handled, until the record is too old. Then its row is gone.
func TestDedupStoreRemembersAcrossRestarts(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "events.db")
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			after time.Duration
			key   string
			want  quecloud.DedupState
			rows  int
		}{
			{after: 0, key: "a", want: quecloud.DedupClaimed, rows: 1},
			{after: eventAge - time.Millisecond, key: "a", want: quecloud.DedupDone, rows: 1},
			{after: time.Millisecond, key: "b", want: quecloud.DedupClaimed, rows: 1},
			{after: 0, key: "a", want: quecloud.DedupClaimed, rows: 2},
		} {
			time.Sleep(c.after)
			db := openTestDatabase(t, path)
			store := newDedupStore(db)
			state, err := store.Claim(t.Context(), c.key)
			require.NoError(t, err)
			assert.Equal(t, c.want, state, "%v later", c.after)
			assert.Equal(t, c.rows, count(t, db, `SELECT count(*) FROM quecloud_events`), "%v later", c.after)
			if c.want == quecloud.DedupClaimed {
				require.NoError(t, store.Settle(t.Context(), c.key, true))
			}
		}
	})
}

// words returns the words of a file, without a prefix of its lines.
func words(t *testing.T, path, prefix string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var all []string
	for line := range strings.Lines(string(text)) {
		all = append(all, strings.Fields(strings.TrimPrefix(line, prefix))...)
	}
	return strings.Join(all, " ")
}

// The documentation of DedupStore shows the same SQL.
func TestDedupStoreUsesTheSQLOfTheDocumentation(t *testing.T) {
	t.Parallel()
	doc, code := words(t, filepath.Join("..", "..", "dedup.go"), "//"), words(t, "dedup.go", "")
	statements := 0
	for i, text := range strings.Split(code, "`") {
		if i%2 == 1 && !strings.HasPrefix(text, "CREATE INDEX") {
			statements++
			assert.Contains(t, doc, strings.Replace(text, "TABLE IF NOT EXISTS", "TABLE", 1))
		}
	}
	assert.Equal(t, 6, statements)
}
