package quecloud

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A timedPlatform refuses calls whose time is more than five minutes off its own clock, as the platform does.
type timedPlatform struct {
	ahead  time.Duration              // of its clock, from this machine's
	date   func(now time.Time) string // its header Date
	answer string                     // to a call of the right time, instead of fineAnswer
	status int

	mu       sync.Mutex
	tries    int
	executed int
}

const refusedForTime = `{"resultCode":40,"errorMessage":"时间戳超时"}`

func (p *timedPlatform) RoundTrip(req *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, err
	}
	t, err := strconv.ParseInt(form.Get("t"), 10, 64)
	if err != nil || Sign(testSecret, form) != form.Get("sign") {
		return &http.Response{StatusCode: http.StatusBadRequest, Body: http.NoBody, Request: req}, nil
	}
	now := time.Now().Add(p.ahead)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tries++
	body := refusedForTime
	if now.Sub(time.Unix(t, 0)).Abs() <= maxSkew {
		p.executed++
		if body = p.answer; body == "" {
			body = fineAnswer
		}
	}
	header := http.Header{}
	if date := p.date(now); date != "" {
		header.Set("Date", date)
	}
	status := 200
	if p.status != 0 {
		status = p.status
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: req}, nil
}

func honestDate(now time.Time) string { return now.UTC().Format(http.TimeFormat) }

func (p *timedPlatform) client(t *testing.T, opts ...Option) *Client {
	t.Helper()
	client, err := NewClient("000001", testSecret, append([]Option{WithHTTPClient(&http.Client{Transport: p})}, opts...)...)
	require.NoError(t, err)
	return client
}

// A clockStep is a call, the state of all clocks at that time, and what must come of it.
type clockStep struct {
	host    time.Duration // how far this machine's clock is ahead of the platform's
	date    time.Duration // how far the header Date is ahead of the platform's clock
	noDate  bool
	change  bool // the call is one that changes something; otherwise it reads
	refused bool // by the platform, for a reason that is not the time
	status  int

	tries  int
	ok     bool
	offset time.Duration // of the clock afterwards
}

func TestClockSequences(t *testing.T) {
	t.Parallel()
	const minute, hour = time.Minute, time.Hour
	for name, steps := range map[string][]clockStep{
		"a slow host": {
			{host: -10 * minute, tries: 2, ok: true, offset: 10 * minute},
			{host: -10 * minute, tries: 1, ok: true, offset: 10 * minute},
			{host: -10 * minute, change: true, tries: 1, ok: true, offset: 10 * minute},
		},
		"a fast host, found by a change": {
			{host: 10 * minute, change: true, tries: 1, offset: -10 * minute},
			{host: 10 * minute, change: true, tries: 1, ok: true, offset: -10 * minute},
		},
		"a host that is years behind": {{host: -30000 * hour, tries: 2, ok: true, offset: 30000 * hour}},
		"a host that is set again and again": {
			{host: -10 * minute, tries: 2, ok: true, offset: 10 * minute},
			{host: 10 * minute, tries: 2, ok: true, offset: -10 * minute},
			{host: 0, tries: 2, ok: true},
			{host: 4 * minute, tries: 1, ok: true},
		},
		"a wrong Date and a change refused for another reason": {
			{date: hour, change: true, refused: true, tries: 1, offset: hour},
			{date: hour, change: true, tries: 1},
			{date: hour, change: true, tries: 1, ok: true},
			{date: hour, change: true, refused: true, tries: 1},
			{date: hour, refused: true, tries: 1},
		},
		"a wrong Date and reads refused for another reason": {
			{date: hour, refused: true, tries: 2},
			{date: hour, refused: true, tries: 2},
			{date: hour, tries: 1, ok: true},
			{date: hour, refused: true, tries: 1},
		},
		"one wrong Date does not end correction": {
			{host: -10 * minute, tries: 2, ok: true, offset: 10 * minute},
			{host: -10 * minute, date: hour, tries: 1, ok: true, offset: 10 * minute},
			{host: 0, tries: 2, ok: true},
		},
		"nor do Dates that stay wrong": {
			{host: -10 * minute, tries: 2, ok: true, offset: 10 * minute},
			{host: -10 * minute, date: hour, tries: 1, ok: true, offset: 10 * minute},
			{host: 0, date: hour, tries: 2}, // with the time of a Date that is wrong
			{host: 0, date: hour, tries: 1, ok: true},
		},
		"an offset that was good is found again by changes alone, though Dates are wrong by now": {
			{host: -10 * minute, tries: 2, ok: true, offset: 10 * minute},
			{host: -10 * minute, date: hour, change: true, refused: true, tries: 1, offset: 70 * minute},
			{host: -10 * minute, date: hour, change: true, tries: 1},
			{host: -10 * minute, date: hour, change: true, tries: 1, offset: 10 * minute},
			{host: -10 * minute, date: hour, change: true, tries: 1, ok: true, offset: 10 * minute},
		},
		"and by a read": {
			{host: -10 * minute, tries: 2, ok: true, offset: 10 * minute},
			{host: -10 * minute, date: hour, change: true, refused: true, tries: 1, offset: 70 * minute},
			{host: -10 * minute, date: hour, change: true, tries: 1},
			{host: -10 * minute, date: hour, tries: 2, ok: true, offset: 10 * minute},
		},
		"an offset is dropped when a call is refused with it": {
			{host: -10 * minute, change: true, refused: true, tries: 1, offset: 10 * minute},
			{host: -10 * minute, change: true, refused: true, tries: 1},
			{host: -10 * minute, change: true, tries: 1, offset: 10 * minute},
			{host: -10 * minute, change: true, tries: 1, ok: true, offset: 10 * minute},
			{host: -10 * minute, change: true, refused: true, tries: 1, offset: 10 * minute}, // it is known by now
		},
		"a Date that means nothing": {
			{host: 4 * minute, tries: 1, ok: true},
			{host: 10 * minute, noDate: true, tries: 1},
		},
		"a refusal that may have come after the effect": {
			{host: 10 * minute, change: true, status: 500, tries: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &timedPlatform{}
			var host time.Duration
			client := p.client(t, WithClock(func() time.Time { return time.Now().Add(host) }), WithRetry(RetryPolicy{MaxAttempts: 1}))
			client.core.shared.budget.tokens.Store(0) // corrections need none
			for i, step := range steps {
				host, p.tries, p.answer, p.status = step.host, 0, "", step.status
				p.date = func(now time.Time) string { return honestDate(now.Add(step.date)) }
				if step.noDate {
					p.date = func(time.Time) string { return "yesterday" }
				}
				if step.refused {
					p.answer = `{"resultCode":1,"errorMessage":"no such card"}`
				}
				call := readOnce
				if step.change {
					call = func(ctx context.Context, c *Client) error { return c.Cards.Pause(ctx, MSISDN(phone)) }
				}
				err := call(t.Context(), client)
				assert.Equal(t, step.ok, err == nil, "step %d: %v", i, err)
				assert.Equal(t, step.tries, p.tries, "step %d: %v", i, err)
				assert.InDelta(t, step.offset, client.core.shared.clock.offset(), float64(3*time.Second), "step %d", i)
			}
		})
	}
}

// A change that is refused for the time is not sent again, whatever kind it is of: the Date may be wrong, and the reason
// another one. The next call has the right time.
func TestClockIsCorrectedByAReadAndForTheCallAfterAChange(t *testing.T) {
	t.Parallel()
	for _, kind := range kindCalls {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			p := &timedPlatform{ahead: 10 * time.Minute, date: honestDate}
			client := p.client(t, WithRetry(RetryPolicy{MaxAttempts: 4, RetryPurchasesAfter: time.Second}))
			err := kind.call(t.Context(), client)
			if kind.name == "read" {
				require.NoError(t, err)
			} else {
				require.ErrorAs(t, err, new(*APIError))
				assert.NotErrorIs(t, err, ErrOutcomeUnknown)
				assert.Regexp(t, `this machine.s clock was (10m0|9m59)s behind; further calls are corrected`, err.Error())
				assert.Equal(t, 1, p.tries)
				require.NoError(t, kind.call(t.Context(), client))
			}
			assert.Equal(t, 2, p.tries)
			assert.Equal(t, 1, p.executed)
			copied, err := client.With(WithTimeout(time.Minute))
			require.NoError(t, err)
			require.NoError(t, kind.call(t.Context(), copied), "copies share the correction")
			assert.Equal(t, 3, p.tries)
		})
	}
}

func TestClockCorrectionIsLogged(t *testing.T) {
	t.Parallel()
	p := &timedPlatform{ahead: 10 * time.Minute, date: honestDate}
	var log bytes.Buffer
	require.NoError(t, readOnce(t.Context(), p.client(t, WithLogger(slog.New(slog.NewTextHandler(&log, nil))))))
	assert.Regexp(t, `msg="quecloud: clock corrected, retrying the read".* offset=(10m0|9m59)[.0-9]*s `, log.String())
}

// stepped is a time whose clock was set, while the monotonic clock went on. Package time has no way to make one.
func stepped(t time.Time, by time.Duration) time.Time {
	wall := (*uint64)(unsafe.Pointer(&t))
	*wall += uint64(by/time.Second) << 30
	return t
}

func TestAClockThatIsSetDuringACallIsCorrectedAnew(t *testing.T) {
	t.Parallel()
	now := time.Now()
	if set := stepped(now, time.Minute); set.Sub(now) != 0 || set.Round(0).Sub(now.Round(0)) != time.Minute {
		t.Skip("time.Time is not what it was")
	}
	for _, wrong := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
		for _, first := range []bool{true, false} { // the answer to the call under way comes before the next call is made
			p := &timedPlatform{date: honestDate}
			var off atomic.Int64
			var hold atomic.Bool
			arrived, release, ended := make(chan struct{}), make(chan struct{}), make(chan error)
			client := p.client(t, WithClock(func() time.Time { return stepped(time.Now(), time.Duration(off.Load())) }),
				WithHTTPClient(&http.Client{Transport: transportFunc(func(req *http.Request) (*http.Response, error) {
					resp, err := p.RoundTrip(req)
					if hold.Swap(false) {
						close(arrived)
						<-release
					}
					return resp, err
				})}))
			off.Store(int64(wrong))
			require.NoError(t, readOnce(t.Context(), client))
			hold.Store(true)
			go func() { ended <- readOnce(t.Context(), client) }()
			<-arrived
			off.Store(0)
			finish := func() {
				close(release)
				require.NoError(t, <-ended)
			}
			if first {
				finish()
			}
			require.NoError(t, readOnce(t.Context(), client))
			assert.Equal(t, 2+1+2, p.tries)
			if !first {
				finish()
			}
			require.NoError(t, readOnce(t.Context(), client))
			assert.Equal(t, 2+1+2+1, p.tries)
		}
	}
}

func TestConcurrentCallsCorrectTheClockOnceEach(t *testing.T) {
	t.Parallel()
	p := &timedPlatform{ahead: 10 * time.Minute, date: honestDate}
	client := p.client(t)
	var calls sync.WaitGroup
	for range 50 {
		calls.Go(func() { assert.NoError(t, readOnce(t.Context(), client)) })
	}
	calls.Wait()
	assert.Equal(t, 50, p.executed)
	assert.LessOrEqual(t, p.tries, 100)
	before := p.tries
	require.NoError(t, readOnce(t.Context(), client))
	assert.Equal(t, before+1, p.tries)
}

func TestAnAnswerThatTookLongDoesNotDisproveTheDate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, s := newScripted(t, []scriptStep{{wait: 6 * time.Minute, header: http.Header{}, body: fineAnswer}}, WithTimeout(time.Hour))
		s.steps[0].header.Set("Date", honestDate(time.Now().Add(6*time.Minute)))
		require.NoError(t, readOnce(t.Context(), client))
		assert.False(t, client.core.shared.clock.unreliable)
		// Nor does it say that this machine's clock is wrong.
		s.steps[0].body = `{"resultCode":1}`
		s.steps[0].header.Set("Date", honestDate(time.Now().Add(6*time.Minute)))
		require.ErrorAs(t, readOnce(t.Context(), client), new(*APIError))
		assert.Equal(t, 2, s.tries)
	})
}

func TestClockBothRefusalsAreShownAndTheFirstCounts(t *testing.T) {
	t.Parallel()
	p := &timedPlatform{ahead: 10 * time.Minute, date: honestDate, answer: `{"resultCode":70031,"errorMessage":"no such card"}`}
	err := readOnce(t.Context(), p.client(t))
	var refused *APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, 40, refused.Code)
	require.ErrorIs(t, err, ErrUnauthorized, "the second can be told, too")
	require.ErrorContains(t, err, "no such card")
	assert.Regexp(t, `and after the clock, which was (10m0|9m59)s behind, had been corrected`, err.Error())
	assert.Equal(t, 2, p.tries)

	p = &timedPlatform{date: func(now time.Time) string { return honestDate(now.Add(time.Hour)) }, answer: refusedForTime}
	err = readOnce(t.Context(), p.client(t))
	require.ErrorContains(t, err, "and again after the clock")
	assert.Equal(t, 1, strings.Count(err.Error(), "refused with"), "the second refusal is the same as the first")
}

func TestWhatThePlatformHasDoneIsNotRepeatedWithACorrectedClock(t *testing.T) {
	t.Parallel()
	far := func(now time.Time) string { return honestDate(now.Add(time.Hour)) }
	t.Run("a part was done", func(t *testing.T) {
		t.Parallel()
		p := &timedPlatform{date: far, answer: `{"resultCode":1,"success":["` + phone + `"]}`}
		_, err := p.client(t).Flow.SetAlarm(t.Context(), MSISDNs(phone, "2"), &AlarmSettings{})
		require.ErrorIs(t, err, ErrPartial)
		assert.Equal(t, 1, p.executed)
		assert.Equal(t, 1, p.tries)
	})
	t.Run("a server error", func(t *testing.T) {
		t.Parallel()
		p := &timedPlatform{date: far, answer: `{"resultCode":1}`, status: 500}
		require.ErrorIs(t, p.client(t).Cards.Pause(t.Context(), MSISDN(phone)), ErrOutcomeUnknown)
		assert.Equal(t, 1, p.executed)
		assert.Equal(t, 1, p.tries)
	})
	t.Run("too many requests", func(t *testing.T) {
		t.Parallel()
		p := &timedPlatform{date: far, answer: `{"resultCode":1}`, status: 429}
		require.Error(t, p.client(t, WithRetry(RetryPolicy{MaxAttempts: 1})).Cards.Pause(t.Context(), MSISDN(phone)))
		assert.Equal(t, 1, p.executed)
		assert.Equal(t, 1, p.tries)
	})
}

func TestTheClockIsCorrectedOnceInACall(t *testing.T) {
	t.Parallel()
	p := &timedPlatform{ahead: 10 * time.Minute}
	p.date = func(now time.Time) string { return honestDate(now.Add(time.Duration(p.tries) * time.Hour)) } // ever further off
	require.ErrorAs(t, readOnce(t.Context(), p.client(t)), new(*APIError))
	assert.Equal(t, 2, p.tries)
}

// A call that was refused for its time is sent again with the time that it has learnt, even if another call, refused for
// another reason, has dropped that in the meantime.
func TestAReadIsSentAgainWithWhatItHasLearntOfTheClock(t *testing.T) {
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

// Sending a read again for the clock is none of the attempts that the policy allows. A change is not sent again for it, so
// that all its attempts count.
func TestClockCorrectionsAreNoAttemptsOfThePolicy(t *testing.T) {
	t.Parallel()
	ahead := http.Header{"Date": {honestDate(time.Now().Add(time.Hour))}}
	policy := WithRetry(RetryPolicy{MaxAttempts: 2, NotDoneCodes: []int{1}})
	client, s := newScripted(t, []scriptStep{{body: `{"resultCode":2}`, header: ahead}, {status: 503}, {body: fineAnswer}}, policy)
	require.NoError(t, readOnce(t.Context(), client))
	assert.Equal(t, 3, s.tries)
	client, s = newScripted(t, []scriptStep{{body: `{"resultCode":1}`, header: ahead}}, policy)
	require.Error(t, client.Cards.Pause(t.Context(), MSISDN(phone)))
	assert.Equal(t, 2, s.tries)
}

// A change of which a part was done was not refused for its time.
func TestTheClockLearnsNothingFromAPartialSuccess(t *testing.T) {
	t.Parallel()
	client, _ := newScripted(t, []scriptStep{{body: `{"resultCode":1,"success":["1"]}`, header: http.Header{"Date": {honestDate(time.Now().Add(time.Hour))}}}})
	_, err := client.Flow.SetAlarm(t.Context(), MSISDNs("1", "2"), &AlarmSettings{})
	require.ErrorIs(t, err, ErrPartial)
	assert.Zero(t, client.core.shared.clock.offset())
	client, s := newScripted(t, []scriptStep{{body: `{"resultCode":1,"traceId":"7"}`, header: http.Header{"Date": {honestDate(time.Now().Add(time.Hour))}}}, {body: fineAnswer}})
	require.NoError(t, readOnce(t.Context(), client), "what comes with the refusal of a read is nothing that was done")
	assert.Equal(t, 2, s.tries)
}
