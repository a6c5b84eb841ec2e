package callout

import (
	"container/heap"
	"fmt"
	"slices"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// Roster says who is behind the names of a plan: sato, @db-team, on-call:primary. A name that is
// missing is one person of that name with a simulated phone.
type Roster map[string][]Person

// Night is what a simulation needs to know beside the plan and the people. The zero value is a
// critical alert at the beginning of 1970 that is never resolved.
type Night struct {
	Start    time.Time
	ID       string        // of the call-out; "" is "callout"
	Alert    string        // written on the events
	Title    string        // of the alert
	Severity string        // as in alert.Severity
	Place    int           // the round robin's memory
	Message  time.Duration // how long it takes to say it once; 0 is 10 s
	Channels int           // calls that go at a time; 0 is any number
	Interval time.Duration // least time between new calls
	Drill    bool          // a rehearsal
	Events   []Event       // what happens besides: Resolved, Taken, Halted …, in order of time
	Limit    time.Duration // the simulation ends then; 0 is 24 h
	Whole    bool          // the last resort is played until Limit, and not for two rounds
	// Lines are the trunks that take an address, the best first; none is without limit. nil: Channels and Interval hold
	// for all calls together.
	Lines func(address string) []Line
}

const (
	talkAfter  = 3 * time.Second // that a line stays up after a decision, for the last words
	greeting   = 3 * time.Second // that detection needs of a machine
	slowRounds = 2               // of the last resort that are shown: it would go on all night
)

// Simulate runs a plan on a virtual clock and tells what would happen. Nobody is called. Lines work,
// setting up a call takes no time, and people do what behave says; who is not in it does not answer. Of phones that ring
// at the same time a person answers one: behave's calls are theirs in the order of the person's methods.
// Whoever took it is asked whether they are still on it only if behave says for somebody what they do
// then, and the last resort is shown for two rounds. The same arguments always give the same events.
func Simulate(p Plan, people Roster, behave map[string]Behaviour, n Night) []timeline.Event {
	var events []timeline.Event
	Play(p, people, behave, n, func(e timeline.Event) { events = append(events, e) })
	return events
}

// Play is [Simulate] that hands over one event after another: a long night of thousands of people is too
// much to be kept.
func Play(p Plan, people Roster, behave map[string]Behaviour, n Night, tell func(timeline.Event)) {
	n.Start = later(epoch, n.Start)
	if n.ID == "" {
		n.ID = "callout"
	}
	if n.Message <= 0 {
		n.Message = 10 * time.Second
	}
	if n.Limit <= 0 {
		n.Limit = 24 * time.Hour
	}
	s := &simulation{night: n, m: machineOf(New(n.ID, p, n.Severity)), people: people, behave: behave, hand: tell, calls: map[string]int{}, checks: map[string]int{},
		open: map[string]bool{}, lines: newLineBook(n), joined: map[string]string{}, seated: map[string]Reaction{}, asked: map[string]bool{}, hands: map[string]string{}}
	s.m.Drill = n.Drill
	for _, b := range behave {
		s.asks = s.asks || len(b.Checks) > 0
	}
	if !s.asks {
		s.m.Plan.StillOnIt = Never
	}
	s.run()
}

type simulation struct {
	night  Night
	m      *machine // its state is nobody else's, so no step has to copy it
	people Roster
	behave map[string]Behaviour
	asks   bool                // checks are part of the story
	calls  map[string]int      // made to each person
	checks map[string]int      // of these, checks
	open   map[string]bool     // lines, by attempt
	lines  lineBook            // the trunks
	joined map[string]string   // attempt → person in the conference
	seated map[string]Reaction // what those do who call back
	asked  map[string]bool     // attempts whose line somebody wants
	hands  map[string]string   // person → attempt that they answer, or call back after; nobody answers two phones that ring at once
	alive  bool                // a check was answered
	queue  agenda
	seq    int64                // of the last event
	hand   func(timeline.Event) // takes it
}

func (s *simulation) run() {
	start := s.night.Start
	s.tell(timeline.Event{At: start, Kind: timeline.AlertStored, Text: s.night.Title})
	s.at(Event{At: start, Kind: Begin})
	for _, e := range s.night.Events {
		s.at(e)
	}
	for {
		at, batch, ok := s.next()
		if !ok || at.After(start.Add(s.night.Limit)) || s.told(batch) {
			return
		}
		if len(batch) > 0 {
			s.forget()
			s.m.work(batch)
			for _, c := range s.m.commands {
				s.obey(c, at)
			}
		}
		s.fill(at)
	}
}

// told tells whether all there is to show has been shown: the last resort and the checks of somebody
// who answers them would go on all night.
func (s *simulation) told(batch []Event) bool {
	if len(batch) != 1 || batch[0].Kind != Tick || len(s.queue.events) > 0 {
		return false
	}
	if t := s.m.track(StepLast); t != nil && t.Phase == Resting && t.Round >= slowRounds && !s.night.Whole {
		return s.m.Status == Exhausted
	}
	return s.m.Status == Acknowledged && s.alive && len(s.m.Side) == 0
}

// forget leaves out what is over, as a copy of the state would.
func (s *simulation) forget() {
	s.m.commands = s.m.commands[:0]
	if s.m.up < len(s.m.Attempts) {
		s.m.Attempts = slices.DeleteFunc(s.m.Attempts, func(a Attempt) bool { return !a.Ended.IsZero() })
	}
}

// next takes what happens at the next moment: events before the clock. Without events the moment is the lines'.
func (s *simulation) next() (at time.Time, batch []Event, ok bool) {
	for {
		due := s.m.Due
		if len(s.queue.events) == 0 || !due.IsZero() && due.Before(s.queue.events[0].At) {
			if due.IsZero() {
				return due, nil, false
			}
			return due, []Event{{At: due, Kind: Tick}}, true
		}
		at, opens := s.queue.events[0].At, false
		var batch []Event
		for len(s.queue.events) > 0 && s.queue.events[0].At.Equal(at) {
			e := heap.Pop(&s.queue).(planned).Event
			switch {
			case e.Kind == gateOpens:
				opens = true
				continue
			case e.Attempt != "" && !s.open[e.Attempt]:
				continue // the line is down already
			case e.Kind == Ended:
				delete(s.open, e.Attempt)
				s.hungUp(e.Attempt)
				s.leaves(e)
			}
			batch = append(batch, e)
		}
		if len(batch) > 0 || opens {
			return at, batch, true
		}
	}
}

func (s *simulation) at(e Event) {
	s.queue.count++
	heap.Push(&s.queue, planned{e, s.queue.count})
}

func (s *simulation) tell(e timeline.Event) {
	s.seq++
	e.Seq, e.Alert = s.seq, s.night.Alert
	s.hand(e)
}

func (s *simulation) obey(c Command, now time.Time) {
	switch c.Kind {
	case Note:
		s.tell(c.Event)
		s.waits(c.Event)
		switch c.Event.Kind {
		case timeline.AlertAcknowledged:
			s.alive = false
		case timeline.AttemptConfirmed, timeline.AttemptPassed:
			if i := slices.IndexFunc(s.m.Attempts, func(a Attempt) bool { return a.ID == c.Event.Attempt }); i >= 0 {
				s.alive = s.alive || s.m.Attempts[i].Purpose == ForCheck
			}
			if !s.joins(c.Event) {
				s.at(Event{At: now.Add(talkAfter), Kind: Ended, Attempt: c.Event.Attempt, Outcome: NotConfirmed})
			}
		}
	case Muster:
		s.at(Event{At: now, Kind: Mustered, Step: c.Step, Round: c.Round, People: s.muster(c.Refs), Place: s.night.Place})
	case Dial:
		s.place(c, now)
	case Cancel, HangUp:
		s.unqueue(c.Attempt)
		s.at(Event{At: now, Kind: Ended, Attempt: c.Attempt, Outcome: Canceled})
	case Seat:
		s.open[c.Attempt] = true
		s.does(c.Attempt, now, s.seated[c.Person])
	case AfterBeep:
		s.at(Event{At: now.Add(s.night.Message), Kind: Ended, Attempt: c.Attempt, Outcome: NotConfirmed})
	case Tell:
		s.at(Event{At: now.Add(talkAfter), Kind: Ended, Attempt: c.Attempt, Outcome: Canceled})
	}
}

func (s *simulation) muster(refs []string) []Person {
	var line []Person
	for _, ref := range refs {
		if _, known := s.people[ref]; ref == DefaultContacts && !known {
			// Who they are is not said: everybody of the plan.
			line = append(line, s.muster(s.m.refs(StepAll))...)
			continue
		}
		if known, ok := s.people[ref]; ok {
			line = append(line, known...)
			continue
		}
		line = append(line, Person{ID: ref, Methods: []Method{{Address: "sim:" + ref}}})
	}
	return line
}

func (s *simulation) dial(c Command, now time.Time) {
	b := s.behave[c.Person]
	r := b.On(s.calls[c.Person])
	if c.Purpose == ForCheck && len(b.Checks) > 0 {
		r = Behaviour{Calls: b.Checks}.On(s.checks[c.Person])
		s.checks[c.Person]++
	} else {
		s.calls[c.Person]++
	}
	switch {
	case r.Machine && len(c.With) > 0 && byHand(c.Address):
		r = Reaction{}
	case r.Answers && !r.Machine:
		if other := s.hands[c.Person]; other != "" && s.open[other] {
			r = Reaction{} // they are at another of their phones
		} else {
			s.hands[c.Person] = c.Attempt
		}
	}
	if r.Back > 0 {
		s.seated[c.Person] = r
		s.at(Event{At: now.Add(r.Back), Kind: CalledBack, By: c.Person, Text: c.Address})
	}
	on := func(after time.Duration, e Event) {
		e.At, e.Attempt = now.Add(after), c.Attempt
		s.at(e)
	}
	if r.Refusal != "" && r.Rings == 0 {
		on(0, Event{Kind: Ended, Outcome: r.Refusal})
		return
	}
	on(0, Event{Kind: Rang})
	switch {
	case r.Rings >= c.Ring || r.Refusal == "" && !r.Answers || r.Back > 0:
		on(c.Ring, Event{Kind: Ended, Outcome: NoAnswer, Text: fmt.Sprintf("rang for %s", short(c.Ring))})
		return
	case r.Refusal != "":
		on(r.Rings, Event{Kind: Ended, Outcome: r.Refusal})
		return
	}
	text := ""
	if r.Machine {
		text = aMachine
	}
	on(r.Rings, Event{Kind: AnsweredBy, Text: text})
	if len(c.With) > 0 && !r.Machine && !byHand(c.Address) { // where it matters, detection is heard of
		on(r.Rings+greeting, Event{Kind: Detected, Text: aPerson})
	}
	s.does(c.Attempt, now.Add(r.Rings), r)
}

// does plans what a person does, or a machine, after the answer.
func (s *simulation) does(attempt string, answered time.Time, r Reaction) {
	on := func(after time.Duration, e Event) {
		e.At, e.Attempt = answered.Add(after), attempt
		s.at(e)
	}
	if r.Machine {
		switch s.m.Plan.Machine {
		case MachineMessage:
			on(greeting, Event{Kind: Detected, Text: "machine_end_beep"})
		case MachineYields, MachineHangUp:
			on(greeting, Event{Kind: Detected, Text: "machine_start"})
		}
	}
	for _, k := range r.Keys {
		if r.HangUp == 0 || k.After < r.HangUp {
			on(k.After, Event{Kind: Pressed, Digit: k.Digit, Proof: k.Digit == SpokenDigit})
		}
	}
	on(s.night.Message, Event{Kind: Told})
	if r.HangUp > 0 {
		on(r.HangUp, Event{Kind: Ended, Outcome: NotConfirmed, Text: "hung up"})
	}
}

// agenda is what will happen, by time, and in the order it was planned.
type agenda struct {
	events []planned
	count  int
}

type planned struct {
	Event
	no int
}

func (a *agenda) Len() int { return len(a.events) }
func (a *agenda) Less(i, j int) bool {
	x, y := a.events[i], a.events[j]
	if x.At.Equal(y.At) {
		return x.no < y.no
	}
	return x.At.Before(y.At)
}
func (a *agenda) Swap(i, j int) { a.events[i], a.events[j] = a.events[j], a.events[i] }
func (a *agenda) Push(v any)    { a.events = append(a.events, v.(planned)) }
func (a *agenda) Pop() any {
	last := len(a.events) - 1
	v := a.events[last]
	a.events[last] = planned{}
	a.events = a.events[:last]
	return v
}
