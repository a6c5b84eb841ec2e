package callout

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The states in testdata/states were kept by the release before checks, hand-overs and the rest: call-outs
// in the middle of things. They are carried on, through whatever comes, to their end.
func TestCalloutsOfTheReleaseBeforeGoOn(t *testing.T) {
	files, err := filepath.Glob("testdata/states/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no states", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			s := keptState(t, file)
			now := later(s.Clock, time.Date(2026, 7, 1, 3, 0, 0, 0, time.UTC)).Add(time.Second)
			up := map[string]string{} // attempt → person
			for _, a := range s.Attempts {
				if a.Ended.IsZero() {
					up[a.ID] = a.Person
				}
			}
			rung := 0
			var step func(e Event)
			step = func(e Event) {
				var commands []Command
				s, commands = Decide(s, e)
				for _, c := range commands {
					switch c.Kind {
					case Dial:
						up[c.Attempt] = c.Person
						rung++
					case Muster:
						step(Event{At: e.At, Kind: Mustered, Step: c.Step, Round: c.Round, People: []Person{
							{ID: "sato", Methods: []Method{{Address: "sim:sato"}}}, {ID: "hana", Methods: []Method{{Address: "sim:hana"}}}}})
					case Cancel, HangUp, Tell:
						delete(up, c.Attempt)
						step(Event{At: e.At, Kind: Ended, Attempt: c.Attempt, Outcome: Canceled})
					}
				}
			}
			step(Event{At: now, Kind: Begin}) // means nothing but to the one that has not begun
			for range 400 {
				for id := range up { // nobody is reached
					delete(up, id)
					step(Event{At: now, Kind: Ended, Attempt: id, Outcome: Lost})
				}
				if s.Due.IsZero() || s.Status == Exhausted || s.Status == Acknowledged && s.Due.IsZero() {
					break
				}
				now = later(now, s.Due)
				step(Event{At: now, Kind: Tick})
			}
			switch name {
			case "taken", "taken-line-up":
				if s.Status != Acknowledged {
					t.Fatalf("it is %s", s.Status)
				}
				step(Event{At: now.Add(time.Second), Kind: Released, By: "console"})
			case "resolved":
				step(Event{At: now.Add(time.Second), Kind: Refired})
			case "stopped":
				if s.Status != StoppedNow {
					t.Errorf("it is %s", s.Status)
				}
				return
			case "exhausted":
				step(Event{At: now.Add(time.Second), Kind: Summoned, By: "console"})
			}
			if rung == 0 {
				t.Error("nobody was rung")
			}
			step(Event{At: now.Add(2 * time.Second), Kind: Taken, By: "console"})
			if s.Status != Acknowledged || s.By != "console" {
				t.Errorf("it is %s by %s", s.Status, s.By)
			}
		})
	}
}

func keptState(t *testing.T, file string) (s State) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// A roll-back: what the release before knows of a state means what it meant. It reads fields by the names
// in the kept states, knows no step that no plan writes, and never finds one among its own tracks.
func TestTheReleaseBeforeReadsWhatIsKept(t *testing.T) {
	known := map[string]string{} // path → kind of JSON, in the states of the release before
	files, _ := filepath.Glob("testdata/states/*.json")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		kindsOf(t, text, func(path, kind string) { known[path] = kind })
	}
	p := Plan{Name: "all", Machine: MachineYields, Steps: []Step{{Call: []string{"@team"}, Need: Everyone, Rounds: 3, Join: true, DoubleTap: true}}}
	at := time.Date(2026, 7, 1, 3, 0, 0, 0, time.UTC)
	s := New("co", p, "critical")
	for _, e := range []Event{
		{Kind: Begin}, {Kind: Mustered, Round: 1, People: crowd(3)},
		{Kind: AnsweredBy, Attempt: "co-1"}, {Kind: Detected, Attempt: "co-1", Text: "machine_start"}, {Kind: Pressed, Attempt: "co-1", Digit: "1"},
		{Kind: Ended, Attempt: "co-2", Outcome: NoAnswer},
		{Kind: Summoned, By: "console"}, {Kind: Mustered, Step: StepAll, Round: 1, People: crowd(4)},
		{Kind: Halted, By: "console"}, {Kind: Unhalted}, {Kind: CalledBack, By: "hana", Text: "sim:hana"},
		{Kind: Taken, By: "person-00000"}, {Kind: HandedOver, By: "person-00000", People: crowd(9)[8:]},
		{Kind: Ended, Attempt: "co-6", Outcome: NoAnswer}, {Kind: Tick},
	} {
		at = at.Add(time.Second)
		e.At = at
		s, _ = Decide(s, e)
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		kindsOf(t, text, func(path, kind string) {
			if was, ok := known[path]; ok && was != kind {
				t.Errorf("%s: %s is %s, and was %s", e.Kind, path, kind, was)
			}
		})
		var old struct {
			Tracks []struct{ Step int }
			Status Status
		}
		if err := json.Unmarshal(text, &old); err != nil {
			t.Fatal(err)
		}
		for _, track := range old.Tracks {
			if track.Step < 0 {
				t.Errorf("%s: step %d is among the tracks of the plan", e.Kind, track.Step)
			}
		}
		if !slices.Contains([]Status{Waiting, Running, Acknowledged, Exhausted, ResolvedNow, StoppedNow}, old.Status) {
			t.Errorf("%s: the release before does not know %q", e.Kind, old.Status)
		}
	}
}

// kindsOf walks through a JSON text and names the kind of each value by its path, lists as one.
func kindsOf(t *testing.T, text []byte, tell func(path, kind string)) {
	t.Helper()
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				walk(path+"."+k, x)
			}
		case []any:
			for _, x := range v {
				walk(path+"[]", x)
			}
		case string:
			tell(path, "a string")
		case float64:
			tell(path, "a number")
		case bool:
			tell(path, "true or false")
		}
	}
	walk("", v)
}
