package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// With this variable set the test binary is the command itself.
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

// line returns the next line that the command writes.
func (s *sim) line(t *testing.T) string {
	t.Helper()
	if !s.lines.Scan() {
		t.Fatalf("the command ended: %v", s.lines.Err())
	}
	s.log.WriteString(s.lines.Text() + "\n")
	return s.lines.Text()
}

// client is a client of the command. Calls run in the background, because the command waits for its lines to be read.
func (s *sim) client(t *testing.T, secret string) *quecloud.Client {
	t.Helper()
	client, err := quecloud.NewClient(quecloudtest.DefaultAppKey, secret, quecloud.WithBaseURL(s.url),
		quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// do makes a call and returns the line that it left in the log.
func (s *sim) do(t *testing.T, call func() error) (string, error) {
	t.Helper()
	result := make(chan error, 1)
	go func() { result <- call() }()
	return s.line(t), <-result
}

func TestCallsAreServedAndLogged(t *testing.T) {
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
	if !errors.As(err, &refused) || !strings.Contains(line, "resultCode=1") || !strings.HasSuffix(line, "— "+refused.Message) {
		t.Errorf("logged %q, %v", line, err)
	}
}

func TestNeitherSecretNorSignatureIsWritten(t *testing.T) {
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

func TestFaultsAndLatencyOfTheArguments(t *testing.T) {
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

func TestCallbacksAreSentAndLogged(t *testing.T) {
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
		_, err := client.SMS.Send(t.Context(), &quecloud.SMSSendParams{Cards: quecloud.MSISDNs("1064800000000"), Content: "x"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if line := s.line(t); !strings.Contains(line, "callback, attempt 1: "+receiver.URL+" took it") {
		t.Errorf("logged %q", line)
	}
	if body := <-received; !strings.Contains(body, `"type":"report"`) {
		t.Errorf("received %s", body)
	}
}

func TestInterruptShutsDownCleanly(t *testing.T) {
	t.Parallel()
	var rest bytes.Buffer
	cmd := exec.Command(os.Args[0], "-addr", "127.0.0.1:0", "-fault", "latency=1h")
	cmd.Env = append(os.Environ(), asCommand+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(out)
	first, err := reader.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`http://\S+`).FindString(first)
	held := make(chan struct{})
	go func() {
		defer close(held)
		resp, err := http.Post(address, "", nil) // held up by the latency, if it arrives before the interrupt
		if err == nil {
			resp.Body.Close()
		}
	}()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		t.Skip("this system has no interrupt:", err)
	}
	if _, err := rest.ReadFrom(reader); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
	<-held
	if !strings.Contains(rest.String(), "secret "+quecloudtest.DefaultSecret) || !strings.Contains(rest.String(), "quecloud-sim ends") {
		t.Errorf("it wrote %q", rest.String())
	}
}

func TestWrongArguments(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-nosuch"},
		{"argument"},
		{"-app-key", ""},
		{"-cards", "-1"},
		{"-cards", "many"},
		{"-sub-account-cards", "13"},
		{"-sub-account-cards", "-1"},
		{"-balance", "-1"},
		{"-sms-callback", "localhost"},
		{"-order-callback", "ftp://x/"},
		{"-dialect", "klingon"},
		{"-fault", "nosuch"},
		{"-fault", "status"},
		{"-fault", "status=9"},
		{"-fault", "garbage=1"},
		{"-fault", "refuse=x"},
		{"-fault", "latency=x"},
		{"-fault", "dialect=x"},
		{"-fault", "garbage,on=nosuch"},
		{"-fault", "garbage,times=0"},
		{"-fault", "garbage,p=2"},
		{"-fault", "garbage,header=x"},
		{"-fault", "garbage,nosuch=1"},
		{"-fault", "refuse=0:fine"},
		{"-fault", "latency=-1s"},
		{"-fault", "wrong-date=yesterday"},
		{"-sms-callback", "http:///sms?token=canary-8d1f"},
		{"-order-callback", "http:///orders?token=canary-8d1f"},
		{"-sms-callback", "", "http://127.0.0.1/sms?token=canary-8d1f"},
		{"-order-delay", "-1s"},
		{"-file-delay", "-1s"},
		{"-sms-delay", "-1s"},
		{"-latency", "-1s"},
		{"-callback-interval", "-1s"},
		{"-callback-retries", "-1"},
	} {
		var said strings.Builder
		err := run(t.Context(), args, io.Discard, &said)
		// What is wrong is not lost in a page of usage.
		if !errors.Is(err, errUsage) || strings.Count(said.String(), "\n") != 2 || !strings.Contains(said.String(), "-h") {
			t.Errorf("%v: got %v, said %q", args, err, &said)
		}
		if strings.Contains(said.String(), "canary") {
			t.Errorf("%v: it repeats the token: %q", args, &said)
		}
	}
}

func TestFlagsSetWhatTheStandInDoes(t *testing.T) {
	t.Parallel()
	cfg, err := parse([]string{"-cards", "3", "-sub-account-cards", "1", "-years-only", "-dialect", "absent-members+as-documented"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	sim := quecloudtest.NewUnstartedServer(cfg.options()...)
	defer sim.Close()
	client := sim.Client()
	list, err := client.Cards.List(t.Context(), nil)
	if err != nil || len(list.Cards) != 3 || list.Cards[1].CompanyID != quecloudtest.CompanyID || list.Cards[2].CompanyID != quecloudtest.SubAccountID {
		t.Errorf("the cards are %+v, %v", list, err)
	}
	_, err = client.Orders.Renew(t.Context(), &quecloud.RenewalParams{ICCID: list.Cards[0].ICCID, Years: 1, Months: 2})
	if refused, ok := errors.AsType[*quecloud.APIError](err); !ok || !strings.Contains(refused.Message, "按月续费") {
		t.Errorf("a renewal by months: got %v", err)
	}
	if cfg.dialect != quecloudtest.AbsentMembers|quecloudtest.AsDocumented {
		t.Errorf("the dialect is %b", cfg.dialect)
	}
}

func TestHelpNamesAllFaultsAndDefaults(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	if err := run(t.Context(), []string{"-h"}, io.Discard, &said); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got %v", err)
	}
	for name := range faultKinds {
		if !strings.Contains(said.String(), name) {
			t.Errorf("the help lacks the fault %s", name)
		}
	}
	for text := range strings.SplitSeq(said.String(), "\n  -") {
		if name, _, _ := strings.Cut(text, "\n"); strings.HasSuffix(name, " duration") && !strings.Contains(text, "(default ") {
			t.Errorf("no default of -%s", text)
		}
	}
}

func TestTokensOfCallbacksAreNotWritten(t *testing.T) {
	t.Parallel()
	const address = "http://user:canary-pass@127.0.0.1:80/sms?v=1&token=canary%20token#x"
	for _, d := range []quecloudtest.Delivery{
		{URL: address, OK: true},
		{URL: address, HTTPStatus: 404, Response: "Cannot POST /sms?v=1&token=canary%20token: token is canary token, password canary-pass"},
		{URL: address, Err: &url.Error{Op: "Post", URL: "http://127.0.0.1:80/sms", Err: errors.New("refused")}},
		{URL: address, Err: errors.New("no proxy for canary token")},
		{URL: "http://[canary?token=canary", Err: errors.New("parse http://[canary?token=canary")},
	} {
		line := deliveryLine(hideSecrets(d))
		if strings.Contains(line, "canary") || strings.Contains(line, "v=1") {
			t.Errorf("wrote %q", line)
		}
		if d.URL == address && strings.Count(line, "http://127.0.0.1:80/sms") != 1 {
			t.Errorf("not told where to, once: %q", line)
		}
	}
}

func TestRightFaults(t *testing.T) {
	t.Parallel()
	for arg, name := range map[string]string{
		"refuse=500:系统繁忙,p=0.5":                   "Refuse(500)",
		"html=502,body=<html>":                    "HTMLPage(502)",
		"garbage,on=card.info+card.list":          "Garbage",
		"empty,on=fc.function.card.info,times=3":  "EmptyBody",
		"cut-before":                              "CutBefore",
		"cut-after":                               "CutAfter",
		"truncate=20":                             "Truncate(20)",
		"cut-body=0":                              "CutBody(0)",
		"latency=2s,after":                        "Latency(2s)",
		"dialect=other-case+numbers-as-text":      "Speak",
		"no-date":                                 "NoDate",
		"wrong-date=2026-03-01T12:00:00+08:00":    "WrongDate",
		"status=429,header=Retry-After:1,times=2": "HTTPStatus(429)",
	} {
		fault, err := parseFault(arg)
		if err != nil || fault.String() != name {
			t.Errorf("%s: got %v, %v", arg, fault, err)
			continue
		}
		quecloudtest.NewUnstartedServer(quecloudtest.WithFaults(fault)).Close() // panics when the fault is impossible
	}
}

func TestAddressesThatAreTaken(t *testing.T) {
	t.Parallel()
	taken := httptest.NewServer(http.NotFoundHandler())
	defer taken.Close()
	err := run(t.Context(), []string{"-addr", strings.TrimPrefix(taken.URL, "http://")}, io.Discard, io.Discard)
	if err == nil || errors.Is(err, errUsage) {
		t.Errorf("got %v", err)
	}
}
