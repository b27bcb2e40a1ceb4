package cardlist

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCardListHasLinesAndFields(t *testing.T) {
	t.Parallel()
	const one, two = "8986062343202380834", "8986062343202380835"
	tests := map[string]struct {
		content string
		want    []Row
	}{
		"commas": {"1,a\n2,b\n", []Row{{1, "1,a", []string{"1", "a"}}, {2, "2,b", []string{"2", "b"}}}},
		"tabs":   {"1,5\ta\n2;b\t", []Row{{1, "1,5\ta", []string{"1,5", "a"}}, {2, "2;b\t", []string{"2;b", ""}}}},
		"an empty field": {"\ta\tb\n1\t\t2", []Row{
			{1, "\ta\tb", []string{"", "a", "b"}},
			{2, "1\t\t2", []string{"1", "", "2"}},
		}},
		"semicolons":   {"1;a", []Row{{1, "1;a", []string{"1", "a"}}}},
		"one column":   {"1\n2", []Row{{1, "1", []string{"1"}}, {2, "2", []string{"2"}}}},
		"CRLF and BOM": {"\ufeff1,a\r\n2,b\r\n", []Row{{1, "1,a", []string{"1", "a"}}, {2, "2,b", []string{"2", "b"}}}},
		"CR": {"1,a\r2,b\r\r3,c", []Row{
			{1, "1,a", []string{"1", "a"}},
			{2, "2,b", []string{"2", "b"}},
			{4, "3,c", []string{"3", "c"}},
		}},
		"empty lines": {"\n1,a\n \n\n2, b ,\n,,\n", []Row{
			{2, "1,a", []string{"1", "a"}},
			{5, "2, b ,", []string{"2", "b", ""}},
		}},
		"GBK is left so": {"\xbf\xa8,\xba\xc5\n1,\xd2\xc6\xb6\xaf", []Row{
			{1, "\xbf\xa8,\xba\xc5", []string{"\xbf\xa8", "\xba\xc5"}},
			{2, "1,\xd2\xc6\xb6\xaf", []string{"1", "\xd2\xc6\xb6\xaf"}},
		}},
		"tabs against Excel": {"iccid,msisdn\n" + one + "\t,1064\t\n", []Row{
			{1, "iccid,msisdn", []string{"iccid", "msisdn"}}, {2, one + "\t,1064\t", []string{one, "1064"}},
		}},
		"tabs against Excel in the heading": {"iccid\t;msisdn\t\n" + one + "\t;\t1064\t\n", []Row{
			{1, "iccid\t;msisdn\t", []string{"iccid", "msisdn"}}, {2, one + "\t;\t1064\t", []string{one, "1064"}},
		}},
		"a title of one cell": {"卡列表\n\niccid,msisdn\n" + one + ",1064", []Row{
			{1, "卡列表", []string{"卡列表"}},
			{3, "iccid,msisdn", []string{"iccid", "msisdn"}},
			{4, one + ",1064", []string{one, "1064"}},
		}},
		"a title as wide as the list": {"卡列表,,\niccid,msisdn,name\n" + one + ",1064,", []Row{
			{1, "卡列表,,", []string{"卡列表", "", ""}}, {2, "iccid,msisdn,name", []string{"iccid", "msisdn", "name"}},
			{3, one + ",1064,", []string{one, "1064", ""}},
		}},
		"a title before one column": {"卡列表\t\n" + one + "\t\n" + two + "\n", []Row{
			{1, "卡列表\t", []string{"卡列表"}}, {2, one + "\t", []string{one}}, {3, two, []string{two}},
		}},
		"trailing separators": {"iccid,msisdn,\n" + one + ",1064\n" + two + ",1065,,\n", []Row{
			{1, "iccid,msisdn,", []string{"iccid", "msisdn", ""}}, {2, one + ",1064", []string{one, "1064"}},
			{3, two + ",1065,,", []string{two, "1065", "", ""}},
		}},
		"quotation marks": {`"iccid","a ""b"", c",name` + "\n" + `="` + one + `" , "" ,x"y"`, []Row{
			{1, `"iccid","a ""b"", c",name`, []string{"iccid", `a "b", c`, "name"}},
			{2, `="` + one + `" , "" ,x"y"`, []string{one, "", `x"y"`}},
		}},
		"quotation marks and another separator": {`"a,b";c` + "\n" + `1;"2;3"`, []Row{
			{1, `"a,b";c`, []string{"a,b", "c"}}, {2, `1;"2;3"`, []string{"1", "2;3"}},
		}},
		"nothing": {"", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, r := range []io.Reader{
				strings.NewReader(test.content), iotest.OneByteReader(strings.NewReader(test.content)),
			} {
				var rows []Row
				for row, err := range Rows(r) {
					require.NoError(t, err)
					rows = append(rows, row)
				}
				assert.Equal(t, test.want, rows)
			}
			for _, err := range Rows(strings.NewReader(test.content)) {
				require.NoError(t, err)
				break
			}
		})
	}
}

func TestCardListIsNotSplitByGuessing(t *testing.T) {
	t.Parallel()
	const iccid = "8986062343202380834"
	for name, test := range map[string]struct {
		content string
		line    int // that cannot be read
		text    string
		after   int // lines that can be read after it
	}{
		"fewer fields":            {"iccid,msisdn\n1,2\n3\n4,5\n", 3, "it has 1 fields where those before have 2", 1},
		"more fields":             {"iccid,msisdn\n1,2\n3,x,y\n4,5\n", 3, "it has 3 fields where those before have 2", 1},
		"another separator":       {"iccid,msisdn\n1;2\n", 2, "it has 1 fields where those before have 2", 0},
		"tabs instead of commas":  {"iccid,msisdn\n1\t2\n", 2, "a field has a tab inside", 0},
		"a tab amid a field":      {"iccid,msisdn\n1\t2,3\n4,5\n", 2, "a field has a tab inside", 1},
		"tabs as both":            {"iccid\t,msisdn\timsi\n", 1, "it has several possible separators", 0},
		"two separators":          {"iccid;0,5\n", 1, "it has several possible separators", 0},
		"two separators and tabs": {"a;b\t,c\t\n", 1, "it has several possible separators", 0},
		"one column and then two": {
			iccid + "\n" + iccid + ",1064\n" + iccid + "\n", 2, "it has 2 fields where those before have 1", 1,
		},
		"a line that is broken":    {"iccid,remark,status\n1,a\nb,正常\n", 2, "it has 2 fields where those before have 3", 0},
		"a tab beside quotes":      {"a,b\n\"1\",2\t3\n4,5\n", 2, "a field has a tab inside", 1},
		"an open quotation mark":   {"a,b\n\"1,2\n3,4\n", 2, "a quotation mark is not closed at the end of its field", 1},
		"a closed quotation mark":  {"a,b\n\"1\"x,2\n3,4\n", 2, "a quotation mark is not closed at the end of its field", 1},
		"a zero byte":              {"a,b\n1,\x002\n3,4\n", 2, "bytes that no text has", 1},
		"UTF-16":                   {"\xff\xfe1\x00,\x002\x00", 1, "perhaps it is UTF-16", 0},
		"UTF-16, Chinese only":     {"\xfe\xff\x53\x61", 1, "perhaps it is UTF-16", 0},
		"UTF-16 without its marks": {"1\x00,\x002\x00", 1, "perhaps it is UTF-16", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var failed []Row
			after := 0
			for row, err := range Rows(strings.NewReader(test.content)) {
				switch {
				case err == nil && failed != nil:
					after++
				case err != nil && failed == nil:
					assert.ErrorContains(t, err, test.text)
					assert.ErrorContains(t, err, " of card_list.txt: ")
					failed = append(failed, row)
				}
			}
			require.NotEmpty(t, failed)
			assert.Equal(t, test.line, failed[0].Line)
			assert.NotEmpty(t, failed[0].Text)
			assert.Nil(t, failed[0].Fields)
			assert.Equal(t, test.after, after)
		})
	}
}

func TestCardListEndsWithTheErrorOfItsReader(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		r    io.Reader
		rows int
		text string
	}{
		"an error": {
			io.MultiReader(strings.NewReader("1,a\n2,b\n"), iotest.ErrReader(broken)),
			2, "after line 2: broken",
		},
		"an endless line": {
			strings.NewReader("1\n" + strings.Repeat("x", 2<<20)),
			1, "after line 1: bufio.Scanner: token too long",
		},
	} {
		rows := 0
		var failed error
		for row, err := range Rows(test.r) {
			if err != nil {
				assert.Zero(t, row, name)
				failed = err
				continue
			}
			rows++
		}
		assert.EqualError(t, failed, "reading card_list.txt "+test.text, name)
		assert.Equal(t, test.rows, rows, name)
	}
}
