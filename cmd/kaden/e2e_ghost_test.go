package main_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kaden-project/kaden/store/storetest"
	"github.com/kaden-project/kaden/timeline"
)

// What rang at the carrier when the process died is cancelled first, and then the phone rings again (rule
// 28: a line with one channel would be blocked by our own ghost). sipp is the carrier.
func TestGhostIsEndedBeforeTheRedial(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	cr := newCarrier(t, "never-answers", 0)
	s := serve(t)
	s.apply(cr.trunk("channels: 1"), sato, "plan: default\nsteps:\n  - call: [sato]\n    ring: 60s\n    rounds: 1\n")
	id := s.alarm("disk full on db01")
	s.until(id, timeline.AttemptRinging, "sato")
	s.kill()
	s.start()
	s.ready()
	eventually(t, patience, "the carrier gets a CANCEL and a new INVITE", func() bool { return len(cr.got("CANCEL")) == 1 && len(cr.got("INVITE")) == 2 })
	cancel, again := cr.got("CANCEL")[0].at, cr.got("INVITE")[1].at
	if !cancel.Before(again) {
		t.Errorf("the INVITE came %v before the ghost's CANCEL", cancel.Sub(again))
	}
	if late := again.Sub(s.begun); late > 2*time.Second {
		t.Errorf("the phone rang again %v after the process began, want 2 s at most", late)
	}
	t.Logf("after the process began: CANCEL %v, INVITE %v", cancel.Sub(s.begun).Round(time.Millisecond), again.Sub(s.begun).Round(time.Millisecond))
	eventually(t, patience, "it rings again", func() bool { return s.night(id).count(timeline.AttemptRinging, "sato") == 2 })
	if err := s.stop(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
	if got := len(cr.got("CANCEL")); got != 2 {
		t.Errorf("the carrier got 2 INVITEs and %d CANCELs", got)
	}
}

// The same where the carrier asks for a password: the ghost is that of the second INVITE, of which nothing
// may have been stored but the attempt's name.
func TestGhostBehindAPassword(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(string, int) habit { return habit{silent: true} })
	x.is(func() { x.asks = true })
	s := serve(t)
	s.apply("trunk: exchange\nserver: "+x.addr()+"\nfrom: \"+815012345678\"\nuser: kaden\npassword: open sesame", sato, satoOnly)
	s.alarm("disk full on db01")
	x.rung("+819011111111", 1)
	s.kill()
	s.start()
	s.ready()
	x.rung("+819011111111", 2)
	if open := x.open(); len(open) > 1 {
		t.Errorf("the ghost is still up: %v", open)
	}
	if hows := x.hows(); !strings.Contains(hows, "cancelled") {
		t.Errorf("calls at the exchange: %s", hows)
	}
}

// Calls ordered over the API die with the process as well: none is left at the exchange, and their records
// do not stand open for ever.
func TestCallsOfTheAPIAreEndedAfterACrash(t *testing.T) {
	t.Parallel()
	x := newExchange(t, func(user string, _ int) habit {
		if user == "talks" {
			return habit{answer: 50 * time.Millisecond}
		}
		return habit{}
	})
	s := serve(t)
	order := func(user string) string {
		return s.order(url.Values{"To": {x.address(user)}, "From": {"+815012345678"}, "Twiml": {`<Response><Pause length="120"/></Response>`}})
	}
	talks, rings := order("talks"), order("rings")
	eventually(t, patience, "one talks, the other rings", func() bool { return s.ordered(talks) == "in-progress" && s.ordered(rings) == "ringing" })
	s.kill()
	if open := x.open(); len(open) != 2 {
		t.Fatalf("open at the exchange: %v, want both", open)
	}
	s.start()
	s.ready()
	eventually(t, patience, "the exchange is left without a call of ours", func() bool { return len(x.open()) == 0 })
	over := []string{"completed", "failed", "canceled"}
	eventually(t, patience, "the records are closed", func() bool {
		return slices.Contains(over, s.ordered(talks)) && slices.Contains(over, s.ordered(rings))
	})
	if len(x.calledAt("talks")) != 1 || len(x.calledAt("rings")) != 1 {
		t.Error("a call that may have left the house was placed again")
	}
}

// Told to stop, kaden ends its calls at the exchange and goes; the next life takes the alert up again.
func TestStoppedInTheMiddleOfACallout(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(_ string, nth int) habit {
		if nth == 0 {
			return habit{} // rings until we stop
		}
		return takesIt("", 0)
	})
	s := serve(t, with("--phone", "sip:me@127.0.0.1"))
	s.apply("person: me\nlanguage: en-US\ncontacts: [" + x.address("me") + "]")
	s.args = nil // --phone would set it anew
	id := s.alarm("disk full on db01")
	s.until(id, timeline.AttemptRinging, "me")
	if err := s.stop(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
	if open := x.open(); len(open) > 0 {
		t.Errorf("left at the exchange: %v", open)
	}
	if log := strings.Join(s.loud(0), "\n"); !strings.Contains(log, "call-outs are not over; the next start carries them on") {
		t.Errorf("the log does not say that somebody still waits:\n%s", log)
	}
	s.start()
	s.ready()
	s.until(id, timeline.AlertAcknowledged, "me")
}

// The database goes away while a person listens. The key is not lost, and not called recorded before it is:
// the alert is acknowledged when the database is back, in the same call.
func TestKeyPressedWhileTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	needsVoice(t, "en")
	x := newExchange(t, func(string, int) habit {
		return habit{answer: 100 * time.Millisecond, press: "1", after: 3 * time.Second}
	})
	db := storetest.NewServer(t)
	db.Start(t)
	s := serve(t, withEnv("KADEN_DATABASE_URL="+db.URL("postgres")))
	s.apply("person: me\nlanguage: en-US\ncontacts: [" + x.address("me") + "]")
	id := s.alarm("disk full on db01")
	answered := s.until(id, timeline.AttemptAnswered, "me")
	db.Stop(t)
	eventually(t, patience, "the key was pressed", func() bool { return time.Since(answered.At) > 4*time.Second })
	db.Start(t)
	eventually(t, patience, "the database is back", s.isReady)
	s.until(id, timeline.AlertAcknowledged, "me")
	n := s.night(id)
	if got := len(x.calledAt("me")); got != 1 || n.count(timeline.AttemptConfirmed, "me") != 1 {
		t.Errorf("me was called %d times:\n%s", got, n)
	}
	if strings.Contains(x.hows(), givenUp) {
		t.Errorf("calls at the exchange: %s", x.hows())
	}
}
