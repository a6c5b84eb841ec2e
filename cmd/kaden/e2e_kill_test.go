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
func circle(n int, address func(who string) string) string {
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
`, first, second, address(first), address(second), n, order, circleKey(n))
}

// circlePattern is the plan of an alert "alert 17".
func circlePattern(n night) pattern {
	number, _ := strconv.Atoi(strings.TrimPrefix(n.Title, "alert "))
	c := number % circles
	return pattern{people: []string{fmt.Sprintf("c%02d-first", c), fmt.Sprintf("c%02d-second", c)}, together: c%4 == 3}
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
		x := newExchange(t, subscriber)
		survive(t, x, town(x.address), kills(t, 50), 3)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		x := newExchange(t, subscriber)
		survive(t, x, town(x.address), max(1, kills(t, 50)/5), 3, withEnv("KADEN_DATABASE_URL="+storetest.Postgres(t)))
	})
	// A ghost would keep the line busy for the next call. Those who are called at once are called one by one.
	t.Run("on a line with one channel", func(t *testing.T) {
		t.Parallel()
		x := newExchange(t, func(user string, nth int) habit { return hasty(subscriberOf(user), nth) })
		x.is(func() { x.room, x.named = 1, subscriberOf })
		house := append(town(numberOf), "trunk: one\nserver: "+x.addr()+"\nfrom: \"+815012345678\"\nchannels: 1\n")
		survive(t, x, house, max(1, kills(t, 50)/6), 1)
	})
}

// numberOf and subscriberOf translate between c07-second and the number +819011110702.
func numberOf(who string) string {
	return fmt.Sprintf("\"tel:+81901111%s0%d\"", who[1:3], 1+strings.Index("fs", who[4:5]))
}

func subscriberOf(number string) string {
	return "c" + number[9:11] + map[byte]string{'1': "-first", '2': "-second"}[number[12]]
}

// town is all the circles.
func town(address func(who string) string) (house []string) {
	for n := range circles {
		house = append(house, circle(n, address))
	}
	return house
}

// survive kills a server so often, which gets some alerts in each life, and holds what happened against what
// should have.
func survive(t *testing.T, x *exchange, house []string, lives, alerts int, options ...option) {
	random := seed(t)
	s := serve(t, options...)
	s.apply(house...)

	log := nightlog{pattern: circlePattern}
	var sent, early, over int
	var slowest time.Duration
	for life := range lives {
		// Some lives are killed while they begin; most get alerts, and die in the calls that follow.
		if s.alive() && s.isReady() {
			for range 1 + random.IntN(alerts) {
				id, status, err := s.tellTown(sent, "firing")
				if err != nil || status != http.StatusAccepted || id == "" {
					t.Fatalf("alert %d was not taken: %d %v", sent, status, err)
				}
				sent++
				log.accepted = append(log.accepted, id)
			}
			if life%lull == lull-1 {
				over += s.settle(t)
			}
		} else {
			early++
		}
		<-time.After(time.Duration(random.Int64N(int64(2200 * time.Millisecond)))) // the random moment
		s.kill()
		log.kills = append(log.kills, time.Now())
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

	log.alerts, log.calls = s.nights(), x.book()
	log.holds(t)
	states := map[string]int{}
	for _, n := range log.alerts {
		status, _ := n.decision()
		states[status]++
	}
	t.Logf("%d kills (%d while beginning), %d alerts: %v, of which %d were resolved later; calls at the exchange: %s; slowest first packet %v after the start",
		lives, early, len(log.accepted), states, over, x.hows(), slowest.Round(time.Millisecond))
	if len(log.alerts) > 12 && (states["acknowledged"] == 0 || states["exhausted"] == 0) {
		t.Errorf("the nights were too much alike: %v", states)
	}
}

// lull is after how many lives the monitoring says that what was decided is over. Without that, who took an
// alert is asked after fifteen minutes whether they are still on it, and those that nobody took go to everybody
// every ten: calls that are meant, but of another story.
const lull = 60

// tellTown says of the nth alert that it is firing or resolved.
func (s *server) tellTown(nth int, status string) (id string, answer int, err error) {
	circle, title := nth%circles, fmt.Sprintf("alert %d", nth)
	return s.post(s.url(fmt.Sprintf("/in/s%02d/%s", circle, circleKey(circle))),
		fmt.Sprintf(`{"title":%q,"key":%q,"severity":"critical","status":%q}`, title, title, status))
}

// settle resolves the alerts that are acknowledged or exhausted, and says how many those were.
func (s *server) settle(t *testing.T) (over int) {
	t.Helper()
	for _, n := range s.alerts() {
		if n.Status != "acknowledged" && n.Status != "exhausted" {
			continue
		}
		nth, err := strconv.Atoi(strings.TrimPrefix(n.Title, "alert "))
		if err != nil {
			t.Fatal(err)
		}
		if _, status, err := s.tellTown(nth, "resolved"); err != nil || status != http.StatusAccepted {
			t.Fatalf("that %s is over was not taken: %d %v", n.Title, status, err)
		}
		over++
	}
	return over
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
