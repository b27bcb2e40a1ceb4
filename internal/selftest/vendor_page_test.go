package selftest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go/internal/selftest"
)

// vendorPages say the same in two languages.
var vendorPages = []string{"docs/vendor-notes.md", "docs/vendor-notes.zh-CN.md"}

// The tables of the page, in their order.
const (
	tableContradictions = 0
	tableRetired        = 3
)

// A name that the page quotes from the document is in the source, in a fixture or in the document's tables.
func TestVendorPageNamesMembers(t *testing.T) {
	t.Parallel()
	source := sources(t, "*.go", "internal/lenient/*.go", "testdata/*.json", "testdata/members.tsv")
	table := tableOf(t, vendorPages[0], tableContradictions)
	assert.Greater(t, len(table), 12)
	for _, cells := range table {
		for _, name := range append(spans(cells[1]), spans(cells[2])...) {
			if !strings.Contains(source, name) {
				t.Errorf("%s: %s names %s, which is nowhere else", vendorPages[0], cells[0], name)
			}
		}
	}
}

// The page names all parameters that are not signed.
func TestVendorPageNamesTheUnsignedParameters(t *testing.T) {
	t.Parallel()
	for _, e := range selftest.Endpoints() {
		for _, name := range e.Unsigned {
			assert.Contains(t, spans(tableOf(t, vendorPages[0], tableContradictions)[1][2]), name, e.Method)
		}
	}
}

// The retired methods have no Go method.
func TestVendorPageListsTheRetiredMethods(t *testing.T) {
	t.Parallel()
	for _, page := range vendorPages {
		table := tableOf(t, page, tableRetired)
		require.Len(t, table, 6, page)
		for _, cells := range table {
			method := strings.Trim(cells[0], "`")
			assert.False(t, slices.ContainsFunc(selftest.Endpoints(), func(e selftest.Endpoint) bool {
				return e.Method == method
			}), method)
		}
	}
}
