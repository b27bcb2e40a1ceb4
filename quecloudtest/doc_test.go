package quecloudtest_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
)

// What the documentation lists of a new server is what is there.
func TestTheDocumentationListsWhatAServerBeginsWith(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("doc.go")
	must(t, err)
	listed := map[string]bool{}
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\r\n", "\n")) {
		if row, ok := strings.CutPrefix(line, "//\t"); ok {
			listed[strings.Join(strings.Fields(row), " ")] = true
		}
	}
	srv, client := start(t)
	products, err := client.Orders.FlowPackages(t.Context())
	must(t, err)
	for _, p := range products {
		if row := fmt.Sprintf("%d %s %s %s", p.ProductID, p.ProductName, p.Carrier, p.Price); !listed[row] {
			t.Errorf("product %s is not listed", row)
		}
	}
	for _, number := range []string{"1064800000000", "1064900000001"} {
		c := card(t, srv, number)
		info, err := client.Cards.Info(t.Context(), quecloud.MSISDN(number))
		must(t, err)
		if row := fmt.Sprintf("%s %s %d %s %s", c.MSISDN, c.ICCID, c.BillingID, info.Carrier, c.Status); !listed[row] {
			t.Errorf("card %s is not listed", row)
		}
	}
}
