package callout

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// turnFree tells whether the next person of a step may be rung: at once when they are rung together,
// else when nobody is rung or listens attentively.
func (m *machine) turnFree(t *Track) bool {
	if !m.inTurn(t.Step) {
		return true
	}
	for i := range m.Attempts {
		a := &m.Attempts[i]
		if a.of(t) && !a.Outcome.Final() && !a.Aside && !a.Yields {
			return false
		}
	}
	return true
}

// aside tells of a call that holds nobody up: to a busy line, or the second one through do-not-disturb.
func (r Redial) aside() bool { return r.Cause == Busy || r.Cause == NoAnswer }

// moment is when a redial may be made, our own faults apart.
func (m *machine) moment(t *Track, r Redial) time.Time {
	switch r.Cause {
	case Busy:
		return r.At
	case NoAnswer:
		return m.tapAt(t, r)
	}
	return later(r.At, t.Pause)
}

// recall remembers to call a member once more.
func (m *machine) recall(t *Track, r Redial) {
	r.At = r.At.Add(m.clock(t.Step).Sub(m.now))
	t.again(r)
}

// redial calls those again whose moment has come. A busy line and a second call are tried beside the
// others; who was cut off or missed through our own fault takes the turn of the line.
func (m *machine) redial(t *Track) {
	if len(t.Again) == 0 || t.Again[0].At.After(m.now) {
		return
	}
	inTurn := m.inTurn(t.Step)
	free := m.turnFree(t) && !m.now.Before(t.Pause)
	room := windowOfLines - m.up
	var due []Redial
	keep := make([]Redial, 0, len(t.Again))
	for i, r := range t.Again {
		if r.At.After(m.now) {
			keep = append(keep, t.Again[i:]...)
			break
		}
		tap := r.Cause == NoAnswer
		switch {
		case !t.callable(r.Member), tap && m.now.After(r.Latest.Add(time.Second)):
		case room <= len(due), !m.accompanies(t, r, due) && (!r.aside() && !free || tap && m.tapWaits(t, r, len(due) > 0)):
			keep = append(keep, r)
		default:
			due = append(due, r)
			if inTurn && !r.aside() {
				free = false
			}
		}
	}
	t.Again = keep
	why := m.why
	for _, r := range due {
		switch r.Cause {
		case Busy:
			m.why = "again after a busy line"
		case Fault:
			m.why = "again after our own fault"
		case NoAnswer:
			m.why = "a second call, through do-not-disturb"
		}
		m.call(t, r)
		m.why = why
	}
}

// callNext rings those whose turn it is.
func (m *machine) callNext(t *Track) {
	if m.now.Before(t.Pause) || !m.turnFree(t) {
		return
	}
	inTurn := m.inTurn(t.Step)
	for t.Cursor < len(t.People) && m.up < windowOfLines {
		member := t.Cursor
		first, end := t.nextWays(member, 0)
		if m.up+first.count() > windowOfLines {
			return
		}
		t.Cursor++
		if t.callable(member) && m.ring(t, member, first, end) && inTurn {
			return
		}
	}
}

// dial begins an attempt, unless a line to the person is in the way: one person, one line.
func (m *machine) dial(t *Track, member, method int, aside bool) bool {
	r := Redial{Member: member, Method: method, At: m.now, Cause: Canceled}
	if aside {
		r.Cause = Busy
	}
	return m.call(t, r)
}

// call is the one place where somebody is rung.
func (m *machine) call(t *Track, r Redial) bool {
	member, method := r.Member, r.Method
	if m.halted() {
		r.At = m.now
		m.recall(t, r)
		return false
	}
	p := &t.People[member]
	if up := m.inTheWay(t, member, method); up != nil {
		if up.hangingUp() {
			r.At, r.Line = up.Limit, true
			m.recall(t, r)
		}
		return false // else: is being asked already, or in the conference
	}
	ring := p.Methods[method].Ring
	if ring <= 0 {
		ring = m.step(t.Step).Ring
	}
	a := Attempt{
		Person: p.ID, Address: p.Methods[method].Address, Purpose: t.Purpose,
		Method: method, Member: member, Step: t.Step, Round: t.Round, Outcome: Dialing, Dialed: m.now, Ring: ring, Aside: r.aside(),
		Limit: m.now.Add(longQueue + time.Duration(m.undecided)*queueTime), Shared: !p.alone(method),
	}
	m.add(&a)
	m.Revived = false
	m.do(Command{Kind: Dial, Attempt: a.ID, Person: a.Person, Address: a.Address, Ring: ring, Step: a.Step, Round: a.Round,
		Purpose: a.Purpose, After: r.After, With: p.with(method)})
	text := "for up to " + short(ring)
	if len(p.Methods) > 1 {
		text += fmt.Sprintf(", method %d of %d", method+1, len(p.Methods))
	}
	if a.Shared {
		text += " together"
	}
	if m.why != "" {
		text += ": " + m.why
	}
	m.noteOf(&a, timeline.AttemptDialing, "", text)
	return true
}

// add gives an attempt its number, and keeps it.
func (m *machine) add(a *Attempt) {
	m.Next++
	a.ID, a.No = fmt.Sprintf("%s-%d", m.ID, m.Next), m.Next
	m.Attempts = append(m.Attempts, *a)
	m.up++
	m.undecided++
	if m.lines != nil {
		m.lines[a.Person]++
	}
}

// lineOf is the first line to a person that is up, nil if there is none.
func (m *machine) lineOf(person string) *Attempt {
	if m.linesTo(person) == 0 {
		return nil
	}
	i := slices.IndexFunc(m.Attempts, func(a Attempt) bool { return a.Person == person && a.Ended.IsZero() })
	return &m.Attempts[i]
}

// linesTo counts the lines to a person that are up.
func (m *machine) linesTo(person string) (n int) {
	const few = 8
	if len(m.Attempts) > few {
		if m.lines == nil {
			m.lines = make(map[string]int, len(m.Attempts))
			for i := range m.Attempts {
				if m.Attempts[i].Ended.IsZero() {
					m.lines[m.Attempts[i].Person]++
				}
			}
		}
		return m.lines[person]
	}
	for i := range m.Attempts {
		if a := &m.Attempts[i]; a.Person == person && a.Ended.IsZero() {
			n++
		}
	}
	return n
}

// final gives an attempt its outcome and its line until then to end.
func (m *machine) final(a *Attempt, o Outcome, until time.Duration) {
	a.Outcome, a.Limit = o, m.now.Add(until)
	m.undecided--
}

// free marks the line of an attempt as down.
func (m *machine) free(a *Attempt) {
	a.Ended = m.now
	for _, tracks := range [...][]Track{m.Tracks, m.Side} {
		for i := range tracks {
			m.freed(&tracks[i], a.Person)
		}
	}
	m.up--
	if m.lines != nil {
		m.lines[a.Person]--
	}
}

// freed lets those be called who waited for their last line to end.
func (m *machine) freed(t *Track, person string) {
	moved := false
	for i := range t.Again {
		if r := &t.Again[i]; r.Line && t.People[r.Member].ID == person {
			r.At, r.Line, moved = m.clock(t.Step), false, true
		}
	}
	if moved {
		sortAgain(t)
	}
}

// faultPauses are the rests after our own faults; the last one stays.
var faultPauses = [...]time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second}

func faultPause(n int) time.Duration { return faultPauses[min(max(n, 1), len(faultPauses))-1] }

// fault keeps the turn of somebody whom we could not call through our own fault. In turn, two such
// tries are enough to let the next person go first: one bad route must not silence the whole line.
func (m *machine) fault(t *Track, a Attempt, text string) {
	k := &t.Marks[a.Member]
	k.Faults = min(k.Faults+1, 250)
	t.Faults++
	if t.Stalled.IsZero() {
		t.Stalled = m.now
	}
	pause := faultPause(int(k.Faults))
	if m.inTurn(t.Step) {
		pause = faultPause(t.Faults)
		t.Pause = m.now.Add(pause)
	}
	at := m.now.Add(pause)
	others := t.Cursor < len(t.People) || len(t.Again) > 0
	if k.Faults >= repeatedMethods && m.inTurn(t.Step) && others {
		at = later(at, m.now.Add(faultPauses[len(faultPauses)-1]))
	}
	said := a.Person + " keeps the turn, again in " + short(at.Sub(m.now))
	if text != "" {
		said += ": " + text
	}
	m.note(timeline.Event{Kind: timeline.CalloutStalled, Person: a.Person, Attempt: a.ID, Cause: string(Fault), Text: said})
	_, end := t.People[a.Member].set(a.Method)
	if next, end := t.nextWays(a.Member, end); next != 0 && k.Faults >= repeatedMethods && !a.Aside && m.sibling(t, a.Member, a.Method) == nil {
		// The other way to reach the same person may lead over lines that work.
		at = later(at, m.now.Add(faultPauses[len(faultPauses)-1]))
		t.Pause = time.Time{}
		m.ring(t, a.Member, next, end)
	}
	m.recall(t, Redial{Member: a.Member, Method: a.Method, At: at, Cause: Fault})
}

// through notes that our lines work: what our own fault held up goes on.
func (m *machine) through(t *Track) {
	t.Faults, t.Pause = 0, time.Time{}
	if t.Stalled.IsZero() {
		return
	}
	if !t.Until.IsZero() {
		t.Until = t.Until.Add(m.now.Sub(t.Stalled))
	}
	t.Stalled = time.Time{}
	if !m.inTurn(t.Step) {
		return
	}
	for i := range t.Again { // who kept the turn is next, the first in line first
		if t.Again[i].Cause == Fault {
			t.Again[i].At = m.now
		}
	}
	sort.SliceStable(t.Again, func(i, j int) bool {
		a, b := t.Again[i], t.Again[j]
		if a.Cause == Fault && b.Cause == Fault {
			return a.Member < b.Member
		}
		return a.At.Before(b.At)
	})
}

// alarm says loudly, once, that our own fault lasts, and lets later steps begin beside this one.
func (m *machine) alarm(t *Track) {
	if t.Alarmed || t.Stalled.IsZero() || m.now.Before(t.Stalled.Add(stallPatience)) {
		return
	}
	t.Alarmed = true
	m.note(timeline.Event{Kind: timeline.CalloutStalled, Cause: string(Fault),
		Text: fmt.Sprintf("%s has been held up by our own fault for %s", t.name(), short(stallPatience))})
	switch {
	case t.Purpose == ForHandOver: // the plan must not wait for it
		t.close()
		return
	case t.Step+1 < len(m.Plan.Steps):
		t.Moved = true
		return
	}
	m.otherwise("our own fault holds the call-out up")
}

// giveUp ends a round without those who could not be called through our own fault, when others could.
func (m *machine) giveUp(t *Track) bool {
	if t.Rung == 0 || t.Stalled.IsZero() || m.now.Before(t.Stalled.Add(stallPatience)) {
		return false
	}
	var who []string
	for _, r := range t.Again {
		if r.Cause != Fault {
			return false
		}
		who = append(who, t.People[r.Member].ID)
	}
	for _, id := range who {
		m.note(timeline.Event{Kind: timeline.CalloutUnreached, Person: id, Cause: string(Fault), Text: "could not be called in this round: our own fault"})
	}
	t.Again = nil
	m.why = strings.Join(who, ", ") + " could not be called"
	return true
}
