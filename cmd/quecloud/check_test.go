package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go/internal/simulator"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// checkReport is what check prints with -o json.
type checkReport []struct {
	Calls []struct {
		Method string
		Calls  int
		Failed int
	}
	Findings []struct{ Method, What, Path, Value string }
}

func check(t *testing.T, srv *quecloudtest.Server, args ...string) (report checkReport, out string) {
	code, out, errOut := invoke(t, srv, append([]string{"check", "-o", "json"}, args...)...)
	require.Zero(t, code, errOut)
	require.NoError(t, json.Unmarshal([]byte(out), &report), out)
	require.Len(t, report, 1)
	return report, out
}

func TestCheckReadsEveryMethodAndChangesNothing(t *testing.T) {
	srv, _ := platform(t)
	before := len(srv.Requests())
	report, _ := check(t, srv)
	called := map[string]bool{}
	for _, call := range report[0].Calls {
		called[call.Method] = true
		assert.LessOrEqual(t, call.Calls, 8, "%s: a few calls for each method", call.Method)
	}
	assert.Equal(t, reads, called)
	for _, r := range srv.Requests()[before:] {
		assert.Truef(t, reads[strings.TrimPrefix(r.Method, "fc.function.")], "%s was sent", r.Method)
	}
	assert.Empty(t, report[0].Findings, "the stand-in does what the SDK expects")
}

func TestCheckFindsDialects(t *testing.T) {
	for dialect, want := range map[string]string{
		"numbers-as-text": "wrong type", "digits-as-numbers": "wrong type", "booleans-as-text": "wrong type",
		"absent-members": "missing",
	} {
		t.Run(dialect, func(t *testing.T) {
			srv, _ := platform(t)
			speaks, err := simulator.ParseDialect(dialect)
			require.NoError(t, err)
			srv.Inject(quecloudtest.Speak(speaks))
			report, _ := check(t, srv)
			found := map[string]bool{}
			for _, finding := range report[0].Findings {
				found[finding.What] = true
			}
			assert.True(t, found[want], "%v", report[0].Findings)
		})
	}
	for _, dialect := range []string{"as-documented", "other-nesting", "other-case"} { // which the SDK expects
		t.Run(dialect, func(t *testing.T) {
			srv, _ := platform(t)
			speaks, err := simulator.ParseDialect(dialect)
			require.NoError(t, err)
			srv.Inject(quecloudtest.Speak(speaks))
			report, _ := check(t, srv)
			for _, call := range report[0].Calls {
				if call.Method != "card.location" && call.Method != "yearmonth.detail" { // not for all cards
					assert.Zerof(t, call.Failed, "%s", call.Method)
				}
			}
		})
	}
}

func TestCheckFindsPlantedDeviations(t *testing.T) {
	for _, test := range []struct {
		method, body           string
		what, path, wantMasked string
	}{
		{
			method: "account.info", body: `{"resultCode":0,"companyid":1,"companyname":"a","children":[],"owner":"Li Lei"}`,
			what: "unknown member", path: "owner", wantMasked: `"Xx Xxx"`,
		},
		{
			method: "sms.monthcount", body: `{"resultCode":0,"mt":"12","mo":3}`,
			what: "wrong type", path: "mt",
		},
		{
			method: "sms.monthcount", body: `{"resultCode":0,"mt":"many","mo":3}`,
			what: "wrong value", path: "mt", wantMasked: `"xxxx"`,
		},
		{
			method: "billing_group.list", body: `{"resultCode":0,"billingGroups":[{"id":1,"name":"a"}]}`,
			what: "missing", path: "billingGroups[].setMeal",
		},
	} {
		t.Run(test.what+" "+test.path, func(t *testing.T) {
			srv, _ := platform(t)
			srv.Inject(quecloudtest.HTTPStatus(200).Body(test.body).On(test.method))
			report, _ := check(t, srv)
			var found bool
			for _, finding := range report[0].Findings {
				if finding.Method == test.method && finding.What == test.what && finding.Path == test.path {
					found = true
					if test.wantMasked != "" {
						assert.Equal(t, test.wantMasked, finding.Value)
					}
				}
			}
			assert.True(t, found, "%v", report[0].Findings)
		})
	}
}

func TestCheckProbesErrorsOnlyWhenTold(t *testing.T) {
	srv, _ := platform(t)
	check(t, srv)
	for _, r := range srv.Requests() {
		assert.NotContains(t, r.Reason, "sign")
	}
	report, _ := check(t, srv, "--probe-errors")
	var whats []string
	for _, finding := range report[0].Findings {
		whats = append(whats, finding.What+": "+finding.Value)
	}
	assert.Contains(t, whats, "code of a wrong signature: 1 签名错误")
	assert.Regexp(t, "^code of an unknown card: 1 卡号不存在：[0-9]{20}$", whats[0])

	const account = `{"resultCode":0,"data":{"companyid":1,"companyname":"a","children":[]}}`
	srv.Inject(quecloudtest.HTTPStatus(200).Body(account).On("account.info"))
	_, out := check(t, srv, "--probe-errors")
	assert.Contains(t, out, "none, it is not refused")
}

// personal are numbers of cards, which must not appear in what check writes.
var personal = regexp.MustCompile(`10648000|8602431|86062431|4600470000`)

func TestCheckMasksWhatItPrintsAndSaves(t *testing.T) {
	srv, order := platform(t)
	dir := filepath.Join(t.TempDir(), "saved")
	_, out := check(t, srv, "--save", dir)
	assert.NotRegexp(t, personal, out)
	var files int
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		require.NoError(t, err)
		if d.IsDir() {
			return nil
		}
		files++
		content, err := os.ReadFile(filepath.Join(dir, path))
		require.NoError(t, err)
		assert.True(t, json.Valid(content), path)
		assert.NotRegexp(t, personal, string(content), path)
		assert.NotContains(t, string(content), order, path)
		return nil
	}))
	assert.Equal(t, len(reads)-2, files, "every response except files")
}

func TestCheckOfAPlatformThatIsDown(t *testing.T) {
	srv, _ := platform(t)
	srv.Close()
	code, out, errOut := invoke(t, srv, "check", "-o", "json")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errOut, "no call succeeded")
	assert.NotContains(t, out, "wallet.details", "further calls would tell nothing")
}

func TestCheckOfPagesInHTML(t *testing.T) {
	srv, _ := platform(t)
	srv.Inject(quecloudtest.HTTPStatus(200).Body("<html>call Li Lei, 13800000001</html>"))
	dir := t.TempDir()
	code, out, errOut := invoke(t, srv, "check", "-o", "json", "--save", dir)
	assert.Equal(t, exitFailed, code, errOut)
	assert.Contains(t, out, "no JSON")
	assert.NotContains(t, out+errOut, "13800000001")
	assert.NotContains(t, out+errOut, "Li Lei")
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, files)
}

func TestCheckShowsNoPartOfABadResponse(t *testing.T) {
	for _, body := range []string{
		`{"resultCode":0,"data":["Li Lei"]}`, `{"resultCode":0,"companyname":"Li Lei"}`,
		`{"resultCode":0,"data":{"x":"Li Lei`,
	} {
		srv, _ := platform(t)
		srv.Inject(quecloudtest.HTTPStatus(200).Body(body).On("account.info"))
		_, out := check(t, srv)
		assert.Contains(t, out, "bad response with HTTP status 200: ")
		assert.NotContains(t, out, "Li Lei")
	}
}

// However many cards there are, and whatever their carriers are called, check asks about few of them.
func TestCheckAsksAboutFewCards(t *testing.T) {
	var rows []string
	for i := range 100 {
		rows = append(rows, fmt.Sprintf(`{"iccid":"898602043100000%05d","carrier":"c%d"}`, i, i))
	}
	for name, cards := range map[string]string{
		"none": "", "many": strings.Join(rows, ","), "nameless": `{},{"iccid":""}`,
	} {
		t.Run(name, func(t *testing.T) {
			srv, _ := platform(t)
			before := len(srv.Requests())
			srv.Inject(quecloudtest.HTTPStatus(200).Body(`{"resultCode":0,"page":{"page":1,"pageSize":100,"totalPage":1000,
				"totalCount":100000},"cards":[` + cards + `]}`).On("card.list"))
			report, _ := check(t, srv)
			for _, call := range report[0].Calls {
				assert.LessOrEqual(t, call.Calls, 8, call.Method)
			}
			assert.LessOrEqual(t, len(srv.Requests())-before, 100)
		})
	}
}

func TestMaskHidesPeopleAndPlaces(t *testing.T) {
	for _, test := range []struct{ name, json, hidden string }{
		{name: "mobile number like a date", json: `{"a":"19912345678"}`, hidden: "199123"},
		{name: "latitude like a date", json: `{"lat":"20.044220"}`, hidden: "20.04"},
		{name: "address like a date", json: `{"ip":"192.168.17.45"}`, hidden: "192.168"},
		{name: "time with one digit", json: `{"at":"2026-1-15"}`, hidden: "15"},
		{name: "wide digits", json: `{"a":"１３８００００１２３４"}`, hidden: "１３８"},
		{name: "text of a harmless member", json: `{"rspdesc":"no card 1064800000000"}`, hidden: "1064800000000"},
		{name: "number as a harmless member", json: `{"status":1064800000000}`, hidden: "1064800000000"},
		{name: "name of a member", json: `{"89860024310000000006":1}`, hidden: "89860024310000000006"},
		{name: "SMS", json: `{"content":"密码 door OPEN 4711"}`, hidden: "door"},
	} {
		var out bytes.Buffer
		m := newMasker()
		require.NoError(t, m.json(&out, strings.NewReader(test.json)), test.name)
		assert.NotContains(t, out.String(), test.hidden, test.name)
	}
	m := newMasker()
	assert.NotContains(t, m.message("203.0.113.77 is not allowed, 2001:db8::1:99"), "203.0.113.77")
	assert.NotContains(t, m.message("203.0.113.77 is not allowed, 2001:db8::1:99"), "db8::1:99")
	assert.Error(t, m.json(&bytes.Buffer{}, strings.NewReader(strings.Repeat("[", 1<<16))), "no endless depth")
}

func TestMaskKeepsTheForm(t *testing.T) {
	m := newMasker()
	var out bytes.Buffer
	require.NoError(t, m.json(&out, strings.NewReader(`{"b":"13800000001","a":[{"iccid":"89860024310000000006","n":155.433,
		"status":"正常","x":null,"ok":true,"at":"2026-11-29 08:15:00","name":"李雷 Li"}],"zero":0}`)))
	assert.Regexp(t, `^{
  "b": "[0-9]{11}",
  "a": \[
    {
      "iccid": "898600[0-9]{14}",
      "n": [1-9][0-9]{2}\.[0-9]{3},
      "status": "正常",
      "x": null,
      "ok": true,
      "at": "2026-11-01 00:00:00",
      "name": "某某 Xx"
    }
  \],
  "zero": 0
}$`, out.String())
	first := m.text("13800000001")
	assert.Equal(t, first, m.text("13800000001"), "the same text stays the same")
	assert.NotEqual(t, first, newMasker().text("13800000001"), "runs differ")
	assert.Equal(t, "x@x 1234 ", strings.TrimRight(m.message("li.lei@example.com 1234 98765"), "0123456789"))
}
