package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A description is what quecloud describe tells of a command.
type description struct {
	Command string            `json:"command"`
	Usage   string            `json:"usage"`
	Text    string            `json:"text"`
	Changes bool              `json:"changes"` // it may change something or spend money: it asks, or takes --yes
	Methods []string          `json:"methods,omitempty"`
	Flags   []flagDescription `json:"flags,omitempty"`
	Columns []string          `json:"columns,omitempty"`
}

type flagDescription struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Default string `json:"default,omitempty"`
	Text    string `json:"text"`
}

// describeCommand returns the command that describes the commands for programs.
func (a *app) describeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "describe",
		Short: a.texts.get("Describe all commands with their flags, methods and columns, as JSON"),
		Args:  a.checkArgs(spec{}),
		RunE: func(cmd *cobra.Command, _ []string) error {
			all := []description{}
			a.describe(cmd.Root(), &all)
			out, err := marshal(all)
			if err != nil {
				return err
			}
			_, err = a.out.Write(append(out, '\n'))
			return err
		},
	}
}

// describe adds the descriptions of a command and of those below it.
func (a *app) describe(cmd *cobra.Command, all *[]description) {
	for _, sub := range cmd.Commands() {
		a.describe(sub, all)
	}
	if cmd.Hidden || cmd.HasSubCommands() {
		return
	}
	d := description{
		Command: cmd.CommandPath(), Usage: cmd.UseLine(), Text: cmd.Short, Columns: a.rowColumns[cmd],
	}
	if s, ok := a.specs[cmd]; ok {
		d.Methods, d.Changes = s.methods, s.bulk || s.asks
	}
	if cmd.Name() == "call" {
		d.Changes = true
	}
	cmd.NonInheritedFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" {
			d.Flags = append(d.Flags, flagDescription{f.Name, f.Value.Type(), f.DefValue, f.Usage})
		}
	})
	*all = append(*all, d)
}
