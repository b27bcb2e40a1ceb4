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

// TestDocListsInitialState compares the tables of the package documentation with a new server.
func TestDocListsInitialState(t *testing.T) {
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

// testsOfRules lists the tests of each rule that the server invents. The keys are the first words of the rules.
var testsOfRules = map[string][]string{
	"Refusals have HTTP status 200": {"TestProtocolRefusals", "TestProtocolRefusesOtherVerbs"},
	"The checks run in this order":  {"TestProtocolOrderOfChecks"},
	"Unknown, duplicate and blank": {
		"TestProtocolRefusals", "TestProtocolRefusesInvalidForms", "TestProtocolRefusesTextThatIsNotUTF8",
	},
	"A pageSize above 1000": {"TestProtocolRefusals", "TestCardsPagesAndFilters"},
	"A call for one card":   {"TestProtocolAcceptsBothNumbers", "TestProtocolRefusals"},
	"Lists may contain": {
		"TestCardsBatchesOmitForeignCards", "TestAlarmPartialSuccess", "TestFleetFindsByNineteenCharacters",
	},
	"An ICCID of 19":               {"TestFleetFindsByNineteenCharacters", "TestFleetICCIDsAreExact"},
	"fc.function.sms.send accepts": {"TestProtocolRefusals"},
	"Voice usage":                  {"TestUsageOfTheLastTwelveMonthsOnly"},
	"Logs, file tasks and": {
		"TestWalletAndLogsStartWithTheLatest", "TestFileListsLastTenTasks", "TestUsageDaysAddUp",
	},
	"resume ends only":       {"TestLifecycleMoves"},
	"gprs.close suspends":    {"TestLifecycleMoves"},
	"A service that is open": {"TestLifecycleVoice", "TestLifecycleMoves"},
	"overtest moves":         {"TestLifecycleMoves", "TestLifecycleActivationStartsContract"},
	"reset needs":            {"TestLifecycleResetResumesAfterTenMinutes", "TestLifecycleResetKeepsLaterPause"},
	"imeiUnbind needs": {
		"TestLifecycleUnbindOnceInThirtyMinutes", "TestRealtimeRealNameOnceAMinute", "TestLifecycleRefusalsStartNoWait",
	},
	"A whitelist refuses":              {"TestLifecycleWhitelistHoldsFive", "TestLifecycleWhitelistDeletion"},
	"An expired card":                  {"TestOrderRenewalEndsExpiry"},
	"A card that used up":              {"TestUsageStartsAnewEachMonth", "TestUsageUsedUpPlanLastsUntilTopUpOrNextCycle"},
	"Pools":                            {"TestUsagePoolsNeverRunOut", "TestFleetSomeCardsUseMuchOfTheirPlan"},
	"A threshold suspends":             {"TestAlarmThresholdSuspendsOnceAMonth"},
	"Thresholds do not":                {"TestAlarmThresholdSparesTheTestPeriod"},
	"A suspended card":                 {"TestUsageOfSuspendedCards"},
	"The remaining data":               {"TestUsageIncludesDirectedPackages"},
	"Groups add up":                    {"TestGroupSumsOfAllStates", "TestGroupSums"},
	"The yearly package":               {"TestUsageYearPackageCoversCycle"},
	"Queries in real time":             {"TestRealtimeQueriesFailForUnknownCards"},
	"Offline cards":                    {"TestRealtimeLocationOfOfflineCards"},
	"fc.function.card.alarm replaces":  {"TestAlarmReplacesAllSettings", "TestAlarmInvalidParam"},
	"fc.function.card.alarm.status is": {"TestAlarmInvalidParam", "TestAlarmOfCardWithoutOneIsEmpty"},
	"Lists include the cards":          {"TestMethodsRefuseCardsOfSubAccounts", "TestCardCompany"},
	"An order takes":                   {"TestOrderFailureRefunds"},
	"A duplicate externalId": {
		"TestPurchaseDuplicateIgnoresOtherParameters", "TestPurchasePreverificationIgnoresExternalID",
	},
	"The price of a renewal": {"TestWalletRenewalPriceTimesCycle"},
	"Packages need":          {"TestOrderRefusals"},
	"months with a cycle":    {"TestOrderRefusals"},
	"Orders need":            {"TestOrderRefusals", "TestOrderFailsForCancelledCard"},
	"A renewal extends":      {"TestOrderRenewalExtendsExpiry", "TestOrderRefusals"},
	"card_list.txt has":      {"TestFileIsZipOfAllCards"},
	"File tasks are kept":    {"TestFileListsLastTenTasks", "TestFileRunningTaskHasNoEndTime"},
	"The server remembers":   {"TestRecentForgetsOrdersAndEntries"},
	"SMS arrive":             {"TestSMSArriveAtCardsInUse", "TestSMSFailuresCount"},
	"A callback succeeds":    {"TestDeliverSuccessNeedsHTTPStatus", "TestCallbackRetryPrecedesTheNext"},
}

func TestDocRulesAreTested(t *testing.T) {
	t.Parallel()
	rules, tests := inventedRules(t), testNames(t)
	for start, names := range testsOfRules {
		if !slices.ContainsFunc(rules, func(rule string) bool { return strings.HasPrefix(rule, start) }) {
			t.Errorf("doc.go has no rule %q", start)
		}
		for _, name := range names {
			if !tests[name] {
				t.Errorf("the rule %q: no test %s", start, name)
			}
		}
	}
	for _, rule := range rules {
		n := 0
		for start := range testsOfRules {
			if strings.HasPrefix(rule, start) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d entries in testsOfRules, want 1: %s", n, rule)
		}
	}
}

// inventedRules returns the items of the section in the package documentation.
func inventedRules(t *testing.T) (rules []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	must(t, err)
	_, section, found := strings.Cut(file.Doc.Text(), "# Rules that the server invents\n")
	if !found {
		t.Fatal("doc.go has no section of invented rules")
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
