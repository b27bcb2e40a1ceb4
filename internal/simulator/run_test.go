package simulator

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// A simulatorRun is a simulator that runs in a goroutine of the test.
type simulatorRun struct {
	selftest.Output
	url    string
	secret string
	stop   context.CancelFunc
	done   chan error
}

// startRun starts a simulator on free ports.
func startRun(t *testing.T, cfg Config) *simulatorRun {
	t.Helper()
	if cfg.Addr = "127.0.0.1:0"; cfg.AppKey == "" {
		cfg.AppKey = quecloudtest.DefaultAppKey
	}
	if cfg.Secret == "" {
		cfg.Secret = quecloudtest.DefaultSecret
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := &simulatorRun{secret: cfg.Secret, stop: cancel, done: make(chan error, 1)}
	go func() { s.done <- Run(ctx, &cfg, s) }()
	s.url = strings.Fields(s.Wait(t, `on https?://\S+/router\n`))[1]
	s.Wait(t, `appKey .*\n`)
	t.Cleanup(func() {
		cancel()
		if err := <-s.done; err != nil {
			t.Error(err)
		}
	})
	return s
}

// end stops the simulator and waits for its end.
func (s *simulatorRun) end(t *testing.T) {
	t.Helper()
	s.stop()
	if err := <-s.done; err != nil {
		t.Fatal(err)
	}
	s.done <- nil // for the cleanup
}

// client returns a client with the real clock.
func (s *simulatorRun) client(t *testing.T, opts ...quecloud.Option) *quecloud.Client {
	t.Helper()
	client, err := quecloud.NewClient(quecloudtest.DefaultAppKey, s.secret, append([]quecloud.Option{
		quecloud.WithBaseURL(s.url), quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// logged makes a call, and returns what the simulator wrote meanwhile.
func (s *simulatorRun) logged(call func() error) (string, error) {
	before := len(s.String())
	err := call()
	return s.String()[before:], err
}

func TestRunAnnouncesItself(t *testing.T) {
	t.Parallel()
	s := startRun(t, Config{
		Secret: "canary", AppKey: "key\x1b[2J", Control: "localhost:0",
		Options: []quecloudtest.Option{quecloudtest.WithFleet(100)},
	})
	s.Wait(t, `control and page on http://\S+/\n`)
	text := s.String()
	if !strings.HasPrefix(text, "quecloud-sim serves 100 cards on http://127.0.0.1:") ||
		!strings.Contains(text, "appKey key [2J, secret (hidden)\n") || strings.Contains(text, "warning") {
		t.Errorf("wrote %s", text)
	}
}

// The control has no authentication, so an address that others reach deserves a warning.
func TestRunWarnsOfAnOpenControl(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"127.0.0.1:9090": false, "[::1]:9090": false, "0.0.0.0:9090": true, "[::]:9090": true, "192.0.2.1:9090": true,
	} {
		if got := warning(address); strings.Contains(got, "no authentication") != want || (got != "") != want {
			t.Errorf("%s: got %q", address, got)
		}
	}
}

func TestRunKeepsControlAndPlatformApart(t *testing.T) {
	t.Parallel()
	s := startRun(t, Config{Control: "127.0.0.1:0"})
	control := strings.Fields(s.Wait(t, `page on http://\S+\n`))[2]
	for address, want := range map[string]string{
		control + "healthz": `{"status":"ok"}`,
		strings.TrimSuffix(s.url, "/openapi/router") + "/healthz": `"resultCode":70031`,
	} {
		resp, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s: got %s, %v", address, body, err)
		}
	}
}

func TestRunFailsAtOnce(t *testing.T) {
	t.Parallel()
	taken := httptest.NewServer(http.NotFoundHandler())
	defer taken.Close()
	address := strings.TrimPrefix(taken.URL, "http://")
	missing := filepath.Join(t.TempDir(), "missing", "file")
	for name, cfg := range map[string]Config{
		"address in use":            {Addr: address},
		"address of the control":    {Addr: "127.0.0.1:0", Control: address},
		"folder of the certificate": {Addr: "127.0.0.1:0", TLS: true, TLSCA: missing},
		"scenario":                  {Addr: "127.0.0.1:0", Scenario: missing},
		"folder of the state":       {Addr: "127.0.0.1:0", State: missing},
		"folder for a state":        {Addr: "127.0.0.1:0", State: t.TempDir()},
	} {
		cfg.AppKey, cfg.Secret = quecloudtest.DefaultAppKey, quecloudtest.DefaultSecret
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		err := Run(ctx, &cfg, io.Discard)
		if err == nil || ctx.Err() != nil {
			t.Errorf("%s: got %v", name, err)
		}
		cancel()
	}
}

// After the clock was moved far away, a client with the real clock goes on, if the check of t allows it.
func TestRunClientsKeepTheirClock(t *testing.T) {
	t.Parallel()
	for check, accepted := range map[quecloudtest.TimeCheck]bool{
		quecloudtest.ServerOrRealTime: true, quecloudtest.AnyTime: true, quecloudtest.ServerTime: false,
	} {
		s := startRun(t, Config{Control: "127.0.0.1:0", Options: []quecloudtest.Option{quecloudtest.WithTimeCheck(check)}})
		control := strings.Fields(s.Wait(t, `page on http://\S+\n`))[2]
		resp, err := http.Post(control+"advance", "application/json", strings.NewReader(`{"seconds":86400}`))
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(resp, err)
		}
		resp.Body.Close()
		client := s.client(t)
		err = client.Cards.EndTest(t.Context(), quecloud.MSISDN("1064800000004"))
		refused, isRefused := errors.AsType[*quecloud.APIError](err)
		if expired := isRefused && strings.Contains(refused.Message, "已过期"); expired == accepted {
			t.Errorf("check %d: got %v", check, err)
		}
	}
}

func TestRunSavesItsState(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	s := startRun(t, Config{State: file})
	client := s.client(t)
	if err := client.Cards.Pause(t.Context(), quecloud.MSISDN(aCard)); err != nil {
		t.Fatal(err)
	}
	s.end(t)
	info, err := os.Stat(file)
	if err != nil || info.Size() == 0 {
		t.Fatal(info, err)
	}
	scenario := filepath.Join(t.TempDir(), "scenario.json")
	if err := os.WriteFile(scenario, []byte(`{"fleet":{"size":3}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	again := startRun(t, Config{State: file, Scenario: scenario})
	card, err := again.client(t).Cards.Info(t.Context(), quecloud.MSISDN(aCard))
	if err != nil || card.Status != quecloudtest.StatusSuspended {
		t.Errorf("after the restart the card is %+v, %v", card, err)
	}
	if !strings.Contains(again.String(), "serves 12 cards") {
		t.Errorf("the scenario replaced the state: %s", again)
	}
}

func TestRunStartsFromAScenario(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	scenario := filepath.Join(folder, "scenario.json")
	if err := os.WriteFile(scenario, []byte(`{"fleet":{"size":3}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startRun(t, Config{
		State: filepath.Join(folder, "state.json"), Scenario: scenario, Control: "127.0.0.1:0",
	})
	if !strings.Contains(s.String(), "serves 3 cards") {
		t.Errorf("wrote %s", s)
	}
	control := strings.Fields(s.Wait(t, `page on http://\S+\n`))[2]
	if err := s.client(t).Cards.Pause(t.Context(), quecloud.MSISDN(aCard)); err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(control+"reset", "application/json", strings.NewReader("{}"))
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp, err)
	}
	resp.Body.Close()
	list, err := s.client(t).Cards.List(t.Context(), nil)
	if err != nil || len(list.Cards) != 3 || list.Cards[0].Status != quecloudtest.StatusNormal {
		t.Errorf("after a reset the cards are %+v, %v", list, err)
	}
	if err := os.WriteFile(scenario, []byte(`{"fleets":{}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	err = Run(t.Context(), &Config{Addr: "127.0.0.1:0", Scenario: scenario}, io.Discard)
	if err == nil || !strings.HasSuffix(err.Error(), "scenario.json: fleets: unknown member") {
		t.Errorf("an unknown member: got %v", err)
	}
}
