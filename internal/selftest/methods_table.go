package selftest

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/quecloud/quecloud-go"
)

// kindWords are the words of the tables of methods for the kinds, in English and Chinese.
var kindWords = map[quecloud.Kind][2]string{
	quecloud.KindOnce: {"once", "一次"}, quecloud.KindRead: {"reads", "只读"}, quecloud.KindSet: {"sets", "设置"},
	quecloud.KindSpend: {"**spends**", "**付费**"},
}

// choose returns the word of one of the two languages of the documents.
func choose(isChinese bool, english, chinese string) string {
	if isChinese {
		return chinese
	}
	return english
}

// Row returns the row of an endpoint in a table of methods, in English or Chinese.
func (e Endpoint) Row(isChinese bool) string {
	name, kind := GoNames()[e.Method], kindWords[e.Kind]
	return tableRow(e.Section, "`"+e.Method+"`", e.Title, goLink(name), choose(isChinese, kind[0], kind[1]))
}

// CallbackRows returns the rows of the callbacks in a table of methods, by the chapters of the vendor's document.
func CallbackRows(isChinese bool) map[string]string {
	rows := map[string]string{}
	for _, event := range eventType.FindAllStringSubmatch(rootSource(), -1) {
		comment := strings.Join(strings.Fields(strings.ReplaceAll(event[1], "//", " ")), " ")
		if chapter := documented.FindStringSubmatch(comment); chapter != nil {
			rows[chapter[1]] = tableRow(chapter[1], choose(isChinese, "(callback)", "（回调）"), chapter[2],
				goLink("New"+event[2]+"Handler"), choose(isChinese, "receives", "接收"))
		}
	}
	return rows
}

var (
	eventType  = regexp.MustCompile(`((?://[^\n]*\n)+)type (\w+)Event struct`)
	documented = regexp.MustCompile(`§ (2\.\d+\.\d+) (\S+) of the vendor's`)
	chapters   = regexp.MustCompile(`§ (2\.\d+\.\d+)`)
)

// MethodRows returns the table of all methods and callbacks, without its head.
func MethodRows(isChinese bool) (rows []string) {
	bySection := CallbackRows(isChinese)
	for _, e := range Endpoints() {
		bySection[e.Section] = e.Row(isChinese)
	}
	for _, section := range bySectionNumber(bySection) {
		rows = append(rows, bySection[section])
	}
	return rows
}

// HelperRows returns a row for each Go method that is built on others: its name, and the chapters that it uses.
func HelperRows() (rows []string) {
	direct, byName := map[string]bool{}, map[string]string{}
	for _, name := range GoNames() {
		direct[name] = true
	}
	for _, method := range serviceMethod.FindAllStringSubmatch(rootSource(), -1) {
		name := method[2] + "." + method[3]
		uses := map[string]string{}
		for _, chapter := range chapters.FindAllStringSubmatch(method[1], -1) {
			uses[chapter[1]] = ""
		}
		if !direct[name] && len(uses) > 0 {
			byName[name] = tableRow(goLink(name), strings.Join(bySectionNumber(uses), ", "))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		rows = append(rows, byName[name])
	}
	return rows
}

func tableRow(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |" }

// goLink returns a link to the documentation of a function, or of a method such as Cards.Pause.
func goLink(name string) string {
	identifier := strings.Replace(name, ".", "Service.", 1)
	return "[`" + name + "`](https://pkg.go.dev/github.com/quecloud/quecloud-go#" + identifier + ")"
}

// bySectionNumber returns chapters such as 2.1.10 in the order of their numbers.
func bySectionNumber(sections map[string]string) (sorted []string) {
	numbers := func(section string) (n []int) {
		for part := range strings.SplitSeq(section, ".") {
			i, _ := strconv.Atoi(part) // the callers' patterns have digits only
			n = append(n, i)
		}
		return n
	}
	for section := range sections {
		sorted = append(sorted, section)
	}
	slices.SortFunc(sorted, func(a, b string) int {
		return cmp.Or(slices.Compare(numbers(a), numbers(b)), strings.Compare(a, b))
	})
	return sorted
}

// rootSource returns the source of the root package, without its tests.
func rootSource() string {
	files, err := filepath.Glob(filepath.Join(Root(), "*.go"))
	if err != nil {
		panic(err)
	}
	var all strings.Builder
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			panic(err)
		}
		if !strings.HasSuffix(name, "_test.go") {
			all.WriteString(strings.ReplaceAll(string(text), "\r\n", "\n"))
		}
	}
	return all.String()
}
