package lenient_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/lenient"
)

// read decodes a response of a method that reads.
func read(body string, result any) error {
	_, err := lenient.Decode([]byte(body), result, lenient.Options{Strict: true})
	return err
}

// A drift is what Options.Drift is called with.
type drift struct {
	kind        lenient.Kind
	path, value string
}

// collect returns an Options.Drift that appends to a list.
func collect(drifts *[]drift) func(lenient.Kind, string, string) {
	return func(kind lenient.Kind, path, value string) { *drifts = append(*drifts, drift{kind, path, value}) }
}

func TestDecodeErrorQuotesAtMost64Bytes(t *testing.T) {
	t.Parallel()
	_, bad, _ := readAs[int](`"` + string(make65('x')) + `"`)
	require.NotNil(t, bad)
	assert.Len(t, bad.Value, 64)
}

func make65(c byte) []byte {
	text := make([]byte, 65)
	for i := range text {
		text[i] = c
	}
	return text
}

func TestDecodeReadsSeparatedListsFromTextAndList(t *testing.T) {
	t.Parallel()
	type mails struct {
		V []string `json:"v" quec:"sep=,;"`
	}
	for body, want := range map[string][]string{
		`"a@b.c,d@e.f;g@h.i"`: {"a@b.c", "d@e.f", "g@h.i"},
		`" a@b.c , "`:         {"a@b.c"},
		`["a@b.c","d@e.f"]`:   {"a@b.c", "d@e.f"},
		`[10649,"10650"]`:     {"10649", "10650"},
		`10649`:               {"10649"},
		`""`:                  nil,
		`null`:                nil,
	} {
		var got mails
		err := read(`{"resultCode":0,"v":`+body+`}`, &got)
		require.NoError(t, err, body)
		assert.Equal(t, want, got.V, body)
	}
	err := read(`{"resultCode":0,"v":{}}`, new(mails))
	assert.EqualError(t, err, "member v: want a text or a list of texts: {}")
}

func TestDecodeReadsPointersAndForeignTypes(t *testing.T) {
	t.Parallel()
	type inner struct{ N int }
	type result struct {
		inner             // inlined by Go
		Text      *string `json:"text"`
		None      *string `json:"none"`
		NoObject  *inner  `json:"noObject"`
		Object    *inner  `json:"object"`
		List      []*inner
		Raw       jsontext.Value `json:"raw"`
		Any       any            `json:"any"`
		Upper     string         `json:"ID"`
		Lower     string         `json:"id"`
		Ignored   string         `json:"-"`
		unexposed string
	}
	var got result
	err := read(`{"resultCode":0,"n":"1","text":5,"none":"","noObject":"","object":{"n":2},"list":[{"n":"3"}],
		"raw":{"a":[1]},"any":{"b":true},"ID":"upper","id":"lower","Ignored":"x","unexposed":"x"}`, &got)
	require.NoError(t, err)
	five := "5"
	assert.Equal(t, result{
		inner: inner{1}, Text: &five, Object: &inner{2}, List: []*inner{{3}}, Raw: jsontext.Value(`{"a":[1]}`),
		Any: map[string]any{"b": true}, Upper: "upper", Lower: "lower",
	}, got)
	assert.Empty(t, got.unexposed)

	err = read(`{"resultCode":0,"object":"x"}`, &got)
	require.ErrorContains(t, err, "member object: want an object")
	err = read(`{"resultCode":0,"map":{"a":[]}}`, &struct{ Map map[string]string }{})
	require.ErrorContains(t, err, "member map: ")
}

func TestDecodeReadsRecursiveStructs(t *testing.T) {
	t.Parallel()
	type tree struct {
		Name     string
		Children []tree
	}
	var got tree
	err := read(`{"resultCode":0,"name":"a","children":[{"name":"b","children":[{"name":1}]}]}`, &got)
	require.NoError(t, err)
	assert.Equal(t, tree{"a", []tree{{"b", []tree{{"1", nil}}}}}, got)
	err = read(`{"resultCode":0,"children":[{"children":[{"name":{}}]}]}`, &got)
	require.ErrorContains(t, err, "children[0].children[0].name")
}

// Types can be recursive without a struct.
type forest []forest

type bottomless *bottomless

func TestDecodeReadsRecursiveTypes(t *testing.T) {
	t.Parallel()
	var got struct {
		Forest     forest
		Bottomless bottomless
	}
	err := read(`{"resultCode":0,"forest":[[],[[]]],"bottomless":null}`, &got)
	require.NoError(t, err)
	assert.Equal(t, forest{{}, {{}}}, got.Forest)
}

// Three bytes of a hostile response can take hundreds in memory.
func TestDecodeLimitsTheMemoryOfLists(t *testing.T) {
	t.Parallel()
	const rows = 1 << 20
	hostile := `{"resultCode":0,"page":{"totalCount":1},"cards":[` + strings.Repeat("{},", rows) + `{}]}`
	var list quecloud.CardList
	err := read(hostile, &list)
	require.ErrorContains(t, err, "cards[0].iccid: missing")
	assert.Less(t, cap(list.Cards), rows/100)

	big := `{"resultCode":0,"list":[` + strings.Repeat("{},", 300) + `{}]}`
	for _, drift := range []func(lenient.Kind, string, string){nil, func(lenient.Kind, string, string) {}} {
		var few struct {
			List []struct{ Room [1 << 17]int64 }
		} // 1 MiB each
		_, err = lenient.Decode([]byte(big), &few, lenient.Options{Strict: true, Drift: drift})
		require.ErrorContains(t, err, "list[256]: more elements than can be held")
		assert.Len(t, few.List, 256)
	}
}

// The decoder finds out that a text is not JSON after it has read the beginning.
func TestDecodeKeepsNothingOfBrokenText(t *testing.T) {
	t.Parallel()
	const whole = `{"resultCode":1,"errorMessage":"no","cards":[{"iccid":"1","flow":"x","new":1,"imei":"\u79fb` +
		"\xff" + `"},{"iccid":"2","flow":1.5}],"page":{"page":1,"totalCount":2}}`
	for end := range len(whole) {
		for _, broken := range []string{whole[:end], whole[:end] + "\x01" + whole[end:], whole + whole[:end+1]} {
			var drifts []drift
			for _, opts := range []lenient.Options{{Strict: true}, {Strict: true, Drift: collect(&drifts)}} {
				list := quecloud.CardList{Page: quecloud.Page{Number: 7}}
				response, err := lenient.Decode([]byte(broken), &list, opts)
				if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.As(err, new(*jsontext.SyntacticError)) {
					require.EqualError(t, err, "more text after its end", "%q", broken)
				}
				assert.Zero(t, list, "%q", broken)
				assert.Zero(t, response, "%q", broken)

				event := quecloud.SMSEvent{Content: "before"}
				skipped, err := lenient.DecodeObject([]byte(broken), &event, opts)
				require.Error(t, err, "%q", broken)
				require.NotErrorAs(t, err, new(*lenient.Problem), "%q", broken)
				assert.Zero(t, event, "%q", broken)
				assert.False(t, skipped, "%q", broken)
			}
			assert.Empty(t, drifts, "%q", broken)
		}
	}
}
