package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestOpenAPIIsValid checks what tools that read the document rely on.
func TestOpenAPIIsValid(t *testing.T) {
	t.Parallel()
	_, h := newControl(t)
	status, body := ask(h, "GET /openapi.json", "")
	var doc object
	if err := json.Unmarshal([]byte(body), &doc); err != nil || status != http.StatusOK || doc["openapi"] != "3.1.0" {
		t.Fatalf("got %d, %v", status, err)
	}
	ids := map[string]bool{}
	for path, item := range doc["paths"].(object) {
		for method, op := range item.(object) {
			checkOperation(t, strings.ToUpper(method)+" "+path, op.(object), ids)
		}
	}
	for _, ref := range references(doc) {
		name, ok := strings.CutPrefix(ref, "#/components/schemas/")
		if _, exists := doc["components"].(object)["schemas"].(object)[name]; !ok || !exists {
			t.Errorf("no schema %s", ref)
		}
	}
	if len(ids) != len(routes()) {
		t.Errorf("%d operations of %d routes", len(ids), len(routes()))
	}
}

func checkOperation(t *testing.T, name string, op object, ids map[string]bool) {
	t.Helper()
	id, _ := op["operationId"].(string)
	if id == "" || ids[id] {
		t.Errorf("%s: the operationId %q is empty or not unique", name, id)
	}
	ids[id] = true
	for _, key := range []string{"summary", "x-summary-zh"} {
		if text, _ := op[key].(string); text == "" {
			t.Errorf("%s: no %s", name, key)
		}
	}
	var inPath []string
	parameters, _ := op["parameters"].([]any)
	for _, p := range parameters {
		if p := p.(object); p["in"] == "path" {
			inPath = append(inPath, fmt.Sprintf("{%v}", p["name"]))
		}
	}
	if want := regexp.MustCompile(`\{[a-z]+\}`).FindAllString(name, -1); !slices.Equal(inPath, want) {
		t.Errorf("%s: the parameters in the path are %v", name, inPath)
	}
	if responses, _ := op["responses"].(object); responses["200"] == nil || responses["default"] == nil {
		t.Errorf("%s: the responses are %v", name, slices.Collect(maps.Keys(responses)))
	}
}

// references returns all references in a document.
func references(v any) (all []string) {
	switch v := v.(type) {
	case object:
		for key, member := range v {
			if key == "$ref" {
				all = append(all, member.(string))
			}
			all = append(all, references(member)...)
		}
	case []any:
		for _, element := range v {
			all = append(all, references(element)...)
		}
	}
	return all
}
