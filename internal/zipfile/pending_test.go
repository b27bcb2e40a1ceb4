package zipfile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// filesIn returns the names in a directory.
func filesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func TestPendingFileIsRenamedIntoPlace(t *testing.T) {
	t.Parallel()
	for _, before := range []string{"", "an older file"} {
		for _, commit := range []bool{true, false} {
			path := filepath.Join(t.TempDir(), "cards.zip")
			if before != "" {
				require.NoError(t, os.WriteFile(path, []byte(before), 0o600))
			}
			p, err := CreatePending(path)
			require.NoError(t, err)
			_, err = p.WriteString("whole")
			require.NoError(t, err)
			got, _ := os.ReadFile(path)
			assert.Equal(t, before, string(got), "nothing changes before Commit")
			want := before
			if commit {
				require.NoError(t, p.Commit())
				want = "whole"
			}
			p.Discard()
			got, _ = os.ReadFile(path)
			assert.Equal(t, want, string(got))
			if want == "" {
				assert.Empty(t, filesIn(t, filepath.Dir(path)))
			} else {
				assert.Equal(t, []string{"cards.zip"}, filesIn(t, filepath.Dir(path)))
			}
		}
	}
}

func TestPendingFileNeedsTheNameOfAFile(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "folder")
	require.NoError(t, os.Mkdir(folder, 0o700))
	for _, path := range []string{"", ".", "..", folder, folder + "/", folder + "/..", folder + "/new/"} {
		_, err := CreatePending(path)
		require.ErrorAs(t, err, new(*TargetError), path)
		assert.ErrorContains(t, err, "is a directory, which a download does not replace")
	}
	_, err := CreatePending(filepath.Join(folder, "none", "cards.zip"))
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.Empty(t, filesIn(t, folder))
}

func TestPendingFileMayHaveTheLongestName(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), strings.Repeat("卡", 83))
	p, err := CreatePending(path)
	require.NoError(t, err)
	defer p.Discard()
	require.NoError(t, p.Commit())
	assert.FileExists(t, path)

	_, err = CreatePending(path + strings.Repeat("x", 1000))
	assert.Error(t, err, "a file that cannot get its name must not be downloaded")
	assert.Len(t, filesIn(t, filepath.Dir(path)), 1)
}

func TestPendingFileIsNotCommittedAfterItsFailure(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cards.zip")
	p, err := CreatePending(path)
	require.NoError(t, err)
	require.NoError(t, p.Close())
	require.ErrorIs(t, p.Commit(), os.ErrClosed)
	p.Discard()
	assert.Empty(t, filesIn(t, filepath.Dir(path)))
}
