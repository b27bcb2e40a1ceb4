// Usage draws a chart of a month: the daily usage of a card, and the cards of the fleet that used most.
//
//	cd examples/usage && go run . -out usage.png
//
// It needs no account: it starts a stand-in for the platform. With QUECLOUD_APP_KEY and QUECLOUD_APP_SECRET set, it
// uses the platform instead. It only reads.
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
	path := flags.String("out", "usage.png", "file to draw to; its ending sets the format: png, svg or pdf")
	number := flags.String("card", "", "card to draw, MSISDN or ICCID; if empty, the one that used most")
	monthText := flags.String("month", "", "month, as 2026-05; if empty, the last whole month")
	most := flags.Int("top", 10, "number of cards to show")
	demo := flags.Int("demo", 20_000, "number of cards of the stand-in")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: use flags, see -h", flags.Arg(0))
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
		err = fmt.Errorf("no card has usage in %s", month)
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

// topUsers sweeps the usage of all cards in a month and returns the cards that used most, in descending order. It keeps
// only these in memory.
func topUsers(
	ctx context.Context, client *quecloud.Client, month quecloud.Month, most int, bars io.Writer,
) ([]quecloud.MonthFlowRow, error) {
	bar := progressbar.NewOptions64(-1, progressbar.OptionSetSpinnerChangeInterval(0), // start no goroutine
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
	params := &quecloud.MonthListParams{Month: month}
	for row, err := range client.Flow.AllMonth(ctx, params, quecloud.Concurrency(8), progress) {
		if err != nil {
			return nil, err
		}
		top.add(row)
	}
	return top.rows, nil
}

// connect returns a client of the account in the environment, or of a stand-in with the given number of cards.
func connect(cards int) (client *quecloud.Client, end func(), err error) {
	appKey, secret := os.Getenv("QUECLOUD_APP_KEY"), os.Getenv("QUECLOUD_APP_SECRET")
	if (appKey == "") != (secret == "") {
		return nil, nil, errors.New("set both QUECLOUD_APP_KEY and QUECLOUD_APP_SECRET, or neither")
	}
	if appKey != "" {
		client, err = quecloud.NewClient(appKey, secret, quecloud.WithUserAgent("quecloud-usage"))
		return client, func() {}, err
	}
	srv := quecloudtest.NewServer(quecloudtest.WithFleet(cards),
		quecloudtest.WithFaults(quecloudtest.Latency(50*time.Millisecond)))
	return srv.Client(), srv.Close, nil
}
