package quecloud

import (
	"database/sql/driver"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"time"

	"github.com/quecloud/quecloud-go/internal/lenient"
)

// ChinaStandardTime is the time zone of the platform, UTC+8 without daylight saving time. It is a fixed zone and needs
// no time zone database.
var ChinaStandardTime = lenient.ChinaStandardTime

// A Date is a calendar date without a time zone. It is comparable. The zero value means no date: a request omits it,
// and an empty or null date of a response is the zero Date.
type Date struct {
	Year  int        // 1 to 9999
	Month time.Month // 1 to 12
	Day   int        // the first of a month is 1
}

func init() { lenient.Register[Date]() }

// NewDate returns a date, or an error if the calendar of the years 1 to 9999 does not have it.
func NewDate(year int, month time.Month, day int) (Date, error) {
	d := Date{year, month, day}
	if !d.IsValid() {
		return Date{}, fmt.Errorf("new date: %04d-%02d-%02d is not a date of the calendar", year, int(month), day)
	}
	return d, nil
}

// DateOf returns the date of t in [ChinaStandardTime].
func DateOf(t time.Time) Date {
	y, m, d := t.In(ChinaStandardTime).Date()
	return Date{y, m, d}
}

// ParseDate parses a date, or a time, of which it returns the date in [ChinaStandardTime]. It accepts all layouts that
// the platform may use: yyyyMMdd; yyyy-MM-dd and yyyy/MM/dd, optionally followed by a time of day, a fraction of a
// second and a zone; yyMMddHHmm and yyyyMMddHHmm, optionally followed by ss. Digits in none of these layouts are
// seconds or milliseconds since 1970, from 2015 to one day from now.
func ParseDate(s string) (Date, error) {
	t, ok := lenient.ParseTime(s, time.Now)
	if !ok {
		return Date{}, fmt.Errorf("parse date %q: want yyyyMMdd or yyyy-MM-dd", s)
	}
	return DateOf(t), nil
}

// IsZero reports whether d is the zero Date, which means no date.
func (d Date) IsZero() bool { return d == Date{} }

// IsValid reports whether d is a date of the calendar in the years 1 to 9999.
func (d Date) IsValid() bool { return lenient.IsDay(d.Year, d.Month, d.Day) }

// Time returns midnight at the start of d in [ChinaStandardTime], or the zero time for the zero Date.
func (d Date) Time() time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, ChinaStandardTime)
}

// AddDays returns the date n days after d. n may be negative.
func (d Date) AddDays(n int) Date {
	return DateOf(time.Date(d.Year, d.Month, d.Day+n, 0, 0, 0, 0, ChinaStandardTime))
}

// DaysSince returns the number of days from o to d. It is negative if d is before o, and meaningless if d or o is the
// zero Date.
func (d Date) DaysSince(o Date) int { return int((d.Time().Unix() - o.Time().Unix()) / (24 * 60 * 60)) }

// YearMonth returns the month of d, or the zero Month for the zero Date.
func (d Date) YearMonth() Month { return Month{d.Year, d.Month} }

// Compare returns -1 if d is before o, 0 if they are equal, and +1 if d is after o.
func (d Date) Compare(o Date) int { return d.Time().Compare(o.Time()) }

// String returns the date as yyyy-MM-dd, or "" for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// MarshalText returns the text of String.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText parses a date as [ParseDate] does. Empty text, null and 0000-00-00 are the zero Date.
func (d *Date) UnmarshalText(text []byte) (err error) {
	*d = Date{}
	if !lenient.IsNoTime(text) {
		*d, err = ParseDate(string(text))
	}
	return err
}

// Value returns the date as text for a database, in the form of String, or NULL for the zero Date. It returns an error
// for a date that the calendar does not have.
func (d Date) Value() (driver.Value, error) { return dateValue(d, d.IsZero(), d.IsValid()) }

// Scan reads a column of a database. From a [time.Time], and from text with a time of day, it takes the date in the
// value's own zone: midnight in Tokyo is that day. Use [DateOf] for an instant. It parses other text as [ParseDate]
// does. NULL, blank text, the zero time, also as text, and 0000-00-00 are the zero Date.
func (d *Date) Scan(column any) error {
	*d = Date{}
	if t, ok := column.(time.Time); ok {
		day, err := dateIn(d, t)
		*d = day
		return err
	}
	text, err := columnText(d, column)
	if err != nil || lenient.IsNoTime([]byte(text)) {
		return err
	}
	parsed, err := ParseDate(joinZone(text))
	if err != nil {
		return err
	}
	if day, _, hasTime := strings.Cut(strings.Replace(text, "T", " ", 1), " "); hasTime {
		if parsed, err = ParseDate(day); parsed == (Date{1, time.January, 1}) {
			parsed = Date{} // the zero time, in some zone
		}
	}
	*d = parsed
	return err
}

// joinZone removes the blank before the zone of a time, and the name of the zone. [time.Time.String] writes both, and
// so does the driver modernc.org/sqlite.
func joinZone(text string) string {
	fields := strings.Fields(text)
	if n := len(fields); (n == 3 || n == 4) && strings.ContainsAny(fields[2][:1], "+-") {
		return fields[0] + " " + fields[1] + fields[2]
	}
	return text
}

// dateIn returns the date of t in its own zone, or the zero Date for the zero time. to is the destination, for errors.
func dateIn(to any, t time.Time) (Date, error) {
	if t.IsZero() {
		return Date{}, nil
	}
	year, month, day := t.Date()
	if year < 1 || year > 9999 {
		return Date{}, fmt.Errorf("scan %T: the year %d is not in the range 1 to 9999", to, year)
	}
	return Date{year, month, day}, nil
}

// dateValue returns a date or month for a database.
func dateValue(value fmt.Stringer, isZero, isValid bool) (driver.Value, error) {
	switch {
	case isZero:
		return nil, nil
	case !isValid:
		return nil, fmt.Errorf("store %T: %s is not in the calendar", value, value)
	}
	return value.String(), nil
}

// columnText returns the text of a column of a database, "" for NULL, without the blanks that pad a column of a fixed
// width. to is the destination, for the error text.
func columnText(to, column any) (string, error) {
	switch column := column.(type) {
	case nil:
		return "", nil
	case string:
		return strings.TrimSpace(column), nil
	case []byte:
		return strings.TrimSpace(string(column)), nil
	}
	return "", fmt.Errorf("scan %T: the column is %T, want text", to, column)
}

// EncodeValues adds the date to a form as yyyyMMdd, the layout of requests.
func (d Date) EncodeValues(name string, form *url.Values) error {
	if !d.IsValid() {
		return &ParamError{Param: name, Reason: fmt.Sprintf("%s is not a date of the calendar", d)}
	}
	form.Set(name, fmt.Sprintf("%04d%02d%02d", d.Year, d.Month, d.Day))
	return nil
}

// checkRange checks that a range of dates does not end before it starts. It may be open at either end.
func checkRange(param string, from, to Date) error {
	if from.IsZero() || to.IsZero() || to.Compare(from) >= 0 {
		return nil
	}
	reason := fmt.Sprintf("%s is before the start of the range, %s; the SDK sends no such range", to, from)
	return &ParamError{Param: param, Reason: reason}
}

// A Month is a calendar month without a time zone. It is comparable. The zero value means no month; methods that need a
// month reject it.
type Month struct {
	Year  int        // 1 to 9999
	Month time.Month // 1 to 12
}

// NewMonth returns a month, or an error if the calendar of the years 1 to 9999 does not have it.
func NewMonth(year int, month time.Month) (Month, error) {
	m := Month{year, month}
	if !m.IsValid() {
		return Month{}, fmt.Errorf("new month: %04d-%02d is not a month of the calendar", year, int(month))
	}
	return m, nil
}

// MonthOf returns the month of t in [ChinaStandardTime].
func MonthOf(t time.Time) Month {
	y, m, _ := t.In(ChinaStandardTime).Date()
	return Month{y, m}
}

// ParseMonth parses a month in the layout yyyyMM or yyyy-MM.
func ParseMonth(s string) (Month, error) {
	layout := "200601"
	if len(s) == len("2006-01") {
		layout = "2006-01"
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return Month{}, fmt.Errorf("parse month %q: want yyyyMM or yyyy-MM", s)
	}
	return Month{t.Year(), t.Month()}, nil
}

// IsZero reports whether m is the zero Month, which means no month.
func (m Month) IsZero() bool { return m == Month{} }

// IsValid reports whether m is a month of the calendar in the years 1 to 9999.
func (m Month) IsValid() bool {
	return time.January <= m.Month && m.Month <= time.December && 1 <= m.Year && m.Year <= 9999
}

// AddMonths returns the month n months after m. n may be negative: m.AddMonths(-1) is the previous month.
func (m Month) AddMonths(n int) Month {
	t := time.Date(m.Year, m.Month+time.Month(n), 1, 0, 0, 0, 0, ChinaStandardTime)
	return Month{t.Year(), t.Month()}
}

// Day returns the date of a day of the month. The first day is 1.
func (m Month) Day(day int) Date { return Date{m.Year, m.Month, day} }

// LastDay returns the date of the last day of the month, whose Day is the number of days. It returns the zero Date for
// a month that the calendar does not have.
func (m Month) LastDay() Date {
	if !m.IsValid() {
		return Date{}
	}
	return m.AddMonths(1).Day(1).AddDays(-1)
}

// Days returns an iterator over the dates of the month. It has none for a month that the calendar does not have.
func (m Month) Days() iter.Seq[Date] {
	return func(yield func(Date) bool) {
		for day := 1; day <= m.LastDay().Day && yield(m.Day(day)); day++ {
		}
	}
}

// Compare returns -1 if m is before o, 0 if they are equal, and +1 if m is after o.
func (m Month) Compare(o Month) int { return m.Day(1).Compare(o.Day(1)) }

// String returns the month as yyyy-MM, or "" for the zero Month.
func (m Month) String() string {
	if m.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d", m.Year, m.Month)
}

// MarshalText returns the text of String.
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText parses a month as [ParseMonth] does. Empty text is the zero Month.
func (m *Month) UnmarshalText(text []byte) (err error) {
	*m = Month{}
	if len(text) > 0 {
		*m, err = ParseMonth(string(text))
	}
	return err
}

// Value returns the month as text for a database, in the form of String, or NULL for the zero Month. It returns an
// error for a month that the calendar does not have.
func (m Month) Value() (driver.Value, error) { return dateValue(m, m.IsZero(), m.IsValid()) }

// Scan reads a column of a database. It parses text as [ParseMonth] does, and otherwise takes the month of a date or a
// time, as [Date.Scan] reads them. NULL, blank text, the zero time and 0000-00-00 are the zero Month.
func (m *Month) Scan(column any) error {
	*m = Month{}
	if t, ok := column.(time.Time); ok {
		d, err := dateIn(m, t)
		*m = d.YearMonth()
		return err
	}
	text, err := columnText(m, column)
	if err != nil {
		return err
	}
	if err = m.UnmarshalText([]byte(text)); err == nil {
		return nil
	}
	var d Date
	if d.Scan(text) != nil {
		return err
	}
	*m = d.YearMonth()
	return nil
}

// EncodeValues adds the month to a form as yyyyMM, the layout of requests.
func (m Month) EncodeValues(name string, form *url.Values) error {
	if m.IsZero() {
		return &ParamError{Param: name, Reason: "no month given"}
	}
	if !m.IsValid() {
		return &ParamError{Param: name, Reason: fmt.Sprintf("%s is not a month of the calendar", m)}
	}
	form.Set(name, fmt.Sprintf("%04d%02d", m.Year, m.Month))
	return nil
}
