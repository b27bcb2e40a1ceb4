// Quecloud-sim serves a stand-in for Quectel's SIM platform on a port, for programs in any language to be tested against.
// It keeps its state in memory and forgets it when it ends. See package quecloudtest for what it does and what it leaves
// out.
//
//	go run github.com/quecloud/quecloud-go/cmd/quecloud-sim@latest -addr 127.0.0.1:8080 -cards 1000
//	go run github.com/quecloud/quecloud-go/cmd/quecloud-sim@latest -fault status=503,on=card.info,p=0.1,header=Retry-After:1
//
// Every call is logged on a line: HTTP status, result code, duration, method, parameters, and why it was refused. Neither
// the secret nor a signature is ever written, save for the secret that everybody knows because it is the default, and of
// the URLs for callbacks neither the query nor user and password. SIGINT and SIGTERM end it.
//
// # Signing a call
//
// A call is a POST of a form, to any path, such as /openapi/router. All parameters are signed, the system parameters
// appKey, method and t too, but for sign itself and for alarmParam, alarmStatus and pauseStatus. The signature is the
// upper-case SHA-1 of the secret, every name followed by its value in the order of the names (capitals first), and the
// secret again; values are signed as they are, and escaped only in the form. t is the time in Unix seconds, at most 300
// away from the server's. In a shell:
//
//	key=000001 secret=quecloudtest-secret t=$(date +%s)
//	text="appKey${key}methodfc.function.card.infomsisdn1064800000000t${t}"
//	sign=$(printf %s "$secret$text$secret" | openssl sha1 -r | cut -c 1-40 | tr a-f A-F)
//	curl -s http://127.0.0.1:8080/openapi/router --data-urlencode "appKey=$key" -d "t=$t" -d "sign=$sign" \
//	  -d method=fc.function.card.info -d msisdn=1064800000000
//
// # Control
//
// With -control a test in any language does what a test in Go does with the methods of quecloudtest.Server, on an address
// of its own that is best on loopback: whoever reaches it may do everything.
//
//	curl -s 127.0.0.1:9090/sms -d '{"card":"1064800000000","content":"door open"}'
//	curl -s 127.0.0.1:9090/faults -d '{"fault":"status=503,on=card.info,times=2"}'
//	curl -s 127.0.0.1:9090/deliveries
//
// These are all:
//
//	POST   /advance      {"seconds":600}                       moves the clock on, through all that becomes due
//	POST   /sms          {"card":"…","content":"…"}            a card sends an SMS
//	POST   /usage        {"card":"…","date":"…","mb":12.5}     a card used that much on a date, yyyy-MM-dd
//	POST   /deposit      {"yuan":"12.50"}                      money comes into the wallet
//	POST   /fail-orders  {"n":1,"reason":"…"}                  the next orders will fail
//	POST   /purchases    {"repeats":"refused"}                 what repeats of a purchase get: succeed, refused or
//	                                                           refused-with-order; also recordSeconds and walletSeconds,
//	                                                           see PurchaseRules of quecloudtest
//	POST   /faults       {"fault":"…"}                         something goes wrong, see -fault
//	DELETE /faults                                             takes back all faults
//	GET    /cards/{number}, /orders, /wallet, /sms             the state; sms are those sent to cards
//	GET    /requests, /deliveries                              the last 10,000 calls, and all callbacks
//	GET    /clock                                              the time, and what t must be
//
// Answers are JSON. Their members are named as the fields of quecloudtest's Card, Order, Wallet, SMS, Request and Delivery
// are, with small letters first: iccid, pauseReason, httpStatus. Money is text in yuan. What is wrong with a call is an
// {"error":"…"} under HTTP status 400, or 404 for what does not exist. POST /advance and /sms answer when the callbacks that
// they cause have been delivered or given up, so a receiver must not call them. After /advance the server's clock is ahead
// of yours: take t from /clock then.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

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
	opts := append(cfg.options(),
		quecloudtest.WithObserver(func(r quecloudtest.Request) { logger.Print(callLine(withoutSecrets(r, cfg.secret))) }),
		quecloudtest.WithDeliveryObserver(func(d quecloudtest.Delivery) { logger.Print(deliveryLine(hideSecrets(d))) }),
	)
	if cfg.control == "" {
		opts = append(opts, quecloudtest.WithRequestLimit(0)) // nobody can ask for them
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
		ports = append(ports, port{listener, (&controller{sim, logger}).handler()})
		fmt.Fprintf(out, "it is controlled on http://%s/\n", listener.Addr())
	}
	return serve(ctx, ports, logger, func() {
		fmt.Fprintln(out, "quecloud-sim ends")
		sim.Close() // first, because it ends calls that are held up
	})
}

// A port is something to serve, and where.
type port struct {
	listener net.Listener
	handler  http.Handler
}

// serve serves ports until ctx ends or one of them fails. Before it waits for calls that are under way it calls ending.
func serve(ctx context.Context, ports []port, logger *log.Logger, ending func()) (err error) {
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
	ending()
	last, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	for _, server := range servers {
		err = errors.Join(err, server.Shutdown(last))
	}
	return err
}

// credentials says which application key to use, and the secret if it is no secret.
func (c *config) credentials() string {
	if c.secret == quecloudtest.DefaultSecret {
		return fmt.Sprintf("appKey %s, secret %s", c.appKey, c.secret)
	}
	return fmt.Sprintf("appKey %s, and the secret that was given", c.appKey)
}

// callLine describes a call from which the secrets were taken.
func callLine(r quecloudtest.Request) string {
	status := fmt.Sprint(r.HTTPStatus)
	if r.HTTPStatus == 0 {
		status = "cut"
	}
	method := strings.TrimPrefix(r.Method, "fc.function.")
	if method == "" {
		method = "(no method)"
	}
	var line strings.Builder
	fmt.Fprintf(&line, "%s %s resultCode=%d %v %s",
		r.Verb, status, r.ResultCode, r.Duration.Round(time.Microsecond), clip(method))
	for _, name := range slices.Sorted(maps.Keys(r.Params)) {
		switch name {
		case "appKey", "method", "t":
		default:
			line.WriteString(" " + clip(name) + "=" + clip(r.Params[name]))
		}
	}
	if r.Reason != "" {
		line.WriteString(" — " + clip(r.Reason))
	}
	if len(r.Faults) > 0 {
		line.WriteString(" [" + strings.Join(r.Faults, " ") + "]")
	}
	return line.String()
}

// deliveryLine describes an attempt to deliver a callback, from which the secrets were taken.
func deliveryLine(d quecloudtest.Delivery) string {
	switch {
	case d.Err != nil:
		return fmt.Sprintf("callback, attempt %d: %s: %v", d.Attempt, d.URL, d.Err)
	case d.OK:
		return fmt.Sprintf("callback, attempt %d: %s took it", d.Attempt, d.URL)
	}
	return fmt.Sprintf("callback, attempt %d: %s answered %d %q, which is not success", d.Attempt, d.URL, d.HTTPStatus, clip(d.Response))
}

// clip makes a value fit a line: without control characters, and short.
func clip(v string) string {
	const most = 60
	v = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, v)
	if runes := []rune(v); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return v
}
