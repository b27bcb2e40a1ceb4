//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// enough is the time that anything may take on a busy machine.
const enough = 60 * time.Second

// command returns the command as another process, for the account of a stand-in.
func command(t *testing.T, srv *quecloudtest.Server, state string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), "quecloud", args...)
	cmd.Env = append(os.Environ(), "QUECLOUD_APP_KEY="+srv.AppKey, "QUECLOUD_APP_SECRET="+srv.Secret,
		"QUECLOUD_BASE_URL="+srv.URL, "QUECLOUD_STATE="+state, "QUECLOUD_PROFILES="+filepath.Join(state, "profiles.toml"),
		"LC_ALL=C")
	return cmd
}

func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, enough, 5*time.Millisecond, what)
}

// exitOf returns the exit code of a command that has ended.
func exitOf(cmd *exec.Cmd, _ error) int { return cmd.ProcessState.ExitCode() }

// listed returns the cards of a stand-in that can be suspended, as a file for -f.
func listed(t *testing.T, srv *quecloudtest.Server) (path string, cards []string) {
	for card, err := range srv.Client().Cards.All(t.Context(), nil) {
		require.NoError(t, err)
		if card.Status == quecloud.CardStatusNormal {
			cards = append(cards, card.ICCID)
		}
	}
	path = filepath.Join(t.TempDir(), "cards.txt")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(cards, "\n")), 0o600))
	return path, cards
}

func TestBulkInterruptDrainsAndResumes(t *testing.T) {
	srv := quecloudtest.NewServer(quecloudtest.WithFleet(3000),
		quecloudtest.WithFaults(quecloudtest.Latency(2*time.Millisecond)))
	defer srv.Close()
	state := t.TempDir()
	file, cards := listed(t, srv)
	require.Greater(t, len(cards), 2000)
	journal := filepath.Join(state, "journal")

	cmd := command(t, srv, state, "cards", "pause", "-f", file, "-y", "-o", "table", "--journal", journal)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	eventually(t, func() bool { return len(srv.RequestsOf("card.pause")) > 200 }, "it suspends cards")
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	assert.Equal(t, exitInterrupted, exitOf(cmd, cmd.Wait()))
	first := len(srv.RequestsOf("card.pause"))
	require.Less(t, first, len(cards))
	assert.Contains(t, stderr.String(), fmt.Sprintf("%d of %d cards done, 0 refused, 0 failed, 0 unknown", first,
		len(cards)))
	line := "quecloud cards pause --journal " + journal
	assert.Contains(t, stderr.String(), "resume with: "+line)

	resume := command(t, srv, state, "cards", "pause", "-y", "-o", "table", "--journal", journal)
	stderr.Reset()
	resume.Stderr = &stderr
	require.NoError(t, resume.Run(), stderr.String())
	assert.Contains(t, stderr.String(), fmt.Sprintf("%d of %[1]d cards done", len(cards)))
	assert.Len(t, srv.RequestsOf("card.pause"), len(cards), "no card is suspended twice")
	for _, number := range cards {
		card, _ := srv.Card(number)
		require.Equal(t, quecloudtest.StatusSuspended, card.Status)
	}
}

func TestBulkSurvivesKill(t *testing.T) {
	srv := quecloudtest.NewServer(quecloudtest.WithFleet(3000),
		quecloudtest.WithFaults(quecloudtest.Latency(2*time.Millisecond)))
	defer srv.Close()
	state := t.TempDir()
	file, cards := listed(t, srv)
	journal := filepath.Join(state, "journal")
	cmd := command(t, srv, state, "cards", "pause", "-f", file, "-y", "--journal", journal)
	require.NoError(t, cmd.Start())
	eventually(t, func() bool { return len(srv.RequestsOf("card.pause")) > 200 }, "it suspends cards")
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait() // killed

	resume := command(t, srv, state, "cards", "pause", "-y", "-o", "table", "--journal", journal)
	out, err := resume.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), fmt.Sprintf("%d of %[1]d cards done", len(cards)))
	for _, number := range cards {
		card, _ := srv.Card(number)
		require.Equal(t, quecloudtest.StatusSuspended, card.Status)
	}
	assert.LessOrEqual(t, len(srv.RequestsOf("card.pause")), len(cards)+8, "only calls that ran are made again")
}

func TestPurchaseSurvivesKill(t *testing.T) {
	for _, moment := range []struct {
		name  string
		fault quecloudtest.Fault
	}{
		{"before the response", quecloudtest.Latency(time.Hour).AfterEffect()},
		{"before the effect", quecloudtest.Latency(time.Hour)},
	} {
		t.Run(moment.name, func(t *testing.T) {
			var once sync.Once
			killed := make(chan struct{})
			var srv *quecloudtest.Server
			srv = quecloudtest.NewUnstartedServer(quecloudtest.WithObserver(func(r quecloudtest.Request) {
				if r.Params["preverify"] == "1" {
					once.Do(func() { srv.Inject(moment.fault.On("card.recharge").Times(1)); close(killed) })
				}
			}))
			srv.Start()
			defer srv.Close()
			state := t.TempDir()
			args := []string{"orders", "top-up", "1064800000000", "--product", "50", "-y"}
			cmd := command(t, srv, state, args...)
			require.NoError(t, cmd.Start())
			<-killed
			journal := filepath.Join(state, "purchases-"+srv.AppKey+".jsonl")
			eventually(t, func() bool {
				content, err := os.ReadFile(journal)
				return err == nil && bytes.Contains(content, []byte(`"state":"sent"`))
			}, "the journal has the purchase")
			if moment.name == "before the response" {
				eventually(t, func() bool { return len(srv.Orders()) == 1 }, "the order is there")
			}
			require.NoError(t, cmd.Process.Kill())
			_ = cmd.Wait() // killed

			again := command(t, srv, state, args...)
			out, err := again.CombinedOutput()
			if moment.name == "before the response" {
				require.NoError(t, err, string(out))
				assert.Contains(t, string(out), `"state":"done"`)
				assert.Len(t, srv.Orders(), 1)
				return
			}
			assert.Equal(t, exitUnknown, exitOf(again, err))
			assert.Contains(t, string(out), `"state":"sent"`)
			assert.Empty(t, srv.Orders(), "it is never sent again")
		})
	}
}

// A terminal runs a command at a pseudo-terminal.
type terminalRun struct {
	t   *testing.T
	cmd *exec.Cmd
	tty *os.File
	mu  sync.Mutex
	out bytes.Buffer
	end chan struct{}
}

func atTerminal(t *testing.T, cmd *exec.Cmd) *terminalRun {
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 100})
	require.NoError(t, err)
	r := &terminalRun{t: t, cmd: cmd, tty: tty, end: make(chan struct{})}
	go func() {
		defer close(r.end)
		buffer := make([]byte, 4096)
		for {
			n, err := tty.Read(buffer)
			r.mu.Lock()
			r.out.Write(buffer[:n])
			r.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _ = tty.Close() })
	return r
}

func (r *terminalRun) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.out.String()
}

func (r *terminalRun) answer(prompt, answer string) {
	r.t.Helper()
	r.types(prompt, answer+"\n")
}

// types types keys after a prompt.
func (r *terminalRun) types(prompt, keys string) {
	r.t.Helper()
	eventually(r.t, func() bool { return strings.Contains(r.text(), prompt) }, prompt)
	_, err := io.WriteString(r.tty, keys)
	require.NoError(r.t, err)
}

func (r *terminalRun) wait() int {
	err := r.cmd.Wait()
	<-r.end
	return exitOf(r.cmd, err)
}

func TestTerminalAsksBeforeAChange(t *testing.T) {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	for _, test := range []struct {
		answer string
		exit   int
		want   string
	}{{"n", exitFailed, quecloudtest.StatusNormal}, {"", exitFailed, quecloudtest.StatusNormal}, {"y", exitDone,
		quecloudtest.StatusSuspended}} {
		r := atTerminal(t, command(t, srv, t.TempDir(), "cards", "pause", "1064800000000", "1064900000001"))
		r.answer("suspend 2 cards (2 正常)? [y/N] ", test.answer)
		assert.Equal(t, test.exit, r.wait(), r.text())
		card, _ := srv.Card("1064800000000")
		assert.Equal(t, test.want, card.Status)
	}
}

func TestTerminalShowsPricesBeforeAPurchase(t *testing.T) {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	r := atTerminal(t, command(t, srv, t.TempDir(), "orders", "top-up", "1064800000000", "--product", "50"))
	r.answer("buy for 1 card? [y/N] ", "n")
	assert.Equal(t, exitFailed, r.wait())
	assert.Contains(t, r.text(), "30M-当月, list price 1.5 CNY")
	assert.Contains(t, r.text(), "balance 1000 CNY, 998.5 CNY after")
	assert.Empty(t, srv.Orders())
}

func TestTerminalTakesASecretWithoutEcho(t *testing.T) {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	state := t.TempDir()
	cmd := command(t, srv, state, "profile", "add", "work")
	r := atTerminal(t, cmd)
	r.answer("appKey: ", "key-1")
	r.answer("secret: ", "hush-hush")
	assert.Equal(t, exitDone, r.wait(), r.text())
	assert.NotContains(t, r.text(), "hush")
	content, err := os.ReadFile(filepath.Join(state, "profiles.toml"))
	require.NoError(t, err)
	assert.Contains(t, string(content), "hush-hush")
}

func TestOutputSurvivesABrokenPipe(t *testing.T) {
	srv := quecloudtest.NewServer(quecloudtest.WithFleet(20_000))
	defer srv.Close()
	cmd := command(t, srv, t.TempDir(), "cards", "list")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	_, err = out.Read(make([]byte, 100))
	require.NoError(t, err)
	require.NoError(t, out.Close())
	err = cmd.Wait()
	require.Error(t, err)
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	assert.True(t, status.Signaled() && status.Signal() == syscall.SIGPIPE, "it ends as head expects: %v, %s", err,
		stderr.String())
}

func TestCallsSurviveAWrongClock(t *testing.T) {
	srv := quecloudtest.NewServer(quecloudtest.WithTime(time.Now().Add(-2 * time.Hour)))
	defer srv.Close()
	out, err := command(t, srv, t.TempDir(), "cards", "info", "1064800000000").CombinedOutput()
	require.NoError(t, err, string(out))
	out, err = command(t, srv, t.TempDir(), "cards", "pause", "1064800000000", "-y").CombinedOutput()
	require.Error(t, err, "a change is not sent again after a correction")
	assert.Contains(t, string(out), "clock")
}
