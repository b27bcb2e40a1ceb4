package quecloud_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

func remembering() quecloud.HandlerOption {
	return quecloud.WithDeduplication(quecloud.NewMemoryDedup(1000, time.Hour))
}

func TestThousandDeliveriesOfHundredEventsAreHandledOnceEach(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	handled := map[string]int{}
	count := func(id string) error {
		mu.Lock()
		defer mu.Unlock()
		handled[id]++
		return nil
	}
	sms := quecloud.NewSMSHandler(func(_ context.Context, e *quecloud.SMSEvent) error { return count(e.SMSID) }, quiet, remembering())
	order := quecloud.NewOrderHandler(func(_ context.Context, e *quecloud.OrderEvent) error { return count(e.OrderNo) }, quiet, remembering())
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 1000 {
		wg.Go(func() {
			<-start
			id := fmt.Sprint("E", i%100)
			h, body := sms, strings.Replace(smsReport, "YkSzqc66fIE0umbCVD6w", id, 1)
			if i%2 == 1 {
				h, body = order, strings.Replace(orderDone, "CZ20261103000017", id, 1)
			}
			assert.Equal(t, 200, deliver(h, delivery(body)).Code)
		})
	}
	close(start)
	wg.Wait()
	assert.Len(t, handled, 100)
	for id, times := range handled {
		assert.Equal(t, 1, times, id)
	}
}

// A delivery that comes while the same event is being handled waits, and is answered as that one is.
func TestSecondDeliveryWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	for _, n := range notifications {
		for _, outcome := range []string{"success", "error", "panic"} {
			t.Run(n.name+" "+outcome, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					calls, release := 0, make(chan string)
					h := n.handler(func(context.Context) error {
						calls++
						switch <-release {
						case "error":
							return errors.New("not now")
						case "panic":
							panic("not now")
						}
						return nil
					}, remembering())
					answers := make(chan *httptest.ResponseRecorder, 2)
					for range 2 {
						go func() { answers <- deliver(h, delivery(n.body)) }()
					}
					synctest.Wait()
					assert.Equal(t, 1, calls)
					assert.Empty(t, answers)
					release <- outcome
					for range 2 {
						w := <-answers
						if outcome == "success" {
							assert.Equal(t, n.success, w.Body.String())
						} else {
							n.refused(t, w, 500, "retry later")
						}
					}
					assert.Equal(t, 1, calls)
				})
			})
		}
	}
}

func TestWaitingDeliveryEndsWithItsSender(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, release, first := notifications[0], make(chan struct{}), make(chan int)
		h := n.handler(func(context.Context) error { <-release; return nil }, remembering())
		go func() { first <- deliver(h, delivery(n.body)).Code }()
		synctest.Wait()
		ctx, leave := context.WithCancel(t.Context())
		second := make(chan *httptest.ResponseRecorder)
		go func() { second <- deliver(h, delivery(n.body).WithContext(ctx)) }()
		synctest.Wait()
		leave()
		n.refused(t, <-second, 500, "retry later")
		close(release)
		assert.Equal(t, 200, <-first)
	})
}

// The context of a delivery says nothing about those that wait for it, whose senders are still there.
func TestWaitingDeliveriesCarryOnWhenTheFirstOnesContextEnds(t *testing.T) {
	t.Parallel()
	leave := map[string]func(context.Context) error{
		"error": func(ctx context.Context) error { return ctx.Err() },
		"panic": func(context.Context) error { panic("gone") },
	}
	for _, n := range notifications {
		for name, outcome := range leave {
			t.Run(n.name+" "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					calls, atOnce := 0, 0
					h := n.handler(func(ctx context.Context) error {
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
					}, remembering(), quecloud.WithCallbackTimeout(time.Hour))
					ctx, leave := context.WithCancel(t.Context())
					first, others := make(chan *httptest.ResponseRecorder), make(chan *httptest.ResponseRecorder)
					go func() { first <- deliver(h, delivery(n.body).WithContext(ctx)) }()
					synctest.Wait()
					for range 3 {
						go func() { others <- deliver(h, delivery(n.body)) }()
					}
					synctest.Wait()
					leave()
					n.refused(t, <-first, 500, "retry later")
					for range 3 {
						assert.Equal(t, n.success, (<-others).Body.String())
					}
					assert.Equal(t, 2, calls, "the first, and one of those that waited for it")
				})
			})
		}
	}
}

func TestWaitingDeliveryHasItsOwnTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, calls := notifications[0], 0
		h := n.handler(func(ctx context.Context) error {
			if calls++; calls == 1 {
				<-ctx.Done()
			}
			return ctx.Err()
		}, remembering(), quecloud.WithCallbackTimeout(10*time.Second))
		first, second := make(chan int), make(chan int)
		go func() { first <- deliver(h, delivery(n.body)).Code }()
		time.Sleep(5 * time.Second)
		go func() { second <- deliver(h, delivery(n.body)).Code }()
		assert.Equal(t, []int{500, 200}, []int{<-first, <-second})
	})
}

// A store that notices that the sender of a delivery has left, as a network client does.
type leavingStore struct{ *quecloud.MemoryDedup }

func (s leavingStore) Claim(ctx context.Context, key string) (quecloud.DedupState, error) {
	time.Sleep(time.Second)
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return s.MemoryDedup.Claim(ctx, key)
}

func TestWaitingDeliveryCarriesOnWhenTheFirstOneLeftDuringItsClaim(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := notifications[0]
		h := n.handler(handled, quecloud.WithDeduplication(leavingStore{quecloud.NewMemoryDedup(10, time.Hour)}))
		ctx, leave := context.WithCancel(t.Context())
		first, second := make(chan int), make(chan int)
		go func() { first <- deliver(h, delivery(n.body).WithContext(ctx)).Code }()
		synctest.Wait()
		go func() { second <- deliver(h, delivery(n.body)).Code }()
		synctest.Wait()
		leave()
		assert.Equal(t, []int{500, 200}, []int{<-first, <-second})
	})
}

func TestFailedDeliveryIsHandledAgain(t *testing.T) {
	forBoth(t, func(t *testing.T, n notification) {
		calls := 0
		h := n.handler(func(context.Context) error {
			calls++
			switch calls {
			case 1:
				return errors.New("not now")
			case 2:
				panic("not now")
			}
			return nil
		}, remembering())
		for _, want := range []int{500, 500, 200, 200, 200} {
			assert.Equal(t, want, deliver(h, delivery(n.body)).Code)
		}
		assert.Equal(t, 3, calls)
	})
}

// The function may end its goroutine, as FailNow of a test does; that must not leave the event claimed.
func TestFunctionThatEndsItsGoroutineHasFailed(t *testing.T) {
	t.Parallel()
	n, calls := notifications[0], 0
	h := n.handler(func(context.Context) error {
		if calls++; calls == 1 {
			runtime.Goexit()
		}
		return nil
	}, remembering())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		deliver(h, delivery(n.body))
	}()
	<-ended
	assert.Equal(t, 200, deliver(h, delivery(n.body)).Code)
	assert.Equal(t, 2, calls)
}

func TestDifferentEventsAreNotTakenForOne(t *testing.T) {
	t.Parallel()
	cases := []struct {
		n        notification
		base     string
		old, new string
		same     bool
	}{
		{notifications[0], smsReport, `"report"`, `"inbox"`, false},
		{notifications[0], smsReport, "YkSzqc66fIE0umbCVD6w", "x", false},
		{notifications[0], smsReport, "1064991300001", "1064991300002", false},
		{notifications[0], smsReport, "89860391749203860001", "89860391749203860002", false},
		{notifications[0], smsReport, `0001","iccid":"89`, `00018","iccid":"9`, false},
		{notifications[0], smsReport, `"200"`, `400`, false},
		{notifications[0], smsReport, `"200"`, `200`, true},
		{notifications[0], smsReport, `送达`, `已送达`, true},
		{notifications[0], smsInbox, "21.5", "21.6", false},
		{notifications[0], smsInbox, "09:15:00", "09:15:01", false},
		{notifications[0], smsInbox, "2026-11-03 09:15:00", "20261103091500", true},
		{notifications[1], orderDone, "CZ20261103000017", "CZ20261103000018", false},
		{notifications[1], orderDone, `"订单完成","orderStatus":1`, `"订单失败","orderStatus":-1`, false},
		{notifications[1], orderDone, "11:47:57", "11:48:57", true},
	}
	for _, c := range cases {
		calls := 0
		h := c.n.handler(func(context.Context) error { calls++; return nil }, remembering())
		changed := strings.Replace(c.base, c.old, c.new, 1)
		require.NotEqual(t, c.base, changed)
		for _, body := range []string{c.base, changed, changed} {
			assert.Equal(t, 200, deliver(h, delivery(body)).Code)
		}
		assert.Equal(t, map[bool]int{true: 1, false: 2}[c.same], calls, "%s → %s", c.old, c.new)
	}
}

// brokenStore is a store that cannot be reached.
type brokenStore struct{}

func (brokenStore) Claim(context.Context, string) (quecloud.DedupState, error) {
	return quecloud.DedupClaimed, errors.New("store down")
}
func (brokenStore) Settle(context.Context, string, bool) error { return errors.New("store down") }

// A scriptedStore answers claims with a state, and notes what it is told.
type scriptedStore struct {
	state     quecloud.DedupState
	settleErr error
	key       string
	settled   []bool
	settleCtx error
}

func (s *scriptedStore) Claim(_ context.Context, key string) (quecloud.DedupState, error) {
	s.key = key
	return s.state, nil
}

func (s *scriptedStore) Settle(ctx context.Context, key string, handled bool) error {
	if key != s.key {
		return errors.New("another key")
	}
	s.settled, s.settleCtx = append(s.settled, handled), ctx.Err()
	return s.settleErr
}

func TestStoreDecidesWhetherTheFunctionRuns(t *testing.T) {
	forBoth(t, func(t *testing.T, n notification) {
		run := func(store quecloud.DedupStore, err error) (calls int, w *httptest.ResponseRecorder) {
			ctx, leave := context.WithCancel(t.Context())
			h := n.handler(func(context.Context) error {
				calls++
				leave()
				return err
			}, quecloud.WithDeduplication(store))
			return calls, deliver(h, delivery(n.body).WithContext(ctx))
		}

		calls, w := 0, (*httptest.ResponseRecorder)(nil)
		done := &scriptedStore{state: quecloud.DedupDone}
		calls, w = run(done, nil)
		assert.Equal(t, n.success, w.Body.String())
		assert.Zero(t, calls)
		assert.Empty(t, done.settled)

		for _, store := range []quecloud.DedupStore{&scriptedStore{state: quecloud.DedupBusy}, &scriptedStore{}, brokenStore{}} {
			calls, w = run(store, nil)
			n.refused(t, w, 500, "retry later")
			assert.Zero(t, calls)
		}

		good := &scriptedStore{state: quecloud.DedupClaimed}
		_, w = run(good, nil)
		assert.Equal(t, n.success, w.Body.String())
		assert.Equal(t, []bool{true}, good.settled)
		assert.NoError(t, good.settleCtx, "a claim is settled also when the sender has left")
		assert.LessOrEqual(t, len(good.key), 70)

		bad := &scriptedStore{state: quecloud.DedupClaimed}
		_, w = run(bad, errors.New("not now"))
		n.refused(t, w, 500, "retry later")
		assert.Equal(t, []bool{false}, bad.settled)
	})
}

func TestWhatWasDoneIsSuccessThoughItCannotBeRecorded(t *testing.T) {
	forBoth(t, func(t *testing.T, n notification) {
		var log bytes.Buffer
		h := n.handler(func(context.Context) error { return nil },
			quecloud.WithDeduplication(&scriptedStore{state: quecloud.DedupClaimed, settleErr: errors.New("store down")}),
			quecloud.WithCallbackLogger(slog.New(slog.NewTextHandler(&log, nil))))
		assert.Equal(t, n.success, deliver(h, delivery(n.body)).Body.String())
		assert.Contains(t, log.String(), "store down")
	})
}

// A panickyStore claims every key and cannot settle any.
type panickyStore struct{ cause any }

func (panickyStore) Claim(context.Context, string) (quecloud.DedupState, error) {
	return quecloud.DedupClaimed, nil
}
func (s panickyStore) Settle(context.Context, string, bool) error { panic(s.cause) }

// Not parallel: it sets what a panic with nil does.
func TestStoreThatPanicsLeavesTheFunctionsResult(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1")
	for _, n := range notifications {
		for _, cause := range []any{"store down", errors.New("store down"), nil} {
			var log bytes.Buffer
			opts := []quecloud.HandlerOption{quecloud.WithDeduplication(panickyStore{cause}),
				quecloud.WithCallbackLogger(slog.New(slog.NewTextHandler(&log, nil)))}
			w := deliver(n.handler(handled, opts...), delivery(n.body))
			assert.Equal(t, n.success, w.Body.String(), "%v: what has been done is not to be delivered again", cause)
			assert.Contains(t, log.String(), "not recorded")
			assert.Contains(t, log.String(), "dedup_test.go", "the stack of the panic")
			log.Reset()
			w = deliver(n.handler(func(context.Context) error { return errors.New("not now") }, opts...), delivery(n.body))
			n.refused(t, w, 500, "retry later")
			assert.Contains(t, log.String(), "not now")
			assert.Contains(t, log.String(), "handled=false")
		}
	}
}

func TestMemoryDedupForgetsTheOldest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := quecloud.NewMemoryDedup(2, time.Hour)
		claim := func(key string) quecloud.DedupState {
			state, err := m.Claim(t.Context(), key)
			require.NoError(t, err)
			return state
		}
		settle := func(key string, handled bool) { require.NoError(t, m.Settle(t.Context(), key, handled)) }
		handle := func(key string) {
			require.Equal(t, quecloud.DedupClaimed, claim(key))
			settle(key, true)
		}
		handle("a")
		time.Sleep(40 * time.Minute)
		handle("b")
		assert.Equal(t, quecloud.DedupDone, claim("a"))
		time.Sleep(20 * time.Minute)
		assert.Equal(t, quecloud.DedupClaimed, claim("a"), "an hour has passed")
		assert.Equal(t, quecloud.DedupBusy, claim("a"))
		settle("a", false)
		assert.Equal(t, quecloud.DedupDone, claim("b"))
		handle("c")
		handle("d")
		assert.Equal(t, quecloud.DedupClaimed, claim("b"), "two others came after it")
		settle("b", false)
		assert.Equal(t, quecloud.DedupDone, claim("c"))
		assert.Equal(t, quecloud.DedupDone, claim("d"))
		assert.Equal(t, quecloud.DedupClaimed, claim("e"))
		for i := range 10 {
			handle(fmt.Sprint(i))
		}
		assert.Equal(t, quecloud.DedupBusy, claim("e"), "a claim is not forgotten, however many events come")
	})
}

func TestAnEventsKeyIsTheOneThatTheStoreGetsAndSurvivesJSON(t *testing.T) {
	t.Parallel()
	for _, body := range []string{smsReport, smsInbox} {
		store := &scriptedStore{state: quecloud.DedupClaimed}
		deliver(quecloud.NewSMSHandler(keysAgree[*quecloud.SMSEvent](t, store), quiet, quecloud.WithDeduplication(store)), delivery(body))
		assert.Equal(t, []bool{true}, store.settled)
	}
	store := &scriptedStore{state: quecloud.DedupClaimed}
	deliver(quecloud.NewOrderHandler(keysAgree[*quecloud.OrderEvent](t, store), quiet, quecloud.WithDeduplication(store)), delivery(orderDone))
	assert.Equal(t, []bool{true}, store.settled)
}

// keysAgree returns a function that compares an event's key with the claimed one, before and after the event has been JSON.
func keysAgree[P interface {
	*E
	Key() string
}, E any](t *testing.T, store *scriptedStore) func(context.Context, P) error {
	return func(_ context.Context, e P) error {
		assert.Equal(t, store.key, e.Key())
		text, err := json.Marshal(e)
		require.NoError(t, err)
		again := P(new(E))
		require.NoError(t, json.Unmarshal(text, again))
		assert.Equal(t, store.key, again.Key())
		return nil
	}
}
