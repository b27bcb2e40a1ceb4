package quecloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestErrorTextsSayWhatWasBeingDoneAndWhatIsWrong(t *testing.T) {
	t.Parallel()
	refused := &APIError{Method: "fc.function.card.info", Code: 1, Message: "卡号不存在", HTTPStatus: 200}
	doubt := refused.Error() + "; " + ErrOutcomeUnknown.Error() + "; "
	for _, tt := range []struct {
		err  error
		want string
	}{
		{refused, "quecloud: card.info: refused with resultCode 1: 卡号不存在"},
		{&APIError{Method: "fc.function.card.info", Code: 2, HTTPStatus: 500}, "quecloud: card.info: refused with resultCode 2 (HTTP status 500)"},
		{&ParamError{Param: "secret", Reason: "is empty"}, "quecloud: secret: is empty"},
		{&ParamError{"fc.function.card.info", "iccid", "is empty"}, "quecloud: card.info: parameter iccid: is empty; nothing was sent"},
		{&ResponseError{Method: "fc.function.card.info", HTTPStatus: 502, Body: []byte("<html>"), Err: io.EOF}, `quecloud: card.info: bad response with HTTP status 502: EOF; it begins "<html>"`},
		{&ResponseError{Method: "fc.function.card.info", HTTPStatus: 200, Err: io.EOF}, "quecloud: card.info: bad response with HTTP status 200: EOF"},
		{&ResponseError{Method: "fc.function.card.info", HTTPStatus: 429, Err: io.EOF, RetryAfter: 100 * time.Second}, "quecloud: card.info: bad response with HTTP status 429: EOF; it asks to wait for 1m40s"},
		{&FieldError{"cards[3].flow", `"abc"`, "want a number"}, `member cards[3].flow: want a number: "abc"`},
		{&FieldError{"orderNo", "", "missing"}, "member orderNo: missing"},
		{&outcomeError{refused, lookup("fc.function.card.pause"), ""}, doubt + "look with Cards.Info before trying again"},
		{&outcomeError{refused, lookup("fc.function.card.recharge"), "o1"}, doubt + `look with Orders.Find for ExternalID "o1" before trying again`},
		{&outcomeError{refused, lookup("fc.function.card.renewal"), ""}, doubt + "look with Orders.Find before trying again, and set an ExternalID next time"},
		{&outcomeError{refused, lookup("fc.function.sms.send"), ""}, doubt + "look with SMS.ListLog before trying again"},
		{&outcomeError{refused, lookup("fc.function.card.alarm"), ""}, doubt + "look with Flow.Alarm before trying again"},
		{&outcomeError{refused, lookup("fc.function.card.realName"), ""}, doubt + "look with Cards.RealNameStatus before trying again"},
		{&outcomeError{refused, lookup("fc.function.file.card.get"), ""}, doubt + "look with Files.List before trying again"},
		{&outcomeError{refused, lookup("fc.function.new"), ""}, doubt + "find out before trying again"},
	} {
		assert.EqualError(t, tt.err, tt.want)
	}
}

func TestAnExcerptEndsBetweenCharacters(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "卡号", excerpt("卡号不存在", 8))
	assert.Equal(t, "卡号", excerpt("卡号", 6))
	client, _ := newScripted(t, []scriptStep{{body: strings.Repeat("卡", 1000)}})
	var bad *ResponseError
	require.ErrorAs(t, readOnce(t.Context(), client), &bad)
	assert.Len(t, bad.Body, 510)
	assert.True(t, utf8.Valid(bad.Body))
	assert.Less(t, len(bad.Error()), 700)
}

func TestARefusalIsReachableThroughWrapping(t *testing.T) {
	t.Parallel()
	client, _ := newScripted(t, []scriptStep{{body: `{"resultCode":70031,"errorMessage":"x"}`}})
	err := fmt.Errorf("mine: %w", client.Cards.Pause(t.Context(), MSISDN(phone)))
	refused, ok := errors.AsType[*APIError](err)
	require.True(t, ok)
	assert.Equal(t, &APIError{Method: "fc.function.card.pause", Subject: phone, Code: 70031, Message: "x", HTTPStatus: 200}, refused)
	require.ErrorIs(t, err, ErrUnauthorized)
	assert.NotErrorIs(t, err, ErrOutcomeUnknown)
	assert.NotErrorIs(t, &APIError{Code: 1}, ErrUnauthorized)
}

func TestARefusalWithAServerErrorLeavesTheOutcomeUnknown(t *testing.T) {
	t.Parallel()
	for _, kind := range kindCalls {
		t.Run(kind.name, func(t *testing.T) {
			t.Parallel()
			client, s := newScripted(t, []scriptStep{{status: 500, body: `{"resultCode":9,"errorMessage":"crashed"}`}})
			err := kind.call(t.Context(), client)
			var refused *APIError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, 500, refused.HTTPStatus)
			assert.Equal(t, kind.name != "read", errors.Is(err, ErrOutcomeUnknown))
			if kind.repeatable {
				assert.Equal(t, 4, s.tries)
			} else {
				assert.Equal(t, 1, s.tries)
			}
		})
	}
}

func TestAPartialSuccessGivesResultAndError(t *testing.T) {
	t.Parallel()
	t.Run("alarm", func(t *testing.T) {
		t.Parallel()
		client, _ := newScripted(t, []scriptStep{{body: `{"resultCode":1,"errorMessage":"部分失败","success":["` + phone + `"]}`}})
		result, err := client.Flow.SetAlarm(t.Context(), MSISDNs(phone, "1064991300002"), &AlarmSettings{})
		require.ErrorIs(t, err, ErrPartial)
		require.ErrorAs(t, err, new(*APIError))
		assert.Equal(t, &SetAlarmResult{Succeeded: []string{phone}, Failed: MSISDNs("1064991300002")}, result)
	})
	t.Run("sms", func(t *testing.T) {
		t.Parallel()
		client, _ := newScripted(t, []scriptStep{{body: `{"resultCode":0,"successList":[{"msisdn":"1","sms_id":"9"}],"errorList":["2"]}`}})
		result, err := client.SMS.Send(t.Context(), &SMSSendParams{Cards: MSISDNs("1", "2"), Content: testContent})
		require.ErrorIs(t, err, ErrPartial)
		assert.Equal(t, &SMSSendResult{Sent: []SentSMS{{MSISDN: "1", SMSID: "9"}}, Failed: []string{"2"}}, result)
	})
	t.Run("alarm refused for all", func(t *testing.T) {
		t.Parallel()
		client, _ := newScripted(t, []scriptStep{{body: `{"resultCode":1,"success":[]}`}})
		result, err := client.Flow.SetAlarm(t.Context(), MSISDNs(phone), &AlarmSettings{})
		require.ErrorAs(t, err, new(*APIError))
		assert.NotErrorIs(t, err, ErrPartial)
		assert.Nil(t, result)
	})
}

func TestAFailedQueryIsNoAnswer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body string }{
		{"false", `{"resultCode":0,"realTimeStatus":{"issuccess":"false","onlinestatus":"关机"}}`},
		{"a bare false", `{"resultCode":0,"realTimeStatus":{"issuccess":false}}`},
		{"0", `{"resultCode":0,"realTimeStatus":{"issuccess":0}}`},
		{"with other members that make no sense", `{"resultCode":0,"realTimeStatus":{"issuccess":"false","totalFlowb":"timeout"}}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, _ := newScripted(t, []scriptStep{{body: tt.body}})
			status, err := client.Cards.RealtimeStatus(t.Context(), MSISDN(phone))
			require.ErrorIs(t, err, ErrQueryFailed)
			assert.Nil(t, status)
		})
	}
	client, _ := newScripted(t, []scriptStep{{body: `{"resultCode":0,"data":{"rpscode":"2001","rspdesc":"timeout"}}`}})
	_, err := client.Cards.RealNameStatus(t.Context(), MSISDN(phone))
	require.ErrorIs(t, err, ErrQueryFailed)
}

func TestTheTimeOfAnAttemptCanBeToldFromTheCallersOwn(t *testing.T) {
	t.Parallel()
	slow := []scriptStep{{wait: time.Hour}}
	t.Run("attempt", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			client, s := newScripted(t, slow, WithTimeout(3*time.Second), WithRetry(RetryPolicy{MaxAttempts: 2}))
			start := time.Now()
			err := readOnce(t.Context(), client)
			assert.Equal(t, 6*time.Second, time.Since(start).Round(time.Millisecond))
			assert.Equal(t, 2, s.tries)
			require.ErrorIs(t, err, ErrAttemptTimeout)
			assert.ErrorContains(t, err, "(waited 3s)")
			assert.NotErrorIs(t, err, context.DeadlineExceeded)
			assert.NotErrorIs(t, err, context.Canceled)
			var timeout net.Error
			require.ErrorAs(t, err, &timeout)
			assert.True(t, timeout.Timeout())
		})
	})
	t.Run("caller", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			client, s := newScripted(t, slow, WithTimeout(3*time.Second))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start := time.Now()
			err := readOnce(ctx, client)
			assert.Equal(t, time.Second, time.Since(start).Round(time.Millisecond))
			assert.Equal(t, 1, s.tries)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.ErrorContains(t, err, "(waited 1s)")
			assert.NotErrorIs(t, err, ErrAttemptTimeout)
		})
	})
	t.Run("attempt, in the middle of the answer", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			client, _ := newScripted(t, []scriptStep{{stream: func(ctx context.Context) io.Reader {
				return io.MultiReader(strings.NewReader(`{"resultCode":0`), stuck{ctx})
			}}}, WithTimeout(time.Second), WithRetry(RetryPolicy{MaxAttempts: 1}))
			err := readOnce(t.Context(), client)
			require.ErrorIs(t, err, ErrAttemptTimeout)
			assert.ErrorContains(t, err, "(waited 1s)")
			assert.NotErrorIs(t, err, context.Canceled)
			var bad *ResponseError
			require.ErrorAs(t, err, &bad)
			assert.Equal(t, `{"resultCode":0`, string(bad.Body))
		})
	})
}

// stuck is the body of an answer of which no more comes until the attempt ends.
type stuck struct{ ctx context.Context }

func (s stuck) Read([]byte) (int, error) {
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func TestTheCallersContextEndsACallAtOnce(t *testing.T) {
	t.Parallel()
	reason := errors.New("shutting down")
	for _, tt := range []struct {
		name   string
		after  time.Duration
		steps  []scriptStep
		tries  int
		also   error // reachable too
		unsure bool  // for a call that changes something
	}{
		{"before it is sent", 0, []scriptStep{{body: fineAnswer}}, 0, nil, false},
		{"while it is under way", time.Second, []scriptStep{{wait: time.Hour}}, 1, nil, true},
		{"in the answer", time.Second, []scriptStep{{stream: func(ctx context.Context) io.Reader { return stuck{ctx} }}}, 1, nil, true},
		{"before it is repeated", time.Second, []scriptStep{{unsent: io.ErrNoProgress}}, 1, io.ErrNoProgress, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, kind := range kindCalls {
				synctest.Test(t, func(t *testing.T) {
					client, s := newScripted(t, tt.steps, WithRetry(RetryPolicy{MaxAttempts: 9, BaseDelay: 1 << 62, MaxDelay: 1 << 62}))
					ctx, cancel := context.WithCancelCause(t.Context())
					if tt.after == 0 {
						cancel(reason)
					} else {
						time.AfterFunc(tt.after, func() { cancel(reason) })
					}
					start := time.Now()
					err := kind.call(ctx, client)
					assert.Equal(t, tt.after, time.Since(start))
					require.ErrorIs(t, err, context.Canceled)
					require.ErrorIs(t, err, reason)
					if tt.also != nil {
						require.ErrorIs(t, err, tt.also)
					}
					assert.Equal(t, tt.unsure && kind.name != "read", errors.Is(err, ErrOutcomeUnknown), kind.name)
					assert.Equal(t, tt.tries, s.tries)
					if tt.also == nil {
						assert.EqualValues(t, maxTokens, client.core.shared.budget.tokens.Load(), "nothing was to be repeated")
					}
					assert.NotContains(t, err.Error(), "\n")
				})
			}
		})
	}
}

func TestErrorsShowWhatACallIsAboutInPrintableForm(t *testing.T) {
	t.Parallel()
	client, _ := newScripted(t, []scriptStep{{body: `{"resultCode":1}`}, {status: 400}, {err: io.EOF}})
	for range 3 {
		err := client.Call(t.Context(), "fc.function.order.details", map[string]string{"orderNo": "R\x1b[31m1\n"}, nil)
		require.ErrorContains(t, err, `order.details R\x1b[31m1\n: `)
	}
}
