package callout

import (
	"cmp"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// Rule 2: pressing 1 and falling asleep is the commonest failure of all. So the one who took a critical
// alert is asked after a while, and without an answer the plan goes on with the next person. A hand-over
// is the same call to somebody else.

const (
	checkCalls    = 2 // without a key; then it lapses
	usualSnooze   = 30 * time.Minute
	longestSnooze = 24 * time.Hour
)

// CheckKeys are the keys of a call to the one who took it, of a call back by that person and of the
// moment after accepting: the plan's own, and where neither the key nor the action is used by the plan,
// 4 snoozes, 5 speaks and 6 resolves. The map is the caller's.
func (p Plan) CheckKeys() map[string]Action {
	keys := make(map[string]Action, len(p.Keys)+4)
	used := make(map[Action]bool, len(p.Keys))
	for digit, action := range p.Keys {
		keys[digit], used[action] = action, true
	}
	for _, k := range [...]struct {
		digit string
		Action
	}{{"1", Accept}, {"4", Snooze}, {"5", LeaveWord}, {"6", Close}} {
		if keys[k.digit] == "" && !used[k.Action] {
			keys[k.digit] = k.Action
		}
	}
	return keys
}

// arm sets the moment at which the one who took it is asked.
func (m *machine) arm() {
	m.Ask = time.Time{}
	if !m.Drill && m.Plan.StillOnIt > 0 && grave(m.Severity) {
		m.Ask = m.clock(StepCheck).Add(m.Plan.StillOnIt)
	}
}

// check asks when it is time.
func (m *machine) check() {
	if m.Status != Acknowledged || m.Ask.IsZero() || m.now.Before(m.Ask) {
		return
	}
	m.Ask = time.Time{}
	if m.lineOf(m.By) != nil { // on the phone with us: in the conference, or calling back
		m.arm()
		return
	}
	m.note(timeline.Event{Kind: timeline.CalloutChecking, Person: m.By, Text: "is asked whether they are still on it"})
	m.beside(Track{Step: StepCheck, Round: 1, Purpose: ForCheck}, nil)
}

// checked ends a check or a hand-over that nobody answered.
func (m *machine) checked(t Track) {
	who := ""
	if len(t.People) > 0 {
		who = t.People[0].ID
	}
	switch {
	case m.handing():
		m.Giver = ""
		m.resume("not taken over by " + who)
	case t.Purpose == ForHandOver: // the plan went on beside it
	case m.Status != Acknowledged:
	case t.Open == 0 && t.Passes == 0: // the console, an API key, somebody without a phone
		m.note(timeline.Event{Kind: timeline.CalloutChecking, Person: m.By, Cause: string(Unreachable),
			Text: "there is nobody to call: it stays taken, and is not asked again"})
	default:
		m.note(timeline.Event{Kind: timeline.CalloutLapsed, Person: m.By, Text: "pressed no key in two calls: taken no longer"})
		m.reopen(m.By)
		m.resume("lapsed: " + m.By + " did not answer")
	}
}

// sign is a sign of life of the one who took it: the check, if there is one, is over, and the next one is
// put off. A snooze is not cut short by it.
func (m *machine) sign() {
	if m.Status != Acknowledged {
		return
	}
	m.drop(StepCheck)
	m.cut(WhyTaken, m.By, func(a *Attempt) bool { return a.Step == StepCheck && a.Purpose == ForCheck && !a.Inbound })
	snoozed := m.Ask
	m.arm()
	m.Ask = later(m.Ask, snoozed)
}

func (m *machine) alive(e Event) {
	if m.Status != Acknowledged {
		return
	}
	m.note(timeline.Event{Kind: timeline.CalloutAlive, Person: e.By, Text: e.Text})
	m.sign()
}

// snooze leaves the one who took it alone for a while, and asks then, whatever the severity.
func (m *machine) snooze(by string, d time.Duration) {
	if m.Status != Acknowledged {
		return
	}
	if d <= 0 {
		d = usualSnooze
	}
	d = min(d, longestSnooze)
	m.note(timeline.Event{Kind: timeline.CalloutSnoozed, Person: by, Text: "left alone with it for " + short(d)})
	m.sign()
	if !m.Drill {
		m.Ask = m.clock(StepCheck).Add(d)
	}
}

// handing tells whether somebody is rung to take it from the one who had it. The plan stands still.
func (m *machine) handing() bool { return m.Status == Running && m.Giver != "" }

// handOver rings the person to whom it is given. The plan goes on if they do not take it; it goes on
// beside that if nobody had taken it.
func (m *machine) handOver(e Event) {
	if m.Begun.IsZero() || !m.works(StepCheck) || len(e.People) == 0 {
		return
	}
	to := e.People[0]
	m.note(timeline.Event{Kind: timeline.CalloutHandOver, Person: e.By, Text: "gives it to " + to.ID})
	m.cut(WhyStopped, e.By, func(a *Attempt) bool { return a.Purpose == ForHandOver })
	if m.Status == Acknowledged {
		m.reopen(e.By)
		m.sign()
		m.withdraw(m.By)
		m.Status, m.Ask, m.Giver = Running, time.Time{}, cmp.Or(m.By, e.By, "somebody")
	}
	m.beside(Track{Step: StepCheck, Round: 1, Purpose: ForHandOver}, []Person{to})
}

// reopen says that the alert is nobody's any more.
func (m *machine) reopen(by string) { m.do(Command{Kind: Reopen, By: by}) }
