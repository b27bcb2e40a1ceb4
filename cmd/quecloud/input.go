package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

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
		t.get("read cards from a file, one a line, or CSV with a column iccid or msisdn; - for stdin"))
	f.Float64Var(&c.rate, "rate", 0, t.get("calls a second at most; 0 for no limit"))
	f.IntVar(&c.concurrency, "concurrency", 8, t.get("calls at the same time, 1 to 64"))
	if bulk {
		f.StringVar(&c.journal, "journal", "", t.get("file that records the outcome of each card; a run is resumed from it"))
		f.BoolVar(&c.again, "again", false, t.get("also change cards that an earlier run may have changed"))
	}
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

// readCards returns the cards that the arguments name, in their order, each once.
func (c *call) readCards() ([]quecloud.CardID, error) {
	lines := slices.Clone(c.args)
	from := c.cards.file
	if i := slices.Index(lines, "-"); i >= 0 {
		lines, from = slices.Delete(lines, i, i+1), "-"
	}
	if from != "" {
		more, err := c.readFile(from)
		if err != nil {
			return nil, err
		}
		lines = append(lines, more...)
	}
	var cards []quecloud.CardID
	known := map[quecloud.CardID]bool{}
	for _, line := range lines {
		card, err := quecloud.ParseCardID(line)
		if err != nil {
			return nil, usageError{err.Error()}
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
func (c *call) readFile(path string) ([]string, error) {
	in := c.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	content := bufio.NewReader(in)
	if bom, _, err := content.ReadRune(); err == nil && bom != '\ufeff' {
		_ = content.UnreadRune()
	}
	head, err := content.Peek(4096)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, err
	}
	first, _, _ := strings.Cut(string(head), "\n")
	if strings.ContainsAny(first, ",;\t") {
		return c.csvColumn(content, first)
	}
	var numbers []string
	lines := bufio.NewScanner(content)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") || len(numbers) == 0 && isCardColumn(line) {
			continue
		}
		numbers = append(numbers, line)
	}
	return numbers, lines.Err()
}

// csvColumn returns the column of CSV that holds the cards.
func (c *call) csvColumn(in io.Reader, first string) ([]string, error) {
	r := csv.NewReader(in)
	r.TrimLeadingSpace = true
	for _, comma := range ";\t" {
		if strings.Count(first, string(comma)) > strings.Count(first, ",") {
			r.Comma = comma
		}
	}
	rows, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	column := slices.IndexFunc(rows[0], isCardColumn)
	if column < 0 {
		return nil, usageError{fmt.Sprintf(c.texts.get("the file has no column iccid or msisdn, but %s"),
			strings.Join(rows[0], ", "))}
	}
	var numbers []string
	for _, row := range rows[1:] {
		numbers = append(numbers, row[column])
	}
	return numbers, nil
}

func isCardColumn(head string) bool {
	switch strings.ToLower(strings.TrimSpace(head)) {
	case "iccid", "msisdn", "card":
		return true
	}
	return false
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
