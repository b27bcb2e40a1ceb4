// Export makes the platform write a file of all cards, downloads it and shows its first lines.
//
//	cd examples/export && go run . -out cards.zip
//
// It needs no account: it starts a stand-in for the platform. With QUECLOUD_APP_KEY and QUECLOUD_APP_SECRET set, it
// uses the platform instead, which allows three exports a day.
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
	flags := flag.NewFlagSet("export", flag.ContinueOnError)
	flags.SetOutput(bars)
	path := flags.String("out", "cards.zip", "file to write")
	show := flags.Int("show", 3, "lines to show")
	limit := flags.Duration("limit", 30*time.Minute, "maximum time to wait for the platform")
	demo := flags.Int("demo", 50_000, "number of cards of the stand-in")
	delay := flags.Duration("demo-delay", 3*time.Second, "time that the stand-in takes to write the file")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: use flags, see -h", flags.Arg(0))
	}
	client, poll, end, err := connect(*demo, *delay)
	if err != nil {
		return err
	}
	defer end()
	ctx, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()

	bar := progressbar.NewOptions64(-1, progressbar.OptionSetSpinnerChangeInterval(0), // start no goroutine
		progressbar.OptionSetWriter(bars), progressbar.OptionShowBytes(true),
		progressbar.OptionSetDescription("starting"), progressbar.OptionThrottle(50*time.Millisecond))
	onStage := quecloud.OnStage(func(stage quecloud.ExportStage, task int64) {
		bar.Describe(fmt.Sprintf("task %d: %s", task, stage))
		bar.Add(0) // turns the spinner
	})
	task, err := client.Files.Prepare(ctx, quecloud.PollEvery(poll), onStage)
	if err != nil {
		fmt.Fprintln(bars)
		if _, refused := errors.AsType[*quecloud.APIError](err); refused {
			return fmt.Errorf("%w\nIf three files were written today, use Files.DownloadLatest for the newest", err)
		}
		return err
	}
	bar.Describe(fmt.Sprintf("task %d: downloading", task))
	size, err := client.Files.DownloadFile(ctx, task, *path, quecloud.Progress(func(done, _ int64) { bar.Set64(done) }))
	fmt.Fprintln(bars)
	if err != nil {
		return err
	}
	rows, err := list(*path, size, *show, out)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d lines, %d bytes\n", *path, rows, size)
	return nil
}

// list counts the lines in the file and shows the first of them.
func list(path string, size int64, show int, out io.Writer) (rows int, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	for row, err := range quecloud.ReadCardList(file, size) {
		if err != nil {
			return rows, err
		}
		if rows++; rows <= show {
			fmt.Fprintf(out, "%d: %q\n", row.Line, row.Fields)
		}
	}
	return rows, nil
}

// connect returns a client of the account in the environment, or of a stand-in with the given number of cards, and the
// interval at which to poll the export.
func connect(cards int, delay time.Duration) (client *quecloud.Client, poll time.Duration, end func(), err error) {
	appKey, secret := os.Getenv("QUECLOUD_APP_KEY"), os.Getenv("QUECLOUD_APP_SECRET")
	if (appKey == "") != (secret == "") {
		return nil, 0, nil, errors.New("set both QUECLOUD_APP_KEY and QUECLOUD_APP_SECRET, or neither")
	}
	if appKey != "" {
		client, err = quecloud.NewClient(appKey, secret, quecloud.WithUserAgent("quecloud-export"))
		return client, 5 * time.Second, func() {}, err
	}
	srv := quecloudtest.NewServer(quecloudtest.WithFleet(cards), quecloudtest.WithFileDelay(delay))
	return srv.Client(), 200 * time.Millisecond, srv.Close, nil
}
