package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"github.com/kaden-project/kaden/problem"
)

// output is where a command reads from and writes to: results to Stdout, talk to Stderr.
type output struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// exitCode is an error that has been told already: the process ends with it and prints nothing more.
// 1 says that what was asked about is wrong, 2 that it could not be asked.
type exitCode int

func (e exitCode) Error() string { return "exit status " + strconv.Itoa(int(e)) }

// problems prints a list to Stdout, one problem a line: for people, or as JSON with every field present.
func (o *output) problems(list problem.List, asJSON bool) error {
	lines := json.NewEncoder(o.Stdout)
	lines.SetEscapeHTML(false) // <Gather> is for reading
	for _, p := range list {
		var err error
		if asJSON {
			err = lines.Encode(problemLine(p))
		} else {
			_, err = fmt.Fprintln(o.Stdout, p)
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
