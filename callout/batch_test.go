package callout

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"
)

// Several events at once lead to what one after another leads to: DecideAll saves looking at each of a
// thousand lines for each of them, and nothing else.
func TestManyEventsAtOnceAreDecidedLikeOneAfterAnother(t *testing.T) {
	outcomes := []Outcome{Busy, NoAnswer, Rejected, Unreachable, Invalid, NotConfirmed, Lost, Fault}
	kinds := []EventKind{Placed, Rang, Rang, Rang, AnsweredBy, Pressed, Told, Ended, Ended, Ended, Ended, Tick, Detected}
	for seed := range uint64(60) {
		d := dice(seed)
		pick := func(n int) int { return int(d.throw() % uint64(n)) }
		plan := Plan{Machine: []Machinery{"", MachineHangUp}[pick(2)], Steps: []Step{
			{Call: []string{"@all"}, Order: []Order{Together, InTurn}[pick(2)], Need: []Need{First, Everyone}[pick(2)], Rounds: 3, DoubleTap: pick(2) == 0, For: time.Duration(pick(3)) * time.Minute},
			{Wait: 30 * time.Second},
			{Call: []string{"@all"}, Need: Everyone},
		}, Repeat: 2}
		one := New("co", plan, "critical")
		all := one
		now := epoch
		batch := []Event{{At: now, Kind: Begin}}
		for range 150 {
			var each, together []Command
			for _, e := range batch {
				var c []Command
				one, c = Decide(one, e)
				each = append(each, c...)
			}
			all, together = DecideAll(all, batch...)
			if !reflect.DeepEqual(each, together) || jsonOf(t, one) != jsonOf(t, all) {
				for i := range min(len(each), len(together)) {
					if !reflect.DeepEqual(each[i], together[i]) {
						t.Errorf("one after another %+v\nat once           %+v", each[i], together[i])
						break
					}
				}
				t.Fatalf("seed %d, %d events: %d commands one after another, %d at once\n%s\n%s", seed, len(batch), len(each), len(together), jsonOf(t, one), jsonOf(t, all))
			}
			batch = batch[:0]
			for _, c := range together {
				if c.Kind == Muster {
					batch = append(batch, Event{At: now, Kind: Mustered, Step: c.Step, Round: c.Round, People: withTwoPhones(crowd(8 + pick(10)))})
				}
			}
			if len(batch) == 0 && pick(3) > 0 && !all.Due.IsZero() {
				now = later(now, all.Due)
			} else if len(batch) == 0 {
				now = now.Add(time.Duration(pick(3000)) * time.Millisecond)
			}
			for range pick(12) {
				batch = append(batch, Event{At: now, Kind: kinds[pick(len(kinds))], Attempt: fmt.Sprintf("co-%d", 1+pick(all.Next+1)),
					Outcome: outcomes[pick(len(outcomes))], Digit: []string{"1", "2", "9"}[min(pick(9), 2)], Text: "machine_start"})
			}
			batch = append(batch, Event{At: now, Kind: Tick})
		}
	}
}

func jsonOf(t *testing.T, s State) string {
	t.Helper()
	s = s.clone() // without the lines that ended with the last events
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// withTwoPhones gives every second of them another phone that rings at the same time.
func withTwoPhones(people []Person) []Person {
	for i := 0; i < len(people); i += 2 {
		p := &people[i]
		p.Methods[0].Together = 1
		p.Methods = append(p.Methods, Method{Address: "client:" + p.ID, Together: 1}, Method{Address: "tel:" + p.ID})
	}
	return people
}
