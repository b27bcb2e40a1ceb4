package selftest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

var alarm = quecloud.AlarmSettings{NotifyEmails: []string{"123@example.com"}, Threshold1: 1024, AlarmOn: true}

// batchPlatform lists all cards of a call as done, unless the function has another response for the n-th call, from 0.
func batchPlatform(other func(n int, numbers []string) any) *selftest.Platform {
	n := -1
	return selftest.FuncPlatform(func(_ context.Context, form url.Values) any {
		n++
		numbers := strings.Split(form.Get("msisdns")+form.Get("msisdn"), ",")
		if response := other(n, numbers); response != nil {
			return response
		}
		sent := []selftest.Object{}
		for _, number := range numbers {
			sent = append(sent, selftest.Object{"msisdns": number, "iccid": selftest.ICCID1, "sms_id": "id-" + number})
		}
		return selftest.Object{"resultCode": 0, "successList": sent, "success": numbers}
	})
}

// allDone has no other response.
func allDone(int, []string) any { return nil }

func msisdns(n int) (numbers []string) {
	for i := range n {
		numbers = append(numbers, strconv.FormatInt(1064800000000+int64(i), 10))
	}
	return numbers
}

// outcomesOf ranges over what became of many cards, and returns the number and the kind of outcome of each.
func outcomesOf[T any](
	t *testing.T, all iter.Seq2[T, error], card func(T) quecloud.CardID,
) (numbers []string, outcomes []string) {
	t.Helper()
	for result, err := range all {
		what := "failed"
		failed, ok := errors.AsType[*quecloud.BatchError](err)
		switch {
		case err == nil:
			what = "done"
		case errors.Is(err, quecloud.ErrNotStarted):
			what = "not started"
			require.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
		case errors.Is(err, quecloud.ErrOutcomeUnknown):
			what = "unknown"
		}
		if err != nil {
			require.True(t, ok, "%v", err)
			assert.Equal(t, len(numbers), failed.First)
			assert.Equal(t, []quecloud.CardID{card(result)}, slices.Collect(failed.Cards.All()))
		}
		numbers, outcomes = append(numbers, card(result).String()), append(outcomes, what)
	}
	return numbers, outcomes
}

// times returns an outcome n times.
func times(n int, outcome string) []string { return slices.Repeat([]string{outcome}, n) }

// A batchCall ranges over the outcomes of many cards.
type batchCall func(*testing.T, context.Context) (numbers, outcomes []string)

func cardOfSMS(o quecloud.SMSOutcome) quecloud.CardID { return o.Card }

// batchCalls are the methods that change any number of cards.
func batchCalls(client *quecloud.Client, numbers []string, opts ...quecloud.FleetOption) map[string]batchCall {
	cards := quecloud.MSISDNs(numbers...)
	return map[string]batchCall{
		"SendAll": func(t *testing.T, ctx context.Context) ([]string, []string) {
			params := &quecloud.SMSSendParams{Cards: cards, Content: "a"}
			return outcomesOf(t, client.SMS.SendAll(ctx, params, opts...), cardOfSMS)
		},
		"SetAlarmAll": func(t *testing.T, ctx context.Context) ([]string, []string) {
			all := client.Flow.SetAlarmAll(ctx, cards, &alarm, opts...)
			return outcomesOf(t, all, func(c quecloud.CardID) quecloud.CardID { return c })
		},
	}
}

func TestBatchCallsYieldOneOutcomePerCard(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		cards    int
		other    func(n int, numbers []string) any
		outcomes []string
		sizes    []int
	}{
		"all done": {2500, allDone, times(2500, "done"), []int{834, 834, 832}},
		"none":     {0, allDone, nil, nil},
		"one left out": {1500, func(_ int, numbers []string) any {
			return selftest.Object{"resultCode": 0, "successList": rowsOf(numbers[1:]), "success": numbers[1:]}
		}, slices.Concat(times(1, "unknown"), times(749, "done"), times(1, "unknown"), times(749, "done")), []int{750, 750}},
		"second refused": {2500, func(n int, _ []string) any {
			if n == 1 {
				return selftest.Refusal("busy")
			}
			return nil
		}, slices.Concat(times(834, "done"), times(834, "failed"), times(832, "not started")), []int{834, 834}},
		"second in doubt": {2500, func(n int, _ []string) any {
			if n == 1 {
				return io.ErrUnexpectedEOF
			}
			return nil
		}, slices.Concat(times(834, "done"), times(834, "unknown"), times(832, "not started")), []int{834, 834}},
		"last refused": {1001, func(n int, _ []string) any {
			if n == 1 {
				return selftest.Refusal("busy")
			}
			return nil
		}, slices.Concat(times(501, "done"), times(500, "failed")), []int{501, 500}},
	} {
		for method := range batchCalls(nil, nil) {
			t.Run(name+", "+method, func(t *testing.T) {
				t.Parallel()
				platform := batchPlatform(tt.other)
				want := msisdns(tt.cards)
				numbers, outcomes := batchCalls(platform.Client(t, selftest.NoRetry), want)[method](t, t.Context())
				assert.Equal(t, tt.outcomes, outcomes)
				assert.Equal(t, want, numbers)
				var sizes []int
				for _, form := range platform.Forms() {
					sizes = append(sizes, strings.Count(form.Get("msisdns")+form.Get("msisdn"), ",")+1)
				}
				assert.Equal(t, tt.sizes, sizes, "cards of each call")
			})
		}
	}
}

func rowsOf(numbers []string) (rows []selftest.Object) {
	for _, number := range numbers {
		rows = append(rows, selftest.Object{"msisdns": number})
	}
	return rows
}

func TestBatchCallsYieldReceiptsAndFailures(t *testing.T) {
	t.Parallel()
	platform := batchPlatform(func(_ int, numbers []string) any {
		return selftest.Object{"resultCode": 0, "errorList": numbers[:1], "successList": []selftest.Object{
			{"msisdns": numbers[2], "sms_id": "c"}, {"msisdns": numbers[1], "sms_id": "b"},
		}}
	})
	params := &quecloud.SMSSendParams{Cards: quecloud.MSISDNs(msisdns(3)...), Content: "a", SMSID: "mine"}
	all := platform.Client(t, selftest.NoRetry).SMS.SendAll(t.Context(), params)
	assert.Zero(t, platform.Attempts(), "nothing is sent before the loop")
	*params = quecloud.SMSSendParams{}
	var ids []string
	for sms, err := range all {
		ids = append(ids, sms.Sent.SMSID)
		if sms.Sent.SMSID == "" {
			require.ErrorIs(t, err, quecloud.ErrPartial)
			require.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
			assert.ErrorContains(t, err, sms.Card.String())
		}
	}
	assert.Equal(t, []string{"", "b", "c"}, ids)
	assert.Equal(t, []string{"mine"}, platform.Values("smsId"))
}

func TestBatchCallsEndWithTheirContextAndYieldWhatWasNotSent(t *testing.T) {
	t.Parallel()
	platform := batchPlatform(allDone)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := 0
	var notSent []quecloud.CardID
	params := &quecloud.SMSSendParams{Cards: quecloud.MSISDNs(msisdns(2000)...), Content: "a"}
	for sms, err := range platform.Client(t, selftest.NoRetry).SMS.SendAll(ctx, params) {
		if err != nil {
			require.ErrorIs(t, err, quecloud.ErrNotStarted)
			require.ErrorIs(t, err, context.Canceled)
			require.ErrorContains(t, err, fmt.Sprintf("(card %s, %d of 2000)", sms.Card, done+len(notSent)+1))
			notSent = append(notSent, sms.Card)
			continue
		}
		if done++; done == 5 {
			cancel()
		}
	}
	assert.Equal(t, 1000, done, "the SMS has been sent to all of the batch")
	rest, err := quecloud.CardIDsOf(notSent)
	require.NoError(t, err)
	assert.Equal(t, quecloud.MSISDNs(msisdns(2000)[1000:]...), rest)
	assert.Equal(t, 1, platform.Attempts())
}

func TestBatchCallsCanBeLeftAmongUnsentCards(t *testing.T) {
	t.Parallel()
	platform := batchPlatform(func(int, []string) any { return selftest.Refusal("busy") })
	outcomes := 0
	cards := quecloud.MSISDNs(msisdns(2000)...)
	for _, err := range platform.Client(t, selftest.NoRetry).Flow.SetAlarmAll(t.Context(), cards, &alarm) {
		outcomes++
		if errors.Is(err, quecloud.ErrNotStarted) {
			break
		}
	}
	assert.Equal(t, 1001, outcomes)
}

// An interceptor may return a ParamError for a later call too: that is no bad input of the whole job.
func TestBatchCallsRefusedHalfwayAccountForEveryCard(t *testing.T) {
	t.Parallel()
	calls := 0
	refuse := func(ctx context.Context, _ *quecloud.CallInfo, next func(context.Context) error) error {
		if calls++; calls == 2 {
			return &quecloud.ParamError{Param: "quota", Reason: "is used up"}
		}
		return next(ctx)
	}
	client := batchPlatform(allDone).Client(t, selftest.NoRetry, quecloud.WithInterceptor(refuse))
	numbers, outcomes := batchCalls(client, msisdns(3000))["SendAll"](t, t.Context())
	assert.Equal(t, msisdns(3000), numbers)
	assert.Equal(t, slices.Concat(times(1000, "done"), times(1000, "failed"), times(1000, "not started")), outcomes)
}

func TestBatchCallsSendNothingAfterTheLoop(t *testing.T) {
	t.Parallel()
	platform := batchPlatform(allDone)
	cards := quecloud.MSISDNs(msisdns(3000)...)
	for card, err := range platform.Client(t, selftest.NoRetry).Flow.SetAlarmAll(t.Context(), cards, &alarm) {
		require.NoError(t, err)
		assert.Equal(t, quecloud.MSISDN(msisdns(1)[0]), card)
		break
	}
	assert.Equal(t, 1, platform.Attempts())
}

func TestBatchCallsRejectBadInputBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	platform := batchPlatform(allDone)
	client := platform.Client(t, selftest.NoRetry)
	bad := quecloud.MSISDNs(append(msisdns(1500), "x")...)
	good := quecloud.MSISDNs(msisdns(1500)...)
	params := &quecloud.SMSSendParams{Cards: good, Content: "a"}
	for name, all := range map[string]iter.Seq2[quecloud.SMSOutcome, error]{
		"bad card":    client.SMS.SendAll(t.Context(), &quecloud.SMSSendParams{Cards: bad, Content: "a"}),
		"zero cards":  client.SMS.SendAll(t.Context(), &quecloud.SMSSendParams{Content: "a"}),
		"no text":     client.SMS.SendAll(t.Context(), &quecloud.SMSSendParams{Cards: good}),
		"no params":   client.SMS.SendAll(t.Context(), nil),
		"bad option":  client.SMS.SendAll(t.Context(), params, quecloud.Concurrency(2)),
		"nil context": client.SMS.SendAll(nil, params), //nolint:staticcheck // on purpose
	} {
		outcomes := 0
		for _, err := range all {
			outcomes++
			assert.ErrorAs(t, err, new(*quecloud.ParamError), name)
		}
		assert.Equal(t, 1, outcomes, name)
	}
	for _, err := range client.Flow.SetAlarmAll(t.Context(), good, nil) {
		assert.ErrorAs(t, err, new(*quecloud.ParamError))
	}
	assert.Zero(t, platform.Attempts())
}

func TestBatchCallsReportProgress(t *testing.T) {
	t.Parallel()
	var progress []int64
	report := quecloud.Progress(func(done, total int64) { progress = append(progress, done, total) })
	cards := quecloud.MSISDNs(msisdns(1500)...)
	client := batchPlatform(allDone).Client(t)
	for _, err := range client.Flow.SetAlarmAll(t.Context(), cards, &alarm, report) {
		require.NoError(t, err)
	}
	assert.Equal(t, []int64{750, 1500, 1500, 1500}, progress)
}
