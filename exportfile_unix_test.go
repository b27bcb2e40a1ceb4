//go:build unix

package quecloud_test

import (
	"archive/zip"
	"context"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

func TestADownloadReplacesRegularFilesOnly(t *testing.T) {
	t.Parallel()
	whole := zipOf(t, zip.Store, "card_list.txt", "1,a\n")
	notOurs := filepath.Join(t.TempDir(), "of somebody else")
	require.NoError(t, os.WriteFile(notOurs, []byte("kept"), 0o600))
	for name, put := range map[string]func(path string) error{
		"a directory":                 func(path string) error { return os.Mkdir(path, 0o700) },
		"a symbolic link":             func(path string) error { return os.Symlink(notOurs, path) },
		"a symbolic link to nowhere":  func(path string) error { return os.Symlink("nowhere", path) },
		"a symbolic link to its name": func(path string) error { return os.Symlink(path, path) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, late := range []bool{false, true} {
				path := filepath.Join(t.TempDir(), "cards.zip")
				platform := &stub{answer: func(context.Context, url.Values) any {
					if late {
						assert.NoError(t, put(path))
					}
					return whole
				}}
				if !late {
					require.NoError(t, put(path))
				}
				before, _ := os.Lstat(path)
				_, err := platform.client(t).Files.DownloadFile(t.Context(), 7, path)
				require.ErrorContains(t, err, `"cards.zip" is `+strings.Split(name, " to ")[0])
				after, statErr := os.Lstat(path)
				require.NoError(t, statErr)
				if !late {
					require.ErrorAs(t, err, new(*quecloud.ParamError))
					assert.Zero(t, platform.calls())
					assert.True(t, os.SameFile(before, after))
				}
				assert.False(t, after.Mode().IsRegular())
				files, _ := os.ReadDir(filepath.Dir(path))
				assert.Len(t, files, 1, "files left behind")
			}
			kept, err := os.ReadFile(notOurs)
			require.NoError(t, err)
			assert.Equal(t, "kept", string(kept))
		})
	}
}

func TestADownloadStaysInItsDirectoryWhateverBecomesOfThePath(t *testing.T) {
	t.Parallel()
	whole := zipOf(t, zip.Store, "card_list.txt", "1,a\n")
	top := t.TempDir()
	folder, moved, other := filepath.Join(top, "folder"), filepath.Join(top, "moved"), filepath.Join(top, "other")
	require.NoError(t, os.Mkdir(folder, 0o700))
	require.NoError(t, os.Mkdir(other, 0o700))
	platform := &stub{answer: func(context.Context, url.Values) any {
		assert.NoError(t, os.Rename(folder, moved))
		assert.NoError(t, os.Symlink(other, folder))
		return whole
	}}
	_, err := platform.client(t).Files.DownloadFile(t.Context(), 7, filepath.Join(folder, "cards.zip"))
	require.NoError(t, err)
	got, err := os.ReadFile(filepath.Join(moved, "cards.zip"))
	require.NoError(t, err)
	assert.Equal(t, whole, got)
	files, err := os.ReadDir(other)
	require.NoError(t, err)
	assert.Empty(t, files)
}

func TestADownloadDoesNotReplaceWhatIsNoFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	require.NoError(t, syscall.Mkfifo(filepath.Join(folder, "pipe"), 0o600))
	socket, err := net.Listen("unix", filepath.Join(folder, "socket"))
	if err == nil { // unless the path is too long for one
		defer socket.Close()
	}
	platform := &stub{answer: func(context.Context, url.Values) any { return refusal("asked") }}
	for path, kind := range map[string]string{
		filepath.Join(folder, "pipe"):   `"pipe" is a named pipe`,
		filepath.Join(folder, "socket"): `"socket" is no regular file`,
		os.DevNull:                      `"null" is a device`,
	} {
		if _, err := os.Lstat(path); err != nil {
			continue
		}
		_, err := platform.client(t).Files.DownloadFile(t.Context(), 7, path)
		require.ErrorAs(t, err, new(*quecloud.ParamError))
		assert.ErrorContains(t, err, kind)
	}
	assert.Zero(t, platform.calls())
}

func TestADownloadedFileIsItsOwnersOnly(t *testing.T) {
	t.Parallel()
	whole := zipOf(t, zip.Store, "card_list.txt", "1,a\n")
	path := filepath.Join(t.TempDir(), "cards.zip")
	require.NoError(t, os.WriteFile(path, nil, 0o666))
	platform := &stub{answer: func(context.Context, url.Values) any { return whole }}
	_, err := platform.client(t).Files.DownloadFile(t.Context(), 7, path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
}
