package callout

import (
	"slices"
	"sort"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// Progress is the part of a State that only Decide understands. It is exported for JSON alone.
type Progress struct {
	Next     int       `json:"next,omitempty"`     // number of the next attempt
	Clock    time.Time `json:"clock,omitzero"`     // of the last event; time never runs backwards here
	Grace    time.Time `json:"grace,omitzero"`     // end of the wait before the first ring; zero once that is over
	End      time.Time `json:"end,omitzero"`       // the plan's deadline
	Pass     int       `json:"pass,omitempty"`     // runs of the whole plan that are over
	Step     int       `json:"step,omitempty"`     // where the main line stands
	Wait     time.Time `json:"wait,omitzero"`      // end of the wait the main line stands in
	Hold     time.Time `json:"hold,omitzero"`      // since when a listener holds the main line up
	Rest     time.Time `json:"rest,omitzero"`      // the plan begins again
	Tracks   []Track   `json:"tracks,omitempty"`   // steps at work
	Closed   bool      `json:"closed,omitempty"`   // nobody is rung any more: deadline
	Took     string    `json:"took,omitempty"`     // a need is met, but Everyone of another step is still asked
	Unmet    string    `json:"unmet,omitempty"`    // who of a step that wanted everyone is missing
	Tally    string    `json:"tally,omitempty"`    // what everyone of a step said, when it was over
	Paused   time.Time `json:"paused,omitzero"`    // since when its clocks stand still: acknowledged, resolved, exhausted
	Over     time.Time `json:"over,omitzero"`      // when it was resolved
	Was      Status    `json:"was,omitempty"`      // before Resolved
	Flaps    int       `json:"flaps,omitempty"`    // how often it was Refired
	Revived  bool      `json:"revived,omitempty"`  // put back to work, and nobody rung since
	Starts   []string  `json:"starts,omitempty"`   // per step: who came first in its round robin
	Answers  []Answer  `json:"answers,omitempty"`  // what was answered in earlier runs of the plan
	Reported []string  `json:"reported,omitempty"` // people of whom it was said that they cannot be reached
	Side     []Track   `json:"side,omitempty"`     // steps that no plan writes, at work beside it
	Said     []Answer  `json:"said,omitempty"`     // what was answered in steps that are over, and outside of any
	Absent   []string  `json:"absent,omitempty"`   // who of a step that is over and wanted everyone has not answered
	Giver    string    `json:"giver,omitempty"`    // who hands it over; the plan stands still meanwhile
	Ask      time.Time `json:"ask,omitzero"`       // when the one who took it is asked whether they are still on it
	Halt     time.Time `json:"halt,omitzero"`      // the kill switch: nobody is rung before
	HaltedAt time.Time `json:"haltedAt,omitzero"`  // since when
}

// Answer is what a person said in a step that is over.
type Answer struct {
	Step   int    `json:"step"`
	Person string `json:"person"`
	Vote   Vote   `json:"vote"`
}

// Phase is what a track is doing.
type Phase string

// The phases of a track.
const (
	Mustering Phase = "mustering" // asked who its people are
	Ringing   Phase = "ringing"
	Resting   Phase = "resting" // until the next round
	Closing   Phase = "closing" // rings nobody any more; lines that are up may still confirm
)

// Track is a step at work. A step that wants everyone stays at work beside the later ones.
type Track struct {
	Step     int       `json:"step"`
	Round    int       `json:"round"`
	Phase    Phase     `json:"phase"`
	RoundAt  time.Time `json:"roundAt,omitzero"` // the round began
	Until    time.Time `json:"until,omitzero"`   // longest time in this step
	Again    []Redial  `json:"again,omitempty"`  // earliest first
	Due      time.Time `json:"due,omitzero"`     // Mustering: ask once more; Resting: the round begins
	People   []Person  `json:"people,omitempty"` // of this round; never changed in place
	Marks    []Mark    `json:"marks,omitempty"`  // one for each of People
	Cursor   int       `json:"cursor,omitempty"` // first of People whose turn in this round has not come
	Open     int       `json:"open,omitempty"`   // who can be called and has not passed
	Confirms int       `json:"confirms,omitempty"`
	Passes   int       `json:"passes,omitempty"`
	FirstYes string    `json:"firstYes,omitempty"` // who confirmed first
	Rung     int       `json:"rung,omitempty"`     // attempts of this round that were no fault of ours
	Faults   int       `json:"faults,omitempty"`   // faults in a row
	Pause    time.Time `json:"pause,omitzero"`     // in turn: our own fault holds the line until then
	Stalled  time.Time `json:"stalled,omitzero"`   // since when our own fault holds it up
	Alarmed  bool      `json:"alarmed,omitempty"`  // it was said that this lasts
	Moved    bool      `json:"moved,omitempty"`    // the main line has gone on
	Hold     time.Time `json:"hold,omitzero"`      // since when a listener holds up the end of the round
	Purpose  Purpose   `json:"purpose,omitempty"`  // of its calls
	Missed   int       `json:"missed,omitempty"`   // a check: calls without a key; the last resort: rounds without anybody to call
}

// Redial is a person who is called again within the round.
type Redial struct {
	Member int       `json:"member"`
	Method int       `json:"method"`
	At     time.Time `json:"at"`
	Cause  Outcome   `json:"cause"`           // Busy, Fault, NoAnswer for a double tap, or Canceled for one who was cut off and is resumed
	After  string    `json:"after,omitempty"` // a double tap: the attempt it repeats
	Latest time.Time `json:"latest,omitzero"` // a double tap: later it is in vain
	Line   bool      `json:"line,omitempty"`  // waits for the last line to the same person to end; At is in case that is never told
}

// Vote is what a person said.
type Vote uint8

// The votes.
const (
	NoVote Vote = iota
	Yes
	Passing
)

// Mark is what a track remembers of a person.
type Mark struct {
	Vote    Vote  `json:"v,omitempty"`
	Rejects uint8 `json:"r,omitempty"` // one is a sleepy thumb, two are a decision
	Faults  uint8 `json:"f,omitempty"` // of ours, in a row
	Bad     uint8 `json:"b,omitempty"` // a bit for each method whose number does not exist
	Busy    bool  `json:"u,omitempty"` // called again in this round because of a busy line
	Lost    bool  `json:"l,omitempty"` // called again in this round because our process died
	Tapped  bool  `json:"t,omitempty"` // called again in this round through do-not-disturb
	Back    bool  `json:"c,omitempty"` // called us in this round
	Missed  bool  `json:"m,omitempty"` // was reached in this round, and pressed nothing
	Begun   uint8 `json:"g,omitempty"` // how many methods had their turn in this round
	Cut     ways  `json:"s,omitempty"` // those that fell silent because the person was on another one
	Twice   ways  `json:"w,omitempty"` // those that ring together and were called again in this round
}

// New makes the state of a call-out before its Begin. The plan is frozen in it with its defaults;
// severity is the alert's.
func New(id string, p Plan, severity string) State {
	return State{ID: id, Plan: p.WithDefaults(), Severity: severity, Status: Waiting}
}

// Decide takes one event and answers with the state after it and what is to be done, in order. It is
// pure: s is not changed and may be used again, the result shares memory with it only where neither
// changes it. An event that makes no sense (an unknown attempt, a second Begin) changes nothing.
func Decide(s State, e Event) (State, []Command) { return DecideAll(s, e) }

// DecideAll is Decide for several events at once; one copy of the state serves them all, which
// counts when thousands of phones answer within a second.
func DecideAll(s State, events ...Event) (State, []Command) {
	m := machineOf(s.clone())
	m.work(events)
	return m.State, m.commands
}

// machineOf is a machine that works on a state itself.
func machineOf(s State) *machine {
	m := &machine{State: s, up: len(s.Attempts)}
	for i := range m.Attempts {
		if !m.Attempts[i].Outcome.Final() {
			m.undecided++
		}
	}
	return m
}

// work takes one event after another.
func (m *machine) work(events []Event) {
	for _, e := range events {
		now := later(later(m.Clock, epoch), e.At.UTC().Round(0))
		m.watched = m.watched && now.Equal(m.now) && (e.Kind == Rang || e.Kind == Placed || e.Kind == Ended)
		m.now, m.Clock = now, now
		m.why = ""
		m.take(e)
		m.settle()
	}
	m.Due = m.due()
	if !m.Due.IsZero() && !m.Due.After(m.now) { // never the same moment twice
		m.Due = m.now.Add(time.Second)
	}
}

// epoch is before any event: the zero time means "not yet" in a State.
var epoch = time.Unix(0, 0).UTC()

// clone copies what the machine changes and leaves out what is over.
func (s State) clone() State {
	open := make([]Attempt, 0, len(s.Attempts)+1)
	for _, a := range s.Attempts {
		if a.Ended.IsZero() {
			open = append(open, a)
		}
	}
	s.Attempts = open
	s.Tracks, s.Side = cloneTracks(s.Tracks), cloneTracks(s.Side)
	s.Starts = slices.Clone(s.Starts)
	s.Answers, s.Said = slices.Clip(s.Answers), slices.Clip(s.Said)
	s.Reported, s.Absent = slices.Clip(s.Reported), slices.Clip(s.Absent)
	return s
}

func cloneTracks(tracks []Track) []Track {
	tracks = slices.Clone(tracks)
	for i := range tracks {
		tracks[i].Marks = slices.Clone(tracks[i].Marks)
		tracks[i].Again = slices.Clone(tracks[i].Again)
	}
	return tracks
}

// machine is a State being changed by events.
type machine struct {
	State
	now       time.Time
	why       string // what led to the next dial, for the timeline
	commands  []Command
	up        int            // lines that are up
	undecided int            // attempts that are
	lines     map[string]int // person → number of lines that are up; nil until there are many
	watched   bool           // no line is due at this moment, and none can be through an event like this one
}

func (m *machine) take(e Event) {
	switch e.Kind {
	case Begin:
		m.begin()
	case Tick:
		// settle looks at the clock after every event
	case Mustered:
		m.mustered(e)
	case Placed, Rang, AnsweredBy, Detected, Wanted, Pressed, Told, Ended:
		if a := m.attempt(e.Attempt); a != nil {
			m.heard(a, e)
		}
	case Resolved:
		m.resolve(e)
	case Refired:
		m.refire(e)
	case Taken:
		m.taken(e)
	case Released:
		m.release(e)
	case Stopped:
		m.stop(e)
	case Alive:
		m.alive(e)
	case Snoozed:
		m.snooze(e.By, e.For)
	case HandedOver:
		m.handOver(e)
	case Summoned:
		m.summon(e.By)
	case CalledBack:
		m.calledBack(e)
	case Halted:
		m.halt(e)
	case Unhalted:
		m.unhalt(e)
	}
}

func (m *machine) begin() {
	if m.Status != Waiting || !m.Begun.IsZero() {
		return
	}
	m.Begun = m.now
	m.beginHalted()
	m.Starts = make([]string, len(m.Plan.Steps))
	if m.Plan.Deadline > 0 {
		m.End = m.now.Add(m.Plan.Deadline)
	}
	m.note(timeline.Event{Kind: timeline.CalloutStarted, Text: m.Plan.Name})
	grace := m.grace(m.Severity)
	m.Grace = m.now.Add(grace)
	if grace > 0 {
		m.note(timeline.Event{Kind: timeline.CalloutWaiting, Text: "grace of " + short(grace) + " before the first ring"})
	}
}

// grace is how long an alert of this severity waits before the first ring of this call-out.
func (m *machine) grace(severity string) time.Duration {
	if mild(severity) {
		return max(m.Plan.grace(severity), m.Patience)
	}
	return m.Plan.grace(severity)
}

// attempt finds a line that is up, by the name of its attempt.
func (m *machine) attempt(id string) *Attempt {
	no, ok := numberOf(m.ID, id)
	if !ok {
		return nil
	}
	i := sort.Search(len(m.Attempts), func(i int) bool { return m.Attempts[i].No >= no })
	if i == len(m.Attempts) || m.Attempts[i].No != no || !m.Attempts[i].Ended.IsZero() {
		return nil
	}
	return &m.Attempts[i]
}

// track finds the step at work, nil if it is not.
func (m *machine) track(step int) *Track {
	tracks := m.Tracks
	if step < 0 {
		tracks = m.Side
	}
	for i := range tracks {
		if tracks[i].Step == step {
			return &tracks[i]
		}
	}
	return nil
}

func (m *machine) do(c Command) { m.commands = append(m.commands, c) }

func (m *machine) note(e timeline.Event) {
	e.At, e.Callout = m.now, m.ID
	m.do(Command{Kind: Note, Event: e})
}

func (m *machine) noteOf(a *Attempt, kind timeline.Kind, cause, text string) {
	m.note(timeline.Event{Kind: kind, Person: a.Person, Attempt: a.ID, Cause: cause, Text: text})
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// sooner is the earlier of two moments, where zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
