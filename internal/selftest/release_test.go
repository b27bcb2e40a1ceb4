package selftest_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// A release changes its version in several places. Users see it in the header User-Agent, the scope of otelquecloud,
// the CHANGELOG, and the requirements of nested modules.
func TestReleaseHasOneVersionEverywhere(t *testing.T) {
	t.Parallel()
	if newest := newestRelease(t, readText(t, "CHANGELOG.md")); newest != "" {
		assert.Equal(t, quecloud.Version, newest, "the Version of options.go is not the newest release of CHANGELOG.md")
	}
	required := regexp.MustCompile(`(?m)^(?:require)?\s+github\.com/quecloud/quecloud-go (\S+)`)
	for _, pattern := range []string{"*/go.mod", "*/*/go.mod", "*/*/*/go.mod"} { // a downloaded module has none
		for _, file := range glob(t, pattern) {
			for _, found := range required.FindAllStringSubmatch(readText(t, file), -1) {
				assert.Equal(t, "v"+quecloud.Version, found[1], "%s requires another than the Version of options.go", file)
			}
		}
	}
}

// newestRelease returns the version of the first release in a CHANGELOG, or "" before the first release.
func newestRelease(t *testing.T, text string) string {
	t.Helper()
	headings := regexp.MustCompile(`(?m)^## \[([^\]]+)\](.*)$`).FindAllStringSubmatch(text, -1)
	require.NotEmpty(t, headings)
	assert.Equal(t, []string{"Unreleased", ""}, headings[0][1:], "the CHANGELOG begins with [Unreleased]")
	for _, heading := range headings {
		if !strings.Contains(text, "\n["+heading[1]+"]: https://") {
			t.Errorf("the heading %s has no link", heading[1])
		}
	}
	for _, heading := range headings[1:] {
		assert.Regexp(t, `^\d+\.\d+\.\d+$`, heading[1])
		assert.Regexp(t, `^ - \d{4}-\d\d-\d\d$`, heading[2], "%s has no date", heading[1])
	}
	if len(headings) == 1 {
		return ""
	}
	return headings[1][1]
}

func TestReleaseIsFoundInAChangelog(t *testing.T) {
	t.Parallel()
	links := "[Unreleased]: https://h/c\n[0.3.0]: https://h/3\n[0.2.0]: https://h/2\n"
	assert.Empty(t, newestRelease(t, "# C\n\n## [Unreleased]\n\n### Added\n\n"+links))
	assert.Equal(t, "0.3.0", newestRelease(t,
		"# C\n\n## [Unreleased]\n\n## [0.3.0] - 2027-01-02\n\n## [0.2.0] - 2026-12-01\n\n"+links))
}

// CI finds the newest two releases of Go by their age.
func TestReleaseIsCheckedWithTheOldestGo(t *testing.T) {
	t.Parallel()
	allowed := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(readText(t, "go.mod"))
	require.NotNil(t, allowed)
	workflow := ".github/workflows/ci.yml"
	if _, err := os.Stat(filepath.Join(selftest.Root(), ".github")); errors.Is(err, fs.ErrNotExist) {
		return // a downloaded module, not a clone
	}
	checked := strings.Contains(readText(t, workflow), `go: "`+allowed[1]+`.0"`)
	assert.True(t, checked, "%s does not check Go %s.0", workflow, allowed[1])
}
