package callout

import (
	"slices"
	"sort"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// heard takes what happened on a line that is up.
func (m *machine) heard(a *Attempt, e Event) {
	if a.Outcome.Final() {
		m.late(a, e)
		return
	}
	t := m.track(a.Step)
	switch e.Kind {
	case Placed:
		if a.Outcome == Dialing {
			a.Limit = m.now.Add(setUp + a.Ring + lateEnd)
		}
	case Rang:
		if a.Outcome != Dialing {
			return
		}
		a.Rang, a.Outcome = m.now, RingingNow
		a.Limit = m.now.Add(a.Ring + lateEnd)
		m.noteOf(a, timeline.AttemptRinging, "", e.Text)
		if t != nil {
			m.through(t)
		}
	case AnsweredBy:
		if a.Outcome == Listening {
			return
		}
		a.Answered, a.Outcome = m.now, Listening
		a.Limit = m.listenEnd(a)
		proof := m.Plan.proof(m.Severity)
		if proof != ByHangup { // who has to hang up has no key to press
			a.Quiet = m.now
		}
		m.noteOf(a, timeline.AttemptAnswered, "", e.Text)
		if t != nil {
			m.through(t)
		}
		if proof == ByAnswer {
			m.confirm(a, string(ByAnswer), "the answer is enough")
		}
	case Told:
		if a.Outcome == Listening && a.Told.IsZero() {
			a.Told = m.now
			if a.Quiet.IsZero() {
				a.Quiet = m.now
			}
		}
	case Pressed:
		m.pressed(a, e)
	case Ended:
		m.ended(a, e)
	}
}

func (m *machine) listenEnd(a *Attempt) time.Time {
	return m.now.Add(firstWord + m.Plan.Steps[a.Step].Listen)
}

// pressed does what a key means. A key before the answer, or one without a meaning, is written down.
func (m *machine) pressed(a *Attempt, e Event) {
	action, known := m.Plan.Keys[e.Digit]
	text := string(action)
	switch {
	case a.Outcome != Listening:
		text = "before the answer: ignored"
	case !known:
		text = "has no meaning here"
	}
	m.note(timeline.Event{Kind: timeline.AttemptDigit, Person: a.Person, Attempt: a.ID, Digit: e.Digit, Text: text})
	if a.Outcome != Listening {
		return
	}
	if !a.Quiet.IsZero() {
		a.Quiet = m.now
	}
	if !known {
		return
	}
	switch action {
	case Accept:
		m.confirm(a, string(ByKey), "")
	case Pass:
		m.decide(a, Passed, "", "")
	case Again:
		a.Limit = m.listenEnd(a)
	}
}

// ended takes the end of an undecided line.
func (m *machine) ended(a *Attempt, e Event) {
	m.free(a)
	o := e.Outcome
	switch o {
	case Busy, NoAnswer, Rejected, Unreachable, Invalid, Machine, NotConfirmed, Canceled, Lost, Fault:
	default: // what is confirmed or passed is decided by keys, here
		o = NoAnswer
	}
	if !a.Answered.IsZero() && o == NoAnswer {
		o = NotConfirmed
	}
	if o == NotConfirmed && m.Plan.proof(m.Severity) == ByHangup && !a.Told.IsZero() && !m.now.After(a.Told.Add(hangupWindow)) {
		m.confirm(a, string(ByHangup), "hung up after the message: a weak sign")
		return
	}
	m.decide(a, o, causeOf(o), e.Text)
}

func causeOf(o Outcome) string {
	if o == NotConfirmed {
		return "hung-up"
	}
	return string(o)
}

// confirm decides that a person took it.
func (m *machine) confirm(a *Attempt, cause, text string) {
	m.final(a, Confirmed, longTalk)
	m.noteOf(a, timeline.AttemptConfirmed, cause, text)
	m.vote(*a, Yes)
}

// decide gives an attempt its outcome, and the turn to whoever is next. a must not be used after it.
func (m *machine) decide(a *Attempt, o Outcome, cause, text string) {
	until := lateHangup
	if o == Passed {
		until = longTalk
	}
	m.final(a, o, until)
	m.noteOf(a, kinds[o], cause, text)
	m.turnOver(*a, o, text)
}

// kinds are the timeline's words for outcomes.
var kinds = map[Outcome]timeline.Kind{
	Passed: timeline.AttemptPassed, Busy: timeline.AttemptBusy, NoAnswer: timeline.AttemptNoAnswer, Rejected: timeline.AttemptRejected,
	Unreachable: timeline.AttemptUnreachable, Invalid: timeline.AttemptInvalid, Machine: timeline.AttemptMachine,
	NotConfirmed: timeline.AttemptNotConfirmed, Canceled: timeline.AttemptCanceled, Lost: timeline.AttemptLost, Fault: timeline.AttemptFault,
}

// late writes down what happens on a line whose attempt is decided. It changes nothing else: who
// presses 1 after another did has not taken it, and hears so.
func (m *machine) late(a *Attempt, e Event) {
	switch e.Kind {
	case AnsweredBy:
		if a.Answered.IsZero() {
			a.Answered = m.now
			m.noteOf(a, timeline.AttemptAnswered, string(a.Outcome), "too late: the call was being ended")
		}
	case Pressed:
		text := "too late"
		switch {
		case m.Status == ResolvedNow:
			text = "heard that it is over"
		case m.Status == Acknowledged && m.By != "" && m.By != a.Person:
			text = "too late: " + m.By + " has taken it"
		case a.Outcome == Confirmed:
			text = "has taken it already"
		}
		m.note(timeline.Event{Kind: timeline.AttemptDigit, Person: a.Person, Attempt: a.ID, Digit: e.Digit, Text: text})
	case Ended:
		m.free(a)
	}
}

// turnOver gives the turn on after an attempt that nobody confirmed: to the person's next way to be
// reached, or by drive to the next person.
func (m *machine) turnOver(a Attempt, o Outcome, text string) {
	m.why = a.Person + " " + outcomeText(o)
	if o == Passed {
		m.vote(a, Passing)
		return
	}
	t := m.track(a.Step)
	if t == nil || a.Member < 0 || m.Status != Running {
		return
	}
	k := &t.Marks[a.Member]
	if o == Fault && !a.Rang.IsZero() {
		o = Lost // it did ring: called once more, not again and again
	}
	if o != Fault {
		k.Faults = 0
		m.through(t)
		t.Rung++
	}
	if t.Phase == Closing {
		return
	}
	switch o {
	case Fault:
		m.fault(t, a, text)
		return
	case Lost:
		if !k.Lost {
			k.Lost = true
			m.dial(t, a.Member, a.Method, a.Aside)
			return
		}
	case Rejected:
		k.Rejects++
		t.drop(a.Member)
		return
	case Canceled:
		return
	case Busy:
		if !k.Busy {
			k.Busy = true
			t.again(Redial{Member: a.Member, Method: a.Method, At: m.now.Add(busyAgain), Cause: Busy})
		}
	case Invalid:
		k.Bad |= 1 << a.Method
	}
	if a.Aside {
		return
	}
	if next := t.method(a.Member, a.Method+1); next >= 0 {
		m.dial(t, a.Member, next, false)
	}
}

// busyAgain is when somebody whose line was busy is called again.
const busyAgain = 20 * time.Second

// vote counts what a person said, in every step at work that asks them: one person, one vote.
func (m *machine) vote(a Attempt, v Vote) {
	need := First
	for i := range m.Tracks {
		t := &m.Tracks[i]
		member := a.Member
		if t.Step == a.Step {
			need = m.Plan.Steps[t.Step].Need
		} else {
			member = -1
		}
		if member < 0 {
			member = slices.IndexFunc(t.People, func(p Person) bool { return p.ID == a.Person })
		}
		if member < 0 || t.Marks[member].Vote != NoVote {
			continue
		}
		t.Marks[member].Vote = v
		t.count(member)
		t.drop(member)
		if v == Yes && t.FirstYes == "" {
			t.FirstYes = a.Person
		}
	}
	if t := m.track(a.Step); t != nil {
		m.through(t)
		t.Rung++
	}
	if v == Yes && need == First {
		m.met(a.Person)
		return
	}
	for i := range m.Tracks {
		if t := &m.Tracks[i]; m.Plan.Steps[t.Step].Need == Everyone && t.complete() {
			m.met(t.FirstYes)
			return
		}
	}
}

func sortAgain(t *Track) {
	sort.SliceStable(t.Again, func(i, j int) bool { return t.Again[i].At.Before(t.Again[j].At) })
}
