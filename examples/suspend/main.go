// Suspend suspends every card that has used more than a volume this month.
//
//	cd examples/suspend && go run .                       # shows what it would do, in a demonstration
//	cd examples/suspend && go run . -over 800             # shows what it would do
//	cd examples/suspend && go run . -over 800 -apply      # does it
//
// Each card's result goes into a CSV file at once. The program can be stopped at any time: calls under way are waited
// for. Started again with the same file, it goes on with the cards that are not done. Take another file for another
// occasion: a card that the file says is suspended is left alone, even if somebody has resumed it since.
//
// It needs no account: it talks to a stand-in for the platform that it starts itself. With QUECLOUD_APP_KEY and
// QUECLOUD_APP_SECRET set it talks to the platform instead: the volume must be given then, and -apply takes real devices
// off the network.
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

// demoOver is the volume in MB of the demonstration.
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
	const about = "volume in `MB` this month above which a card is suspended, 0 or more; needed with an account, else 800"
	flags.Func("over", about, func(text string) (err error) {
		if over, err = strconv.ParseFloat(text, 64); err != nil || !(over >= 0) || math.IsInf(over, 0) {
			return errors.New("want a number of MB, 0 or more")
		}
		return nil
	})
	apply := flags.Bool("apply", false, "do it, instead of only showing what would be done")
	path := flags.String("out", "suspended.csv", "file of results, which is continued if it is there")
	most := flags.Int("most", 1000, "refuse to suspend more cards than these")
	group := flags.Int64("group", 0, "only cards of this billing group; 0 for all")
	atOnce := flags.Int("at-once", 8, "calls to make at once")
	demo := flags.Int("demo", 3000, "cards of the stand-in")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: everything is said with flags, see -h", flags.Arg(0))
	}
	if over < 0 {
		if os.Getenv("QUECLOUD_APP_KEY") != "" {
			return errors.New("say with -over how many MB a card may use, as in -over 800")
		}
		over = demoOver
		fmt.Fprintf(out, "A demonstration: cards may use %v MB, as -over does not say how many.\n", over)
	}
	client, end, err := connect(*demo)
	if err != nil {
		return err
	}
	defer end()

	job := job{client: client, over: over, group: *group, atOnce: *atOnce, out: out, bars: bars}
	return job.run(ctx, *path, *most, *apply)
}

// connect returns a client of the account in the environment, or of a stand-in with so many cards.
func connect(cards int) (client *quecloud.Client, end func(), err error) {
	appKey, secret := os.Getenv("QUECLOUD_APP_KEY"), os.Getenv("QUECLOUD_APP_SECRET")
	if (appKey == "") != (secret == "") {
		return nil, nil, errors.New("set both QUECLOUD_APP_KEY and QUECLOUD_APP_SECRET, or neither")
	}
	if appKey != "" {
		client, err = quecloud.NewClient(appKey, secret, quecloud.WithUserAgent("quecloud-suspend"))
		return client, func() {}, err
	}
	srv := quecloudtest.NewServer(quecloudtest.WithFleet(cards), quecloudtest.WithFaults(quecloudtest.Latency(20*time.Millisecond)))
	return srv.Client(), srv.Close, nil
}
