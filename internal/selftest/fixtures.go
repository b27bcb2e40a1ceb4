package selftest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Root returns the folder of the root package, for tests of any package of the module. Tests run in their package's
// folder.
func Root() string { return root() }

var root = sync.OnceValue(func() string {
	dir, err := os.Getwd()
	for err == nil {
		text, _ := os.ReadFile(filepath.Join(dir, "go.mod"))
		if strings.HasPrefix(string(text), "module github.com/quecloud/quecloud-go\n") {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			err = errors.New("the working directory is outside the module")
		}
		dir = parent
	}
	panic(err)
})

// ReadFile returns the text of a file of the module, by its path from the root.
func ReadFile(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(Root(), file))
	require.NoError(t, err)
	return string(text)
}

// Fixture returns a file of testdata.
func Fixture(t testing.TB, file string) []byte {
	t.Helper()
	return []byte(ReadFile(t, filepath.Join("testdata", file)))
}

// HasFixture reports whether testdata has a file.
func HasFixture(file string) bool {
	_, err := os.Stat(filepath.Join(Root(), "testdata", file))
	return err == nil
}
