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

// TestNoCanaryIsEverWritten sends the secret in every place where a mistake may put it, and has a receiver repeat what
// protects it, one that answers and one that is gone.
func TestNoCanaryIsEverWritten(t *testing.T) {
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
		_, err := client.SMS.Send(t.Context(), &quecloud.SMSSendParams{Cards: quecloud.MSISDNs("1064800000000"), Content: secret})
		return err
	}); err != nil {
		t.Fatal(line, err)
	}
	if line := s.line(t); !strings.Contains(line, "answered 403") {
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
	if line := s.line(t); !strings.Contains(line, "callback, attempt 1: "+gone.URL+"/hook: ") {
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

func TestSecretsAreHiddenWhereverTheyStand(t *testing.T) {
	t.Parallel()
	const secret = "canary-secret"
	line := callLine(withoutSecrets(quecloudtest.Request{
		Method: "fc.function." + secret, Reason: "未知参数：" + secret, Sign: "canary", Params: map[string]string{"a": "1", "b": secret},
	}, secret))
	if strings.Contains(line, "canary") || !strings.Contains(line, " a=1 b=(hidden)") {
		t.Errorf("wrote %q", line)
	}
	const address = "http://canary%2Buser:canary%2Fpass@127.0.0.1/hook?v=1&token=canary%2Ftoken"
	for _, answer := range []string{"canary%2Ftoken", "canary/token", "canary+user", "canary/pass", "canary%2Buser:canary%2Fpass"} {
		if line := deliveryLine(hideSecrets(quecloudtest.Delivery{URL: address, Response: "bad: " + answer})); strings.Contains(line, "canary") {
			t.Errorf("of the answer %s wrote %q", answer, line)
		}
	}
}

func TestErrorsOfDeliveriesLoseTheirURL(t *testing.T) {
	t.Parallel()
	const address = "http://127.0.0.1:1/hook?token=canary"
	cause := errors.New("connection refused")
	d := hideSecrets(quecloudtest.Delivery{URL: address, Err: &url.Error{Op: "Post", URL: address, Err: cause}})
	if d.Err.Error() != cause.Error() || d.URL != "http://127.0.0.1:1/hook" {
		t.Errorf("got %q of %s", d.Err, d.URL)
	}
}
