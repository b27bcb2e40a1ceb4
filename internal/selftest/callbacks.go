package selftest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

// The bodies of callbacks: a delivery report, an inbound SMS and an order that is done.
const (
	SMSReport = `{"type":"report","msisdn":"1064991300001","iccid":"89860391749203860001",` +
		`"sms_id":"YkSzqc66fIE0umbCVD6w","status":"200","msg":"送达"}`
	SMSInbox = `{"type":"inbox","msisdn":"1064991300001","iccid":"89860391749203860001",` +
		`"sms_id":"3213","content":"温度 21.5","recievetime":"2026-11-03 09:15:00"}`
	OrderDone = `{"orderNo":"CZ20261103000017","orderType":"充值订单","orderStatusDesc":"订单完成","orderStatus":1,` +
		`"iccid":"89860412091880130001","productName":"1G-定向","productPrice":11.0,"remark":"",` +
		`"result":"89860412091880130001 于 2026-11-03 11:43:23 充值流量包 1G-定向, 金额 11.0 元",` +
		`"createTime":"2026-11-03 11:43:23","completeTime":"2026-11-03 11:47:57","externalId":"topup-0001"}`
)

// A Callback is a kind of callback, for tests of what both kinds have in common.
type Callback struct {
	Name        string // in logs and drifts
	Body        string // of a valid request
	Success     string // the body of the response
	ContentType string // of the response
	// Handler returns a handler that logs nothing and runs a function for each event.
	Handler func(run func(context.Context) error, opts ...quecloud.HandlerOption) http.Handler
	// JSONHandler returns a handler that logs nothing and stores the JSON of the last event.
	JSONHandler func(event *string, opts ...quecloud.HandlerOption) http.Handler
}

// The kinds of callbacks.
var (
	SMSCallback = Callback{
		Name: "sms", Body: SMSReport, Success: "success", ContentType: "text/plain; charset=utf-8",
		Handler: func(run func(context.Context) error, opts ...quecloud.HandlerOption) http.Handler {
			return quecloud.NewSMSHandler(withoutEvent[quecloud.SMSEvent](run), quiet(opts)...)
		},
		JSONHandler: func(event *string, opts ...quecloud.HandlerOption) http.Handler {
			return quecloud.NewSMSHandler(storeJSON[quecloud.SMSEvent](event), quiet(opts)...)
		},
	}
	OrderCallback = Callback{
		Name: "order", Body: OrderDone, Success: `{"code":200,"msg":""}`, ContentType: "application/json",
		Handler: func(run func(context.Context) error, opts ...quecloud.HandlerOption) http.Handler {
			return quecloud.NewOrderHandler(withoutEvent[quecloud.OrderEvent](run), quiet(opts)...)
		},
		JSONHandler: func(event *string, opts ...quecloud.HandlerOption) http.Handler {
			return quecloud.NewOrderHandler(storeJSON[quecloud.OrderEvent](event), quiet(opts)...)
		},
	}
	Callbacks = []Callback{SMSCallback, OrderCallback}
)

// Quiet makes a handler log nothing.
var Quiet = quecloud.WithCallbackLogger(slog.New(slog.DiscardHandler))

func quiet(opts []quecloud.HandlerOption) []quecloud.HandlerOption {
	return append([]quecloud.HandlerOption{Quiet}, opts...)
}

func withoutEvent[E any](run func(context.Context) error) func(context.Context, *E) error {
	return func(ctx context.Context, _ *E) error { return run(ctx) }
}

func storeJSON[E any](event *string) func(context.Context, *E) error {
	return func(_ context.Context, e *E) error {
		text, err := json.Marshal(e)
		*event = string(text)
		return err
	}
}

// LogTo makes a handler log to a writer, as text.
func LogTo(w io.Writer) quecloud.HandlerOption {
	return quecloud.WithCallbackLogger(slog.New(slog.NewTextHandler(w, nil)))
}

// Dedup gives a handler a memory of 1000 events.
func Dedup() quecloud.HandlerOption {
	return quecloud.WithDeduplication(quecloud.NewMemoryDedup(1000, time.Hour))
}

// Token makes a handler want the token that [TokenRequest] sends.
var Token = quecloud.WithCallbackToken("good")

// ForEachCallback runs a test for both kinds of callbacks, in parallel.
func ForEachCallback(t *testing.T, test func(*testing.T, Callback)) {
	t.Helper()
	t.Parallel()
	for _, c := range Callbacks {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			test(t, c)
		})
	}
}

// With returns the body with more members before its own.
func (c Callback) With(members string) string { return "{" + members + "," + c.Body[1:] }

// CallbackRequest returns a request as the platform sends it.
func CallbackRequest(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

// TokenRequest returns a request with the token of [Token] in its URL.
func TokenRequest(body string) *http.Request {
	r := CallbackRequest(body)
	r.URL.RawQuery = "token=good"
	return r
}

// Serve serves a request and returns the response.
func Serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// SendCallback serves a callback with a body and returns the response.
func SendCallback(h http.Handler, body string) *httptest.ResponseRecorder {
	return Serve(h, CallbackRequest(body))
}

// AssertRejected checks that a response has the status and the reason, and contains nothing that reads as success.
func (c Callback) AssertRejected(t testing.TB, w *httptest.ResponseRecorder, status int, reason string) {
	t.Helper()
	assert.Equal(t, status, w.Code, w.Body)
	assert.Equal(t, c.ContentType, w.Header().Get("Content-Type"))
	assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	assert.NotContains(t, strings.ToLower(w.Body.String()), "success")
	text, ok := strings.CutPrefix(w.Body.String(), "failed: ")
	if c.Name == "order" {
		var response struct {
			Code int
			Msg  string
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &response), w.Body)
		assert.Equal(t, status, response.Code)
		text, ok = response.Msg, true
	}
	assert.True(t, ok, text)
	assert.NotEmpty(t, text)
	assert.Contains(t, text, reason)
}

// Handled is a handler's function that succeeds.
func Handled(context.Context) error { return nil }

// NotCalled returns a handler's function that fails the test.
func NotCalled(t testing.TB) func(context.Context) error {
	return func(context.Context) error {
		t.Error("the function was called")
		return nil
	}
}

// OrderEvent sends an order callback and returns the event that the handler's function gets.
func OrderEvent(t testing.TB, body string, opts ...quecloud.HandlerOption) *quecloud.OrderEvent {
	t.Helper()
	var got *quecloud.OrderEvent
	w := SendCallback(quecloud.NewOrderHandler(func(_ context.Context, e *quecloud.OrderEvent) error {
		got = e
		return nil
	}, append(opts, Quiet)...), body)
	require.JSONEq(t, OrderCallback.Success, w.Body.String())
	return got
}

// SMSEvent sends an SMS callback and returns the event that the handler's function gets.
func SMSEvent(t testing.TB, body string, opts ...quecloud.HandlerOption) *quecloud.SMSEvent {
	t.Helper()
	var got *quecloud.SMSEvent
	w := SendCallback(quecloud.NewSMSHandler(func(_ context.Context, e *quecloud.SMSEvent) error {
		got = e
		return nil
	}, append(opts, Quiet)...), body)
	require.Equal(t, SMSCallback.Success, w.Body.String())
	return got
}

// OrderWithStatus returns [OrderDone] with other members for its status.
func OrderWithStatus(members string) string {
	return strings.Replace(OrderDone, `"orderStatusDesc":"订单完成","orderStatus":1`, members, 1)
}

// EditMember returns a JSON object with another value for a member, or without the member if the value is empty.
func EditMember(t testing.TB, body, member, value string) string {
	t.Helper()
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(body), &members))
	require.Contains(t, members, member)
	members = maps.Clone(members)
	delete(members, member)
	if value != "" {
		members[member] = json.RawMessage(value)
	}
	text, err := json.Marshal(members)
	require.NoError(t, err)
	return string(text)
}

// Networks parses networks.
func Networks(texts ...string) (networks []netip.Prefix) {
	for _, text := range texts {
		networks = append(networks, netip.MustParsePrefix(text))
	}
	return networks
}

// PanicText returns what a function panics with, as text.
func PanicText(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return "no panic"
}

// BrokenStore is a store that cannot be reached.
type BrokenStore struct{}

// Claim implements quecloud.DedupStore.
func (BrokenStore) Claim(context.Context, string) (quecloud.DedupState, error) {
	return quecloud.DedupClaimed, errStoreDown
}

// Settle implements quecloud.DedupStore.
func (BrokenStore) Settle(context.Context, string, bool) error { return errStoreDown }

var errStoreDown = errors.New("store down")

// BadOrderNos look like CZ20261103000017 and are other texts.
var BadOrderNos = map[string]string{
	"blank at the end": "CZ20261103000017 ", "blank before": " CZ20261103000017", "blank within": "CZ2026 1103000017",
	"tab": "CZ20261103000017\t", "line end": "CZ20261103000017\n", "no-break space": "CZ20261103000017\u00a0",
	"ideographic space": "CZ20261103000017\u3000", "zero-width space": "CZ20261103000017\u200b",
	"BOM": "\ufeffCZ20261103000017", "soft hyphen": "CZ2026\u00ad1103000017",
	"variation selector": "CZ20261103000017\ufe0f", "Hangul filler": "CZ20261103000017\u3164",
	"full-width digit": "CZ2026110300001７", "full-width letter": "ＣZ20261103000017", "accent": "ĆZ20261103000017",
	"only a blank": " ", "NUL": "CZ20261103000017\x00",
}
