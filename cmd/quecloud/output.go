package main

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"slices"
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
	f.StringVarP(&o.form, "output", "o", o.form,
		t("form of the output: table, json, jsonl, csv or ids; by default table on a terminal, jsonl elsewhere"))
	f.Lookup("output").DefValue = "" // the text tells
	f.StringSliceVar(&o.columns, "columns", nil, t("columns to print, separated by commas; all for every column"))
	f.BoolVar(&o.noHeader, "no-header", false, t("leave out the column heads"))
	f.BoolVar(&o.bom, "bom", false,
		t("CSV for Excel: with a byte order mark, the column heads of tables, and long numbers as text"))
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
		t.AppendRow(table.Row{o.texts.head(f.column), printable(o.cell(f))})
	}
	if err := o.render(t); err != nil {
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
		found, ok := o.find(row, column)
		if !ok {
			return nil, o.noColumn(row, column)
		}
		picked[i] = found
	}
	return picked, nil
}

// find returns the field of a row in a column, which may be named by its head.
func (o *output) find(row record, column string) (field, bool) {
	for _, same := range []func(string) bool{
		func(name string) bool { return name == column },
		func(name string) bool { return o.texts.head(name) == column || strings.EqualFold(name, column) },
	} {
		if i := slices.IndexFunc(row.fields, func(f field) bool { return same(f.column) }); i >= 0 {
			return row.fields[i], true
		}
	}
	return field{}, false
}

// check refuses bad flags before anything is done. rows is the struct of the rows, or nil if that is not known.
func (o *output) check(rows reflect.Type) error {
	if !slices.Contains(forms, o.form) {
		return usageError{fmt.Sprintf(o.texts.get("-o %s: want table, json, jsonl, csv or ids"), o.form)}
	}
	conditions, err := o.conditions()
	if err != nil || rows == nil {
		return err
	}
	names := slices.Clone(o.columns)
	if len(names) > 0 && names[0] == "all" {
		names = nil
	}
	for _, c := range conditions {
		names = append(names, c.column)
	}
	if o.sort != "" {
		names = append(names, strings.TrimPrefix(o.sort, "-"))
	}
	row := recordOf(reflect.Zero(rows).Interface())
	for _, name := range names {
		if _, ok := o.find(row, name); !ok {
			return o.noColumn(row, name)
		}
	}
	return nil
}

func (o *output) noColumn(row record, column string) error {
	names := make([]string, len(row.fields))
	for i, f := range row.fields {
		names[i] = f.column
	}
	return usageError{fmt.Sprintf(o.texts.get("there is no column %q; there are %s"), column, strings.Join(names, ", "))}
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
