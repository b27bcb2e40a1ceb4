package quecloud

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

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
