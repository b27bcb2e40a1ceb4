// Limiter shows how several processes share one limit on the calls of an account.
//
//	cd examples/limiter && go run .
//
// It starts a stand-in for the platform, and itself several times more. Each of these processes has a client of its own
// and makes calls as fast as it may; what holds them back is one limit in Redis. In the end it shows when the calls came.
//
// Nothing needs to be installed: it brings a Redis along. With REDIS_ADDR set (host:port) it uses that one.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/go-redis/redis_rate/v10"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "limiter takes no arguments. It looks at the environment for REDIS_ADDR.")
	}
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "unexpected argument %q\n", flag.Arg(0))
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if encoded := os.Getenv(taskEnv); encoded != "" {
		err = work(ctx, os.Stdout, encoded)
	} else {
		err = demonstrate(ctx, os.Stdout, os.Getenv("REDIS_ADDR"), 4, 15,
			redis_rate.Limit{Rate: 20, Burst: 5, Period: time.Second})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// demonstrate lets processes make calls under a limit, and shows when they came. It is an error if the limit did not hold.
func demonstrate(ctx context.Context, out io.Writer, redisAddr string, processes, calls int, limit redis_rate.Limit) error {
	if redisAddr == "" {
		embedded, err := miniredis.Run()
		if err != nil {
			return err
		}
		defer embedded.Close()
		redisAddr = embedded.Addr()
	}
	platform := quecloudtest.NewServer()
	defer platform.Close()

	fmt.Fprintf(out, "%d processes make %d calls each. Their limit is %v for all together, kept in Redis at %s.\n\n",
		processes, calls, limit, redisAddr)
	start := time.Now()
	err := inProcesses(ctx, out, processes, task{
		URL: platform.URL, AppKey: platform.AppKey, Secret: platform.Secret,
		Redis: redisAddr, Limit: limit, Calls: calls,
	})
	if err != nil {
		return err
	}
	return judge(out, platform.Requests(), limit, start, time.Now())
}

// inProcesses gives a task to new processes, waits for them and shows what they say.
func inProcesses(ctx context.Context, out io.Writer, n int, t task) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // kills those that still run
	said := make([]bytes.Buffer, n)
	waits := make([]func() error, n)
	for i := range n {
		cmd, err := t.command(ctx)
		if err != nil {
			return err
		}
		cmd.Stdout, cmd.Stderr = &said[i], &said[i]
		if err := cmd.Start(); err != nil {
			return err
		}
		waits[i] = cmd.Wait
	}
	var failed error
	for i, wait := range waits {
		failed = errors.Join(failed, wait())
		fmt.Fprintf(out, "process %d: %s", i+1, said[i].String())
	}
	return failed
}

// judge shows when calls came, and whether they were more than a limit allows.
func judge(out io.Writer, requests []quecloudtest.Request, limit redis_rate.Limit, start, end time.Time) error {
	perSecond := make([]int, int(end.Sub(start)/time.Second)+1)
	for _, r := range requests {
		perSecond[min(int(r.Time.Sub(start)/time.Second), len(perSecond)-1)]++
	}
	fmt.Fprintln(out)
	for i, n := range perSecond {
		fmt.Fprintf(out, "second %d: %3d %s\n", i+1, n, strings.Repeat("▪", min(n, 100)))
	}
	took := end.Sub(start)
	allowed := limit.Burst + int(float64(limit.Rate)*took.Seconds()/limit.Period.Seconds())
	fmt.Fprintf(out, "\n%d calls came in %.2f s, and the limit allows %d.\n", len(requests), took.Seconds(), allowed)
	if len(requests) > allowed {
		return errors.New("the limit did not hold")
	}
	return nil
}
