package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReferenceIsCurrent finds pages that do not fit the commands. Write them anew with
//
//	go -C cmd/quecloud run . reference ../../docs/cli man
func TestReferenceIsCurrent(t *testing.T) {
	dir := t.TempDir()
	for _, lang := range []string{"en", "zh"} {
		require.NoError(t, writeMarkdown(filepath.Join(dir, "cli"), lang))
	}
	require.NoError(t, writeManual(filepath.Join(dir, "man")))
	for made, committed := range map[string]string{"cli": "../../docs/cli", "man": "man"} {
		want, err := os.ReadDir(filepath.Join(dir, made))
		require.NoError(t, err)
		got, err := os.ReadDir(committed)
		require.NoError(t, err)
		assert.Len(t, got, len(want), committed)
		for _, page := range want {
			wanted, err := os.ReadFile(filepath.Join(dir, made, page.Name()))
			require.NoError(t, err)
			is, err := os.ReadFile(filepath.Join(committed, page.Name()))
			require.NoError(t, err)
			assert.Equal(t, string(wanted), string(is), "%s is not current", page.Name())
		}
	}
}
