package quecloud_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// notTheProtocol are answers that are neither a success nor a refusal, of a method whose success needs mt and mo.
var notTheProtocol = []struct {
	name   string
	status int
	body   string
	says   string
}{
	{"HTML with status 500", 500, selftest.HTMLPage, "HTTP status 500: it has no resultCode: a server in front of the platform seems to have sent it; it begins \"<!DOCTYPE html>"},
	{"HTML with status 404", 404, selftest.HTMLPage, "HTTP status 404"},
	{"HTML with status 200", 200, selftest.HTMLPage, "not whole JSON"},
	{"a bare success with status 500", 500, `{"resultCode":0}`, "member mt: missing"},
	{"half a success with status 404", 404, `{"resultCode":0,"mt":1}`, "member mo: missing"},
	{"nothing", 200, "", "it is empty"},
	{"blanks", 200, " \r\n", "it is empty"},
	{"nothing with status 502", 502, "", "HTTP status 502"},
	{"an empty object", 200, "{}", "no resultCode"},
	{"no resultCode", 200, `{"mt":1,"mo":2}`, "no resultCode"},
	{"null as resultCode", 200, `{"resultCode":null,"mt":1,"mo":2}`, "no resultCode"},
	{"an empty resultCode", 200, `{"resultCode":"","mt":1,"mo":2}`, "no resultCode"},
	{"true as resultCode", 200, `{"resultCode":true,"mt":1,"mo":2}`, "member resultCode: want a whole number: true"},
	{"text as resultCode", 200, `{"resultCode":"abc","mt":1,"mo":2}`, `member resultCode: want a whole number: "abc"`},
	{"a fraction as resultCode", 200, `{"resultCode":0.5,"mt":1,"mo":2}`, "member resultCode"},
	{"next to nothing as resultCode", 200, `{"resultCode":1e-400,"mt":1,"mo":2}`, "member resultCode: want a whole number: 1e-400"},
	{"nearly 1 as resultCode", 200, `{"resultCode":1.00000000000000000001}`, "member resultCode"},
	{"nearly 0 as resultCode", 200, `{"resultCode":"0.00000000000000000000000000000001","mt":1,"mo":2}`, "member resultCode"},
	{"hexadecimal as resultCode", 200, `{"resultCode":"0x0","mt":1,"mo":2}`, "member resultCode"},
	{"false as resultCode", 200, `{"resultCode":false,"mt":1,"mo":2}`, "member resultCode: want a whole number: false"},
	{"blanks as resultCode", 200, `{"resultCode":"  ","mt":1,"mo":2}`, "member resultCode"},
	{"a number of more than 64 bits as resultCode", 200, `{"resultCode":18446744073709551616,"mt":1,"mo":2}`, "member resultCode"},
	{"an object as resultCode", 200, `{"resultCode":{},"mt":1,"mo":2}`, "member resultCode"},
	{"two resultCodes", 200, `{"resultCode":0,"mt":1,"mo":2,"resultcode":1}`, "member resultCode: stands here a second time, with another value: 1"},
	{"two resultCodes the other way round", 200, `{"resultCode":1,"mt":1,"mo":2,"resultCode":"0"}`, "a second time"},
	{"one bad resultCode of two", 200, `{"resultCode":"abc","mt":1,"mo":2,"resultCode":0}`, "member resultCode"},
	{"truncated JSON", 200, `{"resultCode":0,"mt":1,"mo":2`, "not whole JSON"},
	{"JSON truncated in a text", 200, `{"resultCode":0,"mt":1,"mo":"2`, "not whole JSON"},
	{"a refusal that is truncated", 200, `{"resultCode":1,"errorMessage":"no"`, "not whole JSON"},
	{"text behind the JSON", 200, selftest.Success + "x", "not whole JSON"},
	{"a second answer behind the first", 200, selftest.Success + selftest.Success, "not whole JSON: more text"},
	{"a list", 200, `[{"resultCode":0,"mt":1,"mo":2}]`, "no resultCode"},
	{"null", 200, "null", "no resultCode"},
	{"a text", 200, `"resultCode"`, "no resultCode"},
	{"deep nesting", 200, `{"resultCode":0,"mt":1,"mo":2,"x":` + strings.Repeat("[", 10001) + strings.Repeat("]", 10001) + "}", "not whole JSON"},
	{"deep nesting without an end", 200, strings.Repeat(`{"a":`, 10001), "not whole JSON"},
}

func TestResponseThatIsNotTheProtocolIsNoSuccess(t *testing.T) {
	t.Parallel()
	for _, tt := range notTheProtocol {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, _ := selftest.Scripted(t, []selftest.Step{{Status: tt.status, Body: tt.body}}, quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
			count, err := client.SMS.MonthCount(t.Context(), quecloud.Month{Year: 2025, Month: time.May})
			assert.Nil(t, count)
			var bad *quecloud.ResponseError
			require.ErrorAs(t, err, &bad)
			require.ErrorContains(t, err, tt.says)
			assert.Equal(t, "fc.function.sms.monthcount", bad.Method)
			assert.Equal(t, tt.status, bad.HTTPStatus)
			assert.LessOrEqual(t, len(bad.Body), 512)
			assert.True(t, strings.HasPrefix(tt.body, string(bad.Body)))
			assert.NotErrorAs(t, err, new(*quecloud.APIError))
			assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown, "it only reads")
		})
	}
}

func TestResponseThatIsEmptyIsNoSuccess(t *testing.T) {
	t.Parallel()
	for _, e := range selftest.Endpoints() {
		for _, body := range []string{"", "{}", "null", "[]", selftest.HTMLPage} {
			if body == "[]" && e.Method == "fc.function.file.list" {
				continue // which is one
			}
			client, _ := selftest.Scripted(t, []selftest.Step{{Body: body}})
			err := client.Call(t.Context(), e.Method, nil, nil)
			require.Error(t, err, "%s answered by %q", e.Method, body)
			assert.Equal(t, e.Kind != quecloud.KindRead, errors.Is(err, quecloud.ErrOutcomeUnknown), "%s answered by %q", e.Method, body)
		}
	}
}

func TestResponseResultCodeDecides(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		body string
		code int
	}{
		{`{"resultCode":0,"mt":1,"mo":2}`, 0},
		{`{"resultCode":"0","errorMessage":"failed","mt":1,"mo":2}`, 0},
		{`{"resultCode":0.0,"mt":1,"mo":2}`, 0},
		{`{"resultCode":-0,"mt":1,"mo":2}`, 0},
		{`{"resultCode":" 0\n","mt":1,"mo":2}`, 0},
		{`{"resultCode":0e9,"mt":1,"mo":2}`, 0},
		{`{"resultCode":7.0031E4}`, 70031},
		{`{"resultCode":2147483647.0}`, 2147483647},
		{`{"RESULTCODE":"0","mt":1,"mo":2}`, 0},
		{`{"resultCode":0,"mt":1,"mo":2,"resultCode":"0"}`, 0},
		{"\ufeff" + `{"resultCode":0,"mt":1,"mo":2}` + "\n", 0},
		{`{"resultCode":"1","errorMessage":"success"}`, 1},
		{`{"resultCode":1}`, 1},
		{`{"resultCode":-1,"mt":1,"mo":2}`, -1},
		{`{"resultCode":70031}`, 70031},
		{`{"resultCode":"70031"}`, 70031},
		{`{"mt":"abc","resultCode":7}`, 7},
	} {
		t.Run(tt.body, func(t *testing.T) {
			t.Parallel()
			client, _ := selftest.Scripted(t, []selftest.Step{{Body: tt.body}})
			count, err := client.SMS.MonthCount(t.Context(), quecloud.Month{Year: 2025, Month: time.May})
			if tt.code == 0 {
				require.NoError(t, err)
				assert.Equal(t, &quecloud.SMSMonthCount{MT: 1, MO: 2}, count)
				return
			}
			assert.Nil(t, count)
			var refused *quecloud.APIError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, tt.code, refused.Code)
			assert.Equal(t, 200, refused.HTTPStatus)
			assert.Equal(t, tt.code == 70031, errors.Is(err, quecloud.ErrUnauthorized))
		})
	}
}

func TestResponseIsNotReadBeyondItsLimit(t *testing.T) {
	t.Parallel()
	const limit = 64 << 20
	body := &selftest.Endless{}
	client, _ := selftest.Scripted(t, []selftest.Step{{Stream: func(context.Context) io.Reader { return body }}})
	err := selftest.Read(t.Context(), client)
	var bad *quecloud.ResponseError
	require.ErrorAs(t, err, &bad)
	require.ErrorContains(t, err, "more than 67108864 bytes")
	assert.Len(t, bad.Body, 512)
	assert.LessOrEqual(t, body.N, 2*limit, "the buffer doubles")

	padded := func(size int) *quecloud.Client {
		client, _ := selftest.Scripted(t, []selftest.Step{{Stream: func(context.Context) io.Reader {
			padding := io.LimitReader(new(selftest.Endless), int64(size-len(selftest.Success)))
			return io.MultiReader(strings.NewReader(selftest.Success), padding)
		}}})
		return client
	}
	require.NoError(t, selftest.Read(t.Context(), padded(limit)))
	require.Error(t, selftest.Read(t.Context(), padded(limit+1)))
}

func TestResponseThatRedirectsIsNotFollowed(t *testing.T) {
	t.Parallel()
	for _, kind := range selftest.Calls {
		for _, status := range []int{301, 302, 307, 308} {
			client, s := selftest.Scripted(t, []selftest.Step{{Status: status, Header: http.Header{"Location": {"https://elsewhere.example/x"}}}})
			err := kind.Do(t.Context(), client)
			var bad *quecloud.ResponseError
			require.ErrorAs(t, err, &bad)
			assert.Equal(t, status, bad.HTTPStatus)
			require.ErrorContains(t, err, `redirects to "https://elsewhere.example/x"`)
			assert.Equal(t, 1, s.Attempts())
			assert.Equal(t, kind.Name != "read", errors.Is(err, quecloud.ErrOutcomeUnknown), "some redirect when they have done what was asked")
		}
	}
}

func TestResponseOfAProxySaysWhatIsLikely(t *testing.T) {
	t.Parallel()
	for status, says := range map[int]string{
		403: "perhaps it lets only known addresses in", 404: "perhaps the base URL is wrong", 407: "the proxy wants credentials",
		400: "a server in front of the platform seems to have sent it",
	} {
		client, _ := selftest.Scripted(t, []selftest.Step{{Status: status, Body: selftest.HTMLPage}})
		require.ErrorContains(t, selftest.Read(t.Context(), client), says)
	}
}

// What comes from outside is neither kept without bounds nor shown as it is.
func TestResponseMessageIsCutAndEscaped(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("长", 5<<20)
	client, _ := selftest.Scripted(t, []selftest.Step{{Body: `{"resultCode":1,"errorMessage":"` + long + `"}`}})
	err := selftest.Read(t.Context(), client)
	refused, ok := errors.AsType[*quecloud.APIError](err)
	require.True(t, ok)
	assert.LessOrEqual(t, len(refused.Message), 1024)
	assert.Less(t, len(err.Error()), 1200)

	client, _ = selftest.Scripted(t, []selftest.Step{{Body: `{"resultCode":1,"errorMessage":"red \u001b[31m \u202eevil\u0000 余额不足"}`}})
	require.ErrorContains(t, selftest.Read(t.Context(), client), `red \x1b[31m \u202eevil\x00 余额不足`)
}

// A caller's own result, of whatever type, leaves a refused purchase that names an order in doubt.
func TestResponseThatRefusesAPurchaseWithAnOrderIsInDoubt(t *testing.T) {
	t.Parallel()
	for _, result := range []any{nil, new(map[string]any), new(any), new(jsontext.Value), new(struct{ Other string }), new(struct{ OrderNo string }), new(quecloud.OrderReceipt)} {
		client, _ := selftest.Scripted(t, []selftest.Step{{Body: `{"resultCode":1,"errorMessage":"repeated","orderNo":"R1"}`}})
		err := client.Call(t.Context(), "fc.function.card.recharge", map[string]string{"iccid": selftest.CardICCID}, result)
		require.ErrorAs(t, err, new(*quecloud.APIError))
		require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown, "%T", result)
		client, _ = selftest.Scripted(t, []selftest.Step{{Body: `{"resultCode":1,"errorMessage":"no money","orderNo":null}`}})
		err = client.Call(t.Context(), "fc.function.card.recharge", map[string]string{"iccid": selftest.CardICCID}, result)
		require.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown, "%T", result)
	}
}

// Whatever else a caller's struct takes, only what the method needs makes a change under an error status a success.
func TestResponseWithAnErrorStatusIsNoSuccessForOtherMembers(t *testing.T) {
	t.Parallel()
	for _, result := range []any{nil, new(struct{ Time string }), new(map[string]any)} {
		client, _ := selftest.Scripted(t, []selftest.Step{{Status: 502, Body: `{"resultCode":0,"time":"10:00"}`}})
		require.ErrorIs(t, client.Call(t.Context(), "fc.function.card.pause", nil, result), quecloud.ErrOutcomeUnknown, "%T", result)
	}
}

// Where it is known which member tells of an order, the others do not.
func TestResponseThatRefusesAPurchaseIsNotInDoubtForOtherMembers(t *testing.T) {
	t.Parallel()
	client, _ := selftest.Scripted(t, []selftest.Step{{Body: `{"resultCode":1,"traceId":"7"}`}})
	err := selftest.Calls[2].Do(t.Context(), client)
	require.ErrorAs(t, err, new(*quecloud.APIError))
	require.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
}

// A response that breaks off may have been the platform's own, under any status.
func TestResponseThatBreaksOffIsInDoubt(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 401, 413, 429, 502} {
		client, s := selftest.Scripted(t, []selftest.Step{{Status: status, Stream: func(context.Context) io.Reader {
			return io.MultiReader(strings.NewReader(`{"resultCode":0`), iotest.ErrReader(io.ErrUnexpectedEOF))
		}}})
		require.ErrorIs(t, client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.CardMSISDN)), quecloud.ErrOutcomeUnknown, status)
		assert.Equal(t, 1, s.Attempts(), status)
	}
}
