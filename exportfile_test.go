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
		"a bomb":                {zipOf(t, zip.Deflate, "card_list.txt", strings.Repeat("x", 65<<20)), is[*quecloud.ResponseError], "the limit is 200 times"},
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

func TestADownloadNeedsTheNameOfAFile(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "folder")
	require.NoError(t, os.Mkdir(folder, 0o700))
	platform := &stub{answer: func(context.Context, url.Values) any { return refusal("asked") }}
	for _, path := range []string{"", ".", "..", folder, folder + "/", folder + "/..", folder + "/new/"} {
		_, err := platform.client(t).Files.DownloadFile(t.Context(), 7, path)
		require.ErrorAs(t, err, new(*quecloud.ParamError), path)
		assert.ErrorContains(t, err, "is a directory")
	}
	assert.Zero(t, platform.calls())
}

func TestADownloadTakesNamesAsLongAsTheSystemDoes(t *testing.T) {
	t.Parallel()
	whole := zipOf(t, zip.Store, "card_list.txt", "1,a\n")
	platform := &stub{answer: func(context.Context, url.Values) any { return whole }}
	path := filepath.Join(t.TempDir(), strings.Repeat("卡", 83))
	_, err := platform.client(t).Files.DownloadFile(t.Context(), 7, path)
	require.NoError(t, err)
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, whole, got)

	asked := platform.calls()
	_, err = platform.client(t).Files.DownloadFile(t.Context(), 7, path+strings.Repeat("x", 1000))
	require.Error(t, err)
	assert.Equal(t, asked, platform.calls(), "what cannot be kept must not be downloaded")
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
