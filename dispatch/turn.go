package dispatch

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
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

	changed []*Attempt
	index   map[string]*Attempt // of changed, by ID
	notes   []timeline.Event
	calls   []call.Record
	touched bool // the incident has to be written
	claimed []string
	aside   *quarantine // what is kept beside the state
	dials   []dial
	stops   []callout.Command
	follow  []callout.Event   // events that the commands lead to at once
	notify  []callout.Command // whom the plan wants told
	broke   *string           // why no telephone is rung for a warning, once it was asked; "" is no reason
}

// dial is a call to be placed after the commit.
type dial struct {
	line   *line
	order  call.Order
	target json.RawMessage // the order as it is kept, for ending a ghost
}

func newTurn(d *Dispatcher, r *run, row Callout, s callout.State, inc Incident, known map[string]Attempt) *turn {
	return &turn{d: d, run: r, row: row, state: s, incident: inc, known: known, index: map[string]*Attempt{}, aside: r.health.aside}
}

// decide lets the machine have the events, all in one go, and whatever they lead to at once.
func (t *turn) decide(tx Tx, events []callout.Event) error {
	for queue := events; len(queue) > 0; queue = t.follow {
		var commands []callout.Command
		t.state, commands = t.d.decide(t.state, queue...)
		t.follow = nil
		for _, c := range commands {
			if err := t.command(tx, c); err != nil {
				return err
			}
		}
		t.stand()
	}
	return nil
}

// stand keeps the incident in step with the call-out where no command says so: an alert that fires again
// may still be somebody's, one that a person stopped is that person's, and a drill is over when it is decided.
func (t *turn) stand() {
	s := t.state.Status
	decided := s == callout.Acknowledged || s == callout.StoppedNow
	switch {
	case t.state.Drill && (decided || s == callout.Exhausted) && t.incident.Resolved.IsZero():
		t.close(t.state.By)
	case decided && t.incident.Status == Stored:
		t.incident.Status, t.incident.By, t.touched = Acknowledged, t.state.By, true
	}
}

// close ends the incident.
func (t *turn) close(by string) {
	t.incident.Status, t.incident.Resolved, t.touched = Resolved, now(), true
	if by != "" {
		t.incident.By = by
	}
}

func (t *turn) command(tx Tx, c callout.Command) error {
	at := t.state.Clock
	switch c.Kind {
	case callout.Muster:
		return t.muster(tx, at, c)
	case callout.Advance:
		if t.state.Drill { // a rehearsal takes nobody's turn
			return nil
		}
		return tx.SetPlace(t.state.Plan.Name, c.Step, c.Round)
	case callout.Dial:
		return t.dial(tx, at, c)
	case callout.Seat:
		t.seat(at, c)
	case callout.Cancel, callout.Tell, callout.HangUp, callout.AfterBeep:
		t.stops = append(t.stops, c)
	case callout.Acknowledge:
		t.incident.Status, t.incident.By, t.touched = Acknowledged, c.By, true
	case callout.Reopen:
		if t.incident.Status != Resolved {
			t.incident.Status, t.incident.By, t.touched = Stored, "", true
		}
	case callout.CloseAlert:
		t.close(c.By)
		t.follow = append(t.follow, callout.Event{At: at, Kind: callout.Resolved, By: c.By, Text: "said to be over by " + c.By})
	case callout.Exhaust:
		if t.incident.Status != Resolved {
			t.incident.Status, t.touched = Exhausted, true
		}
	case callout.Notify:
		t.notify = append(t.notify, c)
		t.notice(at, "", fmt.Sprintf("nobody took the alert %q; told: %v", t.incident.Alert.Title, c.Refs))
	case callout.Note:
		t.noteAttempt(c.Event)
		t.note(c.Event.At, c.Event)
	default:
		return &poison{what: fmt.Sprintf("it asks for %q, which nobody here can do", c.Kind)}
	}
	return nil
}

// notice is a loud word for the operator: on the timeline and in the log.
func (t *turn) notice(at time.Time, cause, text string) {
	t.note(at, timeline.Event{Kind: timeline.NoticeRaised, Cause: cause, Text: text})
}

// muster answers who is meant, in the same transaction.
func (t *turn) muster(tx Tx, at time.Time, c callout.Command) error {
	place, err := tx.Place(t.state.Plan.Name, c.Step)
	if err != nil {
		return err
	}
	set := t.d.cfg.House()
	people, err := t.spare(tx, at, t.d.muster(set, t.run.had, c.Refs, at))
	if err != nil {
		return err
	}
	t.alarm(set, at, c, people)
	t.follow = append(t.follow, callout.Event{At: at, Kind: callout.Mustered, Step: c.Step, Round: c.Round, People: people, Place: place})
	return nil
}

// dial gives the attempt a line: a new call, or the one that is under way to the same person.
func (t *turn) dial(tx Tx, at time.Time, c callout.Command) error {
	if saved, err := t.save(tx, at, c); saved || err != nil {
		return err
	}
	s := t.d.lines.claim(c.Person, c.Address, c.With, rider{c.Attempt, t.run}, at)
	a := t.attempt(c.Attempt)
	a.Person, a.Address, a.Purpose, a.Dialed = c.Person, c.Address, string(c.Purpose), at
	if o, why := s.refused(t.d.cfg.PerHour); o != "" {
		t.follow = append(t.follow, callout.Event{At: at, Kind: callout.Ended, Attempt: c.Attempt, Outcome: o, Text: why})
		return nil
	}
	t.claimed = append(t.claimed, c.Attempt)
	a.Line, a.Call, a.Status, a.Node, a.Fence = s.line.lead, s.line.sid, string(callout.Dialing), t.row.Owner, t.row.Fence
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

// seat puts the attempt on the call that the person has made to us.
func (t *turn) seat(at time.Time, c callout.Command) {
	a := t.attempt(c.Attempt)
	a.Person, a.Address, a.Purpose, a.Inbound = c.Person, c.Address, string(c.Purpose), true
	a.Node, a.Fence, a.Dialed = t.row.Owner, t.row.Fence, at
	l := t.d.lines.seat(c.Person, rider{c.Attempt, t.run})
	if l == nil {
		t.follow = append(t.follow, callout.Event{At: at, Kind: callout.Ended, Attempt: c.Attempt, Outcome: callout.NotConfirmed, Text: "hung up before anything was told"})
		return
	}
	t.claimed = append(t.claimed, c.Attempt)
	a.Line, a.Call, a.Status, a.Answered = l.lead, l.sid, string(callout.Listening), at
	t.follow = append(t.follow, callout.Event{At: at, Kind: callout.AnsweredBy, Attempt: c.Attempt}) // if the machine does not take it for answered anyway
}

// attempt is the row of an attempt as this turn leaves it.
func (t *turn) attempt(id string) *Attempt {
	if a := t.index[id]; a != nil {
		return a
	}
	a, ok := t.known[id]
	if !ok {
		a = Attempt{ID: id, Callout: t.row.ID, Alert: t.incident.ID}
	}
	a.Remains = nil // kept apart (KeepRemains); nil leaves the stored ones
	t.changed = append(t.changed, &a)
	t.index[id] = &a
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
func (t *turn) noteAttempt(e timeline.Event) {
	if e.Attempt == "" {
		return
	}
	switch e.Kind {
	case timeline.AttemptDigit:
		t.attempt(e.Attempt).Digit = e.Digit
		return
	case timeline.AttemptDetected:
		t.attempt(e.Attempt).AnsweredBy = e.Cause
		return
	}
	o, ok := attemptKinds[e.Kind]
	if !ok {
		return
	}
	a := t.attempt(e.Attempt)
	a.Status = string(o)
	if l := t.d.lines.of(e.Attempt); l != nil {
		a.Trunk = l.carrier()
	}
	switch o {
	case callout.RingingNow:
		a.Rang = e.At
	case callout.Listening:
		a.Answered = e.At
	default:
		a.Ended, a.Cause = e.At, e.Cause
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
	t.row.Active = !t.state.Due.IsZero() || slices.ContainsFunc(t.state.Attempts, up)
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
	if err := t.tell(tx); err != nil {
		return err
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
		row.Status, row.By, row.Resolved = t.incident.Status, t.incident.By, t.incident.Resolved
	}
	row.Word, row.WordBy = t.incident.Word, t.incident.WordBy
	row.Updated = t.incident.Updated
	t.incident = row
	return tx.PutIncident(row)
}

// up tells whether an attempt's line is up, whatever was decided on it.
func up(a callout.Attempt) bool { return a.Ended.IsZero() }

// act does what was decided, after the commit.
func (t *turn) act(ctx context.Context) {
	for _, e := range t.notes {
		switch e.Kind {
		case timeline.NoticeRaised:
			t.run.log.Error("notice raised", "text", e.Text)
		case timeline.AlertExhausted:
			t.run.log.Error("nobody took the alert", "title", t.incident.Alert.Title, "text", e.Text)
		case timeline.AlertAcknowledged, timeline.AlertResolved:
			t.run.log.Info(string(e.Kind), "person", e.Person)
		}
	}
	for _, c := range t.stops {
		t.d.stop(t.run, c)
	}
	if slices.ContainsFunc(t.notes, func(e timeline.Event) bool { return e.Kind == timeline.AlertResolved }) {
		at := t.incident.Resolved
		t.d.announce(t.run, func(p phrases) string { return p.resolvedAt(at) })
	}
	if t.decided() {
		t.d.look(t.run.id())
	}
	speech := newSpeech(t.d)
	before := make(chan struct{})
	close(before)
	for _, dl := range t.dials {
		turn := inTurn{before: before, mine: make(chan struct{})}
		if len(dl.line.after) == 0 { // else it comes later, whenever that is
			before = turn.mine
		}
		t.d.spawn(func() { t.d.place(ctx, t.run, dl, speech, turn) })
	}
}

// inTurn lets calls that are placed together come to the queue for a line in the plan's order.
type inTurn struct {
	before <-chan struct{} // closed when the one before has come
	mine   chan struct{}   // closed when this one has, or never will
}

// orderly is how long a call that is ready waits for those before it, whose words may take longer to be spoken.
const orderly = 250 * time.Millisecond

// wait waits for the one before.
func (t inTurn) wait(ctx context.Context) {
	select {
	case <-t.before:
		return
	default:
	}
	patience := time.NewTimer(orderly)
	defer patience.Stop()
	select {
	case <-t.before:
	case <-patience.C:
	case <-ctx.Done():
	}
}

// done lets the next one come.
func (t inTurn) done() { close(t.mine) }

// stop takes an attempt off its line and tells the machine that this is done.
func (d *Dispatcher) stop(r *run, c callout.Command) {
	l := d.lines.of(c.Attempt)
	if l == nil {
		return // its end is already on its way to the machine
	}
	if c.Kind == callout.AfterBeep {
		if h := l.holder(); h != nil {
			if err := h.Redirect(call.Program{URL: d.address(l.lead, partMachine), Method: "POST"}); err != nil {
				r.log.Warn("nothing left with the machine", "err", err)
			}
		}
		return
	}
	var tell *call.Program
	cause := leg.Canceled
	outcome := callout.Canceled
	switch {
	case c.Kind == callout.Tell, c.Why == callout.WhyCallBack:
		q := url.Values{"about": {c.Attempt}, "why": {c.Why}}
		tell = &call.Program{URL: d.address(l.lead, partOver) + "?" + q.Encode(), Method: "POST"}
		cause = leg.Completed
	case c.Kind == callout.HangUp:
		cause, outcome = leg.Completed, callout.NotConfirmed
	}
	others := l.stop(c.Attempt, cause, tell)
	if v := r.view(); others && c.Kind == callout.Tell && v.State.Drill && v.State.By == byRealAlert {
		// The person was being told a drill; the real alert that rides with it does not wait for its end.
		if h := l.holder(); h != nil {
			_ = h.Redirect(call.Program{URL: d.address(l.lead, partScript) + "?real=1", Method: "POST"})
		}
	}
	r.send(callout.Event{At: now(), Kind: callout.Ended, Attempt: c.Attempt, Outcome: outcome, Text: c.Why})
}
