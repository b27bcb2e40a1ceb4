package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// A receiver records what the SMS callbacks carry.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	contents []string
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var event quecloudtest.SMSEvent
		err := json.NewDecoder(req.Body).Decode(&event)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.contents = append(r.contents, event.Content)
		_, _ = io.WriteString(w, "success")
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) received() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer func() { r.contents = nil }()
	return strings.Join(r.contents, " ")
}

// TestControlDeliversCallbacksAtWill delivers twice, in another order, and later.
func TestControlDeliversCallbacksAtWill(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	_, h := newControl(t, quecloudtest.WithSMSCallback(r.URL+"/?token=canary-8d1f"))
	for _, step := range []struct {
		call, body string
		received   string
	}{
		{"POST /sms", `{"card":"` + aCard + `","content":"one"}`, "one"},
		{"POST /sms", `{"card":"` + aCard + `","content":"two"}`, "two"},
		{"POST /redeliver", `{"callbacks":[2,1,2]}`, "two one two"},
		{"POST /hold-callbacks", ``, ""},
		{"POST /sms", `{"card":"` + aCard + `","content":"three"}`, ""},
		{"POST /sms", `{"card":"` + aCard + `","content":"four"}`, ""},
		{"GET /held-callbacks", ``, ""},
		{"POST /redeliver", `{"callbacks":[4]}`, "four"},
		{"POST /release-callbacks", ``, "three"},
		{"GET /held-callbacks", ``, ""},
		{"POST /callbacks", `{"sms":""}`, ""},
		{"POST /sms", `{"card":"` + aCard + `","content":"five"}`, ""},
		{"POST /callbacks", `{"sms":"` + r.URL + `/?token=canary-8d1f"}`, ""},
		{"GET /callbacks", ``, ""},
		{"POST /sms", `{"card":"` + aCard + `","content":"six"}`, "six"},
	} {
		status, response := ask(h, step.call, step.body)
		if got := r.received(); status != http.StatusOK || got != step.received {
			t.Errorf("%s %s: got %d %s, and the receiver %q, want %q",
				step.call, step.body, status, response, got, step.received)
		}
		if strings.Contains(response, "canary") {
			t.Errorf("%s returns the token: %s", step.call, response)
		}
	}
	for _, test := range []struct{ call, body, reason string }{
		{"POST /redeliver", `{"callbacks":[77]}`, "no callback 77"},
		{"POST /redeliver", `{"callbacks":[]}`, "callbacks: want"},
		{"POST /callbacks", `{}`, "want sms or orders"},
		{"POST /callbacks", `{"sms":"ftp://x/?token=canary-8d1f"}`, "sms: want an absolute"},
		{"POST /callbacks", `{"orders":"http://[canary-8d1f"}`, "orders: want an absolute"},
	} {
		status, response := ask(h, test.call, test.body)
		if status != http.StatusBadRequest || !strings.Contains(response, test.reason) ||
			strings.Contains(response, "canary") {
			t.Errorf("%s %s: got %d %s", test.call, test.body, status, response)
		}
	}
}
