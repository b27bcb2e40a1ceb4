package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/quecloud/quecloud-go"
)

// A sink writes rows in one form.
type sink interface {
	row(record) error
	end() error
}

func (o *output) sink(columns []string) (sink, error) {
	if len(o.columns) > 0 {
		columns = o.columns
	}
	if len(columns) > 0 && columns[0] == "all" {
		columns = nil
	}
	switch o.form {
	case formTable:
		return &tableSink{o: o, columns: columns}, nil
	case formCSV:
		return &csvSink{o: o, columns: o.given(columns), w: csv.NewWriter(o.w)}, nil
	case formJSON, formJSONL:
		return &jsonSink{o: o, columns: o.given(nil), list: o.form == formJSON}, nil
	case formIDs:
		return idSink{o}, nil
	}
	return nil, usageError{fmt.Sprintf(o.texts.get("-o %s: want table, json, jsonl, csv or ids"), o.form)}
}

func (o *output) table() table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Options = table.OptionsNoBordersAndSeparators
	t.Style().Box.PaddingLeft, t.Style().Box.PaddingRight = "", "  "
	t.Style().Format.Header = 0
	if o.width > 0 {
		t.Style().Size.WidthMax = o.width
	}
	return t
}

// render prints a table.
func (o *output) render(t table.Writer) error {
	for line := range strings.SplitSeq(t.Render(), "\n") {
		if _, err := fmt.Fprintln(o.w, strings.TrimRight(line, " ")); err != nil {
			return err
		}
	}
	return nil
}

type tableSink struct {
	o       *output
	columns []string
	t       table.Writer
}

func (s *tableSink) row(row record) error {
	fields, err := s.o.pick(row, s.columns)
	if err != nil {
		return err
	}
	cells, heads := make(table.Row, len(fields)), make(table.Row, len(fields))
	for i, f := range fields {
		cells[i], heads[i] = printable(s.o.cell(f)), s.o.texts.head(f.column)
	}
	if s.t == nil {
		s.t = s.o.table()
		if !s.o.noHeader {
			s.t.AppendHeader(heads)
		}
	}
	s.t.AppendRow(cells)
	return nil
}

func (s *tableSink) end() error {
	if s.t == nil {
		return nil
	}
	return s.o.render(s.t)
}

type csvSink struct {
	o       *output
	columns []string
	w       *csv.Writer
	started bool
}

func (s *csvSink) row(row record) error {
	fields, err := s.o.pick(row, s.columns)
	if err != nil {
		return err
	}
	heads, cells := make([]string, len(fields)), make([]string, len(fields))
	for i, f := range fields {
		heads[i], cells[i] = f.column, text(f.value)
		if s.o.bom {
			heads[i], cells[i] = s.o.texts.head(f.column), forExcel(f.value)
		}
	}
	if !s.started {
		s.started = true
		if s.o.bom {
			if _, err := io.WriteString(s.o.w, "\ufeff"); err != nil {
				return err
			}
		}
		if !s.o.noHeader {
			if err := s.w.Write(heads); err != nil {
				return err
			}
		}
	}
	return s.w.Write(cells)
}

func (s *csvSink) end() error {
	if !s.started && !s.o.noHeader && len(s.columns) > 0 { // a list without rows has heads nevertheless
		heads := slices.Clone(s.columns)
		if s.o.bom {
			for i, column := range heads {
				heads[i] = s.o.texts.head(column)
			}
		}
		if err := s.w.Write(heads); err != nil {
			return err
		}
	}
	s.w.Flush()
	return s.w.Error()
}

type jsonSink struct {
	o       *output
	columns []string
	list    bool // one JSON list instead of a line for each row
	n       int
}

func (s *jsonSink) row(row record) error {
	fields, err := s.o.pick(row, s.columns)
	if err != nil {
		return err
	}
	line, err := marshal(record{fields: fields})
	if err != nil {
		return err
	}
	line = printableJSON(line)
	before, after := "", "\n"
	if s.list {
		before, after = ",\n ", ""
		if s.n == 0 {
			before = "["
		}
	}
	s.n++
	_, err = fmt.Fprintf(s.o.w, "%s%s%s", before, line, after)
	return err
}

func (s *jsonSink) end() error {
	if !s.list {
		return nil
	}
	end := "]\n"
	if s.n == 0 {
		end = "[]\n"
	}
	_, err := io.WriteString(s.o.w, end)
	return err
}

type idSink struct{ o *output }

func (s idSink) row(row record) error {
	_, err := fmt.Fprintln(s.o.w, printable(row.id))
	return err
}

func (idSink) end() error { return nil }

// printable returns a text without characters that move the cursor or turn the line around.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case !strconv.IsPrint(r):
			return '\ufffd'
		}
		return r
	}, s)
}

// printableJSON escapes the same characters in JSON.
func printableJSON(line []byte) []byte {
	if !bytes.ContainsFunc(line, func(r rune) bool { return r >= 0x7f && !strconv.IsPrint(r) }) {
		return line
	}
	var out []byte
	for _, r := range string(line) {
		if r < 0x7f || strconv.IsPrint(r) {
			out = utf8.AppendRune(out, r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			out = fmt.Appendf(out, "\\u%04x", unit)
		}
	}
	return out
}

// cell returns a field as a cell of a table.
func (o *output) cell(f field) string {
	switch value := f.value.(type) {
	case bool:
		if value {
			return o.texts.get("yes")
		}
		return o.texts.get("no")
	case string:
		if f.column == "outcome" || f.column == "state" {
			return o.texts.word(value)
		}
	}
	return text(f.value)
}

// longNumber is a number that a spreadsheet would round, or show with an exponent.
var longNumber = regexp.MustCompile(`^\+?[0-9]{12,}$`)

// forExcel returns a value as a cell of CSV that Excel opens. A tab keeps a long number a text, an apostrophe keeps a
// text that somebody else has written from being a formula.
func forExcel(value any) string {
	s := text(value)
	switch _, card := value.(quecloud.CardID); {
	case !card && reflect.ValueOf(value).Kind() != reflect.String:
		return s
	case longNumber.MatchString(s):
		return s + "\t"
	case s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])):
		return "'" + s
	}
	return s
}
