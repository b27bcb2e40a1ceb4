package quecloud

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/quecloud/quecloud-go/internal/zipfile"
)

// A CardListRow is a line of card_list.txt, the list of all cards in the zip file of an export. The vendor does not
// document what its columns are.
type CardListRow struct {
	Line   int      // its number, from 1
	Text   string   // the line as it is, in the encoding that the platform uses
	Fields []string // Text, split
}

// ReadCardList returns an iterator over the lines of card_list.txt in the zip file of an export:
//
//	for row, err := range quecloud.ReadCardList(file, size) { … row.Fields … }
//
// Lines end with LF, CRLF or CR. Lines without text are left out, and a byte order mark of UTF-8 is removed. Bytes are
// not converted: use [unicode/utf8.ValidString], and a decoder for GBK where it says no.
//
// Fields are separated by tabs, commas or semicolons. The first line with any of these decides which, and how many fields
// a line has; titles of one field may come before it. Tabs beside a comma or semicolon are padding, as is written for
// spreadsheets, and are removed with the blanks around a field. Quotation marks around a whole field are removed, in the
// form ="8986…" too.
//
// What cannot be split without guessing is an error that names its line: fewer fields than in the first line, or more
// that are not empty; commas and semicolons in the line that decides; a quotation mark that is not closed; bytes that no
// text has, as in UTF-16. The row then has the line and its text, but no fields, and the loop may go on. An error
// without a row ends the loop. A damaged file can give one after all lines, when the checksum turns out wrong.
//
// The limits of [FilesService.DownloadFile] apply to the zip file; a line may have up to 1 MiB.
func ReadCardList(r io.ReaderAt, size int64) iter.Seq2[CardListRow, error] {
	return func(yield func(CardListRow, error) bool) {
		content, err := zipfile.Open(r, size, cardListName)
		if err != nil {
			yield(CardListRow{}, fmt.Errorf("quecloud: reading the zip file: %w", err))
			return
		}
		defer content.Close()
		lines := bufio.NewScanner(content)
		lines.Buffer(nil, 1<<20)
		lines.Split(scanLine)
		columns := cardColumns{}
		number := 0
		for lines.Scan() {
			number++
			row := CardListRow{Line: number, Text: lines.Text()}
			if number == 1 {
				row.Text = strings.TrimPrefix(row.Text, "\ufeff")
			}
			if strings.Trim(row.Text, " "+separators) == "" {
				continue
			}
			if row.Fields, err = columns.split(row.Text); err != nil {
				row.Fields, err = nil, fmt.Errorf("quecloud: reading line %d of %s: %w", number, cardListName, err)
			}
			if !yield(row, err) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(CardListRow{}, fmt.Errorf("quecloud: reading %s after line %d: %w", cardListName, number, err))
		}
	}
}

const cardListName = "card_list.txt"

// None of these bytes is ever a part of a character of UTF-8 or GBK.
const (
	separators = "\t,;"
	blanks     = " \t"
)

// scanLine splits text at LF, CRLF and CR.
func scanLine(text []byte, atEnd bool) (advance int, line []byte, err error) {
	end := bytes.IndexByte(text, '\n')
	if end < 0 {
		end = len(text)
	}
	if i := bytes.IndexByte(text[:end], '\r'); i >= 0 {
		end = i
	}
	switch {
	case end == len(text):
		if !atEnd || end == 0 {
			return 0, nil, nil // more may come
		}
		return end, text, nil
	case text[end] == '\n':
		return end + 1, text[:end], nil
	case end+1 < len(text) && text[end+1] == '\n':
		return end + 2, text[:end], nil
	case end+1 == len(text) && !atEnd:
		return 0, nil, nil // LF may come
	}
	return end + 1, text[:end], nil
}

// cardColumns are what the lines so far say of the fields of all lines.
type cardColumns struct {
	separator string // "" while none is known
	fewest    int    // fields up to the last one with text, of the first line with several; 0 while none is known
	most      int    // all its fields
}

// split returns the fields of a line.
func (c *cardColumns) split(line string) ([]string, error) {
	if hasBinary(line) {
		return nil, errors.New("it has bytes that no text has; perhaps it is UTF-16")
	}
	if c.separator == "" {
		var err error
		if c.separator, err = separatorOf(line); err != nil {
			return nil, err
		}
	}
	if c.separator == "" { // a title, or there is one column
		line = strings.Trim(line, blanks)
	}
	fields, err := splitAt(line, cmp.Or(c.separator, "\t"))
	if err != nil {
		return nil, err
	}
	n := len(fields)
	for n > 0 && fields[n-1] == "" {
		n--
	}
	switch _, err := ParseCardID(fields[0]); {
	case c.most == 0 && (n > 1 || err == nil):
		c.fewest, c.most = n, len(fields)
	case len(fields) < c.fewest || c.most > 0 && n > c.most:
		return nil, fmt.Errorf("it has %d fields where those before have %d", n, c.most)
	}
	return fields, nil
}

// hasBinary reports whether a line has bytes that a text has in no encoding of which ASCII is a part.
func hasBinary(line string) bool {
	for i := range len(line) {
		if line[i] < ' ' && line[i] != '\t' {
			return true
		}
	}
	return strings.HasPrefix(line, "\xff\xfe") || strings.HasPrefix(line, "\xfe\xff")
}

var (
	errMixed  = errors.New("it has several separators, of which any may be the one")
	errTab    = errors.New("there is a tab amid a field")
	errQuotes = errors.New("a quotation mark is not closed at the end of its field")
)

// separatorOf returns what separates the fields of a line, or "" for a line of one field.
func separatorOf(line string) (string, error) {
	line = strings.Trim(line, blanks)
	var found []string
	tab := false
	for _, separator := range []string{",", ";"} {
		fields, err := splitAt(line, separator)
		if tab = tab || errors.Is(err, errTab) && strings.Contains(line, separator); err == nil && len(fields) > 1 {
			found = append(found, separator)
		}
	}
	switch {
	case len(found) == 1 && !tab:
		return found[0], nil
	case len(found) > 1:
		return "", errMixed
	}
	fields, err := splitAt(line, "\t")
	if err != nil || len(fields) == 1 {
		return "", err
	}
	for _, field := range fields {
		if strings.Trim(field, ",;") != field {
			return "", errMixed
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
		var field, text string
		if text = strings.TrimLeft(line, padding); isQuoted(text) {
			if field, text, more = unquote(text); !more {
				return nil, errQuotes
			}
			var rest string
			if rest, line, more = strings.Cut(text, separator); strings.Trim(rest, padding) != "" {
				return nil, errQuotes
			}
		} else if field, line, more = strings.Cut(line, separator); strings.Contains(strings.Trim(field, padding), "\t") {
			return nil, errTab
		} else {
			field = strings.Trim(field, padding)
		}
		fields = append(fields, field)
	}
	return fields, nil
}

func isQuoted(field string) bool {
	return strings.HasPrefix(field, `"`) || strings.HasPrefix(field, `="`)
}

// unquote returns what is in the quotation marks at the beginning of text, with pairs of them as one, and what follows.
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
