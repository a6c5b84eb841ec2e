package callout

import (
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// Rule 33: the kill switch. Nobody is rung, all clocks stand still, who listens may still take it.

// longestHalt is how long dialling may be stopped: a switch that is forgotten must not cost a night.
const longestHalt = 30 * time.Minute

func (m *machine) halted() bool { return !m.Halt.IsZero() }

func (m *machine) halt(e Event) {
	until := e.Until
	if most := m.now.Add(longestHalt); until.IsZero() || until.After(most) {
		until = most
	}
	if until = until.UTC().Round(0); !until.After(m.now) {
		return
	}
	again := m.halted()
	m.Halt = until
	if !again {
		m.HaltedAt = m.now
		m.freeze()
	}
	if m.rings() {
		m.note(timeline.Event{Kind: timeline.CalloutHalted, Person: e.By, Text: "nobody is rung for " + short(until.Sub(m.now).Round(time.Second))})
	}
	m.cut(WhyHalted, e.By, func(a *Attempt) bool { return a.Outcome != Listening })
}

func (m *machine) unhalt(e Event) {
	if m.halted() {
		m.lift(e.By)
	}
}

// beginHalted lets a call-out begin under a kill switch that was thrown before.
func (m *machine) beginHalted() {
	if !m.halted() {
		return
	}
	if !m.now.Before(m.Halt) {
		m.Halt, m.HaltedAt = time.Time{}, time.Time{}
		return
	}
	m.freeze()
	m.note(timeline.Event{Kind: timeline.CalloutHalted, Text: "nobody is rung for " + short(m.Halt.Sub(m.now).Round(time.Second))})
}

// lift lets the clocks run on.
func (m *machine) lift(by string) {
	stood := m.now.Sub(m.HaltedAt)
	m.Halt, m.HaltedAt = time.Time{}, time.Time{}
	if m.Begun.IsZero() {
		return
	}
	shift(&m.Ask, stood)
	for i := range m.Side {
		m.Side[i].shift(stood)
	}
	if m.Status == Waiting || m.Status == Running && !m.handing() {
		m.thaw()
	}
	if m.rings() {
		m.why = "people may be rung again"
		m.note(timeline.Event{Kind: timeline.CalloutResumed, Person: by, Text: m.why})
	}
}

// rings tells whether the call-out would ring somebody if it may.
func (m *machine) rings() bool {
	return !m.Begun.IsZero() && (m.Status == Waiting || m.Status == Running || len(m.Side) > 0)
}

// freeze lets the clocks of the plan stand still, from now on or since they do.
func (m *machine) freeze() {
	if m.Paused.IsZero() && !m.Begun.IsZero() {
		m.Paused = m.now
	}
}

// thaw lets the clocks of the plan run on from where they stood, or stand on under the kill switch.
func (m *machine) thaw() {
	if m.Paused.IsZero() {
		return
	}
	stood := m.now.Sub(m.Paused)
	m.Paused = time.Time{}
	for _, t := range [...]*time.Time{&m.Grace, &m.End, &m.Wait, &m.Hold, &m.Rest} {
		shift(t, stood)
	}
	for i := range m.Tracks {
		m.Tracks[i].shift(stood)
	}
	if m.halted() {
		m.Paused = m.now
	}
}

// shift lets the clocks of a step stand still for a while.
func (t *Track) shift(stood time.Duration) {
	for _, at := range [...]*time.Time{&t.RoundAt, &t.Until, &t.Due, &t.Pause, &t.Stalled, &t.Hold} {
		shift(at, stood)
	}
	for i := range t.Again {
		shift(&t.Again[i].At, stood)
	}
}

func shift(t *time.Time, by time.Duration) {
	if !t.IsZero() {
		*t = t.Add(by)
	}
}
