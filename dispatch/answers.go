package dispatch

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/twiml"
)

// pressing is how long a key may take to become durable before the person is asked to hold.
const pressing = 2 * time.Second

// ServeHTTP answers under /callouts/{attempt}/{token}/{part}: with TwiML for whoever carries the call.
func (d *Dispatcher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	reply := d.answer(r.Context(), r.URL.Path, r.Form)
	w.Header().Set("Content-Type", reply.ContentType)
	w.WriteHeader(reply.Status)
	w.Write(reply.Body)
}

// Ask answers local calls in the process; it is call.Asker for addresses below [Origin].
func (d *Dispatcher) Ask(ctx context.Context, a call.Ask) (call.Reply, error) {
	u, err := url.Parse(a.URL)
	if err != nil {
		return call.Reply{}, &call.Problem{Code: 11100, Text: "not a URL: " + a.URL, Err: err}
	}
	form := u.Query()
	for k, v := range a.Params {
		form[k] = v
	}
	reply := d.answer(ctx, u.Path, form)
	reply.URL = a.URL
	return reply, nil
}

func (d *Dispatcher) answer(ctx context.Context, path string, form url.Values) call.Reply {
	part := strings.Split(strings.TrimPrefix(path, "/callouts/"), "/")
	if len(part) != 3 || part[1] != d.token(part[0]) {
		return call.Reply{Status: http.StatusNotFound, ContentType: "text/plain", Body: []byte("no such script")}
	}
	var doc *twiml.Response
	switch attempt := part[0]; part[2] {
	case partScript:
		doc = d.onScript(attempt, strings.Fields(form.Get("heard")))
	case partKey:
		doc = d.onKey(ctx, attempt, form.Get("Digits"), strings.Fields(form.Get("told")), form.Get("held") != "")
	case partTaken, partResolved:
		doc = d.onOver(ctx, form.Get("about"), part[2])
	default:
		return call.Reply{Status: http.StatusNotFound, ContentType: "text/plain", Body: []byte("no such part of a script")}
	}
	body, err := twiml.Write(doc)
	if err != nil {
		d.log.Error("script not written", "attempt", part[0], "err", err)
		return call.Reply{Status: http.StatusInternalServerError, ContentType: "text/plain", Body: []byte("the script cannot be written")}
	}
	return call.Reply{Status: http.StatusOK, ContentType: "text/xml", Body: body}
}

// onScript gives the message; heard are the attempts whose message was heard to its end.
func (d *Dispatcher) onScript(attempt string, heard []string) *twiml.Response {
	l := d.lines.led(attempt)
	if l == nil {
		return goodbye(phrasesOf("en"))
	}
	riders := l.aboard()
	for _, rd := range riders {
		if slices.Contains(heard, rd.attempt) {
			rd.run.send(callout.Event{At: now(), Kind: callout.Told, Attempt: rd.attempt})
		}
	}
	if len(riders) == 0 {
		return goodbye(d.phrasesFor(l))
	}
	return d.script(l, riders, l.plain())
}

// verdict is what a key did to the alerts it was pressed for.
type verdict struct {
	confirmed, passed, pending int
	takenBy                    string // who was quicker
	taken                      bool
}

// onKey records the key for every alert that was told, and says what came of it only after the commit (rule 20).
func (d *Dispatcher) onKey(ctx context.Context, attempt, digit string, told []string, held bool) *twiml.Response {
	l := d.lines.led(attempt)
	if l == nil {
		return goodbye(phrasesOf("en"))
	}
	p := d.phrasesFor(l)
	ctx, stop := context.WithTimeout(ctx, pressing)
	defer stop()
	v := d.press(ctx, l, digit, told, held)
	rest := func(rd rider) bool { return !slices.Contains(told, rd.attempt) }
	untold := slices.ContainsFunc(l.aboard(), rest)
	say := func(text string) *twiml.Say {
		return &twiml.Say{Language: p.tag, Loop: 1, Spans: []twiml.Span{{Text: text}}}
	}
	next := func(first twiml.Verb, url string) *twiml.Response {
		verbs := []twiml.Verb{&twiml.Redirect{URL: url, Method: "POST"}}
		if first != nil {
			verbs = append([]twiml.Verb{first}, verbs...)
		}
		return &twiml.Response{Verbs: verbs}
	}
	over := func(text string) *twiml.Response {
		if untold { // another alert got on while this one was told: the call goes on for it
			for _, rd := range l.aboard() {
				if slices.Contains(told, rd.attempt) && !rd.run.attempt(rd.attempt).Ended.IsZero() {
					l.leave(rd.attempt)
					rd.run.send(callout.Event{At: now(), Kind: callout.Ended, Attempt: rd.attempt, Outcome: callout.Canceled})
				}
			}
			return next(say(text), partScript)
		}
		l.close()
		return announce(p, text)
	}
	switch {
	case v.pending > 0:
		q := url.Values{"told": {strings.Join(told, " ")}, "Digits": {digit}, "held": {"1"}}
		return next(say(p.notYet), partKey+"?"+q.Encode())
	case v.confirmed > 1:
		return over(fmt.Sprintf(p.acceptedN, v.confirmed))
	case v.confirmed == 1:
		return over(p.accepted)
	case v.passed > 0:
		return over(p.passed)
	case v.taken:
		return over(d.takenText(p, v.takenBy))
	}
	return next(nil, partScript)
}

// press hands the key to every call-out that was told. With held it only looks what became of the key.
func (d *Dispatcher) press(ctx context.Context, l *line, digit string, told []string, held bool) (v verdict) {
	aboard := map[string]*run{}
	for _, rd := range l.aboard() {
		aboard[rd.attempt] = rd.run
	}
	for _, attempt := range told {
		r, on := aboard[attempt]
		if !on {
			// It left the line while the key was under way: another was quicker, or it was resolved.
			if other := d.live(calloutOf(attempt)); other != nil && other.view().State.Status == callout.Acknowledged {
				v.taken, v.takenBy = true, other.view().State.By
			}
			continue
		}
		if !held {
			e := callout.Event{At: now(), Kind: callout.Pressed, Attempt: attempt, Digit: digit}
			if r.settle(ctx, e) != nil {
				v.pending++
				continue
			}
		}
		seen := r.view()
		switch callout.Outcome(r.attempt(attempt).Status) {
		case callout.Confirmed:
			v.confirmed++
		case callout.Passed:
			v.passed++
		default:
			switch {
			case seen.State.Status == callout.Acknowledged:
				v.taken, v.takenBy = true, seen.State.By
			case held && seen.State.Plan.Keys[digit] == callout.Accept:
				v.pending++ // still on its way
			}
		}
	}
	return v
}

// onOver tells a listener that it is over, and why.
func (d *Dispatcher) onOver(ctx context.Context, about, part string) *twiml.Response {
	r, err := d.wake(ctx, calloutOf(about))
	if err != nil {
		return goodbye(phrasesOf("en"))
	}
	v := r.view()
	p := phrasesOf(d.languageFor(d.cfg.House(), r.attempt(about).Person, v.State.Plan))
	if part == partResolved {
		at := v.Incident.Resolved
		if at.IsZero() {
			at = now()
		}
		return announce(p, p.resolvedAt(at))
	}
	if v.State.By == "" {
		return goodbye(p)
	}
	return announce(p, d.takenText(p, v.State.By))
}

// takenText names who took it, as the name is spoken.
func (d *Dispatcher) takenText(p phrases, by string) string {
	who, known := d.cfg.House().People[by]
	switch {
	case !known:
		return p.takenBy
	case p.lang == "ja" && who.Reading != "":
		return fmt.Sprintf(p.taken, who.Reading)
	case who.Name != "":
		return fmt.Sprintf(p.taken, who.Name)
	}
	return fmt.Sprintf(p.taken, who.ID)
}

// phrasesFor is the language of the person on a line.
func (d *Dispatcher) phrasesFor(l *line) phrases {
	plan := callout.Plan{}
	if riders := l.aboard(); len(riders) > 0 {
		plan = riders[0].run.view().State.Plan
	}
	return phrasesOf(d.languageFor(d.cfg.House(), l.person, plan))
}

// calloutOf is the call-out an attempt belongs to: attempts are named co-…-1, co-…-2.
func calloutOf(attempt string) string {
	if i := strings.LastIndexByte(attempt, '-'); i > 0 {
		return attempt[:i]
	}
	return attempt
}
