package otelquecloud_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestErrorTypeOfCalls(t *testing.T) {
	t.Parallel()
	read := func(ctx context.Context, c *quecloud.Client) error {
		_, err := c.Billing.Wallet(ctx)
		return err
	}
	set := func(ctx context.Context, c *quecloud.Client) error {
		return c.Cards.Pause(ctx, quecloud.MSISDN("1064900000001"))
	}
	hang := platform(func(req *http.Request) (*http.Response, error) {
		<-req.Context().Done()
		return nil, context.Cause(req.Context())
	})
	for _, test := range []struct {
		name     string
		platform platform
		call     func(context.Context, *quecloud.Client) error
		opts     []quecloud.Option
		want     string
	}{
		{name: "refused", platform: responding(200, `{"resultCode":"1234"}`), want: "refused"},
		{name: "refused with an HTTP error", platform: responding(500, `{"resultCode":1234}`), want: "refused"},
		{name: "error page", platform: responding(503, "<html>"), want: "response"},
		{name: "redirect", platform: responding(302, ""), want: "response"},
		{name: "not the protocol", platform: responding(200, "<html>"), want: "response"},
		{name: "empty", platform: responding(200, ""), want: "response"},
		{name: "slow platform", platform: hang, want: "timeout"},
		{name: "slow network", platform: failing(&net.OpError{Op: "dial", Err: slow{}}), want: "timeout"},
		{
			name: "certificate", platform: failing(&tls.CertificateVerificationError{Err: errors.New("expired")}),
			want: "certificate",
		},
		{name: "connection", platform: failing(errors.New("reset")), want: "network"},
		{name: "set and cut", platform: failing(errors.New("reset")), call: set, want: "outcome_unknown"},
		{name: "set and slow", platform: hang, call: set, want: "outcome_unknown"},
		{name: "set and an error page", platform: responding(502, "<html>"), call: set, want: "outcome_unknown"},
		{name: "set and refused", platform: responding(200, `{"resultCode":7}`), call: set, want: "refused"},
		{name: "query failed", platform: responding(200, `{"resultCode":0,"realTimeStatus":{"issuccess":false}}`),
			call: func(ctx context.Context, c *quecloud.Client) error {
				_, err := c.Cards.RealtimeStatus(ctx, quecloud.MSISDN("1064900000001"))
				return err
			}, want: "query_failed"},
		{name: "partial", platform: responding(200, `{"resultCode":1,"success":["1064900000001"]}`),
			call: func(ctx context.Context, c *quecloud.Client) error {
				_, err := c.Flow.SetAlarm(ctx, quecloud.MSISDNs("1064900000001", "1064900000002"), &quecloud.AlarmSettings{})
				return err
			}, want: "partial"},
		{name: "limiter", platform: sequence(), opts: []quecloud.Option{quecloud.WithLimiter(full{})}, want: "not_sent"},
		{
			name: "own writer", platform: responding(200, "PK\x03\x04"), want: "other",
			call: func(ctx context.Context, c *quecloud.Client) error {
				_, err := c.Files.Download(ctx, 1, full{})
				return err
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if test.call == nil {
					test.call = read
				}
				r := newRecorder()
				client := r.client(t, test.platform, append(test.opts,
					quecloud.WithTimeout(time.Second), quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))...)
				require.Error(t, test.call(t.Context(), client))
				r.assertErrorType(t, test.want)
			})
		})
	}
}

// full is a limiter that allows nothing, and a disk that stores nothing.
type full struct{}

func (full) Wait(context.Context) error { return errors.New("full") }
func (full) Write([]byte) (int, error)  { return 0, errors.New("full") }

// slow is a timeout like those of package net.
type slow struct{}

func (slow) Error() string     { return "i/o timeout" }
func (slow) Timeout() bool     { return true }
func (slow) Temporary() bool   { return true }
func (slow) Is(err error) bool { return err == context.DeadlineExceeded }

func (r *recorder) assertErrorType(t *testing.T, want string) {
	t.Helper()
	span := r.span(t)
	assert.Equal(t, want, values(span.Attributes)["error.type"])
	assert.Equal(t, codes.Error, span.Status.Code)
	points := r.points(t)
	require.Len(t, points, 1)
	assert.Equal(t, want, values(points[0].Attributes.ToSlice())["error.type"])
}

func TestErrorTypeTellsTheCallersContextFromATimeout(t *testing.T) {
	t.Parallel()
	reason := errors.New("shutting down")
	for _, test := range []struct {
		name string
		end  func(context.Context) (context.Context, context.CancelFunc)
		want string
	}{
		{"deadline", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		}, "deadline_exceeded"},
		{"deadline with a reason", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(ctx, time.Second, reason)
		}, "deadline_exceeded"},
		{"canceled", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		}, "canceled"},
		{"canceled with a reason", func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(time.Second, func() { cancel(reason) })
			return ctx, func() { cancel(nil) }
		}, "canceled"},
	} {
		for _, sent := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, sent %t", test.name, sent), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := test.end(t.Context())
					defer cancel()
					if !sent {
						<-ctx.Done()
					}
					r := newRecorder()
					client := r.client(t, func(req *http.Request) (*http.Response, error) {
						<-req.Context().Done()
						return nil, context.Cause(req.Context())
					})
					_, err := client.Billing.Wallet(ctx)
					require.Error(t, err)
					r.assertErrorType(t, test.want)
				})
			})
		}
	}
}

// A limiter that gave up because the context ended may return another error.
func TestErrorTypeIsTheContextsIfTheLimiterDoesNotSaySo(t *testing.T) {
	t.Parallel()
	for want, end := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"canceled": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		},
		"deadline_exceeded": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Second)
		},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := end(t.Context())
				defer cancel()
				r := newRecorder()
				_, err := r.client(t, sequence(), quecloud.WithLimiter(sulky{})).Billing.Wallet(ctx)
				require.ErrorIs(t, err, ctx.Err())
				r.assertErrorType(t, want)
			})
		})
	}
}

// sulky is a limiter that waits until the context ends and returns another error.
type sulky struct{}

func (sulky) Wait(ctx context.Context) error {
	<-ctx.Done()
	return errors.New("no")
}

func TestErrorTypeOfCallsToTheStandIn(t *testing.T) {
	t.Parallel()
	pause := func(ctx context.Context, c *quecloud.Client, card quecloud.CardID) error {
		return c.Cards.Pause(ctx, card)
	}
	info := func(ctx context.Context, c *quecloud.Client, card quecloud.CardID) error {
		_, err := c.Cards.Info(ctx, card)
		return err
	}
	for _, test := range []struct {
		name  string
		fault quecloudtest.Fault
		call  func(context.Context, *quecloud.Client, quecloud.CardID) error
		want  map[string]any // nil: not there
	}{
		{"read after an outage", quecloudtest.HTTPStatus(503), info, map[string]any{
			"http.request.resend_count": int64(1), "http.response.status_code": int64(200),
			"quecloud.result_code": int64(0), "error.type": nil,
		}},
		{"refused", quecloudtest.Refuse(1, "no"), pause, map[string]any{
			"http.request.resend_count": nil, "http.response.status_code": int64(200),
			"quecloud.result_code": int64(1), "error.type": "refused",
		}},
		{"set without a response", quecloudtest.CutAfter(), pause, map[string]any{
			"http.request.resend_count": nil, "http.response.status_code": nil,
			"quecloud.result_code": nil, "error.type": "outcome_unknown",
		}},
		{"set with a broken response", quecloudtest.CutBody(5), pause, map[string]any{
			"http.request.resend_count": nil, "http.response.status_code": int64(200),
			"quecloud.result_code": nil, "error.type": "outcome_unknown",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRecorder()
			srv := quecloudtest.NewServer()
			defer srv.Close()
			list, err := srv.Client().Cards.List(t.Context(), &quecloud.CardListParams{PageSize: 1})
			require.NoError(t, err)
			require.NotEmpty(t, list.Cards)
			srv.Inject(test.fault.Times(1))

			client := srv.Client(quecloud.WithInterceptor(r.interceptor(t)),
				quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 2}))
			err = test.call(t.Context(), client, quecloud.ICCID(list.Cards[0].ICCID))
			assert.Equal(t, test.want["error.type"] == nil, err == nil, "%v", err)
			attrs := values(r.span(t).Attributes)
			for name, want := range test.want {
				assert.Equal(t, want, attrs[name], name)
			}
			assert.Equal(t, srv.URL, attrs["url.full"])
		})
	}
}

func TestSecretsAreNotRecorded(t *testing.T) {
	t.Parallel()
	const number, iccid, text, who = "1064977770001", "89860677770001234567", "open sesame 77770001", "Zhang San 77770001"
	synctest.Test(t, func(t *testing.T) {
		r := newRecorder()
		for _, platform := range []platform{
			responding(200, `{"resultCode":0,"msisdn":"`+number+`","companyname":"`+who+`"}`),
			responding(200, `{"resultCode":77,"errorMessage":"`+who+`"}`),
			responding(200, `{"resultCode":0,"msisdn":{"`+number+`":"`+who+`"}}`),
			responding(404, "<html>"+who+" "+number),
			failing(errors.New(who + " " + number)),
		} {
			client := r.client(t, platform)
			_, _ = client.Cards.Info(t.Context(), quecloud.ICCID(iccid))
			_ = client.Cards.Pause(t.Context(), quecloud.MSISDN(number))
			_, _ = client.SMS.Send(t.Context(), &quecloud.SMSSendParams{Cards: quecloud.MSISDNs(number), Content: text})
			_, _ = client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{
				Card: quecloud.ICCID(iccid), ProductID: 50, ProductName: text, ExternalID: text,
			})
		}
		spans := r.exporter.GetSpans()
		require.Len(t, spans, 5*4, "all calls were made")
		written, err := json.Marshal(spans)
		require.NoError(t, err)
		measured, err := json.Marshal(r.scope(t))
		require.NoError(t, err)
		for _, secret := range []string{number, iccid, text, who, "77770001", "secret"} {
			assert.NotContains(t, string(written), secret)
			assert.NotContains(t, string(measured), secret)
		}
	})
}
