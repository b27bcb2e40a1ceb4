// Quecloud operates a fleet of SIM cards on Quectel's platform from a shell: it looks cards up, reads their usage,
// suspends and resumes them, sends SMS, buys top-ups and renewals, exports lists and receives callbacks.
//
//	quecloud --sim cards list        try it: the platform is a simulator inside the command
//	quecloud profile add work        store the credentials of an account
//	quecloud check                   see whether the platform does what the SDK expects; reads only
//	quecloud help                    all commands
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	a := &app{in: os.Stdin, out: os.Stdout, errOut: os.Stderr, getenv: os.Getenv}
	ctx, cancel := context.WithCancel(context.Background())
	interrupts := make(chan os.Signal, 2)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupts
		cancel() // drains what runs
		<-interrupts
		if hint := a.hint.Load(); hint != nil {
			fmt.Fprint(a.errOut, "\n"+*hint)
		}
		os.Exit(exitInterrupted)
	}()
	os.Exit(a.run(ctx, os.Args[1:]))
}

// run runs the command that the arguments name, and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	a.ctx, a.texts = ctx, textsFor(language(args, a.getenv))
	root := a.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if a.close != nil {
		err = errors.Join(err, a.close())
	}
	code := exitCode(err)
	if ctx.Err() != nil && code != exitDone {
		code = exitInterrupted
	}
	if err != nil && !errors.Is(err, errDryRun) {
		fmt.Fprintln(a.errOut, a.report(err, code))
	}
	return code
}
