package main

import (
	"encoding/csv"
	"io"
	"iter"
	"strconv"
	"strings"

	"github.com/quecloud/quecloud-go"
)

// A column of the inventory.
type column struct {
	title  string
	value  func(*quecloud.Card) string
	digits bool // an identifier of digits, which spreadsheets must not round
}

var columns = []column{
	{"ICCID", func(c *quecloud.Card) string { return c.ICCID }, true},
	{"MSISDN", func(c *quecloud.Card) string { return c.MSISDN }, true},
	{"IMSI", func(c *quecloud.Card) string { return c.IMSI }, true},
	{"IMEI", func(c *quecloud.Card) string { return c.IMEI }, true},
	{"carrier", func(c *quecloud.Card) string { return string(c.Carrier) }, false},
	{"status", func(c *quecloud.Card) string { return string(c.Status) }, false},
	{"pause reason", func(c *quecloud.Card) string { return string(c.PauseReason) }, false},
	{"plan", func(c *quecloud.Card) string { return c.PlanName }, false},
	{"billing group", func(c *quecloud.Card) string { return strconv.FormatInt(c.BillingID, 10) }, false},
	{"MB this month", func(c *quecloud.Card) string { return strconv.FormatFloat(c.MonthFlow, 'f', 3, 64) }, false},
	{"activated", func(c *quecloud.Card) string { return c.ActiveDate.String() }, false},
	{"expires", func(c *quecloud.Card) string { return c.ExpiryDate.String() }, false},
}

// writeCSV writes cards as they arrive, so that memory holds a few pages and not the fleet.
func writeCSV(file io.Writer, cards iter.Seq2[quecloud.Card, error], plain bool) (n int, err error) {
	if !plain {
		if _, err := io.WriteString(file, "\ufeff"); err != nil { // tells Excel that the file is UTF-8
			return 0, err
		}
	}
	lines := csv.NewWriter(file)
	line := make([]string, len(columns))
	for i, column := range columns {
		line[i] = column.title
	}
	lines.Write(line)
	for card, err := range cards {
		if err != nil {
			return n, err
		}
		for i, column := range columns {
			line[i] = column.value(&card)
			if !plain {
				line[i] = cell(line[i], column.digits)
			}
		}
		if err := lines.Write(line); err != nil {
			return n, err
		}
		n++
	}
	lines.Flush()
	return n, lines.Error()
}

// cell returns a text that a spreadsheet shows unchanged. A number such as 89860412091880130003 becomes a formula whose
// result is a text, since Excel would round it to 8.98604E+19. Other texts are kept from being taken for formulas.
func cell(text string, digits bool) string {
	switch {
	case text == "":
		return ""
	case digits:
		return `="` + strings.ReplaceAll(text, `"`, `""`) + `"`
	case strings.ContainsRune("=+-@\t\r", rune(text[0])):
		return "'" + text
	}
	return text
}
