package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

func TestDescribeTellsWhatEachCommandDoes(t *testing.T) {
	srv := quecloudtest.NewServer()
	defer srv.Close()
	code, out, errOut := invoke(t, srv, "describe")
	require.Zero(t, code, errOut)
	var all []description
	require.NoError(t, json.Unmarshal([]byte(out), &all))
	described := map[string]description{}
	for _, d := range all {
		described[strings.TrimPrefix(d.Command, "quecloud ")] = d
	}
	for path := range samples {
		d, ok := described[path]
		require.Truef(t, ok, "%s is not described", path)
		if path == "call" || path == "check" {
			continue
		}
		changes := slices.ContainsFunc(d.Methods, func(method string) bool { return !reads[method] })
		assert.Equalf(t, changes, d.Changes, "%s calls %v", path, d.Methods)
		assert.NotEmptyf(t, d.Columns, "%s", path)
	}
	assert.True(t, described["call"].Changes)
	list := described["cards list"]
	assert.Contains(t, list.Columns, "planName")
	i := slices.IndexFunc(list.Flags, func(f flagDescription) bool { return f.Name == "group" })
	require.GreaterOrEqual(t, i, 0)
	assert.Equal(t, flagDescription{Name: "group", Type: "int64", Default: "0", Text: "only cards of this billing group"},
		list.Flags[i])
}
