package sqlitededup_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	_ "modernc.org/sqlite"

	"github.com/quecloud/quecloud-go"
	"github.com/quecloud/quecloud-go/examples/sqlitededup"
	"github.com/quecloud/quecloud-go/quecloudtest"
)

const (
	lease = time.Minute
	age   = 24 * time.Hour
)

// openStore opens a store in a file as each of several processes does, with connections of its own.
func openStore(t *testing.T, path string) (*sqlitededup.Store, *sql.DB) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(path)+"?_pragma=busy_timeout(4000)&_pragma=journal_mode(wal)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	store, err := sqlitededup.New(t.Context(), db, lease, age)
	if err != nil {
		t.Fatal(err)
	}
	return store, db
}

// In a bubble of synctest claims expire in no time. The stores still run in parallel and wait for each other's locks.
func TestStoreKeepsTheContract(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "events.db")
	synctest.Test(t, func(t *testing.T) {
		open := func() quecloud.DedupStore {
			store, _ := openStore(t, path)
			return store
		}
		if err := quecloudtest.TestDedupStore(open, func() { time.Sleep(lease) }); err != nil {
			t.Error(err)
		}
	})
}

// A callback that comes after a restart finds its event handled, until the record is too old. Then its row is gone.
func TestStoreRemembersAcrossRestarts(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "events.db")
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			after time.Duration
			key   string
			want  quecloud.DedupState
			rows  int
		}{
			{after: 0, key: "a", want: quecloud.DedupClaimed, rows: 1},
			{after: age - time.Millisecond, key: "a", want: quecloud.DedupDone, rows: 1},
			{after: time.Millisecond, key: "b", want: quecloud.DedupClaimed, rows: 1},
			{after: 0, key: "a", want: quecloud.DedupClaimed, rows: 2},
		} {
			time.Sleep(c.after)
			store, db := openStore(t, path)
			if state, err := store.Claim(t.Context(), c.key); state != c.want || err != nil {
				t.Errorf("%v later: Claim returned %v, %v, want %v", c.after, state, err, c.want)
			}
			var rows int
			if err := db.QueryRow("SELECT count(*) FROM quecloud_events").Scan(&rows); err != nil || rows != c.rows {
				t.Errorf("%v later: the table has %d rows, %v, want %d", c.after, rows, err, c.rows)
			}
			if c.want == quecloud.DedupClaimed {
				if err := store.Settle(t.Context(), c.key, true); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// The documentation of DedupStore shows the same SQL.
func TestStoreUsesTheSQLOfTheDocumentation(t *testing.T) {
	t.Parallel()
	words := func(path, prefix string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for line := range strings.Lines(string(text)) {
			all = append(all, strings.Fields(strings.TrimPrefix(line, prefix))...)
		}
		return strings.Join(all, " ")
	}
	doc, code := words(filepath.Join("..", "..", "dedup.go"), "//"), words("store.go", "")
	statements := 0
	for i, text := range strings.Split(code, "`") {
		if i%2 == 0 || strings.HasPrefix(text, "CREATE INDEX") {
			continue
		}
		statements++
		if text = strings.Replace(text, "TABLE IF NOT EXISTS", "TABLE", 1); !strings.Contains(doc, text) {
			t.Errorf("the documentation lacks %s", text)
		}
	}
	if statements != 6 {
		t.Errorf("store.go has %d statements, want 6", statements)
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "sqlitededup")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.ToSlash(filepath.Join(dir, "events.db"))
	handled := 0
	for range 2 { // the process, and the same after a restart
		if err := run(path, &handled); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("handled", handled, "time")
	// Output:
	// card 1064800000000 says: door open
	// 200 success
	// 200 success
	// handled 1 time
}

// run runs a program that receives one callback.
func run(path string, handled *int) error {
	ctx := context.Background()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(4000)&_pragma=journal_mode(wal)")
	if err != nil {
		return err
	}
	defer db.Close()
	store, err := sqlitededup.New(ctx, db, time.Minute, 30*24*time.Hour)
	if err != nil {
		return err
	}
	handler := quecloud.NewSMSHandler(func(_ context.Context, e *quecloud.SMSEvent) error {
		fmt.Println("card", e.MSISDN, "says:", e.Content)
		*handled++
		return nil
	}, quecloud.WithDeduplication(store), quecloud.WithCallbackToken("hXk2mVq8Zt4LbN7wRc5yGd3fPj9sAe6u"))

	srv := quecloudtest.NewUnstartedServer(
		quecloudtest.WithTime(time.Date(2026, 11, 3, 9, 15, 0, 0, quecloud.ChinaStandardTime)), // the same event each time
		quecloudtest.WithCallbackClient(&http.Client{Transport: quecloudtest.HandlerTransport(handler)}),
		quecloudtest.WithSMSCallback("https://app.invalid/?token=hXk2mVq8Zt4LbN7wRc5yGd3fPj9sAe6u"))
	defer srv.Close()
	srv.ReceiveSMS("1064800000000", "door open")
	for _, d := range srv.Deliveries() {
		fmt.Println(d.HTTPStatus, d.Response)
	}
	return nil
}
