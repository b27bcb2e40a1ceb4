package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

// docsCommand returns the hidden command that writes the reference: a page of Markdown for each group of commands in
// two languages, and manual pages.
func (a *app) docsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "reference MARKDOWN-DIR MAN-DIR", Short: a.texts.get("Write the reference of the commands"),
		Hidden: true, Args: a.checkArgs(spec{args: cobra.ExactArgs(2)}),
		RunE: func(_ *cobra.Command, args []string) error {
			for _, lang := range []string{"en", "zh"} {
				if err := writeMarkdown(args[0], lang); err != nil {
					return err
				}
			}
			return writeManual(args[1])
		},
	}
}

// referenceRoot returns the commands as they are without an environment.
func referenceRoot(lang string) *cobra.Command {
	a := &app{getenv: func(string) string { return "" }, texts: textsFor(lang)}
	root := a.root()
	root.DisableAutoGenTag = true
	for _, cmd := range root.Commands() {
		disableTag(cmd)
	}
	return root
}

func disableTag(cmd *cobra.Command) {
	cmd.DisableAutoGenTag = true
	for _, sub := range cmd.Commands() {
		disableTag(sub)
	}
}

// writeMarkdown writes a page for each group of commands, and README.md with all of them.
func writeMarkdown(dir, lang string) error {
	root := referenceRoot(lang)
	texts := textsFor(lang)
	suffix := ".md"
	if lang == "zh" {
		suffix = ".zh-CN.md"
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var index bytes.Buffer
	short, long, _ := strings.Cut(root.Long, "\n\n")
	fmt.Fprintf(&index, "# quecloud\n\n%s.\n\n```\n%s\n```\n\n", short, long)
	for _, group := range root.Commands() {
		if group.Hidden || group.Name() == "help" {
			continue
		}
		page := "quecloud-" + group.Name() + suffix
		fmt.Fprintf(&index, "- [quecloud %s](%s): %s\n", group.Name(), page, group.Short)
		var out bytes.Buffer
		markdown(&out, group)
		if err := os.WriteFile(filepath.Join(dir, page), out.Bytes(), 0o644); err != nil {
			return err
		}
	}
	fmt.Fprintf(&index, "\n%s\n\n%s", texts.get("Global flags:"), flagTable(root.PersistentFlags()))
	return os.WriteFile(filepath.Join(dir, "README"+suffix), index.Bytes(), 0o644)
}

// markdown writes a command and those below it.
func markdown(out *bytes.Buffer, cmd *cobra.Command) {
	level := "#"
	if strings.Count(cmd.CommandPath(), " ") > 1 {
		level = "##"
	}
	fmt.Fprintf(out, "%s %s\n\n%s.\n\n", level, cmd.CommandPath(), strings.TrimSuffix(cmd.Short, "."))
	if cmd.HasSubCommands() {
		for _, sub := range cmd.Commands() {
			markdown(out, sub)
		}
		return
	}
	fmt.Fprintf(out, "```\n%s\n```\n\n", cmd.UseLine())
	if cmd.HasAvailableLocalFlags() {
		out.WriteString(flagTable(cmd.NonInheritedFlags()))
		out.WriteByte('\n')
	}
}

// flagTable returns a table of flags.
func flagTable(flags *pflag.FlagSet) string {
	var out strings.Builder
	out.WriteString("| | |\n|---|---|\n")
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if f.Value.Type() != "bool" {
			name += " " + f.Value.Type()
		}
		usage := strings.ReplaceAll(f.Usage, "|", "\\|")
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "[]" {
			usage += " (" + f.DefValue + ")"
		}
		fmt.Fprintf(&out, "| `%s` | %s |\n", name, usage)
	})
	return out.String()
}

// writeManual writes the manual pages.
func writeManual(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) // of the pages; not that of the build, which would change them
	return doc.GenManTree(referenceRoot("en"), &doc.GenManHeader{Section: "1", Source: "quecloud", Date: &day}, dir)
}
