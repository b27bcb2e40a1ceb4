package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quecloud/quecloud-go"
)

// completionCommand returns the command that prints the completion of a shell.
func (a *app) completionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "completion SHELL", Short: a.texts.get("Print the completion script for bash, zsh, fish or powershell"),
		Args: a.checkArgs(spec{args: cobra.ExactArgs(1)}), ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		root := cmd.Root()
		switch args[0] {
		case "bash":
			return root.GenBashCompletionV2(a.out, true)
		case "zsh":
			return root.GenZshCompletion(a.out)
		case "fish":
			return root.GenFishCompletion(a.out, true)
		case "powershell":
			return root.GenPowerShellCompletionWithDesc(a.out)
		}
		return usageError{a.texts.get("want bash, zsh, fish or powershell")}
	}
	return cmd
}

// completed returns a completion of a flag.
func completed(words func(toComplete string) []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, toComplete string) ([]string, cobra.ShellCompDirective) {
		return words(toComplete), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeFlags registers the completions of the flags that every command has.
func (a *app) completeFlags(root *cobra.Command) {
	for flag, words := range map[string]cobra.CompletionFunc{
		"output":  completed(func(string) []string { return forms }),
		"lang":    completed(func(string) []string { return []string{"en", "zh"} }),
		"profile": a.completeProfiles,
		"columns": a.completeColumns,
		"sort":    a.completeColumns,
		"where":   a.completeWhere,
	} {
		a.complete(root, flag, words)
	}
}

func (a *app) complete(cmd *cobra.Command, flag string, words cobra.CompletionFunc) {
	if err := cmd.RegisterFlagCompletionFunc(flag, words); err != nil {
		panic(err) // there is no such flag
	}
}

// columnsOf returns the columns of a struct.
func columnsOf(row reflect.Type) (columns []string) {
	if row == nil || row.Kind() != reflect.Struct {
		return nil
	}
	for _, f := range recordOf(reflect.Zero(row).Interface()).fields {
		columns = append(columns, f.column)
	}
	return columns
}

// completeColumns completes a list of columns.
func (a *app) completeColumns(cmd *cobra.Command, _ []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	before := ""
	if i := strings.LastIndexByte(toComplete, ','); i >= 0 {
		before = toComplete[:i+1]
	} else if strings.HasPrefix(toComplete, "-") { // --sort=-column
		before = "-"
	}
	var words []string
	for _, column := range a.rowColumns[cmd] {
		words = append(words, before+column)
	}
	return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// statuses are the states of a card.
var statuses = []quecloud.CardStatus{
	quecloud.CardStatusNormal, quecloud.CardStatusSuspended, quecloud.CardStatusTestNormal,
	quecloud.CardStatusTestSuspended,
	quecloud.CardStatusInactive, quecloud.CardStatusReserved, quecloud.CardStatusPreCancelled,
	quecloud.CardStatusCancelled, quecloud.CardStatusUnknown,
}

// completeWhere completes a condition: a column, or a state of cards.
func (a *app) completeWhere(cmd *cobra.Command, _ []string, toComplete string) ([]string, cobra.ShellCompDirective) {
	var words []string
	if strings.HasPrefix(toComplete, "status=") {
		for _, status := range statuses {
			words = append(words, "status="+string(status))
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
	for _, column := range a.rowColumns[cmd] {
		words = append(words, column+"=")
	}
	return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// Limits of a completion that calls the platform.
const (
	completionTime = time.Second
	completionAge  = 10 * time.Minute
)

// completeGroups completes the number of a billing group, with its name.
func (a *app) completeGroups(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	client, err := a.client(ctx)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	words, err := a.cached("groups-"+a.accountName+".json", func() (words []string, err error) {
		groups, err := client.Billing.Groups(ctx)
		for _, g := range groups {
			words = append(words, fmt.Sprintf("%d\t%s", g.ID, g.Name))
		}
		return words, err
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// cached returns words from a file, or makes them anew when the file is old.
func (a *app) cached(name string, words func() ([]string, error)) (all []string, err error) {
	path, err := a.stateFile(name)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) < completionAge {
		if content, err := os.ReadFile(path); err == nil && json.Unmarshal(content, &all) == nil {
			return all, nil
		}
	}
	if all, err = words(); err != nil {
		return nil, err
	}
	content, err := marshal(all)
	if err == nil && os.MkdirAll(filepath.Dir(path), 0o700) == nil {
		_ = os.WriteFile(path, content, 0o600) // the next completion asks again
	}
	return slices.Clone(all), nil
}
