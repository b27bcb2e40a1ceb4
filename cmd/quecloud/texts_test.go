package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// textsInSource returns the texts that the source translates: the arguments of get, t, tr and confirm, and the fields
// short and verb.
func textsInSource(t *testing.T) map[string]bool {
	found := map[string]bool{}
	add := func(e ast.Expr) {
		switch e := e.(type) {
		case *ast.BasicLit:
			if e.Kind == token.STRING {
				text, err := strconv.Unquote(e.Value)
				require.NoError(t, err)
				found[text] = true
			}
		case *ast.BinaryExpr:
			left, right := e.X, e.Y
			a, okA := left.(*ast.BasicLit)
			b, okB := right.(*ast.BasicLit)
			if okA && okB {
				x, _ := strconv.Unquote(a.Value)
				y, _ := strconv.Unquote(b.Value)
				found[x+y] = true
			}
		}
	}
	sources, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				name := ""
				switch f := n.Fun.(type) {
				case *ast.Ident:
					name = f.Name
				case *ast.SelectorExpr:
					name = f.Sel.Name
				}
				switch name {
				case "get", "t", "confirm", "dry":
					if len(n.Args) == 1 || name == "dry" {
						add(n.Args[0])
					}
				case "cards":
					if len(n.Args) > 1 {
						add(n.Args[0])
					}
				case "setCard", "whitelist":
					add(n.Args[1])
					add(n.Args[3])
				case "alarmsSwitch":
					add(n.Args[1])
					add(n.Args[2])
				}
			case *ast.KeyValueExpr:
				if key, ok := n.Key.(*ast.Ident); ok && (key.Name == "short" || key.Name == "verb") {
					add(n.Value)
				}
			}
			return true
		})
	}
	for _, kind := range kinds {
		found[kind] = true
	}
	for _, exit := range exitTexts {
		found[exit.text] = true
	}
	for _, err := range []error{errDeclined, errArchive, errBinary} {
		found[err.Error()] = true
	}
	for _, match := range regexp.MustCompile(`{{tr "([^"]*)"}}`).FindAllStringSubmatch(usageTemplate, -1) {
		found[match[1]] = true
	}
	return found
}

func TestTextsAreInBothLanguages(t *testing.T) {
	inSource, chinese := textsInSource(t), textsFor("zh").Texts
	for text := range inSource {
		assert.Containsf(t, chinese, text, "the text has no Chinese")
	}
	for english, text := range chinese {
		assert.Truef(t, inSource[english], "nothing uses the text %q", english)
		assert.Equalf(t, strings.Count(english, "%"), strings.Count(text, "%"), "verbs of %q", english)
	}
}

func TestTextsOfHelpAreChinese(t *testing.T) {
	a := &app{getenv: func(string) string { return "" }, texts: textsFor("zh")}
	han := func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		assert.Truef(t, han(cmd.Short), "%s: %s", cmd.CommandPath(), cmd.Short)
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			assert.Truef(t, han(f.Usage), "%s --%s: %s", cmd.CommandPath(), f.Name, f.Usage)
		})
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(a.root())
}

func TestTextsChooseTheLanguage(t *testing.T) {
	for _, test := range []struct {
		args []string
		env  map[string]string
		want string
	}{
		{want: "en"},
		{env: map[string]string{"LANG": "zh_CN.UTF-8"}, want: "zh"},
		{env: map[string]string{"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, want: "en"},
		{env: map[string]string{"LC_ALL": "zh_TW.UTF-8", "LANG": "en_US.UTF-8"}, want: "zh"},
		{args: []string{"cards", "list", "--lang", "zh"}, want: "zh"},
		{args: []string{"--lang=en"}, env: map[string]string{"LANG": "zh_CN.UTF-8"}, want: "en"},
	} {
		got := language(test.args, func(name string) string { return test.env[name] })
		assert.Equal(t, test.want, got, "%v %v", test.args, test.env)
	}
}

func TestTextsHaveAChineseHeadForEveryColumn(t *testing.T) {
	a := &app{getenv: func(string) string { return "" }}
	a.root()
	heads := textsFor("zh").Columns
	for cmd, columns := range a.rowColumns {
		for _, column := range columns {
			assert.Containsf(t, heads, column, "%s", cmd.CommandPath())
		}
	}
}
