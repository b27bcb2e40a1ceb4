package simulator

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// FaultHelp explains the texts that [ParseFault] parses.
const FaultHelp = `	refuse=500:text  a refusal with a result code and a message
	status=503       an HTTP status        html=502    an HTML page
	garbage, empty   an invalid response
	cut-before, cut-after   cut the connection before or after the call takes effect
	truncate=20, cut-body=20   send the first bytes of the response only
	latency=2s, dialect=other-case
	no-date, wrong-date=2026-03-01T12:00:00+08:00   the header Date
followed by any of these, separated by commas:
	on=card.info+card.list   these methods only
	times=2   the next calls only   p=0.1   a share of the calls only
	after   after the call took effect
	header=Retry-After:1   body=text`

// faultKinds make faults from the arguments after their names.
var faultKinds = map[string]func(arg string) (quecloudtest.Fault, error){
	"refuse": func(arg string) (quecloudtest.Fault, error) {
		code, message, _ := strings.Cut(arg, ":")
		n, err := number(code, math.MinInt32, math.MaxInt32)
		switch {
		case err != nil:
			return quecloudtest.Fault{}, err
		case n == 0:
			return quecloudtest.Fault{}, errors.New("result code 0 means success, want another")
		}
		return quecloudtest.Refuse(n, message), nil
	},
	"status":     counted(quecloudtest.HTTPStatus, 200, 999),
	"html":       counted(quecloudtest.HTMLPage, 200, 999),
	"truncate":   counted(quecloudtest.Truncate, 0, math.MaxInt32),
	"cut-body":   counted(quecloudtest.CutBody, 0, math.MaxInt32),
	"garbage":    plain(quecloudtest.Garbage),
	"empty":      plain(quecloudtest.EmptyBody),
	"cut-before": plain(quecloudtest.CutBefore),
	"cut-after":  plain(quecloudtest.CutAfter),
	"no-date":    plain(quecloudtest.NoDate),
	"wrong-date": func(arg string) (quecloudtest.Fault, error) {
		date, err := time.Parse(time.RFC3339, arg)
		if err != nil {
			return quecloudtest.Fault{}, fmt.Errorf("%q: want a time such as 2026-03-01T12:00:00+08:00", arg)
		}
		return quecloudtest.WrongDate(date), nil
	},
	"latency": func(arg string) (quecloudtest.Fault, error) {
		d, err := time.ParseDuration(arg)
		if err != nil || d < 0 {
			return quecloudtest.Fault{}, fmt.Errorf("%q: want a duration such as 1.5s", arg)
		}
		return quecloudtest.Latency(d), nil
	},
	"dialect": func(arg string) (quecloudtest.Fault, error) {
		d, err := ParseDialect(arg)
		return quecloudtest.Speak(d), err
	},
}

// counted makes a fault with a number from low to high.
func counted(fault func(int) quecloudtest.Fault, low, high int) func(string) (quecloudtest.Fault, error) {
	return func(arg string) (quecloudtest.Fault, error) {
		n, err := number(arg, low, high)
		if err != nil {
			return quecloudtest.Fault{}, err
		}
		return fault(n), nil
	}
}

// plain makes a fault without an argument.
func plain(fault func() quecloudtest.Fault) func(string) (quecloudtest.Fault, error) {
	return func(arg string) (quecloudtest.Fault, error) {
		if arg != "" {
			return quecloudtest.Fault{}, fmt.Errorf("unexpected argument %q", arg)
		}
		return fault(), nil
	}
}

// ParseFault parses a fault; see [FaultHelp].
func ParseFault(v string) (quecloudtest.Fault, error) {
	parts := strings.Split(v, ",")
	name, arg, _ := strings.Cut(parts[0], "=")
	kind, ok := faultKinds[name]
	if !ok {
		return quecloudtest.Fault{}, fmt.Errorf("unknown fault %q: want one of %s",
			name, strings.Join(slices.Sorted(maps.Keys(faultKinds)), ", "))
	}
	fault, err := kind(arg)
	if err != nil {
		return quecloudtest.Fault{}, fmt.Errorf("%s: %w", name, err)
	}
	for _, part := range parts[1:] {
		name, arg, _ := strings.Cut(part, "=")
		if fault, err = narrow(fault, name, arg); err != nil {
			return quecloudtest.Fault{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return fault, nil
}

// narrow applies an option to a fault.
func narrow(fault quecloudtest.Fault, name, arg string) (quecloudtest.Fault, error) {
	switch name {
	case "on":
		methods := strings.Split(arg, "+")
		for _, m := range methods {
			if !slices.Contains(quecloudtest.Methods(), "fc.function."+strings.TrimPrefix(m, "fc.function.")) {
				return fault, fmt.Errorf("unknown method %q", m)
			}
		}
		return fault.On(methods...), nil
	case "times":
		n, err := number(arg, 1, math.MaxInt32)
		if err != nil {
			return fault, err
		}
		return fault.Times(n), nil
	case "p":
		p, err := strconv.ParseFloat(arg, 64)
		if err != nil || !(p >= 0 && p <= 1) {
			return fault, fmt.Errorf("%q: want a number from 0 to 1", arg)
		}
		return fault.Probability(p), nil
	case "after":
		return fault.AfterEffect(), nil
	case "header":
		header, value, ok := strings.Cut(arg, ":")
		if !ok || http.CanonicalHeaderKey(header) == "" {
			return fault, fmt.Errorf("%q: want Name:value", arg)
		}
		return fault.Header(header, value), nil
	case "body":
		return fault.Body(arg), nil
	}
	return fault, fmt.Errorf("want on, times, p, after, header or body")
}

// dialects are the dialects by name.
var dialects = []struct {
	name    string
	dialect quecloudtest.Dialect
}{
	{"numbers-as-text", quecloudtest.NumbersAsText},
	{"digits-as-numbers", quecloudtest.DigitsAsNumbers},
	{"booleans-as-text", quecloudtest.BooleansAsText},
	{"as-documented", quecloudtest.AsDocumented},
	{"absent-members", quecloudtest.AbsentMembers},
	{"other-nesting", quecloudtest.OtherNesting},
	{"other-case", quecloudtest.OtherCase},
}

// DialectNames returns the names that [ParseDialect] parses, separated by commas.
func DialectNames() string {
	var names []string
	for _, d := range dialects {
		names = append(names, d.name)
	}
	return strings.Join(names, ", ")
}

// ParseDialect parses the names of dialects, joined by +.
func ParseDialect(v string) (all quecloudtest.Dialect, err error) {
	for name := range strings.SplitSeq(v, "+") {
		var found quecloudtest.Dialect
		for _, d := range dialects {
			if d.name == name {
				found = d.dialect
			}
		}
		if found == 0 {
			return 0, fmt.Errorf("unknown dialect %q: want some of %s", name, DialectNames())
		}
		all |= found
	}
	return all, nil
}

// number parses a number from low to high.
func number(v string, low, high int) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("%q: want a number from %d to %d", v, low, high)
	}
	return n, nil
}
