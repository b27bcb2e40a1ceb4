package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The statements of the page about buying work in this database. Each of them expects the state that it names.
func TestPurchasesOfThePage(t *testing.T) {
	t.Parallel()
	block := regexp.MustCompile("(?s)```sql\n(.*?)```")
	comment := regexp.MustCompile(`(?m)--.*$`)
	pages, err := filepath.Glob("../../docs/buying*.md")
	if err != nil || len(pages) != 2 {
		t.Fatal(pages, err)
	}
	for _, page := range pages {
		db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(t.TempDir(), "page.db")))
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		var changed []int64
		for _, sqlBlock := range block.FindAllStringSubmatch(strings.ReplaceAll(string(text), "\r\n", "\n"), -1) {
			for statement := range strings.SplitSeq(comment.ReplaceAllString(sqlBlock[1], ""), ";") {
				if strings.TrimSpace(statement) == "" {
					continue
				}
				args := []any{1, "X"} // the last is external_id
				if strings.Count(statement, "?") == 3 {
					args = []any{"R1", "note", "X"}
				}
				result, err := db.Exec(statement, args[:strings.Count(statement, "?")]...)
				if err != nil {
					t.Fatalf("%s: %s: %v", page, statement, err)
				}
				if n, _ := result.RowsAffected(); strings.Contains(statement, "UPDATE") {
					changed = append(changed, n)
				} else if strings.Contains(statement, "TABLE") {
					const insert = `INSERT INTO purchases VALUES ('X', 'K', 'a', '', 1, 'p', 0, 0, 'new', 0, NULL, '')`
					if _, err := db.Exec(insert); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		// It is sent, then ordered by the choice of a person, and so no longer to be dropped.
		if want := []int64{1, 1, 0}; !slices.Equal(changed, want) {
			t.Errorf("%s: the statements changed %v rows, want %v", page, changed, want)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
