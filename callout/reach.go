package callout

import (
	"fmt"
	"slices"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// Trial is a number of nights that are played over plans and over other ways to call people, to see how
// long it takes until a person has confirmed. The same trial always gives the same figures. The model and
// what it leaves out are described in docs/reach.md.
type Trial struct {
	Seed   uint64
	Nights int
}

// Reached is what came of one way to call, over all nights.
type Reached struct {
	Way           string        // P4 …, or an escalation
	Text          string        // in words
	P50, P90, P99 time.Duration // until the first person who understood it had confirmed; Never is beyond the hour
	Unreached     float64       // share of nights in which nobody did
	Calls         float64       // placed in a night
	FalseAcks     int           // nights in which the alert was taken as acknowledged and no person had confirmed
	Kaden         bool          // it is one of kaden's plans
	ByAnswering   bool          // whatever answers has acknowledged
}

// trialNight is how long a night is looked at.
const trialNight = time.Hour

// Run plays the nights. Each way meets the same people on the same nights.
func (t Trial) Run() []Reached {
	ways := waysToCall()
	sums := make([]tally, len(ways))
	of := dice(t.Seed)
	seed := of.throw()
	for night := range t.Nights {
		d := dice(seed + uint64(night)) // each night throws its own, whatever the others need
		who := make([]Behaviour, len(trialTeam))
		for i := range who {
			who[i] = d.person()
		}
		channels := 0
		if d.chance(oneChannelNights) {
			channels = 1
		}
		for i, w := range ways {
			var f fate
			if w.plan.Steps != nil {
				f = fateOf(w.plan, who, night, channels)
			} else {
				f = w.escalate(who, channels)
			}
			sums[i].add(f)
		}
	}
	out := make([]Reached, len(ways))
	for i, w := range ways {
		out[i] = sums[i].reached(w)
	}
	return out
}

// way is a plan of kaden's, or a fixed-delay escalation.
type way struct {
	name, text string
	plan       Plan
	delay      time.Duration // to the next person
	byAnswer   bool          // what answers has acknowledged
}

var trialTeam = []string{"sato", "suzuki", "tanaka", "ito"}

func waysToCall() []way {
	team := func(s Step) Plan {
		s.Call = trialTeam
		return Plan{Name: "trial", Steps: []Step{s}, Deadline: trialNight}.WithDefaults()
	}
	answer := team(Step{Order: Together})
	answer.Confirm = ByAnswer
	one := Plan{Name: "trial", Steps: []Step{{Call: trialTeam[:1], Order: InTurn, Ring: 25 * time.Second, Rounds: 3}}, Deadline: trialNight}.WithDefaults()
	return []way{
		{name: "P1", text: "together, first, 3 rounds", plan: team(Step{Order: Together, Rounds: 3})},
		{name: "P2", text: "together, everybody once", plan: team(Step{Order: Together, Need: Everyone, Join: true})},
		{name: "P3", text: "together, everybody required", plan: team(Step{Order: Together, Need: Everyone, Rounds: Forever})},
		{name: "P4", text: "in turn, 2 rounds", plan: team(Step{Order: InTurn, Rounds: 2})},
		{name: "P5", text: "round robin, 2 rounds", plan: team(Step{Order: RoundRobin, Rounds: 2})},
		{name: "P6", text: "in turn until somebody confirms", plan: team(Step{Order: InTurn, Rounds: Forever, Gap: 10 * time.Second})},
		{name: "default", text: "one person, 3 rounds", plan: one},
		{name: "P1 none", text: "together, confirm: none", plan: answer},
		{name: "fixed 1m", text: "escalation after 1 min, key", delay: time.Minute},
		{name: "fixed 5m", text: "escalation after 5 min, key", delay: 5 * time.Minute},
		{name: "fixed 1m*", text: "the same, an answer acknowledges", delay: time.Minute, byAnswer: true},
		{name: "fixed 5m*", text: "the same, an answer acknowledges", delay: 5 * time.Minute, byAnswer: true},
	}
}

// fate is how one night went.
type fate struct {
	reached time.Duration // Never: nobody
	calls   int
	wrong   bool // acknowledged, and nobody had confirmed
}

// fateOf plays a plan of kaden's.
func fateOf(p Plan, who []Behaviour, night, channels int) fate {
	f := fate{reached: Never}
	behave := make(map[string]Behaviour, len(who))
	for i, id := range trialTeam {
		behave[id] = who[i]
	}
	calls, heard := map[string]int{}, map[string]Reaction{} // by person; by attempt
	for _, e := range Simulate(p, nil, behave, Night{Place: night, Channels: channels, Limit: trialNight}) {
		switch e.Kind {
		case timeline.AttemptDialing, timeline.CallInitiated:
			heard[e.Attempt] = behave[e.Person].On(calls[e.Person])
			calls[e.Person]++
			f.calls++
		case timeline.CallQueued: // not placed yet, and perhaps never
			calls[e.Person]--
			f.calls--
		case timeline.AttemptConfirmed:
			if f.reached == Never && heard[e.Attempt].takes() > 0 {
				f.reached = e.At.Sub(epoch)
			}
		case timeline.AlertAcknowledged:
			f.wrong = f.wrong || f.reached == Never
		}
	}
	return f
}

// takes is when, after the answer, a person presses 1; 0 is never.
func (r Reaction) takes() time.Duration {
	for _, k := range r.Keys {
		if k.Digit == "1" && !r.Machine && (r.HangUp == 0 || k.After < r.HangUp) {
			return k.After
		}
	}
	return 0
}

// What a telephone API does by itself, when its user says nothing else.
const (
	escalationRing   = time.Minute
	escalationListen = 40 * time.Second
)

// escalate calls the first person once, after the delay the second, and so on, and begins again after the
// last one, until one has acknowledged or the hour is over.
func (w way) escalate(who []Behaviour, channels int) fate {
	f := fate{reached: Never}
	acknowledged, free := trialNight, time.Duration(0)
	for page := 0; time.Duration(page)*w.delay < acknowledged; page++ {
		at := time.Duration(page) * w.delay
		if channels == 1 {
			at = max(at, free)
		}
		if at >= acknowledged {
			break
		}
		f.calls++
		r := who[page%len(who)].On(page / len(who))
		if !r.Answers || r.Rings >= escalationRing {
			free = at + escalationRing
			if r.Refusal != "" {
				free = at + r.Rings
			}
			continue
		}
		answered := at + r.Rings
		free = answered + escalationListen
		if r.HangUp > 0 {
			free = min(free, answered+r.HangUp)
		}
		takes := r.takes()
		understood := takes > 0 && takes < escalationListen
		switch {
		case w.byAnswer && answered < acknowledged:
			acknowledged, f.wrong, f.reached = answered, !understood, Never
			if understood {
				f.reached = answered + takes
			}
		case understood && answered+takes < acknowledged:
			acknowledged, f.reached = answered+takes, answered+takes
		}
	}
	return f
}

// tally adds nights up.
type tally struct {
	times  []time.Duration // of the nights in which somebody was reached
	nights int
	calls  int
	wrong  int
}

func (s *tally) add(f fate) {
	s.nights++
	s.calls += f.calls
	if f.wrong {
		s.wrong++
	}
	if f.reached != Never {
		s.times = append(s.times, f.reached)
	}
}

func (s *tally) reached(w way) Reached {
	slices.Sort(s.times)
	at := func(percent int) time.Duration {
		if i := (s.nights*percent+99)/100 - 1; i >= 0 && i < len(s.times) {
			return s.times[i]
		}
		return Never
	}
	n := float64(max(s.nights, 1))
	return Reached{Way: w.name, Text: w.text, P50: at(50), P90: at(90), P99: at(99), Unreached: float64(s.nights-len(s.times)) / n,
		Calls: float64(s.calls) / n, FalseAcks: s.wrong, Kaden: w.plan.Steps != nil, ByAnswering: w.byAnswer || w.plan.Confirm == ByAnswer}
}

// String is the row of a table.
func (r Reached) String() string {
	return fmt.Sprintf("%-10s %-34s %6s %7s %7s %7.2f%% %7.2f %7d", r.Way, r.Text, reachTime(r.P50), reachTime(r.P90), reachTime(r.P99), r.Unreached*100, r.Calls, r.FalseAcks)
}

func reachTime(d time.Duration) string {
	if d == Never {
		return "never"
	}
	return offset(d)
}
