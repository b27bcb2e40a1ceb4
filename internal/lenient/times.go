package lenient

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ChinaStandardTime is the time zone of the platform, UTC+8 without daylight saving time.
var ChinaStandardTime = time.FixedZone("CST", 8*60*60)

// ParseTime parses a time or date in any form in which the platform may write one. now tells which times lie in the
// future.
func ParseTime(s string, now func() time.Time) (t time.Time, ok bool) { return epochLast.parse(s, now) }

// IsDay reports whether a day exists in the calendar of the years 1 to 9999.
func IsDay(year int, month time.Month, day int) bool {
	if year < 1 || year > 9999 || month < time.January || month > time.December || day < 1 {
		return false
	}
	switch month {
	case time.February:
		leap := year%4 == 0 && (year%100 != 0 || year%400 == 0)
		return day <= 28 || day == 29 && leap
	case time.April, time.June, time.September, time.November:
		return day <= 30
	}
	return day <= 31
}

// timeLayouts has the layouts with separators, after / was replaced by - and T by a space. time.Parse accepts one digit
// or two where a layout has one, and a fraction after the seconds.
var timeLayouts = [...]string{
	"2006-1-2 15:4:5", "2006-1-2", "2006-1-2 15:4", "2006-1-2 15:4:5Z07:00", "2006-1-2 15:4:5Z0700", "2006-1-2 15:4:5Z07",
	"2006-1-2 15:4Z07:00",
}

// digitLayouts has the layouts without separators. Of two layouts of the same length the first that fits applies: 20 is
// not a month, so years from 2013 on with four digits are not mistaken for 2020.
var digitLayouts = [...]string{"20060102", "0601021504", "060102150405", "200601021504", "20060102150405"}

// An epochRule tells when digits are seconds or milliseconds since 1970.
type epochRule int

const (
	epochLast   epochRule = iota // if they are not a date, and the instant lies between 2015 and tomorrow
	epochFuture                  // the same, but the instant may lie after tomorrow, such as the end of a service
	epochFirst                   // even if they could be a date, because the document says so
)

// Limits for digits, which keep other numbers from being read as times.
var (
	firstDocumented = time.Date(1990, 1, 1, 0, 0, 0, 0, ChinaStandardTime)
	firstGuessed    = time.Date(2015, 1, 1, 0, 0, 0, 0, ChinaStandardTime)
	lastDigits      = time.Date(2100, 1, 1, 0, 0, 0, 0, ChinaStandardTime)
)

// parse parses a time, in China Standard Time unless it has a zone.
func (rule epochRule) parse(s string, now func() time.Time) (t time.Time, ok bool) {
	s = strings.TrimSpace(s)
	if t, ok := fastTime([]byte(s)); ok {
		return t, true
	}
	if digits, ok := digitsOf(s); ok {
		return rule.parseDigits(digits, now)
	}
	s = strings.Replace(strings.ReplaceAll(s, "/", "-"), "T", " ", 1)
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, s, ChinaStandardTime); err == nil {
			if t = t.In(ChinaStandardTime); 1 <= t.Year() && t.Year() <= 9999 {
				return t, true
			}
			break
		}
	}
	return time.Time{}, false
}

// fastDate parses the usual layout of dates, yyyy-MM-dd.
func fastDate(s []byte) (d date, ok bool) {
	if len(s) == len(time.DateOnly) && s[4] == '-' && s[7] == '-' {
		d = date{number(s[:4]), time.Month(number(s[5:7])), number(s[8:])}
	}
	return d, d.isValid()
}

// fastTime parses the usual layout of times, yyyy-MM-dd HH:mm:ss.
func fastTime(s []byte) (t time.Time, ok bool) {
	if len(s) != len(time.DateTime) || s[10] != ' ' || s[13] != ':' || s[16] != ':' {
		return t, false
	}
	d, ok := fastDate(s[:10])
	hour, minute, second := number(s[11:13]), number(s[14:16]), number(s[17:])
	if !ok || uint(hour) > 23 || uint(minute) > 59 || uint(second) > 59 {
		return t, false
	}
	return time.Date(d.Year, d.Month, d.Day, hour, minute, second, 0, ChinaStandardTime), true
}

// number parses digits. It returns -1 for any other text.
func number(digits []byte) (n int) {
	for _, c := range digits {
		if !isDigit(c) {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// digitsOf returns the digits of a whole number. Java writes a large one as 2.0241231235959E13, or with .0 at its end.
func digitsOf(s string) (digits string, ok bool) {
	if consistsOf(s, isDigit) {
		return s, true
	}
	digits, ok = wholeDigits(s)
	return digits, ok && digits[0] != '-'
}

func (rule epochRule) parseDigits(s string, now func() time.Time) (t time.Time, ok bool) {
	if rule == epochFirst {
		if t, ok = parseEpoch(s, firstDocumented, lastDigits); ok {
			return t, true
		}
	}
	for _, layout := range digitLayouts {
		if len(layout) != len(s) {
			continue
		}
		oldest := 1900
		if layout[:2] == "06" {
			oldest = 2000
		}
		t, err := time.ParseInLocation(layout, s, ChinaStandardTime)
		if err == nil && oldest <= t.Year() && (t.Before(lastDigits) || t.Year() == 9999) {
			return t, true
		}
	}
	if rule == epochFuture {
		return parseEpoch(s, firstGuessed, lastDigits)
	}
	return parseEpoch(s, firstGuessed, now().AddDate(0, 0, 1))
}

// parseEpoch parses seconds or milliseconds since 1970, whichever lies between the limits. They never both do.
func parseEpoch(s string, first, last time.Time) (t time.Time, ok bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > lastDigits.UnixMilli() {
		return t, false
	}
	for _, t := range [...]time.Time{time.Unix(n, 0), time.UnixMilli(n)} {
		if !t.Before(first) && !t.After(last) {
			return t.In(ChinaStandardTime), true
		}
	}
	return t, false
}

// IsNoTime reports whether a text stands for no time: empty, the word null, or a date of zeros, which databases write
// for a date that was never set.
func IsNoTime(text []byte) bool {
	text = bytes.TrimSpace(text)
	return len(text) == 0 || isNull(text) ||
		slices.Contains(text, '0') && len(bytes.Trim(text, "0-/:. TZ")) == 0
}

// isNull reports whether a text is the word null, which some programs write for an absent time.
func isNull(text []byte) bool { return bytes.EqualFold(bytes.TrimSpace(text), []byte("null")) }
