package main

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// texts are the texts of one language. The zero value is English, in which the code has them.
type texts struct {
	Texts   map[string]string // by the English text
	Columns map[string]string // heads by the name of the column
	Words   map[string]string // of outcomes and states
}

//go:embed zh.json
var chinese []byte

// textsFor returns the texts of a language.
func textsFor(lang string) (t texts) {
	if lang == "zh" {
		if err := json.Unmarshal(chinese, &t); err != nil {
			panic(err) // a test reads them
		}
	}
	return t
}

// get returns an English text in the language.
func (t texts) get(english string) string { return cmp.Or(t.Texts[english], english) }

// cards returns an English text with %d for a number of cards in the language.
func (t texts) cards(english string, n int, more ...any) string {
	text := fmt.Sprintf(t.get(english), append([]any{n}, more...)...)
	if n == 1 {
		return strings.Replace(text, " 1 cards", " 1 card", 1)
	}
	return text
}

// head returns the head of a column.
func (t texts) head(column string) string { return cmp.Or(t.Columns[column], column) }

// word returns an outcome or a state.
func (t texts) word(s string) string { return cmp.Or(t.Words[s], s) }

// language returns zh or en: the value of --lang, or else the language of the environment.
func language(args []string, getenv func(string) string) string {
	for i, arg := range args {
		if value, ok := strings.CutPrefix(arg, "--lang="); ok {
			return value
		}
		if arg == "--lang" && i+1 < len(args) {
			return args[i+1]
		}
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if value := getenv(name); value != "" {
			if strings.HasPrefix(strings.ToLower(value), "zh") {
				return "zh"
			}
			return "en"
		}
	}
	return "en"
}

// usageTemplate is cobra's own with texts that can be translated.
const usageTemplate = `{{tr "Usage:"}}{{if .Runnable}}
  {{.UseLine}}{{end}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} [command]{{end}}{{if .HasExample}}

{{tr "Examples:"}}
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

{{tr "Commands:"}}{{range .Commands}}{{if (or .IsAvailableCommand (eq .Name "help"))}}
  {{rpad .Name .NamePadding }} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

{{tr "Flags:"}}
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

{{tr "Global flags:"}}
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}

{{tr "Help on a command:"}} {{.CommandPath}} [command] --help{{end}}
`

// translate has a command show its help in the language.
func (t texts) translate(root *cobra.Command) {
	cobra.AddTemplateFunc("tr", t.get)
	root.SetUsageTemplate(usageTemplate)
	root.InitDefaultVersionFlag()
	root.Flags().Lookup("version").Usage = t.get("show the version")
	root.SetHelpCommand(&cobra.Command{
		Use: "help [command]", Short: t.get("Help on a command"),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, _, err := cmd.Root().Find(args)
			if err != nil {
				return usageError{err.Error()}
			}
			return found.Help()
		},
	})
}
