package quecloud_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/lenient"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// The platform may refuse an order that an earlier call or another process has placed.
func TestErrorOfARefusedPurchaseSaysWhereToLook(t *testing.T) {
	t.Parallel()
	for i, says := range map[int]bool{2: false, 3: true} {
		client, _ := selftest.Scripted(t, []selftest.Step{{Body: `{"resultCode":5,"errorMessage":"重复订单"}`}})
		err := selftest.Calls[i].Do(t.Context(), client)
		require.ErrorAs(t, err, new(*quecloud.APIError))
		assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
		assert.Equal(t, says,
			strings.Contains(err.Error(), `if ExternalID "order-1" was ever sent before, look with Orders.Find`), err)
	}
}

func TestErrorTexts(t *testing.T) {
	t.Parallel()
	const method = "fc.function.card.info"
	for _, tt := range []struct {
		err  error
		want string
	}{
		{
			err:  &quecloud.APIError{Method: method, Code: 1, Message: "卡号不存在", HTTPStatus: 200},
			want: "quecloud: card.info: refused with resultCode 1: 卡号不存在",
		},
		{
			err:  &quecloud.APIError{Method: method, Code: 2, HTTPStatus: 500},
			want: "quecloud: card.info: refused with resultCode 2 (HTTP status 500)",
		},
		{err: &quecloud.ParamError{Param: "secret", Reason: "is empty"}, want: "quecloud: secret: is empty"},
		{
			err:  &quecloud.ParamError{Method: method, Param: "iccid", Reason: "is empty"},
			want: "quecloud: card.info: parameter iccid: is empty; nothing was sent",
		},
		{
			err:  &quecloud.ResponseError{Method: method, HTTPStatus: 502, Body: []byte("<html>"), Err: io.EOF},
			want: `quecloud: card.info: bad response with HTTP status 502: EOF; it begins "<html>"`,
		},
		{
			err:  &quecloud.ResponseError{Method: method, HTTPStatus: 200, Err: io.EOF},
			want: "quecloud: card.info: bad response with HTTP status 200: EOF",
		},
		{
			err:  &quecloud.ResponseError{Method: method, HTTPStatus: 429, Err: io.EOF, RetryAfter: 100 * time.Second},
			want: "quecloud: card.info: bad response with HTTP status 429: EOF; it asks to wait for 1m40s",
		},
		{
			err:  &quecloud.FieldError{Path: "cards[3].flow", Value: `"abc"`, Reason: "want a number"},
			want: `member cards[3].flow: want a number: "abc"`,
		},
		{err: &quecloud.FieldError{Path: "orderNo", Reason: "missing"}, want: "member orderNo: missing"},
	} {
		assert.EqualError(t, tt.err, tt.want)
	}
}

func TestErrorOutcomeUnknownSaysWhereToLook(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ method, externalID, want string }{
		{method: "card.pause", want: "look with Cards.Info before trying again"},
		{method: "card.recharge", externalID: "o1", want: `look with Orders.Find for ExternalID "o1" before trying again`},
		{method: "card.renewal", want: "look with Orders.Find before trying again, and set an ExternalID next time"},
		{method: "sms.send", want: "look with SMS.ListLog before trying again"},
		{method: "card.alarm", want: "look with Flow.Alarm before trying again"},
		{method: "card.alarm.status", want: "look with Flow.Alarm before trying again"},
		{method: "card.realName", want: "look with Cards.RealNameStatus before trying again"},
		{method: "file.card.get", want: "look with Files.List before trying again"},
		{method: "new", want: "find out before trying again"},
	} {
		client, _ := selftest.Scripted(t, []selftest.Step{{Status: 500, Body: `{"resultCode":1,"errorMessage":"卡号不存在"}`}})
		err := client.Call(t.Context(), "fc.function."+tt.method, map[string]string{"externalId": tt.externalID}, nil)
		assert.EqualError(t, err, "quecloud: "+tt.method+": refused with resultCode 1: 卡号不存在 (HTTP status 500); "+
			quecloud.ErrOutcomeUnknown.Error()+"; "+tt.want)
	}
}

func TestErrorExcerptEndsBetweenCharacters(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "卡号", lenient.Excerpt("卡号不存在", 8))
	assert.Equal(t, "卡号", lenient.Excerpt("卡号", 6))
	client, _ := selftest.Scripted(t, []selftest.Step{{Body: strings.Repeat("卡", 1000)}})
	var bad *quecloud.ResponseError
	require.ErrorAs(t, selftest.Read(t.Context(), client), &bad)
	assert.Len(t, bad.Body, 510)
	assert.True(t, utf8.Valid(bad.Body))
	assert.Less(t, len(bad.Error()), 700)
}

func TestErrorOfARefusalIsReachableThroughWrapping(t *testing.T) {
	t.Parallel()
	client, _ := selftest.Scripted(t, []selftest.Step{{Body: `{"resultCode":70031,"errorMessage":"x"}`}})
	err := fmt.Errorf("mine: %w", client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1)))
	refused, ok := errors.AsType[*quecloud.APIError](err)
	require.True(t, ok)
	assert.Equal(
		t,
		&quecloud.APIError{
			Method: "fc.function.card.pause", Subject: selftest.MSISDN1, Code: 70031, Message: "x", HTTPStatus: 200,
		},
		refused,
	)
	require.ErrorIs(t, err, quecloud.ErrUnauthorized)
	assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	assert.NotErrorIs(t, &quecloud.APIError{Code: 1}, quecloud.ErrUnauthorized)
}

func TestErrorOfARefusalWithStatus500IsAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	for _, kind := range selftest.Calls {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			client, s := selftest.Scripted(t, []selftest.Step{{Status: 500, Body: `{"resultCode":9,"errorMessage":"crashed"}`}})
			err := kind.Do(t.Context(), client)
			var refused *quecloud.APIError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, 500, refused.HTTPStatus)
			assert.Equal(t, kind.Name != "read", errors.Is(err, quecloud.ErrOutcomeUnknown))
			if kind.Retryable {
				assert.Equal(t, 4, s.Attempts())
			} else {
				assert.Equal(t, 1, s.Attempts())
			}
		})
	}
}

func TestErrorPartialComesWithAResult(t *testing.T) {
	t.Parallel()
	t.Run("alarm", func(t *testing.T) {
		t.Parallel()
		client, _ := selftest.Scripted(t,
			[]selftest.Step{{Body: `{"resultCode":1,"errorMessage":"部分失败","success":["` + selftest.MSISDN1 + `"]}`}})
		result, err := client.Flow.SetAlarm(t.Context(), quecloud.MSISDNs(selftest.MSISDN1, "1064991300002"),
			&quecloud.AlarmSettings{})
		require.ErrorIs(t, err, quecloud.ErrPartial)
		require.ErrorAs(t, err, new(*quecloud.APIError))
		assert.Equal(t,
			&quecloud.SetAlarmResult{Succeeded: []string{selftest.MSISDN1}, Failed: quecloud.MSISDNs("1064991300002")},
			result)
	})
	t.Run("sms", func(t *testing.T) {
		t.Parallel()
		client, _ := selftest.Scripted(t,
			[]selftest.Step{{Body: `{"resultCode":0,"successList":[{"msisdn":"1","sms_id":"9"}],"errorList":["2"]}`}})
		result, err := client.SMS.Send(t.Context(),
			&quecloud.SMSSendParams{Cards: quecloud.MSISDNs("1", "2"), Content: selftest.SMSContent})
		require.ErrorIs(t, err, quecloud.ErrPartial)
		assert.Equal(t, &quecloud.SMSSendResult{Sent: []quecloud.SentSMS{{MSISDN: "1", SMSID: "9"}}, Failed: []string{"2"}},
			result)
	})
	t.Run("alarm refused for all", func(t *testing.T) {
		t.Parallel()
		client, _ := selftest.Scripted(t, []selftest.Step{{Body: `{"resultCode":1,"success":[]}`}})
		result, err := client.Flow.SetAlarm(t.Context(), quecloud.MSISDNs(selftest.MSISDN1), &quecloud.AlarmSettings{})
		require.ErrorAs(t, err, new(*quecloud.APIError))
		assert.NotErrorIs(t, err, quecloud.ErrPartial)
		assert.Nil(t, result)
	})
}

func TestErrorQueryFailed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body string }{
		{"false", `{"resultCode":0,"realTimeStatus":{"issuccess":"false","onlinestatus":"关机"}}`},
		{"a bare false", `{"resultCode":0,"realTimeStatus":{"issuccess":false}}`},
		{"0", `{"resultCode":0,"realTimeStatus":{"issuccess":0}}`},
		{
			"with other members that make no sense",
			`{"resultCode":0,"realTimeStatus":{"issuccess":"false","totalFlowb":"timeout"}}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, _ := selftest.Scripted(t, []selftest.Step{{Body: tt.body}})
			status, err := client.Cards.RealtimeStatus(t.Context(), quecloud.MSISDN(selftest.MSISDN1))
			require.ErrorIs(t, err, quecloud.ErrQueryFailed)
			assert.Nil(t, status)
		})
	}
	client, _ := selftest.Scripted(t,
		[]selftest.Step{{Body: `{"resultCode":0,"data":{"rpscode":"2001","rspdesc":"timeout"}}`}})
	_, err := client.Cards.RealNameStatus(t.Context(), quecloud.MSISDN(selftest.MSISDN1))
	require.ErrorIs(t, err, quecloud.ErrQueryFailed)
}

func TestErrorAttemptTimeoutIsNotTheCallersDeadline(t *testing.T) {
	t.Parallel()
	slow := []selftest.Step{{Wait: time.Hour}}
	t.Run("attempt", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			client, s := selftest.Scripted(t, slow, quecloud.WithTimeout(3*time.Second),
				quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 2}))
			start := time.Now()
			err := selftest.Read(t.Context(), client)
			assert.Equal(t, 6*time.Second, time.Since(start).Round(time.Millisecond))
			assert.Equal(t, 2, s.Attempts())
			require.ErrorIs(t, err, quecloud.ErrAttemptTimeout)
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
			client, s := selftest.Scripted(t, slow, quecloud.WithTimeout(3*time.Second))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			start := time.Now()
			err := selftest.Read(ctx, client)
			assert.Equal(t, time.Second, time.Since(start).Round(time.Millisecond))
			assert.Equal(t, 1, s.Attempts())
			require.ErrorIs(t, err, context.DeadlineExceeded)
			assert.ErrorContains(t, err, "(waited 1s)")
			assert.NotErrorIs(t, err, quecloud.ErrAttemptTimeout)
		})
	})
	t.Run("attempt, in the middle of the response", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			client, _ := selftest.Scripted(t, []selftest.Step{{Stream: func(ctx context.Context) io.Reader {
				return io.MultiReader(strings.NewReader(`{"resultCode":0`), selftest.StuckBody{Context: ctx})
			}}}, quecloud.WithTimeout(time.Second), quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
			err := selftest.Read(t.Context(), client)
			require.ErrorIs(t, err, quecloud.ErrAttemptTimeout)
			assert.ErrorContains(t, err, "(waited 1s)")
			assert.NotErrorIs(t, err, context.Canceled)
			var bad *quecloud.ResponseError
			require.ErrorAs(t, err, &bad)
			assert.Equal(t, `{"resultCode":0`, string(bad.Body))
		})
	})
}

func TestErrorOfTheCallersContext(t *testing.T) {
	t.Parallel()
	reason := errors.New("shutting down")
	for _, tt := range []struct {
		name   string
		after  time.Duration
		steps  []selftest.Step
		tries  int
		also   error // another error that it matches
		unsure bool  // for a call that changes something
	}{
		{"before it is sent", 0, []selftest.Step{{Body: selftest.Success}}, 0, nil, false},
		{"while it runs", time.Second, []selftest.Step{{Wait: time.Hour}}, 1, nil, true},
		{
			"in the response", time.Second,
			[]selftest.Step{{Stream: func(ctx context.Context) io.Reader { return selftest.StuckBody{Context: ctx} }}}, 1, nil,
			true,
		},
		{"before a retry", time.Second, []selftest.Step{{Unsent: io.ErrNoProgress}}, 1, io.ErrNoProgress, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, kind := range selftest.Calls {
				synctest.Test(t, func(t *testing.T) {
					client, s := selftest.Scripted(t, tt.steps,
						quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 9, BaseDelay: 1 << 62, MaxDelay: 1 << 62}))
					ctx, cancel := context.WithCancelCause(t.Context())
					if tt.after == 0 {
						cancel(reason)
					} else {
						time.AfterFunc(tt.after, func() { cancel(reason) })
					}
					start := time.Now()
					err := kind.Do(ctx, client)
					assert.Equal(t, tt.after, time.Since(start))
					require.ErrorIs(t, err, context.Canceled)
					require.ErrorIs(t, err, reason)
					if tt.also != nil {
						require.ErrorIs(t, err, tt.also)
					}
					assert.Equal(t, tt.unsure && kind.Name != "read", errors.Is(err, quecloud.ErrOutcomeUnknown), kind.Name)
					assert.Equal(t, tt.tries, s.Attempts())
					if tt.also == nil {
						assert.Equal(t, 100, selftest.SpendRetries(t, client), "no retry was paid for")
					}
					assert.NotContains(t, err.Error(), "\n")
				})
			}
		})
	}
}

func TestErrorShowsItsSubjectInPrintableForm(t *testing.T) {
	t.Parallel()
	client, _ := selftest.Scripted(t, []selftest.Step{{Body: `{"resultCode":1}`}, {Status: 400}, {Err: io.EOF}})
	for range 3 {
		err := client.Call(t.Context(), "fc.function.order.details", map[string]string{"orderNo": "R\x1b[31m1\n"}, nil)
		require.ErrorContains(t, err, `order.details R\x1b[31m1\n: `)
	}
}

// In an error that is of several kinds, the first word of the documented order counts.
func TestErrorTypeGoesByTheDocumentedOrder(t *testing.T) {
	t.Parallel()
	unsent, _ := selftest.Scripted(t, []selftest.Step{{Body: selftest.Success}},
		quecloud.WithLimiter(selftest.LimiterFunc(func(context.Context) error { return errors.New("full") })))
	twice := func(_ context.Context, p *quecloud.CardListParams) (*quecloud.CardList, error) {
		page := quecloud.Page{Number: p.PageNo, Size: 1, TotalCount: 9, TotalPages: 9}
		return &quecloud.CardList{Page: page, Cards: []quecloud.Card{{ICCID: selftest.ICCID1}}}, nil
	}
	var badPages error
	for _, err := range quecloud.Pages(t.Context(), twice, &quecloud.CardListParams{PageSize: 1}) {
		badPages = err
	}
	kinds := []struct {
		word string
		errs []error
	}{
		{"outcome_unknown", []error{quecloud.ErrOutcomeUnknown}},
		{"partial", []error{quecloud.ErrPartial}},
		{"query_failed", []error{quecloud.ErrQueryFailed}},
		{"order_failed", []error{quecloud.ErrOrderFailed}},
		{"not_found", []error{quecloud.ErrNotFound}},
		{"unknown_card", []error{quecloud.ErrUnknownCard}},
		{"not_started", []error{quecloud.ErrNotStarted}},
		{"param", []error{&quecloud.ParamError{}}},
		{"not_sent", []error{selftest.Read(t.Context(), unsent)}},
		{"unauthorized", []error{&quecloud.APIError{Code: 70031}}},
		{"refused", []error{&quecloud.APIError{Code: 1}}},
		{"canceled", []error{context.Canceled}},
		{"deadline_exceeded", []error{context.DeadlineExceeded}},
		{"timeout", []error{
			quecloud.ErrAttemptTimeout, selftest.LateError{}, &url.Error{Err: fmt.Errorf("mine: %w", selftest.LateError{})},
		}},
		{"certificate", []error{&tls.CertificateVerificationError{Err: io.EOF}}},
		{"response", []error{&quecloud.ResponseError{Err: io.EOF}, badPages}},
		{"network", []error{&url.Error{Err: io.EOF}, &net.OpError{Err: io.EOF}}},
		{"other", []error{io.EOF}},
	}
	var words []string
	for i, kind := range kinds {
		words = append(words, kind.word)
		for _, err := range kind.errs {
			assert.Equal(t, kind.word, quecloud.ErrorType(err), "%v", err)
			assert.Equal(t, kind.word, quecloud.ErrorType(&quecloud.PageError{Err: fmt.Errorf("mine: %w", err)}), "%v", err)
			for _, later := range kinds[i+1:] {
				assert.Equal(t, kind.word, quecloud.ErrorType(errors.Join(later.errs[0], err)), "%v, %v", err, later.errs[0])
			}
		}
	}
	assert.Empty(t, quecloud.ErrorType(nil))
	for _, err := range []error{
		(*quecloud.APIError)(nil), (*quecloud.ResponseError)(nil), (*quecloud.PageError)(nil), (*net.OpError)(nil),
		&quecloud.BatchError{Err: (*quecloud.APIError)(nil)},
	} {
		assert.Equal(t, "other", quecloud.ErrorType(err), "%T", err)
	}

	source := selftest.ReadFile(t, "errors.go")
	_, comment, _ := strings.Cut(source, "// ErrorType returns ")
	comment, _, _ = strings.Cut(comment, "func ErrorType")
	var documented []string
	for _, line := range regexp.MustCompile(`(?m)^//\t(\w+) `).FindAllStringSubmatch(comment, -1) {
		documented = append(documented, line[1])
	}
	assert.Equal(t, documented, words)
}
