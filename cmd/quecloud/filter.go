package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A condition is one of --where.
type condition struct{ column, op, value string }

// conditions returns those of --where.
func (o *output) conditions() (all []condition, err error) {
	for _, given := range o.where {
		i := strings.IndexAny(given, "!=<>~")
		op := ""
		if i > 0 {
			for _, known := range []string{"!=", "<=", ">=", "=", "<", ">", "~"} {
				if strings.HasPrefix(given[i:], known) {
					op = known
					break
				}
			}
		}
		if op == "" {
			return nil, usageError{fmt.Sprintf(o.texts.get("--where %s: want a column, one of = != < <= > >= ~, and a value"),
				given)}
		}
		all = append(all, condition{strings.TrimSpace(given[:i]), op, strings.TrimSpace(given[i+len(op):])})
	}
	return all, nil
}

// passes reports whether a value passes. An empty one is neither less nor greater than another.
func (c condition) passes(value string) bool {
	order := compare(value, c.value)
	ordered := value != "" && c.value != ""
	switch c.op {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return ordered && order < 0
	case "<=":
		return ordered && order <= 0
	case ">":
		return ordered && order > 0
	case ">=":
		return ordered && order >= 0
	}
	return strings.Contains(value, c.value)
}

// filters returns the function that reports whether a row passes --where.
func (o *output) filters() (func(record) (bool, error), error) {
	all, err := o.conditions()
	return func(row record) (bool, error) {
		for _, c := range all {
			f, ok := o.find(row, c.column)
			if !ok {
				return false, o.noColumn(row, c.column)
			}
			if !c.passes(text(f.value)) {
				return false, nil
			}
		}
		return true, nil
	}, err
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

// sorted sorts rows by --sort. Those without a value are last.
func (o *output) sorted(rows []record) error {
	column, down := strings.CutPrefix(o.sort, "-")
	keys := map[*field]string{}
	for _, row := range rows {
		f, ok := o.find(row, column)
		if !ok {
			return o.noColumn(row, column)
		}
		keys[&row.fields[0]] = text(f.value)
	}
	slices.SortStableFunc(rows, func(a, b record) int {
		x, y := keys[&a.fields[0]], keys[&b.fields[0]]
		switch {
		case (x == "") != (y == ""):
			return cmp.Compare(len(y), len(x))
		case down:
			x, y = y, x
		}
		return compare(x, y)
	})
	return nil
}
