package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// enough is the time that anything may take on a busy machine.
const enough = time.Minute

// A stage has a platform on a port and a database, for a service that is a process.
type stage struct {
	*testing.T
	platform *quecloudtest.Server
	gate     *gate
	accounts string // file
	path     string // database
}

func newStage(t *testing.T, g *gate, options ...quecloudtest.Option) *stage {
	platform := quecloudtest.NewServer(options...)
	t.Cleanup(platform.Close)
	g.platform, g.reached = platform, make(chan struct{})
	front := httptest.NewServer(g)
	t.Cleanup(front.Close)
	accounts, err := json.Marshal([]accountConfig{{
		Name: "a", AppKey: platform.AppKey, Secret: platform.Secret, Rate: 1e6, CallbackToken: "token", BaseURL: front.URL,
	}})
	require.NoError(t, err)
	dir := t.TempDir()
	s := &stage{t, platform, g, filepath.Join(dir, "accounts.json"), filepath.Join(dir, "service.db")}
	require.NoError(t, os.WriteFile(s.accounts, accounts, 0o600))
	return s
}

// A gate passes calls on to the platform. One call of a method gets no response.
type gate struct {
	method  string
	pageNo  string // of that call; empty for a method without pages
	blocked int64  // the number of that call, from 1
	passes  bool   // it reaches the platform all the same

	platform http.Handler
	reached  chan struct{} // closed when the call has come, and has taken effect if it passes
	calls    atomic.Int64
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // then the server notices that the caller disconnects
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	form, _ := url.ParseQuery(string(body))
	if form.Get("method") != g.method || form.Get("pageNo") != g.pageNo || g.calls.Add(1) != g.blocked {
		g.platform.ServeHTTP(w, r)
		return
	}
	if g.passes {
		g.platform.ServeHTTP(httptest.NewRecorder(), r)
	}
	close(g.reached)
	<-r.Context().Done()
}

// start starts the service, and returns it with the lines of its output.
func (s *stage) start(flags ...string) (*exec.Cmd, *bufio.Scanner) {
	program, err := os.Executable()
	require.NoError(s, err)
	flags = append([]string{"-accounts", s.accounts, "-db", s.path, "-doubt", "1ms",
		"-callbacks", "127.0.0.1:0", "-api", "127.0.0.1:0"}, flags...)
	cmd := exec.CommandContext(s.Context(), program, flags...)
	cmd.Stderr = s.Output()
	out, err := cmd.StdoutPipe()
	require.NoError(s, err)
	require.NoError(s, cmd.Start())
	s.Cleanup(func() { kill(cmd) })
	return cmd, bufio.NewScanner(out)
}

// kill ends the process at once, as a power failure would.
func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// killAtGate kills the service when the blocked call is under way.
func (s *stage) killAtGate(cmd *exec.Cmd) {
	select {
	case <-s.gate.reached:
	case <-time.After(enough):
		require.Fail(s, "the service does not make the call")
	}
	kill(cmd)
}

func TestKilledInASweep(t *testing.T) {
	t.Parallel()
	s := newStage(t, &gate{method: "fc.function.card.list", pageNo: "3", blocked: 1}, quecloudtest.WithFleet(4500))
	cmd, _ := s.start("-once")
	db := openTestDatabase(t, s.path)
	require.Eventually(t, func() bool {
		return count(t, db, `SELECT coalesce(sum(page), 0) FROM progress WHERE job = 'cards'`) == 2
	}, enough, 10*time.Millisecond, "two pages are stored")
	s.killAtGate(cmd)

	before := len(s.platform.RequestsOf("card.list"))
	cmd, _ = s.start("-once")
	require.NoError(t, cmd.Wait())
	for _, r := range s.platform.RequestsOf("card.list")[before:] {
		assert.NotContains(t, []string{"1", "2"}, r.Params["pageNo"], "a stored page is read anew")
	}
	assert.Equal(t, 4500, count(t, db, `SELECT count(*) FROM cards`))
	assert.Equal(t, 4500, count(t, db, `SELECT count(*) FROM usage`))
}

func TestKilledInASuspension(t *testing.T) {
	t.Parallel()
	for name, passes := range map[string]bool{"before the effect": false, "after the effect": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, &gate{method: pauseMethod, blocked: 8, passes: passes}, quecloudtest.WithFleet(0))
			group := s.platform.AddGroup(quecloudtest.Group{PlanMB: 100})
			for range 20 {
				card := s.platform.AddCard(quecloudtest.Card{BillingID: group.ID})
				today := quecloud.DateOf(s.platform.Now())
				s.platform.SetUsage(card.ICCID, today.String(), 95)
				if tomorrow := today.AddDays(1); tomorrow.Day == 1 { // the day may end during the test
					s.platform.SetUsage(card.ICCID, tomorrow.String(), 95)
				}
			}
			cmd, _ := s.start("-once", "-above", "0.9")
			s.killAtGate(cmd)
			require.Less(t, len(s.platform.RequestsOf(pauseMethod)), 20, "it was killed in the middle")

			cmd, _ = s.start("-once", "-above", "0.9")
			require.NoError(t, cmd.Wait())
			calls := pauses(s.platform)
			assert.Len(t, calls, 20, "every card is suspended")
			for card, n := range calls {
				assert.Equal(t, 1, n, "card %s is suspended once", card)
			}
		})
	}
}

func TestKilledInAPurchase(t *testing.T) {
	t.Parallel()
	for name, passes := range map[string]bool{"before the effect": false, "after the effect": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, &gate{method: "fc.function.card.recharge", blocked: 1, passes: passes})
			cmd, lines := s.start()
			failed := make(chan error, 1)
			go func() {
				_, err := request(http.MethodPut, topUpURL(lines), wantedJSON)
				failed <- err
			}()
			s.killAtGate(cmd)
			require.Error(t, <-failed)

			_, lines = s.start()
			url := topUpURL(lines)
			require.Eventually(t, func() bool {
				p, err := request(http.MethodGet, url, "")
				return err == nil && (p.State == "done" || !passes && strings.Contains(p.Note, "no such order was found"))
			}, enough, 10*time.Millisecond, "the service looks for the order")
			p, err := request(http.MethodPut, url, wantedJSON)
			require.NoError(t, err)
			if passes {
				assert.Equal(t, "done", p.State)
				assert.Len(t, s.platform.Orders(), 1)
			} else {
				assert.Equal(t, "sent", p.State, "a person decides")
				assert.Empty(t, s.platform.Orders())
			}
		})
	}
}

// topUpURL reads the address of the API from the output of a service.
func topUpURL(lines *bufio.Scanner) string {
	lines.Scan()
	_, addr, _ := strings.Cut(lines.Text(), "API at ")
	return "http://" + addr + "/topups/a/invoice-17"
}

// request makes a request to the API.
func request(method, url, body string) (p purchase, err error) {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return p, err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return p, err
	}
	defer response.Body.Close()
	return p, json.NewDecoder(response.Body).Decode(&p)
}
