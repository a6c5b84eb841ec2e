package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/kaden-project/kaden/callout"
)

type planNewCmd struct {
	Answers  *string `placeholder:"A,B,…" help:"The answers in order, for scripts; an empty one is the usual one. Names of people have spaces between them."`
	Language string  `env:"LANG" default:"en" help:"Of the questions and comments: en or ja."`
	Output   string  `short:"o" name:"output" placeholder:"FILE" help:"Write the plan to this file; it must not exist yet."`
}

// Help is shown below the flags.
func (*planNewCmd) Help() string {
	return `Asks who has to answer, in which order, and what proves it, and writes a plan with a comment beside each word.

Example: kaden plan new --answers "one,in-turn,rotating,loop,sato suzuki,critical,key,2h,night" -o night.yaml`
}

// Run asks until everything is answered: from --answers, else from standard input, a line each.
func (c *planNewCmd) Run(out *output) error {
	text, err := c.choose(out)
	if err != nil {
		return err
	}
	if c.Output == "" {
		_, err = io.WriteString(out.Stdout, text)
		return err
	}
	file, err := os.OpenFile(c.Output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already; remove it, or choose another name", c.Output)
	}
	if err != nil {
		return err
	}
	if _, err = io.WriteString(file, text); err == nil {
		err = file.Close()
	}
	if err == nil {
		fmt.Fprintf(out.Stderr, "%s is written; \"kaden plan explain %s\" shows who would ring when\n", c.Output, c.Output)
	}
	return err
}

func (c *planNewCmd) choose(out *output) (string, error) {
	var open *callout.Open
	if c.Answers != nil {
		text, err := callout.Choose(c.Language, strings.Split(*c.Answers, ",")...)
		if errors.As(err, &open) {
			return "", fmt.Errorf("--answers, number %d: %s", open.At+1, c.problem(open))
		}
		return text, err
	}
	lines := bufio.NewScanner(out.Stdin)
	var answers []string
	for {
		text, err := callout.Choose(c.Language, answers...)
		switch {
		case !errors.As(err, &open):
			return text, err
		case open.Answer != "":
			fmt.Fprintf(out.Stderr, "  %s\n", open.Why.In(c.Language))
		}
		answers = answers[:open.At]
		c.ask(out.Stderr, open.Choice)
		if !lines.Scan() {
			if err := lines.Err(); err != nil {
				return "", err
			}
			fmt.Fprintln(out.Stderr)
			return "", fmt.Errorf("no answer, so no plan: %s; without a terminal, give --answers", c.problem(open))
		}
		answers = append(answers, lines.Text())
	}
}

// problem is what is missing or wrong, with everything that could be answered.
func (c *planNewCmd) problem(open *callout.Open) string {
	q := open.Choice
	text := q.ID + " (" + q.Ask.In(c.Language) + ")"
	if open.Answer != "" {
		return fmt.Sprintf("%s: %q: %s", text, open.Answer, open.Why.In(c.Language))
	}
	var words []string
	for _, o := range q.Options {
		words = append(words, o.Word)
	}
	if len(words) == 0 {
		return text + " is missing: " + q.Hint.In(c.Language)
	}
	return text + " is missing: " + strings.Join(words, " or ")
}

// ask shows a question with its possible answers.
func (c *planNewCmd) ask(w io.Writer, q callout.Choice) {
	fmt.Fprintf(w, "%s\n", q.Ask.In(c.Language))
	if hint := q.Hint.In(c.Language); hint != "" {
		fmt.Fprintf(w, "  %s\n", hint)
	}
	for i, o := range q.Options {
		fmt.Fprintf(w, "  %d  %-12s %s\n", i+1, o.Word, o.Text.In(c.Language))
	}
	if q.Usual != "" {
		fmt.Fprintf(w, "[%s] ", q.Usual)
	}
	fmt.Fprint(w, "> ")
}
