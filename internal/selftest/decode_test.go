package selftest_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// A badMember is a response to a read with one member that is wrong. The error has want.
type badMember struct {
	name, body string
	call       func(context.Context, *quecloud.Client) error
	want       quecloud.FieldError
}

func badMembers() []badMember {
	const twice = "comes a second time"
	list := func(name, body, path, value, reason string) badMember {
		return badMember{name, body, listCards, quecloud.FieldError{Path: path, Value: value, Reason: reason}}
	}
	count := func(name, body, path, value, reason string) badMember {
		return badMember{name, body, selftest.Read, quecloud.FieldError{Path: path, Value: value, Reason: reason}}
	}
	status := func(name, body, path string) badMember {
		return badMember{name, body, realtimeStatus, quecloud.FieldError{Path: path, Reason: "missing"}}
	}
	return []badMember{
		list("a scalar in a list",
			`{"resultCode":0,"cards":[{"iccid":"1"},{"iccid":"2"},{"iccid":"3"},{"iccid":"4","monthflow":"abc"}]}`,
			"cards[3].monthflow", `"abc"`, "want a number"),
		list("the name as it came", `{"resultCode":0,"Cards":[{"ICCID":"1","MonthFlow":"abc"}]}`,
			"Cards[0].MonthFlow", `"abc"`, "want a number"),
		list("a number of the page", `{"resultCode":0,"page":{"totalCount":"many"},"cards":[]}`,
			"page.totalCount", `"many"`, "want a whole number"),
		list("a number beside its object", `{"resultCode":0,"totalCount":"many","cards":[]}`,
			"totalCount", `"many"`, "want a whole number"),
		list("a flag", `{"resultCode":0,"cards":[{"iccid":"1","islock":"maybe"}]}`,
			"cards[0].islock", `"maybe"`, "want 1 or 0"),
		list("a date", `{"resultCode":0,"cards":[{"iccid":"1","openDate":"2025-13-01"}]}`,
			"cards[0].openDate", `"2025-13-01"`, "want a date"),
		list("an object for a text", `{"resultCode":0,"cards":[{"iccid":{"a":1}}]}`,
			"cards[0].iccid", `{"a":1}`, "want a text"),
		list("an object for a list", `{"resultCode":0,"cards":{}}`, "cards", `{}`, "want a list"),
		list("a text for an object", `{"resultCode":0,"cards":["a"]}`, "cards[0]", `"a"`, "want an object"),
		list("an object in a list of texts", `{"resultCode":0,"cards":[{"iccid":"1","voicewhitelist":["a",{}]}]}`,
			"cards[0].voicewhitelist[1]", `{}`, "want a text"),
		list("null in a list", `{"resultCode":0,"cards":[null]}`,
			"cards[0]", `null`, "an element of a list cannot be null"),
		list("an empty text in a list", `{"resultCode":0,"cards":[""]}`, "cards[0]", `""`, "want an object"),
		list("only the first", `{"resultCode":0,"cards":[{"iccid":"1","flow":"a"},{"iccid":"1","flow":"b"}]}`,
			"cards[0].flow", `"a"`, "want a number"),

		list("no list", `{"resultCode":0}`, "cards", "", "missing"),
		count("no member", `{"resultCode":0,"mt":1}`, "mo", "", "missing"),
		count("a null member", `{"resultCode":0,"mt":1,"mo":null}`, "mo", "", "missing"),
		count("an empty member", `{"resultCode":0,"mt":"","mo":1}`, "mt", "", "missing"),
		list("no member in a row", `{"resultCode":0,"cards":[{"iccid":"1"},{"imei":"1"}]}`,
			"cards[1].iccid", "", "missing"),
		status("no object", `{"resultCode":0}`, "realTimeStatus"),
		status("a null object", `{"resultCode":0,"realTimeStatus":null}`, "realTimeStatus"),
		status("an empty text for an object", `{"resultCode":0,"realTimeStatus":""}`, "realTimeStatus"),
		status("an empty object", `{"resultCode":0,"realTimeStatus":{}}`, "realTimeStatus.issuccess"),

		count("a scalar twice", `{"resultCode":0,"mt":1,"mo":2,"MT":3}`, "MT", `3`, twice+", with another value"),
		list("an alias with another value", `{"resultCode":0,"cards":[{"iccid":"1","spcode":"1","scode":"2"}]}`,
			"cards[0].scode", `"2"`, twice+", with another value"),
		list("a list twice", `{"resultCode":0,"cards":[],"cards":[]}`, "cards", `[]`, twice),
		list("an object twice", `{"resultCode":0,"cards":[],"page":{},"Page":{}}`, "Page", `{}`, twice),
	}
}

func listCards(ctx context.Context, c *quecloud.Client) error {
	_, err := c.Cards.List(ctx, nil)
	return err
}

func realtimeStatus(ctx context.Context, c *quecloud.Client) error {
	_, err := c.Cards.RealtimeStatus(ctx, quecloud.MSISDN(selftest.MSISDN1))
	return err
}

// respond returns a client whose platform responds with a body, and the platform.
func respond(t *testing.T, body string, opts ...quecloud.Option) (*quecloud.Client, *selftest.Platform) {
	t.Helper()
	return selftest.Scripted(t, []selftest.Step{{Body: body}}, opts...)
}

func TestDecodeErrorNamesTheMember(t *testing.T) {
	t.Parallel()
	for _, tt := range badMembers() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, p := respond(t, tt.body)
			err := tt.call(t.Context(), client)
			require.ErrorAs(t, err, new(*quecloud.ResponseError))
			var field *quecloud.FieldError
			require.ErrorAs(t, err, &field)
			assert.Equal(t, tt.want, *field)
			assert.Equal(t, 1, p.Attempts(), "a retry would get the same response")
		})
	}
}

func TestDecodeAcceptsTheSameValueTwice(t *testing.T) {
	t.Parallel()
	client, _ := respond(t,
		`{"resultCode":0,"cards":[{"iccid":"1","spcode":"106","scode":106,"socode":null}],"page":null}`)
	list, err := client.Cards.List(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, []quecloud.Card{{ICCID: "1", SMSCode: "106"}}, list.Cards)
}

func TestDecodeAcceptsNullAndEmptyForAList(t *testing.T) {
	t.Parallel()
	for _, cards := range []string{`null`, `[]`, `""`} {
		client, _ := respond(t, `{"resultCode":0,"cards":`+cards+`}`)
		list, err := client.Cards.List(t.Context(), nil)
		require.NoError(t, err, cards)
		assert.Empty(t, list.Cards)
	}
}

func TestDecodeFailsAChangeOnlyForItsReceipt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		call string // of selftest.Calls
		body string
		says string // empty for a success
	}{
		{call: "spend", body: `{"resultCode":0}`, says: "member orderNo: missing"},
		{call: "spend", body: `{"resultCode":0,"orderNo":""}`, says: "member orderNo: missing"},
		{call: "spend", body: `{"resultCode":0,"orderNo":{}}`, says: "member orderNo: want a text"},
		{
			call: "spend", body: `{"resultCode":0,"orderNo":"1","ORDERNO":"2"}`,
			says: "member ORDERNO: comes a second time",
		},
		{call: "once", body: `{"resultCode":0,"taskId":"abc"}`, says: "member taskId: want a whole number"},
		{
			call: "send", body: `{"resultCode":0,"successList":[{"sms_id":9,"msisdn":[]}]}`,
			says: "member successList[0].msisdn: want a text",
		},
		{
			call: "send",
			body: `{"resultCode":0,"successList":[{"sms_id":9,"msisdn":"1064991300001"}],"other":{"a":1},"errorMessage":[]}`,
		},

		{call: "spend", body: `{"resultCode":0,"orderNo":false}`, says: "member orderNo: identifies nothing: false"},
		{call: "spend", body: `{"resultCode":0,"orderNo":true}`, says: "member orderNo: identifies nothing: true"},
		{call: "spend", body: `{"resultCode":0,"orderNo":0}`, says: "member orderNo: identifies nothing: 0"},
		{call: "spend", body: `{"resultCode":0,"orderNo":"0"}`, says: `member orderNo: identifies nothing: "0"`},
		{call: "once", body: `{"resultCode":0,"taskId":0}`, says: "member taskId: identifies nothing: 0"},
		{call: "once", body: `{"resultCode":0,"taskId":"0"}`, says: "member taskId: identifies nothing"},
		{call: "once", body: `{"resultCode":0,"taskId":-0.0}`, says: "member taskId: identifies nothing"},
		{call: "once", body: `{"resultCode":0,"taskId":true}`, says: "member taskId: identifies nothing: true"},
		{call: "once", body: `{"resultCode":0,"taskId":1e-400}`, says: "member taskId: want a whole number: 1e-400"},
	} {
		client, p := respond(t, tt.body)
		err := callNamed(t, tt.call)(t.Context(), client)
		assert.Equal(t, 1, p.Attempts(), tt.body)
		if tt.says == "" {
			require.NoError(t, err, tt.body)
			continue
		}
		require.ErrorAs(t, err, new(*quecloud.ResponseError), tt.body)
		require.ErrorContains(t, err, tt.says, tt.body)
		require.ErrorIs(t, err, quecloud.ErrOutcomeUnknown, tt.body)
	}
}

// callNamed returns one of selftest.Calls.
func callNamed(t *testing.T, name string) func(context.Context, *quecloud.Client) error {
	t.Helper()
	for _, call := range selftest.Calls {
		if call.Name == name {
			return call.Do
		}
	}
	t.Fatalf("selftest.Calls has no call %q", name)
	return nil
}

func TestDecodeSkipsOtherMembersOfAReceipt(t *testing.T) {
	t.Parallel()
	params := quecloud.RechargeParams{Card: quecloud.ICCID(selftest.ICCID1), ProductID: 1, ProductName: "x"}
	client, _ := respond(t,
		`{"resultCode":0,"orderNo":12,"errorMessage":{"x":1},"price":"abc","externalId":[]}`)
	receipt, err := client.Orders.Recharge(t.Context(), &params)
	require.NoError(t, err)
	assert.Equal(t, &quecloud.OrderReceipt{OrderNo: "12"}, receipt)

	client, _ = respond(t, `{"resultCode":0,"errorMessage":"ok"}`)
	params.Preverify = true
	receipt, err = client.Orders.Recharge(t.Context(), &params)
	require.NoError(t, err)
	assert.Equal(t, &quecloud.OrderReceipt{Preverified: true, Message: "ok"}, receipt)
}

func TestDecodeNeedsRequiredMembersInEveryKindOfCall(t *testing.T) {
	t.Parallel()
	type inner struct {
		ID int `json:"id" quec:"required"`
	}
	tolerant := quecloud.WithDriftHandler(func(quecloud.Drift) {})
	reads := map[string]bool{
		"fc.function.new": false, "fc.function.card.pause": false, "fc.function.card.recharge": false,
		"fc.function.card.info": true,
	}
	for _, tt := range []struct{ body, says string }{
		{`{"resultCode":0}`, "member n: missing"},
		{`{"resultCode":0,"n":null}`, "member n: missing"},
		{`{"resultCode":0,"n":""}`, "member n: missing"},
		{`{"resultCode":0,"n":{},"list":[]}`, "member n: want a whole number: {}"},
		{`{"resultCode":0,"n":"abc","list":[]}`, "member n: want a whole number"},
		{`{"resultCode":0,"n":1,"N":2,"list":[]}`, "member N: comes a second time"},
		{`{"resultCode":0,"n":1}`, "member list: missing"},
		{`{"resultCode":0,"n":1,"list":[],"inner":{}}`, "member inner.id: missing"},
		{`{"resultCode":0,"n":1,"list":[{}]}`, "member list[0].id: missing"},
		{`{"resultCode":0,"n":1,"list":null}`, ""},
		{`{"resultCode":0,"n":0,"list":[{"id":1}],"other":"abc"}`, ""},
	} {
		for method, read := range reads {
			for _, opts := range [][]quecloud.Option{nil, {tolerant}} {
				var result struct {
					N     int     `json:"n" quec:"required"`
					List  []inner `json:"list" quec:"required"`
					Inner inner   `json:"inner"`
				}
				client, p := respond(t, tt.body, opts...)
				err := client.Call(t.Context(), method, nil, &result)
				assert.Equal(t, 1, p.Attempts())
				if tt.says == "" || read && opts != nil && !strings.HasSuffix(tt.says, "missing") {
					assert.NoError(t, err, "%s, response %s", method, tt.body)
					continue
				}
				require.ErrorContains(t, err, tt.says, "%s, response %s", method, tt.body)
				assert.ErrorAs(t, err, new(*quecloud.ResponseError))
				assert.Equal(t, !read, errors.Is(err, quecloud.ErrOutcomeUnknown))
			}
		}
	}
}

func TestDecodeNeedsOneMemberOfAnInlineObject(t *testing.T) {
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
		client, _ := respond(t, body)
		_, err := client.Cards.Location(t.Context(), quecloud.MSISDN(selftest.MSISDN1))
		if ok {
			require.NoError(t, err, body)
			continue
		}
		require.ErrorContains(t, err, "member data: missing", body)
	}
}
