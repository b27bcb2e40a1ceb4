// Session draws a session with the command as SVG: it runs the lines below against the simulator inside, whose state it
// sets first, so that the picture changes only when the command does.
//
//	go -C cmd/quecloud run ./session >docs/images/quecloud.svg
package main

import (
	"fmt"
	"html"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/mattn/go-runewidth"
)

var lines = []string{
	"quecloud --sim cards list --where status=正常 --columns iccid,carrier,status,planName,monthFlow",
	"quecloud --sim usage top -n 3 --month 2026-11 --columns msisdn,monthFlow",
	"quecloud --sim cards pause 1064900000001 --dry-run",
	"quecloud --sim cards pause 1064900000001 1064600000002 --yes",
	"quecloud --sim orders top-up 1064800000000 --product 50 --yes",
}

const scenario = `{"time": "2026-11-15T10:00:00+08:00"}`

func main() {
	log.SetFlags(0)
	dir, err := os.MkdirTemp("", "session")
	if err != nil {
		log.Fatal(err)
	}
	err = draw(dir)
	_ = os.RemoveAll(dir) // it is temporary
	if err != nil {
		log.Fatal(err)
	}
}

func draw(dir string) error {
	command := filepath.Join(dir, "quecloud")
	if out, err := exec.Command("go", "build", "-o", command, ".").CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "sim.json"), []byte(scenario), 0o600); err != nil {
		return err
	}
	var screen []string
	for _, line := range lines {
		cmd := exec.Command(command, append(strings.Fields(line)[1:], "-o", "table", "--lang", "en")...)
		cmd.Env = append(os.Environ(), "QUECLOUD_STATE="+dir)
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", line, err, out)
		}
		screen = append(screen, "$ "+line)
		screen = append(screen, strings.Split(strings.TrimSpace(string(out)), "\n")...)
		screen = append(screen, "")
	}
	return svg(screen[:len(screen)-1])
}

// Sizes of a character.
const (
	charWidth  = 8.4
	lineHeight = 20
	margin     = 16
)

// svg writes lines as a picture. Each run of text has its own position, so that columns stay in place, however wide the
// reader's font is in Chinese.
func svg(screen []string) error {
	columns := 0
	for _, line := range screen {
		columns = max(columns, runewidth.StringWidth(line))
	}
	width, height := float64(columns)*charWidth+2*margin, len(screen)*lineHeight+2*margin
	fmt.Printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d"
	font-family="ui-monospace, monospace" font-size="14">
<title>A session with the command quecloud</title>
<rect width="100%%" height="100%%" rx="8" fill="#0d1117"/>
`, width, height)
	for i, line := range screen {
		color := "#c9d1d9"
		if strings.HasPrefix(line, "$ ") {
			color = "#7ee787"
		}
		for _, run := range runs(line) {
			_, err := fmt.Printf("<text x=\"%.1f\" y=\"%d\" fill=\"%s\">%s</text>\n", margin+float64(run.column)*charWidth,
				margin+i*lineHeight+15, color, html.EscapeString(run.text))
			if err != nil {
				return err
			}
		}
	}
	_, err := fmt.Println("</svg>")
	return err
}

type textRun struct {
	column int
	text   string
}

// runs splits a line at two blanks and more.
func runs(line string) (all []textRun) {
	column := 0
	for line != "" {
		blanks := len(line) - len(strings.TrimLeft(line, " "))
		column += blanks
		line = line[blanks:]
		text, rest, _ := strings.Cut(line, "  ")
		if text != "" {
			all = append(all, textRun{column, text})
		}
		column += runewidth.StringWidth(text)
		if rest != "" {
			column += 2
		}
		line = rest
	}
	return all
}
