package quecloud_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// The payload counts in Client.Call as well, whatever the result.
func TestRetryNeedsARefusalWithoutAPayload(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		method, more string
		params       map[string]string
		tries        int
	}{
		{method: "fc.function.card.alarm", more: `,"success":["1"]`, tries: 1},
		{method: "fc.function.card.recharge", more: `,"orderNo":"R1"`, tries: 1},
		{method: "fc.function.new", more: `,"data":{"done":3}`, tries: 1},
		{method: "fc.function.card.pause", more: ``, tries: 4},
		{method: "fc.function.card.pause", more: `,"data":null,"list":[],"x":"","n":0,"b":false,"o":{}`, tries: 4},
		{method: "fc.function.card.info", more: `,"traceId":"7"`, tries: 4},
	} {
		for _, result := range []any{nil, new(struct{ Other string }), new(struct{ Success []string })} {
			client, s := selftest.Scripted(t, []selftest.Step{{Status: 429, Body: `{"resultCode":1` + tt.more + `}`}})
			require.ErrorAs(t, client.Call(t.Context(), tt.method, tt.params, result), new(*quecloud.APIError))
			assert.Equal(t, tt.tries, s.Attempts(), "%s %s into %T", tt.method, tt.more, result)
		}
	}
}

func TestRetryWhatAndWhen(t *testing.T) {
	t.Parallel()
	lost, noConnection := io.ErrUnexpectedEOF, errors.New("connection refused")
	success := selftest.Step{Body: selftest.Success}
	busy := func(retryAfter string, more ...string) selftest.Step {
		return selftest.Step{Status: 429, Header: selftest.RetryAfter(retryAfter, more...)}
	}
	bad := &quecloud.ResponseError{}
	const s = time.Second
	type (
		steps  = []selftest.Step
		delays = []time.Duration
	)
	for _, tt := range []struct {
		name  string
		steps steps
		all   delays // delays before retries of calls of all kinds
		reads delays // and of those that may be retried after they arrived
		err   error  // of these in the end; nil for success
		known bool   // the outcome of the others is known
	}{
		{name: "success", steps: steps{success}, known: true},
		{
			name: "no connection, then success", steps: steps{{Unsent: noConnection}, success}, all: delays{0}, reads: delays{0},
			known: true,
		},
		{
			name: "no connection at all", steps: steps{{Unsent: noConnection}}, all: delays{0, 0, 0}, reads: delays{0, 0, 0},
			err: noConnection, known: true,
		},
		{name: "a lost response", steps: steps{{Err: lost}, success}, reads: delays{0}},
		{
			name: "no connection, then a lost response", steps: steps{{Unsent: noConnection}, {Err: lost}, success},
			all: delays{0}, reads: delays{0, 0},
		},
		{name: "500", steps: steps{{Status: 500}, success}, reads: delays{0}},
		{
			name: "503 with seconds", steps: steps{{Status: 503, Header: selftest.RetryAfter("7")}, success},
			reads: delays{7 * s},
		},
		{name: "503 with a page", steps: steps{{Status: 503, Body: selftest.HTMLPage}, success}, reads: delays{0}},
		{name: "429", steps: steps{{Status: 429}, success}, all: delays{0}, reads: delays{0}, known: true},
		{
			name: "429 with a refusal", steps: steps{{Status: 429, Body: `{"resultCode":9}`}, success}, all: delays{0},
			reads: delays{0}, known: true,
		},
		{
			name: "429 with seconds", steps: steps{busy("7"), busy("60"), success}, all: delays{7 * s, 60 * s},
			reads: delays{7 * s, 60 * s}, known: true,
		},
		{
			name:  "429 with a date",
			steps: steps{busy("Thu, 01 May 2025 10:00:30 GMT", "Date", "Thu, 01 May 2025 10:00:00 GMT"), success},
			all:   delays{30 * s}, reads: delays{30 * s}, known: true,
		},
		{
			name:  "429 with a past date",
			steps: steps{busy("Thu, 01 May 2025 09:00:00 GMT", "Date", "Thu, 01 May 2025 10:00:00 GMT"), success},
			all:   delays{0}, reads: delays{0}, known: true,
		},
		{
			name: "429 with a date and no Date to compare it with", steps: steps{busy("Sat, 01 Jan 2000 00:00:20 GMT"), success},
			all: delays{20 * s}, reads: delays{20 * s}, known: true,
		},
		{
			name: "429 with a date far off", steps: steps{busy("Thu, 01 May 2025 10:00:00 GMT"), success}, err: bad, known: true,
		},
		{name: "429 with blanks", steps: steps{busy(" 7 "), success}, all: delays{7 * s}, reads: delays{7 * s}, known: true},
		{
			name: "429 with a number beyond 64 bits", steps: steps{busy("99999999999999999999"), success}, err: bad, known: true,
		},
		{name: "408", steps: steps{{Status: 408}, success}, err: bad},
		{name: "429 with nonsense", steps: steps{busy("soon"), success}, all: delays{0}, reads: delays{0}, known: true},
		{
			name: "429 with a negative number", steps: steps{busy("-5"), success}, all: delays{0}, reads: delays{0}, known: true,
		},
		{name: "429 that asks for too long", steps: steps{busy("61"), success}, err: bad, known: true},
		{name: "429 with 3000 years", steps: steps{busy("99999999999"), success}, err: bad, known: true},
		{
			name: "429 every time", steps: steps{busy("1")}, all: delays{s, s, s}, reads: delays{s, s, s}, err: bad, known: true,
		},
		{name: "a lost response, then 429", steps: steps{{Err: lost}, busy("2"), success}, reads: delays{0, 2 * s}},
		{name: "400", steps: steps{{Status: 400}, success}, err: bad},
		{name: "401", steps: steps{{Status: 401}, success}, err: bad, known: true},
		{name: "a page", steps: steps{{Body: selftest.HTMLPage}, success}, err: bad},
		{name: "a refusal", steps: steps{{Body: `{"resultCode":1}`}, success}, err: &quecloud.APIError{}, known: true},
		{
			name:  "an untrusted certificate",
			steps: steps{{Unsent: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}},
			err:   &tls.CertificateVerificationError{}, known: true,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, kind := range selftest.Calls {
				synctest.Test(t, func(t *testing.T) {
					client, script := selftest.Scripted(t, tt.steps)
					err := kind.Do(t.Context(), client)
					want := tt.all
					if kind.Retryable {
						want = tt.reads
						requireSameError(t, tt.err, err)
						assert.Equal(t, kind.Name != "read" && err != nil && !tt.known, errors.Is(err, quecloud.ErrOutcomeUnknown),
							"%s: %v", kind.Name, err)
					} else {
						assert.Equal(t, !tt.known, errors.Is(err, quecloud.ErrOutcomeUnknown), "%s: %v", kind.Name, err)
					}
					assert.Equal(t, want, selftest.DelaysBetween(script.Times()), kind.Name)
				})
			}
		})
	}
}

func TestRetryErrorSaysAttemptsAndDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, _ := selftest.Scripted(t,
			[]selftest.Step{{Status: 429, Header: selftest.RetryAfter("1")}, {Status: 429, Header: selftest.RetryAfter("100")}})
		err := selftest.Read(t.Context(), client)
		bad, ok := errors.AsType[*quecloud.ResponseError](err)
		require.True(t, ok)
		assert.Equal(t, 100*time.Second, bad.RetryAfter)
		assert.EqualError(
			t, err,
			"quecloud: sms.monthcount: bad response with HTTP status 429: it has no resultCode: "+
				"a server in front of the platform seems to have sent it; it asks to wait for 1m40s (after 2 attempts)",
		)

		client, _ = selftest.Scripted(t, []selftest.Step{{Status: 429, Header: selftest.RetryAfter("100")}})
		assert.NotContains(t, selftest.Read(t.Context(), client).Error(), "attempts")
	})
}

// requireSameError requires that err matches want, or has its type.
func requireSameError(t *testing.T, want, err error) {
	t.Helper()
	switch want.(type) { //nolint:errorlint // want is made by the test, and wraps nothing
	case nil:
		require.NoError(t, err)
	case *quecloud.ResponseError:
		require.ErrorAs(t, err, new(*quecloud.ResponseError))
	case *quecloud.APIError:
		require.ErrorAs(t, err, new(*quecloud.APIError))
	case *tls.CertificateVerificationError:
		require.ErrorAs(t, err, new(*tls.CertificateVerificationError))
	default:
		require.ErrorIs(t, err, want)
	}
}

func TestRetryWaitsForTheBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, s := selftest.Scripted(t, []selftest.Step{{Status: 503}},
			quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 20, BaseDelay: time.Second, MaxDelay: 4 * time.Second}))
		require.Error(t, selftest.Read(t.Context(), client))
		delays := selftest.DelaysBetween(s.Times())
		require.Len(t, delays, 19)
		total := time.Duration(0)
		for _, d := range delays {
			assert.LessOrEqual(t, d, 4*time.Second)
			total += d
		}
		assert.Greater(t, total, 10*time.Second)
	})
}

func TestRetryIsNotPlannedBeyondTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, s := selftest.Scripted(t, []selftest.Step{{Status: 429, Header: selftest.RetryAfter("10")}})
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
		defer cancel()
		start := time.Now()
		err := selftest.Read(ctx, client)
		require.ErrorAs(t, err, new(*quecloud.ResponseError))
		assert.NotErrorIs(t, err, context.DeadlineExceeded)
		assert.Zero(t, time.Since(start))
		assert.Equal(t, 1, s.Attempts())
	})
}

func TestRetryCanceledWhileWaitingKeepsTheUnknownOutcome(t *testing.T) {
	t.Parallel()
	for _, kind := range selftest.Calls {
		synctest.Test(t, func(t *testing.T) {
			client, s := selftest.Scripted(t, []selftest.Step{{Err: io.ErrUnexpectedEOF}, {Body: selftest.Success}},
				quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 2, BaseDelay: 10000 * time.Hour, MaxDelay: 10000 * time.Hour}))
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			err := kind.Do(ctx, client)
			assert.Equal(t, 1, s.Attempts())
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			assert.Equal(t, kind.Name != "read", errors.Is(err, quecloud.ErrOutcomeUnknown), kind.Name)
			if kind.Retryable {
				require.ErrorIs(t, err, context.Canceled)
				require.ErrorContains(t, err, "waiting to retry")
			}
		})
	}
}

func TestRetryBudgetIsSharedAndBoundsRetries(t *testing.T) {
	t.Parallel()
	client, s := selftest.Scripted(t, []selftest.Step{{Status: 503}})
	copied, err := client.With(quecloud.WithUserAgent("x"))
	require.NoError(t, err)
	for i := range 200 {
		require.Error(t, selftest.Read(t.Context(), []*quecloud.Client{client, copied}[i%2]))
	}
	assert.Equal(t, 200+100, s.Attempts(), "the budget covers 100 retries of all copies")

	s.Steps = []selftest.Step{{Body: selftest.Success}}
	for range 9 {
		require.NoError(t, selftest.Read(t.Context(), copied))
	}
	s.Steps = []selftest.Step{{Status: 503}}
	s.Reset()
	require.Error(t, selftest.Read(t.Context(), client))
	require.Error(t, selftest.Read(t.Context(), client))
	assert.Equal(t, 2+1, s.Attempts(), "9 successes earn one retry, not two")
}

// Reads and calls that set a state are retried after a refusal with one of the NotDoneCodes.
func TestRetryOfNotDoneCodes(t *testing.T) {
	t.Parallel()
	for _, kind := range selftest.Calls {
		client, s := selftest.Scripted(t, []selftest.Step{{Body: `{"resultCode":77}`}},
			quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 3, NotDoneCodes: []int{76, 77}}))
		err := kind.Do(t.Context(), client)
		require.ErrorAs(t, err, new(*quecloud.APIError))
		assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
		want := 1
		if kind.Name == "read" || kind.Name == "set" {
			want = 3
		}
		assert.Equal(t, want, s.Attempts(), kind.Name)

		client, s = selftest.Scripted(t, []selftest.Step{{Body: `{"resultCode":78}`}},
			quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 3, NotDoneCodes: []int{76, 77}}))
		require.Error(t, kind.Do(t.Context(), client))
		assert.Equal(t, 1, s.Attempts(), kind.Name)

		client, s = selftest.Scripted(t, []selftest.Step{{Status: 500, Body: `{"resultCode":77}`}},
			quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 3, NotDoneCodes: []int{77}}))
		err = kind.Do(t.Context(), client)
		assert.Equal(t, kind.Name != "read", errors.Is(err, quecloud.ErrOutcomeUnknown),
			"%s: a 500 may come after the effect", kind.Name)
		assert.Equal(t, map[bool]int{true: 3, false: 1}[kind.Name == "read"], s.Attempts(), kind.Name)
	}
}

// A NotDoneCode on any page does not end a sweep.
func TestRetryOfNotDoneCodesKeepsSweepsGoing(t *testing.T) {
	t.Parallel()
	page := func(number int, rows string) selftest.Step {
		return selftest.Step{
			Body: fmt.Sprintf(`{"resultCode":0,"page":{"page":%d,"pageSize":1,"totalCount":2,"totalPage":2},"cards":[%s]}`,
				number, rows),
		}
	}
	busy := selftest.Step{Body: `{"resultCode":77}`}
	client, _ := selftest.Scripted(t, []selftest.Step{
		busy, page(
			1, `{"iccid":"8986031749203860001"}`,
		), busy, busy, page(2, `{"iccid":"8986031749203860002"}`), busy, page(3, ""),
	}, quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 3, NotDoneCodes: []int{77}}))
	var got []string
	for card, err := range client.Cards.All(t.Context(), &quecloud.CardListParams{PageSize: 1}, quecloud.Concurrency(1)) {
		require.NoError(t, err)
		got = append(got, card.ICCID)
	}
	assert.Equal(t, []string{"8986031749203860001", "8986031749203860002"}, got)
}

// A refusal beyond the last page ends a sweep, unless its code is a NotDoneCode or means unauthorized.
func TestSweepDoesNotEndAtEveryRefusal(t *testing.T) {
	t.Parallel()
	full := selftest.Step{
		Body: `{"resultCode":0,"page":{"page":1,"pageSize":1,"totalCount":1,"totalPage":1},` +
			`"cards":[{"iccid":"8986031749203860001"}]}`,
	}
	for code, ends := range map[int]bool{1: true, 77: false, 70031: false} {
		client, _ := selftest.Scripted(t, []selftest.Step{full, {Body: fmt.Sprintf(`{"resultCode":%d}`, code)}},
			quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 2, NotDoneCodes: []int{77}}))
		var failed error
		for _, err := range client.Cards.All(t.Context(), &quecloud.CardListParams{PageSize: 1}, quecloud.Concurrency(1)) {
			failed = errors.Join(failed, err)
		}
		assert.Equal(t, ends, failed == nil, "code %d: %v", code, failed)
	}
}

func TestRetryPolicyWithOneAttemptRetriesNothing(t *testing.T) {
	t.Parallel()
	for _, step := range []selftest.Step{{Unsent: io.EOF}, {Err: io.EOF}, {Status: 429}, {Status: 500}} {
		client, s := selftest.Scripted(t, []selftest.Step{step}, quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
		require.Error(t, selftest.Read(t.Context(), client))
		assert.Equal(t, 1, s.Attempts())
	}
}

func TestRetryPolicyIsChecked(t *testing.T) {
	t.Parallel()
	for _, p := range []quecloud.RetryPolicy{
		{}, {MaxAttempts: -1}, {MaxAttempts: 2, BaseDelay: -1}, {MaxAttempts: 2, MaxDelay: -1}, {
			MaxAttempts: 2, MaxRetryAfter: -1,
		},
		{MaxAttempts: 2, BaseDelay: 2, MaxDelay: 1}, {MaxAttempts: 2, RetryPurchasesAfter: -1},
		{MaxAttempts: 2, RetryPurchasesAfter: time.Second - 1}, {MaxAttempts: 2, NotDoneCodes: []int{1, 0}},
		{MaxAttempts: 2, NotDoneCodes: []int{70031}},
	} {
		_, err := quecloud.NewClient("a", "b", quecloud.WithRetry(p))
		require.ErrorAs(t, err, new(*quecloud.ParamError), "%+v", p)
	}
	_, err := quecloud.NewClient("a", "b", quecloud.WithRetry(quecloud.DefaultRetryPolicy()))
	require.NoError(t, err)
}
