package callout

import (
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// Whatever the dice say: a key is only ever pressed by a person, so no plan that wants one is ever told that
// somebody took the alert when nobody did; and what counts answers is told so now and then.
func TestNoVoicemailAcknowledgesAPlanThatWantsAKey(t *testing.T) {
	for seed := range uint64(5) {
		for _, w := range (Trial{Seed: seed, Nights: 300}).Run() {
			if (w.FalseAcks > 0) != w.ByAnswering {
				t.Errorf("seed %d: %v", seed, w)
			}
		}
	}
}

// What the table is for: the patterns reach people sooner than a fixed delay, and miss nobody it would reach.
func TestRingingByEventReachesPeopleSooner(t *testing.T) {
	ways := map[string]Reached{}
	for _, w := range (Trial{Seed: 3, Nights: 1000}).Run() {
		ways[w.Way] = w
	}
	for _, p := range []string{"P1", "P3", "P6"} {
		if k, e := ways[p], ways["fixed 1m"]; k.P50 >= e.P50 || k.P90 >= e.P90 || k.P99 >= e.P99 {
			t.Errorf("%v\n%v", k, e)
		}
	}
	if ways["fixed 1m"].P90 >= ways["fixed 5m"].P90 {
		t.Errorf("%v\n%v", ways["fixed 1m"], ways["fixed 5m"])
	}
}

func TestAnEscalationGoesByTheClock(t *testing.T) {
	voicemail := Reaction{Answers: true, Machine: true, Rings: 16 * time.Second}
	takes := Reaction{Answers: true, Rings: 5 * time.Second, Keys: []Key{{10 * time.Second, "1"}}}
	who := []Behaviour{{}, {Calls: []Reaction{voicemail}}, {Calls: []Reaction{takes}}}
	for _, c := range []struct {
		name     string
		way      way
		channels int
		want     fate
	}{
		{"the third person is called after two delays", way{delay: time.Minute}, 0, fate{reached: 2*time.Minute + 15*time.Second, calls: 3}},
		{"or five minutes each", way{delay: 5 * time.Minute}, 0, fate{reached: 10*time.Minute + 15*time.Second, calls: 3}},
		{"a voicemail that counts as an answer", way{delay: time.Minute, byAnswer: true}, 0, fate{reached: Never, calls: 2, wrong: true}},
		{"on one channel each call waits for the one before", way{delay: 30 * time.Second}, 1, fate{reached: 2*time.Minute + 11*time.Second, calls: 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.way.escalate(who, c.channels); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}

// On a line with one channel, together becomes one after another: who waits is not ringing, and whose wait
// is over by another's confirmation is never called.
func TestOneChannelMakesASequence(t *testing.T) {
	behave, err := ParsePeople("a=no-answer,b=busy,c=key:1@5s")
	if err != nil {
		t.Fatal(err)
	}
	p := Plan{Steps: []Step{{Call: []string{"a", "b", "c", "d"}}}}
	rang := map[string]time.Duration{}
	up, most := 0, 0
	by := ""
	for _, e := range Simulate(p, nil, behave, Night{Channels: 1}) {
		switch e.Kind {
		case timeline.AttemptRinging:
			rang[e.Person] = e.At.Sub(epoch)
			up++
			most = max(most, up)
		case timeline.AttemptNoAnswer, timeline.AttemptConfirmed:
			up--
		case timeline.AlertAcknowledged:
			by = e.Person
		}
	}
	if _, called := rang["d"]; called || rang["a"] != 0 || rang["c"] != 20*time.Second || most != 1 || by != "c" {
		t.Errorf("rang %v, %d at once, taken by %q", rang, most, by)
	}
}

func TestHabitsAreAHundred(t *testing.T) {
	sum := 0
	for _, h := range Habits() {
		sum += h.Share
	}
	if sum != 100 {
		t.Errorf("%d people of a hundred", sum)
	}
}
