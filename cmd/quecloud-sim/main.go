// Quecloud-sim serves a stand-in for Quectel's SIM platform on a port, for programs in any language to be tested against.
// It keeps its state in memory and forgets it when it ends. See package quecloudtest for what it does and what it leaves
// out.
//
//	go run github.com/quecloud/quecloud-go/cmd/quecloud-sim -addr 127.0.0.1:8080 -cards 1000
//	go run github.com/quecloud/quecloud-go/cmd/quecloud-sim -fault status=503,on=card.info,p=0.1,header=Retry-After:1
//
// Every call is logged on a line: HTTP status, result code, duration, method, parameters, and why it was refused. Neither
// the secret nor a signature is ever written, save for the secret that everybody knows because it is the default, and of
// the URLs for callbacks neither the query nor user and password. SIGINT and SIGTERM end it.
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
	"net/url"
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
		quecloudtest.WithRequestLimit(0),
		quecloudtest.WithObserver(func(r quecloudtest.Request) { logger.Print(callLine(r)) }),
		quecloudtest.WithDeliveryObserver(func(d quecloudtest.Delivery) { logger.Print(deliveryLine(d)) }),
	)
	listener, err := net.Listen("tcp", cfg.addr)
	if err != nil {
		return err
	}
	sim := quecloudtest.NewUnstartedServer(opts...)
	server := &http.Server{Handler: sim, ReadHeaderTimeout: 10 * time.Second, ErrorLog: logger}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Fprintf(out, "quecloud-sim serves %d cards on http://%s/openapi/router\n", cfg.cards, listener.Addr())
	fmt.Fprintln(out, cfg.credentials())

	select {
	case err = <-served:
		sim.Close()
		return err
	case <-ctx.Done():
	}
	fmt.Fprintln(out, "quecloud-sim ends")
	sim.Close() // first, because it ends calls that are held up
	last, cancel := context.WithTimeout(context.Background(), shutdownTime)
	defer cancel()
	return server.Shutdown(last)
}

// credentials says which application key to use, and the secret if it is no secret.
func (c *config) credentials() string {
	if c.secret == quecloudtest.DefaultSecret {
		return fmt.Sprintf("appKey %s, secret %s", c.appKey, c.secret)
	}
	return fmt.Sprintf("appKey %s, and the secret that was given", c.appKey)
}

// callLine describes a call.
func callLine(r quecloudtest.Request) string {
	status := fmt.Sprint(r.HTTPStatus)
	if r.HTTPStatus == 0 {
		status = "cut"
	}
	method := strings.TrimPrefix(r.Method, "fc.function.")
	if method == "" {
		method = "(no method)"
	}
	line := fmt.Sprintf("%s %s resultCode=%d %v %s", r.Verb, status, r.ResultCode, r.Duration.Round(time.Microsecond), clip(method))
	for _, name := range slices.Sorted(maps.Keys(r.Params)) {
		switch name {
		case "appKey", "method", "t":
		case "secret": // no parameter of the platform; whoever sends it does so by mistake
			line += " secret=(hidden)"
		default:
			line += " " + clip(name) + "=" + clip(r.Params[name])
		}
	}
	if r.Reason != "" {
		line += " — " + clip(r.Reason)
	}
	if len(r.Faults) > 0 {
		line += " [" + strings.Join(r.Faults, " ") + "]"
	}
	return line
}

// deliveryLine describes an attempt to deliver a callback.
func deliveryLine(d quecloudtest.Delivery) string {
	d = hideSecrets(d)
	switch {
	case d.Err != nil:
		return fmt.Sprintf("callback, attempt %d: %s: %v", d.Attempt, d.URL, d.Err)
	case d.OK:
		return fmt.Sprintf("callback, attempt %d: %s took it", d.Attempt, d.URL)
	}
	return fmt.Sprintf("callback, attempt %d: %s answered %d %q, which is not success", d.Attempt, d.URL, d.HTTPStatus, clip(d.Answer))
}

// hideSecrets takes from a delivery what callbacks are protected with: query, user and password of the URL. Receivers
// repeat them in the pages on which they say that something went wrong.
func hideSecrets(d quecloudtest.Delivery) quecloudtest.Delivery {
	u, err := url.Parse(d.URL)
	if err != nil {
		return quecloudtest.Delivery{Attempt: d.Attempt, Err: errors.New("the URL cannot be read")}
	}
	secrets := []string{u.RawQuery}
	for _, values := range u.Query() {
		secrets = append(secrets, values...)
	}
	if u.User != nil {
		password, _ := u.User.Password()
		secrets = append(secrets, u.User.Username(), password)
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment, u.RawFragment = nil, "", false, "", ""
	d.URL = u.String()
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	hide := func(text string) string {
		for _, secret := range secrets {
			if len(secret) > 3 { // the 1 of v=1 is none, and would be hidden in every number
				text = strings.ReplaceAll(text, secret, "(hidden)")
			}
		}
		return text
	}
	d.Answer = hide(d.Answer)
	if sending, ok := errors.AsType[*url.Error](d.Err); ok {
		d.Err = sending.Err // without the URL
	}
	if d.Err != nil {
		d.Err = errors.New(hide(d.Err.Error()))
	}
	return d
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
