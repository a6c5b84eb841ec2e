package dispatch

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kaden-project/kaden/callout"
	"github.com/kaden-project/kaden/manifest"
	"github.com/kaden-project/kaden/timeline"
)

// A call-out that cannot be decided on, because the machine panics or its state cannot be read, is put into
// quarantine: what was known of it is kept aside in its row, and the default contacts are called plainly until
// somebody takes the alert. That is loud, and better than an alert that nobody hears of.

const (
	poisonTries = 3           // so often the same thing is tried before it is put aside
	plainGap    = time.Minute // between rounds, and between one quarantine and another of the same call-out
)

// defaultGroup names those who are called when there is no plan to go by.
const defaultGroup = "default-contacts"

// poison is why a call-out cannot be decided on.
type poison struct {
	what  string
	stack []byte
}

func (p *poison) Error() string { return p.what }

// quarantine is what is kept of a call-out that was put aside.
type quarantine struct {
	At    time.Time `json:"at"` // the last time
	Times int       `json:"times"`
	Why   string    `json:"why"`
	State string    `json:"state"` // as it was before the first time, whether or not it can be read
}

// kept is the JSON of a call-out's row.
type kept struct {
	callout.State
	Quarantine *quarantine `json:"quarantine,omitempty"`
}

// health is how well a run can decide.
type health struct {
	poison *poison // of the last try; nil: well
	tries  int     // in a row
	aside  *quarantine
}

// sicken notes that a try failed, and says how long to wait before the next.
func (h *health) sicken(err error, pause time.Duration) time.Duration {
	var p *poison
	if !errors.As(err, &p) {
		return pause // the database's trouble is not the call-out's
	}
	h.poison = p
	h.tries++
	if h.tries >= poisonTries && h.aside != nil {
		return max(pause, time.Until(h.aside.At.Add(plainGap)))
	}
	return pause
}

// recovered is said after a commit.
func (r *run) recovered(t *turn) {
	if p := r.health.poison; p != nil && t.aside != r.health.aside {
		r.log.Error("call-out put aside; the default contacts are called", "err", p, "stack", string(p.stack))
	}
	r.health = health{aside: t.aside}
}

// hopeless tells that the call-out is to be put aside.
func (h *health) hopeless() bool { return h.tries >= poisonTries }

// read takes the state out of the row. One that cannot be read is poison, and the run sets about it at once.
func (r *run) read() {
	var k kept
	err := json.Unmarshal(r.row.State, &k)
	if err == nil && k.ID != r.row.ID {
		err = fmt.Errorf("it is that of %q", k.ID)
	}
	if err != nil {
		r.health = health{poison: &poison{what: "its state cannot be read: " + err.Error()}, tries: poisonTries}
		r.send(callout.Event{At: now(), Kind: callout.Tick})
		return
	}
	r.state, r.health.aside = k.State, k.Quarantine
}

// begin decides on the first event; a plan that is poison from the start is not kept waiting for.
func (t *turn) begin(tx Tx, first []callout.Event) error {
	err := t.guarded(tx, first)
	if p := new(poison); errors.As(err, &p) {
		t.run.health.poison = p
		return t.quarantine(tx, p, first)
	}
	return err
}

// guarded decides on events; a panic is poison, and leaves the turn as it was.
func (t *turn) guarded(tx Tx, events []callout.Event) (err error) {
	before := *t
	defer func() {
		if p := recover(); p != nil {
			err = &poison{what: fmt.Sprintf("panic: %v", p), stack: debug.Stack()}
		}
		if p := new(poison); errors.As(err, &p) {
			claimed := t.claimed // these seats are to be given back
			*t = before
			t.claimed, t.index = claimed, make(map[string]*Attempt, len(t.changed))
			for _, a := range t.changed {
				t.index[a.ID] = a
			}
		}
	}()
	return t.decide(tx, events)
}

// work decides on events as far as the call-out's health allows.
func (t *turn) work(tx Tx, events []callout.Event) error {
	if t.run.health.hopeless() {
		return t.quarantine(tx, t.run.health.poison, events)
	}
	return t.guarded(tx, events)
}

// quarantine puts the call-out aside and begins to call the default contacts. What people and the source said
// in events is heeded.
func (t *turn) quarantine(tx Tx, p *poison, events []callout.Event) error {
	at := now()
	q := quarantine{At: at, Times: 1, Why: p.what, State: string(t.row.State)}
	if old := t.run.health.aside; old != nil {
		q.Times, q.State = old.Times+1, old.State
	}
	t.aside = &q

	last := 0
	for id, a := range t.known {
		if n, err := strconv.Atoi(strings.TrimPrefix(id, t.row.ID+"-")); err == nil {
			last = max(last, n)
		}
		if a.Ended.IsZero() {
			// Whoever is on the telephone gets the plain plan's attempt in the same call, if it calls them too.
			fault := timeline.Event{At: at, Kind: timeline.AttemptFault, Person: a.Person, Attempt: id, Text: "its call-out was put aside"}
			t.noteAttempt(fault)
			t.note(at, fault)
			t.stops = append(t.stops, callout.Command{Kind: callout.HangUp, Attempt: id, Why: callout.WhyStopped})
		}
	}
	text := fmt.Sprintf("this call-out cannot be carried on as planned (%s); the default contacts are called instead, until somebody takes it", p.what)
	t.notice(at, "", text)

	t.state = callout.New(t.row.ID, plainly(), string(t.incident.Alert.Severity))
	t.state.Next, t.state.Drill = last, t.incident.Drill
	begin := []callout.Event{{At: at, Kind: callout.Begin}}
	switch {
	case t.incident.Drill: // nobody is woken for a rehearsal
		t.state.Plan.After = plainGap
		begin = append(begin, callout.Event{At: at, Kind: callout.Stopped, By: t.d.cfg.Node})
	case t.incident.Status == Acknowledged:
		t.state.Plan.After = plainGap
		begin = append(begin, callout.Event{At: at, Kind: callout.Taken, By: t.incident.By})
	case t.incident.Status == Resolved || t.incident.Status == Ignored:
		t.state.Plan.After = plainGap
		begin = append(begin, callout.Event{At: at, Kind: callout.Resolved})
	}
	if err := t.guarded(tx, begin); err != nil {
		return err
	}
	said := slices.DeleteFunc(slices.Clone(events), func(e callout.Event) bool {
		return e.Attempt != "" || e.Kind == callout.Begin || e.Kind == callout.Tick
	})
	if err := t.guarded(tx, said); err != nil {
		if p := new(poison); !errors.As(err, &p) {
			return err
		}
		t.run.log.Error("what was said to a call-out in quarantine is not heeded", "events", said, "err", err)
	}
	return nil
}

// plainly is the plan of call-outs in quarantine.
func plainly() callout.Plan {
	return callout.Plan{
		Name: defaultGroup, Confirm: callout.ByKey, After: callout.AtOnce,
		Steps: []callout.Step{{
			Call: []string{callout.DefaultContacts}, Order: callout.Together, Need: callout.First, Rounds: callout.Forever, Gap: plainGap,
		}},
	}.WithDefaults()
}

// defaults are the people of callout.DefaultContacts: the group of that name, else those of the default plan,
// else everybody. A list in which nobody can be reached is no list.
func (d *Dispatcher) defaults(set *manifest.Set, at time.Time) (found []callout.Person) {
	var lists [][]string
	if _, ok := set.Groups[defaultGroup]; ok {
		lists = append(lists, []string{"@" + defaultGroup})
	}
	if p, ok := set.Plans[d.cfg.DefaultPlan]; ok {
		var refs []string
		for _, s := range p.Steps {
			for _, ref := range s.Call {
				if ref != callout.DefaultContacts && !slices.Contains(refs, ref) {
					refs = append(refs, ref)
				}
			}
		}
		lists = append(lists, refs)
	}
	for _, refs := range append(lists, keys(set.People)) {
		found = d.muster(set, nil, refs, at)
		if slices.ContainsFunc(found, func(p callout.Person) bool { return len(p.Methods) > 0 }) {
			break
		}
	}
	return found
}
