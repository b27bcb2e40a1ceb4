package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// A key that is replaced in the file is used from the next call on.
func TestAccountFollowsItsKey(t *testing.T) {
	t.Parallel()
	platform := quecloudtest.NewServer(quecloudtest.WithCredentials("000001", "new-secret"))
	t.Cleanup(platform.Close)
	path := filepath.Join(t.TempDir(), "accounts.json")
	write := func(secret string) {
		text := fmt.Sprintf(`[{"name": "b", "appKey": "000002", "secret": "b-secret", "rate": 1},
			{"name": "a", "appKey": "000001", "secret": %q, "rate": 1000, "baseURL": %q}]`, secret, platform.URL)
		require.NoError(t, os.WriteFile(path+".new", []byte(text), 0o600))
		require.NoError(t, os.Rename(path+".new", path))
	}
	write("old-secret")
	var log strings.Builder
	accounts, err := openAccounts(path, new(metrics), slog.New(slog.NewTextHandler(&log, nil)))
	require.NoError(t, err)
	_, err = accounts[1].Billing.Account(t.Context())
	require.ErrorContains(t, err, "签名错误")
	write("new-secret")
	_, err = accounts[1].Billing.Account(t.Context())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte(`[]`), 0o600))
	_, err = accounts[1].Billing.Account(t.Context())
	require.ErrorContains(t, err, "has no account a")
	assert.NotContains(t, log.String(), "-secret")
}

func TestAccountsFileIsChecked(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{`:                   "unexpected EOF",
		`[{"key": "000001"}]`: `unknown field "key"`,
		`[{"name": "a"}]`:     "rate above 0",
		`[{"rate": 20}]`:      "needs a name",
		`[{"name": "a", "rate": 1, "baseURL": "ftp://x"}]`: "account a: ",
	} {
		path := filepath.Join(t.TempDir(), "accounts.json")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := openAccounts(path, new(metrics), slog.New(slog.DiscardHandler))
		require.ErrorContains(t, err, want, text)
	}
}

// Each account has its own limit.
func TestAccountsDoNotSlowEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		platform := newPlatform(t)
		for _, c := range []struct {
			rate float64
			want time.Duration
		}{{rate: 2, want: 9 * time.Second}, {rate: 10, want: time.Second}} {
			a, err := newAccount(accountConfig{Name: "a", AppKey: platform.AppKey, Secret: platform.Secret, Rate: c.rate},
				new(metrics), platform.Options()...)
			require.NoError(t, err)
			start := time.Now()
			for range 20 {
				_, err := a.Billing.Account(t.Context())
				require.NoError(t, err)
			}
			assert.Equal(t, c.want, time.Since(start))
		}
	})
}
