package quecloud_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// documented is the list of the vendor's document, written a second time: § and name there, Go method and kind here.
var documented = []struct {
	section, method, goName string
	kind                    quecloud.Kind
}{
	{"2.1.1", "billing_group.list", "Billing.Groups", quecloud.KindRead},
	{"2.1.2", "billing_group.statistics", "Billing.GroupStatistics", quecloud.KindRead},
	{"2.1.3", "billing_groups.statistics", "Billing.GroupTreeStatistics", quecloud.KindRead},
	{"2.1.4", "card.list", "Cards.List", quecloud.KindRead},
	{"2.1.5", "card.info", "Cards.Info", quecloud.KindRead},
	{"2.1.6", "cards.info", "Cards.InfoBatch", quecloud.KindRead},
	{"2.1.7", "monthflow.list", "Flow.ListMonth", quecloud.KindRead},
	{"2.1.8", "dayflow.list", "Flow.Days", quecloud.KindRead},
	{"2.1.9", "card.monthflow", "Flow.Month", quecloud.KindRead},
	{"2.1.10", "cards.monthflow", "Flow.MonthBatch", quecloud.KindRead},
	{"2.1.11", "voice.monthflow.list", "Flow.ListVoiceMonth", quecloud.KindRead},
	{"2.1.12", "voice.dayflow.list", "Flow.VoiceDays", quecloud.KindRead},
	{"2.1.13", "card.alarm.get", "Flow.Alarm", quecloud.KindRead},
	{"2.1.14", "card.flowpackages", "Flow.Packages", quecloud.KindRead},
	{"2.1.15", "yearmonth.detail", "Flow.YearPackages", quecloud.KindRead},
	{"2.1.16", "card.realNameStatusQuery", "Cards.RealNameStatus", quecloud.KindRead},
	{"2.1.17", "account.info", "Billing.Account", quecloud.KindRead},
	{"2.2.1", "file.card.get", "Files.Start", quecloud.KindOnce},
	{"2.2.2", "file.status", "Files.Status", quecloud.KindRead},
	{"2.2.3", "file.down", "Files.Download", quecloud.KindRead},
	{"2.2.4", "file.last.down", "Files.DownloadLatest", quecloud.KindRead},
	{"2.2.5", "file.list", "Files.List", quecloud.KindRead},
	{"2.3.1", "card.realtimestatus", "Cards.RealtimeStatus", quecloud.KindRead},
	{"2.3.2", "card.location", "Cards.Location", quecloud.KindRead},
	{"2.3.3", "sms.send", "SMS.Send", quecloud.KindOnce},
	{"2.3.4", "sms.sendlog", "SMS.ListLog", quecloud.KindRead},
	{"2.3.5", "sms.monthcount", "SMS.MonthCount", quecloud.KindRead},
	{"2.3.7", "card.alarm", "Flow.SetAlarm", quecloud.KindSet},
	{"2.3.8", "card.alarm.status", "Flow.SetAlarmStatus", quecloud.KindSet},
	{"2.3.9", "card.realName", "Cards.RegisterRealName", quecloud.KindOnce},
	{"2.4.1", "card.overtest", "Cards.EndTest", quecloud.KindSet},
	{"2.4.2", "card.silenceactive", "Cards.Activate", quecloud.KindSet},
	{"2.4.3", "card.pause", "Cards.Pause", quecloud.KindSet},
	{"2.4.4", "card.resume", "Cards.Resume", quecloud.KindSet},
	{"2.4.5", "card.imeiUnbind", "Cards.UnbindIMEI", quecloud.KindSet},
	{"2.4.6", "card.gprs.close", "Cards.CloseGPRS", quecloud.KindSet},
	{"2.4.7", "card.gprs.open", "Cards.OpenGPRS", quecloud.KindSet},
	{"2.4.8", "card.reset", "Cards.Reset", quecloud.KindSet},
	{"2.4.9", "card.voice.close", "Cards.CloseVoice", quecloud.KindSet},
	{"2.4.10", "card.voice.open", "Cards.OpenVoice", quecloud.KindSet},
	{"2.4.11", "card.voice.addwhitelist", "Cards.AddVoiceWhitelist", quecloud.KindSet},
	{"2.4.12", "card.voice.delwhitelist", "Cards.DeleteVoiceWhitelist", quecloud.KindSet},
	{"2.5.1", "company.flowpackage", "Orders.FlowPackages", quecloud.KindRead},
	{"2.5.2", "card.setmeal.product", "Orders.RenewalProduct", quecloud.KindRead},
	{"2.5.3", "card.recharge", "Orders.Recharge", quecloud.KindSpend},
	{"2.5.4", "card.renewal", "Orders.Renew", quecloud.KindSpend},
	{"2.5.5", "order.details", "Orders.Get", quecloud.KindRead},
	{"2.5.7", "wallet.details", "Billing.Wallet", quecloud.KindRead},
}

// goNames are the Go methods by their full names at the platform.
func goNames() map[string]string {
	names := map[string]string{}
	for _, d := range documented {
		names["fc.function."+d.method] = d.goName
	}
	return names
}

func TestTheEndpointTableIsThatOfTheDocument(t *testing.T) {
	t.Parallel()
	endpoints := quecloud.Endpoints()
	require.Len(t, endpoints, 48)
	require.Len(t, documented, 48)
	for i, e := range endpoints {
		d := documented[i]
		assert.Equal(t, d.section, e.Section)
		assert.Equal(t, "fc.function."+d.method, e.Method)
		assert.Equal(t, d.kind, e.Kind, e.Method)
		assert.Equal(t, unsignedParams[e.Method], e.Unsigned, e.Method)
		assert.NotEmpty(t, e.Title, e.Method)
	}
	assert.Len(t, goNames(), 48, "no method stands twice")
	sections := map[string]bool{}
	for _, e := range endpoints {
		assert.False(t, sections[e.Section], "§ %s stands twice", e.Section)
		sections[e.Section] = true
	}
}

func TestEveryEndpointHasATypedMethodATestAndAnAnswer(t *testing.T) {
	t.Parallel()
	rows := map[string]int{}
	for _, row := range methodRows() {
		rows["fc.function."+row.method]++
	}
	client := reflect.TypeFor[quecloud.Client]()
	for _, e := range quecloud.Endpoints() {
		service, method, _ := strings.Cut(goNames()[e.Method], ".")
		field, ok := client.FieldByName(service)
		require.True(t, ok, "%s: no service %s", e.Method, service)
		_, ok = field.Type.MethodByName(method)
		assert.True(t, ok, "%s: no method %s.%s", e.Method, service, method)
		assert.NotZero(t, rows[e.Method], "%s: no row in the table of methods", e.Method)
		name := strings.TrimPrefix(e.Method, "fc.function.")
		assert.True(t, recorded(name+".json") || recorded(name+".zip"), "%s: no recorded answer", e.Method)
	}
	assert.Len(t, rows, 48)
}

func TestTheStandInHandlesEveryEndpointAndNoOther(t *testing.T) {
	t.Parallel()
	var want []string
	for _, e := range quecloud.Endpoints() {
		want = append(want, e.Method)
	}
	assert.ElementsMatch(t, want, quecloudtest.Methods())
}

func TestTheReadmesNameEveryEndpointAndCallback(t *testing.T) {
	t.Parallel()
	kinds := map[string]map[quecloud.Kind]string{
		"README.md": {
			quecloud.KindRead: "reads", quecloud.KindSet: "sets", quecloud.KindOnce: "once", quecloud.KindSpend: "**spends**",
		},
		"README.zh-CN.md": {
			quecloud.KindRead: "只读", quecloud.KindSet: "设置", quecloud.KindOnce: "一次", quecloud.KindSpend: "**付费**",
		},
	}
	link := func(name, identifier string) string {
		return "[`" + name + "`](https://pkg.go.dev/github.com/quecloud/quecloud-go#" + identifier + ")"
	}
	for _, name := range readmes {
		lines := strings.Split(readText(t, name), "\n")
		for _, e := range quecloud.Endpoints() {
			method := goNames()[e.Method]
			row := strings.Join([]string{
				e.Section, "`" + e.Method + "`", e.Title, link(method, strings.Replace(method, ".", "Service.", 1)), kinds[name][e.Kind],
			}, " | ")
			assert.Contains(t, lines, "| "+row+" |", name)
		}
		for section, handler := range map[string]string{"2.3.6": "NewSMSHandler", "2.5.6": "NewOrderHandler"} {
			assert.Regexp(t, `(?m)^\| `+section+` \| .* \| `+regexp.QuoteMeta(link(handler, handler))+` \| .* \|$`, readText(t, name))
		}
	}
}

// testedElsewhere are the recorded answers that no row of the table of methods reads: they are of no method, or failures.
var testedElsewhere = []string{
	"README.md", "members.tsv", "error.json", "unauthorized.json", "page.html", "file.down.failed.json", "file.last.down.failed.json", "file.list.failed.json",
}

func TestEveryRecordedAnswerIsRead(t *testing.T) {
	t.Parallel()
	read := slices.Clone(testedElsewhere)
	for _, row := range methodRows() {
		base := strings.TrimSuffix(row.file(), filepath.Ext(row.file()))
		read = append(read, row.file(), base+".nulls.json")
		for _, variant := range sameMeaning {
			read = append(read, base+"."+variant+".json")
		}
	}
	files, err := os.ReadDir("testdata")
	require.NoError(t, err)
	for _, file := range files {
		if !file.IsDir() { // a fuzzer's finds are in folders
			assert.Contains(t, read, file.Name(), "no test reads it")
		}
	}
}

func TestKindsHaveNames(t *testing.T) {
	t.Parallel()
	assert.Equal(t, quecloud.KindOnce, quecloud.Kind(0), "what is not known must not be repeated")
	for kind, want := range map[quecloud.Kind]string{
		quecloud.KindOnce: "once", quecloud.KindRead: "read", quecloud.KindSet: "set", quecloud.KindSpend: "spend",
	} {
		assert.Equal(t, want, kind.String())
	}
}
