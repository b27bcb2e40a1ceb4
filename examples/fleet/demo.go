package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

const (
	demoWorkers = 3
	demoGrowth  = 300 // cards that are added during the sweep; each sends an SMS
	demoRepeat  = 10  // every tenth callback is sent twice
	demoToken   = "demo-token"
	demoSweep   = "demo"
)

// A demo runs everything on one machine: NATS, the platform and the receiver in this process, workers in others.
type demo struct {
	*streams
	cards    int // at the start
	size     int // cards per page
	out      io.Writer
	natsURL  string
	platform *quecloudtest.Server
	added    []quecloudtest.Card
	grown    chan struct{}
	workers  []*exec.Cmd
	running  sync.WaitGroup // of the workers
}

func runDemo(ctx context.Context, c config, out io.Writer) (err error) {
	d := &demo{cards: c.demo, size: c.size, out: out, natsURL: os.Getenv("NATS_URL"), grown: make(chan struct{})}
	if d.natsURL == "" {
		store, err := os.MkdirTemp("", "fleet-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(store)
		srv, err := startServer("127.0.0.1:0", store)
		if err != nil {
			return err
		}
		defer srv.WaitForShutdown()
		defer srv.Shutdown()
		d.natsURL = srv.ClientURL()
	}
	nc, err := connect(d.natsURL)
	if err != nil {
		return err
	}
	defer nc.Close()
	if d.streams, err = open(ctx, nc, c.settings); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.remove(context.WithoutCancel(ctx))) }()
	return d.run(ctx)
}

func (d *demo) run(ctx context.Context) error {
	var grow sync.Once
	d.platform = quecloudtest.NewServer(quecloudtest.WithFleet(d.cards),
		quecloudtest.WithFaults(quecloudtest.Latency(50*time.Millisecond)),
		quecloudtest.WithCallbackRetries(100), quecloudtest.WithCallbackInterval(200*time.Millisecond),
		quecloudtest.WithObserver(func(quecloudtest.Request) { grow.Do(d.grow) })) // once the sweep knows the size
	defer d.platform.Close()
	url, stop, err := d.receive(ctx)
	if err != nil {
		return err
	}
	defer stop()
	d.platform.SetSMSCallback(url)
	defer d.stopWorkers()
	for i := range demoWorkers {
		if err := d.startWorker(ctx, fmt.Sprintf("worker-%d", i+1)); err != nil {
			return err
		}
	}
	fmt.Fprintf(d.out, "%d worker processes sweep %d cards, together at %d calls a second.\n",
		demoWorkers, d.cards, d.rate)
	start := time.Now()
	if err := d.add(ctx, item{Sweep: demoSweep, Kind: kindStart, Size: d.size}); err != nil {
		return err
	}
	select {
	case <-d.grown:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	events := make(chan error, 1)
	go func() { events <- d.sendEvents(ctx) }()
	if err := d.waitFor(ctx, "done.sweep.>", d.cards/d.size/3); err != nil {
		return err
	}
	if err := d.workers[0].Process.Kill(); err != nil {
		return err
	}
	fmt.Fprintln(d.out, "worker-1 was killed. The other workers get its items.")
	if err := d.watch(ctx, demoSweep, d.out, 500*time.Millisecond); err != nil {
		return err
	}
	took := time.Since(start)
	if err := errors.Join(<-events, d.waitFor(ctx, "done.callbacks", demoGrowth)); err != nil {
		return err
	}
	return d.check(ctx, took)
}

// grow adds cards to the fleet.
func (d *demo) grow() {
	for range demoGrowth {
		d.added = append(d.added, d.platform.AddCard(quecloudtest.Card{}))
	}
	close(d.grown)
}

// receive starts the receiver of callbacks.
func (d *demo) receive(ctx context.Context) (url string, stop func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		_ = serve(ctx, listener, d.receiver(demoToken))
	}()
	return "http://" + listener.Addr().String() + "/quecloud/sms?token=" + demoToken, func() { cancel(); <-stopped }, nil
}

// startWorker starts this program as a worker process.
func (d *demo) startWorker(ctx context.Context, name string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, "worker", "-name", name, "-space", d.space, "-rate", fmt.Sprint(d.rate),
		"-ack-wait", d.ackWait.String(), "-replicas", fmt.Sprint(d.replicas))
	cmd.Env = append(os.Environ(), "NATS_URL="+d.natsURL, "QUECLOUD_BASE_URL="+d.platform.URL,
		"QUECLOUD_APP_KEY="+d.platform.AppKey, "QUECLOUD_APP_SECRET="+d.platform.Secret)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	d.running.Go(func() { _ = cmd.Wait() }) // fails: the process is killed
	d.workers = append(d.workers, cmd)
	return nil
}

// stopWorkers kills the workers. They are made to survive it.
func (d *demo) stopWorkers() {
	for _, worker := range d.workers {
		_ = worker.Process.Kill() // fails for the one killed before
	}
	d.running.Wait()
}

// sendEvents lets the added cards send SMS. The platform sends some of the callbacks twice.
func (d *demo) sendEvents(ctx context.Context) error {
	for i, card := range d.added {
		d.platform.ReceiveSMS(card.ICCID, fmt.Sprintf("reading %d: 21.5 °C", i))
		if i%demoRepeat == 0 {
			deliveries := d.platform.Deliveries()
			last := deliveries[len(deliveries)-1]
			resp, err := http.Post(last.URL, "application/json", strings.NewReader(last.Body))
			if err != nil {
				return err
			}
			if err := resp.Body.Close(); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// waitFor waits until there are n results.
func (d *demo) waitFor(ctx context.Context, subject string, n int) error {
	for {
		count, err := d.count(ctx, d.done, subject)
		if err != nil || count >= uint64(n) {
			return err
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// check shows the counts. It returns an error if something was lost or the limit did not hold.
func (d *demo) check(ctx context.Context, took time.Duration) error {
	visited, byWorker := map[string]bool{}, map[string]int{}
	for r, err := range d.results(ctx, demoSweep) {
		if err != nil {
			return err
		}
		for _, card := range r.Cards {
			visited[card.ICCID] = true
		}
		byWorker[r.Worker]++
	}
	events, err := d.count(ctx, d.streams.callbacks, "callbacks.>")
	if err != nil {
		return err
	}
	handled, err := d.count(ctx, d.done, "done.callbacks")
	if err != nil {
		return err
	}
	pages, _, err := d.total(ctx, demoSweep)
	if err != nil {
		return err
	}
	calls, cards := len(d.platform.Requests()), d.cards+len(d.added)
	allowed := d.rate * (int(took/d.window) + 1)
	fmt.Fprintf(d.out, "cards        %d in the fleet, %d of them added during the sweep; %d visited, on %d pages\n",
		cards, len(d.added), len(visited), pages)
	for i := range demoWorkers {
		name := fmt.Sprintf("worker-%d", i+1)
		fmt.Fprintf(d.out, "  %s   %d pages\n", name, byWorker[name])
	}
	fmt.Fprintf(d.out, "calls        %d in %.1f s; the limit allows %d\n", calls, took.Seconds(), allowed)
	deliveries := d.platform.Deliveries()
	failed := len(slices.DeleteFunc(deliveries, func(d quecloudtest.Delivery) bool { return d.OK }))
	fmt.Fprintf(d.out, "events       %d sent, %d of them twice; %d in the stream, %d handled; %d callbacks failed\n",
		len(d.added), (len(d.added)+demoRepeat-1)/demoRepeat, events, handled, failed)
	switch {
	case len(visited) != cards:
		return errors.New("cards were lost")
	case int(events) != len(d.added) || int(handled) != len(d.added):
		return errors.New("events were lost or counted twice")
	case calls > allowed:
		return errors.New("the limit did not hold")
	}
	return nil
}
