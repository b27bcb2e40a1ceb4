package selftest_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// stepped returns t after its clock was set, with the same monotonic reading. Package time has no way to do that.
func stepped(t time.Time, by time.Duration) time.Time {
	wall := (*uint64)(unsafe.Pointer(&t))
	*wall += uint64(by/time.Second) << 30
	return t
}

func TestClockSetDuringACallIsCorrectedAnew(t *testing.T) {
	t.Parallel()
	now := time.Now()
	if set := stepped(now, time.Minute); set.Sub(now) != 0 || set.Round(0).Sub(now.Round(0)) != time.Minute {
		t.Fatal("time.Time has another layout: adapt stepped")
	}
	for _, wrong := range []time.Duration{10 * time.Minute, -10 * time.Minute} {
		for _, first := range []bool{true, false} { // the response to the first call comes before the second call
			p := &selftest.TimedPlatform{Date: selftest.HTTPDate}
			var off atomic.Int64
			var hold atomic.Bool
			arrived, release, ended := make(chan struct{}), make(chan struct{}), make(chan error)
			client := p.Client(t, quecloud.WithClock(func() time.Time { return stepped(time.Now(), time.Duration(off.Load())) }),
				quecloud.WithHTTPClient(&http.Client{Transport: selftest.TransportFunc(func(req *http.Request) (*http.Response,
					error) {
					resp, err := p.RoundTrip(req)
					if hold.Swap(false) {
						close(arrived)
						<-release
					}
					return resp, err
				})}))
			off.Store(int64(wrong))
			require.NoError(t, selftest.Read(t.Context(), client))
			hold.Store(true)
			go func() { ended <- selftest.Read(t.Context(), client) }()
			<-arrived
			off.Store(0)
			finish := func() {
				close(release)
				require.NoError(t, <-ended)
			}
			if first {
				finish()
			}
			require.NoError(t, selftest.Read(t.Context(), client))
			assert.Equal(t, 2+1+2, p.Attempts)
			if !first {
				finish()
			}
			require.NoError(t, selftest.Read(t.Context(), client))
			assert.Equal(t, 2+1+2+1, p.Attempts)
		}
	}
}

func TestClockIsCorrectedOnceByEachConcurrentCall(t *testing.T) {
	t.Parallel()
	p := &selftest.TimedPlatform{Ahead: 10 * time.Minute, Date: selftest.HTTPDate}
	client := p.Client(t)
	var calls sync.WaitGroup
	for range 50 {
		calls.Go(func() { assert.NoError(t, selftest.Read(t.Context(), client)) })
	}
	calls.Wait()
	assert.Equal(t, 50, p.Executed)
	assert.LessOrEqual(t, p.Attempts, 100)
	before := p.Attempts
	require.NoError(t, selftest.Read(t.Context(), client))
	assert.Equal(t, before+1, p.Attempts)
}

// A read is retried with the offset from its own refusal, even if the refusal of another call has dropped it since.
func TestClockCorrectionSurvivesAConcurrentRefusal(t *testing.T) {
	t.Parallel()
	date := http.Header{"Date": {selftest.HTTPDate(time.Now().Add(time.Hour))}}
	respond := func(text string) *http.Response {
		return &http.Response{StatusCode: http.StatusOK, Header: date, Body: io.NopCloser(strings.NewReader(text))}
	}
	retried, release, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	var requests atomic.Int32
	platform := selftest.NewPlatform(selftest.Step{Respond: func(*http.Request) (*http.Response, error) {
		if requests.Add(1) == 2 { // the retry of the read
			close(retried)
			<-release
			return respond(selftest.Success), nil
		}
		return respond(`{"resultCode":1}`), nil
	}})
	client := platform.Client(t, selftest.NoRetry)
	go func() { ended <- selftest.Read(t.Context(), client) }()
	<-retried
	require.Error(t, client.Cards.Pause(t.Context(), testCard), "another call, with the new time")
	assert.InDelta(t, 0, selftest.ClockOffset(t, client, 0), float64(3*time.Second), "the refusal dropped the offset")
	close(release)
	require.NoError(t, <-ended)
	assert.InDelta(t, time.Hour, selftest.ClockOffset(t, client, 0), float64(3*time.Second))
	times := platform.Values("t")
	require.Len(t, times, 3)
	assert.Equal(t, times[1], times[2], "both were sent with the new time")
}
