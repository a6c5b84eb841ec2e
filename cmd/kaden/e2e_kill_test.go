package main_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/store/storetest"
	"github.com/kaden-project/kaden/timeline"
)

// circles is how many groups of people there are; alerts go to them in turn, so that a group is at rest
// again when its next alert comes.
const circles = 60

// subscriber is what the people of the killed nights do, by their name: c07-first, c07-second. Half of
// the alerts are taken by somebody, at some moment of some life.
func subscriber(user string, nth int) habit {
	circle, _ := strconv.Atoi(user[1:3])
	soon := habit{ring: 40 * time.Millisecond, answer: 150 * time.Millisecond, press: "1", after: time.Second}
	if strings.HasSuffix(user, "second") {
		switch circle % 3 {
		case 0:
			return soon
		case 1:
			return habit{ring: 20 * time.Millisecond} // rings and rings
		}
		return habit{answer: 100 * time.Millisecond, hangUp: 400 * time.Millisecond}
	}
	switch circle % 6 {
	case 0, 1:
		return soon
	case 2:
		return habit{ring: 30 * time.Millisecond, refuse: "486 Busy Here"}
	case 3:
		return habit{} // rings and rings
	case 4:
		return habit{answer: 50 * time.Millisecond} // listens and says nothing
	}
	return habit{ring: 200 * time.Millisecond, answer: 300 * time.Millisecond, press: "1", after: 900 * time.Millisecond}
}

// circle is the documents of one group: two people, in turn or together, a plan and a source.
func circle(x *exchange, n int) string {
	first, second := fmt.Sprintf("c%02d-first", n), fmt.Sprintf("c%02d-second", n)
	order := "in-turn"
	if n%4 == 3 {
		order = "together"
	}
	return fmt.Sprintf(`person: %[1]s
language: en-US
contacts: [%[3]s]
---
person: %[2]s
language: en-US
contacts: [%[4]s]
---
plan: p%02[5]d
steps:
  - call: [%[1]s, %[2]s]
    order: %[6]s
    ring: 5s
    listen: 20s
    rounds: 1
---
source: s%02[5]d
kind: json
key: %[7]s
plan: p%02[5]d
`, first, second, x.address(first), x.address(second), n, order, circleKey(n))
}

func circleKey(n int) string { return fmt.Sprintf("%040d", n+1) }

// kills is how often the server is killed: KADEN_KILLS, or so often.
func kills(t *testing.T, otherwise int) int {
	if v := os.Getenv("KADEN_KILLS"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			t.Fatalf("KADEN_KILLS is %q, want a number", v)
		}
		return n
	}
	if testing.Short() {
		return 5
	}
	return otherwise
}

// seed is that of the random moments: KADEN_SEED repeats a run.
func seed(t *testing.T) *rand.Rand {
	n := uint64(time.Now().UnixNano())
	if v := os.Getenv("KADEN_SEED"); v != "" {
		var err error
		if n, err = strconv.ParseUint(v, 10, 64); err != nil {
			t.Fatalf("KADEN_SEED is %q, want a number", v)
		}
	}
	t.Logf("KADEN_SEED=%d repeats this run", n)
	return rand.New(rand.NewPCG(n, n))
}

// The process is killed at random moments of call-outs under way, many times. No stored alert is lost,
// nobody is called again whose confirmation was committed, no call is left at the exchange, and each life
// begins to call (or to end what the last one left) within two seconds.
func TestKilledAtAnyMomentNothingIsLost(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		survive(t, kills(t, 50))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		survive(t, max(1, kills(t, 50)/5), withEnv("KADEN_DATABASE_URL="+storetest.Postgres(t)))
	})
}

func survive(t *testing.T, lives int, options ...option) {
	random := seed(t)
	x := newExchange(t, subscriber)
	s := serve(t, options...)
	var house []string
	for n := range circles {
		house = append(house, circle(x, n))
	}
	s.apply(house...)

	taken := map[string]bool{} // alerts for which there was a 202
	var sent, early int
	var slowest time.Duration
	for range lives {
		// Some lives are killed while they begin; most get alerts, and die in the calls that follow.
		if s.alive() && s.isReady() {
			for range 1 + random.IntN(3) {
				n := sent % circles
				door := s.url(fmt.Sprintf("/in/s%02d/%s", n, circleKey(n)))
				title := fmt.Sprintf("alert %d", sent)
				sent++
				id, status, err := s.post(door, fmt.Sprintf(`{"title":%q,"key":%q,"severity":"critical"}`, title, title))
				if err != nil || status != http.StatusAccepted || id == "" {
					t.Fatalf("%s was not taken: %d %v", title, status, err)
				}
				taken[id] = true
			}
		} else {
			early++
		}
		<-time.After(time.Duration(random.Int64N(int64(2200 * time.Millisecond)))) // the random moment
		s.kill()
		up := len(x.open())
		x.forget()
		s.start()
		if up > 0 {
			slowest = max(slowest, endsGhosts(t, s, x, up))
		}
		if random.IntN(6) > 0 { // the others die young
			s.ready()
		}
	}
	s.ready()
	if !happens(t, 2*time.Minute, func() bool {
		return !slices.ContainsFunc(s.alerts(), func(n night) bool { return n.Status == "stored" })
	}) {
		t.Fatalf("not every alert is acknowledged or exhausted:\n%s", s.allNights("stored"))
	}
	eventually(t, 10*time.Second, "the exchange is left without a call of ours", func() bool { return len(x.open()) == 0 })

	states := map[string]int{}
	known := map[string]bool{}
	said := map[string][]timeline.Event{} // about each person
	for _, a := range s.alerts() {
		n := s.night(a.ID)
		known[n.ID] = true
		states[n.Status]++
		if n.Status != "acknowledged" && n.Status != "exhausted" {
			t.Errorf("%s ends as %s:\n%s", n.ID, n.Status, n)
		}
		checkNobodyIsRungAgain(t, n)
		for _, e := range n.Events {
			if e.Person != "" {
				said[e.Person] = append(said[e.Person], e)
			}
		}
	}
	for id := range taken {
		if !known[id] {
			t.Errorf("alert %s was taken with 202 and is gone", id)
		}
	}
	checkTheWire(t, x, said)
	hows := x.hows()
	if strings.Contains(hows, givenUp) {
		t.Errorf("answers were left without ACK and BYE until the exchange gave up: %s", hows)
	}
	t.Logf("%d kills (%d while beginning), %d alerts: %v; calls at the exchange: %s; slowest first packet %v after the start",
		lives, early, len(taken), states, hows, slowest.Round(time.Millisecond))
	if states["acknowledged"] == 0 || states["exhausted"] == 0 {
		t.Errorf("the nights were too much alike: %v", states)
	}
}

// endsGhosts waits for what a new life does about the calls that the last one left, and says how long that took.
func endsGhosts(t *testing.T, s *server, x *exchange, up int) time.Duration {
	t.Helper()
	if !happens(t, 10*time.Second, func() bool { return !x.firstPacket().IsZero() }) {
		t.Fatalf("%d calls were up at the exchange, and 10 s after its start the new life had done nothing about them:\n%s", up, s.allNights())
	}
	after := x.firstPacket().Sub(s.begun)
	if after > 2*time.Second {
		t.Errorf("the first packet left %v after the process began, want 2 s at most", after)
	}
	return after
}

// checkNobodyIsRungAgain reads the timeline of an alert in the order of commits.
func checkNobodyIsRungAgain(t *testing.T, n night) {
	t.Helper()
	events := slices.Clone(n.Events)
	slices.SortFunc(events, func(a, b timeline.Event) int { return int(a.Seq - b.Seq) })
	over := false
	for _, e := range events {
		switch e.Kind {
		case timeline.AlertAcknowledged:
			over = true
		case timeline.AttemptDialing:
			if over {
				t.Errorf("%s was rung after %s was acknowledged:\n%s", e.Person, n.ID, n)
				return
			}
		}
	}
	if got := n.count(timeline.AlertAcknowledged, ""); got > 1 {
		t.Errorf("%s was acknowledged %d times:\n%s", n.ID, got, n)
	}
}

// checkTheWire holds what the exchange saw against what was written down: every call was announced before
// it came, and came once.
func checkTheWire(t *testing.T, x *exchange, said map[string][]timeline.Event) {
	t.Helper()
	for _, events := range said {
		slices.SortFunc(events, func(a, b timeline.Event) int { return int(a.Seq - b.Seq) })
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	ids := map[string]string{}
	for _, d := range x.calls {
		if who, twice := ids[d.callID]; twice {
			t.Errorf("%s was called twice for one attempt (%s, Call-ID %s)", d.user, who, d.callID)
		}
		ids[d.callID] = d.user
		last := timeline.Event{}
		for _, e := range said[d.user] {
			if (e.Kind == timeline.AttemptDialing || e.Kind == timeline.AttemptConfirmed) && !e.At.After(d.begun) {
				last = e
			}
		}
		if last.Kind != timeline.AttemptDialing {
			t.Errorf("%s was called at %s, and the last that was written about them then was %q", d.user, d.begun.Format("15:04:05.000"), last.Kind)
		}
	}
	for user, events := range said {
		dialled, called := 0, 0
		for _, e := range events {
			if e.Kind == timeline.AttemptDialing {
				dialled++
			}
		}
		for _, u := range ids {
			if u == user {
				called++
			}
		}
		if called > dialled {
			t.Errorf("%s was called %d times for %d attempts", user, called, dialled)
		}
	}
}
