package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
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

// noVariables is an empty environment.
func noVariables(string) (string, bool) { return "", false }

// variables is an environment.
type variables map[string]string

func (v variables) lookup(name string) (string, bool) {
	value, ok := v[name]
	return value, ok
}

// A sim is a command that runs in a goroutine of the test.
type sim struct {
	selftest.Output
	url, control string
}

// startSim starts the command with a control, on free ports.
func startSim(t *testing.T, args ...string) *sim {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := &sim{}
	done := make(chan error, 1)
	go func() {
		args := append([]string{"-addr", "127.0.0.1:0", "-control", "127.0.0.1:0"}, args...)
		done <- run(ctx, args, noVariables, s, io.Discard)
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	s.url = strings.Fields(s.Wait(t, `on https?://\S+/router\n`))[1]
	s.control = strings.Fields(s.Wait(t, `page on http://\S+\n`))[2]
	return s
}

func TestVersion(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), []string{"-version"}, noVariables, &out, io.Discard); err != nil ||
		out.String() != "quecloud-sim "+quecloud.Version+" "+runtime.Version()+" "+runtime.GOOS+"/"+runtime.GOARCH+"\n" {
		t.Errorf("got %q, %v", &out, err)
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	s := startSim(t)
	control := strings.TrimSuffix(strings.TrimPrefix(s.control, "http://"), "/")
	for _, test := range []struct {
		args []string
		env  variables
		ok   bool
	}{
		{args: []string{"-control", control, "-wait", "1m"}, ok: true},
		{args: nil, env: variables{"QUECLOUD_SIM_CONTROL": control}, ok: true},
		{args: []string{"-control", "127.0.0.1", "-wait", "1m"}},
		{args: []string{"-control", control, "-wait", "0s"}},
		{args: []string{"-control", control, "now"}},
	} {
		err := run(t.Context(), append([]string{"ready"}, test.args...), test.env.lookup, io.Discard, io.Discard)
		if (err == nil) != test.ok {
			t.Errorf("%q, %v: got %v", test.args, test.env, err)
		}
	}
	var help strings.Builder
	err := run(t.Context(), []string{"ready", "-h"}, noVariables, io.Discard, &help)
	if !errors.Is(err, flag.ErrHelp) || !strings.Contains(help.String(), "QUECLOUD_SIM_WAIT") {
		t.Errorf("got %v, %s", err, &help)
	}
}

// The options, files and addresses of the flags reach the simulator.
func TestFlagsReachTheSimulator(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	ca, scenario := filepath.Join(folder, "ca.pem"), filepath.Join(folder, "scenario.json")
	if err := os.WriteFile(scenario, []byte(`{"fleet":{"size":3}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startSim(t, "-tls", "-tls-ca", ca, "-scenario", scenario, "-app-key", "7")
	s.Wait(t, `serves 3 cards on https://`)
	s.Wait(t, `appKey 7,`)
	if text, err := os.ReadFile(ca); err != nil || !strings.Contains(string(text), "CERTIFICATE") {
		t.Errorf("wrote %q, %v", text, err)
	}
}
