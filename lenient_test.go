package quecloud

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fieldErrors are answers of methods that read, each with one member that is wrong.
var fieldErrors = []struct {
	name string
	body string
	call func(context.Context, *Client) error
	want FieldError
}{
	{"a scalar in a list", `{"resultCode":0,"cards":[{"iccid":"1"},{"iccid":"2"},{"iccid":"3"},{"iccid":"4","monthflow":"abc"}]}`, listCards,
		FieldError{"cards[3].monthflow", `"abc"`, "want a number"}},
	{"the name as it came", `{"resultCode":0,"Cards":[{"ICCID":"1","MonthFlow":"abc"}]}`, listCards,
		FieldError{"Cards[0].MonthFlow", `"abc"`, "want a number"}},
	{"a number of the page", `{"resultCode":0,"page":{"totalCount":"many"},"cards":[]}`, listCards,
		FieldError{"page.totalCount", `"many"`, "want a whole number"}},
	{"a number beside its object", `{"resultCode":0,"totalCount":"many","cards":[]}`, listCards,
		FieldError{"totalCount", `"many"`, "want a whole number"}},
	{"a flag", `{"resultCode":0,"cards":[{"iccid":"1","islock":"maybe"}]}`, listCards,
		FieldError{"cards[0].islock", `"maybe"`, "want 1 or 0"}},
	{"a date", `{"resultCode":0,"cards":[{"iccid":"1","openDate":"2025-13-01"}]}`, listCards,
		FieldError{"cards[0].openDate", `"2025-13-01"`, "want a date"}},
	{"an object for a text", `{"resultCode":0,"cards":[{"iccid":{"a":1}}]}`, listCards,
		FieldError{"cards[0].iccid", `{"a":1}`, "want a text"}},
	{"an object for a list", `{"resultCode":0,"cards":{}}`, listCards, FieldError{"cards", `{}`, "want a list"}},
	{"a text for an object", `{"resultCode":0,"cards":["a"]}`, listCards, FieldError{"cards[0]", `"a"`, "want an object"}},
	{"an object in a list of texts", `{"resultCode":0,"cards":[{"iccid":"1","voicewhitelist":["a",{}]}]}`, listCards,
		FieldError{"cards[0].voicewhitelist[1]", `{}`, "want a text"}},
	{"null in a list", `{"resultCode":0,"cards":[null]}`, listCards,
		FieldError{"cards[0]", `null`, "an element of a list cannot be null"}},
	{"nothing in a list", `{"resultCode":0,"cards":[""]}`, listCards,
		FieldError{"cards[0]", `""`, "want an object"}},
	{"only the first", `{"resultCode":0,"cards":[{"iccid":"1","flow":"a"},{"iccid":"1","flow":"b"}]}`, listCards,
		FieldError{"cards[0].flow", `"a"`, "want a number"}},

	{"a list is missing", `{"resultCode":0}`, listCards, FieldError{"cards", "", "missing"}},
	{"a member is missing", `{"resultCode":0,"mt":1}`, readOnce, FieldError{"mo", "", "missing"}},
	{"a member is null", `{"resultCode":0,"mt":1,"mo":null}`, readOnce, FieldError{"mo", "", "missing"}},
	{"a member is empty", `{"resultCode":0,"mt":"","mo":1}`, readOnce, FieldError{"mt", "", "missing"}},
	{"a member of a row is missing", `{"resultCode":0,"cards":[{"iccid":"1"},{"imei":"1"}]}`, listCards,
		FieldError{"cards[1].iccid", "", "missing"}},
	{"an object is missing", `{"resultCode":0}`, realtime, FieldError{"realTimeStatus", "", "missing"}},
	{"an object is null", `{"resultCode":0,"realTimeStatus":null}`, realtime, FieldError{"realTimeStatus", "", "missing"}},
	{"an object is empty text", `{"resultCode":0,"realTimeStatus":""}`, realtime, FieldError{"realTimeStatus", "", "missing"}},
	{"an object has nothing in it", `{"resultCode":0,"realTimeStatus":{}}`, realtime,
		FieldError{"realTimeStatus.issuccess", "", "missing"}},

	{"a scalar twice", `{"resultCode":0,"mt":1,"mo":2,"MT":3}`, readOnce,
		FieldError{"MT", `3`, "stands here a second time, with another value"}},
	{"an alias with another value", `{"resultCode":0,"cards":[{"iccid":"1","spcode":"1","scode":"2"}]}`, listCards,
		FieldError{"cards[0].scode", `"2"`, "stands here a second time, with another value"}},
	{"a list twice", `{"resultCode":0,"cards":[],"cards":[]}`, listCards, FieldError{"cards", `[]`, "stands here a second time"}},
	{"an object twice", `{"resultCode":0,"cards":[],"page":{},"Page":{}}`, listCards, FieldError{"Page", `{}`, "stands here a second time"}},
}

func listCards(ctx context.Context, c *Client) error {
	_, err := c.Cards.List(ctx, nil)
	return err
}

func realtime(ctx context.Context, c *Client) error {
	_, err := c.Cards.RealtimeStatus(ctx, MSISDN(phone))
	return err
}

func TestAWrongMemberIsNamedWithItsPlace(t *testing.T) {
	t.Parallel()
	for _, tt := range fieldErrors {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, s := newScripted(t, []scriptStep{{body: tt.body}})
			err := tt.call(t.Context(), client)
			require.ErrorAs(t, err, new(*ResponseError))
			var field *FieldError
			require.ErrorAs(t, err, &field)
			assert.Equal(t, tt.want, *field)
			assert.Equal(t, 1, s.tries, "the answer would be the same")
		})
	}
}

func TestTheSameValueTwiceIsNoContradiction(t *testing.T) {
	t.Parallel()
	client, _ := newScripted(t, []scriptStep{{body: `{"resultCode":0,"cards":[{"iccid":"1","spcode":"106","scode":106,"socode":null}],"page":null}`}})
	list, err := client.Cards.List(t.Context(), nil)
	require.NoError(t, err)
	assert.Equal(t, []Card{{ICCID: "1", SMSCode: "106"}}, list.Cards)
}

func TestAListMayBeNullOrEmpty(t *testing.T) {
	t.Parallel()
	for _, cards := range []string{`null`, `[]`, `""`} {
		client, _ := newScripted(t, []scriptStep{{body: `{"resultCode":0,"cards":` + cards + `}`}})
		list, err := client.Cards.List(t.Context(), nil)
		require.NoError(t, err, cards)
		assert.Empty(t, list.Cards)
	}
}

func TestOnlyTheReceiptCanFailACallThatChangesSomething(t *testing.T) {
	t.Parallel()
	t.Run("order", func(t *testing.T) {
		t.Parallel()
		for _, tt := range []struct{ body, says string }{
			{`{"resultCode":0}`, "member orderNo: missing"},
			{`{"resultCode":0,"orderNo":""}`, "member orderNo: missing"},
			{`{"resultCode":0,"orderNo":{}}`, "member orderNo: want a text"},
			{`{"resultCode":0,"orderNo":"1","ORDERNO":"2"}`, "member ORDERNO: stands here a second time"},
		} {
			client, s := newScripted(t, []scriptStep{{body: tt.body}})
			err := kindCalls[2].call(t.Context(), client)
			require.ErrorAs(t, err, new(*ResponseError))
			require.ErrorContains(t, err, tt.says)
			require.ErrorIs(t, err, ErrOutcomeUnknown)
			assert.Equal(t, 1, s.tries)
		}
		client, _ := newScripted(t, []scriptStep{{body: `{"resultCode":0,"orderNo":12,"errorMessage":{"x":1},"price":"abc","externalId":[]}`}})
		receipt, err := client.Orders.Recharge(t.Context(), &RechargeParams{ICCID: testICCID, ProductID: 1, ProductName: "x"})
		require.NoError(t, err)
		assert.Equal(t, &OrderReceipt{OrderNo: "12"}, receipt)
	})
	t.Run("preverified order", func(t *testing.T) {
		t.Parallel()
		client, _ := newScripted(t, []scriptStep{{body: `{"resultCode":0,"errorMessage":"ok"}`}})
		receipt, err := client.Orders.Recharge(t.Context(), &RechargeParams{ICCID: testICCID, ProductID: 1, ProductName: "x", Preverify: true})
		require.NoError(t, err)
		assert.Equal(t, &OrderReceipt{Preverified: true, Message: "ok"}, receipt)
	})
	t.Run("task", func(t *testing.T) {
		t.Parallel()
		client, _ := newScripted(t, []scriptStep{{body: `{"resultCode":0,"taskId":"abc"}`}})
		err := kindCalls[4].call(t.Context(), client)
		require.ErrorIs(t, err, ErrOutcomeUnknown)
		require.ErrorContains(t, err, "member taskId: want a whole number")
	})
	t.Run("sms", func(t *testing.T) {
		t.Parallel()
		client, _ := newScripted(t, []scriptStep{{body: `{"resultCode":0,"successList":[{"sms_id":9,"msisdn":[]}]}`}})
		require.ErrorContains(t, kindCalls[5].call(t.Context(), client), "member successList[0].msisdn: want a text")
		client, _ = newScripted(t, []scriptStep{{body: `{"resultCode":0,"successList":[{"sms_id":9,"msisdn":"1064991300001"}],"other":{"a":1},"errorMessage":[]}`}})
		require.NoError(t, kindCalls[5].call(t.Context(), client))
	})
}
