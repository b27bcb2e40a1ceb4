package quecloud

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// A DedupStore remembers which events have been handled, for [WithDeduplication]. Its methods are called from several
// goroutines at once, though not for the same key: in one process a handler sees to that itself.
//
// An event is claimed before it is handled, and the claim is settled afterwards. Several processes can so share a
// store. A claim must run out by itself, so that a later delivery of the event of a process that has died is handled: after
// longer than the handling can take, see [WithCallbackTimeout].
//
// With Redis, s.owner being a random text of this process that is not "done":
//
//	func (s *redisStore) Claim(ctx context.Context, key string) (quecloud.DedupState, error) {
//		claimed, err := s.redis.SetNX(ctx, key, s.owner, s.lease).Result() // SET key owner NX PX lease
//		if err != nil {
//			return 0, err
//		}
//		if claimed {
//			return quecloud.DedupClaimed, nil
//		}
//		value, err := s.redis.Get(ctx, key).Result()
//		if err == nil && value == "done" {
//			return quecloud.DedupDone, nil
//		}
//		if err == redis.Nil {
//			err = nil // released just now: the event may come again
//		}
//		return quecloud.DedupBusy, err
//	}
//
//	func (s *redisStore) Settle(ctx context.Context, key string, handled bool) error {
//		if handled {
//			return s.redis.Set(ctx, key, "done", s.age).Err() // SET key done PX age
//		}
//		// The claim may have run out and be another's by now.
//		const release = `if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end return 0`
//		return s.redis.Eval(ctx, release, []string{key}, s.owner).Err()
//	}
type DedupStore interface {
	// Claim reserves a key for the caller, unless it is reserved or has been handled already. The key is 70 characters
	// long at most and holds no personal data.
	Claim(ctx context.Context, key string) (DedupState, error)
	// Settle ends the caller's claim: the key is recorded as handled, or else free again.
	Settle(ctx context.Context, key string, handled bool) error
}

// A DedupState is what became of a claim.
type DedupState int

// The outcomes of a claim.
const (
	DedupClaimed DedupState = 1 + iota // the key is the caller's, who must settle the claim
	DedupDone                          // the event has been handled
	DedupBusy                          // another process is handling the event
)

// settleTime is how long the end of a claim may take. It must also be made when the sender has left.
const settleTime = 5 * time.Second

// A MemoryDedup is a [DedupStore] for a single process, which forgets everything when that ends. It is safe for
// concurrent use.
type MemoryDedup struct {
	entries int
	age     time.Duration

	mu      sync.Mutex
	claimed map[string]bool
	handled map[string]bool
	oldest  []record // of what has been handled, in the order of time
}

type record struct {
	key string
	at  time.Time
}

// NewMemoryDedup returns a store that remembers an event for that long after it has been handled, and the latest
// entries events at most. Choose both so that they span the time in which the platform repeats a delivery. An entry
// takes some 200 bytes. It panics when one of them is not more than 0.
func NewMemoryDedup(entries int, age time.Duration) *MemoryDedup {
	if entries < 1 || age <= 0 {
		panic(fmt.Sprintf("quecloud: NewMemoryDedup: %d entries for %v remember nothing", entries, age))
	}
	return &MemoryDedup{entries: entries, age: age, claimed: map[string]bool{}, handled: map[string]bool{}}
}

// Claim implements [DedupStore].
func (m *MemoryDedup) Claim(_ context.Context, key string) (DedupState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.forget()
	switch {
	case m.handled[key]:
		return DedupDone, nil
	case m.claimed[key]:
		return DedupBusy, nil
	}
	m.claimed[key] = true
	return DedupClaimed, nil
}

// Settle implements [DedupStore].
func (m *MemoryDedup) Settle(_ context.Context, key string, handled bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.claimed, key)
	if handled {
		m.handled[key] = true
		m.oldest = append(m.oldest, record{key, time.Now()})
	}
	return nil
}

// forget drops what is too old or too much.
func (m *MemoryDedup) forget() {
	for len(m.oldest) > 0 && (len(m.oldest) > m.entries || time.Since(m.oldest[0].at) >= m.age) {
		delete(m.handled, m.oldest[0].key)
		m.oldest[0] = record{}
		m.oldest = m.oldest[1:]
	}
}

// eventKey makes a key of what tells an event from others. Being a hash, it shows nobody card numbers or texts.
func eventKey(kind string, parts ...string) string {
	hash := sha256.New()
	for _, part := range parts {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		hash.Write(size[:])
		hash.Write([]byte(part))
	}
	return kind + ":" + hex.EncodeToString(hash.Sum(nil))
}

// flights are the events that are being handled in this process.
type flights struct {
	mu      sync.Mutex
	running map[string]*flight
}

type flight struct {
	ended     chan struct{}
	refused   *refusal // when it has ended
	abandoned bool     // when it has ended: it failed, and the context of its delivery was over
}

var errGaveUp = errors.New("the delivery that this one waited for has ended without a result")

// join returns the flight of a key, and whether the caller has to carry it out.
func (f *flights) join(key string) (*flight, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if running := f.running[key]; running != nil {
		return running, false
	}
	if f.running == nil {
		f.running = map[string]*flight{}
	}
	// What stays when the function panics.
	started := &flight{ended: make(chan struct{}), refused: &refusal{http.StatusInternalServerError, notHandled, errGaveUp}}
	f.running[key] = started
	return started, true
}

func (f *flights) end(ctx context.Context, key string, ended *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ended.abandoned = ended.refused != nil && ctx.Err() != nil
	delete(f.running, key)
	close(ended.ended)
}

// once calls the user's function, unless it has returned nil for the same event before. While another delivery of the
// event is being handled it waits for that one's result, which is no result where only that one's context had ended.
func (h *callback[E]) once(ctx context.Context, event *E) *refusal {
	if h.store == nil {
		return h.run(ctx, event)
	}
	key := h.key(event)
	for {
		flight, mine := h.join(key)
		if mine {
			defer h.end(ctx, key, flight)
			flight.refused = h.claim(ctx, key, event)
			return flight.refused
		}
		select {
		case <-flight.ended:
			if !flight.abandoned {
				return flight.refused
			}
		case <-ctx.Done():
			return &refusal{http.StatusInternalServerError, notHandled, context.Cause(ctx)}
		}
	}
}

// claim calls the user's function where the store says that nobody else does or did.
func (h *callback[E]) claim(ctx context.Context, key string, event *E) *refusal {
	state, err := h.store.Claim(ctx, key)
	switch {
	case err != nil:
		return &refusal{http.StatusInternalServerError, notHandled, fmt.Errorf("claiming in the store: %w", err)}
	case state == DedupDone:
		return nil
	case state != DedupClaimed:
		return &refusal{http.StatusInternalServerError, "the same notification is being handled, deliver it again", nil}
	}
	handled := false
	defer func() { h.settle(ctx, key, handled) }()
	refused := h.run(ctx, event)
	handled = refused == nil
	return refused
}

// settle ends a claim. When it fails or panics the answer is that of the function all the same: what has been done
// should not be delivered again.
func (h *callback[E]) settle(ctx context.Context, key string, handled bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	if err := guard(func() error { return h.store.Settle(ctx, key, handled) }); err != nil {
		h.log().LogAttrs(ctx, slog.LevelError, "quecloud: event not recorded",
			append(errorAttrs(err), slog.String("kind", h.name), slog.Bool("handled", handled))...)
	}
}
