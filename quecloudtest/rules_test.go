package quecloudtest_test

import (
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// provenBy names for each rule that the package says it invents, by its first words, the tests that hold the server to it.
var provenBy = map[string][]string{
	"Refusals have HTTP status 200":     {"TestWhatIsAgainstTheProtocolIsRefused", "TestVerbsOtherThanPOSTAreUnauthorized"},
	"Checks come in this order":         {"TestRuleOfTheOrderOfChecks"},
	"Unknown, repeated and blank":       {"TestWhatIsAgainstTheProtocolIsRefused", "TestFormsThatAreNone", "TestTextThatIsNotUTF8IsRefused"},
	"A pageSize above 1000":             {"TestWhatIsAgainstTheProtocolIsRefused", "TestCardsArePagedAndFiltered"},
	"Both msisdn and iccid":             {"TestBothNumbersOfOneCardAreTaken", "TestWhatIsAgainstTheProtocolIsRefused"},
	"Numbers in lists":                  {"TestBatchesLeaveOutForeignCards", "TestAlarmsAnswerPartialSuccess", "TestNineteenOfTwentyCharactersFindOneCardOnly"},
	"19 characters of an ICCID":         {"TestNineteenOfTwentyCharactersFindOneCardOnly", "TestRuleOfICCIDsAsTheyStand"},
	"fc.function.sms.send takes":        {"TestWhatIsAgainstTheProtocolIsRefused"},
	"Voice usage":                       {"TestUsageOfTheLastTwelveMonthsOnly"},
	"Logs, tasks and":                   {"TestRuleOfLatestFirst", "TestTheLastTenTasksAreListed", "TestDaysAddUpToMonthsAndCycles"},
	"resume lifts only":                 {"TestCardsMoveBetweenTheirStates"},
	"gprs.close suspends":               {"TestCardsMoveBetweenTheirStates"},
	"What is on already":                {"TestVoiceOpensAndCloses", "TestCardsMoveBetweenTheirStates"},
	"overtest leads":                    {"TestCardsMoveBetweenTheirStates", "TestActivationStartsTheContract"},
	"reset needs":                       {"TestResetResumesAfterTenMinutes", "TestResetDoesNotUndoALaterPause"},
	"imeiUnbind needs":                  {"TestUnbindingOnceInThirtyMinutes", "TestRealNameOnceAMinute", "TestRuleOfRefusalsThatStartNoPause"},
	"A whitelist takes":                 {"TestWhitelistOfAtMostFive", "TestWhitelistDeletionOnceAMonthAndTwoAtATime"},
	"A card past its expiry":            {"TestExpiredCardsAreSuspendedUntilRenewed"},
	"A card that has used up":           {"TestMonthEndStartsAnew", "TestUsedUpPlansLastUntilTheTopUpOrTheNextCycle"},
	"Pools":                             {"TestRuleOfPools", "TestSomeCardsUseMuchOfTheirPlan"},
	"A card that crosses its threshold": {"TestThresholdsSuspendOnceAMonth"},
	"Cards in their test period":        {"TestRuleOfThresholdsInTheTestPeriod"},
	"A card that is suspended":          {"TestSuspendedCardsUseNothing"},
	"The remainder of a card":           {"TestRuleOfDirectedPackages"},
	"Groups add up":                     {"TestRuleOfGroupSums", "TestGroupsAddUpTheirCards"},
	"The year package":                  {"TestRuleOfYearPackages"},
	"Queries in real time":              {"TestRealtimeQueriesFailForCardsThatTheCarrierDoesNotKnow"},
	"Cards that are offline":            {"TestRuleOfLocatingOfflineCards"},
	"fc.function.card.alarm replaces":   {"TestRuleOfAlarmsReplaced", "TestAlarmParamThatIsNone"},
	"fc.function.card.alarm.status is":  {"TestAlarmParamThatIsNone", "TestRuleOfCardsWithoutAnAlarm"},
	"Cards of the sub-account":          {"TestCardsOfSubAccountsAreRefusedByElevenMethods", "TestCardsTellTheirCompany"},
	"The money is taken":                {"TestFailedOrdersGiveTheMoneyBack"},
	"A repeated externalId":             {"TestSameExternalIDSameOrderWhateverElseTheCallSays", "TestPreverificationIgnoresExternalIDs"},
	"In the wallet":                     {"TestWalletEntriesOfRenewalsMultiplyToTheirAmount"},
	"Packages can be bought":            {"TestOrdersThatCannotBe"},
	"months with a cycle":               {"TestOrdersThatCannotBe"},
	"Orders are taken":                  {"TestOrdersThatCannotBe", "TestOrdersFailWhenTheCardIsGivenUp"},
	"A renewal is for":                  {"TestRenewalsExtendTheExpiry", "TestOrdersThatCannotBe"},
	"card_list.txt has":                 {"TestFilesAreZipsOfAllCards"},
	"Tasks are kept":                    {"TestTheLastTenTasksAreListed", "TestRuleOfTasksThatRun"},
	"The last 100,000":                  {"TestOrdersAndEntriesAreForgottenInTime"},
	"SMS arrive":                        {"TestSMSArriveAtCardsInUse", "TestRuleOfSMSThatFail"},
	"A callback succeeds":               {"TestSuccessNeedsItsHTTPStatusToo", "TestRepeatedCallbacksGoBeforeTheNext"},
}

func TestRulesOfTheDocumentationAreProven(t *testing.T) {
	t.Parallel()
	rules, tests := inventedRules(t), testNames(t)
	for start, names := range provenBy {
		if !slices.ContainsFunc(rules, func(rule string) bool { return strings.HasPrefix(rule, start) }) {
			t.Errorf("the documentation has no rule %q", start)
		}
		for _, name := range names {
			if !tests[name] {
				t.Errorf("%q is proven by %s, which does not exist", start, name)
			}
		}
	}
	for _, rule := range rules {
		n := 0
		for start := range provenBy {
			if strings.HasPrefix(rule, start) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d entries prove the rule, want 1: %s", n, rule)
		}
	}
}

// inventedRules are the items of that section of the package's documentation.
func inventedRules(t *testing.T) (rules []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	must(t, err)
	_, section, found := strings.Cut(file.Doc.Text(), "# Rules that the server invents\n")
	if !found {
		t.Fatal("the documentation has no such section")
	}
	var p comment.Parser
	for _, block := range p.Parse(section).Content {
		list, ok := block.(*comment.List)
		if !ok {
			continue
		}
		for _, item := range list.Items {
			text := new(comment.Printer).Text(&comment.Doc{Content: item.Content})
			rules = append(rules, strings.Join(strings.Fields(string(text)), " "))
		}
	}
	return rules
}

func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	paths, err := filepath.Glob("*_test.go")
	must(t, err)
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		must(t, err)
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok {
				names[f.Name.Name] = true
			}
		}
	}
	return names
}

// In each row one thing more is wrong, and that is what is said.
func TestRuleOfTheOrderOfChecks(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	client := newForeign(t, srv)
	form := client.form("card.pause", "msisdn", "1064800000003") // is suspended already
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
		if a := client.do(form); !strings.Contains(a.body, c.said) {
			t.Errorf("got %s, want %s", a.body, c.said)
		}
	}
}

func TestRuleOfICCIDsAsTheyStand(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	client := newForeign(t, srv)
	lettered, telecom := card(t, srv, "1064800000008").ICCID, card(t, srv, "1064900000001").ICCID
	for number, found := range map[string]bool{
		lettered: true, strings.ToLower(lettered): false, telecom: true, telecom + "F": false, telecom + "1": false, " " + telecom: false,
	} {
		if a := client.call("card.info", "iccid", number); (a.code() == 0.0) != found {
			t.Errorf("%q: got %.80s", number, a.body)
		}
	}
}

func TestRuleOfLatestFirst(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	for _, content := range []string{"first", "second"} {
		_, err := client.SMS.Send(t.Context(), &quecloud.SMSSendParams{Cards: quecloud.MSISDNs("1064800000000"), Content: content})
		must(t, err)
		srv.Deposit(quecloudtest.Yuan, content)
		srv.Advance(time.Minute)
	}
	log, err := client.SMS.ListLog(t.Context(), &quecloud.SMSLogParams{Month: march})
	must(t, err)
	if log.Entries[0].Content != "second" || log.Entries[1].Content != "first" {
		t.Errorf("the log is %+v", log.Entries)
	}
	wallet, err := client.Billing.Wallet(t.Context())
	must(t, err)
	if wallet.Entries[0].Remark != "second" || wallet.Entries[1].Remark != "first" {
		t.Errorf("the wallet has %+v", wallet.Entries)
	}
	last, err := client.Flow.ListMonth(t.Context(), &quecloud.MonthListParams{Month: march.AddMonths(-11)})
	must(t, err)
	if len(last.Flows) != quecloudtest.DefaultFleet {
		t.Errorf("%d cards in the month that is last told of, want all", len(last.Flows))
	}
}

func TestRuleOfRefusalsThatStartNoPause(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	for group, call := range map[int64]func(quecloud.CardID) error{
		860: func(id quecloud.CardID) error { return client.Cards.UnbindIMEI(t.Context(), id) },
		10:  func(id quecloud.CardID) error { _, err := client.Cards.RegisterRealName(t.Context(), id); return err },
	} {
		id := srv.AddCard(quecloudtest.Card{BillingID: group, Status: quecloudtest.StatusCancelled}).ID()
		wantRefused(t, call(id), "a card that is given up")
		srv.UpdateCard(id.String(), func(c *quecloudtest.Card) { c.Status = quecloudtest.StatusNormal })
		must(t, call(id))
		wantRefused(t, call(id), "once more")
	}
}

func TestRuleOfPools(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	number := srv.AddCard(quecloudtest.Card{BillingID: 20}).ICCID
	srv.SetUsage(number, "2026-03-10", 1e6)
	if c := card(t, srv, number); c.Status != quecloudtest.StatusNormal {
		t.Errorf("the card is %s %s", c.Status, c.PauseReason)
	}
}

func TestRuleOfThresholdsInTheTestPeriod(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	added := srv.AddCard(quecloudtest.Card{
		Status: quecloudtest.StatusTestNormal, Alarm: &quecloudtest.Alarm{PauseThreshold: 20, PauseEnabled: true},
	})
	srv.SetUsage(added.ICCID, "2026-03-10", 21)
	if c := card(t, srv, added.ICCID); c.Status != quecloudtest.StatusTestNormal {
		t.Errorf("the card is %s %s", c.Status, c.PauseReason)
	}
	must(t, client.Cards.Activate(t.Context(), added.ID()))
	srv.SetUsage(added.ICCID, "2026-03-10", 22)
	if c := card(t, srv, added.ICCID); c.PauseReason != quecloudtest.ReasonThreshold {
		t.Errorf("activated, the card is %s %s", c.Status, c.PauseReason)
	}
}

func TestRuleOfDirectedPackages(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	added := srv.AddCard(quecloudtest.Card{})
	_, err := client.Orders.Recharge(t.Context(), &quecloud.RechargeParams{ICCID: added.ICCID, ProductID: 55, ProductName: "1G-定向"})
	must(t, err)
	info, err := client.Cards.Info(t.Context(), added.ID())
	must(t, err)
	if info.ResidueFlow != 2048 {
		t.Errorf("%v MB are left, want those of the plan and of the package, 2048", info.ResidueFlow)
	}
}

func TestRuleOfGroupSums(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFleet(0))
	parent := srv.AddGroup(quecloudtest.Group{PlanMB: 100})
	child := srv.AddGroup(quecloudtest.Group{PlanMB: 10, Parent: parent.ID})
	grandchild := srv.AddGroup(quecloudtest.Group{PlanMB: 1, Parent: child.ID})
	for _, id := range []int64{parent.ID, child.ID, grandchild.ID} {
		srv.AddCard(quecloudtest.Card{BillingID: id})
		srv.AddCard(quecloudtest.Card{BillingID: id, Status: quecloudtest.StatusCancelled})
	}
	tree, err := client.Billing.GroupTreeStatistics(t.Context(), parent.ID)
	must(t, err)
	if tree.TotalFlow != 200 || tree.CardCount != 2 || len(tree.Children) != 1 || tree.Children[0].TotalFlow != 20 {
		t.Errorf("got %+v", tree)
	}
}

func TestRuleOfYearPackages(t *testing.T) {
	t.Parallel()
	_, client := start(t)
	id := quecloud.MSISDN("1064900000001")
	info, err := client.Cards.Info(t.Context(), id)
	must(t, err)
	year, err := client.Flow.YearPackages(t.Context(), id)
	must(t, err)
	if p := year.Packages[0]; len(year.Packages) != 1 || p.Begin != info.CycleStart || p.End != info.CycleEnd {
		t.Errorf("got %+v, want the cycle, %v to %v", year.Packages, info.CycleStart, info.CycleEnd)
	}
}

func TestRuleOfLocatingOfflineCards(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	for group, code := range map[int64]string{10: "", 20: "", 860: "225"} {
		added := srv.AddCard(quecloudtest.Card{BillingID: group, Status: quecloudtest.StatusSuspended})
		where, err := client.Cards.Location(t.Context(), added.ID())
		if code == "" {
			wantRefused(t, err, "locating a card of group "+strconv.FormatInt(group, 10))
			continue
		}
		must(t, err)
		if where.Located() || where.PositionResult != code {
			t.Errorf("got %+v", where)
		}
	}
}

func TestRuleOfAlarmsReplaced(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	mobile, unicom := srv.AddCard(quecloudtest.Card{}), srv.AddCard(quecloudtest.Card{BillingID: 20})
	for _, settings := range []quecloud.AlarmSettings{
		{NotifyEmails: []string{"a@example.com"}, Threshold1: 512, AlarmOn: true, PauseThreshold: 1000, PauseOn: true},
		{Threshold2: 768, AlarmOn: true},
	} {
		_, err := client.Flow.SetAlarm(t.Context(), quecloud.ICCIDs(mobile.ICCID, unicom.ICCID), &settings)
		must(t, err)
	}
	for _, added := range []quecloudtest.Card{mobile, unicom} {
		a := card(t, srv, added.ICCID).Alarm
		if len(a.Emails) != 0 || a.Thresholds != [3]float64{0, 768, 0} || !a.Enabled || a.PauseThreshold != 0 || a.PauseEnabled {
			t.Errorf("the alarm is %+v", a)
		}
	}
	body := newForeign(t, srv).call("card.alarm.get", "iccid", mobile.ICCID).body
	if !strings.Contains(body, `"alarmthreshold2":"768"`) || strings.Contains(body, "alarmthreshold1") || strings.Contains(body, "pauseflowthreshold") {
		t.Errorf("what is not set is told: %s", body)
	}
}

func TestRuleOfCardsWithoutAnAlarm(t *testing.T) {
	t.Parallel()
	srv, _ := start(t)
	if a := newForeign(t, srv).call("card.alarm.get", "msisdn", "1064800000000"); !strings.Contains(a.body, `"alarmInfo":{}`) {
		t.Errorf("got %s", a.body)
	}
}

func TestRuleOfTasksThatRun(t *testing.T) {
	t.Parallel()
	srv, client := start(t, quecloudtest.WithFileDelay(time.Minute))
	_, err := client.Files.Start(t.Context())
	must(t, err)
	if a := newForeign(t, srv).call("file.list"); !strings.Contains(a.body, `"EndTime":null`) || !strings.Contains(a.body, "执行中") {
		t.Errorf("got %s", a.body)
	}
}

func TestRuleOfSMSThatFail(t *testing.T) {
	t.Parallel()
	srv, client := start(t)
	result, err := client.SMS.Send(t.Context(), &quecloud.SMSSendParams{Cards: quecloud.MSISDNs("1064800000003"), Content: "x"})
	must(t, err)
	count, err := client.SMS.MonthCount(t.Context(), march)
	must(t, err)
	if s := srv.SMS()[0]; s.Status != quecloudtest.SMSFailed || count.MT != 1 {
		t.Errorf("the SMS is %+v, and %d count", s, count.MT)
	}
	log, err := client.SMS.ListLog(t.Context(), &quecloud.SMSLogParams{Month: march})
	must(t, err)
	if id := log.Entries[0].SMSID; id != "1" || id == result.Sent[0].SMSID {
		t.Errorf("the log has the ID %q, and the call %q", id, result.Sent[0].SMSID)
	}
}
