package quecloudtest_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestProtocolAcceptsForeignClients(t *testing.T) {
	t.Parallel()
	upper, lower := strings.ToUpper, strings.ToLower
	for name, send := range map[string]func(string, url.Values) (*http.Response, error){
		"form in the body": http.PostForm,
		"query of a POST":  postQuery,
		"multipart":        postMultipart,
		"query and body":   postQueryAndBody,
	} {
		for digits, signHex := range map[string]func(string) string{"upper-case": upper, "lower-case": lower} {
			t.Run(name+", "+digits, func(t *testing.T) {
				t.Parallel()
				srv, _ := start(t)
				client := foreign{t: t, srv: srv, send: send, signHex: signHex}
				res := client.call("card.info", "msisdn", "1064800000000")
				if res.code() != 0.0 || res.json["iccid"] != "89860024310000000006" {
					t.Errorf("got %s", res.body)
				}
			})
		}
	}
}

func TestProtocolSignatureOfTheVendorsExample(t *testing.T) {
	t.Parallel()
	srv, _ := start(t, quecloudtest.WithCredentials("000001", "abcdef"), quecloudtest.WithTime(time.Unix(1732605510, 0)))
	srv.AddCard(quecloudtest.Card{MSISDN: "1064868950247", ICCID: "8986062343202380834"})
	resp, err := http.PostForm(srv.URL, url.Values{
		"appKey": {"000001"}, "method": {"fc.function.card.info"}, "t": {"1732605510"}, "msisdn": {"1064868950247"},
		"sign": {"7AAD18B95E908CB8F80AA3518A7E65426D4C7BBB"},
	})
	if res := read(t, resp, err); res.code() != 0.0 {
		t.Errorf("got %s", res.body)
	}
}

func TestProtocolRefusals(t *testing.T) {
	t.Parallel()
	const msisdn, iccid, other = "1064800000000", "89860024310000000006", "8986032431000000001"
	long := func(n int) string { return strings.Repeat("长", n) }
	cards := func(n int) string { return strings.Repeat("1064800000000,", n-1) + msisdn }
	recharge := []string{"iccid", iccid, "productId", "50", "productName", "30M-当月"}
	for _, c := range []struct {
		name, method string
		pairs        []string
		reason       string
	}{
		{"unknown method", "card.nosuch", nil, "服务方法不存在"},
		{"retired method", "order.list", nil, "服务方法不存在"},
		{"unknown application", "account.info", []string{"appKey", "2"}, "appKey不存在"},
		{"no time", "account.info", []string{"t", ""}, "缺少系统级参数：t"},
		{"invalid time", "account.info", []string{"t", "now"}, "参数格式错误：t"},
		{"unknown parameter", "account.info", []string{"x", "1"}, "未知参数：x"},
		{"parameter of another method", "card.info", []string{"msisdn", msisdn, "month", "202603"}, "未知参数：month"},
		{"blank parameter", "card.list", []string{"pageNo", ""}, "参数为空：pageNo"},
		{"parameter of blanks", "card.list", []string{"pageNo", " "}, "参数为空：pageNo"},
		{"missing parameter", "dayflow.list", []string{"msisdn", msisdn}, "缺少参数：month"},
		{"no card", "card.info", nil, "须任选一项"},
		{"two different cards", "card.info", []string{"msisdn", msisdn, "iccid", other}, "不是同一张卡"},
		{"an ICCID for an MSISDN", "card.info", []string{"msisdn", iccid}, "卡号不存在"},
		{"card of another company", "card.info", []string{"msisdn", "1"}, "卡号不存在"},
		{"both lists of cards", "cards.info", []string{"msisdns", msisdn, "iccids", iccid}, "须任选一项"},
		{"1001 cards", "cards.info", []string{"msisdns", cards(1001)}, "最多支持1000张卡"},
		{"1001 cards for an SMS", "sms.send", []string{"msisdns", cards(1001), "content", "x"}, "最多支持1000张卡"},
		{"1001 cards for an alarm", "card.alarm", []string{"msisdn", cards(1001), "alarmParam", "{}"}, "最多支持1000张卡"},
		{"hole in a list of cards", "cards.info", []string{"msisdns", msisdn + ",,1"}, "卡号为空"},
		{"page 0", "card.list", []string{"pageNo", "0"}, "参数格式错误：pageNo"},
		{"page of 1001", "card.list", []string{"pageSize", "1001"}, "参数格式错误：pageSize"},
		{"month 13", "monthflow.list", []string{"month", "202613"}, "参数格式错误：month"},
		{"month with a dash", "sms.monthcount", []string{"dateStr", "2026-03"}, "参数格式错误：dateStr"},
		{"30 February", "card.list", []string{"allotDateStart", "20260230"}, "参数格式错误：allotDateStart"},
		{
			"SMS ID of 51 characters", "sms.send",
			[]string{"msisdns", msisdn, "content", "x", "smsId", long(51)}, "参数格式错误：smsId",
		},
		{
			"remark of 201 characters", "card.recharge",
			slices.Concat(recharge, []string{"remark", long(201)}), "参数格式错误：remark",
		},
		{
			"external ID of 101 characters", "card.recharge",
			slices.Concat(recharge, []string{"externalId", long(101)}), "参数格式错误：externalId",
		},
		{"preverify 2", "card.recharge", slices.Concat(recharge, []string{"preverify", "2"}), "参数格式错误：preverify"},
		{"13 months", "card.renewal", []string{"iccid", iccid, "cycle", "1", "months", "13"}, "参数格式错误：months"},
		{"no years", "card.renewal", []string{"iccid", iccid, "cycle", "0"}, "参数格式错误：cycle"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			srv, _ := start(t)
			client := newForeign(t, srv)
			if c.method == "card.alarm" {
				client.unsigned = []string{"alarmParam"}
			}
			res := client.call(c.method, c.pairs...)
			message, _ := res.json["errorMessage"].(string)
			if res.status != http.StatusOK || res.code() != 1.0 || !strings.Contains(message, c.reason) {
				t.Errorf("got HTTP %d, %s, want a refusal with %q", res.status, res.body, c.reason)
			}
			r := srv.Requests()[0]
			if r.Accepted || r.Executed || !r.SignatureOK || r.ResultCode != 1 || r.Reason != message {
				t.Errorf("recorded as %+v", r)
			}
		})
	}
}

// A refusal quotes the value that is wrong, and what the server has instead.
func TestProtocolRefusalsQuoteValues(t *testing.T) {
	t.Parallel()
	recharge := func(product, name string) []string {
		return []string{"iccid", "89860024310000000006", "productId", product, "productName", name}
	}
	for _, c := range []struct {
		method string
		pairs  []string
		reason string
	}{
		{"card.info", []string{"msisdn", "1064899999999"}, "卡号不存在：1064899999999"},
		{"card.info", []string{"iccid", "8986002431999999999"}, "卡号不存在：8986002431999999999"},
		{"cards.info", []string{"msisdns", "1,2"}, "卡号不存在：1,2"},
		{"cards.monthflow", []string{"msisdns", "1", "month", "202603"}, "卡号不存在：1"},
		{"card.alarm", []string{"msisdn", "1", "alarmParam", "{}"}, "卡号不存在：1"},
		{"card.info", []string{"msisdn", strings.Repeat("长", 61)}, "：" + strings.Repeat("长", 60) + "…"},
		{"account.info", []string{"appKey", "2"}, "appKey不存在：2"},
		{"account.info", []string{"t", "now"}, "服务器当前为1773115200"},
		{"account.info", []string{"t", "1773114000"}, "服务器时间为2026-03-10 12:00:00，即1773115200"},
		{"card.list", []string{"pageSize", "1001"}, "pageSize=1001"},
		{"billing_group.statistics", []string{"id", "7"}, "计费组不存在：7"},
		{"billing_groups.statistics", []string{"id", "7"}, "计费组不存在：7"},
		{"file.status", []string{"taskId", "7"}, "任务不存在：7"},
		{"file.down", []string{"taskId", "7"}, "任务不存在：7"},
		{"order.details", []string{"orderNo", "A7"}, "订单不存在：A7"},
		{"card.recharge", recharge("7", "x"), "产品不存在：7"},
		{"card.recharge", recharge("50", "x"), "产品50的名称不是x"},
		{"card.recharge", recharge("60", "10M-当月"), "中国电信、中国移动"},
		{"card.recharge", recharge("53", "1G-当月"), "余额5.00元，需要10.00元"},
		{"card.renewal", []string{"iccid", "89860024310000000006", "cycle", "1", "productId", "7"}, "该卡的套餐：7"},
		{"card.renewal", []string{"iccid", "89860024310000000006", "cycle", "1", "productName", "x"}, "该卡的套餐：x"},
		{"card.voice.addwhitelist", []string{"msisdn", "1064800000000", "voiceWhiteList", "1_x"}, "格式错误：x"},
		{"card.voice.addwhitelist", []string{"msisdn", "1064800000000", "voiceWhiteList", "1_1"}, "重复：1"},
		{"card.voice.delwhitelist", []string{"msisdn", "1064800000000", "voiceWhiteList", "1"}, "不存在：1"},
	} {
		srv, _ := start(t, quecloudtest.WithBalance(5*quecloudtest.Yuan))
		client := newForeign(t, srv)
		client.unsigned = []string{"alarmParam"}
		if res := client.call(c.method, c.pairs...); !strings.Contains(res.body, c.reason) {
			t.Errorf("%s %.80v: got %s, want %s", c.method, c.pairs, res.body, c.reason)
		}
		if r := srv.Requests()[0]; !strings.Contains(r.Reason, c.reason) {
			t.Errorf("%s %.80v: recorded the reason %s, want %s", c.method, c.pairs, r.Reason, c.reason)
		}
	}
}

func TestProtocolLimits(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	client := newForeign(t, srv)
	long := func(n int) string { return strings.Repeat("长", n) }
	recharge := []string{"iccid", "89860024310000000006", "productId", "50", "productName", "30M-当月"}
	for _, pairs := range [][]string{
		{"card.list", "pageSize", "1000"},
		{"cards.info", "msisdns", strings.Repeat("1064800000000,", 999) + "1064800000000"},
		{"sms.send", "msisdns", "1064800000000", "content", "x", "smsId", long(50)},
		slices.Concat([]string{"card.recharge", "remark", long(200), "externalId", long(100)}, recharge),
		{"card.renewal", "iccid", "89860024310000000006", "cycle", "1", "months", "12"},
		{"monthflow.list", "month", "202504"},
	} {
		if res := client.call(pairs[0], pairs[1:]...); res.code() != 0.0 {
			t.Errorf("%.80v: got %s", pairs, res.body)
		}
	}
}

func TestProtocolTimeWithin300Seconds(t *testing.T) {
	t.Parallel()
	for offset, accepted := range map[int64]bool{-301: false, -300: true, 0: true, 300: true, 301: false} {
		srv, _ := start(t)
		sent := strconv.FormatInt(noon.Unix()+offset, 10)
		res := newForeign(t, srv).call("account.info", "t", sent)
		if got := res.code() == 0.0; got != accepted {
			t.Errorf("%d s off: got %s", offset, res.body)
		}
		if date := res.header.Get("Date"); date != "Tue, 10 Mar 2026 04:00:00 GMT" {
			t.Errorf("Date is %s, want the server's time", date)
		}
	}
}

// A client with the real clock goes on when the server's clock is elsewhere, if the server checks t so.
func TestProtocolTimeChecks(t *testing.T) {
	t.Parallel()
	now := time.Now().Unix()
	for _, c := range []struct {
		name     string
		opts     []quecloudtest.Option
		sent     int64
		accepted bool
	}{
		{"default, the server's time", nil, noon.Unix(), true},
		{"default, the real time", nil, now, false},
		{
			"the server's time only", []quecloudtest.Option{quecloudtest.WithTimeCheck(quecloudtest.ServerTime)}, now, false,
		},
		{"both, the real time", []quecloudtest.Option{quecloudtest.WithTimeCheck(quecloudtest.ServerOrRealTime)}, now, true},
		{
			"both, the server's time", []quecloudtest.Option{quecloudtest.WithTimeCheck(quecloudtest.ServerOrRealTime)},
			noon.Unix(), true,
		},
		{"both, neither", []quecloudtest.Option{quecloudtest.WithTimeCheck(quecloudtest.ServerOrRealTime)}, 1, false},
		{"any time", []quecloudtest.Option{quecloudtest.WithTimeCheck(quecloudtest.AnyTime)}, 1, true},
	} {
		srv, _ := start(t, c.opts...)
		res := newForeign(t, srv).call("account.info", "t", strconv.FormatInt(c.sent, 10))
		if got := res.code() == 0.0; got != c.accepted {
			t.Errorf("%s: got %s", c.name, res.body)
		}
	}
}

func TestProtocolRefusesWrongSignature(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(url.Values){
		"another secret's":      func(form url.Values) { form.Set("sign", strings.Repeat("A", 40)) },
		"of another value":      func(form url.Values) { form.Set("msisdn", "1064900000001") },
		"without one parameter": func(form url.Values) { form.Set("iccid", "89860024310000000006") },
	} {
		srv, _ := start(t)
		client := newForeign(t, srv)
		form := client.form("card.info", "msisdn", "1064800000000")
		spoil(form)
		if res := client.do(form); res.code() != 1.0 || res.json["errorMessage"] != "签名错误" {
			t.Errorf("%s: got %s", name, res.body)
		}
		if r := srv.Requests()[0]; r.SignatureOK || r.Accepted {
			t.Errorf("%s: recorded as %+v", name, r)
		}
	}
}

// Clients often do not sign blank parameters. The refusal names the parameter, not the signature.
func TestProtocolNamesBlankParameters(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	client := newForeign(t, srv)
	client.unsigned = []string{"iccid"}
	for blank, signed := range map[string][]string{"": {"iccid"}, " \t": {"iccid"}, "\n": nil} {
		client.unsigned = signed
		if res := client.call("card.info", "msisdn", "1064800000000", "iccid", blank); res.code() != 1.0 ||
			res.json["errorMessage"] != "参数为空：iccid" {
			t.Errorf("%q, unsigned: %v: got %s", blank, signed, res.body)
		}
	}
}

func TestProtocolRefusesTextThatIsNotUTF8(t *testing.T) {
	t.Parallel()
	const gbk = "\xd6\xd8\xc6\xf4" // 重启
	for name, send := range map[string]func(string, url.Values) (*http.Response, error){
		"body": http.PostForm, "query": postQuery, "multipart": postMultipart,
	} {
		srv, _ := start(t)
		client := foreign{t: t, srv: srv, send: send, signHex: strings.ToUpper}
		res := client.call("sms.send", "msisdns", "1064800000000", "content", gbk)
		if res.code() != 1.0 || res.json["errorMessage"] != "参数不是UTF-8编码：content" || !utf8.ValidString(res.body) {
			t.Errorf("%s: got %q", name, res.body)
		}
		if res := client.call("account.info", gbk, "x"); res.code() != 1.0 || !utf8.ValidString(res.body) {
			t.Errorf("%s, of a name: got %q", name, res.body)
		}
		if r := srv.Requests()[0]; len(srv.SMS()) != 0 || r.Accepted || !r.SignatureOK || r.Params["content"] != gbk {
			t.Errorf("%s: recorded as %+v", name, r)
		}
	}
}

func TestProtocolAlarmParametersAreNotSigned(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	for _, c := range []struct {
		method   string
		pairs    []string
		unsigned []string
	}{
		{"card.alarm", []string{"msisdn", "1064800000000", "alarmParam", `{"alarmstatus":1}`}, []string{"alarmParam"}},
		{
			"card.alarm.status", []string{"msisdn", "1064800000000", "alarmStatus", "1", "pauseStatus", "0"},
			[]string{"alarmStatus", "pauseStatus"},
		},
	} {
		client := newForeign(t, srv)
		if res := client.call(c.method, c.pairs...); res.json["errorMessage"] != "签名错误" {
			t.Errorf("%s with all signed: got %s", c.method, res.body)
		}
		client.unsigned = c.unsigned
		if res := client.call(c.method, c.pairs...); res.code() != 0.0 {
			t.Errorf("%s: got %s", c.method, res.body)
		}
	}
}

func TestProtocolAcceptsBothNumbers(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	res := newForeign(t, srv).call("card.info", "msisdn", "1064800000000", "iccid", "89860024310000000006")
	if res.code() != 0.0 {
		t.Errorf("got %s", res.body)
	}
}

func TestProtocolRefusesOtherVerbs(t *testing.T) {
	t.Parallel()
	for _, verb := range []string{
		http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, "post",
	} {
		srv, _ := start(t)
		form := newForeign(t, srv).form("card.pause", "msisdn", "1064800000000")
		req, err := http.NewRequest(verb, srv.URL+"?"+form.Encode(), nil)
		must(t, err)
		resp, err := http.DefaultClient.Do(req)
		res := read(t, resp, err)
		want := `{"resultCode":70031,"errorMessage":"unauthorized"}`
		if verb == http.MethodHead {
			want = ""
		}
		if res.status != http.StatusOK || res.body != want {
			t.Errorf("%s: got HTTP %d, %s", verb, res.status, res.body)
		}
		if r := srv.Requests()[0]; r.Accepted || r.Executed || r.ResultCode != 70031 || r.Verb != verb ||
			r.Method != "fc.function.card.pause" {
			t.Errorf("%s: recorded as %+v", verb, r)
		}
	}
}

func TestProtocolRefusesInvalidForms(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	form := newForeign(t, srv).form("account.info").Encode()
	for name, c := range map[string]struct{ query, contentType, body string }{
		"JSON":                        {"", "application/json", `{"method":"fc.function.account.info"}`},
		"JSON beside a right query":   {form, "application/json", `{}`},
		"no content type":             {"", "", form},
		"no boundary":                 {"", "multipart/form-data", "--x\r\n"},
		"broken escape":               {"", "application/x-www-form-urlencoded", "appKey=%zz"},
		"broken query":                {"a=1;b=2", "", ""},
		"parameter in query and body": {form, "application/x-www-form-urlencoded", "t=1"},
		"parameter twice in the body": {"", "application/x-www-form-urlencoded", form + "&t=1"},
		"no parameters":               {"", "", ""},
		"body over the limit":         {"", "application/x-www-form-urlencoded", "x=" + strings.Repeat("1", 9<<20)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, err := http.Post(srv.URL+"?"+c.query, c.contentType, strings.NewReader(c.body))
			if res := read(t, resp, err); res.status != http.StatusOK || res.code() != 1.0 {
				t.Errorf("got HTTP %d, %s", res.status, res.body)
			}
		})
	}
}

// Each row adds one mistake, which the refusal names.
func TestProtocolOrderOfChecks(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	client := newForeign(t, srv)
	form := client.form("card.pause", "msisdn", "1064800000003") // suspended
	wrong := func(name, value string) func() { return func() { form.Set(name, value) } }
	for _, c := range []struct {
		spoil func()
		said  string
	}{
		{func() {}, "卡状态"},
		{func() { form.Set("msisdn", "1"); client.sign(form) }, "卡号不存在"},
		{func() { form.Set("x", "1"); client.sign(form) }, "未知参数：x"},
		{wrong("sign", "wrong"), "签名错误"},
		{wrong("iccid", ""), "参数为空：iccid"},
		{wrong("t", "0"), "请求已过期"},
		{wrong("method", "fc.function.card.nosuch"), "服务方法不存在"},
		{wrong("appKey", "2"), "appKey不存在"},
		{wrong("sign", ""), "缺少系统级参数：sign"},
		{wrong("msisdn", "\xff"), "不是UTF-8编码"},
	} {
		c.spoil()
		if res := client.do(form); !strings.Contains(res.body, c.said) {
			t.Errorf("got %s, want %s", res.body, c.said)
		}
	}
}
