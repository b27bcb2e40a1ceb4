package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/quecloud/quecloud-go"
)

// The results of cards.
const (
	suspended = "suspended"
	failed    = "failed"  // the platform refused, or the call was not sent
	unknown   = "unknown" // no response came: the card may be suspended
)

func resultOf(err error) string {
	switch {
	case err == nil:
		return suspended
	case errors.Is(err, quecloud.ErrOutcomeUnknown):
		return unknown
	}
	return failed
}

// Columns of the file of results.
const (
	colTime = iota
	colICCID
	colUsed
	colResult
	colError
	colCount
)

// results writes each result to a CSV file at once.
type results struct {
	file  *os.File
	lines *csv.Writer
}

// openResults opens a file and continues it if it exists.
func openResults(path string) (*results, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	r := &results{file, csv.NewWriter(file)}
	if info, err := file.Stat(); err == nil && info.Size() == 0 {
		r.lines.Write([]string{"time", "iccid", "used_mb", "result", "error"})
	}
	return r, nil
}

func (r *results) write(card quecloud.CardID, used float64, result string, err error) error {
	line := make([]string, colCount)
	line[colTime], line[colICCID], line[colResult] = time.Now().Format(time.RFC3339), digits(card.String()), result
	line[colUsed] = strconv.FormatFloat(used, 'f', 3, 64)
	if err != nil {
		line[colError] = words(err.Error())
	}
	r.lines.Write(line)
	r.lines.Flush()
	return r.lines.Error()
}

// digits returns a number such as 89860412091880130003 as a formula whose result is a text. Excel would round it to
// 8.98604E+19 otherwise.
func digits(number string) string { return `="` + number + `"` }

// number undoes digits. A spreadsheet that saved the file may have left only the number.
func number(cell string) string {
	return strings.TrimSuffix(strings.TrimPrefix(cell, `="`), `"`)
}

// words returns a text that a spreadsheet does not take for a formula.
func words(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

func (r *results) close() error {
	r.lines.Flush()
	return errors.Join(r.lines.Error(), r.file.Sync(), r.file.Close())
}

// readResults returns the cards that a file lists as suspended. The others are tried again: a card whose result is
// unknown and that is suspended is not in use any more, so it is no target.
func readResults(path string) (done map[string]bool, err error) {
	done = map[string]bool{}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return done, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines := csv.NewReader(file)
	lines.FieldsPerRecord = colCount
	for {
		line, err := lines.Read()
		if err == io.EOF {
			return done, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s is not a file of results: %w", path, err)
		}
		if line[colResult] == suspended {
			done[number(line[colICCID])] = true
		}
	}
}
