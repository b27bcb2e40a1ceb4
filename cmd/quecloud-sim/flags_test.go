package main

import (
	"errors"
	"flag"
	"io"
	"strings"
	"testing"

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
	} {
		var output strings.Builder
		err := run(t.Context(), args, io.Discard, &output)
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
	}
	cfg, err := parse(args, io.Discard)
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
	if cfg.dialect != quecloudtest.AbsentMembers|quecloudtest.AsDocumented {
		t.Errorf("the dialect is %b", cfg.dialect)
	}
}

func TestFlagsHelpNamesFaultsAndDefaults(t *testing.T) {
	t.Parallel()
	var output strings.Builder
	if err := run(t.Context(), []string{"-h"}, io.Discard, &output); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("got %v", err)
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
