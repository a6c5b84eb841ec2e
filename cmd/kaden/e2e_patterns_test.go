package main_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/media"
	"github.com/kaden-project/kaden/media/mediatest"
	"github.com/kaden-project/kaden/timeline"
)

// Each pattern of calling out, with telephones and carriers that others wrote, over each way out of the house. What
// each means is in docs/patterns.md; here it is seen from the phones. P8, which is TwiML alone, is in e2e_recipes_test.go.

// ignores waits until the phone has stopped ringing for the n-th time without having been picked up.
func (p *phone) ignores(n int) {
	p.t.Helper()
	eventually(p.t, patience, fmt.Sprintf("the phone has stopped ringing %d times", n), func() bool { return p.happened("CALL_CLOSED") >= n })
}

// ringsAgain waits for the n-th call.
func (p *phone) ringsAgain(n int) {
	p.t.Helper()
	eventually(p.t, patience, fmt.Sprintf("the phone is called for the %d. time", n), func() bool { return p.happened("CALL_INCOMING") >= n })
}

// takes picks up, hears the beginning of the message and presses 1.
func (p *phone) takes() {
	p.t.Helper()
	p.picksUp()
	p.hears(2 * time.Second)
	p.presses("1")
}

// P1: all ring at once, the first to confirm gets it, the others stop ringing.
func TestPattern1TogetherFirst(t *testing.T) {
	overEachWayOut(t, func(t *testing.T, w wayOut) {
		a, b := newPhone(t), newPhone(t)
		cr := newCarrier(t, "never-answers", 0)
		s := w.kaden(t, resident{"sato", a}, resident{"suzuki", b}, resident{"tanaka", cr})
		s.apply("plan: default\nsteps:\n  - call: [sato, suzuki, tanaka]\n    order: together\n    ring: 60s\n")
		id := s.alarm("disk full on db01")
		a.rings()
		b.rings()
		eventually(t, patience, "the carrier is called", func() bool { return len(cr.got("INVITE")) == 1 })
		b.takes()
		s.until(id, timeline.AlertAcknowledged, "suzuki")
		a.sees("CALL_CLOSED")
		eventually(t, patience, "the carrier gets a CANCEL", func() bool { return len(cr.got("CANCEL")) == 1 })
		b.sees("CALL_CLOSED")
	})
}

// P2: all ring at once; whoever answers joins, and those who are in call the missing again.
func TestPattern2EverybodyJoins(t *testing.T) {
	overEachWayOut(t, func(t *testing.T, w wayOut) {
		voice := spoken(t, "en-US", "This is Sato. The database is back, I am looking at the disk.")
		microphone := filepath.Join(t.TempDir(), "sato.wav")
		var said []int16
		for len(said) < 120*media.Rate { // sato says the same for two minutes
			said = append(append(said, voice...), make([]int16, media.Rate)...)
		}
		if err := writeWAV(microphone, said, 10*time.Minute); err != nil {
			t.Fatal(err)
		}
		sato, suzuki, tanaka := newPhoneThatSays(t, microphone), newPhone(t), newPhone(t)
		s := w.kaden(t, resident{"sato", sato}, resident{"suzuki", suzuki}, resident{"tanaka", tanaka})
		s.apply("plan: default\nsteps:\n  - call: [sato, suzuki, tanaka]\n    need: everyone\n    join: true\n    ring: 8s\n")
		id := s.alarm("disk full on db01")
		sato.rings()
		suzuki.rings()
		sato.takes()
		suzuki.takes()
		s.until(id, timeline.AttemptJoined, "sato")
		s.until(id, timeline.AttemptJoined, "suzuki")
		tanaka.ignores(1)
		s.until(id, timeline.AlertAcknowledged, "")

		// suzuki hears sato speak.
		eventually(t, patience, "suzuki hears sato in the conference", func() bool {
			return mediatest.Find(suzuki.recorded(), voice).Score > 0.6
		})
		// Out of the conference, 3 calls those who are missing.
		suzuki.presses("*")
		suzuki.hears(duration(suzuki.recorded()) + 3*time.Second)
		suzuki.presses("3")
		tanaka.ringsAgain(2)
		tanaka.takes()
		s.until(id, timeline.AttemptJoined, "tanaka")
		eventually(t, patience, "tanaka hears sato in the conference", func() bool {
			return mediatest.Find(tanaka.recorded(), voice).Score > 0.6
		})
	})
}

// P3: called again until each one has answered.
func TestPattern3EverybodyRequired(t *testing.T) {
	overEachWayOut(t, func(t *testing.T, w wayOut) {
		sato, suzuki := newPhone(t), newPhone(t)
		s := w.kaden(t, resident{"sato", sato}, resident{"suzuki", suzuki})
		s.apply("plan: default\nsteps:\n  - call: [sato, suzuki]\n    need: everyone\n    rounds: forever\n    ring: 6s\n    gap: 1s\ndeadline: 10m\n")
		id := s.alarm("disk full on db01")
		sato.rings()
		sato.takes()
		s.until(id, timeline.AttemptConfirmed, "sato")
		suzuki.ignores(1)
		suzuki.ringsAgain(2)
		if n := s.night(id); n.Status != "stored" {
			t.Errorf("the alert is %s while suzuki is missing:\n%s", n.Status, n)
		}
		suzuki.takes()
		s.until(id, timeline.AlertAcknowledged, "")
		if n := sato.happened("CALL_INCOMING"); n != 1 {
			t.Errorf("sato, who had confirmed, was called %d times", n)
		}
	})
}

// P4: one at a time, in order, until somebody confirms.
func TestPattern4InTurn(t *testing.T) {
	overEachWayOut(t, func(t *testing.T, w wayOut) {
		sato, suzuki, tanaka := newPhone(t), newPhone(t), newPhone(t)
		s := w.kaden(t, resident{"sato", sato}, resident{"suzuki", suzuki}, resident{"tanaka", tanaka})
		s.apply("plan: default\nsteps:\n  - call: [sato, suzuki, tanaka]\n    order: in-turn\n    ring: 5s\n")
		id := s.alarm("disk full on db01")
		sato.rings()
		if suzuki.happened("CALL_INCOMING") > 0 {
			t.Error("suzuki rings beside sato")
		}
		sato.ignores(1)
		suzuki.rings()
		suzuki.takes()
		s.until(id, timeline.AlertAcknowledged, "suzuki")
		if tanaka.happened("CALL_INCOMING") > 0 {
			t.Error("tanaka was rung after suzuki took it")
		}
	})
}

// P5: who comes first moves on from alert to alert, also over a restart.
func TestPattern5RoundRobin(t *testing.T) {
	overEachWayOut(t, func(t *testing.T, w wayOut) {
		sato, suzuki := newPhone(t), newPhone(t)
		s := w.kaden(t, resident{"sato", sato}, resident{"suzuki", suzuki})
		s.apply("plan: default\nsteps:\n  - call: [sato, suzuki]\n    order: round-robin\n    ring: 30s\n")
		first := s.alarm("disk full on db01")
		sato.rings()
		sato.takes()
		s.until(first, timeline.AlertAcknowledged, "sato")
		sato.sees("CALL_CLOSED")
		s.kill()
		s.start()
		s.ready()
		second := s.alarm("disk full on db02")
		suzuki.rings()
		if sato.happened("CALL_INCOMING") != 1 {
			t.Error("sato was first again")
		}
		suzuki.takes()
		s.until(second, timeline.AlertAcknowledged, "suzuki")
	})
}

// P6: in turn, again and again, until somebody confirms.
func TestPattern6Loop(t *testing.T) {
	overEachWayOut(t, func(t *testing.T, w wayOut) {
		sato := newPhone(t)
		cr := newCarrier(t, "refuses-486", 0)
		s := w.kaden(t, resident{"sato", sato}, resident{"suzuki", cr})
		s.apply("plan: default\nsteps:\n  - call: [sato, suzuki]\n    order: in-turn\n    rounds: forever\n    ring: 5s\n    gap: 0s\ndeadline: 1h\n")
		id := s.alarm("disk full on db01")
		sato.ignores(1)
		sato.ringsAgain(2)
		sato.takes()
		s.until(id, timeline.AlertAcknowledged, "sato")
		if len(cr.got("INVITE")) == 0 {
			t.Error("suzuki was never called")
		}
	})
}

// P9: more than ten people, by kaden's own engine: eleven behind a carrier, one with a softphone.
func TestPattern9Twelve(t *testing.T) {
	overEachWayOut(t, func(t *testing.T, w wayOut) {
		cr, me := newCarrier(t, "never-answers", 0), newPhone(t)
		people := []resident{{"sato", me}}
		var names []string
		for i := range 11 {
			people = append(people, resident{fmt.Sprintf("person%02d", i+1), cr})
			names = append(names, people[i+1].name)
		}
		s := w.kaden(t, people...)
		s.apply("plan: default\nsteps:\n  - call: [" + strings.Join(names, ", ") + ", sato]\n    ring: 60s\n")
		id := s.alarm("disk full on db01")
		me.rings()
		eventually(t, patience, "eleven are called over the carrier", func() bool { return len(cr.got("INVITE")) == 11 })
		me.takes()
		s.until(id, timeline.AlertAcknowledged, "sato")
		eventually(t, patience, "eleven stop ringing", func() bool { return len(cr.got("CANCEL")) == 11 })
	})
}

// T1: a voicemail answers, and silences nobody.
func TestTrap1Voicemail(t *testing.T) {
	overEachWayOut(t, func(t *testing.T, w wayOut) {
		mailbox, tanaka := newPhone(t), newPhone(t)
		s := w.kaden(t, resident{"sato", mailbox}, resident{"tanaka", tanaka})
		s.apply("plan: default\nsteps:\n  - call: [sato, tanaka]\n    order: in-turn\n    ring: 30s\n    listen: 15s\n")
		id := s.alarm("disk full on db01")
		mailbox.rings()
		mailbox.picksUp()
		tanaka.rings()
		if n := s.night(id); n.Status != "stored" {
			t.Errorf("an answer without a key made the alert %s:\n%s", n.Status, n)
		}
		tanaka.takes()
		s.until(id, timeline.AlertAcknowledged, "tanaka")
		if n := s.night(id); n.count(timeline.AttemptConfirmed, "sato") > 0 {
			t.Errorf("the mailbox confirmed:\n%s", n)
		}
	})
}

// T2: a machine is heard to be one, in whatever language; the next phone rings long before the listening
// time is over, and nothing is acknowledged.
func TestTrap2MachineDetection(t *testing.T) {
	overEachWayOut(t, func(t *testing.T, w wayOut) {
		greeting := spoken(t, "en-US", "Hello. You have reached the voice mail of Sato. I am not able to come to the phone at the moment. Please leave your name, your number and a short message after the tone, and I will call you back as soon as I can.")
		microphone := filepath.Join(t.TempDir(), "greeting.wav")
		if err := writeWAV(microphone, greeting, 10*time.Minute); err != nil {
			t.Fatal(err)
		}
		mailbox, tanaka := newPhoneThatSays(t, microphone), newPhone(t)
		s := w.kaden(t, resident{"sato", mailbox}, resident{"tanaka", tanaka})
		s.apply("plan: default\nsteps:\n  - call: [sato, tanaka]\n    order: in-turn\n    ring: 30s\n")
		id := s.alarm("disk full on db01")
		mailbox.rings()
		mailbox.picksUp()
		detected := s.until(id, timeline.AttemptDetected, "sato")
		if !strings.HasPrefix(detected.Cause, "machine_") {
			t.Errorf("the greeting was taken for %q", detected.Cause)
		}
		tanaka.rings()
		n := s.night(id)
		answered, _ := n.first(timeline.AttemptAnswered, "sato")
		next, _ := n.first(timeline.AttemptDialing, "tanaka")
		if wait := next.At.Sub(answered.At); wait > 8*time.Second {
			t.Errorf("tanaka was called %v after the machine answered", wait)
		} else {
			t.Logf("tanaka was called %v after the machine answered", wait.Round(10*time.Millisecond))
		}
		tanaka.takes()
		s.until(id, timeline.AlertAcknowledged, "tanaka")
	})
}
