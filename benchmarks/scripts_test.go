package benchmarks

import (
	"os/exec"
	"regexp"
	"testing"
)

func TestBenchmarksScriptsRun(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"./import-cost": `(?s)size, full: .*size, stripped: .*init, bare: .*init, sdk: .*` +
			`init github.com/quecloud/quecloud-go @`,
		"./compare HEAD HEAD ^BenchmarkNewClient$ 1 1x": `(?s)NewClient.*allocs/op`,
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			out, err := exec.Command("bash", "-c", "exec "+script).CombinedOutput()
			if err != nil || !regexp.MustCompile(want).Match(out) {
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
}
