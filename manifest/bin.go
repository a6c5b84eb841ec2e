package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
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
	problems := twiml.Check([]byte(b.Bare()), b.Conditional())
	for _, p := range problems {
		p.Line, p.Column = placeInBin(d.Text, b.TwiML, value, p.Line, p.Column)
		c.note(d, p)
	}
	return !problems.Refused()
}

// checkBinAlone: no other bin is asked under the same identifier or key.
func (c *compiling) checkBinAlone(d Document, b account.Bin) {
	for _, other := range slices.Sorted(maps.Keys(c.set.Bins)) {
		o := c.set.Bins[other]
		for _, same := range []struct {
			key string
			is  bool
		}{{"sid", o.SID == b.SID}, {"key", o.Key != "" && o.Key == b.Key}} {
			if other < d.Name && same.is {
				c.note(d, c.at(d, same.key, problem.Error, "the bin "+other+" has the same", "each bin has its own"))
			}
		}
	}
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
	if n.Hotline != nil {
		c.checkHotline(d, n)
	}
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

// FormatBin writes the document of a bin, so that reading it gives the same bin again.
func FormatBin(b account.Bin) string {
	var out strings.Builder
	out.WriteString("bin: " + quoted(b.Name) + "\n")
	for _, w := range [][2]string{{"sid", string(b.SID)}, {"key", b.Key}} {
		if w[1] != "" && w[1] != string(account.BinSID(b.Name)) {
			out.WriteString(w[0] + ": " + quoted(w[1]) + "\n")
		}
	}
	head := out.String()
	text := strings.TrimSpace(strings.ReplaceAll(b.TwiML, "\r\n", "\n"))
	out.WriteString("twiml: |\n")
	for line := range strings.Lines(text) {
		out.WriteString("  " + line)
	}
	out.WriteString("\n")
	if again, _, _ := account.ReadBin([]byte(out.String())); again.TwiML == text {
		return out.String()
	}
	return head + "twiml: " + quoted(text) + "\n" // a block cannot hold every character
}

// quoted is a YAML string on one line. JSON's are.
func quoted(s string) string {
	text, _ := json.Marshal(s) // a string never fails
	return string(text)
}

// CheckBin is what is wrong with a bin: its TwiML, with places in that, its identifier and its key.
func CheckBin(b account.Bin) problem.List {
	b, _, list := account.ReadBin([]byte(FormatBin(b)))
	wrong := account.CheckTemplate(b.TwiML)
	for i := range list {
		list[i].Line, list[i].Column = 1, 1 // the document is not one that its writer has seen
		if wrong != nil && list[i].Text == wrong.Text {
			list[i].Line, list[i].Column = wrong.Line, wrong.Column
		}
	}
	if list.Refused() {
		return list
	}
	return append(list, twiml.Check([]byte(b.Bare()), b.Conditional())...)
}
