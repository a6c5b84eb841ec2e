package manifest

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/problem/yamldoc"
	"github.com/kaden-project/kaden/twiml"
)

// checkBin checks a bin's TwiML as twiml check does, and tells whether it can be run.
func (c *compiling) checkBin(d Document, b account.Bin, value yamldoc.Value) bool {
	_, problems := twiml.Parse([]byte(b.Bare()))
	for _, p := range problems {
		p.Line, p.Column = placeInBin(d.Text, b.TwiML, value, p.Line, p.Column)
		c.note(d, p)
	}
	return !problems.Refused()
}

// placeInBin is where line and column of a bin's TwiML stand in its document. Text that YAML folds is found
// no better than its key.
func placeInBin(doc, twiml string, value yamldoc.Value, line, column int) (int, int) {
	keyLine, keyColumn := value.Place()
	first, _, _ := strings.Cut(twiml, "\n")
	lines := strings.Split(doc, "\n")
	at := slices.IndexFunc(lines, func(l string) bool { return strings.TrimSpace(l) == strings.TrimSpace(first) })
	if line == 0 || at < 0 || at+line > len(lines) {
		return keyLine, keyColumn
	}
	indent := utf8.RuneCountInString(lines[at]) - utf8.RuneCountInString(strings.TrimLeft(lines[at], " "))
	return at + line, indent + column
}

// checkNumber: the bin that answers exists.
func (c *compiling) checkNumber(d Document, n account.Number) {
	if n.Bin == "" || c.exists(kindBin, n.Bin) {
		return
	}
	line, column := yamldoc.Parse([]byte(d.Text)).Take("bin").Place()
	c.note(d, problem.Problem{Line: line, Column: column, Level: problem.Error, Verb: "bin",
		Text: fmt.Sprintf("there is no bin %q", n.Bin), Hint: meant(n.Bin, c.names(kindBin))})
}
