package callout

import (
	"slices"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// met notes that a need is met. That is the end, unless a step that wants everyone is still asking.
func (m *machine) met(by string) {
	if m.Took == "" {
		m.Took = by
	}
	asking := map[int]bool{}
	for i := range m.Tracks {
		t := &m.Tracks[i]
		if m.step(t.Step).Need == Everyone && t.Phase != Closing && !t.complete() {
			asking[t.Step] = true
		}
	}
	if len(asking) == 0 {
		m.acknowledge(m.Took, "")
		return
	}
	m.cut(WhyTaken, by, func(a *Attempt) bool { return !asking[a.Step] && a.Step != StepAll })
	for i := range m.Tracks {
		if t := &m.Tracks[i]; !asking[t.Step] {
			t.close()
		}
	}
	m.Step, m.Wait = len(m.Plan.Steps), time.Time{}
}

// cut ends undecided attempts: a phone that rings is silenced, who listens is told. Their turns are
// remembered for the case that the call-out is resumed.
func (m *machine) cut(why, by string, which func(*Attempt) bool) {
	for i := range m.Attempts {
		a := &m.Attempts[i]
		if a.Outcome.Final() || !which(a) {
			continue
		}
		kind, text := Cancel, "stops ringing"
		switch {
		case a.Outcome != Listening:
		case why == WhyCallBack:
			kind, text = HangUp, "is calling us"
		default:
			kind, text = Tell, "was listening, and is told so"
		}
		m.callOff(a, kind, why, by, text)
		if t := m.track(a.Step); t != nil && a.Member >= 0 && t.Phase != Closing {
			m.recall(t, Redial{Member: a.Member, Method: a.Method, At: m.now, Cause: Canceled})
		}
	}
}

func every(*Attempt) bool { return true }

// callOff ends an undecided attempt.
func (m *machine) callOff(a *Attempt, kind CommandKind, why, by, text string) {
	m.do(Command{Kind: kind, Attempt: a.ID, Person: a.Person, Why: why, By: by})
	m.final(a, Canceled, lateHangup)
	m.noteOf(a, timeline.AttemptCanceled, why, text)
}

func (m *machine) acknowledge(by, text string) {
	m.Status, m.By, m.Took, m.Giver = Acknowledged, by, "", ""
	m.freeze()
	m.do(Command{Kind: Acknowledge, By: by})
	for i := range m.Tracks {
		if t := &m.Tracks[i]; m.step(t.Step).Need == Everyone {
			m.Tally = t.tally()
		}
	}
	if text == "" {
		text = m.Tally
	}
	m.note(timeline.Event{Kind: timeline.AlertAcknowledged, Person: by, Text: text})
	m.cut(WhyTaken, by, every)
	m.Side = nil
	m.arm()
}

func (m *machine) exhaust() {
	m.Status = Exhausted
	m.freeze()
	m.do(Command{Kind: Exhaust})
	text := m.Unmet
	if text == "" {
		text = "nobody took it"
	}
	m.note(timeline.Event{Kind: timeline.AlertExhausted, Text: text})
	m.otherwise(text)
	m.lastResort()
}

// otherwise does what the plan says for the case that nobody took it.
func (m *machine) otherwise(why string) {
	if len(m.Plan.Otherwise) == 0 {
		return
	}
	m.do(Command{Kind: Notify, Refs: m.Plan.Otherwise, Why: why})
	m.note(timeline.Event{Kind: timeline.CalloutOtherwise, Text: list(m.Plan.Otherwise) + ": " + why})
}

// taken acknowledges from elsewhere: console, API, a call back.
func (m *machine) taken(e Event) {
	if m.Begun.IsZero() {
		return
	}
	switch m.Status {
	case Waiting, Running, Exhausted:
		m.acknowledge(e.By, e.Text)
	}
}

func (m *machine) resolve(e Event) {
	if m.Begun.IsZero() || m.Status == ResolvedNow {
		return
	}
	m.Was, m.Status, m.Over = m.Status, ResolvedNow, m.now
	m.freeze()
	m.note(timeline.Event{Kind: timeline.AlertResolved, Person: e.By, Text: e.Text})
	m.cut(WhyResolved, e.By, every)
	m.rest()
}

// rest lets nothing be done beside the plan any more.
func (m *machine) rest() { m.Side, m.Ask, m.Giver = nil, time.Time{}, "" }

func (m *machine) stop(e Event) {
	if m.Begun.IsZero() {
		return
	}
	switch m.Status {
	case Waiting, Running, Exhausted:
		m.Status, m.By = StoppedNow, e.By
		m.freeze()
		m.note(timeline.Event{Kind: timeline.NoticeRaised, Person: e.By, Cause: WhyStopped, Text: "the call-out was stopped"})
		m.cut(WhyStopped, e.By, every)
		m.rest()
	}
}

// release puts a call-out back to work, with the person after the one who took it. One that nobody took
// begins again: it has got worse.
func (m *machine) release(e Event) {
	m.raise(e.Severity)
	if m.Status != Acknowledged && m.Status != Exhausted {
		return
	}
	m.reopen(e.By)
	text := e.Text
	if text == "" {
		text = "released by " + e.By
	}
	m.resume(text)
}

// raise notes that the alert has another severity now: it may have no grace, and be asked about.
func (m *machine) raise(severity string) {
	if severity == "" {
		return
	}
	m.Severity = severity
	if grace := m.clock(0).Add(m.grace(severity)); grace.Before(m.Grace) {
		m.Grace = grace
	}
}

// refire is the same alert once more within a quarter of an hour: it goes on where it was. What is
// taken stays taken, but the third flap rings through.
func (m *machine) refire(e Event) {
	if m.Status != ResolvedNow {
		return
	}
	m.raise(e.Severity)
	if m.now.Sub(m.Over) > flapWindow {
		m.anew()
		return
	}
	m.Flaps++
	through := m.Flaps >= flapsThrough
	switch m.Was {
	case Waiting:
		m.Status = Waiting
		m.thaw()
		m.Grace = m.clock(0)
		if !through {
			m.Grace = m.Grace.Add(m.grace(m.Severity))
		}
		m.note(timeline.Event{Kind: timeline.CalloutResumed, Text: "fires again"})
	case Acknowledged, StoppedNow:
		if !through {
			m.Status = m.Was
			if m.Status == Acknowledged {
				m.arm()
			}
			m.note(timeline.Event{Kind: timeline.CalloutResumed, Person: m.By, Text: "fires again, rings nobody: it was " + string(m.Was)})
			return
		}
		m.reopen(m.By)
		m.resume("fires again, and again: rings through")
	default:
		m.resume("fires again")
	}
}

// anew begins from the beginning, with the numbers of attempts going on.
func (m *machine) anew() {
	fresh := New(m.ID, m.Plan, m.Severity)
	fresh.Attempts, fresh.Next, fresh.Clock, fresh.Drill = m.Attempts, m.Next, m.Clock, m.Drill
	fresh.Halt, fresh.HaltedAt, fresh.Patience = m.Halt, m.HaltedAt, m.Patience
	m.State = fresh
	m.begin()
}

// resume lets the clocks run on from where they stood.
func (m *machine) resume(text string) {
	m.note(timeline.Event{Kind: timeline.CalloutResumed, Person: m.By, Text: text})
	m.why = text
	m.withdraw(m.By)
	m.cut(WhyStopped, m.By, func(a *Attempt) bool { return a.Purpose != ForAlert })
	m.drop(StepCheck)
	m.drop(StepLast)
	m.By, m.Took, m.Giver, m.Status, m.Revived, m.Ask = "", "", "", Running, true, time.Time{}
	m.thaw()
	if m.Closed { // the deadline had passed: it counts anew
		m.Closed, m.End = false, m.clock(0).Add(m.Plan.Deadline)
	}
	m.Hold = time.Time{}
	for i := range m.Tracks {
		m.Tracks[i].Hold = time.Time{}
	}
	if !m.Grace.IsZero() { // taken before anybody was rung
		m.Status, m.Grace = Waiting, m.clock(0)
	}
}

// withdraw takes back the confirmation of a person; they are not the next to be called.
func (m *machine) withdraw(person string) {
	for i := range m.Tracks {
		t := &m.Tracks[i]
		for k, p := range t.People {
			if p.ID == person && t.Marks[k].Vote == Yes {
				t.Marks[k].Vote = NoVote
				t.Confirms--
			}
		}
		if t.FirstYes == person {
			t.FirstYes = ""
		}
	}
	m.Said = slices.DeleteFunc(slices.Clone(m.Said), func(a Answer) bool { return a.Person == person && a.Vote == Yes })
}
