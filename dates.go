package quecloud

import (
	"fmt"
	"net/url"
	"time"
)

// ChinaStandardTime is the zone of every local time of the platform: UTC+8 without daylight saving. It is a fixed
// zone, so no time zone database is needed.
var ChinaStandardTime = time.FixedZone("CST", 8*60*60)

// A Date is a day of the calendar, without a time zone. It is comparable. The zero value stands for no date: in a
// parameter it is not sent, and an empty or null date of an answer becomes it.
type Date struct {
	Year  int        // 1 to 9999
	Month time.Month // 1 to 12
	Day   int        // the first of a month is 1
}

// DateOf returns the day on which t falls in [ChinaStandardTime].
func DateOf(t time.Time) Date {
	y, m, d := t.In(ChinaStandardTime).Date()
	return Date{y, m, d}
}

// ParseDate reads a date, or a time that falls on it in [ChinaStandardTime], in any form in which the platform may write
// one: yyyyMMdd, yyyy-MM-dd or yyyy/MM/dd, the latter two with or without a time of day, a fraction of a second and a zone
// behind it; yyMMddHHmm and yyyyMMddHHmm, with or without ss; and where digits are none of these, seconds or milliseconds
// since 1970, from 2015 to a day from now.
func ParseDate(s string) (Date, error) {
	t, ok := epochLast.parse(s, time.Now)
	if !ok {
		return Date{}, fmt.Errorf("%q is not a date: want yyyyMMdd or yyyy-MM-dd", s)
	}
	return DateOf(t), nil
}

// IsZero reports whether d stands for no date.
func (d Date) IsZero() bool { return d == Date{} }

// IsValid reports whether d is a day of the calendar in the years 1 to 9999.
func (d Date) IsValid() bool {
	if !(Month{d.Year, d.Month}).IsValid() || d.Day < 1 {
		return false
	}
	switch d.Month {
	case time.February:
		leap := d.Year%4 == 0 && (d.Year%100 != 0 || d.Year%400 == 0)
		return d.Day <= 28 || d.Day == 29 && leap
	case time.April, time.June, time.September, time.November:
		return d.Day <= 30
	}
	return d.Day <= 31
}

// Time returns the day's first instant in [ChinaStandardTime], and the zero time for the zero date.
func (d Date) Time() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, ChinaStandardTime)
}

// AddDays returns the date n days later, or earlier where n is negative.
func (d Date) AddDays(n int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, ChinaStandardTime))
}

// Compare returns -1, 0 or +1 as d is before, on or after o.
func (d Date) Compare(o Date) int { return d.Time().Compare(o.Time()) }

// String returns the date as yyyy-MM-dd, and "" for the zero date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// MarshalText returns what String returns.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads a date as [ParseDate] does. Empty text, null and 0000-00-00 give the zero date.
func (d *Date) UnmarshalText(text []byte) (err error) {
	*d = Date{}
	if !isNoTime(text) {
		*d, err = ParseDate(string(text))
	}
	return err
}

// EncodeValues writes the date as the platform's requests want it, yyyyMMdd.
func (d Date) EncodeValues(name string, form *url.Values) error {
	if !d.IsValid() {
		return &ParamError{Param: name, Reason: fmt.Sprintf("there is no such day as %s", d)}
	}
	form.Set(name, fmt.Sprintf("%04d%02d%02d", d.Year, d.Month, d.Day))
	return nil
}

// A Month is a month of the calendar, without a time zone. It is comparable. The zero value stands for no month and is
// refused by the methods that need one.
type Month struct {
	Year  int        // 1 to 9999
	Month time.Month // 1 to 12
}

// MonthOf returns the month in which t falls in [ChinaStandardTime].
func MonthOf(t time.Time) Month {
	y, m, _ := t.In(ChinaStandardTime).Date()
	return Month{y, m}
}

// ParseMonth reads a month written as yyyyMM or yyyy-MM.
func ParseMonth(s string) (Month, error) {
	layout := "200601"
	if len(s) == len("2006-01") {
		layout = "2006-01"
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return Month{}, fmt.Errorf("%q is not a month: want yyyyMM or yyyy-MM", s)
	}
	return Month{t.Year(), t.Month()}, nil
}

// IsZero reports whether m stands for no month.
func (m Month) IsZero() bool { return m == Month{} }

// IsValid reports whether m is a month of the calendar in the years 1 to 9999.
func (m Month) IsValid() bool {
	return time.January <= m.Month && m.Month <= time.December && 1 <= m.Year && m.Year <= 9999
}

// AddMonths returns the month n months later, or earlier where n is negative.
func (m Month) AddMonths(n int) Month {
	t := time.Date(m.Year, m.Month+time.Month(n), 1, 0, 0, 0, 0, ChinaStandardTime)
	return Month{t.Year(), t.Month()}
}

// Day returns a day of the month; the first is 1.
func (m Month) Day(day int) Date { return Date{m.Year, m.Month, day} }

// Compare returns -1, 0 or +1 as m is before, equal to or after o.
func (m Month) Compare(o Month) int { return m.Day(1).Compare(o.Day(1)) }

// String returns the month as yyyy-MM, and "" for the zero month.
func (m Month) String() string {
	if m.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d", m.Year, m.Month)
}

// MarshalText returns what String returns.
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads a month as [ParseMonth] does. Empty text gives the zero month.
func (m *Month) UnmarshalText(text []byte) (err error) {
	*m = Month{}
	if len(text) > 0 {
		*m, err = ParseMonth(string(text))
	}
	return err
}

// EncodeValues writes the month as the platform's requests want it, yyyyMM.
func (m Month) EncodeValues(name string, form *url.Values) error {
	if m.IsZero() {
		return &ParamError{Param: name, Reason: "no month given"}
	}
	if !m.IsValid() {
		return &ParamError{Param: name, Reason: fmt.Sprintf("there is no such month as %s", m)}
	}
	form.Set(name, fmt.Sprintf("%04d%02d", m.Year, m.Month))
	return nil
}
