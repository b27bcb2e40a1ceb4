package quecloud_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func handled(context.Context) error { return nil }

func TestHandlersAcceptEveryTokenAndNothingElse(t *testing.T) {
	const now, next = "N0w-._~token", "next-token"
	cases := map[string]int{
		"/?token=N0w-._~token": 200, "/?token=N0w%2D%2e_%7Etoken": 200, "/?a=b&token=next-token": 200, "/?token=next-token&a=b": 200,
		"/": 401, "/?token=": 401, "/?token=next-toke": 401, "/?token=next-tokenn": 401, "/?token=NEXT-TOKEN": 401,
		"/?Token=next-token": 401, "/next-token": 401, "/?token=next-token&token=next-token": 401, "/?token=wrong&token=next-token": 401,
		"/?token=next-token;a": 401,
	}
	forBoth(t, func(t *testing.T, n notification) {
		h := n.handler(handled, quecloud.WithCallbackToken(now), quecloud.WithCallbackToken(next, "another"))
		for url, want := range cases {
			r := delivery(n.body)
			var err error
			r.URL, err = r.URL.Parse(url)
			require.NoError(t, err)
			w := deliver(h, r)
			if assert.Equal(t, want, w.Code, url); want != 200 {
				n.refused(t, w, want, "token")
				assert.NotEmpty(t, w.Header().Get("WWW-Authenticate"))
			}
		}
	})
}

func networks(texts ...string) (prefixes []netip.Prefix) {
	for _, text := range texts {
		prefixes = append(prefixes, netip.MustParsePrefix(text))
	}
	return prefixes
}

func TestHandlersAcceptDeliveriesFromAllowedSourcesOnly(t *testing.T) {
	allowed := quecloud.WithAllowedSources(networks("192.0.2.0/24", "2001:db8::/32", "::ffff:198.51.100.0/120")...)
	proxy := quecloud.WithTrustedProxy("x-forwarded-for", networks("10.0.0.0/8", "fd00::/8")...)
	direct, behind := []quecloud.HandlerOption{allowed}, []quecloud.HandlerOption{proxy, allowed}
	cases := []struct {
		name      string
		options   []quecloud.HandlerOption
		remote    string
		forwarded []string
		want      int
	}{
		{"inside", direct, "192.0.2.9:1", nil, 200},
		{"inside, IPv6", direct, "[2001:db8::1]:1", nil, 200},
		{"inside, IPv4 written as IPv6", direct, "[::ffff:192.0.2.9]:1", nil, 200},
		{"inside a network written as IPv6", direct, "198.51.100.7:1", nil, 200},
		{"inside, with a zone", direct, "[2001:db8::1%eth0]:1", nil, 200},
		{"outside", direct, "192.0.3.9:1", nil, 403},
		{"outside, claiming to be forwarded", direct, "203.0.113.1:1", []string{"192.0.2.9"}, 403},
		{"no address", direct, "@", nil, 403},
		{"nothing", direct, "", nil, 403},

		{"through the proxy", behind, "10.1.1.1:1", []string{"192.0.2.9"}, 200},
		{"through two proxies", behind, "10.1.1.1:1", []string{"192.0.2.9, 10.2.2.2"}, 200},
		{"through two proxies, a header each", behind, "[fd00::1]:1", []string{"192.0.2.9", "10.2.2.2"}, 200},
		{"with a port", behind, "10.1.1.1:1", []string{"192.0.2.9:5000"}, 200},
		{"IPv6 with a port", behind, "10.1.1.1:1", []string{"[2001:db8::1]:5000"}, 200},
		{"written as IPv6", behind, "10.1.1.1:1", []string{"::ffff:192.0.2.9"}, 200},
		{"past the proxy", behind, "192.0.2.9:1", nil, 200},
		{"past the proxy, naming somebody else", behind, "192.0.2.9:1", []string{"203.0.113.1"}, 200},
		{"past the proxy from outside", behind, "203.0.113.1:1", []string{"192.0.2.9"}, 403},
		{"through the proxy from outside", behind, "10.1.1.1:1", []string{"203.0.113.1"}, 403},
		{"forging the first entry", behind, "10.1.1.1:1", []string{"192.0.2.9, 203.0.113.1"}, 403},
		{"forging a header before the proxy's", behind, "10.1.1.1:1", []string{"192.0.2.9", "203.0.113.1, 10.2.2.2"}, 403},
		{"garbage before an honest entry", behind, "10.1.1.1:1", []string{"garbage, 192.0.2.9"}, 200},
		{"garbage at the end", behind, "10.1.1.1:1", []string{"192.0.2.9, garbage"}, 403},
		{"unknown", behind, "10.1.1.1:1", []string{"192.0.2.9, unknown, 10.2.2.2"}, 403},
		{"an empty header", behind, "10.1.1.1:1", []string{""}, 403},
		{"the proxy itself", behind, "10.1.1.1:1", nil, 403},
		{"proxies only", behind, "10.1.1.1:1", []string{"10.2.2.2, 10.3.3.3"}, 403},
	}
	forBoth(t, func(t *testing.T, n notification) {
		for _, c := range cases {
			r := delivery(n.body)
			r.RemoteAddr = c.remote
			if c.forwarded != nil {
				r.Header["X-Forwarded-For"] = c.forwarded
			}
			w := deliver(n.handler(handled, c.options...), r)
			if assert.Equal(t, c.want, w.Code, c.name); c.want != 200 {
				n.refused(t, w, 403, "address")
			}
		}
	})
}

func TestBodyLimitIsExact(t *testing.T) {
	forBoth(t, func(t *testing.T, n notification) {
		exact := n.handler(handled, quecloud.WithBodyLimit(int64(len(n.body))))
		assert.Equal(t, 200, deliver(exact, delivery(n.body)).Code)
		n.refused(t, deliver(exact, delivery(n.body+" ")), 413, fmt.Sprintf("more than %d bytes", len(n.body)))
	})
}

func TestHandlersPanicOnWhatCannotWork(t *testing.T) {
	t.Parallel()
	cases := map[string][]quecloud.HandlerOption{
		"option 2 of 2: is nil":                    {quiet, nil},
		"WithCallbackToken: no token is given":     {quecloud.WithCallbackToken()},
		"WithCallbackToken: token 2 of 2 is empty": {quecloud.WithCallbackToken("good", "")},
		"WithAllowedSources: no network":           {quecloud.WithAllowedSources()},
		"WithAllowedSources: a network is not":     {quecloud.WithAllowedSources(netip.Prefix{})},
		"WithAllowedSources: a network":            {quecloud.WithAllowedSources(netip.MustParsePrefix("::ffff:0:0/90"))},
		"WithTrustedProxy: no network":             {quecloud.WithTrustedProxy("X-Forwarded-For"), quecloud.WithAllowedSources(networks("::/0")...)},
		`WithTrustedProxy: "" is not the name`:     {quecloud.WithTrustedProxy("", networks("::/0")...)},
		`WithTrustedProxy: "a b" is not the name`:  {quecloud.WithTrustedProxy("a b", networks("::/0")...)},
		"WithTrustedProxy: Forwarded does not":     {quecloud.WithTrustedProxy("forwarded", networks("::/0")...)},
		"WithTrustedProxy: has no effect alone":    {quecloud.WithTrustedProxy("X-Real-IP", networks("::/0")...)},
		"WithTrustedProxy: there can be only one":  {quecloud.WithTrustedProxy("A", networks("::/0")...), quecloud.WithTrustedProxy("B", networks("::/0")...)},
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
		assert.Contains(t, panicText(func() { quecloud.NewOrderHandler(noOrder, opts...) }), "quecloud: NewOrderHandler: "+want)
		assert.Contains(t, panicText(func() { quecloud.NewSMSHandler(noSMS, opts...) }), "quecloud: NewSMSHandler: "+want)
	}
	assert.Contains(t, panicText(func() { quecloud.NewSMSHandler(nil) }), "NewSMSHandler: the function is nil")
	assert.Contains(t, panicText(func() { quecloud.NewOrderHandler(nil) }), "NewOrderHandler: the function is nil")
	srv := quecloudtest.NewUnstartedServer()
	defer srv.Close()
	assert.Contains(t, panicText(func() { quecloud.NewSMSHandler(noSMS, quecloud.VerifyWith(srv.Client())) }),
		"quecloud: NewSMSHandler: VerifyWith: the platform has no method that confirms sms events")
	assert.Contains(t, panicText(func() { quecloud.NewMemoryDedup(0, time.Hour) }), "0 entries")
	assert.Contains(t, panicText(func() { quecloud.NewMemoryDedup(1, 0) }), "for 0s")
}

func TestHandlersPanicOnTokensThatAURLMayChange(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]string{
		"CANARY\n": "begins or ends with white space", " CANARY": "white space", "\u3000CANARY": "white space",
		"CAN ARY": "want A-Z, a-z, 0-9 and -._~ only", "CAN+ARY": "want A-Z", "CANARY/x": "want A-Z", "CANARY=": "want A-Z", "CANARY%41": "want A-Z",
		"a&CANARY": "want A-Z", "CANARY#a": "want A-Z", "CANARY;a": "want A-Z", "CANARY令牌": "want A-Z", "CANARY\u200b": "want A-Z", "\"CANARY\"": "want A-Z",
	} {
		text := panicText(func() { quecloud.NewSMSHandler(noSMS, quiet, quecloud.WithCallbackToken("good", token)) })
		assert.Contains(t, text, "quecloud: NewSMSHandler: WithCallbackToken: token 2 of 2 ", "%q", token)
		assert.Contains(t, text, want, "%q", token)
		assert.NotContains(t, text, "CANARY")
	}
}

func TestHandlersWithoutAuthenticationWarnOnceWhenMade(t *testing.T) {
	srv := quecloudtest.NewUnstartedServer()
	t.Cleanup(srv.Close)
	forBoth(t, func(t *testing.T, n notification) {
		var log bytes.Buffer
		logger := quecloud.WithCallbackLogger(slog.New(slog.NewTextHandler(&log, nil)))
		for name, opt := range map[string]quecloud.HandlerOption{
			"token":   quecloud.WithCallbackToken("good"),
			"sources": quecloud.WithAllowedSources(networks("192.0.2.0/24")...),
		} {
			n.handler(handled, logger, opt)
			assert.Empty(t, log.String(), name)
		}
		h := n.handler(handled, remembering(), logger)
		for range 2 {
			deliver(h, delivery(n.body))
		}
		assert.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
		assert.Contains(t, log.String(), "level=WARN")
		assert.Contains(t, log.String(), "accepts events from anybody")
		assert.Contains(t, log.String(), "kind="+strings.ToLower(n.name))
	})
	var log bytes.Buffer
	quecloud.NewOrderHandler(noOrder, quecloud.VerifyWith(srv.Client()), quecloud.WithCallbackLogger(slog.New(slog.NewTextHandler(&log, nil))))
	assert.Empty(t, log.String(), "verification is authentication")
}

func noSMS(context.Context, *quecloud.SMSEvent) error     { return nil }
func noOrder(context.Context, *quecloud.OrderEvent) error { return nil }

func panicText(f func()) (text string) {
	defer func() { text = fmt.Sprint(recover()) }()
	f()
	return "no panic"
}

// Everything that a handler can refuse, with canaries in all that is secret or personal.
func TestHandlersLogNoTokensCardsOrTexts(t *testing.T) {
	const token, card, text = "CANARYTOKEN", "89860391749203860001", "CANARYTEXT"
	bodies := []string{
		`{"type":"inbox","msisdn":"1064991300001","iccid":"` + card + `","sms_id":"1","content":["` + text + `"],"remark":["` + text + `"]}`,
		`{"type":"inbox","iccid":"` + card + `","content":"` + text, `"` + text + card + `"`, `{"` + text + card + `":` + text + `}`,
		`{"` + text + card + `":"` + text + `"}`,
	}
	forBoth(t, func(t *testing.T, n notification) {
		var log bytes.Buffer
		logger := quecloud.WithCallbackLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
		fail := errors.New("no customer has the card " + card)
		handlers := []http.Handler{
			n.handler(func(context.Context) error { return fail }, logger, quecloud.WithCallbackToken(token)),
			n.handler(func(context.Context) error { panic(fail) }, logger, quecloud.WithCallbackToken(token)),
			n.handler(handled, logger, quecloud.WithCallbackToken("other")),
			n.handler(handled, logger, quecloud.WithDeduplication(brokenStore{})),
		}
		for _, h := range handlers {
			assert.NotContains(t, fmt.Sprintf("%v %+v %#v", h, h, h), token)
			for _, body := range append(bodies, n.body) {
				r := delivery(body)
				r.URL.RawQuery, r.RequestURI = "token="+token, "/?token="+token
				deliver(h, r)
			}
		}
		shown := log.String()
		assert.Contains(t, shown, `"level":"WARN"`)
		assert.Contains(t, shown, `"kind":"`+strings.ToLower(n.name)+`"`)
		assert.Contains(t, shown, `"error":"no customer has the card …0001"`)
		assert.Contains(t, shown, `"error":"panic: no customer has the card …0001"`)
		assert.Contains(t, shown, "callback_options_test.go", "the stack of the panic")
		assert.Contains(t, shown, "store down")
		assert.Contains(t, shown, `"level":"WARN","msg":"quecloud: callback rejected"`)
		assert.Contains(t, shown, `"level":"ERROR","msg":"quecloud: callback not handled"`)
		assert.NotContains(t, shown, `"level":"ERROR","msg":"quecloud: callback rejected"`, "it was not refused: the function failed")
		for _, secret := range []string{token, card, text, "1064991300001"} {
			assert.NotContains(t, shown, secret)
		}
	})
}

// Not parallel: it sets the process's logger.
func TestHandlersLogToSlogsDefault(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(before)
	h := quecloud.NewSMSHandler(func(context.Context, *quecloud.SMSEvent) error { panic("boom") })
	assert.Contains(t, log.String(), "accepts events from anybody")
	deliver(h, delivery(smsReport))
	assert.Contains(t, log.String(), "level=ERROR")
	assert.Contains(t, log.String(), "boom")
}
