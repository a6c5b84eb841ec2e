package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// trunkNamed is the document of one of several trunks that lead to carriers.
func trunkNamed(name string, port int, more ...string) string {
	return fmt.Sprintf("trunk: %s\nserver: %s\nfrom: \"+815012345678\"\n%s", name, local(port), strings.Join(more, "\n"))
}

// A refusal before anything rang: the second trunk has the INVITE within a second, and the next call does not ask
// the first one at all.
func TestAnotherTrunkWithinASecondOfARefusal(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	full, works := newCarrier(t, "refuses-503", 0), newCarrier(t, "answers", 0)
	s := serve(t)
	s.apply(trunkNamed("a", full.port), trunkNamed("b", works.port), sato, satoOnly)
	id := s.alarm("disk full on db01")
	s.until(id, timeline.AlertAcknowledged, "sato")
	moved := works.got("INVITE")[0].at.Sub(full.said("SIP/2.0 503")[0].at)
	if moved >= time.Second {
		t.Errorf("the second trunk was tried %v after the first refused", moved)
	}
	t.Logf("the second trunk had the INVITE %v after the 503", moved.Round(time.Millisecond))
	n := s.night(id)
	if faults := n.count(timeline.AttemptFault, "sato"); faults > 0 || len(full.got("INVITE")) != 1 || len(works.got("INVITE")) != 1 {
		t.Errorf("%d faults, %d and %d INVITEs, want 0, 1 and 1:\n%s", faults, len(full.got("INVITE")), len(works.got("INVITE")), n)
	}

	var status struct {
		Trunks []struct {
			Name, State, Why string
			Score            int
		}
	}
	if err := s.get("/api/status", &status); err != nil || len(status.Trunks) != 2 || status.Trunks[0].Score != 50 || !strings.Contains(status.Trunks[0].Why, "503") || status.Trunks[1].Score != 100 {
		t.Errorf("the trunks are %+v (%v)", status.Trunks, err)
	}
	if got := body(t, s.url("/metrics")); !strings.Contains(got, `kaden_trunk_score{trunk="a"} 50`) || !strings.Contains(got, `kaden_trunk_waiting{trunk="b"} 0`) {
		t.Error("the figures do not tell how the trunks are")
	}
}

func body(t *testing.T, where string) string {
	t.Helper()
	resp, err := http.Get(where)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A refusal after a phone has rung is not tried elsewhere: that phone would ring twice.
func TestNoOtherTrunkAfterItRang(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	rang, idle := newCarrier(t, "rings-then-503", 0), newCarrier(t, "answers", 0)
	x := newExchange(t, takesIt)
	s := serve(t)
	s.apply(trunkNamed("a", rang.port), trunkNamed("b", idle.port), "person: sato\nlanguage: en-US\ncontacts: [\"tel:+819011111111\"]", suzukiAt(x), inTurn)
	id := s.alarm("disk full on db01")
	eventually(t, patience, "the phone rang and the carrier refused", func() bool { return len(rang.said("SIP/2.0 503")) > 0 })
	said := rang.said("SIP/2.0 503")[0].at
	s.until(id, timeline.AttemptFault, "sato")
	time.Sleep(time.Until(said.Add(900 * time.Millisecond))) // the same call is not sent elsewhere; a new one may be, later
	if got := len(idle.got("INVITE")); got != 0 {
		t.Errorf("the other trunk got %d INVITEs after the phone had rung", got)
	}
}

// Silence: after three seconds the second trunk joins. The first rings at last, gets its CANCEL at once, and the
// timeline says that the phone may have rung twice.
func TestASilentTrunkIsJoinedAndCancelledAtItsLateRing(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	silent := newCarrier(t, "late-ring", 0)
	x := newExchange(t, func(string, int) habit {
		return habit{ring: 100 * time.Millisecond, answer: 4 * time.Second, press: "1", after: 1500 * time.Millisecond}
	})
	s := serve(t)
	s.apply(trunkNamed("a", silent.port), "trunk: b\nserver: "+x.addr()+"\nfrom: \"+815087654321\"", sato, "plan: default\nsteps:\n  - call: [sato]\n    ring: 10s\n    rounds: 1\n")
	id := s.alarm("disk full on db01")
	second := x.rung("+819011111111", 1)
	first := silent.got("INVITE")[0].at
	if joined := second.Sub(first); joined < 2900*time.Millisecond || joined > 3500*time.Millisecond {
		t.Errorf("the second trunk joined after %v, want 3 s", joined)
	} else {
		t.Logf("the second trunk joined after %v", joined.Round(time.Millisecond))
	}
	eventually(t, patience, "the silent trunk gets its CANCEL", func() bool { return len(silent.got("CANCEL")) > 0 })
	late := silent.said("SIP/2.0 180")[0].at
	if cancelled := silent.got("CANCEL")[0].at.Sub(late); cancelled < 0 || cancelled > 500*time.Millisecond {
		t.Errorf("the CANCEL came %v after the late 180", cancelled)
	} else {
		t.Logf("the CANCEL came %v after the late 180", cancelled.Round(time.Millisecond))
	}
	s.until(id, timeline.AlertAcknowledged, "sato")
	n := s.night(id)
	if e, ok := n.first(timeline.CallDoubleRing, ""); !ok || !strings.Contains(e.Text, "over b, and late over a") {
		t.Errorf("the double ring is not on the timeline:\n%s", n)
	}
	eventually(t, patience, "nothing is left", func() bool { return len(x.open()) == 0 && len(silent.got("ACK")) > 0 })
	if got := len(x.calledAt("+819011111111")); got != 1 || n.count(timeline.AttemptDialing, "sato") != 1 {
		t.Errorf("sato was called %d times over the second trunk:\n%s", got, n)
	}
}

// The process dies while a call is tried over two trunks, of which one is silent: what it left on each of them is
// ended under its own name, and then the phone rings again.
func TestTheGhostsOfTwoTrunksAreEnded(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	mute := newExchange(t, func(string, int) habit { return habit{mute: true} })
	rings := newExchange(t, func(string, int) habit { return habit{} })
	s := serve(t)
	s.apply("trunk: a\nserver: "+mute.addr()+"\nfrom: \"+815012345678\"", "trunk: b\nserver: "+rings.addr()+"\nfrom: \"+815087654321\"",
		sato, "plan: default\nsteps:\n  - call: [sato]\n    ring: 60s\n    rounds: 1\n")
	id := s.alarm("disk full on db01")
	s.until(id, timeline.AttemptRinging, "sato")
	s.kill()
	if a, b := len(mute.open()), len(rings.open()); a != 1 || b != 1 {
		t.Fatalf("%d and %d calls are left at the trunks, want one at each", a, b)
	}
	s.start()
	s.ready()
	// Over the second one, if the next life knows still that the first one says nothing.
	eventually(t, patience, "sato is called again", func() bool { return len(mute.calledAt("+819011111111"))+len(rings.calledAt("+819011111111")) == 3 })
	if hows := mute.hows() + "; " + rings.hows(); !strings.Contains(mute.hows(), "cancelled: 1") || !strings.Contains(rings.hows(), "cancelled: 1") {
		t.Errorf("the calls of the last run ended so when sato was called again: %s", hows)
	}
	if err := s.stop(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
}

// All trunks are down for twenty seconds, and for two minutes in make soak: nobody's turn is burnt, people are told once
// of each trunk and what to do about it, and once that it is back. Who is called first then is dispatch's story.
func TestAllTrunksDownBurnsNobodysTurn(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	a, b := newCarrier(t, "refuses-503", 0), newCarrier(t, "refuses-503", 0)
	s := serve(t)
	s.apply(trunkNamed("a", a.port), trunkNamed("b", b.port), sato, "person: hana\nlanguage: en-US\ncontacts: [\"tel:+819022222222\"]",
		"plan: default\nsteps:\n  - call: [sato, hana]\n    order: in-turn\n    ring: 5s\n    rounds: 1\n")
	id := s.alarm("disk full on db01")
	s.until(id, timeline.AttemptFault, "sato")
	down := 20 * time.Second
	if kills(t, 50) >= 500 { // make soak
		down = 125 * time.Second
	}
	time.Sleep(down)
	n := s.night(id)
	if n.Status != "stored" || n.count(timeline.AlertExhausted, "") > 0 || n.count(timeline.AttemptFault, "sato") < 2 {
		t.Errorf("after %v the alert is %s:\n%s", down, n.Status, n)
	}
	if tried := len(a.got("INVITE")); tried < 3 || tried > 25 {
		t.Errorf("trunk a was tried %d times in %v", tried, down)
	}
	t.Logf("in %v: %d tries of sato, %d and %d INVITEs", down, n.count(timeline.AttemptDialing, "sato"), len(a.got("INVITE")), len(b.got("INVITE")))
	if e, ok := n.first(timeline.NoticeRaised, ""); !ok || !strings.Contains(e.Text, "a second trunk would carry them") {
		t.Errorf("it is not said what to do about a trunk that is full: %q", e.Text)
	}
	for _, name := range []string{"a", "b"} {
		if told := notices(n, "trunk-down", name); told != 1 {
			t.Errorf("people were told %d times that trunk %s is down:\n%s", told, name, n)
		}
	}
	a.stop()
	works := newCarrier(t, "answers", a.port)
	s.until(id, timeline.AlertAcknowledged, "sato")
	n = s.night(id)
	if notices(n, "trunk-back", "a") != 1 || notices(n, "trunk-back", "b") != 0 {
		t.Errorf("people were not told once that trunk a is back:\n%s", n)
	}
	if got := len(works.got("INVITE")); got != 1 {
		t.Errorf("trunk a carried %d calls, want 1", got)
	}
	if n.count(timeline.AttemptNoAnswer, "") > 0 || n.count(timeline.AttemptUnreachable, "") > 0 {
		t.Errorf("a person's turn was burnt:\n%s", n)
	}
}

func notices(n night, cause, trunk string) (count int) {
	for _, e := range n.Events {
		if e.Kind == timeline.NoticeRaised && e.Cause == cause && strings.Contains(e.Text, "trunk "+trunk+" ") {
			count++
		}
	}
	return count
}

// Each class of numbers, by each door, seen from the wire of an 050 line: emergency and special numbers never
// leave, and neither does what such a line does not reach.
func TestWhichNumbersLeaveTheHouse(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(string, int) habit { return habit{refuse: "486 Busy Here"} })
	s := serve(t)
	s.apply("trunk: line\nserver: " + x.addr() + "\nfrom: \"+815012345678\"")
	rest := func(to, twiml string) (status, code int) {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url("/2010-04-01/Accounts/"+s.account()+"/Calls.json"),
			strings.NewReader(url.Values{"To": {to}, "From": {"+815012345678"}, "Twiml": {twiml}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		q.SetBasicAuth(s.account(), s.token())
		resp, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var answer struct{ Code int }
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, answer.Code
	}
	numbers := []struct {
		to     string
		wire   string // as it leaves; "" is never
		code   int    // of REST
		person bool   // whether it may be somebody's contact
	}{
		{"+819011110001", "+819011110001", 0, true},
		{"0312340002", "+81312340002", 0, true},
		{"050-1111-0003", "+815011110003", 0, true},
		{"+81911234567", "+81911234567", 0, true}, // an area nobody knows: warned of
		{"0120444444", "", 21214, false},
		{"08001234567", "", 21214, false},
		{"0570012345", "", 21214, false},
		{"0990123456", "", 21202, false},
		{"02012345678", "", 21214, false},
		{"+14158675309", "", 21215, false},
		{"010-1-415-867-5309", "", 21215, false},
		{"110", "", 21211, false},
		{"118", "", 21211, false},
		{"119", "", 21211, false},
		{"112", "", 21211, false},
		{"911", "", 21211, false},
		{"+81110", "", 21211, false},
		{"+81119", "", 21211, false},
		{"+1911", "", 21211, false},
		{"1101234567", "", 21211, false},
		{"184110", "", 21211, false},
		{"177", "", 21211, false},
		{"104", "", 21211, false},
		{"0033-090-1234-5678", "", 21211, false},
		{"１１９", "", 21211, false},
		{"tel:110", "", 21211, false},
	}
	var contacts []string
	for i, n := range numbers {
		leaves := n.wire != ""
		if status, code := rest(n.to, "<Response/>"); (status == http.StatusCreated) != leaves || code != n.code {
			t.Errorf("REST, %s: %d with code %d, want %d", n.to, status, code, n.code)
		}
		// A simulated phone that answers, and a document that dials on.
		if status, code := rest("sim:caller", "<Response><Dial timeout=\"5\"><Number>"+n.to+"</Number></Dial></Response>"); status != http.StatusCreated {
			t.Errorf("Dial, %s: %d with code %d", n.to, status, code)
		}
		got := s.command("", "call", n.to, "--say", "test")
		if !leaves && got.code == 0 {
			t.Errorf("kaden call %s: exit 0: %s%s", n.to, got.out, got.err)
		}
		person := fmt.Sprintf("person: p%d\nlanguage: en-US\ncontacts: [%q]", i, n.to)
		got = s.command(person+"\n", "apply", "-f", "-")
		if (got.code == 0) != n.person {
			t.Errorf("apply, %s: exit %d: %s%s", n.to, got.code, got.out, got.err)
		}
		plan := tell(t, environment(), trunkNamed("line", 5060)+"\n---\n"+person+fmt.Sprintf("\n---\nplan: x\nsay: { en: x }\nsteps:\n  - call: [p%d]\n", i), "plan", "check", "-")
		if (plan.code == 0) != n.person && n.code != 21211 { // what is no contact at all is said by apply
			t.Errorf("plan check, %s: exit %d: %s%s", n.to, plan.code, plan.out, plan.err)
		}
		if n.person {
			contacts = append(contacts, fmt.Sprintf("p%d", i))
		}
	}
	s.apply("plan: default\nsteps:\n  - call: [" + strings.Join(contacts, ", ") + "]\n    ring: 2s\n    rounds: 1\n")
	s.alarm("disk full on db01")
	for _, n := range numbers {
		if n.wire != "" { // REST, Dial, kaden call, plan
			eventually(t, patience, n.wire+" is called by four doors", func() bool { return len(x.calledAt(n.wire)) >= 4 })
		}
	}
	time.Sleep(2 * time.Second)
	wanted := map[string]bool{}
	for _, n := range numbers {
		wanted[n.wire] = true
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, d := range x.calls {
		if !wanted[d.user] {
			t.Errorf("%s left the house", d.user)
		}
	}
	t.Logf("%d calls of %d numbers by five doors", len(x.calls), len(numbers))
}

// One call a second for all doors: ten calls of the API are on their way when a critical alert rings five people.
// The five overtake those that still wait, no two calls leave less than a second apart, and none much later.
func TestOneCallASecondAndCriticalCallsOvertake(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(string, int) habit { return habit{ring: 20 * time.Millisecond, refuse: "486 Busy Here"} })
	s := serve(t)
	documents := []string{"trunk: line\nserver: " + x.addr() + "\nfrom: \"+815012345678\"\ninterval: 1s"}
	var five []string
	for i := range 5 {
		documents = append(documents, fmt.Sprintf("person: p%d\nlanguage: en-US\ncontacts: [\"tel:+81902222000%d\"]", i, i))
		five = append(five, fmt.Sprintf("p%d", i))
	}
	s.apply(append(documents, "plan: default\nsteps:\n  - call: ["+strings.Join(five, ", ")+"]\n    order: together\n    rounds: 1\n")...)
	for i := range 10 {
		s.order(url.Values{"To": {fmt.Sprintf("+81901111000%d", i)}, "From": {"+815012345678"}, "Twiml": {"<Response/>"}})
	}
	x.rung("+819011110000", 1)
	var status struct{ Trunks []struct{ Waiting int } }
	if err := s.get("/api/status", &status); err != nil || status.Trunks[0].Waiting < 8 {
		t.Errorf("%+v wait (%v), want about nine", status, err)
	}
	s.alarm("disk full on db01")
	x.rung("+819011110009", 1)
	x.mu.Lock()
	defer x.mu.Unlock()
	var order []string
	var slips []time.Duration
	for i, d := range x.calls {
		order = append(order, d.user[len(d.user)-5:])
		if i > 0 {
			slips = append(slips, (d.begun.Sub(x.calls[i-1].begun) - time.Second).Abs())
		}
	}
	slices.Sort(slips)
	median, worst := slips[len(slips)/2], slips[len(slips)-1]
	if len(x.calls) != 15 {
		t.Errorf("%d calls left the house, want 15: %q", len(x.calls), order)
	}
	if median > 50*time.Millisecond || worst > 100*time.Millisecond { // on a quiet machine the worst is a few ms
		t.Errorf("calls left %v too early or too late, %v at most", median, worst)
	}
	last := strings.LastIndex(strings.Join(order, " "), "2000")
	if before := strings.Count(strings.Join(order, " ")[:last], "1000"); before > 5 {
		t.Errorf("%d ordinary calls went before the last critical one: %q", before, order)
	}
	t.Logf("order %q, a second apart but for %v at most", order, worst.Round(time.Millisecond/10))
}

// Carriers that answer when they should not: with 200 to a call that was cancelled, or twice to one call. Nobody is left
// listening to nothing, the next person rings, and the log says what to ask the carrier.
func TestAnswersThatNobodyWantsAreHungUp(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	t.Run("200 after CANCEL", func(t *testing.T) {
		t.Parallel()
		late, x := newExchange(t, func(string, int) habit { return habit{cross: true} }), newExchange(t, takesIt)
		s := serve(t)
		s.apply("trunk: a\nserver: "+late.addr()+"\nfrom: \"+815012345678\"", sato, suzukiAt(x), inTurn)
		id := s.alarm("disk full on db01")
		s.until(id, timeline.AlertAcknowledged, "suzuki")
		eventually(t, patience, "the late answer is hung up", func() bool { return late.hows() == "hung up: 1" })
		if log := tail(s.log.Name(), 1<<20); !strings.Contains(log, "ask it why") {
			t.Error("the log does not say what to ask the carrier")
		}
		if n := s.night(id); n.count(timeline.AttemptNoAnswer, "sato") != 1 {
			t.Errorf("sato's phone rang out, and the night says:\n%s", n)
		}
	})
	t.Run("two answers", func(t *testing.T) {
		t.Parallel()
		forks := newExchange(t, func(string, int) habit {
			h := takesIt("", 0)
			h.twice = true
			return h
		})
		s := serve(t)
		s.apply("trunk: a\nserver: "+forks.addr()+"\nfrom: \"+815012345678\"", sato, satoOnly)
		id := s.alarm("disk full on db01")
		s.until(id, timeline.AlertAcknowledged, "sato")
		eventually(t, patience, "the second answer is hung up", func() bool {
			forks.mu.Lock()
			defer forks.mu.Unlock()
			return forks.calls[0].second == "hung up"
		})
		eventually(t, patience, "and then the first", func() bool { return forks.hows() == "hung up: 1" })
		if log := tail(s.log.Name(), 1<<20); !strings.Contains(log, "ask it why") {
			t.Error("the log does not say what to ask the carrier")
		}
	})
}
