// Fleet sweeps a large fleet with many worker processes and stores the events of the platform's callbacks. No process
// that dies loses work: the state is in NATS JetStream.
//
//	cd examples/fleet && go run .
//
// It needs no account and no installation: it starts a NATS server, a stand-in for the platform and worker processes,
// kills one worker in the middle, and counts the cards and events. README.md describes how it works, how to run its
// parts separately, and how far it scales.
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

// A config holds the flags.
type config struct {
	settings
	atOnce int    // concurrent pages of a worker
	addr   string // to listen at
	store  string // folder of the NATS server
	name   string // of a sweep or a worker
	size   int    // cards per page
	demo   int    // number of cards of the stand-in
}

func run(ctx context.Context, args []string, out io.Writer) error {
	role := "demo"
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		role, args = args[0], args[1:]
	}
	runRole, ok := map[string]func(context.Context, config, io.Writer) error{
		"demo": runDemo, "server": runServer, "worker": runWorker, "callbacks": runCallbacks, "sweep": runSweep,
	}[role]
	if !ok {
		return fmt.Errorf("unknown part %q: want server, worker, callbacks or sweep, or nothing for all of them", role)
	}
	c, err := parse(role, args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	return runRole(ctx, c, out)
}

// parse parses the flags. Each part has only the flags that it uses. Give the flags of settings to all parts alike.
func parse(role string, args []string) (config, error) {
	c := config{settings: settings{space: "fleet", rate: 20, window: time.Second, ackWait: 30 * time.Second, replicas: 1}}
	if role == "demo" { // uses its own streams, and does not wait for long
		c.space, c.ackWait = "fleet-demo-"+strings.ToLower(rand.Text()[:8]), 2*time.Second
	}
	flags := flag.NewFlagSet("fleet "+role, flag.ContinueOnError)
	if role != "server" {
		flags.StringVar(&c.space, "space", c.space, "prefix of the names of streams and subjects, to separate accounts")
		flags.IntVar(&c.rate, "rate", c.rate, "calls to the platform per second, for all processes together")
		flags.DurationVar(&c.ackWait, "ack-wait", c.ackWait, "time of silence after which a worker counts as dead")
		flags.IntVar(&c.replicas, "replicas", c.replicas, "number of servers of the cluster that store each message, 1 to 5")
	}
	switch role {
	case "demo":
		flags.IntVar(&c.demo, "demo", 20_000, "number of cards of the stand-in")
		flags.IntVar(&c.size, "size", 250, "cards per page, 1 to 1000")
	case "server":
		flags.StringVar(&c.addr, "addr", "127.0.0.1:4222", "address to listen at")
		flags.StringVar(&c.store, "store", "fleet-store", "folder for the messages")
	case "worker":
		flags.StringVar(&c.name, "name", workerName(), "name of the worker in the results")
		flags.IntVar(&c.atOnce, "at-once", 4, "number of pages to read concurrently")
	case "callbacks":
		flags.StringVar(&c.addr, "addr", ":8080", "address to listen at")
	case "sweep":
		flags.StringVar(&c.name, "name", time.Now().UTC().Format("20060102-150405"),
			"name of the sweep; a running one is watched, an ended one is shown")
		flags.IntVar(&c.size, "size", 1000, "cards per page, 1 to 1000")
	}
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q: use flags, see -h", flags.Arg(0))
	}
	return c, c.check(role)
}

func (c config) check(role string) error {
	switch {
	case c.rate < 1:
		return errors.New("-rate: want at least 1 call per second")
	case c.ackWait < 100*time.Millisecond:
		return errors.New("-ack-wait: want at least 100ms")
	case (role == "demo" || role == "sweep") && (c.size < 1 || c.size > 1000):
		return errors.New("-size: want 1 to 1000 cards per page")
	case role == "worker" && c.atOnce < 1:
		return errors.New("-at-once: want at least 1 page")
	case c.demo < 0:
		return errors.New("-demo: want 0 or more cards")
	case !isToken(c.space) || role == "sweep" && !isToken(c.name):
		return errors.New("-space and -name: want letters, digits, - and _ only")
	}
	return nil
}

// isToken reports whether a text can be a part of names and subjects of NATS.
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
