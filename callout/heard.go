package callout

import (
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
		text := e.Text
		if e.Unsure && (proof == ByAnswer || proof == ByHangup) {
			a.Unsure, proof = true, ByKey
			text = "this line answers by itself: a key is asked for"
		}
		if proof != ByHangup && a.Step >= 0 { // who has to hang up has no key to press
			a.Quiet = m.now
		}
		m.noteOf(a, timeline.AttemptAnswered, "", text)
		if t != nil {
			m.through(t)
		}
		switch {
		case proof == ByAnswer && a.Purpose != ForCheck:
			m.confirm(a, string(ByAnswer), "the answer is enough")
		case a.surely():
			m.here(a)
		}
	case Told:
		if a.Outcome == Listening && a.Told.IsZero() {
			a.Told = m.now
			if a.Quiet.IsZero() && a.Step >= 0 {
				a.Quiet = m.now
			}
		}
	case Detected:
		m.detected(a, e)
	case Wanted:
		m.wanted(a)
	case Pressed:
		m.pressed(a, e)
	case Ended:
		m.ended(a, e)
	}
}

func (m *machine) listenEnd(a *Attempt) time.Time {
	return m.now.Add(firstWord + m.step(a.Step).Listen)
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
	if o == NotConfirmed && m.hungUpOnTheMessage(a) {
		m.confirm(a, string(ByHangup), "hung up after the message: a weak sign")
		return
	}
	m.decide(a, o, causeOf(o), e.Text)
}

// hungUpOnTheMessage tells whether the end of a line proves somebody: soon after the message, and not by
// what detection took for a machine.
func (m *machine) hungUpOnTheMessage(a *Attempt) bool {
	return m.Plan.proof(m.Severity) == ByHangup && a.Purpose != ForCheck && !a.Device && !a.Unsure &&
		!a.Told.IsZero() && !m.now.After(a.Told.Add(hangupWindow))
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
	if a.Purpose != ForCheck && m.Plan.Joins(a.Step) {
		a.Limit = time.Time{} // in the conference, for as long as that takes
	}
	m.noteOf(a, timeline.AttemptConfirmed, cause, text)
	if a.Purpose == ForCheck {
		m.sign()
		return
	}
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

// turnOver gives the turn on after an attempt that nobody confirmed: to the person's next way to be
// reached, or by drive to the next person.
func (m *machine) turnOver(a Attempt, o Outcome, text string) {
	m.why = a.Person + " " + outcomeText(o)
	if o == Passed {
		m.vote(a, Passing)
		return
	}
	t := m.track(a.Step)
	if a.Purpose == ForCheck && a.Keyed && m.Status == Acknowledged {
		m.sign() // asked to hear it again, or spoke: awake
		return
	}
	if t == nil || a.Member < 0 || !m.works(a.Step) {
		return
	}
	k := &t.Marks[a.Member]
	if o == Fault && !a.Rang.IsZero() {
		o = Lost // it did ring: called once more, not again and again
	}
	p := &t.People[a.Member]
	if o != Fault {
		if !t.owes(a.Member, a.Method) { // else a sibling's are not over
			k.Faults = 0
		}
		m.through(t)
		t.Rung++
	}
	if t.Phase == Closing {
		return
	}
	m.tap(t, a, o)
	switch o {
	case NoAnswer, Rejected, Unreachable, Invalid, Machine, NotConfirmed:
		k.Missed = true
	}
	switch o {
	case Fault:
		m.fault(t, a, text)
		return
	case Lost:
		if t.once(a, &k.Lost) {
			m.dial(t, a.Member, a.Method, a.Aside)
			return
		}
	case Rejected:
		if m.onAnother(&a) { // a phone that rang on was silenced, and the person listens
			k.Twice |= p.bits(a.Method)
			t.drop(a.Member)
			break
		}
		k.Rejects++
		k.Cut = 0
		t.drop(a.Member)
		m.decided(&a)
		return
	case Canceled:
		if p.alone(a.Method) {
			return
		}
		if m.sibling(t, a.Member, a.Method) != nil { // told on another phone
			k.Cut |= 1 << a.Method
		}
	case Busy:
		if t.once(a, &k.Busy) {
			m.recall(t, Redial{Member: a.Member, Method: a.Method, At: m.now.Add(busyAgain), Cause: Busy})
		}
	case Invalid:
		k.Bad |= 1 << a.Method
	}
	if !a.Inbound {
		m.goOn(t, a)
	}
}

// busyAgain is when somebody whose line was busy is called again.
const busyAgain = 20 * time.Second

func sortAgain(t *Track) {
	sort.SliceStable(t.Again, func(i, j int) bool { return t.Again[i].At.Before(t.Again[j].At) })
}
