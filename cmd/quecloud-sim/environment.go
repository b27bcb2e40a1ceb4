package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// An environment returns the value of a variable, as [os.LookupEnv] does.
type environment func(name string) (value string, ok bool)

// variable returns the environment variable of a flag. The flag version has none: QUECLOUD_SIM_VERSION may be the
// version to install.
func variable(flag string) string {
	if flag == "version" {
		return ""
	}
	return "QUECLOUD_SIM_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// parseFlags parses the arguments, and sets the flags that they lack from the environment. Variables of no flag are
// ignored: Kubernetes sets some for a service of the name quecloud-sim. An empty variable counts as absent. At the end
// parseFlags calls check. It writes errors and help to usage.
func parseFlags(f *flag.FlagSet, args []string, lookup environment, usage io.Writer, check func() error) error {
	f.SetOutput(io.Discard) // errors come without a page of usage
	f.VisitAll(func(f *flag.Flag) {
		if name := variable(f.Name); name != "" {
			f.Usage = name + ": " + f.Usage
		}
	})
	err := f.Parse(args)
	if err == nil && f.NArg() > 0 {
		err = errors.New("unexpected argument after the flags") // hidden, since it may be a secret after a stray space
	}
	if err == nil {
		err = setAbsent(f, lookup)
	}
	if err == nil {
		err = check()
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(usage, "Usage: %s [flags]\n", f.Name())
		fmt.Fprintln(usage, "The environment variable of a flag counts where the flag is absent.")
		f.SetOutput(usage)
		f.PrintDefaults()
		return err
	case err != nil:
		fmt.Fprintf(usage, "quecloud-sim: %v\n%s -h lists all flags\n", err, f.Name())
		return errUsage
	}
	return nil
}

// setAbsent sets the flags that the arguments lack.
func setAbsent(f *flag.FlagSet, lookup environment) (err error) {
	given := map[string]bool{}
	f.Visit(func(f *flag.Flag) { given[f.Name] = true })
	f.VisitAll(func(one *flag.Flag) {
		value, ok := lookup(variable(one.Name))
		if !ok || value == "" || given[one.Name] || err != nil {
			return
		}
		if setErr := f.Set(one.Name, value); setErr != nil {
			err = fmt.Errorf("invalid value %q for %s: %w", value, variable(one.Name), setErr)
		}
	})
	return err
}
