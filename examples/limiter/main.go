// Limiter shows how several processes share one rate limit for the calls of an account.
//
//	cd examples/limiter && go run .
//
// It starts a stand-in for the platform and several more processes. Each has its own client and makes calls as fast as
// it may. One limit in Redis holds them back. At the end it shows when the calls arrived.
//
// It needs no installation: it has a Redis built in. With REDIS_ADDR set (host:port) it uses that Redis.
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
		fmt.Fprintln(flag.CommandLine.Output(), "limiter takes no arguments. It reads REDIS_ADDR from the environment.")
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
	if encoded := os.Getenv(workloadEnv); encoded != "" {
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

// demonstrate starts processes that make calls under a limit, and shows when the calls arrived. It returns an error if
// the limit did not hold.
func demonstrate(
	ctx context.Context, out io.Writer, redisAddr string, processes, calls int, limit redis_rate.Limit,
) error {
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

	fmt.Fprintf(out, "%d processes make %d calls each. Together they may make %v, by a limit in Redis at %s.\n\n",
		processes, calls, limit, redisAddr)
	start := time.Now()
	err := runProcesses(ctx, out, processes, workload{
		URL: platform.URL, AppKey: platform.AppKey, Secret: platform.Secret,
		Redis: redisAddr, Limit: limit, Calls: calls,
	})
	if err != nil {
		return err
	}
	return showRate(out, platform.Requests(), limit, start, time.Now())
}

// runProcesses starts n processes with the workload, waits for them and shows their output.
func runProcesses(ctx context.Context, out io.Writer, n int, load workload) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // kills the processes that still run
	output := make([]bytes.Buffer, n)
	waits := make([]func() error, n)
	for i := range n {
		cmd, err := load.command(ctx)
		if err != nil {
			return err
		}
		cmd.Stdout, cmd.Stderr = &output[i], &output[i]
		if err := cmd.Start(); err != nil {
			return err
		}
		waits[i] = cmd.Wait
	}
	var failed error
	for i, wait := range waits {
		failed = errors.Join(failed, wait())
		fmt.Fprintf(out, "process %d: %s", i+1, output[i].String())
	}
	return failed
}

// showRate shows when calls arrived. It returns an error if they were more than the limit allows.
func showRate(out io.Writer, requests []quecloudtest.Request, limit redis_rate.Limit, start, end time.Time) error {
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
	fmt.Fprintf(out, "\n%d calls in %.2f s; the limit allows %d.\n", len(requests), took.Seconds(), allowed)
	if len(requests) > allowed {
		return errors.New("the limit did not hold")
	}
	return nil
}
