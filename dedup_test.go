package quecloud_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	"github.com/quecloud/quecloud-go/internal/selftest"
)

func TestDedupHandlesEachEventOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	handled := map[string]int{}
	count := func(id string) error {
		mu.Lock()
		defer mu.Unlock()
		handled[id]++
		return nil
	}
	onSMS := func(_ context.Context, e *quecloud.SMSEvent) error { return count(e.SMSID) }
	onOrder := func(_ context.Context, e *quecloud.OrderEvent) error { return count(e.OrderNo) }
	sms := quecloud.NewSMSHandler(onSMS, selftest.Quiet, selftest.Dedup())
	order := quecloud.NewOrderHandler(onOrder, selftest.Quiet, selftest.Dedup())
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range 1000 {
		wg.Go(func() {
			<-start
			id := fmt.Sprint("E", i%100)
			h, body := sms, strings.Replace(selftest.SMSReport, "YkSzqc66fIE0umbCVD6w", id, 1)
			if i%2 == 1 {
				h, body = order, strings.Replace(selftest.OrderDone, "CZ20261103000017", id, 1)
			}
			assert.Equal(t, 200, selftest.SendCallback(h, body).Code)
		})
	}
	close(start)
	wg.Wait()
	assert.Len(t, handled, 100)
	for id, times := range handled {
		assert.Equal(t, 1, times, id)
	}
}

func TestDedupHandlesAFailedEventAgain(t *testing.T) {
	selftest.ForEachCallback(t, func(t *testing.T, kind selftest.Callback) {
		calls := 0
		h := kind.Handler(func(context.Context) error {
			calls++
			switch calls {
			case 1:
				return errors.New("not now")
			case 2:
				panic("not now")
			}
			return nil
		}, selftest.Dedup())
		for _, want := range []int{500, 500, 200, 200, 200} {
			assert.Equal(t, want, selftest.SendCallback(h, kind.Body).Code)
		}
		assert.Equal(t, 3, calls)
	})
}

// The function may end its goroutine, as FailNow of a test does. The event must not stay claimed.
func TestDedupFunctionThatEndsItsGoroutineHasFailed(t *testing.T) {
	t.Parallel()
	kind, calls := selftest.SMSCallback, 0
	h := kind.Handler(func(context.Context) error {
		if calls++; calls == 1 {
			runtime.Goexit()
		}
		return nil
	}, selftest.Dedup())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		selftest.SendCallback(h, kind.Body)
	}()
	<-ended
	assert.Equal(t, 200, selftest.SendCallback(h, kind.Body).Code)
	assert.Equal(t, 2, calls)
}

func TestDedupTellsEventsApart(t *testing.T) {
	t.Parallel()
	cases := []struct {
		kind     selftest.Callback
		base     string
		old, new string
		same     bool
	}{
		{selftest.SMSCallback, selftest.SMSReport, `"report"`, `"inbox"`, false},
		{selftest.SMSCallback, selftest.SMSReport, "YkSzqc66fIE0umbCVD6w", "x", false},
		{selftest.SMSCallback, selftest.SMSReport, "1064991300001", "1064991300002", false},
		{selftest.SMSCallback, selftest.SMSReport, "89860391749203860001", "89860391749203860002", false},
		{selftest.SMSCallback, selftest.SMSReport, `0001","iccid":"89`, `00018","iccid":"9`, false},
		{selftest.SMSCallback, selftest.SMSReport, `"200"`, `400`, false},
		{selftest.SMSCallback, selftest.SMSReport, `"200"`, `200`, true},
		{selftest.SMSCallback, selftest.SMSReport, `送达`, `已送达`, true},
		{selftest.SMSCallback, selftest.SMSInbox, "21.5", "21.6", false},
		{selftest.SMSCallback, selftest.SMSInbox, "09:15:00", "09:15:01", false},
		{selftest.SMSCallback, selftest.SMSInbox, "2026-11-03 09:15:00", "20261103091500", true},
		{selftest.OrderCallback, selftest.OrderDone, "CZ20261103000017", "CZ20261103000018", false},
		{selftest.OrderCallback, selftest.OrderDone, `"订单完成","orderStatus":1`, `"订单失败","orderStatus":-1`, false},
		{selftest.OrderCallback, selftest.OrderDone, "11:47:57", "11:48:57", true},
	}
	for _, c := range cases {
		calls := 0
		h := c.kind.Handler(func(context.Context) error { calls++; return nil }, selftest.Dedup())
		changed := strings.Replace(c.base, c.old, c.new, 1)
		require.NotEqual(t, c.base, changed)
		for _, body := range []string{c.base, changed, changed} {
			assert.Equal(t, 200, selftest.SendCallback(h, body).Code)
		}
		assert.Equal(t, map[bool]int{true: 1, false: 2}[c.same], calls, "%s → %s", c.old, c.new)
	}
}

// A scriptedStore returns a state for claims, and records its calls.
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

func TestDedupStoreDecidesWhetherTheFunctionRuns(t *testing.T) {
	selftest.ForEachCallback(t, func(t *testing.T, kind selftest.Callback) {
		run := func(store quecloud.DedupStore, err error) (calls int, w *httptest.ResponseRecorder) {
			ctx, leave := context.WithCancel(t.Context())
			h := kind.Handler(func(context.Context) error {
				calls++
				leave()
				return err
			}, quecloud.WithDeduplication(store))
			return calls, selftest.Serve(h, selftest.CallbackRequest(kind.Body).WithContext(ctx))
		}

		calls, w := 0, (*httptest.ResponseRecorder)(nil)
		done := &scriptedStore{state: quecloud.DedupDone}
		calls, w = run(done, nil)
		assert.Equal(t, kind.Success, w.Body.String())
		assert.Zero(t, calls)
		assert.Empty(t, done.settled)

		busy := &scriptedStore{state: quecloud.DedupBusy}
		for _, store := range []quecloud.DedupStore{busy, &scriptedStore{}, selftest.BrokenStore{}} {
			calls, w = run(store, nil)
			kind.AssertRejected(t, w, 500, "retry later")
			assert.Zero(t, calls)
		}

		good := &scriptedStore{state: quecloud.DedupClaimed}
		_, w = run(good, nil)
		assert.Equal(t, kind.Success, w.Body.String())
		assert.Equal(t, []bool{true}, good.settled)
		assert.NoError(t, good.settleCtx, "a claim is settled although the sender has disconnected")
		assert.LessOrEqual(t, len(good.key), 70)

		bad := &scriptedStore{state: quecloud.DedupClaimed}
		_, w = run(bad, errors.New("not now"))
		kind.AssertRejected(t, w, 500, "retry later")
		assert.Equal(t, []bool{false}, bad.settled)
	})
}

func TestDedupSuccessStandsIfSettleFails(t *testing.T) {
	selftest.ForEachCallback(t, func(t *testing.T, kind selftest.Callback) {
		var log bytes.Buffer
		h := kind.Handler(selftest.Handled,
			quecloud.WithDeduplication(&scriptedStore{state: quecloud.DedupClaimed, settleErr: errors.New("store down")}),
			selftest.LogTo(&log))
		assert.Equal(t, kind.Success, selftest.SendCallback(h, kind.Body).Body.String())
		assert.Contains(t, log.String(), "store down")
	})
}

// A panickyStore claims every key and panics when it settles one.
type panickyStore struct{ cause any }

func (panickyStore) Claim(context.Context, string) (quecloud.DedupState, error) {
	return quecloud.DedupClaimed, nil
}

func (s panickyStore) Settle(context.Context, string, bool) error { panic(s.cause) }

// Not parallel: it changes what a panic with nil does.
func TestDedupResultStandsIfTheStorePanics(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1")
	for _, kind := range selftest.Callbacks {
		for _, cause := range []any{"store down", errors.New("store down"), nil} {
			var log bytes.Buffer
			opts := []quecloud.HandlerOption{quecloud.WithDeduplication(panickyStore{cause}), selftest.LogTo(&log)}
			w := selftest.SendCallback(kind.Handler(selftest.Handled, opts...), kind.Body)
			assert.Equal(t, kind.Success, w.Body.String(), "%v: the event has been handled", cause)
			assert.Contains(t, log.String(), "not recorded")
			assert.Contains(t, log.String(), "dedup_test.go", "the stack of the panic")
			log.Reset()
			fail := func(context.Context) error { return errors.New("not now") }
			w = selftest.SendCallback(kind.Handler(fail, opts...), kind.Body)
			kind.AssertRejected(t, w, 500, "retry later")
			assert.Contains(t, log.String(), "not now")
			assert.Contains(t, log.String(), "handled=false")
		}
	}
}

func TestDedupMemoryForgetsTheOldest(t *testing.T) {
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

func TestDedupKeyIsTheEventsKey(t *testing.T) {
	t.Parallel()
	for _, body := range []string{selftest.SMSReport, selftest.SMSInbox} {
		store := &scriptedStore{state: quecloud.DedupClaimed}
		check := keysAgree[quecloud.SMSEvent](t, store)
		selftest.SendCallback(quecloud.NewSMSHandler(check, selftest.Quiet, quecloud.WithDeduplication(store)), body)
		assert.Equal(t, []bool{true}, store.settled)
	}
	store := &scriptedStore{state: quecloud.DedupClaimed}
	check := keysAgree[quecloud.OrderEvent](t, store)
	h := quecloud.NewOrderHandler(check, selftest.Quiet, quecloud.WithDeduplication(store))
	selftest.SendCallback(h, selftest.OrderDone)
	assert.Equal(t, []bool{true}, store.settled)
}

// keysAgree returns a function that compares an event's key with the claimed one, before and after the event was JSON.
func keysAgree[E any, P interface {
	*E
	Key() string
}](t *testing.T, store *scriptedStore) func(context.Context, P) error {
	return func(_ context.Context, e P) error {
		assert.Equal(t, store.key, e.Key())
		text, err := json.Marshal(e)
		require.NoError(t, err)
		copied := P(new(E))
		require.NoError(t, json.Unmarshal(text, copied))
		assert.Equal(t, store.key, copied.Key())
		return nil
	}
}
