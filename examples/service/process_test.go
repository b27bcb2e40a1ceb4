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
	path     string // database
}

func newStage(t *testing.T, g *gate, options ...quecloudtest.Option) *stage {
	platform := newPlatform(t, options...)
	g.platform, g.reached = platform, make(chan struct{})
	return &stage{t, platform, g, filepath.Join(t.TempDir(), "service.db")}
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

// A process is a running service, with a server of its own in front of the platform.
type process struct {
	*exec.Cmd
	lines *bufio.Scanner // of the output
	front *httptest.Server
}

func (s *stage) start(flags ...string) *process {
	program, err := os.Executable()
	require.NoError(s, err)
	p := &process{front: httptest.NewServer(s.gate)}
	accounts, err := json.Marshal([]accountConfig{{
		Name: "a", AppKey: s.platform.AppKey, Secret: s.platform.Secret, Rate: 1e6, CallbackToken: "token",
		BaseURL: p.front.URL,
	}})
	require.NoError(s, err)
	path := filepath.Join(s.TempDir(), "accounts.json")
	require.NoError(s, os.WriteFile(path, accounts, 0o600))
	p.Cmd = exec.CommandContext(s.Context(), program, append([]string{"-accounts", path, "-db", s.path, "-doubt", "1ms",
		"-callbacks", "127.0.0.1:0", "-api", "127.0.0.1:0"}, flags...)...)
	p.Stderr = s.Output()
	out, err := p.StdoutPipe()
	require.NoError(s, err)
	p.lines = bufio.NewScanner(out)
	require.NoError(s, p.Start())
	s.Cleanup(p.kill)
	return p
}

// kill ends the process at once, as a power failure would. After that no call of it is under way.
func (p *process) kill() {
	_ = p.Process.Kill()
	_ = p.Wait()
	p.front.Close()
}

// killAtGate kills the service when the blocked call is under way.
func (s *stage) killAtGate(p *process) {
	select {
	case <-s.gate.reached:
	case <-time.After(enough):
		require.Fail(s, "the service does not make the call")
	}
	p.kill()
}

// topUpURL reads the address of the API from the output of the service.
func (p *process) topUpURL() string {
	p.lines.Scan()
	_, addr, _ := strings.Cut(p.lines.Text(), "API at ")
	return "http://" + addr + "/topups/a/invoice-17"
}

func TestKilledInASweep(t *testing.T) {
	t.Parallel()
	s := newStage(t, &gate{method: "fc.function.card.list", pageNo: "3", blocked: 1}, quecloudtest.WithFleet(4500))
	p := s.start("-once")
	db := openTestDatabase(t, s.path)
	require.Eventually(t, func() bool {
		return count(t, db, `SELECT coalesce(sum(page), 0) FROM progress WHERE job = 'cards'`) == 2
	}, enough, 10*time.Millisecond, "two pages are stored")
	s.killAtGate(p)

	before := len(s.platform.RequestsOf("card.list"))
	p = s.start("-once")
	require.NoError(t, p.Wait())
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
			p := s.start("-once", "-above", "0.9")
			s.killAtGate(p)
			require.Less(t, len(s.platform.RequestsOf(pauseMethod)), 20, "it was killed in the middle")

			p = s.start("-once", "-above", "0.9")
			require.NoError(t, p.Wait())
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
			killed := s.start()
			url, ended := killed.topUpURL(), make(chan struct{})
			go func() {
				defer close(ended)
				_, _ = request(http.MethodPut, url, wantedJSON)
			}()
			s.killAtGate(killed)
			<-ended

			url = s.start().topUpURL()
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
