package quecloud

import (
	"bufio"
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
// Empty lines are left out, line ends may be LF or CRLF, and a byte order mark of UTF-8 is removed. Fields are split at
// tabs if the first line has any, or else at its commas or semicolons, and trimmed of blanks; quotation marks mean
// nothing. Bytes are not converted: use [unicode/utf8.ValidString], and a decoder for GBK where it says no.
//
// The first error ends the loop. A damaged file can give one after all lines, when the checksum turns out wrong.
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
		separator := ""
		row := CardListRow{}
		for lines.Scan() {
			row.Line++
			row.Text = lines.Text()
			if row.Line == 1 {
				row.Text = strings.TrimPrefix(row.Text, "\ufeff")
			}
			if strings.TrimSpace(row.Text) == "" {
				continue
			}
			if separator == "" {
				separator = separatorOf(row.Text)
			}
			row.Fields = strings.Split(row.Text, separator)
			for i := range row.Fields {
				row.Fields[i] = strings.Trim(row.Fields[i], " ")
			}
			if !yield(row, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(CardListRow{}, fmt.Errorf("quecloud: reading %s after line %d: %w", cardListName, row.Line, err))
		}
	}
}

const cardListName = "card_list.txt"

// separatorOf is what separates the fields of a line. None of these bytes is ever a part of a character of GBK.
func separatorOf(line string) string {
	for _, separator := range []string{"\t", ",", ";"} {
		if strings.Contains(line, separator) {
			return separator
		}
	}
	return "\t"
}
