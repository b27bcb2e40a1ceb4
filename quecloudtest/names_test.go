package quecloudtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Whoever knows the name of a state in the SDK knows it here.
func TestConstantsAreNamedAsInTheSDK(t *testing.T) {
	t.Parallel()
	theirs, ours := constants(t, "../enums.go"), constants(t, "*.go")
	for _, family := range []struct{ theirs, ours string }{
		{"CardStatus", "Status"}, {"PauseReason", "Reason"}, {"CarrierChina", "China"}, {"OrderType", "Order"},
		{"OrderStatus", "Order"}, {"SMSStatus", "SMS"}, {"CallStatus", "Voice"},
	} {
		n := 0
		for name, value := range theirs {
			suffix, ok := strings.CutPrefix(name, family.theirs)
			if !ok {
				continue
			}
			n++
			got, ok := ours[family.ours+suffix]
			if !ok || got != value && family.ours != "Voice" { // which is a number here
				t.Errorf("quecloud.%s is %s, and quecloudtest.%s is %q", name, value, family.ours+suffix, got)
			}
		}
		if n == 0 {
			t.Errorf("quecloud has no constants %s…", family.theirs)
		}
	}
}

// constants returns the literal values of the constants in files.
func constants(t *testing.T, pattern string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	must(t, err)
	found := map[string]string{}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		must(t, err)
		for _, decl := range file.Decls {
			group, ok := decl.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST {
				continue
			}
			for _, spec := range group.Specs {
				values := spec.(*ast.ValueSpec)
				for i, name := range values.Names {
					found[name.Name] = ""
					if i >= len(values.Values) {
						continue
					}
					if literal, ok := values.Values[i].(*ast.BasicLit); ok {
						found[name.Name] = literal.Value
						if text, err := strconv.Unquote(literal.Value); err == nil {
							found[name.Name] = text
						}
					}
				}
			}
		}
	}
	return found
}
