package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFleetDemonstrationLosesNothing(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"-demo", "1000", "-size", "25", "-rate", "40"}, &out))
	assert.Contains(t, out.String(), "1300 in the fleet, 300 of them added during the sweep; 1300 visited, on 52 pages")
	assert.Contains(t, out.String(), "300 in the stream, 300 handled")
}

func TestFleetChecksItsFlags(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"coffee":                 `unknown part "coffee"`,
		"sweep -rate 0":          "-rate",
		"worker -ack-wait 1ms":   "-ack-wait",
		"sweep -size 1001":       "-size",
		"-size 0":                "-size",
		"-demo -1":               "-demo",
		"worker -at-once 0":      "-at-once",
		"sweep now":              `unexpected argument "now"`,
		"sweep -name a.b":        "-name",
		"worker -space >":        "-space",
		"server -rate 20":        "flag provided but not defined",
		"callbacks -at-once 100": "flag provided but not defined",
	} {
		err := run(t.Context(), strings.Fields(line), io.Discard)
		require.ErrorContains(t, err, want, line)
	}
}

func TestFleetHidesThePasswordOfAnInvalidURL(t *testing.T) {
	t.Parallel()
	_, err := connect("nats://user:pass-word@127.0.0.1:port")
	require.ErrorContains(t, err, "NATS_URL")
	assert.NotContains(t, err.Error(), "pass-word")
}
