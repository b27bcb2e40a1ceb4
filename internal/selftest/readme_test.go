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

// translated returns the documents that exist in two languages, English first: the READMEs and the pages of docs.
func translated(t *testing.T) (pairs [][]string) {
	t.Helper()
	pairs = append(pairs, readmes)
	pages := glob(t, "docs/*.md")
	for _, page := range pages {
		english, isChinese := strings.CutSuffix(page, ".zh-CN.md")
		if isChinese {
			assert.Contains(t, pages, english+".md", "the English page of %s", page)
			continue
		}
		chinese := strings.TrimSuffix(page, ".md") + ".zh-CN.md"
		require.Contains(t, pages, chinese, "the Chinese page of %s", page)
		pairs = append(pairs, []string{page, chinese})
	}
	return pairs
}

var (
	fenced   = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")
	outlined = regexp.MustCompile("(?ms)^```.*?^```$|^[^\n]+$")
	heading  = regexp.MustCompile(`(?m)^(#+) +(.*)$`)
	fact     = regexp.MustCompile("`[^`]*`|[0-9]+([.,_][0-9]+)*")
	comment  = regexp.MustCompile(`(?m)(?:^|[ \t]+)//(.*)$`)
	sqlNote  = regexp.MustCompile(`(?m)(?:^|[ \t]+)--(.*)$`)
)

// commentsIn returns the pattern of comments in a language.
func commentsIn(language string) *regexp.Regexp {
	if language == "sql" {
		return sqlNote
	}
	return comment
}

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
	for _, name := range glob(t, "examples/*/*.go") {
		if !strings.HasSuffix(name, "_test.go") {
			code = append(code, flush(readText(t, name)))
		}
	}
	return code
}

// Snippets are parts of code that tests run. So is the SQL that creates tables.
func TestDocsSnippetsAreExecuted(t *testing.T) {
	t.Parallel()
	code := executedCode(t)
	all := 0
	for _, pair := range translated(t) {
		for _, name := range pair {
			isChinese := name != pair[0]
			snippets := 0
			for _, block := range fenced.FindAllStringSubmatch(readText(t, name), -1) {
				language, snippet := block[1], flush(block[2])
				if language != "go" && (language != "sql" || !strings.HasPrefix(snippet, "CREATE")) {
					continue
				}
				snippets++
				comments := commentsIn(language)
				runs := slices.ContainsFunc(code, func(c string) bool {
					if isChinese {
						return strings.Contains(comments.ReplaceAllString(c, ""), comments.ReplaceAllString(snippet, ""))
					}
					return strings.Contains(c, snippet)
				})
				line, _, _ := strings.Cut(block[2], "\n")
				assert.True(t, runs, "%s: no example or program has the snippet that begins %q", name, line)
				for _, c := range comments.FindAllStringSubmatch(block[2], -1) {
					han := strings.ContainsFunc(c[1], func(r rune) bool { return unicode.Is(unicode.Han, r) })
					assert.Equal(t, isChinese, han, "%s: the comment is in the other language: %s", name, c[0])
				}
			}
			all += snippets
			if slices.Contains(readmes, name) {
				assert.GreaterOrEqual(t, snippets, 4, name)
			}
		}
	}
	assert.GreaterOrEqual(t, all, 16)
}

// verdicts are the words of tables that decide about money, in both languages.
var verdicts = map[string]string{
	"retried": "重试", "not retried": "不重试",
	"reads": "只读", "sets": "设置", "once": "一次", "**spends**": "**付费**", "receives": "接收",
	"safe": "安全", "not safe": "不安全",
}

// outline returns what a document and its translation share, in order: heading levels, code, and the facts of each
// table row and of the prose of each section.
func outline(text string) (parts []string) {
	prose := ""
	for _, part := range append(outlined.FindAllString(text, -1), "# end") {
		switch {
		case strings.HasPrefix(part, "```"):
			language, _, _ := strings.Cut(strings.TrimPrefix(part, "```"), "\n")
			parts = append(parts, commentsIn(language).ReplaceAllString(part, ""))
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

func TestDocsSayTheSameInBothLanguages(t *testing.T) {
	t.Parallel()
	for _, pair := range translated(t) {
		english, chinese := outline(readText(t, pair[0])), outline(readText(t, pair[1]))
		assert.Greater(t, len(english), 50)
		for i := range min(len(english), len(chinese)) {
			require.Equal(t, english[i], chinese[i], "%s against %s, part %d", pair[0], pair[1], i)
		}
		assert.Len(t, chinese, len(english), "parts of "+pair[1])
		for i, name := range pair {
			link := "](" + path.Base(pair[1-i]) + ")"
			if !strings.Contains(readText(t, name), link) {
				t.Errorf("%s must lead to its translation", name)
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
