package quecloud

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func retryIn(value string, more ...string) http.Header {
	header := http.Header{"Retry-After": {value}}
	for i := 0; i < len(more); i += 2 {
		header.Set(more[i], more[i+1])
	}
	return header
}

// delaysBetween returns how long after each other the attempts were made.
func delaysBetween(times []time.Time) []time.Duration {
	var delays []time.Duration
	for i := 1; i < len(times); i++ {
		delays = append(delays, times[i].Sub(times[i-1]))
	}
	return delays
}

func TestWhatIsRepeatedAndWhen(t *testing.T) {
	t.Parallel()
	lost, refusedDial := io.ErrUnexpectedEOF, errors.New("connection refused")
	const s = time.Second
	for _, tt := range []struct {
		name   string
		steps  []scriptStep
		any    []time.Duration // delays before the repetitions of calls of every kind
		safe   []time.Duration // of calls that may be repeated after they were received
		err    error           // in the end, of those; nil for success
		noneOK bool            // those that must not be repeated end without a doubt about the outcome
	}{
		{"success", []scriptStep{{body: fineAnswer}}, nil, nil, nil, true},
		{"no connection, then success", []scriptStep{{unsent: refusedDial}, {body: fineAnswer}}, []time.Duration{0}, []time.Duration{0}, nil, true},
		{"no connection at all", []scriptStep{{unsent: refusedDial}}, []time.Duration{0, 0, 0}, []time.Duration{0, 0, 0}, refusedDial, true},
		{"a lost answer", []scriptStep{{err: lost}, {body: fineAnswer}}, nil, []time.Duration{0}, nil, false},
		{"no connection, then a lost answer", []scriptStep{{unsent: refusedDial}, {err: lost}, {body: fineAnswer}}, []time.Duration{0}, []time.Duration{0, 0}, nil, false},
		{"500", []scriptStep{{status: 500}, {body: fineAnswer}}, nil, []time.Duration{0}, nil, false},
		{"503 that says when", []scriptStep{{status: 503, header: retryIn("7")}, {body: fineAnswer}}, nil, []time.Duration{7 * s}, nil, false},
		{"503 with a page", []scriptStep{{status: 503, body: htmlPage}, {body: fineAnswer}}, nil, []time.Duration{0}, nil, false},
		{"429", []scriptStep{{status: 429}, {body: fineAnswer}}, []time.Duration{0}, []time.Duration{0}, nil, true},
		{"429 with a refusal", []scriptStep{{status: 429, body: `{"resultCode":9}`}, {body: fineAnswer}}, []time.Duration{0}, []time.Duration{0}, nil, true},
		{"429 that says when in seconds", []scriptStep{{status: 429, header: retryIn("7")}, {status: 429, header: retryIn("60")}, {body: fineAnswer}},
			[]time.Duration{7 * s, 60 * s}, []time.Duration{7 * s, 60 * s}, nil, true},
		{"429 that says when by a date", []scriptStep{{status: 429, header: retryIn("Thu, 01 May 2025 10:00:30 GMT", "Date", "Thu, 01 May 2025 10:00:00 GMT")}, {body: fineAnswer}},
			[]time.Duration{30 * s}, []time.Duration{30 * s}, nil, true},
		{"429 with a date that is past", []scriptStep{{status: 429, header: retryIn("Thu, 01 May 2025 09:00:00 GMT", "Date", "Thu, 01 May 2025 10:00:00 GMT")}, {body: fineAnswer}},
			[]time.Duration{0}, []time.Duration{0}, nil, true},
		{"429 with a date and nothing but the own clock to compare it to", []scriptStep{{status: 429, header: retryIn("Sat, 01 Jan 2000 00:00:20 GMT")}, {body: fineAnswer}},
			[]time.Duration{20 * s}, []time.Duration{20 * s}, nil, true},
		{"429 with a date far off", []scriptStep{{status: 429, header: retryIn("Thu, 01 May 2025 10:00:00 GMT")}, {body: fineAnswer}}, nil, nil, &ResponseError{}, true},
		{"429 with blanks", []scriptStep{{status: 429, header: retryIn(" 7 ")}, {body: fineAnswer}}, []time.Duration{7 * s}, []time.Duration{7 * s}, nil, true},
		{"429 that asks for longer than there are numbers", []scriptStep{{status: 429, header: retryIn("99999999999999999999")}, {body: fineAnswer}}, nil, nil, &ResponseError{}, true},
		{"408", []scriptStep{{status: 408}, {body: fineAnswer}}, nil, nil, &ResponseError{}, false},
		{"429 with nonsense", []scriptStep{{status: 429, header: retryIn("soon")}, {body: fineAnswer}}, []time.Duration{0}, []time.Duration{0}, nil, true},
		{"429 with less than nothing", []scriptStep{{status: 429, header: retryIn("-5")}, {body: fineAnswer}}, []time.Duration{0}, []time.Duration{0}, nil, true},
		{"429 that asks for too long", []scriptStep{{status: 429, header: retryIn("61")}, {body: fineAnswer}}, nil, nil, &ResponseError{}, true},
		{"429 that asks for ever", []scriptStep{{status: 429, header: retryIn("99999999999")}, {body: fineAnswer}}, nil, nil, &ResponseError{}, true},
		{"429 again and again", []scriptStep{{status: 429, header: retryIn("1")}}, []time.Duration{s, s, s}, []time.Duration{s, s, s}, &ResponseError{}, true},
		{"a lost answer, then 429", []scriptStep{{err: lost}, {status: 429, header: retryIn("2")}, {body: fineAnswer}}, nil, []time.Duration{0, 2 * s}, nil, false},
		{"400", []scriptStep{{status: 400}, {body: fineAnswer}}, nil, nil, &ResponseError{}, false},
		{"401", []scriptStep{{status: 401}, {body: fineAnswer}}, nil, nil, &ResponseError{}, true},
		{"a page", []scriptStep{{body: htmlPage}, {body: fineAnswer}}, nil, nil, &ResponseError{}, false},
		{"a refusal", []scriptStep{{body: `{"resultCode":1}`}, {body: fineAnswer}}, nil, nil, &APIError{}, true},
		{"a certificate that is not to be trusted", []scriptStep{{unsent: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}}, nil, nil, &tls.CertificateVerificationError{}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, kind := range kindCalls {
				synctest.Test(t, func(t *testing.T) {
					client, script := newScripted(t, tt.steps)
					err := kind.call(t.Context(), client)
					want := tt.any
					if kind.repeatable {
						want = tt.safe
						requireSameError(t, tt.err, err)
						assert.Equal(t, kind.name != "read" && err != nil && !tt.noneOK, errors.Is(err, ErrOutcomeUnknown), "%s: %v", kind.name, err)
					} else {
						assert.Equal(t, !tt.noneOK, errors.Is(err, ErrOutcomeUnknown), "%s: %v", kind.name, err)
					}
					assert.Equal(t, want, delaysBetween(script.times), kind.name)
				})
			}
		})
	}
}

func TestTheErrorSaysHowOftenItWasTriedAndHowLongToWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := newScripted(t, []scriptStep{{status: 429, header: retryIn("1")}, {status: 429, header: retryIn("100")}})
		err := readOnce(t.Context(), client)
		bad, ok := errors.AsType[*ResponseError](err)
		require.True(t, ok)
		assert.Equal(t, 100*time.Second, bad.RetryAfter)
		assert.EqualError(t, err, "quecloud: sms.monthcount: bad response with HTTP status 429: it has no resultCode: a server in front of the platform seems to have sent it; it asks to wait for 1m40s (after 2 attempts)")

		client, _ = newScripted(t, []scriptStep{{status: 429, header: retryIn("100")}})
		assert.NotContains(t, readOnce(t.Context(), client).Error(), "attempts")
	})
}

// requireSameError checks that err is want, or has one of its type.
func requireSameError(t *testing.T, want, err error) {
	t.Helper()
	switch want.(type) { //nolint:errorlint // want is made by the test, and wraps nothing
	case nil:
		require.NoError(t, err)
	case *ResponseError:
		require.ErrorAs(t, err, new(*ResponseError))
	case *APIError:
		require.ErrorAs(t, err, new(*APIError))
	case *tls.CertificateVerificationError:
		require.ErrorAs(t, err, new(*tls.CertificateVerificationError))
	default:
		require.ErrorIs(t, err, want)
	}
}

func TestBackoffGrowsWithinItsBounds(t *testing.T) {
	t.Parallel()
	p := RetryPolicy{MaxAttempts: 9, BaseDelay: 100 * time.Millisecond, MaxDelay: 300 * time.Millisecond}
	for n, bound := range map[int]int{1: 100, 2: 200, 3: 300, 4: 300, 99: 300} {
		longest, shortest := time.Duration(0), time.Hour
		for range 2000 {
			d := p.backoff(n)
			require.GreaterOrEqual(t, d, time.Duration(0))
			longest, shortest = max(longest, d), min(shortest, d)
		}
		assert.LessOrEqual(t, longest, time.Duration(bound)*time.Millisecond)
		assert.Greater(t, longest, time.Duration(bound)*time.Millisecond*95/100, "the whole range is used")
		assert.Less(t, shortest, time.Duration(bound)*time.Millisecond*5/100, "and with it short delays")
	}
	forever := RetryPolicy{MaxAttempts: 99, BaseDelay: time.Second, MaxDelay: math.MaxInt64}
	for n := range 99 {
		assert.GreaterOrEqual(t, forever.backoff(n), time.Duration(0))
	}
	assert.Zero(t, RetryPolicy{MaxAttempts: 2}.backoff(5))
}

func TestBackoffIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, s := newScripted(t, []scriptStep{{status: 503}}, WithRetry(RetryPolicy{MaxAttempts: 20, BaseDelay: time.Second, MaxDelay: 4 * time.Second}))
		require.Error(t, readOnce(t.Context(), client))
		delays := delaysBetween(s.times)
		require.Len(t, delays, 19)
		total := time.Duration(0)
		for _, d := range delays {
			assert.LessOrEqual(t, d, 4*time.Second)
			total += d
		}
		assert.Greater(t, total, 10*time.Second)
	})
}

func TestACallThatCannotBeRepeatedInTimeEndsAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, s := newScripted(t, []scriptStep{{status: 429, header: retryIn("10")}})
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
		defer cancel()
		start := time.Now()
		err := readOnce(ctx, client)
		require.ErrorAs(t, err, new(*ResponseError))
		assert.NotErrorIs(t, err, context.DeadlineExceeded)
		assert.Zero(t, time.Since(start))
		assert.Equal(t, 1, s.tries)
	})
}

func TestACallThatIsGivenUpWhileItWaitsKeepsItsDoubt(t *testing.T) {
	t.Parallel()
	for _, kind := range kindCalls {
		synctest.Test(t, func(t *testing.T) {
			client, s := newScripted(t, []scriptStep{{err: io.ErrUnexpectedEOF}, {body: fineAnswer}},
				WithRetry(RetryPolicy{MaxAttempts: 2, BaseDelay: 10000 * time.Hour, MaxDelay: 10000 * time.Hour}))
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			err := kind.call(ctx, client)
			assert.Equal(t, 1, s.tries)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			assert.Equal(t, kind.name != "read", errors.Is(err, ErrOutcomeUnknown), kind.name)
			if kind.repeatable {
				require.ErrorIs(t, err, context.Canceled)
				require.ErrorContains(t, err, "waiting to retry")
			}
		})
	}
}

func TestTheBudgetIsSharedAndBoundsRepetitions(t *testing.T) {
	t.Parallel()
	client, s := newScripted(t, []scriptStep{{status: 503}})
	copied, err := client.With(WithUserAgent("x"))
	require.NoError(t, err)
	for i := range 200 {
		require.Error(t, readOnce(t.Context(), []*Client{client, copied}[i%2]))
	}
	assert.Equal(t, 200+100, s.tries, "a full budget pays for 100 repetitions of all clients")

	s.steps = []scriptStep{{body: fineAnswer}}
	for range 9 {
		require.NoError(t, readOnce(t.Context(), copied))
	}
	s.steps = []scriptStep{{status: 503}}
	s.tries = 0
	require.Error(t, readOnce(t.Context(), client))
	require.Error(t, readOnce(t.Context(), client))
	assert.Equal(t, 2+1, s.tries, "9 successes earn one repetition, and not two")
}

func TestTheBudgetIsNeverMoreThanFull(t *testing.T) {
	t.Parallel()
	var b retryBudget
	b.tokens.Store(maxTokens - 1)
	b.earn()
	b.earn()
	assert.EqualValues(t, maxTokens, b.tokens.Load())
	b.tokens.Store(retryCost - 1)
	assert.False(t, b.spend())
	assert.EqualValues(t, retryCost-1, b.tokens.Load())
}

type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

func TestTheLimiterIsAskedBeforeEveryAttempt(t *testing.T) {
	t.Parallel()
	asked, s := 0, (*scripted)(nil)
	var client *Client
	client, s = newScripted(t, []scriptStep{{status: 503}, {status: 503}, {body: fineAnswer}}, WithLimiter(limiterFunc(func(context.Context) error {
		assert.Equal(t, asked, s.tries)
		asked++
		return nil
	})))
	require.NoError(t, readOnce(t.Context(), client))
	assert.Equal(t, 3, asked)
}

func TestALimitersErrorEndsTheCallUnsent(t *testing.T) {
	t.Parallel()
	enough := errors.New("enough for today")
	t.Run("at first", func(t *testing.T) {
		t.Parallel()
		for _, kind := range kindCalls {
			client, s := newScripted(t, []scriptStep{{body: fineAnswer}}, WithLimiter(limiterFunc(func(context.Context) error { return enough })))
			err := kind.call(t.Context(), client)
			require.ErrorIs(t, err, enough)
			require.ErrorContains(t, err, "not sent, because the limiter says so")
			assert.NotErrorIs(t, err, ErrOutcomeUnknown)
			assert.Zero(t, s.tries)
		}
	})
	t.Run("before a retry", func(t *testing.T) {
		t.Parallel()
		asked := 0
		client, s := newScripted(t, []scriptStep{{err: io.ErrUnexpectedEOF}, {body: fineAnswer}}, WithLimiter(limiterFunc(func(context.Context) error {
			if asked++; asked > 1 {
				return enough
			}
			return nil
		})))
		err := readOnce(t.Context(), client)
		require.ErrorIs(t, err, enough)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "what happened before is not forgotten")
		assert.Equal(t, 1, s.tries)
	})
}

// A limiter that does not end with the context sends nothing after its end, and leaves no doubt.
func TestALimiterThatOutlivesTheContextLeavesNoDoubt(t *testing.T) {
	t.Parallel()
	for _, kind := range kindCalls {
		ctx, cancel := context.WithCancel(t.Context())
		client, s := newScripted(t, []scriptStep{{body: fineAnswer}}, WithLimiter(limiterFunc(func(context.Context) error {
			cancel()
			return nil
		})))
		err := kind.call(ctx, client)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "not sent")
		assert.NotErrorIs(t, err, ErrOutcomeUnknown)
		assert.Zero(t, s.tries)
	}
}

// Only a client that has opted in sends a purchase again that the platform may have received, only under an ExternalID, and
// not at once.
func TestRetryOfPurchasesIsOptIn(t *testing.T) {
	t.Parallel()
	const after = 20 * time.Second
	lost := scriptStep{err: io.ErrUnexpectedEOF}
	refused := scriptStep{body: `{"resultCode":5,"errorMessage":"重复订单"}`}
	for name, tt := range map[string]struct {
		kind   int // in kindCalls
		params *RechargeParams
		steps  []scriptStep
		delays []time.Duration
		err    bool
		doubt  bool
	}{
		"lost, then bought":      {kind: 3, steps: []scriptStep{lost, {body: fineAnswer}}, delays: []time.Duration{after}},
		"504, then bought":       {kind: 3, steps: []scriptStep{{status: 504}, {body: fineAnswer}}, delays: []time.Duration{after}},
		"lost again and again":   {kind: 3, steps: []scriptStep{lost}, delays: []time.Duration{after, after, after}, err: true, doubt: true},
		"lost, then refused":     {kind: 3, steps: []scriptStep{lost, refused}, delays: []time.Duration{after}, err: true, doubt: true},
		"lost, then not sent":    {kind: 3, steps: []scriptStep{lost, {unsent: io.EOF}, {body: fineAnswer}}, delays: []time.Duration{after, after}},
		"lost, then 429":         {kind: 3, steps: []scriptStep{lost, {status: 429, header: retryIn("2")}, {body: fineAnswer}}, delays: []time.Duration{after, after}},
		"503 that asks for more": {kind: 3, steps: []scriptStep{{status: 503, header: retryIn("30")}, {body: fineAnswer}}, delays: []time.Duration{30 * time.Second}},
		"refused with an order":  {kind: 3, steps: []scriptStep{{status: 500, body: `{"resultCode":5,"orderNo":"R1"}`}}, err: true, doubt: true},
		"a page":                 {kind: 3, steps: []scriptStep{{body: htmlPage}}, err: true, doubt: true},
		"not sent":               {kind: 3, steps: []scriptStep{{unsent: io.EOF}, {body: fineAnswer}}, delays: []time.Duration{0}},
		"without an ExternalID":  {kind: 2, steps: []scriptStep{lost}, err: true, doubt: true},
		"another change":         {kind: 1, steps: []scriptStep{lost}, err: true, doubt: true},
		"only to be verified":    {kind: -1, steps: []scriptStep{lost}, err: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, s := newScripted(t, tt.steps, WithRetry(RetryPolicy{MaxAttempts: 4, MaxRetryAfter: time.Minute, RetryPurchasesAfter: after}))
				call := func(ctx context.Context, c *Client) error {
					_, err := c.Orders.Recharge(ctx, &RechargeParams{ICCID: testICCID, ProductID: 50, ProductName: "30M", ExternalID: "o", Preverify: true})
					return err
				}
				if tt.kind >= 0 {
					call = kindCalls[tt.kind].call
				}
				err := call(t.Context(), client)
				assert.Equal(t, tt.err, err != nil, "%v", err)
				assert.Equal(t, tt.doubt, errors.Is(err, ErrOutcomeUnknown), "%v", err)
				assert.Equal(t, tt.delays, delaysBetween(s.times))
				if tt.doubt && tt.kind == 3 {
					require.ErrorContains(t, err, `look with Orders.Find for ExternalID "order-1" before trying again`)
				}
			})
		})
	}
}

// A platform that refuses an order as a duplicate may have it from an earlier call, or from another process.
func TestARefusedPurchaseSaysWhereToLook(t *testing.T) {
	t.Parallel()
	for i, says := range map[int]bool{2: false, 3: true} {
		client, _ := newScripted(t, []scriptStep{{body: `{"resultCode":5,"errorMessage":"重复订单"}`}})
		err := kindCalls[i].call(t.Context(), client)
		require.ErrorAs(t, err, new(*APIError))
		assert.NotErrorIs(t, err, ErrOutcomeUnknown)
		assert.Equal(t, says, strings.Contains(err.Error(), `if ExternalID "order-1" was ever sent before, look with Orders.Find`), err)
	}
}

// Codes of which the user has learnt that they mean "not done, try later" are retried for what reads or sets a state.
func TestRetryOfCodesThatMeanNotDone(t *testing.T) {
	t.Parallel()
	for _, kind := range kindCalls {
		client, s := newScripted(t, []scriptStep{{body: `{"resultCode":77}`}}, WithRetry(RetryPolicy{MaxAttempts: 3, NotDoneCodes: []int{76, 77}}))
		err := kind.call(t.Context(), client)
		require.ErrorAs(t, err, new(*APIError))
		assert.NotErrorIs(t, err, ErrOutcomeUnknown)
		want := 1
		if kind.name == "read" || kind.name == "set" {
			want = 3
		}
		assert.Equal(t, want, s.tries, kind.name)

		client, s = newScripted(t, []scriptStep{{body: `{"resultCode":78}`}}, WithRetry(RetryPolicy{MaxAttempts: 3, NotDoneCodes: []int{76, 77}}))
		require.Error(t, kind.call(t.Context(), client))
		assert.Equal(t, 1, s.tries, kind.name)

		client, s = newScripted(t, []scriptStep{{status: 500, body: `{"resultCode":77}`}}, WithRetry(RetryPolicy{MaxAttempts: 3, NotDoneCodes: []int{77}}))
		err = kind.call(t.Context(), client)
		assert.Equal(t, kind.name != "read", errors.Is(err, ErrOutcomeUnknown), "%s: a 500 may come after the effect", kind.name)
		assert.Equal(t, map[bool]int{true: 3, false: 1}[kind.name == "read"], s.tries, kind.name)
	}
}

// One refusal that passes does not end a sweep, wherever it comes.
func TestRetryOfCodesThatMeanNotDoneKeepsSweepsGoing(t *testing.T) {
	t.Parallel()
	page := func(number int, rows string) scriptStep {
		return scriptStep{body: fmt.Sprintf(`{"resultCode":0,"page":{"page":%d,"pageSize":1,"totalCount":2,"totalPage":2},"cards":[%s]}`, number, rows)}
	}
	busy := scriptStep{body: `{"resultCode":77}`}
	client, _ := newScripted(t, []scriptStep{
		busy, page(1, `{"iccid":"8986031749203860001"}`), busy, busy, page(2, `{"iccid":"8986031749203860002"}`), busy, page(3, ""),
	}, WithRetry(RetryPolicy{MaxAttempts: 3, NotDoneCodes: []int{77}}))
	var got []string
	for card, err := range client.Cards.All(t.Context(), &CardListParams{PageSize: 1}, Concurrency(1)) {
		require.NoError(t, err)
		got = append(got, card.ICCID)
	}
	assert.Equal(t, []string{"8986031749203860001", "8986031749203860002"}, got)
}

// Beyond the announced end a refusal is the end, but not one that passes, nor one of a client that may not call at all.
func TestSweepDoesNotTakeEveryRefusalForItsEnd(t *testing.T) {
	t.Parallel()
	full := scriptStep{body: `{"resultCode":0,"page":{"page":1,"pageSize":1,"totalCount":1,"totalPage":1},"cards":[{"iccid":"8986031749203860001"}]}`}
	for code, ends := range map[int]bool{1: true, 77: false, 70031: false} {
		client, _ := newScripted(t, []scriptStep{full, {body: fmt.Sprintf(`{"resultCode":%d}`, code)}},
			WithRetry(RetryPolicy{MaxAttempts: 2, NotDoneCodes: []int{77}}))
		var failed error
		for _, err := range client.Cards.All(t.Context(), &CardListParams{PageSize: 1}, Concurrency(1)) {
			failed = errors.Join(failed, err)
		}
		assert.Equal(t, ends, failed == nil, "code %d: %v", code, failed)
	}
}

func TestAPolicyWithOneAttemptRepeatsNothing(t *testing.T) {
	t.Parallel()
	for _, step := range []scriptStep{{unsent: io.EOF}, {err: io.EOF}, {status: 429}, {status: 500}} {
		client, s := newScripted(t, []scriptStep{step}, WithRetry(RetryPolicy{MaxAttempts: 1}))
		require.Error(t, readOnce(t.Context(), client))
		assert.Equal(t, 1, s.tries)
	}
}

func TestBadRetryPoliciesAreRefused(t *testing.T) {
	t.Parallel()
	for _, p := range []RetryPolicy{
		{}, {MaxAttempts: -1}, {MaxAttempts: 2, BaseDelay: -1}, {MaxAttempts: 2, MaxDelay: -1}, {MaxAttempts: 2, MaxRetryAfter: -1},
		{MaxAttempts: 2, BaseDelay: 2, MaxDelay: 1}, {MaxAttempts: 2, RetryPurchasesAfter: -1},
		{MaxAttempts: 2, RetryPurchasesAfter: time.Second - 1}, {MaxAttempts: 2, NotDoneCodes: []int{1, 0}},
		{MaxAttempts: 2, NotDoneCodes: []int{70031}},
	} {
		_, err := NewClient("a", "b", WithRetry(p))
		require.ErrorAs(t, err, new(*ParamError), "%+v", p)
	}
	assert.Empty(t, DefaultRetryPolicy().check())
}

func TestRetryOfPurchasesIsForPurchases(t *testing.T) {
	t.Parallel()
	client, s := newScripted(t, []scriptStep{{status: 504}}, WithRetry(RetryPolicy{MaxAttempts: 4, RetryPurchasesAfter: time.Second}))
	err := client.Call(t.Context(), "fc.function.new", map[string]string{"externalId": "order-1"}, nil)
	require.ErrorIs(t, err, ErrOutcomeUnknown)
	assert.Equal(t, 1, s.tries)
}
