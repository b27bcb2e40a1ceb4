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

// When net/http gets the body again, by what the transport has told before.
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
		own           bool
		told          steps
		again, unsent bool // the body is had, and it is known that nothing was sent
	}{
		"nothing was written":               {told: steps{wanted("a")}, again: true, unsent: true},
		"HTTP/1":                            {told: steps{wanted("a"), wrote("Host", host)}, again: true},
		"HTTP/1, and another connection":    {told: steps{wanted("a"), wrote("Host", host), wanted("a")}, again: true, unsent: true},
		"HTTP/1, and then HTTP/2":           {told: steps{wanted("a"), wrote("Host", host), wanted("a"), wrote(":authority", host)}},
		"HTTP/1, and one of the dialer's":   {told: steps{wanted("a"), wrote("Host", host), wanted("b")}, again: true},
		"HTTP/1 of our own":                 {own: true, told: steps{wanted("a"), wrote("Host", host)}, again: true},
		"HTTP/1 of our own, and another":    {own: true, told: steps{wanted("a"), wrote("Host", host), wanted("a")}, again: true, unsent: true},
		"HTTP/2":                            {told: steps{wanted("a"), wrote(":authority", host)}},
		"HTTP/2, and another connection":    {told: steps{wanted("a"), wrote(":authority", host), wanted("a")}},
		"HTTP/2, and HTTP/1 of the dialer":  {told: steps{wanted("a"), wrote(":authority", host), wanted("b"), wrote("Host", "b")}},
		"HTTP/2, and a field like the host": {told: steps{wanted("a"), wrote("host", host)}},
		"HTTP/1 of a wrapped transport":     {told: steps{wrapped, wanted("a"), wrote("Host", host), wanted("a")}},
	} {
		e := newSendEvidence(t.Context(), tt.own, "text")
		e.host, e.unwrapped = host, &http.Transport{}
		for _, tell := range tt.told {
			tell(e, httptrace.ContextClientTrace(e))
		}
		assert.Equal(t, tt.unsent, e.notSent(), name)
		_, err := e.getBody()
		assert.Equal(t, tt.again, err == nil, name)
	}
}

// A call that was refused for its time is sent again with the time that it has learnt, even if another call, refused for
// another reason, has dropped that in the meantime.
func TestClockCorrectionSurvivesAConcurrentRefusal(t *testing.T) {
	t.Parallel()
	var c clock
	now := time.Now()
	refused := func(offset time.Duration) (*callState, *attempt) {
		of := &callState{endpoint: lookup("fc.function.card.info"), offset: offset}
		return of, &attempt{t: now.Add(offset).Unix(), received: now.Add(offset), date: now.Add(time.Hour), err: &APIError{Code: 1}}
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

// A Date long after the request was sent, in a response that took as long, says nothing against the platform's clock.
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
