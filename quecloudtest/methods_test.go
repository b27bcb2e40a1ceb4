package quecloudtest_test

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// exampleCalls are parameters of successful calls to a server of prepared.
var exampleCalls = map[string][]string{
	"billing_group.list":        nil,
	"billing_group.statistics":  {"id", "10"},
	"billing_groups.statistics": {"id", "10"},
	"card.list":                 nil,
	"card.info":                 {"msisdn", "1064900000001"},
	"cards.info":                {"msisdns", "1064900000001"},
	"monthflow.list":            {"month", "202603"},
	"dayflow.list":              {"month", "202603", "msisdn", "1064800000000"},
	"card.monthflow":            {"month", "202603", "msisdn", "1064800000000"},
	"cards.monthflow":           {"month", "202603", "msisdns", "1064800000000"},
	"voice.monthflow.list":      {"month", "202603"},
	"voice.dayflow.list":        {"month", "202603", "msisdn", "1064800000000"},
	"card.alarm.get":            {"msisdn", "1064800000000"},
	"card.flowpackages":         {"msisdn", "1064800000000"},
	"yearmonth.detail":          {"msisdn", "1064900000001"},
	"card.realNameStatusQuery":  {"msisdn", "1064800000000"},
	"account.info":              nil,
	"file.card.get":             nil,
	"file.status":               {"taskId", "1"},
	"file.down":                 {"taskId", "1"},
	"file.last.down":            nil,
	"file.list":                 nil,
	"card.realtimestatus":       {"msisdn", "1064800000000"},
	"card.location":             {"msisdn", "1064800000000"},
	"sms.send":                  {"msisdns", "1064800000000,1", "content", "x"},
	"sms.sendlog":               {"dateStr", "202603"},
	"sms.monthcount":            {"dateStr", "202603"},
	"card.alarm":                {"msisdn", "1064800000000", "alarmParam", "{}"},
	"card.alarm.status":         {"msisdn", "1064800000000", "alarmStatus", "1"},
	"card.realName":             {"msisdn", "1064800000000"},
	"card.overtest":             {"msisdn", "1064600000006"},
	"card.silenceactive":        {"msisdn", "1064800000008"},
	"card.pause":                {"msisdn", "1064800000000"},
	"card.resume":               {"msisdn", "1064800000003"},
	"card.imeiUnbind":           {"msisdn", "1064900000005"},
	"card.gprs.close":           {"msisdn", "1064800000000"},
	"card.gprs.open":            {"msisdn", "1064600000002"},
	"card.reset":                {"msisdn", "1064800000000"},
	"card.voice.close":          {"msisdn", "1064800000000"},
	"card.voice.open":           {"msisdn", "1064800000004"},
	"card.voice.addwhitelist":   {"msisdn", "1064800000000", "voiceWhiteList", "1_2"},
	"card.voice.delwhitelist":   {"msisdn", "1064800000000", "voiceWhiteList", "14765004176"},
	"company.flowpackage":       nil,
	"card.setmeal.product":      {"msisdn", "1064800000000"},
	"card.recharge":             {"iccid", "89860024310000000006", "productId", "50", "productName", "30M-当月"},
	"card.renewal":              {"iccid", "89860024310000000006", "cycle", "2"},
	"order.details":             nil, // see example
	"wallet.details":            nil,
}

// prepared returns a foreign client of a server with data for every method.
func prepared(t *testing.T, opts ...quecloudtest.Option) foreign {
	t.Helper()
	srv, _ := start(t, opts...)
	client := newForeign(t, srv)
	client.unsigned = []string{"alarmParam", "alarmStatus", "pauseStatus"}
	srv.UpdateCard("1064800000000", func(c *quecloudtest.Card) {
		c.Alarm = &quecloudtest.Alarm{
			Emails: []string{"a@example.com", "b@example.com"}, PauseThreshold: 99999, Thresholds: [3]float64{99998},
		}
		c.VoiceWhitelist = []string{"14765004176"}
	})
	srv.UpdateCard("1064600000002", func(c *quecloudtest.Card) { c.GPRSClosed = true })
	srv.UpdateCard("1064800000004", func(c *quecloudtest.Card) {
		c.Status, c.Voice = quecloudtest.StatusNormal, quecloudtest.VoiceClosed
	})
	for _, method := range []string{"file.card.get", "card.recharge", "sms.send"} {
		client.call(method, exampleCalls[method]...)
	}
	return client
}

func (f foreign) example(method string) response {
	f.t.Helper()
	pairs := exampleCalls[method]
	if method == "order.details" {
		pairs = []string{"orderNo", f.srv.Orders()[0].No}
	}
	return f.call(method, pairs...)
}

// TestMethodsRespondAsTheVendorsExamples compares the members of responses with those of the recorded examples, by
// name and JSON type.
func TestMethodsRespondAsTheVendorsExamples(t *testing.T) {
	t.Parallel()
	if served := quecloudtest.Methods(); !slices.IsSorted(served) {
		t.Fatalf("the methods are not sorted: %q", served)
	}
	for _, e := range selftest.Endpoints() {
		method := e.Name()
		if _, ok := exampleCalls[method]; !ok {
			t.Errorf("%s: no parameters in exampleCalls", e.Method)
			continue
		}
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			res := prepared(t, quecloudtest.WithDialect(quecloudtest.AsDocumented)).example(method)
			if strings.HasSuffix(method, ".down") {
				if res.header.Get("Content-Type") != "application/x-zip-compressed" || !strings.HasPrefix(res.body, "PK") {
					t.Errorf("got %s, %.20q", res.header.Get("Content-Type"), res.body)
				}
				return
			}
			var got, want any
			if err := json.Unmarshal([]byte(res.body), &got); err != nil {
				t.Fatalf("%v in %s", err, res.body)
			}
			recorded, err := os.ReadFile("../testdata/" + method + ".json")
			must(t, err)
			must(t, json.Unmarshal(recorded, &want))
			compareShapes(t, "response", got, want)
		})
	}
}

// compareShapes reports members of want that got lacks or has in another JSON type. Null has any type.
func compareShapes(t *testing.T, path string, got, want any) {
	t.Helper()
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			t.Errorf("%s is %T, want an object", path, got)
			return
		}
		for name, member := range want {
			value, ok := object[name]
			if !ok {
				t.Errorf("%s has no %s", path, name)
				continue
			}
			compareShapes(t, path+"."+name, value, member)
		}
	case []any:
		list, ok := got.([]any)
		if !ok {
			t.Errorf("%s is %T, want a list", path, got)
			return
		}
		if len(list) > 0 && len(want) > 0 {
			compareShapes(t, path+"[0]", list[0], want[0])
		} else if len(want) > 0 {
			t.Errorf("%s is empty", path)
		}
	default:
		if got != nil && want != nil && reflect.TypeOf(got) != reflect.TypeOf(want) {
			t.Errorf("%s is %T, want %T", path, got, want)
		}
	}
}

// The document limits eleven methods to the company's own cards.
func TestMethodsRefuseCardsOfSubAccounts(t *testing.T) {
	t.Parallel()
	want := []string{
		"card.alarm.get", "card.alarm.status", "card.gprs.close", "card.gprs.open", "card.pause", "card.reset", "card.resume",
		"card.voice.addwhitelist", "card.voice.close", "card.voice.delwhitelist", "card.voice.open",
	}
	var refused []string
	for _, full := range quecloudtest.Methods() {
		method := strings.TrimPrefix(full, "fc.function.")
		res := prepared(t, quecloudtest.WithSubAccountCards(quecloudtest.DefaultFleet)).example(method)
		message, _ := res.json["errorMessage"].(string)
		switch {
		case strings.HasPrefix(message, "只能处理隶属于该企业下的卡："):
			refused = append(refused, method)
		case res.json != nil && res.code() != 0.0 && method != "file.list":
			t.Errorf("%s: got %s", method, res.body)
		}
	}
	if !slices.Equal(refused, want) {
		t.Errorf("refused by %v, want %v", refused, want)
	}
}

// TestMethodsMatchTheSDK compares the methods of the server with the endpoints of the SDK.
func TestMethodsMatchTheSDK(t *testing.T) {
	t.Parallel()
	unmatched := map[string]bool{}
	for _, method := range quecloudtest.Methods() {
		unmatched[method] = true
	}
	for _, e := range selftest.Endpoints() {
		if !unmatched[e.Method] {
			t.Errorf("%s: no row in quecloudtest/methods.go", e.Method)
			continue
		}
		delete(unmatched, e.Method)
		if quecloudtest.Reads(e.Method) != (e.Kind == quecloud.KindRead) {
			t.Errorf("%s: reads is %v in quecloudtest/methods.go, and the SDK's kind is %v",
				e.Method, quecloudtest.Reads(e.Method), e.Kind)
		}
		if _, ok := exampleCalls[e.Name()]; !ok {
			t.Errorf("%s: no row in exampleCalls of quecloudtest/methods_test.go", e.Method)
		}
	}
	for method := range unmatched {
		t.Errorf("%s: no row in endpoints.go", method)
	}
	if !slices.IsSorted(quecloudtest.Methods()) {
		t.Errorf("the methods are not sorted: %v", quecloudtest.Methods())
	}
}
