package selftest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

func TestErrorTypeOfCalls(t *testing.T) {
	t.Parallel()
	limit := func(wait selftest.LimiterFunc) func() quecloud.Option {
		return func() quecloud.Option { return quecloud.WithLimiter(wait) }
	}
	slow := func() quecloud.Option { return quecloud.WithTimeout(time.Hour) }
	for _, tt := range []struct {
		name   string
		step   selftest.Step // the first
		option func() quecloud.Option
		read   string // the word for a read
		set    string // the word for a call that sets a state
	}{
		{
			name: "refused for the credentials", step: selftest.Step{Body: `{"resultCode":70031}`},
			read: "unauthorized", set: "unauthorized",
		},
		{name: "refused", step: selftest.Step{Body: `{"resultCode":5}`}, read: "refused", set: "refused"},
		{
			name: "refused with status 500", step: selftest.Step{Status: 500, Body: `{"resultCode":5}`},
			read: "refused", set: "outcome_unknown",
		},
		{
			name: "page of a server in front", step: selftest.Step{Status: 502, Body: "<html>"},
			read: "response", set: "outcome_unknown",
		},
		{name: "connection lost", step: selftest.Step{Err: io.EOF}, read: "network", set: "outcome_unknown"},
		{name: "no connection", step: selftest.Step{Unsent: io.EOF}, read: "network", set: "network"},
		{name: "attempt too slow", step: selftest.Step{Wait: time.Hour}, read: "timeout", set: "outcome_unknown"},
		{name: "no connection in time", step: selftest.Step{Unsent: selftest.LateError{}}, read: "timeout", set: "timeout"},
		{
			name: "caller's deadline", step: selftest.Step{Wait: time.Hour}, option: slow,
			read: "deadline_exceeded", set: "outcome_unknown",
		},
		{
			name: "caller's deadline, told as a timeout of the network",
			step: selftest.Step{Respond: func(r *http.Request) (*http.Response, error) {
				<-r.Context().Done()
				return nil, selftest.LateError{}
			}},
			option: slow, read: "deadline_exceeded", set: "outcome_unknown",
		},
		{
			name: "limiter", option: limit(
				func(context.Context) error { return &net.OpError{Op: "dial", Err: selftest.LateError{}} },
			),
			read: "not_sent", set: "not_sent",
		},
		{
			name: "limiter that hides the caller's deadline",
			option: limit(func(ctx context.Context) error {
				<-ctx.Done()
				return errors.New("no")
			}),
			read: "deadline_exceeded", set: "deadline_exceeded",
		},
		{
			name: "limiter, after an attempt", step: selftest.Step{Unsent: io.EOF},
			option: func() quecloud.Option {
				asked := 0
				return quecloud.WithLimiter(selftest.LimiterFunc(func(context.Context) error {
					if asked++; asked == 2 {
						return errors.New("full")
					}
					return nil
				}))
			},
			read: "network", set: "network",
		},
		{
			name: "interceptor", option: func() quecloud.Option {
				return quecloud.WithInterceptor(func(
					context.Context, *quecloud.CallInfo, func(context.Context) error,
				) error {
					return errors.New("no")
				})
			},
			read: "other", set: "other",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, kind := range selftest.Calls[:2] {
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					defer cancel()
					opts := []quecloud.Option{
						quecloud.WithTimeout(time.Second), quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 2}),
					}
					if tt.option != nil {
						opts = append(opts, tt.option())
					}
					client, _ := selftest.Scripted(t, []selftest.Step{tt.step}, opts...)
					err := kind.Do(ctx, client)
					require.Error(t, err)
					assert.Equal(t, map[string]string{"read": tt.read, "set": tt.set}[kind.Name], quecloud.ErrorType(err),
						"%s: %v", kind.Name, err)
				})
			}
		})
	}
}
