// Inventory writes all cards of an account to a CSV file that spreadsheets open as it is meant.
//
//	cd examples/inventory && go run . -out cards.csv
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
	"path/filepath"
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
	flags := flag.NewFlagSet("inventory", flag.ContinueOnError)
	flags.SetOutput(bars)
	path := flags.String("out", "cards.csv", "file to write")
	group := flags.Int64("group", 0, "only cards of this billing group; 0 for all")
	atOnce := flags.Int("at-once", 8, "pages to fetch at once")
	plain := flags.Bool("plain", false, "for programs: write numbers as they are, though spreadsheets would round them")
	demo := flags.Int("demo", 20_000, "cards of the stand-in")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: everything is said with flags, see -h", flags.Arg(0))
	}
	client, end, err := connect(*demo)
	if err != nil {
		return err
	}
	defer end()

	bar := progressbar.NewOptions64(-1, progressbar.OptionSetSpinnerChangeInterval(0), // no goroutine that races with us
		progressbar.OptionSetWriter(bars), progressbar.OptionSetDescription("reading"),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("cards"),
		progressbar.OptionThrottle(100*time.Millisecond))
	known := int64(-1)
	progress := func(done, total int64) {
		if total > 0 && total != known { // the fleet may grow meanwhile
			known = total
			bar.ChangeMax64(total)
		}
		bar.Set64(done)
	}
	cards := client.Cards.All(ctx, &quecloud.CardListParams{BillingID: *group},
		quecloud.Concurrency(*atOnce), quecloud.Progress(progress))
	n, err := writeWhole(*path, func(file io.Writer) (int, error) { return writeCSV(file, cards, *plain) })
	fmt.Fprintln(bars)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d cards\n", *path, n)
	return nil
}

// writeWhole writes a file that is there as a whole or not at all.
func writeWhole(path string, write func(io.Writer) (int, error)) (n int, err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return 0, err
	}
	defer os.Remove(file.Name()) // fails once it has its name
	n, err = write(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return 0, err
	}
	return n, os.Rename(file.Name(), path)
}

// connect returns a client of the account in the environment, or of a stand-in with so many cards.
func connect(cards int) (client *quecloud.Client, end func(), err error) {
	appKey, secret := os.Getenv("QUECLOUD_APP_KEY"), os.Getenv("QUECLOUD_APP_SECRET")
	if (appKey == "") != (secret == "") {
		return nil, nil, errors.New("set both QUECLOUD_APP_KEY and QUECLOUD_APP_SECRET, or neither")
	}
	if appKey != "" {
		client, err = quecloud.NewClient(appKey, secret, quecloud.WithUserAgent("quecloud-inventory"))
		return client, func() {}, err
	}
	srv := quecloudtest.NewServer(quecloudtest.WithFleet(cards), quecloudtest.WithFaults(quecloudtest.Latency(50*time.Millisecond)))
	return srv.Client(), srv.Close, nil
}
