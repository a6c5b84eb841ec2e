package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/kaden-project/kaden/leg/sipleg"
	"github.com/kaden-project/kaden/problem"
)

// applyCmd gives documents to the running server.
type applyCmd struct {
	serverFlags
	languageFlag
	File []string `short:"f" help:"A file of YAML documents; - is standard input." placeholder:"FILE"`
	More []string `arg:"" optional:"" name:"file" help:"The same, without -f."`
}

// Help is shown below the flags.
func (*applyCmd) Help() string {
	return `All documents of all files, or none: they are checked against one another and against those that the server has. A document takes the place of
the one of the same kind and name; what is in no file stays as it is ("kaden delete" takes it away). Exit status: 0 when they were taken, with or without warnings; 1
when nothing was changed.

Example: kaden apply -f house.yaml`
}

// Run sends the files as they are; the server checks them against all it has and takes all or nothing.
func (c *applyCmd) Run(out *output) error {
	out = out.in(c.Language)
	files := append(c.File, c.More...)
	if len(files) == 0 {
		return errors.New("which file? kaden apply -f house.yaml; - reads standard input")
	}
	var text []byte
	var parts []part
	for i, file := range files {
		b, name, err := readPlanFile(file, out.Stdin)
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(b)) == 0 {
			return fmt.Errorf("%s is empty; a document begins with its kind and name, such as person: sato", name)
		}
		if i > 0 && !bytes.HasPrefix(b, []byte("---")) {
			text = append(text, "---\n"...)
		}
		parts = append(parts, part{name, bytes.Count(text, []byte("\n"))})
		text = append(text, b...)
		if len(text) > 0 && text[len(text)-1] != '\n' {
			text = append(text, '\n')
		}
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	api.language = out.language()
	var answer struct {
		Applied  []string     `json:"applied"`
		Problems problem.List `json:"problems"`
		Costs    []string     `json:"costs"`
	}
	if err := api.do(context.Background(), http.MethodPost, "/api/manifest", "application/yaml", bytes.NewReader(text), &answer); err != nil {
		return err
	}
	for _, p := range answer.Problems {
		fmt.Fprintln(out.Stderr, out.line(inFile(parts, p)))
	}
	if answer.Problems.Refused() {
		fmt.Fprintln(out.Stderr, "kaden: "+out.say("nothing was changed"))
		return exitCode(1)
	}
	for _, a := range answer.Applied {
		fmt.Fprintln(out.Stdout, a)
	}
	for _, c := range answer.Costs {
		fmt.Fprintln(out.Stderr, c)
	}
	return nil
}

// part is a file within what is sent.
type part struct {
	name   string
	before int // lines of the files before it
}

// inFile is a problem with the file that it is in, and its line there. One that names a document is about another one that the server has.
func inFile(parts []part, p problem.Problem) problem.Problem {
	if p.File != "" || len(parts) == 0 {
		return p
	}
	at := parts[0]
	for _, next := range parts[1:] {
		if p.Line > next.before {
			at = next
		}
	}
	if p.File = at.name; p.Line > 0 {
		p.Line -= at.before
	}
	return p
}

// exportCmd writes the documents of the running server.
type exportCmd struct {
	serverFlags
}

// Help is shown below the flags.
func (*exportCmd) Help() string {
	return `Comments and all: to apply what was exported changes nothing. Secrets that were written out are written out again.

Example: kaden export > house.yaml`
}

// Run prints them as they were applied, comments and all.
func (c *exportCmd) Run(out *output) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	var text []byte
	if err := api.do(context.Background(), http.MethodGet, "/api/manifest", "", nil, &text); err != nil {
		return err
	}
	_, err = out.Stdout.Write(text)
	return err
}

// callCmd places one test call.
type callCmd struct {
	serverFlags
	To       string `arg:"" help:"Whom to call: a number, sip:…, client:…, or a person's name."`
	Say      string `required:"" help:"What to say."`
	Language string `help:"Its language; found out from the text unless given." placeholder:"ja-JP"`
	From     string `help:"Caller ID; the trunk's own unless given."`
	JSON     bool   `name:"json" help:"Write what happens as JSON lines."`
}

// calling is how a call stands, as the API tells it.
type calling struct {
	Status string `json:"status"`
	Cause  string `json:"cause"`
	SIP    int    `json:"sip"`
	Trunk  string `json:"trunk"`
	Reason string `json:"reason"`
	Place  int    `json:"place"`
	Over   bool   `json:"over"`
}

// Help is shown below the flags.
func (*callCmd) Help() string {
	return `Exit status: 0 when the call was answered, 1 otherwise, with the reason in words.

Example: kaden call sato --say "This is a test."`
}

// Run orders the call and writes what happens to it until it is over.
func (c *callCmd) Run(out *output) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	ctx := context.Background()
	var placed struct {
		Call string `json:"call"`
	}
	if err := api.post(ctx, "/api/calls", map[string]string{"to": c.To, "say": c.Say, "language": c.Language, "from": c.From}, &placed); err != nil {
		return err
	}
	last := ""
	for {
		var now calling
		// The server holds the answer back until the state is another than the one that is known here.
		if err := api.do(ctx, http.MethodGet, "/api/calls/"+placed.Call+"?after="+last, "", nil, &now); err != nil {
			return err
		}
		if now.Status != last {
			if c.JSON {
				line, _ := json.Marshal(map[string]any{"call": placed.Call, "status": now.Status, "cause": now.Cause, "sip": now.SIP, "reason": now.Reason})
				fmt.Fprintln(out.Stdout, string(line))
			} else {
				fmt.Fprintln(out.Stdout, now.line(placed.Call))
			}
			last = now.Status
		}
		if now.Over {
			if now.Status != "completed" {
				return errors.New(now.unanswered(c.To))
			}
			return nil
		}
	}
}

func (c calling) line(id string) string {
	line := id + " " + c.Status
	if c.Cause != "" {
		line += ": " + c.Cause
	}
	if c.SIP != 0 {
		line += fmt.Sprintf(" (SIP %d)", c.SIP)
	}
	if c.Place > 0 {
		line += fmt.Sprintf(": waiting for a line, place %d in the queue", c.Place)
	}
	return line
}

// causeWords are why a call was not answered, for people.
var causeWords = map[string]string{
	"busy": "the line is busy", "rejected": "the call was declined", "no-answer": "nobody answered",
	"unreachable": "the phone cannot be reached", "invalid-number": "there is no such number", "canceled": "the call was given up",
	"congested": "the network is full, or restricts calls", "fault": "the call did not get through", "failed": "the call failed",
}

// unanswered says why a call was not answered, in words, and what to do where a trunk is to blame.
func (c calling) unanswered(to string) string {
	text := to + " was not reached"
	if c.Trunk != "" {
		text += " over trunk " + c.Trunk
	}
	for _, words := range []string{causeWords[c.Cause], c.Reason} {
		if words != "" {
			text += ": " + words
		}
	}
	why, remedy := "", "kaden doctor looks at the lines, the server's log says what each answered"
	switch {
	case strings.Contains(c.Reason, "check "), c.Cause != "fault" && c.Cause != "failed" && c.Cause != "congested" && c.Cause != "invalid-number":
		return text
	case c.Trunk != "" && c.SIP != 0:
		why, remedy = sipleg.Explain(c.SIP)
	}
	if why != "" {
		text += ": " + why
	}
	return text + " (" + remedy + ")"
}
