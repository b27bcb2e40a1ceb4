//go:build unix

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A folder may have files of an earlier run, which others can read.
func TestCheckReplacesFilesInAFolder(t *testing.T) {
	srv, _ := platform(t)
	dir := t.TempDir()
	other := filepath.Join(t.TempDir(), "other")
	require.NoError(t, os.WriteFile(other, nil, 0o644))
	require.NoError(t, os.Symlink(other, filepath.Join(dir, "card.list.json")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "card.info.json"), nil, 0o644))
	check(t, srv, "--save", dir)
	content, err := os.ReadFile(other)
	require.NoError(t, err)
	assert.Empty(t, content, "what a link leads to stays as it was")
	info, err := os.Stat(filepath.Join(dir, "card.info.json"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode())
}
