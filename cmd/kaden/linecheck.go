package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/kaden-project/kaden/api"
)

// trunkCmd is about lines to the telephone network.
type trunkCmd struct {
	Check trunkCheckCmd `cmd:"" help:"Look whether an upstream would take a call now: who we are there, what is left, which numbers."`
}

type trunkCheckCmd struct {
	serverFlags
	Name string `arg:"" help:"The upstream's name."`
}

// Help is shown below the flags.
func (*trunkCheckCmd) Help() string {
	return `Nothing is dialled. Exit status: 0 when nothing is wrong, 1 otherwise. A ? is what the other side does not say.`
}

// Run asks the server, which alone knows the secrets, and says what it found line by line.
func (c *trunkCheckCmd) Run(out *output) error {
	server, err := c.client()
	if err != nil {
		return err
	}
	var found []api.Finding
	if err := server.do(context.Background(), http.MethodPost, "/api/trunks/"+url.PathEscape(c.Name)+"/check", "", nil, &found); err != nil {
		return err
	}
	wrong := 0
	for _, f := range found {
		switch f.Level {
		case "ok":
			fmt.Fprintf(out.Stdout, "ok    %-14s %s\n", f.What, f.Text)
		case "wrong":
			wrong++
			fmt.Fprintf(out.Stdout, "WRONG %-14s %s: %s\n", f.What, f.Text, f.Remedy)
		default:
			fmt.Fprintf(out.Stdout, "?     %-14s %s\n", f.What, f.Text)
		}
	}
	if wrong > 0 {
		return exitCode(1)
	}
	return nil
}

// checkLine looks at an upstream for the API.
func (r *rooms) checkLine(ctx context.Context, name string) (out []api.Finding, err error) {
	found, err := r.upstreams.Check(ctx, name)
	for _, f := range found {
		one := api.Finding{What: f.What, Level: "ok", Text: f.Text, Remedy: f.Remedy}
		switch {
		case f.Wrong:
			one.Level = "wrong"
		case f.Unsure:
			one.Level = "unknown"
		}
		out = append(out, one)
	}
	return out, err
}
