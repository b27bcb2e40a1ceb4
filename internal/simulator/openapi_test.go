package simulator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

var update = flag.Bool("update", false, "write openapi.json")

// object is a JSON object.
type object = map[string]any

// TestOpenAPIDescribesTheRoutes fails when openapi.json differs from the routes, from the types of their inputs and
// results, or from the comments of these types.
func TestOpenAPIDescribesTheRoutes(t *testing.T) {
	t.Parallel()
	want, err := json.MarshalIndent(describe(t), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile("openapi.json", want, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.ReplaceAll(got, []byte("\r"), nil), want) {
		t.Error("openapi.json is out of date; write it with: go test ./internal/simulator -run OpenAPI -update")
	}
}

// describe returns the OpenAPI document of the routes.
func describe(t *testing.T) object {
	t.Helper()
	d := &describer{schemas: object{}, comments: readComments(t, ".", "../../quecloudtest"), t: t}
	d.schemas["Error"] = d.schema(reflect.TypeFor[refusal](), "")
	paths := object{}
	for _, route := range routes() {
		method, path, _ := strings.Cut(route.pattern, " ")
		path = strings.TrimSuffix(path, "{$}")
		item, ok := paths[path].(object)
		if !ok {
			item = object{}
			paths[path] = item
		}
		item[strings.ToLower(method)] = d.operation(route)
	}
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title": "quecloud-sim control", "version": "1",
			"description": "The control of quecloud-sim, a simulator of Quectel's IoT-SIM platform. " +
				"Money is text in yuan, times have the zone +08:00.",
			"license": object{"name": "MIT", "identifier": "MIT"},
		},
		"servers":    []any{object{"url": "http://127.0.0.1:9090", "description": "the address of -control"}},
		"paths":      paths,
		"components": object{"schemas": d.schemas},
	}
}

// A describer collects the schemas of named types.
type describer struct {
	t        *testing.T
	schemas  object
	comments map[string]string // by type, or type and field
	optional bool              // the members of structs need not be there
}

func (d *describer) operation(r route) object {
	method, path, _ := strings.Cut(r.pattern, " ")
	words := regexp.MustCompile(`[^A-Za-z]+`).Split(strings.ToLower(method)+" "+path, -1)
	op := object{
		"operationId": strings.Trim(strings.Join(words, "-"), "-"), "summary": r.en, "x-summary-zh": r.zh,
	}
	var parameters []any
	for _, field := range reflect.VisibleFields(r.in) {
		for _, in := range []string{"path", "query"} {
			if name, ok := field.Tag.Lookup(in); ok {
				parameters = append(parameters, d.parameter(field, in, name))
			}
		}
		if field.Tag.Get("body") != "" {
			op["requestBody"] = object{"required": true, "content": object{
				"application/json": object{"schema": d.schema(field.Type, r.in.Name()+".Body")},
			}}
		}
	}
	if parameters != nil {
		op["parameters"] = parameters
	}
	op["responses"] = object{"200": d.success(r), "default": object{
		"description": "The request is invalid or refused.", "content": object{
			"application/json": object{"schema": object{"$ref": "#/components/schemas/Error"}},
		},
	}}
	return op
}

func (d *describer) success(r route) object {
	content := object{"application/json": object{}}
	switch {
	case r.stream: // OpenAPI 3.1 cannot describe the data of events
		d.schema(r.out, "")
		content = object{"text/event-stream": object{"schema": object{
			"type": "string", "description": "Server-sent events. The data of each is JSON, a " + r.out.Name() + ".",
		}}}
	case r.out != nil:
		content["application/json"] = object{"schema": d.schema(r.out, "")}
	}
	return object{"description": "The result.", "content": content}
}

func (d *describer) parameter(field reflect.StructField, in, name string) object {
	doc := field.Tag.Get("doc")
	if doc == "" {
		d.t.Errorf("the parameter %s has no doc", name)
	}
	schema := object{"type": "string"}
	switch field.Type {
	case reflect.TypeFor[int64](), reflect.TypeFor[*int64](), reflect.TypeFor[*int]():
		schema = object{"type": "integer"}
	}
	if enum := field.Tag.Get("enum"); enum != "" {
		schema["enum"] = enumOf(enum)
	}
	return object{"name": name, "in": in, "required": in == "path", "description": doc, "schema": schema}
}

// scalars are the schemas of types with their own JSON.
var scalars = map[reflect.Type]object{
	reflect.TypeFor[time.Time]():            {"type": "string", "format": "date-time"},
	reflect.TypeFor[time.Duration]():        {"type": "number", "description": "seconds"},
	reflect.TypeFor[quecloudtest.Money]():   {"type": "string", "pattern": `^-?[0-9]+\.[0-9]{2}$`},
	reflect.TypeFor[quecloudtest.Voice]():   {"type": "string", "enum": []any{"unsubscribed", "open", "closed"}},
	reflect.TypeFor[quecloudtest.Dialect](): {"type": "string"},
	reflect.TypeFor[quecloudtest.Duplicates](): {
		"type": "string", "enum": []any{"succeed", "refused", "refused-with-order"},
	},
	reflect.TypeFor[quecloudtest.Fault](): faultSchema,
	reflect.TypeFor[[]byte]():             {"type": "string", "contentEncoding": "base64"},
	reflect.TypeFor[error]():              {"type": []any{"string", "null"}},
}

var faultSchema = object{
	"type": "object", "required": []any{"kind"}, "additionalProperties": false, "properties": faultMembers,
}

var faultMembers = object{
	"kind": object{"type": "string", "description": "what the fault does", "enum": []any{
		"refuse", "status", "html", "garbage", "empty", "cut-before", "cut-after", "truncate", "cut-body", "latency",
		"dialect", "no-date", "wrong-date",
	}},
	"code":        object{"type": "integer", "description": "of refuse: result code"},
	"message":     object{"type": "string", "description": "of refuse: message"},
	"status":      object{"type": "integer", "description": "of status and html: HTTP status"},
	"bytes":       object{"type": "integer", "description": "of truncate and cut-body: bytes to send"},
	"seconds":     object{"type": "number", "description": "of latency: seconds"},
	"dialect":     object{"type": "string", "description": "of dialect: names of dialects, joined by +"},
	"date":        object{"type": "string", "format": "date-time", "description": "of wrong-date: header Date"},
	"on":          object{"type": "array", "items": object{"type": "string"}, "description": "these methods only"},
	"times":       object{"type": "integer", "description": "the next calls only"},
	"probability": object{"type": "number", "description": "a share of the calls only, 0 to 1"},
	"afterEffect": object{"type": "boolean", "description": "after the call took effect"},
	"header": object{
		"type": "object", "additionalProperties": object{"type": "string"}, "description": "headers of the response",
	},
	"body": object{"type": []any{"string", "object"}, "description": "body of the response; an object if it is no text"},
}

// schema returns the schema of a type. Named structs stand in the components. The path is the place of an unnamed
// struct, for its comments.
func (d *describer) schema(t reflect.Type, path string) object {
	if s, ok := scalars[t]; ok {
		return maps.Clone(s)
	}
	if body, ok := reflect.TypeAssert[interface{ target() reflect.Type }](reflect.Zero(t)); ok {
		return d.anyMembers(body.target())
	}
	if t == reflect.TypeFor[quecloudtest.PurchaseRules]() {
		t = reflect.TypeFor[purchaseRules]() // its JSON form
	}
	switch t.Kind() {
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		return object{"type": "integer"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Pointer:
		inner := d.schema(t.Elem(), path)
		if kind, ok := inner["type"].(string); ok {
			inner["type"] = []any{kind, "null"}
			return inner
		}
		return object{"anyOf": []any{inner, object{"type": "null"}}}
	case reflect.Slice:
		return object{"type": "array", "items": d.schema(t.Elem(), path)}
	case reflect.Array:
		return object{"type": "array", "items": d.schema(t.Elem(), path), "minItems": t.Len(), "maxItems": t.Len()}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": d.schema(t.Elem(), path)}
	case reflect.Struct:
		if t.Name() == "" {
			return d.members(t, path)
		}
		name := strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
		if d.optional {
			name += "Members"
		}
		if _, ok := d.schemas[name]; !ok {
			d.schemas[name] = object{} // ends a recursion
			s := d.members(t, t.Name())
			if comment := d.comments[t.Name()]; comment != "" {
				s["description"] = comment
			}
			d.schemas[name] = s
		}
		return object{"$ref": "#/components/schemas/" + name}
	}
	d.t.Fatalf("%s: no schema of %v", path, t)
	return nil
}

// anyMembers returns the schema of a body with any members of a struct.
func (d *describer) anyMembers(t reflect.Type) object {
	defer func(before bool) { d.optional = before }(d.optional)
	d.optional = true
	return d.schema(t, "")
}

func (d *describer) members(t reflect.Type, path string) object {
	properties, required := object{}, []string{}
	for _, field := range reflect.VisibleFields(t) {
		tag, ok := field.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		if !field.IsExported() || name == "-" || field.Anonymous {
			continue
		}
		key := path + "." + field.Name
		if n := len(field.Index); n > 1 { // of an embedded struct
			key = t.FieldByIndex(field.Index[:n-1]).Type.Name() + "." + field.Name
		}
		if !ok {
			d.t.Errorf("the field %s has no JSON name", key)
		}
		s := d.schema(field.Type, key)
		comment := d.comments[key]
		if named := field.Type; comment == "" && named.Kind() == reflect.Pointer {
			comment = d.comments[named.Elem().Name()]
		}
		if comment == "" {
			d.t.Errorf("the field %s has no comment", key)
		}
		if nullable[key] {
			s["type"] = []any{s["type"], "null"}
		}
		s["description"] = comment
		properties[name] = s
		if !strings.HasPrefix(options, "omit") {
			required = append(required, name)
		}
	}
	s := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 && !d.optional {
		s["required"] = required
	}
	return s
}

// nullable are the fields whose zero value is null in JSON.
var nullable = map[string]bool{"Order.Completed": true, "Delivery.Time": true, "FileTask.End": true}

// readComments returns the comments of the types in some directories and of their fields.
func readComments(t *testing.T, directories ...string) map[string]string {
	t.Helper()
	comments := map[string]string{}
	for _, directory := range directories {
		files, err := filepath.Glob(filepath.Join(directory, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal("no files in ", directory, err)
		}
		for _, name := range files {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, decl := range file.Decls {
				general, ok := decl.(*ast.GenDecl)
				if !ok {
					continue
				}
				for _, spec := range general.Specs {
					if spec, ok := spec.(*ast.TypeSpec); ok {
						comments[spec.Name.Name] = plainComment(cmp.Or(spec.Doc, general.Doc))
						commentsOf(spec.Type, spec.Name.Name, comments)
					}
				}
			}
		}
	}
	return comments
}

// commentsOf adds the comments of the fields of a type.
func commentsOf(expr ast.Expr, path string, comments map[string]string) {
	s, ok := expr.(*ast.StructType)
	if !ok {
		return
	}
	for _, field := range s.Fields.List {
		for _, name := range field.Names {
			comments[path+"."+name.Name] = plainComment(cmp.Or(field.Comment, field.Doc))
			commentsOf(field.Type, path+"."+name.Name, comments)
		}
	}
}

// plainComment returns the text of a comment without links.
func plainComment(group *ast.CommentGroup) string {
	text := strings.ReplaceAll(strings.TrimSpace(group.Text()), "\n", " ")
	return regexp.MustCompile(`\[(?:Server\.)?([A-Za-z.]+)\]`).ReplaceAllString(text, "$1")
}
