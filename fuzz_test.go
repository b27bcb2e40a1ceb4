package quecloud_test

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"errors"
	"hash/fnv"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

// A fuzzPlatform gives one answer to every request and keeps the last of them.
type fuzzPlatform struct {
	answer []byte
	asked  int
	body   string
	form   url.Values // as net/http gives it to a server
}

func (p *fuzzPlatform) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	arrived := r.Clone(r.Context())
	arrived.Body = io.NopCloser(bytes.NewReader(body))
	if err := arrived.ParseForm(); err != nil {
		return nil, err
	}
	p.asked, p.body, p.form = p.asked+1, string(body), arrived.PostForm
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(p.answer))}, nil
}

func (p *fuzzPlatform) client(f *testing.F, opts ...quecloud.Option) *quecloud.Client {
	client, err := quecloud.NewClient(testKey, testSecret, append(opts, quecloud.WithBaseURL(testURL),
		quecloud.WithHTTPClient(&http.Client{Transport: p}), quecloud.WithClock(func() time.Time { return testNow }))...)
	require.NoError(f, err)
	return client
}

// FuzzAnswers reads whatever there is, with one value replaced by another, as the answer of each method. A result comes
// without an error, or else there is an error of the package's own. What was read survives being marshaled and read again.
func FuzzAnswers(f *testing.F) {
	rows := map[string]methodRow{}
	names := []string{}
	for _, row := range methodRows() {
		name := row.method + row.name
		if get := downloads[row.method]; get != nil {
			row.call = func(ctx context.Context, c *quecloud.Client) (any, error) {
				var file bytes.Buffer
				_, err := get(ctx, c, &file)
				return bytesOrNone(file.Bytes(), err)
			}
		}
		rows[name] = row
		names = append(names, name)
		for _, file := range answersLike(f, row.file()) {
			f.Add(name, file, uint8(0), "")
		}
		for i, value := range oddValues {
			f.Add(name, answersLike(f, row.file())[0], uint8(i), value)
		}
	}
	platform := &fuzzPlatform{}
	client := platform.client(f)
	tolerant := platform.client(f, quecloud.WithDriftHandler(func(quecloud.Drift) {}))
	f.Fuzz(func(t *testing.T, name string, answer []byte, at uint8, value string) {
		answer = replaceValue(answer, int(at), value)
		row, ok := rows[name]
		if !ok { // a name that was made up stands for one of the methods
			hash := fnv.New32()
			_, _ = hash.Write([]byte(name))
			row = rows[names[hash.Sum32()%uint32(len(names))]]
		}
		platform.answer = answer
		got, err := row.call(t.Context(), client)
		if err != nil && !checkFailure(t, got, err) {
			return
		}
		if _, isFile := got.([]byte); isFile {
			require.Equal(t, answer, got)
			return
		}
		checkStored(t, platform, client, got)
		if err == nil {
			platform.answer = answer
			same, err := row.call(t.Context(), tolerant)
			require.NoError(t, err, "with a drift handler")
			require.Equal(t, got, same, "with a drift handler")
		}
	})
}

// oddValues are some that stand at the edge of what a member can be.
var oddValues = []string{
	`"9999-12-31T23:59:59-23:59"`, `"0001-01-01 00:00:00"`, `"0001-01-01T00:00:00+23:59"`, `1732605510`, `"1732605510123"`, `"20241126"`,
	`-0`, `"-0.0"`, `1e-30`, `"99999999999999999999999999999999999999"`, `9007199254740993`, `9223372036854775808`, `1e308`, `5e-324`, `0.1e1`,
	`true`, `"FALSE"`, `null`, `""`, `" "`, `[]`, `[null]`, `[""]`, `{}`, `"a_b,c;d"`, `["a_b",1]`, `"\ud800\u0000"`, "\"\xff\"", `"<&>\u2028"`,
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

// downloads are the methods whose answer is a file.
var downloads = map[string]downloader{"file.down": download, "file.last.down": downloadLatest}

// bytesOrNone is a file that came without an error. Of one that broke off, a part may have been written.
func bytesOrNone(file []byte, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return file, nil
}

// answersLike are the recorded answer of that name and all its variants.
func answersLike(f *testing.F, file string) (all [][]byte) {
	base := strings.TrimSuffix(file, filepath.Ext(file))
	files, err := filepath.Glob(filepath.Join("testdata", base+".*"))
	require.NoError(f, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		all = append(all, text)
	}
	return append(all, []byte(`{"resultCode":"1","errorMessage":"no"}`))
}

// checkFailure checks the error of a method, and reports whether there is a result all the same.
func checkFailure(t *testing.T, got any, err error) (result bool) {
	t.Helper()
	if errors.Is(err, quecloud.ErrPartial) {
		require.NotNil(t, got)
		return true
	}
	require.True(t, is[*quecloud.APIError](err) || is[*quecloud.ResponseError](err) || errors.Is(err, quecloud.ErrQueryFailed),
		"an error of an unknown type: %v", err)
	if receipt, _ := got.(*quecloud.OrderReceipt); receipt != nil {
		require.NotEmpty(t, receipt.OrderNo, "a receipt besides an error tells an order: %v", err)
		return true
	}
	require.True(t, got == nil || reflect.ValueOf(got).IsZero(), "a result besides an error: %v, %v", got, err)
	return false
}

// checkStored marshals a result, and reads it back with the standard library and as a member of an answer.
func checkStored(t *testing.T, platform *fuzzPlatform, client *quecloud.Client, got any) {
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

	answer := reflect.New(reflect.StructOf([]reflect.StructField{
		{Name: "Value", Type: reflect.TypeOf(got), Tag: `json:"value" quec:"required"`},
	}))
	platform.answer = []byte(`{"resultCode":0,"value":` + string(text) + `}`)
	require.NoError(t, client.Call(t.Context(), "fc.function.account.info", nil, answer.Interface()), "%s", text)
	require.Equal(t, want, canonical(answer.Elem().Field(0).Interface()), "%s", text)
}
