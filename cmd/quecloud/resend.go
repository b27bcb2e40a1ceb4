package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) resendCommand() *cobra.Command {
	var to string
	var number int
	cmd := &cobra.Command{
		Use: "resend FILE --to URL", Short: a.texts.get("Send saved callbacks again to a receiver of yours"),
		Args: a.checkArgs(spec{args: cobra.ExactArgs(1)}),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.resend(cmd.Context(), args[0], to, number)
		},
	}
	cmd.Flags().StringVar(&to, "to", "", a.texts.get("URL of the receiver"))
	cmd.Flags().IntVarP(&number, "number", "n", 0, a.texts.get("only the callback on this line of the file"))
	return cmd
}

// A resent is a row of the output of resend.
type resent struct {
	Line       int
	Kind       string
	ReceivedAt time.Time
	Outcome    string
}

func (a *app) resend(ctx context.Context, path, to string, number int) error {
	u, ok := parseReceiver(to)
	if !ok {
		return usageError{a.texts.get("want --to with the URL of a receiver")}
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReader(f)
	client := newForwardClient()
	sent, failures := 0, 0
	err = a.output.rows(func(yield func(record, error) bool) {
		for line := 1; ; line++ {
			saved, err := in.ReadBytes('\n')
			if err != nil && !errors.Is(err, io.EOF) {
				yield(record{}, err)
				return
			}
			if ended := err != nil; ended && len(saved) == 0 || ctx.Err() != nil {
				return
			}
			if number > 0 && line != number || len(bytes.TrimSpace(saved)) == 0 {
				continue
			}
			sent++
			if a.dry("send the callback on line %d to %s", line, u.Scheme+"://"+u.Host) { // its path may hold a token
				continue
			}
			row := resendLine(ctx, client, to, saved)
			row.Line = line
			if row.Outcome != done {
				failures++
			}
			if !yield(recordOf(row), nil) {
				return
			}
		}
	}, nil)
	switch {
	case err != nil, a.dryRun && sent > 0:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case sent == 0:
		return usageError{a.texts.get("the file has no such callback")}
	case failures == sent:
		return outcomeError{a.texts.get("no callback was received"), exitFailed}
	case failures > 0:
		return outcomeError{fmt.Sprintf(a.texts.get("%d of %d callbacks were not received"), failures, sent), exitPartly}
	}
	return nil
}

// resendLine sends the callback on a line of a file. A line that was cut is none.
func resendLine(ctx context.Context, client *http.Client, to string, line []byte) resent {
	var callback savedCallback
	err := json.Unmarshal(line, &callback)
	if err != nil || callback.Kind != kindSMS && callback.Kind != kindOrder {
		return resent{Outcome: "no saved callback"}
	}
	row := resent{Kind: callback.Kind, ReceivedAt: callback.ReceivedAt, Outcome: done}
	if err := forward(ctx, client, to, callback); err != nil {
		row.Outcome = err.Error()
	}
	return row
}
