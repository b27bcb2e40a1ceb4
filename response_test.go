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

// notTheProtocol lists responses that are neither a success nor a refusal, of a method that needs mt and mo.
var notTheProtocol = []struct {
	name   string
	status int
	body   string
	says   string
}{
	{
		name: "HTML with status 500", status: 500, body: selftest.HTMLPage,
		says: "HTTP status 500: it has no resultCode: a server in front of the platform seems to have sent it; " +
			`it begins "<!DOCTYPE html>`,
	},
	{name: "HTML with status 404", status: 404, body: selftest.HTMLPage, says: "HTTP status 404"},
	{name: "HTML with status 200", status: 200, body: selftest.HTMLPage, says: "not complete JSON"},
	{name: "a bare success with status 500", status: 500, body: `{"resultCode":0}`, says: "member mt: missing"},
	{name: "half a success with status 404", status: 404, body: `{"resultCode":0,"mt":1}`, says: "member mo: missing"},
	{name: "nothing", status: 200, body: "", says: "it is empty"},
	{name: "blanks", status: 200, body: " \r\n", says: "it is empty"},
	{name: "nothing with status 502", status: 502, body: "", says: "HTTP status 502"},
	{name: "an empty object", status: 200, body: "{}", says: "no resultCode"},
	{name: "no resultCode", status: 200, body: `{"mt":1,"mo":2}`, says: "no resultCode"},
	{name: "null as resultCode", status: 200, body: `{"resultCode":null,"mt":1,"mo":2}`, says: "no resultCode"},
	{name: "an empty resultCode", status: 200, body: `{"resultCode":"","mt":1,"mo":2}`, says: "no resultCode"},
	{
		name: "true as resultCode", status: 200, body: `{"resultCode":true,"mt":1,"mo":2}`,
		says: "member resultCode: want a whole number: true",
	},
	{
		name: "text as resultCode", status: 200, body: `{"resultCode":"abc","mt":1,"mo":2}`,
		says: `member resultCode: want a whole number: "abc"`,
	},
	{name: "a fraction as resultCode", status: 200, body: `{"resultCode":0.5,"mt":1,"mo":2}`, says: "member resultCode"},
	{
		name: "next to nothing as resultCode", status: 200, body: `{"resultCode":1e-400,"mt":1,"mo":2}`,
		says: "member resultCode: want a whole number: 1e-400",
	},
	{
		name: "nearly 1 as resultCode", status: 200, body: `{"resultCode":1.00000000000000000001}`, says: "member resultCode",
	},
	{
		name: "nearly 0 as resultCode", status: 200,
		body: `{"resultCode":"0.00000000000000000000000000000001","mt":1,"mo":2}`, says: "member resultCode",
	},
	{
		name: "hexadecimal as resultCode", status: 200, body: `{"resultCode":"0x0","mt":1,"mo":2}`, says: "member resultCode",
	},
	{
		name: "false as resultCode", status: 200, body: `{"resultCode":false,"mt":1,"mo":2}`,
		says: "member resultCode: want a whole number: false",
	},
	{name: "blanks as resultCode", status: 200, body: `{"resultCode":"  ","mt":1,"mo":2}`, says: "member resultCode"},
	{
		name: "a number of more than 64 bits as resultCode", status: 200,
		body: `{"resultCode":18446744073709551616,"mt":1,"mo":2}`, says: "member resultCode",
	},
	{name: "an object as resultCode", status: 200, body: `{"resultCode":{},"mt":1,"mo":2}`, says: "member resultCode"},
	{
		name: "two resultCodes", status: 200, body: `{"resultCode":0,"mt":1,"mo":2,"resultcode":1}`,
		says: "member resultCode: comes a second time, with another value: 1",
	},
	{
		name: "two resultCodes the other way round", status: 200, body: `{"resultCode":1,"mt":1,"mo":2,"resultCode":"0"}`,
		says: "a second time",
	},
	{
		name: "one bad resultCode of two", status: 200, body: `{"resultCode":"abc","mt":1,"mo":2,"resultCode":0}`,
		says: "member resultCode",
	},
	{name: "truncated JSON", status: 200, body: `{"resultCode":0,"mt":1,"mo":2`, says: "not complete JSON"},
	{name: "JSON truncated in a text", status: 200, body: `{"resultCode":0,"mt":1,"mo":"2`, says: "not complete JSON"},
	{
		name: "a refusal that is truncated", status: 200, body: `{"resultCode":1,"errorMessage":"no"`,
		says: "not complete JSON",
	},
	{name: "text behind the JSON", status: 200, body: selftest.Success + "x", says: "not complete JSON"},
	{
		name: "a second response after the first", status: 200, body: selftest.Success + selftest.Success,
		says: "not complete JSON: more text",
	},
	{name: "a list", status: 200, body: `[{"resultCode":0,"mt":1,"mo":2}]`, says: "no resultCode"},
	{name: "null", status: 200, body: "null", says: "no resultCode"},
	{name: "a text", status: 200, body: `"resultCode"`, says: "no resultCode"},
	{
		name: "deep nesting", status: 200,
		body: `{"resultCode":0,"mt":1,"mo":2,"x":` + strings.Repeat("[", 10001) + strings.Repeat("]", 10001) + "}",
		says: "not complete JSON",
	},
	{name: "deep nesting without an end", status: 200, body: strings.Repeat(`{"a":`, 10001), says: "not complete JSON"},
}

func TestResponseThatIsNotTheProtocolIsNoSuccess(t *testing.T) {
	t.Parallel()
	for _, tt := range notTheProtocol {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, _ := selftest.Scripted(t, []selftest.Step{{Status: tt.status, Body: tt.body}},
				quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
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
				continue // a success
			}
			client, _ := selftest.Scripted(t, []selftest.Step{{Body: body}})
			err := client.Call(t.Context(), e.Method, nil, nil)
			require.Error(t, err, "%s with response %q", e.Method, body)
			assert.Equal(t, e.Kind != quecloud.KindRead, errors.Is(err, quecloud.ErrOutcomeUnknown), "%s with response %q",
				e.Method, body)
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
			client, s := selftest.Scripted(t,
				[]selftest.Step{{Status: status, Header: http.Header{"Location": {"https://elsewhere.example/x"}}}})
			err := kind.Do(t.Context(), client)
			var bad *quecloud.ResponseError
			require.ErrorAs(t, err, &bad)
			assert.Equal(t, status, bad.HTTPStatus)
			require.ErrorContains(t, err, `redirects to "https://elsewhere.example/x"`)
			assert.Equal(t, 1, s.Attempts())
			assert.Equal(t, kind.Name != "read", errors.Is(err, quecloud.ErrOutcomeUnknown),
				"some redirect when they have done what was asked")
		}
	}
}

func TestResponseOfAProxySaysWhatIsLikely(t *testing.T) {
	t.Parallel()
	for status, says := range map[int]string{
		403: "perhaps it lets only known addresses in", 404: "perhaps the base URL is wrong",
		407: "the proxy wants credentials",
		400: "a server in front of the platform seems to have sent it",
	} {
		client, _ := selftest.Scripted(t, []selftest.Step{{Status: status, Body: selftest.HTMLPage}})
		require.ErrorContains(t, selftest.Read(t.Context(), client), says)
	}
}

// An errorMessage is cut to 1024 bytes, and control characters in it are escaped.
func TestResponseMessageIsCutAndEscaped(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("长", 5<<20)
	client, _ := selftest.Scripted(t, []selftest.Step{{Body: `{"resultCode":1,"errorMessage":"` + long + `"}`}})
	err := selftest.Read(t.Context(), client)
	refused, ok := errors.AsType[*quecloud.APIError](err)
	require.True(t, ok)
	assert.LessOrEqual(t, len(refused.Message), 1024)
	assert.Less(t, len(err.Error()), 1200)

	client, _ = selftest.Scripted(t,
		[]selftest.Step{{Body: `{"resultCode":1,"errorMessage":"red \u001b[31m \u202eevil\u0000 余额不足"}`}})
	require.ErrorContains(t, selftest.Read(t.Context(), client), `red \x1b[31m \u202eevil\x00 余额不足`)
}

// A refused purchase that names an order may have been made, whatever the type of the result.
func TestResponseThatRefusesAPurchaseWithAnOrderIsInDoubt(t *testing.T) {
	t.Parallel()
	for _, result := range []any{
		nil, new(map[string]any), new(any), new(jsontext.Value), new(struct{ Other string }), new(struct{ OrderNo string }),
		new(quecloud.OrderReceipt),
	} {
		client, _ := selftest.Scripted(t,
			[]selftest.Step{{Body: `{"resultCode":1,"errorMessage":"duplicate","orderNo":"R1"}`}})
		err := client.Call(t.Context(), "fc.function.card.recharge", map[string]string{"iccid": selftest.ICCID1}, result)
		require.ErrorAs(t, err, new(*quecloud.APIError))
		require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown, "%T", result)
		client, _ = selftest.Scripted(t, []selftest.Step{{Body: `{"resultCode":1,"errorMessage":"no money","orderNo":null}`}})
		err = client.Call(t.Context(), "fc.function.card.recharge", map[string]string{"iccid": selftest.ICCID1}, result)
		require.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown, "%T", result)
	}
}

// With an error status, only the members that the method needs make a change a success.
func TestResponseWithAnErrorStatusIsNoSuccessForOtherMembers(t *testing.T) {
	t.Parallel()
	for _, result := range []any{nil, new(struct{ Time string }), new(map[string]any)} {
		client, _ := selftest.Scripted(t, []selftest.Step{{Status: 502, Body: `{"resultCode":0,"time":"10:00"}`}})
		require.ErrorIs(t, client.Call(t.Context(), "fc.function.card.pause", nil, result), quecloud.ErrOutcomeUnknown, "%T",
			result)
	}
}

// Members other than the order number do not report an order.
func TestResponseThatRefusesAPurchaseIsNotInDoubtForOtherMembers(t *testing.T) {
	t.Parallel()
	client, _ := selftest.Scripted(t, []selftest.Step{{Body: `{"resultCode":1,"traceId":"7"}`}})
	err := selftest.Calls[2].Do(t.Context(), client)
	require.ErrorAs(t, err, new(*quecloud.APIError))
	require.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
}

// The platform itself may have sent a response that breaks off, whatever its status.
func TestResponseThatBreaksOffIsInDoubt(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 401, 413, 429, 502} {
		client, s := selftest.Scripted(t, []selftest.Step{{Status: status, Stream: func(context.Context) io.Reader {
			return io.MultiReader(strings.NewReader(`{"resultCode":0`), iotest.ErrReader(io.ErrUnexpectedEOF))
		}}})
		require.ErrorIs(t, client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1)), quecloud.ErrOutcomeUnknown,
			status)
		assert.Equal(t, 1, s.Attempts(), status)
	}
}
