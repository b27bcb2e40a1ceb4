package quecloud_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// readmes are the documents that say the same in two languages.
var readmes = []string{"README.md", "README.zh-CN.md"}

var (
	fenced   = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")
	outlined = regexp.MustCompile("(?ms)^```.*?^```$|^#+ |^\\|[^|\n]*\\|")
	subject  = regexp.MustCompile("`[^`]*`|[0-9][0-9.]+")
)

func readText(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// flush removes the indentation of all lines, which differs between a document and a function.
func flush(code string) string {
	lines := strings.Split(strings.TrimSpace(code), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}

// executedCode is the source of everything that the tests or CI run for its own sake: examples whose output is checked,
// and the programs in examples.
func executedCode(t *testing.T) (code []string) {
	t.Helper()
	for _, pattern := range []string{"example*_test.go", "quecloudtest/example*_test.go", "otelquecloud/example*_test.go"} {
		names, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, names, pattern)
		for _, name := range names {
			source := readText(t, name)
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, name, source, 0)
			require.NoError(t, err)
			for _, decl := range file.Decls {
				f, ok := decl.(*ast.FuncDecl)
				if !ok || !strings.HasPrefix(f.Name.Name, "Example") {
					continue
				}
				body := source[set.Position(f.Pos()).Offset:set.Position(f.End()).Offset]
				if strings.Contains(body, "// Output:") || strings.Contains(body, "// Unordered output:") {
					code = append(code, flush(body))
				}
			}
		}
	}
	programs, err := filepath.Glob("examples/*/main.go")
	require.NoError(t, err)
	for _, name := range programs {
		code = append(code, flush(readText(t, name)))
	}
	return code
}

func TestEveryGoSnippetOfTheReadmesIsCodeThatIsRun(t *testing.T) {
	t.Parallel()
	code := executedCode(t)
	runs := func(snippet string) bool {
		for _, c := range code {
			if strings.Contains(c, snippet) {
				return true
			}
		}
		return false
	}
	for _, name := range readmes {
		snippets := 0
		for _, block := range fenced.FindAllStringSubmatch(readText(t, name), -1) {
			if block[1] == "go" {
				snippets++
				assert.True(t, runs(flush(block[2])), "%s: no example that is run has this in it:\n%s", name, block[2])
			}
		}
		assert.GreaterOrEqual(t, snippets, 10, name)
	}
}

// outline is what the two READMEs have in common, in its order: the levels of the headings, the code, and of each row of
// a table the number or the identifiers that it is about.
func outline(text string) (parts []string) {
	for _, part := range outlined.FindAllString(text, -1) {
		if strings.HasPrefix(part, "|") {
			part = "| " + strings.Join(subject.FindAllString(part, -1), " ")
		}
		parts = append(parts, part)
	}
	return parts
}

func TestTheReadmesSayTheSame(t *testing.T) {
	t.Parallel()
	english, chinese := outline(readText(t, readmes[0])), outline(readText(t, readmes[1]))
	assert.Greater(t, len(english), 100)
	assert.Equal(t, english, chinese)
	for _, name := range readmes {
		for _, other := range readmes {
			if other != name {
				assert.Contains(t, readText(t, name), "]("+other+")", "%s must lead to %s", name, other)
			}
		}
	}
}

func TestWhatTheDocumentsLinkToIsThere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#:\s]+)(#[^)]*)?\)`)
	documents, err := filepath.Glob("*.md")
	require.NoError(t, err)
	for _, name := range documents {
		for _, match := range link.FindAllStringSubmatch(fenced.ReplaceAllString(readText(t, name), ""), -1) {
			_, err := os.Stat(filepath.FromSlash(match[1]))
			assert.NoError(t, err, "%s links to %s", name, match[1])
		}
	}
}
