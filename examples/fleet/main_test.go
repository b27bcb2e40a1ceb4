package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheDemonstrationLosesNothing(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, run(t.Context(), []string{"-demo", "1000", "-size", "25", "-rate", "40"}, &out))
	assert.Contains(t, out.String(), "1300 in the fleet, 300 of them added meanwhile; 1300 visited, on 52 pages")
	assert.Contains(t, out.String(), "300 in the stream, 300 handled")
}

func TestTheCommandLineIsChecked(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"coffee":                 `"coffee" is no part of it`,
		"sweep -rate 0":          "-rate",
		"worker -ack-wait 1ms":   "-ack-wait",
		"sweep -size 1001":       "-size",
		"sweep -name a.b":        "-name",
		"worker -space >":        "-space",
		"server -rate 20":        "flag provided but not defined",
		"callbacks -at-once 100": "flag provided but not defined",
	} {
		err := run(t.Context(), strings.Fields(line), io.Discard)
		require.ErrorContains(t, err, want, line)
	}
}

func TestThePasswordInAWrongURLIsNotShown(t *testing.T) {
	t.Parallel()
	_, err := connect("nats://user:pass-word@127.0.0.1:port")
	require.ErrorContains(t, err, "NATS_URL")
	assert.NotContains(t, err.Error(), "pass-word")
}
