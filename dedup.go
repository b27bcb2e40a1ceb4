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

// A DedupStore records which events have been handled, for [WithDeduplication]. A handler claims an event before it
// handles it, and settles the claim afterwards, so several processes can share a store. Its methods are called by
// several goroutines concurrently. Within a process, a handler never calls them concurrently for the same key.
//
// A store in a database keeps these rules:
//
//   - A claim is atomic and exclusive. It does not depend on the context of Claim, which may end before Settle.
//   - A claim expires by itself, so that a later callback is handled if the process that claimed the event has died.
//     Let it last longer than the handling can take, see [WithCallbackTimeout].
//   - Settle records an event that was handled, even if its claim has expired and another process has claimed it since.
//     The record lasts longer than claims: as long as the platform may retry a callback.
//   - Settle releases a key only if the caller still holds it. The claim may have expired, and be held by another
//     process, or the event may have been recorded.
//   - A call that fails returns an error. It may leave a claim behind, which expires: the handler does not call Settle
//     after an error of Claim, nor a second time.
//
// With SQL, where :owner is a random text of this process, and times are those of one clock:
//
//	CREATE TABLE quecloud_events (
//		key     VARCHAR(70) PRIMARY KEY,
//		owner   VARCHAR(26) NOT NULL, -- of the claim; empty once the event has been handled
//		expires BIGINT NOT NULL       -- Unix time in milliseconds
//	)
//
//	-- Claim: DedupClaimed if the INSERT adds a row; else DedupDone if owner is empty, or DedupBusy
//	DELETE FROM quecloud_events WHERE expires <= :now
//	INSERT INTO quecloud_events (key, owner, expires) VALUES (:key, :owner, :now + :lease)
//		ON CONFLICT DO NOTHING
//	SELECT owner FROM quecloud_events WHERE key = :key
//
//	-- Settle, if the event was handled
//	INSERT INTO quecloud_events (key, owner, expires) VALUES (:key, '', :now + :age)
//		ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, expires = excluded.expires
//
//	-- Settle, if it was not
//	DELETE FROM quecloud_events WHERE key = :key AND owner = :owner
//
// The modules examples/service (file dedup.go) and examples/redisdedup have whole stores to copy. TestDedupStore of
// package quecloudtest tests a store against these rules.
type DedupStore interface {
	// Claim reserves a key for the caller, unless it is reserved or its event has been handled. A key has at most 70
	// characters and holds no personal data.
	Claim(ctx context.Context, key string) (DedupState, error)
	// Settle ends the caller's claim. It records the event as handled, or else releases the key. Its context ends after
	// 5 seconds.
	Settle(ctx context.Context, key string, handled bool) error
}

// A DedupState is the outcome of a claim.
type DedupState int

// The outcomes of a claim.
const (
	DedupClaimed DedupState = 1 + iota // the caller holds the key and must settle the claim
	DedupDone                          // the event has been handled
	DedupBusy                          // the event is being handled, usually by another process
)

// settleTimeout bounds [DedupStore].Settle, which runs also after the sender has disconnected.
const settleTimeout = 5 * time.Second

// A MemoryDedup is a [DedupStore] in memory, for a single process. Claims do not expire: they end with the process. It
// is safe for concurrent use.
type MemoryDedup struct {
	entries int
	age     time.Duration

	mu      sync.Mutex
	claimed map[string]bool
	handled map[string]bool
	history []handledEvent // the keys of handled, oldest first
}

type handledEvent struct {
	key string
	at  time.Time
}

// NewMemoryDedup returns a store that remembers at most entries events, each for the given time after it was handled.
// Both should cover the time in which the platform may retry a callback. An entry takes some 200 bytes. NewMemoryDedup
// panics unless both are more than 0.
func NewMemoryDedup(entries int, age time.Duration) *MemoryDedup {
	if entries < 1 || age <= 0 {
		panic(fmt.Sprintf("quecloud: NewMemoryDedup: %d entries for %v: want more than 0 of both", entries, age))
	}
	return &MemoryDedup{entries: entries, age: age, claimed: map[string]bool{}, handled: map[string]bool{}}
}

// Claim implements [DedupStore].
func (m *MemoryDedup) Claim(_ context.Context, key string) (DedupState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.evict()
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
		m.history = append(m.history, handledEvent{key, time.Now()})
	}
	return nil
}

// evict removes the events that are too old or too many.
func (m *MemoryDedup) evict() {
	for len(m.history) > 0 && (len(m.history) > m.entries || time.Since(m.history[0].at) >= m.age) {
		delete(m.handled, m.history[0].key)
		m.history[0] = handledEvent{}
		m.history = m.history[1:]
	}
}

// eventKey returns a key for an event with these members. It is a hash, so it reveals no card numbers or texts.
func eventKey(kind string, members ...string) string {
	hash := sha256.New()
	for _, member := range members {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(member)))
		hash.Write(size[:])
		hash.Write([]byte(member))
	}
	return kind + ":" + hex.EncodeToString(hash.Sum(nil))
}

// runningEvents are the events that this process is handling.
type runningEvents struct {
	mu     sync.Mutex
	events map[string]*runningEvent
}

// A runningEvent is an event that one callback handles while others wait. Its result is valid once ended is closed.
type runningEvent struct {
	ended     chan struct{}
	rejected  *rejection
	abandoned bool // the handling failed, and the context of its callback had ended
}

var errNoResult = errors.New("the callback that handled the event has ended without a result")

// join returns the running event of a key. If there is none it starts one, which the caller must handle.
func (r *runningEvents) join(key string) (event *runningEvent, started bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if running := r.events[key]; running != nil {
		return running, false
	}
	if r.events == nil {
		r.events = map[string]*runningEvent{}
	}
	// The result if the function panics.
	failed := &rejection{http.StatusInternalServerError, notHandled, errNoResult}
	r.events[key] = &runningEvent{ended: make(chan struct{}), rejected: failed}
	return r.events[key], true
}

func (r *runningEvents) end(ctx context.Context, key string, event *runningEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	event.abandoned = event.rejected != nil && ctx.Err() != nil
	delete(r.events, key)
	close(event.ended)
}

// handleOnce calls the user's function unless it has returned nil for the same event before. While another callback
// handles the event, it waits for that result. A result does not count if only that callback's context had ended.
func (h *callbackHandler[E]) handleOnce(ctx context.Context, event *E) *rejection {
	if h.store == nil {
		return h.run(ctx, event)
	}
	key := h.key(event)
	for {
		running, started := h.join(key)
		if started {
			defer h.end(ctx, key, running)
			running.rejected = h.claim(ctx, key, event)
			return running.rejected
		}
		select {
		case <-running.ended:
			if !running.abandoned {
				return running.rejected
			}
		case <-ctx.Done():
			return &rejection{http.StatusInternalServerError, notHandled, context.Cause(ctx)}
		}
	}
}

// claim calls the user's function if the store grants the key.
func (h *callbackHandler[E]) claim(ctx context.Context, key string, event *E) *rejection {
	state, err := h.store.Claim(ctx, key)
	switch {
	case err != nil:
		return &rejection{http.StatusInternalServerError, notHandled, fmt.Errorf("claiming the event in the store: %w", err)}
	case state == DedupDone:
		return nil
	case state != DedupClaimed:
		return &rejection{http.StatusInternalServerError, "the same event is being handled; retry later", nil}
	}
	handled := false
	defer func() { h.settle(ctx, key, handled) }()
	rejected := h.run(ctx, event)
	handled = rejected == nil
	return rejected
}

// settle ends a claim. If it fails or panics, the function's result stands: the callback of an event that was handled
// must succeed.
func (h *callbackHandler[E]) settle(ctx context.Context, key string, handled bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if err := catchPanic(func() error { return h.store.Settle(ctx, key, handled) }); err != nil {
		h.log().LogAttrs(ctx, slog.LevelError, "quecloud: event not recorded in the store",
			append(errorAttrs(err), slog.String("kind", h.name), slog.Bool("handled", handled))...)
	}
}
