package main

import (
	"context"
	"io"
	"regexp"
	"strings"
	"testing"
)

func TestQuickstartNeedsNoAccount(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), &out, "", ""); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"stand-in", "ICCID", "Its usage in", "session", "balance", "result"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, out.String())
		}
	}
}

// Terminals show a Chinese character in two columns, and the table counts one.
func TestQuickstartAlignsColumns(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := run(t.Context(), &out, "", ""); err != nil {
		t.Fatal(err)
	}
	wide := regexp.MustCompile(`\p{Han}.*\S  +\S`)
	for line := range strings.Lines(out.String()) {
		if wide.MatchString(line) {
			t.Errorf("a column is not aligned: %q", line)
		}
	}
	if strings.Contains(out.String(), " 1 months") {
		t.Error("1 months")
	}
}

func TestQuickstartNeedsBothCredentials(t *testing.T) {
	t.Parallel()
	for _, given := range [][2]string{{"key", ""}, {"", "secret"}} {
		err := run(context.Background(), io.Discard, given[0], given[1])
		if err == nil || !strings.Contains(err.Error(), "both") {
			t.Errorf("%v: error %v, want one that asks for both", given, err)
		}
	}
}
