// Service keeps the cards of several accounts in order. Every night it stores all cards and their usage in SQLite, and
// suspends cards above their plan. By day it buys top-ups for other programs and receives the platform's callbacks. It
// may be killed at any time: see README.md.
//
//	cd examples/service && go run .                                        # a demonstration
//	cd examples/service && go run . -accounts accounts.json -above 0.95    # the service
//
// It needs no account: the demonstration uses a stand-in for the platform.
package main

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A service does the work of all accounts.
type service struct {
	settings
	db       *sql.DB
	accounts []*account
	metrics  *metrics
	log      *slog.Logger
	now      func() time.Time
}

// settings are what the flags set.
type settings struct {
	start    time.Duration // time of day at which a night starts, in China
	above    float64       // suspend cards that have used more than this share of their plan; 0: none
	most     int           // cards of an account to suspend at once; with more, suspend none
	doubt    time.Duration // time after which a call whose outcome is unknown can no longer be under way
	pageSize int           // cards per page; 0: the most. It must not change during a night.
}

func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	s := &service{metrics: new(metrics), now: time.Now, log: slog.New(slog.NewTextHandler(errOut, nil))}
	flags := flag.NewFlagSet("service", flag.ContinueOnError)
	flags.SetOutput(errOut)
	accounts := flags.String("accounts", "", "file of accounts; if empty, show a demonstration")
	path := flags.String("db", "service.db", "database")
	callbacks := flags.String("callbacks", ":8080", "address for the platform's callbacks")
	api := flags.String("api", "127.0.0.1:8081", "address for your programs; who can reach it can spend money")
	once := flags.Bool("once", false, "do the work of one night, and end")
	flags.DurationVar(&s.start, "start", 150*time.Minute, "time of day at which a night starts, in China")
	flags.Float64Var(&s.above, "above", 0, "suspend cards that used more than this share of their plan; 0 suspends none")
	flags.IntVar(&s.most, "most", 1000, "maximum number of cards of an account to suspend at once; with more, none is")
	flags.DurationVar(&s.doubt, "doubt", time.Minute, "time after which to look what a call without a response has done")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: use flags, see -h", flags.Arg(0))
	}
	if *accounts == "" {
		return demonstrate(ctx, out)
	}
	var err error
	if s.accounts, err = openAccounts(*accounts, s.metrics, s.log); err != nil {
		return err
	}
	if s.db, err = openDatabase(ctx, *path); err != nil {
		return err
	}
	defer s.db.Close()
	if *once {
		return s.runOnce(ctx)
	}
	return s.listen(ctx, *callbacks, *api, out)
}

// listen runs the service at two addresses.
func (s *service) listen(ctx context.Context, callbacks, api string, out io.Writer) error {
	callbackListener, err := net.Listen("tcp", callbacks)
	if err != nil {
		return err
	}
	apiListener, err := net.Listen("tcp", api)
	if err != nil {
		return errors.Join(err, callbackListener.Close())
	}
	fmt.Fprintf(out, "callbacks at %s, API at %s\n", callbackListener.Addr(), apiListener.Addr())
	return s.run(ctx, callbackListener, apiListener)
}

// runOnce does the work of the last night for all accounts.
func (s *service) runOnce(ctx context.Context) error {
	failures := make([]error, len(s.accounts))
	var running sync.WaitGroup
	for i, a := range s.accounts {
		running.Go(func() { failures[i] = s.runNight(ctx, a, s.nightOf(s.now())) })
	}
	running.Wait()
	return errors.Join(failures...)
}

// run runs the service until ctx ends. It then finishes what is under way: requests, callbacks, and calls that change
// something. That takes less than a minute.
func (s *service) run(ctx context.Context, callbacks, api net.Listener) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	store := newDedupStore(s.db)
	for listener, handler := range map[net.Listener]http.Handler{callbacks: s.callbacks(store), api: s.api()} {
		running.Go(func() {
			if err := serve(ctx, listener, handler); err != nil {
				cancel(err)
			}
		})
	}
	for _, a := range s.accounts {
		running.Go(func() { s.runNights(ctx, a) })
		running.Go(func() { s.followPurchases(ctx, a) })
	}
	running.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// serve serves until ctx ends, and then finishes the requests under way.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	srv := &http.Server{
		Handler: handler, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), 50*time.Second)
	defer cancel()
	return srv.Shutdown(finish)
}
