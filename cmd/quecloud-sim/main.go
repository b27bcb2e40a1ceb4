// Quecloud-sim serves a stand-in for Quectel's SIM platform on a port, to test programs in any language. It has a page
// to look at, and a control for tests. See package quecloudtest for its behavior and limits.
//
//	go run github.com/quecloud/quecloud-go/cmd/quecloud-sim@latest -addr 127.0.0.1:8080 -control 127.0.0.1:9090
//	go run github.com/quecloud/quecloud-go/cmd/quecloud-sim@latest -fault status=503,on=card.info,p=0.1
//
// Every flag has an environment variable: QUECLOUD_SIM_ORDER_DELAY sets -order-delay. Flags win. SIGINT and SIGTERM
// stop the simulator.
//
// The simulator logs every call on a line: its own time, HTTP status, result code, duration, method, parameters and the
// reason of a refusal. After a call with a wrong signature it logs the string to sign that it expected, both
// signatures, and what the client probably does wrong. It never writes secrets other than the public default secret,
// nor the query, user and password of callback URLs.
//
// # Signing a call
//
// A call is a POST of a form to any path, such as /openapi/router. The signature covers all parameters, including the
// system parameters appKey, method and t, except sign, alarmParam, alarmStatus and pauseStatus. It is the upper-case
// SHA-1 of the secret, each name followed by its value in the order of the names (capitals first), and the secret
// again. Sign the values before they are escaped for the form. t is the time in Unix seconds, at most 300 from the
// simulator's time or the real one. In a shell:
//
//	key=000001 secret=quecloudtest-secret t=$(date +%s)
//	text="appKey${key}methodfc.function.card.infomsisdn1064800000000t${t}"
//	sign=$(printf %s "$secret$text$secret" | openssl sha1 -r | cut -c 1-40 | tr a-f A-F)
//	curl -s http://127.0.0.1:8080/openapi/router --data-urlencode "appKey=$key" -d "t=$t" -d "sign=$sign" \
//	  -d method=fc.function.card.info -d msisdn=1064800000000
//
// The file docs/signatures.json of the repository has examples of signatures, to test a client without a server.
//
// # Control
//
// With -control the simulator serves its page on a second address, and everything that quecloudtest.Server can do by
// HTTP, for tests in any language. Use a loopback address: the control has no authentication.
//
//	curl -s 127.0.0.1:9090/sms -d '{"card":"1064800000000","content":"door open"}'
//	curl -s 127.0.0.1:9090/faults -d '{"fault":"status=503,on=card.info,times=2"}'
//	curl -s 127.0.0.1:9090/deliveries
//
// GET / lists all requests, and GET /openapi.json describes them. Bodies and responses are JSON. Money is text in yuan.
// An error is {"error":"…"} with an HTTP status from 400 on. POST /advance and /sms respond after the deliveries of the
// resulting callbacks, so a receiver of callbacks must not call them. Requests to another host than localhost, an
// address or the names of -control-host are refused, as are those that a web page of another site makes.
//
// # Waiting, time and state
//
// A script or a container waits for the simulator with
//
//	quecloud-sim ready -control 127.0.0.1:9090 -wait 10s
//
// With -time the clock stands, so that dates stay the same; the control moves it. Clients may still use the real clock,
// unless -t-check is sim. -scenario starts from a file, and POST /reset returns to it. With -state the simulator starts
// where it ended.
//
// # HTTPS
//
// Clients that call https:// only need a certificate that they trust. -tls makes one at each start, for localhost,
// 127.0.0.1, ::1 and the names of -tls-host. Its CA is in the file of -tls-ca:
//
//	quecloud-sim -tls -tls-ca ca.pem
//	curl --cacert ca.pem https://127.0.0.1:8080/openapi/router
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/simulator"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.LookupEnv, os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "quecloud-sim:", err)
		os.Exit(1)
	}
}

// run runs the command until ctx ends.
func run(ctx context.Context, args []string, lookup environment, out, usage io.Writer) error {
	if len(args) > 0 && args[0] == "ready" {
		return ready(ctx, args[1:], lookup, usage)
	}
	cfg, err := parse(args, lookup, usage)
	if err != nil {
		return err
	}
	if cfg.version {
		_, err := fmt.Fprintf(out, "quecloud-sim %s %s %s/%s\n",
			quecloud.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return err
	}
	return simulator.Run(ctx, &cfg.Config, out)
}
