package quecloud_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

// damagedZip is a zip file with a wrong byte amid a list of cards.
func damagedZip(t *testing.T) []byte {
	file := zipOf(t, zip.Store, "card_list.txt", strings.Repeat("1064991300001,8986031749203860001\n", 10000))
	file[len(file)/2] ^= 1
	return file
}

func TestADownloadedFileIsWholeOrNotThere(t *testing.T) {
	t.Parallel()
	whole := zipOf(t, zip.Store, "card_list.txt", strings.Repeat("1064991300001,8986031749203860001\n", 10000))
	lost := bytes.Clone(whole)
	copy(lost[bytes.LastIndex(lost, []byte("PK\x01\x02")):], "PKxx")
	tests := map[string]struct {
		answer []byte
		is     func(error) bool // what the error has to be
		text   string
	}{
		"whole":                 {answer: whole},
		"cut off":               {whole[:len(whole)-30], is[*quecloud.ResponseError], "end of a zip file is missing"},
		"a byte is wrong":       {damagedZip(t), is[*quecloud.ResponseError], "checksum"},
		"without its directory": {lost, is[*quecloud.ResponseError], "damaged"},
		"empty":                 {zipOf(t, zip.Store), is[*quecloud.ResponseError], "nothing in it"},
		"refused":               {[]byte(`{"resultCode":1,"errorMessage":"任务不存在"}`), is[*quecloud.APIError], "任务不存在"},
	}
	for name, test := range tests {
		for _, before := range []string{"", "an older file"} {
			t.Run(name+", "+before, func(t *testing.T) {
				t.Parallel()
				path := filepath.Join(t.TempDir(), "cards.zip")
				if before != "" {
					require.NoError(t, os.WriteFile(path, []byte(before), 0o600))
				}
				platform := &stub{answer: func(context.Context, url.Values) any { return test.answer }}
				var told int64
				n, err := platform.client(t).Files.DownloadFile(t.Context(), 7, path, quecloud.Progress(func(done, _ int64) { told = done }))
				got, readErr := os.ReadFile(path)
				others, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*"))
				assert.Empty(t, others, "files left behind")
				if test.is == nil {
					require.NoError(t, err)
					assert.EqualValues(t, len(whole), n)
					assert.Equal(t, n, told)
					assert.Equal(t, whole, got)
					return
				}
				assert.True(t, test.is(err), "%v", err)
				assert.ErrorContains(t, err, test.text)
				assert.Zero(t, n)
				assert.Equal(t, before, string(got))
				assert.Equal(t, before == "", errors.Is(readErr, os.ErrNotExist))
			})
		}
	}
}

func TestADownloadThatIsCanceledLeavesNoFile(t *testing.T) {
	t.Parallel()
	whole := zipOf(t, zip.Store, "card_list.txt", strings.Repeat("x", 1<<20))
	for name, part := range map[string]int{"on the way": 1, "when it is verified": len(whole)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			platform := &stub{answer: func(context.Context, url.Values) any { return whole }}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			dir := t.TempDir()
			_, err := platform.client(t).Files.DownloadFile(ctx, 7, filepath.Join(dir, "cards.zip"), quecloud.Progress(func(done, _ int64) {
				if done >= int64(part) {
					cancel()
				}
			}))
			require.ErrorIs(t, err, context.Canceled)
			assert.NotContains(t, err.Error(), "damaged")
			files, err := os.ReadDir(dir)
			require.NoError(t, err)
			assert.Empty(t, files)
		})
	}
}

func TestADownloadThatHasNowhereToGoAsksForNothing(t *testing.T) {
	t.Parallel()
	platform := &stub{answer: func(context.Context, url.Values) any { return refusal("asked") }}
	_, err := platform.client(t).Files.DownloadFile(t.Context(), 7, filepath.Join(t.TempDir(), "none", "cards.zip"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.Zero(t, platform.calls())
}

func TestReadCardListGivesLinesAndFields(t *testing.T) {
	t.Parallel()
	type row = quecloud.CardListRow
	tests := map[string]struct {
		content string
		want    []row
	}{
		"commas":         {"1,a\n2,b\n", []row{{1, "1,a", []string{"1", "a"}}, {2, "2,b", []string{"2", "b"}}}},
		"tabs first":     {"1,5\ta\n2;b", []row{{1, "1,5\ta", []string{"1,5", "a"}}, {2, "2;b", []string{"2;b"}}}},
		"semicolons":     {"1;a", []row{{1, "1;a", []string{"1", "a"}}}},
		"one column":     {"1\n2", []row{{1, "1", []string{"1"}}, {2, "2", []string{"2"}}}},
		"CRLF and BOM":   {"\ufeff1,a\r\n2,b\r\n", []row{{1, "1,a", []string{"1", "a"}}, {2, "2,b", []string{"2", "b"}}}},
		"empty lines":    {"\n1,a\n \n\n2, b ,\n\n", []row{{2, "1,a", []string{"1", "a"}}, {5, "2, b ,", []string{"2", "b", ""}}}},
		"GBK is left so": {"1,\xd2\xc6\xb6\xaf", []row{{1, "1,\xd2\xc6\xb6\xaf", []string{"1", "\xd2\xc6\xb6\xaf"}}}},
		"nothing":        {"", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := zipOf(t, zip.Deflate, "readme.txt", "x", "export/Card_List.txt", test.content)
			for range 2 {
				rows, err := collect(quecloud.ReadCardList(bytes.NewReader(file), int64(len(file))))
				require.NoError(t, err)
				assert.Equal(t, test.want, rows)
			}
			for _, err := range quecloud.ReadCardList(bytes.NewReader(file), int64(len(file))) {
				require.NoError(t, err)
				break
			}
		})
	}
}

func TestReadCardListReportsWhatItCannotRead(t *testing.T) {
	t.Parallel()
	damaged := zipOf(t, zip.Store, "card_list.txt", "1,a\n2,b\n")
	damaged[bytes.Index(damaged, []byte("2,b"))] = '3'
	tests := map[string]struct {
		file []byte
		rows int
		text string
	}{
		"no zip":       {[]byte("PK"), 0, "not a valid zip file"},
		"no list":      {zipOf(t, zip.Store, "a.txt", "1"), 0, "no card_list.txt among its 1 files"},
		"checksum":     {damaged, 2, "after line 2: zip: checksum error"},
		"endless line": {zipOf(t, zip.Deflate, "card_list.txt", "1\n"+strings.Repeat("x", 2<<20)), 1, "after line 1: bufio.Scanner: token too long"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, err := collect(quecloud.ReadCardList(bytes.NewReader(test.file), int64(len(test.file))))
			assert.ErrorContains(t, err, test.text)
			assert.Len(t, rows, test.rows)
		})
	}
}

// zipOf makes a zip file of names and contents.
func zipOf(t *testing.T, method uint16, entries ...string) []byte {
	var file bytes.Buffer
	archive := zip.NewWriter(&file)
	for i := 0; i < len(entries); i += 2 {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: entries[i], Method: method})
		require.NoError(t, err)
		_, err = io.WriteString(w, entries[i+1])
		require.NoError(t, err)
	}
	require.NoError(t, archive.Close())
	return file.Bytes()
}
