package lenient

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestDecodeTrimsSpaceLikeTheStandardLibrary(t *testing.T) {
	t.Parallel()
	parts := []string{
		"", " ", "\n", "a", "~", "移", "\u00a0", "\u3000", "\u2028", "\u1680", "\u0085", "é", "😀", "\xe4", "\xff",
	}
	for _, a := range parts {
		for _, b := range parts {
			for _, c := range parts {
				text := []byte(a + b + c)
				assert.Equal(t, string(bytes.TrimSpace(text)), string(trimSpace(text)), "%q", text)
			}
		}
	}
}
