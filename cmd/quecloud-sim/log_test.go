package main

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

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
	s := startSim(t, "-secret", secret, "-callback-retries", "0",
		"-sms-callback", protected(receiver.URL), "-order-callback", protected(gone.URL))
	client := s.client(t, secret)
	if line, err := s.do(t, func() error {
		_, err := client.SMS.Send(t.Context(), &quecloud.SMSSendParams{
			Cards: quecloud.MSISDNs("1064800000000"), Content: secret,
		})
		return err
	}); err != nil {
		t.Fatal(line, err)
	}
	if line := s.line(t); !strings.Contains(line, "failed: HTTP 403") {
		t.Errorf("wrote %q", line)
	}
	if line, err := s.do(t, func() error {
		_, err := client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{
			ICCID: "89860024310000000006", ProductID: 50, ProductName: "30M-当月", Remark: secret,
		})
		return err
	}); err != nil {
		t.Fatal(line, err)
	}
	if line := s.line(t); !strings.Contains(line, "callback, attempt 1: "+gone.URL+"/hook failed: ") {
		t.Errorf("wrote %q", line)
	}
	for _, query := range []string{
		"secret=canary-of-the-account", "Secret=canary-of-the-account", "appSecret=canary-of-the-account", "SIGN=CANARY",
		"key=" + secret, "note=a+" + secret + "+b", secret + "=1", "sign=" + secret, "appKey=" + secret,
	} {
		_, err := s.do(t, func() error {
			resp, err := http.Post(s.url+"?method=fc.function.account.info&"+query, "", nil)
			if err == nil {
				resp.Body.Close()
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(s.log.String()) {
		if strings.Contains(strings.ToLower(line), "canary") {
			t.Errorf("wrote %q", line)
		}
	}
}

func TestLogHidesSecretsInAllFields(t *testing.T) {
	t.Parallel()
	const secret = "canary-secret"
	line := callLine(withoutSecrets(quecloudtest.Request{
		Method: "fc.function." + secret, Reason: "未知参数：" + secret, Sign: "canary",
		Params: map[string]string{"a": "1", "b": secret},
	}, secret))
	if strings.Contains(line, "canary") || !strings.Contains(line, " a=1 b=(hidden)") {
		t.Errorf("wrote %q", line)
	}
	const address = "http://canary%2Buser:canary%2Fpass@127.0.0.1/hook?v=1&token=canary%2Ftoken"
	for _, response := range []string{
		"canary%2Ftoken", "canary/token", "canary+user", "canary/pass", "canary%2Buser:canary%2Fpass",
	} {
		line := deliveryLine(hideSecrets(quecloudtest.Delivery{URL: address, Response: "bad: " + response}))
		if strings.Contains(line, "canary") {
			t.Errorf("of the response %s wrote %q", response, line)
		}
	}
}

func TestLogHidesURLsInErrors(t *testing.T) {
	t.Parallel()
	const address = "http://127.0.0.1:1/hook?token=canary"
	cause := errors.New("connection refused")
	d := hideSecrets(quecloudtest.Delivery{URL: address, Err: &url.Error{Op: "Post", URL: address, Err: cause}})
	if d.Err.Error() != cause.Error() || d.URL != "http://127.0.0.1:1/hook" {
		t.Errorf("got %q of %s", d.Err, d.URL)
	}
}

func TestLogHidesSecretAndSignature(t *testing.T) {
	t.Parallel()
	const canary = "canary-8d1f"
	s := startSim(t, "-secret", canary)
	client := s.client(t, canary)
	if _, err := s.do(t, func() error {
		_, err := client.Billing.Account(t.Context())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	sign := strings.Repeat("ABCD", 10)
	_, err := s.do(t, func() error {
		resp, err := http.Post(s.url+"?method=fc.function.account.info&sign="+sign+"&secret="+canary, "", nil)
		if err == nil {
			resp.Body.Close()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, hidden := range []string{canary, sign, "sign="} {
		if strings.Contains(s.log.String(), hidden) {
			t.Errorf("%s is in the log:\n%s", hidden, &s.log)
		}
	}
}

func TestLogHidesCallbackTokens(t *testing.T) {
	t.Parallel()
	const address = "http://user:canary-pass@127.0.0.1:80/sms?v=1&token=canary%20token#x"
	for _, d := range []quecloudtest.Delivery{
		{URL: address, OK: true},
		{
			URL: address, HTTPStatus: 404,
			Response: "Cannot POST /sms?v=1&token=canary%20token: token is canary token, password canary-pass",
		},
		{URL: address, Err: &url.Error{Op: "Post", URL: "http://127.0.0.1:80/sms", Err: errors.New("refused")}},
		{URL: address, Err: errors.New("no proxy for canary token")},
		{URL: "http://[canary?token=canary", Err: errors.New("parse http://[canary?token=canary")},
	} {
		line := deliveryLine(hideSecrets(d))
		if strings.Contains(line, "canary") || strings.Contains(line, "v=1") {
			t.Errorf("wrote %q", line)
		}
		if d.URL == address && strings.Count(line, "http://127.0.0.1:80/sms") != 1 {
			t.Errorf("the URL is not in the line once: %q", line)
		}
	}
}
