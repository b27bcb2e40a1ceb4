package simulator

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// TestSnapshotRestoresTheState changes much after a snapshot, and loads the snapshot.
func TestSnapshotRestoresTheState(t *testing.T) {
	t.Parallel()
	_, h := newBusyControl(t)
	_, before := ask(h, "GET /snapshot", "")
	for _, call := range []string{
		`POST /advance {"seconds":5000000}`, `POST /deposit {"yuan":3}`, `POST /cards {}`, `DELETE /cards/` + aCard + ` `,
		`POST /faults {"fault":"garbage"}`, `POST /fail-orders {"n":1}`, `POST /callbacks {"orders":""}`,
		`POST /groups {}`, `POST /products {}`, `POST /release-callbacks `,
	} {
		verb, rest, _ := strings.Cut(call, " ")
		path, body, _ := strings.Cut(rest, " ")
		if status, response := ask(h, verb+" "+path, body); status != http.StatusOK {
			t.Fatalf("%s: got %d %s", call, status, response)
		}
	}
	if _, changed := ask(h, "GET /snapshot", ""); changed == before {
		t.Fatal("the snapshot does not show the changes")
	}
	// The URL of the order callback is gone, so that what it lost is not restored: the snapshot has no tokens.
	if status, response := ask(h, "POST /snapshot", before); status != http.StatusOK {
		t.Fatalf("got %d %s", status, response)
	}
	if _, after := ask(h, "GET /snapshot", ""); after != before {
		t.Errorf("the state became\n%s\nwant\n%s", after, before)
	}
}

// TestSnapshotKeepsTokens loads a snapshot, which lacks the token of a callback, into the same simulator.
func TestSnapshotKeepsTokens(t *testing.T) {
	t.Parallel()
	var authenticated atomic.Int64
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, pass, _ := r.BasicAuth()
		if user == "u" && pass == "canary-8d1f" && r.URL.Query().Get("token") == "canary-8d1f" {
			authenticated.Add(1)
		}
		_, _ = io.WriteString(w, "success")
	}))
	defer receiver.Close()
	_, h := newControl(t, quecloudtest.WithSMSCallback(
		strings.Replace(receiver.URL, "://", "://u:canary-8d1f@", 1)+"/?token=canary-8d1f"))
	const message = `{"card":"` + aCard + `","content":"x"}`
	ask(h, "POST /hold-callbacks", "")
	ask(h, "POST /sms", message)
	_, snapshot := ask(h, "GET /snapshot", "")
	if strings.Contains(snapshot, "canary") || !strings.Contains(snapshot, receiver.URL) {
		t.Fatalf("the snapshot is %s", snapshot)
	}
	for _, call := range []string{"/snapshot " + snapshot, "/release-callbacks ", "/sms " + message} {
		path, body, _ := strings.Cut(call, " ")
		if status, response := ask(h, "POST "+path, body); status != http.StatusOK {
			t.Fatalf("%s: got %d %s", path, status, response)
		}
	}
	if n := authenticated.Load(); n != 2 {
		t.Errorf("%d callbacks were authenticated, want 2: the held one and the new one", n)
	}
}

func TestScenarioSetsTheState(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		body   string
		status int
		want   string // part of the response, or of the list of cards
	}{
		{`{"cards":[{"msisdn":"1064800000000","status":"停机","pauseReason":"机卡分离停机"}]}`, 200, `"机卡分离停机"`},
		{`{"fleet":{"size":0}}`, 200, `"cards":[]`},
		{`{"time":"2026-05-01T00:00:00+08:00"}`, 200, `"time":"2026-05-01T00:00:00+08:00"`},
		{`{"cards":[{"status":"gone"}]}`, 400, `cards[0].status`},
		{`{"cards":[{"colour":"red"}]}`, 400, `colour`},
		{`{"wallet":{"balance":"much"}}`, 400, `wallet.balance`},
		{`{"version":9}`, 400, `version`},
	} {
		_, h := newControl(t)
		status, response := ask(h, "POST /scenario", test.body)
		_, cards := ask(h, "GET /cards", "")
		if status == http.StatusOK {
			response += cards
		}
		if status != test.status || !strings.Contains(response, test.want) {
			t.Errorf("%s: got %d %s", test.body, status, response)
		}
	}
}

func TestResetReturnsToTheStart(t *testing.T) {
	t.Parallel()
	_, h := newControl(t)
	_, before := ask(h, "GET /snapshot", "")
	ask(h, "POST /deposit", `{"yuan":3}`)
	ask(h, "POST /advance", `{"seconds":60}`)
	status, response := ask(h, "POST /reset", "")
	if status != http.StatusOK || !strings.Contains(response, "12:00:00+08:00") {
		t.Errorf("got %d %s", status, response)
	}
	if _, after := ask(h, "GET /snapshot", ""); after != before {
		t.Errorf("the state is\n%s\nwant\n%s", after, before)
	}
}
