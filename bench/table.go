package main

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// row is one line of docs/benchmarks.md.
type row struct {
	what     string
	goal     string
	measured string
	verdict  string // met; missed, by how much; or nothing where there is no goal
	runs     string
	load     string // of the machine meanwhile
}

func (r row) line() string {
	s := r.what + ": " + r.measured
	if r.goal != "" {
		s += " (goal " + r.goal + ": " + r.verdict + ")"
	}
	return s + " [" + r.load + "]"
}

// table collects the rows.
type table struct {
	head    string
	rows    []row
	skipped []string
	took    time.Duration
}

func (t *table) add(r row) { t.rows = append(t.rows, r) }

var columns = []string{"what", "goal", "measured", "", "runs", "load"}

func (r row) cells() []string {
	return []string{r.what, r.goal, r.measured, r.verdict, r.runs, r.load}
}

// text is the table for a terminal.
func (t *table) text() string {
	width := make([]int, len(columns))
	all := [][]string{columns}
	for _, r := range t.rows {
		all = append(all, r.cells())
	}
	for _, cells := range all {
		for i, c := range cells {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	var out strings.Builder
	for _, cells := range all {
		var line strings.Builder
		for i, c := range cells {
			line.WriteString(c + strings.Repeat(" ", width[i]-utf8.RuneCountInString(c)+2))
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return out.String() + t.foot()
}

func (t *table) foot() string {
	s := fmt.Sprintf("\nAll of it took %d s.\n", int(t.took.Seconds()))
	if len(t.skipped) > 0 {
		s += "Not measured: " + strings.Join(t.skipped, ", ") + ".\n"
	}
	return s
}

// markdown is the same for the document.
func (t *table) markdown() string {
	var out strings.Builder
	out.WriteString(t.head + "\n\n| " + strings.Join(columns, " | ") + " |\n|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, r := range t.rows {
		cells := slices.Clone(r.cells())
		for i, c := range cells {
			cells[i] = strings.ReplaceAll(c, "|", "\\|")
		}
		out.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	return out.String() + t.foot()
}

// The marks between which the document is written by this program.
const (
	markBegin = "<!-- measured: written by dev/bench -write -->"
	markEnd   = "<!-- end of what was measured -->"
)

// write replaces what is between the marks; what people wrote around them stays.
func (t *table) write(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, begins := bytes.Cut(text, []byte(markBegin))
	_, after, ends := bytes.Cut(rest, []byte(markEnd))
	if !begins || !ends {
		return fmt.Errorf("%s has no marks %q and %q", file, markBegin, markEnd)
	}
	out := slices.Concat(before, []byte(markBegin+"\n\n"+t.markdown()+"\n"+markEnd), after)
	return os.WriteFile(file, out, 0o644)
}
