package quecloud

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Ways in which a call that changes something could come to be sent twice, or end without the doubt that it is in.

func TestNothingIsDecidedByWhatInterceptorsMaySet(t *testing.T) {
	t.Parallel()
	for name, tamper := range map[string]func(*CallInfo){
		"another kind":   func(info *CallInfo) { info.Kind = KindRead },
		"another method": func(info *CallInfo) { info.Method = "fc.function.card.info" },
		"no attempts":    func(info *CallInfo) { info.Attempts = -50 },
		"nothing at all": func(info *CallInfo) { *info = CallInfo{} },
	} {
		for _, kind := range kindCalls {
			client, s := newScripted(t, []scriptStep{{status: 500}}, WithInterceptor(
				func(ctx context.Context, info *CallInfo, next func(context.Context) error) error {
					tamper(info)
					return next(ctx)
				}))
			err := kind.call(t.Context(), client)
			require.Error(t, err)
			assert.Equal(t, map[bool]int{true: 4, false: 1}[kind.repeatable], s.tries, "%s: %s", name, kind.name)
			assert.Equal(t, kind.name != "read", errors.Is(err, ErrOutcomeUnknown), "%s: %s", name, kind.name)
		}
	}
}

func TestAnInterceptorsOwnErrorDoesNotHideTheDoubt(t *testing.T) {
	t.Parallel()
	own := errors.New("too slow")
	release := make(chan struct{})
	defer close(release)
	for name, tt := range map[string]struct {
		interceptor Interceptor
		step        scriptStep
		doubt       bool
	}{
		"it replaces the error of a call in doubt": {func(ctx context.Context, _ *CallInfo, next func(context.Context) error) error {
			_ = next(ctx)
			return own
		}, scriptStep{status: 500}, true},
		"it does not wait for the call": {func(ctx context.Context, _ *CallInfo, next func(context.Context) error) error {
			began := make(chan struct{})
			go func() {
				_ = next(context.WithValue(ctx, startedKey{}, began))
			}()
			<-began
			return own
		}, scriptStep{body: fineAnswer}, true},
		"it replaces a success": {func(ctx context.Context, _ *CallInfo, next func(context.Context) error) error {
			_ = next(ctx)
			return own
		}, scriptStep{body: fineAnswer}, false},
		"it replaces a refusal": {func(ctx context.Context, _ *CallInfo, next func(context.Context) error) error {
			_ = next(ctx)
			return own
		}, scriptStep{body: `{"resultCode":1}`}, false},
		"it does not make the call": {func(context.Context, *CallInfo, func(context.Context) error) error {
			return own
		}, scriptStep{body: fineAnswer}, false},
	} {
		hold := func(ctx context.Context, _ *CallInfo, next func(context.Context) error) error { return next(ctx) }
		limit := waitFunc(func(ctx context.Context) error {
			if began, ok := ctx.Value(startedKey{}).(chan struct{}); ok {
				close(began)
				<-release
			}
			return nil
		})
		client, _ := newScripted(t, []scriptStep{tt.step}, WithLimiter(limit), WithInterceptor(tt.interceptor), WithInterceptor(hold))
		err := client.Cards.Pause(t.Context(), MSISDN(phone))
		require.ErrorIs(t, err, own, name)
		assert.Equal(t, tt.doubt, errors.Is(err, ErrOutcomeUnknown), "%s: %v", name, err)
	}
}

// Nobody knows the result of a call that is still under way: an interceptor that claims to is not believed.
func TestAnInterceptorThatReturnsSuccessTooEarlyFails(t *testing.T) {
	t.Parallel()
	for _, kind := range kindCalls {
		release, began, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
		client, _ := newScripted(t, []scriptStep{{body: fineAnswer}},
			WithLimiter(waitFunc(func(context.Context) error {
				close(began)
				<-release
				return nil
			})),
			WithInterceptor(func(ctx context.Context, _ *CallInfo, next func(context.Context) error) error {
				go func() {
					defer close(ended)
					_ = next(ctx)
				}()
				<-began
				return nil
			}))
		err := kind.call(t.Context(), client)
		close(release)
		<-ended
		require.ErrorContains(t, err, "returned before next had", kind.name)
		assert.Equal(t, kind.name != "read", errors.Is(err, ErrOutcomeUnknown), kind.name)
	}
}

type startedKey struct{}

type waitFunc func(context.Context) error

func (f waitFunc) Wait(ctx context.Context) error { return f(ctx) }

// The response to a call whose Go method is not used is known no less.
func TestARefusalThatTellsOfSomethingDoneIsNotRetried(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		method, more string
		params       map[string]string
		tries        int
	}{
		{method: "fc.function.card.alarm", more: `,"success":["1"]`, tries: 1},
		{method: "fc.function.card.recharge", more: `,"orderNo":"R1"`, tries: 1},
		{method: "fc.function.new", more: `,"data":{"done":3}`, tries: 1},
		{method: "fc.function.card.pause", more: ``, tries: 4},
		{method: "fc.function.card.pause", more: `,"data":null,"list":[],"x":"","n":0,"b":false,"o":{}`, tries: 4},
		{method: "fc.function.card.info", more: `,"traceId":"7"`, tries: 4},
	} {
		for _, result := range []any{nil, new(struct{ Other string }), new(struct{ Success []string })} {
			client, s := newScripted(t, []scriptStep{{status: 429, body: `{"resultCode":1` + tt.more + `}`}})
			require.ErrorAs(t, client.Call(t.Context(), tt.method, tt.params, result), new(*APIError))
			assert.Equal(t, tt.tries, s.tries, "%s %s into %T", tt.method, tt.more, result)
		}
	}
}

func TestABlankExternalIDIsNone(t *testing.T) {
	t.Parallel()
	client, s := newScripted(t, []scriptStep{{status: 500}})
	for _, blank := range []string{" ", "\t\n", "　"} {
		for _, err := range []error{
			second(client.Orders.Recharge(t.Context(), &RechargeParams{ICCID: testICCID, ProductID: 1, ProductName: "x", ExternalID: blank})),
			second(client.Orders.Renew(t.Context(), &RenewalParams{ICCID: testICCID, Years: 1, ExternalID: blank})),
		} {
			bad, ok := errors.AsType[*ParamError](err)
			require.True(t, ok, err)
			assert.Equal(t, "externalId", bad.Param)
		}
		s.tries = 0
		err := client.Call(t.Context(), "fc.function.card.recharge", map[string]string{"externalId": blank}, nil)
		require.ErrorIs(t, err, ErrOutcomeUnknown)
		assert.Equal(t, 1, s.tries, strconv.Quote(blank))
	}
}

func second[T any](_ T, err error) error { return err }

// A transport that has given up may still send what it was given.
func TestATransportThatGoesOnAfterItHasFailedLeavesADoubt(t *testing.T) {
	t.Parallel()
	tries := 0
	client, err := NewClient("000001", testSecret, WithHTTPClient(&http.Client{Transport: transportFunc(func(*http.Request) (*http.Response, error) {
		tries++
		return nil, errors.New("gave up")
	})}))
	require.NoError(t, err)
	require.ErrorIs(t, client.Cards.Pause(t.Context(), MSISDN(phone)), ErrOutcomeUnknown)
	assert.Equal(t, 1, tries)
}
