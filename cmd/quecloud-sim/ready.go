package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"time"

	"github.com/quecloud/quecloud-go/internal/simulator"
)

// ready waits until a simulator is ready.
func ready(ctx context.Context, args []string, lookup environment, usage io.Writer) error {
	f := flag.NewFlagSet("quecloud-sim ready", flag.ContinueOnError)
	control := f.String("control", "127.0.0.1:9090", "address of the simulator's control")
	wait := f.Duration("wait", 10*time.Second, "how long to wait for it")
	if err := parseFlags(f, args, lookup, usage, func() error {
		if *wait <= 0 {
			return errors.New("-wait: want more than 0s")
		}
		return nil
	}); err != nil {
		return err
	}
	return simulator.Ready(ctx, *control, *wait)
}
