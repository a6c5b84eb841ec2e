package callout

import (
	"fmt"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// The main line goes through the steps of the plan one after another. A step at work is a Track; it
// can outlive the line's stay at it.

// moveOn brings the main line to the next step.
func (m *machine) moveOn(skipWait bool) {
	m.Wait, m.Hold = time.Time{}, time.Time{}
	for m.Step++; m.Step < len(m.Plan.Steps); m.Step++ {
		step := m.step(m.Step)
		if !step.isWait() {
			m.start(m.Step)
			return
		}
		if step.Wait > 0 && !skipWait {
			m.Wait = m.now.Add(step.Wait)
			m.note(timeline.Event{Kind: timeline.CalloutWaiting, Text: fmt.Sprintf("step %d: wait of %s", m.Step+1, short(step.Wait))})
			return
		}
	}
}

// mainLine goes on as far as it may.
func (m *machine) mainLine() {
	if m.Step < 0 || m.Step >= len(m.Plan.Steps) {
		return
	}
	if !m.Wait.IsZero() {
		before := m.track(m.Step - 1)
		switch {
		case before != nil && before.allPassed():
			m.moveOn(true) // nobody is left to wait for
		case !m.now.Before(m.Wait) && !m.held():
			m.why = "the wait is over"
			m.moveOn(false)
		}
		return
	}
	t := m.track(m.Step)
	switch {
	case t == nil:
		m.moveOn(false)
	case t.Phase == Closing && t.allPassed():
		m.moveOn(true)
	case t.Phase == Closing && m.step(t.Step).optional() && t.Confirms > 0:
		m.Took = t.FirstYes
		m.Step = len(m.Plan.Steps)
	case t.Phase == Closing:
		if !m.held() {
			m.moveOn(false)
		}
	case t.Moved:
		m.moveOn(false)
	}
}

// held tells whether somebody who listens holds the main line up; for a moment only.
func (m *machine) held() bool {
	for i := range m.Attempts {
		if a := &m.Attempts[i]; a.Outcome != Listening || a.Device || a.Purpose == ForCheck {
			continue
		}
		if m.Hold.IsZero() {
			m.Hold = m.now
		}
		return m.now.Before(m.Hold.Add(listenerHold))
	}
	m.Hold = time.Time{}
	return false
}

// sweep takes away the steps whose last line is decided.
func (m *machine) sweep() {
	keep := m.Tracks[:0]
	for _, t := range m.Tracks {
		if t.Phase != Closing || m.busy(&t) {
			keep = append(keep, t)
			continue
		}
		m.remember(&t)
	}
	clear(m.Tracks[len(keep):])
	m.Tracks = keep
}

// remember keeps of a step that is over what counts later.
func (m *machine) remember(t *Track) {
	m.say(t)
	step := m.step(t.Step)
	if step.Need != Everyone {
		return
	}
	m.Tally, m.Absent = t.tally(), t.missing()
	if missing := t.missing(); len(missing) > 0 && (t.Confirms == 0 || !step.optional()) {
		m.Unmet = fmt.Sprintf("%d of %d did not answer: %s", len(missing), len(t.People), list(missing))
	}
	if m.Pass+1 >= m.Plan.Repeat {
		return
	}
	for i, p := range t.People {
		if v := t.Marks[i].Vote; v != NoVote && !t.allPassed() {
			m.Answers = append(m.Answers, Answer{Step: t.Step, Person: p.ID, Vote: v})
		}
	}
}

// conclude ends the run of the plan when nothing is left to be done in it.
func (m *machine) conclude() {
	if m.Status != Running || m.Step < len(m.Plan.Steps) || len(m.Tracks) > 0 || len(m.Side) > 0 {
		return
	}
	for i := range m.Attempts {
		if !m.Attempts[i].Outcome.Final() {
			return
		}
	}
	repeat := m.Pass+1 < m.Plan.Repeat
	if yes := m.Responded(); m.Took == "" && len(yes) > 0 && m.Plan.optional() {
		m.Took = yes[0] // called back, or was called with everybody
	}
	switch {
	case m.Took != "":
		m.acknowledge(m.Took, "")
	case m.Closed, !repeat && !m.Revived:
		m.exhaust()
	case !repeat: // put back to work with nobody left: from the first step
		m.Revived = false
		m.repeat()
		m.conclude() // a plan of waits alone is over at once
	case m.Rest.IsZero():
		m.Rest = m.now.Add(betweenRepeats)
		m.note(timeline.Event{Kind: timeline.CalloutWaiting, Text: fmt.Sprintf("rest of %s before the plan begins again, %d of %d", short(betweenRepeats), m.Pass+2, m.Plan.Repeat)})
	case !m.now.Before(m.Rest):
		m.Pass++
		m.repeat()
		m.conclude()
	}
}

// repeat begins the plan from its first step.
func (m *machine) repeat() {
	m.Rest, m.Unmet, m.Tally, m.Step, m.Absent = time.Time{}, "", "", -1, nil
	m.why = "the plan begins again"
	m.moveOn(false)
}
