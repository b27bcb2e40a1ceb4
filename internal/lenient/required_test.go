package lenient_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/lenient"
)

func TestDecodeReportsPayloadReceiptAndRequired(t *testing.T) {
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
		body                       string
		into                       any
		payload, receipt, required bool
	}{
		{body: `{"resultCode":1}`, into: new(order)},
		{body: `{"resultCode":1,"orderNo":"R1"}`, into: new(order), payload: true, receipt: true, required: true},
		{body: `{"orderNo":12,"resultCode":1}`, into: new(order), payload: true, receipt: true, required: true},
		{body: `{"resultCode":1,"orderNo":{"no":1}}`, into: new(order), payload: true, receipt: true, required: true},
		{body: `{"resultCode":1,"orderNo":""}`, into: new(order)},
		{body: `{"resultCode":1,"orderNo":null,"remark":"x"}`, into: new(order), payload: true},
		{body: `{"resultCode":1,"other":"x"}`, into: new(order), payload: true},
		{body: `{"resultCode":1}`, into: new(plain)},
		{body: `{"resultCode":1,"n":0}`, into: new(plain), required: true},
		{body: `{"resultCode":1,"n":1}`, into: new(plain), payload: true, receipt: true, required: true},
		{body: `{"resultCode":1,"list":["a"]}`, into: new(plain), payload: true, receipt: true},
		{body: `{"resultCode":1,"list":[]}`, into: new(plain)},
		{body: `{"resultCode":1,"other":"x"}`, into: new(plain), payload: true},
		{body: `{"resultCode":1,"other":"x"}`, payload: true},
		{body: `{"resultCode":1,"success":[]}`, into: new(quecloud.SetAlarmResult)},
		{body: `{"resultCode":1,"success":["1"]}`, into: new(quecloud.SetAlarmResult), payload: true, receipt: true},
		{body: `{"resultCode":1,"success":"1"}`, into: new(quecloud.SetAlarmResult), payload: true, receipt: true},
	} {
		got, err := lenient.Decode([]byte(tt.body), tt.into, lenient.Options{})
		if err != nil {
			require.ErrorAs(t, err, new(*lenient.Problem))
		}
		assert.Equal(t, []bool{tt.payload, tt.receipt, tt.required}, []bool{got.HasPayload, got.HasReceipt, got.HasRequired},
			"payload, receipt, required of %s", tt.body)
	}
}

// Objects can be nested thousands deep, each with a problem.
func TestDecodeLimitsPathsAndMemoryOfNestedObjects(t *testing.T) {
	const depth = 4990
	row := `{"companyname":"` + strings.Repeat("x", 64) + `","unknown":1,"companyid":"abc","children":[`
	hostile := []byte(`{"resultCode":0,"data":` + strings.Repeat(row, depth) + strings.Repeat("]}", depth) + "}")
	const maxPlace = 256 // bytes
	longest := 0
	drift := func(_ lenient.Kind, path, _ string) { longest = max(longest, len(path)) }
	for name, opts := range map[string]lenient.Options{
		"strict":  {Strict: true},
		"lax":     {},
		"drift":   {Strict: true, Drift: drift},
		"missing": {Strict: true, Drift: drift},
	} {
		text := hostile
		if name == "missing" {
			text = []byte(strings.ReplaceAll(string(hostile), "companyid", "x"))
		}
		var result struct {
			Data quecloud.Account `json:"data" quec:"required"`
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := lenient.Decode(text, &result, opts)
		runtime.ReadMemStats(&after)
		if field, ok := errors.AsType[*lenient.Problem](err); ok {
			longest = max(longest, len(field.Path))
		}
		assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(32<<20),
			"%s: bytes allocated for a text of %d", name, len(text))
		assert.LessOrEqual(t, longest, maxPlace+len("…"), name)
	}
	assert.Greater(t, longest, maxPlace-4, "a place is cut, and not left out")
}

func TestDecodeRejectsBooleansAsIdentifiers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		result  any
		members []string
	}{
		{new(quecloud.CardInfo), []string{"msisdn", "iccid", "imsi", "imei", "spcode", "companyid", "billingid"}},
		{new(quecloud.Order), []string{"orderNo", "iccid", "externalId"}},
		{new(quecloud.WalletEntry), []string{"orderNo", "iccid"}},
		{new(quecloud.Account), []string{"companyid"}},
		{new(quecloud.FileTask), []string{"TaskId"}},
		{new(quecloud.CardMonthFlow), []string{"number"}},
	} {
		for _, member := range tt.members {
			err := read(`{"resultCode":0,"`+member+`":false}`, tt.result)
			require.ErrorContains(t, err, "member "+member+": identifies nothing: false", "%T", tt.result)
		}
	}
	var log struct {
		Failed []string `json:"errorList"`
		Remark string   `json:"remark"`
	}
	err := read(`{"resultCode":0,"remark":false,"errorList":[true]}`, &log)
	require.ErrorContains(t, err, "member errorList[0]: identifies nothing: true")
	assert.Equal(t, "false", log.Remark, "what is no identifier may say so")
}

type shoutedText string

func (s *shoutedText) UnmarshalText(text []byte) error {
	*s = shoutedText(text) + "!"
	return nil
}

func TestDecodeReadsIdentifiersWithTheirOwnMethods(t *testing.T) {
	t.Parallel()
	var result struct {
		ICCID  shoutedText
		MSISDN string
	}
	err := read(`{"resultCode":0,"iccid":"a","msisdn":1}`, &result)
	require.NoError(t, err)
	assert.EqualValues(t, "a!", result.ICCID)
	assert.Equal(t, "1", result.MSISDN)
}
