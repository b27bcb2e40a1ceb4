package selftest_test

import (
	"crypto/tls"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// errorPages say the same in two languages, and retryImages have their diagram.
var (
	errorPages  = []string{"docs/errors-and-retries.md", "docs/errors-and-retries.zh-CN.md"}
	retryImages = []string{"docs/images/retries.svg", "docs/images/retries.zh-CN.svg"}
)

// The tables of the page, in their order.
const (
	tableRetries  = 0
	tableSettings = 1
	tableWords    = 2
	tableCodes    = 3
)

// Every row of the table is tried with a call of each kind: is there a second attempt, and is the change in doubt?
func TestErrorsPageListsWhatIsRetried(t *testing.T) {
	t.Parallel()
	rows := [][]selftest.Step{ // several ways to each row of the table
		{{Unsent: io.EOF}},
		{{Unsent: &tls.CertificateVerificationError{Err: errors.New("unknown authority")}}},
		{{Status: 429}, {Status: 429, Body: `{"resultCode":1}`}},
		{{Err: io.ErrUnexpectedEOF}, {Status: 503}, {Status: 500, Body: `{"resultCode":1}`}},
		{{Body: `{"resultCode":1}`}, {Status: 403, Body: `{"resultCode":70031}`}},
		{{Status: 403, Body: selftest.HTMLPage}, {Status: 404}, {Body: selftest.HTMLPage}},
	}
	for i, page := range errorPages {
		table := tableOf(t, page, tableRetries)
		require.Len(t, table, len(rows), page)
		for r, cells := range table {
			for _, step := range rows[r] {
				for _, call := range selftest.Calls {
					synctest.Test(t, func(t *testing.T) {
						client, platform := selftest.Scripted(t, []selftest.Step{step, {Body: selftest.Success}})
						err := call.Do(t.Context(), client)
						cell := cells[2]
						if call.Retryable {
							cell = cells[1]
						}
						retried := strings.HasPrefix(cell, []string{"retried", "重试"}[i])
						assert.Equal(t, retried, platform.Attempts() > 1, "%s: %s: %s", page, cells[0], call.Name)
						assert.Equal(t, retried, err == nil, "%s: %s: %s: %v", page, cells[0], call.Name, err)
						assert.Equal(t, strings.Contains(cell, "`ErrOutcomeUnknown`"),
							errors.Is(err, quecloud.ErrOutcomeUnknown), "%s: %s: %s: %v", page, cells[0], call.Name, err)
					})
				}
			}
		}
	}
}

// The HTTP statuses of the page are those of the code, and each of them leaves no change in doubt.
func TestErrorsPageListsTheStatuses(t *testing.T) {
	t.Parallel()
	list := regexp.MustCompile(`notActedOn = \[\]int\{([\d, ]+)\}`).FindStringSubmatch(readText(t, "attempt.go"))
	require.NotNil(t, list)
	for i, page := range errorPages {
		separator := []string{"`, `", "`、`"}[i]
		want := "\n`" + strings.ReplaceAll(list[1], ", ", separator) + "`"
		assert.Contains(t, readText(t, page), want, page)
	}
}

func TestErrorsPageHasTheDefaults(t *testing.T) {
	t.Parallel()
	policy := quecloud.DefaultRetryPolicy()
	want := [][]string{
		{"`RetryPolicy.MaxAttempts`", strconv.Itoa(policy.MaxAttempts)},
		{"`RetryPolicy.BaseDelay`", policy.BaseDelay.String()},
		{"`RetryPolicy.MaxDelay`", policy.MaxDelay.String()},
		{"`RetryPolicy.MaxRetryAfter`", policy.MaxRetryAfter.String()},
		{"`RetryPolicy.RetryPurchasesAfter`", policy.RetryPurchasesAfter.String()},
		{"`WithTimeout`", quecloud.DefaultTimeout.String()},
	}
	for _, page := range errorPages {
		for i, cells := range tableOf(t, page, tableSettings) {
			assert.Equal(t, []string{cells[0], strings.Trim(cells[1], "`")}, want[i], page)
		}
	}
	source := readText(t, "retry.go")
	assert.Contains(t, source, "maxTokens = 500\n", "the page says: 100 retries")
	assert.Contains(t, source, "retryCost = 5\n", "the page says: 5 successful calls")
	for _, image := range retryImages {
		assert.Regexp(t, `(at most|最多) `+want[0][1]+" ", readText(t, image), "the attempts in %s", image)
	}
}

func TestErrorsPageListsTheWords(t *testing.T) {
	t.Parallel()
	_, comment, _ := strings.Cut(readText(t, "errors.go"), "// ErrorType returns one word")
	comment, _, _ = strings.Cut(comment, "\nfunc ErrorType")
	var want []string
	for _, word := range regexp.MustCompile(`(?m)^//\t(\w+) `).FindAllStringSubmatch(comment, -1) {
		want = append(want, word[1])
	}
	for _, page := range errorPages {
		var got []string
		for _, cells := range tableOf(t, page, tableWords) {
			got = append(got, strings.Trim(cells[0], "`"))
		}
		assert.Equal(t, want, got, page)
	}
}

func TestErrorsPageListsTheCodes(t *testing.T) {
	t.Parallel()
	_, table, _ := strings.Cut(readText(t, "errors.go"), "var resultCodes = ")
	table, _, _ = strings.Cut(table, "\n}\n")
	codes := regexp.MustCompile(`(?m)^\t(\d+): \{\w+, (\w+)\}`).FindAllStringSubmatch(table, -1)
	require.NotEmpty(t, codes)
	for _, page := range errorPages {
		listed := map[string]string{}
		for _, cells := range tableOf(t, page, tableCodes) {
			listed[strings.Trim(cells[0], "`")] = cells[1]
		}
		for _, code := range codes {
			assert.Equal(t, "`"+code[2]+"`", listed[code[1]], "%s: code %s", page, code[1])
		}
	}
}

// The diagrams are written by hand. They are XML, have colors for a dark page, and differ in their texts only.
func TestErrorsPageDiagramsAgree(t *testing.T) {
	t.Parallel()
	words := regexp.MustCompile(`>[^<]*</(?:text|title)>`)
	var shapes []string
	for _, image := range retryImages {
		text := readText(t, image)
		require.NoError(t, xml.Unmarshal([]byte(text), new(struct{})), image)
		assert.Contains(t, text, "prefers-color-scheme: dark", image)
		shapes = append(shapes, words.ReplaceAllString(text, ""))
	}
	assert.Equal(t, shapes[0], shapes[1])
}
