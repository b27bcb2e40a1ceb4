package selftest_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

func TestMethodsSendTheirFormAndReadTheirResponse(t *testing.T) {
	t.Parallel()
	for _, c := range selftest.Methods() {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			for name, text := range selftest.Variants(t, c) {
				checkMethod(t, c, name, text, c.Want)
			}
			if file := c.Base() + ".nulls.json"; selftest.HasFixture(file) {
				want := c.Want
				if c.Nulls != nil {
					want = c.Nulls
				}
				checkMethod(t, c, file, selftest.Fixture(t, file), want)
			}
		})
	}
}

// checkMethod makes the call of a case, and compares what it sends and what it makes of the response.
func checkMethod(t *testing.T, c selftest.MethodCase, name string, response []byte, want any) {
	t.Helper()
	p := selftest.TextPlatform(string(response))
	got, err := c.Call(t.Context(), p.Client(t, selftest.AtNow))
	require.Len(t, p.Requests(), 1, name)
	selftest.CheckRequest(t, p.Request(t, 0), "fc.function."+c.Method, c.Form)
	require.ErrorIs(t, err, c.Err, name)
	if line := selftest.Diff(want, got); line != "" {
		t.Fatalf("the result of %s differs: %s", name, line)
	}
}

// testedElsewhere lists files of testdata that no case of a method reads.
var testedElsewhere = []string{
	"README.md", "members.tsv", "error.json", "unauthorized.json", "page.html",
	"file.down.failed.json", "file.last.down.failed.json", "file.list.failed.json",
}

func TestMethodsReadEveryFixture(t *testing.T) {
	t.Parallel()
	read := slices.Clone(testedElsewhere)
	for _, c := range selftest.Methods() {
		read = append(read, c.Response(), c.Base()+".nulls.json", c.Base()+".aliases.json", c.Base()+".table.json")
	}
	files, err := os.ReadDir(filepath.Join(selftest.Root(), "testdata"))
	require.NoError(t, err)
	for _, file := range files {
		if !file.IsDir() && !slices.Contains(read, file.Name()) {
			t.Errorf("testdata/%s: no case of Methods reads it, see internal/selftest/methods_*.go", file.Name())
		}
	}
}

// missingInExamples are the members that the tables of the vendor's document promise and its own examples leave out.
var missingInExamples = map[string]string{
	"card.list.json": "cards[0].cardType", "billing_group.list.json": "billingGroups[0].setMeal",
}

func TestMethodsReportNoDriftInRecordedResponses(t *testing.T) {
	t.Parallel()
	for _, c := range selftest.Methods() {
		if c.File == "file.status.running.json" {
			continue // made up, with a number where the document has text
		}
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			client := selftest.FilePlatform(t, c.Response()).Client(t, quecloud.WithDriftHandler(func(d quecloud.Drift) {
				if d.Kind != quecloud.DriftMissing || d.Path != missingInExamples[c.Response()] {
					t.Errorf("%s: %s at %s: %s", c.Response(), d.Kind, d.Path, d.Value)
				}
			}))
			_, err := c.Call(t.Context(), client)
			require.ErrorIs(t, err, c.Err)
		})
	}
}

// needsNothing reports whether the document promises no members in a success of the method.
func needsNothing(c selftest.MethodCase) bool {
	return c.Method == "card.alarm" || c.Err == nil && c.Want == nil || strings.Contains(c.File, ".preverify.")
}

func TestMethodsDoNotTakeABareSuccessForAResult(t *testing.T) {
	t.Parallel()
	kinds := map[string]quecloud.Kind{}
	for _, e := range selftest.Endpoints() {
		kinds[e.Name()] = e.Kind
	}
	for _, c := range selftest.Methods() {
		for _, opts := range [][]quecloud.Option{nil, {quecloud.WithDriftHandler(func(quecloud.Drift) {})}} {
			got, err := c.Call(t.Context(), selftest.TextPlatform(`{"resultCode":0}`).Client(t, opts...))
			if needsNothing(c) {
				assert.NoError(t, err, c)
				continue
			}
			if err == nil {
				t.Errorf("%s: a bare resultCode 0 gives %v and no error: tag a member quec:\"required\"", c, got)
				continue
			}
			assert.True(t, selftest.Is[*quecloud.ResponseError](err) || errors.Is(err, quecloud.ErrPartial), "%s: %v", c, err)
			assert.Equal(t, kinds[c.Method] != quecloud.KindRead, errors.Is(err, quecloud.ErrOutcomeUnknown), "%s: %v", c, err)
		}
	}
}

// A member is a row of a table of responses in the vendor's document, see testdata/README.md.
type member struct {
	method, parent, name string
	always               bool // 必须 is 是
}

// members returns the members of all responses, without resultCode and errorMessage.
func members(t *testing.T) (all []member) {
	t.Helper()
	for line := range strings.Lines(string(selftest.Fixture(t, "members.tsv"))) {
		if !strings.HasPrefix(line, "#") {
			cells := strings.Split(strings.TrimRight(line, "\n"), "\t")
			require.Len(t, cells, 4, line)
			all = append(all, member{cells[0], cells[1], cells[2], cells[3] == "是"})
		}
	}
	return all
}

// remove removes a member from a response, and returns how many of it there were.
func (m member) remove(value any, parent string) (removed int) {
	switch value := value.(type) {
	case []any:
		for _, element := range value {
			removed += m.remove(element, parent)
		}
	case map[string]any:
		if _, found := value[m.name]; found && parent == m.parent {
			delete(value, m.name)
			removed++
		}
		for name, inner := range value {
			removed += m.remove(inner, name)
		}
	}
	return removed
}

// documented returns the response of a case with the members of the document's table.
func documented(t *testing.T, c selftest.MethodCase) []byte {
	if table := c.Base() + ".table.json"; selftest.HasFixture(table) {
		return selftest.Fixture(t, table)
	}
	return selftest.Fixture(t, c.Response())
}

func TestMembersThatAreMissingAreReported(t *testing.T) {
	t.Parallel()
	cases := map[string][]selftest.MethodCase{}
	for _, c := range selftest.Methods() {
		cases[c.Method] = append(cases[c.Method], c)
	}
	for _, m := range members(t) {
		t.Run(strings.Join([]string{m.method, m.parent, m.name}, "/"), func(t *testing.T) {
			t.Parallel()
			found := false
			for _, c := range cases[m.method] {
				var response any
				if json.Unmarshal(documented(t, c), &response) != nil || m.remove(response, "") == 0 {
					continue
				}
				found = true
				text, err := json.Marshal(response)
				require.NoError(t, err)
				missing, err := missingIn(t, c, text)
				switch {
				case !m.always && len(missing) > 0:
					t.Errorf("%s: drift %q without the member, but members.tsv says 否: remove quec:\"always\"", c, missing)
				case m.always && c.Err == nil && len(missing) == 0 && (err == nil || !strings.Contains(err.Error(), ": missing")):
					t.Errorf("%s: no drift without the member, but members.tsv says 是: add quec:\"always\" or \"required\"", c)
				}
			}
			if !found {
				t.Errorf("no response to %s in testdata has the member, which members.tsv lists", m.method)
			}
		})
	}
}

// missingIn makes the call of a case with a response, and returns where something is missing in it.
func missingIn(t *testing.T, c selftest.MethodCase, response []byte) (paths []string, err error) {
	client := selftest.TextPlatform(string(response)).Client(t, quecloud.WithDriftHandler(func(d quecloud.Drift) {
		if d.Kind == quecloud.DriftMissing {
			assert.Equal(t, "fc.function."+c.Method, d.Method)
			assert.Empty(t, d.Value)
			paths = append(paths, d.Path)
		}
	}))
	_, err = c.Call(t.Context(), client)
	return paths, err
}

func TestMembersAreListedForEveryMethod(t *testing.T) {
	t.Parallel()
	listed, promised := map[string]int{}, 0
	all := members(t)
	for _, m := range all {
		listed[m.method]++
		if m.always {
			promised++
		}
	}
	assert.GreaterOrEqual(t, len(all), 294, "testdata/members.tsv has lost rows")
	assert.GreaterOrEqual(t, promised, 224, "testdata/members.tsv has lost rows with 是")
	for _, c := range selftest.Methods() {
		if !needsNothing(c) && listed[c.Method] == 0 && strings.HasSuffix(c.Response(), ".json") {
			t.Errorf("testdata/members.tsv has no row of %s, from the document's table of the response", c.Method)
		}
	}
	for _, e := range selftest.Endpoints() {
		delete(listed, e.Name())
	}
	assert.Empty(t, listed, "testdata/members.tsv lists methods that endpoints.go lacks")
}

// caseOf returns the first case of a method.
func caseOf(method string) selftest.MethodCase {
	all := selftest.Methods()
	return all[slices.IndexFunc(all, func(c selftest.MethodCase) bool { return c.Method == method })]
}

// Live responses have "" for dates that are unknown: a blank value is no drift.
func TestMembersThatAreBlankAreNotReported(t *testing.T) {
	t.Parallel()
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
			missing, err := missingIn(t, caseOf("card.info"), []byte(text.String()+"}"))
			require.NoError(t, err, "absence is no error")
			assert.Equal(t, want, missing, text.String())
		}
	}
}

func TestMembersOfAMissingPageAreReportedOnce(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		`"cards":[]`:             {"page"},
		`"cards":[],"page":null`: nil,
		`"cards":[],"page":{"page":1,"pageSize":1}`:                        {"page.totalCount", "page.totalPage"},
		`"cards":[],"page":1,"pageSize":1,"totalCount":0`:                  {"totalPage"},
		`"cards":[],"page":1,"pageSize":1,"totalCount":0,"TotalPage":null`: nil,
	} {
		missing, err := missingIn(t, caseOf("card.list"), []byte(`{"resultCode":0,`+text+"}"))
		require.NoError(t, err)
		assert.Equal(t, want, missing, text)
	}
}

func TestMembersAreNotMissingInARefusal(t *testing.T) {
	t.Parallel()
	for _, c := range selftest.Methods() {
		missing, err := missingIn(t, c, []byte(`{"resultCode":1,"errorMessage":"no"}`))
		require.Error(t, err)
		assert.Empty(t, missing, c)
	}
}

func TestMethodsVariantsHaveOtherTypesAndNames(t *testing.T) {
	t.Parallel()
	variants := selftest.Variants(t, caseOf("card.realNameStatusQuery"))
	response := string(selftest.Fixture(t, "card.realNameStatusQuery.json"))
	for name, change := range map[string][2]string{
		"strings": {`"resultCode": 0,`, `"resultCode": "0",`},
		"numbers": {`"rpscode": "0000"`, `"rpscode": 0`},
		"case":    {`"resultCode"`, `"RESULTCODE"`},
	} {
		variant := string(variants["card.realNameStatusQuery with "+name])
		if !strings.Contains(response, change[0]) {
			t.Errorf("testdata has no %s", change[0])
		}
		if !strings.Contains(variant, change[1]) {
			t.Errorf("%s has no %s", name, change[1])
		}
	}
}
