package callout

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

func crowd(n int) []Person {
	people := make([]Person, n)
	for i := range people {
		id := fmt.Sprintf("person-%05d", i)
		people[i] = Person{ID: id, Methods: []Method{{Address: "sim:" + id}}}
	}
	return people
}

// Thousands of people are called, never more than the window at once, each until they have answered.
func TestThousandsOfPeople(t *testing.T) {
	behave := map[string]Behaviour{}
	var err error
	for i := range 3000 {
		text := "key:1@5s"
		switch i % 10 {
		case 3:
			text = "no-answer,key:1@5s"
		case 5:
			text = "busy,key:1@5s"
		case 7:
			text = "key:2@5s"
		}
		if behave[fmt.Sprintf("person-%05d", i)], err = ParseBehaviour(text); err != nil {
			t.Fatal(err)
		}
	}
	for order, n := range map[Order]int{Together: 1500, InTurn: 800} {
		plan := Plan{Name: "town", Steps: []Step{{Call: []string{"@town"}, Order: order, Need: Everyone, Rounds: 4}}}
		began := time.Now()
		events := Simulate(plan, Roster{"@town": crowd(n)}, behave, Night{Limit: 100 * 24 * time.Hour})
		up, most, answered := 0, 0, 0
		for _, e := range events {
			switch e.Kind {
			case timeline.AttemptDialing:
				up++
				most = max(most, up)
			case timeline.AttemptConfirmed, timeline.AttemptPassed:
				answered++
				up--
			case timeline.AttemptNoAnswer, timeline.AttemptBusy:
				up--
			}
		}
		last := events[len(events)-1]
		if last.Kind != timeline.AlertAcknowledged || answered != n || most > windowOfLines || order == Together && most < windowOfLines {
			t.Errorf("%s: %v, %d answered, %d lines at most", order, last.Kind, answered, most)
		}
		t.Logf("%s: %d events in %s", order, len(events), time.Since(began))
	}
}

// A plan that needs everyone of 10,000 people is shown in less than 200 MB, and within a second of a free
// core (0.7 s of processor time). The time is only told here: a test cannot know what else the machine does.
func TestATownIsShownAtOnce(t *testing.T) {
	plan, roster, behave := town(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	events := Simulate(plan, roster, behave, Night{})
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	taken := (after.TotalAlloc - before.TotalAlloc) >> 20
	t.Logf("%d events in %s, %d MB allocated in all", len(events), took.Round(time.Millisecond), taken)
	if last := events[len(events)-1]; last.Kind != timeline.AlertAcknowledged || !strings.HasPrefix(last.Text, "10000 of 10000 confirmed") {
		t.Errorf("it ends with %s: %s", last.Kind, last.Text)
	}
	if taken > 200 {
		t.Errorf("it took %s and %d MB", took, taken)
	}
}

func town(t testing.TB) (Plan, Roster, map[string]Behaviour) {
	behave := map[string]Behaviour{}
	var err error
	for i := range 10000 {
		text := "key:1@5s"
		if i%3 == 0 {
			text = "no-answer,key:1@5s"
		}
		if behave[fmt.Sprintf("person-%05d", i)], err = ParseBehaviour(text); err != nil {
			t.Fatal(err)
		}
	}
	plan := Plan{Name: "town", Deadline: 24 * time.Hour, Steps: []Step{{Call: []string{"@town"}, Need: Everyone, Rounds: Forever}}}
	return plan, Roster{"@town": crowd(10000)}, behave
}

func BenchmarkSimulate(b *testing.B) {
	plan, roster, behave := town(b)
	b.ReportAllocs()
	fastest := time.Hour // of those that the machine left alone
	for b.Loop() {
		began := time.Now()
		Simulate(plan, roster, behave, Night{})
		fastest = min(fastest, time.Since(began))
	}
	b.ReportMetric(fastest.Seconds(), "s/fastest")
	if fastest > 10*time.Second { // ten cores' worth of other work, or something that grows with the square
		b.Errorf("10,000 people took %s", fastest)
	}
}

// BenchmarkDecide is what one event costs: in the middle of a usual night (four people, two rung), where it
// has to stay below 20 µs, and with 10,000 people and as many lines up as ever are, a thousand. That costs
// what the copy of the lines costs; more people do not make it dearer than their marks, twelve bytes each.
func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{4, 10000} {
		b.Run(fmt.Sprintf("%d people", n), func(b *testing.B) {
			now := time.Unix(1, 0)
			s := New("co", Plan{Steps: []Step{{Call: []string{"@all"}, Need: Everyone, Rounds: 3}, {Wait: time.Minute}, {Call: []string{"boss"}}}}, "critical")
			s, _ = DecideAll(s, Event{At: now, Kind: Begin}, Event{At: now, Kind: Mustered, Step: 0, Round: 1, People: crowd(n)})
			s, _ = Decide(s, Event{At: now, Kind: Rang, Attempt: "co-1"})
			if len(s.Attempts) > windowOfLines {
				b.Fatalf("%d lines", len(s.Attempts))
			}
			b.ReportAllocs()
			for b.Loop() {
				Decide(s, Event{At: now.Add(time.Second), Kind: Ended, Attempt: "co-2", Outcome: Busy})
			}
			if took := b.Elapsed() / time.Duration(b.N); n == 4 && b.N > 1000 && took > 20*time.Microsecond {
				b.Errorf("a step took %s", took)
			}
		})
	}
}

// BenchmarkStateJSON is what keeping it costs.
func BenchmarkStateJSON(b *testing.B) {
	now := time.Unix(1, 0)
	s := New("co", Plan{Steps: []Step{{Call: []string{"@all"}, Order: InTurn}}}, "critical")
	s, _ = DecideAll(s, Event{At: now, Kind: Begin}, Event{At: now, Kind: Mustered, Step: 0, Round: 1, People: crowd(4)})
	b.ReportAllocs()
	for b.Loop() {
		text, err := json.Marshal(s)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(text)))
	}
}
