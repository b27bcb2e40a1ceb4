package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExportIsDownloadedAndShown(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cards.zip")
	var out strings.Builder
	if err := run(t.Context(), []string{"-out", path, "-demo", "100", "-demo-delay", "0"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`1: ["msisdn" "iccid"`, "101 lines"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output lacks %q:\n%s", want, out.String())
		}
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func TestExportThatTakesTooLongLeavesNoFile(t *testing.T) {
	dir := t.TempDir()
	args := []string{"-out", filepath.Join(dir, "cards.zip"), "-demo-delay", "1h", "-limit", "1ms"}
	err := run(t.Context(), args, io.Discard, io.Discard)
	if err == nil {
		t.Error("no error")
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
}

func TestExportHelpIsNoError(t *testing.T) {
	t.Parallel()
	var output strings.Builder
	err := run(t.Context(), []string{"-h"}, io.Discard, &output)
	if err != nil || !strings.Contains(output.String(), "-demo-delay") {
		t.Errorf("error %v, the output is %q", err, &output)
	}
}

func TestExportRejectsArguments(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cards.zip")
	err := run(t.Context(), []string{"-demo", "50", "-out", path, "bogus"}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), `unexpected argument "bogus"`) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the export ran all the same")
	}
}
