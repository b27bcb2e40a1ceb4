// Inventory writes all cards of an account to a CSV file that spreadsheets read without rounding numbers.
//
//	cd examples/inventory && go run . -out cards.csv
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
	group := flags.Int64("group", 0, "only the cards of this billing group; 0 for all")
	atOnce := flags.Int("at-once", 8, "number of pages to fetch concurrently")
	plain := flags.Bool("plain", false, "write plain numbers, for programs; spreadsheets would round them")
	demo := flags.Int("demo", 20_000, "number of cards of the stand-in")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: use flags, see -h", flags.Arg(0))
	}
	client, end, err := connect(*demo)
	if err != nil {
		return err
	}
	defer end()

	bar := progressbar.NewOptions64(-1, progressbar.OptionSetSpinnerChangeInterval(0), // start no goroutine
		progressbar.OptionSetWriter(bars), progressbar.OptionSetDescription("reading"),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("cards"),
		progressbar.OptionThrottle(100*time.Millisecond))
	known := int64(-1)
	progress := func(done, total int64) {
		if total > 0 && total != known { // the fleet may grow during the sweep
			known = total
			bar.ChangeMax64(total)
		}
		bar.Set64(done)
	}
	cards := client.Cards.All(ctx, &quecloud.CardListParams{BillingID: *group},
		quecloud.Concurrency(*atOnce), quecloud.Progress(progress))
	n, err := writeAtomic(*path, func(file io.Writer) (int, error) { return writeCSV(file, cards, *plain) })
	fmt.Fprintln(bars)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d cards\n", *path, n)
	return nil
}

// writeAtomic writes a temporary file and renames it into place once it is complete.
func writeAtomic(path string, write func(io.Writer) (int, error)) (n int, err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return 0, err
	}
	defer os.Remove(file.Name()) // fails after the rename
	n, err = write(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return 0, err
	}
	return n, os.Rename(file.Name(), path)
}

// connect returns a client of the account in the environment, or of a stand-in with the given number of cards.
func connect(cards int) (client *quecloud.Client, end func(), err error) {
	appKey, secret := os.Getenv("QUECLOUD_APP_KEY"), os.Getenv("QUECLOUD_APP_SECRET")
	if (appKey == "") != (secret == "") {
		return nil, nil, errors.New("set both QUECLOUD_APP_KEY and QUECLOUD_APP_SECRET, or neither")
	}
	if appKey != "" {
		client, err = quecloud.NewClient(appKey, secret, quecloud.WithUserAgent("quecloud-inventory"))
		return client, func() {}, err
	}
	srv := quecloudtest.NewServer(quecloudtest.WithFleet(cards),
		quecloudtest.WithFaults(quecloudtest.Latency(50*time.Millisecond)))
	return srv.Client(), srv.Close, nil
}
