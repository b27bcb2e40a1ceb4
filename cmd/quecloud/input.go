package main

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/spf13/pflag"
	"golang.org/x/time/rate"

	"github.com/quecloud/quecloud-go"
)

// cardArgs are the flags of a command about cards.
type cardArgs struct {
	journal     string
	again       bool
	file        string
	rate        float64
	concurrency int
}

func (c *cardArgs) flags(f *pflag.FlagSet, t texts, bulk bool) {
	f.StringVarP(&c.file, "file", "f", "",
		t.get("read cards from a file: one a line, CSV with a column iccid or msisdn, or JSON lines; - for stdin"))
	f.Float64Var(&c.rate, "rate", 0, t.get("calls a second at most; 0 for no limit"))
	f.IntVar(&c.concurrency, "concurrency", 8, t.get("calls at the same time, 1 to 64"))
	if bulk {
		f.StringVar(&c.journal, "journal", "", t.get("file that records the outcome of each card; a run is resumed from it"))
		f.BoolVar(&c.again, "again", false, t.get("also change cards that an earlier run may have changed"))
	}
}

// check refuses a rate that is none.
func (c *cardArgs) check(t texts) error {
	if !(c.rate >= 0) {
		return usageError{fmt.Sprintf(t.get("--rate %v: want 0 or more"), c.rate)}
	}
	return nil
}

// options returns the options of the client: the limit of its rate.
func (c *cardArgs) options() []quecloud.Option {
	if c.rate <= 0 {
		return nil
	}
	return []quecloud.Option{quecloud.WithLimiter(rate.NewLimiter(rate.Limit(c.rate), 1))}
}

func (c *cardArgs) fleet() []quecloud.FleetOption {
	return []quecloud.FleetOption{quecloud.Concurrency(c.concurrency)}
}

// A number is the number of a card, and where it stands.
type number struct{ text, place string }

// readCards returns the cards that the arguments name, in their order, each once.
func (c *call) readCards() ([]quecloud.CardID, error) {
	var given []number
	from := c.cards.file
	for _, arg := range c.args {
		if arg == "-" {
			from = "-"
			continue
		}
		given = append(given, number{text: arg})
	}
	if from != "" {
		more, err := c.readFile(from)
		if err != nil {
			return nil, err
		}
		given = append(given, more...)
	}
	var cards []quecloud.CardID
	known := map[quecloud.CardID]bool{}
	for _, number := range given {
		card, err := quecloud.ParseCardID(number.text)
		if err != nil {
			return nil, usageError{number.place + strings.TrimPrefix(err.Error(), "quecloud: ")}
		}
		if !known[card.Normal()] {
			known[card.Normal()] = true
			cards = append(cards, card)
		}
	}
	if len(cards) == 0 {
		return nil, usageError{c.texts.get("no card is given: name cards, or a file with -f")}
	}
	return cards, nil
}

// readFile returns the numbers of cards in a file.
func (c *call) readFile(path string) ([]number, error) {
	in := c.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	all, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	content, err := decoded(all)
	if err != nil {
		return nil, usageError{path + ": " + c.texts.get(err.Error())}
	}
	first, _, _ := strings.Cut(strings.TrimSpace(content), "\n")
	switch {
	case strings.HasPrefix(first, "{"):
		return c.jsonLines(path, content)
	case strings.ContainsAny(strings.TrimSpace(first), ",;\t"):
		return c.csvColumn(path, content, first)
	}
	var numbers []number
	n := 0
	for line := range strings.Lines(content) {
		n++
		line = cellText(line)
		if line == "" || strings.HasPrefix(line, "#") || len(numbers) == 0 && isCardColumn(line) {
			continue
		}
		numbers = append(numbers, number{line, place(path, n)})
	}
	return numbers, nil
}

func place(path string, line int) string { return fmt.Sprintf("%s:%d: ", path, line) }

// Errors of files that are no text.
var (
	errArchive = errors.New("this is a spreadsheet or an archive: save it as CSV")
	errBinary  = errors.New("this is no text")
)

// decoded returns the text of a file in UTF-8, in UTF-16 with a byte order mark, or in an encoding whose digits and
// separators are those of ASCII, such as GBK.
func decoded(content []byte) (string, error) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(content, []byte("PK\x03\x04")), bytes.HasPrefix(content, []byte("\xd0\xcf\x11\xe0")):
		return "", errArchive
	case bytes.HasPrefix(content, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(content, []byte("\xfe\xff")):
		order = binary.BigEndian
	case bytes.ContainsRune(content, 0):
		return "", errBinary
	default:
		return strings.TrimPrefix(string(content), "\ufeff"), nil
	}
	var units []uint16
	for pair := range slices.Chunk(content[2:], 2) {
		if len(pair) == 2 {
			units = append(units, order.Uint16(pair))
		}
	}
	return string(utf16.Decode(units)), nil
}

// cellText returns a cell without what spreadsheets need to keep a number a text.
func cellText(cell string) string {
	cell = strings.TrimSpace(cell)
	if inner, ok := strings.CutPrefix(cell, `="`); ok {
		cell = strings.TrimSuffix(inner, `"`)
	}
	return strings.TrimSpace(strings.TrimPrefix(cell, "'"))
}

// jsonLines returns the cards of JSON lines, which a listing prints.
func (c *call) jsonLines(path, content string) (numbers []number, err error) {
	in := json.NewDecoder(strings.NewReader(content))
	for n := 1; in.More(); n++ {
		var row map[string]any
		if err := in.Decode(&row); err != nil {
			return nil, usageError{fmt.Sprintf("%s%v", place(path, n), err)}
		}
		found := ""
		for _, column := range cardColumns {
			if text, ok := row[column].(string); ok && found == "" {
				found = text
			}
		}
		if found == "" {
			return nil, usageError{place(path, n) + c.texts.get("there is no member card, iccid or msisdn")}
		}
		numbers = append(numbers, number{found, place(path, n)})
	}
	return numbers, nil
}

// csvColumn returns the column of CSV that holds the cards. Rows without one are left out.
func (c *call) csvColumn(path, content, first string) ([]number, error) {
	r := csv.NewReader(strings.NewReader(content))
	r.TrimLeadingSpace, r.LazyQuotes, r.FieldsPerRecord = true, true, -1
	for _, comma := range ";\t" {
		if strings.Count(first, string(comma)) > strings.Count(first, string(r.Comma)) {
			r.Comma = comma
		}
	}
	r.TrimLeadingSpace = r.Comma != '\t'
	var numbers []number
	column := -1
	for {
		row, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return numbers, nil
		case err != nil:
			return nil, usageError{fmt.Sprintf("%s: %v", path, err)}
		}
		if column < 0 {
			if column = slices.IndexFunc(row, isCardColumn); column < 0 {
				heads := []rune(strings.ToValidUTF8(strings.Join(row, ", "), "?"))
				return nil, usageError{fmt.Sprintf(c.texts.get("the file has no column iccid or msisdn, but %s"),
					string(heads[:min(len(heads), 200)]))}
			}
			continue
		}
		if column >= len(row) || cellText(row[column]) == "" {
			continue
		}
		line, _ := r.FieldPos(column)
		numbers = append(numbers, number{cellText(row[column]), place(path, line)})
	}
}

// cardColumns are the names of columns with cards, the first choice first.
var cardColumns = []string{"card", "iccid", "msisdn", "卡"}

func isCardColumn(head string) bool {
	return slices.Contains(cardColumns, strings.ToLower(cellText(head)))
}

// A value is a flag whose text is parsed by UnmarshalText-like functions of the SDK.
type value[T fmt.Stringer] struct {
	to    *T
	parse func(string) (T, error)
	kind  string
}

func (v value[T]) String() string { return (*v.to).String() }
func (v value[T]) Type() string   { return v.kind }

func (v value[T]) Set(s string) (err error) {
	*v.to, err = v.parse(s)
	return err
}

func dateVar(f *pflag.FlagSet, to *quecloud.Date, name, usage string) {
	f.Var(value[quecloud.Date]{to, quecloud.ParseDate, "yyyy-MM-dd"}, name, usage)
}

func monthVar(f *pflag.FlagSet, to *quecloud.Month, name, usage string) {
	f.Var(value[quecloud.Month]{to, quecloud.ParseMonth, "yyyy-MM"}, name, usage)
}

// orCurrent returns a month, or the current one for none.
func (c *call) orCurrent(m quecloud.Month) quecloud.Month {
	if m.IsZero() {
		return quecloud.MonthOf(time.Now())
	}
	return m
}
