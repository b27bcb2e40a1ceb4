package selftest_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/quecloud/quecloud-go"
)

// sources returns the text of all files that match the patterns, without tests.
func sources(t *testing.T, patterns ...string) string {
	t.Helper()
	var all strings.Builder
	for _, pattern := range patterns {
		for _, name := range glob(t, pattern) {
			if !strings.HasSuffix(name, "_test.go") {
				all.WriteString(readText(t, name))
			}
		}
	}
	return all.String()
}

// The methods, errors, options and constructors that the pages name exist. So do those of AGENTS.md.
func TestDocsNameWhatExists(t *testing.T) {
	t.Parallel()
	source := sources(t, "*.go")
	service := regexp.MustCompile(`^(Cards|Flow|SMS|Orders|Billing|Files)\.([A-Z]\w*)$`)
	identifier := regexp.MustCompile(
		`^\*?(?:quecloud\.)?((?:Err|With|New|Drift|Default)[A-Z]\w*|[A-Z]\w*Error)(?:\(.*\))?$`)
	client := reflect.TypeFor[quecloud.Client]()
	pages, names := append(glob(t, "docs/*.md"), "AGENTS.md"), 0
	for _, page := range pages {
		for _, span := range spans(fenced.ReplaceAllString(readText(t, page), "")) {
			if match := service.FindStringSubmatch(span); match != nil {
				field, ok := client.FieldByName(match[1])
				if ok {
					_, ok = field.Type.MethodByName(match[2])
				}
				names++
				assert.True(t, ok, "%s: the client has no method %s", page, span)
			}
			if match := identifier.FindStringSubmatch(span); match != nil {
				names++
				declared := regexp.MustCompile(`(?m)^(?:func |type |var |const |\t)` + match[1] + `\b`)
				assert.True(t, declared.MatchString(source), "%s: the package declares no %s", page, span)
			}
		}
	}
	assert.Greater(t, names, 100)
}

// Agents read the file whole, with every task.
func TestDocsForAgentsAreShort(t *testing.T) {
	t.Parallel()
	assert.LessOrEqual(t, strings.Count(readText(t, "AGENTS.md"), "\n"), 80)
}
