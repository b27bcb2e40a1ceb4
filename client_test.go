package quecloud_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

func TestClientNeedsCredentials(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ appKey, secret, param string }{
		{"", "s", "appKey"}, {"k", "", "secret"}, {"", "", "appKey"},
		{"k\n", "s", "appKey"}, {"k", " s", "secret"}, {"k", "s\r\n", "secret"}, {"k", "\u3000", "secret"},
		{"\ufeffk", "s", "appKey"}, {"k", "s\u200b", "secret"}, {"k", "s\u200bs", "secret"}, {"k\x00", "s", "appKey"},
		{"k", "s\ts", "secret"}, {"k", "s s", "secret"}, {`"k"`, "s", "appKey"}, {"k", "'s'", "secret"}, {"k", "“s”",
			"secret"},
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

func TestCallRejectsWhatItCannotSend(t *testing.T) {
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
			selftest.CheckNotSent(t, func(ctx context.Context, c *quecloud.Client) (any, error) {
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
			platform := selftest.TextPlatform(`{"resultCode":0}`)
			require.NoError(t, platform.Client(t, selftest.AtNow).Call(t.Context(), "fc.function.new", tt.params, nil))
			require.Len(t, platform.Requests(), 1)
			selftest.CheckRequest(t, platform.Request(t, 0), "fc.function.new", tt.want)
		})
	}
}

func TestCallDoesNotChangeTheCallersParameters(t *testing.T) {
	t.Parallel()
	params := url.Values{"a": {"1"}, "blank": {""}}
	client := selftest.TextPlatform(`{"resultCode":0}`).Client(t, selftest.AtNow)
	require.NoError(t, client.Call(t.Context(), "fc.function.new", params, nil))
	assert.Equal(t, url.Values{"a": {"1"}, "blank": {""}}, params)
}

func TestCallDoesNotSignUnsignedParameters(t *testing.T) {
	t.Parallel()
	platform := selftest.TextPlatform(`{"resultCode":0}`)
	client := platform.Client(t, selftest.AtNow)
	form := map[string]string{"alarmParam": "{}", "alarmStatus": "1", "pauseStatus": "0"}
	for i, method := range []string{"fc.function.card.alarm", "fc.function.card.alarm.status", "fc.function.new"} {
		require.NoError(t, client.Call(t.Context(), method, form, nil))
		selftest.CheckRequest(t, platform.Request(t, i), method, form)
	}
}

func TestCallReadsIntoTheCallersOwnStruct(t *testing.T) {
	t.Parallel()
	var response struct {
		ResultCode int    `json:"resultCode"`
		Message    string `json:"errorMessage"`
		Count      int    `json:"count"`
		Nested     struct {
			On    bool
			When  time.Time `json:"when"`
			Since quecloud.Date
		} `json:"nested"`
	}
	text := `{"RESULTCODE":"0","errorMessage":"好","COUNT":"7",` +
		`"nested":{"on":1,"when":"2024-11-26 15:18:30","since":20241126,"more":[{}]}}`
	require.NoError(t,
		selftest.TextPlatform(text).Client(t, selftest.AtNow).Call(t.Context(), "fc.function.new", nil, &response))
	assert.Equal(t, "好", response.Message)
	assert.Equal(t, 7, response.Count)
	assert.True(t, response.Nested.On)
	assert.Equal(t, selftest.Now, response.Nested.When)
	assert.Equal(t, selftest.Day(2024, 11, 26), response.Nested.Since)
}

func TestCallKeepsTheRestOfARefusal(t *testing.T) {
	t.Parallel()
	var response struct{ Success []string }
	err := selftest.FilePlatform(t, "card.alarm.partial.json").Client(t, selftest.AtNow).Call(t.Context(),
		"fc.function.card.alarm", nil, &response)
	require.ErrorAs(t, err, new(*quecloud.APIError))
	assert.Equal(t, []string{msisdn1, msisdn2}, response.Success)
}

// An unknown method may do anything, so it must not be retried.
func TestCallRetriesOnlyKnownReads(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]int{
		"fc.function.card.info": 4, "fc.function.card.pause": 1, "fc.function.sms.send": 1, "fc.function.card.recharge": 1,
		"fc.function.new": 1,
	} {
		platform := selftest.NewPlatform(
			selftest.Step{Status: http.StatusBadGateway, Body: string(selftest.Fixture(t, "page.html"))},
		)
		err := platform.Client(t, selftest.AtNow).Call(t.Context(), method, nil, nil)
		assert.Len(t, platform.Requests(), want, method)
		assert.Equal(t, want == 1, errors.Is(err, quecloud.ErrOutcomeUnknown), method)
	}
}

func TestClientWithDoesNotChangeTheOriginal(t *testing.T) {
	t.Parallel()
	first, second := selftest.TextPlatform(`{"resultCode":0}`), selftest.TextPlatform(`{"resultCode":0}`)
	var seen []string
	client := first.Client(t, selftest.AtNow, quecloud.WithUserAgent("one/1"),
		quecloud.WithInterceptor(selftest.Tracer(&seen, "a")))
	other, err := client.With(quecloud.WithBaseURL("https://other.example/x"), quecloud.WithUserAgent("two/2"),
		quecloud.WithInterceptor(selftest.Tracer(&seen, "b")), quecloud.WithHTTPClient(&http.Client{Transport: second}))
	require.NoError(t, err)
	third, err := client.With(quecloud.WithInterceptor(selftest.Tracer(&seen, "c")))
	require.NoError(t, err)

	for _, c := range []*quecloud.Client{other, client, third} {
		require.NoError(t, c.Cards.Pause(t.Context(), card))
	}
	require.Len(t, second.Requests(), 1)
	assert.Equal(t, "https://other.example/x", second.Request(t, 0).URL)
	assert.Equal(t, "two/2 quecloud-go/"+quecloud.Version, second.Request(t, 0).Header.Get("User-Agent"))
	require.Len(t, first.Requests(), 2)
	assert.Equal(t, selftest.URL, first.Request(t, 0).URL)
	assert.Equal(t, "one/1 quecloud-go/"+quecloud.Version, first.Request(t, 0).Header.Get("User-Agent"))
	assert.Equal(t, []string{"a", "b", "-b", "-a", "a", "-a", "a", "c", "-c", "-a"}, seen)
}

// Copies of a client must not write into the same list of interceptors.
func TestClientCopiesHaveTheirOwnInterceptors(t *testing.T) {
	t.Parallel()
	for n := range 9 {
		var seen []string
		client := selftest.TextPlatform(`{"resultCode":0}`).Client(t,
			slices.Repeat([]quecloud.Option{quecloud.WithInterceptor(selftest.Tracer(new([]string), ""))}, n)...)
		one, err := client.With(quecloud.WithInterceptor(selftest.Tracer(&seen, "one")))
		require.NoError(t, err)
		_, err = client.With(quecloud.WithInterceptor(selftest.Tracer(&seen, "two")))
		require.NoError(t, err)
		require.NoError(t, one.Cards.Pause(t.Context(), card))
		assert.Equal(t, []string{"one", "-one"}, seen)
	}
}

func TestClientCopiesShareTheTransport(t *testing.T) {
	t.Parallel()
	platform := selftest.TextPlatform(`{"resultCode":0}`)
	client := platform.Client(t, selftest.AtNow)
	other, err := client.With(quecloud.WithTimeout(time.Minute))
	require.NoError(t, err)
	require.NoError(t, client.Cards.Pause(t.Context(), card))
	require.NoError(t, other.Cards.Pause(t.Context(), card))
	assert.Len(t, platform.Requests(), 2)
}

// Clients of several accounts share the connections of one transport, and a change of it does not reach other clients.
func TestNewTransportIsShared(t *testing.T) {
	t.Parallel()
	var connections atomic.Int64
	platform := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"resultCode":0}`)
	}))
	platform.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	platform.Start()
	defer platform.Close()
	transport := quecloud.NewTransport()
	shared := &http.Client{Transport: transport}
	for _, appKey := range []string{"000001", "000002", "000003"} {
		client, err := quecloud.NewClient(appKey, "secret",
			quecloud.WithBaseURL(platform.URL), quecloud.WithHTTPClient(shared))
		require.NoError(t, err)
		require.NoError(t, client.Cards.Pause(t.Context(), card))
	}
	assert.EqualValues(t, 1, connections.Load())

	assert.Equal(t, selftest.OnlyHTTP1(), transport.Protocols)
	assert.Equal(t, 15*time.Second, transport.IdleConnTimeout)
	assert.Equal(t, []int{64, 64, 64},
		[]int{transport.MaxConnsPerHost, transport.MaxIdleConnsPerHost, transport.MaxIdleConns})
	transport.Protocols.SetHTTP2(true)
	assert.False(t, quecloud.NewTransport().Protocols.HTTP2())
}

// The budget starts at 100 retries. When a copy has spent them, the original has none left.
func TestClientCopiesShareTheRetryBudget(t *testing.T) {
	t.Parallel()
	platform := selftest.NewPlatform(selftest.Step{Status: http.StatusServiceUnavailable, Body: ""})
	client := platform.Client(t, selftest.AtNow)
	spender, err := client.With(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1000}))
	require.NoError(t, err)

	_, err = spender.Billing.Account(t.Context())
	require.ErrorAs(t, err, new(*quecloud.ResponseError))
	assert.Len(t, platform.Requests(), 101)
	_, err = client.Billing.Account(t.Context())
	require.ErrorAs(t, err, new(*quecloud.ResponseError))
	assert.Len(t, platform.Requests(), 102, "the original has no retries left")
}

func TestClientCopiesShareTheClock(t *testing.T) {
	t.Parallel()
	ahead := selftest.Now.Add(time.Hour)
	date := http.Header{"Date": {selftest.HTTPDate(ahead)}}
	client, platform := selftest.Scripted(t, []selftest.Step{
		{Body: `{"resultCode":1,"errorMessage":"时间戳错误"}`, Header: date}, {Body: `{"resultCode":0,"tasks":[]}`, Header: date},
	}, selftest.AtNow)
	other, err := client.With(quecloud.WithTimeout(time.Minute))
	require.NoError(t, err)
	_, err = other.Files.List(t.Context())
	require.NoError(t, err)
	require.NoError(t, client.Cards.Pause(t.Context(), card))

	assert.Equal(t, []string{"1732605510", "1732609110", "1732609110"}, platform.Values("t"),
		"the copy retries with the corrected time, and the original uses it at once")
}

func TestCallReadsIntoAnyResult(t *testing.T) {
	t.Parallel()
	const response = `{"resultCode":"0","errorMessage":"ok","Total":"12","rows":[{"id":1},{"id":"2"}]}`
	call := func(t *testing.T, result any) {
		client, _ := selftest.Scripted(t, []selftest.Step{{Body: response}})
		require.NoError(t, client.Call(t.Context(), "fc.function.new", nil, result))
	}
	t.Run("a struct", func(t *testing.T) {
		t.Parallel()
		result := struct {
			ResultCode int
			Total      *int64 `json:"total"`
			Rows       []struct{ ID int }
			Other      string
		}{Other: "from before"}
		call(t, &result)
		assert.EqualValues(t, 12, *result.Total)
		assert.Equal(t, []struct{ ID int }{{1}, {2}}, result.Rows)
		assert.Empty(t, result.Other)
		assert.Zero(t, result.ResultCode)
	})
	t.Run("a map", func(t *testing.T) {
		t.Parallel()
		var result map[string]any
		call(t, &result)
		assert.Equal(t, "12", result["Total"])
		assert.Equal(t, "ok", result["errorMessage"])
	})
	t.Run("raw JSON", func(t *testing.T) {
		t.Parallel()
		var result jsontext.Value
		call(t, &result)
		assert.JSONEq(t, response, string(result))
	})
	t.Run("something it does not fit", func(t *testing.T) {
		t.Parallel()
		var result []string
		client, _ := selftest.Scripted(t, []selftest.Step{{Body: response}})
		require.ErrorAs(t, client.Call(t.Context(), "fc.function.new", nil, &result), new(*quecloud.ResponseError))
	})
}

func TestCallTakesListsAndFiles(t *testing.T) {
	t.Parallel()
	list := `[{"TaskId":"7","TaskStatus":"文件生成成功"},{"TaskId":8}]`
	client, _ := selftest.Scripted(t, []selftest.Step{{Body: list}})
	var tasks []quecloud.FileTask
	require.NoError(t, client.Call(t.Context(), "fc.function.file.list", nil, &tasks))
	require.Len(t, tasks, 2)
	assert.EqualValues(t, 7, tasks[0].TaskID)
	assert.Equal(t, quecloud.FileTaskDone, tasks[0].Status)
	var rows []any
	require.NoError(t, client.Call(t.Context(), "fc.function.file.list", nil, &rows))
	assert.Len(t, rows, 2)
	require.NoError(t, client.Call(t.Context(), "fc.function.file.list", nil, nil))
	require.NoError(t, client.Call(t.Context(), "fc.function.new.list", nil, &tasks),
		"an unknown method can have a bare list as well")

	client, _ = selftest.Scripted(t, []selftest.Step{{Body: `{"resultCode":1,"errorMessage":"签名错误"}`}})
	require.ErrorAs(t, client.Call(t.Context(), "fc.function.file.list", nil, &tasks), new(*quecloud.APIError))
	assert.Empty(t, tasks)
	client, _ = selftest.Scripted(t, []selftest.Step{{Body: `{"resultCode":0}`}})
	require.ErrorAs(t, client.Call(t.Context(), "fc.function.file.list", nil, &tasks), new(*quecloud.ResponseError))

	content := selftest.Fixture(t, "file.down.zip")
	for _, method := range []string{"fc.function.file.down", "fc.function.file.last.down"} {
		client, _ = selftest.Scripted(t, []selftest.Step{{Body: string(content)}})
		var got bytes.Buffer
		require.NoError(t, client.Call(t.Context(), method, map[string]string{"taskId": "1"}, &got))
		assert.Equal(t, content, got.Bytes())
		require.NoError(t, client.Call(t.Context(), method, nil, nil))
		require.ErrorAs(t, client.Call(t.Context(), method, nil, new(struct{})), new(*quecloud.ParamError),
			"it needs a writer")
		require.ErrorAs(t, client.Call(t.Context(), method, nil, (*bytes.Buffer)(nil)), new(*quecloud.ParamError))
	}

	// Setting a writer to zero would break it: an os.File panics afterwards.
	file, err := os.Create(filepath.Join(t.TempDir(), "x"))
	require.NoError(t, err)
	defer file.Close()
	client, _ = selftest.Scripted(t, []selftest.Step{{Body: `{"resultCode":0}`}})
	for _, method := range []string{"fc.function.card.info", "fc.function.file.list", "fc.function.new"} {
		require.ErrorAs(t, client.Call(t.Context(), method, nil, file), new(*quecloud.ParamError), method)
	}
	_, err = file.WriteString("x")
	require.NoError(t, err)
}
