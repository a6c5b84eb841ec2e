package callout

import (
	"slices"

	"github.com/kaden-project/kaden/timeline"
)

// Rule 21: somebody wants everybody (call-everyone, or out of the conference). Whoever of the plan has
// neither confirmed nor passed is rung at once and once, beside what the plan does. It takes nothing,
// and what is taken stays taken.

func (m *machine) summon(by string) {
	if m.Begun.IsZero() || !m.works(StepAll) {
		return
	}
	m.note(timeline.Event{Kind: timeline.CalloutSummoned, Person: by, Text: "wants everybody who has not answered called now"})
	m.beside(Track{Step: StepAll, Round: 1}, nil)
}

// answers are what people said in any step, for those who ask everybody.
func (m *machine) answers() map[string]Vote {
	said := make(map[string]Vote, len(m.Said))
	for _, a := range m.Said {
		said[a.Person] = a.Vote
	}
	for i := range m.Tracks {
		t := &m.Tracks[i]
		for k, p := range t.People {
			if v := t.Marks[k].Vote; v != NoVote {
				said[p.ID] = v
			}
		}
	}
	return said
}

// say keeps what people said in a step that is over.
func (m *machine) say(t *Track) {
	known := make(map[string]bool, len(m.Said))
	for _, a := range m.Said {
		known[a.Person] = true
	}
	for i, p := range t.People {
		if v := t.Marks[i].Vote; v != NoVote && !known[p.ID] {
			m.Said = append(m.Said, Answer{Step: t.Step, Person: p.ID, Vote: v})
		}
	}
}

// Responded names those who confirmed, in order of steps and people; no order of time.
func (s State) Responded() []string { return s.who(Yes) }

// Missing names those of the steps at work, and of a step that asked everyone and is over, who have
// neither confirmed nor passed.
func (s State) Missing() []string {
	answered := make(map[string]bool)
	for _, id := range append(s.who(Yes), s.who(Passing)...) {
		answered[id] = true
	}
	var ids []string
	add := func(id string) {
		if !answered[id] {
			answered[id] = true
			ids = append(ids, id)
		}
	}
	for _, id := range s.Absent {
		add(id)
	}
	for _, t := range slices.Concat(s.Tracks, s.Side) {
		if t.Step == StepCheck {
			continue
		}
		for _, p := range t.People {
			add(p.ID)
		}
	}
	return ids
}

// who names those who said so, each once.
func (s State) who(v Vote) []string {
	var ids []string
	seen := make(map[string]bool)
	add := func(id string) {
		if !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	for _, a := range s.Said {
		if a.Vote == v {
			add(a.Person)
		}
	}
	for _, t := range slices.Concat(s.Tracks, s.Side) {
		for i, p := range t.People {
			if t.Step != StepCheck && t.Marks[i].Vote == v {
				add(p.ID)
			}
		}
	}
	return ids
}
