package callout

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// What holds on every night, whatever the plan, the people and the order of events:
//   - after the need is met nobody is rung until it lapses, but the one who took it, whoever it is handed
//     to, and everybody when somebody wants them; after the end nobody at all;
//   - by the time everybody was rung in vain, everybody was rung;
//   - a person has one outgoing line at a time, but for phones that are put together, none of which a person has answered;
//     who has confirmed or passed on one is not asked on another; and every call has exactly one outcome;
//   - the clock is asked for at a later moment only, one event leads to a bounded number of commands,
//     and plans that end, end;
//   - the kill switch rings nobody; who rejected a call gets no second one; a second one comes in time;
//   - where everyone is required, nobody is missing when it is acknowledged;
//   - a machine takes nothing, unless the plan says that any answer does;
//   - whoever it was taken from is told so (Reopen);
//   - a state that was kept as JSON decides the same, and Decide changes nothing in its argument.
//
// A million steps take about ten seconds of a core. Where that is slow, as many are taken as twenty seconds
// allow, and never less than a hundred thousand.
func TestProperties(t *testing.T) {
	steps, nights, besides, began := 0, 0, 0, time.Now()
	for ; steps < 100_000 || steps < 1_000_000 && !testing.Short() && time.Since(began) < 20*time.Second; nights++ {
		r := rand.New(rand.NewPCG(uint64(nights), 7))
		bytes := make([]byte, 64+r.IntN(400))
		for i := range bytes {
			bytes[i] = byte(r.UintN(256))
		}
		n, beside, err := wildNight(bytes)
		besides += beside
		if steps += n; err != nil {
			t.Fatalf("night %d: %v", nights, err)
		}
	}
	if besides < nights/10 {
		t.Errorf("only %d calls were made beside another one to the same person", besides)
	}
	t.Logf("%d steps of %d nights in %s; %d calls rang beside another one to the same person", steps, nights, time.Since(began).Round(time.Millisecond), besides)
}

func FuzzDecide(f *testing.F) {
	f.Add([]byte("a quiet night"))
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 254, 253})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, _, err := wildNight(b); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzEvents gives Decide events that nobody would send, written as JSON: it neither panics nor spins, rings
// nobody after the end, and what it makes of them can be kept.
func FuzzEvents(f *testing.F) {
	f.Add(`[{"kind":"answered","attempt":"co-1"},{"kind":"pressed","attempt":"co-1","digit":"1"},{"kind":"released"}]`)
	f.Add(`[{"at":"2026-07-01T03:00:09Z","kind":"halted","until":"9000-01-01T00:00:00Z"},{"kind":"mustered","step":-3,"round":1,"people":[{"id":"x"},{"id":"x"}],"place":-9223372036854775808}]`)
	f.Add(`[{"kind":"taken","by":"sato"},{"kind":"handed-over","people":[{"id":"","methods":null}]},{"kind":"snoozed","for":-1},{"kind":"called-back","by":"sato"}]`)
	f.Add(`[{"kind":"answered","attempt":"co-1"},{"kind":"mustered","step":-3,"round":1,"people":[{"id":"person-00000","methods":[{"address":"x","together":-1},{"address":"y","together":-1},{"address":"sim:person-00000"}]}]},{"kind":"ended","attempt":"co-2","outcome":"rejected"},{"kind":"ended","attempt":"co-1","outcome":"canceled"}]`)
	f.Add(`[{"kind":"summoned"},{"kind":"resolved"},{"kind":"refired"},{"kind":"detected","attempt":"co-2","text":"fax"},{"kind":"unhalted"},{"kind":"stopped"}]`)
	start := time.Date(2026, 7, 1, 3, 0, 0, 0, time.UTC)
	plan := Plan{Machine: MachineMessage, Steps: []Step{{Call: []string{"@a"}, Order: RoundRobin, DoubleTap: true, Rounds: 2}, {Call: []string{"@a"}, Need: Everyone, Join: true}}}
	begun, _ := DecideAll(New("co", plan, ""), Event{At: start, Kind: Begin}, Event{At: start, Kind: Mustered, Round: 1, People: withTwoPhones(crowd(3))})
	f.Fuzz(func(t *testing.T, text string) {
		var events []Event
		if json.Unmarshal([]byte(text), &events) != nil || len(events) > 100 {
			return
		}
		s := begun
		for _, e := range events {
			if e.At.Year() > 9000 {
				return // the clock of nobody
			}
			was := s
			var commands []Command
			s, commands = Decide(s, e)
			if _, err := json.Marshal(s); err != nil {
				t.Fatal(err)
			}
			if !s.Due.IsZero() && !s.Due.After(s.Clock) || len(commands) > 500 {
				t.Fatalf("%s: due %v at %v, %d commands", e.Kind, s.Due, s.Clock, len(commands))
			}
			over := was.Status == ResolvedNow || was.Status == StoppedNow
			if has(commands, Dial) && (over && s.Status == was.Status || !s.Halt.IsZero()) {
				t.Fatalf("%s rings somebody although it is %s", e.Kind, s.Status)
			}
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
	p := Plan{Name: "wild", Confirm: pick(c, ByKey, ByKey, ByProof, ByHangup, ByAnswer), Repeat: c.of(3),
		Machine: pick(c, "", MachineYields, MachineHangUp, MachineMessage), StillOnIt: pick(c, 0, 2*time.Minute, Never)}
	if c.oneIn(2) {
		p.Keys = map[string]Action{"1": Accept, "2": Pass, "3": CallEveryone, "9": Again}
	}
	if c.oneIn(6) {
		p.Keys = map[string]Action{"1": Accept, "3": CallEveryone, "4": Snooze, "5": LeaveWord, "6": Close}
	}
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
			Gap: pick(c, 0, AtOnce, 10*time.Second), Ring: c.seconds(40), Listen: c.seconds(60),
			DoubleTap: c.oneIn(3), Join: c.oneIn(4)}
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
		p.Methods = c.methods(p.ID, pick(c, 1, 1, 2, 2, 3, 4, 0))
		if c.oneIn(15) {
			p.Refused = "no trunk"
		}
		line = append(line, p)
	}
	return line
}

// methods are n ways to reach somebody, some of them put together. The address ends with the number of its set.
func (c *chance) methods(id string, n int) (all []Method) {
	set := c.of(2)
	for i := range n {
		m := Method{Ring: c.seconds(3) * 5, Together: set}
		m.Address = fmt.Sprintf("%s:%s-%d.%d", pick(c, "sim", "sim", "client"), id, i, set)
		if all = append(all, m); c.oneIn(3) {
			set = pick(c, 0, i+2)
		}
	}
	return all
}

// wild is one night and what was seen of it.
type wild struct {
	*chance
	plan     Plan
	state    State
	start    time.Time
	now      time.Time
	agenda   []Event
	follow   []Event          // what the commands of a step lead to at once
	calls    map[string]*seen // by attempt
	rung     map[string]bool
	excused  map[string]bool // said to be unreached
	wanted   map[string]bool // were in a round
	answered map[string]bool // confirmed or passed
	asked    map[int][]string
	story    []string
	calm     bool // nothing but phones: no console, no crash, no fault
	alerted  int
	steps    int
	besides  int // calls that were made beside another one to the same person
}

// seen is what was seen of one attempt.
type seen struct {
	Command
	at       time.Time
	ended    time.Time
	outcomes []timeline.Kind
	machine  bool // nobody will press a key
	keyed    bool
	tone     string // the key that was heard once in the sound
	proved   bool
	tapped   bool
}

func wildNight(bytes []byte) (steps, besides int, err error) {
	seed := uint64(len(bytes))
	for _, b := range bytes {
		seed = seed*31 + uint64(b)
	}
	c := &chance{bytes: bytes, rest: rand.New(rand.NewPCG(seed, 3))}
	start := time.Date(2026, 7, 1, 3, 0, 0, 0, time.UTC)
	w := &wild{chance: c, plan: c.plan(), start: start, now: start, calls: map[string]*seen{},
		rung: map[string]bool{}, excused: map[string]bool{}, wanted: map[string]bool{}, answered: map[string]bool{}, asked: map[int][]string{}, calm: c.oneIn(2)}
	w.state = New("co", w.plan, pick(c, "critical", "warning", ""))
	w.state.Drill = c.oneIn(8)
	if err := w.run(); err != nil {
		plan, _ := json.Marshal(w.plan)
		story := w.story
		if len(story) > 80 {
			story = append([]string{"…"}, story[len(story)-80:]...)
		}
		return w.steps, w.besides, fmt.Errorf("%w\nplan %s\n%s", err, plan, strings.Join(story, "\n"))
	}
	return w.steps, w.besides, nil
}

func (w *wild) run() error {
	if !w.calm && w.oneIn(10) {
		if err := w.decide(w.meddle()); err != nil {
			return err
		}
	}
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
		if !w.calm && w.alerted < 16 && w.oneIn(30) {
			w.alerted++
			if err := w.decide(w.meddle()); err != nil {
				return err
			}
		}
	}
}

// meddle is something that happens beside the phones, sometimes nonsense.
func (w *wild) meddle() Event {
	e := Event{At: w.now.Add(w.seconds(3)), By: pick(w.chance, "console", "p1", "p2"),
		Kind: pick(w.chance, Taken, Released, Released, Resolved, Refired, Refired, Stopped, Begin, Alive, Snoozed, HandedOver, HandedOver,
			Summoned, Summoned, CalledBack, CalledBack, Halted, Halted, Unhalted, Mustered, Pressed, Detected, Wanted, "nonsense")}
	switch e.Kind {
	case Released, Refired:
		e.Severity = pick(w.chance, "", "critical", "warning")
	case Snoozed:
		e.For = w.seconds(200) * 10
	case HandedOver:
		e.People = w.group("to")
	case CalledBack:
		e.By, e.Text = fmt.Sprintf("p%d", w.of(9)), "sim:back"
	case Halted:
		e.Until = w.now.Add(w.seconds(200) * 10)
	case Mustered:
		e.Step, e.Round, e.People, e.Place = w.of(9)-4, w.of(3), w.group("x"), w.of(300)-100
	case Pressed, Detected, Wanted:
		e.Attempt, e.Digit, e.Text = fmt.Sprintf("co-%d", w.of(40)-2), "1", "machine_start"
		if c := w.calls[e.Attempt]; c != nil && c.machine {
			e.Kind = Detected
		}
	}
	return e
}

// settled tells that all that can still come is checks and the last resort, and that there was enough of both.
func (w *wild) settled() bool {
	switch w.state.Status {
	case Acknowledged, Exhausted:
		undecided := slices.ContainsFunc(w.state.Attempts, func(a Attempt) bool { return !a.Outcome.Final() })
		return !undecided && w.now.Sub(w.start) > 3*time.Hour
	}
	return false
}

// next is the earliest of what phones do and what the machine waits for.
func (w *wild) next() (Event, bool) {
	first := -1
	for i, e := range w.agenda {
		if first < 0 || e.At.Before(w.agenda[first].At) {
			first = i
		}
	}
	due := w.state.Due
	if first < 0 || !due.IsZero() && due.Before(w.agenda[first].At) {
		if due.IsZero() {
			return Event{}, false
		}
		return Event{At: due, Kind: Tick}, true
	}
	e := w.agenda[first]
	w.agenda = append(w.agenda[:first], w.agenda[first+1:]...)
	return e, true
}

func (w *wild) decide(e Event) error {
	w.steps++
	w.now = later(w.now, e.At)
	w.story = append(w.story, fmt.Sprintf("+%s %s %s %s%s %s%s", short(w.now.Sub(w.start)), e.Kind, e.Attempt, e.Outcome, e.Digit, e.By, e.Text))
	if e.Kind == Mustered {
		for _, p := range e.People {
			w.story = append(w.story, fmt.Sprintf("    step %d round %d: %s %d %s", e.Step, e.Round, p.ID, len(p.Methods), p.Refused))
		}
	}
	if c := w.calls[e.Attempt]; c != nil {
		if e.Kind == Pressed && e.InBand && c.tone != e.Digit {
			c.tone = e.Digit // heard once in the sound: it proves nobody
		} else if e.Kind == Pressed {
			c.keyed, c.proved, c.tone = true, c.proved || e.Proof, ""
		}
	}
	was := w.state
	next, commands := Decide(w.state, e)
	if w.oneIn(12) {
		if err := sameAsJSON(was, e, next, commands); err != nil {
			return err
		}
	}
	w.state = next
	if err := w.promises(was, e, next, commands); err != nil {
		return err
	}
	w.follow = nil
	for _, c := range commands {
		if err := w.obey(c); err != nil {
			return err
		}
	}
	for _, e := range w.follow { // the answers come when all commands are carried out
		if err := w.decide(e); err != nil {
			return err
		}
	}
	return nil
}

// sameAsJSON proves that the argument was not changed, and that a state that was kept decides the same.
func sameAsJSON(was State, e Event, next State, commands []Command) error {
	before, err := json.Marshal(was)
	if err != nil {
		return err
	}
	var kept State
	if err := json.Unmarshal(before, &kept); err != nil {
		return err
	}
	keptNext, keptCommands := Decide(kept, e)
	a, _ := json.Marshal([]any{next, commands})
	b, _ := json.Marshal([]any{keptNext, keptCommands})
	if !bytes.Equal(a, b) {
		return fmt.Errorf("after JSON:\n%s\n%s", a, b)
	}
	if after, _ := json.Marshal(was); !bytes.Equal(before, after) {
		return fmt.Errorf("%s changed the state it was given", e.Kind)
	}
	return nil
}

// promises checks what one step did.
func (w *wild) promises(was State, e Event, next State, commands []Command) error {
	if !next.Due.IsZero() && !next.Due.After(w.now) {
		return fmt.Errorf("due at %v, which is not after %v", next.Due, w.now)
	}
	if limit := 60 + 12*len(next.Plan.Steps)*8; len(commands) > limit {
		return fmt.Errorf("%d commands for one %s", len(commands), e.Kind)
	}
	for _, c := range commands {
		if err := w.oneLine(next, c); err != nil {
			return err
		}
	}
	if next.Status == Waiting || next.Status == Running {
		gone := was.Status == Acknowledged || was.Status == ResolvedNow && was.Was == Acknowledged
		if gone && e.Kind != Refired && !has(commands, Reopen) {
			return fmt.Errorf("%s: it is nobody's any more, and nobody is told", e.Kind)
		}
	}
	// How it stands while the commands are carried out one after another.
	status := was.Status
	if e.Kind == Refired || e.Kind == Begin {
		status = next.Status
	}
	for _, c := range commands {
		switch c.Kind {
		case Acknowledge:
			if err := w.mayAcknowledge(was, e, c); err != nil {
				return err
			}
			status = Acknowledged
		case Exhaust:
			status = Exhausted
		case Reopen:
			status = Running
		case CloseAlert:
			status = ResolvedNow
		case Dial, Muster:
			if !next.Halt.IsZero() && c.Kind == Dial {
				return fmt.Errorf("%s of %s while nobody may be rung", c.Kind, c.Person)
			}
			switch {
			case status == Waiting, status == Running:
			case c.Step == StepAll && status != ResolvedNow && status != StoppedNow:
			case c.Step == StepLast && status == Exhausted:
			case c.Step == StepCheck && status == Acknowledged && (c.Kind == Muster || c.Person == was.By):
			case c.Step == StepCheck && status == Exhausted && c.Purpose == ForHandOver:
			default:
				return fmt.Errorf("%s of %q for step %d although it is %s", c.Kind, c.Person, c.Step, status)
			}
		}
	}
	return nil
}

// oneLine checks that whoever is rung is on no other line, but for phones that ring together, and that who has decided on
// one is asked on no other.
func (w *wild) oneLine(next State, c Command) error {
	decides := c.Kind == Note && (c.Event.Kind == timeline.AttemptConfirmed || c.Event.Kind == timeline.AttemptPassed)
	if c.Kind != Dial && !decides {
		return nil
	}
	for _, address := range c.With {
		if set := c.Address[strings.LastIndexByte(c.Address, '.'):]; set == ".0" || !strings.HasSuffix(address, set) || address == c.Address {
			return fmt.Errorf("%s rings with %s, which are not put together", c.Address, address)
		}
	}
	for _, a := range next.Attempts {
		switch {
		case !a.Ended.IsZero():
		case decides && a.Person == c.Event.Person && a.ID != c.Event.Attempt && !a.Outcome.Final():
			return fmt.Errorf("%s has decided on %s, and is asked on %s", a.Person, c.Event.Attempt, a.ID)
		case c.Kind != Dial || a.Person != c.Person || a.ID == c.Attempt:
		case a.Inbound || !slices.Contains(c.With, a.Address):
			return fmt.Errorf("%s has two lines: %s and %s", a.Person, a.ID, c.Attempt)
		case a.Outcome == Listening && !a.Device:
			return fmt.Errorf("%s has answered %s, and %s rings", a.Person, a.ID, c.Attempt)
		default:
			w.besides++
		}
	}
	return nil
}

func has(commands []Command, kind CommandKind) bool {
	return slices.ContainsFunc(commands, func(c Command) bool { return c.Kind == kind })
}

// mayAcknowledge checks that nobody is missing where everyone is required.
func (w *wild) mayAcknowledge(was State, e Event, c Command) error {
	if call := w.calls[e.Attempt]; call != nil && call.Purpose == ForHandOver {
		return nil
	}
	if e.Kind == Taken || was.Status == Exhausted || was.Giver != "" || len(w.asked) == 0 {
		return nil
	}
	for _, s := range w.state.Plan.Steps {
		if !s.isWait() && (s.Need != Everyone || s.optional()) {
			return nil
		}
	}
	for _, people := range w.asked {
		if !slices.ContainsFunc(people, func(id string) bool { return !w.answered[id] && id != c.By && id != w.personOf(e.Attempt) }) {
			return nil
		}
	}
	return fmt.Errorf("acknowledged by %s although somebody is missing: asked %v, answered %v", c.By, w.asked, w.answered)
}

func (w *wild) personOf(attempt string) string {
	if c := w.calls[attempt]; c != nil {
		return c.Person
	}
	return ""
}

func (w *wild) obey(c Command) error {
	if c.Kind != Note {
		w.story = append(w.story, fmt.Sprintf("    %s %s %s %s %s%s", c.Kind, c.Attempt, c.Person, c.Why, c.Purpose, c.After))
	}
	switch c.Kind {
	case Muster:
		e := Event{At: w.now, Kind: Mustered, Step: c.Step, Round: c.Round, Place: w.of(9)}
		for _, ref := range c.Refs {
			if c.Step == StepCheck {
				if strings.HasPrefix(ref, "p") {
					e.People = append(e.People, Person{ID: ref, Methods: w.methods(ref, 1+w.of(2))})
				}
				continue
			}
			e.People = append(e.People, w.group(ref)...)
		}
		w.asked[c.Step] = nil
		seen := map[string]bool{}
		for _, p := range e.People {
			if !seen[p.ID] {
				w.wanted[p.ID] = w.wanted[p.ID] || p.reason() == ""
			}
			seen[p.ID] = true
			w.asked[c.Step] = append(w.asked[c.Step], p.ID)
		}
		if c.Step < 0 || len(w.asked[c.Step]) == 0 {
			delete(w.asked, c.Step)
		}
		w.follow = append(w.follow, e)
	case Dial, Seat:
		if w.calls[c.Attempt] != nil {
			return fmt.Errorf("%s is dialled twice", c.Attempt)
		}
		w.calls[c.Attempt] = &seen{Command: c, at: w.now}
		w.rung[c.Person] = true
		if c.Kind == Seat {
			w.answers(c)
			return nil
		}
		w.phone(c)
		return w.second(c)
	case Cancel, HangUp, Tell, AfterBeep:
		if !w.oneIn(20) || w.calm {
			w.agenda = append(w.agenda, Event{At: w.now.Add(w.seconds(3)), Kind: Ended, Attempt: c.Attempt, Outcome: pick(w.chance, Canceled, NotConfirmed, NoAnswer)})
		}
	case Note:
		return w.note(c.Event)
	}
	return nil
}

func (w *wild) note(e timeline.Event) error {
	switch e.Kind {
	case timeline.AttemptConfirmed, timeline.AttemptPassed, timeline.AttemptBusy, timeline.AttemptNoAnswer, timeline.AttemptRejected,
		timeline.AttemptUnreachable, timeline.AttemptInvalid, timeline.AttemptMachine, timeline.AttemptNotConfirmed,
		timeline.AttemptCanceled, timeline.AttemptLost, timeline.AttemptFault:
		c := w.calls[e.Attempt]
		if c.outcomes = append(c.outcomes, e.Kind); len(c.outcomes) > 1 {
			return fmt.Errorf("%s has a second outcome: %s", e.Attempt, e.Kind)
		}
		c.ended = w.now
		w.answered[e.Person] = w.answered[e.Person] || e.Kind == timeline.AttemptConfirmed || e.Kind == timeline.AttemptPassed
		switch {
		case e.Kind != timeline.AttemptConfirmed || w.plan.Confirm == ByAnswer:
		case c.machine:
			return fmt.Errorf("a machine has confirmed: %s", e.Attempt)
		case w.plan.Confirm == ByProof && !c.proved && c.Purpose != ForCheck:
			return fmt.Errorf("confirmed without the spoken digit: %s", e.Attempt)
		}
	case timeline.CalloutUnreached:
		w.excused[e.Person] = true
	}
	return nil
}

// second checks a second call through do-not-disturb.
func (w *wild) second(c Command) error {
	if c.After == "" {
		return nil
	}
	first := w.calls[c.After]
	if first == nil || first.Person != c.Person || first.Address != c.Address || first.Step != c.Step || first.Round != c.Round {
		return fmt.Errorf("%s repeats %s, which is another call", c.Attempt, c.After)
	}
	if first.tapped || first.After != "" {
		return fmt.Errorf("%s is repeated twice", c.After)
	}
	first.tapped = true
	switch first.outcomes[0] {
	case timeline.AttemptNoAnswer, timeline.AttemptNotConfirmed, timeline.AttemptMachine:
	default:
		return fmt.Errorf("%s is repeated after %s", c.After, first.outcomes[0])
	}
	if w.now.Sub(first.ended) < tapAfter || w.now.Sub(first.at) > 3*time.Minute {
		return fmt.Errorf("%s is repeated %s after it began, %s after it ended", c.After, w.now.Sub(first.at), w.now.Sub(first.ended))
	}
	for _, other := range w.calls {
		if other.Person == c.Person && other.Step == c.Step && other.Round == c.Round && !other.at.Before(first.at) &&
			slices.Contains(other.outcomes, timeline.AttemptRejected) {
			return fmt.Errorf("%s rejected %s and is called again as %s", c.Person, other.Attempt, c.Attempt)
		}
	}
	return nil
}

// phone plans what a phone does, sometimes nonsense, sometimes nothing at all.
func (w *wild) phone(c Command) {
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
	w.answersAt(c, at, refused)
}

func (w *wild) answers(c Command) { w.answersAt(c, w.now, pick(w.chance, NotConfirmed, Lost, Fault)) }

// answersAt plans what happens after the answer.
func (w *wild) answersAt(c Command, at time.Time, refused Outcome) {
	say := func(after time.Duration, e Event) {
		at = at.Add(after)
		e.At, e.Attempt = at, c.Attempt
		w.agenda = append(w.agenda, e)
	}
	if w.oneIn(4) {
		// Where a hang-up is enough, a machine is told from a person by detection alone.
		w.calls[c.Attempt].machine = true
		say(w.seconds(5), Event{Kind: Detected, Text: pick(w.chance, "machine_start", "fax", "machine_end_beep", "machine_end_silence")})
		say(w.seconds(9), Event{Kind: Detected, Text: "machine_end_beep"})
	} else {
		if w.oneIn(4) {
			say(w.seconds(5), Event{Kind: Detected, Text: pick(w.chance, "human", "unknown", "machine_start")})
		}
		for range w.of(4) {
			e := Event{Kind: Pressed, Digit: pick(w.chance, "2", "9", "5", "1", "2", "3", "3", "4", "6", "1")}
			if w.oneIn(3) && w.plan.Confirm == ByProof {
				e.Digit, e.Proof = "8", true
			}
			if e.InBand = w.oneIn(3); e.InBand && w.oneIn(2) {
				say(w.seconds(12), e)
			}
			say(w.seconds(12), e)
		}
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
	for id, c := range w.calls {
		if len(c.outcomes) != 1 {
			return fmt.Errorf("%s has %d outcomes", id, len(c.outcomes))
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
