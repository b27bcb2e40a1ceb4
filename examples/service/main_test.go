package main

import (
	"database/sql"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

// TestMain lets tests start the test program as the service.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-accounts" {
		main()
		return
	}
	os.Exit(m.Run())
}

func openTestDatabase(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := openDatabase(t.Context(), path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// count returns the number that a query returns.
func count(t *testing.T, db *sql.DB, statement string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(t.Context(), statement, args...).Scan(&n))
	return n
}

// newService returns a service with an account at each stand-in, as a process has it after a start. Its clock is that
// of the first stand-in.
func newService(t *testing.T, path string, platforms ...*quecloudtest.Server) *service {
	t.Helper()
	s := &service{
		settings: settings{start: 150 * time.Minute, above: 0.9, most: 20, doubt: time.Minute},
		db:       openTestDatabase(t, path),
		metrics:  new(metrics),
		log:      slog.New(slog.NewTextHandler(t.Output(), nil)),
		now:      platforms[0].Now,
	}
	for i, platform := range platforms {
		config := accountConfig{
			Name: string(rune('a' + i)), AppKey: platform.AppKey, Secret: platform.Secret, Rate: 1e6, CallbackToken: "token",
		}
		a, err := newAccount(config, s.metrics, platform.Options()...)
		require.NoError(t, err)
		s.accounts = append(s.accounts, a)
	}
	return s
}

func newPlatform(t *testing.T, options ...quecloudtest.Option) *quecloudtest.Server {
	t.Helper()
	platform := quecloudtest.NewUnstartedServer(options...)
	t.Cleanup(platform.Close)
	return platform
}

func china(text string) time.Time {
	at, err := time.ParseInLocation(time.DateTime, text, quecloud.ChinaStandardTime)
	if err != nil {
		panic(err)
	}
	return at
}

func newPath(t *testing.T) string { return filepath.Join(t.TempDir(), "service.db") }

func TestDemonstrationPrintsWhatTheReadmeShows(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, run(t.Context(), nil, &out, io.Discard))
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	require.Contains(t, string(readme), "```text\n"+out.String()+"```")
	require.LessOrEqual(t, strings.Count(string(readme), "\n"), 60)
}

func TestServiceChecksItsFlags(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"now":              `unexpected argument "now"`,
		"-start noon":      "invalid value",
		"-accounts absent": "absent",
	} {
		require.ErrorContains(t, run(t.Context(), strings.Fields(line), io.Discard, io.Discard), want, line)
	}
}
