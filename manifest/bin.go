package manifest

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/kaden-project/kaden/account"
	"github.com/kaden-project/kaden/problem"
	"github.com/kaden-project/kaden/problem/yamldoc"
	"github.com/kaden-project/kaden/sid"
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

// checkNumber: the bin or the application that answers exists, and the trunk it comes over. An application that programs keep over the REST API
// is named by its identifier, and nobody here knows whether it is there.
func (c *compiling) checkNumber(d Document, n account.Number) {
	c.checkNamed(d, "bin", kindBin, n.Bin)
	c.checkNamed(d, "trunk", kindTrunk, n.Trunk)
	if _, err := sid.Parse[sid.Application](n.Application); err != nil {
		c.checkNamed(d, "application", kindApp, n.Application)
	}
}

// checkNamed: what a document names under key exists. "" names nothing.
func (c *compiling) checkNamed(d Document, key, kind, name string) {
	if name == "" || c.exists(kind, name) {
		return
	}
	line, column := yamldoc.Parse([]byte(d.Text)).Take(key).Place()
	c.note(d, problem.Problem{Line: line, Column: column, Level: problem.Error, Verb: key,
		Text: fmt.Sprintf("there is no %s %q", kind, name), Hint: meant(name, c.names(kind))})
}
