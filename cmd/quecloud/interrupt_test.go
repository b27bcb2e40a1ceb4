//go:build unix

package main

import (
	"bufio"
	"bytes"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/term"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// A screen is what a process has written so far.
type screen struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.Write(p)
}

func (s *screen) has(text string) func() bool {
	return func() bool { return strings.Contains(s.String(), text) }
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.String()
}

// journalHas reports whether a journal has a text so many times.
func journalHas(path, text string, times int) bool {
	content, err := os.ReadFile(path)
	return err == nil && strings.Count(string(content), text) == times
}

func TestBulkSecondInterruptCutsAndTellsHowToResume(t *testing.T) {
	srv := quecloudtest.NewServer(quecloudtest.WithFaults(quecloudtest.Latency(time.Hour).On("card.pause")))
	defer srv.Close()
	state := t.TempDir()
	journal := filepath.Join(state, "j")
	cmd := command(t, srv, state, "cards", "pause", "1064800000000", "1064900000001", "-y", "--journal", journal)
	var stderr screen
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	eventually(t, func() bool { return journalHas(journal, `"outcome":"started"`, 2) }, "it suspends cards")
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	eventually(t, stderr.has("a second Ctrl-C cuts them off"), "it says what it does")
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	assert.Equal(t, exitInterrupted, exitOf(cmd, cmd.Wait()))
	assert.Contains(t, stderr.String(), "resume with: quecloud cards pause --journal "+journal)
}

func TestTerminalInterruptAtAPrompt(t *testing.T) {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	r := atTerminal(t, command(t, srv, t.TempDir(), "cards", "pause", "1064800000000"))
	r.types("suspend 1 card (1 正常)? [y/N] ", "\x03")
	assert.Equal(t, exitInterrupted, r.wait(), r.text())
	assert.Contains(t, r.text(), "not confirmed: nothing was changed")
	assert.Empty(t, srv.RequestsOf("card.pause"))
}

func TestTerminalInterruptAtTheSecretRestoresTheEcho(t *testing.T) {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	state := t.TempDir()
	r := atTerminal(t, command(t, srv, state, "profile", "add", "work"))
	before, err := term.GetState(int(r.tty.Fd()))
	require.NoError(t, err)
	r.answer("appKey: ", "key-1")
	r.types("secret: ", "hush\x03")
	assert.Equal(t, exitInterrupted, r.wait(), r.text())
	after, err := term.GetState(int(r.tty.Fd()))
	require.NoError(t, err)
	assert.Equal(t, before, after)
	assert.NoFileExists(t, filepath.Join(state, "profiles.toml"))
}

func TestTerminalAsksBeforeItBuysOnceMore(t *testing.T) {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	state := t.TempDir()
	args := []string{"orders", "top-up", "1064800000000", "--product", "50"}
	require.NoError(t, command(t, srv, state, append(args, "-y")...).Run())
	for _, test := range []struct {
		answer string
		exit   int
		orders int
	}{{"n", exitFailed, 1}, {"y", exitDone, 2}} {
		r := atTerminal(t, command(t, srv, state, args...))
		r.answer("buy for 1 card, for 1 of them once more? [y/N] ", test.answer)
		assert.Equal(t, test.exit, r.wait(), r.text())
		assert.Contains(t, r.text(), "bought already, order ")
		assert.Len(t, srv.Orders(), test.orders)
	}
}

func TestPurchaseIsResumedAfterAnInterruptOrAKill(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, os.Kill} {
		t.Run(signal.String(), func(t *testing.T) {
			srv := quecloudtest.NewServer(quecloudtest.WithOrderDelay(time.Hour))
			defer srv.Close()
			state := t.TempDir()
			args := []string{"orders", "top-up", "1064800000000", "--product", "50", "-y", "-o", "table"}
			cmd := command(t, srv, state, args...)
			var stdout, stderr screen
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			require.NoError(t, cmd.Start())
			journal := filepath.Join(state, "purchases-"+url.PathEscape(srv.AppKey)+".jsonl")
			eventually(t, func() bool { return journalHas(journal, `"state":"ordered"`, 1) }, "the order is placed")
			require.NoError(t, cmd.Process.Signal(signal))
			err := cmd.Wait()
			if signal == os.Interrupt {
				assert.Equal(t, exitInterrupted, exitOf(cmd, err))
				assert.Contains(t, stderr.String(), "the order is placed, the same line again waits for it")
			}

			srv.Advance(time.Hour)
			out, err := command(t, srv, state, args...).CombinedOutput()
			require.NoError(t, err, string(out))
			assert.Contains(t, string(out), "resume the purchase of 30M-当月, state ordered")
			assert.Contains(t, string(out), "done")
			assert.Len(t, srv.Orders(), 1)
		})
	}
}

func TestPurchaseByTwoProcessesIsMadeOnce(t *testing.T) {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	state := t.TempDir()
	var runs sync.WaitGroup
	var mu sync.Mutex
	exits := map[int]int{}
	for range 4 {
		cmd := command(t, srv, state, "orders", "top-up", "1064800000000", "--product", "50", "-y")
		runs.Go(func() {
			err := cmd.Run()
			mu.Lock()
			defer mu.Unlock()
			exits[exitOf(cmd, err)]++
		})
	}
	runs.Wait()
	assert.Len(t, srv.Orders(), 1)
	assert.Equal(t, 1, exits[exitDone], exits)
}

func TestSimEndsInPeaceAndNamesATakenPort(t *testing.T) {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	cmd := command(t, srv, t.TempDir(), "sim", "--addr", "127.0.0.1:0", "--control", "127.0.0.1:0", "--cards", "10")
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines, address := bufio.NewScanner(stdout), ""
	for address == "" && lines.Scan() {
		_, address, _ = strings.Cut(lines.Text(), "http://")
	}
	address, _, _ = strings.Cut(strings.Fields(address + " ")[0], "/")
	code, _, errOut := invoke(t, srv, "sim", "--addr", address, "--control", "127.0.0.1:0")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errOut, address)
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	_, err = io.Copy(io.Discard, stdout)
	require.NoError(t, err)
	require.NoError(t, cmd.Wait(), "Ctrl-C is its end, no failure")
}
