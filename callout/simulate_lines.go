package callout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// A trunk carries few calls at a time and takes new ones at a pace, so that what was meant to ring together becomes a
// sequence: a call waits, in order, until a line is free and its moment has come (rule 32). In a simulation
// Night.Lines says which lines there are, or Night.Channels how many calls go at a time over whatever line.

// Line is a trunk as a simulation has to know it. Its zero values are without limit.
type Line struct {
	Name     string
	Channels int           // calls of ours that it carries at a time
	Interval time.Duration // least time between new calls
	Gate     string        // what the interval is counted for: lines with the same Gate wait for one another; "" is the Line alone
}

func (l Line) gate() string { return cmp.Or(l.Gate, l.Name) }

// lineBook is how the simulation's trunks are at a moment.
type lineBook struct {
	usual []Line               // where the night names none
	busy  map[string]int       // calls, by line
	free  map[string]time.Time // when the next call may begin, by gate
	on    map[string]Line      // those that have one, by attempt
	wait  []inQueue            // those that wait, in order
	told  map[string]bool      // those of which it was said
	wake  time.Time            // the next moment at which a gate opens for somebody is planned
}

// inQueue is a call that waits.
type inQueue struct {
	Command
	wants []Line // any of them, the best first
}

// same tells whether two wants are one: then what is true of the one is true of the other.
func same(a, b []Line) bool { return len(a) > 0 && len(b) > 0 && &a[0] == &b[0] }

func newLineBook(n Night) lineBook {
	return lineBook{usual: []Line{{Channels: n.Channels, Interval: n.Interval}}, busy: map[string]int{}, free: map[string]time.Time{}, on: map[string]Line{}, told: map[string]bool{}}
}

// wants are the lines that take an address, the best first.
func (s *simulation) wants(address string) []Line {
	if s.night.Lines == nil {
		return s.lines.usual
	}
	if list := s.night.Lines(address); len(list) > 0 {
		return list
	}
	return withoutLimit
}

var withoutLimit = []Line{{}}

// place rings a phone, or lets the call wait.
func (s *simulation) place(c Command, now time.Time) {
	s.open[c.Attempt] = true
	s.lines.wait = append(s.lines.wait, inQueue{c, s.wants(c.Address)})
	s.fill(now)
}

// fill places the calls that have waited longest where they can go.
func (s *simulation) fill(now time.Time) {
	var wake time.Time
	var full []Line // no call that wants these can go now
	keep := s.lines.wait[:0]
	for _, c := range s.lines.wait {
		if same(c.wants, full) {
			keep = append(keep, c)
			continue
		}
		l, opens, ok := s.free(c.wants, now)
		if !ok {
			full = c.wants
			keep = append(keep, c)
			if !opens.IsZero() && (wake.IsZero() || opens.Before(wake)) {
				wake = opens
			}
			continue
		}
		s.lines.on[c.Attempt] = l
		s.lines.busy[l.Name]++
		if l.Interval > 0 {
			s.lines.free[l.gate()] = now.Add(l.Interval)
		}
		if s.lines.told[c.Attempt] {
			delete(s.lines.told, c.Attempt)
			s.tell(timeline.Event{At: now, Kind: timeline.CallInitiated, Callout: s.night.ID, Person: c.Person, Attempt: c.Attempt, Text: turnOn(l)})
			s.at(Event{At: now, Kind: Placed, Attempt: c.Attempt})
		}
		s.dial(c.Command, now)
	}
	s.lines.wait = keep
	s.relieve(now)
	if !wake.IsZero() && !wake.Equal(s.lines.wake) {
		s.lines.wake = wake
		s.at(Event{At: wake, Kind: gateOpens})
	}
}

// relieve asks machines to make room for calls that only the end of another one helps, one for each (rule 32).
func (s *simulation) relieve(now time.Time) {
	leaving := 0
	for id := range s.asked {
		if _, on := s.lines.on[id]; on {
			leaving++
		}
	}
	for _, c := range s.lines.wait {
		if _, opens, ok := s.free(c.wants, now); ok || !opens.IsZero() {
			continue
		}
		if leaving--; leaving >= 0 {
			continue
		}
		i := slices.IndexFunc(s.m.Attempts, func(a Attempt) bool {
			l, on := s.lines.on[a.ID]
			return on && a.Outcome == Listening && a.Device && !a.Keyed && !s.asked[a.ID] && slices.ContainsFunc(c.wants, func(w Line) bool { return w.Name == l.Name })
		})
		if i < 0 {
			return
		}
		s.asked[s.m.Attempts[i].ID] = true
		s.at(Event{At: now, Kind: Wanted, Attempt: s.m.Attempts[i].ID})
	}
}

// gateOpens wakes the simulation; the plan's machine does not hear of it.
const gateOpens EventKind = "gate-opens"

// free finds the first line that can take a call now; opens is when another could, zero if only the end of a call helps.
func (s *simulation) free(wants []Line, now time.Time) (l Line, opens time.Time, ok bool) {
	for _, l := range wants {
		if l.Channels > 0 && s.lines.busy[l.Name] >= l.Channels {
			continue
		}
		at := s.lines.free[l.gate()]
		if l.Interval <= 0 || !at.After(now) {
			return l, time.Time{}, true
		}
		if opens.IsZero() || at.Before(opens) {
			opens = at
		}
	}
	return Line{}, opens, false
}

func turnOn(l Line) string {
	switch {
	case l.Name != "":
		return "it is its turn on " + l.Name
	case l.Interval > 0:
		return "it is its turn"
	}
	return "a channel is free"
}

// waits says of a call that was just ordered that it has no line yet, and which place it has in the queue.
func (s *simulation) waits(e timeline.Event) {
	i := len(s.lines.wait) - 1 // it came last
	if e.Kind != timeline.AttemptDialing || i < 0 || s.lines.wait[i].Attempt != e.Attempt {
		return
	}
	s.lines.told[e.Attempt] = true
	var names []string
	for _, l := range s.lines.wait[i].wants {
		if l.Name != "" {
			names = append(names, l.Name)
		}
	}
	line := "free channel"
	if s.lines.usual[0].Interval > 0 {
		line = "line"
	}
	if len(names) > 0 {
		line = "line on " + strings.Join(names, ", ")
	}
	s.tell(timeline.Event{At: e.At, Kind: timeline.CallQueued, Callout: e.Callout, Person: e.Person, Attempt: e.Attempt,
		Text: fmt.Sprintf("for a %s, place %d in the queue", line, i+1)})
}

// unqueue takes away a call that is not wanted any more.
func (s *simulation) unqueue(attempt string) {
	s.lines.wait = slices.DeleteFunc(s.lines.wait, func(c inQueue) bool { return c.Attempt == attempt })
	delete(s.lines.told, attempt)
}

// hungUp frees the line of a call that has ended.
func (s *simulation) hungUp(attempt string) {
	if l, on := s.lines.on[attempt]; on {
		delete(s.lines.on, attempt)
		s.lines.busy[l.Name]--
	}
}

// joins keeps the line of somebody up who has confirmed in a step that joins: they are in the conference
// until they hang up. Whether it is so.
func (s *simulation) joins(e timeline.Event) bool {
	i := slices.IndexFunc(s.m.Attempts, func(a Attempt) bool { return a.ID == e.Attempt })
	if e.Kind != timeline.AttemptConfirmed || i < 0 || !s.m.Plan.Joins(s.m.Attempts[i].Step) {
		return false
	}
	s.joined[e.Attempt] = e.Person
	s.tell(timeline.Event{At: e.At, Kind: timeline.AttemptJoined, Callout: e.Callout, Person: e.Person, Attempt: e.Attempt, Text: fmt.Sprintf("the conference, %d in it", len(s.joined))})
	return true
}

// leaves tells who has hung up in the conference.
func (s *simulation) leaves(e Event) {
	if who, in := s.joined[e.Attempt]; in && e.Kind == Ended {
		delete(s.joined, e.Attempt)
		s.tell(timeline.Event{At: e.At, Kind: timeline.AttemptLeft, Callout: s.night.ID, Person: who, Attempt: e.Attempt, Text: fmt.Sprintf("the conference, %d in it", len(s.joined))})
	}
}
