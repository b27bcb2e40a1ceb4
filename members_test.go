package quecloud_test

import (
	"context"
	stdjson "encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

// A member is a row of a table of responses in the vendor's document. See testdata/members.tsv.
type member struct {
	method, parent, name string
	always               bool // 必须 is 是
}

// members are those of the responses of all methods, but for resultCode and errorMessage.
func members(t *testing.T) (all []member) {
	t.Helper()
	for line := range strings.Lines(string(readFile(t, "members.tsv"))) {
		if !strings.HasPrefix(line, "#") {
			cells := strings.Split(strings.TrimRight(line, "\n"), "\t")
			require.Len(t, cells, 4, line)
			all = append(all, member{cells[0], cells[1], cells[2], cells[3] == "是"})
		}
	}
	return all
}

// without removes a member from a response, and returns how many of it there were.
func (m member) without(value any, parent string) (removed int) {
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			removed += m.without(element, parent)
		}
	case map[string]any:
		if _, there := value[m.name]; there && parent == m.parent {
			delete(value, m.name)
			removed++
		}
		for name, inner := range value {
			removed += m.without(inner, name)
		}
	}
	return removed
}

// documentedAnswer is the recorded answer of a row that has the members that the table has.
func documentedAnswer(row methodRow) string {
	table := strings.TrimSuffix(row.file(), filepath.Ext(row.file())) + ".table.json"
	if recorded(table) {
		return table
	}
	return row.file()
}

func TestAMissingMemberIsReportedWhereTheDocumentPromisesIt(t *testing.T) {
	t.Parallel()
	rows := map[string][]methodRow{}
	for _, row := range methodRows() {
		rows[row.method] = append(rows[row.method], row)
	}
	for _, m := range members(t) {
		t.Run(strings.Join([]string{m.method, m.parent, m.name}, "/"), func(t *testing.T) {
			t.Parallel()
			seen := false
			for _, row := range rows[m.method] {
				var response any
				if stdjson.Unmarshal(readFile(t, documentedAnswer(row)), &response) != nil || m.without(response, "") == 0 {
					continue
				}
				seen = true
				text, err := stdjson.Marshal(response)
				require.NoError(t, err)
				missing, err := missingIn(t, row, text)
				switch {
				case !m.always:
					assert.Empty(t, missing, "%s: the document does not promise it", text)
				case row.err == nil && len(missing) == 0: // because it is required
					assert.ErrorContains(t, err, ": missing", "%s", text)
				}
			}
			assert.True(t, seen, "no recorded answer has it")
		})
	}
}

// missingIn answers a call with a text, and returns where something is missing in it.
func missingIn(t *testing.T, row methodRow, text []byte) (paths []string, err error) {
	client := newPlatform(answerText(string(text))).client(t, quecloud.WithDriftHandler(func(d quecloud.Drift) {
		if d.Kind == quecloud.DriftMissing {
			assert.Equal(t, "fc.function."+row.method, d.Method)
			assert.Empty(t, d.Value)
			paths = append(paths, d.Path)
		}
	}))
	_, err = row.call(t.Context(), client)
	return paths, err
}

func TestTheTableOfMembersIsWhole(t *testing.T) {
	t.Parallel()
	methods, promised := map[string]bool{}, 0
	all := members(t)
	for _, m := range all {
		methods[m.method] = true
		if m.always {
			promised++
		}
	}
	assert.Len(t, all, 294)
	assert.Equal(t, 224, promised)
	for _, d := range documented {
		delete(methods, d.method)
	}
	assert.Empty(t, methods, "no methods")
}

// What stands there and says nothing is no news: live responses have "" for dates that they do not know.
func TestOnlyWhatIsAbsentIsMissing(t *testing.T) {
	t.Parallel()
	row := methodRow{method: "card.info", call: func(ctx context.Context, c *quecloud.Client) (any, error) { return result(c.Cards.Info(ctx, card)) }}
	for _, m := range members(t) {
		if m.method != "card.info" || !m.always || m.name == "iccid" {
			continue
		}
		for value, want := range map[string][]string{`null`: nil, `""`: nil, ``: {m.name}} {
			var text strings.Builder
			text.WriteString(`{"resultCode":0`)
			for _, other := range members(t) {
				switch {
				case other.method != m.method || other == m && value == "":
				case other == m:
					text.WriteString(`,"` + strings.ToUpper(m.name) + `":` + value)
				case other.name == "iccid":
					text.WriteString(`,"iccid":"1"`)
				default:
					text.WriteString(`,"` + other.name + `":null`)
				}
			}
			missing, err := missingIn(t, row, []byte(text.String()+"}"))
			require.NoError(t, err, "absence is no error")
			assert.Equal(t, want, missing, text.String())
		}
	}
}

func TestAPageThatIsMissingIsReportedOnce(t *testing.T) {
	t.Parallel()
	row := methodRow{method: "card.list", call: func(ctx context.Context, c *quecloud.Client) (any, error) { return result(c.Cards.List(ctx, nil)) }}
	for text, want := range map[string][]string{
		`{"resultCode":0,"cards":[]}`:                                                       {"page"},
		`{"resultCode":0,"cards":[],"page":null}`:                                           nil,
		`{"resultCode":0,"cards":[],"page":{"page":1,"pageSize":1}}`:                        {"page.totalCount", "page.totalPage"},
		`{"resultCode":0,"cards":[],"page":1,"pageSize":1,"totalCount":0}`:                  {"totalPage"},
		`{"resultCode":0,"cards":[],"page":1,"pageSize":1,"totalCount":0,"TotalPage":null}`: nil,
	} {
		missing, err := missingIn(t, row, []byte(text))
		require.NoError(t, err)
		assert.Equal(t, want, missing, text)
	}
}

func TestInARefusalNothingIsMissing(t *testing.T) {
	t.Parallel()
	for _, row := range methodRows() {
		missing, err := missingIn(t, row, []byte(`{"resultCode":1,"errorMessage":"no"}`))
		require.Error(t, err)
		assert.Empty(t, missing, row.method)
	}
}
