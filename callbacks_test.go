package quecloud_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

const (
	smsReport = `{"type":"report","msisdn":"1064991300001","iccid":"89860391749203860001","sms_id":"YkSzqc66fIE0umbCVD6w","status":"200","msg":"送达"}`
	smsInbox  = `{"type":"inbox","msisdn":"1064991300001","iccid":"89860391749203860001","sms_id":"3213","content":"温度 21.5","recievetime":"2026-11-03 09:15:00"}`
	orderDone = `{"orderNo":"CZ20261103000017","orderType":"充值订单","orderStatusDesc":"订单完成","orderStatus":1,"iccid":"89860412091880130001",` +
		`"productName":"1G-定向","productPrice":11.0,"remark":"","result":"89860412091880130001 于 2026-11-03 11:43:23 充值流量包 1G-定向, 金额 11.0 元",` +
		`"createTime":"2026-11-03 11:43:23","completeTime":"2026-11-03 11:47:57","externalId":"topup-0001"}`
)

// A notification is one of the two kinds, for tests of what both have in common.
type notification struct {
	name, body           string
	success, contentType string
	handler              func(run func(context.Context) error, opts ...quecloud.HandlerOption) http.Handler
}

var (
	quiet = quecloud.WithCallbackLogger(slog.New(slog.DiscardHandler))

	notifications = []notification{
		{"SMS", smsReport, "success", "text/plain; charset=utf-8",
			func(run func(context.Context) error, opts ...quecloud.HandlerOption) http.Handler {
				return quecloud.NewSMSHandler(func(ctx context.Context, _ *quecloud.SMSEvent) error { return run(ctx) },
					append([]quecloud.HandlerOption{quiet}, opts...)...)
			}},
		{"Order", orderDone, `{"code":200,"msg":""}`, "application/json",
			func(run func(context.Context) error, opts ...quecloud.HandlerOption) http.Handler {
				return quecloud.NewOrderHandler(func(ctx context.Context, _ *quecloud.OrderEvent) error { return run(ctx) },
					append([]quecloud.HandlerOption{quiet}, opts...)...)
			}},
	}
)

// forBoth runs a test for the handlers of both kinds.
func forBoth(t *testing.T, test func(*testing.T, notification)) {
	t.Parallel()
	for _, n := range notifications {
		t.Run(n.name, func(t *testing.T) {
			t.Parallel()
			test(t, n)
		})
	}
}

// with returns the kind's body with further members before its own.
func (n notification) with(members string) string { return "{" + members + "," + n.body[1:] }

// delivery is the request that the platform makes.
func delivery(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

func deliver(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// refused checks that an answer has that status, a reason that contains a text, and nothing that reads as success.
func (n notification) refused(t *testing.T, w *httptest.ResponseRecorder, status int, reason string) {
	t.Helper()
	assert.Equal(t, status, w.Code, w.Body)
	assert.Equal(t, n.contentType, w.Header().Get("Content-Type"))
	assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
	assert.NotContains(t, strings.ToLower(w.Body.String()), "success")
	text, ok := strings.CutPrefix(w.Body.String(), "failed: ")
	if n.name == "Order" {
		var answer struct {
			Code int
			Msg  string
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer), w.Body)
		assert.Equal(t, status, answer.Code)
		text, ok = answer.Msg, true
	}
	assert.True(t, ok, text)
	assert.NotEmpty(t, text)
	assert.Contains(t, text, reason)
}

func TestHandlersAnswerSuccessAsTheDocumentSays(t *testing.T) {
	forBoth(t, func(t *testing.T, n notification) {
		srv := httptest.NewServer(n.handler(func(context.Context) error { return nil }))
		defer srv.Close()
		for _, contentType := range []string{
			"application/json", "application/json;charset=UTF-8", "Application/JSON; Charset=utf8", "application/json;", "application/json; charset",
			"application/json; charset=utf-8; charset=utf-8", " application/json ",
		} {
			resp, err := http.Post(srv.URL, contentType, strings.NewReader(n.body))
			require.NoError(t, err)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, errors.Join(err, resp.Body.Close()))
			assert.Equal(t, http.StatusOK, resp.StatusCode)
			assert.Equal(t, n.success, string(body))
			assert.Equal(t, n.contentType, resp.Header.Get("Content-Type"))
			assert.EqualValues(t, len(n.success), resp.ContentLength)
		}
	})
}

func TestHandlersRefuseWhatIsNoProperDelivery(t *testing.T) {
	request := func(edit func(*http.Request)) func(notification) *http.Request {
		return func(n notification) *http.Request {
			r := delivery(n.body)
			edit(r)
			return r
		}
	}
	verb := func(verb string) func(notification) *http.Request {
		return request(func(r *http.Request) { r.Method = verb })
	}
	header := func(name, value string) func(notification) *http.Request {
		return request(func(r *http.Request) { r.Header.Set(name, value) })
	}
	body := func(body string) func(notification) *http.Request {
		return func(notification) *http.Request { return delivery(body) }
	}
	member := func(members string) func(notification) *http.Request {
		return func(n notification) *http.Request { return delivery(n.with(members)) }
	}
	cases := []struct {
		name    string
		request func(notification) *http.Request
		status  int
		reason  string
	}{
		{"GET", verb(http.MethodGet), 405, "POST"},
		{"HEAD", verb(http.MethodHead), 405, "POST"},
		{"PUT", verb(http.MethodPut), 405, "POST"},
		{"OPTIONS", verb(http.MethodOptions), 405, "POST"},
		{"a form", header("Content-Type", "application/x-www-form-urlencoded"), 415, "application/json"},
		{"plain text, as a browser may send anywhere", header("Content-Type", "text/plain"), 415, "application/json"},
		{"no type", request(func(r *http.Request) { r.Header.Del("Content-Type") }), 415, "application/json"},
		{"another type of the same beginning", header("Content-Type", "application/jsonp"), 415, "application/json"},
		{"two types", header("Content-Type", "application/json, text/plain"), 415, "application/json"},
		{"another encoding of characters", body("{\x00\"\x00t\x00y\x00p\x00e\x00"), 400, "not JSON"},
		{"a compressed body", header("Content-Encoding", "gzip"), 415, "Content-Encoding"},
		{"too much, announced", body(strings.Repeat(" ", 1<<20+1)), 413, "1048576"},
		{"too much, not announced", request(func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat(" ", 1<<20+1))), -1
		}), 413, "1048576"},
		{"no body", request(func(r *http.Request) { r.Body, r.ContentLength = nil, 0 }), 400, "empty"},
		{"an empty body", body(""), 400, "empty"},
		{"blanks", body(" \n "), 400, "empty"},
		{"no JSON", body("type=report"), 400, "not JSON: error at byte"},
		{"a truncated text", func(n notification) *http.Request { return delivery(n.body[:len(n.body)-1]) }, 400, "ends too early"},
		{"text behind the end", func(n notification) *http.Request { return delivery(n.body + "{}") }, 400, "more text"},
		{"a list", body("[]"), 400, "not an object"},
		{"null", body("null"), 400, "not an object"},
		{"a text", body(`"success"`), 400, "not an object"},
		{"an empty object", body("{}"), 400, "missing"},
		{"endless nesting", body(strings.Repeat(`{"success":`, 80000)), 400, "not JSON"},
		{"endless nesting in lists", member(`"x":` + strings.Repeat("[", 300000)), 400, "not JSON"},
	}
	forBoth(t, func(t *testing.T, n notification) {
		h := n.handler(func(context.Context) error {
			t.Error("the function was called")
			return nil
		})
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				w := deliver(h, c.request(n))
				n.refused(t, w, c.status, c.reason)
				assert.Equal(t, c.status == 405, w.Header().Get("Allow") == http.MethodPost)
			})
		}
	})
}

func TestProbesAreAnsweredWithAnEmptyBody(t *testing.T) {
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
	forBoth(t, func(t *testing.T, n notification) {
		calls := 0
		token := quecloud.WithCallbackToken("good")
		h := n.handler(func(context.Context) error { calls++; return nil }, token, quecloud.WithProbes())
		foreign := n.handler(handled, token, quecloud.WithProbes(), quecloud.WithAllowedSources(networks("10.0.0.0/8")...))
		without := n.handler(handled, token)
		for name, probe := range probes {
			w := deliver(h, probe())
			assert.Equal(t, 200, w.Code, name)
			assert.Empty(t, w.Body.String(), name)
			assert.Empty(t, w.Header(), name)
			r := probe()
			r.URL.RawQuery = "token=bad"
			n.refused(t, deliver(h, r), 401, "token")
			n.refused(t, deliver(foreign, probe()), 403, "address")
			assert.GreaterOrEqual(t, deliver(without, probe()).Code, 400, name)
		}
		w := deliver(h, probe(http.MethodPut, nil)())
		n.refused(t, w, 405, "POST")
		assert.Equal(t, "GET, HEAD, POST", w.Header().Get("Allow"))
		for _, body := range []string{" ", "{}", "null"} {
			r := delivery(body)
			r.URL.RawQuery = "token=good"
			n.refused(t, deliver(h, r), 400, "")
		}
		assert.Zero(t, calls)
		r := delivery(n.body)
		r.URL.RawQuery = "token=good"
		assert.Equal(t, n.success, deliver(h, r).Body.String())
	})
}

// What the documentation says of paths is the business of net/http's router.
func TestServeMuxServesTheExactPathOnly(t *testing.T) {
	forBoth(t, func(t *testing.T, n notification) {
		h := n.handler(handled, quecloud.WithCallbackToken("good"))
		mux := http.NewServeMux()
		mux.Handle("/exact", h)
		mux.Handle("/slash/", h)
		mux.Handle("/both", h)
		mux.Handle("/both/{$}", h)
		for path, want := range map[string]struct {
			status   int
			location string
		}{
			"/exact":   {status: 200},
			"/slash/":  {status: 200},
			"/both":    {status: 200},
			"/both/":   {status: 200},
			"/exact/":  {status: 404},
			"//exact":  {status: 307, location: "/exact?token=good"},
			"/./exact": {status: 307, location: "/exact?token=good"},
			"/slash":   {status: 307, location: "/slash/?token=good"},
			"/slash//": {status: 307, location: "/slash/?token=good"},
		} {
			r := delivery(n.body)
			r.URL.Path, r.URL.RawQuery = path, "token=good"
			w := deliver(mux, r)
			assert.Equal(t, want.location, w.Header().Get("Location"), path)
			assert.Equal(t, want.status, w.Code, path)
		}
		r := delivery(n.body)
		r.URL.Path, r.URL.RawQuery = "//any/path/", "token=good"
		assert.Equal(t, n.success, deliver(h, r).Body.String(), "without a router")
	})
}

// Senders that speak HTTP/1.0, and those that ask before they send a body.
func TestHandlersServeOldAndCautiousSenders(t *testing.T) {
	forBoth(t, func(t *testing.T, n notification) {
		srv := httptest.NewServer(n.handler(handled, quecloud.WithCallbackToken("good")))
		defer srv.Close()
		exchange := func(token, proto, header string) string {
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			require.NoError(t, err)
			defer conn.Close()
			fmt.Fprintf(conn, "POST /?token=%s %s\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"+
				"Content-Length: %d\r\n%s\r\n", token, proto, len(n.body), header)
			if header == "" {
				fmt.Fprint(conn, n.body)
				text, err := io.ReadAll(conn)
				require.NoError(t, err)
				return string(text)
			}
			var first [512]byte
			size, err := conn.Read(first[:])
			require.NoError(t, err)
			fmt.Fprint(conn, n.body)
			rest, _ := io.ReadAll(conn) // a server that refuses may cut it off
			return string(first[:size]) + string(rest)
		}
		old := exchange("good", "HTTP/1.0", "")
		assert.True(t, strings.HasPrefix(old, "HTTP/1.0 200 OK") && strings.HasSuffix(old, "\r\n\r\n"+n.success), old)
		cautious := exchange("good", "HTTP/1.1", "Expect: 100-continue\r\n")
		assert.True(t, strings.HasPrefix(cautious, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK"), cautious)
		assert.True(t, strings.HasSuffix(cautious, "\r\n\r\n"+n.success), cautious)
		refused := exchange("bad", "HTTP/1.1", "Expect: 100-continue\r\n")
		assert.True(t, strings.HasPrefix(refused, "HTTP/1.1 401 "), "the body of a stranger is not even asked for: "+refused)
	})
}

var bareCard = regexp.MustCompile(`"([0-9]{20})",`)

func TestHandlersTakeWhatMeansTheSame(t *testing.T) {
	cases := map[string]func(notification) string{
		"an unknown member": func(n notification) string { return n.with(`"x":[{"y":[]}]`) },
		"deep nesting, unknown": func(n notification) string {
			return n.with(`"x":` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000))
		},
		"the same member twice": func(n notification) string { return n.with(`"iccid":null,"ICCID":""`) },
		"names in upper case":   func(n notification) string { return strings.ReplaceAll(n.body, `"iccid"`, `"ICCID"`) },
		"a card as a bare number": func(n notification) string {
			return bareCard.ReplaceAllString(n.body, "$1,")
		},
		"a byte order mark":        func(n notification) string { return "\ufeff" + n.body },
		"a broken character":       func(n notification) string { return n.with("\"content\":\"\xff\",\"remark\":\"\xff\"") },
		"as much as there may be":  func(n notification) string { return n.body + strings.Repeat(" ", 1<<20-len(n.body)) },
		"null for what may be so":  func(n notification) string { return n.with(`"content":null,"remark":null`) },
		"escapes in names":         func(n notification) string { return strings.ReplaceAll(n.body, `"iccid"`, `"\u0069ccid"`) },
		"blanks and lines between": func(n notification) string { return strings.ReplaceAll(n.body, `,"`, " ,\r\n\t\"") },
	}
	forBoth(t, func(t *testing.T, n notification) {
		for name, body := range cases {
			ran := 0
			w := deliver(n.handler(func(context.Context) error { ran++; return nil }), delivery(body(n)))
			assert.Equal(t, n.success, w.Body.String(), name)
			assert.Equal(t, 1, ran, name)
		}
	})
}

func TestHandlersAnswerFailureWhenTheFunctionFails(t *testing.T) {
	failures := map[string]func(context.Context) error{
		"error":         func(context.Context) error { return errors.New("success") },
		"panic":         func(context.Context) error { panic("success") },
		"runtime panic": func(context.Context) error { none := []error{}; return none[len(none)] },
		"abort handler": func(context.Context) error { panic(http.ErrAbortHandler) },
		"nil error":     func(context.Context) error { var none *url.Error; return none },
	}
	forBoth(t, func(t *testing.T, n notification) {
		for name, fail := range failures {
			t.Run(name, func(t *testing.T) {
				n.refused(t, deliver(n.handler(fail), delivery(n.body)), 500, "retry later")
			})
		}
	})
}

// Programs that ask for the rules before Go 1.21 cannot recover a value from this panic.
func TestHandlersAnswerFailureAfterAPanicWithNil(t *testing.T) {
	t.Setenv("GODEBUG", "panicnil=1")
	for _, n := range notifications {
		h := n.handler(func(context.Context) error { panic(nil) })
		n.refused(t, deliver(h, delivery(n.body)), 500, "retry later")
	}
}

// The server must have read no more than it is to, and the sender must get the answer all the same.
func TestTooLargeANotificationIsRefusedOnAConnection(t *testing.T) {
	forBoth(t, func(t *testing.T, n notification) {
		srv := httptest.NewServer(n.handler(func(context.Context) error {
			t.Error("the function was called")
			return nil
		}))
		defer srv.Close()
		for name, size := range map[string]int64{"announced": 8 << 20, "in chunks": -1} {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, strings.NewReader(strings.Repeat(" ", 8<<20)))
			require.NoError(t, err)
			r.Header.Set("Content-Type", "application/json")
			r.ContentLength = size
			resp, err := srv.Client().Do(r)
			require.NoError(t, err, name)
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, errors.Join(err, resp.Body.Close()), name)
			assert.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode, name)
			assert.Contains(t, string(body), "1048576", name)
		}
	})
}

func TestServerOutlivesAPanic(t *testing.T) {
	forBoth(t, func(t *testing.T, n notification) {
		var calls atomic.Int32
		srv := httptest.NewServer(n.handler(func(context.Context) error {
			if calls.Add(1) == 1 {
				panic("the first one")
			}
			return nil
		}))
		defer srv.Close()
		for _, want := range []int{500, 200} {
			resp, err := http.Post(srv.URL, "application/json", strings.NewReader(n.body))
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, want, resp.StatusCode)
		}
	})
}

func TestFunctionsContextEndsWhenTheSenderLeaves(t *testing.T) {
	forBoth(t, func(t *testing.T, n notification) {
		began, ended := make(chan struct{}), make(chan error)
		srv := httptest.NewServer(n.handler(func(ctx context.Context) error {
			close(began)
			<-ctx.Done()
			ended <- ctx.Err()
			return nil
		}))
		defer srv.Close()
		ctx, leave := context.WithCancel(t.Context())
		go func() {
			<-began
			leave()
		}()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL, strings.NewReader(n.body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(r)
		if err == nil {
			resp.Body.Close()
		}
		require.ErrorIs(t, err, context.Canceled)
		assert.ErrorIs(t, <-ended, context.Canceled)
	})
}

func TestFunctionsContextEndsAfterTheTimeForIt(t *testing.T) {
	t.Parallel()
	for _, n := range notifications {
		t.Run(n.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				h := n.handler(func(ctx context.Context) error {
					<-ctx.Done()
					return ctx.Err()
				}, quecloud.WithCallbackTimeout(7*time.Second))
				n.refused(t, deliver(h, delivery(n.body)), 500, "retry later")
				assert.Equal(t, 7*time.Second, time.Since(start))
			})
		})
	}
}

// pipes is a listener whose connections are in memory, so that a server can run in a bubble of synctest.
type pipes struct {
	calls  chan net.Conn
	closed chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.calls:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p pipes) Close() error { close(p.closed); return nil }

func (pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (p pipes) call() net.Conn {
	ours, theirs := net.Pipe()
	p.calls <- theirs
	return ours
}

// A body that trickles, and one that breaks off, against a real server with a ReadTimeout.
func TestBodiesThatDoNotArriveAreNotPassedOn(t *testing.T) {
	t.Parallel()
	for _, n := range notifications {
		t.Run(n.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				answers := make(chan *httptest.ResponseRecorder, 1)
				h := n.handler(func(context.Context) error {
					t.Error("the function was called")
					return nil
				})
				srv := &http.Server{ReadTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0),
					Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { answers <- deliver(h, r) })}
				l := pipes{make(chan net.Conn), make(chan struct{})}
				go func() { _ = srv.Serve(l) }()
				defer srv.Close()
				head := "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 300\r\n\r\n{"

				slow := l.call()
				start := time.Now()
				_, err := io.WriteString(slow, head)
				require.NoError(t, err)
				go func() { _, _ = io.Copy(io.Discard, slow) }()
				n.refused(t, <-answers, 408, "arrived too slowly")
				assert.Equal(t, 10*time.Second, time.Since(start))

				broken := l.call()
				_, err = io.WriteString(broken, head)
				require.NoError(t, err)
				require.NoError(t, broken.Close())
				n.refused(t, <-answers, 400, "cut off")
			})
		})
	}
}
