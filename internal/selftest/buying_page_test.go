package selftest_test

import (
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// buyingPages say the same in two languages.
var buyingPages = []string{"docs/buying.md", "docs/buying.zh-CN.md"}

var codeSpan = regexp.MustCompile("`([^`]*)`")

// spans returns the code spans of a text.
func spans(text string) (found []string) {
	for _, match := range codeSpan.FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

// tableOf returns the cells of the n-th table of a document, without its head. The first is 0.
func tableOf(t *testing.T, file string, n int) (rows [][]string) {
	t.Helper()
	tables := regexp.MustCompile(`(?m)(?:^\|.*\n)+`).FindAllString(fenced.ReplaceAllString(readText(t, file), ""), -1)
	require.Greater(t, len(tables), n, file)
	for _, line := range strings.Split(strings.TrimSpace(tables[n]), "\n")[2:] {
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		rows = append(rows, cells)
	}
	return rows
}

// The tables of a page, in their order.
const (
	tablePurchase    = 1 // what a purchase returns
	tablePreverified = 3 // what a pre-verification returns
	tableChanges     = 6 // all changes
)

// returned names what a purchase has returned, as the rows of the page do.
func returned(receipt *quecloud.OrderReceipt, err error) (names []string) {
	if receipt != nil {
		names = append(names, "receipt")
	}
	for _, e := range []struct {
		name string
		is   bool
	}{
		{"*ParamError", errors.As(err, new(*quecloud.ParamError))},
		{"*APIError", errors.As(err, new(*quecloud.APIError))},
		{"*ResponseError", errors.As(err, new(*quecloud.ResponseError))},
		{"ErrAttemptTimeout", errors.Is(err, quecloud.ErrAttemptTimeout)},
		{"ErrOutcomeUnknown", errors.Is(err, quecloud.ErrOutcomeUnknown)},
	} {
		if e.is {
			names = append(names, e.name)
		}
	}
	return names
}

// stateAfter returns the state of a purchase after its call, as examples/service has it.
func stateAfter(err error) string {
	switch {
	case err == nil:
		return "ordered"
	case errors.Is(err, quecloud.ErrOutcomeUnknown):
		return "sent"
	case errors.As(err, new(*quecloud.ParamError)), errors.As(err, new(*quecloud.APIError)),
		errors.As(err, new(*quecloud.ResponseError)):
		return "not_ordered"
	}
	return "new"
}

// rowNames returns what a row of a page names: a receipt, and the errors in backquotes.
func rowNames(cell string) (names []string) {
	if strings.Contains(cell, "receipt") || strings.Contains(cell, "回执") {
		names = append(names, "receipt")
	}
	return append(names, spans(cell)...)
}

func TestBuyingPageListsWhatAPurchaseReturns(t *testing.T) {
	t.Parallel()
	bought, refused := selftest.Success, `{"resultCode":1,"errorMessage":"余额不足"}`
	rows := [][]selftest.Step{ // several ways to each row of the table
		{{Body: bought}, {Unsent: io.EOF}},
		{{Body: `{"resultCode":1,"orderNo":"R1"}`}, {Status: 500, Body: `{"resultCode":1,"orderNo":"R1"}`}},
		{{Body: refused}, {Body: `{"resultCode":70031}`}, {Status: 403, Body: refused}},
		{{Status: 500, Body: refused}, {Status: 503, Body: refused}},
		{{Status: 401}, {Status: 413, Body: selftest.HTMLPage}},
		{
			{Status: 403, Body: selftest.HTMLPage}, {Status: 404}, {Status: 502}, {Body: selftest.HTMLPage}, {Body: "{"},
			{Body: `{"resultCode":0}`},
		},
		{{Wait: time.Hour}},
		{{Err: io.ErrUnexpectedEOF}, {Err: errors.New("reset")}},
		{{}},
		{{Unsent: io.EOF}},
	}
	for _, page := range buyingPages {
		table := tableOf(t, page, tablePurchase)
		require.Len(t, table, len(rows), page)
		for i, cells := range table {
			for _, step := range rows[i] {
				synctest.Test(t, func(t *testing.T) {
					steps := []selftest.Step{step}
					if step.Unsent != nil && i == 0 {
						steps = append(steps, selftest.Step{Body: bought})
					}
					params := selftest.Recharge
					if i == 8 {
						params.ProductName = ""
					}
					client, _ := selftest.Scripted(t, steps)
					receipt, err := client.Orders.Recharge(t.Context(), &params)
					assert.Equal(t, rowNames(cells[0]), returned(receipt, err), "%s: %s: %v", page, cells[0], err)
					assert.Equal(t, []string{stateAfter(err)}, spans(cells[2]), "%s: %s: %v", page, cells[0], err)
				})
			}
		}
	}
}

func TestBuyingPageListsWhatAPreverificationReturns(t *testing.T) {
	t.Parallel()
	rows := []selftest.Step{
		{Body: `{"resultCode":0,"errorMessage":"预校验通过"}`}, {Body: selftest.Success},
		{Body: `{"resultCode":1,"orderNo":"R1"}`}, {Body: `{"resultCode":1}`}, {Err: io.ErrUnexpectedEOF},
	}
	for _, page := range buyingPages {
		table := tableOf(t, page, tablePreverified)
		require.Len(t, table, len(rows), page)
		for i, cells := range table {
			params := selftest.Recharge
			params.Preverify, params.ExternalID = true, ""
			client, _ := selftest.Scripted(t, rows[i:i+1])
			receipt, err := client.Orders.Recharge(t.Context(), &params)
			assert.Equal(t, rowNames(cells[0]), returned(receipt, err), "%s: %s: %v", page, cells[0], err)
		}
	}
}

// Every method that changes something has a row, which names the method that the error names.
func TestBuyingPageListsEveryChange(t *testing.T) {
	t.Parallel()
	where := regexp.MustCompile(`look with ([\w.]+)`)
	calls := map[string]selftest.MethodCase{}
	for _, c := range slices.Backward(selftest.Methods()) {
		calls["fc.function."+c.Method] = c
	}
	want := map[string]string{} // the method to look with, by the method that changes something
	for _, e := range selftest.Endpoints() {
		if e.Kind == quecloud.KindRead {
			continue
		}
		client, _ := selftest.Scripted(t, []selftest.Step{{Err: io.ErrUnexpectedEOF}})
		_, err := calls[e.Method].Call(t.Context(), client)
		require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown, e.Method)
		found := where.FindStringSubmatch(err.Error())
		require.NotNil(t, found, err)
		want[selftest.GoNames()[e.Method]] = found[1]
	}
	for _, page := range buyingPages {
		got := map[string]string{}
		for _, cells := range tableOf(t, page, tableChanges) {
			got[spans(cells[0])[0]] = spans(cells[1])[0]
			assert.NotEmpty(t, cells[2], page)
			assert.NotEmpty(t, verdictsOf("| "+cells[3]+" |"), "%s: %s", page, cells[0])
		}
		assert.Equal(t, want, got, page)
	}
}

// Readers of pkg.go.dev need the address of the page. It must lead to a file of this repository.
func TestBuyingPageIsLinked(t *testing.T) {
	t.Parallel()
	const address = "https://github.com/quecloud/quecloud-go/blob/main/"
	docs := methodDocs(t)
	docs["package"] = documentation(t, ".", "github.com/quecloud/quecloud-go").Doc
	for _, name := range []string{"package", "OrdersService", "RechargeParams", "RenewalParams", "Orders.Find"} {
		if !strings.Contains(docs[name], address+buyingPages[0]) {
			t.Errorf("the comment of %s does not link to %s", name, buyingPages[0])
		}
	}
	for i, readme := range readmes {
		if !strings.Contains(readText(t, readme), "]("+buyingPages[i]+")") {
			t.Errorf("%s does not link to %s", readme, buyingPages[i])
		}
	}
}
