package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// drillCmd rehearses a plan with the people it names.
type drillCmd struct {
	serverFlags
	Plan  string `arg:"" help:"The plan to rehearse."`
	Force bool   `help:"Even between 22 and 7 o'clock."`
	By    string `help:"Who you are: a person's name in kaden." env:"KADEN_ME" placeholder:"PERSON"`
	JSON  bool   `name:"json" help:"Write what happens as JSON lines."`
}

// Help is shown below the flags.
func (*drillCmd) Help() string {
	return `Rings real phones; everybody hears that it is a drill (訓練), first and last. Ends with 0 when somebody took it.
Where a voicemail answered, it says which "ring:" of that contact would keep it out; it changes no document.

Example: kaden drill night-shift`
}

// Run begins the drill and writes what happens until somebody took it, or nobody did.
func (c *drillCmd) Run(out *output) error {
	api, err := c.client()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// Listening begins before the drill, so that its first event is not missed.
	events, err := api.listen(ctx)
	if err != nil {
		return err
	}
	defer events.Close()
	var begun struct {
		Alert string `json:"alert"`
	}
	if err := api.post(ctx, "/api/drills", map[string]any{"plan": c.Plan, "force": c.Force, "by": c.By}, &begun); err != nil {
		return err
	}
	show := &show{out: out.Stdout, json: c.JSON, begun: time.Now()}
	show.say("drill of %s: alert %s", c.Plan, begun.Alert)
	taken, err := c.follow(events, begun.Alert, show)
	if err == nil && !c.JSON {
		c.learnt(ctx, api, begun.Alert, out)
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("the drill goes on without you; \"kaden alert stop %s\" ends it", begun.Alert)
	case err != nil:
		return fmt.Errorf("%w; the drill goes on, \"kaden why %s\" tells what came of it", err, begun.Alert)
	case !taken:
		fmt.Fprintf(out.Stderr, "kaden: nobody took it; \"kaden why %s\" tells what happened to each\n", begun.Alert)
		return exitCode(1)
	}
	return nil
}

// learnt says what people's documents could say after this. A server that does not answer any more has said all else.
func (c *drillCmd) learnt(ctx context.Context, api *client, alert string, out *output) {
	why, err := api.why(ctx, alert)
	if err != nil {
		return
	}
	for _, p := range why.People {
		if p.Advice != "" {
			fmt.Fprintf(out.Stdout, "for %s: %s\n", p.Person, p.Advice)
		}
	}
}

// follow shows the events of one alert until it is decided.
func (c *drillCmd) follow(events *eventReader, alert string, show *show) (taken bool, err error) {
	for {
		e, err := events.next()
		if err != nil {
			return false, err
		}
		if e.Alert != alert {
			continue
		}
		show.event(e)
		switch {
		case e.Kind == timeline.AlertAcknowledged:
			return true, nil
		case e.Kind == timeline.AlertExhausted, e.Kind == timeline.AlertResolved, e.Kind == timeline.NoticeRaised && e.Cause == "stopped":
			return false, nil
		}
	}
}

// eventReader reads the server's stream of events.
type eventReader struct {
	body  io.ReadCloser
	lines *bufio.Scanner
}

// listen opens the stream; when it returns, the server sends what happens from now on.
func (c *client) listen(ctx context.Context) (*eventReader, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/api/events", nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	endless := *c.http
	endless.Timeout = 0
	resp, err := endless.Do(req)
	if err != nil {
		return nil, c.unanswered(err)
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
		return nil, refusal(resp, text)
	}
	r := &eventReader{body: resp.Body, lines: bufio.NewScanner(resp.Body)}
	r.lines.Buffer(nil, 1<<20)
	for r.lines.Scan() {
		if strings.HasPrefix(r.lines.Text(), "event: hello") {
			return r, nil
		}
	}
	r.Close()
	return nil, errors.Join(errors.New("the server's events end before they begin"), r.lines.Err())
}

// next waits for the next event of the timeline.
func (r *eventReader) next() (e timeline.Event, err error) {
	for r.lines.Scan() {
		data, ok := strings.CutPrefix(r.lines.Text(), "data: ")
		if !ok || json.Unmarshal([]byte(data), &e) != nil || e.Kind == "" {
			continue // hello's own data, a heartbeat, an empty line
		}
		return e, nil
	}
	if err := r.lines.Err(); err != nil {
		return e, err
	}
	return e, errors.New("the server ended the stream of events")
}

func (r *eventReader) Close() error { return r.body.Close() }
