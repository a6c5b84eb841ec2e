package dispatch

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/kaden-project/kaden/call"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/leg"
	"github.com/kaden-project/kaden/timeline"
)

// turn is one step of a call-out inside a transaction: the events, what the machine made of them, the
// rows that follow, and what is to be done once they are durable. A transaction may run twice, so a turn
// has no effect of its own but seats on lines, and those are the same when asked for again.
type turn struct {
	d   *Dispatcher
	run *run

	row      Callout
	state    callout.State
	incident Incident
	known    map[string]Attempt

	changed  []*Attempt
	notes    []timeline.Event
	calls    []call.Record
	touched  bool // the incident has to be written
	claimed  []string
	aside    *quarantine // what is kept beside the state
	dials    []dial
	stops    []stop
	follow   []callout.Event // events that the commands lead to at once
	noticing []string
}

// dial is a call to be placed after the commit.
type dial struct {
	line   *line
	order  call.Order
	target json.RawMessage // the order as it is kept, for ending a ghost
}

// stop is an attempt to be taken off its line after the commit.
type stop struct {
	command callout.Command
}

func newTurn(d *Dispatcher, r *run, row Callout, s callout.State, inc Incident, known map[string]Attempt) *turn {
	return &turn{d: d, run: r, row: row, state: s, incident: inc, known: known, aside: r.health.aside}
}

// decide lets the machine have the events, one after the other, and whatever they lead to at once.
func (t *turn) decide(tx Tx, events []callout.Event) error {
	queue := slices.Clone(events)
	for len(queue) > 0 {
		e := queue[0]
		queue = queue[1:]
		var commands []callout.Command
		t.state, commands = t.d.decide(t.state, e)
		t.follow = nil
		for _, c := range commands {
			if err := t.command(tx, e, c); err != nil {
				return err
			}
		}
		queue = append(t.follow, queue...)
		t.stand()
	}
	return nil
}

// stand keeps the incident in step with the call-out where no command says so: an alert that fires again
// may still be somebody's, and one that a person stopped is that person's.
func (t *turn) stand() {
	if s := t.state.Status; (s == callout.Acknowledged || s == callout.StoppedNow) && t.incident.Status == Stored {
		t.incident.Status, t.incident.By, t.touched = Acknowledged, t.state.By, true
	}
}

func (t *turn) command(tx Tx, e callout.Event, c callout.Command) error {
	switch c.Kind {
	case callout.Muster:
		place, err := tx.Place(t.state.Plan.Name, c.Step)
		if err != nil {
			return err
		}
		t.follow = append(t.follow, callout.Event{
			At: e.At, Kind: callout.Mustered, Step: c.Step, Round: c.Round,
			People: t.d.muster(t.d.cfg.House(), c.Refs, e.At), Place: place,
		})
	case callout.Advance:
		return tx.SetPlace(t.state.Plan.Name, c.Step, c.Round)
	case callout.Dial:
		return t.dial(e.At, c)
	case callout.Cancel, callout.Tell, callout.HangUp:
		t.stops = append(t.stops, stop{c})
	case callout.Acknowledge:
		t.incident.Status, t.incident.By, t.touched = Acknowledged, c.By, true
	case callout.Exhaust:
		if t.incident.Status != Resolved {
			t.incident.Status, t.touched = Exhausted, true
		}
	case callout.Notify:
		text := fmt.Sprintf("nobody took the alert %q; told: %v", t.incident.Alert.Title, c.Refs)
		t.noticing = append(t.noticing, text)
		t.note(e.At, timeline.Event{Kind: timeline.NoticeRaised, Text: text})
	case callout.Note:
		t.noteAttempt(e.At, c.Event)
		t.note(e.At, c.Event)
	default:
		return &poison{what: fmt.Sprintf("it asks for %q, which nobody here can do", c.Kind)}
	}
	return nil
}

// dial gives the attempt a line: a new call, or the one that is under way to the same person.
func (t *turn) dial(at time.Time, c callout.Command) error {
	s := t.d.lines.claim(c.Person, c.Address, rider{c.Attempt, t.run}, at)
	if s.capped {
		t.follow = append(t.follow, callout.Event{
			At: at, Kind: callout.Ended, Attempt: c.Attempt, Outcome: callout.Unreachable,
			Text: fmt.Sprintf("called %d times within the hour; the next person is rung", t.d.cfg.PerHour),
		})
		a := t.attempt(c.Attempt)
		a.Person, a.Address, a.Dialed = c.Person, c.Address, at
		return nil
	}
	t.claimed = append(t.claimed, c.Attempt)
	a := t.attempt(c.Attempt)
	a.Person, a.Address, a.Line, a.Call = c.Person, c.Address, s.line.lead, s.line.sid
	a.Status, a.Dialed, a.Node, a.Fence = string(callout.Dialing), at, t.row.Owner, t.row.Fence
	if !s.lead {
		t.note(at, timeline.Event{
			Kind: timeline.AttemptBundled, Person: c.Person, Attempt: c.Attempt, Call: string(s.line.sid),
			Text: "told in the call that is under way to the same person",
		})
		return nil
	}
	o, err := t.d.order(t, s.line, c)
	if err != nil {
		return &poison{what: err.Error()}
	}
	target, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("attempt %s: %w", c.Attempt, err)
	}
	a.Target = target
	t.calls = append(t.calls, o.Record(at, t.row.Owner))
	t.dials = append(t.dials, dial{line: s.line, order: o, target: target})
	return nil
}

// attempt is the row of an attempt as this turn leaves it.
func (t *turn) attempt(id string) *Attempt {
	for _, a := range t.changed {
		if a.ID == id {
			return a
		}
	}
	a, ok := t.known[id]
	if !ok {
		a = Attempt{ID: id, Callout: t.row.ID, Alert: t.incident.ID}
	}
	a.Remains = nil // kept apart (KeepRemains); nil leaves the stored ones
	t.changed = append(t.changed, &a)
	return &a
}

// attemptKinds are the events that change an attempt's row, and to what.
var attemptKinds = map[timeline.Kind]callout.Outcome{
	timeline.AttemptRinging:      callout.RingingNow,
	timeline.AttemptAnswered:     callout.Listening,
	timeline.AttemptConfirmed:    callout.Confirmed,
	timeline.AttemptPassed:       callout.Passed,
	timeline.AttemptBusy:         callout.Busy,
	timeline.AttemptNoAnswer:     callout.NoAnswer,
	timeline.AttemptRejected:     callout.Rejected,
	timeline.AttemptUnreachable:  callout.Unreachable,
	timeline.AttemptInvalid:      callout.Invalid,
	timeline.AttemptMachine:      callout.Machine,
	timeline.AttemptNotConfirmed: callout.NotConfirmed,
	timeline.AttemptCanceled:     callout.Canceled,
	timeline.AttemptLost:         callout.Lost,
	timeline.AttemptFault:        callout.Fault,
}

// noteAttempt keeps the attempt's row in step with what is said of it.
func (t *turn) noteAttempt(at time.Time, e timeline.Event) {
	if e.Attempt == "" {
		return
	}
	if e.Kind == timeline.AttemptDigit {
		t.attempt(e.Attempt).Digit = e.Digit
		return
	}
	o, ok := attemptKinds[e.Kind]
	if !ok {
		return
	}
	a := t.attempt(e.Attempt)
	a.Status = string(o)
	switch o {
	case callout.RingingNow:
		a.Rang = at
	case callout.Listening:
		a.Answered = at
	default:
		a.Ended, a.Cause = at, e.Cause
		if e.Digit != "" {
			a.Digit = e.Digit
		}
	}
}

// note puts an event on the timeline with all that is known about it.
func (t *turn) note(at time.Time, e timeline.Event) {
	e.At, e.Alert, e.Callout = at, t.incident.ID, t.row.ID
	if e.Attempt != "" && e.Call == "" {
		e.Call = string(t.attempt(e.Attempt).Call)
	}
	t.notes = append(t.notes, e)
}

// write puts everything into the transaction; put is Tx.AddCallout for a new row, Tx.PutCallout else.
func (t *turn) write(tx Tx, put func(Tx, Callout) error) error {
	state, err := json.Marshal(kept{t.state, t.aside})
	if err != nil {
		return fmt.Errorf("call-out %s: %w", t.row.ID, err)
	}
	t.row.State, t.row.Due, t.row.Updated = state, t.state.Due, tx.Now()
	t.row.Active = !t.state.Due.IsZero() || slices.ContainsFunc(t.state.Attempts, underWay)
	if err := put(tx, t.row); err != nil {
		return err
	}
	if t.touched {
		t.incident.Updated = tx.Now()
		if err := t.putIncident(tx); err != nil {
			return err
		}
	}
	if len(t.changed) > 0 {
		rows := make([]Attempt, len(t.changed))
		for i, a := range t.changed {
			rows[i] = *a
		}
		if err := tx.PutAttempts(rows...); err != nil {
			return err
		}
	}
	for _, c := range t.calls {
		if err := tx.PutCall(c); err != nil {
			return err
		}
	}
	if len(t.notes) == 0 {
		return nil
	}
	return tx.Append(t.notes...)
}

// putIncident writes the outcome over the row as it now is: the source may have said more meanwhile.
func (t *turn) putIncident(tx Tx) error {
	row, err := tx.Incident(t.incident.ID)
	if err != nil {
		row = t.incident // it is written for the first time in this transaction
	}
	if row.Resolved.IsZero() {
		row.Status, row.By = t.incident.Status, t.incident.By
	}
	row.Updated = t.incident.Updated
	t.incident = row
	return tx.PutIncident(row)
}

func underWay(a callout.Attempt) bool {
	return a.Outcome == callout.Dialing || a.Outcome == callout.RingingNow || a.Outcome == callout.Listening
}

// act does what was decided, after the commit.
func (t *turn) act(ctx context.Context) {
	for _, text := range t.noticing {
		t.run.log.Error("notice raised", "text", text)
	}
	for _, s := range t.stops {
		t.d.stop(t.run, s.command)
	}
	for _, dl := range t.dials {
		t.d.spawn(func() { t.d.place(ctx, t.run, dl) })
	}
}

// stop takes an attempt off its line and tells the machine that this is done.
func (d *Dispatcher) stop(r *run, c callout.Command) {
	l := d.lines.of(c.Attempt)
	if l == nil {
		return // its end is already on its way to the machine
	}
	var tell *call.Program
	cause := leg.Canceled
	outcome := callout.Canceled
	switch c.Kind {
	case callout.Tell:
		p := call.Program{URL: d.address(l.lead, partFor(c.Why)) + "?" + aboutOf(c.Attempt), Method: "POST"}
		tell = &p
		cause = leg.Completed
	case callout.HangUp:
		cause, outcome = leg.Completed, callout.NotConfirmed
	}
	l.stop(c.Attempt, cause, tell)
	r.send(callout.Event{At: now(), Kind: callout.Ended, Attempt: c.Attempt, Outcome: outcome, Text: c.Why})
}
