package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kaden-project/kaden/alert"
	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/timeline"
)

// flap is how long after a resolve the same key is the same incident (rule 4).
const flap = 15 * time.Minute

// accepted is what one delivery leads to, worked out inside the transaction.
type accepted struct {
	receipt alert.Receipt
	begun   []begun  // new call-outs
	told    []told   // events for call-outs that exist
	claimed []string // seats on lines, to be given back if the commit fails
}

type begun struct {
	run  *run
	turn *turn
}

type told struct {
	callout string
	event   callout.Event
}

// Accept makes a delivery durable: its body, the incidents it opens, their call-outs and the first
// attempts, in one commit. When it returns without error, somebody will be called or the failure to do
// so will be reported; phones begin to ring at that moment.
func (d *Dispatcher) Accept(ctx context.Context, in alert.Delivery) (alert.Receipt, error) {
	select {
	case <-d.booted:
	case <-ctx.Done():
		return alert.Receipt{}, context.Cause(ctx)
	}
	if err := d.life.Err(); err != nil {
		return alert.Receipt{}, errors.New("kaden is shutting down")
	}
	// Names are chosen before the transaction, which may run twice.
	ids := make([]names, len(in.Alerts))
	for i := range ids {
		ids[i].incident, ids[i].callout = newID("al"), newID("co")
	}
	first, again := in.ID, in.ID+"+"+newID("de")
	var a *accepted
	var claimed []string
	err := d.store.Write(ctx, func(tx Tx) error {
		a = &accepted{}
		defer func() { claimed = append(claimed, a.claimed...) }()
		in.ID = first
		seen, err := tx.SeenDelivery(in)
		if err == nil && seen && in.Hashed {
			if seen, err = stands(tx, in); err == nil && !seen {
				in.ID = again
				seen, err = tx.SeenDelivery(in)
			}
		}
		if err != nil || seen {
			a.receipt.Duplicate = seen
			return err
		}
		for i, one := range in.Alerts {
			one.Source = in.Source
			if err := d.accept(tx, a, in, one, ids[i]); err != nil {
				return err
			}
		}
		if in.Read() {
			return d.readAgain(tx, a, in)
		}
		return nil
	})
	switch {
	case err == nil:
		d.carryOut(a)
	case errors.Is(err, ErrUnsure) && d.inDoubt(ctx, in, a, claimed):
	case errors.Is(err, ErrUnsure):
		return alert.Receipt{}, fmt.Errorf("alert from %s: %w", in.Source, err)
	default:
		d.lines.abandon(claimed)
		return alert.Receipt{}, fmt.Errorf("alert from %s not stored: %w", in.Source, err)
	}
	return a.receipt, nil
}

// stands tells of words that came before whether they say how things stand anyway, as those of a sender that missed our
// answer do. What has been over since, and is said to fire in the same words, fires again: it is no repetition, and nor is
// the same end of it. Words with a time are about that moment, however often they come.
func stands(tx Tx, in alert.Delivery) (bool, error) {
	for _, one := range in.Alerts {
		if !one.OccurredAt.IsZero() {
			continue
		}
		open, is, err := tx.OpenIncident(in.Source, one.Key)
		if err != nil {
			return false, err
		}
		switch {
		case one.Action == alert.Trigger && !is, one.Action == alert.Resolve && is, one.Action == alert.Ack && is && open.Status == Stored:
			return false, nil
		}
	}
	return true, nil
}

// carryOut does what an accepted delivery leads to, after the commit. Real alerts come first: drills give way
// (rule 26).
func (d *Dispatcher) carryOut(a *accepted) {
	for _, b := range a.begun {
		b.run.commit(b.turn)
		d.started(b.run)
		b.turn.act(d.life)
	}
	for _, t := range a.told {
		d.tell(t.callout, t.event)
	}
	if slices.ContainsFunc(a.begun, func(b begun) bool { return !b.turn.state.Drill || d.atWork() }) {
		d.giveWay()
	}
}

type names struct{ incident, callout string }

// accept handles one alert of a delivery.
func (d *Dispatcher) accept(tx Tx, a *accepted, in alert.Delivery, one alert.Alert, n names) error {
	open, is, err := tx.OpenIncident(one.Source, one.Key)
	if err != nil {
		return err
	}
	if one.Key == alert.Unreadable {
		if one, err = weigh(tx, one, open, is); err != nil {
			return err
		}
	}
	switch one.Action {
	case alert.Resolve:
		return d.acceptResolve(tx, a, one, open, is, n)
	case alert.Ack:
		if is && open.Callout != "" {
			a.told = append(a.told, told{open.Callout, callout.Event{At: now(), Kind: callout.Taken, By: one.Source}})
			a.receipt.Alerts = append(a.receipt.Alerts, open.ID)
		}
		return nil
	case alert.Info:
		return d.ignore(tx, a, in, one, n, "information; nobody is rung for it")
	case alert.Test:
		return d.ignore(tx, a, in, one, n, "the sender's test arrived; nobody is rung for it")
	}
	if is {
		return d.acceptAgain(tx, a, one, open)
	}
	last, was, err := tx.LastIncident(one.Source, one.Key)
	if err != nil {
		return err
	}
	if was && last.Callout != "" && !last.Resolved.IsZero() && !mended(one, last) {
		if late := one.OccurredAt; !late.IsZero() && late.Before(last.Resolved) && late.Before(last.Alert.OccurredAt) {
			return d.ignore(tx, a, in, one, n, "older than the resolve that was already taken in")
		}
		if tx.Now().Sub(last.Resolved) < flap {
			return d.acceptFlap(tx, a, one, last)
		}
	}
	plan, remark := d.planFor(in, one)
	return d.open(tx, a, Incident{ID: n.incident, Alert: one, DeliveryID: in.ID}, n.callout, plan, remark)
}

// open opens an incident and its call-out.
func (d *Dispatcher) open(tx Tx, a *accepted, inc Incident, id string, plan callout.Plan, remark string) error {
	at := tx.Now()
	inc.Status, inc.Callout, inc.Opened, inc.Updated = Stored, id, at, at
	row := Callout{
		ID: id, Alert: inc.ID, Plan: plan.Name, Version: 1,
		Owner: d.cfg.Node, Fence: d.fence, Created: at, Updated: at,
	}
	r := d.bareRun(row, inc)
	r.state = callout.New(row.ID, plan, string(inc.Alert.Severity))
	r.state.Drill, r.state.Patience = inc.Drill, patience(inc.Alert)
	t := newTurn(d, r, row, r.state, inc, r.attempts)
	t.touched = true
	t.note(at, timeline.Event{Kind: timeline.AlertStored, Text: inc.Alert.Title})
	if plan.Hotline {
		t.note(at, timeline.Event{Kind: timeline.CallerWaiting, Call: inc.Alert.Labels[labelCall]})
	}
	if remark != "" {
		t.notice(at, "", remark)
	}
	hold, err := tx.Hold()
	if err != nil {
		return err
	}
	var events []callout.Event
	if at.Before(hold.Until) {
		events = append(events, hold.event(now()))
	}
	defer func() { a.claimed = append(a.claimed, t.claimed...) }()
	// The machine knows this process's clock alone: the database's may be another machine's, and another time.
	if err := t.begin(tx, append(events, callout.Event{At: now(), Kind: callout.Begin})); err != nil {
		return err
	}
	if err := t.write(tx, Tx.AddCallout); err != nil {
		return err
	}
	a.begun = append(a.begun, begun{r, t})
	a.receipt.Alerts = append(a.receipt.Alerts, inc.ID)
	return nil
}

// acceptAgain records that an open incident fires again; a higher severity is said.
func (d *Dispatcher) acceptAgain(tx Tx, a *accepted, one alert.Alert, open Incident) error {
	kind, text := timeline.AlertRepeated, fmt.Sprintf("fires for the %d. time", open.Repeats+2)
	if rank(one.Severity) > rank(open.Alert.Severity) {
		kind, text = timeline.AlertRaised, fmt.Sprintf("from %s to %s", open.Alert.Severity, one.Severity)
	}
	said := true
	if one.Key == alert.Unreadable {
		text = fmt.Sprintf("the %d. that could not be read: %s", open.Repeats+2, one.Problem)
		said = kind == timeline.AlertRaised || open.Repeats < mostShown || (open.Repeats+1)%mostShown == 0
		one = addUnread(open, one, tx.Now())
	}
	open.Repeats++
	open.Alert, open.Updated = one, tx.Now()
	a.receipt.Alerts = append(a.receipt.Alerts, open.ID)
	if kind == timeline.AlertRaised && open.Callout != "" {
		// Somebody took a warning; the critical one has not been heard by anybody.
		running := open.Status == Stored
		open.Status = Stored
		a.told = append(a.told, told{open.Callout, callout.Event{At: now(), Kind: callout.Released, Severity: string(one.Severity), Text: text}})
		if running && d.spared(open.Callout) {
			a.told = append(a.told, told{open.Callout, summoned(one.Source)})
		}
	}
	if err := tx.PutIncident(open); err != nil || !said {
		return err
	}
	if one.Key == alert.Unreadable && open.Callout != "" {
		a.told = append(a.told, told{open.Callout, callout.Event{At: now()}}) // no event: its count is read again, and told
	}
	return tx.Append(timeline.Event{At: tx.Now(), Kind: kind, Alert: open.ID, Callout: open.Callout, Text: text})
}

// acceptFlap reopens an incident that was resolved a moment ago: the call-out resumes at its place.
func (d *Dispatcher) acceptFlap(tx Tx, a *accepted, one alert.Alert, last Incident) error {
	last.Alert, last.Status, last.Updated, last.Resolved = one, Stored, tx.Now(), time.Time{}
	last.Repeats++
	a.receipt.Alerts = append(a.receipt.Alerts, last.ID)
	a.told = append(a.told, told{last.Callout, callout.Event{At: now(), Kind: callout.Refired}})
	if err := tx.PutIncident(last); err != nil {
		return err
	}
	return tx.Append(timeline.Event{
		At: tx.Now(), Kind: timeline.AlertRepeated, Alert: last.ID, Callout: last.Callout,
		Text: "fires again after it was resolved; the call-out resumes at its place",
	})
}

func (d *Dispatcher) acceptResolve(tx Tx, a *accepted, one alert.Alert, open Incident, is bool, n names) error {
	if !is {
		return d.ignore(tx, a, alert.Delivery{}, one, n, "resolves something that is not open")
	}
	return d.close(tx, a, open, one.Title)
}

// ignore keeps an alert for which nobody is rung, with the reason.
func (d *Dispatcher) ignore(tx Tx, a *accepted, in alert.Delivery, one alert.Alert, n names, why string) error {
	inc := Incident{
		ID: n.incident, Alert: one, Status: Ignored, Opened: tx.Now(), Updated: tx.Now(),
		Resolved: tx.Now(), DeliveryID: in.ID,
	}
	a.receipt.Alerts = append(a.receipt.Alerts, inc.ID)
	if err := tx.PutIncident(inc); err != nil {
		return err
	}
	return tx.Append(timeline.Event{At: tx.Now(), Kind: timeline.AlertIgnored, Alert: inc.ID, Text: why})
}

// planFor finds the plan of an alert's source, or of the number that was called. remark is for the operator.
func (d *Dispatcher) planFor(in alert.Delivery, one alert.Alert) (plan callout.Plan, remark string) {
	set := d.cfg.House()
	if in.Kind == kindCall {
		name := d.cfg.DefaultPlan
		for _, n := range set.Numbers {
			if n.Hotline != nil && n.Number == one.Source {
				name = n.Hotline.Plan
			}
		}
		plan, remark = d.planNamed(name, "number "+one.Source)
		return forCaller(plan), remark
	}
	name := d.cfg.DefaultPlan
	if s, ok := set.Sources[one.Source]; ok && s.Plan != "" {
		name = s.Plan
	}
	return d.planNamed(name, fmt.Sprintf("source %q", one.Source))
}

// planNamed is the plan of a name. Where there is none, everybody is rung: an alert that nobody planned for is not
// an alert for nobody. by is who names it.
func (d *Dispatcher) planNamed(name, by string) (plan callout.Plan, remark string) {
	set := d.cfg.House()
	if p, ok := set.Plans[name]; ok {
		return p, ""
	}
	if p, ok := set.Plans[d.cfg.DefaultPlan]; ok {
		return p, fmt.Sprintf("%s names plan %q, which does not exist; the default plan is used", by, name)
	}
	everybody := callout.Plan{Name: "everybody", Steps: []callout.Step{{
		Call: []string{callout.DefaultContacts}, Order: callout.Together, Need: callout.First, Rounds: 3,
	}}}
	return everybody.WithDefaults(), fmt.Sprintf("there is no plan %q; everybody is rung", name)
}

// rank orders severities, worst highest. Unknown is treated like critical.
func rank(s alert.Severity) int {
	switch s {
	case alert.Notice:
		return 1
	case alert.Warning:
		return 2
	case alert.Major:
		return 3
	}
	return 4
}
