package quecloudtest_test

import (
	"bytes"
	"cmp"
	"crypto/sha1"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// noon is the time of the servers in these tests: a Tuesday, the tenth of a month.
var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, quecloud.ChinaStandardTime)

var march = quecloud.Month{Year: 2026, Month: time.March}

// start returns a running server whose clock stands at noon, and a client without retries.
func start(t testing.TB, opts ...quecloudtest.Option) (*quecloudtest.Server, *quecloud.Client) {
	t.Helper()
	srv := quecloudtest.NewServer(append([]quecloudtest.Option{quecloudtest.WithTime(noon)}, opts...)...)
	t.Cleanup(srv.Close)
	return srv, srv.Client(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
}

// wantRefused checks that err is a refusal with a message.
func wantRefused(t *testing.T, err error, what string) {
	t.Helper()
	var refused *quecloud.APIError
	if !errors.As(err, &refused) {
		t.Fatalf("%s: got %v, want a refusal", what, err)
	}
	if refused.Code == 0 || refused.Message == "" || refused.HTTPStatus != http.StatusOK {
		t.Fatalf("%s: got the refusal %+v, want a code and a message under HTTP 200", what, refused)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sendSMS sends a message to cards of the fleet.
func sendSMS(t *testing.T, client *quecloud.Client, cards quecloud.CardIDs, content string) *quecloud.SMSSendResult {
	t.Helper()
	params := &quecloud.SMSSendParams{Cards: cards, Content: content}
	result, err := client.SMS.Send(t.Context(), params)
	must(t, err)
	return result
}

// panics reports whether f panics.
func panics(f func()) (panicked bool) {
	defer func() { panicked = recover() != nil }()
	f()
	return false
}

// card returns the present state of a card.
func card(t *testing.T, srv *quecloudtest.Server, number string) quecloudtest.Card {
	t.Helper()
	c, ok := srv.Card(number)
	if !ok {
		t.Fatalf("no card %s", number)
	}
	return c
}

// A foreign client is independent of the SDK. It signs and sends requests itself.
type foreign struct {
	t        testing.TB
	srv      *quecloudtest.Server
	send     func(address string, form url.Values) (*http.Response, error)
	signHex  func(string) string
	unsigned []string
}

func newForeign(t testing.TB, srv *quecloudtest.Server) foreign {
	return foreign{t: t, srv: srv, send: http.PostForm, signHex: strings.ToUpper}
}

// form returns a signed form with the system parameters and pairs of names and values.
func (f foreign) form(method string, pairs ...string) url.Values {
	form := url.Values{
		"appKey": {f.srv.AppKey}, "method": {"fc.function." + method}, "t": {strconv.FormatInt(f.srv.Now().Unix(), 10)},
	}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	f.sign(form)
	return form
}

func (f foreign) sign(form url.Values) {
	var text strings.Builder
	text.WriteString(f.srv.Secret)
	for _, name := range slices.SortedFunc(maps.Keys(form), cmp.Compare[string]) {
		if name != "sign" && !slices.Contains(f.unsigned, name) {
			text.WriteString(name + form.Get(name))
		}
	}
	form.Set("sign", f.signHex(fmt.Sprintf("%x", sha1.Sum([]byte(text.String()+f.srv.Secret)))))
}

// call sends a request and returns the response.
func (f foreign) call(method string, pairs ...string) response {
	return f.do(f.form(method, pairs...))
}

func (f foreign) do(form url.Values) response {
	f.t.Helper()
	resp, err := f.send(f.srv.URL, form)
	return read(f.t, resp, err)
}

// A response is an HTTP response with its body as text and as JSON.
type response struct {
	status int
	header http.Header
	body   string
	json   map[string]any
}

func (res response) code() any { return res.json["resultCode"] }

func read(t testing.TB, resp *http.Response, err error) response {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	res := response{status: resp.StatusCode, header: resp.Header, body: string(body)}
	_ = json.Unmarshal(body, &res.json) // lists and files stay text
	return res
}

func postQuery(address string, form url.Values) (*http.Response, error) {
	return http.Post(address+"?"+form.Encode(), "", nil)
}

// postQueryAndBody sends the card in the body, and all other parameters in the query.
func postQueryAndBody(address string, form url.Values) (*http.Response, error) {
	body := url.Values{"msisdn": form["msisdn"]}
	form.Del("msisdn")
	return http.PostForm(address+"?"+form.Encode(), body)
}

func postMultipart(address string, form url.Values) (*http.Response, error) {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for name := range form {
		if err := w.WriteField(name, form.Get(name)); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return http.Post(address, w.FormDataContentType(), &body)
}

// wantQueryFailed checks that err is ErrQueryFailed.
func wantQueryFailed(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, quecloud.ErrQueryFailed) {
		t.Fatalf("got %v, want %v", err, quecloud.ErrQueryFailed)
	}
}

// A receiver receives callbacks. It sends the responses in turn, then the last one again.
type receiver struct {
	URL       string
	mu        sync.Mutex
	responses []string
	bodies    []string
	header    http.Header
}

func receive(t *testing.T, responses ...string) *receiver {
	t.Helper()
	r := &receiver{responses: responses}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		response := r.responses[min(len(r.bodies), len(r.responses)-1)]
		r.bodies, r.header = append(r.bodies, string(body)), req.Header
		if response == "500" {
			w.WriteHeader(http.StatusInternalServerError)
		}
		io.WriteString(w, response)
	}))
	t.Cleanup(srv.Close)
	r.URL = srv.URL
	return r
}

// got returns the callbacks received so far.
func (r *receiver) got(t *testing.T) []map[string]any {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []map[string]any
	for _, body := range r.bodies {
		var members map[string]any
		must(t, json.Unmarshal([]byte(body), &members))
		all = append(all, members)
	}
	return all
}

func wantMembers(t *testing.T, got, want map[string]any) {
	t.Helper()
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %#v, want %#v", name, got[name], value)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("there is a member %s", name)
		}
	}
}

// receiverClient returns a client that passes the bodies of its requests to a function, without a network.
func receiverClient(received func(body string)) *http.Client {
	return &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		received(string(body))
		rec := httptest.NewRecorder()
		_, err = rec.WriteString(`{"code":200,"msg":""}`)
		return rec.Result(), err
	})}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// heap returns the memory in use, in MB.
func heap() float64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc) / 1e6
}

func roundTrip(srv *quecloudtest.Server, form url.Values) (*http.Response, error) {
	return roundTripBody(srv, form.Encode())
}

// roundTripBody sends a URL-encoded form.
func roundTripBody(srv *quecloudtest.Server, body string) (*http.Response, error) {
	req, err := http.NewRequest(http.MethodPost, "http://quecloudtest.invalid", strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return srv.Transport().RoundTrip(req)
}

func post(b testing.TB, srv *quecloudtest.Server, form url.Values) int64 {
	resp, err := roundTrip(srv, form)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return n
}
