package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/kaden-project/kaden/callout"
)

// What people decide at the console or over the API. Each goes through the call-out's own queue, so that the
// order of what happened is one, whoever says it: the phone, the console, the alert's source. by is a
// person's ID, or where it was decided (console, api). They return when it is durable.

// usualSnooze is how long an alert is left alone where nobody says.
const usualSnooze = 30 * time.Minute

// NotSomebody says that a name given is nobody who can be called.
type NotSomebody struct{ Name, Why string }

func (e *NotSomebody) Error() string { return fmt.Sprintf("%s cannot be called: %s", e.Name, e.Why) }

// Acknowledge takes an alert for somebody.
func (d *Dispatcher) Acknowledge(ctx context.Context, incident, by string) error {
	return d.toIncident(ctx, incident, item{event: callout.Event{Kind: callout.Taken, By: by}})
}

// Stop ends an alert's call-out for good.
func (d *Dispatcher) Stop(ctx context.Context, incident, by string) error {
	return d.toIncident(ctx, incident, item{event: callout.Event{Kind: callout.Stopped, By: by}})
}

// Resolve says that an alert is over. Those on the telephone hear it.
func (d *Dispatcher) Resolve(ctx context.Context, incident, by string) error {
	return d.toIncident(ctx, incident, item{
		event:  callout.Event{Kind: callout.Resolved, By: by, Text: "said to be over by " + by},
		change: func(t *turn) { t.close("") },
	})
}

// Release gives back what somebody took: the plan goes on with the next person.
func (d *Dispatcher) Release(ctx context.Context, incident, by string) error {
	return d.toIncident(ctx, incident, item{event: callout.Event{Kind: callout.Released, By: by}})
}

// Alive is a sign of life of the one who took it, so that they are not asked for a while.
func (d *Dispatcher) Alive(ctx context.Context, incident, by string) error {
	return d.toIncident(ctx, incident, item{event: callout.Event{Kind: callout.Alive, By: by}})
}

// Summon rings everybody of the plan who has not answered, now.
func (d *Dispatcher) Summon(ctx context.Context, incident, by string) error {
	return d.toIncident(ctx, incident, item{event: summoned(by)})
}

func summoned(by string) callout.Event {
	return callout.Event{At: now(), Kind: callout.Summoned, By: by}
}

// Snooze leaves by alone with an alert for a while and asks again then; 0 is 30 min.
func (d *Dispatcher) Snooze(ctx context.Context, incident, by string, pause time.Duration) error {
	if pause <= 0 {
		pause = usualSnooze
	}
	return d.toIncident(ctx, incident, item{event: callout.Event{Kind: callout.Snoozed, By: by, For: pause}})
}

// HandOver gives an alert to somebody else, who is called first; if they do not take it the plan goes on.
// A name that nobody can be called by is a [*NotSomebody].
func (d *Dispatcher) HandOver(ctx context.Context, incident, by, to string) error {
	who, err := d.somebody(to)
	if err != nil {
		return err
	}
	return d.toIncident(ctx, incident, item{event: callout.Event{Kind: callout.HandedOver, By: by, People: []callout.Person{who}}})
}

// somebody is a person who can be called now.
func (d *Dispatcher) somebody(id string) (callout.Person, error) {
	set := d.cfg.House()
	person, ok := set.People[id]
	if !ok {
		return callout.Person{}, &NotSomebody{id, "there is nobody of that name"}
	}
	who := d.reach(set, person)
	if who.Refused != "" {
		return callout.Person{}, &NotSomebody{id, who.Refused}
	}
	return who, nil
}

func (d *Dispatcher) toIncident(ctx context.Context, incident string, it item) error {
	inc, err := d.store.IncidentByID(ctx, incident)
	if err != nil {
		return fmt.Errorf("alert %s: %w", incident, err)
	}
	if inc.Callout == "" {
		return fmt.Errorf("alert %s: nobody is called for it: %w", incident, ErrNotFound)
	}
	r, err := d.wake(ctx, inc.Callout)
	if err != nil {
		return err
	}
	it.event.At = now()
	return r.commission(ctx, it)
}

// LinkToken proves that a link to an alert was given out by this kaden.
func (d *Dispatcher) LinkToken(incident string) string { return d.sign("link " + incident) }

// Link is the path of an alert's page for those who have no account.
func (d *Dispatcher) Link(incident string) string {
	return "/a/" + incident + "/" + d.LinkToken(incident)
}
