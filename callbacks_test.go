package quecloud_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

func TestCallbackRespondsWithSuccessAsDocumented(t *testing.T) {
	selftest.ForEachCallback(t, func(t *testing.T, kind selftest.Callback) {
		srv := httptest.NewServer(kind.Handler(selftest.Handled))
		defer srv.Close()
		for _, contentType := range []string{
			"application/json", "application/json;charset=UTF-8", "Application/JSON; Charset=utf8", "application/json;",
			"application/json; charset", "application/json; charset=utf-8; charset=utf-8", " application/json ",
		} {
			resp, err := http.Post(srv.URL, contentType, strings.NewReader(kind.Body))
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, errors.Join(err, resp.Body.Close()))
			assert.Equal(t, http.StatusOK, resp.StatusCode)
			assert.Equal(t, kind.Success, string(body))
			assert.Equal(t, kind.ContentType, resp.Header.Get("Content-Type"))
			assert.EqualValues(t, len(kind.Success), resp.ContentLength)
		}
	})
}

// A badRequest is a callback request that handlers reject. Without a body it has the kind's.
type badRequest struct {
	name   string
	body   func(kind selftest.Callback) string
	edit   func(*http.Request)
	status int
	reason string
}

func badRequests() []badRequest {
	method := func(method string) func(*http.Request) { return func(r *http.Request) { r.Method = method } }
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	unannounced := func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(r.Body), -1 }
	noBody := func(r *http.Request) { r.Body, r.ContentLength = nil, 0 }
	body := func(body string) func(selftest.Callback) string {
		return func(selftest.Callback) string { return body }
	}
	const json = "application/json"
	return []badRequest{
		{name: "GET", edit: method(http.MethodGet), status: 405, reason: "POST"},
		{name: "HEAD", edit: method(http.MethodHead), status: 405, reason: "POST"},
		{name: "PUT", edit: method(http.MethodPut), status: 405, reason: "POST"},
		{name: "OPTIONS", edit: method(http.MethodOptions), status: 405, reason: "POST"},
		{name: "a form", edit: header("Content-Type", "application/x-www-form-urlencoded"), status: 415, reason: json},
		{name: "plain text, as browsers may send it", edit: header("Content-Type", "text/plain"), status: 415, reason: json},
		{name: "no type", edit: func(r *http.Request) { r.Header.Del("Content-Type") }, status: 415, reason: json},
		{name: "a longer type", edit: header("Content-Type", "application/jsonp"), status: 415, reason: json},
		{name: "two types", edit: header("Content-Type", "application/json, text/plain"), status: 415, reason: json},
		{name: "UTF-16", body: body("{\x00\"\x00t\x00y\x00p\x00e\x00"), status: 400, reason: "not JSON"},
		{name: "compressed", edit: header("Content-Encoding", "gzip"), status: 415, reason: "Content-Encoding"},
		{name: "too large, announced", body: body(strings.Repeat(" ", 1<<20+1)), status: 413, reason: "1048576"},
		{
			name: "too large, not announced", body: body(strings.Repeat(" ", 1<<20+1)), edit: unannounced,
			status: 413, reason: "1048576",
		},
		{name: "no body", edit: noBody, status: 400, reason: "empty"},
		{name: "an empty body", body: body(""), status: 400, reason: "empty"},
		{name: "blanks", body: body(" \n "), status: 400, reason: "empty"},
		{name: "no JSON", body: body("type=report"), status: 400, reason: "not JSON: error at byte"},
		{
			name: "truncated", body: func(kind selftest.Callback) string { return kind.Body[:len(kind.Body)-1] },
			status: 400, reason: "ends too early",
		},
		{
			name: "text after the end", body: func(kind selftest.Callback) string { return kind.Body + "{}" },
			status: 400, reason: "more text",
		},
		{name: "a list", body: body("[]"), status: 400, reason: "not an object"},
		{name: "null", body: body("null"), status: 400, reason: "not an object"},
		{name: "a text", body: body(`"success"`), status: 400, reason: "not an object"},
		{name: "an empty object", body: body("{}"), status: 400, reason: "missing"},
		{name: "endless nesting", body: body(strings.Repeat(`{"success":`, 80000)), status: 400, reason: "not JSON"},
		{
			name:   "endless nesting of lists",
			body:   func(kind selftest.Callback) string { return kind.With(`"x":` + strings.Repeat("[", 300000)) },
			status: 400, reason: "not JSON",
		},
	}
}

func TestCallbackRejectsInvalidRequests(t *testing.T) {
	selftest.ForEachCallback(t, func(t *testing.T, kind selftest.Callback) {
		h := kind.Handler(selftest.NotCalled(t))
		for _, c := range badRequests() {
			t.Run(c.name, func(t *testing.T) {
				body := kind.Body
				if c.body != nil {
					body = c.body(kind)
				}
				r := selftest.CallbackRequest(body)
				if c.edit != nil {
					c.edit(r)
				}
				w := selftest.Serve(h, r)
				kind.AssertRejected(t, w, c.status, c.reason)
				assert.Equal(t, c.status == 405, w.Header().Get("Allow") == http.MethodPost)
			})
		}
	})
}

func TestCallbackTokenMustMatchExactly(t *testing.T) {
	const current, next = "N0w-._~token", "next-token"
	cases := map[string]int{
		"/?token=N0w-._~token": 200, "/?token=N0w%2D%2e_%7Etoken": 200, "/?a=b&token=next-token": 200,
		"/?token=next-token&a=b": 200,
		"/":                      401, "/?token=": 401, "/?token=next-toke": 401, "/?token=next-tokenn": 401,
		"/?token=NEXT-TOKEN": 401, "/?Token=next-token": 401, "/next-token": 401,
		"/?token=next-token&token=next-token": 401, "/?token=wrong&token=next-token": 401, "/?token=next-token;a": 401,
	}
	selftest.ForEachCallback(t, func(t *testing.T, kind selftest.Callback) {
		h := kind.Handler(selftest.Handled, quecloud.WithCallbackToken(current), quecloud.WithCallbackToken(next, "another"))
		for url, want := range cases {
			r := selftest.CallbackRequest(kind.Body)
			var err error
			r.URL, err = r.URL.Parse(url)
			require.NoError(t, err)
			w := selftest.Serve(h, r)
			if assert.Equal(t, want, w.Code, url); want != 200 {
				kind.AssertRejected(t, w, want, "token")
				assert.NotEmpty(t, w.Header().Get("WWW-Authenticate"))
			}
		}
	})
}

func TestCallbackSourcesMustBeAllowed(t *testing.T) {
	allowed := quecloud.WithAllowedSources(
		selftest.Networks("192.0.2.0/24", "2001:db8::/32", "::ffff:198.51.100.0/120")...)
	proxy := quecloud.WithTrustedProxy("x-forwarded-for", selftest.Networks("10.0.0.0/8", "fd00::/8")...)
	cases := []struct {
		name      string
		proxy     bool // trusted
		remote    string
		forwarded []string
		want      int
	}{
		{name: "inside", remote: "192.0.2.9:1", want: 200},
		{name: "inside, IPv6", remote: "[2001:db8::1]:1", want: 200},
		{name: "inside, IPv4 written as IPv6", remote: "[::ffff:192.0.2.9]:1", want: 200},
		{name: "inside a network written as IPv6", remote: "198.51.100.7:1", want: 200},
		{name: "inside, with a zone", remote: "[2001:db8::1%eth0]:1", want: 200},
		{name: "outside", remote: "192.0.3.9:1", want: 403},
		{name: "outside, claiming to be forwarded", remote: "203.0.113.1:1", forwarded: []string{"192.0.2.9"}, want: 403},
		{name: "no address", remote: "@", want: 403},
		{name: "nothing", remote: "", want: 403},

		{name: "through the proxy", proxy: true, remote: "10.1.1.1:1", forwarded: []string{"192.0.2.9"}, want: 200},
		{
			name: "through two proxies", proxy: true,
			remote: "10.1.1.1:1", forwarded: []string{"192.0.2.9, 10.2.2.2"}, want: 200,
		},
		{
			name: "through two proxies, a header each", proxy: true,
			remote: "[fd00::1]:1", forwarded: []string{"192.0.2.9", "10.2.2.2"}, want: 200,
		},
		{name: "with a port", proxy: true, remote: "10.1.1.1:1", forwarded: []string{"192.0.2.9:5000"}, want: 200},
		{name: "IPv6 with a port", proxy: true, remote: "10.1.1.1:1", forwarded: []string{"[2001:db8::1]:5000"}, want: 200},
		{name: "written as IPv6", proxy: true, remote: "10.1.1.1:1", forwarded: []string{"::ffff:192.0.2.9"}, want: 200},
		{name: "past the proxy", proxy: true, remote: "192.0.2.9:1", want: 200},
		{
			name: "past the proxy, naming somebody else", proxy: true,
			remote: "192.0.2.9:1", forwarded: []string{"203.0.113.1"}, want: 200,
		},
		{
			name: "past the proxy from outside", proxy: true,
			remote: "203.0.113.1:1", forwarded: []string{"192.0.2.9"}, want: 403,
		},
		{
			name: "through the proxy from outside", proxy: true,
			remote: "10.1.1.1:1", forwarded: []string{"203.0.113.1"}, want: 403,
		},
		{
			name: "forging the first entry", proxy: true,
			remote: "10.1.1.1:1", forwarded: []string{"192.0.2.9, 203.0.113.1"}, want: 403,
		},
		{
			name: "forging a header before the proxy's", proxy: true,
			remote: "10.1.1.1:1", forwarded: []string{"192.0.2.9", "203.0.113.1, 10.2.2.2"}, want: 403,
		},
		{
			name: "garbage before an honest entry", proxy: true,
			remote: "10.1.1.1:1", forwarded: []string{"garbage, 192.0.2.9"}, want: 200,
		},
		{name: "garbage at the end", proxy: true, remote: "10.1.1.1:1", forwarded: []string{"192.0.2.9, garbage"}, want: 403},
		{name: "unknown", proxy: true, remote: "10.1.1.1:1", forwarded: []string{"192.0.2.9, unknown, 10.2.2.2"}, want: 403},
		{name: "an empty header", proxy: true, remote: "10.1.1.1:1", forwarded: []string{""}, want: 403},
		{name: "the proxy itself", proxy: true, remote: "10.1.1.1:1", want: 403},
		{name: "proxies only", proxy: true, remote: "10.1.1.1:1", forwarded: []string{"10.2.2.2, 10.3.3.3"}, want: 403},
	}
	selftest.ForEachCallback(t, func(t *testing.T, kind selftest.Callback) {
		for _, c := range cases {
			options := []quecloud.HandlerOption{allowed}
			if c.proxy {
				options = []quecloud.HandlerOption{proxy, allowed}
			}
			r := selftest.CallbackRequest(kind.Body)
			r.RemoteAddr = c.remote
			if c.forwarded != nil {
				r.Header["X-Forwarded-For"] = c.forwarded
			}
			w := selftest.Serve(kind.Handler(selftest.Handled, options...), r)
			if assert.Equal(t, c.want, w.Code, c.name); c.want != 200 {
				kind.AssertRejected(t, w, 403, "address")
			}
		}
	})
}

var bareCard = regexp.MustCompile(`"([0-9]{20})",`)

func TestCallbackAcceptsEquivalentBodies(t *testing.T) {
	cases := map[string]func(selftest.Callback) string{
		"an unknown member": func(k selftest.Callback) string { return k.With(`"x":[{"y":[]}]`) },
		"deep nesting, unknown": func(k selftest.Callback) string {
			return k.With(`"x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000))
		},
		"the same member twice": func(k selftest.Callback) string { return k.With(`"iccid":null,"ICCID":""`) },
		"names in upper case": func(k selftest.Callback) string {
			return strings.ReplaceAll(k.Body, `"iccid"`, `"ICCID"`)
		},
		"a card as a bare number": func(k selftest.Callback) string { return bareCard.ReplaceAllString(k.Body, "$1,") },
		"a byte order mark":       func(k selftest.Callback) string { return "\ufeff" + k.Body },
		"a broken character": func(k selftest.Callback) string {
			return k.With("\"content\":\"\xff\",\"remark\":\"\xff\"")
		},
		"as large as allowed": func(k selftest.Callback) string {
			return k.Body + strings.Repeat(" ", 1<<20-len(k.Body))
		},
		"null for optional members": func(k selftest.Callback) string { return k.With(`"content":null,"remark":null`) },
		"escapes in names": func(k selftest.Callback) string {
			return strings.ReplaceAll(k.Body, `"iccid"`, `"\u0069ccid"`)
		},
		"blanks and lines between": func(k selftest.Callback) string {
			return strings.ReplaceAll(k.Body, `,"`, " ,\r\n\t\"")
		},
	}
	selftest.ForEachCallback(t, func(t *testing.T, kind selftest.Callback) {
		for name, body := range cases {
			calls := 0
			h := kind.Handler(func(context.Context) error { calls++; return nil })
			assert.Equal(t, kind.Success, selftest.SendCallback(h, body(kind)).Body.String(), name)
			assert.Equal(t, 1, calls, name)
		}
	})
}

func TestCallbackFailsWhenItsFunctionFails(t *testing.T) {
	failures := map[string]func(context.Context) error{
		"error":         func(context.Context) error { return errors.New("success") },
		"panic":         func(context.Context) error { panic("success") },
		"runtime panic": func(context.Context) error { none := []error{}; return none[len(none)] },
		"abort handler": func(context.Context) error { panic(http.ErrAbortHandler) },
		"nil error":     func(context.Context) error { var none *url.Error; return none },
	}
	selftest.ForEachCallback(t, func(t *testing.T, kind selftest.Callback) {
		for name, fail := range failures {
			t.Run(name, func(t *testing.T) {
				kind.AssertRejected(t, selftest.SendCallback(kind.Handler(fail), kind.Body), 500, "retry later")
			})
		}
	})
}

// Programs with the rules before Go 1.21 cannot recover a value from this panic.
func TestCallbackFailsAfterAPanicWithNil(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1")
	for _, kind := range selftest.Callbacks {
		h := kind.Handler(func(context.Context) error { panic(nil) })
		kind.AssertRejected(t, selftest.SendCallback(h, kind.Body), 500, "retry later")
	}
}

func TestCallbackTimeoutEndsTheContext(t *testing.T) {
	t.Parallel()
	for _, kind := range selftest.Callbacks {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				h := kind.Handler(func(ctx context.Context) error {
					<-ctx.Done()
					return ctx.Err()
				}, quecloud.WithCallbackTimeout(7*time.Second))
				kind.AssertRejected(t, selftest.SendCallback(h, kind.Body), 500, "retry later")
				assert.Equal(t, 7*time.Second, time.Since(start))
			})
		})
	}
}
