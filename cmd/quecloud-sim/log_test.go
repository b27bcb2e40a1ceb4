package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
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
	if line := s.line(t); !strings.Contains(line, "failed: want HTTP 2xx and the body") {
		t.Errorf("wrote %q", line)
	}
	if line, err := s.do(t, func() error {
		_, err := client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{
			Card: quecloud.ICCID("89860024310000000006"), ProductID: 50, ProductName: "30M-当月", Remark: secret,
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
