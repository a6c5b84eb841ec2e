package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/kaden-project/kaden/api"
	"github.com/kaden-project/kaden/trunk"
)

// trunkCmd is about lines to the telephone network.
type trunkCmd struct {
	Check trunkCheckCmd `cmd:"" help:"Look whether a trunk or an upstream would take a call now, or an SMSC a message, and what to do if not."`
}

type trunkCheckCmd struct {
	serverFlags
	languageFlag
	Name string `arg:"" help:"The name of the trunk, upstream or SMSC."`
	Call string `help:"Also call this number over the trunk; whoever answers hears a sentence." placeholder:"NUMBER"`
}

// Help is shown below the flags.
func (*trunkCheckCmd) Help() string {
	return `Of a trunk: whether its servers are found and answer, whether it lets us sign on, and whether something on the way (a
SIP ALG) rewrites what we say. Of an upstream: who we are there, what is left, which numbers. Of an SMSC: whether it lets
us bind, and answers. Nothing is dialled without --call, and nothing is written. Exit status: 0 when nothing is wrong, 1 otherwise. A ? is what the other side does not say.

Example: kaden trunk check ntt --call 090-1234-5678`
}

// Run asks the server, which alone knows the secrets, and says what it found line by line.
func (c *trunkCheckCmd) Run(out *output) error {
	out = out.in(c.Language)
	server, err := c.client()
	if err != nil {
		return err
	}
	server.language = out.language()
	server.http.Timeout = 2 * time.Minute // servers that do not answer take their time
	path := "/api/trunks/" + url.PathEscape(c.Name) + "/check"
	if c.Call != "" {
		path += "?" + url.Values{"call": {c.Call}}.Encode()
	}
	var found []api.Finding
	if err := server.do(context.Background(), http.MethodPost, path, "", nil, &found); err != nil {
		return err
	}
	wrong := 0
	for _, f := range found {
		switch f.Level {
		case "ok":
			fmt.Fprintf(out.Stdout, "ok    %s %s\n", out.label(f.What), f.Text)
		case "wrong":
			wrong++
			fmt.Fprintf(out.Stdout, "WRONG %s %s: %s\n", out.label(f.What), f.Text, f.Remedy)
		default:
			fmt.Fprintf(out.Stdout, "?     %s %s\n", out.label(f.What), f.Text)
		}
	}
	if wrong > 0 {
		return exitCode(1)
	}
	return nil
}

// checkLine looks at a trunk, an upstream or an SMSC for the API.
func (r *rooms) checkLine(ctx context.Context, name, to string) (out []api.Finding, err error) {
	if slices.ContainsFunc(r.house.Load().Trunks, func(t trunk.Trunk) bool { return t.Name == name }) {
		return r.checkTrunk(ctx, name, to)
	}
	if found, ok := r.smscs.Check(ctx, name); ok {
		for _, f := range found {
			out = append(out, findingOf(f.What, f.Text, f.Remedy, f.Wrong, false))
		}
		if to != "" {
			out = append(out, findingOf("call", "an SMSC carries short messages and no calls", "write one: POST …/Messages.json", true, false))
		}
		return out, nil
	}
	found, err := r.upstreams.Check(ctx, name)
	for _, f := range found {
		out = append(out, findingOf(f.What, f.Text, f.Remedy, f.Wrong, f.Unsure))
	}
	switch {
	case err != nil || to == "":
	case r.upstreams.CanDial():
		out = append(out, r.checkCall(ctx, name, to))
	default:
		out = append(out, findingOf("call", "without a public URL the sound of a call does not come here", "set public-url (KADEN_PUBLIC_URL) to where the upstream reaches this kaden", true, false))
	}
	return out, err
}
