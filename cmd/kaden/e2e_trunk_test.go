package main_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/timeline"
)

// The night of the carriers: sato has a telephone behind a trunk, suzuki a softphone that answers and
// takes the alert. sato comes first.
const (
	sato     = "person: sato\nlanguage: en-US\ncontacts: [\"tel:+819011111111\"]"
	inTurn   = "plan: default\nsteps:\n  - call: [sato, suzuki]\n    order: in-turn\n    ring: 2s\n    rounds: 1\n"
	satoOnly = "plan: default\nsteps:\n  - call: [sato]\n    ring: 5s\n    rounds: 1\n"
)

// takesIt is a subscriber who answers soon and presses 1.
func takesIt(string, int) habit {
	return habit{answer: 200 * time.Millisecond, press: "1", after: 1500 * time.Millisecond}
}

func suzukiAt(x *exchange) string {
	return "person: suzuki\nlanguage: en-US\ncontacts: [\"" + x.address("suzuki") + "\"]"
}

// Whatever a carrier says, it lands in the right state with the right cause, and the next person rings at once.
func TestCarrierRefusesAndTheNextPersonRings(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	for _, c := range []struct {
		scenario string
		want     timeline.Kind
		cause    string
		after    string // of the carrier: the next person rings within a second of the first message that begins so
		got      bool   // … that it got, not said
		times    map[string]int
	}{
		{"refuses-486", timeline.AttemptBusy, "busy", "SIP/2.0 486", false, map[string]int{"INVITE": 1, "CANCEL": 0, "BYE": 0}},
		{"refuses-603", timeline.AttemptRejected, "rejected", "SIP/2.0 603", false, map[string]int{"INVITE": 1, "CANCEL": 0}},
		{"refuses-480", timeline.AttemptUnreachable, "unreachable", "SIP/2.0 480", false, map[string]int{"INVITE": 1}},
		{"refuses-404", timeline.AttemptInvalid, "invalid", "SIP/2.0 404", false, map[string]int{"INVITE": 1}},
		{"rings-then-480", timeline.AttemptNoAnswer, "no-answer", "SIP/2.0 480", false, map[string]int{"INVITE": 1, "CANCEL": 0}},
		{"never-answers", timeline.AttemptNoAnswer, "no-answer", "CANCEL", true, map[string]int{"INVITE": 1, "CANCEL": 1, "BYE": 0}},
		{"silent", timeline.AttemptUnreachable, "unreachable", "CANCEL", true, map[string]int{"INVITE": 1, "CANCEL": 1, "BYE": 0}},
		{"hangs-up", timeline.AttemptNotConfirmed, "hung-up", "BYE", false, map[string]int{"INVITE": 1, "CANCEL": 0}},
	} {
		t.Run(c.scenario, func(t *testing.T) {
			t.Parallel()
			cr, x := newCarrier(t, c.scenario, 0), newExchange(t, takesIt)
			s := serve(t)
			s.apply(cr.trunk(), sato, suzukiAt(x), inTurn)
			id := s.alarm("disk full on db01")
			next := x.rung("suzuki", 1)
			s.until(id, timeline.AlertAcknowledged, "suzuki")
			n := s.night(id)

			over, ok := n.first(c.want, "sato")
			if !ok || over.Cause != c.cause {
				t.Errorf("sato's call did not end as %s (%s); the night was:\n%s", c.want, c.cause, n)
			}
			said := cr.said(c.after)
			if c.got {
				said = cr.got(c.after)
			}
			if len(said) == 0 {
				t.Fatalf("the carrier's book has no %s:\n%s", c.after, tail(cr.file, 8000))
			}
			if late := next.Sub(said[0].at); late > time.Second {
				t.Errorf("suzuki was called %v after the carrier's %s", late, c.after)
			} else {
				t.Logf("suzuki's INVITE came %v after %s", late.Round(time.Millisecond), c.after)
			}
			for method, times := range c.times {
				if got := len(cr.got(method)); got != times {
					t.Errorf("the carrier got %d %s, want %d", got, method, times)
				}
			}
			if n.Status != "acknowledged" || n.By != "suzuki" {
				t.Errorf("the alert is %s by %s, want acknowledged by suzuki", n.Status, n.By)
			}
		})
	}
}

// Carriers that answer, each in its own manner: the one who is called takes the alert, and nobody else is rung.
func TestCarrierAnswersAndSomebodyTakesIt(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	for _, c := range []struct {
		scenario string
		invites  int
		says     map[string]int // what the carrier said at least so often
	}{
		{"digest-407", 2, map[string]int{"SIP/2.0 407": 1, "SIP/2.0 180": 12}},
		{"digest-401", 2, map[string]int{"SIP/2.0 401": 1}},
		{"early-media", 1, map[string]int{"SIP/2.0 183": 1}},
	} {
		t.Run(c.scenario, func(t *testing.T) {
			t.Parallel()
			cr, x := newCarrier(t, c.scenario, 0), newExchange(t, takesIt)
			s := serve(t, withEnv("CARRIER_PASSWORD=open sesame"))
			s.apply(cr.trunk("user: kaden", "password: env:CARRIER_PASSWORD"), sato, suzukiAt(x), inTurn)
			id := s.alarm("disk full on db01")
			s.until(id, timeline.AlertAcknowledged, "sato")
			eventually(t, patience, "the call is ended with a BYE", func() bool { return len(cr.got("BYE")) > 0 })
			n := s.night(id)
			if e, ok := n.first(timeline.AttemptConfirmed, "sato"); !ok || e.Digit != "1" && n.Attempts[0].Digit != "1" {
				t.Errorf("sato did not confirm with key 1; the night was:\n%s", n)
			}
			if n.count(timeline.AttemptRinging, "sato") != 1 {
				t.Errorf("sato rang %d times in the timeline, want 1:\n%s", n.count(timeline.AttemptRinging, "sato"), n)
			}
			if got := len(cr.got("INVITE")); got != c.invites {
				t.Errorf("the carrier got %d INVITEs, want %d", got, c.invites)
			}
			for what, times := range c.says {
				if got := len(cr.said(what)); got < times {
					t.Errorf("the carrier said %s %d times, want %d", what, got, times)
				}
			}
			if called := x.calledAt("suzuki"); len(called) > 0 {
				t.Errorf("suzuki was called as well")
			}
			if log := tail(s.log.Name(), 1<<22); strings.Contains(log, "open sesame") || strings.Contains(log, "9011111111") {
				t.Error("the log holds the trunk's password or a whole number")
			}
		})
	}
}

// What is wrong with our own trunk burns nobody's turn: the same person is called again, nobody else is
// rung in their place, and nothing is exhausted.
func TestOurOwnTrunksFailureBurnsNobodysTurn(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")

	t.Run("503, then it works again", func(t *testing.T) {
		t.Parallel()
		port, x := freePort(t), newExchange(t, takesIt)
		full := newCarrier(t, "refuses-503", port)
		s := serve(t)
		s.apply(full.trunk(), sato, suzukiAt(x), satoOnly)
		id := s.alarm("disk full on db01")
		s.until(id, timeline.AttemptFault, "sato")
		// The carrier has room again: the trunk leads to another of its doors.
		works := newCarrier(t, "answers", 0)
		s.apply(works.trunk())
		s.until(id, timeline.AlertAcknowledged, "sato")
		n := s.night(id)
		if _, ok := n.first(timeline.CalloutStalled, ""); !ok {
			t.Errorf("nothing says that our own fault held the call-out up:\n%s", n)
		}
		again := works.got("INVITE")[0].at.Sub(full.got("INVITE")[0].at)
		if again < 500*time.Millisecond {
			t.Errorf("sato was called again %v after a 503; the trunk needs a moment", again)
		}
		t.Logf("sato was called again %v after the trunk's 503", again.Round(time.Millisecond))
	})

	t.Run("503 once, and the next person is not rung for it", func(t *testing.T) {
		t.Parallel()
		works := newExchange(t, takesIt)
		once := newExchange(t, func(_ string, nth int) habit {
			if nth == 0 {
				return habit{refuse: "503 Service Unavailable"}
			}
			return takesIt("", 0)
		})
		s := serve(t)
		s.apply("trunk: carrier\nserver: "+once.addr()+"\nfrom: \"+815012345678\"", sato, suzukiAt(works), inTurn)
		id := s.alarm("disk full on db01")
		s.until(id, timeline.AlertAcknowledged, "sato")
		if called := works.calledAt("suzuki"); len(called) > 0 {
			t.Errorf("suzuki was rung because our trunk was full:\n%s", s.night(id))
		}
		if got := len(once.calledAt("+819011111111")); got != 2 {
			t.Errorf("sato was called %d times, want 2:\n%s", got, s.night(id))
		}
	})

	t.Run("a wrong password, until it is mended", func(t *testing.T) {
		t.Parallel()
		cr := newCarrier(t, "digest-401", 0)
		s := serve(t)
		s.apply(cr.trunk("user: kaden", "password: open says me"), sato, satoOnly)
		id := s.alarm("disk full on db01")
		e := s.until(id, timeline.AttemptFault, "sato")
		if !strings.Contains(strings.ToLower(e.Text+e.Cause), "password") {
			t.Errorf("the timeline says %q %q, and does not name the password", e.Cause, e.Text)
		}
		eventually(t, patience, "sato is tried again", func() bool { return s.night(id).count(timeline.AttemptDialing, "sato") >= 2 })
		s.apply(cr.trunk("user: kaden", "password: open sesame"))
		s.until(id, timeline.AlertAcknowledged, "sato")
	})

	t.Run("a trunk that knows us not", func(t *testing.T) {
		t.Parallel()
		cr := newCarrier(t, "digest-never", 0)
		s := serve(t)
		s.apply(cr.trunk("user: kaden", "password: open sesame"), sato, satoOnly)
		id := s.alarm("disk full on db01")
		if e := s.until(id, timeline.AttemptFault, "sato"); !strings.Contains(strings.ToLower(e.Text+e.Cause), "password") {
			t.Errorf("the timeline says %q %q, and not what to do about it", e.Cause, e.Text)
		}
		eventually(t, patience, "sato is tried again", func() bool { return s.night(id).count(timeline.AttemptDialing, "sato") >= 3 })
		if n := s.night(id); n.Status != "stored" {
			t.Errorf("the alert is %s:\n%s", n.Status, n)
		}
	})

	t.Run("a carrier that lets nobody in, and whoever looks is told", func(t *testing.T) {
		t.Parallel()
		x := newExchange(t, func(string, int) habit { return habit{refuse: "403 Forbidden"} })
		s := serve(t)
		s.apply("trunk: carrier\nserver: "+x.addr()+"\nfrom: \"+815012345678\"", sato, satoOnly)
		id := s.alarm("disk full on db01")
		eventually(t, patience, "the trunk is said to be down", func() bool { return s.night(id).count(timeline.NoticeRaised, "") > 0 })
		for _, c := range []struct {
			args []string
			code int
			says []string
		}{
			{[]string{"trunk", "check", "carrier", "--language", "en"}, 1, []string{"WRONG calls", "403 Forbidden (check user:, password: and from: of the trunk)", "--call NUMBER"}},
			{[]string{"trunk", "check", "carrier", "--language", "ja"}, 1, []string{"WRONG 最近の通話", "回線の user:、password:、from: を確認してください"}},
			{[]string{"doctor", "--config", s.file, "--language", "ja"}, 1, []string{"WRONG 回線 carrier", "403 Forbidden（回線の"}},
			{[]string{"why", id, "--language", "en"}, 0, []string{"Nobody was called: our own fault.", "403 Forbidden", "!! trunk carrier is down: the last 3 calls failed"}},
			{[]string{"why", id, "--language", "ja"}, 0, []string{"こちら側の障害で、だれも呼べていません", "!! 回線 carrier が使えません：直近の 3 通話が失敗しました"}},
			{[]string{"why", "--language", "ja"}, 0, []string{id, "呼び出し中"}},
		} {
			got := s.command("", c.args...)
			for _, words := range c.says {
				if got.code != c.code || !strings.Contains(got.out, words) {
					t.Errorf("kaden %s: exit %d, want %d and %q\n%s%s", strings.Join(c.args, " "), got.code, c.code, words, got.out, got.err)
				}
			}
		}
		var status struct {
			Warnings []struct {
				Code, Text string
				Loud       bool
			}
		}
		if err := s.get("/api/status", &status); err != nil || len(status.Warnings) == 0 || status.Warnings[0].Code != "line-down" || !status.Warnings[0].Loud {
			t.Errorf("the console is told %+v, %v", status.Warnings, err)
		}
		x.is(func() { x.habit = takesIt })
		s.until(id, timeline.AlertAcknowledged, "sato")
		if got := s.command("", "trunk", "check", "carrier"); got.code != 0 {
			t.Errorf("it works again, and the check says\n%s%s", got.out, got.err)
		}
	})

	t.Run("nobody at the trunk's port", func(t *testing.T) {
		t.Parallel()
		port := freePort(t)
		s := serve(t)
		s.apply(fmt.Sprintf("trunk: carrier\nserver: %s\nfrom: \"+815012345678\"", local(port)), sato, satoOnly)
		id := s.alarm("disk full on db01")
		s.until(id, timeline.AttemptFault, "sato")
		newCarrier(t, "answers", port)
		s.until(id, timeline.AlertAcknowledged, "sato")
	})
}
