package quecloud

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const htmlPage = "<!DOCTYPE html><html><body>Bad Gateway</body></html>"

// notTheProtocol are answers that are neither a success nor a refusal, of a method whose success needs mt and mo.
var notTheProtocol = []struct {
	name   string
	status int
	body   string
	says   string
}{
	{"HTML with status 500", 500, htmlPage, "HTTP status 500: it has no resultCode: a server in front of the platform seems to have sent it; it begins \"<!DOCTYPE html>"},
	{"HTML with status 404", 404, htmlPage, "HTTP status 404"},
	{"HTML with status 200", 200, htmlPage, "not whole JSON"},
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
	{"text behind the JSON", 200, fineAnswer + "x", "not whole JSON"},
	{"a second answer behind the first", 200, fineAnswer + fineAnswer, "not whole JSON: more text"},
	{"a list", 200, `[{"resultCode":0,"mt":1,"mo":2}]`, "no resultCode"},
	{"null", 200, "null", "no resultCode"},
	{"a text", 200, `"resultCode"`, "no resultCode"},
	{"deep nesting", 200, `{"resultCode":0,"mt":1,"mo":2,"x":` + strings.Repeat("[", 10001) + strings.Repeat("]", 10001) + "}", "not whole JSON"},
	{"deep nesting without an end", 200, strings.Repeat(`{"a":`, 10001), "not whole JSON"},
}

func TestWhatIsNotTheProtocolIsNeverASuccess(t *testing.T) {
	t.Parallel()
	for _, tt := range notTheProtocol {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, _ := newScripted(t, []scriptStep{{status: tt.status, body: tt.body}}, WithRetry(RetryPolicy{MaxAttempts: 1}))
			count, err := client.SMS.MonthCount(t.Context(), Month{2025, time.May})
			assert.Nil(t, count)
			var bad *ResponseError
			require.ErrorAs(t, err, &bad)
			require.ErrorContains(t, err, tt.says)
			assert.Equal(t, "fc.function.sms.monthcount", bad.Method)
			assert.Equal(t, tt.status, bad.HTTPStatus)
			assert.LessOrEqual(t, len(bad.Body), 512)
			assert.True(t, strings.HasPrefix(tt.body, string(bad.Body)))
			assert.NotErrorAs(t, err, new(*APIError))
			assert.NotErrorIs(t, err, ErrOutcomeUnknown, "it only reads")
		})
	}
}

func TestNoMethodTakesAnEmptyAnswerForASuccess(t *testing.T) {
	t.Parallel()
	for _, e := range endpoints {
		for _, body := range []string{"", "{}", "null", "[]", htmlPage} {
			if body == "[]" && e.success == bareList {
				continue // which is one
			}
			client, _ := newScripted(t, []scriptStep{{body: body}})
			err := client.Call(t.Context(), e.method, nil, nil)
			require.Error(t, err, "%s answered by %q", e.method, body)
			assert.Equal(t, e.kind != KindRead, errors.Is(err, ErrOutcomeUnknown), "%s answered by %q", e.method, body)
		}
	}
}

func TestResultCodeDecides(t *testing.T) {
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
			client, _ := newScripted(t, []scriptStep{{body: tt.body}})
			count, err := client.SMS.MonthCount(t.Context(), Month{2025, time.May})
			if tt.code == 0 {
				require.NoError(t, err)
				assert.Equal(t, &SMSMonthCount{MT: 1, MO: 2}, count)
				return
			}
			assert.Nil(t, count)
			var refused *APIError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, tt.code, refused.Code)
			assert.Equal(t, 200, refused.HTTPStatus)
			assert.Equal(t, tt.code == 70031, errors.Is(err, ErrUnauthorized))
		})
	}
}

// endless is the body of an answer that has no end.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	e.read += len(p)
	return copy(p, strings.Repeat(" ", len(p))), nil
}

func TestAnAnswerIsNotReadBeyondItsLimit(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 64<<20, maxResponse)
	body := &endless{}
	client, _ := newScripted(t, []scriptStep{{stream: func(context.Context) io.Reader { return body }}})
	assert.EqualValues(t, maxResponse, client.core.maxResponse)
	client.core.maxResponse = 1 << 16
	err := readOnce(t.Context(), client)
	var bad *ResponseError
	require.ErrorAs(t, err, &bad)
	require.ErrorContains(t, err, "more than 65536 bytes")
	assert.Len(t, bad.Body, 512)
	assert.LessOrEqual(t, body.read, 1<<18)

	fits := fineAnswer + strings.Repeat(" ", 1<<16-len(fineAnswer))
	client, _ = newScripted(t, []scriptStep{{body: fits}})
	client.core.maxResponse = 1 << 16
	require.NoError(t, readOnce(t.Context(), client))
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, kind := range kindCalls {
		for _, status := range []int{301, 302, 307, 308} {
			client, s := newScripted(t, []scriptStep{{status: status, header: http.Header{"Location": {"https://elsewhere.example/x"}}}})
			err := kind.call(t.Context(), client)
			var bad *ResponseError
			require.ErrorAs(t, err, &bad)
			assert.Equal(t, status, bad.HTTPStatus)
			require.ErrorContains(t, err, `redirects to "https://elsewhere.example/x"`)
			assert.Equal(t, 1, s.tries)
			assert.Equal(t, kind.name != "read", errors.Is(err, ErrOutcomeUnknown), "some redirect when they have done what was asked")
		}
	}
}

func TestCallReadsIntoWhateverItIsGiven(t *testing.T) {
	t.Parallel()
	const answer = `{"resultCode":"0","errorMessage":"ok","Total":"12","rows":[{"id":1},{"id":"2"}]}`
	call := func(t *testing.T, result any) {
		client, _ := newScripted(t, []scriptStep{{body: answer}})
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
		assert.JSONEq(t, answer, string(result))
	})
	t.Run("something it does not fit", func(t *testing.T) {
		t.Parallel()
		var result []string
		client, _ := newScripted(t, []scriptStep{{body: answer}})
		require.ErrorAs(t, client.Call(t.Context(), "fc.function.new", nil, &result), new(*ResponseError))
	})
}

func TestARefusalKeepsWhatCameBesidesIt(t *testing.T) {
	t.Parallel()
	client, _ := newScripted(t, []scriptStep{{body: `{"resultCode":1,"errorMessage":"partly","done":["1"]}`}})
	var result struct{ Done []string }
	err := client.Call(t.Context(), "fc.function.new", nil, &result)
	require.ErrorAs(t, err, new(*APIError))
	assert.Equal(t, []string{"1"}, result.Done)
}

// A statusCase is a response by its HTTP status and body, and what becomes of calls that get nothing else.
type statusCase struct {
	statuses []int
	body     string

	read, set, spend, send end
}

// An end is how often the server sees a call, and how it ends.
type end struct {
	tries  int
	ending ending
	err    errorType // of an error
	result bool      // the caller gets what came
}

// What HTTP status and resultCode together mean, for each kind of call.
func TestStatusAndResultCode(t *testing.T) {
	t.Parallel()
	const many = 3
	done := end{tries: 1, ending: succeeds, result: true}
	refused, refusedInDoubt := end{tries: 1, ending: fails, err: apiError}, end{tries: 1, ending: unsure, err: apiError}
	foreign, foreignInDoubt := end{tries: 1, ending: fails, err: responseError}, end{tries: 1, ending: unsure, err: responseError}
	retriedRefusal, retriedForeign := end{tries: many, ending: fails, err: apiError}, end{tries: many, ending: fails, err: responseError}
	errorStatuses := []int{300, 302, 307, 400, 401, 403, 404, 408, 409, 413, 422, 499}
	serverErrors := []int{500, 502, 503, 504}
	acted := []int{300, 302, 400, 402, 403, 404, 406, 408, 409, 410, 422, 499} // perhaps
	partial := end{tries: 1, ending: fails, err: apiError, result: true}
	for _, tt := range []statusCase{
		{statuses: []int{200, 201, 202, 206}, body: fineAnswer, read: done, set: done, spend: done, send: done},
		{statuses: append(errorStatuses, 429, 500, 503), body: fineAnswer, read: done, set: end{tries: 1, ending: unsure, err: responseError}, spend: done, send: done},
		{statuses: errorStatuses, body: `{"resultCode":0}`, read: foreign, set: foreignInDoubt, spend: foreignInDoubt, send: foreignInDoubt},
		{statuses: append(serverErrors, 429), body: `{"resultCode":0}`, read: retriedForeign, set: foreignInDoubt, spend: foreignInDoubt, send: foreignInDoubt},
		{statuses: append(errorStatuses, 200, 201), body: `{"resultCode":9,"errorMessage":"no"}`, read: refused, set: refused, spend: refused, send: refused},
		{statuses: serverErrors, body: `{"resultCode":9,"errorMessage":"no"}`, read: retriedRefusal, set: refusedInDoubt, spend: refusedInDoubt, send: refusedInDoubt},
		{statuses: []int{429}, body: `{"resultCode":9}`, read: retriedRefusal, set: retriedRefusal, spend: retriedRefusal, send: retriedRefusal},
		{statuses: []int{200, 400, 403, 429}, body: `{"resultCode":9,"orderNo":"R1","successList":[{"msisdn":"` + phone + `","sms_id":"9"}]}`,
			read: end{tries: -1, ending: fails, err: apiError}, set: refused,
			spend: end{tries: 1, ending: unsure, err: apiError, result: true}, send: partial},
		{statuses: acted, body: htmlPage, read: foreign, set: foreignInDoubt, spend: foreignInDoubt, send: foreignInDoubt},
		{statuses: serverErrors, body: htmlPage, read: retriedForeign, set: foreignInDoubt, spend: foreignInDoubt, send: foreignInDoubt},
		{statuses: []int{401, 405, 407, 411, 413, 414, 415, 417, 421, 426, 428, 431}, body: htmlPage, read: foreign, set: foreign, spend: foreign, send: foreign},
		{statuses: []int{429}, body: htmlPage, read: retriedForeign, set: retriedForeign, spend: retriedForeign, send: retriedForeign},
		{statuses: []int{429}, body: "", read: retriedForeign, set: retriedForeign, spend: retriedForeign, send: retriedForeign},
	} {
		for _, status := range tt.statuses {
			for kind, want := range map[string]end{"read": tt.read, "set": tt.set, "spend": tt.spend, "send": tt.send} {
				t.Run(fmt.Sprintf("%d %.30s %s", status, tt.body, kind), func(t *testing.T) {
					t.Parallel()
					tt.check(t, status, kind, want, many)
				})
			}
		}
	}
}

func (tt statusCase) check(t *testing.T, status int, kind string, want end, many int) {
	t.Helper()
	client, s := newScripted(t, []scriptStep{{status: status, body: tt.body}}, WithRetry(RetryPolicy{MaxAttempts: many}))
	var result bool
	var err error
	switch kind {
	case "read":
		var count *SMSMonthCount
		count, err = client.SMS.MonthCount(t.Context(), Month{2025, time.May})
		result = count != nil
	case "set":
		err = client.Cards.Pause(t.Context(), MSISDN(phone))
		result = err == nil
	case "spend":
		var receipt *OrderReceipt
		receipt, err = client.Orders.Recharge(t.Context(), &RechargeParams{ICCID: testICCID, ProductID: 50, ProductName: "30M"})
		result = receipt != nil && receipt.OrderNo == "R1"
	case "send":
		var sent *SMSSendResult
		sent, err = client.SMS.Send(t.Context(), &SMSSendParams{Cards: MSISDNs(phone), Content: testContent})
		result = sent != nil && len(sent.Sent) == 1
	}
	got := end{tries: s.tries, ending: fails, result: result}
	switch {
	case err == nil:
		got.ending = succeeds
	case errors.Is(err, ErrOutcomeUnknown):
		got.ending = unsure
	}
	switch {
	case errors.As(err, new(*ResponseError)):
		got.err = responseError
	case errors.As(err, new(*APIError)):
		got.err = apiError
	}
	if want.tries < 0 {
		want.tries = s.tries
	}
	assert.Equal(t, want, got, "%v", err)
}

func TestForeignResponsesSayWhatIsLikely(t *testing.T) {
	t.Parallel()
	for status, says := range map[int]string{
		403: "perhaps it lets only known addresses in", 404: "perhaps the base URL is wrong", 407: "the proxy wants credentials",
		400: "a server in front of the platform seems to have sent it",
	} {
		client, _ := newScripted(t, []scriptStep{{status: status, body: htmlPage}})
		require.ErrorContains(t, readOnce(t.Context(), client), says)
	}
}

// What comes from outside is neither kept without bounds nor shown as it is.
func TestMessagesOfAnyLengthAndKind(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("长", 5<<20)
	client, _ := newScripted(t, []scriptStep{{body: `{"resultCode":1,"errorMessage":"` + long + `"}`}})
	err := readOnce(t.Context(), client)
	refused, ok := errors.AsType[*APIError](err)
	require.True(t, ok)
	assert.LessOrEqual(t, len(refused.Message), 1024)
	assert.Less(t, len(err.Error()), 1200)

	client, _ = newScripted(t, []scriptStep{{body: `{"resultCode":1,"errorMessage":"red \u001b[31m \u202eevil\u0000 余额不足"}`}})
	require.ErrorContains(t, readOnce(t.Context(), client), `red \x1b[31m \u202eevil\x00 余额不足`)
}

// Methods that respond with a bare list or with a file can be called by name, too.
func TestCallTakesListsAndFiles(t *testing.T) {
	t.Parallel()
	list := `[{"TaskId":"7","TaskStatus":"文件生成成功"},{"TaskId":8}]`
	client, _ := newScripted(t, []scriptStep{{body: list}})
	var tasks []FileTask
	require.NoError(t, client.Call(t.Context(), "fc.function.file.list", nil, &tasks))
	require.Len(t, tasks, 2)
	assert.EqualValues(t, 7, tasks[0].TaskID)
	assert.Equal(t, FileTaskDone, tasks[0].Status)
	var rows []any
	require.NoError(t, client.Call(t.Context(), "fc.function.file.list", nil, &rows))
	assert.Len(t, rows, 2)
	require.NoError(t, client.Call(t.Context(), "fc.function.file.list", nil, nil))
	require.NoError(t, client.Call(t.Context(), "fc.function.new.list", nil, &tasks), "unknown ones, too")

	client, _ = newScripted(t, []scriptStep{{body: `{"resultCode":1,"errorMessage":"签名错误"}`}})
	require.ErrorAs(t, client.Call(t.Context(), "fc.function.file.list", nil, &tasks), new(*APIError))
	assert.Empty(t, tasks)
	client, _ = newScripted(t, []scriptStep{{body: `{"resultCode":0}`}})
	require.ErrorAs(t, client.Call(t.Context(), "fc.function.file.list", nil, &tasks), new(*ResponseError))

	content, err := os.ReadFile("testdata/file.down.zip")
	require.NoError(t, err)
	for _, method := range []string{"fc.function.file.down", "fc.function.file.last.down"} {
		client, _ = newScripted(t, []scriptStep{{body: string(content)}})
		var got bytes.Buffer
		require.NoError(t, client.Call(t.Context(), method, map[string]string{"taskId": "1"}, &got))
		assert.Equal(t, content, got.Bytes())
		require.NoError(t, client.Call(t.Context(), method, nil, nil))
		require.ErrorAs(t, client.Call(t.Context(), method, nil, new(struct{})), new(*ParamError), "it needs a writer")
		require.ErrorAs(t, client.Call(t.Context(), method, nil, (*bytes.Buffer)(nil)), new(*ParamError))
	}

	// A writer has no members to read into, and setting it to zero breaks it: an os.File panics afterwards.
	file, err := os.Create(filepath.Join(t.TempDir(), "x"))
	require.NoError(t, err)
	defer file.Close()
	client, _ = newScripted(t, []scriptStep{{body: `{"resultCode":0}`}})
	for _, method := range []string{"fc.function.card.info", "fc.function.file.list", "fc.function.new"} {
		require.ErrorAs(t, client.Call(t.Context(), method, nil, file), new(*ParamError), method)
	}
	_, err = file.WriteString("x")
	require.NoError(t, err)
}

// A caller's own result, of whatever type, leaves a refused purchase that names an order in doubt.
func TestARefusedPurchaseThatNamesAnOrderIsInDoubtForEveryResult(t *testing.T) {
	t.Parallel()
	for _, result := range []any{nil, new(map[string]any), new(any), new(jsontext.Value), new(struct{ Other string }), new(struct{ OrderNo string }), new(OrderReceipt)} {
		client, _ := newScripted(t, []scriptStep{{body: `{"resultCode":1,"errorMessage":"repeated","orderNo":"R1"}`}})
		err := client.Call(t.Context(), "fc.function.card.recharge", map[string]string{"iccid": testICCID}, result)
		require.ErrorAs(t, err, new(*APIError))
		require.ErrorIs(t, err, ErrOutcomeUnknown, "%T", result)
		client, _ = newScripted(t, []scriptStep{{body: `{"resultCode":1,"errorMessage":"no money","orderNo":null}`}})
		err = client.Call(t.Context(), "fc.function.card.recharge", map[string]string{"iccid": testICCID}, result)
		require.NotErrorIs(t, err, ErrOutcomeUnknown, "%T", result)
	}
}

// Whatever else a caller's struct takes, only what the method needs makes a change under an error status a success.
func TestAnErrorStatusIsNoSuccessOfAChangeForWhatElseCame(t *testing.T) {
	t.Parallel()
	for _, result := range []any{nil, new(struct{ Time string }), new(map[string]any)} {
		client, _ := newScripted(t, []scriptStep{{status: 502, body: `{"resultCode":0,"time":"10:00"}`}})
		require.ErrorIs(t, client.Call(t.Context(), "fc.function.card.pause", nil, result), ErrOutcomeUnknown, "%T", result)
	}
}

// Where it is known which member tells of an order, the others do not.
func TestARefusedPurchaseIsNotInDoubtForWhatElseCame(t *testing.T) {
	t.Parallel()
	client, _ := newScripted(t, []scriptStep{{body: `{"resultCode":1,"traceId":"7"}`}})
	err := kindCalls[2].call(t.Context(), client)
	require.ErrorAs(t, err, new(*APIError))
	require.NotErrorIs(t, err, ErrOutcomeUnknown)
}

// A response that breaks off may have been the platform's own, under any status.
func TestABrokenResponseIsInDoubtUnderEveryStatus(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 401, 413, 429, 502} {
		client, s := newScripted(t, []scriptStep{{status: status, stream: func(context.Context) io.Reader {
			return io.MultiReader(strings.NewReader(`{"resultCode":0`), iotest.ErrReader(io.ErrUnexpectedEOF))
		}}})
		require.ErrorIs(t, client.Cards.Pause(t.Context(), MSISDN(phone)), ErrOutcomeUnknown, status)
		assert.Equal(t, 1, s.tries, status)
	}
}
