package selftest_test

import (
	"context"
	"errors"
	"io"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

func TestPlatformRecordsWhatArrives(t *testing.T) {
	t.Parallel()
	steps := []selftest.Step{{Unsent: io.EOF}, {Status: 503}, {Body: selftest.Success}}
	client, p := selftest.Scripted(t, steps, selftest.AtNow)
	require.NoError(t, selftest.Read(t.Context(), client))
	assert.Equal(t, 3, p.Attempts())
	assert.Equal(t, []string{"202505", "202505"}, p.Values("dateStr"))
	assert.Equal(t, 1, p.Peak())
	selftest.CheckRequest(t, p.Request(t, 1), selftest.Calls[0].Method, map[string]string{"dateStr": "202505"})
	p.Reset()
	assert.Empty(t, p.Requests())

	broken := errors.New("broken")
	p = selftest.FuncPlatform(func(_ context.Context, form url.Values) any {
		switch form.Get("method") {
		case "fc.function.a":
			return broken
		case "fc.function.b":
			return []byte(`{"resultCode":1}`)
		}
		return selftest.Refusal("no")
	})
	client = p.Client(t, selftest.NoRetry)
	require.ErrorIs(t, client.Call(t.Context(), "fc.function.a", nil, nil), broken)
	require.ErrorAs(t, client.Call(t.Context(), "fc.function.b", nil, nil), new(*quecloud.APIError))
	require.ErrorContains(t, client.Call(t.Context(), "fc.function.c", nil, nil), "no")
}

func TestEndpointsAreReadFromTheSource(t *testing.T) {
	t.Parallel()
	for _, e := range selftest.Endpoints() {
		assert.NotEmpty(t, e.Section, e.Method)
		assert.NotEmpty(t, e.Title, e.Method)
		assert.Equal(t, selftest.Unsigned[e.Method], e.Unsigned, e.Method)
	}
}
