package main

import (
	"encoding/csv"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
)

func TestInventoryHasTheWholeFleet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cards.csv")
	var out strings.Builder
	if err := run(t.Context(), []string{"-out", path, "-demo", "2345"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "2345 cards") {
		t.Errorf("the output is %q", out.String())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff"))).ReadAll()
	if err != nil || len(lines) != 2346 {
		t.Fatalf("%d lines, error %v", len(lines), err)
	}
	if id := lines[1][0]; !strings.HasPrefix(id, `="8986`) || !strings.HasSuffix(id, `"`) {
		t.Errorf("a spreadsheet would round %s", id)
	}
}

func TestInventoryLeavesNoPartialFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cards.csv")
	broken := iter.Seq2[quecloud.Card, error](func(yield func(quecloud.Card, error) bool) {
		_ = yield(quecloud.Card{ICCID: "1"}, nil) && yield(quecloud.Card{}, errors.New("broken"))
	})
	_, err := writeAtomic(path, func(file io.Writer) (int, error) { return writeCSV(file, broken, false) })
	if err == nil || err.Error() != "broken" {
		t.Errorf("error %v", err)
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
}

func TestInventoryCellsStayTexts(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text   string
		digits bool
		want   string
	}{
		{"89860412091880130003", true, `="89860412091880130003"`},
		{"", true, ""},
		{"=1+1", false, "'=1+1"},
		{"1G", false, "1G"},
	} {
		if got := cell(test.text, test.digits); got != test.want {
			t.Errorf("%q: got %q, want %q", test.text, got, test.want)
		}
	}
}

func TestInventoryHelpIsNoError(t *testing.T) {
	t.Parallel()
	var output strings.Builder
	err := run(t.Context(), []string{"-h"}, io.Discard, &output)
	if err != nil || !strings.Contains(output.String(), "-at-once") {
		t.Errorf("error %v, the output is %q", err, &output)
	}
}

func TestInventoryRejectsArguments(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cards.csv")
	err := run(t.Context(), []string{"-demo", "50", "-out", path, "bogus"}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), `unexpected argument "bogus"`) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the program ran all the same")
	}
}
