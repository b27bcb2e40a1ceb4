package quecloud_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

func TestAClientNeedsCredentials(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ appKey, secret, param string }{
		{"", "s", "appKey"}, {"k", "", "secret"}, {"", "", "appKey"},
		{"k\n", "s", "appKey"}, {"k", " s", "secret"}, {"k", "s\r\n", "secret"}, {"k", "\u3000", "secret"},
		{"\ufeffk", "s", "appKey"}, {"k", "s\u200b", "secret"}, {"k", "s\u200bs", "secret"}, {"k\x00", "s", "appKey"},
		{"k", "s\ts", "secret"}, {"k", "s s", "secret"}, {`"k"`, "s", "appKey"}, {"k", "'s'", "secret"}, {"k", "“s”", "secret"},
		{"k", "\xb5s", "secret"}, {"k", "\u2060s", "secret"},
	} {
		client, err := quecloud.NewClient(tt.appKey, tt.secret)
		assert.Nil(t, client)
		var bad *quecloud.ParamError
		require.ErrorAs(t, err, &bad)
		assert.Equal(t, tt.param, bad.Param)
		assert.Empty(t, bad.Method)
	}
	_, err := quecloud.NewClient("k", `"canary"`)
	require.ErrorContains(t, err, "is in quotes, perhaps from a file of environment variables")
	assert.NotContains(t, err.Error(), "canary")
	_, err = quecloud.NewClient("\ufeffk", "s")
	require.ErrorContains(t, err, "byte order mark")
	_, err = quecloud.NewClient("'k\"", `"`)
	require.NoError(t, err, "a quote may be part of a secret")
}

func TestCallRefusesWhatItCannotSend(t *testing.T) {
	t.Parallel()
	const method = "fc.function.new"
	type values = url.Values
	for _, tt := range []struct {
		name, method   string
		params, result any
		param          string
	}{
		{"no method", "", nil, nil, "method"},
		{"a method without its prefix", "card.info", nil, nil, "method"},
		{"a method with a space", "fc.function. new", nil, nil, "method"},
		{"a method with a line break", "fc.function.new\n", nil, nil, "method"},
		{"a method of Chinese", "资产列表", nil, nil, "method"},
		{"a result that is no pointer", method, nil, struct{}{}, "result"},
		{"a result that is a nil pointer", method, nil, (*struct{})(nil), "result"},
		{"a result that is a map", method, nil, map[string]any{}, "result"},
		{"parameters that are no struct", method, 5, nil, "params"},
		{"parameters that are a list", method, []string{"a"}, nil, "params"},
		{"appKey", method, values{"appKey": {"1"}}, nil, "appKey"},
		{"method", method, map[string]string{"method": "1"}, nil, "method"},
		{"t", method, values{"t": {"1"}}, nil, "t"},
		{"sign", method, struct {
			Sign string `url:"sign"`
		}{"1"}, nil, "sign"},
		{"a blank system parameter", method, values{"sign": {""}}, nil, "sign"},
		{"a parameter with two values", method, values{"a": {"1", "2"}}, nil, "a"},
		{"a parameter with a value and a blank one", method, values{"a": {"", "2"}}, nil, "a"},
		{"a list that is not joined", method, struct {
			A []string `url:"a"`
		}{[]string{"1", "2"}}, nil, "a"},
		{"a parameter without a name", method, values{"": {"1"}}, nil, "params"},
		{"a value that is not UTF-8", method, values{"a": {"\xff"}}, nil, "a"},
		{"a name that is not UTF-8", method, values{"a\xff": {"1"}}, nil, "a\xff"},
		{"a name and a value that together look like UTF-8", method, values{"\xca": {"\x80"}}, nil, "\xca"},
		{"a bad card", method, struct{ Card quecloud.CardID }{quecloud.MSISDN("x")}, nil, "msisdn"},
		{"no month", method, struct {
			Month quecloud.Month `url:"m"`
		}{}, nil, "m"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkRefused(t, func(ctx context.Context, c *quecloud.Client) (any, error) {
				return nil, c.Call(ctx, tt.method, tt.params, tt.result)
			}, tt.method, tt.param)
		})
	}
}

func TestCallSendsParametersOfEveryKindAlike(t *testing.T) {
	t.Parallel()
	type params struct {
		A     string `url:"a"`
		Blank string `url:"blank"`
	}
	for name, tt := range map[string]struct {
		params any
		want   map[string]string
	}{
		"nil":              {nil, nil},
		"a nil pointer":    {(*params)(nil), nil},
		"url.Values":       {url.Values{"a": {"重启 &=+%"}, "blank": {""}, "none": {}}, map[string]string{"a": "重启 &=+%"}},
		"a map":            {map[string]string{"a": "重启 &=+%", "blank": ""}, map[string]string{"a": "重启 &=+%"}},
		"a struct":         {params{A: "重启 &=+%"}, map[string]string{"a": "重启 &=+%"}},
		"a pointer to one": {&params{A: "重启 &=+%"}, map[string]string{"a": "重启 &=+%"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			platform := newPlatform(answerText(`{"resultCode":0}`))
			require.NoError(t, platform.client(t).Call(t.Context(), "fc.function.new", tt.params, nil))
			require.Len(t, platform.requests, 1)
			checkRequest(t, platform.requests[0], "fc.function.new", tt.want)
		})
	}
}

func TestCallDoesNotChangeTheCallersParameters(t *testing.T) {
	t.Parallel()
	params := url.Values{"a": {"1"}, "blank": {""}}
	client := newPlatform(answerText(`{"resultCode":0}`)).client(t)
	require.NoError(t, client.Call(t.Context(), "fc.function.new", params, nil))
	assert.Equal(t, url.Values{"a": {"1"}, "blank": {""}}, params)
}

func TestCallLeavesTheUnsignedParametersOfAKnownMethodUnsigned(t *testing.T) {
	t.Parallel()
	platform := newPlatform(answerText(`{"resultCode":0}`))
	client := platform.client(t)
	form := map[string]string{"alarmParam": "{}", "alarmStatus": "1", "pauseStatus": "0"}
	for i, method := range []string{"fc.function.card.alarm", "fc.function.card.alarm.status", "fc.function.new"} {
		require.NoError(t, client.Call(t.Context(), method, form, nil))
		checkRequest(t, platform.requests[i], method, form)
	}
}

func TestCallReadsIntoTheCallersOwnStruct(t *testing.T) {
	t.Parallel()
	var answer struct {
		ResultCode int    `json:"resultCode"`
		Message    string `json:"errorMessage"`
		Count      int    `json:"count"`
		Nested     struct {
			On    bool
			When  time.Time `json:"when"`
			Since quecloud.Date
		} `json:"nested"`
	}
	text := `{"RESULTCODE":"0","errorMessage":"好","COUNT":"7","nested":{"on":1,"when":"2024-11-26 15:18:30","since":20241126,"more":[{}]}}`
	require.NoError(t, newPlatform(answerText(text)).client(t).Call(t.Context(), "fc.function.new", nil, &answer))
	assert.Equal(t, "好", answer.Message)
	assert.Equal(t, 7, answer.Count)
	assert.True(t, answer.Nested.On)
	assert.Equal(t, testNow, answer.Nested.When)
	assert.Equal(t, day(2024, 11, 26), answer.Nested.Since)
}

func TestARefusedCallKeepsWhatElseTheAnswerSays(t *testing.T) {
	t.Parallel()
	var answer struct{ Success []string }
	err := newPlatform(answerFile(t, "card.alarm.partial.json")).client(t).Call(t.Context(), "fc.function.card.alarm", nil, &answer)
	require.ErrorAs(t, err, new(*quecloud.APIError))
	assert.Equal(t, []string{msisdn1, msisdn2}, answer.Success)
}

// A method that the SDK does not know may do anything: it must not be sent twice.
func TestCallRepeatsOnlyMethodsThatItKnowsToRead(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]int{
		"fc.function.card.info": 4, "fc.function.card.pause": 1, "fc.function.sms.send": 1, "fc.function.card.recharge": 1, "fc.function.new": 1,
	} {
		platform := newPlatform(httpmock.NewStringResponder(http.StatusBadGateway, string(readFile(t, "page.html"))))
		err := platform.client(t).Call(t.Context(), method, nil, nil)
		assert.Len(t, platform.requests, want, method)
		assert.Equal(t, want == 1, errors.Is(err, quecloud.ErrOutcomeUnknown), method)
	}
}

func TestWithDoesNotChangeItsOriginal(t *testing.T) {
	t.Parallel()
	first, second := newPlatform(answerText(`{"resultCode":0}`)), newPlatform(answerText(`{"resultCode":0}`))
	var seen []string
	client := first.client(t, quecloud.WithUserAgent("one/1"), quecloud.WithInterceptor(tracer(&seen, "a")))
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		second.requests = append(second.requests, sentRequest{url: r.URL.String(), header: r.Header})
		return second.answer(r)
	})
	other, err := client.With(quecloud.WithBaseURL("https://other.example/x"), quecloud.WithUserAgent("two/2"),
		quecloud.WithInterceptor(tracer(&seen, "b")), quecloud.WithHTTPClient(&http.Client{Transport: mock}))
	require.NoError(t, err)
	third, err := client.With(quecloud.WithInterceptor(tracer(&seen, "c")))
	require.NoError(t, err)

	for _, c := range []*quecloud.Client{other, client, third} {
		require.NoError(t, c.Cards.Pause(t.Context(), card))
	}
	require.Len(t, second.requests, 1)
	assert.Equal(t, "https://other.example/x", second.requests[0].url)
	assert.Equal(t, "two/2 quecloud-go/"+quecloud.Version, second.requests[0].header.Get("User-Agent"))
	require.Len(t, first.requests, 2)
	assert.Equal(t, testURL, first.requests[0].url)
	assert.Equal(t, "one/1 quecloud-go/"+quecloud.Version, first.requests[0].header.Get("User-Agent"))
	assert.Equal(t, []string{"a", "b", "-b", "-a", "a", "-a", "a", "c", "-c", "-a"}, seen)
}

// Copies of one client must not write into each other's list of interceptors, however many there are.
func TestCopiesHaveInterceptorsOfTheirOwn(t *testing.T) {
	t.Parallel()
	for n := range 9 {
		var seen []string
		client := newPlatform(answerText(`{"resultCode":0}`)).client(t, slices.Repeat([]quecloud.Option{quecloud.WithInterceptor(tracer(new([]string), ""))}, n)...)
		one, err := client.With(quecloud.WithInterceptor(tracer(&seen, "one")))
		require.NoError(t, err)
		_, err = client.With(quecloud.WithInterceptor(tracer(&seen, "two")))
		require.NoError(t, err)
		require.NoError(t, one.Cards.Pause(t.Context(), card))
		assert.Equal(t, []string{"one", "-one"}, seen)
	}
}

func TestCopiesShareTheTransport(t *testing.T) {
	t.Parallel()
	platform := newPlatform(answerText(`{"resultCode":0}`))
	client := platform.client(t)
	other, err := client.With(quecloud.WithTimeout(time.Minute))
	require.NoError(t, err)
	require.NoError(t, client.Cards.Pause(t.Context(), card))
	require.NoError(t, other.Cards.Pause(t.Context(), card))
	assert.Len(t, platform.requests, 2)
}

// A full budget pays for 100 repetitions: when a copy has spent them, none is left for the original.
func TestCopiesShareTheRetryBudget(t *testing.T) {
	t.Parallel()
	platform := newPlatform(httpmock.NewStringResponder(http.StatusServiceUnavailable, ""))
	client := platform.client(t)
	spender, err := client.With(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1000}))
	require.NoError(t, err)

	_, err = spender.Billing.Account(t.Context())
	require.ErrorAs(t, err, new(*quecloud.ResponseError))
	assert.Len(t, platform.requests, 101)
	_, err = client.Billing.Account(t.Context())
	require.ErrorAs(t, err, new(*quecloud.ResponseError))
	assert.Len(t, platform.requests, 102, "the original has nothing left to repeat with")
}

func TestCopiesShareWhatIsLearntAboutTheClock(t *testing.T) {
	t.Parallel()
	ahead := testNow.Add(time.Hour)
	platform := newPlatform(nil)
	client := platform.client(t)
	platform.answer = func(*http.Request) (*http.Response, error) {
		text := `{"resultCode":0,"tasks":[]}`
		if len(platform.requests) == 1 {
			text = `{"resultCode":1,"errorMessage":"时间戳错误"}`
		}
		response := httpmock.NewStringResponse(http.StatusOK, text)
		response.Header.Set("Date", ahead.UTC().Format(http.TimeFormat))
		return response, nil
	}
	other, err := client.With(quecloud.WithTimeout(time.Minute))
	require.NoError(t, err)
	_, err = other.Files.List(t.Context())
	require.NoError(t, err)
	require.NoError(t, client.Cards.Pause(t.Context(), card))

	require.Len(t, platform.requests, 3)
	assert.Equal(t, "1732605510", platform.params(t, 0).Get("t"))
	assert.Equal(t, "1732609110", platform.params(t, 1).Get("t"), "sent again with the platform's time")
	assert.Equal(t, "1732609110", platform.params(t, 2).Get("t"), "the original knows the time at once")
}
