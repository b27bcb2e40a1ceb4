package main

import (
	"go/parser"
	"go/token"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// documentation returns the code blocks of the command's documentation, with the addresses of a running command.
func documentation(t *testing.T, platform, control string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "main.go", nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`http://127\.0\.0\.1:8080/\S+`).ReplaceAllString(file.Doc.Text(), platform)
	text = strings.ReplaceAll(text, "127.0.0.1:9090/", control)
	var blocks []string
	for part := range strings.SplitSeq(text, "\n\n") {
		if strings.HasPrefix(part, "\t") {
			blocks = append(blocks, part)
		}
	}
	return blocks
}

// TestDocCommandsWork runs the commands of the documentation: step by step, and in a shell where one is installed. CI
// has one on every system.
func TestDocCommandsWork(t *testing.T) {
	t.Parallel()
	t.Run("step by step", func(t *testing.T) {
		t.Parallel()
		testDocCommands(t, runRecipe)
	})
	if missing := hasShell(); missing != nil && os.Getenv("CI") != "" {
		t.Fatal(missing)
	} else if missing != nil {
		t.Logf("not run in a shell: %v", missing)
		return
	}
	t.Run("in a shell", func(t *testing.T) {
		t.Parallel()
		testDocCommands(t, runShell)
	})
}

func testDocCommands(t *testing.T, run func(t *testing.T, script string) (string, error)) {
	t.Helper()
	s := startSim(t)
	blocks := documentation(t, s.url, s.control)
	execute := func(i int, script string) string {
		out, err := run(t, script)
		if err != nil {
			t.Errorf("block %d: %v: %s", i, err, out)
		}
		return out
	}
	signing := slices.IndexFunc(blocks, func(b string) bool { return strings.Contains(b, "openssl") })
	curls := slices.IndexFunc(blocks, func(b string) bool {
		return strings.Contains(b, "/deliveries\n") || strings.HasSuffix(b, "/deliveries")
	})
	if signing < 0 || curls < 0 {
		t.Fatalf("the recipes are not among %q", blocks)
	}
	if out := execute(signing, blocks[signing]); !strings.Contains(out, `"iccid":"89860024310000000006"`) {
		t.Errorf("the signed call got %s", out)
	}
	lines := strings.Split(strings.TrimSpace(blocks[curls]), "\n")
	if len(lines) != 3 {
		t.Fatalf("not three lines: %q", lines)
	}
	for i, want := range []string{`"content":"door open"`, `{"id":1}`, `[]`} {
		if out := execute(curls, lines[i]); !strings.Contains(out, want) {
			t.Errorf("%s: got %s", lines[i], out)
		}
	}
}

// Every command line of the documentation has flags that exist.
func TestDocFlagsExist(t *testing.T) {
	t.Parallel()
	s := startSim(t)
	address := strings.TrimSuffix(strings.TrimPrefix(s.control, "http://"), "/")
	checked := 0
	for _, block := range documentation(t, s.url, s.control) {
		for line := range strings.Lines(block) {
			line = strings.TrimPrefix(strings.TrimSpace(line), "go run github.com/quecloud/quecloud-go/cmd/")
			words := strings.Fields(strings.Replace(line, "127.0.0.1:9090", address, 1))
			if len(words) == 0 || !strings.HasPrefix(words[0], "quecloud-sim") {
				continue
			}
			checked++
			var err error
			if words[1] == "ready" {
				err = run(t.Context(), words[1:], noVariables, io.Discard, io.Discard)
			} else {
				_, err = parse(words[1:], noVariables, io.Discard)
			}
			if err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
	if checked < 4 {
		t.Errorf("found only %d commands", checked)
	}
}
