package main_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/store/storetest"
	"github.com/kaden-project/kaden/timeline"
)

// narrow is the document of a trunk that takes one call a second and has two channels, of which one is kept for people
// who call back.
func narrow(x *exchange) string {
	return "trunk: line\nserver: " + x.addr() + "\nfrom: \"+815012345678\"\nchannels: 2\ninterval: 1s"
}

// crew is so many people, whose numbers end like their names.
func crew(n int) (names []string, documents []string) {
	for i := range n {
		names = append(names, fmt.Sprintf("p%02d", i))
		documents = append(documents, fmt.Sprintf("person: p%02d\nlanguage: en-US\ncontacts: [\"tel:+8190111100%02d\"]", i, i))
	}
	return names, documents
}

// member is whose number was called.
func member(user string) string { return "p" + user[len(user)-2:] }

// left is the calls in the order in which they came.
func (x *exchange) left() (calls []dialog) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, d := range x.calls {
		calls = append(calls, dialog{user: d.user, begun: d.begun, ended: d.ended, how: d.how, state: d.state})
	}
	return calls
}

// explained is when kaden plan explain lets each call leave, after the first, in their order.
func explained(t *testing.T, file, people string) (order []string, at []time.Duration) {
	t.Helper()
	got := tell(t, environment(), file, "plan", "explain", "-", "--json", "--people", people)
	if got.code != 0 {
		t.Fatalf("kaden plan explain: exit %d\n%s%s", got.code, got.out, got.err)
	}
	var begun time.Time
	for lines := bufio.NewScanner(strings.NewReader(got.out)); lines.Scan(); {
		var e timeline.Event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		switch e.Kind {
		case timeline.CallQueued: // the call that was just told of does not leave yet
			order, at = order[:len(order)-1], at[:len(at)-1]
		case timeline.AttemptDialing, timeline.CallInitiated:
			if begun.IsZero() {
				begun = e.At
			}
			order, at = append(order, e.Person), append(at, e.At.Sub(begun))
		}
	}
	return order, at
}

// Twenty people are rung together over a narrow trunk: kaden plan explain has said in which order and at which second,
// no call comes sooner or beside another than the carrier takes it, and the place in the queue is seen.
func TestTwentyPeopleOnANarrowTrunkAsExplained(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	kinds := []struct {
		does string // for explain
		habit
	}{
		{"reject@300ms", habit{ring: 300 * time.Millisecond, refuse: "603 Decline"}},
		{"no-answer", habit{}},
		{"reject@300ms", habit{ring: 300 * time.Millisecond, refuse: "603 Decline"}},
		{"answer@400ms+hangup@1200ms", habit{answer: 400 * time.Millisecond, hangUp: 1200 * time.Millisecond}},
		{"reject@300ms", habit{ring: 300 * time.Millisecond, refuse: "603 Decline"}},
		{"reject@1500ms", habit{ring: 1500 * time.Millisecond, refuse: "603 Decline"}},
	}
	const people = 20
	names, documents := crew(people)
	var does []string
	habits := map[string]habit{}
	for i, n := range names {
		k := kinds[i%len(kinds)]
		if i == people-1 {
			k.does, k.habit = "answer@200ms+key:1@1500ms", takesIt("", 0)
		}
		does = append(does, n+"="+k.does)
		habits[n] = k.habit
	}
	x := newExchange(t, func(user string, _ int) habit { return habits[member(user)] })
	x.is(func() { x.room, x.pace = 1, time.Second })
	documents = append(documents, narrow(x), "plan: default\nsteps:\n  - call: ["+strings.Join(names, ", ")+"]\n    order: together\n    ring: 3s\n    rounds: 1\n")
	order, at := explained(t, strings.Join(documents, "\n---\n"), strings.Join(does, ","))
	if len(order) != people {
		t.Fatalf("explain calls %q", order)
	}

	s := serve(t)
	s.apply(documents...)
	id := s.alarm("disk full on db01")
	x.rung("+819011110000", 1)
	eventually(t, patience, "nineteen wait, each in their place", func() bool {
		var places []int
		for _, a := range s.night(id).Attempts {
			if a.Place > 0 {
				places = append(places, a.Place)
			}
		}
		left := len(x.left())
		slices.Sort(places)
		for i, p := range places {
			if p != i+1 {
				return false
			}
		}
		return len(places)+left == people
	})
	eventually(t, 2*time.Minute, "somebody takes it", func() bool { return s.night(id).Status == "acknowledged" })

	calls := x.left()
	var wrong []string
	var slips []time.Duration
	var off, worst time.Duration
	for i, d := range calls {
		if d.how == noRoom || d.how == tooSoon {
			t.Errorf("the carrier refused call %d, to %s: %s", i, member(d.user), d.how)
		}
		if i >= people {
			t.Errorf("%s was called once more", member(d.user))
			break
		}
		if member(d.user) != order[i] {
			wrong = append(wrong, fmt.Sprintf("%d: %s, explained %s", i, member(d.user), order[i]))
		}
		off = max(off, (d.begun.Sub(calls[0].begun) - at[i]).Abs())
		if i == 0 {
			continue
		}
		allowed, over := calls[i-1].begun.Add(time.Second), calls[i-1].ended
		if over.After(allowed) {
			worst = max(worst, d.begun.Sub(over))
			continue
		}
		slips = append(slips, d.begun.Sub(allowed).Abs())
	}
	slices.Sort(slips)
	median, most := slips[len(slips)/2], slips[len(slips)-1]
	if len(wrong) > 0 {
		t.Errorf("in another order than explained: %q", wrong)
	}
	if median > 20*time.Millisecond || most > 300*time.Millisecond { // on a quiet machine the worst is a few ms
		t.Errorf("where the interval decides calls are off by %v, by %v at most", median, most)
	}
	if limit := 100*time.Millisecond + at[len(at)-1]/20; off > limit {
		t.Errorf("a call left %v from the second that was explained, more than %v", off, limit)
	}
	t.Logf("%d calls in %v: off from what was explained by %v at most; the interval kept to %v, at most %v, %d times; a free channel taken after %v at most",
		len(calls), calls[len(calls)-1].begun.Sub(calls[0].begun).Round(time.Millisecond), off.Round(time.Millisecond),
		median.Round(10*time.Microsecond), most.Round(10*time.Microsecond), len(slips), worst.Round(10*time.Microsecond))
}

// While a warning's people wait for a narrow trunk, a critical alert comes: its people are called before all of them.
func TestACriticalAlertOvertakesAWarningOnANarrowTrunk(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(user string, _ int) habit {
		return habit{ring: 200 * time.Millisecond, refuse: "603 Decline"}
	})
	x.is(func() { x.room, x.pace = 1, time.Second })
	names, documents := crew(12)
	s := serve(t)
	s.apply(append(documents, narrow(x),
		"plan: many\nafter: 0s\nsteps:\n  - call: ["+strings.Join(names[:9], ", ")+"]\n    rounds: 1\n",
		"plan: few\nsteps:\n  - call: ["+strings.Join(names[9:], ", ")+"]\n    rounds: 1\n",
		"source: quiet\nkind: json\nkey: "+circleKey(1)+"\nplan: many\n", "source: loud\nkind: json\nkey: "+circleKey(2)+"\nplan: few\n")...)
	alarm := func(source, key, severity string) {
		t.Helper()
		if _, status, err := s.post(s.url("/in/"+source+"/"+key), fmt.Sprintf(`{"title":"disk","severity":%q,"status":"firing","key":"k"}`, severity)); err != nil || status != http.StatusAccepted {
			t.Fatalf("the alert was not taken: %d %v", status, err)
		}
	}
	alarm("quiet", circleKey(1), "warning")
	x.rung("+819011110002", 1)
	before := len(x.left())
	alarm("loud", circleKey(2), "critical")
	after := len(x.left())
	x.rung("+819011110008", 1)
	var order []string
	for _, d := range x.left() {
		order = append(order, member(d.user))
		if d.how == noRoom || d.how == tooSoon {
			t.Errorf("the carrier refused a call: %s", d.how)
		}
	}
	came := slices.Index(order, names[9])
	if came < before || came > after {
		t.Fatalf("called %q: %d of the warning's before the alert came, %d when it was taken", order, before, after)
	}
	want := append(append(slices.Clone(names[:came]), names[9:]...), names[came:9]...)
	if !slices.Equal(order[:12], want) {
		t.Errorf("called %q\nwant %q", order, want)
	}
}

// The process dies a moment after an INVITE has left over a trunk with a slow pace: the next life's first call leaves
// when the carrier takes it, and not before.
func TestAKillKeepsThePace(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(_ string, nth int) habit {
		if nth == 0 {
			return habit{}
		}
		return takesIt("", 0)
	})
	x.is(func() { x.pace = 6 * time.Second }) // the first may use its place a little late, so that the document says a little more
	s := serve(t)
	s.apply("trunk: line\nserver: "+x.addr()+"\nfrom: \"+815012345678\"\ninterval: 6100ms", sato, satoOnly)
	id := s.alarm("disk full on db01")
	first := x.rung("+819011111111", 1)
	s.kill()
	s.start()
	s.ready()
	second := x.rung("+819011111111", 2)
	gap := second.Sub(first)
	if gap < x.pace-inTime || gap > x.pace+time.Second {
		t.Errorf("sato was called again after %v, want %v", gap, x.pace)
	}
	t.Logf("sato was called again %v after the call of the life before", gap.Round(time.Millisecond))
	s.until(id, timeline.AlertAcknowledged, "sato")
	if hows := x.hows(); strings.Contains(hows, tooSoon) {
		t.Errorf("the calls ended: %s", hows)
	}
}

// Two processes share a PostgreSQL and a trunk of one call a second: together they keep it. Each may use its place a
// little late, so that the document says a little more than a second (docs/rules.md).
func TestTwoProcessesKeepThePaceOfOneTrunk(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(string, int) habit { return habit{ring: 100 * time.Millisecond, refuse: "603 Decline"} })
	x.is(func() { x.pace = time.Second })
	database := withEnv("KADEN_DATABASE_URL=" + storetest.Postgres(t))
	names, documents := crew(12)
	a := serve(t, database)
	a.apply(append(documents, "trunk: line\nserver: "+x.addr()+"\nfrom: \"+815012345678\"\ninterval: 1100ms",
		"plan: one\nsteps:\n  - call: ["+strings.Join(names[:6], ", ")+"]\n    rounds: 1\n",
		"plan: two\nsteps:\n  - call: ["+strings.Join(names[6:], ", ")+"]\n    rounds: 1\n",
		"source: s1\nkind: json\nkey: "+circleKey(1)+"\nplan: one\n", "source: s2\nkind: json\nkey: "+circleKey(2)+"\nplan: two\n")...)
	b := newServer(t, database)
	b.named("b")
	b.borrowKey(a)
	b.start()
	b.ready()
	for i, s := range []*server{a, b} {
		door := s.url(fmt.Sprintf("/in/s%d/%s", i+1, circleKey(i+1)))
		if _, status, err := s.post(door, `{"title":"disk","severity":"critical","status":"firing","key":"k"}`); err != nil || status != http.StatusAccepted {
			t.Fatalf("the alert was not taken: %d %v", status, err)
		}
	}
	eventually(t, patience, "all are called", func() bool { return len(x.left()) >= 12 })
	least := time.Hour
	calls := x.left()
	for i := 1; i < len(calls); i++ {
		least = min(least, calls[i].begun.Sub(calls[i-1].begun))
	}
	if hows := x.hows(); strings.Contains(hows, tooSoon) {
		t.Errorf("the calls ended: %s", hows)
	}
	took := calls[11].begun.Sub(calls[0].begun)
	if took > 17*time.Second {
		t.Errorf("twelve calls took %v", took)
	}
	t.Logf("%d calls of two processes within %v, %v apart at least", len(calls), took.Round(time.Millisecond), least.Round(100*time.Microsecond))
}

// named gives a server that is not started the name of another node.
func (s *server) named(node string) {
	s.t.Helper()
	f, err := os.OpenFile(s.file, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = fmt.Fprintf(f, "node: %s\n", node)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		s.t.Fatal(err)
	}
}

// borrowKey gives a server that is not started the key of another one's database.
func (s *server) borrowKey(other *server) {
	s.t.Helper()
	key, err := os.ReadFile(filepath.Join(other.data, "key"))
	if err == nil {
		err = os.MkdirAll(s.data, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(s.data, "key"), key, 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}
