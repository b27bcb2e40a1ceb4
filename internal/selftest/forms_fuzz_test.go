package selftest_test

import (
	"context"
	stdjson "encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// A formInput makes the parameters of a call.
type formInput struct {
	a, b, c, d string
	n, m       int64
	on         bool
}

// A formCase makes a call with an input, and says without the SDK's code what a server must get, or nil if the call
// must be refused.
type formCase struct {
	method string
	call   func(context.Context, *quecloud.Client, formInput) error
	want   func(formInput) map[string]string
	alarm  bool // the parameter alarmParam is a JSON text
}

var (
	anMSISDN = regexp.MustCompile(`^[0-9]{1,13}$`)
	anICCID  = regexp.MustCompile(`^[0-9A-HJ-NP-Z]{19,20}$`)
	noICCID  = regexp.MustCompile(`^98|^[0-9]{0,18}F+$`) // swapped digits, or too few
	padded   = regexp.MustCompile(`^([0-9]{19})F$`)
	anEmail  = regexp.MustCompile(`^[^,; \t\r\n]*@[^,; \t\r\n]*$`)
)

// sentICCID returns the ICCID that a server must get for a text, or "" if the text is none.
func sentICCID(text string) string {
	text = strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			r += 'A' - 'a'
		}
		return r
	}, strings.TrimSpace(text))
	text = padded.ReplaceAllString(text, "$1")
	if !anICCID.MatchString(text) || noICCID.MatchString(text) {
		return ""
	}
	return text
}

// sentMSISDN returns the MSISDN that a server must get for a text.
func sentMSISDN(text string) string { return strings.TrimSpace(text) }

// sentMSISDNs returns the MSISDNs that a server must get for texts.
func sentMSISDNs(texts []string) (all []string) {
	for _, text := range texts {
		all = append(all, sentMSISDN(text))
	}
	return all
}

// recognizable reports whether an ExternalID is absent or can identify an order.
func recognizable(externalID string) bool {
	return runes(externalID) <= 100 && (externalID == "" || strings.TrimSpace(externalID) != "")
}

var formCases = []formCase{
	{method: "fc.function.card.recharge", call: func(ctx context.Context, c *quecloud.Client, in formInput) error {
		_, err := c.Orders.Recharge(ctx, &quecloud.RechargeParams{
			Card: quecloud.ICCID(in.a), ProductID: in.n, ProductName: in.b, Remark: in.c, ExternalID: in.d, Preverify: in.on,
		})
		return err
	}, want: func(in formInput) map[string]string {
		return formIf(sentICCID(in.a) != "" && in.n >= 1 && in.b != "" && runes(in.c) <= 200 && recognizable(in.d),
			"iccid", sentICCID(in.a), "productId", fmt.Sprint(in.n), "productName", in.b, "remark", in.c,
			"externalId", in.d, "preverify", flag(in.on))
	}},
	{method: "fc.function.card.renewal", call: func(ctx context.Context, c *quecloud.Client, in formInput) error {
		_, err := c.Orders.Renew(ctx, &quecloud.RenewalParams{
			Card: quecloud.ICCID(in.a), ProductName: in.b, Remark: in.c, ExternalID: in.d, Years: int(in.n), Months: int(in.m),
			Preverify: in.on,
		})
		return err
	}, want: func(in formInput) map[string]string {
		months := in.m == 0 || 1 <= in.m && in.m <= 12 && in.n == 1
		return formIf(sentICCID(in.a) != "" && in.n >= 1 && months && runes(in.c) <= 200 && recognizable(in.d),
			"iccid", sentICCID(in.a), "productName", in.b, "cycle", fmt.Sprint(in.n), "months", number(in.m), "remark", in.c,
			"externalId", in.d,
			"preverify", flag(in.on))
	}},
	{method: "fc.function.sms.send", call: func(ctx context.Context, c *quecloud.Client, in formInput) error {
		_, err := c.SMS.Send(ctx, &quecloud.SMSSendParams{Cards: quecloud.MSISDNs(in.list()...), Content: in.b, SMSID: in.c})
		return err
	}, want: func(in formInput) map[string]string {
		return formIf(all(sentMSISDNs(in.list()), anMSISDN) && in.b != "" && runes(in.c) <= 50,
			"msisdns", strings.Join(sentMSISDNs(in.list()), ","), "content", in.b, "smsId", in.c)
	}},
	{method: "fc.function.sms.sendlog", call: func(ctx context.Context, c *quecloud.Client, in formInput) error {
		_, err := c.SMS.ListLog(ctx, &quecloud.SMSLogParams{
			Month: quecloud.Month{Year: int(in.n), Month: time.Month(in.m)}, PageNo: len(in.a), PageSize: len(in.b),
		})
		return err
	}, want: func(in formInput) map[string]string {
		return formIf(1 <= in.n && in.n <= 9999 && 1 <= in.m && in.m <= 12 && len(in.b) <= 1000,
			"dateStr", fmt.Sprintf("%04d%02d", in.n, in.m), "pageNo", number(int64(len(in.a))),
			"pageSize", number(int64(len(in.b))))
	}},
	{method: "fc.function.card.list", call: func(ctx context.Context, c *quecloud.Client, in formInput) error {
		_, err := c.Cards.List(ctx, &quecloud.CardListParams{
			BillingID: in.n, ExpireTo: quecloud.Date{Year: int(in.m), Month: time.Month(len(in.a)), Day: len(in.b)},
		})
		return err
	}, want: func(in formInput) map[string]string {
		date := fmt.Sprintf("%04d%02d%02d", in.m, len(in.a), len(in.b))
		_, err := time.Parse("20060102", date)
		if date == "00000000" {
			date, err = "", nil
		}
		return formIf(in.n >= 0 && err == nil && date != "0000"+date[min(4, len(date)):],
			"billingid", number(in.n), "expireDateEnd", date)
	}},
	{method: "fc.function.card.voice.addwhitelist", call: func(
		ctx context.Context, c *quecloud.Client, in formInput,
	) error {
		return c.Cards.AddVoiceWhitelist(ctx, quecloud.ICCID(in.b), in.list()...)
	}, want: func(in formInput) map[string]string {
		return formIf(all(in.list(), anMSISDN) && len(in.list()) <= 5 && sentICCID(in.b) != "",
			"iccid", sentICCID(in.b), "voiceWhiteList", strings.Join(in.list(), "_"))
	}},
	{method: "fc.function.card.alarm", call: setAlarm, want: func(in formInput) map[string]string {
		alarmOn := !in.on || in.n != 0
		return formIf(all(in.list(), anEmail) && in.n >= 0 && in.m >= 0 && alarmOn && anMSISDN.MatchString(sentMSISDN(in.b)),
			"msisdn", sentMSISDN(in.b), "alarmParam", strings.Join(in.list(), ",")) // and more: see checkAlarm
	}, alarm: true},
	{method: "fc.function.card.alarm.status", call: func(ctx context.Context, c *quecloud.Client, in formInput) error {
		return c.Flow.SetAlarmStatus(ctx, quecloud.MSISDN(in.a), &quecloud.AlarmStatusParams{
			Alarm: quecloud.Switch(in.n), Pause: quecloud.Switch(in.m),
		})
	}, want: func(in formInput) map[string]string {
		values := map[uint8]string{1: "1", 2: "0"}
		alarm, pause := uint8(in.n), uint8(in.m)
		return formIf(anMSISDN.MatchString(sentMSISDN(in.a)) && alarm <= 2 && pause <= 2 && alarm+pause > 0,
			"msisdn", sentMSISDN(in.a), "alarmStatus", values[alarm], "pauseStatus", values[pause])
	}},
	{method: "fc.function.new", call: func(ctx context.Context, c *quecloud.Client, in formInput) error {
		return c.Call(ctx, "fc.function.new", map[string]string{in.a: in.b, in.c: in.d}, nil)
	}, want: func(in formInput) map[string]string {
		return formIf(validName(in.a) && validName(in.c), in.a, in.b, in.c, in.d)
	}},
	{method: "fc.function.new", call: func(ctx context.Context, c *quecloud.Client, in formInput) error {
		return c.Call(ctx, "fc.function.new", url.Values{in.a: []string{in.b, in.c}[:in.few()], "beside": {in.d}}, nil)
	}, want: func(in formInput) map[string]string {
		if in.a == "beside" {
			return formIf(true, "beside", in.d)
		}
		value := in.b
		if in.few() == 0 {
			value = ""
		}
		return formIf(validName(in.a) && in.few() < 2, in.a, value, "beside", in.d)
	}},
	{method: "fc.function.card.alarm", call: func(ctx context.Context, c *quecloud.Client, in formInput) error {
		return c.Call(ctx, "fc.function.card.alarm", struct {
			Text   string             `url:"text"`
			Number int64              `url:"number"`
			None   int64              `url:"none,omitempty"`
			Flag   bool               `url:"flag"`
			Texts  []string           `url:"texts,comma"`
			Card   quecloud.CardID    `url:"card"`
			Alarm  string             `url:"alarmParam"` // not signed
			Inner  struct{ A string } `url:"inner"`
		}{in.b, in.n, in.m, in.on, in.list(), quecloud.ICCID(in.c), in.d, struct{ A string }{in.a}}, nil)
	}, want: func(in formInput) map[string]string {
		return formIf(sentICCID(in.c) != "",
			"text", in.b, "number", fmt.Sprint(in.n), "none", number(in.m), "flag", fmt.Sprint(in.on),
			"texts", strings.Join(in.list(), ","), "iccid", sentICCID(in.c), "alarmParam", in.d, "inner[A]", in.a)
	}},
}

// FuzzForms compares the form that a server reads with the input, and signs it in the plainest way.
func FuzzForms(f *testing.F) {
	for which := range formCases {
		f.Add(uint8(which), selftest.ICCID1, "30M-当月 +%&=", "a;b\r\n\x00", "order 1/é", int64(50), int64(0), true)
		f.Add(uint8(which), "10649|10650", "中", selftest.ICCID1, "", int64(2024), int64(11), false)
		f.Add(uint8(which), "10649", selftest.ICCID2, "\xff", "\ufeff", int64(1), int64(12), true)
		f.Add(uint8(which), "a@b.c|<&>@\u2028", "10649", " ", "\"", int64(1<<53), int64(1), true)
		f.Add(uint8(which), "8986062343202380834f\n", " 10649", " 8986062343202380834F", "order 2", int64(1), int64(0), false)
		f.Add(uint8(which), "98860624330232808843", "898606234320238083ſ", "8986O62343202380834", "\u3000",
			int64(2), int64(0), true)
		f.Add(uint8(which), "t", "1", "Sign", "2", int64(-1), int64(1<<40), false)
	}
	p := selftest.TextPlatform(`{"resultCode":1,"errorMessage":"no"}`)
	client := p.Client(f, selftest.AtNow)
	f.Fuzz(func(t *testing.T, which uint8, a, b, c, d string, n, m int64, on bool) {
		in := formInput{a, b, c, d, n, m, on}
		tt := formCases[int(which)%len(formCases)]
		defer p.Reset()
		err := tt.call(t.Context(), client, in)
		want := tt.want(in)
		if want == nil {
			require.True(t, selftest.Is[*quecloud.ParamError](err), "%v", err)
			require.Zero(t, p.Attempts(), "it was sent")
			return
		}
		require.True(t, selftest.Is[*quecloud.APIError](err), "%v", err)
		require.Equal(t, 1, p.Attempts())
		sent := p.Request(t, 0)

		want["appKey"], want["method"], want["t"] = selftest.Key, tt.method, "1732605510"
		want["sign"] = selftest.PlainSign(selftest.Secret, want, selftest.Unsigned[tt.method]...)
		got := map[string]string{}
		for name, values := range sent.Form {
			require.Len(t, values, 1, name)
			got[name] = values[0]
		}
		if tt.alarm {
			checkAlarm(t, in, got["alarmParam"])
			want["alarmParam"] = got["alarmParam"] // which is not signed
		}
		require.Equal(t, want, got)
		parsed, err := url.ParseQuery(sent.Body)
		require.NoError(t, err)
		require.Equal(t, parsed, sent.Form)
	})
}

// formIf returns a form of names and values without blank ones, or nil if it cannot be sent.
func formIf(ok bool, pairs ...string) map[string]string {
	form := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		delete(form, pairs[i])
		if pairs[i+1] != "" {
			form[pairs[i]] = pairs[i+1]
		}
	}
	for name, value := range form {
		ok = ok && utf8.ValidString(name) && utf8.ValidString(value)
	}
	if !ok {
		return nil
	}
	return form
}

// validName reports whether a parameter may have the name.
func validName(name string) bool {
	return !slices.Contains([]string{"", "appKey", "method", "t", "sign"}, name)
}

// few returns 0, 1 or 2.
func (in formInput) few() int { return int(uint64(in.n) % 3) }

func (in formInput) list() []string { return strings.Split(in.a, "|") }

func all(texts []string, pattern *regexp.Regexp) bool {
	return !slices.ContainsFunc(texts, func(text string) bool { return !pattern.MatchString(text) })
}

func runes(text string) int { return len([]rune(text)) }

func flag(on bool) string {
	if on {
		return "1"
	}
	return ""
}

// number returns a parameter that is left out if it is 0.
func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func setAlarm(ctx context.Context, c *quecloud.Client, in formInput) error {
	_, err := c.Flow.SetAlarm(ctx, quecloud.MSISDNs(in.b), &quecloud.AlarmSettings{
		NotifyEmails: in.list(), Threshold1: float64(in.n) / 8, PauseThreshold: float64(in.m), AlarmOn: in.on,
	})
	return err
}

func checkAlarm(t *testing.T, in formInput, text string) {
	t.Helper()
	got := map[string]any{}
	require.NoError(t, stdjson.Unmarshal([]byte(text), &got))
	want := map[string]any{"notifyemails": strings.Join(in.list(), ","), "alarmstatus": 0.0, "pausestatus": 0.0}
	if in.on {
		want["alarmstatus"] = 1.0
	}
	if in.m != 0 {
		want["pauseflowthreshold"] = float64(in.m)
	}
	if in.n != 0 {
		mb, err := strconv.ParseFloat(fmt.Sprint(got["alarmthreshold1"]), 64)
		require.NoError(t, err)
		require.InDelta(t, float64(in.n)/8, mb, 0)
		require.NotContains(t, got["alarmthreshold1"], "e")
		want["alarmthreshold1"] = got["alarmthreshold1"]
	}
	require.Equal(t, want, got)
}
