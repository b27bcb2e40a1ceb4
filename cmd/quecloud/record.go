package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/shopspring/decimal"

	"github.com/quecloud/quecloud-go"
)

// A record is a row of output: the exported fields of a struct by the name of their column, in the struct's order.
type record struct {
	fields []field
	id     string // number of the card that it is about, or else the first value
}

type field struct {
	column string
	value  any
}

// recordOf returns the record of a struct or of a pointer to one.
func recordOf(row any) record {
	v := reflect.Indirect(reflect.ValueOf(row))
	var r record
	if v.Kind() == reflect.Struct {
		r.add(v)
	}
	if card, ok := row.(interface{ ID() quecloud.CardID }); ok {
		r.id = card.ID().String()
	} else if len(r.fields) > 0 {
		r.id = text(r.fields[0].value)
	}
	return r
}

// add adds the fields of a struct. Those of an embedded struct stand in its place.
func (r *record) add(v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		switch {
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			r.add(v.Field(i))
		case f.IsExported():
			r.fields = append(r.fields, field{columnName(f.Name), v.Field(i).Interface()})
		}
	}
}

// with returns the record with a first field for the card that it is about.
func (r record) with(card quecloud.CardID) record {
	r.id = card.String()
	r.fields = append([]field{{"card", card.String()}}, r.fields...)
	return r
}

// columnName returns the column of a struct's field: ICCID becomes iccid, PlanName planName.
func columnName(field string) string {
	name := []rune(field)
	for i := range name {
		if i > 0 && i+1 < len(name) && unicode.IsLower(name[i+1]) || unicode.IsLower(name[i]) {
			break
		}
		name[i] = unicode.ToLower(name[i])
	}
	return string(name)
}

// MarshalJSON returns an object whose members are the columns, in their order.
func (r record) MarshalJSON() ([]byte, error) {
	out := bytes.NewBufferString("{")
	for i, f := range r.fields {
		if i > 0 {
			out.WriteByte(',')
		}
		value, err := marshal(plain(f.value))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.column, err)
		}
		fmt.Fprintf(out, "%q:%s", f.column, value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// marshal is json.Marshal without escapes for HTML.
func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// plain returns a value as JSON shows it: a zero time is null, structs are records.
func plain(value any) any {
	switch v := value.(type) {
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return v
	case quecloud.CardIDs, quecloud.CardID, quecloud.Date, quecloud.Month, decimal.Decimal:
		return v
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Struct:
		return recordOf(value)
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plain(v.Index(i).Interface())
		}
		return list
	}
	return value
}

// text returns a value as a cell of a table or of CSV shows it.
func text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.Format(time.DateTime)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case fmt.Stringer:
		return v.String()
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = text(v.Index(i).Interface())
		}
		return strings.Join(parts, ",")
	case reflect.Struct:
		out, err := marshal(plain(value))
		if err != nil {
			return err.Error()
		}
		return string(out)
	}
	return fmt.Sprint(value)
}

// recordsOf returns the records of a struct, or of each element of a slice.
func recordsOf(result any) []record {
	v := reflect.ValueOf(result)
	if v.Kind() != reflect.Slice {
		return []record{recordOf(result)}
	}
	rows := make([]record, v.Len())
	for i := range rows {
		rows[i] = recordOf(v.Index(i).Interface())
	}
	return rows
}
