package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/manifest"
)

// deleteCmd takes documents away from the running server.
type deleteCmd struct {
	serverFlags
	What []string `arg:"" optional:"" name:"kind name" help:"A kind and one name or more; or KIND/NAME, for documents of several kinds."`
	File []string `short:"f" help:"All documents of this file, whatever they say by now; - is standard input." placeholder:"FILE"`
}

// Help is shown below the flags.
func (*deleteCmd) Help() string {
	return `All of them, or none. What another document still needs is not deleted, and the place is named; two that need each other go
in one command. A call-out that is under way goes on with the plan and the people it had, and a call on a trunk to its end.
"kaden export" lists the documents there are, and keeps what they say.

Example: kaden delete plan old-night
         kaden delete source/test plan/test person/nobody
         kaden delete -f old.yaml`
}

// Run deletes the documents and says which.
func (c *deleteCmd) Run(out *output) error {
	refs, err := c.refs()
	if err != nil {
		return err
	}
	for _, file := range c.File {
		text, _, err := readPlanFile(file, out.Stdin)
		if err != nil {
			return err
		}
		docs, problems := manifest.Split(file, text)
		if problems.Refused() {
			return problems.Err()
		}
		for _, d := range docs {
			refs = append(refs, d.Kind+"/"+d.Name)
		}
	}
	if len(refs) == 0 {
		return errors.New("which document? write its kind and its name, such as plan night-shift; \"kaden export\" lists those there are")
	}
	server, err := c.client()
	if err != nil {
		return err
	}
	var answer api.Deleted
	if err := server.do(context.Background(), http.MethodDelete, "/api/manifest?"+url.Values{"document": refs}.Encode(), "", nil, &answer); err != nil {
		return err
	}
	for _, p := range answer.Problems {
		fmt.Fprintln(out.Stderr, p)
	}
	for _, d := range answer.Deleted {
		fmt.Fprintf(out.Stdout, "%s deleted\n", d)
	}
	return nil
}

// refs are the documents of the command line as KIND/NAME.
func (c *deleteCmd) refs() (refs []string, err error) {
	what := c.What
	if len(what) > 0 && !strings.Contains(what[0], "/") {
		kind := what[0]
		if len(what) == 1 {
			return nil, fmt.Errorf("which %s? write its name after it, such as %[1]s night-shift; \"kaden export\" lists those there are", kind)
		}
		for _, name := range what[1:] {
			refs = append(refs, kind+"/"+name)
		}
		what = refs
	}
	for _, r := range what {
		if _, err := manifest.ParseRef(r); err != nil {
			return nil, err
		}
	}
	return what, nil
}
