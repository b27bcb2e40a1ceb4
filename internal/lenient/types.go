package lenient

import (
	"reflect"
	"time"
)

// Dates and enumerations are types of the package above that need more than their Go kind.
var (
	dates        = map[reflect.Type]func(to any, day date){} // stores a day where a pointer points
	enumerations = map[string]bool{}                         // by package path
)

type date struct {
	Year  int
	Month time.Month
	Day   int
}

func (d date) isValid() bool { return IsDay(d.Year, d.Month, d.Day) }

// Register makes D a type of dates and the string types of D's package enumerations, whose values lose the white space
// around them. Call it from an init function.
func Register[D ~struct {
	Year  int
	Month time.Month
	Day   int
}]() {
	t := reflect.TypeFor[D]()
	dates[t] = func(to any, day date) { *to.(*D) = D(day) }
	enumerations[t.PkgPath()] = true
}

func isEnumeration(t reflect.Type) bool {
	return t.Kind() == reflect.String && enumerations[t.PkgPath()]
}
