package simulator

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

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
