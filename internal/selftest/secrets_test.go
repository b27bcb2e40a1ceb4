package selftest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/internal/selftest"
)

// canary is a secret with characters that encodings change.
const canary = "canary%SECRET+&=机密"

// TestSecretsAreNotInReachOfUsers prints, logs, marshals and walks through everything that the SDK hands out.
func TestSecretsAreNotInReachOfUsers(t *testing.T) {
	t.Parallel()
	t.Run("NewClient", func(t *testing.T) {
		t.Parallel()
		checkSecrets(t, func(opts ...quecloud.Option) (*quecloud.Client, error) {
			return quecloud.NewClient(selftest.Key, canary, opts...)
		})
	})
	t.Run("WithCredentials", func(t *testing.T) {
		t.Parallel()
		checkSecrets(t, func(opts ...quecloud.Option) (*quecloud.Client, error) {
			return quecloud.NewClient("", "", append(opts, credentials(canary, nil))...)
		})
	})
}

// credentials returns an option for a fixed secret, and an error.
func credentials(secret string, err error) quecloud.Option {
	return quecloud.WithCredentials(func(context.Context) (string, string, error) { return selftest.Key, secret, err })
}

func checkSecrets(t *testing.T, newClient func(...quecloud.Option) (*quecloud.Client, error)) {
	t.Helper()
	var log bytes.Buffer
	seen := []any{}
	see := func(v any) { seen = append(seen, v) }
	transport := selftest.TransportFunc(func(req *http.Request) (*http.Response, error) {
		see(req)
		return nil, errors.New("the network is gone")
	})
	options := []quecloud.Option{
		quecloud.WithHTTPClient(&http.Client{Transport: transport}),
		quecloud.WithRetry(quecloud.RetryPolicy{MaxAttempts: 2}),
		quecloud.WithTimeout(time.Second), quecloud.WithUserAgent("canary-test"), quecloud.WithUnmaskedLog(),
		quecloud.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
		quecloud.WithDriftHandler(func(d quecloud.Drift) { see(d) }),
		quecloud.WithInterceptor(func(ctx context.Context, info *quecloud.CallInfo, next func(context.Context) error) error {
			err := next(ctx)
			see(info)
			return err
		}),
	}
	client, err := newClient(options...)
	require.NoError(t, err)
	copied, err := client.With(quecloud.WithTimeout(time.Minute))
	require.NoError(t, err)
	for _, v := range []any{client, *client, copied, client.Cards, *client.Cards, client.Flow, client.SMS, client.Orders,
		client.Billing, client.Files, options, quecloud.DefaultRetryPolicy(), client.Cards.Pause} {
		see(v)
	}

	fails := func(err error) {
		t.Helper()
		require.Error(t, err)
		for ; err != nil; err = errors.Unwrap(err) {
			see(err)
		}
	}
	_, err = quecloud.NewClient("", canary)
	fails(err)
	_, err = newClient(quecloud.WithBaseURL("ftp://example"))
	fails(err)
	for _, option := range []quecloud.Option{credentials(canary+"\n", nil), credentials(canary, errors.New("sealed"))} {
		unfit, err := client.With(option)
		require.NoError(t, err)
		see(unfit)
		fails(unfit.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1)))
	}
	fails(client.Cards.Pause(t.Context(), quecloud.MSISDN(selftest.MSISDN1))) // outcome unknown
	_, err = client.Cards.Info(t.Context(), quecloud.MSISDN(selftest.MSISDN1))
	fails(err)
	fails(client.Cards.Pause(t.Context(), quecloud.CardID{}))
	for _, body := range []string{
		`{"resultCode":70031,"errorMessage":"unauthorized"}`, `<html>`, `{"resultCode":0,"orderNo":{},"new":1}`, `{`,
	} {
		transport := selftest.TransportFunc(func(req *http.Request) (*http.Response, error) {
			see(req)
			return &http.Response{
				StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: req,
			}, nil
		})
		responding, err := client.With(quecloud.WithHTTPClient(&http.Client{Transport: transport}))
		require.NoError(t, err)
		_, err = responding.Billing.Wallet(t.Context())
		fails(err)
		_, err = responding.Orders.Recharge(t.Context(), &quecloud.RechargeParams{
			Card: quecloud.ICCID(selftest.ICCID1), ProductID: 1, ProductName: "x", ExternalID: "e",
		})
		fails(err)
	}

	require.Greater(t, len(seen), 30, "the test looks at too little")
	require.Contains(t, log.String(), "quecloud: retrying")
	check := func(text string, v any) {
		assert.NotContains(t, text, canary, "%T", v)
		assert.NotContains(t, text, "canary%25SECRET", "%T", v)
	}
	check(log.String(), log)
	for _, v := range seen {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			check(fmt.Sprintf(verb, v), v)
		}
		if text, err := json.Marshal(v); err == nil {
			check(string(text), v)
		}
		if text, err := jsonv2.Marshal(v); err == nil {
			check(string(text), v)
		}
		walk(reflect.ValueOf(v), map[uintptr]bool{}, func(text string) { check(text, v) })
	}
}

// TestSecretsAreFoundInUnexportedFields shows that the test above can fail.
func TestSecretsAreFoundInUnexportedFields(t *testing.T) {
	t.Parallel()
	type inner struct{ hidden []byte }
	found := false
	hidden := struct{ p *map[string]any }{&map[string]any{"k": inner{[]byte(canary)}}}
	walk(reflect.ValueOf(hidden), map[uintptr]bool{}, func(text string) {
		found = found || strings.Contains(text, canary)
	})
	assert.True(t, found)
}

// walk shows every text in a value, through pointers and unexported fields, as a debugger or a dumping library would.
func walk(v reflect.Value, seen map[uintptr]bool, show func(string)) {
	switch v.Kind() {
	case reflect.String:
		show(v.String())
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return
		}
		if v.Kind() == reflect.Pointer {
			if seen[v.Pointer()] {
				return
			}
			seen[v.Pointer()] = true
		}
		walk(v.Elem(), seen, show)
	case reflect.Struct:
		for _, field := range v.Fields() {
			walk(field, seen, show)
		}
	case reflect.Map:
		for key, value := range v.Seq2() {
			walk(key, seen, show)
			walk(value, seen, show)
		}
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			text := make([]byte, v.Len())
			for i := range text {
				text[i] = byte(v.Index(i).Uint())
			}
			show(string(text))
			return
		}
		for i := range v.Len() {
			walk(v.Index(i), seen, show)
		}
	}
}
