package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

var errDeclined = errors.New("not confirmed: nothing was changed")

// interactive reports whether somebody can be asked.
func (a *app) interactive() bool {
	in, ok := a.in.(*os.File)
	return ok && term.IsTerminal(int(in.Fd()))
}

// needAsking returns an error if nobody can be asked.
func (a *app) needAsking() error {
	if a.interactive() {
		return nil
	}
	return usageError{a.texts.get("this changes something, and there is no terminal to ask at: give --yes")}
}

// confirm asks before a change, unless it is confirmed already or not made.
func (a *app) confirm(what string) error {
	if a.yes || a.dryRun {
		return nil
	}
	if err := a.needAsking(); err != nil {
		return err
	}
	return a.ask(a.texts.get(what))
}

// ask asks whether to do something, and returns errDeclined unless the answer is yes.
func (a *app) ask(what string) error {
	fmt.Fprintf(a.errOut, a.texts.get("%s? [y/N] "), printable(what))
	answer, err := a.answer(bufio.NewReader(a.in).ReadString)
	if err != nil {
		fmt.Fprintln(a.errOut)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes", "是":
		return nil
	}
	return errors.Join(errDeclined, a.ctx.Err())
}

// answer reads what somebody types, until an interrupt.
func (a *app) answer(read func(delim byte) (string, error)) (string, error) {
	type input struct {
		line string
		err  error
	}
	typed := make(chan input, 1)
	go func() {
		line, err := read('\n')
		typed <- input{line, err}
	}()
	select {
	case in := <-typed:
		return in.line, in.err
	case <-a.ctx.Done(): // the process ends soon, and the reading with it
		return "", a.ctx.Err()
	}
}

// drains says what an interrupt does while changes are made, and has a second one print a hint. The function that it
// returns ends that.
func (a *app) drains(hint string) (end func()) {
	a.hint.Store(&hint)
	stop := context.AfterFunc(a.ctx, func() {
		fmt.Fprintln(a.errOut, a.texts.get("interrupted: the calls that run are finished; a second Ctrl-C cuts them off"))
	})
	return func() {
		stop()
		a.hint.Store(nil)
	}
}

// warn prints an error that does not change the outcome.
func (a *app) warn(err error) {
	fmt.Fprintf(a.errOut, a.texts.get("warning: %s; what is printed above holds, but a later run does not know it\n"),
		printable(a.message(err)))
}

// A bar shows the progress of a command on a terminal.
type bar struct{ bar *progressbar.ProgressBar }

func (c *call) bar(cards int) bar {
	if _, ok := terminal(c.errOut); !ok || cards < 2 {
		return bar{}
	}
	return bar{progressbar.NewOptions(cards, progressbar.OptionSetWriter(c.errOut), progressbar.OptionShowIts(),
		progressbar.OptionSetItsString(c.texts.get("cards")), progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish())}
}

// The bar's errors are those of the terminal, which does not matter to the work.

func (b bar) add(n int) {
	if b.bar != nil {
		_ = b.bar.Add(n)
	}
}

func (b bar) end() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}
