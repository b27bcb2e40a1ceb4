package quecloud

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const gbk = "\xd2\xc6\xd4\xb6" // 移远

// garbledTexts are JSON strings that are not, or not all, UTF-8, with what they are to be read as.
var garbledTexts = map[string]string{
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
}

func TestTextThatIsNotUTF8IsKeptByteForByte(t *testing.T) {
	t.Parallel()
	for broken, want := range garbledTexts {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			body := `{"resultCode":0,"infoList":[{"content":"` + broken + `","sms_id":1},{"sms_id":2}]}`
			var log bytes.Buffer
			client, drifts := newDrifting(t, body)
			client, err := client.With(WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
			require.NoError(t, err)
			list, err := client.SMS.ListLog(t.Context(), &SMSLogParams{Month: Month{2025, time.May}})
			require.NoError(t, err)
			assert.Equal(t, []SMSEntry{{Content: want, SMSID: "1"}, {SMSID: "2"}}, list.Entries)
			assert.Contains(t, *drifts, Drift{"fc.function.sms.sendlog", DriftNotUTF8, "infoList[0].content", `"` + broken + `"`})
			assert.Contains(t, log.String(), "level=WARN")
			assert.Contains(t, log.String(), "not UTF-8")
			assert.Contains(t, log.String(), "member=infoList[0].content")
		})
	}
}

func TestTextThatIsNotUTF8IsKeptWhereverItStands(t *testing.T) {
	t.Parallel()
	var result struct {
		Enum  CardStatus
		List  []string
		Split []string `quec:"sep=;"`
		Raw   jsontext.Value
		Any   any
		Map   map[string]string
	}
	client, drifts := newDrifting(t, `{"resultCode":0,"enum":"`+gbk+`","list":["`+gbk+`"],"split":"a;`+gbk+`","raw":["`+gbk+`"],
		"any":{"`+gbk+`":["`+gbk+`",1,null]},"map":{"`+gbk+`":"`+gbk+`"}}`)
	require.NoError(t, client.Call(t.Context(), "fc.function.card.info", nil, &result))
	assert.EqualValues(t, gbk, result.Enum)
	assert.Equal(t, []string{gbk}, result.List)
	assert.Equal(t, []string{"a", gbk}, result.Split)
	assert.Equal(t, `["`+gbk+`"]`, string(result.Raw))
	assert.Equal(t, map[string]any{gbk: []any{gbk, 1.0, nil}}, result.Any)
	assert.Equal(t, map[string]string{gbk: gbk}, result.Map)
	var places []string
	for _, d := range *drifts {
		assert.Equal(t, DriftNotUTF8, d.Kind)
		places = append(places, d.Path)
	}
	assert.Equal(t, []string{"enum", "list[0]", "split", "raw", "any", "map"}, places)

	var all map[string]any
	client, drifts = newDrifting(t, `{"resultCode":0,"a":"`+gbk+`"}`)
	require.NoError(t, client.Call(t.Context(), "fc.function.card.info", nil, &all))
	assert.Equal(t, gbk, all["a"])
	assert.Contains(t, *drifts, Drift{"fc.function.card.info", DriftNotUTF8, "", `{"resultCode":0,"a":"` + gbk + `"}`})

	client, drifts = newDrifting(t, `{"resultCode":1,"errorMessage":"`+gbk+`"}`)
	var refused *APIError
	require.ErrorAs(t, client.Cards.Pause(t.Context(), MSISDN(phone)), &refused)
	assert.Equal(t, gbk, refused.Message)
	assert.Equal(t, []Drift{{"fc.function.card.pause", DriftNotUTF8, "errorMessage", `"` + gbk + `"`}}, *drifts)
}

func TestTextInUTF8IsNoDrift(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`移远`, `\u79fb\\x`, `\ud83d\ude00`, "\ufffd", `\ufffd`} {
		client, drifts := newDrifting(t, `{"resultCode":1,"errorMessage":"`+text+`"}`)
		require.ErrorAs(t, client.Cards.Pause(t.Context(), MSISDN(phone)), new(*APIError))
		assert.Empty(t, *drifts, text)
	}
}
