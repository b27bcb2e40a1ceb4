package quecloud

import (
	"math"
	"net/http"
	"net/http/httptrace"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRetryBackoffGrowsWithinItsBounds(t *testing.T) {
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

func TestRetryBudgetIsNeverMoreThanFull(t *testing.T) {
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

// net/http gets the body a second time only if the request cannot have arrived.
func TestSendOnceGetBody(t *testing.T) {
	t.Parallel()
	const host = "platform.test"
	wrote := func(name, value string) func(*sendEvidence, *httptrace.ClientTrace) {
		return func(_ *sendEvidence, trace *httptrace.ClientTrace) {
			if trace.WroteHeaderField != nil {
				trace.WroteHeaderField(name, []string{value})
			}
			trace.WroteHeaders()
		}
	}
	wanted := func(hostPort string) func(*sendEvidence, *httptrace.ClientTrace) {
		return func(_ *sendEvidence, trace *httptrace.ClientTrace) { trace.GetConn(hostPort) }
	}
	type steps []func(*sendEvidence, *httptrace.ClientTrace)
	wrapped := func(e *sendEvidence, _ *httptrace.ClientTrace) { e.unwrapped = nil }
	for name, tt := range map[string]struct {
		builtIn         bool
		trace           steps
		allowed, unsent bool // getBody returns the body, and notSent is true
	}{
		"nothing was written": {trace: steps{wanted("a")}, allowed: true, unsent: true},
		"HTTP/1":              {trace: steps{wanted("a"), wrote("Host", host)}, allowed: true},
		"HTTP/1, and another connection": {
			trace: steps{wanted("a"), wrote("Host", host), wanted("a")}, allowed: true, unsent: true,
		},
		"HTTP/1, and then HTTP/2": {
			trace: steps{wanted("a"), wrote("Host", host), wanted("a"), wrote(":authority", host)},
		},
		"HTTP/1, and a connection of the dialer": {
			trace: steps{wanted("a"), wrote("Host", host), wanted("b")}, allowed: true,
		},
		"HTTP/1 of our own": {
			builtIn: true, trace: steps{wanted("a"), wrote("Host", host)}, allowed: true,
		},
		"HTTP/1 of our own, and another": {
			builtIn: true, trace: steps{wanted("a"), wrote("Host", host), wanted("a")}, allowed: true, unsent: true,
		},
		"HTTP/2":                         {trace: steps{wanted("a"), wrote(":authority", host)}},
		"HTTP/2, and another connection": {trace: steps{wanted("a"), wrote(":authority", host), wanted("a")}},
		"HTTP/2, and HTTP/1 of the dialer": {
			trace: steps{wanted("a"), wrote(":authority", host), wanted("b"), wrote("Host", "b")},
		},
		"HTTP/2, and a field like the host": {trace: steps{wanted("a"), wrote("host", host)}},
		"HTTP/1 of a wrapped transport":     {trace: steps{wrapped, wanted("a"), wrote("Host", host), wanted("a")}},
	} {
		e := newSendEvidence(t.Context(), tt.builtIn, "text")
		e.host, e.unwrapped = host, &http.Transport{}
		for _, step := range tt.trace {
			step(e, httptrace.ContextClientTrace(e))
		}
		assert.Equal(t, tt.unsent, e.notSent(), name)
		_, err := e.getBody()
		assert.Equal(t, tt.allowed, err == nil, name)
	}
}

// A read is retried with the offset from its own refusal, even if the refusal of another call has dropped it since.
func TestClockCorrectionSurvivesAConcurrentRefusal(t *testing.T) {
	t.Parallel()
	var c clock
	now := time.Now()
	refused := func(offset time.Duration) (*callState, *attempt) {
		of := &callState{endpoint: lookup("fc.function.card.info"), offset: offset}
		return of, &attempt{
			t: now.Add(offset).Unix(), received: now.Add(offset), date: now.Add(time.Hour), err: &APIError{Code: 1},
		}
	}
	k := c.correct(refused(0))
	require.NotNil(t, k)
	require.Nil(t, c.correct(refused(time.Hour)), "another call, with the new time")
	assert.Zero(t, c.offset())
	assert.Equal(t, time.Hour, k.offset)
	call, a := refused(k.offset)
	call.correction, a.err = k, nil
	c.confirm(call, a)
	assert.Equal(t, time.Hour, c.offset())
}

// The Date of a slow response is far from the time that was sent. That does not make it unreliable.
func TestClockTrustsTheDateOfASlowSuccess(t *testing.T) {
	t.Parallel()
	var c clock
	sent := time.Now()
	received := sent.Add(6 * time.Minute)
	call := &callState{endpoint: lookup("fc.function.card.info")}
	c.confirm(call, &attempt{t: sent.Unix(), received: received, date: received})
	assert.False(t, c.unreliable)
	c.confirm(call, &attempt{t: sent.Unix(), received: received, date: received.Add(time.Hour)})
	assert.True(t, c.unreliable)
}
