package selftest_test

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// Of 13 pauses in flight none is in doubt with Drain, and all are without.
func TestDrainLeavesNoPauseInDoubt(t *testing.T) {
	t.Parallel()
	drain := []quecloud.FleetOption{quecloud.Drain(5 * time.Second)}
	for name, tt := range map[string]struct {
		opts           []quecloud.FleetOption
		paused, unsure int
		took           time.Duration
	}{
		"with Drain":    {opts: drain, paused: 13, took: 3 * time.Second},
		"without Drain": {unsure: 13, took: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				srv := quecloudtest.NewUnstartedServer(quecloudtest.WithFleet(100))
				defer srv.Close()
				client := srv.Client()
				var cards []quecloud.CardID
				for card, err := range client.Cards.All(t.Context(), nil) {
					require.NoError(t, err)
					if card.Status == quecloud.CardStatusNormal {
						cards = append(cards, card.ID())
					}
				}
				srv.Inject(quecloudtest.Latency(3 * time.Second).On("fc.function.card.pause"))
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				start, paused, unsure := time.Now(), 0, 0
				opts := append(slices.Clone(tt.opts), quecloud.Concurrency(13))
				for card, err := range quecloud.Each(ctx, cards, client.Cards.Pause, opts...) {
					assert.Equal(t, cards[paused+unsure], card)
					switch {
					case err == nil:
						paused++
						state, _ := srv.Card(card.String())
						assert.NotEqual(t, quecloudtest.StatusNormal, state.Status)
					case errors.Is(err, quecloud.ErrOutcomeUnknown):
						unsure++
					default:
						assert.ErrorIs(t, err, quecloud.ErrNotStarted)
						assert.Equal(t, 13, paused+unsure, "the last one")
					}
				}
				assert.Equal(t, tt.paused, paused)
				assert.Equal(t, tt.unsure, unsure)
				assert.Equal(t, tt.took, time.Since(start))
			})
		})
	}
}

type contextKey struct{}

// Both ways to end a job early leave the running calls the same time, and start nothing more.
func TestDrainBoundsTheTimeOfRunningCalls(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		leave    bool          // the loop is left after its first outcome; otherwise its context ends then
		call     time.Duration // time that a call takes
		took     time.Duration
		finished int64 // of 5 running calls
	}{
		"context ends":                 {call: 5*time.Second - 1, took: 5*time.Second - 1, finished: 5},
		"context ends, long calls":     {call: time.Minute, took: 5 * time.Second},
		"loop is left":                 {leave: true, call: 5*time.Second - 1, took: 5*time.Second - 1, finished: 5},
		"loop is left, long calls":     {leave: true, call: time.Minute, took: 5 * time.Second},
		"context ends, calls that end": {call: time.Second, took: time.Second, finished: 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cause := errors.New("enough")
				ctx, cancel := context.WithCancelCause(context.WithValue(t.Context(), contextKey{}, "value"))
				defer cancel(nil)
				var started, finished atomic.Int64
				fn := func(ctx context.Context, i int) (string, error) {
					if i == 0 {
						return "value", nil // while 5 others run
					}
					started.Add(1)
					if err := selftest.Pause(ctx, tt.call); err != nil {
						return "", context.Cause(ctx)
					}
					finished.Add(1)
					return ctx.Value(contextKey{}).(string), nil
				}
				start, outcomes := time.Now(), 0
				opts := []quecloud.FleetOption{quecloud.Drain(5 * time.Second), quecloud.Concurrency(5)}
				for o, err := range quecloud.Map(ctx, indexes(), fn, opts...) {
					assert.Equal(t, outcomes, o.Item)
					switch outcomes++; {
					case outcomes == 7:
						assert.ErrorIs(t, err, quecloud.ErrNotStarted)
						assert.ErrorIs(t, err, cause)
					case outcomes > 1 && tt.finished == 0:
						assert.ErrorIs(t, err, cause)
						assert.ErrorContains(t, err, "enough, and 5s to finish have passed")
					default:
						assert.NoError(t, err)
						assert.Equal(t, "value", o.Result, "a call keeps the values of its context")
					}
					if tt.leave {
						break
					}
					cancel(cause)
				}
				assert.Equal(t, map[bool]int{false: 7, true: 1}[tt.leave], outcomes)
				assert.EqualValues(t, 5, started.Load())
				assert.Equal(t, tt.finished, finished.Load())
				assert.Equal(t, tt.took, time.Since(start))
			})
		})
	}
}

// indexes returns 0, 1, 2 and so on, without an end.
func indexes() func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := 0; yield(i); i++ {
		}
	}
}

// A panic in the loop's body waits for running calls too.
func TestDrainDuringAPanic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var finished atomic.Int64
		fn := func(ctx context.Context, i int) (int, error) {
			err := selftest.Pause(ctx, time.Duration(i)*time.Second)
			if err == nil {
				finished.Add(1)
			}
			return i, err
		}
		assert.PanicsWithValue(t, "mine", func() {
			for _, err := range quecloud.Map(t.Context(), indexes(), fn, quecloud.Drain(time.Minute), quecloud.Concurrency(3)) {
				require.NoError(t, err)
				panic("mine")
			}
		})
		assert.EqualValues(t, 4, finished.Load(), "the first, and three that were running")
	})
}

// The batch that is under way finishes, and the cards behind it are not started.
func TestDrainOfBatchCalls(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opts     []quecloud.FleetOption
		call     time.Duration
		took     time.Duration
		outcomes []string
	}{
		"with Drain": {
			[]quecloud.FleetOption{quecloud.Drain(5 * time.Second)}, 3 * time.Second, 3 * time.Second,
			slices.Concat(times(834, "done"), times(1666, "not started")),
		},
		"with Drain, a long call": {
			[]quecloud.FleetOption{quecloud.Drain(5 * time.Second)}, time.Minute, 6 * time.Second,
			slices.Concat(times(834, "unknown"), times(1666, "not started")),
		},
		"without Drain": {
			nil, 3 * time.Second, time.Second, slices.Concat(times(834, "unknown"), times(1666, "not started")),
		},
	} {
		for method := range batchCalls(nil, nil) {
			t.Run(name+", "+method, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					platform := selftest.FuncPlatform(func(ctx context.Context, form url.Values) any {
						if err := selftest.Pause(ctx, tt.call); err != nil {
							return err
						}
						numbers := strings.Split(form.Get("msisdns")+form.Get("msisdn"), ",")
						return selftest.Object{"resultCode": 0, "successList": rowsOf(numbers), "success": numbers}
					})
					ctx, cancel := context.WithCancel(t.Context())
					time.AfterFunc(time.Second, cancel)
					start := time.Now()
					client := platform.Client(t, selftest.NoRetry)
					numbers, outcomes := batchCalls(client, msisdns(2500), tt.opts...)[method](t, ctx)
					assert.Equal(t, msisdns(2500), numbers)
					assert.Equal(t, tt.outcomes, outcomes)
					assert.Equal(t, tt.took, time.Since(start))
					assert.Equal(t, 1, platform.Attempts())
				})
			})
		}
	}
}
