package simulator

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, quecloud.ChinaStandardTime)

func TestLogCalls(t *testing.T) {
	t.Parallel()
	s := startRun(t, Config{Options: []quecloudtest.Option{quecloudtest.WithTime(noon),
		quecloudtest.WithTimeCheck(quecloudtest.ServerOrRealTime)}})
	client := s.client(t)
	pause := func() error { return client.Cards.Pause(t.Context(), quecloud.MSISDN(aCard)) }
	line, err := s.logged(pause)
	want := `^\d\d:\d\d:\d\d \(2026-03-10 12:00:00\) POST 200 resultCode=0 \S+ card\.pause msisdn=1064800000000\n$`
	if err != nil || !regexp.MustCompile(want).MatchString(line) {
		t.Errorf("logged %q, %v", line, err)
	}
	var refused *quecloud.APIError
	line, err = s.logged(pause)
	if !errors.As(err, &refused) || !strings.Contains(line, "resultCode=1") ||
		!strings.HasSuffix(line, "— "+refused.Message+"\n") {
		t.Errorf("logged %q, %v", line, err)
	}
}

func TestLogFaults(t *testing.T) {
	t.Parallel()
	s := startRun(t, Config{Options: []quecloudtest.Option{quecloudtest.WithFaults(
		quecloudtest.Latency(time.Millisecond), quecloudtest.HTTPStatus(503).On("account.info").Times(1))}})
	client := s.client(t)
	account := func() error {
		_, err := client.Billing.Account(t.Context())
		return err
	}
	line, err := s.logged(account)
	if err == nil || !strings.Contains(line, "POST 503") || !strings.HasSuffix(line, "[Latency(1ms) HTTPStatus(503)]\n") {
		t.Errorf("logged %q, %v", line, err)
	}
	if line, err = s.logged(account); err != nil || !strings.HasSuffix(line, "[Latency(1ms)]\n") {
		t.Errorf("logged %q, %v", line, err)
	}
}

// The log says what a receiver must respond.
func TestLogCallbacks(t *testing.T) {
	t.Parallel()
	for response, want := range map[string]string{
		"success":   `/sms succeeded\n`,
		"success\n": `/sms failed: want the body "success", got "success\\n"\n`,
	} {
		receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, response)
		}))
		defer receiver.Close()
		s := startRun(t, Config{Options: []quecloudtest.Option{quecloudtest.WithSMSCallback(receiver.URL + "/sms?token=x")}})
		if _, err := s.client(t).SMS.Send(t.Context(), &quecloud.SMSSendParams{
			Cards: quecloud.MSISDNs(aCard), Content: "x",
		}); err != nil {
			t.Fatal(err)
		}
		s.Wait(t, `\(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\) callback, attempt 1: `+regexp.QuoteMeta(receiver.URL)+want)
	}
}

// TestLogHidesSecretsEverywhere sends the secret in every place where a mistake may put it. One receiver quotes the
// token of its URL, the other does not exist.
func TestLogHidesSecretsEverywhere(t *testing.T) {
	t.Parallel()
	const secret = "canary-secret"
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		io.WriteString(w, r.RequestURI+" of canary+user: "+r.URL.Query().Get("token"))
	}))
	defer receiver.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	protected := func(address string) string {
		return strings.Replace(address, "://", "://canary%2Buser:canary-pass@", 1) + "/hook?v=1&token=canary%2Ftoken"
	}
	s := startRun(t, Config{Secret: secret, Options: []quecloudtest.Option{
		quecloudtest.WithSMSCallback(protected(receiver.URL)), quecloudtest.WithOrderCallback(protected(gone.URL)),
	}})
	client := s.client(t)
	if _, err := client.SMS.Send(t.Context(), &quecloud.SMSSendParams{
		Cards: quecloud.MSISDNs(aCard), Content: secret,
	}); err != nil {
		t.Fatal(err)
	}
	s.Wait(t, `failed: want HTTP 2xx and the body "success", got HTTP 403`)
	if _, err := client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{
		Card: quecloud.ICCID("89860024310000000006"), ProductID: 50, ProductName: "30M-当月", Remark: secret,
	}); err != nil {
		t.Fatal(err)
	}
	s.Wait(t, "callback, attempt 1: "+regexp.QuoteMeta(gone.URL)+"/hook failed: ")
	sign := strings.Repeat("ABCD", 10)
	for _, query := range []string{
		"secret=canary-of-the-account", "Secret=canary-of-the-account", "appSecret=canary-of-the-account", "SIGN=CANARY",
		"token=canary-of-the-account", "key=" + secret, "note=a+" + secret + "+b", secret + "=1", "sign=" + secret,
		"appKey=" + secret, "x=CANARY-SECRET", "sign=" + sign + "&secret=" + secret, "sign=canary-of-the-account",
	} {
		post(t, s.url+"?method=fc.function.account.info&"+query)
	}
	for line := range strings.Lines(s.String()) {
		if strings.Contains(strings.ToLower(line), "canary") {
			t.Errorf("wrote %q", line)
		}
	}
}

func post(t *testing.T, address string) {
	t.Helper()
	resp, err := http.Post(address, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
}

// A right signature, and the secret, stay out of the log. A wrong signature is explained.
func TestLogExplainsWrongSignatures(t *testing.T) {
	t.Parallel()
	s := startRun(t, Config{Secret: "canary-8d1f", Options: []quecloudtest.Option{
		quecloudtest.WithTime(noon),
	}})
	form := url.Values{
		"appKey": {quecloudtest.DefaultAppKey}, "method": {"fc.function.account.info"}, "t": {"1773115200"},
	}
	right := quecloud.Sign("canary-8d1f", form)
	form.Set("sign", right)
	post(t, s.url+"?"+form.Encode())
	if strings.Contains(s.String(), right) || !strings.Contains(s.String(), "resultCode=0") {
		t.Errorf("wrote %s", s)
	}
	wrong := strings.Repeat("AB", 20)
	form.Set("sign", wrong)
	post(t, s.url+"?"+form.Encode())
	s.Wait(t, "— 签名错误\n"+
		"\tstring to sign: \\(secret\\)appKey000001methodfc.function.account.infot1773115200\\(secret\\)\n"+
		"\tsignature: want "+right+", got "+wrong+"\n"+
		"\tguess: no common mistake fits; is it another secret\\?\n")
	form.Set("pageNo", "")
	form.Set("sign", right)
	post(t, s.url+"?"+form.Encode())
	s.Wait(t, "— 参数为空：pageNo\n\tstring to sign: .*\n.*\n\tguess: blank parameters are left out")
	if strings.Contains(s.String(), "canary") {
		t.Errorf("wrote %s", s)
	}
}

// Neither a parameter nor a fault can write another line, color the terminal or turn the direction of the text.
func TestLogShowsWhatItContains(t *testing.T) {
	t.Parallel()
	s := startRun(t, Config{})
	line, _ := s.logged(func() error {
		post(t, s.url+"?method="+url.QueryEscape("a\nb\x1b[31m")+"&n\u202ee=v\u2066w\u200f&x="+strings.Repeat("x", 100))
		return nil
	})
	if strings.Count(line, "\n") != 1 || strings.ContainsAny(line, "\x1b\u202e\u2066\u200f") ||
		!strings.Contains(line, " a b [31m n e=v w  x="+strings.Repeat("x", 60)+"… — ") {
		t.Errorf("wrote %q", line)
	}
}
