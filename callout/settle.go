package callout

import (
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// How long things are waited for.
const (
	firstWord      = 800 * time.Millisecond // the message begins this long after the answer
	setUp          = 12 * time.Second       // from the INVITE to the first 18x
	quietListening = 12 * time.Second       // without a key, in turn: then the next phone rings as well
	listenerHold   = 15 * time.Second       // that somebody who listens may hold up what comes next
	hangupWindow   = 10 * time.Second       // after the message, in which hanging up confirms
	musterAgain    = 5 * time.Second
	flapWindow     = 15 * time.Minute
	flapsThrough   = 3 // the third flap rings through

	// Safety: the caller reports the end of every attempt; these only keep a night from standing
	// still when it does not.
	lateEnd    = 30 * time.Second // after the ring time
	lateHangup = time.Minute      // after we ended the line
	longTalk   = time.Hour        // after a confirmation
	longQueue  = 10 * time.Minute // that a call may wait for its trunk, before Placed; a full trunk burns no turn
	queueTime  = time.Minute      // and for each line of this call-out that is ahead of it
)

// settle does everything that is due at the moment of the event.
func (m *machine) settle() {
	// Each turn of the loop uses up what was due; the bound is for the unforeseen.
	for range 8 {
		if m.Begun.IsZero() {
			return
		}
		m.once()
		due := m.stepsDue()
		if !m.watched {
			due = sooner(due, m.linesDue())
		}
		if m.watched = due.IsZero() || due.After(m.now); m.watched {
			return
		}
	}
}

func (m *machine) once() {
	if m.halted() && !m.now.Before(m.Halt) {
		m.lift("")
	}
	if m.Status == Waiting && !m.halted() && !m.now.Before(m.Grace) {
		m.Status, m.Grace = Running, time.Time{}
		m.Step = -1
		m.why = "the alert is stored"
		m.moveOn(false)
	}
	if !m.watched { // there can be a thousand
		m.watchLines()
	}
	if m.halted() {
		return
	}
	m.check()
	m.driveSide()
	if m.Status != Running || m.handing() {
		return
	}
	if !m.Closed && !m.End.IsZero() && !m.now.Before(m.End) {
		m.deadline()
	}
	for i := range m.Tracks {
		m.drive(&m.Tracks[i])
	}
	m.mainLine()
	m.sweep()
	m.conclude()
}

// watchLines ends what has lasted too long.
func (m *machine) watchLines() {
	// By index: the end of one attempt may begin another.
	for i := 0; i < len(m.Attempts); i++ {
		a := &m.Attempts[i]
		if !a.Ended.IsZero() {
			continue
		}
		over := !a.Limit.IsZero() && !m.now.Before(a.Limit)
		switch {
		case a.Outcome.Final():
			if over { // the end of this line was never reported
				m.free(a)
			}
		case a.Outcome == Listening && over && a.Wanted:
			m.do(Command{Kind: HangUp, Attempt: a.ID, Person: a.Person, Why: WhyMachine})
			m.decide(a, Machine, WhyMachine, "somebody else waits for this line")
		case a.Outcome == Listening && over:
			m.do(Command{Kind: HangUp, Attempt: a.ID, Person: a.Person, Why: WhyListen})
			m.decide(a, NotConfirmed, WhyListen, "listening time is over")
		case a.Outcome == Listening:
			if yield := m.yieldAt(a); !yield.IsZero() && !m.now.Before(yield) {
				a.Yields = true
				m.why = a.Person + " listens without pressing a key"
			}
		case over:
			m.do(Command{Kind: Cancel, Attempt: a.ID, Person: a.Person, Why: WhyRingTime})
			m.decide(a, NoAnswer, WhyRingTime, "nothing was heard of this call any more")
		}
	}
}

// yieldAt is when a listener no longer holds up the next person of a step in turn.
func (m *machine) yieldAt(a *Attempt) time.Time {
	if a.Yields || a.Quiet.IsZero() || !m.inTurn(a.Step) {
		return time.Time{}
	}
	return a.Quiet.Add(quietListening)
}

// deadline lets nobody be rung any more; who listens may still confirm.
func (m *machine) deadline() {
	m.Closed = true
	m.note(timeline.Event{Kind: timeline.CalloutWaiting, Text: "the deadline of " + short(m.Plan.Deadline) + " is over: nobody is rung any more"})
	m.cut(WhyDeadline, "", func(a *Attempt) bool { return a.Outcome != Listening })
	for i := range m.Tracks {
		m.Tracks[i].close()
	}
	m.Step, m.Wait, m.Rest = len(m.Plan.Steps), time.Time{}, time.Time{}
}

// due is the earliest moment at which something is to be done without being told.
func (m *machine) due() time.Time {
	if m.Begun.IsZero() {
		return time.Time{}
	}
	return sooner(m.linesDue(), m.stepsDue())
}

// linesDue is when a line has lasted too long.
func (m *machine) linesDue() time.Time {
	var due time.Time
	for i := range m.Attempts {
		if a := &m.Attempts[i]; a.Ended.IsZero() {
			due = sooner(due, a.Limit)
			if a.Outcome == Listening {
				due = sooner(due, m.yieldAt(a))
			}
		}
	}
	return due
}

// stepsDue is when a step, or the plan, goes on.
func (m *machine) stepsDue() time.Time {
	var due time.Time
	at := func(t time.Time) { due = sooner(due, t) }
	switch {
	case m.Begun.IsZero():
		return time.Time{}
	case m.halted():
		if m.Status != ResolvedNow && m.Status != StoppedNow {
			at(m.Halt)
		}
		return due
	}
	if m.Status == Acknowledged {
		at(m.Ask)
	}
	for i := range m.Side {
		if t := &m.Side[i]; m.works(t.Step) {
			m.dueOf(t, at)
		}
	}
	if m.Status == Waiting {
		at(m.Grace)
	}
	if m.Status != Running || m.handing() {
		return due
	}
	if !m.Closed {
		at(m.End)
	}
	if !m.Hold.IsZero() {
		at(m.Hold.Add(listenerHold))
	} else {
		at(m.Wait)
	}
	at(m.Rest)
	for i := range m.Tracks {
		m.dueOf(&m.Tracks[i], at)
	}
	return due
}

func (m *machine) dueOf(t *Track, at func(time.Time)) {
	if t.Phase == Closing {
		return
	}
	if t.Stalled.IsZero() {
		at(t.Until)
	} else if !t.Alarmed {
		at(t.Stalled.Add(stallPatience))
	}
	switch t.Phase {
	case Mustering, Resting:
		at(t.Due)
	case Ringing:
		if !t.Hold.IsZero() {
			at(t.Hold.Add(listenerHold))
		}
		free := m.turnFree(t)
		if free && t.Cursor < len(t.People) {
			at(t.Pause)
		}
		for _, r := range t.Again {
			if m.up >= windowOfLines || !r.aside() && !free && !m.accompanies(t, r, nil) {
				continue // an event will set it going
			}
			moment := m.moment(t, r)
			if at(moment); moment.Equal(r.At) {
				break // the others are later
			}
		}
	}
}
