package selftest_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// A callback that comes while the same event is being handled waits for the result.
func TestDedupSecondCallbackWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	for _, kind := range selftest.Callbacks {
		for _, outcome := range []string{"success", "error", "panic"} {
			t.Run(kind.Name+" "+outcome, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					calls, release := 0, make(chan string)
					h := kind.Handler(func(context.Context) error {
						calls++
						switch <-release {
						case "error":
							return errors.New("not now")
						case "panic":
							panic("not now")
						}
						return nil
					}, selftest.Dedup())
					responses := make(chan *httptest.ResponseRecorder, 2)
					for range 2 {
						go func() { responses <- selftest.SendCallback(h, kind.Body) }()
					}
					synctest.Wait()
					assert.Equal(t, 1, calls)
					assert.Empty(t, responses)
					release <- outcome
					for range 2 {
						w := <-responses
						if outcome == "success" {
							assert.Equal(t, kind.Success, w.Body.String())
						} else {
							kind.AssertRejected(t, w, 500, "retry later")
						}
					}
					assert.Equal(t, 1, calls)
				})
			})
		}
	}
}

func TestDedupWaitEndsWithTheSender(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kind, release, first := selftest.SMSCallback, make(chan struct{}), make(chan int)
		h := kind.Handler(func(context.Context) error { <-release; return nil }, selftest.Dedup())
		go func() { first <- selftest.SendCallback(h, kind.Body).Code }()
		synctest.Wait()
		ctx, leave := context.WithCancel(t.Context())
		second := make(chan *httptest.ResponseRecorder)
		go func() { second <- selftest.Serve(h, selftest.CallbackRequest(kind.Body).WithContext(ctx)) }()
		synctest.Wait()
		leave()
		kind.AssertRejected(t, <-second, 500, "retry later")
		close(release)
		assert.Equal(t, 200, <-first)
	})
}

// Callbacks that wait for another must not fail because its context ends: their senders are still connected.
func TestDedupWaitOutlivesTheFirstContext(t *testing.T) {
	t.Parallel()
	leave := map[string]func(context.Context) error{
		"error": func(ctx context.Context) error { return ctx.Err() },
		"panic": func(context.Context) error { panic("gone") },
	}
	for _, kind := range selftest.Callbacks {
		for name, outcome := range leave {
			t.Run(kind.Name+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					calls, atOnce := 0, 0
					h := kind.Handler(func(ctx context.Context) error {
						calls++
						atOnce++
						assert.Equal(t, 1, atOnce)
						defer func() { atOnce-- }()
						select {
						case <-ctx.Done():
							return outcome(ctx)
						case <-time.After(time.Minute):
							return nil
						}
					}, selftest.Dedup(), quecloud.WithCallbackTimeout(time.Hour))
					ctx, leave := context.WithCancel(t.Context())
					first := make(chan *httptest.ResponseRecorder)
					others := make(chan *httptest.ResponseRecorder)
					go func() { first <- selftest.Serve(h, selftest.CallbackRequest(kind.Body).WithContext(ctx)) }()
					synctest.Wait()
					for range 3 {
						go func() { others <- selftest.SendCallback(h, kind.Body) }()
					}
					synctest.Wait()
					leave()
					kind.AssertRejected(t, <-first, 500, "retry later")
					for range 3 {
						assert.Equal(t, kind.Success, (<-others).Body.String())
					}
					assert.Equal(t, 2, calls, "the first and one that waited")
				})
			})
		}
	}
}

func TestDedupWaitHasItsOwnTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kind, calls := selftest.SMSCallback, 0
		h := kind.Handler(func(ctx context.Context) error {
			if calls++; calls == 1 {
				<-ctx.Done()
			}
			return ctx.Err()
		}, selftest.Dedup(), quecloud.WithCallbackTimeout(10*time.Second))
		first, second := make(chan int), make(chan int)
		go func() { first <- selftest.SendCallback(h, kind.Body).Code }()
		time.Sleep(5 * time.Second)
		go func() { second <- selftest.SendCallback(h, kind.Body).Code }()
		assert.Equal(t, []int{500, 200}, []int{<-first, <-second})
	})
}

// A leavingStore fails if the sender disconnects during a claim, as a network client does.
type leavingStore struct{ *quecloud.MemoryDedup }

func (s leavingStore) Claim(ctx context.Context, key string) (quecloud.DedupState, error) {
	time.Sleep(time.Second)
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return s.MemoryDedup.Claim(ctx, key)
}

func TestDedupWaitOutlivesTheFirstClaim(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kind := selftest.SMSCallback
		store := leavingStore{quecloud.NewMemoryDedup(10, time.Hour)}
		h := kind.Handler(selftest.Handled, quecloud.WithDeduplication(store))
		ctx, leave := context.WithCancel(t.Context())
		first, second := make(chan int), make(chan int)
		go func() { first <- selftest.Serve(h, selftest.CallbackRequest(kind.Body).WithContext(ctx)).Code }()
		synctest.Wait()
		go func() { second <- selftest.SendCallback(h, kind.Body).Code }()
		synctest.Wait()
		leave()
		assert.Equal(t, []int{500, 200}, []int{<-first, <-second})
	})
}

// An unrecordingStore fails to record that an event was handled.
type unrecordingStore struct{ *quecloud.MemoryDedup }

func (s unrecordingStore) Settle(ctx context.Context, key string, _ bool) error {
	return errors.Join(errors.New("store down"), s.MemoryDedup.Settle(ctx, key, false))
}

// Callbacks that wait take the result of the first one even if its sender has left and the store has not recorded it.
func TestDedupWaitTakesTheResultOfASenderThatLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kind, calls, release := selftest.SMSCallback, 0, make(chan struct{})
		h := kind.Handler(func(context.Context) error { calls++; <-release; return nil },
			quecloud.WithDeduplication(unrecordingStore{quecloud.NewMemoryDedup(10, time.Hour)}))
		ctx, leave := context.WithCancel(t.Context())
		first, second := make(chan int), make(chan int)
		go func() { first <- selftest.Serve(h, selftest.CallbackRequest(kind.Body).WithContext(ctx)).Code }()
		synctest.Wait()
		go func() { second <- selftest.SendCallback(h, kind.Body).Code }()
		synctest.Wait()
		leave()
		close(release)
		assert.Equal(t, []int{200, 200}, []int{<-first, <-second})
		assert.Equal(t, 1, calls)
	})
}
