package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// routeTable returns all requests as a table of Markdown.
func routeTable(routes []route, chinese bool) string {
	var table strings.Builder
	table.WriteString(map[bool]string{false: "| request | parameters | |\n", true: "| 请求 | 参数 | |\n"}[chinese])
	table.WriteString("|---|---|---|\n")
	for _, r := range routes {
		what := r.en
		if chinese {
			what = r.zh
		}
		var names []string
		for _, p := range queryNames(r.in) {
			names = append(names, "`"+p+"`")
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", strings.TrimSuffix(r.pattern, "{$}"), strings.Join(names, " "), what)
	}
	return table.String()
}

// TestDocsListEveryRequest compares docs/simulator.md with the table of routes. With UPDATE_DOCS set it corrects the
// pages.
func TestDocsListEveryRequest(t *testing.T) {
	t.Parallel()
	for page, chinese := range map[string]bool{"../../docs/simulator.md": false, "../../docs/simulator.zh-CN.md": true} {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		head := content[:bytes.LastIndex(content, []byte("\n\n"))+2]
		want := string(head) + routeTable(routes(), chinese)
		if string(content) == want {
			continue
		}
		if os.Getenv("UPDATE_DOCS") != "" {
			if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		t.Errorf("%s does not list the requests of the control; correct it with UPDATE_DOCS=1 go test -run Docs .", page)
	}
}

// escaped writes characters that a table cannot have.
var escaped = strings.NewReplacer("\r", `\r`, "\n", `\n`, "\t", `\t`)

// TestDocsListSignatures compares docs/simulator.md with docs/signatures.json.
func TestDocsListSignatures(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../docs/signatures.json")
	if err != nil {
		t.Fatal(err)
	}
	var examples []struct{ Name, NameZh, Text, Sign string }
	if err := json.Unmarshal(content, &examples); err != nil {
		t.Fatal(err)
	}
	for page, chinese := range map[string]bool{"../../docs/simulator.md": false, "../../docs/simulator.zh-CN.md": true} {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range examples {
			name := e.Name
			if chinese {
				name = e.NameZh
			}
			row := fmt.Sprintf("| %s | `%s` | `%s` |\n", name, escaped.Replace(e.Text), e.Sign)
			if !bytes.Contains(content, []byte(row)) {
				t.Errorf("%s has no row %s", page, row)
			}
		}
	}
}

// TestDocsCommandsWork runs the documented calls of the control.
func TestDocsCommandsWork(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	call := regexp.MustCompile(`curl -s '?127\.0\.0\.1:9090(/[^ '\n]*)'?(?: -d '([^']*)')?`)
	calls := call.FindAllStringSubmatch(string(content), -1)
	if len(calls) < 6 {
		t.Fatalf("only %d calls", len(calls))
	}
	receiver := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "success") })
	sim := quecloudtest.NewUnstartedServer(
		quecloudtest.WithCallbackClient(&http.Client{Transport: quecloudtest.HandlerTransport(receiver)}))
	defer sim.Close()
	control := New(sim, log.New(io.Discard, "", 0)).Handler()
	for _, c := range calls {
		method := http.MethodGet
		if c[2] != "" {
			method = http.MethodPost
		}
		target := strings.Replace(c[1], "wait=5s", "wait=1ms", 1)
		r := httptest.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:9090"+target, strings.NewReader(c[2]))
		w := httptest.NewRecorder()
		control.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", c[0], w.Code, w.Body)
		}
	}
	if all := sim.Deliveries(); len(all) != 1 || !all[0].OK {
		t.Errorf("the commands delivered %+v", all)
	}
}
