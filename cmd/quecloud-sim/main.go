// Quecloud-sim serves a stand-in for Quectel's SIM platform on a port, to test programs in any language. It keeps its
// state in memory. See package quecloudtest for its behavior and limits.
//
//	go run github.com/quecloud/quecloud-go/cmd/quecloud-sim@latest -addr 127.0.0.1:8080 -cards 1000
//	go run github.com/quecloud/quecloud-go/cmd/quecloud-sim@latest -fault status=503,on=card.info,p=0.1
//
// The simulator logs every call on a line: HTTP status, result code, duration, method, parameters and the reason of a
// refusal. It never writes signatures, secrets other than the public default secret, or the query, user and password of
// callback URLs. SIGINT and SIGTERM stop it.
//
// # Signing a call
//
// A call is a POST of a form to any path, such as /openapi/router. The signature covers all parameters, including the
// system parameters appKey, method and t, except sign, alarmParam, alarmStatus and pauseStatus. It is the upper-case
// SHA-1 of the secret, each name followed by its value in the order of the names (capitals first), and the secret
// again. Sign the values before they are escaped for the form. t is the time in Unix seconds, at most 300 from the
// server's time. In a shell:
//
//	key=000001 secret=quecloudtest-secret t=$(date +%s)
//	text="appKey${key}methodfc.function.card.infomsisdn1064800000000t${t}"
//	sign=$(printf %s "$secret$text$secret" | openssl sha1 -r | cut -c 1-40 | tr a-f A-F)
//	curl -s http://127.0.0.1:8080/openapi/router --data-urlencode "appKey=$key" -d "t=$t" -d "sign=$sign" \
//	  -d method=fc.function.card.info -d msisdn=1064800000000
//
// # Control
//
// With -control the simulator serves the methods of quecloudtest.Server by HTTP on a second address, for tests in any
// language. Use a loopback address: the control has no authentication.
//
//	curl -s 127.0.0.1:9090/sms -d '{"card":"1064800000000","content":"door open"}'
//	curl -s 127.0.0.1:9090/faults -d '{"fault":"status=503,on=card.info,times=2"}'
//	curl -s 127.0.0.1:9090/deliveries
//
// The control accepts these requests:
//
//	POST   /advance      {"seconds":600}              moves the clock forward and runs everything that becomes due
//	POST   /sms          {"card":"…","content":"…"}   receives an SMS from a card
//	POST   /usage        {"card":"…","date":"…",      sets the data that a card used on a date, yyyy-MM-dd
//	                     "mb":12.5}
//	POST   /deposit      {"yuan":"12.50"}             adds money to the wallet
//	POST   /fail-orders  {"n":1,"reason":"…"}         fails the next orders
//	POST   /purchases    {"duplicates":"refused"}     sets the response to duplicate purchases: succeed, refused or
//	                                                  refused-with-order; also recordSeconds and walletSeconds, see
//	                                                  PurchaseRules of quecloudtest
//	POST   /faults       {"fault":"…"}                injects a fault, see -fault
//	DELETE /faults                                    removes all faults
//	GET    /cards/{number}, /orders, /wallet, /sms    returns the state; sms are messages to cards
//	GET    /requests, /deliveries                     returns the last 10,000 requests, and deliveries of callbacks
//	GET    /clock                                     returns the time, and the value of t
//
// Responses are JSON. Members have the names of the fields of quecloudtest's Card, Order, Wallet, SMS, Request and
// Delivery, with small letters first: iccid, pauseReason, httpStatus. Money is text in yuan. An error is
// {"error":"…"} with HTTP status 400, or 404 for an unknown path or card. POST /advance and /sms respond after the
// deliveries of the resulting callbacks, so a receiver of callbacks must not call them. After /advance the server's
// clock is ahead of yours: take t from /clock.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/quecloud/quecloud-go/internal/simulator"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "quecloud-sim:", err)
		os.Exit(1)
	}
}

const shutdownTime = 5 * time.Second

// run serves until ctx ends.
func run(ctx context.Context, args []string, out, usage io.Writer) error {
	cfg, err := parse(args, usage)
	if err != nil {
		return err
	}
	logger := log.New(out, "", log.Ltime)
	opts := append(cfg.options(), simulator.Log(logger, cfg.secret)...)
	if cfg.control == "" {
		opts = append(opts, quecloudtest.WithRequestLimit(0)) // only the control returns them
	}
	listener, err := net.Listen("tcp", cfg.addr)
	if err != nil {
		return err
	}
	sim := quecloudtest.NewUnstartedServer(opts...)
	defer sim.Close()
	ports := []port{{listener, sim}}
	fmt.Fprintf(out, "quecloud-sim serves %d cards on http://%s/openapi/router\n", cfg.cards, listener.Addr())
	fmt.Fprintln(out, cfg.credentials())
	if cfg.control != "" {
		listener, err := net.Listen("tcp", cfg.control)
		if err != nil {
			return errors.Join(err, ports[0].listener.Close())
		}
		ports = append(ports, port{listener, simulator.New(sim, logger, cfg.control).Handler()})
		fmt.Fprintf(out, "control on http://%s/\n", listener.Addr())
	}
	return serve(ctx, ports, logger, func() {
		fmt.Fprintln(out, "quecloud-sim stops")
		sim.Close() // cancels delayed calls
	})
}

// A port is a handler on a listener.
type port struct {
	listener net.Listener
	handler  http.Handler
}

// serve serves ports until ctx ends or one of them fails. It calls stopping before it waits for running calls.
func serve(ctx context.Context, ports []port, logger *log.Logger, stopping func()) (err error) {
	served := make(chan error, len(ports))
	servers := make([]*http.Server, len(ports))
	for i, p := range ports {
		servers[i] = &http.Server{Handler: p.handler, ReadHeaderTimeout: 10 * time.Second, ErrorLog: logger}
		go func() { served <- servers[i].Serve(p.listener) }()
	}
	select {
	case err = <-served:
	case <-ctx.Done():
	}
	stopping()
	last, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	for _, server := range servers {
		err = errors.Join(err, server.Shutdown(last))
	}
	return err
}

// credentials returns the application key, and the secret if it is the default.
func (c *config) credentials() string {
	if c.secret == quecloudtest.DefaultSecret {
		return fmt.Sprintf("appKey %s, secret %s", c.appKey, c.secret)
	}
	return fmt.Sprintf("appKey %s, secret (hidden)", c.appKey)
}
