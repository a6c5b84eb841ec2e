package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/kaden-project/kaden/problem"
)

// output is where a command reads from and writes to: results to Stdout, talk to Stderr.
type output struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Japanese       *problem.Reader // nil: English is spoken
}

// languageFlag is of commands that say what is wrong.
type languageFlag struct {
	Language string `help:"What is wrong is said in en or ja; that of the terminal unless given." enum:",en,ja" default:"" placeholder:"LANGUAGE"`
}

// in is the output in another language; "" is that of the terminal.
func (o *output) in(language string) *output {
	said := *o
	switch language {
	case "ja":
		said.Japanese = reading(language)
	case "en":
		said.Japanese = nil
	}
	return &said
}

// language is the one that is spoken here.
func (o *output) language() string {
	if o.Japanese != nil {
		return "ja"
	}
	return "en"
}

// line is a problem as it is read on a terminal.
func (o *output) line(p problem.Problem) string {
	if o.Japanese != nil {
		p = o.Japanese.List(problem.List{p})[0]
		p.Level = problem.Level(labels[string(p.Level)])
	}
	return p.String()
}

// say is a sentence as it is read on a terminal.
func (o *output) say(format string, args ...any) string {
	return o.Japanese.Say(fmt.Sprintf(format, args...))
}

// word is the name of what was looked at.
func (o *output) word(what string) string {
	if first, rest, _ := strings.Cut(what, " "); o.Japanese != nil && labels[what] != "" {
		return labels[what]
	} else if o.Japanese != nil && labels[first] != "" { // speech ja, trunk ntt
		return labels[first] + " " + rest
	}
	return what
}

// pick is one of two ways to write something that has no sentence.
func (o *output) pick(en, ja string) string {
	if o.Japanese != nil {
		return ja
	}
	return en
}

// label is one of a column of words before sentences, as wide as the others on a terminal: a character of Japanese
// takes two places.
func (o *output) label(what string) string {
	what = o.word(what)
	wide := 0
	for _, r := range what {
		if wide++; r >= 0x1100 {
			wide++
		}
	}
	return what + strings.Repeat(" ", max(0, 14-wide))
}

// exitCode is an error that has been told already: the process ends with it and prints nothing more.
// 1 says that what was asked about is wrong, 2 that it could not be asked.
type exitCode int

func (e exitCode) Error() string { return "exit status " + strconv.Itoa(int(e)) }

// problems prints a list to Stdout, one problem a line: for people, or as JSON with every field present, in English.
func (o *output) problems(list problem.List, asJSON bool) error {
	lines := json.NewEncoder(o.Stdout)
	lines.SetEscapeHTML(false) // <Gather> is for reading
	for _, p := range list {
		var err error
		if asJSON {
			err = lines.Encode(problemLine(p))
		} else {
			_, err = fmt.Fprintln(o.Stdout, o.line(p))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// problemLine is a problem for machines, which want each field on each line.
type problemLine struct {
	File   string        `json:"file"`
	Line   int           `json:"line"`
	Column int           `json:"column"`
	Level  problem.Level `json:"level"`
	Code   int           `json:"code"`
	Verb   string        `json:"verb"`
	Text   string        `json:"text"`
	Hint   string        `json:"hint"`
}
