package quecloudtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quecloud/quecloud-go"
)

// TestDedupStore tests whether stores keep the contract of [quecloud.DedupStore]. It returns nil, or an error with a
// line for each rule that they break.
//
// The function open opens a store as each of several processes does, all on the same records. TestDedupStore calls it
// several times in its own goroutine, and uses the stores concurrently. It neither closes them nor removes the random
// keys that it has claimed. For a store of a single process, open returns the same store each time.
//
// The function expire returns when all claims made so far have expired. Records of handled events must not expire yet.
// TestDedupStore calls it once. Claims must last longer than the checks before and after that: choose a lease of some
// seconds, or a clock that the test moves. In a bubble of testing/synctest, [time.Sleep] takes no real time. For a
// store whose claims end with its process, expire is nil, and TestDedupStore leaves out the rules about expiry.
func TestDedupStore(open func() quecloud.DedupStore, expire func()) error {
	if open == nil {
		return errors.New("quecloudtest: TestDedupStore: open is nil")
	}
	stores := make([]quecloud.DedupStore, dedupStores)
	for i := range stores {
		if stores[i] = open(); stores[i] == nil {
			return errors.New("quecloudtest: TestDedupStore: open returned nil")
		}
	}
	newCheck := func(rule string) *dedupCheck {
		return &dedupCheck{rule: rule, open: open, a: stores[0], b: stores[1], c: stores[2], key: dedupKey()}
	}
	var checks []*dedupCheck
	for _, rule := range dedupRules {
		check := newCheck(rule.text)
		rule.run(check)
		checks = append(checks, check)
	}
	checks = append(checks, checkDedupConcurrency(newCheck, stores)...)
	if expire != nil {
		checks = append(checks, checkDedupExpiry(newCheck, expire)...)
	}
	var errs []error
	for _, check := range checks {
		errs = append(errs, check.err)
	}
	return errors.Join(errs...)
}

const (
	dedupStores  = 8               // that claim the same keys concurrently
	dedupKeys    = 24              // that they claim
	dedupTimeout = 5 * time.Second // of a call, as for Settle in a handler
)

// dedupKey returns a new key with 70 characters, the form and length of those that handlers use.
func dedupKey() string { return fmt.Sprintf("order:%x", sha256.Sum256([]byte(rand.Text()))) }

// A dedupCheck checks one rule, with stores of three processes. Nothing happens after its first error.
type dedupCheck struct {
	rule    string
	open    func() quecloud.DedupStore
	a, b, c quecloud.DedupStore
	key     string

	mu  sync.Mutex
	err error
}

func (d *dedupCheck) fail(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		d.err = fmt.Errorf("DedupStore: "+d.rule+": "+format, args...)
	}
}

func (d *dedupCheck) failed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err != nil
}

// claim claims a key and wants one of these states.
func (d *dedupCheck) claim(store quecloud.DedupStore, key string, want ...quecloud.DedupState) quecloud.DedupState {
	if d.failed() {
		return 0
	}
	ctx, cancel := context.WithTimeout(context.Background(), dedupTimeout)
	defer cancel() // before the claim is settled, as when the sender disconnects
	state, err := store.Claim(ctx, key)
	if err != nil {
		d.fail("Claim: %w", err)
	} else if !slices.Contains(want, state) {
		d.fail("Claim returned %s, want %s", stateName(state), stateNames(want))
	}
	return state
}

// settle settles a claim.
func (d *dedupCheck) settle(store quecloud.DedupStore, key string, handled bool) {
	if d.failed() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), dedupTimeout)
	defer cancel()
	if err := store.Settle(ctx, key, handled); err != nil {
		d.fail("Settle(handled: %t): %w", handled, err)
	}
}

// stateName returns the name of a state.
func stateName(state quecloud.DedupState) string {
	switch state {
	case quecloud.DedupClaimed:
		return "DedupClaimed"
	case quecloud.DedupDone:
		return "DedupDone"
	case quecloud.DedupBusy:
		return "DedupBusy"
	}
	return fmt.Sprintf("DedupState(%d)", state)
}

func stateNames(states []quecloud.DedupState) string {
	var names []string
	for _, state := range states {
		names = append(names, stateName(state))
	}
	return strings.Join(names, " or ")
}

// dedupRules are the rules of single calls.
var dedupRules = []struct {
	text string
	run  func(d *dedupCheck)
}{
	{"a claimed key is busy for other processes", func(d *dedupCheck) {
		d.claim(d.a, d.key, quecloud.DedupClaimed)
		d.claim(d.b, d.key, quecloud.DedupBusy)
		d.claim(d.open(), d.key, quecloud.DedupBusy)
	}},
	{"a claimed key is busy for its own process", func(d *dedupCheck) { // which may have several handlers
		d.claim(d.a, d.key, quecloud.DedupClaimed)
		d.claim(d.a, d.key, quecloud.DedupBusy)
		d.settle(d.a, d.key, true)
		d.claim(d.a, d.key, quecloud.DedupDone)
	}},
	{"a handled event is done for all processes", func(d *dedupCheck) {
		d.claim(d.a, d.key, quecloud.DedupClaimed)
		d.settle(d.a, d.key, true)
		for _, store := range []quecloud.DedupStore{d.a, d.b, d.open()} {
			d.claim(store, d.key, quecloud.DedupDone)
		}
	}},
	{"a released key can be claimed", func(d *dedupCheck) {
		d.claim(d.a, d.key, quecloud.DedupClaimed)
		d.settle(d.a, d.key, false)
		d.claim(d.b, d.key, quecloud.DedupClaimed)
		d.claim(d.a, d.key, quecloud.DedupBusy)
		d.settle(d.b, d.key, true)
		d.claim(d.a, d.key, quecloud.DedupDone)
	}},
	{"keys differ in the last of 70 characters, or in their kind", func(d *dedupCheck) {
		prefix := d.key[:len(d.key)-1]
		keys := []string{prefix + "0", prefix + "1", "sms" + strings.TrimPrefix(prefix, "order") + "0"}
		want := []quecloud.DedupState{quecloud.DedupDone, quecloud.DedupClaimed, quecloud.DedupClaimed}
		for i, key := range keys {
			d.claim(d.a, key, quecloud.DedupClaimed)
			d.settle(d.a, key, i == 0)
		}
		for i, key := range keys {
			d.claim(d.b, key, want[i])
		}
	}},
	{"a Claim whose context has ended fails and leaves the key free, or succeeds", func(d *dedupCheck) {
		state, err := d.a.Claim(endedContext(), d.key)
		if err == nil && state == quecloud.DedupClaimed {
			d.claim(d.b, d.key, quecloud.DedupBusy)
			d.settle(d.a, d.key, false)
		} else if err == nil {
			d.fail("Claim of a free key returned %s and no error", stateName(state))
		}
		d.claim(d.b, d.key, quecloud.DedupClaimed)
	}},
	{"a Settle whose context has ended fails and keeps the claim, or records the event", func(d *dedupCheck) {
		d.claim(d.a, d.key, quecloud.DedupClaimed)
		if d.a.Settle(endedContext(), d.key, true) == nil {
			d.claim(d.b, d.key, quecloud.DedupDone)
			return
		}
		d.claim(d.b, d.key, quecloud.DedupBusy, quecloud.DedupDone)
		d.settle(d.a, d.key, true)
		d.claim(d.b, d.key, quecloud.DedupDone)
	}},
	{"a Settle whose context has ended fails, or releases the key", func(d *dedupCheck) {
		d.claim(d.a, d.key, quecloud.DedupClaimed)
		if d.a.Settle(endedContext(), d.key, false) == nil {
			d.claim(d.b, d.key, quecloud.DedupClaimed)
		} else {
			d.claim(d.b, d.key, quecloud.DedupBusy, quecloud.DedupClaimed)
		}
	}},
}

// endedContext returns a context that has ended. With it every call of a store fails that needs a network or a
// database.
func endedContext() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// dedupExpiryRules are the rules of claims that expire between before and after.
var dedupExpiryRules = []struct {
	text          string
	before, after func(d *dedupCheck)
}{
	{"an expired claim leaves the key free", claimByA, func(d *dedupCheck) {
		d.claim(d.b, d.key, quecloud.DedupClaimed)
		d.claim(d.c, d.key, quecloud.DedupBusy)
	}},
	{"a handled event is done after claims have expired", func(d *dedupCheck) {
		d.claim(d.a, d.key, quecloud.DedupClaimed)
		d.settle(d.a, d.key, true)
	}, func(d *dedupCheck) {
		d.claim(d.b, d.key, quecloud.DedupDone)
	}},
	{"an event is recorded although its claim has expired", claimByA, func(d *dedupCheck) {
		d.settle(d.a, d.key, true)
		d.claim(d.b, d.key, quecloud.DedupDone)
	}},
	{"an event is recorded although another process has claimed it since", claimByA, func(d *dedupCheck) {
		d.claim(d.b, d.key, quecloud.DedupClaimed)
		d.settle(d.a, d.key, true)
		d.claim(d.c, d.key, quecloud.DedupDone)
		d.settle(d.b, d.key, false)
		d.claim(d.c, d.key, quecloud.DedupDone)
	}},
	{"a late release keeps the claim of another process", claimByA, func(d *dedupCheck) {
		d.claim(d.b, d.key, quecloud.DedupClaimed)
		d.settle(d.a, d.key, false)
		d.claim(d.c, d.key, quecloud.DedupBusy)
		d.settle(d.b, d.key, true)
		d.claim(d.c, d.key, quecloud.DedupDone)
	}},
	{"a late release of a free key changes nothing", claimByA, func(d *dedupCheck) {
		d.settle(d.a, d.key, false)
		d.claim(d.b, d.key, quecloud.DedupClaimed)
	}},
}

func claimByA(d *dedupCheck) { d.claim(d.a, d.key, quecloud.DedupClaimed) }

// checkDedupExpiry checks all rules of claims that expire, with one call of expire.
func checkDedupExpiry(newCheck func(string) *dedupCheck, expire func()) (checks []*dedupCheck) {
	for _, rule := range dedupExpiryRules {
		check := newCheck(rule.text)
		rule.before(check)
		checks = append(checks, check)
	}
	expire()
	for i, rule := range dedupExpiryRules {
		rule.after(checks[i])
	}
	return checks
}

// checkDedupConcurrency lets all stores claim the same keys concurrently. Each key must be granted once. The claims are
// then settled concurrently, half of them as handled, and claimed anew.
func checkDedupConcurrency(newCheck func(string) *dedupCheck, stores []quecloud.DedupStore) []*dedupCheck {
	first := newCheck("of concurrent claims of a key, one succeeds")
	second := newCheck("of concurrent claims after concurrent calls of Settle, one succeeds, or all are done")
	keys := make([]string, dedupKeys)
	for i := range keys {
		keys[i] = dedupKey()
	}
	granted := claimConcurrently(first, stores, keys, func(int) []quecloud.DedupState {
		return []quecloud.DedupState{quecloud.DedupClaimed, quecloud.DedupBusy}
	})
	for i := range keys {
		if n := len(granted[i]); n != 1 {
			first.fail("%d of %d claims succeeded", n, len(stores))
		}
	}
	if first.failed() {
		return []*dedupCheck{first}
	}
	var wg sync.WaitGroup
	for i, key := range keys {
		wg.Go(func() { second.settle(granted[i][0], key, i%2 == 0) })
	}
	wg.Wait()
	again := claimConcurrently(second, stores, keys, func(i int) []quecloud.DedupState {
		if i%2 == 0 {
			return []quecloud.DedupState{quecloud.DedupDone}
		}
		return []quecloud.DedupState{quecloud.DedupClaimed, quecloud.DedupBusy}
	})
	for i := range keys {
		if n := len(again[i]); i%2 == 1 && n != 1 {
			second.fail("%d of %d claims of a released key succeeded", n, len(stores))
		}
	}
	return []*dedupCheck{first, second}
}

// claimConcurrently lets every store claim all keys, each in two goroutines. It returns the stores that got each key.
func claimConcurrently(
	d *dedupCheck, stores []quecloud.DedupStore, keys []string, want func(i int) []quecloud.DedupState,
) [][]quecloud.DedupStore {
	var mu sync.Mutex
	granted := make([][]quecloud.DedupStore, len(keys))
	start := make(chan struct{})
	var wg sync.WaitGroup
	for worker := range 2 * len(stores) {
		store := stores[worker/2]
		wg.Go(func() {
			<-start
			for i := worker % 2; i < len(keys); i += 2 {
				if d.claim(store, keys[i], want(i)...) == quecloud.DedupClaimed {
					mu.Lock()
					granted[i] = append(granted[i], store)
					mu.Unlock()
				}
			}
		})
	}
	close(start)
	wg.Wait()
	return granted
}
