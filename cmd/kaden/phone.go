package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// phoneCmd is about SIP phones that register here.
type phoneCmd struct {
	List     phoneListCmd     `cmd:"" help:"Show the phones, and which are registered."`
	Settings phoneSettingsCmd `cmd:"" help:"Show what is typed into a softphone."`
	Link     phoneLinkCmd     `cmd:"" help:"Make an address that shows a phone's settings with its password, once, for 15 minutes."`
}

type phoneListCmd struct {
	serverFlags
}

// Help is shown below the flags.
func (*phoneListCmd) Help() string { return "Example: kaden phone list" }

// Run asks the server and prints a line for each phone.
func (c *phoneListCmd) Run(out *output) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	var all []struct {
		ID       string
		Title    string
		Contacts []struct {
			Address, Source, Transport, Agent string
			Expires                           time.Time
		}
	}
	if err := api.do(context.Background(), http.MethodGet, "/api/phones", "", nil, &all); err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Fprintln(out.Stderr, "kaden: there are no phones; docs/examples/phones.yaml shows how to make one")
		return nil
	}
	w := tabwriter.NewWriter(out.Stdout, 0, 4, 2, ' ', 0)
	for _, p := range all {
		if len(p.Contacts) == 0 {
			fmt.Fprintf(w, "%s\tnot registered\n", p.ID)
		}
		for _, c := range p.Contacts {
			fmt.Fprintf(w, "%s\t%s\t%s\tuntil %s\t%s\n", p.ID, c.Source, c.Transport, c.Expires.Local().Format(time.TimeOnly), c.Agent)
		}
	}
	return w.Flush()
}

type phoneSettingsCmd struct {
	serverFlags
	Name     string `arg:"" help:"The phone: sato@office.example.jp, or sato."`
	Language string `help:"en or ja; that of the terminal unless given." placeholder:"LANGUAGE"`
}

// Help is shown below the flags.
func (*phoneSettingsCmd) Help() string { return "Example: kaden phone settings sato" }

// Run asks the server and prints a line for each field.
func (c *phoneSettingsCmd) Run(out *output) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	in := c.Language
	if in == "" && strings.HasPrefix(os.Getenv("LANG"), "ja") {
		in = "ja"
	}
	path := "/api/phones/" + url.PathEscape(c.Name) + "/settings"
	if in != "" {
		path += "?language=" + url.QueryEscape(in)
	}
	var s struct {
		Lines []struct{ Name, Value string }
	}
	if err := api.do(context.Background(), http.MethodGet, path, "", nil, &s); err != nil {
		return err
	}
	w := tabwriter.NewWriter(out.Stdout, 0, 4, 2, ' ', 0)
	for _, l := range s.Lines {
		fmt.Fprintf(w, "%s\t%s\n", l.Name, l.Value)
	}
	return w.Flush()
}

type phoneLinkCmd struct {
	serverFlags
	Name string `arg:"" help:"The phone: sato@office.example.jp, or sato."`
}

// Help is shown below the flags.
func (*phoneLinkCmd) Help() string { return "Example: kaden phone link sato" }

// Run asks the server for a link and prints both ways to it.
func (c *phoneLinkCmd) Run(out *output) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	var l struct{ Page, Linphone string }
	if err := api.do(context.Background(), http.MethodPost, "/api/phones/"+url.PathEscape(c.Name)+"/link", "", nil, &l); err != nil {
		return err
	}
	fmt.Fprintf(out.Stdout, "%s\n", l.Page)
	fmt.Fprintf(out.Stderr, "kaden: open it where the phone is set up; Linphone's remote provisioning takes\n%s\nOnce one of the two was used, neither works any more.\n", l.Linphone)
	return nil
}
