package quecloud

import (
	"io"
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

func TestAWrongClockIsCorrectedByOneRepetition(t *testing.T) {
	t.Parallel()
	for name, ahead := range map[string]time.Duration{"slow": 10 * time.Minute, "fast": -10 * time.Minute, "years slow": 30000 * time.Hour} {
		for _, kind := range kindCalls {
			t.Run(name+" "+kind.name, func(t *testing.T) {
				t.Parallel()
				p := &timedPlatform{ahead: ahead, date: honestDate}
				client := p.client(t)
				require.NoError(t, kind.call(t.Context(), client))
				assert.Equal(t, 2, p.tries)
				assert.Equal(t, 1, p.executed)
				require.NoError(t, kind.call(t.Context(), client), "the client has learnt")
				copied, err := client.With(WithTimeout(time.Minute))
				require.NoError(t, err)
				require.NoError(t, kind.call(t.Context(), copied), "and so have its copies")
				assert.Equal(t, 4, p.tries)
				assert.Equal(t, 3, p.executed)
			})
		}
	}
}

func TestAClockThatWasCorrectedIsCorrectedAgain(t *testing.T) {
	t.Parallel()
	p := &timedPlatform{date: honestDate}
	client := p.client(t)
	for i, ahead := range []time.Duration{10 * time.Minute, -10 * time.Minute, 0} {
		p.ahead = ahead
		require.NoError(t, readOnce(t.Context(), client))
		require.NoError(t, readOnce(t.Context(), client))
		assert.Equal(t, 3*(i+1), p.tries)
		assert.InDelta(t, ahead, client.core.shared.clock.offset(), float64(2*time.Second))
	}
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

func TestAClockThatIsRightIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		ahead time.Duration
		date  func(time.Time) string
	}{
		"4 minutes slow": {4 * time.Minute, honestDate},
		"4 minutes fast": {-4 * time.Minute, honestDate},
		"no Date":        {0, func(time.Time) string { return "" }},
		"malformed Date": {0, func(time.Time) string { return "yesterday" }},
		"wrong Date":     {0, func(now time.Time) string { return honestDate(now.Add(time.Hour)) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &timedPlatform{ahead: tt.ahead, date: tt.date}
			client := p.client(t)
			require.NoError(t, readOnce(t.Context(), client))
			p.answer = `{"resultCode":1,"errorMessage":"no such card"}`
			err := readOnce(t.Context(), client)
			var refused *APIError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, 1, refused.Code)
			assert.Equal(t, 2, p.tries, "the refusal has nothing to do with the clock")
			assert.Zero(t, client.core.shared.clock.offset())
		})
	}
}

func TestARefusalForTheTimeIsFinalWithoutAUsableDate(t *testing.T) {
	t.Parallel()
	for _, date := range []string{"", "yesterday", "Thu, 99 May 2025 10:00:00 GMT"} {
		p := &timedPlatform{ahead: 10 * time.Minute, date: func(time.Time) string { return date }}
		require.ErrorAs(t, readOnce(t.Context(), p.client(t)), new(*APIError))
		assert.Equal(t, 1, p.tries)
	}
}

func TestAWrongDateIsLearntToBeUntrustworthy(t *testing.T) {
	t.Parallel()
	p := &timedPlatform{date: func(now time.Time) string { return honestDate(now.Add(-time.Hour)) }}
	client := p.client(t)
	for range 3 {
		require.NoError(t, readOnce(t.Context(), client))
	}
	p.ahead = 10 * time.Minute // a refusal for the time proves nothing either
	for range 3 {
		require.ErrorAs(t, readOnce(t.Context(), client), new(*APIError))
	}
	assert.Equal(t, 6, p.tries)
}

func TestAnAnswerThatTookLongDoesNotDisproveTheDate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, s := newScripted(t, []scriptStep{{wait: 6 * time.Minute, header: http.Header{}, body: fineAnswer}}, WithTimeout(time.Hour))
		s.steps[0].header.Set("Date", honestDate(time.Now().Add(6*time.Minute)))
		require.NoError(t, readOnce(t.Context(), client))
		assert.False(t, client.core.shared.clock.disproof.Load())
		// Nor does it say that this machine's clock is wrong.
		s.steps[0].body = `{"resultCode":1}`
		s.steps[0].header.Set("Date", honestDate(time.Now().Add(6*time.Minute)))
		require.ErrorAs(t, readOnce(t.Context(), client), new(*APIError))
		assert.Equal(t, 2, s.tries)
	})
}

func TestBothRefusalsAreShownWhereTheCorrectedCallIsRefusedToo(t *testing.T) {
	t.Parallel()
	p := &timedPlatform{ahead: 10 * time.Minute, date: honestDate, answer: `{"resultCode":70031,"errorMessage":"no such card"}`}
	client := p.client(t)
	err := client.Cards.Pause(t.Context(), MSISDN(phone))
	var refused *APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, 70031, refused.Code, "the answer to the corrected call is the one that counts")
	require.ErrorIs(t, err, ErrUnauthorized)
	require.ErrorContains(t, err, "no such card")
	require.ErrorContains(t, err, "before the clock was corrected by")
	require.ErrorContains(t, err, "时间戳超时")
	assert.NotErrorIs(t, err, ErrOutcomeUnknown)
	assert.Equal(t, 2, p.tries)

	p = &timedPlatform{date: func(now time.Time) string { return honestDate(now.Add(time.Hour)) }, answer: refusedForTime}
	err = readOnce(t.Context(), p.client(t))
	assert.NotContains(t, err.Error(), "corrected", "the second refusal is the same as the first")
}

func TestAnOffsetIsKeptOnlyWhenACallSucceedsWithIt(t *testing.T) {
	t.Parallel()
	p := &timedPlatform{ahead: 10 * time.Minute, date: honestDate, answer: `{"resultCode":1}`}
	client := p.client(t)
	require.Error(t, readOnce(t.Context(), client))
	assert.Zero(t, client.core.shared.clock.offset())
	p.answer = ""
	require.NoError(t, readOnce(t.Context(), client))
	assert.InDelta(t, 10*time.Minute, client.core.shared.clock.offset(), float64(2*time.Second))
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
