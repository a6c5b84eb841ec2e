package callout

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// stallPatience is how long our own faults may hold up a step before that is said loudly, and before
// those who can be reached are no longer kept waiting for the one who cannot.
const stallPatience = 2 * time.Minute

// start puts a step to work.
func (m *machine) start(step int) {
	t := Track{Step: step, Round: 1}
	if limit := m.step(step).For; limit > 0 {
		t.Until = m.now.Add(limit)
	}
	m.muster(&t)
	m.Tracks = append(m.Tracks, t)
}

// muster asks who the people of the round are: who is on duty may have changed since the last one.
func (m *machine) muster(t *Track) {
	t.Phase, t.Due = Mustering, m.now.Add(musterAgain)
	m.do(Command{Kind: Muster, Step: t.Step, Round: t.Round, Refs: m.refs(t.Step)})
}

// mustered begins a round with the people it found.
func (m *machine) mustered(e Event) {
	t := m.track(e.Step)
	if t == nil || t.Phase != Mustering || t.Round != e.Round {
		return
	}
	known := m.known(t)
	t.People = m.lineUp(t.Step, e)
	if t.Step == StepCheck && len(t.People) > 1 { // one person took it, whatever stands behind the name
		t.People = t.People[:1]
	}
	t.Marks = make([]Mark, len(t.People))
	t.Open, t.Confirms, t.Passes = 0, 0, 0
	index := make(map[string]int, len(t.People))
	for i, p := range t.People {
		t.Marks[i] = known[p.ID]
		index[p.ID] = i
		if p.reason() == "" {
			t.Open++
		}
		t.count(i)
		if t.FirstYes == "" && t.Marks[i].Vote == Yes {
			t.FirstYes = p.ID
		}
	}
	for i := range m.Attempts {
		a := &m.Attempts[i]
		if !a.of(t) || !a.Ended.IsZero() {
			continue
		}
		// Who still listens stays, and is followed to the new place, if that line is still a way to them.
		a.Member = -1
		if k, ok := index[a.Person]; ok {
			method := slices.IndexFunc(t.People[k].Methods, func(x Method) bool { return x.Address == a.Address })
			if method >= 0 && method < maxMethods {
				a.Member, a.Method = k, method
			}
		}
	}
	t.Phase, t.Due, t.RoundAt, t.Hold = Ringing, time.Time{}, m.now, time.Time{}
	t.Cursor, t.Rung, t.Again = 0, 0, nil
	step := m.step(t.Step)
	m.note(timeline.Event{Kind: timeline.CalloutStep, Cause: string(step.Order),
		Text: fmt.Sprintf("%s, round %d: %s, %s", t.name(), t.Round, people(len(t.People)), step.words())})
	m.why = t.occasion()
	if t.Purpose != ForCheck {
		m.unreached(t)
	}
	if step.Need == Everyone && t.complete() { // all of them were asked elsewhere meanwhile
		m.met(t.FirstYes)
	}
}

// known is what is remembered of people from earlier rounds and runs of the step.
func (m *machine) known(t *Track) map[string]Mark {
	known := make(map[string]Mark, len(t.People))
	switch {
	case t.Step == StepLast: // whoever said no is asked again: nobody took it
		return nil
	case t.Step == StepAll:
		for who, v := range m.answers() {
			known[who] = Mark{Vote: v}
		}
	case m.step(t.Step).Need == Everyone:
		for _, a := range m.Said {
			if a.Step == StepAll {
				known[a.Person] = Mark{Vote: a.Vote}
			}
		}
		for i := range m.Attempts { // who is in the conference is there
			if a := &m.Attempts[i]; a.Outcome == Confirmed && a.Limit.IsZero() && a.Ended.IsZero() {
				known[a.Person] = Mark{Vote: Yes}
			}
		}
	}
	for _, a := range m.Answers {
		if a.Step == t.Step {
			known[a.Person] = Mark{Vote: a.Vote}
		}
	}
	for i, p := range t.People {
		k := t.Marks[i]
		// A number that does not exist is tried again: it may have been mended since.
		known[p.ID] = Mark{Vote: k.Vote, Rejects: k.Rejects}
	}
	return known
}

// lineUp puts people into the order of the round: each once, at their first place, and in a round
// robin beginning with the one whose turn it is.
func (m *machine) lineUp(step int, e Event) []Person {
	seen := make(map[string]bool, len(e.People))
	line := make([]Person, 0, len(e.People))
	for _, p := range e.People {
		if p.ID != "" && !seen[p.ID] {
			seen[p.ID] = true
			line = append(line, p)
		}
	}
	if m.step(step).Order != RoundRobin || len(line) == 0 {
		return line
	}
	first := 0
	if who := m.Starts[step]; who != "" {
		first = max(0, slices.IndexFunc(line, func(p Person) bool { return p.ID == who }))
	} else {
		n := len(line)
		first = (e.Place%n + n) % n
		m.Starts[step] = line[first].ID
		if !m.Drill {
			m.do(Command{Kind: Advance, Step: step, Round: (first + 1) % n})
		}
	}
	return append(slices.Clone(line[first:]), line[:first]...)
}

// unreached says, once, who cannot be rung and why. Nobody is left out in silence.
func (m *machine) unreached(t *Track) {
	said := make(map[string]bool, len(m.Reported))
	for _, who := range m.Reported {
		said[who] = true
	}
	for _, p := range t.People {
		if why := p.reason(); why != "" && !said[p.ID] {
			m.note(timeline.Event{Kind: timeline.CalloutUnreached, Person: p.ID, Text: why})
			m.Reported = append(m.Reported, p.ID)
		}
	}
}

// reason is why a person cannot be rung at all, "" if there is a way.
func (p Person) reason() string {
	switch {
	case p.Refused != "":
		return p.Refused
	case len(p.Methods) == 0:
		return "has no contact method"
	}
	return ""
}

// drive does what is due in one step.
func (m *machine) drive(t *Track) {
	if t.Phase == Closing {
		return
	}
	if !t.Until.IsZero() && t.Stalled.IsZero() && !m.now.Before(t.Until) {
		m.note(timeline.Event{Kind: timeline.CalloutWaiting, Text: t.name() + ": its time is over, nobody of it is rung any more"})
		t.close()
		return
	}
	if t.allPassed() && t.Step != StepLast {
		m.why = "everybody passed"
		t.close()
		return
	}
	switch t.Phase {
	case Mustering:
		if !m.now.Before(t.Due) {
			m.muster(t)
		}
	case Resting:
		if !m.now.Before(t.Due) {
			t.Round++
			m.muster(t)
		}
	case Ringing:
		m.alarm(t)
		m.redial(t)
		m.callNext(t)
		m.roundOver(t)
	}
}

// roundOver ends the round when everybody had their turn.
func (m *machine) roundOver(t *Track) {
	if t.Cursor < len(t.People) {
		t.Hold = time.Time{}
		return
	}
	active, listening := m.busyWith(t)
	if active > 0 {
		t.Hold = time.Time{}
		return
	}
	if len(t.Again) > 0 && !m.giveUp(t) {
		return
	}
	if listening > 0 && t.Step < 0 {
		return
	}
	step := m.step(t.Step)
	last := m.lastRound(t)
	if listening > 0 && m.attentive(t) {
		// Who listens holds up what comes next for a moment, and not at all if nothing comes.
		if last && (t.Moved || t.Step+1 >= len(m.Plan.Steps) || step.optional() && t.Confirms > 0) {
			return
		}
		if t.Hold.IsZero() {
			t.Hold = m.now
		}
		if m.now.Before(t.Hold.Add(listenerHold)) {
			return
		}
		t.Hold = time.Time{}
		if last {
			t.Moved = true
			return
		}
	}
	if last {
		t.close()
		return
	}
	if step.Need == Everyone {
		t.Moved = true // later steps run alongside
	}
	rest := step.rest(t.Round)
	if t.Step == StepLast {
		rest = m.silence(t)
	}
	next := later(m.now.Add(rest), t.RoundAt.Add(shortestRound))
	t.Phase, t.Due = Resting, next
	if rest = next.Sub(m.now); rest > 0 {
		m.note(timeline.Event{Kind: timeline.CalloutWaiting, Text: fmt.Sprintf("rest of %s before round %d", short(rest), t.Round+1)})
	}
}

// lastRound tells whether the round that is over is the last one of the step.
func (m *machine) lastRound(t *Track) bool {
	step := m.step(t.Step)
	switch t.Purpose {
	case ForHandOver:
		return true
	case ForCheck: // a busy line and our own fault are no call without a key
		if len(t.Marks) > 0 && t.Marks[0].Missed {
			t.Missed++
		}
		return t.Open == 0 || t.Missed >= checkCalls
	}
	return step.Rounds != Forever && t.Round >= step.Rounds
}

// attentive tells whether somebody of a step listens who may be a person.
func (m *machine) attentive(t *Track) bool {
	return slices.ContainsFunc(m.Attempts, func(a Attempt) bool { return a.of(t) && a.Outcome == Listening && !a.Device })
}

// of tells whether an attempt belongs to a step. Who calls back and has no turn stands by themselves.
func (a *Attempt) of(t *Track) bool {
	return a.Step == t.Step && (a.Step != StepCheck || a.Purpose == t.Purpose)
}

// busyWith counts the undecided attempts of a step.
func (m *machine) busyWith(t *Track) (active, listening int) {
	for i := range m.Attempts {
		a := &m.Attempts[i]
		switch {
		case !a.of(t) || a.Outcome.Final():
		case a.Outcome == Listening:
			listening++
		default:
			active++
		}
	}
	return active, listening
}

// busy tells whether an attempt of a step is undecided.
func (m *machine) busy(t *Track) bool {
	active, listening := m.busyWith(t)
	return active+listening > 0
}

// close ends the ringing of a step; its lines may still confirm.
func (t *Track) close() {
	t.Phase, t.Again, t.Hold, t.Due = Closing, nil, time.Time{}, time.Time{}
}

// allPassed tells that each who can be called has passed.
func (t *Track) allPassed() bool { return t.Passes > 0 && t.Open == 0 }

// complete tells that everybody has answered, and not everybody with a pass: that nobody took it is
// no way for an alert to be acknowledged.
func (t *Track) complete() bool {
	return t.Phase != Mustering && t.Confirms > 0 && t.Confirms+t.Passes == len(t.People)
}

// count adds the vote of a member.
func (t *Track) count(member int) {
	switch t.Marks[member].Vote {
	case Yes:
		t.Confirms++
	case Passing:
		t.Passes++
		if t.People[member].reason() == "" {
			t.Open--
		}
	}
}

// callable tells whether a member may be rung in this round.
func (t *Track) callable(member int) bool {
	k := t.Marks[member]
	return k.Vote == NoVote && k.Rejects < 2 && !k.Back && t.People[member].reason() == "" && t.method(member, 0) >= 0
}

// method is the first usable method of a member from one on, -1 if there is none.
func (t *Track) method(member, from int) int {
	for i := from; i < min(len(t.People[member].Methods), maxMethods); i++ {
		if t.Marks[member].Bad&(1<<i) == 0 {
			return i
		}
	}
	return -1
}

// again remembers to call a member once more.
func (t *Track) again(r Redial) {
	i := sort.Search(len(t.Again), func(i int) bool { return t.Again[i].At.After(r.At) })
	t.Again = slices.Insert(t.Again, i, r)
}

// drop forgets the further calls of a member.
func (t *Track) drop(member int) {
	t.Again = slices.DeleteFunc(t.Again, func(r Redial) bool { return r.Member == member })
}

// tally counts what everyone said, and names who passed.
func (t *Track) tally() string {
	text := fmt.Sprintf("%d of %d confirmed", t.Confirms, len(t.People))
	if p := t.passers(); len(p) > 0 {
		text += "; passed: " + list(p)
	}
	return text
}

// missing names those of a step who have not answered.
func (t *Track) missing() []string {
	var ids []string
	for i, p := range t.People {
		if t.Marks[i].Vote == NoVote {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// passers names those of a step who passed.
func (t *Track) passers() []string {
	var ids []string
	for i, p := range t.People {
		if t.Marks[i].Vote == Passing {
			ids = append(ids, p.ID)
		}
	}
	return ids
}
