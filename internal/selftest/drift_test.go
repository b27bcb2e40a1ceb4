package selftest_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// respondDrifting returns a client whose platform responds with a body, and the drifts that its handler gets. Missing
// members are left out: the bodies of these tests have few.
func respondDrifting(t *testing.T, body string) (*quecloud.Client, *[]quecloud.Drift) {
	t.Helper()
	drifts := new([]quecloud.Drift)
	client, _ := respond(t, body, quecloud.WithDriftHandler(func(d quecloud.Drift) {
		if d.Kind != quecloud.DriftMissing {
			*drifts = append(*drifts, d)
		}
	}))
	return client, drifts
}

func TestDriftDoesNotFailAListing(t *testing.T) {
	t.Parallel()
	client, drifts := respondDrifting(t, `{"resultCode":0,"page":{"page":1,"colour":{"a":1}},"cards":[
		{"iccid":"1","monthflow":"abc","imei":"7"},
		{"iccid":"2","monthflow":2,"newMember":"x","openDate":"soon","carrier":{"a":1}}],"extra":[1]}`)
	list, err := client.Cards.List(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, []quecloud.Card{{ICCID: "1", IMEI: "7"}, {ICCID: "2", MonthFlow: 2}}, list.Cards)
	const method = "fc.function.card.list"
	assert.Equal(t, []quecloud.Drift{
		{Method: method, Kind: quecloud.DriftUnknownMember, Path: "page.colour", Value: `{"a":1}`},
		{Method: method, Kind: quecloud.DriftWrongValue, Path: "cards[0].monthflow", Value: `"abc"`},
		{Method: method, Kind: quecloud.DriftUnknownMember, Path: "cards[1].newMember", Value: `"x"`},
		{Method: method, Kind: quecloud.DriftWrongValue, Path: "cards[1].openDate", Value: `"soon"`},
		{Method: method, Kind: quecloud.DriftWrongValue, Path: "cards[1].carrier", Value: `{"a":1}`},
		{Method: method, Kind: quecloud.DriftUnknownMember, Path: "extra", Value: `[1]`},
	}, *drifts)
}

func TestDriftHandlerMakesReadsTolerateWrongValues(t *testing.T) {
	t.Parallel()
	for _, tt := range badMembers() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, drifts := respondDrifting(t, tt.body)
			err := tt.call(t.Context(), client)
			if tt.want.Value == "" {
				require.ErrorContains(t, err, tt.want.Error(), "a missing member is an error all the same")
				assert.Empty(t, *drifts)
				return
			}
			if tt.name == "an object for a list" {
				require.ErrorContains(t, err, "member cards: missing", "the list is required")
			} else {
				require.NoError(t, err)
			}
			require.NotEmpty(t, *drifts)
			assert.Equal(t, quecloud.DriftWrongValue, (*drifts)[0].Kind)
			assert.Equal(t, tt.want.Path, (*drifts)[0].Path)
			assert.Equal(t, tt.want.Value, (*drifts)[0].Value)
		})
	}
}

func TestDriftReportsScalarsOfAnotherType(t *testing.T) {
	t.Parallel()
	client, drifts := respondDrifting(t,
		`{"resultCode":0,"cards":[{"iccid":1,"islock":"1","flow":"1.5","openDate":"2025-01-01"}]}`)
	list, err := client.Cards.List(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, []quecloud.Card{
		{ICCID: "1", IMEILocked: true, CycleFlow: 1.5, OpenDate: selftest.Day(2025, time.January, 1)},
	}, list.Cards)
	const method = "fc.function.card.list"
	assert.Equal(t, []quecloud.Drift{
		{Method: method, Kind: quecloud.DriftWrongType, Path: "cards[0].iccid", Value: "1"},
		{Method: method, Kind: quecloud.DriftWrongType, Path: "cards[0].flow", Value: `"1.5"`},
	}, *drifts)
}

func TestDriftHandlerDoesNotExcuseABadReceipt(t *testing.T) {
	t.Parallel()
	client, drifts := respondDrifting(t, `{"resultCode":0,"orderNo":{},"price":1}`)
	err := callNamed(t, "spend")(t.Context(), client)
	require.ErrorContains(t, err, "member orderNo: want a text")
	require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown)
	assert.Equal(t, []quecloud.Drift{
		{Method: "fc.function.card.recharge", Kind: quecloud.DriftUnknownMember, Path: "price", Value: "1"},
	}, *drifts)
}

func TestDriftIgnoresWhatIsDocumented(t *testing.T) {
	t.Parallel()
	client, drifts := respondDrifting(t, `{"RESULTCODE":"0","errormessage":null,"MT":1,"mo":2.0}`)
	count, err := client.SMS.MonthCount(t.Context(), quecloud.Month{Year: 2025, Month: time.May})
	require.NoError(t, err)
	assert.Equal(t, &quecloud.SMSMonthCount{MT: 1, MO: 2}, count)
	assert.Empty(t, *drifts)
}

func TestDriftShowsAtMost64Bytes(t *testing.T) {
	t.Parallel()
	client, drifts := respondDrifting(t, `{"resultCode":0,"mt":1,"mo":2,"x":"`+strings.Repeat("卡", 100)+`"}`)
	require.NoError(t, selftest.Read(t.Context(), client))
	require.Len(t, *drifts, 1)
	assert.Equal(t, `"`+strings.Repeat("卡", 21), (*drifts)[0].Value)
}

const gbk = "\xd2\xc6\xd4\xb6" // 移远

func TestDriftKeepsTextThatIsNotUTF8(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{ // JSON strings without their quotes, and how they are read
		gbk:                       gbk,
		`a\n` + gbk + `\u79fb\"`:  "a\n" + gbk + "移\"",
		gbk + `\ud83d\ude00`:      gbk + "😀",
		`a\ud83d`:                 `a\ud83d`,
		`\ude00b`:                 `\ude00b`,
		`\ud83dA\ude00`:           `\ud83dA\ude00`,
		`\u0041\ud83d`:            `A\ud83d`,
		`\ud83d\u0041\\ud83d`:     `\ud83dA\ud83d`,
		`\uD83D\uD83D\uDE00`:      `\uD83D😀`,
		"移\xff":                   "移\xff",
		"\xed\xa0\x80\xc0\x80\\/": "\xed\xa0\x80\xc0\x80/",
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			client, drifts := respondDrifting(t, `{"resultCode":0,"infoList":[{"content":"`+text+`","sms_id":1},{"sms_id":2}]}`)
			var log bytes.Buffer
			client, err := client.With(quecloud.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			require.NoError(t, err)
			list, err := client.SMS.ListLog(t.Context(), &quecloud.SMSLogParams{
				Month: quecloud.Month{Year: 2025, Month: time.May},
			})
			require.NoError(t, err)
			assert.Equal(t, []quecloud.SMSEntry{{Content: want, SMSID: "1"}, {SMSID: "2"}}, list.Entries)
			assert.Contains(t, *drifts, quecloud.Drift{
				Method: "fc.function.sms.sendlog", Kind: quecloud.DriftNotUTF8,
				Path: "infoList[0].content", Value: `"` + text + `"`,
			})
			assert.Contains(t, log.String(), "level=WARN")
			assert.Contains(t, log.String(), "not UTF-8")
			assert.Contains(t, log.String(), "member=infoList[0].content")
		})
	}
}

func TestDriftKeepsTextThatIsNotUTF8InEveryType(t *testing.T) {
	t.Parallel()
	var result struct {
		Enum  quecloud.CardStatus
		List  []string
		Split []string `quec:"sep=;"`
		Raw   jsontext.Value
		Any   any
		Map   map[string]string
	}
	client, drifts := respondDrifting(t, `{"resultCode":0,"enum":"`+gbk+`","list":["`+gbk+`"],"split":"a;`+gbk+`",
		"raw":["`+gbk+`"],"any":{"`+gbk+`":["`+gbk+`",1,null]},"map":{"`+gbk+`":"`+gbk+`"}}`)
	require.NoError(t, client.Call(t.Context(), "fc.function.card.info", nil, &result))
	assert.EqualValues(t, gbk, result.Enum)
	assert.Equal(t, []string{gbk}, result.List)
	assert.Equal(t, []string{"a", gbk}, result.Split)
	assert.Equal(t, `["`+gbk+`"]`, string(result.Raw))
	assert.Equal(t, map[string]any{gbk: []any{gbk, 1.0, nil}}, result.Any)
	assert.Equal(t, map[string]string{gbk: gbk}, result.Map)
	var paths []string
	for _, d := range *drifts {
		assert.Equal(t, quecloud.DriftNotUTF8, d.Kind)
		paths = append(paths, d.Path)
	}
	assert.Equal(t, []string{"enum", "list[0]", "split", "raw", "any", "map"}, paths)

	var all map[string]any
	client, drifts = respondDrifting(t, `{"resultCode":0,"a":"`+gbk+`"}`)
	require.NoError(t, client.Call(t.Context(), "fc.function.card.info", nil, &all))
	assert.Equal(t, gbk, all["a"])
	assert.Contains(t, *drifts, quecloud.Drift{
		Method: "fc.function.card.info", Kind: quecloud.DriftNotUTF8, Value: `{"resultCode":0,"a":"` + gbk + `"}`,
	})

	client, drifts = respondDrifting(t, `{"resultCode":1,"errorMessage":"`+gbk+`"}`)
	var refused *quecloud.APIError
	require.ErrorAs(t, callNamed(t, "set")(t.Context(), client), &refused)
	assert.Equal(t, gbk, refused.Message)
	assert.Equal(t, []quecloud.Drift{
		{Method: "fc.function.card.pause", Kind: quecloud.DriftNotUTF8, Path: "errorMessage", Value: `"` + gbk + `"`},
	}, *drifts)
}

func TestDriftIgnoresTextInUTF8(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`移远`, `\u79fb\\x`, `\ud83d\ude00`, "\ufffd", `\ufffd`} {
		client, drifts := respondDrifting(t, `{"resultCode":1,"errorMessage":"`+text+`"}`)
		require.ErrorAs(t, callNamed(t, "set")(t.Context(), client), new(*quecloud.APIError))
		assert.Empty(t, *drifts, text)
	}
}
