package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestJournalDropsALineThatWasCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder", "journal")
	j, entries, err := openJournal[bulkEntry](path, false)
	require.NoError(t, err)
	assert.Empty(t, entries)
	require.NoError(t, j.add(bulkEntry{Card: "1", Outcome: started}))
	_, err = j.f.WriteString(`{"card":"2","outco`)
	require.NoError(t, err)
	require.NoError(t, j.Close())

	entries, err = readJournal[bulkEntry](path)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
	j, entries, err = openJournal[bulkEntry](path, false)
	require.NoError(t, err)
	assert.Len(t, entries, 1)
	require.NoError(t, j.add(bulkEntry{Card: "3", Outcome: done}))
	require.NoError(t, j.Close())
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, 2, strings.Count(string(content), "\n"))
	assert.NotContains(t, string(content), `"2"`)
}

func TestJournalOfSomethingElseIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	require.NoError(t, os.WriteFile(path, []byte("my notes\nhalf a line"), 0o600))
	_, _, err := openJournal[purchase](path, true)
	require.ErrorContains(t, err, "line 1 is no entry of such a journal")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "my notes\nhalf a line", string(content), "it is left as it was")
}

func TestJournalIsAFile(t *testing.T) {
	for _, path := range []string{t.TempDir(), os.DevNull} {
		_, _, err := openJournal[purchase](path, true)
		require.ErrorContains(t, err, "it is no file")
	}
}

func TestJournalIsForOneProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	j, _, err := openJournal[purchase](path, true)
	require.NoError(t, err)
	_, _, err = openJournal[purchase](path, true)
	require.ErrorContains(t, err, "another process is using it")
	require.NoError(t, j.Close())
}

// breakable returns a journal whose file can be closed, after which nothing can be written.
func breakable[T any](t *testing.T) *journal[T] {
	j, _, err := openJournal[T](filepath.Join(t.TempDir(), "journal"), false)
	require.NoError(t, err)
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func TestBulkCountsWhatIsDoneWhenTheJournalFails(t *testing.T) {
	var stdout, stderr strings.Builder
	a := &app{ctx: t.Context(), out: &stdout, errOut: &stderr}
	a.output = output{form: formJSONL, w: &stdout}
	c := &call{app: a, spec: &spec{}, ctx: t.Context(), cards: cardArgs{concurrency: 1}}
	cards := []quecloud.CardID{quecloud.MSISDN("1"), quecloud.MSISDN("2"), quecloud.MSISDN("3")}
	r := &bulkRun{journal: breakable[bulkEntry](t), all: len(cards), cards: cards, counts: map[string]int{}}
	var changed []string
	b := bulk{change: func(_ context.Context, card quecloud.CardID) error {
		changed = append(changed, card.String())
		return r.journal.Close()
	}}
	err := c.output.rows(r.run(c, b), nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"1"}, changed, "what cannot be recorded is not begun")
	assert.JSONEq(t, `{"card":"1","outcome":"done","error":""}`, stdout.String(), "what is done is done")
	assert.Equal(t, map[string]int{done: 1}, r.counts)
	require.ErrorContains(t, r.failure, "journal")
}

func TestPurchaseIsNotSentIfItCannotBeRecorded(t *testing.T) {
	s := testShop(t, nil)
	require.NoError(t, s.journal.Close())
	p, err := s.advance(t.Context(), topUpOf("first"))
	require.ErrorIs(t, err, quecloud.ErrNotStarted)
	assert.Equal(t, stateNew, p.State)
	assert.ErrorContains(t, s.failure, "journal")
}

func TestPurchaseIsMadeAlthoughItsEndCannotBeRecorded(t *testing.T) {
	var s *shop
	s = testShop(t, func(r quecloudtest.Request) {
		if strings.HasSuffix(r.Method, "card.recharge") {
			assert.NoError(t, s.journal.Close())
		}
	})
	p, err := s.advance(t.Context(), topUpOf("first"))
	require.NoError(t, err)
	assert.Equal(t, stateDone, p.State)
	require.ErrorContains(t, s.failure, "journal")
	p, err = s.advance(t.Context(), topUpOf("second"))
	require.ErrorIs(t, err, quecloud.ErrNotStarted, "nothing more is bought")
	assert.Equal(t, stateNew, p.State)
}

func topUpOf(id string) purchase {
	return purchase{
		ExternalID: id, Kind: kindTopUp, Card: mobile, ProductID: 50, ProductName: "30M-当月", State: stateNew,
		SentAt: time.Now(),
	}
}

// testShop returns a shop at a stand-in.
func testShop(t *testing.T, observe func(quecloudtest.Request)) *shop {
	srv := quecloudtest.NewServer(quecloudtest.WithObserver(func(r quecloudtest.Request) {
		if observe != nil {
			observe(r)
		}
	}))
	t.Cleanup(srv.Close)
	a := &app{ctx: t.Context(), out: &strings.Builder{}, errOut: &strings.Builder{}}
	c := &call{app: a, spec: &spec{}, ctx: t.Context(), client: srv.Client()}
	return &shop{call: c, journal: breakable[purchase](t)}
}
