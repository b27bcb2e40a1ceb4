package selftest_test

import (
	goflag "flag"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

var update = goflag.Bool("update", false, "write the tables of docs/methods.md")

// methodPages say the same in two languages.
var methodPages = []string{"docs/methods.md", "docs/methods.zh-CN.md"}

// The tables come from endpoints.go and from the comments of the Go methods. With -update the test writes them.
func TestMethodsPageListsAllMethods(t *testing.T) {
	t.Parallel()
	for i, page := range methodPages {
		for part, rows := range map[string][]string{
			"methods": selftest.MethodRows(i == 1), "helpers": selftest.HelperRows(),
		} {
			text := readText(t, page)
			table := regexp.MustCompile(`(?s)(<!-- ` + part + `: generated -->\n.*?\n\|---[-|]*\n)(.*?)(\n\n)`)
			found := table.FindStringSubmatch(text)
			require.NotNil(t, found, "%s: the table of %s", page, part)
			want := strings.Join(rows, "\n")
			if *update && found[2] != want {
				text = strings.Replace(text, found[0], found[1]+want+found[3], 1)
				require.NoError(t, os.WriteFile(filepath.Join(selftest.Root(), page), []byte(text), 0o644))
				continue
			}
			assert.Equal(t, want, found[2], "%s: go test ./internal/selftest -run MethodsPage -update writes it", page)
		}
	}
}

// The page counts the methods of each kind.
func TestMethodsPageCountsTheKinds(t *testing.T) {
	t.Parallel()
	count := map[string]int{"receives": len(selftest.CallbackRows(false))}
	for _, e := range selftest.Endpoints() {
		count[map[quecloud.Kind]string{
			quecloud.KindOnce: "once", quecloud.KindRead: "reads", quecloud.KindSet: "sets", quecloud.KindSpend: "**spends**",
		}[e.Kind]]++
	}
	got := map[string]int{}
	for _, cells := range tableOf(t, methodPages[0], 0) {
		n, err := strconv.Atoi(cells[1])
		require.NoError(t, err, cells)
		got[cells[0]] = n
	}
	assert.Equal(t, count, got, "the Chinese page has the same numbers: see TestDocsSayTheSameInBothLanguages")
}
