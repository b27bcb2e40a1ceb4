//go:build unix

package zipfile

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPendingFileReplacesRegularFilesOnly(t *testing.T) {
	t.Parallel()
	notOurs := filepath.Join(t.TempDir(), "not ours")
	require.NoError(t, os.WriteFile(notOurs, []byte("kept"), 0o600))
	for name, put := range map[string]func(path string) error{
		"a directory":                 func(path string) error { return os.Mkdir(path, 0o700) },
		"a symbolic link":             func(path string) error { return os.Symlink(notOurs, path) },
		"a symbolic link to nowhere":  func(path string) error { return os.Symlink("nowhere", path) },
		"a symbolic link to its name": func(path string) error { return os.Symlink(path, path) },
		"a named pipe":                func(path string) error { return syscall.Mkfifo(path, 0o600) },
	} {
		for _, late := range []bool{false, true} { // after the file was created
			path := filepath.Join(t.TempDir(), "cards.zip")
			if !late {
				require.NoError(t, put(path))
			}
			before, _ := os.Lstat(path)
			p, err := CreatePending(path)
			if late {
				require.NoError(t, err, name)
				require.NoError(t, put(path))
				before, _ = os.Lstat(path)
				err = p.Commit()
				p.Discard()
			}
			require.ErrorAs(t, err, new(*TargetError), name)
			require.ErrorContains(t, err, `"cards.zip" is `+strings.Split(name, " to ")[0])
			after, err := os.Lstat(path)
			require.NoError(t, err)
			assert.True(t, os.SameFile(before, after), name)
			assert.False(t, after.Mode().IsRegular(), name)
			assert.Len(t, filesIn(t, filepath.Dir(path)), 1, name)
		}
	}
	kept, err := os.ReadFile(notOurs)
	require.NoError(t, err)
	assert.Equal(t, "kept", string(kept))
}

func TestPendingFileDoesNotReplaceDevicesAndSockets(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "socket")
	socket, err := net.Listen("unix", path)
	if err == nil { // unless the path is too long for one
		defer socket.Close()
	}
	for path, kind := range map[string]string{path: `"socket" is no regular file`, os.DevNull: `"null" is a device`} {
		if _, err := os.Lstat(path); err != nil {
			continue
		}
		_, err := CreatePending(path)
		require.ErrorAs(t, err, new(*TargetError))
		assert.ErrorContains(t, err, kind)
	}
}

func TestPendingFileStaysInItsDirectory(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	folder, moved, other := filepath.Join(top, "folder"), filepath.Join(top, "moved"), filepath.Join(top, "other")
	require.NoError(t, os.Mkdir(folder, 0o700))
	require.NoError(t, os.Mkdir(other, 0o700))
	p, err := CreatePending(filepath.Join(folder, "cards.zip"))
	require.NoError(t, err)
	defer p.Discard()
	require.NoError(t, os.Rename(folder, moved))
	require.NoError(t, os.Symlink(other, folder))
	require.NoError(t, p.Commit())
	assert.Equal(t, []string{"cards.zip"}, filesIn(t, moved))
	assert.Empty(t, filesIn(t, other))
}

func TestPendingFileIsReadableByItsOwnerOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cards.zip")
	require.NoError(t, os.WriteFile(path, nil, 0o666))
	p, err := CreatePending(path)
	require.NoError(t, err)
	defer p.Discard()
	require.NoError(t, p.Commit())
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
}
