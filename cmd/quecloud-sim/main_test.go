package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// asCommand is a variable that makes the test binary run the command.
const asCommand = "QUECLOUD_SIM_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// A sim is a command that runs in a goroutine of the test.
type sim struct {
	url   string
	lines *bufio.Scanner
	log   strings.Builder // lines read so far
	stop  context.CancelFunc
	done  chan error
}

func startSim(t *testing.T, args ...string) *sim {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	s := &sim{lines: bufio.NewScanner(r), stop: cancel, done: make(chan error, 1)}
	go func() {
		err := run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), w, io.Discard)
		w.CloseWithError(io.EOF)
		s.done <- err
	}()
	s.url = regexp.MustCompile(`http://\S+`).FindString(s.line(t))
	if s.url == "" {
		t.Fatalf("no URL in %q", s.log.String())
	}
	s.line(t) // the credentials
	t.Cleanup(func() {
		cancel()
		go func() { _, _ = io.Copy(io.Discard, r) }()
		if err := <-s.done; err != nil {
			t.Error(err)
		}
	})
	return s
}

// line returns the next line of the command's output.
func (s *sim) line(t *testing.T) string {
	t.Helper()
	if !s.lines.Scan() {
		t.Fatalf("the command ended: %v", s.lines.Err())
	}
	s.log.WriteString(s.lines.Text() + "\n")
	return s.lines.Text()
}

// client returns a client of the command. Calls must run in the background, since the command waits for readers of its
// output.
func (s *sim) client(t *testing.T, secret string) *quecloud.Client {
	t.Helper()
	client, err := quecloud.NewClient(quecloudtest.DefaultAppKey, secret, quecloud.WithBaseURL(s.url),
		quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// do makes a call and returns its log line.
func (s *sim) do(t *testing.T, call func() error) (string, error) {
	t.Helper()
	result := make(chan error, 1)
	go func() { result <- call() }()
	return s.line(t), <-result
}

func TestLogCalls(t *testing.T) {
	t.Parallel()
	s := startSim(t, "-cards", "100")
	client := s.client(t, quecloudtest.DefaultSecret)
	pause := func() error { return client.Cards.Pause(t.Context(), quecloud.MSISDN("1064800000000")) }
	line, err := s.do(t, pause)
	if err != nil || !regexp.MustCompile(`POST 200 resultCode=0 \S+ card\.pause msisdn=1064800000000$`).MatchString(line) {
		t.Errorf("logged %q, %v", line, err)
	}
	var refused *quecloud.APIError
	line, err = s.do(t, pause)
	if !errors.As(err, &refused) || !strings.Contains(line, "resultCode=1") ||
		!strings.HasSuffix(line, "— "+refused.Message) {
		t.Errorf("logged %q, %v", line, err)
	}
}

func TestFlagsFaultAndLatency(t *testing.T) {
	t.Parallel()
	s := startSim(t, "-fault", "status=503,on=account.info,times=1,header=Retry-After:1", "-latency", "1ms")
	client := s.client(t, quecloudtest.DefaultSecret)
	account := func() error {
		_, err := client.Billing.Account(t.Context())
		return err
	}
	line, err := s.do(t, account)
	if err == nil || !strings.Contains(line, "POST 503") || !strings.HasSuffix(line, "[Latency(1ms) HTTPStatus(503)]") {
		t.Errorf("logged %q, %v", line, err)
	}
	if line, err = s.do(t, account); err != nil || !strings.HasSuffix(line, "[Latency(1ms)]") {
		t.Errorf("logged %q, %v", line, err)
	}
}

func TestLogCallbacks(t *testing.T) {
	t.Parallel()
	received := make(chan string, 1)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		received <- string(body)
		io.WriteString(w, "success")
	}))
	defer receiver.Close()
	s := startSim(t, "-sms-callback", receiver.URL)
	client := s.client(t, quecloudtest.DefaultSecret)
	_, err := s.do(t, func() error {
		_, err := client.SMS.Send(t.Context(),
			&quecloud.SMSSendParams{Cards: quecloud.MSISDNs("1064800000000"), Content: "x"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if line := s.line(t); !strings.Contains(line, "callback, attempt 1: "+receiver.URL+" succeeded") {
		t.Errorf("logged %q", line)
	}
	if body := <-received; !strings.Contains(body, `"type":"report"`) {
		t.Errorf("received %s", body)
	}
}

func TestServeFailsIfTheAddressIsInUse(t *testing.T) {
	t.Parallel()
	taken := httptest.NewServer(http.NotFoundHandler())
	defer taken.Close()
	err := run(t.Context(), []string{"-addr", strings.TrimPrefix(taken.URL, "http://")}, io.Discard, io.Discard)
	if err == nil || errors.Is(err, errUsage) {
		t.Errorf("got %v", err)
	}
}
