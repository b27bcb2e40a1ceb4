package main

import (
	"errors"
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/quecloud/quecloud-go"
)

// A ranking keeps the cards that used most.
type ranking struct {
	most int
	rows []quecloud.MonthFlowRow // in descending order of usage
}

func (r *ranking) add(row quecloud.MonthFlowRow) {
	at, _ := slices.BinarySearchFunc(r.rows, row, func(a, b quecloud.MonthFlowRow) int {
		if a.MonthFlow >= b.MonthFlow { // the first of equals stays first
			return -1
		}
		return 1
	})
	if row.MonthFlow <= 0 || at >= r.most {
		return
	}
	r.rows = slices.Insert(r.rows, at, row)
	r.rows = r.rows[:min(len(r.rows), r.most)]
}

var (
	blue = color.RGBA{0x2f, 0x6f, 0xb5, 0xff}
	grey = color.RGBA{0x8a, 0x94, 0xa0, 0xff}
)

// drawFile draws both charts, one above the other, to a file. Its ending sets the format.
func drawFile(
	path string, month quecloud.Month, card quecloud.CardID, days []quecloud.DayFlow, top []quecloud.MonthFlowRow,
) error {
	const width, height = 10 * vg.Inch, 9 * vg.Inch
	canvas, err := draw.NewFormattedCanvas(width, height, strings.TrimPrefix(filepath.Ext(path), "."))
	if err != nil {
		return err
	}
	if err := drawCharts(draw.New(canvas), month, card, days, top); err != nil {
		return err
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = canvas.WriteTo(file)
	return errors.Join(err, file.Close())
}

func drawCharts(
	canvas draw.Canvas, month quecloud.Month, card quecloud.CardID, days []quecloud.DayFlow, top []quecloud.MonthFlowRow,
) error {
	daily, err := dailyChart(month, card, days)
	if err != nil {
		return err
	}
	ranked, err := topChart(month, top)
	if err != nil {
		return err
	}
	tiles := draw.Tiles{Rows: 2, Cols: 1, PadTop: 10, PadBottom: 10, PadLeft: 10, PadRight: 20, PadY: 20}
	daily.Draw(tiles.At(canvas, 0, 0))
	ranked.Draw(tiles.At(canvas, 0, 1))
	return nil
}

// dailyChart draws a bar for every day of the month. The platform leaves out days without usage.
func dailyChart(month quecloud.Month, card quecloud.CardID, days []quecloud.DayFlow) (*plot.Plot, error) {
	used := make(plotter.Values, month.LastDay().Day)
	labels := make([]string, len(used))
	for _, day := range days {
		if day.Date.Year == month.Year && day.Date.Month == month.Month {
			used[day.Date.Day-1] = day.Flow
		}
	}
	for i := range labels {
		labels[i] = strconv.Itoa(i + 1)
	}
	p := plot.New()
	p.Title.Text = fmt.Sprintf("Card %s in %s", card, month)
	p.Y.Label.Text = "MB a day"
	p.Y.Min = 0
	bars, err := plotter.NewBarChart(used, vg.Points(12))
	if err != nil {
		return nil, err
	}
	bars.Color, bars.LineStyle.Width = blue, 0
	p.Add(plotter.NewGrid(), bars)
	p.NominalX(labels...)
	return p, nil
}

// topChart draws a bar for every card, the longest on top.
func topChart(month quecloud.Month, top []quecloud.MonthFlowRow) (*plot.Plot, error) {
	used, labels := plotter.Values{}, []string{}
	for _, row := range slices.Backward(top) {
		used = append(used, row.MonthFlow)
		labels = append(labels, row.ICCID)
	}
	p := plot.New()
	p.Title.Text = fmt.Sprintf("The %d cards that used most in %s", len(top), month)
	p.X.Label.Text = "MB in the month"
	p.X.Min = 0
	if len(top) == 0 {
		return p, nil
	}
	bars, err := plotter.NewBarChart(used, vg.Points(12))
	if err != nil {
		return nil, err
	}
	bars.Horizontal, bars.Color, bars.LineStyle.Width = true, grey, 0
	p.Add(plotter.NewGrid(), bars)
	p.NominalY(labels...)
	return p, nil
}
