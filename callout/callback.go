package callout

import (
	"slices"

	"github.com/kaden-project/kaden/timeline"
)

// Rule 22: a person calls back. Their own phone is no longer rung, and the call takes their turn.

func (m *machine) calledBack(e Event) {
	if m.Begun.IsZero() || e.By == "" {
		return
	}
	a := Attempt{Person: e.By, Address: e.Text, Step: StepCheck, Member: -1, Round: 1, Outcome: Listening,
		Dialed: m.now, Answered: m.now, Inbound: true, Ring: defaultRing}
	if t, member := m.turnOf(e.By); t != nil {
		a.Step, a.Round = t.Step, t.Round
		if t.People[member].reason() == "" { // else there is no way to call again
			a.Member = member
			a.Method = max(0, slices.IndexFunc(t.People[member].Methods, func(x Method) bool { return x.Address == e.Text }))
		}
	}
	m.cut(WhyCallBack, e.By, func(x *Attempt) bool { return x.Person == e.By })
	if m.Status == Acknowledged && m.By == e.By {
		m.sign() // who calls is awake
		a.Purpose = ForCheck
	}
	if a.Step >= 0 {
		a.Quiet = m.now
	}
	a.Limit = m.listenEnd(&a)
	m.seat(&a)
	switch m.Status {
	case ResolvedNow:
		m.cut(WhyResolved, "", func(x *Attempt) bool { return x.ID == a.ID })
	case StoppedNow:
		m.cut(WhyStopped, m.By, func(x *Attempt) bool { return x.ID == a.ID })
	}
}

// turnOf finds the step at work in which a person has a turn: the one that is calling them, else the first.
// In none of them are they called again in this round.
func (m *machine) turnOf(person string) (turn *Track, member int) {
	up := m.lineOf(person)
	for _, tracks := range [...][]Track{m.Side, m.Tracks} {
		for i := range tracks {
			t := &tracks[i]
			k := slices.IndexFunc(t.People, func(p Person) bool { return p.ID == person })
			if k < 0 || t.Phase != Ringing || !m.works(t.Step) {
				continue
			}
			t.Marks[k].Back = true
			t.drop(k)
			if turn == nil || up != nil && up.of(t) {
				turn, member = t, k
			}
		}
	}
	return turn, member
}

// seat gives an attempt that came in its number and its place.
func (m *machine) seat(a *Attempt) {
	m.add(a)
	m.do(Command{Kind: Seat, Attempt: a.ID, Person: a.Person, Address: a.Address, Step: a.Step, Round: a.Round, Purpose: a.Purpose})
	m.noteOf(a, timeline.AttemptCallBack, "", "calls us")
}
