// Package problem says what is wrong in a document that a person wrote, where, and how to mend it.
//
// TwiML, plans, people, trunks and the process settings are all checked by kaden before the night
// they are needed in; each checker answers with a list of [Problem]. The same list is printed on a
// terminal, sent as JSON and shown beside the editor. Nothing here reads or decides anything.
package problem

import (
	"fmt"
	"sort"
	"strings"
)

// Level says whether a document with this problem may be used.
type Level string

// A document with an [Error] is refused; one with only a [Warning] runs, and the warning says how.
const (
	Error   Level = "error"
	Warning Level = "warning"
)

// Problem is one thing wrong at one place. Line and Column count from 1; zero means the whole document.
type Problem struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line"`
	Column int    `json:"column"` // in characters, not bytes
	Level  Level  `json:"level"`
	Code   int    `json:"code,omitempty"` // Twilio's error code, where Twilio has one
	Verb   string `json:"verb,omitempty"` // the element or key it is about: Gather, steps
	Text   string `json:"text"`           // what is wrong: lower case, no full stop
	Hint   string `json:"hint,omitempty"` // what would be right
}

// String is the problem on one line: night.yaml:4:5: warning 12200: <Gather>: text (hint).
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File + ":")
	}
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d:%d:", p.Line, p.Column)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	if p.Level != "" {
		b.WriteString(string(p.Level))
		if p.Code != 0 {
			fmt.Fprintf(&b, " %d", p.Code)
		}
		b.WriteString(": ")
	}
	if p.Verb != "" {
		fmt.Fprintf(&b, "<%s>: ", p.Verb)
	}
	b.WriteString(p.Text)
	if p.Hint != "" {
		fmt.Fprintf(&b, " (%s)", p.Hint)
	}
	return b.String()
}

// Error makes a Problem usable where a single error is returned.
func (p Problem) Error() string { return p.String() }

// List is what a checker answers with. The nil List means that nothing is wrong.
type List []Problem

// Refused tells whether any problem forbids the use of the document.
func (l List) Refused() bool {
	for _, p := range l {
		if p.Level == Error {
			return true
		}
	}
	return false
}

// Err is the first error of the list as a Go error, or nil when there are only warnings.
func (l List) Err() error {
	for _, p := range l {
		if p.Level == Error {
			return p
		}
	}
	return nil
}

// In returns a copy of the list with the file's name set on each problem.
func (l List) In(file string) List {
	out := make(List, len(l))
	for i, p := range l {
		p.File = file
		out[i] = p
	}
	return out
}

// Sort puts the problems in reading order.
func (l List) Sort() {
	sort.SliceStable(l, func(i, j int) bool {
		a, b := l[i], l[j]
		if a.File != b.File {
			return a.File < b.File
		}
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Column < b.Column
	})
}
