package quecloud_test

import (
	"crypto/sha1"
	"encoding/hex"
	"net/url"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

// The example of § 1.6.2. Its signatures were checked with sha1sum.
func TestSignGivesTheSignatureOfTheDocument(t *testing.T) {
	t.Parallel()
	params := url.Values{
		"appKey": {"000001"}, "method": {"fc.function.card.info"}, "t": {"1732605510"}, "msisdn": {"1064868950247"},
	}
	assert.Equal(t, "7AAD18B95E908CB8F80AA3518A7E65426D4C7BBB", quecloud.Sign("abcdef", params))

	params.Set("iccid", "")
	params.Set("sign", "7AAD18B95E908CB8F80AA3518A7E65426D4C7BBB")
	params["empty"] = nil
	assert.Equal(t, "7AAD18B95E908CB8F80AA3518A7E65426D4C7BBB", quecloud.Sign("abcdef", params),
		"what is not sent is not signed")

	params.Set("iccid", "8986062343202380834")
	assert.Equal(t, "466EB480A723E7A7EA1A54C4C5F7639C0AD00A7B", quecloud.Sign("abcdef", params), "both numbers are signed")
}

func sha1Hex(text string) string {
	sum := sha1.Sum([]byte(text))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

func TestSign(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		secret string
		params url.Values
		text   string // to hash
	}{
		{"no parameters", "s", nil, "ss"},
		{"keys that differ by case, in byte order", "s", url.Values{
			"b": {"1"}, "B": {"2"}, "a": {"3"}, "Z": {"4"}, "aB": {"5"}, "ab": {"6"},
		},
			"s" + "B2" + "Z4" + "a3" + "aB5" + "ab6" + "b1" + "s"},
		{
			"keys that begin alike", "s", url.Values{"ab": {"1"}, "a": {"2"}, "a1": {"3"}, "a_": {"4"}},
			"s" + "a2" + "a13" + "a_4" + "ab1" + "s",
		},
		{"Chinese values, as they are", "s", url.Values{"content": {"远程重启"}, "备注": {"值"}}, "s" + "content远程重启" + "备注值" + "s"},
		{
			"reserved characters, as they are", "s", url.Values{"content": {"a=1&b=2 +%41/?#\r\n\x00"}},
			"s" + "contenta=1&b=2 +%41/?#\r\n\x00" + "s",
		},
		{"a secret with a percent sign", "%s%41%", url.Values{"a": {"%d"}}, "%s%41%" + "a%d" + "%s%41%"},
		{"a secret of Chinese", "密钥", url.Values{"a": {"1"}}, "密钥a1密钥"},
		{"a blank is not empty", "s", url.Values{"a": {" "}, "b": {""}}, "sa s"},
		{"the first of several values", "s", url.Values{"a": {"1", "2"}}, "sa1s"},
		{"a name that only looks like sign", "s", url.Values{"Sign": {"1"}, "sign": {"2"}, "signs": {"3"}}, "sSign1signs3s"},
		{"more parameters than usual, and a long value", "s", many(), "s" + manyText() + "s"},
		{"alarmParam of card.alarm", "s", url.Values{
			"method": {"fc.function.card.alarm"}, "alarmParam": {"{}"}, "alarmStatus": {"1"},
		},
			"s" + "alarmStatus1" + "methodfc.function.card.alarm" + "s"},
		{"both switches of card.alarm.status", "s",
			url.Values{"method": {"fc.function.card.alarm.status"}, "alarmStatus": {"1"}, "pauseStatus": {"0"}, "msisdn": {"1"}},
			"s" + "methodfc.function.card.alarm.status" + "msisdn1" + "s"},
		{"the same names of another method", "s", url.Values{
			"method": {"fc.function.card.info"}, "alarmParam": {"1"}, "pauseStatus": {"0"},
		},
			"s" + "alarmParam1" + "methodfc.function.card.info" + "pauseStatus0" + "s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, sha1Hex(tt.text), quecloud.Sign(tt.secret, tt.params))
		})
	}
}

// many returns more parameters, with more text, than fit on the stack.
func many() url.Values {
	params := url.Values{}
	for c := 'a'; c <= 'z'; c++ {
		params.Set(string(c), strings.Repeat(string(c), 100))
	}
	return params
}

func manyText() (text string) {
	for c := 'a'; c <= 'z'; c++ {
		text += strings.Repeat(string(c), 101)
	}
	return text
}

func TestSignDoesNotChangeItsParameters(t *testing.T) {
	t.Parallel()
	params := url.Values{"b": {"2", "3"}, "a": {""}, "sign": {"x"}}
	quecloud.Sign("s", params)
	assert.Equal(t, url.Values{"b": {"2", "3"}, "a": {""}, "sign": {"x"}}, params)
}

// Not parallel: testing.AllocsPerRun counts what other goroutines allocate too.
func TestSignAllocatesLittle(t *testing.T) {
	params := url.Values{
		"appKey": {"000001"}, "method": {"fc.function.card.list"}, "t": {"1732605510"}, "pageNo": {"1"}, "pageSize": {"1000"},
		"billingid": {"860"}, "activeDateStart": {"20200101"}, "activeDateEnd": {"20200131"},
	}
	allocs := testing.AllocsPerRun(100, func() { quecloud.Sign("0123456789abcdef0123456789abcdef", params) })
	assert.LessOrEqual(t, allocs, 2.0)
}

func FuzzSign(f *testing.F) {
	f.Add("abcdef", "appKey", "000001", "msisdn", "1064868950247", "t", "1732605510")
	f.Add("%s", "a", "", "A", "重启", "sign", "x")
	f.Add("", "method", "fc.function.card.alarm", "alarmParam", "{}", "alarmStatus", "1")
	f.Add("s", "method", "fc.function.card.alarm.status", "alarmParam", "{}", "alarmStatus", "1")
	f.Fuzz(func(t *testing.T, secret, k1, v1, k2, v2, k3, v3 string) {
		params := url.Values{k1: {v1}, k2: {v2}, k3: {v3}}
		require.Equal(t, signByPairs(secret, params), quecloud.Sign(secret, params))
	})
}

// signByPairs is a second implementation. It sorts pairs instead of names and writes hex digit by digit.
func signByPairs(secret string, params url.Values) string {
	method := params.Get("method")
	var pairs [][2]string
	for name := range params {
		if value := params.Get(name); value != "" && name != "sign" && !isUnsigned(method, name) {
			pairs = append(pairs, [2]string{name, value})
		}
	}
	sort.Slice(pairs, func(i, j int) bool { return pairs[i][0] < pairs[j][0] })
	hash := sha1.New()
	hash.Write([]byte(secret))
	for _, pair := range pairs {
		hash.Write([]byte(pair[0] + pair[1]))
	}
	hash.Write([]byte(secret))
	var text strings.Builder
	for _, b := range hash.Sum(nil) {
		text.WriteByte("0123456789ABCDEF"[b>>4])
		text.WriteByte("0123456789ABCDEF"[b&15])
	}
	return text.String()
}

func isUnsigned(method, name string) bool {
	switch method {
	case "fc.function.card.alarm":
		return name == "alarmParam"
	case "fc.function.card.alarm.status":
		return name == "alarmStatus" || name == "pauseStatus"
	}
	return false
}
