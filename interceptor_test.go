package quecloud

import (
	"context"
	"errors"
	"io"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInterceptorsSeeTheWholeCallAndComposeInOrder(t *testing.T) {
	t.Parallel()
	var order []string
	var got CallInfo
	note := func(name string) Interceptor {
		return func(ctx context.Context, info *CallInfo, next func(context.Context) error) error {
			order = append(order, name+" before")
			err := next(ctx)
			order = append(order, name+" after")
			got = *info
			return err
		}
	}
	client, _ := newScripted(t, []scriptStep{{status: 503}, {status: 429}, {status: 200, body: `{"resultCode":"31","errorMessage":"no"}`}},
		WithInterceptor(note("outer")), WithInterceptor(note("inner")))
	err := readOnce(t.Context(), client)
	require.Error(t, err)
	assert.Equal(t, []string{"outer before", "inner before", "inner after", "outer after"}, order)
	assert.GreaterOrEqual(t, got.Duration, time.Duration(0))
	got.Duration, got.Result = 0, nil
	assert.Equal(t, CallInfo{
		Method: "fc.function.sms.monthcount", Kind: KindRead, URL: DefaultBaseURL, Params: url.Values{"dateStr": {"202505"}},
		Attempts: 3, HTTPStatus: 200, Responded: true, ResultCode: 31,
	}, got)
}

func TestInterceptorsSeeWhatAnAnswerSaysOfItself(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		body string
		call func(context.Context, *Client) error
		want error
	}{
		{"no network", `{"resultCode":0,"realTimeStatus":{"issuccess":false}}`, func(ctx context.Context, c *Client) error {
			_, err := c.Cards.RealtimeStatus(ctx, MSISDN(phone))
			return err
		}, ErrQueryFailed},
		{"no carrier", `{"resultCode":0,"data":{"rpscode":"2001"}}`, func(ctx context.Context, c *Client) error {
			_, err := c.Cards.RealNameStatus(ctx, MSISDN(phone))
			return err
		}, ErrQueryFailed},
		{"some SMS", `{"resultCode":0,"successList":[{"msisdn":"1"}],"errorList":["2"]}`, func(ctx context.Context, c *Client) error {
			_, err := c.SMS.Send(ctx, &SMSSendParams{Cards: MSISDNs("1", "2"), Content: testContent})
			return err
		}, ErrPartial},
		{"some alarms", `{"resultCode":1,"success":["1"]}`, func(ctx context.Context, c *Client) error {
			_, err := c.Flow.SetAlarm(ctx, MSISDNs("1", "2"), &AlarmSettings{})
			return err
		}, ErrPartial},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var seen error
			client, _ := newScripted(t, []scriptStep{{body: tt.body}}, WithInterceptor(
				func(ctx context.Context, _ *CallInfo, next func(context.Context) error) error {
					seen = next(ctx)
					return seen
				}))
			err := tt.call(t.Context(), client)
			require.ErrorIs(t, err, tt.want)
			assert.Equal(t, err, seen)
		})
	}
}

func TestAnInterceptorCannotMakeACallHappenTwice(t *testing.T) {
	t.Parallel()
	client, s := newScripted(t, []scriptStep{{body: fineAnswer}}, WithInterceptor(
		func(ctx context.Context, _ *CallInfo, next func(context.Context) error) error {
			return errors.Join(next(ctx), next(ctx))
		}))
	require.ErrorContains(t, client.Cards.Pause(t.Context(), MSISDN(phone)), "next was called twice")
	assert.Equal(t, 1, s.tries)
}

func TestAnInterceptorMayAnswerItself(t *testing.T) {
	t.Parallel()
	client, s := newScripted(t, []scriptStep{{err: io.EOF}}, WithInterceptor(
		func(_ context.Context, info *CallInfo, _ func(context.Context) error) error {
			*info.Result.(*SMSMonthCount) = SMSMonthCount{MT: 1, MO: 2}
			return nil
		}))
	count, err := client.SMS.MonthCount(t.Context(), Month{2025, time.May})
	require.NoError(t, err)
	assert.Equal(t, &SMSMonthCount{MT: 1, MO: 2}, count)
	assert.Zero(t, s.tries)
}

func TestAnInterceptorCannotChangeWhatIsSent(t *testing.T) {
	t.Parallel()
	client, s := newScripted(t, []scriptStep{{body: fineAnswer}}, WithInterceptor(
		func(ctx context.Context, info *CallInfo, next func(context.Context) error) error {
			info.Params.Set("msisdn", "666")
			return next(ctx)
		}))
	require.NoError(t, client.Cards.Pause(t.Context(), MSISDN(phone)))
	assert.Equal(t, phone, s.forms[0].Get("msisdn"))
}

// An interceptor that gives up before a goroutine of its own has called next leaves nothing that happens later.
func TestAnInterceptorCannotMakeACallAfterItHasReturned(t *testing.T) {
	t.Parallel()
	for name, own := range map[string]error{"an error": errors.New("too slow"), "success": nil} {
		returned, late := make(chan struct{}), make(chan error, 1)
		client, s := newScripted(t, []scriptStep{{body: fineAnswer}}, WithInterceptor(
			func(ctx context.Context, _ *CallInfo, next func(context.Context) error) error {
				go func() {
					<-returned
					late <- next(ctx)
				}()
				return own
			}))
		require.ErrorIs(t, client.Cards.Pause(t.Context(), MSISDN(phone)), own, name)
		close(returned)
		require.ErrorContains(t, <-late, "after the interceptor had returned", name)
		assert.Zero(t, s.tries, name)
	}
}
