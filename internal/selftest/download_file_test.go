package selftest_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

func TestDownloadFileIsWholeOrNotThere(t *testing.T) {
	t.Parallel()
	whole := selftest.Zip(t, []byte(strings.Repeat("1064991300001,8986031749203860001\n", 10000)), "", zip.Store)
	lost := bytes.Clone(whole)
	copy(lost[bytes.LastIndex(lost, []byte("PK\x01\x02")):], "PKxx")
	damaged := bytes.Clone(whole)
	damaged[len(damaged)/2] ^= 1
	bomb := selftest.Zip(t, []byte(strings.Repeat("x", 65<<20)), "", zip.Deflate)
	isResponseError := selftest.Is[*quecloud.ResponseError]
	tests := map[string]struct {
		response []byte
		is       func(error) bool // reports whether the error is right
		text     string
	}{
		"whole":                 {response: whole},
		"cut off":               {whole[:len(whole)-30], isResponseError, "end of a zip file is missing"},
		"a byte is wrong":       {damaged, isResponseError, "checksum"},
		"without its directory": {lost, isResponseError, "damaged"},
		"a bomb":                {bomb, isResponseError, "the limit is 200 times"},
		"empty":                 {[]byte("PK\x05\x06" + strings.Repeat("\x00", 18)), isResponseError, "it has no files"},
		"refused": {
			[]byte(`{"resultCode":1,"errorMessage":"任务不存在"}`), selftest.Is[*quecloud.APIError], "任务不存在",
		},
	}
	for name, test := range tests {
		for _, before := range []string{"", "an older file"} {
			t.Run(name+", "+before, func(t *testing.T) {
				t.Parallel()
				path := filepath.Join(t.TempDir(), "cards.zip")
				if before != "" {
					require.NoError(t, os.WriteFile(path, []byte(before), 0o600))
				}
				platform := selftest.FuncPlatform(func(context.Context, url.Values) any { return test.response })
				var told int64
				progress := quecloud.Progress(func(done, _ int64) { told = done })
				files := platform.Client(t, selftest.NoRetry).Files
				n, err := files.DownloadFile(t.Context(), 7, path, progress)
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

func TestDownloadFileCanceledLeavesNoFile(t *testing.T) {
	t.Parallel()
	whole := selftest.Zip(t, []byte(strings.Repeat("x", 1<<20)), "", zip.Store)
	for name, part := range map[string]int{"on the way": 1, "when it is verified": len(whole)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			platform := selftest.FuncPlatform(func(context.Context, url.Values) any { return whole })
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			dir := t.TempDir()
			progress := quecloud.Progress(func(done, _ int64) {
				if done >= int64(part) {
					cancel()
				}
			})
			files := platform.Client(t, selftest.NoRetry).Files
			_, err := files.DownloadFile(ctx, 7, filepath.Join(dir, "cards.zip"), progress)
			require.ErrorIs(t, err, context.Canceled)
			assert.NotContains(t, err.Error(), "damaged")
			entries, err := os.ReadDir(dir)
			require.NoError(t, err)
			assert.Empty(t, entries)
		})
	}
}

func TestDownloadFileWithoutADirectoryRequestsNothing(t *testing.T) {
	t.Parallel()
	platform := selftest.FuncPlatform(func(context.Context, url.Values) any { return selftest.Refusal("requested") })
	path := filepath.Join(t.TempDir(), "none", "cards.zip")
	_, err := platform.Client(t, selftest.NoRetry).Files.DownloadFile(t.Context(), 7, path)
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.Zero(t, platform.Attempts())
}

func TestDownloadFileNeedsTheNameOfAFile(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "folder")
	require.NoError(t, os.Mkdir(folder, 0o700))
	platform := selftest.FuncPlatform(func(context.Context, url.Values) any { return selftest.Refusal("requested") })
	for _, path := range []string{"", ".", "..", folder, folder + "/", folder + "/..", folder + "/new/"} {
		_, err := platform.Client(t, selftest.NoRetry).Files.DownloadFile(t.Context(), 7, path)
		require.ErrorAs(t, err, new(*quecloud.ParamError), path)
		assert.ErrorContains(t, err, "is a directory")
	}
	assert.Zero(t, platform.Attempts())
}

func TestDownloadFileDoesNotReplaceADirectoryThatAppears(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cards.zip")
	whole := selftest.Zip(t, []byte("1,a\n"), "", zip.Store)
	platform := selftest.FuncPlatform(func(context.Context, url.Values) any {
		assert.NoError(t, os.Mkdir(path, 0o700))
		return whole
	})
	_, err := platform.Client(t, selftest.NoRetry).Files.DownloadFile(t.Context(), 7, path)
	require.ErrorContains(t, err, `quecloud: file.down: saving the file: "cards.zip" is a directory`)
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, files, 1, "files left behind")
}
