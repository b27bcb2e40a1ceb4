package main

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/pflag"
)

// Forms of output.
const (
	formTable = "table"
	formJSON  = "json"
	formJSONL = "jsonl"
	formCSV   = "csv"
	formIDs   = "ids"
)

var forms = []string{formTable, formJSON, formJSONL, formCSV, formIDs}

// An output is how a command prints its rows.
type output struct {
	form     string
	columns  []string // of the user; empty for those of the command
	noHeader bool
	bom      bool
	sort     string
	where    []string

	w     io.Writer
	width int // of the terminal; 0 for none
	texts texts
}

func (o *output) flags(f *pflag.FlagSet) {
	t := o.texts.get
	f.StringVarP(&o.form, "output", "o", o.form, t("form of the output: table, json, jsonl, csv or ids"))
	f.StringSliceVar(&o.columns, "columns", nil, t("columns to print, separated by commas; all for every column"))
	f.BoolVar(&o.noHeader, "no-header", false, t("leave out the column heads"))
	f.BoolVar(&o.bom, "bom", false, t("begin CSV with a byte order mark, for Excel"))
	f.StringVar(&o.sort, "sort", "", t("sort by a column; -column sorts downwards"))
	f.StringArrayVar(&o.where, "where", nil,
		t("print only rows whose column compares so, such as status=停机 or monthFlow>100; done here, not by the platform"))
}

// rows prints rows. A failure among them is returned after the rows before it were printed; failures of single rows
// are joined as onlyRow says.
func (o *output) rows(rows iter.Seq2[record, error], columns []string) error {
	filter, err := o.filters()
	if err != nil {
		return err
	}
	sink, err := o.sink(columns)
	if err != nil {
		return err
	}
	var failures []error
	var kept []record
	for row, err := range rows {
		if err != nil {
			failures = append(failures, err)
			continue
		}
		ok, err := filter(row)
		switch {
		case err != nil:
			return err
		case !ok:
		case o.sort != "":
			kept = append(kept, row)
		default:
			if err := sink.row(row); err != nil {
				return err
			}
		}
	}
	if err := o.sorted(kept); err != nil {
		return err
	}
	for _, row := range kept {
		if err := sink.row(row); err != nil {
			return err
		}
	}
	return errors.Join(append(failures, sink.end())...)
}

// one prints a single row: a table of it has a line for each column.
func (o *output) one(row record) error {
	if o.form != formTable {
		return o.rows(func(yield func(record, error) bool) { yield(row, nil) }, nil)
	}
	t := o.table()
	for _, f := range row.fields {
		if wanted := o.columns; len(wanted) > 0 && wanted[0] != "all" && !slices.Contains(wanted, f.column) {
			continue
		}
		if rows := reflect.ValueOf(f.value); rows.Kind() == reflect.Slice && rows.Type().Elem().Kind() == reflect.Struct {
			continue
		}
		t.AppendRow(table.Row{o.texts.head(f.column), printable(text(f.value))})
	}
	if _, err := fmt.Fprintln(o.w, t.Render()); err != nil {
		return err
	}
	for _, f := range row.fields {
		rows := reflect.ValueOf(f.value)
		if rows.Kind() != reflect.Slice || rows.Type().Elem().Kind() != reflect.Struct || rows.Len() == 0 {
			continue
		}
		if _, err := fmt.Fprintf(o.w, "\n%s\n", o.texts.head(f.column)); err != nil {
			return err
		}
		inner := *o
		inner.columns, inner.where, inner.sort = nil, nil, ""
		err := inner.rows(func(yield func(record, error) bool) {
			for i := range rows.Len() {
				if !yield(recordOf(rows.Index(i).Interface()), nil) {
					return
				}
			}
		}, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

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

// given returns the columns that the user asked for, or else the others.
func (o *output) given(others []string) []string {
	switch {
	case len(o.columns) == 0:
		return others
	case o.columns[0] == "all":
		return nil
	}
	return o.columns
}

// pick returns the fields of a row that have one of the columns, in their order; all without columns.
func (o *output) pick(row record, columns []string) ([]field, error) {
	if len(columns) == 0 {
		return row.fields, nil
	}
	picked := make([]field, len(columns))
	for i, column := range columns {
		value, ok := row.get(column)
		if !ok {
			return nil, o.noColumn(row, column)
		}
		picked[i] = field{column, value}
	}
	return picked, nil
}

func (o *output) noColumn(row record, column string) error {
	names := make([]string, len(row.fields))
	for i, f := range row.fields {
		names[i] = f.column
	}
	return usageError{fmt.Sprintf(o.texts.get("there is no column %q; there are %s"), column, strings.Join(names, ", "))}
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
		cells[i], heads[i] = printable(text(f.value)), s.o.texts.head(f.column)
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
	for line := range strings.SplitSeq(s.t.Render(), "\n") {
		if _, err := fmt.Fprintln(s.o.w, strings.TrimRight(line, " ")); err != nil {
			return err
		}
	}
	return nil
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

var comparison = []string{"!=", "<=", ">=", "=", "<", ">", "~"}

// filters returns the function that reports whether a row passes --where.
func (o *output) filters() (func(record) (bool, error), error) {
	type condition struct{ column, op, value string }
	var all []condition
	for _, given := range o.where {
		i := strings.IndexAny(given, "!=<>~")
		if i < 1 {
			return nil, usageError{fmt.Sprintf(o.texts.get("--where %s: want a column, one of = != < <= > >= ~, and a value"),
				given)}
		}
		for _, op := range comparison {
			if value, ok := strings.CutPrefix(given[i:], op); ok {
				all = append(all, condition{given[:i], op, value})
				break
			}
		}
	}
	return func(row record) (bool, error) {
		for _, c := range all {
			value, ok := row.get(c.column)
			if !ok {
				return false, o.noColumn(row, c.column)
			}
			order := compare(text(value), c.value)
			passes := map[string]bool{
				"=": order == 0, "!=": order != 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0,
				"~": strings.Contains(text(value), c.value),
			}
			if !passes[c.op] {
				return false, nil
			}
		}
		return true, nil
	}, nil
}

// compare compares two values as numbers, if they are such, and else as texts. ICCIDs are texts: they have more digits
// than a number keeps, and may begin alike.
func compare(a, b string) int {
	if len(a) < 16 && len(b) < 16 {
		x, errX := strconv.ParseFloat(a, 64)
		y, errY := strconv.ParseFloat(b, 64)
		if errX == nil && errY == nil {
			return cmp.Compare(x, y)
		}
	}
	return cmp.Compare(a, b)
}

func (o *output) sorted(rows []record) error {
	column, down := strings.CutPrefix(o.sort, "-")
	for _, row := range rows {
		if _, ok := row.get(column); !ok {
			return o.noColumn(row, column)
		}
	}
	slices.SortStableFunc(rows, func(a, b record) int {
		x, _ := a.get(column)
		y, _ := b.get(column)
		if down {
			x, y = y, x
		}
		return compare(text(x), text(y))
	})
	return nil
}

// rowsOrOne prints rows, or a single one as a table with a line for each column.
func (o *output) rowsOrOne(single bool, rows iter.Seq2[record, error], columns []string) error {
	if !single {
		return o.rows(rows, columns)
	}
	var all []record
	for row, err := range rows {
		if err != nil {
			return err
		}
		all = append(all, row)
	}
	if len(all) == 1 {
		return o.one(all[0])
	}
	return o.rows(func(yield func(record, error) bool) {
		for _, row := range all {
			if !yield(row, nil) {
				return
			}
		}
	}, columns)
}
