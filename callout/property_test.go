package callout

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// What holds on every night, whatever the plan, the people and the order of events:
//   - nobody is rung after the end, until the call-out is put back to work;
//   - by the time everybody was rung in vain, everybody was rung;
//   - a person has one line at a time;
//   - every dial has exactly one outcome;
//   - the clock is asked for at a later moment only, one event leads to a bounded number of commands,
//     and plans that end, end;
//   - a state that was kept as JSON decides the same, and Decide changes nothing in its argument.
func TestProperties(t *testing.T) {
	nights := 150
	if testing.Short() {
		nights = 60
	}
	for seed := range nights {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		bytes := make([]byte, 64+r.IntN(400))
		for i := range bytes {
			bytes[i] = byte(r.UintN(256))
		}
		if err := wildNight(bytes); err != nil {
			t.Fatalf("night %d: %v", seed, err)
		}
	}
}

func FuzzDecide(f *testing.F) {
	f.Add([]byte("a quiet night"))
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 254, 253})
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := wildNight(b); err != nil {
			t.Fatal(err)
		}
	})
}

// chance makes choices from the fuzzer's bytes, and from a generator when they are used up.
type chance struct {
	bytes []byte
	rest  *rand.Rand
}

func (c *chance) of(n int) int {
	if len(c.bytes) == 0 {
		return c.rest.IntN(n)
	}
	v := int(c.bytes[0]) % n
	c.bytes = c.bytes[1:]
	return v
}

func (c *chance) oneIn(n int) bool { return c.of(n) == 0 }

func pick[T any](c *chance, from ...T) T { return from[c.of(len(from))] }

func (c *chance) seconds(n int) time.Duration { return time.Duration(c.of(n)) * time.Second }

func (c *chance) plan() Plan {
	p := Plan{Name: "wild", Confirm: pick(c, ByKey, ByKey, ByHangup, ByAnswer), Repeat: c.of(3)}
	if c.oneIn(3) {
		p.Deadline = time.Minute + c.seconds(250)*4
	}
	if c.oneIn(4) {
		p.After = c.seconds(60)
	}
	if c.oneIn(2) {
		p.Otherwise = []string{"notify:ops"}
	}
	for range 1 + c.of(4) {
		if c.oneIn(4) {
			p.Steps = append(p.Steps, Step{Wait: c.seconds(120)})
			continue
		}
		s := Step{Order: pick(c, Together, InTurn, RoundRobin), Need: pick(c, First, First, Everyone), Rounds: 1 + c.of(3),
			Gap: pick(c, 0, AtOnce, 10*time.Second), Ring: c.seconds(40), Listen: c.seconds(60)}
		for range 1 + c.of(3) {
			s.Call = append(s.Call, fmt.Sprintf("group-%d", c.of(5)))
		}
		if c.oneIn(4) {
			s.For = 20*time.Second + c.seconds(200)
		}
		if c.oneIn(5) {
			s.Rounds, s.For = Forever, time.Minute+c.seconds(250)
		}
		p.Steps = append(p.Steps, s)
	}
	return p
}

func (c *chance) group(name string) []Person {
	if c.oneIn(12) {
		return nil
	}
	var line []Person
	for range 1 + c.of(4) {
		p := Person{ID: fmt.Sprintf("p%d", c.of(7))}
		for i := range pick(c, 1, 1, 1, 2, 3, 0) {
			p.Methods = append(p.Methods, Method{Address: fmt.Sprintf("sim:%s-%d", p.ID, i), Ring: c.seconds(3) * 5})
		}
		if c.oneIn(15) {
			p.Refused = "no trunk"
		}
		line = append(line, p)
	}
	return line
}

// wild is one night and what was seen of it.
type wild struct {
	*chance
	plan     Plan
	state    State
	start    time.Time
	now      time.Time
	agenda   []Event
	person   map[string]string // attempt → person
	outcomes map[string]int    // attempt → decisions
	rung     map[string]bool
	excused  map[string]bool // said to be unreached
	wanted   map[string]bool // were in a round
	story    []string
	calm     bool // nothing but phones: no console, no crash, no fault
	alerted  int
}

func wildNight(bytes []byte) error {
	seed := uint64(len(bytes))
	for _, b := range bytes {
		seed = seed*31 + uint64(b)
	}
	c := &chance{bytes: bytes, rest: rand.New(rand.NewPCG(seed, 3))}
	start := time.Date(2026, 7, 1, 3, 0, 0, 0, time.UTC)
	w := &wild{chance: c, plan: c.plan(), start: start, now: start, person: map[string]string{}, outcomes: map[string]int{},
		rung: map[string]bool{}, excused: map[string]bool{}, wanted: map[string]bool{}, calm: c.oneIn(2)}
	w.state = New("co", w.plan, pick(c, "critical", "warning"))
	if err := w.run(); err != nil {
		plan, _ := json.Marshal(w.plan)
		story := w.story
		if len(story) > 60 {
			story = append([]string{"…"}, story[len(story)-60:]...)
		}
		return fmt.Errorf("%w\nplan %s\n%s", err, plan, strings.Join(story, "\n"))
	}
	return nil
}

func (w *wild) run() error {
	if err := w.decide(Event{At: w.now, Kind: Begin}); err != nil {
		return err
	}
	for n := 0; ; n++ {
		if n > 20000 {
			return fmt.Errorf("it does not end: %s, due %v", w.state.Status, w.state.Due)
		}
		e, ok := w.next()
		if !ok || e.Kind == Tick && len(w.agenda) == 0 && w.settled() {
			return w.over()
		}
		if err := w.decide(e); err != nil {
			return err
		}
		if !w.calm && w.alerted < 12 && w.oneIn(40) {
			w.alerted++
			e := Event{At: w.now.Add(w.seconds(3)), Kind: pick(w.chance, Taken, Released, Released, Resolved, Refired, Refired, Stopped, Begin), By: "console"}
			if err := w.decide(e); err != nil {
				return err
			}
		}
	}
}

// settled tells that all that can still come is checks and the last resort, and that there was enough of both.
func (w *wild) settled() bool {
	switch w.state.Status {
	case Acknowledged, Exhausted:
		return w.now.Sub(w.start) > 24*time.Hour
	}
	return false
}

// next is the earliest of what phones do and what the machine waits for.
func (w *wild) next() (Event, bool) {
	best := -1
	for i, e := range w.agenda {
		if best < 0 || e.At.Before(w.agenda[best].At) {
			best = i
		}
	}
	due := w.state.Due
	if best >= 0 && (due.IsZero() || !due.Before(w.agenda[best].At)) {
		e := w.agenda[best]
		w.agenda = append(w.agenda[:best], w.agenda[best+1:]...)
		return e, true
	}
	if due.IsZero() {
		return Event{}, false
	}
	return Event{At: due.Add(w.seconds(2) / 4), Kind: Tick}, true
}

func (w *wild) decide(e Event) error {
	w.now = later(w.now, e.At)
	w.story = append(w.story, fmt.Sprintf("+%s %s %s %s%s", short(w.now.Sub(w.start)), e.Kind, e.Attempt, e.Outcome, e.Digit))
	if e.Kind == Mustered {
		for _, p := range e.People {
			w.story = append(w.story, fmt.Sprintf("    step %d round %d: %s %d %s", e.Step, e.Round, p.ID, len(p.Methods), p.Refused))
		}
	}
	before, err := json.Marshal(w.state)
	if err != nil {
		return err
	}
	var kept State
	if err := json.Unmarshal(before, &kept); err != nil {
		return err
	}
	was := w.state
	next, commands := Decide(w.state, e)
	if after, _ := json.Marshal(was); !bytes.Equal(before, after) {
		return fmt.Errorf("%s changed the state it was given", e.Kind)
	}
	keptNext, keptCommands := Decide(kept, e)
	a, _ := json.Marshal([]any{next, commands})
	b, _ := json.Marshal([]any{keptNext, keptCommands})
	if !bytes.Equal(a, b) {
		return fmt.Errorf("after JSON:\n%s\n%s", a, b)
	}
	w.state = next
	if !next.Due.IsZero() && !next.Due.After(w.now) {
		return fmt.Errorf("due at %v, which is not after %v", next.Due, w.now)
	}
	if limit := 60 + 12*len(next.Plan.Steps)*8; len(commands) > limit {
		return fmt.Errorf("%d commands for one %s", len(commands), e.Kind)
	}
	up := map[string]int{}
	for _, a := range next.Attempts {
		if a.Ended.IsZero() {
			if up[a.Person]++; up[a.Person] > 1 {
				return fmt.Errorf("%s has two lines", a.Person)
			}
		}
	}
	reawakened := e.Kind == Released || e.Kind == Refired || e.Kind == Begin
	ended := was.Status != Waiting && was.Status != Running && !reawakened
	for _, c := range commands {
		if ended && c.Step >= 0 && (c.Kind == Dial || c.Kind == Muster) {
			return fmt.Errorf("%s of %s although it is %s", c.Kind, c.Person, was.Status)
		}
		switch c.Kind {
		case Acknowledge, Exhaust:
			ended = true
		case Reopen:
			ended = false
		}
	}
	for _, c := range commands {
		if err := w.obey(c); err != nil {
			return err
		}
	}
	return nil
}

func (w *wild) obey(c Command) error {
	if c.Kind != Note {
		w.story = append(w.story, fmt.Sprintf("    %s %s %s %s", c.Kind, c.Attempt, c.Person, c.Why))
	}
	switch c.Kind {
	case Muster:
		e := Event{At: w.now, Kind: Mustered, Step: c.Step, Round: c.Round, Place: w.of(9)}
		for _, ref := range c.Refs {
			e.People = append(e.People, w.group(ref)...)
		}
		seen := map[string]bool{}
		for _, p := range e.People {
			if !seen[p.ID] {
				w.wanted[p.ID] = w.wanted[p.ID] || p.reason() == ""
			}
			seen[p.ID] = true
		}
		return w.decide(e)
	case Dial:
		if w.person[c.Attempt] != "" {
			return fmt.Errorf("%s is dialled twice", c.Attempt)
		}
		w.person[c.Attempt] = c.Person
		w.rung[c.Person] = true
		w.call(c)
	case Cancel, HangUp, Tell:
		if !w.oneIn(20) || w.calm {
			w.agenda = append(w.agenda, Event{At: w.now.Add(w.seconds(3)), Kind: Ended, Attempt: c.Attempt, Outcome: pick(w.chance, Canceled, NotConfirmed, NoAnswer)})
		}
	case Note:
		switch e := c.Event; e.Kind {
		case timeline.AttemptConfirmed, timeline.AttemptPassed, timeline.AttemptBusy, timeline.AttemptNoAnswer, timeline.AttemptRejected,
			timeline.AttemptUnreachable, timeline.AttemptInvalid, timeline.AttemptMachine, timeline.AttemptNotConfirmed,
			timeline.AttemptCanceled, timeline.AttemptLost, timeline.AttemptFault:
			if w.outcomes[e.Attempt]++; w.outcomes[e.Attempt] > 1 {
				return fmt.Errorf("%s has a second outcome: %s", e.Attempt, e.Kind)
			}
		case timeline.CalloutUnreached:
			w.excused[e.Person] = true
		}
	}
	return nil
}

// call plans what a phone does, sometimes nonsense, sometimes nothing at all.
func (w *wild) call(c Command) {
	at := w.now
	say := func(after time.Duration, e Event) {
		at = at.Add(after)
		e.At, e.Attempt = at, c.Attempt
		w.agenda = append(w.agenda, e)
	}
	if !w.calm && w.oneIn(25) {
		return // nothing is ever heard of it
	}
	refused := pick(w.chance, Busy, NoAnswer, Rejected, Unreachable, Invalid, Machine)
	if !w.calm {
		refused = pick(w.chance, Busy, NoAnswer, Rejected, Unreachable, Invalid, Machine, Lost, Fault, Canceled)
	}
	if w.oneIn(4) {
		say(w.seconds(3), Event{Kind: Ended, Outcome: refused})
		return
	}
	if w.oneIn(2) {
		say(w.seconds(90), Event{Kind: Placed})
	}
	say(w.seconds(3), Event{Kind: Rang})
	if w.oneIn(2) {
		say(c.Ring, Event{Kind: Ended, Outcome: refused})
		return
	}
	if !w.calm && w.oneIn(6) {
		say(0, Event{Kind: Pressed, Digit: "1"})
	}
	say(w.seconds(15), Event{Kind: AnsweredBy})
	for range w.of(3) {
		say(w.seconds(12), Event{Kind: Pressed, Digit: pick(w.chance, "2", "9", "5", "1", "2")})
	}
	if w.oneIn(2) {
		say(w.seconds(20), Event{Kind: Told})
	}
	say(w.seconds(80), Event{Kind: Ended, Outcome: pick(w.chance, NotConfirmed, NotConfirmed, refused)})
}

// over looks back on the night.
func (w *wild) over() error {
	switch w.state.Status {
	case Acknowledged, Exhausted, ResolvedNow, StoppedNow:
	default:
		return fmt.Errorf("nothing is waited for, but it is %s", w.state.Status)
	}
	for id := range w.person {
		if w.outcomes[id] != 1 {
			return fmt.Errorf("%s has %d outcomes", id, w.outcomes[id])
		}
	}
	limited := w.plan.Deadline > 0
	for _, s := range w.plan.Steps {
		limited = limited || s.For > 0
	}
	if w.state.Status != Exhausted || limited || !w.calm {
		return nil
	}
	for id, callable := range w.wanted {
		if callable && !w.rung[id] && !w.excused[id] {
			return fmt.Errorf("%s was never rung", id)
		}
	}
	return nil
}
