package callout

import (
	"container/heap"
	"fmt"
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
	Channels int           // calls that the line carries at a time; 0 is any number
	Events   []Event       // what happens besides: Resolved, Taken …, in order of time
	Limit    time.Duration // the simulation ends then; 0 is 24 h
}

// talkAfter is how long a line stays up after a decision, for the last words.
const talkAfter = 3 * time.Second

// Simulate runs a plan on a virtual clock and tells what would happen. Nobody is called. Lines work,
// setting up a call takes no time, and people do what behave says; who is not in it does not answer.
// The same arguments always give the same events.
func Simulate(p Plan, people Roster, behave map[string]Behaviour, n Night) []timeline.Event {
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
	s := &simulation{night: n, people: people, behave: behave, calls: map[string]int{}, up: map[string]bool{}, placed: map[string]bool{},
		state: New(n.ID, p, n.Severity)}
	return s.run()
}

type simulation struct {
	night  Night
	state  State
	people Roster
	behave map[string]Behaviour
	calls  map[string]int  // made to each person
	up     map[string]bool // lines, by attempt
	placed map[string]bool // those that have a channel
	queued []Command       // those that wait for one, in order
	queue  agenda
	events []timeline.Event
}

func (s *simulation) run() []timeline.Event {
	start := s.night.Start
	s.tell(timeline.Event{At: start, Kind: timeline.AlertStored, Text: s.night.Title})
	s.at(Event{At: start, Kind: Begin})
	for _, e := range s.night.Events {
		s.at(e)
	}
	for {
		batch := s.next()
		if len(batch) == 0 || batch[0].At.After(start.Add(s.night.Limit)) {
			return s.events
		}
		var commands []Command
		s.state, commands = DecideAll(s.state, batch...)
		for _, c := range commands {
			s.obey(c, batch[0].At)
		}
		s.fill(batch[0].At)
	}
}

// next takes what happens at the next moment: events before the clock.
func (s *simulation) next() []Event {
	for {
		due := s.state.Due
		if len(s.queue.events) == 0 || !due.IsZero() && due.Before(s.queue.events[0].At) {
			if due.IsZero() {
				return nil
			}
			return []Event{{At: due, Kind: Tick}}
		}
		at := s.queue.events[0].At
		var batch []Event
		for len(s.queue.events) > 0 && s.queue.events[0].At.Equal(at) {
			e := heap.Pop(&s.queue).(planned).Event
			switch {
			case e.Attempt != "" && !s.up[e.Attempt]:
				continue // the line is down already
			case e.Kind == Ended:
				delete(s.up, e.Attempt)
				delete(s.placed, e.Attempt)
			}
			batch = append(batch, e)
		}
		if len(batch) > 0 {
			return batch
		}
	}
}

func (s *simulation) at(e Event) {
	s.queue.count++
	heap.Push(&s.queue, planned{e, s.queue.count})
}

func (s *simulation) tell(e timeline.Event) {
	e.Seq, e.Alert = int64(len(s.events)+1), s.night.Alert
	s.events = append(s.events, e)
}

func (s *simulation) obey(c Command, now time.Time) {
	switch c.Kind {
	case Note:
		s.tell(c.Event)
		s.waits(c.Event)
		switch c.Event.Kind {
		case timeline.AttemptConfirmed, timeline.AttemptPassed:
			s.at(Event{At: now.Add(talkAfter), Kind: Ended, Attempt: c.Event.Attempt, Outcome: NotConfirmed})
		}
	case Muster:
		s.at(Event{At: now, Kind: Mustered, Step: c.Step, Round: c.Round, People: s.muster(c.Refs), Place: s.night.Place})
	case Dial:
		s.place(c, now)
	case Cancel, HangUp:
		s.unqueue(c.Attempt)
		s.at(Event{At: now, Kind: Ended, Attempt: c.Attempt, Outcome: Canceled})
	case Tell:
		s.at(Event{At: now.Add(talkAfter), Kind: Ended, Attempt: c.Attempt, Outcome: Canceled})
	}
}

func (s *simulation) muster(refs []string) []Person {
	var line []Person
	for _, ref := range refs {
		if known, ok := s.people[ref]; ok {
			line = append(line, known...)
			continue
		}
		line = append(line, Person{ID: ref, Methods: []Method{{Address: "sim:" + ref}}})
	}
	return line
}

func (s *simulation) dial(c Command, now time.Time) {
	r := s.behave[c.Person].On(s.calls[c.Person])
	s.calls[c.Person]++
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
	case r.Rings >= c.Ring || r.Refusal == "" && !r.Answers:
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
	for _, k := range r.Keys {
		if r.HangUp == 0 || k.After < r.HangUp {
			on(r.Rings+k.After, Event{Kind: Pressed, Digit: k.Digit})
		}
	}
	on(r.Rings+s.night.Message, Event{Kind: Told})
	if r.HangUp > 0 {
		on(r.Rings+r.HangUp, Event{Kind: Ended, Outcome: NotConfirmed, Text: "hung up"})
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
