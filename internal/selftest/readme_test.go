package selftest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go/internal/selftest"
)

// readmes say the same in two languages.
var readmes = []string{"README.md", "README.zh-CN.md"}

var (
	fenced   = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")
	outlined = regexp.MustCompile("(?ms)^```.*?^```$|^[^\n]+$")
	heading  = regexp.MustCompile(`(?m)^(#+) +(.*)$`)
	fact     = regexp.MustCompile("`[^`]*`|[0-9]+([.,_][0-9]+)*")
	comment  = regexp.MustCompile(`(?m)(?:^|[ \t]+)//(.*)$`)
)

// uncommented removes the comments from code, which each README has in its own language.
func uncommented(code string) string { return comment.ReplaceAllString(code, "") }

// readText returns a file of the module, with the line ends of Unix.
func readText(t *testing.T, name string) string {
	t.Helper()
	return strings.ReplaceAll(selftest.ReadFile(t, name), "\r\n", "\n")
}

// glob returns the files of the module that a pattern matches, by their paths from its root.
func glob(t *testing.T, pattern string) (names []string) {
	t.Helper()
	names, err := fs.Glob(os.DirFS(selftest.Root()), pattern)
	require.NoError(t, err)
	return names
}

// flush removes the indentation of all lines, which differs between a document and a function.
func flush(code string) string {
	lines := strings.Split(strings.TrimSpace(code), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.Join(lines, "\n")
}

// executedCode returns the source of the code that tests or CI run: examples whose output is checked, and the programs
// in examples.
func executedCode(t *testing.T) (code []string) {
	t.Helper()
	for _, folder := range []string{"", "quecloudtest/", "otelquecloud/"} {
		pattern := folder + "example*_test.go"
		names := glob(t, pattern)
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
	for _, name := range glob(t, "examples/*/main.go") {
		code = append(code, flush(readText(t, name)))
	}
	return code
}

func TestReadmeSnippetsAreExecuted(t *testing.T) {
	t.Parallel()
	code := executedCode(t)
	for _, name := range readmes {
		chinese := name != readmes[0]
		runs := func(snippet string) bool {
			return slices.ContainsFunc(code, func(c string) bool {
				if chinese {
					return strings.Contains(uncommented(c), uncommented(snippet))
				}
				return strings.Contains(c, snippet)
			})
		}
		snippets := 0
		for _, block := range fenced.FindAllStringSubmatch(readText(t, name), -1) {
			if block[1] != "go" {
				continue
			}
			snippets++
			line, _, _ := strings.Cut(block[2], "\n")
			assert.True(t, runs(flush(block[2])), "%s: no example or program has the snippet that begins %q", name, line)
			for _, c := range comment.FindAllStringSubmatch(block[2], -1) {
				han := strings.ContainsFunc(c[1], func(r rune) bool { return unicode.Is(unicode.Han, r) })
				assert.Equal(t, chinese, han, "%s: the comment is in the other language: %s", name, c[0])
			}
		}
		assert.GreaterOrEqual(t, snippets, 10, name)
	}
}

// verdicts are the words of tables that decide about money, in both languages.
var verdicts = map[string]string{
	"retried": "重试", "not retried": "不重试",
	"reads": "只读", "sets": "设置", "once": "一次", "**spends**": "**付费**", "receives": "接收",
}

// outline returns what the two READMEs share, in order: heading levels, code, and the facts of each table row and of
// the prose of each section.
func outline(text string) (parts []string) {
	prose := ""
	for _, part := range append(outlined.FindAllString(text, -1), "# end") {
		switch {
		case strings.HasPrefix(part, "```"):
			parts = append(parts, uncommented(part))
		case strings.HasPrefix(part, "|"):
			parts = append(parts, "| "+facts(part)+verdictsOf(part))
		case strings.HasPrefix(part, "#"):
			level, _, _ := strings.Cut(part, " ")
			parts = append(parts, "prose with "+facts(prose), level)
			prose = ""
		default:
			prose += part + "\n"
		}
	}
	return parts
}

// facts returns the code and the numbers of a text, each once, sorted.
func facts(text string) string {
	found := fact.FindAllString(text, -1)
	slices.Sort(found)
	return strings.Join(slices.Compact(found), " ")
}

// verdictsOf returns the verdicts of a row, in Chinese, without the text after a colon.
func verdictsOf(row string) (found string) {
	chinese := slices.Collect(maps.Values(verdicts))
	for cell := range strings.SplitSeq(row, "|") {
		word, _, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(cell), "：", ":"), ":")
		if translated, known := verdicts[word]; known {
			word = translated
		}
		if slices.Contains(chinese, word) {
			found += " " + word
		}
	}
	return found
}

func TestReadmesSayTheSame(t *testing.T) {
	t.Parallel()
	english, chinese := outline(readText(t, readmes[0])), outline(readText(t, readmes[1]))
	assert.Greater(t, len(english), 100)
	for i := range min(len(english), len(chinese)) {
		require.Equal(t, english[i], chinese[i], "%s against %s, part %d", readmes[0], readmes[1], i)
	}
	assert.Len(t, chinese, len(english), "parts of "+readmes[1])
	for _, name := range readmes {
		for _, other := range readmes {
			if other != name {
				assert.Contains(t, readText(t, name), "]("+other+")", "%s must lead to %s", name, other)
			}
		}
	}
}

// documents returns the names of all Markdown files, including those of nested modules.
func documents(t *testing.T) (names []string) {
	t.Helper()
	require.NoError(t, fs.WalkDir(os.DirFS(selftest.Root()), ".", func(name string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.IsDir() && entry.Name() == ".git" {
			return fs.SkipDir
		}
		if path.Ext(name) == ".md" {
			names = append(names, name)
		}
		return err
	}))
	return names
}

func TestReadmeLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]*)?\)`)
	names := documents(t)
	assert.Contains(t, names, "README.zh-CN.md")
	assert.Contains(t, names, "testdata/README.md")
	for _, name := range names {
		for _, match := range link.FindAllStringSubmatch(fenced.ReplaceAllString(readText(t, name), ""), -1) {
			target := name
			switch {
			case strings.Contains(match[1], ":"):
				continue // elsewhere
			case match[1] != "":
				target = path.Join(path.Dir(name), match[1])
			}
			_, err := os.Stat(filepath.Join(selftest.Root(), target))
			if !assert.NoError(t, err, "%s links to %s", name, match[0]) {
				continue
			}
			if match[2] != "" && path.Ext(target) == ".md" {
				found := slices.Contains(anchors(readText(t, target)), match[2])
				assert.True(t, found, "%s links to %s, which has no such heading", name, match[0])
			}
		}
	}
}

// anchors returns the anchors that GitHub makes of the headings of a document.
func anchors(text string) (found []string) {
	seen := map[string]int{}
	for _, match := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		slug := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.In(r, unicode.L, unicode.M, unicode.N):
				return unicode.ToLower(r)
			}
			return -1
		}, match[2])
		anchor := "#" + slug
		if seen[slug] > 0 {
			anchor += "-" + strconv.Itoa(seen[slug])
		}
		seen[slug]++
		found = append(found, anchor)
	}
	return found
}

func TestReadmeAnchorsAreThoseOfGitHub(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"#one-call-other-options", "#whats-open", "#接收通知", "#v2_1-一次", "#a--b", "#接收通知-1"},
		anchors("# One call, other options\n## What's `open`?\n## 接收通知\n```sh\n# no heading\n```\n"+
			"### v2_1 “一次”！\n# A & B\n## 接收通知\n"))
}

func TestReadmeOutlineChangesWithTheMeaning(t *testing.T) {
	t.Parallel()
	text := readText(t, readmes[1])
	for _, change := range [][2]string{
		{"不重试：`ErrOutcomeUnknown`", "重试：`ErrOutcomeUnknown`"},
		{"不重试：`ErrOutcomeUnknown`", "不重试"},
		{"| 重试 | 不重试：", "| 不重试 | 不重试："},
		{"（30 秒）", "（60 秒）"},
		{"1000 张卡", "100 张卡"},
		{"| 设置 |", "| 只读 |"},
	} {
		changed := strings.Replace(text, change[0], change[1], 1)
		assert.False(t, slices.Equal(outline(text), outline(changed)), "%s became %s", change[0], change[1])
	}
}

func TestReadmeBenchmarksExist(t *testing.T) {
	t.Parallel()
	command := regexp.MustCompile("`'(\\w+)\\$[^']*' \\./([\\w/]+)`")
	commands := command.FindAllStringSubmatch(readText(t, "benchmarks/README.md"), -1)
	assert.GreaterOrEqual(t, len(commands), 15)
	for _, command := range commands {
		found := false
		for _, name := range glob(t, command[2]+"/*_test.go") {
			found = found || strings.Contains(readText(t, name), "\nfunc Benchmark"+command[1]+"(")
		}
		assert.True(t, found, "benchmarks/README.md: %s has no Benchmark%s", command[2], command[1])
	}
}
