package main

import (
	"bufio"
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
	answer, err := bufio.NewReader(a.in).ReadString('\n')
	if err != nil {
		fmt.Fprintln(a.errOut)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes", "是":
		return nil
	}
	return errDeclined
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
