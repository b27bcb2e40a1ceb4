// Usage draws a chart of a month: what a card has used day by day, and which cards of the fleet have used most.
//
//	cd examples/usage && go run . -out usage.png
//
// It needs no account: it talks to a stand-in for the platform that it starts itself. With QUECLOUD_APP_KEY and
// QUECLOUD_APP_SECRET set it talks to the platform instead. It only reads.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out, bars io.Writer) error {
	flags := flag.NewFlagSet("usage", flag.ContinueOnError)
	flags.SetOutput(bars)
	path := flags.String("out", "usage.png", "chart to draw; its ending says in which format: png, svg or pdf")
	number := flags.String("card", "", "card to draw day by day, MSISDN or ICCID; the one that used most if empty")
	monthText := flags.String("month", "", "month, as 2026-05; the last whole one if empty")
	most := flags.Int("top", 10, "how many cards to show")
	demo := flags.Int("demo", 20_000, "cards of the stand-in")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: everything is said with flags, see -h", flags.Arg(0))
	}
	if *most < 1 {
		return errors.New("-top must be at least 1")
	}
	client, end, err := connect(*demo)
	if err != nil {
		return err
	}
	defer end()
	month := quecloud.MonthOf(time.Now()).AddMonths(-1)
	if *monthText != "" {
		if month, err = quecloud.ParseMonth(*monthText); err != nil {
			return err
		}
	}

	top, err := topUsers(ctx, client, month, *most, bars)
	if err != nil {
		return err
	}
	var card quecloud.CardID
	switch {
	case *number != "":
		card, err = quecloud.ParseCardID(*number)
	case len(top) > 0:
		card = top[0].ID()
	default:
		err = fmt.Errorf("there are no cards with usage in %s", month)
	}
	if err != nil {
		return err
	}
	days, err := client.Flow.Days(ctx, card, month)
	if err != nil {
		return err
	}
	if err := drawFile(*path, month, card, days, top); err != nil {
		return err
	}
	for i, row := range top {
		fmt.Fprintf(out, "%2d. %s %10.3f MB\n", i+1, row.ICCID, row.MonthFlow)
	}
	fmt.Fprintf(out, "%s: %s in %s, and the %d cards that used most\n", *path, card, month, len(top))
	return nil
}

// topUsers goes through the usage of all cards in a month and returns those that used most, the first the most. It keeps
// no more than these.
func topUsers(ctx context.Context, client *quecloud.Client, month quecloud.Month, most int, bars io.Writer) ([]quecloud.MonthFlowRow, error) {
	bar := progressbar.NewOptions64(-1, progressbar.OptionSetSpinnerChangeInterval(0), // no goroutine that races with us
		progressbar.OptionSetWriter(bars), progressbar.OptionSetDescription("reading"),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("cards"),
		progressbar.OptionThrottle(100*time.Millisecond))
	known := int64(-1)
	progress := quecloud.Progress(func(done, total int64) {
		if total > 0 && total != known {
			known = total
			bar.ChangeMax64(total)
		}
		bar.Set64(done)
	})
	defer fmt.Fprintln(bars)
	top := ranking{most: most}
	for row, err := range client.Flow.AllMonth(ctx, &quecloud.MonthListParams{Month: month}, quecloud.Concurrency(8), progress) {
		if err != nil {
			return nil, err
		}
		top.add(row)
	}
	return top.rows, nil
}

// connect returns a client of the account in the environment, or of a stand-in with so many cards.
func connect(cards int) (client *quecloud.Client, end func(), err error) {
	appKey, secret := os.Getenv("QUECLOUD_APP_KEY"), os.Getenv("QUECLOUD_APP_SECRET")
	if (appKey == "") != (secret == "") {
		return nil, nil, errors.New("set both QUECLOUD_APP_KEY and QUECLOUD_APP_SECRET, or neither")
	}
	if appKey != "" {
		client, err = quecloud.NewClient(appKey, secret, quecloud.WithUserAgent("quecloud-usage"))
		return client, func() {}, err
	}
	srv := quecloudtest.NewServer(quecloudtest.WithFleet(cards), quecloudtest.WithFaults(quecloudtest.Latency(50*time.Millisecond)))
	return srv.Client(), srv.Close, nil
}
