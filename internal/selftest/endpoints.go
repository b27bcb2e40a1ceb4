package selftest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/quecloud/quecloud-go"
)

// An Endpoint is a row of the endpoint table.
type Endpoint struct {
	Section, Method, Title string
	Kind                   quecloud.Kind
	Unsigned               []string
	Logged                 string // parameters that the log shows, or "-"
}

// Name returns the method without its prefix fc.function.
func (e Endpoint) Name() string { return strings.TrimPrefix(e.Method, "fc.function.") }

// Endpoints returns the endpoint table, read from the source file endpoints.go since the table is not exported.
func Endpoints() []Endpoint { return endpoints() }

var endpoints = sync.OnceValue(func() (all []Endpoint) {
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(Root(), "endpoints.go"), nil, 0)
	if err != nil {
		panic(err)
	}
	var columns []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeSpec:
			if n.Name.Name == "endpoint" {
				columns = fieldNames(n.Type.(*ast.StructType))
			}
		case *ast.ValueSpec:
			if n.Names[0].Name == "endpoints" {
				for _, row := range n.Values[0].(*ast.CompositeLit).Elts {
					all = append(all, endpointOf(row.(*ast.CompositeLit), columns))
				}
			}
		}
		return true
	})
	if len(all) == 0 {
		panic("endpoints.go has no table of endpoints")
	}
	return all
})

func fieldNames(t *ast.StructType) (names []string) {
	for _, field := range t.Fields.List {
		for _, name := range field.Names {
			names = append(names, name.Name)
		}
	}
	return names
}

// endpointOf reads a row, whose values stand in the order of the columns or after their names.
func endpointOf(row *ast.CompositeLit, columns []string) (e Endpoint) {
	for i, value := range row.Elts {
		column := columns[i]
		if keyed, ok := value.(*ast.KeyValueExpr); ok {
			column, value = keyed.Key.(*ast.Ident).Name, keyed.Value
		}
		switch column {
		case "section":
			e.Section = textOf(value)
		case "method":
			e.Method = textOf(value)
		case "title":
			e.Title = textOf(value)
		case "kind":
			e.Kind = map[string]quecloud.Kind{
				"KindOnce": quecloud.KindOnce, "KindRead": quecloud.KindRead,
				"KindSet": quecloud.KindSet, "KindSpend": quecloud.KindSpend,
			}[value.(*ast.Ident).Name]
		case "logged":
			e.Logged = textOf(value)
		case "unsigned":
			if list, ok := value.(*ast.CompositeLit); ok {
				for _, name := range list.Elts {
					e.Unsigned = append(e.Unsigned, textOf(name))
				}
			}
		}
	}
	return e
}

func textOf(value ast.Expr) string {
	text, err := strconv.Unquote(value.(*ast.BasicLit).Value)
	if err != nil {
		panic(err)
	}
	return text
}

// Label returns the words by which the comment of a Go method names its endpoint.
func (e Endpoint) Label() string {
	return "§ " + e.Section + " " + strings.Join(strings.Fields(e.Title), " ") + ", " + e.Method + "."
}

// GoNames returns the Go method of each endpoint, such as Cards.Pause for fc.function.card.pause. It is the method
// whose comment goes on after the endpoint's label: with its kind. Comments of derived methods, such as Cards.All, end
// with a label.
func GoNames() map[string]string { return goNames() }

var serviceMethod = regexp.MustCompile(`((?://[^\n]*\n)+)func \(\w+ \*(\w+)Service\) ([A-Z]\w*)\(`)

var goNames = sync.OnceValue(func() map[string]string {
	names := map[string]string{}
	for _, method := range serviceMethod.FindAllStringSubmatch(rootSource(), -1) {
		comment := strings.Join(strings.Fields(strings.ReplaceAll(method[1], "//", " ")), " ")
		for _, e := range Endpoints() {
			if strings.Contains(comment, e.Label()+" ") {
				names[e.Method] = method[2] + "." + method[3]
			}
		}
	}
	return names
})
