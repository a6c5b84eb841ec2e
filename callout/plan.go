package callout

import (
	"maps"
	"slices"
	"time"
)

// What a plan leaves unsaid. The numbers are the rules of docs/rules.md.
const (
	defaultRing     = 20 * time.Second // carriers' voicemail often answers at 15–25 s
	defaultListen   = 40 * time.Second
	defaultGap      = 30 * time.Second
	warningGrace    = 60 * time.Second
	defaultStillOn  = 15 * time.Minute
	longestGrowth   = 10 * time.Minute
	shortestRound   = 10 * time.Second // a round in which nobody could be rung must not spin
	betweenRepeats  = 30 * time.Second
	maxMethods      = 8 // of one person; more are not tried
	windowOfLines   = 1000
	repeatedMethods = 2 // tries that our own fault may spoil before somebody else gets the turn
)

// restGrowth multiplies the gap from round to round while somebody of Everyone is missing:
// 30 s, 1, 2, 5, 10 min with the usual gap.
var restGrowth = [...]time.Duration{1, 2, 4, 10, 20}

// WithDefaults is the plan with everything filled in that it leaves open. It shares nothing with p
// that it changes. What makes no sense (a negative time, an unknown word) is replaced, because a plan
// that was frozen must always ring somebody; [ParsePlan] is where such things are refused.
func (p Plan) WithDefaults() Plan {
	switch p.Confirm {
	case ByKey, ByProof, ByHangup, ByAnswer:
	default:
		p.Confirm = ByKey
	}
	if len(p.Keys) == 0 {
		p.Keys = map[string]Action{"1": Accept, "2": Pass, "9": Again}
	}
	switch {
	case len(p.Say) == 0:
		p.Say, p.Languages = DefaultSay()
	case len(p.Languages) == 0:
		p.Languages = slices.Sorted(maps.Keys(p.Say))
	}
	if p.After < AtOnce {
		p.After = 0
	}
	if p.StillOnIt == 0 || p.StillOnIt < Never {
		p.StillOnIt = defaultStillOn
	}
	switch p.Machine {
	case MachineYields, MachineHangUp, MachineMessage:
	default:
		p.Machine = "" // nothing is asked of detection; if it speaks all the same, a machine yields
	}
	p.Repeat = max(p.Repeat, 1)
	p.Deadline = max(p.Deadline, 0)
	steps := make([]Step, len(p.Steps))
	for i, s := range p.Steps {
		steps[i] = s.withDefaults()
	}
	p.Steps = steps
	return p
}

func (s Step) withDefaults() Step {
	if s.isWait() {
		return Step{Wait: max(s.Wait, 0)}
	}
	s.Wait = 0
	switch s.Order {
	case Together, InTurn, RoundRobin:
	default:
		s.Order = Together
	}
	switch s.Need {
	case First, Everyone:
	default:
		s.Need = First
	}
	if s.Ring <= 0 {
		s.Ring = defaultRing
	}
	if s.Listen <= 0 {
		s.Listen = defaultListen
	}
	if s.Gap == 0 || s.Gap < AtOnce {
		s.Gap = defaultGap
	}
	if s.Rounds != Forever {
		s.Rounds = max(s.Rounds, 1)
	}
	s.For = max(s.For, 0)
	return s
}

func (s Step) isWait() bool { return len(s.Call) == 0 }

func (s *Step) inTurn() bool { return s.Order == InTurn || s.Order == RoundRobin }

// words say how the people of the step are rung.
func (s Step) words() string {
	text := map[Order]string{Together: "together", InTurn: "one after another", RoundRobin: "in turn, round robin"}[s.Order]
	if s.Need == Everyone {
		text += ", everyone is asked"
	}
	return text
}

// optional tells that everybody is asked once, and who was reached is enough (P2).
func (s Step) optional() bool { return s.Need == Everyone && s.Rounds == 1 }

// optional tells that every step asks everybody once, and who was reached is enough.
func (p Plan) optional() bool {
	return !slices.ContainsFunc(p.Steps, func(s Step) bool { return !s.isWait() && !s.optional() })
}

// Joins tells whether those who confirm in a step are brought together in a conference: where the step
// says so, and in a step that no plan writes where any step of the plan does; on a hotline in all. A check joins nobody.
func (p Plan) Joins(step int) bool {
	if p.Hotline {
		return true
	}
	if step >= 0 {
		return step < len(p.Steps) && p.Steps[step].Join
	}
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Join })
}

// rest is the pause after a round.
func (s Step) rest(round int) time.Duration {
	gap := max(s.Gap, 0) // AtOnce
	if s.Need != Everyone || gap == 0 {
		return gap
	}
	grown := gap * restGrowth[min(max(round, 1), len(restGrowth))-1]
	return min(grown, max(longestGrowth, gap))
}

// grace is how long an alert of this severity waits before the first ring.
func (p Plan) grace(severity string) time.Duration {
	switch {
	case p.After > 0:
		return p.After
	case p.After == 0 && mild(severity):
		return warningGrace
	}
	return 0
}

// mild says that nobody's house is on fire. An unknown severity is treated like critical.
func mild(severity string) bool { return severity == "warning" || severity == "info" }

// grave says that it must not be forgotten: critical, or of a severity that nobody knows.
func grave(severity string) bool { return !mild(severity) && severity != "error" }

// proof is what proves a person for an alert of this severity: hanging up is enough for warnings only.
func (p Plan) proof(severity string) Confirm {
	if p.Confirm == ByHangup && !mild(severity) {
		return ByKey
	}
	return p.Confirm
}
