package quecloud_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// A clockStep is a call, the state of the clocks at that time, and the expected result.
type clockStep struct {
	host    time.Duration // how far this machine's clock is ahead of the platform's
	date    time.Duration // how far the header Date is ahead of the platform's clock
	noDate  bool
	change  bool // the call changes something; otherwise it reads
	refused bool // by the platform, for a reason other than the time
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
		"a host that is set several times": {
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
			{host: 0, date: hour, tries: 2}, // with the time of the wrong Date
			{host: 0, date: hour, tries: 1, ok: true},
		},
		"a confirmed offset is found again by changes, although Dates have become wrong": {
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
			{host: -10 * minute, change: true, refused: true, tries: 1, offset: 10 * minute}, // it is confirmed now
		},
		"a Date that is no date": {
			{host: 4 * minute, tries: 1, ok: true},
			{host: 10 * minute, noDate: true, tries: 1},
		},
		"a refusal that may have come after the effect": {
			{host: 10 * minute, change: true, status: 500, tries: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &selftest.TimedPlatform{}
			var host time.Duration
			client := p.Client(t, quecloud.WithClock(func() time.Time { return time.Now().Add(host) }),
				quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
			selftest.SpendRetries(t, client) // a correction costs none
			for i, step := range steps {
				host, p.Attempts, p.Body, p.Status = step.host, 0, "", step.status
				p.Date = func(now time.Time) string { return selftest.HTTPDate(now.Add(step.date)) }
				if step.noDate {
					p.Date = func(time.Time) string { return "yesterday" }
				}
				if step.refused {
					p.Body = `{"resultCode":1,"errorMessage":"no such card"}`
				}
				call := selftest.Read
				if step.change {
					call = func(ctx context.Context, c *quecloud.Client) error {
						return c.Cards.Pause(ctx, quecloud.MSISDN(selftest.MSISDN1))
					}
				}
				err := call(t.Context(), client)
				assert.Equal(t, step.ok, err == nil, "step %d: %v", i, err)
				assert.Equal(t, step.tries, p.Attempts, "step %d: %v", i, err)
				assert.InDelta(t, step.offset, selftest.ClockOffset(t, client, host), float64(3*time.Second), "step %d", i)
			}
		})
	}
}

// A change that is refused for its time is not retried: the Date may be wrong, and the reason another one. The next
// call has the right time.
func TestClockIsCorrectedByAReadAndForTheCallAfterAChange(t *testing.T) {
	t.Parallel()
	for _, kind := range selftest.Calls {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			p := &selftest.TimedPlatform{Ahead: 10 * time.Minute, Date: selftest.HTTPDate}
			client := p.Client(t, quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 4, RetryPurchasesAfter: time.Second}))
			err := kind.Do(t.Context(), client)
			if kind.Name == "read" {
				require.NoError(t, err)
			} else {
				require.ErrorAs(t, err, new(*quecloud.APIError))
				assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
				assert.Regexp(t, `this machine.s clock was (10m0|9m59)s behind; further calls are corrected`, err.Error())
				assert.Equal(t, 1, p.Attempts)
				require.NoError(t, kind.Do(t.Context(), client))
			}
			assert.Equal(t, 2, p.Attempts)
			assert.Equal(t, 1, p.Executed)
			copied, err := client.With(quecloud.WithTimeout(time.Minute))
			require.NoError(t, err)
			require.NoError(t, kind.Do(t.Context(), copied), "copies share the correction")
			assert.Equal(t, 3, p.Attempts)
		})
	}
}

func TestClockTrustsTheDateOfASlowResponse(t *testing.T) {
	t.Parallel()
	for _, bodies := range [][]string{
		{selftest.Success},
		{`{"resultCode":1}`}, // the Date does not prove this machine's clock wrong
		{selftest.Success, `{"resultCode":1}`},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, s := selftest.Scripted(t, []selftest.Step{{Wait: 6 * time.Minute, Header: http.Header{}}},
				quecloud.WithTimeout(time.Hour))
			for _, body := range bodies {
				s.Steps[0].Body = body
				s.Steps[0].Header.Set("Date", selftest.HTTPDate(time.Now().Add(6*time.Minute)))
				err := selftest.Read(t.Context(), client)
				if body == selftest.Success {
					require.NoError(t, err)
				} else {
					require.ErrorAs(t, err, new(*quecloud.APIError))
				}
			}
			assert.Equal(t, len(bodies), s.Attempts(), "%q: nothing is retried", bodies)
		})
	}
}

func TestClockErrorShowsBothRefusals(t *testing.T) {
	t.Parallel()
	p := &selftest.TimedPlatform{
		Ahead: 10 * time.Minute, Date: selftest.HTTPDate, Body: `{"resultCode":70031,"errorMessage":"no such card"}`,
	}
	err := selftest.Read(t.Context(), p.Client(t))
	var refused *quecloud.APIError
	require.ErrorAs(t, err, &refused)
	assert.Equal(t, 40, refused.Code)
	require.ErrorIs(t, err, quecloud.ErrUnauthorized, "the second matches as well")
	require.ErrorContains(t, err, "no such card")
	assert.Regexp(t, `after the clock, which was (10m0|9m59)s behind, was corrected`, err.Error())
	assert.Equal(t, 2, p.Attempts)

	p = &selftest.TimedPlatform{
		Date: func(now time.Time) string { return selftest.HTTPDate(now.Add(time.Hour)) }, Body: selftest.RefusedForTime,
	}
	err = selftest.Read(t.Context(), p.Client(t))
	require.ErrorContains(t, err, "refused again after the clock")
	assert.Equal(t, 1, strings.Count(err.Error(), "refused with"), "the second refusal is the same")
}

func TestClockCorrectionRetriesNothingThatWasDone(t *testing.T) {
	t.Parallel()
	far := func(now time.Time) string { return selftest.HTTPDate(now.Add(time.Hour)) }
	t.Run("a part was done", func(t *testing.T) {
		t.Parallel()
		p := &selftest.TimedPlatform{Date: far, Body: `{"resultCode":1,"success":["` + selftest.MSISDN1 + `"]}`}
		_, err := p.Client(t).Flow.SetAlarm(t.Context(), quecloud.MSISDNs(selftest.MSISDN1, "2"),
			&quecloud.AlarmSettings{})
		require.ErrorIs(t, err, quecloud.ErrPartial)
		assert.Equal(t, 1, p.Executed)
		assert.Equal(t, 1, p.Attempts)
	})
	t.Run("a server error", func(t *testing.T) {
		t.Parallel()
		p := &selftest.TimedPlatform{Date: far, Body: `{"resultCode":1}`, Status: 500}
		require.ErrorIs(t, p.Client(t).Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1)),
			quecloud.ErrOutcomeUnknown)
		assert.Equal(t, 1, p.Executed)
		assert.Equal(t, 1, p.Attempts)
	})
	t.Run("too many requests", func(t *testing.T) {
		t.Parallel()
		p := &selftest.TimedPlatform{Date: far, Body: `{"resultCode":1}`, Status: 429}
		require.Error(
			t,
			p.Client(
				t, quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}),
			).Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1)),
		)
		assert.Equal(t, 1, p.Executed)
		assert.Equal(t, 1, p.Attempts)
	})
}

func TestClockIsCorrectedOnceInACall(t *testing.T) {
	t.Parallel()
	p := &selftest.TimedPlatform{Ahead: 10 * time.Minute}
	// later each time
	p.Date = func(now time.Time) string { return selftest.HTTPDate(now.Add(time.Duration(p.Attempts) * time.Hour)) }
	require.ErrorAs(t, selftest.Read(t.Context(), p.Client(t)), new(*quecloud.APIError))
	assert.Equal(t, 2, p.Attempts)
}

// The retry of a read with a corrected clock does not count as an attempt of the policy. A change has no such retry, so
// all of its attempts count.
func TestClockCorrectionsAreNoAttemptsOfThePolicy(t *testing.T) {
	t.Parallel()
	ahead := http.Header{"Date": {selftest.HTTPDate(time.Now().Add(time.Hour))}}
	policy := quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 2, NotDoneCodes: []int{1}})
	client, s := selftest.Scripted(t,
		[]selftest.Step{{Body: `{"resultCode":2}`, Header: ahead}, {Status: 503}, {Body: selftest.Success}}, policy)
	require.NoError(t, selftest.Read(t.Context(), client))
	assert.Equal(t, 3, s.Attempts())
	client, s = selftest.Scripted(t, []selftest.Step{{Body: `{"resultCode":1}`, Header: ahead}}, policy)
	require.Error(t, client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1)))
	assert.Equal(t, 2, s.Attempts())
}

// A change that took effect in part was not refused for its time.
func TestClockLearnsNothingFromAPartialSuccess(t *testing.T) {
	t.Parallel()
	client, _ := selftest.Scripted(
		t,
		[]selftest.Step{
			{
				Body:   `{"resultCode":1,"success":["1"]}`,
				Header: http.Header{"Date": {selftest.HTTPDate(time.Now().Add(time.Hour))}},
			},
		},
	)
	_, err := client.Flow.SetAlarm(t.Context(), quecloud.MSISDNs("1", "2"), &quecloud.AlarmSettings{})
	require.ErrorIs(t, err, quecloud.ErrPartial)
	assert.InDelta(t, 0, selftest.ClockOffset(t, client, 0), float64(3*time.Second))
	client, s := selftest.Scripted(
		t,
		[]selftest.Step{
			{
				Body: `{"resultCode":1,"traceId":"7"}`, Header: http.Header{"Date": {selftest.HTTPDate(time.Now().Add(time.Hour))}},
			},
			{Body: selftest.Success},
		},
	)
	require.NoError(t, selftest.Read(t.Context(), client),
		"a read has no effect that a payload could report")
	assert.Equal(t, 2, s.Attempts())
}
