// Fleet does what one machine should not do alone: it sweeps a large fleet with many worker processes, and receives the
// platform's notifications without losing one, whichever of its parts dies. What has to last is in NATS JetStream.
//
//	cd examples/fleet && go run .
//
// It needs no account and nothing installed: it starts a NATS server, a stand-in for the platform and worker processes,
// kills one of these in the middle, and shows what became of every card and every notification. README.md tells how it
// works, how to run its parts by themselves, and how far it goes.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A config is what the command line says.
type config struct {
	settings
	atOnce int    // a worker's calls
	addr   string // to serve at
	store  string // the NATS server's folder
	name   string // of a sweep, or a worker
	size   int    // cards per page
	demo   int    // cards of the stand-in
}

func run(ctx context.Context, args []string, out io.Writer) error {
	role := "demo"
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		role, args = args[0], args[1:]
	}
	do, ok := map[string]func(context.Context, config, io.Writer) error{
		"demo": runDemo, "server": runServer, "worker": runWorker, "callbacks": runCallbacks, "sweep": runSweep,
	}[role]
	if !ok {
		return fmt.Errorf("%q is no part of it: want server, worker, callbacks, sweep, or nothing for all", role)
	}
	c, err := parse(role, args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	return do(ctx, c, out)
}

// parse reads the command line. Each part has the flags that it uses; those of settings must be the same everywhere.
func parse(role string, args []string) (config, error) {
	c := config{settings: settings{space: "fleet", rate: 20, window: time.Second, ackWait: 30 * time.Second, replicas: 1}}
	if role == "demo" { // has streams of its own, so that it does not meddle with others, and no time
		c.space, c.ackWait = "fleet-demo-"+strings.ToLower(rand.Text()[:8]), 2*time.Second
	}
	flags := flag.NewFlagSet("fleet "+role, flag.ContinueOnError)
	if role != "server" {
		flags.StringVar(&c.space, "space", c.space, "begins the names of streams and subjects, to keep accounts apart")
		flags.IntVar(&c.rate, "rate", c.rate, "calls to the platform per second, of all workers together")
		flags.DurationVar(&c.ackWait, "ack-wait", c.ackWait, "a worker that is silent for so long is taken for dead")
		flags.IntVar(&c.replicas, "replicas", c.replicas, "servers of the cluster that hold each message, 1 to 5")
	}
	switch role {
	case "demo":
		flags.IntVar(&c.demo, "demo", 20_000, "cards of the stand-in")
		flags.IntVar(&c.size, "size", 250, "cards per page, 1 to 1000")
	case "server":
		flags.StringVar(&c.addr, "addr", "127.0.0.1:4222", "address to serve at")
		flags.StringVar(&c.store, "store", "fleet-store", "folder for what has to last")
	case "worker":
		flags.StringVar(&c.name, "name", workerName(), "of the worker, in the results")
		flags.IntVar(&c.atOnce, "at-once", 4, "pages to read at once")
	case "callbacks":
		flags.StringVar(&c.addr, "addr", ":8080", "address to serve at")
	case "sweep":
		flags.StringVar(&c.name, "name", time.Now().UTC().Format("20060102-150405"),
			"of the sweep; one that is running is watched, and one that has ended is shown")
		flags.IntVar(&c.size, "size", 1000, "cards per page, 1 to 1000")
	}
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q: everything else is said with flags, see -h", flags.Arg(0))
	}
	return c, c.check(role)
}

func (c config) check(role string) error {
	switch {
	case c.rate < 1:
		return errors.New("-rate: want a call per second at least")
	case c.ackWait < 100*time.Millisecond:
		return errors.New("-ack-wait: want 100ms at least")
	case (role == "demo" || role == "sweep") && (c.size < 1 || c.size > 1000):
		return errors.New("-size: want 1 to 1000 cards per page")
	case role == "worker" && c.atOnce < 1:
		return errors.New("-at-once: want a page at least")
	case c.demo < 0:
		return errors.New("-demo: want 0 or more cards")
	case !isToken(c.space) || role == "sweep" && !isToken(c.name):
		return errors.New("-space and -name: want letters, digits, - and _ only")
	}
	return nil
}

// isToken reports whether a text can be a part of NATS's names and subjects.
func isToken(text string) bool {
	for _, r := range text {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_':
		default:
			return false
		}
	}
	return text != ""
}
