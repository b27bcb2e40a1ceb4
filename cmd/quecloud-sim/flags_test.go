package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/simulator"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestFlagsInvalid(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"-nosuch"},
		{"argument"},
		{"-app-key", ""},
		{"-cards", "-1"},
		{"-cards", "many"},
		{"-sub-account-cards", "13"},
		{"-sub-account-cards", "-1"},
		{"-balance", "-1"},
		{"-sms-callback", "localhost"},
		{"-order-callback", "ftp://x/"},
		{"-dialect", "klingon"},
		{"-fault", "nosuch"},
		{"-fault", "status"},
		{"-fault", "status=9"},
		{"-fault", "garbage=1"},
		{"-fault", "refuse=x"},
		{"-fault", "latency=x"},
		{"-fault", "dialect=x"},
		{"-fault", "garbage,on=nosuch"},
		{"-fault", "garbage,times=0"},
		{"-fault", "garbage,p=2"},
		{"-fault", "garbage,header=x"},
		{"-fault", "garbage,nosuch=1"},
		{"-fault", "refuse=0:fine"},
		{"-fault", "latency=-1s"},
		{"-fault", "wrong-date=yesterday"},
		{"-sms-callback", "http:///sms?token=canary-8d1f"},
		{"-order-callback", "http:///orders?token=canary-8d1f"},
		{"-sms-callback", "", "http://127.0.0.1/sms?token=canary-8d1f"},
		{"-order-delay", "-1s"},
		{"-file-delay", "-1s"},
		{"-sms-delay", "-1s"},
		{"-latency", "-1s"},
		{"-callback-interval", "-1s"},
		{"-callback-retries", "-1"},
		{"-time", "yesterday"},
		{"-time", "0001-01-01T00:00:00Z"},
		{"-t-check", "never"},
		{"-tls-ca", "ca.pem"},
		{"-tls-host", "sim.test"},
		{"-tls", "-tls-host", "a,,b"},
		{"-control-host", "sim.test"},
	} {
		var output strings.Builder
		err := run(t.Context(), args, noVariables, io.Discard, &output)
		// The error stands alone, without a page of usage.
		if !errors.Is(err, errUsage) || strings.Count(output.String(), "\n") != 2 ||
			!strings.Contains(output.String(), "-h") {
			t.Errorf("%v: got %v, wrote %q", args, err, &output)
		}
		if strings.Contains(output.String(), "canary") {
			t.Errorf("%v: wrote the token: %q", args, &output)
		}
	}
}

func TestFlagsConfigureTheStandIn(t *testing.T) {
	t.Parallel()
	args := []string{
		"-cards", "3", "-sub-account-cards", "1", "-years-only", "-dialect", "absent-members+as-documented",
		"-time", "2026-03-10T23:00:00+08:00",
	}
	cfg, err := parse(args, noVariables, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	sim := quecloudtest.NewUnstartedServer(cfg.options()...)
	defer sim.Close()
	client := sim.Client()
	list, err := client.Cards.List(t.Context(), nil)
	if err != nil || len(list.Cards) != 3 || list.Cards[1].CompanyID != quecloudtest.CompanyID ||
		list.Cards[2].CompanyID != quecloudtest.SubAccountID {
		t.Errorf("the cards are %+v, %v", list, err)
	}
	_, err = client.Orders.Renew(t.Context(), &quecloud.RenewalParams{Card: list.Cards[0].ID(), Years: 1, Months: 2})
	if refused, ok := errors.AsType[*quecloud.APIError](err); !ok || !strings.Contains(refused.Message, "按月续费") {
		t.Errorf("a renewal by months: got %v", err)
	}
	if now := sim.Now().Format(time.DateTime); now != "2026-03-10 23:00:00" {
		t.Errorf("the time is %s", now)
	}
	if cfg.dialect != quecloudtest.AbsentMembers|quecloudtest.AsDocumented {
		t.Errorf("the dialect is %b", cfg.dialect)
	}
}

func TestFlagsHelpNamesFaultsAndDefaults(t *testing.T) {
	t.Parallel()
	var output strings.Builder
	if err := run(t.Context(), []string{"-h"}, noVariables, io.Discard, &output); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got %v", err)
	}
	for _, part := range []string{
		"exactly the body success, without quotes and without a line end", `{"code":200,"msg":""}`,
	} {
		if !strings.Contains(output.String(), part) {
			t.Errorf("the help lacks what a receiver of callbacks must respond: %s", part)
		}
	}
	faults := strings.ReplaceAll(simulator.FaultHelp, "\n", "\n    \t")
	if !strings.Contains(output.String(), faults) {
		t.Error("the help lacks the faults")
	}
	for text := range strings.SplitSeq(output.String(), "\n  -") {
		if name, _, _ := strings.Cut(text, "\n"); strings.HasSuffix(name, " duration") &&
			!strings.Contains(text, "(default ") {
			t.Errorf("no default of -%s", text)
		}
	}
}

// flagValues has a value for each flag.
var flagValues = map[string]string{
	"addr": "127.0.0.1:1", "control": "127.0.0.1:2", "control-host": "a.test,b.test", "tls": "true", "tls-ca": "ca.pem",
	"tls-host": "c.test", "app-key": "7", "secret": "canary", "cards": "20", "sub-account-cards": "2",
	"years-only": "true",
	"seed":       "8", "balance": "9", "scenario": "s.json", "state": "state.json", "time": "2026-03-10", "t-check": "sim",
	"order-delay": "1s", "file-delay": "2s", "sms-delay": "3s", "latency": "4s", "sms-callback": "http://d.test/",
	"order-callback": "http://e.test/", "callback-retries": "5", "callback-interval": "6s", "fault": "garbage",
	"dialect": "other-case",
}

// Every flag has an environment variable, which the help names. A flag wins over its variable.
func TestFlagsHaveVariables(t *testing.T) {
	t.Parallel()
	var help strings.Builder
	if _, err := parse([]string{"-h"}, noVariables, &help); !errors.Is(err, flag.ErrHelp) {
		t.Fatal(err)
	}
	var args []string
	all, others := variables{}, variables{}
	for name, value := range flagValues {
		args = append(args, "-"+name+"="+value)
		variable := "QUECLOUD_SIM_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		all[variable], others[variable] = value, "invalid"
		if !strings.Contains(help.String(), "\t"+variable+": ") {
			t.Errorf("the help lacks %s", variable)
		}
	}
	var listed []string
	for text := range strings.SplitSeq(help.String(), "\n  -") {
		name, _, _ := strings.Cut(text, "\n")
		name, _, _ = strings.Cut(name, " ")
		if name != "Usage:" && name != "version" {
			listed = append(listed, name)
		}
	}
	if want := slices.Sorted(maps.Keys(flagValues)); !slices.Equal(listed, want) {
		t.Errorf("the help lists %q, the test has values for %q", listed, want)
	}
	show := func(args []string, env variables) string {
		cfg, err := parse(args, env.lookup, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		faults := fmt.Sprint(cfg.faults)
		cfg.Options, cfg.faults = nil, nil
		return fmt.Sprintf("%+v %s", *cfg, faults)
	}
	byFlags := show(args, nil)
	if byVariables := show(nil, all); byVariables != byFlags || byFlags == show(nil, nil) {
		t.Errorf("the variables give\n%s, the flags\n%s", byVariables, byFlags)
	}
	if got := show(args, others); got != byFlags {
		t.Errorf("variables changed what the flags set:\n%s, want\n%s", got, byFlags)
	}
	ignored := variables{"QUECLOUD_SIM_CARDS": "", "QUECLOUD_SIM_VERSION": "0.2.0", "QUECLOUD_SIM_PORT": "x"}
	if got := show(nil, ignored); got != show(nil, nil) {
		t.Errorf("an empty variable and those of no flag changed something:\n%s", got)
	}
}

func TestFlagsInvalidVariables(t *testing.T) {
	t.Parallel()
	for _, env := range []variables{
		{"QUECLOUD_SIM_CARDS": "many"}, {"QUECLOUD_SIM_TLS": "perhaps"}, {"QUECLOUD_SIM_FAULT": "garbage\nnosuch"},
	} {
		var output strings.Builder
		_, err := parse(nil, env.lookup, &output)
		for name, value := range env {
			if !errors.Is(err, errUsage) || !strings.Contains(output.String(), fmt.Sprintf("%q for %s: ", value, name)) {
				t.Errorf("%v: got %v, wrote %s", env, err, &output)
			}
		}
	}
	cfg, err := parse(nil, variables{"QUECLOUD_SIM_FAULT": "garbage\nempty,times=2\n"}.lookup, io.Discard)
	if err != nil || fmt.Sprint(cfg.faults) != "[Garbage EmptyBody]" {
		t.Errorf("two faults: got %v, %v", cfg, err)
	}
}

func TestFlagsTime(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"2026-03-10":                "2026-03-10T12:00:00+08:00",
		"2026-03-10T12:00:00+08:00": "2026-03-10T12:00:00+08:00",
		"2026-03-10T04:00:00Z":      "2026-03-10T12:00:00+08:00",
	} {
		got, err := parseTime(value)
		if err != nil || got.In(quecloud.ChinaStandardTime).Format(time.RFC3339) != want {
			t.Errorf("%s: got %v, %v", value, got, err)
		}
	}
}
