package main

import (
	"reflect"
	"time"
	"unicode"

	"github.com/quecloud/quecloud-go/quecloudtest"
)

// view makes of the stand-in's state what encoding/json is to write: objects whose members are named as the fields are,
// with a small letter first, so that nothing is forgotten when a field is added. Money is text in yuan, durations are
// seconds, an error is its text, and what is not there is null.
func view(state any) any {
	switch v := state.(type) {
	case nil:
		return nil
	case quecloudtest.Money:
		return v.String()
	case time.Duration:
		return v.Seconds()
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return v
	case error:
		return v.Error()
	}
	switch v := reflect.ValueOf(state); v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return view(v.Elem().Interface())
	case reflect.Slice, reflect.Array:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = view(v.Index(i).Interface())
		}
		return list
	case reflect.Struct:
		object := map[string]any{}
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				object[memberName(field.Name)] = view(v.Field(i).Interface())
			}
		}
		return object
	}
	return state
}

// memberName is the name of a field as those who do not write Go expect it: ICCID becomes iccid, HTTPStatus httpStatus.
func memberName(field string) string {
	name := []rune(field)
	for i := range name {
		if i > 0 && i+1 < len(name) && unicode.IsLower(name[i+1]) || unicode.IsLower(name[i]) {
			break
		}
		name[i] = unicode.ToLower(name[i])
	}
	return string(name)
}
