package callout

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// A night file tells one story of one call-out.
//
//	What it shows, in a line or two.
//	-- plan --
//	a plan as users write it
//	-- alert --                     if it is not critical
//	severity warning
//	place 1                         the round robin's memory
//	drill                           a rehearsal
//	-- people --                    only those who are more than a name with one simulated phone
//	sato sim:mobile sim:desk        two ways to reach sato, in order
//	sato sim:mobile&client:sato     two ways that ring at the same time
//	hana refused no trunk reaches 0120
//	@db-team = sato suzuki
//	default-contacts: = sato        nobody, unless they are named
//	-- night --
//	begin                           => dial sato
//	+20s  sato no-answer            => dial suzuki
//	+25s  suzuki answers            => -
//	+30s  suzuki presses 1          => confirmed suzuki, acknowledged by suzuki
//	+2m                             => what the clock alone leads to
//	+3m   alert snoozed by suzuki 1h => -
//	+4m   alert halted by hana 10m  => halted
//	+5m   sato calls back           => seat sato
//	+6m   sato presses 7 proof      => the spoken digit
//	+7m   sato presses 2 in-band    heard as a tone in the sound
//	status acknowledged
//	missing tanaka boss             also: responded
//
// Moments count from the beginning. Nothing but what stands on the right may happen: a tick that
// leads to something has to have its own line at its own second. sato stands for the last call to
// her that is still up, sato/1 for the one to her first phone where several ring. After "cancel" and
// "hang-up" the line is down; after "tell" and "confirmed" it stays up until "ends".
func TestNights(t *testing.T) {
	files, err := filepath.Glob("testdata/*.night")
	if err != nil || len(files) == 0 {
		t.Fatal("no night files", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".night"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			playNight(t, string(text))
		})
	}
}

type night struct {
	t        *testing.T
	start    time.Time
	now      time.Time
	state    State
	place    int
	severity string
	drill    bool
	people   Roster
	line     map[string]string // person, and person/way → attempt that is up
	shared   map[string]bool   // attempts beside which others of the same person may ring
	happened []string          // since the last line of the story
}

func playNight(t *testing.T, text string) {
	start := time.Date(2026, 7, 1, 3, 0, 0, 0, time.UTC)
	n := &night{t: t, start: start, now: start, severity: "critical", people: Roster{}, line: map[string]string{}, shared: map[string]bool{}}
	sections := map[string][]string{}
	name, first := "", map[string]int{}
	for i, line := range strings.Split(text, "\n") {
		if s, ok := strings.CutPrefix(line, "-- "); ok && strings.HasSuffix(line, " --") {
			name = strings.TrimSuffix(s, " --")
			first[name] = i + 2
			continue
		}
		sections[name] = append(sections[name], line)
	}
	if strings.TrimSpace(strings.Join(sections[""], "")) == "" {
		t.Error("the file does not say what it shows")
	}
	plan, _, problems := ParsePlan([]byte(strings.Join(sections["plan"], "\n")))
	if problems.Refused() {
		t.Fatalf("plan: %v", problems.Err())
	}
	for _, line := range sections["alert"] {
		switch f := strings.Fields(line); {
		case len(f) == 0:
		case f[0] == "severity":
			n.severity = f[1]
		case f[0] == "drill":
			n.drill = true
		case f[0] == "place":
			n.place, _ = strconv.Atoi(f[1])
		default:
			t.Fatalf("alert: %q", line)
		}
	}
	for _, line := range sections["people"] {
		n.person(strings.Fields(line))
	}
	n.state = New("night", plan, n.severity)
	n.state.Drill = n.drill
	for i, line := range sections["night"] {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		n.tell(first["night"]+i, line)
		if t.Failed() {
			return
		}
	}
}

func (n *night) person(f []string) {
	switch {
	case len(f) == 0:
	case len(f) > 1 && f[1] == "=":
		var line []Person
		for _, id := range f[2:] {
			line = append(line, n.whoIs(id)...)
		}
		n.people[f[0]] = line
	case len(f) > 1 && f[1] == "refused":
		n.people[f[0]] = []Person{{ID: f[0], Refused: strings.Join(f[2:], " ")}}
	default:
		p := Person{ID: f[0]}
		for i, set := range f[1:] {
			for _, address := range strings.Split(set, "&") {
				address, ring, _ := strings.Cut(address, "/")
				d, _ := time.ParseDuration(ring)
				m := Method{Address: address, Ring: d}
				if strings.Contains(set, "&") {
					m.Together = i + 1
				}
				p.Methods = append(p.Methods, m)
			}
		}
		n.people[f[0]] = []Person{p}
	}
}

func (n *night) whoIs(ref string) []Person {
	if line, ok := n.people[ref]; ok {
		return line
	}
	return []Person{{ID: ref, Methods: []Method{{Address: "sim:" + ref}}}}
}

// desks take alerts and have no phone.
var desks = []string{"console", "api", "mori"}

var endings = map[string]Outcome{"busy": Busy, "no-answer": NoAnswer, "rejected": Rejected, "unreachable": Unreachable, "invalid": Invalid,
	"machine": Machine, "lost": Lost, "fault": Fault, "ends": NotConfirmed, "hangs-up": NotConfirmed, "canceled": Canceled}

// tell plays one line of the story.
func (n *night) tell(no int, line string) {
	left, right, expects := strings.Cut(line, "=>")
	f := strings.Fields(left)
	if len(f) == 2 && f[0] == "status" {
		if string(n.state.Status) != f[1] {
			n.t.Errorf("line %d: the call-out is %s, want %s", no, n.state.Status, f[1])
		}
		return
	}
	if len(f) > 0 && (f[0] == "missing" || f[0] == "responded") {
		got := n.state.Missing()
		if f[0] == "responded" {
			got = n.state.Responded()
		}
		if !slices.Equal(got, f[1:]) {
			n.t.Errorf("line %d: %s are %v", no, f[0], got)
		}
		return
	}
	at := n.now.Sub(n.start)
	if len(f) > 0 && strings.HasPrefix(f[0], "+") {
		d, err := time.ParseDuration(f[0][1:])
		if err != nil {
			n.t.Fatalf("line %d: %v", no, err)
		}
		at, f = d, f[1:]
	}
	n.happened = nil
	until := n.start.Add(at)
	// The clock first: what it leads to before the moment of this line is unexpected, except where
	// the line is about the clock itself.
	for !n.state.Due.IsZero() && (n.state.Due.Before(until) || len(f) == 0 && !n.state.Due.After(until)) {
		n.decide(Event{At: n.state.Due, Kind: Tick})
		if len(n.happened) > 0 && n.now.Before(until) {
			n.t.Errorf("line %d: +%s already: %s", no, short(n.now.Sub(n.start)), strings.Join(n.happened, ", "))
			return
		}
	}
	n.now = until
	if len(f) > 0 {
		e, ok := n.event(f)
		if !ok {
			n.t.Fatalf("line %d: %q is not understood", no, line)
		}
		if e.Kind != "" {
			e.At = until
			n.decide(e)
		}
	}
	want := []string{}
	for _, w := range strings.Split(right, ",") {
		if w = strings.TrimSpace(w); w != "" && w != "-" {
			want = append(want, w)
		}
	}
	if !expects && len(f) > 0 && f[0] != "duty" {
		n.t.Fatalf("line %d: => is missing", no)
	}
	if !slices.EqualFunc(n.happened, want, func(got, want string) bool {
		return got == want || strings.HasPrefix(got, want+" for ") // the ring time need not be written
	}) {
		n.t.Errorf("line %d: %s\n got %s\nwant %s", no, line, strings.Join(n.happened, ", "), strings.Join(want, ", "))
	}
}

func (n *night) event(f []string) (e Event, ok bool) {
	by := func(i int) string {
		if len(f) > i+1 && f[i] == "by" {
			return f[i+1]
		}
		return ""
	}
	switch f[0] {
	case "begin":
		return Event{Kind: Begin}, true
	case "alert":
		return n.alert(f[1], by(2), f)
	case "duty":
		n.person(append([]string{f[1], "="}, f[2:]...))
		return Event{}, true
	}
	if len(f) < 2 {
		return e, false
	}
	if f[1] == "calls" { // back
		return Event{Kind: CalledBack, By: f[0], Text: n.whoIs(f[0])[0].Methods[0].Address}, true
	}
	e.Attempt = n.line[f[0]]
	if e.Attempt == "" {
		n.t.Errorf("no line to %s is up", f[0])
	}
	if o, ends := endings[f[1]]; ends {
		n.down(e.Attempt)
		e.Kind, e.Outcome = Ended, o
		return e, true
	}
	switch f[1] {
	case "placed":
		e.Kind = Placed
	case "rings":
		e.Kind = Rang
	case "answers":
		e.Kind, e.Unsure = AnsweredBy, len(f) > 2 && f[2] == "unsure" // the line answers by itself
	case "hears": // the whole message
		e.Kind = Told
	case "presses":
		e.Kind, e.Digit, e.Proof, e.InBand = Pressed, f[2], slices.Contains(f, "proof"), slices.Contains(f, "in-band")
	case "wanted": // her line, by somebody who waits for one
		e.Kind = Wanted
	case "detected":
		e.Kind, e.Text = Detected, f[2]
	default:
		return e, false
	}
	return e, true
}

// down forgets a line; the person's name stands for another one that is up, if there is one.
func (n *night) down(attempt string) {
	for name, up := range n.line {
		if up == attempt {
			delete(n.line, name)
		}
	}
	for name, up := range n.line {
		if person, _, ok := strings.Cut(name, "/"); ok && n.line[person] == "" {
			n.line[person] = up
		}
	}
}

// way is the person with the place of the phone, where it is not the first.
func (n *night) way(person, address string) (name string, place int) {
	place = slices.IndexFunc(n.whoIs(person)[0].Methods, func(m Method) bool { return m.Address == address })
	if place > 0 {
		return person + "/" + strconv.Itoa(place+1), place
	}
	return person, max(place, 0)
}

// named is who a command is about, with the phone where another one of the same person is up.
func (n *night) named(c Command) string {
	for name, up := range n.line {
		if up == c.Attempt && strings.Contains(name, "/") && !strings.HasSuffix(name, "/1") && n.shared[up] {
			return name
		}
	}
	return c.Person
}

// alert is what happens beside the phones: alert snoozed by sato 1h.
func (n *night) alert(word, by string, f []string) (e Event, ok bool) {
	kinds := map[string]EventKind{"resolved": Resolved, "refired": Refired, "taken": Taken, "released": Released, "stopped": Stopped,
		"alive": Alive, "snoozed": Snoozed, "handed-over": HandedOver, "summoned": Summoned, "halted": Halted, "unhalted": Unhalted}
	e.Kind, ok = kinds[word]
	e.By = by
	last := f[len(f)-1]
	switch e.Kind {
	case Released, Refired: // alert released by sato critical
		if len(f) > 2 && f[len(f)-2] != "by" {
			e.Severity = last
		}
	case Snoozed:
		e.For, _ = time.ParseDuration(last)
	case Halted:
		if d, err := time.ParseDuration(last); err == nil {
			e.Until = n.now.Add(d)
		}
	case HandedOver: // alert handed-over by sato to suzuki
		e.People = n.whoIs(last)
	}
	return e, ok
}

// decide gives one event to the machine, and the answers it needs at once. It also proves that
// Decide changes nothing in its argument and does the same with a state that was kept as JSON.
func (n *night) decide(e Event) {
	n.now = e.At
	before := asJSON(n.t, n.state)
	var kept State
	if err := json.Unmarshal(before, &kept); err != nil {
		n.t.Fatal(err)
	}
	next, commands := Decide(n.state, e)
	if !bytes.Equal(before, asJSON(n.t, n.state)) {
		n.t.Fatalf("%s changed the state it was given", e.Kind)
	}
	next2, commands2 := Decide(kept, e)
	if a, b := asJSON(n.t, next), asJSON(n.t, next2); !bytes.Equal(a, b) {
		n.t.Fatalf("%s after JSON:\n%s\n%s", e.Kind, a, b)
	}
	if a, b := asJSON(n.t, commands), asJSON(n.t, commands2); !bytes.Equal(a, b) {
		n.t.Fatalf("%s after JSON:\n%s\n%s", e.Kind, a, b)
	}
	taken := n.state.Status == Acknowledged || n.state.Status == ResolvedNow && n.state.Was == Acknowledged && e.At.Sub(n.state.Over) < flapWindow
	n.state = next
	if taken && (next.Status == Running || next.Status == Waiting) && !slices.ContainsFunc(commands, func(c Command) bool { return c.Kind == Reopen }) {
		n.t.Fatalf("%s: it is nobody's any more, and nobody is told so", e.Kind)
	}
	if !next.Due.IsZero() && !next.Due.After(e.At) {
		n.t.Fatalf("%s at %v: due at %v", e.Kind, e.At, next.Due)
	}
	for _, c := range commands {
		n.obey(c)
	}
}

func (n *night) obey(c Command) {
	say := func(format string, args ...any) { n.happened = append(n.happened, fmt.Sprintf(format, args...)) }
	switch c.Kind {
	case Muster:
		var line []Person
		for _, ref := range c.Refs {
			if _, known := n.people[ref]; !known && (ref == DefaultContacts || slices.Contains(desks, ref)) {
				continue // unless the story says who they are, nobody
			}
			line = append(line, n.whoIs(ref)...)
		}
		n.decide(Event{At: n.now, Kind: Mustered, Step: c.Step, Round: c.Round, People: line, Place: n.place})
	case Dial:
		name, place := n.way(c.Person, c.Address)
		how := ""
		if c.Purpose != ForAlert {
			how = " " + string(c.Purpose)
		}
		if c.After != "" {
			how += " again"
		}
		say("dial %s%s for %s", name, how, short(c.Ring))
		if up := n.line[c.Person]; up != "" && len(c.With) == 0 {
			n.t.Errorf("%s is rung while a line to them is up", c.Person)
		}
		n.line[c.Person], n.line[c.Person+"/"+strconv.Itoa(place+1)], n.shared[c.Attempt] = c.Attempt, c.Attempt, len(c.With) > 0
	case Cancel, HangUp:
		if c.Kind == Cancel {
			say("cancel %s %s", n.named(c), c.Why)
		} else {
			say("hang-up %s", n.named(c))
		}
		n.down(c.Attempt)
		defer n.decide(Event{At: n.now, Kind: Ended, Attempt: c.Attempt, Outcome: Canceled})
	case Seat:
		say("%s", strings.TrimSpace("seat "+c.Person+" "+string(c.Purpose)))
		n.line[c.Person] = c.Attempt
	case AfterBeep:
		say("after-beep %s", c.Person)
	case CloseAlert:
		say("closed by %s", c.By)
	case Tell:
		say("tell %s %s", c.Person, c.Why)
	case Acknowledge:
		say("acknowledged by %s", c.By)
	case Exhaust:
		say("exhausted")
	case Notify:
		say("notify %s", strings.Join(c.Refs, " "))
	case Advance:
		say("advance to %d", c.Round)
	case Note:
		switch e := c.Event; e.Kind {
		case timeline.AttemptConfirmed:
			say("confirmed %s", e.Person)
		case timeline.CalloutUnreached:
			say("unreached %s", e.Person)
		case timeline.CalloutStalled:
			say("%s", strings.TrimSpace("stalled "+e.Person))
		case timeline.CalloutResumed:
			say("resumed")
		case timeline.CalloutLapsed:
			say("lapsed %s", e.Person)
		case timeline.CalloutHalted:
			say("halted")
		case timeline.CalloutChecking:
			if e.Cause != "" {
				say("%s is not asked", e.Person)
			}
		case timeline.NoticeRaised:
			if e.Cause == string(Unreachable) {
				say("notice")
			}
		case timeline.AttemptDigit:
			switch e.Text {
			case "the spoken digit", "takes nothing: the spoken digit is wanted", "once more calls everybody",
				"a tone in the sound: counts when it is heard twice":
				say("%s", e.Text)
			}
		}
	}
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
