package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"
)

// alertCmd decides about one alert at the running server.
type alertCmd struct {
	Ack      ackCmd      `cmd:"" help:"Take it: nobody else is rung for it."`
	Resolve  resolveCmd  `cmd:"" help:"It is over, before its source says so."`
	Release  releaseCmd  `cmd:"" help:"Give it back: the plan goes on with the next person."`
	Snooze   snoozeCmd   `cmd:"" help:"Leave the one who took it alone with it for a while."`
	HandOver handOverCmd `cmd:"" help:"Give it to somebody, who is rung first."`
	Summon   summonCmd   `cmd:"" help:"Ring everybody who has not answered, at once."`
	Stop     stopCmd     `cmd:"" help:"End the calling for good, without anybody taking it."`
}

// oneAlert is which alert, and who decides.
type oneAlert struct {
	serverFlags
	ID string `arg:"" name:"alert" help:"The alert: al-…"`
	By string `help:"Who you are: a person's name in kaden." env:"KADEN_ME" placeholder:"PERSON"`
}

type (
	ackCmd     struct{ oneAlert }
	resolveCmd struct{ oneAlert }
	releaseCmd struct{ oneAlert }
	summonCmd  struct{ oneAlert }
	stopCmd    struct{ oneAlert }
	snoozeCmd  struct {
		oneAlert
		For time.Duration `help:"How long." default:"30m" placeholder:"30m"`
	}
	handOverCmd struct {
		oneAlert
		To string `arg:"" help:"A person's name in kaden."`
	}
)

func (c *ackCmd) Run(out *output) error     { return c.decide(out, "acknowledge", nil) }
func (c *resolveCmd) Run(out *output) error { return c.decide(out, "resolve", nil) }
func (c *releaseCmd) Run(out *output) error { return c.decide(out, "release", nil) }
func (c *summonCmd) Run(out *output) error  { return c.decide(out, "summon", nil) }
func (c *stopCmd) Run(out *output) error    { return c.decide(out, "stop", nil) }

func (c *snoozeCmd) Run(out *output) error {
	if c.For <= 0 {
		return fmt.Errorf("--for %s is no length of time; 30m is one", c.For)
	}
	return c.decide(out, "snooze", map[string]string{"for": c.For.String()})
}

func (c *handOverCmd) Run(out *output) error {
	return c.decide(out, "hand-over", map[string]string{"to": c.To})
}

// decide tells the server and shows how the alert stands after it.
func (c *oneAlert) decide(out *output, what string, in map[string]string) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	if in == nil {
		in = map[string]string{}
	}
	in["by"] = c.By
	var now struct {
		ID      string `json:"id"`
		Status  string `json:"status"`
		By      string `json:"by"`
		Title   string `json:"title"`
		Stopped bool   `json:"stopped"`
	}
	if err := api.post(context.Background(), "/api/alerts/"+url.PathEscape(c.ID)+"/"+what, in, &now); err != nil {
		return err
	}
	how := now.Status
	if now.Stopped {
		how = "stopped"
	}
	if now.By != "" && now.Status == "acknowledged" {
		how += " by " + now.By
	}
	fmt.Fprintf(out.Stdout, "%s %s: %s\n", now.ID, how, now.Title)
	return nil
}

// whyCmd asks why nobody was called.
type whyCmd struct {
	serverFlags
	languageFlag
	ID string `arg:"" optional:"" name:"alert" help:"The alert: al-…; the newest ones are listed unless it is named."`
}

// latest lists the newest alerts, for whoever does not know the name of the one that they ask about.
func (c *whyCmd) latest(out *output, server *client) error {
	var found struct {
		Alerts []struct {
			ID     string    `json:"id"`
			Title  string    `json:"title"`
			Status string    `json:"status"`
			By     string    `json:"by"`
			Opened time.Time `json:"opened"`
		} `json:"alerts"`
	}
	if err := server.do(context.Background(), http.MethodGet, "/api/alerts?limit=10", "", nil, &found); err != nil {
		return err
	}
	if len(found.Alerts) == 0 {
		fmt.Fprintln(out.Stdout, out.say("no alert has come in yet; kaden serve prints a curl that sends one"))
		return nil
	}
	w := tabwriter.NewWriter(out.Stdout, 0, 0, 2, ' ', 0)
	for _, a := range found.Alerts {
		how := out.say("%s", a.Status)
		if a.By != "" {
			how += out.pick(" by "+a.By, "（"+a.By+"）")
		}
		title := []rune(a.Title)
		if len(title) > 60 {
			title = append(title[:59], '…')
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", a.ID, a.Opened.Local().Format("01-02 15:04:05"), how, string(title))
	}
	return w.Flush()
}

// Run shows the answer, and what happened to each person.
func (c *whyCmd) Run(out *output) error {
	out = out.in(c.Language)
	api, err := c.client()
	if err != nil {
		return err
	}
	api.language = out.language()
	if c.ID == "" {
		return c.latest(out, api)
	}
	why, err := api.why(context.Background(), c.ID)
	if err != nil {
		return err
	}
	fmt.Fprintln(out.Stdout, why.Summary)
	w := tabwriter.NewWriter(out.Stdout, 0, 0, 2, ' ', 0)
	for _, p := range why.People {
		fmt.Fprintf(w, "  %s\t%d×\t%s\t%s\n", p.Person, p.Attempts, out.say("%s", p.Outcome), p.Why)
	}
	w.Flush()
	for _, p := range why.People {
		if p.Sound != "" {
			fmt.Fprintf(out.Stdout, out.pick("  sound of %s: %s\n", "  %s の音声：%s\n"), p.Person, p.Sound)
		}
	}
	for _, p := range why.People {
		if p.Advice != "" {
			fmt.Fprintf(out.Stdout, out.pick("  for %s: %s\n", "  %s：%s\n"), p.Person, p.Advice)
		}
	}
	for _, n := range why.Notices {
		fmt.Fprintln(out.Stdout, "  !!", n)
	}
	return nil
}

// explanation is what the server says of an alert.
type explanation struct {
	Summary string `json:"summary"`
	People  []struct {
		Person   string `json:"person"`
		Attempts int    `json:"attempts"`
		Outcome  string `json:"outcome"`
		Why      string `json:"why"`
		Sound    string `json:"sound"`
		Advice   string `json:"advice"`
	} `json:"people"`
	Notices []string `json:"notices"`
}

// why asks what became of an alert.
func (c *client) why(ctx context.Context, alert string) (e explanation, err error) {
	err = c.do(ctx, http.MethodGet, "/api/alerts/"+url.PathEscape(alert)+"/why", "", nil, &e)
	return e, err
}
