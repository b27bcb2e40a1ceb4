package selftest_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// documentation reads the documentation of the package in a folder of the module.
func documentation(t *testing.T, folder, path string) *doc.Package {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(selftest.Root(), folder, "*.go"))
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

func TestDocOfEveryExportedIdentifier(t *testing.T) {
	t.Parallel()
	for folder, path := range map[string]string{
		".": "github.com/quecloud/quecloud-go", "quecloudtest": "github.com/quecloud/quecloud-go/quecloudtest",
	} {
		pkg := documentation(t, folder, path)
		assert.NotEmpty(t, pkg.Doc, path)
		need := func(name, text string) {
			if strings.TrimSpace(text) == "" {
				t.Errorf("%s.%s has no comment", pkg.Name, name)
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

// needFields checks the fields of a struct and the methods of an interface, but not embedded ones.
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

// methodDocs returns the comments of all methods in one line each, by names such as Cards.Pause, and of types by
// theirs.
func methodDocs(t *testing.T) map[string]string {
	t.Helper()
	docs := map[string]string{}
	for _, typ := range documentation(t, ".", "github.com/quecloud/quecloud-go").Types {
		docs[typ.Name] = strings.Join(strings.Fields(typ.Doc), " ")
		for _, f := range typ.Methods {
			docs[strings.TrimSuffix(typ.Name, "Service")+"."+f.Name] = strings.Join(strings.Fields(f.Doc), " ")
		}
	}
	return docs
}

func TestDocOfEveryMethodNamesItsEndpoint(t *testing.T) {
	t.Parallel()
	docs, names := methodDocs(t), selftest.GoNames()
	effects := map[quecloud.Kind]string{
		quecloud.KindRead: "It reads.", quecloud.KindSet: "It changes the card", quecloud.KindSpend: "It spends money",
		quecloud.KindOnce: "only if it was not sent, or after HTTP status 429.",
	}
	for _, e := range selftest.Endpoints() {
		name, ok := names[e.Method] // the test of endpoints.go misses it
		if ok && !strings.Contains(docs[name], effects[e.Kind]) {
			t.Errorf("%s: the comment of %s lacks %q", e.Method, name, effects[e.Kind])
		}
	}
}

// The comments state the restrictions of the vendor's document, and what the SDK adds or assumes.
func TestDocStatesTheRestrictions(t *testing.T) {
	t.Parallel()
	docs := methodDocs(t)
	for text, names := range map[string][]string{
		"belong to the company": { // 只能处理隶属于该企业下的卡
			"Flow.Alarm", "Flow.SetAlarmStatus", "Cards.Pause", "Cards.Resume", "Cards.CloseGPRS", "Cards.OpenGPRS",
			"Cards.Reset", "Cards.CloseVoice", "Cards.OpenVoice", "Cards.AddVoiceWhitelist", "Cards.DeleteVoiceWhitelist",
		},
		"one of the last 12 including the current one": {
			"Flow.ListMonth", "Flow.Days", "Flow.Month", "Flow.MonthBatch",
		},
		"The document does not say what happens to unknown cards; we assume": {"Cards.InfoBatch", "Flow.MonthBatch"},
		"移动 CT 卡":                    {"Cards.RegisterRealName"},
		"cards of one billing group": {"Flow.SetAlarm"},
		"the SDK's own rule": {
			"SMS.Send", "AlarmSettings", "CardListParams", "Billing.GroupStatistics", "Files.Status", "Orders.Get",
		},
		"optional in the document":  {"SMSSendResult", "Alarm", "BillingGroup"},
		"[FlowService.Alarm] tells": {"AlarmSettings"},
	} {
		for _, name := range names {
			if !strings.Contains(docs[name], text) {
				t.Errorf("the comment of %s lacks %q", name, text)
			}
		}
	}
	for _, name := range []string{"Flow.ListVoiceMonth", "Flow.VoiceDays"} {
		if strings.Contains(docs[name], "last 12") {
			t.Errorf("the comment of %s restricts the month", name)
		}
	}
}

// promises matches texts about unknown behavior: how the platform treats duplicates, and whether it retries callbacks.
// Every call is retried after HTTP status 429, so "never retried" is wrong too.
var promises = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`never (sent (twice|again)|repeated|retried|buys?|bought)`, `zero value that looks like`,
	`(gives|returns) the same order`, `so that the platform delivers`, `the platform will deliver`,
	`reach the card's carrier`, `any method can be called`, `guaranteed? (delivery|to)`,
	`绝不(重|会)`, `保证`, `不会重复购买`, `返回同一订单`,
}, "|"))

func TestDocPromisesNothingUnknown(t *testing.T) {
	t.Parallel()
	var names []string
	for _, folder := range []string{
		"", "internal/*/", "quecloudtest/", "otelquecloud/", "examples/*/", "cmd/*/", "docs/",
	} {
		names = append(names, glob(t, folder+"*.go")...)
		names = append(names, glob(t, folder+"*.md")...)
	}
	require.Greater(t, len(names), 100)
	for _, name := range names {
		isTest := strings.HasSuffix(name, "_test.go") && !strings.HasPrefix(filepath.Base(name), "example_")
		if name != "CHANGELOG.md" && !isTest {
			assert.Empty(t, promises.FindAllString(readText(t, name), -1), name)
		}
	}
}

// Only a file with a single example is shown whole, with the type that the example is about.
func TestDocShowsTheExampleOfALimiterWhole(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(selftest.Root(), "example_limiter_test.go"), nil, 0)
	require.NoError(t, err)
	examples := doc.Examples(file)
	require.Len(t, examples, 1)
	assert.IsType(t, file, examples[0].Code)
}
