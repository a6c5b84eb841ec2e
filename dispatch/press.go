package dispatch

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/twiml"
)

// pressing is how long a key may take to become durable before the person is asked to hold.
const pressing = 2 * time.Second

// afterwards is how long somebody who accepted may think whether to leave a message.
const afterwards = 3 * time.Second

// verdict is what a key did to the alerts it was pressed for.
type verdict struct {
	confirmed, passed, closed, given, pending int
	takenBy                                   string // who was quicker
	taken                                     bool
	join                                      string // the attempt that is to join a conference
	caller                                    bool   // … with a caller of a hotline
}

// onKey records the key for every alert that was told, and says what came of it only after the commit (rule 20).
func (d *Dispatcher) onKey(ctx context.Context, lead string, form url.Values) *twiml.Response {
	l := d.lines.led(lead)
	if l == nil {
		return goodbye(phrasesOf("en"))
	}
	told, digit := attempts(form, "told"), form.Get("Digits")
	t := d.telling(l, those(l.aboard(), told), l.plain())
	if t == nil { // they left the line while the key was under way
		v := d.press(ctx, &telling{line: l}, "", digit, told, true)
		if v.taken {
			return announce(d.phrasesFor(l), d.named(d.cfg.House(), d.phrasesFor(l), v.takenBy, d.phrasesFor(l).taken, d.phrasesFor(l).takenBy))
		}
		return then(d.phrasesFor(l), partScript)
	}
	if digit == haltKey && l.inbound && t.keys[haltKey] == "" {
		if !l.mayHalt() { // known by their number alone
			return d.askPIN(t.p, true)
		}
		return d.onHaltKey(ctx, l, t, form)
	}
	action := t.keys[digit]
	if t.proof != "" {
		switch {
		case digit == t.proof:
			action = callout.Accept
		case action == callout.Accept, action == callout.Snooze, action == callout.Close:
			action = "" // not by reflex
		}
	}
	ctx, stop := context.WithTimeout(ctx, pressing)
	defer stop()
	v := d.press(ctx, t, action, digit, told, form.Get("held") != "")
	return d.reply(l, t, v, action, digit, told, form)
}

// reply says what came of a key.
func (d *Dispatcher) reply(l *line, t *telling, v verdict, action callout.Action, digit string, told []string, form url.Values) *twiml.Response {
	p, query := t.p, "?told="+url.QueryEscape(strings.Join(told, " "))
	after := form.Get("after") != ""
	switch {
	case v.pending > 0:
		return then(p, partKey+query+"&Digits="+url.QueryEscape(digit)+"&held=1&after="+form.Get("after"), p.notYet)
	case action == callout.LeaveWord:
		return then(p, partSpeak+query)
	case action == callout.Close && v.closed > 0:
		return d.over(l, t, told, p.closed)
	case action == callout.Snooze && v.confirmed > 0:
		return d.over(l, t, told, fmt.Sprintf(p.snoozed, int(usualSnooze.Minutes())))
	case action == callout.Pass && (v.given > 0 || t.check && v.passed > 0):
		return d.over(l, t, told, p.givesUp)
	case v.confirmed > 0 && (t.check || after):
		return d.over(l, t, told, p.stillOn)
	case v.confirmed > 0:
		return d.accepted(l, t, v, told)
	case v.passed > 0:
		return d.over(l, t, told, p.passed)
	case action == callout.CallEveryone:
		return d.everyone(t, digit, query, form.Get("armed"))
	case v.taken:
		return d.over(l, t, told, d.named(t.set, p, v.takenBy, p.taken, p.takenBy))
	}
	return then(p, partScript)
}

// accepted says that it is recorded, and what may be done now: join the others, or leave them a message.
func (d *Dispatcher) accepted(l *line, t *telling, v verdict, told []string) *twiml.Response {
	p, text := t.p, t.p.accepted
	if v.confirmed > 1 {
		text = fmt.Sprintf(p.acceptedN, v.confirmed)
	}
	key := keyFor(t.first.State.Plan.CheckKeys(), callout.LeaveWord)
	switch {
	case v.caller: // who waits on the telephone comes first
		l.close()
		for _, rd := range l.aboard() {
			if !slices.Contains(told, rd.attempt) {
				d.oneCaller(l, rd.attempt, rd.run)
			}
		}
		return then(p, partJoin+"?about="+url.QueryEscape(v.join), text)
	case d.untold(l, told):
		return d.over(l, t, told, text)
	case v.join != "" && !l.away():
		l.close()
		return then(p, partJoin+"?about="+url.QueryEscape(v.join), text)
	case key == "" || t.first.State.Drill:
		return d.over(l, t, told, text)
	}
	l.close()
	ask := gather(partKey+"?after=1&told="+url.QueryEscape(strings.Join(told, " ")), afterwards, p.say(text), p.say(fmt.Sprintf(p.leaveWord, key)))
	return &twiml.Response{Verbs: []twiml.Verb{ask, &twiml.Hangup{}}}
}

// over ends the call with a word, or goes on with an alert that got on the line while another was told.
func (d *Dispatcher) over(l *line, t *telling, told []string, words string) *twiml.Response {
	text := []string{words}
	if t.first.State.Drill {
		text = append(text, t.p.drilled)
	}
	if !d.untold(l, told) {
		l.close()
		return announce(t.p, text...)
	}
	for _, rd := range those(l.aboard(), told) {
		if !rd.run.attempt(rd.attempt).Ended.IsZero() {
			l.leave(rd.attempt)
			rd.run.send(callout.Event{At: now(), Kind: callout.Ended, Attempt: rd.attempt, Outcome: callout.Canceled})
		}
	}
	return then(t.p, partScript, text...)
}

// untold tells whether something rides on the line that was not told yet.
func (d *Dispatcher) untold(l *line, told []string) bool {
	return slices.ContainsFunc(l.aboard(), func(rd rider) bool { return !slices.Contains(told, rd.attempt) })
}

// those keeps the riders that are named.
func those(riders []rider, named []string) []rider {
	return slices.DeleteFunc(riders, func(rd rider) bool { return !slices.Contains(named, rd.attempt) })
}

// everyone rings all who have not answered, once the key was pressed twice (rule 21).
func (d *Dispatcher) everyone(t *telling, digit, query, armed string) *twiml.Response {
	n := d.absent(t.riders, t.line.person)
	switch {
	case armed == digit:
		return then(t.p, partScript+"?heard="+t.told(), fmt.Sprintf(t.p.everyoneNow, n))
	case n == 0:
		return then(t.p, partScript+"?heard="+t.told(), t.p.everyoneNo)
	}
	sure := t.gather(partKey+query+"&armed="+url.QueryEscape(digit), t.p.say(fmt.Sprintf(t.p.everyone, n, digit)))
	return &twiml.Response{Verbs: []twiml.Verb{sure, &twiml.Redirect{URL: partScript + "?heard=" + t.told(), Method: "POST"}}}
}

// absent counts the people of the plans, but for the one who asks, who have not answered and can be rung.
func (d *Dispatcher) absent(riders []rider, asks string) int {
	who := map[string]bool{}
	for _, rd := range riders {
		for _, id := range d.missing(rd.run.view().State) {
			who[id] = true
		}
	}
	delete(who, asks)
	return len(who)
}

// missing are those of all steps of a plan who can be rung and have not answered.
func (d *Dispatcher) missing(s callout.State) (ids []string) {
	var refs []string
	for _, step := range s.Plan.Steps {
		refs = append(refs, step.Call...)
	}
	here := s.Responded()
	for _, p := range d.muster(d.cfg.House(), nil, refs, now()) {
		if p.Refused == "" && !slices.Contains(here, p.ID) && !slices.Contains(ids, p.ID) && p.ID != s.By {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// press hands the key to every call-out that was told. With held it only looks what became of the key.
func (d *Dispatcher) press(ctx context.Context, t *telling, action callout.Action, digit string, told []string, held bool) (v verdict) {
	aboard := map[string]*run{}
	for _, rd := range t.line.aboard() {
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
		if v.caller && r.view().State.Plan.Hotline && !callout.Outcome(r.attempt(attempt).Status).Final() {
			d.oneCaller(t.line, attempt, r)
			continue
		}
		if !held && r.settle(ctx, t.pressed(r, attempt, action, digit)) != nil {
			v.pending++
			continue
		}
		v.look(r, attempt, action, t.line.person, held)
	}
	return v
}

// pressed is the key as the plan of one of the alerts knows it: of several in one call, the first one's keys were said.
func (t *telling) pressed(r *run, attempt string, action callout.Action, digit string) callout.Event {
	plan := r.view().State.Plan
	e := callout.Event{At: now(), Kind: callout.Pressed, Attempt: attempt, Digit: digit}
	if action == "" {
		return e
	}
	if action == callout.Accept && plan.Confirm == callout.ByProof && t.proof == digit {
		e.Proof = true
		return e
	}
	own := plan.Keys
	if t.check || r.attempt(attempt).Status == string(callout.Confirmed) {
		own = plan.CheckKeys()
	}
	if key := keyFor(own, action); own[digit] != action && key != "" {
		e.Digit = key
	}
	return e
}

// look reads from the last commit what the key did.
func (v *verdict) look(r *run, attempt string, action callout.Action, person string, held bool) {
	s := r.view().State
	status := callout.Outcome(r.attempt(attempt).Status)
	switch {
	case s.Status == callout.ResolvedNow:
		v.closed++
	case action == callout.Pass && status == callout.Confirmed && s.By != person:
		v.given++
	case status == callout.Confirmed:
		v.confirmed++
		if joins(s, attempt) && !v.caller {
			v.join, v.caller = attempt, s.Plan.Hotline
		}
	case status == callout.Passed:
		v.passed++
	case s.Status == callout.Acknowledged && s.By != person:
		v.taken, v.takenBy = true, s.By
	case held && action == callout.Accept:
		v.pending++ // still on its way
	}
}
