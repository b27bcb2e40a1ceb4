package quecloudtest_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// memberName returns the JSON name of a field: ICCID becomes iccid, HTTPStatus httpStatus.
func memberName(field string) string {
	name := []rune(field)
	for i := range name {
		if i > 0 && i+1 < len(name) && unicode.IsLower(name[i+1]) || unicode.IsLower(name[i]) {
			break
		}
		name[i] = unicode.ToLower(name[i])
	}
	return string(name)
}

func TestJSONMemberNames(t *testing.T) {
	t.Parallel()
	seen := map[reflect.Type]bool{}
	var check func(reflect.Type)
	check = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
			check(typ.Elem())
		case reflect.Struct:
			if seen[typ] || typ == reflect.TypeFor[time.Time]() || typ == reflect.TypeFor[quecloudtest.Fault]() ||
				typ == reflect.TypeFor[quecloudtest.PurchaseRules]() {
				return
			}
			seen[typ] = true
			for f := range typ.Fields() {
				if !f.IsExported() {
					continue
				}
				name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
				if !f.Anonymous && name != memberName(f.Name) {
					t.Errorf("%v.%s has the JSON name %q, want %s", typ, f.Name, name, memberName(f.Name))
				}
				check(f.Type)
			}
		default:
		}
	}
	for _, typ := range []reflect.Type{
		reflect.TypeFor[quecloudtest.Update](), reflect.TypeFor[quecloudtest.State](),
		reflect.TypeFor[quecloudtest.CardPage](), reflect.TypeFor[quecloudtest.Wallet](),
		reflect.TypeFor[quecloudtest.FileTask](), reflect.TypeFor[quecloudtest.InjectedFault](),
		reflect.TypeFor[quecloudtest.DayUsage](),
	} {
		check(typ)
	}
	assert.Greater(t, len(seen), 20)
}

func TestJSONForms(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		value any // pointer to a value
		want  string
	}{
		{"money", new(-360 * quecloudtest.Fen), `"-3.60"`},
		{"voice", new(quecloudtest.VoiceClosed), `"closed"`},
		{"dialect", new(quecloudtest.OtherCase | quecloudtest.NumbersAsText), `"numbers-as-text+other-case"`},
		{"no dialect", new(quecloudtest.Dialect(0)), `""`},
		{"rules", &quecloudtest.PurchaseRules{
			Duplicates: quecloudtest.DuplicatesRefusedWithOrder, WalletDelay: 1500 * time.Millisecond,
		}, `{"duplicates":"refused-with-order","recordSeconds":0,"walletSeconds":1.5,"yearsOnly":false}`},
		{"a duration", &quecloudtest.Request{Duration: 1500 * time.Millisecond}, `"duration":1.5`},
		{"an error", &quecloudtest.Delivery{Err: errors.New("gone")}, `"err":"gone"`},
		{"a held delivery", &quecloudtest.Delivery{}, `"time":null`},
		{"no error", &quecloudtest.Delivery{OK: true}, `"err":null`},
		{"a pending order", &quecloudtest.Order{No: "1"}, `"completed":null`},
		{"a finished order", &quecloudtest.Order{Completed: noon}, `"completed":"2026-03-10T12:00:00+08:00"`},
		{"a running file task", &quecloudtest.FileTask{ID: 1}, `"end":null`},
		{"a card without an alarm", &quecloudtest.Card{}, `"alarm":null`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			text, err := json.Marshal(reflect.ValueOf(test.value).Elem().Interface())
			require.NoError(t, err)
			assert.Contains(t, string(text), test.want)
			direct, err := json.Marshal(test.value)
			require.NoError(t, err)
			assert.Equal(t, string(text), string(direct))

			read := reflect.New(reflect.TypeOf(test.value).Elem())
			require.NoError(t, json.Unmarshal(text, read.Interface()))
			again, err := json.Marshal(read.Interface())
			require.NoError(t, err)
			assert.Equal(t, string(text), string(again))
		})
	}
}

func TestJSONInvalid(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text   string
		to     any
		reason string
	}{
		{`"1.005"`, new(quecloudtest.Money), "want an amount in yuan"},
		{`1e3`, new(quecloudtest.Money), "want an amount in yuan"},
		{`"99999999999999999"`, new(quecloudtest.Money), "want an amount in yuan"},
		{`"loud"`, new(quecloudtest.Voice), "want one of unsubscribed, open, closed"},
		{`"x"`, new(quecloudtest.Duplicates), "want one of succeed, refused, refused-with-order"},
		{`"other-case+x"`, new(quecloudtest.Dialect), "want one of numbers-as-text"},
		{`{"color":1}`, new(quecloudtest.PurchaseRules), "color"},
		{`{"color":1}`, new(quecloudtest.Fault), "color"},
		{`{}`, new(quecloudtest.Fault), `kind "": want one of cut-after, cut-before`},
		{`{"kind":"refuse"}`, new(quecloudtest.Fault), "result code 0 means success"},
		{`{"kind":"status","status":99}`, new(quecloudtest.Fault), "want 200 to 999"},
		{`{"kind":"wrong-date"}`, new(quecloudtest.Fault), "date: want a time"},
		{`{"kind":"latency","seconds":-1}`, new(quecloudtest.Fault), "seconds: want 0"},
		{`{"kind":"empty","on":["x"]}`, new(quecloudtest.Fault), "unknown method"},
		{`{"kind":"empty","probability":2}`, new(quecloudtest.Fault), "want 0 to 1"},
		{`{"kind":"empty","times":-1}`, new(quecloudtest.Fault), "times: want 0 or more"},
	} {
		assert.ErrorContains(t, json.Unmarshal([]byte(test.text), test.to), test.reason, test.text)
	}
}

func TestJSONMoneyKeepsEveryFen(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]quecloudtest.Money{
		`"0"`: 0, `"0.01"`: 1, `12.5`: 1250, `"-3.60"`: -360, `"9999999999999999.99"`: 999_999_999_999_999_999, `7`: 700,
	} {
		var m quecloudtest.Money
		require.NoError(t, json.Unmarshal([]byte(text), &m), text)
		assert.Equal(t, want, m, text)
	}
}

// TestJSONFaults checks that a fault read from JSON does the same as the one that was written.
func TestJSONFaults(t *testing.T) {
	t.Parallel()
	for want, fault := range map[string]quecloudtest.Fault{
		`{"kind":"refuse","code":7,"message":"x"}`: quecloudtest.Refuse(7, "x"),
		`{"kind":"status","status":503,"on":["fc.function.card.info"],"times":2,` +
			`"header":{"Content-Type":"text/plain; charset=utf-8","Retry-After":"1"},` +
			`"body":"Service Unavailable"}`: quecloudtest.HTTPStatus(503).On("card.info").Times(2).Header("Retry-After", "1"),
		`"kind":"html","status":502`: quecloudtest.HTMLPage(502),
		`"body":{"base64":"AP8f`:     quecloudtest.Garbage(),
		`{"kind":"empty","header":{"Content-Type":"text/plain; charset=utf-8"},"body":""}`: quecloudtest.EmptyBody(),
		`{"kind":"cut-before"}`:                              quecloudtest.CutBefore(),
		`{"kind":"cut-after","afterEffect":true}`:            quecloudtest.CutAfter(),
		`{"kind":"truncate","bytes":3,"afterEffect":true}`:   quecloudtest.Truncate(3),
		`{"kind":"cut-body","bytes":3,"afterEffect":true}`:   quecloudtest.CutBody(3),
		`{"kind":"latency","seconds":0.25}`:                  quecloudtest.Latency(250 * time.Millisecond),
		`{"kind":"dialect","dialect":"other-case"}`:          quecloudtest.Speak(quecloudtest.OtherCase),
		`{"kind":"no-date"}`:                                 quecloudtest.NoDate(),
		`{"kind":"wrong-date","date":"2026-03-10T12:00:00+`:  quecloudtest.WrongDate(noon),
		`{"kind":"cut-before","probability":0.05}`:           quecloudtest.CutBefore().Probability(0.05),
		`{"kind":"cut-before","afterEffect":true}`:           quecloudtest.CutBefore().AfterEffect(),
		`{"kind":"cut-before","probability":0.999999999999}`: quecloudtest.CutBefore().Probability(0.999999999999),
	} {
		text, err := json.Marshal(fault)
		require.NoError(t, err)
		assert.Contains(t, string(text), want)
		var read quecloudtest.Fault
		require.NoError(t, json.Unmarshal(text, &read), want)
		again, err := json.Marshal(read)
		require.NoError(t, err)
		assert.Equal(t, string(text), string(again))
		assert.Equal(t, fault.String(), read.String())

		var outcomes [2]string
		for i, f := range []quecloudtest.Fault{fault, read} {
			srv := quecloudtest.NewUnstartedServer(quecloudtest.WithTime(noon), quecloudtest.WithFaults(f))
			resp, err := roundTrip(srv, newForeign(t, srv).form("card.info", "msisdn", "1064800000000"))
			if err == nil {
				outcomes[i] = resp.Header.Get("Date") + resp.Header.Get("Retry-After") + resp.Status
				resp.Body.Close()
			}
			requests := srv.Requests()
			outcomes[i] += requests[0].Response + requests[0].Reason
			srv.Close()
		}
		assert.Equal(t, outcomes[0], outcomes[1], want)
	}
}
