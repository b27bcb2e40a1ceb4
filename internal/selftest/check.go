package selftest

import (
	"context"
	"crypto/sha1"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
)

// Unsigned lists the parameters that are sent and not signed, § 2.3.7 and § 2.3.8, apart from the endpoint table.
var Unsigned = map[string][]string{
	"fc.function.card.alarm":        {"alarmParam"},
	"fc.function.card.alarm.status": {"alarmStatus", "pauseStatus"},
}

// CheckRequest checks a request of a client with [AtNow] against parameters and a signature made without the SDK's
// code.
func CheckRequest(t testing.TB, got Request, method string, business map[string]string) {
	t.Helper()
	require.Equal(t, http.MethodPost, got.Verb)
	require.Equal(t, URL, got.URL, "the URL has no query")
	require.Equal(t, "application/x-www-form-urlencoded", got.Header.Get("Content-Type"))

	want := map[string]string{"appKey": Key, "method": method, "t": "1732605510"}
	maps.Copy(want, business)
	want["sign"] = PlainSign(Secret, want, Unsigned[method]...)
	form, err := url.ParseQuery(got.Body)
	require.NoError(t, err)
	sent := map[string]string{}
	for name, values := range form {
		require.Len(t, values, 1, name)
		require.NotEmpty(t, values[0], "%s is blank", name)
		sent[name] = values[0]
	}
	if line := Diff(want, sent); line != "" {
		t.Fatalf("the form of %s differs: %s", method, line)
	}
}

// PlainSign signs parameters as § 1.6 says, in the plainest way.
func PlainSign(secret string, params map[string]string, unsigned ...string) string {
	var text strings.Builder
	text.WriteString(secret)
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if name != "sign" && params[name] != "" && !slices.Contains(unsigned, name) {
			text.WriteString(name + params[name])
		}
	}
	return fmt.Sprintf("%X", sha1.Sum([]byte(text.String()+secret)))
}

// CheckNotSent makes a call with an invalid parameter, and checks that it sends nothing and returns a ParamError with
// the names of the method and the parameter, and no result.
func CheckNotSent(
	t testing.TB, call func(context.Context, *quecloud.Client) (any, error), method, param string,
) {
	t.Helper()
	platform := TextPlatform(`{"resultCode":0}`)
	got, err := call(t.Context(), platform.Client(t))
	assert.Empty(t, platform.Requests(), "something was sent")
	assert.Zero(t, got)
	var invalid *quecloud.ParamError
	require.ErrorAs(t, err, &invalid)
	assert.Equal(t, method, invalid.Method)
	assert.Equal(t, param, invalid.Param)
	assert.NotEmpty(t, invalid.Reason)
	assert.ErrorContains(t, err, strings.TrimPrefix(method, "fc.function."))
	assert.ErrorContains(t, err, param)
	assert.NotErrorIs(t, err, quecloud.ErrOutcomeUnknown)
}
