// Suspend suspends every card that has used more than a given volume this month.
//
//	cd examples/suspend && go run .                       # a demonstration: shows what it would do
//	cd examples/suspend && go run . -over 800             # shows what it would do
//	cd examples/suspend && go run . -over 800 -apply      # suspends the cards
//
// It writes each card's result to a CSV file at once. You can stop it at any time: it finishes the calls under way.
// When it runs again with the same file, it continues with the remaining cards. Use a new file for each occasion: a
// card that the file lists as suspended is skipped, even if somebody has resumed it since.
//
// It needs no account: it starts a stand-in for the platform. With QUECLOUD_APP_KEY and QUECLOUD_APP_SECRET set, it
// uses the platform instead. Then the volume must be given, and -apply takes real devices off the network.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// demoOver is the volume of the demonstration in MB.
const demoOver = 800

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, bars io.Writer) error {
	flags := flag.NewFlagSet("suspend", flag.ContinueOnError)
	flags.SetOutput(bars)
	over := -1.0
	const about = "suspend cards that used more than these `MB` this month, 0 or more; required with an account, else 800"
	flags.Func("over", about, func(text string) (err error) {
		if over, err = strconv.ParseFloat(text, 64); err != nil || !(over >= 0) || math.IsInf(over, 0) {
			return errors.New("want a number of MB, 0 or more")
		}
		return nil
	})
	apply := flags.Bool("apply", false, "suspend the cards, instead of showing what would be done")
	path := flags.String("out", "suspended.csv", "file of results; an existing one is continued")
	most := flags.Int("most", 1000, "maximum number of cards to suspend; with more, change nothing")
	group := flags.Int64("group", 0, "only the cards of this billing group; 0 for all")
	atOnce := flags.Int("at-once", 8, "number of concurrent calls")
	demo := flags.Int("demo", 3000, "number of cards of the stand-in")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: use flags, see -h", flags.Arg(0))
	}
	if over < 0 {
		if os.Getenv("QUECLOUD_APP_KEY") != "" {
			return errors.New("set -over to the number of MB that a card may use, as in -over 800")
		}
		over = demoOver
		fmt.Fprintf(out, "-over is not set: this demonstration uses %v MB.\n", over)
	}
	client, end, err := connect(*demo)
	if err != nil {
		return err
	}
	defer end()

	job := job{client: client, over: over, group: *group, atOnce: *atOnce, out: out, bars: bars}
	return job.run(ctx, *path, *most, *apply)
}

// connect returns a client of the account in the environment, or of a stand-in with the given number of cards.
func connect(cards int) (client *quecloud.Client, end func(), err error) {
	appKey, secret := os.Getenv("QUECLOUD_APP_KEY"), os.Getenv("QUECLOUD_APP_SECRET")
	if (appKey == "") != (secret == "") {
		return nil, nil, errors.New("set both QUECLOUD_APP_KEY and QUECLOUD_APP_SECRET, or neither")
	}
	if appKey != "" {
		client, err = quecloud.NewClient(appKey, secret, quecloud.WithUserAgent("quecloud-suspend"))
		return client, func() {}, err
	}
	srv := quecloudtest.NewServer(quecloudtest.WithFleet(cards),
		quecloudtest.WithFaults(quecloudtest.Latency(20*time.Millisecond)))
	return srv.Client(), srv.Close, nil
}
