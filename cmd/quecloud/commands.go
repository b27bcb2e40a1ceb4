package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quecloud/quecloud-go"
)

// A spec is a command that calls the platform: a row of the tables below.
type spec struct {
	use     string   // name and arguments
	short   string   // English
	methods []string // of the platform, that it calls
	columns []string // of its table; all if empty
	flags   func(*pflag.FlagSet, texts)
	args    cobra.PositionalArgs // none if nil
	cards   bool                 // its arguments are cards, which may also come from a file
	bulk    bool                 // it changes the cards, with a journal
	asks    bool                 // it changes or spends something else
	run     runner
}

// A runner is what a spec does, and the struct whose fields its columns are.
type runner struct {
	do  func(*call) error
	row reflect.Type // nil for none
}

// run returns a runner whose output has rows of the type T.
func run[T any](do func(*call) error) runner { return runner{do, rowType[T]()} }

// rowType returns the struct of a row: T, or what it points to or has as its elements.
func rowType[T any]() reflect.Type {
	t := reflect.TypeFor[T]()
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t
}

// A call is one run of a spec.
type call struct {
	*app
	*spec
	ctx    context.Context
	client *quecloud.Client
	path   string         // "cards pause"
	set    *pflag.FlagSet // the command's own flags
	args   []string
	cards  cardArgs
}

// A group has the commands of one subject.
type group struct {
	name, short string
	specs       []spec
	groups      []group
}

// allGroups returns the tables of commands.
func allGroups() []group {
	return []group{cardsGroup(), usageGroup(), alarmsGroup(), smsGroup(), ordersGroup(), billingGroup(), filesGroup()}
}

func (a *app) groups() (all []*cobra.Command) {
	for _, g := range allGroups() {
		all = append(all, a.group(g))
	}
	return all
}

func (a *app) group(g group) *cobra.Command {
	cmd := &cobra.Command{
		Use: g.name, Short: a.texts.get(g.short), Args: a.checkArgs(spec{}),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, s := range g.specs {
		cmd.AddCommand(a.command(s))
	}
	for _, inner := range g.groups {
		cmd.AddCommand(a.group(inner))
	}
	return cmd
}

// command returns the cobra command of a spec.
func (a *app) command(s spec) *cobra.Command {
	c := &call{app: a, spec: &s}
	cmd := &cobra.Command{Use: s.use, Short: a.texts.get(s.short), Args: a.checkArgs(s)}
	if s.flags != nil {
		s.flags(cmd.Flags(), a.texts)
	}
	if s.cards {
		c.cards.flags(cmd.Flags(), a.texts, s.bulk)
	}
	a.rowColumns[cmd], a.specs[cmd] = columnsOf(s.run.row), s
	if cmd.Flags().Lookup("group") != nil {
		a.complete(cmd, "group", a.completeGroups)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		_, c.path, _ = strings.Cut(cmd.CommandPath(), " ")
		c.ctx, c.args, c.set = cmd.Context(), args, cmd.LocalNonPersistentFlags()
		if row := s.run.row; row == reflect.TypeFor[cardOutcome]() || row == reflect.TypeFor[purchaseRow]() {
			if err := a.output.check(row); err != nil { // before something is changed
				return err
			}
		}
		if err := c.cards.check(a.texts); err != nil {
			return err
		}
		c.client, err = a.client(c.ctx, c.cards.options()...)
		if err != nil {
			return err
		}
		return s.run.do(c)
	}
	return cmd
}

// checkArgs returns the check of a spec's arguments, whose error is a usageError.
func (a *app) checkArgs(s spec) cobra.PositionalArgs {
	check := s.args
	switch {
	case check != nil:
	case s.cards:
		check = cobra.ArbitraryArgs
	default:
		check = cobra.NoArgs
	}
	return func(cmd *cobra.Command, args []string) error {
		switch err := check(cmd, args); {
		case err != nil && cmd.HasSubCommands():
			return usageError{fmt.Sprintf(a.texts.get("there is no command %s %s"), cmd.CommandPath(), args[0])}
		case err != nil:
			return usageError{fmt.Sprintf(a.texts.get("other arguments are wanted; usage: %s"), cmd.UseLine())}
		}
		return nil
	}
}

// list prints rows.
func list[T any](rows func(*call) iter.Seq2[T, error]) runner {
	return run[T](func(c *call) error {
		return c.output.rows(func(yield func(record, error) bool) {
			for row, err := range rows(c) {
				if err != nil {
					yield(record{}, err)
					return
				}
				if !yield(recordOf(row), nil) {
					return
				}
			}
		}, c.columns)
	})
}

// slice prints the rows of a single response.
func slice[T any](read func(*call) ([]T, error)) runner {
	return list(func(c *call) iter.Seq2[T, error] {
		return func(yield func(T, error) bool) {
			rows, err := read(c)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
		}
	})
}

// show prints one struct.
func show[T any](read func(*call) (T, error)) runner {
	return run[T](func(c *call) error {
		row, err := read(c)
		if err != nil {
			return err
		}
		return c.output.one(recordOf(row))
	})
}

// perCard prints what a method tells of each card: a row for a struct, a row for each element of a slice.
func perCard[R any](method func(*call) func(context.Context, quecloud.CardID) (R, error)) runner {
	return run[R](func(c *call) error {
		cards, err := c.readCards()
		if err != nil {
			return err
		}
		outcomes := quecloud.Map(c.ctx, cards, method(c), c.cards.fleet()...)
		single := len(cards) == 1 && c.output.form == formTable
		var failed int
		err = c.output.rowsOrOne(single, func(yield func(record, error) bool) {
			for outcome, err := range outcomes {
				if err != nil {
					failed++
					if !yield(record{}, err) {
						return
					}
					continue
				}
				for _, row := range recordsOf(outcome.Result) {
					if !yield(row.with(outcome.Item), nil) {
						return
					}
				}
			}
		}, c.columns)
		if err != nil && failed > 0 && failed < len(cards) {
			return partError{err}
		}
		return err
	})
}

// flagError returns the error of a flag in the language of the command.
func (a *app) flagError(err error) error {
	t := a.texts.get
	unknown, isUnknown := errors.AsType[*pflag.NotExistError](err)
	missing, isMissing := errors.AsType[*pflag.ValueRequiredError](err)
	invalid, isInvalid := errors.AsType[*pflag.InvalidValueError](err)
	switch {
	case isUnknown:
		return usageError{fmt.Sprintf(t("there is no flag %s"), dashed(unknown.GetSpecifiedName()))}
	case isMissing:
		return usageError{fmt.Sprintf(t("the flag %s wants a value"), dashed(missing.GetSpecifiedName()))}
	case isInvalid:
		return usageError{fmt.Sprintf("--%s %s: %v", invalid.GetFlag().Name, invalid.GetValue(), invalid.Unwrap())}
	}
	return usageError{err.Error()}
}

// dashed returns the name of a flag as it is written.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}
