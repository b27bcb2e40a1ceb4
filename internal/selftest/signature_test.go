package selftest_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// A signature makes a request repeatable for five minutes. If a server or transport quotes it, no error and no log may
// show it.
func TestSecretsSignatureIsInNoErrorAndNoLog(t *testing.T) {
	t.Parallel()
	respond := func(status int, text string, header http.Header) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(text)), ContentLength: -1,
		}, nil
	}
	for name, echo := range map[string]func(form, sign string) (*http.Response, error){
		"a transport's error": func(form, _ string) (*http.Response, error) {
			return nil, fmt.Errorf("cannot send %s: %w", form, io.EOF)
		},
		"an errorMessage": func(_, sign string) (*http.Response, error) {
			return respond(200, `{"resultCode":1,"errorMessage":"bad sign `+sign+`"}`, nil)
		},
		"an escaped one": func(_, sign string) (*http.Response, error) {
			return respond(200, fmt.Sprintf(`{"resultCode":1,"errorMessage":"\u%04X%s"}`, sign[0], sign[1:]), nil)
		},
		"a page": func(form, _ string) (*http.Response, error) { return respond(502, "<p>"+form, nil) },
		"a value": func(_, sign string) (*http.Response, error) {
			return respond(200, `{"resultCode":0,"mt":"`+sign+`","successList":"`+sign+`"}`, nil)
		},
		"a place to go to": func(form, _ string) (*http.Response, error) {
			return respond(302, "", http.Header{"Location": {"https://x.example/?" + form}})
		},
		"what is cut off": func(form, _ string) (*http.Response, error) {
			return respond(200, form[:len(form)-1], http.Header{"Content-Length": {"9"}})
		},
		"a name in what is not JSON": func(_, sign string) (*http.Response, error) {
			return respond(200, `{"`+sign+`":{"x":}}`, nil)
		},
		"a name with text in another encoding": func(_, sign string) (*http.Response, error) {
			return respond(200, `{"resultCode":1,"`+sign+`":"\xff"}`, nil)
		},
		"what is not an error": func(form, _ string) (*http.Response, error) {
			return respond(200, `{"resultCode":0,"errorMessage":"`+form+`"}`, nil)
		},
	} {
		for _, unmasked := range []bool{false, true} {
			for _, kind := range selftest.Calls {
				logger, _, out := newLogged(slog.LevelDebug)
				platform := selftest.NewPlatform(selftest.Step{Respond: func(r *http.Request) (*http.Response, error) {
					text, err := io.ReadAll(r.Body)
					require.NoError(t, err)
					resp, err := echo(string(text), r.PostForm.Get("sign"))
					if resp != nil {
						resp.Request = r
					}
					return resp, err
				}})
				opts := []quecloud.Option{quecloud.WithLogger(logger), quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 2})}
				if unmasked {
					opts = append(opts, quecloud.WithUnmaskedLog(), rotating())
				}
				client := platform.Client(t, opts...)
				err := kind.Do(t.Context(), client)
				require.NotEmpty(t, platform.Requests())
				for _, signature := range platform.Values("sign") {
					assert.NotContains(t, out.String(), signature, name)
					for _, shown := range everyText(err) {
						assert.NotContains(t, shown, signature, name)
					}
				}
			}
		}
	}
}

// everyText returns the texts of an error and of the SDK errors that it wraps.
func everyText(err error) []string {
	if err == nil {
		return nil
	}
	texts := []string{err.Error(), fmt.Sprintf("%+v", err)}
	if bad, ok := errors.AsType[*quecloud.ResponseError](err); ok {
		texts = append(texts, string(bad.Body), bad.Err.Error())
	}
	if refused, ok := errors.AsType[*quecloud.APIError](err); ok {
		texts = append(texts, refused.Message)
	}
	return texts
}

// A signature is as useful in lower case, and a large part of it is nearly as good as the whole.
func TestSecretsSignatureIsHiddenInAnyForm(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]func(sign string) string{
		"a message": func(sign string) string { return `{"resultCode":1,"errorMessage":"bad ` + sign + `"}` },
		"a message cut off": func(sign string) string {
			return `{"resultCode":1,"errorMessage":"` + strings.Repeat("x", 1000) + sign + `"}`
		},
		"an unknown member": func(sign string) string { return `{"resultCode":0,"mt":1,"mo":2,"new":"` + sign + `"}` },
		"a long value": func(sign string) string {
			return `{"resultCode":0,"mt":1,"mo":2,"new":"0123456789012345678901234567` + sign + `"}`
		},
		"the name of one":     func(sign string) string { return `{"resultCode":0,"mt":1,"mo":2,"` + sign + `":"x"}` },
		"a wrong value":       func(sign string) string { return `{"resultCode":0,"mt":"` + sign + `","mo":2}` },
		"a page":              func(sign string) string { return strings.Repeat("x", 500) + sign },
		"not quite JSON":      func(sign string) string { return `{"resultCode":0,"sign":` + sign },
		"a resultCode of one": func(sign string) string { return `{"resultCode":"` + sign + `"}` },
	} {
		for _, form := range []func(string) string{strings.ToUpper, strings.ToLower} {
			for _, handled := range []bool{true, false} {
				var sign string
				var shown []string
				platform := selftest.NewPlatform(selftest.Step{Respond: func(r *http.Request) (*http.Response, error) {
					sign = r.PostForm.Get("sign")
					return selftest.Response(r.Context(), []byte(body(form(sign)))), nil
				}})
				var opts []quecloud.Option
				if handled {
					handler := func(d quecloud.Drift) { shown = append(shown, d.Path, d.Value) }
					opts = append(opts, quecloud.WithDriftHandler(handler))
				}
				client := platform.Client(t, opts...)
				shown = append(shown, everyText(selftest.Read(t.Context(), client))...)
				for _, text := range shown {
					for i := 8; i <= len(sign); i++ {
						assert.NotContains(t, strings.ToUpper(text), sign[:i], "%s: %s", name, text)
					}
				}
			}
		}
	}
}
