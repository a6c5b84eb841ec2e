package callout

import (
	"fmt"
	"slices"
	"time"
)

// Steps that no plan writes are at work beside the plan, as tracks like any other: the check of the one
// who took it and the hand-over (check.go), the last resort (lastresort.go), everybody at once
// (everyone.go). Only here is it said what they are.

// step is what a step does, whether the plan wrote it or not.
func (m *machine) step(i int) Step {
	if i >= 0 && i < len(m.Plan.Steps) {
		return m.Plan.Steps[i]
	}
	s := Step{Order: Together, Need: First, Ring: defaultRing, Listen: defaultListen, Gap: defaultGap, Rounds: 1}
	switch i {
	case StepLast:
		s.Rounds, s.Gap = Forever, slowly
	case StepCheck:
		s.Order, s.Rounds = InTurn, checkCalls
	}
	return s
}

// inTurn tells whether the people of a step are rung one after another. It is asked of every line.
func (m *machine) inTurn(step int) bool {
	if step >= 0 && step < len(m.Plan.Steps) {
		return m.Plan.Steps[step].inTurn()
	}
	return step == StepCheck
}

// refs are the names behind a step.
func (m *machine) refs(step int) []string {
	switch step {
	case StepCheck:
		return []string{m.By}
	case StepLast:
		return []string{DefaultContacts}
	case StepAll:
		var all []string
		named := map[string]bool{}
		for _, s := range m.Plan.Steps {
			for _, ref := range s.Call {
				if !named[ref] {
					named[ref] = true
					all = append(all, ref)
				}
			}
		}
		return all
	}
	return m.step(step).Call
}

// The names of steps that no plan writes, on the timeline.
const (
	nameLast     = "last resort"
	nameAll      = "everybody"
	nameHandOver = "hand-over"
	nameCheck    = "check"
)

// name is a step in a sentence.
func (t *Track) name() string {
	switch {
	case t.Step == StepLast:
		return nameLast
	case t.Step == StepAll:
		return nameAll
	case t.Step == StepCheck && t.Purpose == ForHandOver:
		return nameHandOver
	case t.Step == StepCheck:
		return nameCheck
	}
	return fmt.Sprintf("step %d", t.Step+1)
}

// occasion is why the people of a round are rung.
func (t *Track) occasion() string {
	switch {
	case t.Step == StepLast:
		return "nobody took it"
	case t.Step == StepAll:
		return "everybody is wanted"
	case t.Purpose == ForHandOver:
		return "it is handed over"
	case t.Purpose == ForCheck:
		return "still on it?"
	case t.Round > 1:
		return fmt.Sprintf("round %d", t.Round)
	}
	return t.name() + " begins"
}

// works tells whether somebody may be rung for a step as the call-out stands.
func (m *machine) works(step int) bool {
	switch step {
	case StepLast:
		return m.Status == Exhausted
	case StepCheck, StepAll:
		return m.Status != ResolvedNow && m.Status != StoppedNow
	}
	return m.Status == Running && !m.handing()
}

// beside puts a step that no plan writes to work. Its people are asked for, unless they are known.
func (m *machine) beside(t Track, people []Person) {
	m.drop(t.Step)
	m.Side = append(m.Side, t)
	at := &m.Side[len(m.Side)-1]
	if people == nil {
		m.muster(at)
		return
	}
	at.Phase = Mustering
	m.mustered(Event{Step: t.Step, Round: t.Round, People: people})
}

// drop takes a step that no plan writes away. Whoever was called for it is in none until the next one knows its people.
func (m *machine) drop(step int) {
	for i := range m.Attempts {
		if a := &m.Attempts[i]; a.Step == step {
			a.Member = -1
		}
	}
	m.Side = slices.DeleteFunc(m.Side, func(t Track) bool { return t.Step == step })
}

// driveSide does what is due beside the plan. Each step is looked up anew: one can end another.
func (m *machine) driveSide() {
	for _, step := range [...]int{StepCheck, StepLast, StepAll} {
		t := m.track(step)
		if t == nil || !m.works(step) {
			continue
		}
		m.drive(t)
		if t.Phase != Closing || m.busy(t) {
			continue
		}
		over := *t
		m.drop(step)
		switch step {
		case StepCheck:
			m.checked(over)
		case StepAll:
			m.say(&over)
		}
	}
}

// clock is the moment at which the clocks of a step stand: behind now while the kill switch is thrown,
// so that what is set meanwhile is right when they run again.
func (m *machine) clock(step int) time.Time {
	at := m.now
	if step >= 0 && !m.Paused.IsZero() {
		at = m.Paused
	}
	if step < 0 && m.halted() {
		at = m.HaltedAt
	}
	return at
}
