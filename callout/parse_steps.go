package callout

import (
	"fmt"
	"time"

	"github.com/goccy/go-yaml/ast"
)

var stepWords = []string{"wait", "call", "order", "need", "join", "ring", "listen", "rounds", "gap", "for", "double-tap"}

func (r *reader) steps(e entry) []Step {
	seq, ok := e.value.(*ast.SequenceNode)
	if !ok {
		r.err(e.value, e.key, "needs a list of steps", "- call: [sato]")
		return nil
	}
	if len(seq.Values) == 0 {
		r.err(e.value, e.key, "nobody would be rung", "- call: [sato]")
	}
	if len(seq.Values) > maxSteps {
		r.err(seq.Values[maxSteps], e.key, fmt.Sprintf("more than %d steps", maxSteps), "rounds and repeat go round again")
		return nil
	}
	var steps []Step
	calls := false
	for i, n := range seq.Values {
		s := r.step(n, i == len(seq.Values)-1)
		calls = calls || len(s.Call) > 0
		steps = append(steps, s)
	}
	if !calls && len(seq.Values) > 0 && !r.problems.Refused() {
		r.err(e.at, e.key, "nobody would be rung", "- call: [sato]")
	}
	return steps
}

func (r *reader) step(n ast.Node, last bool) (s Step) {
	entries, ok := r.entries(n, "steps")
	if !ok {
		return s
	}
	at := map[string]entry{}
	for _, e := range entries {
		if _, twice := at[e.key]; twice {
			r.err(e.at, e.key, "is written twice", "")
			continue
		}
		at[e.key] = e
		r.stepWord(&s, e)
	}
	wait, waits := at["wait"]
	_, calls := at["call"]
	switch {
	case waits && calls:
		r.err(wait.at, "wait", "a step either waits or calls", "make the wait a step of its own, before this one")
	case waits && len(entries) > 1:
		for _, e := range entries {
			if e.key != "wait" {
				r.err(e.at, e.key, "has no meaning beside wait", "")
			}
		}
	case waits && last:
		r.warn(wait.at, "wait", "nothing follows this wait", "")
	case !waits && !calls:
		r.err(n, "steps", "this step calls nobody", "call: [sato], or wait: 2m")
	case calls:
		r.stepAgrees(s, at)
	}
	return s
}

func (r *reader) stepWord(s *Step, e entry) {
	switch e.key {
	case "wait":
		s.Wait, _ = r.duration(e, time.Second, longestWait)
	case "call":
		seen := map[string]bool{}
		for _, it := range r.list(e) {
			if seen[it.text] {
				r.warn(it.at, e.key, it.text+" is named twice and rung once, at the first place", "")
				continue
			}
			seen[it.text] = true
			r.name(it, e.key)
			s.Call = append(s.Call, it.text)
		}
	case "order":
		s.Order = choose(r, e, Together, InTurn, RoundRobin)
	case "need":
		s.Need = choose(r, e, First, Everyone)
	case "join":
		s.Join = r.yes(e)
	case "ring":
		s.Ring, _ = r.duration(e, time.Second, 10*time.Minute)
		if s.Ring > 0 && s.Ring < 5*time.Second {
			r.warn(e.value, e.key, short(s.Ring)+" is hardly enough to pick up a phone", "20s")
		}
	case "listen":
		s.Listen, _ = r.duration(e, 5*time.Second, 10*time.Minute)
		if s.Listen > 0 && s.Listen < 20*time.Second {
			r.warn(e.value, e.key, "a message can last 20s", "40s")
		}
	case "rounds":
		if text, ok := scalar(e.value); ok && text == "forever" {
			s.Rounds = Forever
			return
		}
		s.Rounds, _ = r.number(e, maxTimes)
	case "gap":
		if d, ok := r.duration(e, 0, 24*time.Hour); ok {
			if s.Gap = d; d == 0 {
				s.Gap = AtOnce
			}
		}
	case "for":
		s.For, _ = r.duration(e, time.Second, longestWait)
	case "double-tap":
		s.DoubleTap = r.yes(e)
	default:
		r.unknown(e, "a step", stepWords)
	}
}

// stepAgrees looks for words of a step that contradict each other.
func (r *reader) stepAgrees(s Step, at map[string]entry) {
	once := s.Rounds == 0 || s.Rounds == 1
	if gap, ok := at["gap"]; ok && once {
		r.warn(gap.at, "gap", "there is only one round, so no rest between rounds", "rounds: 3")
	}
	if join, ok := at["join"]; ok && s.Join && s.Need != Everyone {
		r.warn(join.at, "join", "the first one who confirms silences the others and waits in the conference alone, until somebody is called in", "need: everyone")
	}
	ring := s.Ring
	if ring == 0 {
		ring = defaultRing
	}
	if tap, ok := at["double-tap"]; ok && s.DoubleTap && ring+tapAfter > tapLatest {
		r.warn(tap.at, "double-tap", "phones ring for "+short(ring)+", so the second call comes later than 3m after the first and is never made", "ring: 20s")
	}
	if limit, ok := at["for"]; ok && s.For > 0 && s.For < ring {
		r.warn(limit.value, "for", "is over before the first phone has rung out", "ring is "+short(ring))
	}
}

// joins refuses conferences of those of whom nobody knows whether they are there.
func (r *reader) joins(p Plan, at map[string]entry) {
	steps, ok := at["steps"]
	if !ok || p.Confirm != ByAnswer && p.Confirm != ByHangup {
		return
	}
	seq, ok := steps.value.(*ast.SequenceNode)
	if !ok || len(seq.Values) != len(p.Steps) {
		return
	}
	for i, s := range p.Steps {
		if !s.Join {
			continue
		}
		text := "a voicemail that answers would be in the conference"
		if p.Confirm == ByHangup {
			text = "who takes it by hanging up cannot be in the conference"
		}
		r.err(wordOf(seq.Values[i], "join"), "join", text, "confirm: key")
	}
}

// wordOf is the value of a key within a step, or the step.
func wordOf(step ast.Node, key string) ast.Node {
	if entries, ok := (&reader{}).entries(step, ""); ok {
		for _, e := range entries {
			if e.key == key {
				return e.value
			}
		}
	}
	return step
}

// endless refuses loops that nothing ends.
func (r *reader) endless(p Plan, steps entry, at map[string]entry) {
	seq, ok := steps.value.(*ast.SequenceNode)
	if !ok || len(seq.Values) != len(p.Steps) {
		return
	}
	for i, s := range p.Steps {
		if s.Rounds != Forever || s.For > 0 {
			continue
		}
		where := wordOf(seq.Values[i], "rounds")
		_, deadline := at["deadline"]
		switch {
		case i < len(p.Steps)-1:
			r.err(where, "rounds", "the steps after this one would never begin", "for: 10m beside rounds: forever")
		case p.Repeat > 1:
			r.err(where, "rounds", "the plan would never be repeated", "for: 10m beside rounds: forever, or no repeat")
		case !deadline:
			r.err(where, "rounds", "this plan has no end", "deadline: 2h")
		}
	}
}
