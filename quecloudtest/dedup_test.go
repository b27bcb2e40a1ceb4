package quecloudtest_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestDedupStoreAcceptsMemoryDedup(t *testing.T) {
	t.Parallel()
	store := quecloud.NewMemoryDedup(1000, time.Hour)
	must(t, quecloudtest.TestDedupStore(func() quecloud.DedupStore { return store }, nil))
}

func TestDedupStoreReportsEachBrokenRule(t *testing.T) {
	t.Parallel()
	all := []string{ // the rules without expiry
		"busy for other processes", "busy for its own process", "a handled event is done for all",
		"a released key can be claimed", "keys differ",
		"a Claim whose context", "keeps the claim, or records", "or releases the key", "of concurrent claims of a key",
	}
	for _, c := range []struct {
		name  string
		flaws storeFlaws
		rules []string // that must be reported
		only  bool     // and no others
	}{
		{name: "none", only: true},
		{name: "errors", flaws: storeFlaws{fails: true}, rules: all},
		{name: "claims are not exclusive", flaws: storeFlaws{grantsAll: true}, rules: []string{
			"busy for other processes", "busy for its own process", "a released key can be claimed",
			"of concurrent claims of a key",
		}},
		{name: "claims are granted to their owner", flaws: storeFlaws{grantsOwn: true}, only: true, rules: []string{
			"busy for its own process",
		}},
		{name: "claims are not atomic", flaws: storeFlaws{notAtomic: true}, only: true, rules: []string{
			"of concurrent claims of a key",
		}},
		{name: "records are lost", flaws: storeFlaws{recordsNothing: true}, rules: []string{
			"a handled event is done for all", "a handled event is done after", "of concurrent claims after",
		}},
		{name: "records stay in the process", flaws: storeFlaws{recordsLocally: true}, rules: []string{
			"a handled event is done for all", "an event is recorded although its claim",
		}},
		{name: "releases are lost", flaws: storeFlaws{releasesNothing: true}, rules: []string{
			"a released key can be claimed", "of concurrent claims after",
		}},
		{name: "releases record", flaws: storeFlaws{releaseRecords: true}, rules: []string{"a released key can be claimed"}},
		{name: "keys are cut", flaws: storeFlaws{keyLength: 69}, only: true, rules: []string{"keys differ"}},
		{name: "keys lack their kind", flaws: storeFlaws{noKind: true}, only: true, rules: []string{"keys differ"}},
		{name: "claims end with their context", flaws: storeFlaws{endsWithContext: true}, rules: []string{
			"a claimed key is busy",
		}},
		{name: "claims are granted on errors", flaws: storeFlaws{failsOpen: true}, only: true, rules: []string{
			"a Claim whose context",
		}},
		{name: "errors of Claim are hidden", flaws: storeFlaws{failsBusy: true}, only: true, rules: []string{
			"a Claim whose context",
		}},
		{name: "keys stay claimed after an error", flaws: storeFlaws{claimsAndFails: true}, only: true, rules: []string{
			"a Claim whose context",
		}},
		{name: "errors of Settle are hidden", flaws: storeFlaws{settleHides: true}, only: true, rules: []string{
			"keeps the claim, or records", "or releases the key",
		}},
		{name: "errors of Settle release", flaws: storeFlaws{settleFailsFree: true}, only: true, rules: []string{
			"keeps the claim, or records",
		}},
		{name: "claims do not expire", flaws: storeFlaws{lease: 24 * time.Hour}, rules: []string{
			"an expired claim leaves the key free",
		}},
		{name: "records expire with claims", flaws: storeFlaws{age: time.Minute}, only: true, rules: []string{
			"a handled event is done after",
		}},
		{name: "late records are lost", flaws: storeFlaws{lateRecordLost: true}, only: true, rules: []string{
			"an event is recorded although its claim has expired", "although another process has claimed it",
		}},
		{name: "late releases take the claims of others", flaws: storeFlaws{releasesOthers: true}, rules: []string{
			"a late release keeps the claim",
		}},
		{name: "releases remove records", flaws: storeFlaws{releasesDone: true}, only: true, rules: []string{
			"although another process has claimed it",
		}},
		{name: "late releases fail", flaws: storeFlaws{lateReleaseFails: true}, rules: []string{
			"a late release of a free key changes nothing",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				records := &storeRecords{storeFlaws: c.flaws, keys: map[string]storeRecord{}}
				owner := 0
				err := quecloudtest.TestDedupStore(func() quecloud.DedupStore {
					owner++
					return &flawedStore{records, owner}
				}, func() { time.Sleep(time.Minute) })
				text := ""
				if err != nil {
					text = err.Error()
				}
				for _, rule := range c.rules {
					if !strings.Contains(text, rule) {
						t.Errorf("the rule %q is not reported, but\n%s", rule, text)
					}
				}
				if lines := strings.Count(text, "DedupStore: "); c.only && lines != len(c.rules) {
					t.Errorf("%d rules are reported, want %d:\n%s", lines, len(c.rules), text)
				}
			})
		})
	}
}

func TestDedupStoreLeavesOutExpiry(t *testing.T) {
	t.Parallel()
	records := &storeRecords{storeFlaws: storeFlaws{lease: 24 * time.Hour}, keys: map[string]storeRecord{}}
	store := &flawedStore{records, 1}
	must(t, quecloudtest.TestDedupStore(func() quecloud.DedupStore { return store }, nil))
}

func TestDedupStoreNeedsStores(t *testing.T) {
	t.Parallel()
	if err := quecloudtest.TestDedupStore(func() quecloud.DedupStore { return nil }, nil); err == nil {
		t.Error("a nil store is accepted")
	}
	if err := quecloudtest.TestDedupStore(nil, nil); err == nil || !strings.Contains(err.Error(), "open is nil") {
		t.Errorf("without open: %v", err)
	}
}

// storeFlaws are the flaws of a store, and how long its claims and records last.
type storeFlaws struct {
	fails, grantsAll, grantsOwn, notAtomic                             bool
	recordsNothing, recordsLocally, releasesNothing, releaseRecords    bool
	noKind, endsWithContext                                            bool
	failsOpen, failsBusy, claimsAndFails, settleHides, settleFailsFree bool
	lateRecordLost, releasesOthers, releasesDone, lateReleaseFails     bool

	keyLength  int
	lease, age time.Duration // 0: a minute and an hour
}

// storeRecords are what the stores of several processes share.
type storeRecords struct {
	storeFlaws
	mu   sync.Mutex
	keys map[string]storeRecord
}

type storeRecord struct {
	owner   int
	done    bool
	expires time.Time
	ctx     context.Context
}

// A flawedStore is the store of one process.
type flawedStore struct {
	*storeRecords
	owner int
}

var errStore = errors.New("store down")

// row returns the name of a key's record, and the record unless it has expired.
func (s *flawedStore) row(key string) (string, storeRecord) {
	if s.keyLength > 0 {
		key = key[:min(s.keyLength, len(key))]
	}
	if s.noKind {
		_, key, _ = strings.Cut(key, ":")
	}
	r := s.keys[key]
	if !r.expires.After(time.Now()) || s.endsWithContext && !r.done && r.ctx.Err() != nil {
		r = storeRecord{}
	}
	return key, r
}

func (s *flawedStore) expiry(d, standard time.Duration) time.Time {
	if d == 0 {
		d = standard
	}
	return time.Now().Add(d)
}

func (s *flawedStore) Claim(ctx context.Context, key string) (quecloud.DedupState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key, r := s.row(key)
	if s.notAtomic {
		s.mu.Unlock()
		time.Sleep(time.Millisecond)
		s.mu.Lock()
	}
	claim := storeRecord{owner: s.owner, expires: s.expiry(s.lease, time.Minute), ctx: ctx}
	switch {
	case s.fails:
		return 0, errStore
	case ctx.Err() != nil && s.failsOpen:
		return quecloud.DedupClaimed, nil
	case ctx.Err() != nil && s.failsBusy:
		return quecloud.DedupBusy, nil
	case ctx.Err() != nil:
		if s.claimsAndFails {
			s.keys[key] = claim
		}
		return 0, ctx.Err()
	case r.done && (!s.recordsLocally || r.owner == s.owner):
		return quecloud.DedupDone, nil
	case !r.expires.IsZero() && !r.done && !s.grantsAll && (!s.grantsOwn || r.owner != s.owner):
		return quecloud.DedupBusy, nil
	}
	s.keys[key] = claim
	return quecloud.DedupClaimed, nil
}

func (s *flawedStore) Settle(ctx context.Context, key string, handled bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	key, r := s.row(key)
	own := !r.expires.IsZero() && !r.done && r.owner == s.owner
	switch {
	case s.fails:
		return errStore
	case ctx.Err() != nil:
		if s.settleFailsFree {
			delete(s.keys, key)
		}
		if s.settleHides {
			return nil
		}
		return ctx.Err()
	case handled && !s.recordsNothing && (own || !s.lateRecordLost), !handled && s.releaseRecords:
		s.keys[key] = storeRecord{owner: s.owner, done: true, expires: s.expiry(s.age, time.Hour)}
	case !handled && !own && s.lateReleaseFails:
		return errStore
	case !handled && !s.releasesNothing && (own || s.releasesOthers && !r.done || s.releasesDone && r.done):
		delete(s.keys, key)
	}
	return nil
}
