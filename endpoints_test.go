package quecloud_test

import (
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestEndpointsAreDistinct(t *testing.T) {
	t.Parallel()
	sections, methods := map[string]bool{}, map[string]bool{}
	for _, e := range selftest.Endpoints() {
		assert.False(t, sections[e.Section], "§ %s is in the table twice", e.Section)
		assert.False(t, methods[e.Method], "%s is in the table twice", e.Method)
		sections[e.Section], methods[e.Method] = true, true
		assert.Regexp(t, `^2\.\d+\.\d+$`, e.Section, e.Method)
		assert.Regexp(t, `^fc\.function\.\w[\w.]*$`, e.Method)
		assert.NotEmpty(t, e.Title, e.Method)
		assert.Equal(t, selftest.Unsigned[e.Method], e.Unsigned, "%s: unsigned parameters", e.Method)
	}
	assert.GreaterOrEqual(t, len(methods), 48, "the table has lost rows")
}

// Each row of the table needs a Go method, a case, a fixture, a handler of the stand-in, and a row in both READMEs.
func TestEndpointsAreComplete(t *testing.T) {
	t.Parallel()
	cases := map[string]bool{}
	for _, c := range selftest.Methods() {
		cases["fc.function."+c.Method] = true
	}
	client, served := reflect.TypeFor[quecloud.Client](), quecloudtest.Methods()
	for _, e := range selftest.Endpoints() {
		lacks := func(what string) { t.Errorf("%s: %s", e.Method, what) }
		name, ok := selftest.GoNames()[e.Method]
		if !ok {
			lacks("no method of a service has the comment " + strconv.Quote(e.Label()) + " and after it the kind")
		}
		service, method, _ := strings.Cut(name, ".")
		if field, found := client.FieldByName(service); ok && !found {
			lacks("Client has no service " + service)
		} else if ok {
			_, found = field.Type.MethodByName(method)
			assert.True(t, found, name)
		}
		if !cases[e.Method] {
			lacks("no case in internal/selftest/methods_*.go")
		}
		if !selftest.HasFixture(e.Name()+".json") && !selftest.HasFixture(e.Name()+".zip") {
			lacks("no response in testdata/" + e.Name() + ".json")
		}
		if !slices.Contains(served, e.Method) {
			lacks("no handler in quecloudtest/methods.go")
		}
		for _, file := range []string{"README.md", "README.zh-CN.md"} {
			row := e.Row(file == "README.zh-CN.md")
			if ok && !strings.Contains(selftest.ReadFile(t, file), "\n"+row+"\n") {
				lacks(file + " has no row " + row)
			}
		}
		delete(cases, e.Method)
		served = slices.DeleteFunc(served, func(m string) bool { return m == e.Method })
	}
	assert.Empty(t, cases, "internal/selftest has cases of methods that endpoints.go lacks")
	assert.Empty(t, served, "quecloudtest handles methods that endpoints.go lacks")
}

// Each constructor of a callback handler needs a row in both READMEs, and a kind in internal/selftest.
func TestEndpointsOfCallbacksAreComplete(t *testing.T) {
	t.Parallel()
	handlers := regexp.MustCompile(`\nfunc (New\w+Handler)\(`).FindAllStringSubmatch(selftest.ReadFile(t, "events.go"), -1)
	for _, file := range []string{"README.md", "README.zh-CN.md"} {
		rows := selftest.CallbackRows(file == "README.zh-CN.md")
		assert.Len(t, rows, len(handlers), "events whose comments name a chapter, and handlers in events.go")
		for _, row := range rows {
			if !strings.Contains(selftest.ReadFile(t, file), "\n"+row+"\n") {
				t.Errorf("%s has no row %s", file, row)
			}
		}
	}
	assert.Len(t, selftest.Callbacks, len(handlers), "kinds in internal/selftest/callbacks.go and handlers in events.go")
}

// The documents name the number of methods. Releases in the CHANGELOG keep theirs.
func TestEndpointsAreCountedInTheDocuments(t *testing.T) {
	t.Parallel()
	number := regexp.MustCompile(`(\d+) (?:methods|个接口)`)
	want := strconv.Itoa(len(selftest.Endpoints()))
	for _, file := range []string{
		"README.md", "README.zh-CN.md", "docs/methods.md", "docs/methods.zh-CN.md", "doc.go", "CHANGELOG.md",
	} {
		text, _, _ := strings.Cut(selftest.ReadFile(t, file), "\n## [0")
		found := number.FindAllStringSubmatch(text, -1)
		if found == nil && strings.HasSuffix(file, ".md") && file != "CHANGELOG.md" {
			t.Errorf("%s does not say how many methods there are", file)
		}
		for _, match := range found {
			if match[1] != want {
				t.Errorf("%s: %q, but endpoints.go has %s", file, match[0], want)
			}
		}
	}
}

func TestEndpointsKindsHaveNames(t *testing.T) {
	t.Parallel()
	assert.Equal(t, quecloud.KindOnce, quecloud.Kind(0), "an unknown method must not be retried")
	for kind, want := range map[quecloud.Kind]string{
		quecloud.KindOnce: "once", quecloud.KindRead: "read", quecloud.KindSet: "set", quecloud.KindSpend: "spend",
	} {
		assert.Equal(t, want, kind.String())
	}
}
