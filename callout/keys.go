package callout

import (
	"slices"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// ToneAgain is how soon a key that was heard in the sound has to be heard again. It is long enough for whoever
// pressed it once and is asked for it again.
const ToneAgain = 10 * time.Second

// doubtful tells whether a key may be no key at all: it was heard in the sound, where voices and ringback make
// such tones, and not the same one twice within a few seconds (rule 19).
func (m *machine) doubtful(a *Attempt, e Event) bool {
	again := a.Tone == e.Digit && m.now.Sub(a.Toned) <= ToneAgain
	if !e.InBand || again {
		a.Tone, a.Toned = "", time.Time{}
		return false
	}
	a.Tone, a.Toned = e.Digit, m.now
	m.note(timeline.Event{Kind: timeline.AttemptDigit, Person: a.Person, Attempt: a.ID, Digit: e.Digit, Text: "a tone in the sound: counts when it is heard twice"})
	return true
}

// pressed does what a key means. A key before the answer, or one without a meaning, is written down.
func (m *machine) pressed(a *Attempt, e Event) {
	if a.Outcome == Listening && m.doubtful(a, e) {
		return
	}
	keys := m.Plan.Keys
	if a.Purpose == ForCheck {
		keys = m.Plan.CheckKeys()
	}
	action := keys[e.Digit]
	takes := action == Accept || action == Snooze || action == Close
	cause := ByKey
	if m.Plan.proof(m.Severity) == ByProof && a.Purpose != ForCheck {
		cause = ByProof
		switch {
		case e.Proof:
			action = Accept
		case takes:
			action = ""
		}
	}
	text := string(action)
	switch {
	case a.Outcome != Listening:
		text = "before the answer: ignored"
	case e.Proof && cause == ByProof:
		text = "the spoken digit"
	case takes && action == "":
		text = "takes nothing: the spoken digit is wanted"
	case action == "":
		text = "has no meaning here"
	case action == CallEveryone && a.Armed != e.Digit:
		text = "once more calls everybody"
	}
	m.note(timeline.Event{Kind: timeline.AttemptDigit, Person: a.Person, Attempt: a.ID, Digit: e.Digit, Text: text})
	if a.Outcome != Listening {
		return
	}
	if !a.Quiet.IsZero() {
		a.Quiet = m.now
	}
	a.Keyed = a.Keyed || action != "" || takes
	if a.Keyed && a.Wanted { // no machine
		a.Wanted, a.Limit = false, m.listenEnd(a)
	}
	if a.Keyed {
		m.here(a)
	}
	twice := a.arms(action, e.Digit)
	switch action {
	case Accept:
		m.confirm(a, string(cause), "")
	case Pass:
		m.decline(a)
	case Again, LeaveWord:
		a.Limit = m.listenEnd(a)
	case Snooze:
		id, who := a.ID, a.Person
		m.confirm(a, string(cause), "")
		if m.By == who && m.attempt(id) != nil {
			m.snooze(who, 0)
		}
	case Close:
		m.final(a, Confirmed, longTalk)
		m.noteOf(a, timeline.AttemptConfirmed, string(cause), "")
		m.closeAlert(a.Person)
	case CallEveryone:
		a.Limit = m.listenEnd(a)
		if twice {
			m.summon(a.Person)
		}
	}
}

// arms tells whether the key that calls everybody was pressed for the second time. A sleepy thumb
// presses once.
func (a *Attempt) arms(action Action, digit string) (twice bool) {
	if action != CallEveryone {
		a.Armed = ""
		return false
	}
	if a.Armed == digit {
		a.Armed = ""
		return true
	}
	a.Armed = digit
	return false
}

// decline passes it on; in a check, the one who took it lets go.
func (m *machine) decline(a *Attempt) {
	if a.Purpose != ForCheck {
		m.decide(a, Passed, "", "")
		return
	}
	m.final(a, Passed, longTalk)
	m.noteOf(a, timeline.AttemptPassed, "", "lets go of it")
	m.release(Event{By: a.Person})
}

func (m *machine) closeAlert(by string) {
	m.do(Command{Kind: CloseAlert, By: by})
	m.resolve(Event{By: by, Text: by + " says that it is over"})
}

// late takes what happens on a line whose attempt is decided. Who presses 1 after another did has not
// taken it, and hears so. Who took it has the keys of a check.
func (m *machine) late(a *Attempt, e Event) {
	switch e.Kind {
	case AnsweredBy:
		if a.Answered.IsZero() {
			a.Answered = m.now
			m.noteOf(a, timeline.AttemptAnswered, string(a.Outcome), "too late: the call was being ended")
		}
	case Detected:
		m.detected(a, e)
	case Pressed:
		if m.doubtful(a, e) {
			return
		}
		action := m.Plan.CheckKeys()[e.Digit]
		taker := a.Outcome == Confirmed && m.Status == Acknowledged && m.By == a.Person
		twice := a.Outcome == Confirmed && a.arms(action, e.Digit)
		text := "too late"
		switch {
		case m.Status == ResolvedNow:
			text = "heard that it is over"
		case action == CallEveryone && a.Outcome == Confirmed:
			if text = "once more calls everybody"; twice {
				text = string(action)
			}
		case taker && action != Accept && action != "":
			text = string(action)
		case m.Status == Acknowledged && m.By != "" && m.By != a.Person:
			text = "too late: " + m.By + " has taken it"
		case a.Outcome == Confirmed:
			text = "has taken it already"
		}
		m.note(timeline.Event{Kind: timeline.AttemptDigit, Person: a.Person, Attempt: a.ID, Digit: e.Digit, Text: text})
		if twice {
			m.summon(a.Person)
		}
		if taker && action != "" {
			m.further(a.Person, action)
		}
	case Ended:
		m.free(a)
	}
}

// further does what a key means that the one who took it presses after that.
func (m *machine) further(who string, action Action) {
	switch action {
	case Pass:
		m.release(Event{By: who})
	case Snooze:
		m.snooze(who, 0)
	case Close:
		m.closeAlert(who)
	default:
		m.sign()
	}
}

// needOf is what the confirmation of a person leads to: of a step the step's need, of a call beside the
// plan the need of the steps that ask the same person, else whether one person can be enough at all.
func (m *machine) needOf(a *Attempt) Need {
	if m.Status == Exhausted {
		return First
	}
	if a.Step >= 0 {
		return m.step(a.Step).Need
	}
	for i := range m.Tracks {
		t := &m.Tracks[i]
		if m.step(t.Step).Need == Everyone && t.Phase != Closing &&
			slices.ContainsFunc(t.People, func(p Person) bool { return p.ID == a.Person }) {
			return Everyone
		}
	}
	if slices.ContainsFunc(m.Plan.Steps, func(s Step) bool { return !s.isWait() && s.Need == First }) {
		return First
	}
	return Everyone
}

// vote counts what a person said, in every step at work that asks them: one person, one vote.
func (m *machine) vote(a Attempt, v Vote) {
	m.decided(&a)
	need, counted := m.needOf(&a), false
	for _, tracks := range [...][]Track{m.Tracks, m.Side} {
		for i := range tracks {
			t := &tracks[i]
			member := a.Member
			if t.Step != a.Step || member < 0 {
				member = slices.IndexFunc(t.People, func(p Person) bool { return p.ID == a.Person })
			}
			if member < 0 || t.Marks[member].Vote != NoVote {
				continue
			}
			counted = counted || t.Step >= 0
			t.Marks[member].Vote = v
			t.count(member)
			t.drop(member)
			if v == Yes && t.FirstYes == "" {
				t.FirstYes = a.Person
			}
		}
	}
	if !counted {
		m.Said = append(m.Said, Answer{Step: StepAll, Person: a.Person, Vote: v})
	}
	if t := m.track(a.Step); t != nil {
		m.through(t)
		t.Rung++
	}
	switch {
	case m.handing() || a.Purpose == ForHandOver:
		if v == Yes {
			m.acknowledge(a.Person, "")
		}
		return
	case m.Status == Acknowledged || m.Status == ResolvedNow || m.Status == StoppedNow:
		return // it changes nothing any more
	case v == Yes && need == First:
		m.met(a.Person)
		return
	}
	for i := range m.Tracks {
		if t := &m.Tracks[i]; m.step(t.Step).Need == Everyone && t.complete() {
			m.met(t.FirstYes)
			return
		}
	}
}
