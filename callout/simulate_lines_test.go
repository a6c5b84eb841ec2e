package callout

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// rungAt says when each call left the house, in its order: sato 0s, suzuki 1s.
func rungAt(events []timeline.Event) (rung []string, waited map[string]string) {
	waited = map[string]string{}
	at := map[string]int{} // by attempt
	for _, e := range events {
		switch e.Kind {
		case timeline.AttemptDialing:
			at[e.Attempt] = len(rung)
			rung = append(rung, fmt.Sprintf("%s %v", e.Person, e.At.Sub(epoch)))
		case timeline.CallQueued:
			rung = append(rung[:at[e.Attempt]], rung[at[e.Attempt]+1:]...)
			waited[e.Person] = e.Text
		case timeline.CallInitiated:
			rung = append(rung, fmt.Sprintf("%s %v", e.Person, e.At.Sub(epoch)))
		}
	}
	return rung, waited
}

func everybodyTogether(n int) (p Plan, names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("p%02d", i))
	}
	return Plan{Steps: []Step{{Call: names, Rounds: 1}}}.WithDefaults(), names
}

// Twenty people together over a trunk that takes one call a second and carries one at a time.
func TestTwentyPeopleOnANarrowTrunk(t *testing.T) {
	p, names := everybodyTogether(20)
	ntt := []Line{{Name: "ntt", Channels: 1, Interval: time.Second}}
	behave := map[string]Behaviour{}
	for i, n := range names { // the phone of each third rings out, the others refuse after 300 ms
		behave[n] = Behaviour{Calls: []Reaction{{Refusal: Rejected, Rings: 300 * time.Millisecond}}}
		if i%3 == 0 {
			behave[n] = Behaviour{}
		}
	}
	p.Steps[0].Ring = 5 * time.Second
	rung, waited := rungAt(Simulate(p, nil, behave, Night{Lines: func(string) []Line { return ntt }}))
	at := time.Duration(0)
	for i, n := range names {
		if want := fmt.Sprintf("%s %v", n, at); rung[i] != want {
			t.Errorf("call %d: %s, want %s", i, rung[i], want)
		}
		if at += time.Second; i%3 == 0 {
			at += 4 * time.Second
		}
		if want := fmt.Sprintf("for a line on ntt, place %d in the queue", i); i > 0 && waited[n] != want {
			t.Errorf("%s waits %q, want %q", n, waited[n], want)
		}
	}
	if len(waited) != 19 {
		t.Errorf("%d wait", len(waited))
	}
}

func TestLinesOfASimulation(t *testing.T) {
	p, _ := everybodyTogether(4)
	busy := Behaviour{Calls: []Reaction{{Refusal: Rejected, Rings: 100 * time.Millisecond}}}
	behave := map[string]Behaviour{"p00": busy, "p01": busy, "p02": busy, "p03": busy}
	a, b := Line{Name: "a", Interval: time.Second}, Line{Name: "b", Interval: time.Second}
	shared := func(l Line) Line { l.Gate = "account"; return l }
	for _, tt := range []struct {
		name  string
		night Night
		want  string
	}{
		{"without limit", Night{}, "p00 0s, p01 0s, p02 0s, p03 0s"},
		{"one a second", Night{Interval: time.Second}, "p00 0s, p01 1s, p02 2s, p03 3s"},
		{"one at a time", Night{Channels: 1}, "p00 0s, p01 100ms, p02 200ms, p03 300ms"},
		{"two trunks", Night{Lines: func(string) []Line { return []Line{a, b} }}, "p00 0s, p01 0s, p02 1s, p03 1s"},
		{"two trunks of one account", Night{Lines: func(string) []Line { return []Line{shared(a), shared(b)} }}, "p00 0s, p01 1s, p02 2s, p03 3s"},
		{"a trunk for one of them", Night{Lines: func(to string) []Line {
			if to == "sim:p01" {
				return []Line{a}
			}
			return nil
		}}, "p00 0s, p01 0s, p02 0s, p03 0s"},
		{"each his own", Night{Lines: func(to string) []Line {
			if to < "sim:p02" {
				return []Line{a}
			}
			return []Line{b}
		}}, "p00 0s, p02 0s, p01 1s, p03 1s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rung, _ := rungAt(Simulate(p, nil, behave, tt.night))
			if got := strings.Join(rung[:4], ", "); got != tt.want {
				t.Errorf("%s\nwant %s", got, tt.want)
			}
		})
	}
}

// Somebody takes it while others wait: they are never called, and what was planned for them keeps nobody awake.
func TestWhoWaitsIsNotCalledWhenSomebodyTakesIt(t *testing.T) {
	p, _ := everybodyTogether(20)
	takes := Behaviour{Calls: []Reaction{{Answers: true, Rings: 500 * time.Millisecond, Keys: []Key{{After: 2 * time.Second, Digit: "1"}}}}}
	rung, _ := rungAt(Simulate(p, nil, map[string]Behaviour{"p02": takes}, Night{Interval: time.Second}))
	if got := strings.Join(rung, ", "); got != "p00 0s, p01 1s, p02 2s, p03 3s, p04 4s" {
		t.Errorf("called: %s", got)
	}
}

// A machine makes room for whoever waits for the only line; in a line with room for both it is listened to.
func TestAMachineMakesRoomOnANarrowTrunk(t *testing.T) {
	p := Plan{Machine: MachineYields, Steps: []Step{{Call: []string{"sato", "suzuki"}, Order: InTurn, Rounds: 1}}, After: AtOnce}.WithDefaults()
	behave := map[string]Behaviour{"sato": {Calls: []Reaction{{Answers: true, Machine: true, Rings: 15 * time.Second}}}}
	rings := map[int]string{1: "sato 0s, suzuki 27.8s", 2: "sato 0s, suzuki 18s"}
	for channels, want := range map[int]timeline.Kind{1: timeline.AttemptMachine, 2: timeline.AttemptNotConfirmed} {
		events := Simulate(p, nil, behave, Night{Channels: channels, Severity: "warning"})
		rung, _ := rungAt(events)
		if got := strings.Join(rung, ", "); got != rings[channels] {
			t.Errorf("%d channels: %s", channels, got)
		}
		ended := timeline.Kind("")
		for _, e := range events {
			if e.Person == "sato" && (e.Kind == timeline.AttemptMachine || e.Kind == timeline.AttemptNotConfirmed) {
				ended = e.Kind
			}
		}
		if ended != want {
			t.Errorf("%d channels: sato's attempt ended as %s, want %s", channels, ended, want)
		}
	}
}
