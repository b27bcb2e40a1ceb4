package simulator

import (
	"reflect"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestFaultParse(t *testing.T) {
	t.Parallel()
	for arg, name := range map[string]string{
		"refuse=500:系统繁忙,p=0.5":                   "Refuse(500)",
		"html=502,body=<html>":                    "HTMLPage(502)",
		"garbage,on=card.info+card.list":          "Garbage",
		"empty,on=fc.function.card.info,times=3":  "EmptyBody",
		"cut-before":                              "CutBefore",
		"cut-after":                               "CutAfter",
		"truncate=20":                             "Truncate(20)",
		"cut-body=0":                              "CutBody(0)",
		"latency=2s,after":                        "Latency(2s)",
		"dialect=other-case+numbers-as-text":      "Speak",
		"no-date":                                 "NoDate",
		"wrong-date=2026-03-01T12:00:00+08:00":    "WrongDate",
		"status=429,header=Retry-After:1,times=2": "HTTPStatus(429)",
	} {
		fault, err := ParseFault(arg)
		if err != nil || fault.String() != name {
			t.Errorf("%s: got %v, %v", arg, fault, err)
			continue
		}
		listed, err := ParseFault(faultText(fault))
		if err != nil || !reflect.DeepEqual(formOf(listed), formOf(fault)) {
			t.Errorf("%s: listed as %s, which is %+v, %v", arg, faultText(fault), formOf(listed), err)
		}
		quecloudtest.NewUnstartedServer(quecloudtest.WithFaults(fault)).Close() // panics when the fault is impossible
	}
}

func TestFaultHelpNamesAllFaults(t *testing.T) {
	t.Parallel()
	for name := range faultKinds {
		if !strings.Contains(FaultHelp, name) {
			t.Errorf("the help lacks the fault %s", name)
		}
	}
}
