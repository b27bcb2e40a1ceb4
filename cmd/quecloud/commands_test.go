package main

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// Cards of the stand-in.
const (
	mobile  = "89860024310000000006"
	telecom = "8986032431000000001"
)

// samples are arguments of every command that calls the platform.
var samples = map[string]string{
	"cards list": "", "cards info": mobile, "cards status": mobile, "cards location": telecom, "cards packages": mobile,
	"cards year-packages": telecom, "cards pause": mobile, "cards resume": mobile,
	"cards activate": "898600D4310000000089",
	"cards end-test": "89860624310000000067", "cards reset": mobile, "cards unbind": telecom,
	"cards gprs on": mobile, "cards gprs off": mobile, "cards voice on": mobile, "cards voice off": mobile,
	"cards whitelist add": mobile + " --number 13800000000", "cards whitelist remove": mobile + " --number 13800000000",
	"cards realname status": mobile, "cards realname register": mobile,
	"usage month": mobile, "usage days": mobile, "usage top": "", "usage voice": mobile,
	"alarms get": mobile, "alarms set": mobile + " --threshold 100 --warn --email a@example.com",
	"alarms on": mobile, "alarms off": mobile,
	"sms send": mobile + " --text hello", "sms log": "", "sms count": "",
	"orders packages": "", "orders renewal": mobile, "orders top-up": mobile + " --product 50",
	"orders renew": mobile + " --years 1",
	"orders get":   "ORDER", "orders wait": "ORDER",
	"orders find":    mobile + " --since 2026-01-01T00:00:00 --external-id sample",
	"billing groups": "", "billing stats": "10", "billing account": "", "billing wallet": "",
	"files export": "", "files list": "", "files download": "--latest",
	"call": "fc.function.card.pause iccid=" + mobile, "check": "",
}

// more are further arguments, for methods that the samples do not call.
var more = []string{
	"cards info " + mobile + " " + telecom, "usage month", "usage month " + mobile + " " + telecom, "usage voice",
	"billing stats 10 --tree", "files download 1",
}

// invoke runs the command in this process.
func invoke(t *testing.T, srv *quecloudtest.Server, args ...string) (code int, out, errOut string) {
	state := t.TempDir()
	env := map[string]string{
		"QUECLOUD_APP_KEY": srv.AppKey, "QUECLOUD_APP_SECRET": srv.Secret, "QUECLOUD_BASE_URL": srv.URL,
		"QUECLOUD_STATE": state,
	}
	var stdout, stderr bytes.Buffer
	a := &app{in: strings.NewReader(""), out: &stdout, errOut: &stderr,
		getenv: func(name string) string { return env[name] }}
	code = a.run(t.Context(), args)
	return code, stdout.String(), stderr.String()
}

// platform returns a stand-in that has an order and an export.
func platform(t *testing.T) (srv *quecloudtest.Server, order string) {
	srv = quecloudtest.NewServer()
	t.Cleanup(srv.Close)
	receipt, err := srv.Client().Orders.Recharge(t.Context(), &quecloud.RechargeParams{
		Card: quecloud.ICCID(mobile), ProductID: 50, ProductName: "30M-当月", ExternalID: "sample",
	})
	require.NoError(t, err)
	_, err = srv.Client().Files.Prepare(t.Context())
	require.NoError(t, err)
	return srv, receipt.OrderNo
}

// prepare brings the card of a sample into a state in which the platform accepts the command.
func prepare(t *testing.T, client *quecloud.Client, path string) {
	ctx, card := t.Context(), quecloud.ICCID(mobile)
	var err error
	switch path {
	case "cards resume":
		err = client.Cards.Pause(ctx, card)
	case "cards gprs on":
		err = client.Cards.CloseGPRS(ctx, card)
	case "cards voice on":
		err = client.Cards.CloseVoice(ctx, card)
	case "cards whitelist remove":
		err = client.Cards.AddVoiceWhitelist(ctx, card, "13800000000")
	case "alarms on", "alarms off":
		_, err = client.Flow.SetAlarm(ctx, quecloud.ICCIDs(mobile), &quecloud.AlarmSettings{
			NotifyEmails: []string{"a@example.com"}, Threshold1: 100, AlarmOn: path == "alarms off",
		})
	}
	require.NoError(t, err)
}

func TestCommandsHaveSamples(t *testing.T) {
	a := &app{getenv: os.Getenv}
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
		_, path, _ := strings.Cut(cmd.CommandPath(), " ")
		if cmd.HasSubCommands() || slices.Contains(offline, path) {
			return
		}
		assert.Containsf(t, samples, path, "tests must try the command")
	}
	walk(a.root())
}

// offline are the commands that call nothing.
var offline = []string{
	"help", "completion", "reference", "profile add", "profile list", "profile use", "profile remove",
	"callbacks listen", "callbacks resend", "sim", "describe",
}

func TestCommandsPrintTablesAndJSON(t *testing.T) {
	for path, sample := range samples {
		t.Run(path, func(t *testing.T) {
			for _, form := range []string{formTable, formJSON} {
				srv, order := platform(t)
				t.Chdir(t.TempDir())
				args := append(strings.Fields(path), strings.Fields(strings.ReplaceAll(sample, "ORDER", order))...)
				prepare(t, srv.Client(), path)
				code, out, errOut := invoke(t, srv, append(args, "-o", form, "-y")...)
				require.Zerof(t, code, "%s: %s%s", form, out, errOut)
				if form == formJSON {
					assert.Truef(t, json.Valid([]byte(out)), "%s", out)
				}
			}
		})
	}
}

func TestCommandsCallEveryMethod(t *testing.T) {
	srv, order := platform(t)
	t.Chdir(t.TempDir())
	for path, sample := range samples {
		args := append(strings.Fields(path), strings.Fields(strings.ReplaceAll(sample, "ORDER", order))...)
		invoke(t, srv, append(args, "-y")...)
	}
	for _, line := range more {
		invoke(t, srv, append(strings.Fields(line), "-y")...)
	}
	called := map[string]bool{}
	for _, r := range srv.Requests() {
		called[strings.TrimPrefix(r.Method, "fc.function.")] = true
	}
	assert.Len(t, called, 48, "of the 48 methods of the platform")
	var walk func(group)
	named := map[string]bool{}
	walk = func(g group) {
		for _, s := range g.specs {
			for _, method := range s.methods {
				named[method] = true
			}
		}
		for _, inner := range g.groups {
			walk(inner)
		}
	}
	for _, g := range allGroups() {
		walk(g)
	}
	assert.Equal(t, called, named)
}

func TestDryRunSendsNothingThatChanges(t *testing.T) {
	for path, sample := range samples {
		t.Run(path, func(t *testing.T) {
			srv, order := platform(t)
			t.Chdir(t.TempDir())
			before := len(srv.Requests())
			args := append(strings.Fields(path), strings.Fields(strings.ReplaceAll(sample, "ORDER", order))...)
			code, _, errOut := invoke(t, srv, append(args, "--dry-run")...)
			assert.Zero(t, code, errOut)
			for _, r := range srv.Requests()[before:] {
				assert.Truef(t, reads[strings.TrimPrefix(r.Method, "fc.function.")], "%s was sent", r.Method)
			}
			entries, err := os.ReadDir(".")
			require.NoError(t, err)
			if path != "files download" {
				assert.Empty(t, entries, "no file is written")
			}
		})
	}
}

// reads are the methods that change nothing.
var reads = func() map[string]bool {
	all := map[string]bool{}
	for name := range strings.FieldsSeq(`account.info billing_group.list billing_group.statistics billing_groups.statistics
		card.list card.info cards.info monthflow.list dayflow.list card.monthflow cards.monthflow voice.monthflow.list
		voice.dayflow.list card.alarm.get card.flowpackages yearmonth.detail card.realNameStatusQuery file.list file.status
		file.down file.last.down card.realtimestatus card.location sms.sendlog sms.monthcount company.flowpackage
		card.setmeal.product order.details wallet.details`) {
		all[name] = true
	}
	return all
}()

// Texts of others must not steer a terminal: no C0 and C1 controls, no change of the direction of text.
func TestOutputEscapesControls(t *testing.T) {
	srv, _ := platform(t)
	const name = `a\u001b[31m\u009b2J\u202eb\u2066\u007f`
	srv.Inject(quecloudtest.HTTPStatus(200).On("account.info").
		Body(`{"resultCode":0,"data":{"companyid":1,"companyname":"` + name + `","children":[]}}`))
	for _, form := range []string{formTable, formJSON, formJSONL} {
		code, out, errOut := invoke(t, srv, "billing", "account", "-o", form)
		require.Zero(t, code, errOut)
		assert.Contains(t, out, "[31m", form)
		for _, r := range "\x1b\u009b\u202e\u2066\x7f" {
			assert.NotContains(t, out, string(r), "%s: %U", form, r)
		}
	}
}
