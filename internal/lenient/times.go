package lenient

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"
)

// How the platform's times and dates are read, those of responses, of events and of the package's ParseDate, is all here.

// ChinaStandardTime is the zone of every local time of the platform: UTC+8 without daylight saving.
var ChinaStandardTime = time.FixedZone("CST", 8*60*60)

// ParseTime reads a time in any form in which the platform may write one.
func ParseTime(s string, now func() time.Time) (t time.Time, ok bool) { return epochLast.parse(s, now) }

// IsDay reports whether there is such a day in the calendar of the years 1 to 9999.
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

// timeLayouts are the forms with separators, once / has become - and T a blank. time.Parse takes one digit or two where
// a form has one, and a fraction behind the seconds.
var timeLayouts = [...]string{
	"2006-1-2 15:4:5", "2006-1-2", "2006-1-2 15:4", "2006-1-2 15:4:5Z07:00", "2006-1-2 15:4:5Z0700", "2006-1-2 15:4:5Z07",
	"2006-1-2 15:4Z07:00",
}

// digitLayouts are the forms without separators. Of those of one length the first that can be is meant: 20 is no month,
// so that the years from 2013 on, written with four digits, are not taken for 2020.
var digitLayouts = [...]string{"20060102", "0601021504", "060102150405", "200601021504", "20060102150405"}

// An epochRule says when digits are seconds or milliseconds since 1970.
type epochRule int

const (
	epochLast   epochRule = iota // if they are no date, and the instant lies between 2015 and tomorrow
	epochFuture                  // the same, but it may also lie after tomorrow, as the end of something may
	epochFirst                   // before they are a date, because the document says so
)

// The limits of what digits may mean. They keep a number that is no time from becoming one.
var (
	firstDocumented = time.Date(1990, 1, 1, 0, 0, 0, 0, ChinaStandardTime)
	firstGuessed    = time.Date(2015, 1, 1, 0, 0, 0, 0, ChinaStandardTime)
	lastDigits      = time.Date(2100, 1, 1, 0, 0, 0, 0, ChinaStandardTime)
)

// parse reads a time, which is one of China Standard Time unless it says otherwise.
func (rule epochRule) parse(s string, now func() time.Time) (t time.Time, ok bool) {
	s = strings.TrimSpace(s)
	if len(s) == len(time.DateTime) && s[4] == '-' { // the form of nearly all of them
		if t, err := time.ParseInLocation(time.DateTime, s, ChinaStandardTime); err == nil && t.Year() > 0 {
			return t, true
		}
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

// digitsOf returns a whole number as digits: Java writes a large one as 2.0241231235959E13, or with .0 behind it.
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

// parseEpoch reads seconds or milliseconds since 1970, whichever lies between the limits. Both never do.
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

// IsNoTime reports whether a text stands for no time at all: nothing, the word null, or a date of zeros only, which is
// how databases write one that was never set.
func IsNoTime(text []byte) bool {
	text = bytes.TrimSpace(text)
	return len(text) == 0 || isNull(text) ||
		slices.Contains(text, '0') && len(bytes.Trim(text, "0-/:. TZ")) == 0
}

// isNull reports whether a text is the word null, which is what some programs make of a time that is not there.
func isNull(text []byte) bool { return bytes.EqualFold(bytes.TrimSpace(text), []byte("null")) }
