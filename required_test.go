package quecloud

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheDecoderTellsWhetherSomethingWasDone(t *testing.T) {
	t.Parallel()
	type order struct {
		OrderNo string `json:"orderNo" quec:"receipt required"`
		Remark  string `json:"remark"`
	}
	type plain struct {
		N    int `json:"n" quec:"required"`
		List []string
	}
	for _, tt := range []struct {
		body             string
		into             any
		given, done, met bool
	}{
		{body: `{"resultCode":1}`, into: new(order)},
		{body: `{"resultCode":1,"orderNo":"R1"}`, into: new(order), given: true, done: true, met: true},
		{body: `{"orderNo":12,"resultCode":1}`, into: new(order), given: true, done: true, met: true},
		{body: `{"resultCode":1,"orderNo":{"no":1}}`, into: new(order), given: true, done: true, met: true},
		{body: `{"resultCode":1,"orderNo":""}`, into: new(order)},
		{body: `{"resultCode":1,"orderNo":null,"remark":"x"}`, into: new(order), given: true},
		{body: `{"resultCode":1,"other":"x"}`, into: new(order), given: true},
		{body: `{"resultCode":1}`, into: new(plain)},
		{body: `{"resultCode":1,"n":0}`, into: new(plain), met: true},
		{body: `{"resultCode":1,"n":1}`, into: new(plain), given: true, done: true, met: true},
		{body: `{"resultCode":1,"list":["a"]}`, into: new(plain), given: true, done: true},
		{body: `{"resultCode":1,"list":[]}`, into: new(plain)},
		{body: `{"resultCode":1,"other":"x"}`, into: new(plain), given: true},
		{body: `{"resultCode":1,"other":"x"}`, given: true},
		{body: `{"resultCode":1,"success":[]}`, into: new(SetAlarmResult)},
		{body: `{"resultCode":1,"success":["1"]}`, into: new(SetAlarmResult), given: true, done: true},
		{body: `{"resultCode":1,"success":"1"}`, into: new(SetAlarmResult), given: true, done: true},
	} {
		var d decoder
		_, err := d.decode([]byte(tt.body), tt.into)
		if err != nil {
			require.ErrorAs(t, err, new(*FieldError))
		}
		assert.Equal(t, []bool{tt.given, tt.done, tt.met}, []bool{d.given, d.done, d.met}, "given, done, met of %s", tt.body)
	}
}

func TestWhatIsRequiredIsRequiredOfEveryKindOfCall(t *testing.T) {
	t.Parallel()
	type inner struct {
		ID int `json:"id" quec:"required"`
	}
	for _, tt := range []struct{ body, says string }{
		{`{"resultCode":0}`, "member n: missing"},
		{`{"resultCode":0,"n":null}`, "member n: missing"},
		{`{"resultCode":0,"n":""}`, "member n: missing"},
		{`{"resultCode":0,"n":{},"list":[]}`, "member n: want a whole number: {}"},
		{`{"resultCode":0,"n":"abc","list":[]}`, "member n: want a whole number"},
		{`{"resultCode":0,"n":1,"N":2,"list":[]}`, "member N: stands here a second time"},
		{`{"resultCode":0,"n":1}`, "member list: missing"},
		{`{"resultCode":0,"n":1,"list":[],"inner":{}}`, "member inner.id: missing"},
		{`{"resultCode":0,"n":1,"list":[{}]}`, "member list[0].id: missing"},
		{`{"resultCode":0,"n":1,"list":null}`, ""},
		{`{"resultCode":0,"n":0,"list":[{"id":1}],"other":"abc"}`, ""},
	} {
		for _, method := range []string{"fc.function.new", "fc.function.card.pause", "fc.function.card.recharge", "fc.function.card.info"} {
			for _, opts := range [][]Option{nil, {WithDriftHandler(func(Drift) {})}} {
				var result struct {
					N     int     `json:"n" quec:"required"`
					List  []inner `json:"list" quec:"required"`
					Inner inner   `json:"inner"`
				}
				client, s := newScripted(t, []scriptStep{{body: tt.body}}, opts...)
				err := client.Call(t.Context(), method, nil, &result)
				assert.Equal(t, 1, s.tries)
				reads := lookup(method).kind == KindRead
				if tt.says == "" || reads && opts != nil && !strings.HasSuffix(tt.says, "missing") {
					assert.NoError(t, err, "%s answered by %s", method, tt.body)
					continue
				}
				require.ErrorContains(t, err, tt.says, "%s answered by %s", method, tt.body)
				assert.ErrorAs(t, err, new(*ResponseError))
				assert.Equal(t, !reads, errors.Is(err, ErrOutcomeUnknown))
			}
		}
	}
}

func TestOfAnInlineObjectOneMemberMustSaySomething(t *testing.T) {
	t.Parallel()
	for body, ok := range map[string]bool{
		`{"resultCode":0}`:                                 false,
		`{"resultCode":0,"data":{}}`:                       false,
		`{"resultCode":0,"data":null}`:                     false,
		`{"resultCode":0,"data":{"ICCID":""}}`:             false,
		`{"resultCode":0,"MSISDN":null,"x":1}`:             false,
		`{"resultCode":0,"MSISDN":"1"}`:                    true,
		`{"resultCode":0,"data":{"POSITIONRESULT":"226"}}`: true,
		`{"resultCode":0,"data":null,"latitude":"1"}`:      true,
	} {
		client, _ := newScripted(t, []scriptStep{{body: body}})
		_, err := client.Cards.Location(t.Context(), MSISDN(phone))
		if ok {
			require.NoError(t, err, body)
			continue
		}
		require.ErrorContains(t, err, "member data: missing", body)
	}
}

// Objects can be nested thousands of times, each with something wrong in it.
func TestHowDeepADriftOrFailureStandsDoesNotMatter(t *testing.T) {
	const depth = 4990
	row := `{"companyname":"` + strings.Repeat("x", 64) + `","unknown":1,"companyid":"abc","children":[`
	hostile := []byte(`{"resultCode":0,"data":` + strings.Repeat(row, depth) + strings.Repeat("]}", depth) + "}")
	longest := 0
	for name, d := range map[string]*decoder{
		"strict":  {strict: true},
		"lax":     {},
		"drift":   {strict: true, drift: func(d Drift) { longest = max(longest, len(d.Path)) }},
		"missing": {strict: true, drift: func(d Drift) { longest = max(longest, len(d.Path)) }},
	} {
		text := hostile
		if name == "missing" {
			text = []byte(strings.ReplaceAll(string(hostile), "companyid", "x"))
		}
		var result struct {
			Data Account `json:"data" quec:"required"`
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := d.decode(text, &result)
		runtime.ReadMemStats(&after)
		if field, ok := errors.AsType[*FieldError](err); ok {
			longest = max(longest, len(field.Path))
		}
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(32<<20), "%s: bytes allocated for a text of %d", name, len(text))
		assert.LessOrEqual(t, longest, maxPlace+len("…"), name)
	}
	assert.Greater(t, longest, maxPlace-4, "a place is cut, and not left out")
}

func TestNeitherABooleanNorZeroIdentifiesWhatWasDone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		body string
		call int // of kindCalls
		says string
	}{
		{`{"resultCode":0,"orderNo":false}`, 2, "member orderNo: identifies nothing: false"},
		{`{"resultCode":0,"orderNo":true}`, 2, "member orderNo: identifies nothing: true"},
		{`{"resultCode":0,"orderNo":0}`, 2, "member orderNo: identifies nothing: 0"},
		{`{"resultCode":0,"orderNo":"0"}`, 2, `member orderNo: identifies nothing: "0"`},
		{`{"resultCode":0,"taskId":0}`, 4, "member taskId: identifies nothing: 0"},
		{`{"resultCode":0,"taskId":"0"}`, 4, "member taskId: identifies nothing"},
		{`{"resultCode":0,"taskId":-0.0}`, 4, "member taskId: identifies nothing"},
		{`{"resultCode":0,"taskId":true}`, 4, "member taskId: identifies nothing: true"},
		{`{"resultCode":0,"taskId":1e-400}`, 4, "member taskId: want a whole number: 1e-400"},
	} {
		client, s := newScripted(t, []scriptStep{{body: tt.body}})
		err := kindCalls[tt.call].call(t.Context(), client)
		require.ErrorContains(t, err, tt.says)
		require.ErrorIs(t, err, ErrOutcomeUnknown, tt.body)
		assert.Equal(t, 1, s.tries)
	}
}

func TestABooleanIsNoIdentifierInAnyResponse(t *testing.T) {
	t.Parallel()
	for method, members := range map[string][]string{
		"card.info":       {"msisdn", "iccid", "imsi", "imei", "spcode", "companyid", "billingid"},
		"order.details":   {"orderNo", "iccid", "externalId"},
		"wallet.details":  {"orderNo", "iccid"},
		"account.info":    {"companyid"},
		"file.list":       {"TaskId"},
		"cards.monthflow": {"number"},
	} {
		results := map[string]any{
			"card.info": new(CardInfo), "order.details": new(Order), "wallet.details": new(WalletEntry), "account.info": new(Account),
			"file.list": new(FileTask), "cards.monthflow": new(CardMonthFlow),
		}
		for _, member := range members {
			d := decoder{strict: true}
			_, err := d.decode([]byte(`{"resultCode":0,"`+member+`":false}`), results[method])
			require.ErrorContains(t, err, "member "+member+": identifies nothing: false", method)
		}
	}
	var log struct {
		Failed []string `json:"errorList"`
		Remark string   `json:"remark"`
	}
	d := decoder{strict: true}
	_, err := d.decode([]byte(`{"resultCode":0,"remark":false,"errorList":[true]}`), &log)
	require.ErrorContains(t, err, "member errorList[0]: identifies nothing: true")
	assert.Equal(t, "false", log.Remark, "what is no identifier may say so")
}

type shoutedText string

func (s *shoutedText) UnmarshalText(text []byte) error {
	*s = shoutedText(text) + "!"
	return nil
}

func TestAnIdentifierMayBeOfATypeThatReadsItself(t *testing.T) {
	t.Parallel()
	var result struct {
		ICCID  shoutedText
		MSISDN string
	}
	d := decoder{strict: true}
	_, err := d.decode([]byte(`{"resultCode":0,"iccid":"a","msisdn":1}`), &result)
	require.NoError(t, err)
	assert.EqualValues(t, "a!", result.ICCID)
	assert.Equal(t, "1", result.MSISDN)
}
