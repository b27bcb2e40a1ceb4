package selftest_test

import (
	"context"
	"errors"
	"io"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

func TestInterceptorSeesTheWholeCall(t *testing.T) {
	t.Parallel()
	var order []string
	var got quecloud.CallInfo
	note := func(name string) quecloud.Interceptor {
		return func(ctx context.Context, info *quecloud.CallInfo, next func(context.Context) error) error {
			order = append(order, name+" before")
			err := next(ctx)
			order = append(order, name+" after")
			got = *info
			return err
		}
	}
	client, _ := selftest.Scripted(t, []selftest.Step{
		{Status: 503}, {Status: 429}, {Status: 200, Body: `{"resultCode":"31","errorMessage":"no"}`},
	},
		quecloud.WithInterceptor(note("outer")), quecloud.WithInterceptor(note("inner")))
	err := selftest.Read(t.Context(), client)
	require.Error(t, err)
	assert.Equal(t, []string{"outer before", "inner before", "inner after", "outer after"}, order)
	assert.GreaterOrEqual(t, got.Duration, time.Duration(0))
	got.Duration, got.Result = 0, nil
	assert.Equal(t, quecloud.CallInfo{
		Method: "fc.function.sms.monthcount", Kind: quecloud.KindRead, URL: selftest.URL,
		Params:   url.Values{"dateStr": {"202505"}},
		Attempts: 3, HTTPStatus: 200, Responded: true, ResultCode: 31,
	}, got)
}

func TestInterceptorSeesTheErrorsOfAResponse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		body string
		call func(context.Context, *quecloud.Client) error
		want error
	}{
		{"no network", `{"resultCode":0,"realTimeStatus":{"issuccess":false}}`, func(
			ctx context.Context, c *quecloud.Client,
		) error {
			_, err := c.Cards.RealtimeStatus(ctx, quecloud.MSISDN(selftest.MSISDN1))
			return err
		}, quecloud.ErrQueryFailed},
		{"no carrier", `{"resultCode":0,"data":{"rpscode":"2001"}}`, func(ctx context.Context, c *quecloud.Client) error {
			_, err := c.Cards.RealNameStatus(ctx, quecloud.MSISDN(selftest.MSISDN1))
			return err
		}, quecloud.ErrQueryFailed},
		{"some SMS", `{"resultCode":0,"successList":[{"msisdn":"1"}],"errorList":["2"]}`, func(ctx context.Context,
			c *quecloud.Client) error {
			_, err := c.SMS.Send(ctx, &quecloud.SMSSendParams{Cards: quecloud.MSISDNs("1", "2"), Content: selftest.SMSContent})
			return err
		}, quecloud.ErrPartial},
		{"some alarms", `{"resultCode":1,"success":["1"]}`, func(ctx context.Context, c *quecloud.Client) error {
			_, err := c.Flow.SetAlarm(ctx, quecloud.MSISDNs("1", "2"), &quecloud.AlarmSettings{})
			return err
		}, quecloud.ErrPartial},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var seen error
			client, _ := selftest.Scripted(t, []selftest.Step{{Body: tt.body}}, quecloud.WithInterceptor(
				func(ctx context.Context, _ *quecloud.CallInfo, next func(context.Context) error) error {
					seen = next(ctx)
					return seen
				}))
			err := tt.call(t.Context(), client)
			require.ErrorIs(t, err, tt.want)
			assert.Equal(t, err, seen)
		})
	}
}

func TestInterceptorCannotCallNextTwice(t *testing.T) {
	t.Parallel()
	client, s := selftest.Scripted(t, []selftest.Step{{Body: selftest.Success}}, quecloud.WithInterceptor(
		func(ctx context.Context, _ *quecloud.CallInfo, next func(context.Context) error) error {
			return errors.Join(next(ctx), next(ctx))
		}))
	require.ErrorContains(t, client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1)),
		"next was called twice")
	assert.Equal(t, 1, s.Attempts())
}

func TestInterceptorMayRespondItself(t *testing.T) {
	t.Parallel()
	client, s := selftest.Scripted(t, []selftest.Step{{Err: io.EOF}}, quecloud.WithInterceptor(
		func(_ context.Context, info *quecloud.CallInfo, _ func(context.Context) error) error {
			*info.Result.(*quecloud.SMSMonthCount) = quecloud.SMSMonthCount{MT: 1, MO: 2}
			return nil
		}))
	count, err := client.SMS.MonthCount(t.Context(), quecloud.Month{Year: 2025, Month: time.May})
	require.NoError(t, err)
	assert.Equal(t, &quecloud.SMSMonthCount{MT: 1, MO: 2}, count)
	assert.Zero(t, s.Attempts())
}

func TestInterceptorCannotChangeTheRequest(t *testing.T) {
	t.Parallel()
	client, s := selftest.Scripted(t, []selftest.Step{{Body: selftest.Success}}, quecloud.WithInterceptor(
		func(ctx context.Context, info *quecloud.CallInfo, next func(context.Context) error) error {
			info.Params.Set("msisdn", "666")
			return next(ctx)
		}))
	require.NoError(t, client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1)))
	assert.Equal(t, selftest.MSISDN1, s.Forms()[0].Get("msisdn"))
}

// A goroutine that calls next after its interceptor has returned sends nothing.
func TestInterceptorCannotCallNextAfterItReturned(t *testing.T) {
	t.Parallel()
	for name, own := range map[string]error{"an error": errors.New("too slow"), "success": nil} {
		returned, late := make(chan struct{}), make(chan error, 1)
		client, s := selftest.Scripted(t, []selftest.Step{{Body: selftest.Success}}, quecloud.WithInterceptor(
			func(ctx context.Context, _ *quecloud.CallInfo, next func(context.Context) error) error {
				go func() {
					<-returned
					late <- next(ctx)
				}()
				return own
			}))
		require.ErrorIs(t, client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1)), own, name)
		close(returned)
		require.ErrorContains(t, <-late, "after the interceptor had returned", name)
		assert.Zero(t, s.Attempts(), name)
	}
}

func TestInterceptorCannotChangeTheRetries(t *testing.T) {
	t.Parallel()
	for name, tamper := range map[string]func(*quecloud.CallInfo){
		"another kind":   func(info *quecloud.CallInfo) { info.Kind = quecloud.KindRead },
		"another method": func(info *quecloud.CallInfo) { info.Method = "fc.function.card.info" },
		"no attempts":    func(info *quecloud.CallInfo) { info.Attempts = -50 },
		"nothing at all": func(info *quecloud.CallInfo) { *info = quecloud.CallInfo{} },
	} {
		for _, kind := range selftest.Calls {
			client, s := selftest.Scripted(t, []selftest.Step{{Status: 500}}, quecloud.WithInterceptor(
				func(ctx context.Context, info *quecloud.CallInfo, next func(context.Context) error) error {
					tamper(info)
					return next(ctx)
				}))
			err := kind.Do(t.Context(), client)
			require.Error(t, err)
			assert.Equal(t, map[bool]int{true: 4, false: 1}[kind.Retryable], s.Attempts(), "%s: %s", name, kind.Name)
			assert.Equal(t, kind.Name != "read", errors.Is(err, quecloud.ErrOutcomeUnknown), "%s: %s", name, kind.Name)
		}
	}
}

func TestInterceptorErrorDoesNotHideAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	own := errors.New("too slow")
	release := make(chan struct{})
	defer close(release)
	for name, tt := range map[string]struct {
		interceptor quecloud.Interceptor
		step        selftest.Step
		unknown     bool
	}{
		"it replaces the error of a call with an unknown outcome": {func(ctx context.Context, _ *quecloud.CallInfo,
			next func(context.Context) error) error {
			_ = next(ctx)
			return own
		}, selftest.Step{Status: 500}, true},
		"it does not wait for the call": {func(
			ctx context.Context, _ *quecloud.CallInfo, next func(context.Context) error,
		) error {
			began := make(chan struct{})
			go func() {
				_ = next(context.WithValue(ctx, startedKey{}, began))
			}()
			<-began
			return own
		}, selftest.Step{Body: selftest.Success}, true},
		"it replaces a success": {func(ctx context.Context, _ *quecloud.CallInfo, next func(context.Context) error) error {
			_ = next(ctx)
			return own
		}, selftest.Step{Body: selftest.Success}, true},
		"it replaces a refusal": {func(ctx context.Context, _ *quecloud.CallInfo, next func(context.Context) error) error {
			_ = next(ctx)
			return own
		}, selftest.Step{Body: `{"resultCode":1}`}, false},
		"it does not make the call": {func(context.Context, *quecloud.CallInfo, func(context.Context) error) error {
			return own
		}, selftest.Step{Body: selftest.Success}, false},
	} {
		hold := func(ctx context.Context, _ *quecloud.CallInfo, next func(context.Context) error) error {
			return next(ctx)
		}
		limit := selftest.LimiterFunc(func(ctx context.Context) error {
			if began, ok := ctx.Value(startedKey{}).(chan struct{}); ok {
				close(began)
				<-release
			}
			return nil
		})
		client, _ := selftest.Scripted(t, []selftest.Step{tt.step}, quecloud.WithLimiter(limit),
			quecloud.WithInterceptor(tt.interceptor), quecloud.WithInterceptor(hold))
		err := client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1))
		require.ErrorIs(t, err, own, name)
		assert.Equal(t, tt.unknown, errors.Is(err, quecloud.ErrOutcomeUnknown), "%s: %v", name, err)
	}
}

// An interceptor that passes on a partial success leaves it as it is. One that replaces it leaves the call in doubt.
func TestInterceptorErrorOfAPartialSuccess(t *testing.T) {
	t.Parallel()
	own := errors.New("too slow")
	const partial = `{"resultCode":1,"success":["` + selftest.MSISDN1 + `"],"fail":["` + selftest.MSISDN2 + `"]}`
	for name, tt := range map[string]struct {
		replace func(error) error
		unknown bool
	}{
		"passed on": {replace: func(err error) error { return err }},
		"wrapped":   {replace: func(err error) error { return errors.Join(own, err) }},
		"replaced":  {replace: func(error) error { return own }, unknown: true},
	} {
		client, _ := selftest.Scripted(t, []selftest.Step{{Body: partial}}, quecloud.WithInterceptor(
			func(ctx context.Context, _ *quecloud.CallInfo, next func(context.Context) error) error {
				return tt.replace(next(ctx))
			}))
		_, err := client.Flow.SetAlarm(t.Context(), quecloud.MSISDNs(selftest.MSISDN1, selftest.MSISDN2),
			&quecloud.AlarmSettings{AlarmOn: true, Threshold1: 20})
		assert.Equal(t, !tt.unknown, errors.Is(err, quecloud.ErrPartial), "%s: %v", name, err)
		assert.Equal(t, tt.unknown, errors.Is(err, quecloud.ErrOutcomeUnknown), "%s: %v", name, err)
	}
}

// The result of a running call is not known, so an interceptor cannot return success for it.
func TestInterceptorFailsTheCallIfItReturnsTooEarly(t *testing.T) {
	t.Parallel()
	for _, kind := range selftest.Calls {
		release, began, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
		client, _ := selftest.Scripted(t, []selftest.Step{{Body: selftest.Success}},
			quecloud.WithLimiter(selftest.LimiterFunc(func(context.Context) error {
				close(began)
				<-release
				return nil
			})),
			quecloud.WithInterceptor(func(ctx context.Context, _ *quecloud.CallInfo, next func(context.Context) error) error {
				go func() {
					defer close(ended)
					_ = next(ctx)
				}()
				<-began
				return nil
			}))
		err := kind.Do(t.Context(), client)
		close(release)
		<-ended
		require.ErrorContains(t, err, "returned before next had", kind.Name)
		assert.Equal(t, kind.Name != "read", errors.Is(err, quecloud.ErrOutcomeUnknown), kind.Name)
	}
}

type startedKey struct{}

func TestInterceptorOrder(t *testing.T) {
	t.Parallel()
	var seen []string
	platform := selftest.TextPlatform(`{"resultCode":0}`)
	client := platform.Client(t, selftest.AtNow, quecloud.WithInterceptor(selftest.Tracer(&seen, "a")),
		quecloud.WithInterceptor(selftest.Tracer(&seen, "b")),
		quecloud.WithInterceptor(selftest.Tracer(&seen, "c")))
	require.NoError(t, client.Cards.Pause(t.Context(), testCard))
	assert.Equal(t, []string{"a", "b", "c", "-c", "-b", "-a"}, seen)
}

func TestInterceptorSeesTheCallBeforeAndAfter(t *testing.T) {
	t.Parallel()
	var before, after quecloud.CallInfo
	platform := selftest.TextPlatform(`{"resultCode":3}`)
	client := platform.Client(t, selftest.AtNow, quecloud.WithInterceptor(func(ctx context.Context,
		info *quecloud.CallInfo, next func(context.Context) error) error {
		before = *info
		err := next(ctx)
		after = *info
		return err
	}))
	require.ErrorAs(t, client.Cards.Pause(t.Context(), testCard), new(*quecloud.APIError))
	params := url.Values{"iccid": {selftest.ICCID1}}
	assert.Equal(t,
		quecloud.CallInfo{Method: "fc.function.card.pause", Kind: quecloud.KindSet, URL: selftest.URL, Params: params},
		before)
	assert.Equal(t, quecloud.CallInfo{
		Method: "fc.function.card.pause", Kind: quecloud.KindSet, URL: selftest.URL, Params: params,
		Attempts: 1, HTTPStatus: 200, Responded: true, ResultCode: 3,
	}, after)
}
