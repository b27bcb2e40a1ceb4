// Package cardlist splits the lines of card_list.txt, the list of cards in an export. Its format is not documented.
package cardlist

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/quecloud/quecloud-go/internal/cardno"
)

// FileName is the name of the list in the zip file.
const FileName = "card_list.txt"

// maxLine limits the bytes of a line.
const maxLine = 1 << 20

// A Row is a line that has text.
type Row struct {
	Line   int      // number of the line, from 1
	Text   string   // the line, in its original encoding
	Fields []string // Text, split; nil if the line cannot be split
}

// Rows returns an iterator over the lines of a list. An error with a row concerns that line only. An error without a
// row ends the loop.
func Rows(r io.Reader) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, maxLine)
		lines.Split(scanLine)
		format := format{}
		number := 0
		for lines.Scan() {
			number++
			row := Row{Line: number, Text: lines.Text()}
			if number == 1 {
				row.Text = strings.TrimPrefix(row.Text, "\ufeff")
			}
			if strings.Trim(row.Text, " "+separators) == "" {
				continue
			}
			var err error
			if row.Fields, err = format.split(row.Text); err != nil {
				row.Fields, err = nil, fmt.Errorf("reading line %d of %s: %w", number, FileName, err)
			}
			if !yield(row, err) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(Row{}, fmt.Errorf("reading %s after line %d: %w", FileName, number, err))
		}
	}
}

// None of these bytes is part of a longer character, in UTF-8 or GBK.
const (
	separators = "\t,;"
	blanks     = " \t"
)

// scanLine is a [bufio.SplitFunc] for lines that end with LF, CRLF or CR.
func scanLine(text []byte, atEOF bool) (advance int, line []byte, err error) {
	end := bytes.IndexByte(text, '\n')
	if end < 0 {
		end = len(text)
	}
	if i := bytes.IndexByte(text[:end], '\r'); i >= 0 {
		end = i
	}
	switch {
	case end == len(text):
		if !atEOF || end == 0 {
			return 0, nil, nil // more may come
		}
		return end, text, nil
	case text[end] == '\n':
		return end + 1, text[:end], nil
	case end+1 < len(text) && text[end+1] == '\n':
		return end + 2, text[:end], nil
	case end+1 == len(text) && !atEOF:
		return 0, nil, nil // LF may come
	}
	return end + 1, text[:end], nil
}

// A format describes the fields of all lines, as the lines so far show.
type format struct {
	separator string // "" while unknown
	minFields int    // fields of the first line with several, up to the last one with text; 0 while unknown
	maxFields int    // all fields of that line
}

// split returns the fields of a line.
func (f *format) split(line string) ([]string, error) {
	if isBinary(line) {
		return nil, errors.New("it has bytes that no text has; perhaps it is UTF-16")
	}
	if f.separator == "" {
		var err error
		if f.separator, err = separatorOf(line); err != nil {
			return nil, err
		}
	}
	if f.separator == "" { // the line is a title, or the list has one column
		line = strings.Trim(line, blanks)
	}
	fields, err := splitAt(line, cmp.Or(f.separator, "\t"))
	if err != nil {
		return nil, err
	}
	used := len(fields) // fields up to the last one with text
	for used > 0 && fields[used-1] == "" {
		used--
	}
	switch {
	case f.maxFields == 0 && (used > 1 || isCard(fields[0])):
		f.minFields, f.maxFields = used, len(fields)
	case len(fields) < f.minFields || f.maxFields > 0 && used > f.maxFields:
		return nil, fmt.Errorf("it has %d fields where those before have %d", used, f.maxFields)
	}
	return fields, nil
}

// isCard reports whether a field is the number of a card.
func isCard(field string) bool {
	return cardno.IsMSISDN(strings.TrimSpace(field)) || cardno.IsICCID(cardno.ICCID(field))
}

// isBinary reports whether a line has bytes that text has in no encoding based on ASCII.
func isBinary(line string) bool {
	for i := range len(line) {
		if line[i] < ' ' && line[i] != '\t' {
			return true
		}
	}
	return strings.HasPrefix(line, "\xff\xfe") || strings.HasPrefix(line, "\xfe\xff")
}

var (
	errSeparators = errors.New("it has several possible separators")
	errTab        = errors.New("a field has a tab inside")
	errQuotes     = errors.New("a quotation mark is not closed at the end of its field")
)

// separatorOf returns the separator of the fields of a line, or "" for a line of one field. Tabs separate fields only
// where no comma or semicolon does, since spreadsheets pad fields with tabs.
func separatorOf(line string) (string, error) {
	line = strings.Trim(line, blanks)
	var found []string
	hasTab := false
	for _, separator := range []string{",", ";"} {
		fields, err := splitAt(line, separator)
		hasTab = hasTab || errors.Is(err, errTab) && strings.Contains(line, separator)
		if err == nil && len(fields) > 1 {
			found = append(found, separator)
		}
	}
	switch {
	case len(found) == 1 && !hasTab:
		return found[0], nil
	case len(found) > 1:
		return "", errSeparators
	}
	fields, err := splitAt(line, "\t")
	if err != nil || len(fields) == 1 {
		return "", err
	}
	for _, field := range fields {
		if strings.Trim(field, ",;") != field {
			return "", errSeparators
		}
	}
	return "\t", nil
}

// splitAt splits a line at its separators, and removes blanks and quotation marks around the fields.
func splitAt(line, separator string) (fields []string, err error) {
	padding := strings.ReplaceAll(blanks, separator, "")
	if !strings.Contains(line, `"`) {
		fields = strings.Split(line, separator)
		for i := range fields {
			if fields[i] = strings.Trim(fields[i], padding); strings.Contains(fields[i], "\t") {
				return nil, errTab
			}
		}
		return fields, nil
	}
	for more := true; more; {
		var field string
		if text := strings.TrimLeft(line, padding); isQuoted(text) {
			field, line, more, err = cutQuoted(text, separator, padding)
		} else {
			field, line, more = strings.Cut(line, separator)
			if field = strings.Trim(field, padding); strings.Contains(field, "\t") {
				err = errTab
			}
		}
		if err != nil {
			return nil, err
		}
		fields = append(fields, field)
	}
	return fields, nil
}

func isQuoted(field string) bool {
	return strings.HasPrefix(field, `"`) || strings.HasPrefix(field, `="`)
}

// cutQuoted returns the quoted field at the beginning of a line, and the rest of the line if more fields follow.
func cutQuoted(line, separator, padding string) (field, rest string, more bool, err error) {
	field, rest, ok := unquote(line)
	if !ok {
		return "", "", false, errQuotes
	}
	between, rest, more := strings.Cut(rest, separator)
	if strings.Trim(between, padding) != "" {
		return "", "", false, errQuotes
	}
	return field, rest, more, nil
}

// unquote returns the text in the quotation marks at the beginning of text, with doubled ones as one, and what follows.
func unquote(text string) (field, rest string, ok bool) {
	text = strings.TrimPrefix(text, "=")[1:]
	for at := 0; ; {
		i := strings.IndexByte(text[at:], '"')
		if i < 0 {
			return "", "", false
		}
		if at += i; !strings.HasPrefix(text[at:], `""`) {
			return strings.ReplaceAll(text[:at], `""`, `"`), text[at+1:], true
		}
		at += 2
	}
}
