package selftest_test

import (
	stdjson "encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// Programs log results, store them, and read them back.
func TestMarshalKeepsEveryResult(t *testing.T) {
	t.Parallel()
	marshalers := map[string]func(any) ([]byte, error){
		"encoding/json":      stdjson.Marshal,
		"go-json-experiment": func(v any) ([]byte, error) { return json.Marshal(v) },
	}
	readers := map[string]func(*testing.T, []byte, any) error{
		"encoding/json":      func(_ *testing.T, text []byte, into any) error { return stdjson.Unmarshal(text, into) },
		"go-json-experiment": func(_ *testing.T, text []byte, into any) error { return json.Unmarshal(text, into) },
		"Client.Call":        func(t *testing.T, text []byte, into any) error { return selftest.ReadMember(t, text, into) },
	}
	for _, c := range selftest.Methods() {
		for which, want := range map[string]any{"": c.Want, " nulls": c.Nulls} {
			if v := reflect.ValueOf(want); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
				continue
			}
			if _, isFile := want.(selftest.Export); isFile {
				continue
			}
			t.Run(c.String()+which, func(t *testing.T) {
				t.Parallel()
				for writer, marshal := range marshalers {
					text, err := marshal(want)
					require.NoError(t, err, writer)
					for reader, read := range readers {
						got := reflect.New(reflect.TypeOf(want))
						require.NoError(t, read(t, text, got.Interface()), "%s to %s", writer, reader)
						if line := selftest.Diff(canonical(want), canonical(got.Elem().Interface())); line != "" {
							t.Fatalf("%s to %s: %s", writer, reader, line)
						}
					}
				}
			})
		}
	}
}

// canonical returns a copy of a value in which equal amounts, instants and lists are equal for reflect.DeepEqual too:
// 237.00 becomes 237, a time gets the zone of China, an empty list becomes none, a text is UTF-8.
func canonical(v any) any {
	c := reflect.New(reflect.TypeOf(v)).Elem()
	c.Set(canonicalValue(reflect.ValueOf(v)))
	return c.Interface()
}

func canonicalValue(v reflect.Value) reflect.Value {
	switch x := v.Interface().(type) {
	case decimal.Decimal:
		return reflect.ValueOf(decimal.RequireFromString(x.String()))
	case time.Time:
		if x.IsZero() {
			return reflect.ValueOf(time.Time{})
		}
		return reflect.ValueOf(x.In(quecloud.ChinaStandardTime))
	}
	if v.Type() == reflect.TypeFor[quecloud.CardIDs]() {
		return v
	}
	c := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			c.Set(reflect.New(v.Type().Elem()))
			c.Elem().Set(canonicalValue(v.Elem()))
		}
	case reflect.Slice:
		for i := range v.Len() {
			c.Set(reflect.Append(c, canonicalValue(v.Index(i))))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			c.Field(i).Set(canonicalValue(v.Field(i)))
		}
	case reflect.String:
		c.SetString(string([]rune(v.String()))) // encoding/json writes U+FFFD for what is not UTF-8
	default:
		c.Set(v)
	}
	return c
}

// Members have the platform's names, so that stored results can be compared with responses and read by other programs.
func TestMarshalWritesThePlatformsNames(t *testing.T) {
	t.Parallel()
	text, err := stdjson.Marshal(caseOf("card.list").Want.(*quecloud.CardList).Cards[1])
	require.NoError(t, err)
	require.JSONEq(t, `{
		"msisdn": "1064991300002", "iccid": "8986031749203860002", "imsi": "460111174740002", "imei": "860618040000026",
		"servicecycle": 12, "billingid": 860, "companyid": 321, "carrier": "中国电信", "setMeal": "NB-1 年期",
		"cardType": "工业标准(MP2)", "status": "停机", "pausereason": "主动停机", "active": "激活",
		"allotDate": "2020-10-28", "openDate": "2020-10-20", "activeDate": "2020-11-03", "expiryDate": "2021-10-31",
		"cycleStartDate": "2020-11-03", "cycleEndDate": "2021-10-31", "monthflow": 12.345, "flow": 345.678,
		"islock": true, "gprsstatus": false, "realnamestatus": true, "callstatus": "1", "voicewhitelist": ["1064991300011"],
		"voiceflow": 500, "monthvoiceflow": 12, "spcode": "1064899100002"
	}`, string(text))

	text, err = stdjson.Marshal(quecloud.WalletEntry{
		Amount: selftest.Yuan("-0.60"), Time: selftest.CST(2020, 4, 17, 15, 38, 23),
	})
	require.NoError(t, err)
	require.JSONEq(t, `{
		"changeMoney": "-0.6", "handleType": "", "handleTime": "2020-04-17T15:38:23+08:00", "iccid": "", "orderNo": "",
		"productName": "", "productPrice": "0", "cycle": 0, "remark": ""
	}`, string(text))

	text, err = stdjson.Marshal(quecloud.FlowPackage{Size: 30})
	require.NoError(t, err)
	require.JSONEq(t, `{"tfName": "", "tfSize": 30, "tfType": ""}`, string(text), "no time is no member")
}
