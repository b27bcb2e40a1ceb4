package main

import (
	"bufio"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// TestMain lets tests start the test program as the parts of fleet.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		main()
		return
	}
	os.Exit(m.Run())
}

// enough is the time that anything may take on a busy machine.
const enough = 30 * time.Second

func eventually(t *testing.T, condition func() bool, what string) {
	t.Helper()
	require.Eventually(t, condition, enough, 20*time.Millisecond, what)
}

// A natsServer is a NATS server that can be stopped, and restarted with its messages.
type natsServer struct {
	t     *testing.T
	addr  string
	store string
	srv   *server.Server
}

func newNATS(t *testing.T) *natsServer {
	n := &natsServer{t: t, addr: freeAddr(t), store: t.TempDir()}
	n.start()
	t.Cleanup(n.stop)
	return n
}

func (n *natsServer) start() {
	srv, err := startServer(n.addr, n.store)
	require.NoError(n.t, err)
	n.srv = srv
}

func (n *natsServer) stop() {
	n.srv.Shutdown()
	n.srv.WaitForShutdown()
}

func (n *natsServer) url() string { return "nats://" + n.addr }

// freeAddr returns a free address for a server that restarts. Its port is outside the range of ports that the system
// hands out.
func freeAddr(t *testing.T) string {
	for range 100 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(20_000+rand.N(12_000)))
		if listener, err := net.Listen("tcp", addr); err == nil {
			require.NoError(t, listener.Close())
			return addr
		}
	}
	t.Fatal("no port is free")
	return ""
}

// open connects as another process would.
func (n *natsServer) open(s settings) *streams { return openAt(n.t, n.url(), s) }

func openAt(t *testing.T, url string, s settings) *streams {
	nc, err := connect(url)
	require.NoError(t, err)
	t.Cleanup(nc.Close)
	opened, err := open(t.Context(), nc, s)
	require.NoError(t, err)
	return opened
}

// quick returns settings with short waits.
func quick() settings {
	return settings{space: "test", rate: 1000, window: time.Second, ackWait: time.Second, replicas: 1}
}

// newWorker returns a worker with its own connection.
func newWorker(s *streams, platform *quecloudtest.Server, name string) *worker {
	return &worker{s, platform.Client(quecloud.WithLimiter(sharedLimiter{s})), name, 2}
}

// goWork runs a worker until the test ends.
func goWork(t *testing.T, w *worker) {
	ctx, cancel := context.WithCancel(t.Context())
	var working sync.WaitGroup
	working.Go(func() {
		if err := w.run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); working.Wait() })
}

// receive starts a receiver of callbacks, and returns the address for SMS.
func receive(t *testing.T, s *streams) string {
	srv := httptest.NewServer(s.receiver("token"))
	t.Cleanup(srv.Close)
	return srv.URL + "/quecloud/sms?token=token"
}

// counted returns the number of messages in one of the streams, or -1 while NATS does not respond.
func counted(t *testing.T, s *streams, subject string) int {
	stream := s.done
	switch strings.SplitN(subject, ".", 2)[0] {
	case "work":
		stream = s.work
	case "callbacks":
		stream = s.callbacks
	}
	n, err := s.count(t.Context(), stream, subject)
	if err != nil {
		return -1
	}
	return int(n)
}

// visited returns how often the sweep "one" visited each card, and how many pages each worker read. After an error it
// reads again, because a server that takes over from another may not respond at first.
func visited(t *testing.T, s *streams) (cards, workers map[string]int) {
	t.Helper()
	eventually(t, func() bool {
		cards, workers = map[string]int{}, map[string]int{}
		for r, err := range s.results(t.Context(), "one") {
			if err != nil {
				return false
			}
			workers[r.Worker]++
			for _, card := range r.Cards {
				cards[card.ICCID]++
			}
		}
		return true
	}, "the results can be read")
	return cards, workers
}

// fleetOf returns the cards that the platform lists.
func fleetOf(t *testing.T, platform *quecloudtest.Server) (cards []string) {
	for card, err := range platform.Client().Cards.All(t.Context(), nil) {
		require.NoError(t, err)
		cards = append(cards, card.ICCID)
	}
	return cards
}

// requireAllVisited compares the sweep "one" with the fleet.
func requireAllVisited(t *testing.T, s *streams, platform *quecloudtest.Server) {
	t.Helper()
	cards, _ := visited(t, s)
	missed, fleet := 0, fleetOf(t, platform)
	for _, card := range fleet {
		if cards[card] == 0 {
			missed++
		}
	}
	require.Zerof(t, missed, "of %d cards", len(fleet))
	require.Len(t, cards, len(fleet), "there are no others")
}

// A process runs one part of fleet.
type process struct {
	*exec.Cmd
	lines chan string // of the output
}

// start starts a part. The end of the test kills it.
func start(t *testing.T, env []string, args ...string) *process {
	program, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	p := &process{cmd, make(chan string, 100)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(p.lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			p.lines <- scanner.Text()
		}
		_, _ = io.Copy(io.Discard, out)
	}()
	t.Cleanup(func() {
		p.kill()
		<-read
	})
	return p
}

// kill ends the process at once, as a power failure would.
func (p *process) kill() {
	_ = p.Process.Kill()
	_ = p.Wait()
}

// waitLine waits for a line with the prefix, and returns the rest of it.
func (p *process) waitLine(t *testing.T, prefix string) string {
	t.Helper()
	timeout := time.After(enough)
	for {
		select {
		case line, ok := <-p.lines:
			if rest, found := strings.CutPrefix(line, prefix); found {
				return rest
			}
			require.True(t, ok, "the process ended before it printed "+prefix)
		case <-timeout:
			require.Fail(t, "the process does not print "+prefix)
		}
	}
}

// A gate passes calls on to the platform, except for one that gets no response.
type gate struct {
	next    http.Handler
	blocked int           // the number of the call that does not pass, from 1
	reached chan struct{} // closed when that call arrives

	mu    sync.Mutex
	calls int
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	g.calls++
	blocked := g.calls == g.blocked
	g.mu.Unlock()
	if !blocked {
		g.next.ServeHTTP(w, r)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body) // then the server notices that the caller disconnects
	close(g.reached)
	<-r.Context().Done()
}
