package quecloudtest_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestDialectForm(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		dialect  quecloudtest.Dialect
		method   string
		has, not []string
	}{
		{
			name: "numbers as text", dialect: quecloudtest.NumbersAsText, method: "card.info",
			has: []string{`"resultCode":"0"`, `"billingid":"860"`, `"monthflow":"`}, not: []string{`:0`, `:860`},
		},
		{
			name: "digits as numbers", dialect: quecloudtest.DigitsAsNumbers, method: "card.info",
			has: []string{
				`"msisdn":1064900000001`, `"iccid":8986032431000000001`, `"islock":0`, `"supplier":"中国电信"`,
			},
			not: []string{`:"0"`},
		},
		{
			name: "digits as numbers, of numbers in quotes", dialect: quecloudtest.DigitsAsNumbers, method: "cards.info",
			has: []string{`"billingid":860`, `"flow":`}, not: []string{`"860"`},
		},
		{name: "live, a list", method: "cards.info", has: []string{`"list":[`}, not: []string{"List"}},
		{
			name: "live, a card without dates", method: "card.list",
			has: []string{`"activeDate":"","expiryDate":"","cycleStartDate":"","cycleEndDate":""`},
		},
		{
			name: "as documented, a list", dialect: quecloudtest.AsDocumented, method: "cards.info",
			has: []string{`"List":[`}, not: []string{`"list"`},
		},
		{
			name: "as documented, a card without dates", dialect: quecloudtest.AsDocumented, method: "card.list",
			has: []string{`"activeDate":null,"expiryDate":null,"cycleStartDate":null,"cycleEndDate":null`},
			not: []string{`Date":""`},
		},
		{
			name: "booleans as text", dialect: quecloudtest.BooleansAsText, method: "card.realNameStatusQuery",
			has: []string{`"rspdesc":"`}, not: []string{":true", ":false"},
		},
		{
			name: "booleans as text", dialect: quecloudtest.BooleansAsText, method: "card.realtimestatus",
			has: []string{`"issuccess":"true"`}, not: []string{":true", ":false"},
		},
		{
			name: "absent members", dialect: quecloudtest.AbsentMembers, method: "card.list",
			has: []string{`{"resultCode":0,"page"`}, not: []string{"null", `:""`, "errorMessage"},
		},
		{
			name: "absent members", dialect: quecloudtest.AbsentMembers, method: "wallet.details",
			has: []string{`"billingDetails":[`}, not: []string{"null", `:""`},
		},
		{
			name: "other nesting", dialect: quecloudtest.OtherNesting, method: "yearmonth.detail",
			has: []string{`"data":{"flow"`},
		},
		{
			name: "other nesting", dialect: quecloudtest.OtherNesting, method: "card.location",
			has: []string{`"data":{"MSISDN"`},
		},
		{
			name: "other case", dialect: quecloudtest.OtherCase, method: "card.location",
			has: []string{`"msisdn"`, `"RESULTCODE":0`}, not: []string{"MSISDN", "resultCode"},
		},
	} {
		t.Run(c.name+", "+c.method, func(t *testing.T) {
			t.Parallel()
			client := prepared(t, quecloudtest.WithDialect(c.dialect))
			body := client.example(c.method).body
			for _, part := range c.has {
				if !strings.Contains(body, part) {
					t.Errorf("%s is not in %s", part, body)
				}
			}
			for _, part := range c.not {
				if strings.Contains(body, part) {
					t.Errorf("%s is in %s", part, body)
				}
			}
		})
	}
}

// allDialects are the single dialects and the largest compatible combinations.
var allDialects = map[string]quecloudtest.Dialect{
	"NumbersAsText": quecloudtest.NumbersAsText, "DigitsAsNumbers": quecloudtest.DigitsAsNumbers,
	"BooleansAsText": quecloudtest.BooleansAsText, "AsDocumented": quecloudtest.AsDocumented,
	"AbsentMembers": quecloudtest.AbsentMembers, "OtherNesting": quecloudtest.OtherNesting,
	"OtherCase":                quecloudtest.OtherCase,
	"all with numbers as text": 1<<7 - 1 - quecloudtest.DigitsAsNumbers,
	"all with digits":          1<<7 - 1 - quecloudtest.NumbersAsText,
}

// TestDialectIsReadBySDK compares the SDK's results of responses in a dialect with those of the zero dialect.
func TestDialectIsReadBySDK(t *testing.T) {
	t.Parallel()
	usual := readAll(t, 0)
	for name, dialect := range allDialects {
		for method, got := range readAll(t, dialect) {
			if got != usual[method] {
				t.Errorf("%s in dialect %s:\n%s\nwant\n%s", method, name, got, usual[method])
			}
		}
	}
}

func TestDialectOfFault(t *testing.T) {
	t.Parallel()
	srv, _ := start(t, quecloudtest.WithFaults(quecloudtest.Speak(quecloudtest.NumbersAsText).On("account.info").Times(1)))
	client := newForeign(t, srv)
	if res := client.call("account.info"); res.code() != "0" {
		t.Errorf("got %s", res.body)
	}
	if res := client.call("account.info"); res.code() != 0.0 {
		t.Errorf("the next call: got %s", res.body)
	}
}

// readAll calls every method that responds with members, and returns the SDK's results as JSON.
func readAll(t *testing.T, dialect quecloudtest.Dialect) map[string]string {
	t.Helper()
	srv := prepared(t, quecloudtest.WithDialect(dialect)).srv
	client := srv.Client(quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 1}))
	ctx, one, many := t.Context(), quecloud.MSISDN("1064900000001"), quecloud.MSISDNs("1064900000001", "1064800000000")
	mobile := quecloud.MSISDN("1064800000000")
	all := map[string]string{}
	add := func(method string, v any, err error) {
		t.Helper()
		text, marshalErr := json.Marshal(v)
		if err = errors.Join(err, marshalErr); err != nil {
			t.Errorf("%s in dialect %b: %v", method, dialect, err)
		}
		all[method] = string(text)
	}
	groups, err := client.Billing.Groups(ctx)
	add("billing_group.list", groups, err)
	tree, err := client.Billing.GroupTreeStatistics(ctx, 10)
	add("billing_groups.statistics", tree, err)
	sum, err := client.Billing.GroupStatistics(ctx, 10)
	add("billing_group.statistics", sum, err)
	cards, err := client.Cards.List(ctx, nil)
	add("card.list", cards, err)
	info, err := client.Cards.Info(ctx, one)
	add("card.info", info, err)
	infos, err := client.Cards.InfoBatch(ctx, many)
	add("cards.info", infos, err)
	flows, err := client.Flow.ListMonth(ctx, &quecloud.MonthListParams{Month: march})
	add("monthflow.list", flows, err)
	days, err := client.Flow.Days(ctx, one, march)
	add("dayflow.list", days, err)
	month, err := client.Flow.Month(ctx, one, march)
	add("card.monthflow", month, err)
	voices, err := client.Flow.ListVoiceMonth(ctx, &quecloud.MonthListParams{Month: march})
	add("voice.monthflow.list", voices, err)
	calls, err := client.Flow.VoiceDays(ctx, mobile, march)
	add("voice.dayflow.list", calls, err)
	batch, err := client.Flow.MonthBatch(ctx, many, march)
	add("cards.monthflow", batch, err)
	alarm, err := client.Flow.Alarm(ctx, mobile)
	add("card.alarm.get", alarm, err)
	packages, err := client.Flow.Packages(ctx, mobile)
	add("card.flowpackages", packages, err)
	year, err := client.Flow.YearPackages(ctx, one)
	add("yearmonth.detail", year, err)
	name, err := client.Cards.RealNameStatus(ctx, one)
	add("card.realNameStatusQuery", name, err)
	account, err := client.Billing.Account(ctx)
	add("account.info", account, err)
	status, err := client.Files.Status(ctx, 1)
	add("file.status", status, err)
	tasks, err := client.Files.List(ctx)
	add("file.list", tasks, err)
	realtime, err := client.Cards.RealtimeStatus(ctx, mobile)
	add("card.realtimestatus", realtime, err)
	for carrier, id := range map[string]quecloud.CardID{"telecom": one, "mobile": mobile} {
		where, err := client.Cards.Location(ctx, id)
		add("card.location, "+carrier, where, err)
	}
	log, err := client.SMS.ListLog(ctx, &quecloud.SMSLogParams{Month: march})
	add("sms.sendlog", log, err)
	count, err := client.SMS.MonthCount(ctx, march)
	add("sms.monthcount", count, err)
	products, err := client.Orders.FlowPackages(ctx)
	add("company.flowpackage", products, err)
	plan, err := client.Orders.RenewalProduct(ctx, one)
	add("card.setmeal.product", plan, err)
	order, err := client.Orders.Get(ctx, srv.Orders()[0].No)
	add("order.details", order, err)
	wallet, err := client.Billing.Wallet(ctx)
	add("wallet.details", wallet, err)
	sent, err := client.SMS.Send(ctx, &quecloud.SMSSendParams{Cards: many, Content: "x"})
	add("sms.send", sent, err)
	receipt, err := client.Orders.Recharge(ctx, topUp(srv.Orders()[0].ICCID))
	add("card.recharge", receipt, err)
	verdict, err := client.Orders.Renew(ctx,
		&quecloud.RenewalParams{Card: quecloud.ICCID(srv.Orders()[0].ICCID), Years: 1, Preverify: true})
	add("card.renewal", verdict, err)
	registration, err := client.Cards.RegisterRealName(ctx, mobile)
	add("card.realName", registration, err)
	id, err := client.Files.Start(ctx)
	add("file.card.get", id, err)
	return all
}
