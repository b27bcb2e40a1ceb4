package main

import (
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quecloud/quecloud-go"
)

func TestUsageDrawsAChart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usage.png")
	var out strings.Builder
	if err := run(t.Context(), []string{"-out", path, "-demo", "300", "-top", "5"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), " MB\n"); n != 5 {
		t.Errorf("the output lists %d cards:\n%s", n, out.String())
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if picture, err := png.Decode(file); err != nil || picture.Bounds().Dx() < 500 {
		t.Errorf("the chart is not a PNG image of full size: %v", err)
	}
}

func TestUsageRankingKeepsTheTopUsers(t *testing.T) {
	t.Parallel()
	top := ranking{most: 3}
	for i, used := range []float64{5, 0, 7, 5, 1, 9} {
		top.add(quecloud.MonthFlowRow{ICCID: string(rune('a' + i)), MonthFlow: used})
	}
	var got strings.Builder
	for _, row := range top.rows {
		got.WriteString(row.ICCID)
	}
	if got.String() != "fca" {
		t.Errorf("got %s, want fca", got.String())
	}
}

func TestUsageRejectsInvalidFlags(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usage.")
	for _, args := range [][]string{{"-top", "0"}, {"-month", "May"}, {"-card", "x"}, {"-out", path + "doc"}} {
		args = append([]string{"-demo", "50", "-out", path + "png"}, args...)
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}

func TestUsageHelpIsNoError(t *testing.T) {
	t.Parallel()
	var output strings.Builder
	err := run(t.Context(), []string{"-h"}, io.Discard, &output)
	if err != nil || !strings.Contains(output.String(), "-month") {
		t.Errorf("error %v, the output is %q", err, &output)
	}
}

func TestUsageRejectsArguments(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "usage.png")
	err := run(t.Context(), []string{"-demo", "50", "-out", path, "bogus"}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), `unexpected argument "bogus"`) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the program ran all the same")
	}
}
