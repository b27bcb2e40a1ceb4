package quecloud_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

// What a release must change in several places, and what users see of it: the header User-Agent, the scope of
// otelquecloud, the CHANGELOG, and what go get finds.
func TestEveryPlaceThatNamesTheVersionNamesTheSame(t *testing.T) {
	t.Parallel()
	if newest := newestRelease(t, readText(t, "CHANGELOG.md")); newest != "" {
		assert.Equal(t, quecloud.Version, newest, "the Version of options.go is not the newest release of CHANGELOG.md")
	}
	required := regexp.MustCompile(`(?m)^(?:require)?\s+github\.com/quecloud/quecloud-go (\S+)`)
	for _, pattern := range []string{"*/go.mod", "*/*/go.mod"} { // of which a module that was downloaded has none
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, file := range files {
			for _, found := range required.FindAllStringSubmatch(readText(t, file), -1) {
				assert.Equal(t, "v"+quecloud.Version, found[1], "%s requires another than the Version of options.go", file)
			}
		}
	}
}

// newestRelease is the version of a CHANGELOG's first release, or nothing where there was none yet.
func newestRelease(t *testing.T, text string) string {
	t.Helper()
	headings := regexp.MustCompile(`(?m)^## \[([^\]]+)\](.*)$`).FindAllStringSubmatch(text, -1)
	require.NotEmpty(t, headings)
	assert.Equal(t, []string{"Unreleased", ""}, headings[0][1:], "what comes next has a place")
	for _, heading := range headings {
		assert.Regexp(t, `(?m)^\[`+regexp.QuoteMeta(heading[1])+`\]: https://`, text, "the heading %s leads nowhere", heading[1])
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

func TestTheNewestReleaseIsFoundInAChangelog(t *testing.T) {
	t.Parallel()
	links := "[Unreleased]: https://h/c\n[0.3.0]: https://h/3\n[0.2.0]: https://h/2\n"
	assert.Empty(t, newestRelease(t, "# C\n\n## [Unreleased]\n\n### Added\n\n"+links))
	assert.Equal(t, "0.3.0", newestRelease(t,
		"# C\n\n## [Unreleased]\n\n## [0.3.0] - 2027-01-02\n\n## [0.2.0] - 2026-12-01\n\n"+links))
}

// The newest two that CI checks are found by their age.
func TestTheOldestGoThatIsAllowedIsChecked(t *testing.T) {
	t.Parallel()
	allowed := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(readText(t, "go.mod"))
	require.NotNil(t, allowed)
	workflow := filepath.Join(".github", "workflows", "ci.yml")
	if _, err := os.Stat(workflow); errors.Is(err, fs.ErrNotExist) {
		t.Skip("not in a clone")
	}
	assert.Contains(t, readText(t, workflow), `go: "`+allowed[1]+`.0"`)
}
