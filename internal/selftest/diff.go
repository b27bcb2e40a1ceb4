package selftest

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Diff returns "" for values that are equal by reflect.DeepEqual, or else one line that tells where they differ first.
func Diff(want, got any) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return diff("", reflect.ValueOf(want), reflect.ValueOf(got))
}

func diff(path string, want, got reflect.Value) string {
	if !want.IsValid() || !got.IsValid() || want.Type() != got.Type() {
		return differs(path, want, got)
	}
	switch want.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !want.IsNil() && !got.IsNil() {
			return diff(path, want.Elem(), got.Elem())
		}
	case reflect.Slice:
		if want.Len() != got.Len() {
			name := cmp.Or(strings.TrimPrefix(path, "."), "list")
			return fmt.Sprintf("%s: want %d of them, got %d", name, want.Len(), got.Len())
		}
		for i := range want.Len() {
			if line := diff(fmt.Sprintf("%s[%d]", path, i), want.Index(i), got.Index(i)); line != "" {
				return line
			}
		}
	case reflect.Map:
		for _, key := range sortedKeys(want, got) {
			place := fmt.Sprintf("%s[%v]", path, key)
			if line := diff(place, want.MapIndex(key), got.MapIndex(key)); line != "" {
				return line
			}
		}
	case reflect.Struct:
		for i := range want.NumField() {
			field := want.Type().Field(i)
			if !field.IsExported() {
				return differs(path, want, got) // a time, an amount
			}
			if line := diff(path+"."+field.Name, want.Field(i), got.Field(i)); line != "" {
				return line
			}
		}
	}
	return differs(path, want, got)
}

// sortedKeys returns the keys of two maps.
func sortedKeys(maps ...reflect.Value) (keys []reflect.Value) {
	for _, m := range maps {
		keys = append(keys, m.MapKeys()...)
	}
	slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return keys
}

func differs(path string, want, got reflect.Value) string {
	if want.IsValid() && got.IsValid() && reflect.DeepEqual(want.Interface(), got.Interface()) {
		return ""
	}
	return fmt.Sprintf("%s: want %s, got %s", cmp.Or(strings.TrimPrefix(path, "."), "value"), shown(want), shown(got))
}

func shown(v reflect.Value) string {
	if !v.IsValid() {
		return "nothing"
	}
	if v.Kind() == reflect.String {
		return fmt.Sprintf("%.200q", v)
	}
	return fmt.Sprintf("%.200s", fmt.Sprintf("%+v", v.Interface()))
}
