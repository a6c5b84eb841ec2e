package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// holdCmd is the kill switch of the running server.
type holdCmd struct {
	On  holdOnCmd  `cmd:"" default:"withargs" help:"Ring nobody for a while."`
	Off holdOffCmd `cmd:"" help:"Let go of it: calling goes on at once."`
}

type holdOnCmd struct {
	serverFlags
	For time.Duration `help:"How long; half an hour at most." default:"30m" placeholder:"30m"`
	Why string        `help:"For those who find that it holds." placeholder:"TEXT"`
	By  string        `help:"Who you are: a person's name in kaden." env:"KADEN_ME" placeholder:"PERSON"`
}

// Help is shown below the flags.
func (*holdOnCmd) Help() string {
	return `Alerts are still taken in; phones that ring stop, and nobody is rung until the time is over or "kaden hold off" is said.
Where it holds already, both reasons are kept and the later end counts: to hold for less, let go first.

Example: kaden hold --for 10m --why "the carrier calls at random"`
}

// Run puts the kill switch and says until when it holds.
func (c *holdOnCmd) Run(out *output) error {
	if c.For <= 0 {
		return fmt.Errorf("--for %s is no length of time; 10m is one", c.For)
	}
	api, err := c.client()
	if err != nil {
		return err
	}
	var held struct {
		Since, Until time.Time
		Why          string
	}
	if err := api.post(context.Background(), "/api/hold", map[string]string{"for": c.For.String(), "why": c.Why, "by": c.By}, &held); err != nil {
		return err
	}
	most := ""
	if c.For > 30*time.Minute {
		most = ", which is half an hour, the longest that it holds"
	}
	fmt.Fprintf(out.Stdout, "nobody is rung until %s%s; \"kaden hold off\" lets go before\n", held.Until.Local().Format("15:04:05"), most)
	if why := strings.TrimSpace(c.Why); held.Why != "" && held.Why != why {
		fmt.Fprintf(out.Stderr, "it held already, since %s, and the later end counts; who stopped it and why: %s\n", held.Since.Local().Format("15:04:05"), held.Why)
	}
	return nil
}

type holdOffCmd struct {
	serverFlags
	By string `help:"Who you are: a person's name in kaden." env:"KADEN_ME" placeholder:"PERSON"`
}

// Run lets go of the kill switch.
func (c *holdOffCmd) Run(out *output) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if err := api.do(context.Background(), http.MethodDelete, "/api/hold?by="+url.QueryEscape(c.By), "", nil, nil); err != nil {
		return err
	}
	fmt.Fprintln(out.Stdout, "calling goes on")
	return nil
}
