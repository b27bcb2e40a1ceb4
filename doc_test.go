package quecloud_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

// documentation reads the documentation of the package in a folder.
func documentation(t *testing.T, folder, path string) *doc.Package {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	var files []*ast.File
	set := token.NewFileSet()
	for _, name := range names {
		if !strings.HasSuffix(name, "_test.go") {
			file, err := parser.ParseFile(set, name, nil, parser.ParseComments)
			require.NoError(t, err)
			files = append(files, file)
		}
	}
	pkg, err := doc.NewFromFiles(set, files, path)
	require.NoError(t, err)
	return pkg
}

func TestEveryExportedIdentifierIsDocumented(t *testing.T) {
	t.Parallel()
	for folder, path := range map[string]string{
		".": "github.com/quecloud/quecloud-go", "quecloudtest": "github.com/quecloud/quecloud-go/quecloudtest",
	} {
		pkg := documentation(t, folder, path)
		assert.NotEmpty(t, pkg.Doc, path)
		var missing []string
		need := func(name, text string) {
			if strings.TrimSpace(text) == "" {
				missing = append(missing, pkg.Name+"."+name)
			}
		}
		values := func(values []*doc.Value) {
			for _, v := range values {
				needValues(v, need)
			}
		}
		funcs := func(prefix string, funcs []*doc.Func) {
			for _, f := range funcs {
				need(prefix+f.Name, f.Doc)
			}
		}
		values(pkg.Consts)
		values(pkg.Vars)
		funcs("", pkg.Funcs)
		for _, typ := range pkg.Types {
			need(typ.Name, typ.Doc)
			values(typ.Consts)
			values(typ.Vars)
			funcs("", typ.Funcs)
			funcs(typ.Name+".", typ.Methods)
			for _, spec := range typ.Decl.Specs {
				needFields(typ.Name, spec.(*ast.TypeSpec).Type, need)
			}
		}
		assert.Empty(t, missing, "they have no comment")
	}
}

// needValues checks constants or variables. One comment may serve a whole group.
func needValues(v *doc.Value, need func(name, text string)) {
	for _, spec := range v.Decl.Specs {
		spec := spec.(*ast.ValueSpec)
		for _, name := range spec.Names {
			if name.IsExported() {
				need(name.Name, v.Doc+spec.Doc.Text()+spec.Comment.Text())
			}
		}
	}
}

// needFields checks the fields of a struct and the methods of an interface. What is embedded is documented where it is
// declared.
func needFields(of string, typ ast.Expr, need func(name, text string)) {
	var list *ast.FieldList
	switch typ := typ.(type) {
	case *ast.StructType:
		list = typ.Fields
	case *ast.InterfaceType:
		list = typ.Methods
	default:
		return
	}
	for _, field := range list.List {
		for _, name := range field.Names {
			if name.IsExported() {
				need(of+"."+name.Name, field.Doc.Text()+field.Comment.Text())
			}
		}
	}
}

func TestEveryTypedMethodsDocumentationNamesItsEndpoint(t *testing.T) {
	t.Parallel()
	docs := map[string]string{}
	for _, typ := range documentation(t, ".", "github.com/quecloud/quecloud-go").Types {
		for _, f := range typ.Methods {
			docs[strings.TrimSuffix(typ.Name, "Service")+"."+f.Name] = strings.Join(strings.Fields(f.Doc), " ")
		}
	}
	effects := map[quecloud.Kind]string{
		quecloud.KindRead: "It reads.", quecloud.KindSet: "It changes the card", quecloud.KindSpend: "It spends money",
		quecloud.KindOnce: "only if it was not sent, or after HTTP status 429.",
	}
	for _, e := range quecloud.Endpoints() {
		name := goNames()[e.Method]
		title := strings.Join(strings.Fields(e.Title), " ")
		assert.Contains(t, docs[name], "§ "+e.Section+" "+title+", "+e.Method+". ", name)
		assert.Contains(t, docs[name], effects[e.Kind], name)
	}
}
