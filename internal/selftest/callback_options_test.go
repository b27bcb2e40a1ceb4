package selftest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestCallbackBodyLimitIsExact(t *testing.T) {
	selftest.ForEachCallback(t, func(t *testing.T, kind selftest.Callback) {
		exact := kind.Handler(selftest.Handled, quecloud.WithBodyLimit(int64(len(kind.Body))))
		assert.Equal(t, 200, selftest.SendCallback(exact, kind.Body).Code)
		reason := fmt.Sprintf("more than %d bytes", len(kind.Body))
		kind.AssertRejected(t, selftest.SendCallback(exact, kind.Body+" "), 413, reason)
	})
}

func TestCallbackProbesGetAnEmptyResponse(t *testing.T) {
	probe := func(method string, edit func(*http.Request)) func() *http.Request {
		return func() *http.Request {
			r := httptest.NewRequest(method, "/?token=good", nil)
			if edit != nil {
				edit(r)
			}
			return r
		}
	}
	probes := map[string]func() *http.Request{
		"GET":  probe(http.MethodGet, nil),
		"HEAD": probe(http.MethodHead, nil),
		"POST": probe(http.MethodPost, nil),
		"POST of JSON": probe(http.MethodPost, func(r *http.Request) {
			r.Header.Set("Content-Type", "application/json")
		}),
		"POST of a form": probe(http.MethodPost, func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}),
		"POST in chunks": probe(http.MethodPost, func(r *http.Request) {
			r.Header.Set("Content-Type", "application/json")
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader("")), -1
		}),
	}
	selftest.ForEachCallback(t, func(t *testing.T, kind selftest.Callback) {
		calls := 0
		h := kind.Handler(func(context.Context) error { calls++; return nil }, selftest.Token, quecloud.WithProbes())
		sources := quecloud.WithAllowedSources(selftest.Networks("10.0.0.0/8")...)
		foreign := kind.Handler(selftest.Handled, selftest.Token, quecloud.WithProbes(), sources)
		without := kind.Handler(selftest.Handled, selftest.Token)
		for name, probe := range probes {
			w := selftest.Serve(h, probe())
			assert.Equal(t, 200, w.Code, name)
			assert.Empty(t, w.Body.String(), name)
			assert.Empty(t, w.Header(), name)
			r := probe()
			r.URL.RawQuery = "token=bad"
			kind.AssertRejected(t, selftest.Serve(h, r), 401, "token")
			kind.AssertRejected(t, selftest.Serve(foreign, probe()), 403, "address")
			assert.GreaterOrEqual(t, selftest.Serve(without, probe()).Code, 400, name)
		}
		w := selftest.Serve(h, probe(http.MethodPut, nil)())
		kind.AssertRejected(t, w, 405, "POST")
		assert.Equal(t, "GET, HEAD, POST", w.Header().Get("Allow"))
		for _, body := range []string{" ", "{}", "null"} {
			kind.AssertRejected(t, selftest.Serve(h, selftest.TokenRequest(body)), 400, "")
		}
		assert.Zero(t, calls)
		assert.Equal(t, kind.Success, selftest.Serve(h, selftest.TokenRequest(kind.Body)).Body.String())
	})
}

func TestCallbackOptionsPanicIfInvalid(t *testing.T) {
	t.Parallel()
	trust := func(header string) quecloud.HandlerOption {
		return quecloud.WithTrustedProxy(header, selftest.Networks("::/0")...)
	}
	allowAll := quecloud.WithAllowedSources(selftest.Networks("::/0")...)
	cases := map[string][]quecloud.HandlerOption{
		"option 2 of 2: is nil":                    {selftest.Quiet, nil},
		"WithCallbackToken: no token is given":     {quecloud.WithCallbackToken()},
		"WithCallbackToken: token 2 of 2 is empty": {quecloud.WithCallbackToken("good", "")},
		"WithAllowedSources: no network":           {quecloud.WithAllowedSources()},
		"WithAllowedSources: a network is not":     {quecloud.WithAllowedSources(netip.Prefix{})},
		"WithAllowedSources: a network":            {quecloud.WithAllowedSources(netip.MustParsePrefix("::ffff:0:0/90"))},
		"WithTrustedProxy: no network":             {quecloud.WithTrustedProxy("X-Forwarded-For"), allowAll},
		`WithTrustedProxy: "" is not the name`:     {trust("")},
		`WithTrustedProxy: "a b" is not the name`:  {trust("a b")},
		"WithTrustedProxy: Forwarded does not":     {trust("forwarded")},
		"WithTrustedProxy: has no effect alone":    {trust("X-Real-IP")},
		"WithTrustedProxy: there can be only one":  {trust("A"), trust("B")},
		"VerifyWith: the client is nil":            {quecloud.VerifyWith(nil)},
		"WithDeduplication: the store is nil":      {quecloud.WithDeduplication(nil)},
		"WithDeduplication: the store is n":        {quecloud.WithDeduplication((*quecloud.MemoryDedup)(nil))},
		"WithDeduplication: the store is a zero":   {quecloud.WithDeduplication(new(quecloud.MemoryDedup))},
		"VerifyWith: the client is nil, or a zero": {quecloud.VerifyWith(new(quecloud.Client))},
		"WithBodyLimit: the limit is 0 bytes":      {quecloud.WithBodyLimit(0)},
		"WithCallbackTimeout: the timeout is 0s":   {quecloud.WithCallbackTimeout(0)},
		"WithCallbackLogger: the logger is nil, ":  {quecloud.WithCallbackLogger(nil)},
		"WithCallbackTimeout: the timeout is -1s":  {quecloud.WithCallbackTimeout(-time.Second)},
	}
	for want, opts := range cases {
		order := selftest.PanicText(func() { quecloud.NewOrderHandler(noOrder, opts...) })
		assert.Contains(t, order, "quecloud: NewOrderHandler: "+want)
		sms := selftest.PanicText(func() { quecloud.NewSMSHandler(noSMS, opts...) })
		assert.Contains(t, sms, "quecloud: NewSMSHandler: "+want)
	}
	assert.Contains(t, selftest.PanicText(func() { quecloud.NewSMSHandler(nil) }), "NewSMSHandler: the function is nil")
	assert.Contains(t, selftest.PanicText(func() { quecloud.NewOrderHandler(nil) }),
		"NewOrderHandler: the function is nil")
	srv := quecloudtest.NewUnstartedServer()
	defer srv.Close()
	assert.Contains(t, selftest.PanicText(func() { quecloud.NewSMSHandler(noSMS, quecloud.VerifyWith(srv.Client())) }),
		"quecloud: NewSMSHandler: VerifyWith: the platform has no method that confirms sms events")
	assert.Contains(t, selftest.PanicText(func() { quecloud.NewMemoryDedup(0, time.Hour) }), "0 entries")
	assert.Contains(t, selftest.PanicText(func() { quecloud.NewMemoryDedup(1, 0) }), "for 0s")
}

func TestCallbackTokensPanicIfAURLMayChangeThem(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]string{
		"CANARY\n": "begins or ends with white space", " CANARY": "white space", "\u3000CANARY": "white space",
		"CAN ARY": "want A-Z, a-z, 0-9 and -._~ only", "CAN+ARY": "want A-Z", "CANARY/x": "want A-Z",
		"CANARY=": "want A-Z", "CANARY%41": "want A-Z", "a&CANARY": "want A-Z", "CANARY#a": "want A-Z",
		"CANARY;a": "want A-Z", "CANARY令牌": "want A-Z", "CANARY\u200b": "want A-Z", "\"CANARY\"": "want A-Z",
	} {
		text := selftest.PanicText(func() {
			quecloud.NewSMSHandler(noSMS, selftest.Quiet, quecloud.WithCallbackToken("good", token))
		})
		assert.Contains(t, text, "quecloud: NewSMSHandler: WithCallbackToken: token 2 of 2 ", "%q", token)
		assert.Contains(t, text, want, "%q", token)
		assert.NotContains(t, text, "CANARY")
	}
}

func TestCallbackWithoutAuthenticationWarnsOnce(t *testing.T) {
	srv := quecloudtest.NewUnstartedServer()
	t.Cleanup(srv.Close)
	selftest.ForEachCallback(t, func(t *testing.T, kind selftest.Callback) {
		var log bytes.Buffer
		logger := selftest.LogTo(&log)
		for name, opt := range map[string]quecloud.HandlerOption{
			"token":   selftest.Token,
			"sources": quecloud.WithAllowedSources(selftest.Networks("192.0.2.0/24")...),
		} {
			kind.Handler(selftest.Handled, logger, opt)
			assert.Empty(t, log.String(), name)
		}
		h := kind.Handler(selftest.Handled, selftest.Dedup(), logger)
		for range 2 {
			selftest.SendCallback(h, kind.Body)
		}
		assert.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
		assert.Contains(t, log.String(), "level=WARN")
		assert.Contains(t, log.String(), "accepts events from anyone")
		assert.Contains(t, log.String(), "kind="+kind.Name)
	})
	var log bytes.Buffer
	quecloud.NewOrderHandler(noOrder, quecloud.VerifyWith(srv.Client()), selftest.LogTo(&log))
	assert.Empty(t, log.String(), "verification is authentication")
}

func noSMS(context.Context, *quecloud.SMSEvent) error { return nil }

func noOrder(context.Context, *quecloud.OrderEvent) error { return nil }

// Handlers reject callbacks for every reason, with canaries in all secret and personal values.
func TestCallbackSecretsAreNotLogged(t *testing.T) {
	const token, card, text = "CANARYTOKEN", "89860391749203860001", "CANARYTEXT"
	bodies := []string{
		`{"type":"inbox","msisdn":"1064991300001","iccid":"` + card + `","sms_id":"1","content":["` + text + `"],` +
			`"remark":["` + text + `"]}`,
		`{"type":"inbox","iccid":"` + card + `","content":"` + text,
		`"` + text + card + `"`,
		`{"` + text + card + `":` + text + `}`,
		`{"` + text + card + `":"` + text + `"}`,
	}
	selftest.ForEachCallback(t, func(t *testing.T, kind selftest.Callback) {
		var log bytes.Buffer
		all := &slog.HandlerOptions{Level: slog.LevelDebug}
		logger := quecloud.WithCallbackLogger(slog.New(slog.NewJSONHandler(&log, all)))
		fail := errors.New("no customer has the card " + card)
		handlers := []http.Handler{
			kind.Handler(func(context.Context) error { return fail }, logger, quecloud.WithCallbackToken(token)),
			kind.Handler(func(context.Context) error { panic(fail) }, logger, quecloud.WithCallbackToken(token)),
			kind.Handler(selftest.Handled, logger, quecloud.WithCallbackToken("other")),
			kind.Handler(selftest.Handled, logger, quecloud.WithDeduplication(selftest.BrokenStore{})),
		}
		for _, h := range handlers {
			assert.NotContains(t, fmt.Sprintf("%v %+v %#v", h, h, h), token)
			for _, body := range append(bodies, kind.Body) {
				r := selftest.CallbackRequest(body)
				r.URL.RawQuery, r.RequestURI = "token="+token, "/?token="+token
				selftest.Serve(h, r)
			}
		}
		shown := log.String()
		assert.Contains(t, shown, `"level":"WARN"`)
		assert.Contains(t, shown, `"kind":"`+kind.Name+`"`)
		assert.Contains(t, shown, `"error":"no customer has the card …0001"`)
		assert.Contains(t, shown, `"error":"panic: no customer has the card …0001"`)
		assert.Contains(t, shown, "callback_options_test.go", "the stack of the panic")
		assert.Contains(t, shown, "store down")
		assert.Contains(t, shown, `"level":"WARN","msg":"quecloud: callback rejected"`)
		assert.Contains(t, shown, `"level":"ERROR","msg":"quecloud: callback not handled"`)
		assert.NotContains(t, shown, `"level":"ERROR","msg":"quecloud: callback rejected"`, "the function failed")
		for _, secret := range []string{token, card, text, "1064991300001"} {
			assert.NotContains(t, shown, secret)
		}
	})
}

// Not parallel: it sets the process's logger.
func TestCallbackLogsToSlogsDefault(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	h := quecloud.NewSMSHandler(func(context.Context, *quecloud.SMSEvent) error { panic("boom") })
	assert.Contains(t, log.String(), "accepts events from anyone")
	selftest.SendCallback(h, selftest.SMSReport)
	assert.Contains(t, log.String(), "level=ERROR")
	assert.Contains(t, log.String(), "boom")
}
