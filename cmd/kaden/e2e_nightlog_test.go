package main_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// nightlog is what is known when killed nights are over: what kaden wrote down, what the exchange saw, and when
// the process died. Its check is a program that knows none of kaden's.
type nightlog struct {
	accepted []string              // alerts for which there was a 202
	alerts   []night               // as the API tells them
	pattern  func(n night) pattern // the plan of an alert
	calls    []rung                // at the exchange
	kills    []time.Time
}

// pattern is what a plan of these nights says: one step, one round.
type pattern struct {
	people   []string
	together bool
}

// rung is one call at the exchange.
type rung struct {
	user, callID string
	begun        time.Time
	how          string // it ended; "" is that it did not
}

const (
	listening = 12 * time.Second       // without a key, and the next phone rings as well (rule 9)
	onItsWay  = 500 * time.Millisecond // an INVITE may cross somebody else's key by this much
)

// check says what is wrong with the nights, a line for each thing.
func (l nightlog) check() (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	known := map[string]bool{}
	for _, n := range l.alerts {
		known[n.ID] = true
		for _, w := range l.checkNight(n) {
			say("%s (%s): %s", n.ID, n.Title, w)
		}
	}
	for _, id := range l.accepted {
		if !known[id] {
			say("alert %s was taken with 202 and is gone", id)
		}
	}
	return append(wrong, l.checkWire()...)
}

// try is an attempt as the timeline tells it.
type try struct {
	person                 string
	dialed, answered, over time.Time
	outcome                timeline.Kind // "" while under way
	asked                  bool          // whether they are still on it
}

// turned tells whether a person has had their turn when this attempt is over.
func (t try) turned() bool {
	switch t.outcome {
	case "", timeline.AttemptLost, timeline.AttemptFault, timeline.AttemptCanceled:
		return false
	}
	return true
}

var outcomes = []timeline.Kind{
	timeline.AttemptConfirmed, timeline.AttemptPassed, timeline.AttemptBusy, timeline.AttemptNoAnswer, timeline.AttemptRejected,
	timeline.AttemptUnreachable, timeline.AttemptInvalid, timeline.AttemptMachine, timeline.AttemptNotConfirmed,
	timeline.AttemptCanceled, timeline.AttemptLost, timeline.AttemptFault,
}

// checkNight reads one alert's timeline in the order of commits.
func (l nightlog) checkNight(n night) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	plan := l.pattern(n)
	tries := map[string]*try{} // by attempt
	var order []*try
	var taken, checking, resolved bool
	for _, e := range inOrder(n.Events) {
		t := tries[e.Attempt]
		switch {
		case e.Kind == timeline.AlertResolved:
			resolved = true
		case e.Kind == timeline.AlertAcknowledged:
			if taken {
				say("it was acknowledged twice")
			}
			taken = true
		case e.Kind == timeline.CalloutLapsed || e.Kind == timeline.CalloutHandOver || e.Kind == timeline.CalloutResumed || e.Kind == timeline.AlertRaised:
			taken = false
		case e.Kind == timeline.CalloutChecking:
			checking = true
		case e.Kind == timeline.AttemptDialing:
			if t != nil {
				say("attempt %s began twice", e.Attempt)
				continue
			}
			if resolved {
				say("%s was rung after it was resolved", e.Person)
			}
			if taken && !checking {
				say("%s was rung after it was acknowledged", e.Person)
			}
			if i := slices.Index(plan.people, e.Person); i < 0 {
				say("%s was rung, who is not in the plan", e.Person)
			} else if !plan.together {
				for _, before := range plan.people[:i] {
					if !hadTheirTurn(before, order, e.At) {
						say("%s was rung before %s had had their turn", e.Person, before)
					}
				}
			}
			t = &try{person: e.Person, dialed: e.At, asked: checking}
			checking = false
			tries[e.Attempt] = t
			order = append(order, t)
		case e.Kind == timeline.AttemptAnswered && t != nil:
			t.answered = e.At
		case slices.Contains(outcomes, e.Kind):
			switch {
			case t == nil:
				say("attempt %s ended and had not begun", e.Attempt)
			case t.outcome == "":
				t.outcome, t.over = e.Kind, e.At
			case t.outcome == timeline.AttemptConfirmed:
				say("%s had confirmed, and then it was %s", t.person, e.Kind)
			}
		}
	}
	status, by := n.decision()
	switch status {
	case "acknowledged":
		if !slices.ContainsFunc(order, func(t *try) bool { return t.person == by && t.outcome == timeline.AttemptConfirmed }) {
			say("it is acknowledged by %q, who did not confirm", by)
		}
	case "exhausted":
		for _, who := range plan.people {
			if !hadTheirTurn(who, order, time.Time{}) {
				say("it is exhausted, and %s has not had their turn", who)
			}
		}
		if slices.ContainsFunc(order, func(t *try) bool { return t.outcome == timeline.AttemptConfirmed }) {
			say("it is exhausted, and somebody had confirmed")
		}
	default:
		say("it ends as %s", status)
	}
	for id, t := range tries {
		if t.outcome == "" {
			say("attempt %s to %s has no end", id, t.person)
		}
	}
	return append(wrong, l.checkRepeats(order)...)
}

// decision is how an alert ended, and by whom: what stood when its source said that it was over.
func (n night) decision() (status, by string) {
	if n.Status != "resolved" {
		return n.Status, n.By
	}
	status = "resolved before anybody took it"
	for _, e := range inOrder(n.Events) {
		switch e.Kind {
		case timeline.AlertAcknowledged:
			status, by = "acknowledged", e.Person
		case timeline.AlertExhausted:
			status, by = "exhausted", ""
		case timeline.CalloutLapsed, timeline.CalloutHandOver, timeline.CalloutResumed, timeline.AlertRaised:
			status, by = "taken up again and resolved", ""
		case timeline.AlertResolved:
			return status, by
		}
	}
	return "resolved, and its timeline does not say when", ""
}

// hadTheirTurn tells whether a person was called to an end that counts, or listens so long that the next phone
// rings as well. Who was cut off twice by our dying has had theirs too.
func hadTheirTurn(who string, order []*try, at time.Time) bool {
	lost := 0
	for _, t := range order {
		if t.person != who {
			continue
		}
		if t.turned() || !t.answered.IsZero() && t.outcome == "" && at.Sub(t.answered) >= listening-100*time.Millisecond {
			return true
		}
		if t.outcome == timeline.AttemptLost {
			lost++
		}
	}
	return lost >= 2
}

// checkRepeats: a person is rung once, once more if the line was busy, and once more for each kill that fell
// inside a call of theirs.
func (l nightlog) checkRepeats(order []*try) (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	people := map[string][]*try{}
	for _, t := range order {
		if !t.asked {
			people[t.person] = append(people[t.person], t)
		}
	}
	for who, tries := range people {
		allowed := 1
		explained := map[time.Time]bool{}
		busy := false
		for _, t := range tries {
			switch t.outcome {
			case timeline.AttemptBusy:
				if !busy {
					allowed++
				}
				busy = true
			case timeline.AttemptLost:
				i := slices.IndexFunc(l.kills, func(k time.Time) bool {
					return !explained[k] && k.After(t.dialed.Add(-time.Millisecond)) && !k.After(t.over.Add(time.Millisecond))
				})
				if i < 0 {
					say("a call to %s was lost between %s and %s, and no kill fell inside it", who, clock(t.dialed), clock(t.over))
					continue
				}
				explained[l.kills[i]] = true
				allowed++
			case timeline.AttemptFault: // rule 7: our own fault counts as no attempt
				allowed++
			}
		}
		if len(tries) > allowed {
			say("%s was rung %d times, want %d at most", who, len(tries), allowed)
		}
	}
	return wrong
}

// checkWire holds what the exchange saw against what was written down: every call was announced before it came,
// came once, was for an alert that nobody had taken, and is over.
func (l nightlog) checkWire() (wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	said := map[string][]timeline.Event{} // about each person
	taken := map[string]time.Time{}       // when an alert was, for good
	for _, n := range l.alerts {
		for _, e := range inOrder(n.Events) {
			switch {
			case e.Kind == timeline.AlertAcknowledged, e.Kind == timeline.AlertResolved:
				taken[n.ID] = e.At
			case e.Kind == timeline.CalloutLapsed || e.Kind == timeline.CalloutHandOver || e.Kind == timeline.CalloutResumed || e.Kind == timeline.AlertRaised || e.Kind == timeline.CalloutChecking:
				delete(taken, n.ID)
			case e.Person != "":
				said[e.Person] = append(said[e.Person], e)
			}
		}
	}
	dialled := map[string]int{}
	for who, events := range said {
		said[who] = inOrder(events)
		for _, e := range events {
			if e.Kind == timeline.AttemptDialing {
				dialled[who]++
			}
		}
	}
	ids, called := map[string]bool{}, map[string]int{}
	for _, c := range l.calls {
		switch c.how {
		case "":
			say("a call to %s from %s is left at the exchange", c.user, clock(c.begun))
		case noRoom:
			say("a call to %s came at %s, when the only channel was taken: by what?", c.user, clock(c.begun))
		case givenUp:
			say("a call to %s from %s was answered, and nobody acknowledged or ended it", c.user, clock(c.begun))
		}
		if ids[c.callID] {
			say("%s was called twice for one attempt (Call-ID %s)", c.user, c.callID)
		}
		ids[c.callID] = true
		called[c.user]++
		var last timeline.Event
		for _, e := range said[c.user] {
			if (e.Kind == timeline.AttemptDialing || e.Kind == timeline.AttemptConfirmed) && !e.At.After(c.begun) {
				last = e
			}
		}
		if last.Kind != timeline.AttemptDialing {
			say("%s was called at %s, and the last that was written about them then was %q", c.user, clock(c.begun), last.Kind)
		} else if met, ok := taken[last.Alert]; ok && c.begun.After(met.Add(onItsWay)) {
			say("%s was called at %s, and the alert had been taken at %s", c.user, clock(c.begun), clock(met))
		}
	}
	for who, n := range called {
		if n > dialled[who] {
			say("%s was called %d times for %d attempts", who, n, dialled[who])
		}
	}
	return wrong
}

func inOrder(events []timeline.Event) []timeline.Event {
	return slices.SortedFunc(slices.Values(events), func(a, b timeline.Event) int { return int(a.Seq - b.Seq) })
}

func clock(t time.Time) string { return t.UTC().Format("15:04:05.000") }

// holds fails the test with what the check found, and with the nights it found it in.
func (l nightlog) holds(t *testing.T) {
	t.Helper()
	wrong := l.check()
	for _, w := range wrong {
		t.Error(w)
	}
	for _, n := range l.alerts {
		if slices.ContainsFunc(wrong, func(w string) bool { return strings.Contains(w, n.ID) }) {
			t.Logf("%s", n)
		}
	}
}

// book is what the exchange saw.
func (x *exchange) book() (calls []rung) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, d := range x.calls {
		user := d.user
		if x.named != nil {
			user = x.named(user)
		}
		c := rung{user: user, callID: d.callID, begun: d.begun, how: d.how}
		if d.state != ended {
			c.how = ""
		}
		calls = append(calls, c)
	}
	return calls
}
