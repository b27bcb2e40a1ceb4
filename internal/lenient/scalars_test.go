package lenient_test

import (
	"errors"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/lenient"
)

// readAs decodes {"v": text} into a field of type T.
func readAs[T any](text string) (T, *lenient.Problem, error) {
	var result struct {
		V T `json:"v"`
	}
	err := read(`{"resultCode":0,"v":`+text+`}`, &result)
	bad, _ := errors.AsType[*lenient.Problem](err)
	return result.V, bad, err
}

// means checks that texts are read as a value.
func means[T any](t *testing.T, want T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		got, _, err := readAs[T](text)
		require.NoError(t, err, "%T of %s", want, text)
		assert.Equal(t, want, got, "%T of %s", want, text)
	}
}

// meansNothing checks that a field of type T rejects texts, with their place, and stays zero.
func meansNothing[T any](t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		got, bad, err := readAs[T](text)
		require.NotNil(t, bad, "%T of %s: %v", got, text, err)
		assert.Equal(t, "v", bad.Path)
		assert.Equal(t, text, bad.Value)
		assert.Contains(t, bad.Reason, "want ")
		assert.Zero(t, got, "%T of %s", got, text)
	}
}

func TestDecodeReadsScalarsOfEveryJSONType(t *testing.T) {
	t.Parallel()
	means(t, "", `""`, `null`)
	means(t, "abc", `"abc"`)
	means(t, "卡\n", `"卡\n"`, `"\u5361\u000a"`)
	means(t, "89860412091880130003", `89860412091880130003`, `"89860412091880130003"`)
	means(t, "1.50", `1.50`)
	means(t, "true", `true`)

	means(t, true, `1`, `"1"`, `true`, `"true"`, `"TRUE"`, `1.0`, `" 1 "`)
	means(t, false, `0`, `"0"`, `false`, `"False"`, `0.0`, `""`, `null`)

	means(t, int64(12), `12`, `"12"`, `12.0`, `"12.00"`, `1.2e1`, `" 12 "`, `"+12"`)
	means(t, int64(math.MaxInt64), `9223372036854775807`, `"9223372036854775807"`)
	means(t, int64(-1), `-1`, `"-1"`)
	means(t, 1, `true`)
	means(t, 0, `false`, `null`, `""`)
	means(t, int8(-128), `-128`)
	means(t, uint64(math.MaxUint64), `18446744073709551615`)
	means(t, uint16(12), `"12.0"`, `12`)
	means(t, int64(9007199254740993), `9007199254740993.0`, `"90071992547409930e-1"`)
	means(t, int64(1200), `1.2e3`, `"12E+2"`, `1200.000000000000000000000000`)
	means(t, int64(-5), `-5.0`, `"-0.5e1"`)
	means(t, int64(0), `0e-400`, `-0.0`, `0E7`)
	means(t, uint64(0), `-0.0`)

	means(t, 1.5, `1.5`, `"1.5"`, `"1.50"`, `15e-1`, `" 1.5"`)
	means(t, 0.0, `null`, `""`, `0`)
	means(t, float32(1.5), `1.5`)

	means(t, decimal.RequireFromString("12.30"), `12.30`, `"12.30"`, `" 12.30 "`)
	means(t, decimal.RequireFromString("0.1"), `0.1`)

	means(t, quecloud.Date{Year: 2025, Month: time.March, Day: 1}, `"2025-03-01"`, `"20250301"`, `20250301`,
		`"2025-03-01 23:59:59"`, `"20250301235959"`, `" 2025-03-01 "`)
	means(t, quecloud.Date{}, `""`, `null`)

	at := time.Date(2025, 3, 1, 13, 4, 5, 0, quecloud.ChinaStandardTime)
	means(t, at, `"2025-03-01 13:04:05"`, `"20250301130405"`, `20250301130405`, `1740805445`, `"1740805445"`,
		`1740805445000`,
		`"2025-03-01T13:04:05+08:00"`, `"2025-03-01T05:04:05Z"`, `"2025-03-01 13:04:05.0"`, `"2025-03-01 13:04:05.000"`)
	means(t, at.Truncate(24*time.Hour).Add(-8*time.Hour), `"2025-03-01"`, `"20250301"`, `20250301`)
	means(t, time.Time{}, `""`, `null`, `0`, `"0"`)

	means(t, quecloud.FileTaskDone, `2`, `"2"`, `"文件生成成功"`)
	means(t, quecloud.CallStatusUnsubscribed, `-2`, `"-2"`)
	means(t, quecloud.CallStatusOpen, `1`, `true`)
	means(t, quecloud.Month{Year: 2025, Month: time.May}, `"202505"`, `202505`, `"2025-05"`)
	means(t, quecloud.ICCID("8986031749203860001"), `8986031749203860001`, `"8986031749203860001"`)
}

func TestDecodeRejectsScalarsThatDoNotFit(t *testing.T) {
	t.Parallel()
	meansNothing[string](t, `{}`, `["a"]`, `{"a":1}`)
	meansNothing[bool](t, `1e-400`, `1.00000000000000000001`, `2`, `"yes"`, `"-1"`, `"  "`, `0.5`, `[]`)
	meansNothing[int64](t, `"abc"`, `1.5`, `"1.5"`, `"1,000"`, `9223372036854775808`, `1e20`, `1e-400`,
		`1.00000000000000000001`,
		`4503599627370496.3`, `"1e"`, `"."`, `"--1"`, `"1.2.3"`, `"e1"`, `1e99999999999999999999`, `1e999999999`, `"0x10"`,
		`"1_000"`, `"inf"`, `" "`, `"１"`, `{}`)
	meansNothing[int](t, strconv.FormatUint(math.MaxInt+1, 10), "-"+strconv.FormatUint(math.MaxInt+2, 10))
	meansNothing[int8](t, `128`, `-129`)
	meansNothing[uint8](t, `-1`, `-1.0`, `1e-400`, `256`, `"-0.5"`, `"x"`)
	meansNothing[float64](t, `"abc"`, `"inf"`, `"NaN"`, `"0x1p-2"`, `"1_0"`, `"1,5"`, `"12MB"`, `1e999`, `true`, `{}`)
	meansNothing[float64](t, `1e-400`, `"-1E-400"`)
	meansNothing[float32](t, `1e300`, `1e-300`)
	meansNothing[decimal.Decimal](t, `"abc"`, `"1,5"`, `"¥1"`, `1e999999999`, `"1e-400"`, `true`, `"--1"`,
		`"1234567890123456789012345e30"`,
		`"11111111111111111111111111111111111111111"`)
	meansNothing[quecloud.Date](t, `"abc"`, `"2025-0a-01"`, `"2025-02-30"`, `20251301`,
		`"9999-12-31T23:00:00Z"`, `1`, `true`)
	meansNothing[time.Time](t, `"abc"`, `"2025-03-01 25:00:00"`, `"2025-03-01 00:60:00"`, `"2025-03-01 00:00:6a"`,
		`"9999-12-31T23:00:00Z"`, `"0000-01-01T00:00:00Z"`,
		`-1`, `99999999999999`, `[]`)
	meansNothing[quecloud.Month](t, `"202513"`, `"May"`)
	meansNothing[quecloud.CardID](t, `"not a card"`)
}
