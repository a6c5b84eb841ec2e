package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/kaden-project/kaden/problem"
)

// applyCmd gives documents to the running server.
type applyCmd struct {
	serverFlags
	languageFlag
	File []string `short:"f" required:"" help:"A file of YAML documents; - is standard input." placeholder:"FILE"`
}

// Run sends the files as they are; the server checks them against all it has and takes all or nothing.
func (c *applyCmd) Run(out *output) error {
	out = out.in(c.Language)
	api, err := c.client()
	if err != nil {
		return err
	}
	api.language = out.language()
	var text []byte
	for i, name := range c.File {
		var b []byte
		if name == "-" {
			b, err = io.ReadAll(out.Stdin)
		} else {
			b, err = os.ReadFile(name)
		}
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(b)) == 0 {
			return fmt.Errorf("%s is empty; a document begins with its kind and name, such as person: sato", name)
		}
		if i > 0 && !bytes.HasPrefix(b, []byte("---")) {
			text = append(text, "---\n"...)
		}
		text = append(text, b...)
		if len(text) > 0 && text[len(text)-1] != '\n' {
			text = append(text, '\n')
		}
	}
	var answer struct {
		Applied  []string     `json:"applied"`
		Problems problem.List `json:"problems"`
		Costs    []string     `json:"costs"`
	}
	if err := api.do(context.Background(), http.MethodPost, "/api/manifest", "application/yaml", bytes.NewReader(text), &answer); err != nil {
		return err
	}
	name := ""
	if len(c.File) == 1 && c.File[0] != "-" {
		name = c.File[0]
	}
	for _, p := range answer.Problems {
		if p.File == "" {
			p.File = name
		}
		fmt.Fprintln(out.Stderr, out.line(p))
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

// exportCmd writes the documents of the running server.
type exportCmd struct {
	serverFlags
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
		var now struct {
			Status string `json:"status"`
			Cause  string `json:"cause"`
			SIP    int    `json:"sip"`
			Digits string `json:"digits"`
			Over   bool   `json:"over"`
		}
		// The server holds the answer back until the state is another than the one that is known here.
		if err := api.do(ctx, http.MethodGet, "/api/calls/"+placed.Call+"?after="+last, "", nil, &now); err != nil {
			return err
		}
		if now.Status != last {
			if c.JSON {
				line, _ := json.Marshal(map[string]any{"call": placed.Call, "status": now.Status, "cause": now.Cause, "sip": now.SIP})
				fmt.Fprintln(out.Stdout, string(line))
			} else {
				fmt.Fprintln(out.Stdout, statusLine(placed.Call, now.Status, now.Cause, now.SIP))
			}
			last = now.Status
		}
		if now.Over {
			if now.Status != "completed" {
				return exitCode(1)
			}
			return nil
		}
	}
}

func statusLine(call, status, cause string, sip int) string {
	line := call + " " + status
	if cause != "" {
		line += ": " + cause
	}
	if sip != 0 {
		line += fmt.Sprintf(" (SIP %d)", sip)
	}
	if cause == "fault" {
		line += "; kaden doctor looks at the lines, the server's log says what each answered"
	}
	return line
}
