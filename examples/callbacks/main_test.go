package main

import (
	"strings"
	"testing"
)

func TestCallbacksPrintAnEventOfEachKind(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := demonstrate(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"SMS report ", "status 200", "inbound SMS ", "door open, 21.5 °C", "(topup-0001) 订单完成", "CNY",
		`sms event     with a member recievetime that is not as documented: wrong value, "just now"`,
		"inbound SMS   from card 1064800000000 at an unknown time: battery low",
		"3 of 3 callbacks succeeded",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, out.String())
		}
	}
}

func TestCallbacksNeedAToken(t *testing.T) {
	t.Setenv("QUECLOUD_CALLBACK_TOKEN", "")
	err := serve(t.Context(), &strings.Builder{}, "127.0.0.1:0")
	if err == nil || !strings.Contains(err.Error(), "QUECLOUD_CALLBACK_TOKEN") {
		t.Errorf("error %v, want one that asks for the token", err)
	}
}
