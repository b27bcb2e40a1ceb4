package selftest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go/internal/selftest"
)

// Every file and every identifier that ARCHITECTURE.md names exists, each identifier in the file that it gives, and
// every internal package has a line.
func TestArchitectureNamesWhatExists(t *testing.T) {
	t.Parallel()
	text := strings.ReplaceAll(selftest.ReadFile(t, "ARCHITECTURE.md"), "\r\n", "\n")
	exists := func(name string) bool {
		_, err := os.Stat(filepath.Join(selftest.Root(), filepath.FromSlash(name)))
		return err == nil
	}
	files := regexp.MustCompile(`[\w./]*\w\.(?:go|md)\b|\b(?:internal|cmd|examples)/\w+`).FindAllString(text, -1)
	require.Greater(t, len(files), 30)
	for _, name := range files {
		if !exists(name) {
			t.Errorf("ARCHITECTURE.md names %s, which does not exist", name)
		}
	}

	declared := declarations(t)
	places := regexp.MustCompile("`([\\w.]+)`(?: and `([\\w.]+)`)? in `([\\w/]+\\.go)`").FindAllStringSubmatch(text, -1)
	require.Greater(t, len(places), 10)
	for _, place := range places {
		for _, name := range place[1:3] {
			if name != "" && !slices.Contains(declared[place[3]], name) {
				t.Errorf("ARCHITECTURE.md looks for %s in %s, which does not declare it", name, place[3])
			}
		}
	}

	all := slices.Concat(slices.Collect(maps.Values(declared))...)
	_, picture, _ := strings.Cut(text, "```text\n")
	picture, _, _ = strings.Cut(picture, "```")
	identifiers := regexp.MustCompile(`\bcore\.\w+|\b[a-z]+[A-Z]\w*\b`).FindAllString(picture, -1)
	require.Greater(t, len(identifiers), 10)
	for _, span := range regexp.MustCompile("`([A-Za-z]\\w*[A-Z.]\\w*)`").FindAllStringSubmatch(text, -1) {
		identifiers = append(identifiers, span[1])
	}
	for _, name := range identifiers {
		isIt := func(full string) bool { return full == name || strings.HasSuffix(full, "."+name) }
		if !exists(name) && !slices.ContainsFunc(all, isIt) {
			t.Errorf("ARCHITECTURE.md names %s, which no file declares", name)
		}
	}

	packages, err := os.ReadDir(filepath.Join(selftest.Root(), "internal"))
	require.NoError(t, err)
	for _, p := range packages {
		if !strings.Contains(text, "| `internal/"+p.Name()+"` |") {
			t.Errorf("ARCHITECTURE.md has no line for internal/%s", p.Name())
		}
	}
}

// declarations returns what the Go files of the module declare, by file: f, T and T.f for functions, types, variables,
// constants, methods and fields.
func declarations(t *testing.T) map[string][]string {
	t.Helper()
	declared := map[string][]string{}
	for _, pattern := range []string{"*.go", "internal/*/*.go", "quecloudtest/*.go"} {
		files, err := filepath.Glob(filepath.Join(selftest.Root(), pattern))
		require.NoError(t, err)
		for _, file := range files {
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			require.NoError(t, err)
			name, err := filepath.Rel(selftest.Root(), file)
			require.NoError(t, err)
			ast.Inspect(parsed, func(n ast.Node) bool {
				declared[filepath.ToSlash(name)] = append(declared[filepath.ToSlash(name)], namesOf(n)...)
				_, isFunc := n.(*ast.FuncDecl)
				return !isFunc
			})
		}
	}
	return declared
}

// namesOf returns the names that a node declares.
func namesOf(n ast.Node) (names []string) {
	switch n := n.(type) {
	case *ast.FuncDecl:
		if n.Recv == nil {
			return []string{n.Name.Name}
		}
		return []string{typeName(n.Recv.List[0].Type) + "." + n.Name.Name}
	case *ast.TypeSpec:
		names = append(names, n.Name.Name)
		if s, ok := n.Type.(*ast.StructType); ok {
			for _, field := range s.Fields.List {
				for _, name := range field.Names {
					names = append(names, n.Name.Name+"."+name.Name)
				}
			}
		}
	case *ast.ValueSpec:
		for _, name := range n.Names {
			names = append(names, name.Name)
		}
	}
	return names
}

// typeName returns the name of a receiver's type, without pointer and type parameters.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	case *ast.IndexListExpr:
		return typeName(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}
