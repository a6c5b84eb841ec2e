package callout

import (
	"fmt"
	"slices"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// A trunk with few channels makes a sequence of what was meant to ring together: a call waits, in order,
// until one before it has ended (rule 32). In a simulation Night.Channels says how many there are.

// place rings a phone, or lets the call wait for a free channel.
func (s *simulation) place(c Command, now time.Time) {
	s.open[c.Attempt] = true
	if s.night.Channels > 0 && len(s.placed) >= s.night.Channels {
		s.queued = append(s.queued, c)
		return
	}
	s.placed[c.Attempt] = true
	s.dial(c, now)
}

// waits says of a call that was just ordered that it has no channel yet.
func (s *simulation) waits(e timeline.Event) {
	if e.Kind == timeline.AttemptDialing && s.open[e.Attempt] && !s.placed[e.Attempt] {
		s.tell(timeline.Event{At: e.At, Kind: timeline.CallQueued, Callout: e.Callout, Person: e.Person, Attempt: e.Attempt, Text: "for a free channel"})
	}
}

// unqueue takes away a call that is not wanted any more.
func (s *simulation) unqueue(attempt string) {
	s.queued = slices.DeleteFunc(s.queued, func(c Command) bool { return c.Attempt == attempt })
}

// fill places the calls that have waited longest where channels are free.
func (s *simulation) fill(now time.Time) {
	for len(s.queued) > 0 && len(s.placed) < s.night.Channels {
		c := s.queued[0]
		s.queued = s.queued[1:]
		s.tell(timeline.Event{At: now, Kind: timeline.CallInitiated, Callout: s.night.ID, Person: c.Person, Attempt: c.Attempt, Text: "a channel is free"})
		s.at(Event{At: now, Kind: Placed, Attempt: c.Attempt})
		s.place(c, now)
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
