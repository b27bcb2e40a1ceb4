package selftest_test

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"errors"
	"hash/fnv"
	"io"
	"net/http"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// FuzzDecode reads any text, with one value replaced by another, as the response of each method. A method returns
// either a result or an error of the package. A result survives being marshaled and read again.
func FuzzDecode(f *testing.F) {
	cases := map[string]selftest.MethodCase{}
	names := []string{}
	for _, c := range selftest.Methods() {
		if get := downloads[c.Method]; get != nil {
			c.Call = func(ctx context.Context, client *quecloud.Client) (any, error) {
				var file bytes.Buffer
				_, err := get(ctx, client, &file)
				return bytesOrNone(file.Bytes(), err)
			}
		}
		cases[c.String()] = c
		names = append(names, c.String())
		for _, response := range similarResponses(f, c) {
			f.Add(c.String(), response, uint8(0), "")
		}
		for i, value := range edgeValues {
			f.Add(c.String(), selftest.Fixture(f, c.Response()), uint8(i), value)
		}
	}
	var response []byte
	p := selftest.NewPlatform(selftest.Step{Respond: func(r *http.Request) (*http.Response, error) {
		return selftest.Response(r.Context(), response), nil
	}})
	client := p.Client(f, selftest.AtNow)
	tolerant := p.Client(f, selftest.AtNow, quecloud.WithDriftHandler(func(quecloud.Drift) {}))
	f.Fuzz(func(t *testing.T, name string, text []byte, at uint8, value string) {
		defer p.Reset()
		text = replaceValue(text, int(at), value)
		c, ok := cases[name]
		if !ok { // an invented name stands for one of the methods
			hash := fnv.New32()
			_, _ = hash.Write([]byte(name))
			c = cases[names[hash.Sum32()%uint32(len(names))]]
		}
		response = text
		got, err := c.Call(t.Context(), client)
		if err != nil && !checkFailure(t, got, err) {
			return
		}
		if _, isFile := got.([]byte); isFile {
			require.Equal(t, text, got)
			return
		}
		checkStored(t, &response, client, got)
		if err == nil {
			response = text
			same, err := c.Call(t.Context(), tolerant)
			require.NoError(t, err, "with a drift handler")
			require.Equal(t, got, same, "with a drift handler")
		}
	})
}

// edgeValues are at the edge of what a member can be.
var edgeValues = []string{
	`"9999-12-31T23:59:59-23:59"`, `"0001-01-01 00:00:00"`, `"0001-01-01T00:00:00+23:59"`, `1732605510`,
	`"1732605510123"`, `"20241126"`,
	`-0`, `"-0.0"`, `1e-30`, `"99999999999999999999999999999999999999"`, `9007199254740993`, `9223372036854775808`,
	`1e308`, `5e-324`, `0.1e1`,
	`true`, `"FALSE"`, `null`, `""`, `" "`, `[]`, `[null]`, `[""]`, `{}`, `"a_b,c;d"`, `["a_b",1]`,
	`"\ud800\u0000"`, "\"\xff\"", `"<&>\u2028"`,
}

var jsonValues = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|-?[0-9][-+.0-9eE]*|true|false|null`)

// replaceValue replaces a name or value of a JSON text, unless the new one is empty.
func replaceValue(text []byte, at int, value string) []byte {
	places := jsonValues.FindAllIndex(text, -1)
	if value == "" || len(places) == 0 {
		return text
	}
	place := places[at%len(places)]
	return slices.Concat(text[:place[0]], []byte(value), text[place[1]:])
}

// downloads are the methods whose response is a file.
var downloads = map[string]func(context.Context, *quecloud.Client, io.Writer) (int64, error){
	"file.down": func(ctx context.Context, c *quecloud.Client, w io.Writer) (int64, error) {
		return c.Files.Download(ctx, 1312, w)
	},
	"file.last.down": func(ctx context.Context, c *quecloud.Client, w io.Writer) (int64, error) {
		return c.Files.DownloadLatest(ctx, w)
	},
}

// bytesOrNone returns a file that came whole. A part of a broken one may have been written.
func bytesOrNone(file []byte, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return file, nil
}

// similarResponses returns the responses of testdata whose names begin like that of a case, the variants, and a
// refusal.
func similarResponses(f *testing.F, c selftest.MethodCase) (all [][]byte) {
	files, err := filepath.Glob(filepath.Join(selftest.Root(), "testdata", c.Base()+".*"))
	require.NoError(f, err)
	for _, file := range files {
		all = append(all, selftest.Fixture(f, filepath.Base(file)))
	}
	for _, variant := range selftest.Variants(f, c) {
		all = append(all, variant)
	}
	return append(all, []byte(`{"resultCode":"1","errorMessage":"no"}`))
}

// checkFailure checks the error of a method, and reports whether there is a result beside it.
func checkFailure(t *testing.T, got any, err error) (result bool) {
	t.Helper()
	if errors.Is(err, quecloud.ErrPartial) {
		require.NotNil(t, got)
		return true
	}
	known := selftest.Is[*quecloud.APIError](err) || selftest.Is[*quecloud.ResponseError](err) ||
		errors.Is(err, quecloud.ErrQueryFailed)
	require.True(t, known, "an error of an unknown type: %v", err)
	if receipt, _ := got.(*quecloud.OrderReceipt); receipt != nil {
		require.NotEmpty(t, receipt.OrderNo, "a receipt beside an error names an order: %v", err)
		return true
	}
	require.True(t, got == nil || reflect.ValueOf(got).IsZero(), "a result beside an error: %v, %v", got, err)
	return false
}

// checkStored marshals a result, and reads it back with the standard library and as a member of a response.
func checkStored(t *testing.T, response *[]byte, client *quecloud.Client, got any) {
	t.Helper()
	if got == nil {
		return // a method that returns only an error
	}
	text, err := stdjson.Marshal(got)
	require.NoError(t, err)
	want := canonical(got)

	plain := reflect.New(reflect.TypeOf(got))
	require.NoError(t, stdjson.Unmarshal(text, plain.Interface()), "%s", text)
	require.Equal(t, want, canonical(plain.Elem().Interface()), "%s", text)

	member := reflect.New(reflect.StructOf([]reflect.StructField{
		{Name: "Value", Type: reflect.TypeOf(got), Tag: `json:"value" quec:"required"`},
	}))
	*response = []byte(`{"resultCode":0,"value":` + string(text) + `}`)
	require.NoError(t, client.Call(t.Context(), "fc.function.account.info", nil, member.Interface()), "%s", text)
	require.Equal(t, want, canonical(member.Elem().Field(0).Interface()), "%s", text)
}
