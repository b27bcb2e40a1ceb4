package quecloudtest_test

import (
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
)

// What the documentation lists of a new server is what is there.
func TestTheDocumentationListsWhatAServerBeginsWith(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("doc.go")
	must(t, err)
	listed := map[string]bool{}
	for line := range strings.Lines(strings.ReplaceAll(string(text), "\r\n", "\n")) {
		if row, ok := strings.CutPrefix(line, "//\t"); ok {
			listed[strings.Join(strings.Fields(row), " ")] = true
		}
	}
	srv, client := start(t)
	products, err := client.Orders.FlowPackages(t.Context())
	must(t, err)
	for _, p := range products {
		if row := fmt.Sprintf("%d %s %s %s", p.ProductID, p.ProductName, p.Carrier, p.Price); !listed[row] {
			t.Errorf("product %s is not listed", row)
		}
	}
	for _, number := range []string{"1064800000000", "1064900000001"} {
		c := card(t, srv, number)
		info, err := client.Cards.Info(t.Context(), quecloud.MSISDN(number))
		must(t, err)
		if row := fmt.Sprintf("%s %s %d %s %s", c.MSISDN, c.ICCID, c.BillingID, info.Carrier, c.Status); !listed[row] {
			t.Errorf("card %s is not listed", row)
		}
	}
}

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
