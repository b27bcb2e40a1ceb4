package simulator

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

const aCard = "1064800000000"

// newControl returns a stand-in whose clock stands, and its control.
func newControl(t *testing.T, opts ...quecloudtest.Option) (*quecloudtest.Server, http.Handler) {
	sim := quecloudtest.NewUnstartedServer(append([]quecloudtest.Option{
		quecloudtest.WithTime(time.Date(2026, 3, 10, 12, 0, 0, 0, quecloud.ChinaStandardTime))}, opts...)...)
	t.Cleanup(sim.Close)
	return sim, controlOf(sim)
}

// controlOf returns the control of a stand-in.
func controlOf(sim *quecloudtest.Server) http.Handler {
	return New(sim, log.New(io.Discard, "", 0), "sim.test:9090").Handler()
}

// ask sends a request to the control. The call has a verb, a space and a path.
func ask(h http.Handler, call, body string) (status int, response string) {
	verb, path, _ := strings.Cut(call, " ")
	w := httptest.NewRecorder()
	r := httptest.NewRequest(verb, path, strings.NewReader(body))
	r.Host = "localhost:9090"
	h.ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestControlChangesState(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		call, body string
		response   string // part of the response
		changed    func(*quecloudtest.Server) any
		want       any
	}{
		{"POST /advance", `{"seconds":90}`, `{"time":"2026-03-10T12:01:30+08:00","t":1773115290,"real":`,
			func(s *quecloudtest.Server) any { return s.Now().Format(time.TimeOnly) }, "12:01:30"},
		{"POST /advance", `{"seconds":0.5}`, `"time":"2026-03-10T12:00:00.5+08:00"`,
			func(s *quecloudtest.Server) any { return s.Now().Nanosecond() }, 500_000_000},
		{"POST /usage", `{"card":"` + aCard + `","date":"2026-03-10","mb":5000.125}`, `"pauseReason":"单卡流量用尽停机"`,
			func(s *quecloudtest.Server) any { c, _ := s.Card(aCard); return c.Status }, quecloudtest.StatusSuspended},
		{"POST /usage", `{"card":"` + aCard + `","date":"2026-03-10","mb":0}`, `"status":"正常"`,
			func(s *quecloudtest.Server) any { c, _ := s.Card(aCard); return c.Status }, quecloudtest.StatusNormal},
		{"POST /deposit", `{"yuan":"12.50"}`, `"balance":"1012.50"`,
			func(s *quecloudtest.Server) any { return s.Wallet().Balance }, 1012*quecloudtest.Yuan + 50*quecloudtest.Fen},
		{"POST /deposit", `{"yuan":0.3}`, `"change":"0.30"`,
			func(s *quecloudtest.Server) any { return s.Wallet().Balance }, 1000*quecloudtest.Yuan + 30*quecloudtest.Fen},
		{"POST /fail-orders", `{"n":1,"reason":"no coverage"}`, `{}`,
			func(s *quecloudtest.Server) any {
				_, err := s.Client().Orders.Recharge(t.Context(), &quecloud.RechargeParams{
					Card: quecloud.ICCID("89860024310000000006"), ProductID: 50, ProductName: "30M-当月",
				})
				o := s.Orders()[0]
				return err == nil && o.Status == quecloudtest.OrderFailed && strings.HasSuffix(o.Result, "no coverage")
			}, true},
		{"POST /purchases", `{"duplicates":"refused-with-order","recordSeconds":0.5,"walletSeconds":60}`, `"yearsOnly":`,
			func(s *quecloudtest.Server) any {
				params := &quecloud.RechargeParams{
					Card: quecloud.ICCID("89860024310000000006"), ProductID: 50, ProductName: "30M-当月", ExternalID: "1",
				}
				var errs []error
				for range 3 { // two within RecordDelay
					_, err := s.Client().Orders.Recharge(t.Context(), params)
					errs = append(errs, err)
					s.Advance(250 * time.Millisecond)
				}
				return errs[0] == nil && errs[1] == nil && errs[2] != nil && len(s.Orders()) == 2 && len(s.Wallet().Entries) == 1
			}, true},
		{"POST /faults", `{"fault":"status=503,on=account.info"}`, `{"id":2}`,
			func(s *quecloudtest.Server) any {
				_, err := s.Client(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1})).Billing.Account(t.Context())
				return err != nil && s.Requests()[0].HTTPStatus == 503
			}, true},
		{"DELETE /faults", ``, `{}`,
			func(s *quecloudtest.Server) any {
				_, err := s.Client().Billing.Groups(t.Context())
				return err == nil && len(s.Requests()[0].Faults) == 0
			}, true},
	} {
		sim, h := newControl(t, quecloudtest.WithFaults(quecloudtest.Latency(0).On("billing_group.list")))
		status, response := ask(h, test.call, test.body)
		if status != 200 || !strings.Contains(response, test.response) || !json.Valid([]byte(response)) {
			t.Errorf("%s %s: got %d %s", test.call, test.body, status, response)
			continue
		}
		if got := test.changed(sim); got != test.want {
			t.Errorf("%s %s: got %v, want %v", test.call, test.body, got, test.want)
		}
	}
}

func TestControlReturnsState(t *testing.T) {
	t.Parallel()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "success")
	}))
	defer receiver.Close()
	const canary = "canary-8d1f"
	sim, h := newControl(t, quecloudtest.WithSMSCallback(receiver.URL+"/sms?token="+canary),
		quecloudtest.WithOrderDelay(time.Hour))
	client := sim.Client()
	message := &quecloud.SMSSendParams{Cards: quecloud.MSISDNs(aCard), Content: "a<b"}
	if _, err := client.SMS.Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{
		Card: quecloud.ICCID("89860024310000000006"), ProductID: 50, ProductName: "30M-当月",
	}); err != nil {
		t.Fatal(err)
	}
	sim.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/?sign=ABCDEF&secret="+canary, nil))
	status, response := ask(h, "POST /sms", `{"card":"`+aCard+`","content":"door open"}`)
	if status != 200 || !strings.Contains(response, `"content":"door open"`) {
		t.Errorf("an SMS from a card: %d %s", status, response)
	}
	for call, parts := range map[string][]string{
		"GET /clock": {`{"time":"2026-03-10T12:00:00+08:00","t":1773115200,"real":`},
		"GET /cards/" + aCard: {
			`"iccid":"89860024310000000006"`, `"gprsClosed":false`, `"alarm":null`, `"packages":[]`, `"monthFlow":`,
		},
		"GET /cards/89860024310000000006": {`"msisdn":"` + aCard + `"`},
		"GET /orders":                     {`"status":"订单待处理"`, `"price":"1.50"`, `"completed":null`, `"productID":50`},
		"GET /wallet":                     {`{"balance":"998.50","entries":[{"change":"-1.50"`},
		"GET /sms":                        {`"content":"a<b"`, `"status":200`},
		"GET /requests": {
			`"method":"fc.function.sms.send"`, `"httpStatus":200`, `"msisdns":"` + aCard + `"`,
			`"secret":"(hidden)"`, `"sign":""`,
		},
		"GET /deliveries": {`"url":"` + receiver.URL + `/sms"`, `"err":null`, `"ok":true`, `door open`},
	} {
		status, response := ask(h, call, "")
		if status != 200 || !json.Valid([]byte(response)) {
			t.Errorf("%s: got %d %s", call, status, response)
		}
		for _, part := range parts {
			if !strings.Contains(response, part) {
				t.Errorf("%s lacks %s: %s", call, part, response)
			}
		}
		if strings.Contains(response, canary) || strings.Contains(response, "ABCDEF") ||
			strings.Contains(response, sim.Requests()[0].Sign) {
			t.Errorf("%s returns a secret or a signature: %s", call, response)
		}
	}
}

func TestControlRefusesInvalidRequests(t *testing.T) {
	t.Parallel()
	_, h := newControl(t)
	for _, test := range []struct {
		call, body string
		status     int
		reason     string // part of the error
	}{
		{"POST /advance", ``, 400, "empty"},
		{"POST /advance", `{}`, 400, "seconds"},
		{"POST /advance", `{"seconds":-1}`, 400, "seconds"},
		{"POST /advance", `{"seconds":1e300}`, 400, "seconds"},
		{"POST /advance", `{"seconds":"1"}`, 400, "seconds: unexpected JSON string"},
		{"POST /advance", `{"seconds":1} {}`, 400, "after the JSON object"},
		{"POST /advance", `{"minutes":1}`, 400, `unknown field "minutes"`},
		{"POST /advance", `[1]`, 400, "the body"},
		{"POST /advance", `{"seconds":1` + strings.Repeat(" ", maxControl) + `}`, 413, "too large"},
		{"POST /clock", `{"time":"2026-03-10"}`, 400, `time: "2026-03-10": want a time such as 2026-03-10T12:00:00+08:00`},
		{"POST /sms", `{"card":"` + aCard + `"}`, 400, "content"},
		{"POST /sms", `{"card":"1","content":"x"}`, 400, "no card 1"},
		{"POST /usage", `{"card":"` + aCard + `","date":"2026-03-10"}`, 400, "mb"},
		{"POST /usage", `{"card":"` + aCard + `","date":"20260310","mb":1}`, 400, "yyyy-MM-dd"},
		{"POST /usage", `{"card":"` + aCard + `","date":"2026-03-10","mb":-1}`, 400, "-1 MB"},
		{"POST /usage", `{"card":"1","date":"2026-03-10","mb":1}`, 400, "no card 1"},
		{"POST /deposit", `{"yuan":"0"}`, 400, "0.00"},
		{"POST /deposit", `{"yuan":"-1"}`, 400, "yuan"},
		{"POST /deposit", `{"yuan":"1.005"}`, 400, "yuan"},
		{"POST /deposit", `{"yuan":1e3}`, 400, "yuan"},
		{"POST /deposit", `{}`, 400, "yuan"},
		{"POST /fail-orders", `{"reason":"x"}`, 400, "n: want"},
		{"POST /fail-orders", `{"n":1000000000}`, 400, "n: want"},
		{"POST /purchases", `{"duplicates":"doubled"}`, 400, `duplicates "doubled": want`},
		{"POST /purchases", `{"walletSeconds":-1}`, 400, "walletSeconds: want"},
		{"POST /faults", `{"fault":"status=9"}`, 400, "fault: status"},
		{"POST /faults", `{"fault":"refuse=0"}`, 400, "success"},
		{"POST /faults", `{}`, 400, "fault: "},
		{"GET /cards/1", ``, 404, "card 1"},
		{"GET /cards/", ``, 404, "not found"},
		{"GET /advance", ``, 405, "GET /advance: want POST"},
		{"POST /openapi/router", ``, 404, "/openapi/router"},
	} {
		status, response := ask(h, test.call, test.body)
		var body map[string]string
		err := json.Unmarshal([]byte(response), &body)
		if err != nil || status != test.status || len(body) != 1 || !strings.Contains(body["error"], test.reason) {
			t.Errorf("%s %.80s: got %d %s, want %d and an error with %q",
				test.call, test.body, status, response, test.status, test.reason)
		}
	}
	if _, response := ask(h, "GET /clock", ""); !strings.Contains(response, "12:00:00+08:00") {
		t.Errorf("a refused request changed the clock: %s", response)
	}
}

// JSON has no times after the year 9999.
func TestControlEndsTheClock(t *testing.T) {
	t.Parallel()
	_, h := newControl(t)
	for _, test := range []struct {
		call, body string
		status     int
	}{
		{"POST /scenario", `{"time":"8999-12-31T12:00:00+08:00"}`, 200},
		{"POST /advance", `{"seconds":40000000}`, 400},
		{"POST /advance", `{"seconds":31449600}`, 200},
		{"GET /snapshot", ``, 200},
	} {
		if status, response := ask(h, test.call, test.body); status != test.status {
			t.Errorf("%s %s: got %d %.100s, want %d", test.call, test.body, status, response, test.status)
		}
	}
}

func TestControlLetsTheClockRun(t *testing.T) {
	sim, h := newControl(t)
	if status, response := ask(h, "POST /clock", `{"running":true}`); status != http.StatusOK || !sim.ClockRuns() {
		t.Errorf("the clock stands after HTTP %d: %s", status, response)
	}
	if _, response := ask(h, "GET /clock", ""); !strings.Contains(response, `"running":true`) {
		t.Errorf("the clock runs, and GET /clock returns %s", response)
	}
	for _, body := range []string{`{}`, `{"running":true,"time":"2026-03-10T13:00:00+08:00"}`} {
		if status, _ := ask(h, "POST /clock", body); status != http.StatusBadRequest {
			t.Errorf("POST /clock %s: HTTP %d, want 400", body, status)
		}
	}
}

func TestControlNamesTheAllowedMethods(t *testing.T) {
	t.Parallel()
	_, h := newControl(t)
	for path, want := range map[string]string{"/sms": "GET, POST", "/cards/1": "GET, PATCH, DELETE", "/advance": "POST"} {
		r := httptest.NewRequest(http.MethodPut, path, nil)
		r.Host = "localhost"
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != want {
			t.Errorf("PUT %s: got %d, allowed %q, want %q", path, w.Code, w.Header().Get("Allow"), want)
		}
	}
}
